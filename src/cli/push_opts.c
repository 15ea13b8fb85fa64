// SPDX-License-Identifier: GPL-2.0-or-later
/* The options of push, diff and mirror, and what each does; see push_opts.h. */
#include "cli/push_opts.h"
#include "base/size.h"
#include "cli/itemize.h"
#include "cli/rsync_opts.h"
#include "fs/meta.h"

#include <string.h>

enum push_opt_id {
    OPT_FLAG, /* `data`: offset of a bool in struct zc_push_args */
    OPT_KEEP, /* `data`: enum zc_keep */
    OPT_TEXT, /* `data`: offset of a const char * */
    OPT_VERBOSE,
    OPT_HUMAN,
    OPT_PROGRESS,
    OPT_INFO,
    OPT_OUT_FORMAT,
    OPT_MAX_DELETE,
    OPT_EXCLUDE,
    OPT_INCLUDE,
    OPT_EXCLUDE_FROM,
    OPT_INCLUDE_FROM,
    OPT_FILTER,
    OPT_FILES_FROM,
    OPT_CHOWN,
    OPT_CHMOD,
    OPT_BWLIMIT,
    OPT_TIMEOUT,
    OPT_CONTIMEOUT,
    OPT_FSYNC,
    OPT_MOVER,
    OPT_WATCH,
    OPT_RESCAN,
    OPT_COMPARE,
    OPT_DRAIN,
    OPT_REQUIRE_MOUNT,
    OPT_REQUIRE_FILE,
};

#define DRAIN_S 10

enum { ON, ON_OFF }; /* ON_OFF: there is a --no- form */

#define KEEP_ARCHIVE                                                         \
    (ZC_KEEP_SYMLINKS | ZC_KEEP_PERMS | ZC_KEEP_TIMES | ZC_KEEP_GROUP |      \
     ZC_KEEP_OWNER | ZC_KEEP_DEVICES | ZC_KEEP_SPECIALS)

#define HEADING(text) {.help = (text)}
#define FLAG(l, n, neg, field, text)                                         \
    {.letter = (l), .name = (n), .negatable = (neg), .id = OPT_FLAG,         \
     .data = offsetof(struct zc_push_args, field), .help = (text)}
#define PUSH_FLAG(n, field, text)                                            \
    {.name = (n), .id = OPT_FLAG, .not_for = ZC_AS_DIFF,                     \
     .data = offsetof(struct zc_push_args, field), .help = (text)}
#define KEEP(l, n, neg, bits, text)                                          \
    {.letter = (l), .name = (n), .negatable = (neg), .id = OPT_KEEP,         \
     .data = (bits), .help = (text)}
#define VALUE(l, n, v, neg, i, text)                                         \
    {.letter = (l), .name = (n), .value = (v), .negatable = (neg), .id = (i), \
     .help = (text)}
#define PUSH_VALUE(n, v, neg, i, text)                                       \
    {.name = (n), .value = (v), .negatable = (neg), .id = (i),               \
     .not_for = ZC_AS_DIFF, .help = (text)}
#define TEXT(n, v, field, text)                                              \
    {.name = (n), .value = (v), .id = OPT_TEXT,                              \
     .data = offsetof(struct zc_push_args, field), .help = (text)}
#define ACTION(l, n, neg, i, text) VALUE(l, n, NULL, neg, i, text)
/* For runs that have an end. */
#define ONCE_FLAG(l, n, neg, field, text)                                    \
    {.letter = (l), .name = (n), .negatable = (neg), .id = OPT_FLAG,         \
     .not_for = ZC_AS_MIRROR, .data = offsetof(struct zc_push_args, field),  \
     .help = (text)}
#define ONCE_VALUE(l, n, v, neg, i, text)                                    \
    {.letter = (l), .name = (n), .value = (v), .negatable = (neg), .id = (i), \
     .not_for = ZC_AS_MIRROR, .help = (text)}
#define ONCE_ACTION(l, n, neg, i, text) ONCE_VALUE(l, n, NULL, neg, i, text)
#define MIRROR_VALUE(n, v, i, text)                                          \
    {.name = (n), .value = (v), .id = (i),                                   \
     .not_for = ZC_AS_PUSH | ZC_AS_DIFF, .help = (text)}

