/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A copy of a file that is here, for something new (session/copies.h). Any
 * thread. */
#ifndef ZC_RECEIVER_COPIES_H
#define ZC_RECEIVER_COPIES_H

#include <sys/types.h>

struct zc_receiver;
struct zc_stat;

/* The bytes of NAME in DIRFD, which is OLD, in the new file TMP in BASE: an fd.
 * -1 and errno, where there may be a TMP; ESTALE: it is not OLD, or was written
 * to meanwhile. */
int zc_copy_file(struct zc_receiver *r, int dirfd, const char *name,
                 const struct zc_stat *old, int base, const char *tmp,
                 mode_t mode);

#endif
