/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who waits for what: clients of the control socket that asked for something
 * about mirrors, and the requests to watchers that each of them stands for. A
 * request is sent again when its watcher was started anew. For a process with
 * one thread.
 */
#ifndef ZC_DAEMON_WAITS_H
#define ZC_DAEMON_WAITS_H

#include "daemon/control.h"
#include "daemon/mirrors.h"

struct zc_waits;

/* NULL: out of memory. The pointers are looked through at each call, so that
 * what they point to may be replaced. */
struct zc_waits *zc_waits_new(struct zc_mirrors *const *mirrors,
                              struct zc_control *const *control,
                              struct zc_conf *const *conf);
void zc_waits_free(struct zc_waits *w);

/* How many clients wait. */
size_t zc_waits_clients(const struct zc_waits *w);

/* What zc_control_events and zc_mirrors_events call. */
int zc_waits_add(struct zc_waits *w, uint64_t client,
                 const struct zc_control_request *r, struct zc_err *err);
void zc_waits_cancel(struct zc_waits *w, uint64_t client);
/* By MIRROR, which answers for nobody else. */
void zc_waits_answer(struct zc_waits *w, const char *mirror,
                     const struct zc_mirror_answer *a);
void zc_waits_askable(struct zc_waits *w, const char *mirror, bool anew);
void zc_waits_removed(struct zc_waits *w, const char *mirror);

#endif