static const struct zc_opt rows[] = {
    HEADING("What to do:"),
    ONCE_FLAG('n', "dry-run", ON, opt.dry_run,
              "change nothing, tell what would be done"),
    FLAG('c', "checksum", ON_OFF, opt.checksum,
         "compare by content, not by size and time"),
    FLAG('u', "update", ON_OFF, opt.update,
         "leave files that are newer at DEST"),
    FLAG('x', "one-file-system", ON_OFF, opt.one_file_system,
         "do not enter other mounts below SRC"),
    VALUE(0, "require-mount", "WHERE", ON, OPT_REQUIRE_MOUNT,
          "do nothing unless something is mounted on WHERE:\n"
          "src, dest (a local DEST), or a path"),
    VALUE(0, "require-file", "FILE", ON, OPT_REQUIRE_FILE,
          "do nothing unless FILE is there: src:NAME,\n"
          "dest:NAME, or a path"),
    FLAG(0, "delete", ON_OFF, opt.del,
         "delete at DEST what SRC does not have, after\nall else was sent "
         "(mirror: the default)"),
    PUSH_VALUE("max-delete", "N", ON, OPT_MAX_DELETE,
               "delete nothing when it would be more than N\n"
               "entries (push: and exit 25)"),
    PUSH_FLAG("force-delete", opt.force_delete,
              "delete however much it is"),

    HEADING("What to leave out:"),
    VALUE(0, "exclude", "PATTERN", ON, OPT_EXCLUDE,
          "leave out what matches"),
    VALUE(0, "include", "PATTERN", ON, OPT_INCLUDE,
          "keep what matches, whatever is excluded later"),
    VALUE(0, "exclude-from", "FILE", ON, OPT_EXCLUDE_FROM,
          "read patterns from FILE, one a line"),
    VALUE(0, "include-from", "FILE", ON, OPT_INCLUDE_FROM, "likewise"),
    VALUE('f', "filter", "RULE", ON, OPT_FILTER, "add a filter rule"),
    ONCE_VALUE(0, "files-from", "FILE", ON, OPT_FILES_FROM,
               "send only the paths listed in FILE"),
    FLAG('0', "from0", ON_OFF, from0, "entries in these files end in NUL"),

    HEADING("Kept by default; with --no-NAME (or --no-LETTER) not:"),
    KEEP('l', "links", ON_OFF, ZC_KEEP_SYMLINKS, "symlinks, as symlinks"),
    KEEP('p', "perms", ON_OFF, ZC_KEEP_PERMS, "permissions"),
    KEEP('o', "owner", ON_OFF, ZC_KEEP_OWNER, "owner"),
    KEEP('g', "group", ON_OFF, ZC_KEEP_GROUP, "group"),
    KEEP('t', "times", ON_OFF, ZC_KEEP_TIMES, "modification times"),
    KEEP('A', "acls", ON_OFF, ZC_KEEP_ACLS, "ACLs"),
    KEEP('X', "xattrs", ON_OFF, ZC_KEEP_XATTRS,
         "extended attributes, capabilities, labels"),
    KEEP('H', "hard-links", ON_OFF, ZC_KEEP_HARD_LINKS, "hard links"),
    KEEP('S', "sparse", ON_OFF, ZC_KEEP_SPARSE,
         "holes in files (-S: zeros become holes)"),
    KEEP(0, "devices", ON_OFF, ZC_KEEP_DEVICES, "device files"),
    KEEP(0, "specials", ON_OFF, ZC_KEEP_SPECIALS, "fifos and sockets"),
    KEEP('D', NULL, ON_OFF, ZC_KEEP_DEVICES | ZC_KEEP_SPECIALS,
         "--devices --specials"),
    KEEP('a', "archive", ON, KEEP_ARCHIVE, "accepted: -lptgoD, the default"),
    KEEP('r', "recursive", ON, 0, "accepted: the default"),

    HEADING("Not kept by default:"),
    KEEP(0, "fileflags", ON_OFF, ZC_KEEP_FLAGS,
         "flags of chattr, project ids"),

    HEADING("Owners and permissions:"),
    FLAG(0, "numeric-ids", ON_OFF, opt.numeric_ids,
         "users and groups by number, not by name"),
    VALUE(0, "chown", "USER:GROUP", ON, OPT_CHOWN,
          "give all entries this owner and group"),
    VALUE(0, "chmod", "CHANGES", ON, OPT_CHMOD,
          "change permissions on the way, as D755,F644"),

    HEADING("How:"),
    PUSH_VALUE("fsync", "MODE", ON, OPT_FSYNC,
               "stable storage: batch (default) once before\n"
               "the end, file for each file, none"),
    PUSH_VALUE("bwlimit", "RATE", ON_OFF, OPT_BWLIMIT,
               "at most RATE KiB a second (or 1.5M, 100KB)"),
    VALUE(0, "timeout", "SECONDS", ON_OFF, OPT_TIMEOUT,
          "give up when the peer is silent for so long\n"
          "(mirror: and connect again; default 60)"),
    VALUE(0, "contimeout", "SECONDS", ON_OFF, OPT_CONTIMEOUT,
          "give up connecting after so long\n"
          "(mirror: and try again; default 30)"),
    PUSH_VALUE("mover", "KIND", ON, OPT_MOVER,
               "how bytes are moved: auto (default),\n"
               "sendfile, splice, readwrite, mmap"),
    MIRROR_VALUE("watch", "KIND", OPT_WATCH,
                 "how SRC is watched: auto (default), inotify,\n"
                 "fanotify"),
    MIRROR_VALUE("rescan", "SECONDS", OPT_RESCAN,
                 "how often directories are compared for which\n"
                 "there is no watch left (default 60); without\n"
                 "--compare everything, if this is given"),
    MIRROR_VALUE("compare", "TIME", OPT_COMPARE,
                 "compare everything so often, as 6h or 90m,\n"
                 "hourly, daily (default), weekly, never"),
    MIRROR_VALUE("drain", "SECONDS", OPT_DRAIN,
                 "at the end, how long changes may still be sent\n"
                 "(default 10)"),

    HEADING("Keys, where DEST is a daemon:"),
    TEXT("identity", "FILE", security.identity,
         "our private key (default, where it is there:\n"
         "~/.config/zcsync/" ZC_IDENTITY_NAME ")"),
    TEXT("peer-key", "KEY", security.peer_key, "the public key that DEST has"),
    TEXT("known-peers", "FILE", security.known_peers,
         "the keys of peers (default\n"
         "~/.config/zcsync/" ZC_KNOWN_PEERS_NAME ")"),
    FLAG(0, "accept-new", ON, security.accept_new,
         "trust the key of a DEST that has none there yet,\n"
         "and remember it, without asking"),
    FLAG(0, "plain", ON, security.plain,
         "to another machine without keys: anybody in\n"
         "between can read and change what is sent"),
    FLAG(0, "ktls", ON_OFF, security.ktls,
         "let the kernel encrypt where it can (the default)"),
    TEXT("suite", "NAME", security.suite,
         "use this cipher and no other: AES-256-GCM or\n"
         "ChaCha20-Poly1305 (default: the faster one)"),

    HEADING("What to tell:"),
    ACTION('v', "verbose", ON_OFF, OPT_VERBOSE,
           "name what is sent; twice: all that is changed\n"
           "(mirror: its states; twice: what is sent)"),
    FLAG('q', "quiet", ON, quiet, "errors only"),
    FLAG('i', "itemize-changes", ON_OFF, itemize,
         "name every change, as YXcstpoguax"),
    VALUE(0, "out-format", "FORMAT", ON, OPT_OUT_FORMAT,
          "a line for every change, with %-escapes"),
    FLAG(0, "json", ON, json, "a JSON object a line instead"),
    ONCE_FLAG(0, "stats", ON_OFF, stats, "counts at the end"),
    ONCE_ACTION('h', "human-readable", ON_OFF, OPT_HUMAN,
                "numbers as 1.23M; twice: in steps of 1024"),
    ONCE_ACTION(0, "progress", ON_OFF, OPT_PROGRESS,
                "show how far it is (default on a terminal)"),
    ONCE_VALUE(0, "info", "progress2", ON, OPT_INFO, "same as --progress"),
    FLAG(0, "help", ON, help, "show this"),
};

