/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers in texts of the kernel's, in proc(5): digits and nothing else, as many as
 * fit; what has another form says nothing. But for the reader they are functions of
 * memory. Any thread.
 */
#ifndef ZC_FS_PROCTEXT_H
#define ZC_FS_PROCTEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The decimal number that is all of TEXT, but for a newline. */
bool zc_proctext_number(const char *text, uint64_t *n);

/* A lock by flock(2), for writing. */
struct zc_proctext_lock {
    pid_t pid; /* who took it: > 0 */
    dev_t dev;
    uint64_t ino;
};

/* LINE, of /proc/locks (proc_locks(5)), is one that somebody has. False: it is
 * another kind, one that is waited for, or of nobody who has a number here. */
bool zc_proctext_lock(const char *line, struct zc_proctext_lock *l);

/* MAP, a uid_map (user_namespaces(7)), gives everybody his own number. */
bool zc_proctext_maps_all(const char *map);

/* Does this process see all users by their own numbers? -1: that cannot be read. */
int zc_proctext_sees_all_users(void);

#endif
