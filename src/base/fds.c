// SPDX-License-Identifier: GPL-2.0-or-later
/* How many descriptors there may be; see fds.h. */
#include "base/fds.h"

#include "base/util.h"

#include <sys/resource.h>

void zc_fds_raise(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
        r.rlim_cur = r.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &r);
    }
}

unsigned zc_fds_part(unsigned most, unsigned part)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) || r.rlim_cur / part >= most)
        return most;
    return (unsigned)ZC_MAX(r.rlim_cur / part, (rlim_t)1);
}
