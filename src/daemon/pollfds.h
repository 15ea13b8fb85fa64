/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a loop around poll(2) waits for: each part of it appends what it needs,
 * and looks at its own ones afterwards. */
#ifndef ZC_DAEMON_POLLFDS_H
#define ZC_DAEMON_POLLFDS_H

#include "base/vec.h"

#include <poll.h>

typedef ZC_VEC(struct pollfd) zc_pollfds;

#endif
