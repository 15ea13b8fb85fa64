/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metadata of anything but directories: what an entry asks for, and setting it.
 * What is refused becomes a note about the entry, and nothing else fails. Any
 * thread, not under receiver.lock.
 */
#ifndef ZC_RECEIVER_DRESS_H
#define ZC_RECEIVER_DRESS_H

#include "fs/meta.h"
#include "proto/msg.h"

struct zc_dirnode;
struct zc_receiver;
struct zc_rworker;

/* What E asks for, in local ids, less what R cannot set and need not; its
 * attributes are the caller's to add. */
void zc_dress_want(const struct zc_receiver *r, const struct zc_entry *e,
                   struct zc_meta_want *want);
/* Remembers for FINISHED when WANT leaves NOW with another owner. */
void zc_dress_note_left(struct zc_receiver *r, const struct zc_stat *now,
                        const struct zc_meta_want *want);
/* Sets WANT on FD (NOW); what is refused becomes notes about REF. */
void zc_dress(struct zc_rworker *w, int fd, const struct zc_stat *now,
              const struct zc_meta_want *want, struct zc_ref ref);
/* The same when the entry is finished: notes about NAME in NODE. */
void zc_dress_late(struct zc_rworker *w, int fd, const struct zc_stat *now,
                   const struct zc_meta_want *want, struct zc_dirnode *node,
                   const char *name);
/* Flags and project, where they are kept, of NAME in DIRFD, which is new and has
 * its name: before that a project might keep it from its place. */
void zc_dress_flags(struct zc_rworker *w, int dirfd, const char *name,
                    const struct zc_fileflags *want, struct zc_ref ref);
/* The same for NAME in NODE. */
void zc_dress_flags_in(struct zc_rworker *w, struct zc_dirnode *node,
                       const char *name, const struct zc_fileflags *want,
                       struct zc_ref ref);
/* WANT's permissions, for --executability: those of NOW, with x or without. */
void zc_dress_executable(const struct zc_receiver *r,
                         struct zc_meta_want *want, const struct zc_stat *now);
/* The same as zc_dress for NAME in DIRFD, which has its name already and needs
 * nothing else; where it has others, and the round is about a part of the tree,
 * at the end of that (shared.h). 0, or -1 and errno: it is not what NOW tells
 * of any more. */
int zc_dress_in_place(struct zc_rworker *w, int dirfd, const char *name,
                      const struct zc_stat *now,
                      const struct zc_meta_want *want, struct zc_ref ref);

/* As zc_stat_at, of what R may have made: with ZC_KEEP_FAKE it is what it says that
 * it is, and what only root could have made is nothing that could stay. */
int zc_dress_look(const struct zc_receiver *r, int dirfd, const char *name,
                  struct zc_stat *st);

#endif
