/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a configuration says that is right, and probably not meant: for
 * `zcsync check-config`. Reads the file again, and looks at what paths lead to;
 * contacts nobody.
 */
#ifndef ZC_DAEMON_CONF_WARN_H
#define ZC_DAEMON_CONF_WARN_H

#include "daemon/conf_types.h"

/* Calls TELL with a sentence "FILE:LINE: ..." for each. C was loaded from
 * c->file. */
void zc_conf_warn(const struct zc_conf *c,
                  void (*tell)(void *arg, const char *sentence), void *arg);

#endif
