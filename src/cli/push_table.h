/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rows of the table of push, diff and mirror, for the parser next to it
 * (push_opts.c). Constant: any thread. */
#ifndef ZC_CLI_PUSH_TABLE_H
#define ZC_CLI_PUSH_TABLE_H

#include "cli/opt.h"
#include "cli/push_args.h"

enum push_opt_id {
    OPT_KEEP = ZC_OPT_OWN, /* `data`: enum zc_keep */
    OPT_APPLY,     /* `data`: enum zc_open_apply */
    OPT_APPLY_NOT, /* likewise, of the opposite */
    OPT_WALK,      /* `data`: enum zc_open_walk */
    OPT_SIZE,      /* `data`: offset of a uint64_t in struct zc_push_args */
    OPT_SHOW,      /* ... of an enum zc_show */
    OPT_HUMAN,
    OPT_ITEMIZE,
    OPT_RECURSIVE,
    OPT_REMOTE,
    OPT_IMPLIED,
    OPT_INFO,
    OPT_OUT_FORMAT,
    OPT_MAX_DELETE,
    OPT_EXCLUDE,
    OPT_INCLUDE,
    OPT_EXCLUDE_FROM,
    OPT_INCLUDE_FROM,
    OPT_FILTER,
    OPT_RULES,
    OPT_CHOWN,
    OPT_CHMOD,
    OPT_BWLIMIT,
    OPT_FSYNC,
    OPT_WHOLE,
    OPT_PARTIAL_PROGRESS,
    OPT_DELTA,
    OPT_MOVER,
    OPT_WATCH,
    OPT_COMPARE,
    OPT_REQUIRE_MOUNT,
    OPT_REQUIRE_FILE,
    OPT_SSH_OPTION,
    OPT_SSH_DATA,
    OPT_WINDOW,
    OPT_ALTERNATE, /* `data`: enum zc_alternate */
    OPT_DEBUG,
    OPT_FAMILY, /* `data`: AF_INET or AF_INET6 */
    OPT_PORT,
    OPT_STOP_AT,
    OPT_STOP_AFTER,
    OPT_LOG_FORMAT,
    OPT_ACCEPT, /* nothing: it is so anyway */
    OPT_IDMAP, /* `data`: offset of a const char * */
    OPT_SUPER,
    OPT_COMPRESS,
    OPT_COMPRESS_CHOICE,
    OPT_COMPRESS_LEVEL,
    OPT_DELETES, /* --delete, and `data`: enum zc_delete_also */
};

enum zc_delete_also { ZC_DELETE_ONLY, ZC_DELETE_BEFORE, ZC_DELETE_EXCLUDED };

/* The table, for --help. */
const struct zc_opt_table *zc_push_opt_table(enum zc_push_as as);

#endif
