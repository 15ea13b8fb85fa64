/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Work that nobody waits for. */
#ifndef ZC_BASE_IDLE_H
#define ZC_BASE_IDLE_H

#include <stdbool.h>

/* The disks serve the calling thread when they have nothing else to do
 * (ioprio_set(2), where the I/O scheduler goes by it), or, with OFF, as they
 * serve all others. */
void zc_idle_io(bool on);
/* The same for good, also for the CPU, and for the threads that this one will
 * start. */
void zc_idle_thread(void);

#endif