#define TABLE(name, bit)                                                     \
    {.command = (name), .as = (bit), .rows = rows,                           \
     .n_rows = ZC_ARRAY_LEN(rows), .refused = zc_rsync_opts}

static const struct zc_opt_table tables[] = {
    TABLE("push", ZC_AS_PUSH),
    TABLE("diff", ZC_AS_DIFF),
    TABLE("mirror", ZC_AS_MIRROR),
};

const struct zc_opt_table *zc_push_opt_table(enum zc_push_as as)
{
    return &tables[as == ZC_AS_PUSH ? 0 : as == ZC_AS_DIFF ? 1 : 2];
}

static int take_info(const char *value, bool *progress, struct zc_err *err)
{
    for (const char *word = value;; word++) {
        size_t n = strcspn(word, ",");
        if (n == strlen("progress2") && memcmp(word, "progress2", n) == 0)
            *progress = true;
        else
            return zc_err_set(err, ZC_EXIT_USAGE, 0,
                              "--info=%.*s is not supported yet: only "
                              "--info=progress2 is there",
                              (int)n, word);
        word += n;
        if (!*word)
            return 0;
    }
}

static int take_fsync(const char *value, enum zc_fsync *mode,
                      struct zc_err *err)
{
    if (zc_fsync_parse(value, mode) == 0)
        return 0;
    return zc_err_set(err, ZC_EXIT_USAGE, 0,
                      "--fsync: '%s' is none of none, batch, file", value);
}

