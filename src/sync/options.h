/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one push was asked to do: filled in by the command line, read by the
 * sender, and the part that concerns the other side crosses in OPEN. */
#ifndef ZC_SYNC_OPTIONS_H
#define ZC_SYNC_OPTIONS_H

#include "base/util.h"
#include "move/mover.h"
#include "tree/chmod.h"
#include "tree/fileset.h"
#include "tree/filter.h"

enum zc_fsync { ZC_FSYNC_NONE, ZC_FSYNC_BATCH, ZC_FSYNC_FILE };

#define ZC_MAX_DELETE_DEFAULT UINT64_MAX /* half of a tree of over 100 */

struct zc_push_options {
    /* Source: a directory as the user named it. With ONLY, just these names in
     * it (--files-from, or file arguments). */
    const char *src;
    const struct zc_fileset *only;
    /* SRC was a file: ONLY holds its one name and the peer decides whether DEST
     * is a directory to put it into or its new name. */
    bool single_file;
    /* ONLY came from --files-from: with del, a listed name that SRC does not
     * have is deleted at the destination; without, it is a failure. */
    bool files_from;

    /* Destination, as the peer sees it. */
    const char *share; /* "" for an embedded receiver */
    const char *path;  /* below the share, "" for its root */
    bool path_is_dir;  /* DEST ended in a slash, or several SRC */

    unsigned keep;       /* enum zc_keep */
    bool dry_run;        /* -n */
    bool checksum;       /* -c */
    bool update;         /* -u */
    bool one_file_system; /* -x */
    bool del;            /* --delete */
    uint64_t max_delete; /* ZC_MAX_DELETE_DEFAULT or --max-delete=N */
    bool force_delete;   /* --force-delete */
    bool numeric_ids;
    bool want_items; /* call the item callback: -i, -v, -n, --json, ... */
    enum zc_fsync fsync;
    const char *chown_user, *chown_group; /* names or numbers, or NULL */
    const struct zc_chmod *chmod;
    const struct zc_filter *filter; /* NULL: none */
    uint64_t bwlimit;               /* bytes a second, 0: none */
    unsigned timeout_s;             /* --timeout, 0: none */
    enum zc_mover_kind mover;       /* --mover, ZC_MOVER_AUTO by default */
    unsigned threads;               /* 0: as many as make sense */
};

#endif
