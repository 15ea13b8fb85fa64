/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where what loses its name at DEST is kept (--backup, --backup-dir; rsync(1);
 * `keep` of a share): as the receiving end opens it, before it is confined. One
 * thread.
 */
#ifndef ZC_SESSION_BACKUPS_H
#define ZC_SESSION_BACKUPS_H

#include "fs/trash.h"
#include "proto/msg.h"
#include "session/alternates.h"
#include "session/share.h"

enum zc_backup_way {
    ZC_BACKUP_NONE,
    ZC_BACKUP_BESIDE, /* in the directory that it is in */
    ZC_BACKUP_INTO,   /* under the same path in another directory */
    ZC_BACKUP_TRASH,  /* for a time, in the share's trash */
};

struct zc_backups {
    enum zc_backup_way way;
    char *suffix; /* that names get; may be "" */
    int fd;       /* INTO: that directory; also -1: a dry run */
    char *inside; /* INTO: its path below DEST; NULL: it is not in there */
    char *in_share; /* BESIDE, INTO: where that is in the share */
    char *below;  /* TRASH, which is `fd` then: where DEST is in the share */
    struct zc_trash_limits limits; /* TRASH */
    int parent;   /* of a directory that was made for this; else -1 */
    char *name;   /* its name */
};

/* What OPEN, M, asks for, for a DEST that is open as ROOT_FD (-1: not there)
 * and that BASE tells of; DIR is found as alternates are, and made where it is
 * missing. -1 with a sentence. B, zeros before, is to be closed. */
int zc_backups_open(struct zc_backups *b, const struct zc_msg_open *m,
                    const struct zc_alternates_base *base, int root_fd,
                    struct zc_err *err);
/* The trash of SHARE, if that keeps anything, for what is at BELOW in it.
 * Otherwise the same. */
int zc_backups_open_trash(struct zc_backups *b, const struct zc_share *share,
                          const char *below, struct zc_err *err);
/* Nothing more is kept: a directory that was made for nothing goes again. */
void zc_backups_tidy(struct zc_backups *b);
/* Likewise. */
void zc_backups_close(struct zc_backups *b);

#endif
