/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A question to the person at the terminal, whatever standard input is. One
 * thread at a time: there is one terminal. */
#ifndef ZC_CLI_ASK_H
#define ZC_CLI_ASK_H

#include "base/util.h"
#include "daemon/remote.h"

#include <stdatomic.h>

enum zc_answer {
    ZC_ANSWER_YES,
    ZC_ANSWER_NO,          /* or the terminal is gone */
    ZC_ANSWER_NO_TERMINAL, /* there is nobody to ask */
    ZC_ANSWER_STOPPED,     /* *STOP was set */
};

/* Writes QUESTION to the terminal, and waits for "yes", "no" or the word OTHER,
 * which is a yes. Something else is asked about again; what was typed before the
 * question is dropped. */
enum zc_answer zc_ask(const char *question, const char *other,
                      atomic_bool *stop);


/* zc_remote.ask: at the terminal. */
char *zc_ask_for_ssh(struct zc_remote *r, enum zc_ssh_question kind,
                     const char *text);

#endif
