/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is anybody writing to a file while it is read?
 *
 * Read leases (F_SETLEASE in fcntl(2)): a cheap proof that nobody is writing to
 * a file while it is read. A lease is refused while anyone has the file open
 * for writing or mapped writable, and broken when somebody opens it for writing
 * or truncates it; it is given up at once then, so that no writer waits. Any
 * thread.
 */
#ifndef ZC_SENDER_LEASE_H
#define ZC_SENDER_LEASE_H

#include <stdbool.h>

enum zc_lease {
    ZC_LEASE_NONE,   /* not to be had here: not our file, no such feature */
    ZC_LEASE_WRITER, /* somebody has the file open for writing */
    ZC_LEASE_HELD,
};

/* Installs the handler that gives broken leases up (on a real-time signal).
 * Call once before the threads that take leases start. */
void zc_lease_init(void);

/* On an fd opened O_RDONLY. */
enum zc_lease zc_lease_take(int fd);
/* True when the lease taken on FD was not broken since. */
bool zc_lease_unbroken(int fd);
void zc_lease_release(int fd);

/*
 * Waits for the end of a write(2) to FD that is under way; such a one has set the
 * file's times already, and its bytes come bit by bit. So a file that has the
 * same times before this call and after it was read is one version, but for
 * stores through a mapping.
 */
void zc_write_barrier(int fd);

#endif
