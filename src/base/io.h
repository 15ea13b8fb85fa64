/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * read(2) and write(2) to the end: short counts and EINTR are handled here and
 * nowhere else. Any thread; errno tells why on -1.
 */
#ifndef ZC_BASE_IO_H
#define ZC_BASE_IO_H

#include "base/util.h"

/* Reads until N bytes, end of file or an error: the count read, or -1. */
ssize_t zc_io_read(int fd, void *buf, size_t n);
ssize_t zc_io_pread(int fd, void *buf, size_t n, off_t offset);
/* Writes all N bytes: 0 or -1. */
int zc_io_write(int fd, const void *buf, size_t n);
int zc_io_pwrite(int fd, const void *buf, size_t n, off_t offset);

#endif
