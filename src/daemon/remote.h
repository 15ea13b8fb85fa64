/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HOST:PATH: a zcsync that is started there, over SSH (ssh/ssh.h) or by a remote
 * shell of the user's, and talked to over its standard streams. zc_reach.remote
 * and .explain.
 */
#ifndef ZC_DAEMON_REMOTE_H
#define ZC_DAEMON_REMOTE_H

#include "base/vec.h"
#include "net/direct.h"
#include "net/reach.h"
#include "ssh/ssh.h"

#include <pthread.h>
#include <sys/types.h>

struct zc_remote_args { /* options; NULL: not given */
    const char *rsh;     /* -e: the program, and its first words */
    const char *command; /* --remote-command: "zcsync" there, blanks part words */
    const char *jump;    /* --jump */
    const char *config;  /* --ssh-config */
    const char *identity; /* the file of a private key */
    enum zc_direct_way data; /* --ssh-data */
    ZC_VEC(const char *) lines; /* --ssh-option; owned */
};

/* One DEST or SRC over there; in use by one thread at a time. All that is not
 * said to be the caller's is zeroed before the first use. */
struct zc_remote {
    /* The caller's. */
    const struct zc_remote_args *args;
    bool accept_new;
    atomic_bool *stop;
    /* As in struct zc_ssh_options; NULL: there is nobody to ask. */
    char *(*ask)(struct zc_remote *r, enum zc_ssh_question kind,
                 const char *text);
    pthread_mutex_t *asking; /* for ASK: one question at a time; NULL: there is no
                                other */

    pid_t pid; /* of the shell; 0: none */
    struct zc_ssh *ssh; /* NULL: none */
    struct zc_transport *channel; /* over SSH, while the data goes elsewhere */
    char host[256];
};

/* What options say, before anything is done. -1 with a sentence. */
int zc_remote_check(const struct zc_remote_args *a, struct zc_err *err);

/* ARG is the struct zc_remote. */
int zc_remote_start(void *arg, const struct zc_reach *how,
                    struct zc_reached *out, struct zc_err *err);
void zc_remote_explain(void *arg, struct zc_err *err);

#endif
