/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An entry as a listing has it, by `zcsync ls` and --list-only. Memory only, but
 * for the time zone; any thread. */
#ifndef ZC_CLI_LISTING_H
#define ZC_CLI_LISTING_H

#include "base/buf.h"
#include "session/events.h"

/* Appends a line about ITEM to OUT, without a newline: as `rsync --list-only` has
 * it, or with JSON an object. */
void zc_listing_put(struct zc_buf *out, const struct zc_item *item, bool json);

#endif
