/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the peer answers, and the thread that reads it. */
#ifndef ZC_SENDER_ANSWERS_H
#define ZC_SENDER_ANSWERS_H

/* Of a struct zc_sender: reads until the session is over, or fails it. */
void *zc_answers_thread(void *sender);

#endif
