/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Confinement of processes that work with a peer.
 *
 * A receiver, on top of fs/rootdir.h: Landlock (only the
 * share is reachable, plus the few read-only files that name services need),
 * no_new_privs, capabilities cut down to those that keeping metadata takes,
 * and a seccomp filter (libseccomp) that refuses what a receiver never does
 * (exec, mounts, ptrace, sockets other than AF_UNIX, modules, bpf, ...).
 * Each layer is left out, with a debug message, where the kernel has it not.
 */
#ifndef ZC_DAEMON_SANDBOX_H
#define ZC_DAEMON_SANDBOX_H

#include "session/confine.h"

/* Confines this process (all later threads included; call before any starts)
 * to the N TREES. Cannot be undone. 0, or -1 with a sentence when a
 * layer that the kernel offers could not be put in place. */
int zc_sandbox_enter(const struct zc_tree_access *trees, size_t n,
                     struct zc_err *err);

/* For a process that only sends: it may read and connect as before, and change no
 * file, no mode, owner, time or attribute, and start no program; but below STATE, a
 * directory of its own, files may be made (-1: nowhere). What it has
 * opened for writing stays open. URING: it needs io_uring(7), by which it could set
 * attributes all the same. Otherwise as above. */
int zc_sandbox_send(int state, bool uring, struct zc_err *err);

/* For a process that works with what it has open and in memory already, and
 * ends: no file at all, no socket, no other process, no capability, and
 * /dev/null for standard streams. What it calls must have set itself up before.
 * Otherwise as above. */
int zc_sandbox_isolate(struct zc_err *err);

/* The same for one that does not end, but goes on accepting connections from a
 * socket that it has listening. */
int zc_sandbox_isolate_server(struct zc_err *err);

/* The same for one that accepts connections and takes descriptors from them. */
int zc_sandbox_isolate_merger(struct zc_err *err);

#endif