static int take_chown(struct zc_push_args *a, const char *value,
                      struct zc_err *err)
{
    if (zc_options_chown(&a->opt, &a->chown, value, err))
        return zc_err_prefix(err, "--chown");
    return 0;
}

static int take_seconds(const char *spelled, const char *value, unsigned *out,
                        struct zc_err *err)
{
    uint64_t n = 0;
    /* A year: what fits in milliseconds everywhere. */
    if (value && zc_opt_number(spelled, value, 366 * 86400, &n, err))
        return -1;
    *out = (unsigned)n;
    return 0;
}

static int take_bwlimit(const char *value, uint64_t *out, struct zc_err *err)
{
    *out = 0;
    if (value && zc_size_parse(value, ZC_KIB, out))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--bwlimit: '%s' is not a rate such as 800, 1.5M or "
                          "100KB",
                          value);
    return 0;
}

static void take_keep(struct zc_push_args *a, uint64_t bits, bool on)
{
    if (bits == ZC_KEEP_SPARSE) /* the default keeps holes, and makes none */
        bits |= ZC_KEEP_MAKE_HOLES;
    if (bits == ZC_KEEP_OWNER || bits == ZC_KEEP_GROUP) /* -a does not ask */
        a->opt.owners_asked |= on;
    if (on)
        a->opt.keep |= (unsigned)bits;
    else
        a->opt.keep &= ~(unsigned)bits;
}

static int take_watch(const char *value, enum zc_watch_kind *kind,
                      struct zc_err *err)
{
    static const char *const names[] = {
        [ZC_WATCH_AUTO] = "auto",
        [ZC_WATCH_INOTIFY] = "inotify",
        [ZC_WATCH_FANOTIFY] = "fanotify",
    };
    for (size_t i = 0; i < ZC_ARRAY_LEN(names); i++) {
        if (strcmp(value, names[i]) == 0) {
            *kind = (enum zc_watch_kind)i;
            return 0;
        }
    }
    return zc_err_set(err, ZC_EXIT_USAGE, 0,
                      "--watch: '%s' is none of auto, inotify, fanotify",
                      value);
}

static int take_human(struct zc_push_args *a, bool on)
{
    if (!on)
        a->style = ZC_TEXT_PLAIN;
    else
        a->style = a->style < ZC_TEXT_KILO ? ZC_TEXT_KILO : ZC_TEXT_KIBI;
    return 0;
}

static int take_progress(struct zc_push_args *a, bool on)
{
    a->progress = on ? ZC_SHOW_ON : ZC_SHOW_OFF;
    return 0;
}

static int take_info_words(struct zc_push_args *a, const char *value,
                           struct zc_err *err)
{
    bool progress = false;
    if (take_info(value, &progress, err))
        return -1;
    return take_progress(a, progress);
}

/* One of each: who asks for two would not notice that one is forgotten. */
static int twice(const char *option, const char *value, struct zc_err *err)
{
    return zc_err_set(err, ZC_EXIT_USAGE, 0,
                      "%s=%s: there can be one for src, one for dest and one "
                      "path", option, value);
}

