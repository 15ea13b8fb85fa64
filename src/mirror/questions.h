/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions to a running mirror (zc_mirror_request). For the watch thread. */
#ifndef ZC_MIRROR_QUESTIONS_H
#define ZC_MIRROR_QUESTIONS_H

#include "mirror/core.h"

/* FD is zc_mirror_options.control_fd. NULL: no memory. */
struct zc_questions *zc_questions_new(int fd);
void zc_questions_free(struct zc_questions *q);
/* To be polled; -1: there is nobody to ask. */
int zc_questions_fd(const struct zc_questions *q);

/* Reads what has come in. Without the lock. */
void zc_questions_read(struct zc_mirror *m);
/* Pins new questions to the end of the watcher's queue: they count when the
 * watcher has got there. True while it has not for all. With the lock, as the
 * next. */
bool zc_questions_pin(struct zc_mirror *m);
/* Has the watcher tell halves of renames that a question waits for. */
void zc_questions_flush(struct zc_mirror *m);
/* Answers what can be answered; nanoseconds until there may be more to say. */
int64_t zc_questions_answer(struct zc_mirror *m, int64_t now);

#endif
