/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the child processes of a server have in common: a child has forked and
 * not executed, so it starts with all that its parent had open, and gives back
 * what it has no use for. Call in a process without other threads.
 */
#ifndef ZC_DAEMON_PROCESS_H
#define ZC_DAEMON_PROCESS_H

#include "base/util.h"

#include <signal.h>

/* The signals that mean "stop", but for those that a shell or nohup(1) made
 * this process ignore: whoever did that meant it. */
void zc_process_stop_mask(sigset_t *set);
/* Sets what SIG does, and HANDLER for every signal in zc_process_stop_mask.
 * System calls that it interrupts go on. */
void zc_process_set_signal(int sig, void (*handler)(int));
void zc_process_set_stop(void (*handler)(int));

/* Closes all descriptors but the standard streams and the N in KEEP (-1 is
 * fine), in whatever order. N is 8 at most. */
void zc_process_close_others(const int *keep, size_t n);

/* For a new child of PARENT: the name in ps(1) and top(1) (15 bytes of it), and
 * SIG as soon as the parent dies, however it does. */
void zc_process_name(const char *name);
void zc_process_die_with(pid_t parent, int sig);

/* From now on there is no core dump of this process and of its children, and
 * other processes of this user cannot look into them: there are keys in their
 * memory. */
void zc_process_keep_secrets(void);

/* Sleeps on until PID, a child, is gone. Its wait status. */
int zc_process_wait(pid_t pid);

/* The same, but after SECONDS it is told to end, and soon made to. */
int zc_process_wait_for(pid_t pid, unsigned seconds);

/* "was killed by signal 9 (Killed)", "ended with exit code 3", in OUT. */
const char *zc_process_fate(int status, char *out, size_t size);

#endif