static int take_require_mount(struct zc_push_args *a, const char *value,
                              struct zc_err *err)
{
    static const char option[] = "--require-mount";
    struct zc_require *src = &a->opt.require, *dest = &a->require_dest;
    bool is_src = strcmp(value, "src") == 0;
    if (is_src || strcmp(value, "dest") == 0) {
        (is_src ? src : dest)->mount = true;
        return 0;
    }
    if (*value != '/')
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "%s: '%s' is none of src, dest and an absolute path",
                          option, value);
    if (src->mount_path)
        return twice(option, value, err);
    return zc_require_take_mount(src, value, err) ||
                   zc_require_take_mount(dest, value, err)
               ? -1
               : 0;
}

static int take_require_file(struct zc_push_args *a, const char *value,
                             struct zc_err *err)
{
    static const char option[] = "--require-file";
    struct zc_require *q[] = {&a->opt.require, &a->require_dest};
    static const char *const sides[] = {"src:", "dest:"};
    for (size_t i = 0; i < ZC_ARRAY_LEN(q); i++) {
        size_t n = strlen(sides[i]);
        bool it = strncmp(value, sides[i], n) == 0 && value[n] != '/';
        if (!it && *value != '/')
            continue;
        if (q[i]->file)
            return twice(option, value, err);
        if (zc_require_take_file(q[i], it ? value + n : value, err))
            return zc_err_prefix(err, option);
        if (it)
            return 0;
    }
    return *value == '/'
               ? 0
               : zc_err_set(err, ZC_EXIT_USAGE, 0,
                            "%s: '%s' is none of src:NAME, dest:NAME and an "
                            "absolute path", option, value);
}

static int take_option(void *arg, const struct zc_opt *opt,
                       const char *spelled, const char *value, bool on,
                       struct zc_err *err)
{
    struct zc_push_args *a = arg;
    switch (opt->id) {
    case OPT_FLAG:
        *(bool *)((char *)a + opt->data) = on;
        return 0;
    case OPT_KEEP:
        take_keep(a, opt->data, on);
        return 0;
    case OPT_TEXT:
        *(const char **)((char *)a + opt->data) = value;
        return 0;
    case OPT_VERBOSE:
        a->verbose = on ? a->verbose + 1 : 0;
        return 0;
    case OPT_HUMAN:
        return take_human(a, on);
    case OPT_PROGRESS:
        return take_progress(a, on);
    case OPT_INFO:
        return take_info_words(a, value, err);
    case OPT_OUT_FORMAT:
        a->out_format = value;
        return zc_item_format_check(value, err);
    case OPT_MAX_DELETE:
        return zc_opt_number(spelled, value, UINT64_MAX - 1,
                             &a->opt.max_delete, err);
    case OPT_EXCLUDE:
    case OPT_INCLUDE:
    case OPT_EXCLUDE_FROM:
    case OPT_INCLUDE_FROM:
    case OPT_FILTER: {
        struct zc_filter_arg f = {opt->id, value};
        return zc_vec_push(&a->filter_args, f) ? zc_err_nomem(err) : 0;
    }
    case OPT_FILES_FROM:
        a->files_from = value;
        return 0;
    case OPT_CHOWN:
        return take_chown(a, value, err);
    case OPT_CHMOD:
        return zc_chmod_add(&a->chmod, value, err);
    case OPT_BWLIMIT:
        return take_bwlimit(value, &a->opt.bwlimit, err);
    case OPT_TIMEOUT:
        return take_seconds(spelled, value, &a->opt.timeout_s, err);
    case OPT_CONTIMEOUT:
        return take_seconds(spelled, value, &a->contimeout_s, err);
    case OPT_FSYNC:
        return take_fsync(value, &a->opt.fsync, err);
    case OPT_MOVER:
        if (zc_mover_parse(value, &a->opt.mover))
            return zc_err_set(err, ZC_EXIT_USAGE, 0,
                              "--mover: '%s' is none of auto, sendfile, "
                              "splice, readwrite, mmap",
                              value);
        return 0;
    case OPT_WATCH:
        return take_watch(value, &a->watch, err);
    case OPT_RESCAN:
        return take_seconds(spelled, value, &a->rescan_s, err);
    case OPT_COMPARE:
        if (zc_interval_parse(value, &a->compare_s))
            return zc_err_set(err, ZC_EXIT_USAGE, 0,
                              "--compare: '%s' is none of never, hourly, "
                              "daily, weekly, nor a time such as 6h or 90m",
                              value);
        return 0;
    case OPT_DRAIN:
        return take_seconds(spelled, value, &a->drain_s, err);
    case OPT_REQUIRE_MOUNT:
        return take_require_mount(a, value, err);
    case OPT_REQUIRE_FILE:
        return take_require_file(a, value, err);
    }
    return 0;
}

