/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The threads that empty the queue. */
#ifndef ZC_RECEIVER_WORKERS_H
#define ZC_RECEIVER_WORKERS_H

struct zc_receiver;

/* A thread: WORKER is its struct zc_rworker. Until the session stops. */
void *zc_rworker_main(void *worker);
/* What is still queued is dropped; no thread is at work any more. */
void zc_rworkers_drop(struct zc_receiver *r);

#endif
