/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that are started for a connection: ssh(1), a ProxyCommand, that of
 * -e. Any thread. */
#ifndef ZC_NET_SPAWN_H
#define ZC_NET_SPAWN_H

#include <sys/types.h>

/*
 * Starts ARGV (found by PATH) with these descriptors as 0, 1 and 2 (-1:
 * /dev/null for the first two, ours for the last). No signal is blocked, and of
 * those that are ignored only the ones that we ignore for our own sake are not
 * any more: what nohup(1) has made of SIGHUP stays. 0, or an errno.
 */
int zc_spawn(char *const argv[], const int fds[3], pid_t *pid);

#endif
