/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Marks of `on change` (hooks.h): empty files in the state directory, called
 * changes.KIND.NAME.PID-NUMBER, for each process that may change something. One
 * that is found at a start is of a daemon that did not end as it should, or not
 * before it had run what was due.
 */
#ifndef ZC_DAEMON_HOOK_MARKS_H
#define ZC_DAEMON_HOOK_MARKS_H

#include "base/vec.h"

typedef ZC_VEC(char *) zc_hook_marks; /* their paths */

/* On stable storage, for a child of the daemon. -1 and errno. */
int zc_hook_mark_make(const char *state, bool mirror, const char *name,
                      uint64_t number);
/* All below are for the daemon itself. The one that a child has made, if any,
 * goes, */
void zc_hook_mark_drop(const char *state, bool mirror, const char *name,
                       uint64_t number);
/* ... or is added to M. -1: out of memory. */
int zc_hook_marks_add(zc_hook_marks *m, const char *state, bool mirror,
                      const char *name, uint64_t number);
/* Adds those that others left behind; false: there are none. */
bool zc_hook_marks_find(zc_hook_marks *m, const char *state, bool mirror,
                        const char *name);
/* Removes them. */
void zc_hook_marks_clear(zc_hook_marks *m);
/* Leaves them. */
void zc_hook_marks_fini(zc_hook_marks *m);

#endif