static int add_filter(struct zc_push_args *a, const struct zc_filter_arg *f,
                      struct zc_err *err)
{
    switch (f->id) {
    case OPT_EXCLUDE:
        return zc_filter_add_exclude(a->filter, f->value, err);
    case OPT_INCLUDE:
        return zc_filter_add_include(a->filter, f->value, err);
    case OPT_EXCLUDE_FROM:
        return zc_filter_add_file(a->filter, f->value, false, a->from0, err);
    case OPT_INCLUDE_FROM:
        return zc_filter_add_file(a->filter, f->value, true, a->from0, err);
    default:
        return zc_filter_add(a->filter, f->value, err);
    }
}

/* Builds what several options make together, in the order they were given. */
static int build_sets(struct zc_push_args *a, struct zc_err *err)
{
    if (a->filter_args.len && !(a->filter = zc_filter_new()))
        return zc_err_nomem(err);
    for (size_t i = 0; i < a->filter_args.len; i++)
        if (add_filter(a, &a->filter_args.v[i], err))
            return -1;
    if (a->files_from) {
        if (!(a->files = zc_fileset_new()))
            return zc_err_nomem(err);
        if (zc_fileset_read(a->files, a->files_from, a->from0, err))
            return -1;
    }
    a->opt.filter = a->filter;
    a->opt.chmod = a->chmod;
    a->opt.files_from = a->files != NULL;
    return 0;
}

static int check_operands(const struct zc_push_args *a, struct zc_err *err)
{
    const char *name = zc_push_opt_table(a->as)->command;
    if (a->operands.len == 0)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "SRC and DEST are missing (see 'zcsync %s --help')",
                          name);
    if (a->operands.len == 1)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "DEST is missing after '%s' (see 'zcsync %s --help')",
                          a->operands.v[0], name);
    return 0;
}

int zc_push_args_parse(struct zc_push_args *a, enum zc_push_as as, int argc,
                       char **argv, struct zc_err *err)
{
    *a = (struct zc_push_args){
        .as = as,
        .diff = as == ZC_AS_DIFF,
        .style = ZC_TEXT_COMMAS,
        .drain_s = DRAIN_S,
        .compare_s = ZC_COMPARE_UNSAID,
        .security.ktls = true,
    };
    zc_options_init(&a->opt);
    if (as == ZC_AS_MIRROR) {
        a->opt.del = true;
        a->opt.timeout_s = ZC_LASTING_TIMEOUT_S;
        a->contimeout_s = ZC_LASTING_CONTIMEOUT_S;
    }
    /* rsync's -h is --human-readable, but --help when it stands alone. */
    if (argc == 1 && strcmp(argv[0], "-h") == 0) {
        a->help = true;
        return 0;
    }
    if (zc_opt_parse(zc_push_opt_table(as), argc, argv, take_option, a,
                     &a->operands, err) ||
        (!a->help &&
         (check_operands(a, err) || zc_security_check(&a->security, err) ||
          build_sets(a, err))))
        return -1;
    zc_options_settle(&a->opt);
    zc_options_rescan(&a->rescan_s, &a->compare_s);
    if (a->diff) {
        /* Nothing is written, so there is nothing to brake. */
        a->opt.dry_run = a->opt.force_delete = true;
        a->itemize = !a->out_format;
    }
    if (a->opt.dry_run)
        a->opt.fsync = ZC_FSYNC_NONE;
    /* A mirror's first -v is about its states. */
    unsigned named = as == ZC_AS_MIRROR ? 2 : 1;
    a->opt.want_items = a->itemize || a->verbose >= named || a->json ||
                        a->out_format || a->opt.dry_run;
    return 0;
}

void zc_push_args_fini(struct zc_push_args *a)
{
    zc_filter_free(a->filter);
    zc_chmod_free(a->chmod);
    zc_fileset_free(a->files);
    free(a->chown);
    zc_require_fini(&a->opt.require);
    zc_require_fini(&a->require_dest);
    zc_vec_fini(&a->operands);
    zc_vec_fini(&a->filter_args);
    *a = (struct zc_push_args){0};
}
