/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a mapped file that others may cut: touching a page beyond the end of
 * the file, or one that the disk cannot give, raises SIGBUS (mmap(2), ERRORS).
 * Between zc_guard_begin and zc_guard_end that ends well for the thread that
 * called them: the rest of the window becomes zeros, and zc_guard_end tells.
 *
 * The first use installs a handler for SIGBUS in the whole process. Faults
 * outside of such a window, and signals sent with kill(2), go to the handler
 * that was there before, or do what they do without one; a handler installed
 * later replaces this one, so nothing else may install one.
 */
#ifndef ZC_MOVE_GUARD_H
#define ZC_MOVE_GUARD_H

#include "base/util.h"

/* A file's mapping, in whole pages, that the calling thread is about to read.
 * One at a time for a thread. -1 with errno: there is no handler, or no room
 * for one. */
int zc_guard_begin(void *start, size_t n);

/* No longer. NULL, or the address of the first fault; from its page on the
 * window was zeros. The window is the caller's to unmap. */
const void *zc_guard_end(void);

#endif
