/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What crosses between the forker (forker.h) and whoever has it start receivers,
 * packets of a SOCK_SEQPACKET socket:
 *
 *     a request   a byte that says what is wanted, and a path with its NUL
 *     an answer   an errno, with a descriptor beside it where one was wanted
 *
 * Either of them may have been taken over by then: what does not look like that is
 * not taken, and no descriptor stays open that nobody has asked for.
 */
#ifndef ZC_DAEMON_FORKER_TALK_H
#define ZC_DAEMON_FORKER_TALK_H

#include "base/util.h"

#include <linux/limits.h>

enum zc_forker_want {
    ZC_FORKER_START = 's',  /* a receiver for the path */
    ZC_FORKER_BESIDE = 'b', /* another one, beside that */
    ZC_FORKER_END = 'e',    /* those that the request behind this byte, one of the
                               two above, was for, and whose connections have
                               ended, shall end */
};

#define ZC_FORKER_REQUEST_MAX (2 + PATH_MAX + 1)

/* A request about PATH. -1: the forker is gone, or errno is ENAMETOOLONG. */
int zc_forker_ask(int to, enum zc_forker_want want, const char *path);
/* The next request, in OUT: what is wanted, and then the path. -1: there is none any
 * more, or it makes no sense. */
int zc_forker_hear(int from, char out[ZC_FORKER_REQUEST_MAX]);

/* -1: who asked has gone. PASS: -1, or a descriptor, which stays the caller's. */
int zc_forker_answer(int to, int eno, int pass);
/* The answer's errno, *FD (NULL: none is to come) where it is 0; -1: there is no
 * answer, the forker is gone or makes no sense. */
int zc_forker_hear_answer(int from, int *fd);

#endif
