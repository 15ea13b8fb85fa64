/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Confinement of a receiver process, on top of fs/rootdir.h: Landlock (only the
 * share is reachable, plus the few read-only files that name services need),
 * no_new_privs, capabilities cut down to those that keeping metadata takes,
 * and a seccomp filter (libseccomp) that refuses what a receiver never does
 * (exec, mounts, ptrace, sockets other than AF_UNIX, modules, bpf, ...).
 * Each layer is left out, with a debug message, where the kernel has it not.
 */
#ifndef ZC_DAEMON_SANDBOX_H
#define ZC_DAEMON_SANDBOX_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Confines this process (all later threads included; call before any starts)
 * to the N trees at ROOTS. Cannot be undone. 0, or -1 with a sentence when a
 * layer that the kernel offers could not be put in place. Fits
 * zc_accept_options.confine. */
int zc_sandbox_enter(const int *roots, size_t n, bool read_only,
                     struct zc_err *err);

/* For a process that works with what it has open and in memory already, and
 * ends: no file at all, no socket, no other process, no capability, and
 * /dev/null for standard streams. What it calls must have set itself up before.
 * Otherwise as above. */
int zc_sandbox_isolate(struct zc_err *err);

#endif
