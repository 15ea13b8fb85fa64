/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program as a transport: its standard input and output are ours to write and
 * read, its standard error is our own. ssh(1), "docker exec -i", and whatever
 * else brings bytes to a zcsync elsewhere. The words of one are plain memory.
 */
#ifndef ZC_NET_COMMAND_H
#define ZC_NET_COMMAND_H

#include "base/err.h"
#include "base/vec.h"
#include "net/transport.h"

#include <sys/types.h>

typedef ZC_VEC(char *) zc_words;

/*
 * The words of TEXT, as rsync(1) takes those of --rsh: parted by blanks; between
 * ' or " blanks are kept, and the quote itself is written twice. Appends to W
 * (zc_words_fini, also when this fails). -1 with a sentence: a quote that does
 * not end, or memory.
 */
int zc_words_split(zc_words *w, const char *text, struct zc_err *err);
/* Appends copies of WORD, and of the words of TEXT parted at blanks and nothing
 * else. -1: memory. */
int zc_words_add(zc_words *w, const char *word);
int zc_words_add_plain(zc_words *w, const char *text);
void zc_words_fini(zc_words *w);

/* Starts the program of W, found along PATH, with default signals. PEER is what
 * messages call the other end. *PID is to be waited for after the transport was
 * freed. Any thread. NULL with a sentence: it cannot be started. */
struct zc_transport *zc_command_start(const zc_words *w, const char *peer,
                                      pid_t *pid, struct zc_err *err);

#endif
