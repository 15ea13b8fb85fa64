/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the command line of `zcsync push`, pull, diff, verify, mirror or ls has
 * said, checked as far as that goes without looking at SRC and DEST. Plain
 * memory: one thread at a time.
 */
#ifndef ZC_CLI_PUSH_ARGS_H
#define ZC_CLI_PUSH_ARGS_H

#include "base/err.h"
#include "base/text.h"
#include "base/vec.h"
#include "cli/compress_opts.h"
#include "cli/daemon_peers.h"
#include "cli/opt.h"
#include "cli/rsync_words.h"
#include "cli/security.h"
#include "daemon/remote.h"
#include "session/options.h"
#include "watch/watch.h"

#include <time.h>

/* The commands that share these options. Bits. */
enum zc_push_as {
    ZC_AS_PUSH = 1,
    ZC_AS_DIFF = 2,
    ZC_AS_MIRROR = 4,
    ZC_AS_PULL = 8,
    ZC_AS_VERIFY = 32,
    ZC_AS_LS = 16, /* only how a host is reached, and one PLACE */
};

enum zc_show { ZC_SHOW_AUTO, ZC_SHOW_ON, ZC_SHOW_OFF };

/* A filter option as given: read only when all options are known, because
 * --from0 may follow it. */
struct zc_filter_arg {
    int id; /* enum push_opt_id */
    const char *value;
};

struct zc_push_args {
    /* What crosses over to the sender. src, only, single_file, share, path and
     * path_is_dir are left for each session (see plan.h). */
    struct zc_options opt;

    enum zc_push_as as;     /* the command */
    bool diff;              /* it tells what differs, and does nothing */
    bool repair;            /* --repair of verify */
    bool ask;               /* verify MIRROR: zcsyncd does it ... */
    const char *control;    /* ... that listens there */
    bool list_only;         /* or no DEST was given */
    bool help;              /* --help: nothing else was checked */
    bool quiet;             /* -q */
    unsigned verbose;       /* how many -v */
    bool itemize;           /* -i */
    unsigned itemized;      /* how many of them */
    const char *out_format; /* NULL: none */
    bool json, stats;
    struct zc_info info;
    enum zc_show progress;
    enum zc_text_style style; /* -h */
    unsigned contimeout_s;    /* 0: the system's limit */
    int family;               /* AF_INET, AF_INET6; 0: either */
    const char *port, *from;  /* of a daemon, and ours; NULL: the usual */
    time_t stop_at;           /* 0: never */
    const char *log_file, *log_file_format; /* NULL: none */
    bool fake_super;          /* of this end, and DEST where that is local */
    bool remote_fake, remote_super; /* of the other one */
    bool delete_before;       /* before anything is sent */
    bool from0;
    enum zc_show relative; /* -R */
    bool dirs;               /* -d */
    enum zc_show recursive;  /* -r, which is part of -a */
    bool recursive_asked;    /* -r itself */
    bool cvs_exclude; /* -C */
    unsigned rules;   /* how many -F */
    const char *files_from; /* NULL: none */
    struct zc_compress_args compress;
    struct zc_security_args security;
    struct zc_remote_args remote;
    const char *config; /* NULL: the daemon's own */
    struct zc_require require_dest; /* of a local DEST; SRC's is opt.require */

    /* mirror */
    enum zc_watch_kind watch;
    unsigned rescan_s, compare_s; /* as in zc_mirror_options */
    unsigned drain_s;

    zc_operands operands; /* SRC... DEST; mirror: SRC DEST... */

    /* Owned; `opt` points into them. */
    struct zc_filter *filter;
    struct zc_chmod *chmod;
    struct zc_fileset *files; /* the names of files_from */
    char *chown, *chmod_text, *backup_rule;
    struct zc_buf alternates; /* each NUL-ended */
    struct zc_conf *conf; /* for its peers; NULL: none */
    ZC_VEC(struct zc_filter_arg) filter_args;
    ZC_VEC(const struct zc_opt *) accepted; /* that do nothing, for -v */
};

#endif
