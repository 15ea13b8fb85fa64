/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is said over the control socket, a stream:
 *
 *   client   one line of at most 1024 bytes: "zcsync 1 status\n",
 *            "zcsync 1 wait\n", or "zcsync 1 VERB MIRROR[@PEER]\n", VERB being
 *            one of wait, pause, resume, release; or
 *            "zcsync 1 rescan N:MIRROR[@PEER]\n", N being the bytes that
 *            follow it, perhaps with a space and a path behind them
 *   daemon   frames: 32-bit length of the body, 32-bit type, body
 *
 * `status` is answered by one STATUS frame, all else by WAITING frames, one each
 * time that what is in the way changes, and DONE at the end; a client that does
 * not want to wait any longer closes. ERROR may come instead of anything. There
 * is one request to a connection: after its last frame the daemon closes.
 *
 * Memory only; any thread.
 */
#ifndef ZC_DAEMON_CONTROL_MSG_H
#define ZC_DAEMON_CONTROL_MSG_H

#include "base/buf.h"
#include "base/err.h"
#include "daemon/snapshot.h"

#define ZC_CONTROL_VERSION 1
#define ZC_CONTROL_LINE_MAX 1024
#define ZC_CONTROL_HEAD 8
#define ZC_CONTROL_BODY_MAX ZC_SNAPSHOT_BYTES_MAX

enum zc_control_verb {
    ZC_CONTROL_STATUS,
    ZC_CONTROL_WAIT,
    ZC_CONTROL_PAUSE,
    ZC_CONTROL_RESUME,
    ZC_CONTROL_RELEASE,
    ZC_CONTROL_RESCAN,
    ZC_CONTROL_VERIFY,
    ZC_CONTROL_VERBS
};

/* "wait" */
const char *zc_control_verb_name(enum zc_control_verb verb);

struct zc_control_request {
    enum zc_control_verb verb;
    char what[ZC_CONTROL_LINE_MAX]; /* MIRROR[@PEER]; "": all, to wait for */
    char path[ZC_CONTROL_LINE_MAX]; /* to be rescanned; "": everything */
};

/* The N bytes of a line, without its newline. -1 with a sentence. */
int zc_control_parse(const char *line, size_t n,
                     struct zc_control_request *r, struct zc_err *err);

enum zc_control_type {
    ZC_CONTROL_ANSWER_STATUS = 1, /* a snapshot */
    ZC_CONTROL_ANSWER_WAITING,    /* texts: mirror, what is in the way ("":
                                     nothing any more) */
    ZC_CONTROL_ANSWER_DONE,       /* empty */
    ZC_CONTROL_ANSWER_ERROR,      /* 32-bit exit code, sentence */
};

/* Appends an answer. */
void zc_control_put(struct zc_buf *out, enum zc_control_type type,
                    const void *body, size_t n);
void zc_control_put_waiting(struct zc_buf *out, const char *mirror,
                            const char *text);
void zc_control_put_error(struct zc_buf *out, enum zc_exit code,
                          const char *text);

/* The type and length in a frame's head. -1: no daemon of ours says that. */
int zc_control_head(const uint8_t head[ZC_CONTROL_HEAD],
                    enum zc_control_type *type, size_t *n);
/* What is in a WAITING body; both are NUL-ended, on the heap. -1: nonsense, or
 * out of memory. */
int zc_control_get_waiting(const void *body, size_t n, char **mirror,
                           char **text);
/* Fills in ERR from an ERROR body. */
void zc_control_get_error(const void *body, size_t n, struct zc_err *err);

#endif
