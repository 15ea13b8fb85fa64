/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * File systems on which not every change makes an event: those that other hosts
 * write to (NFS), and those whose files can be got at another way (FUSE, the
 * layers of an overlay).
 */
#ifndef ZC_MIRROR_EVENTLESS_H
#define ZC_MIRROR_EVENTLESS_H

#include "base/util.h"

#define ZC_EVENTLESS_TEXT 400

/* Whose changes are not seen on a file system of TYPE (as mount(8) says it);
 * NULL: there are none. */
const char *zc_eventless_whose(const char *type);

/* Looks whether the directory SRC is on such a file system, or, BELOW, has one
 * mounted in it: by the table of mounts, so that one that does not answer holds
 * nobody up. Puts a sentence into OUT and returns true. *MILD: it is about the
 * layers of an overlay only, which few people write to. */
bool zc_eventless_find(const char *src, bool below, bool *mild,
                       char out[ZC_EVENTLESS_TEXT]);

#endif
