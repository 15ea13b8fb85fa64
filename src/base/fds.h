/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors: a process may have so many and no more (RLIMIT_NOFILE,
 * getrlimit(2)), be it 64 in a container or a million. Whoever keeps some open
 * for later keeps a part of that. Any thread.
 */
#ifndef ZC_BASE_FDS_H
#define ZC_BASE_FDS_H

/* As many as the hard limit allows. To be called once, at the start. */
void zc_fds_raise(void);
/* MOST, or one in PART of what this process may have where that is less, but
 * never none. */
unsigned zc_fds_part(unsigned most, unsigned part);

#endif
