/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a user has chosen about what is compared: what is left alone, whatever
 * the source has (--existing, --ignore-existing, --update), and which times are
 * the same (--modify-window). Any thread.
 */
#ifndef ZC_RECEIVER_CHOICES_H
#define ZC_RECEIVER_CHOICES_H

#include "fs/meta.h"
#include "proto/msg.h"

struct zc_receiver;
struct zc_volume;

/* Some of what is here, or is not, may be left alone. */
bool zc_choices_any(const struct zc_receiver *r);
/* What is here under the name of E, which looks like ST (NULL: nothing is), is
 * left so; of a directory that is not one here, all that would be in it, too. */
bool zc_choices_leave(const struct zc_receiver *r, const struct zc_entry *e,
                      const struct zc_stat *st);
/* A mirror names a directory that could not be opened here, with ENO: it may be
 * one that was left out like that. */
bool zc_choices_leave_place(const struct zc_receiver *r, int eno);
/* The permissions that what looks like ST is to have, where they are not kept but
 * --executability is, and the source's mode is MODE. */
uint32_t zc_choices_perms(const struct zc_receiver *r, uint32_t mode,
                          const struct zc_stat *st);

/* What ST is, on V, was modified when the source's E was, as far as that matters.
 */
bool zc_choices_same_time(const struct zc_receiver *r,
                          const struct zc_entry *e, const struct zc_stat *st,
                          const struct zc_volume *v);

/* E is a directory that is only gone through. */
bool zc_choices_is_way(const struct zc_receiver *r, const struct zc_entry *e);

#endif
