/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Another one of what is here, with all that it is: bytes, owner, permissions,
 * times, attributes and ACLs, as far as we may. Any thread. */
#ifndef ZC_SESSION_TWIN_H
#define ZC_SESSION_TWIN_H

#include "fs/meta.h"

/* FD, which is new, looks like what NAME in DIRFD, OF, does; a directory but
 * for its times. MORE is permissions that it has in any case. */
void zc_twin_dress(int fd, int dirfd, const char *name,
                   const struct zc_stat *of, uint32_t more);
/* TO_NAME in TO, whatever has that name and is no directory, becomes a twin of
 * NAME in DIRFD, no directory, by one rename; on stable storage, with SYNC. 0,
 * or -1 and errno; ESTALE: it was written to meanwhile. */
int zc_twin_make(int dirfd, const char *name, int to, const char *to_name,
                 bool sync);

#endif
