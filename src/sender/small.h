/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small files, sent with their bytes in one message. Any worker. */
#ifndef ZC_SENDER_SMALL_H
#define ZC_SENDER_SMALL_H

#include "sender/sfile.h"

/* Appends FILE with F's bytes, where F is open, looked at, and of no more than
 * ZC_INLINE_MAX. 1: done; 0: it changed meanwhile; -1: the run has failed. */
int zc_small_append(struct zc_sworker *w, int dirfd, struct zc_sfile *f);
/* The same for one that was listed with all there is to know: if it is still
 * that version when its bytes have been read, the listed entry is what to send,
 * and one look is enough. True: done. False: it is another version, and nothing
 * was appended. */
bool zc_small_listed(struct zc_sworker *w, struct zc_sfile *f);

#endif
