// SPDX-License-Identifier: GPL-2.0-or-later
/* What each option of push, diff, verify and mirror does; see push_take.h. */
#include "cli/push_take.h"

#include "cli/itemize.h"
#include "cli/push_table.h"
#include "cli/push_values.h"
#include "cli/stop_time.h"
#include "fs/idrules.h"
#include "fs/keep.h"

#include <string.h>

static void set_bits(unsigned *set, uint64_t bits, bool on)
{
    *set = on ? *set | (unsigned)bits : *set & ~(unsigned)bits;
}

static void take_keep(struct zc_push_args *a, const struct zc_opt *opt, bool on)
{
    uint64_t bits = opt->data;
    if (bits == ZC_KEEP_SPARSE) /* the default keeps holes, and makes none */
        bits |= ZC_KEEP_MAKE_HOLES;
    if (bits == ZC_KEEP_OWNER || bits == ZC_KEEP_GROUP) /* -a does not ask */
        a->opt.owners_asked |= on;
    if (opt->letter == 'a')
        a->recursive = ZC_SHOW_ON;
    set_bits(&a->opt.keep, bits, on);
}

static void take_human(struct zc_push_args *a, bool on)
{
    if (!on)
        a->style = ZC_TEXT_PLAIN;
    else
        a->style = a->style < ZC_TEXT_KILO ? ZC_TEXT_KILO : ZC_TEXT_KIBI;
}

/* --info is the later of two that say the same. */
static int take_info(struct zc_push_args *a, const char *words,
                     struct zc_err *err)
{
    struct zc_info i = ZC_INFO_INIT;
    if (zc_info_take(words, &i, err))
        return -1;
    if (i.progress >= 0)
        a->progress = i.progress ? ZC_SHOW_ON : ZC_SHOW_OFF;
    if (i.stats >= 0)
        a->stats = i.stats;
    if (i.name >= 0)
        a->info.name = i.name;
    if (i.del >= 0)
        a->info.del = i.del;
    return 0;
}

static void take_super(struct zc_push_args *a, bool on)
{
    a->opt.owners_asked = on;
    if (!on)
        set_bits(&a->opt.keep,
                 ZC_KEEP_OWNER | ZC_KEEP_GROUP | ZC_KEEP_DEVICES, false);
}

static void take_deletes(struct zc_push_args *a, uint64_t also)
{
    a->opt.del = true;
    if (also == ZC_DELETE_EXCLUDED)
        a->opt.del_excluded = true;
    else
        a->delete_before = also == ZC_DELETE_BEFORE;
}

int zc_push_take_filter(struct zc_push_args *a, int id, const char *value,
                        struct zc_err *err)
{
    struct zc_filter_arg f = {id, value};
    return zc_vec_push(&a->filter_args, f) ? zc_err_nomem(err) : 0;
}

static int take_rules(struct zc_push_args *a, struct zc_err *err)
{
    static const char *const rules[] = {": /.rsync-filter",
                                        "- .rsync-filter"};
    if (a->rules == ZC_ARRAY_LEN(rules))
        return 0;
    return zc_push_take_filter(a, OPT_FILTER, rules[a->rules++], err);
}

static int take_remote(struct zc_push_args *a, const char *value,
                       struct zc_err *err)
{
    bool off = strcmp(value, "--no-fake-super") == 0;
    bool super = strcmp(value, "--super") == 0;
    if (strcmp(value, "--fake-super") != 0 && !off && !super)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--remote-option: '%s' is none of --fake-super and "
                          "--super; all other options hold for both ends",
                          value);
    a->remote_fake = !off && !super;
    a->remote_super = off || super;
    return 0;
}

/* Those that may be given several times, and add something each time. */
static int take_more(struct zc_push_args *a, const struct zc_opt *opt,
                     const char *spelled, const char *value, bool on,
                     struct zc_err *err)
{
    switch ((enum push_opt_id)opt->id) {
    case OPT_INFO:
        return take_info(a, value, err);
    case OPT_DEBUG:
        return zc_debug_take(value, err);
    case OPT_ACCEPT:
        return zc_vec_push(&a->accepted, opt) ? zc_err_nomem(err) : 0;
    case OPT_EXCLUDE:
    case OPT_INCLUDE:
    case OPT_EXCLUDE_FROM:
    case OPT_INCLUDE_FROM:
    case OPT_FILTER:
        return zc_push_take_filter(a, opt->id, value, err);
    case OPT_RULES:
        return take_rules(a, err);
    case OPT_CHOWN:
        return zc_value_chown(a, value, err);
    case OPT_CHMOD:
        return zc_value_chmod(a, value, err);
    case OPT_REQUIRE_MOUNT:
        return zc_value_require_mount(a, value, err);
    case OPT_REQUIRE_FILE:
        return zc_value_require_file(a, value, err);
    case OPT_COMPRESS:
        return zc_compress_take(&a->compress, value, on, err);
    case OPT_COMPRESS_CHOICE:
        return zc_compress_take_choice(&a->compress, value, err);
    case OPT_COMPRESS_LEVEL:
        return zc_compress_take_level(&a->compress, value, err);
    case OPT_SSH_OPTION:
        return zc_vec_push(&a->remote.lines, value) ? zc_err_nomem(err) : 0;
    case OPT_ALTERNATE:
        return zc_value_alternate(a, (enum zc_alternate)opt->data, spelled,
                                  value, err);
    case OPT_REMOTE:
        return take_remote(a, value, err);
    default:
        return zc_opt_fill(a, opt, spelled, value, on, err);
    }
}

/* Those with a value that the last one given decides. */
static int take_value(struct zc_push_args *a, const struct zc_opt *opt,
                      const char *spelled, const char *value, bool on,
                      struct zc_err *err)
{
    void *field = (char *)a + opt->data; /* where `data` is an offset */
    switch ((enum push_opt_id)opt->id) {
    case OPT_SIZE:
        return zc_value_size(spelled, value, field, err);
    case OPT_IDMAP:
        if (zc_idrules_check(value, err))
            return zc_err_prefix(err, "%s", spelled);
        *(const char **)field = value;
        return 0;
    case OPT_PORT:
        return zc_value_port(a, value, err);
    case OPT_STOP_AT:
        return zc_stop_at(value, time(NULL), &a->stop_at, err);
    case OPT_STOP_AFTER:
        return zc_stop_after(value, time(NULL), &a->stop_at, err);
    case OPT_LOG_FORMAT:
        a->log_file_format = value;
        return *value ? zc_item_format_check("--log-file-format", value, err)
                      : 0;
    case OPT_OUT_FORMAT:
        a->out_format = value;
        return zc_item_format_check(spelled, value, err);
    case OPT_MAX_DELETE:
        return zc_opt_number(spelled, value, UINT64_MAX - 1,
                             &a->opt.max_delete, err);
    case OPT_BWLIMIT:
        return zc_value_bwlimit(value, &a->opt.bwlimit, err);
    case OPT_FSYNC:
        return zc_value_fsync(value, &a->opt.fsync, err);
    case OPT_DELTA:
        return zc_value_delta(value, &a->opt.delta, err);
    case OPT_MOVER:
        return zc_value_mover(value, &a->opt.mover, err);
    case OPT_WATCH:
        return zc_value_watch(value, &a->watch, err);
    case OPT_COMPARE:
        return zc_value_compare(value, &a->compare_s, err);
    case OPT_SSH_DATA:
        return zc_value_ssh_data(value, &a->remote.data, err);
    case OPT_WINDOW:
        return zc_value_window(a, value, err);
    default:
        return take_more(a, opt, spelled, value, on, err);
    }
}

int zc_push_take(void *arg, const struct zc_opt *opt, const char *spelled,
                 const char *value, bool on, struct zc_err *err)
{
    struct zc_push_args *a = arg;
    switch ((enum push_opt_id)opt->id) {
    case OPT_SHOW:
        *(enum zc_show *)((char *)a + opt->data) = on ? ZC_SHOW_ON
                                                      : ZC_SHOW_OFF;
        return 0;
    case OPT_KEEP:
        take_keep(a, opt, on);
        return 0;
    case OPT_APPLY:
    case OPT_APPLY_NOT:
        set_bits(&a->opt.apply, opt->data, on == (opt->id == OPT_APPLY));
        return 0;
    case OPT_WALK:
        set_bits(&a->opt.walk, opt->data, on);
        return 0;
    case OPT_HUMAN:
        take_human(a, on);
        return 0;
    case OPT_RECURSIVE:
        a->recursive = on ? ZC_SHOW_ON : ZC_SHOW_OFF;
        a->recursive_asked = on;
        return 0;
    case OPT_IMPLIED:
        set_bits(&a->opt.walk, ZC_WALK_BARE, !on);
        return 0;
    case OPT_ITEMIZE:
        a->itemize = on;
        a->itemized = on ? a->itemized + 1 : 0;
        return 0;
    case OPT_FAMILY:
        a->family = (int)opt->data;
        return 0;
    case OPT_SUPER:
        take_super(a, on);
        return 0;
    case OPT_DELETES:
        take_deletes(a, opt->data);
        return 0;
    case OPT_PARTIAL_PROGRESS:
        a->progress = true;
        set_bits(&a->opt.apply, ZC_APPLY_NO_PARTIAL, false);
        return 0;
    case OPT_WHOLE:
        a->opt.delta = on ? ZC_DELTA_OFF : ZC_DELTA_AUTO;
        a->opt.delta_always = !on;
        return 0;
    default:
        return take_value(a, opt, spelled, value, on, err);
    }
}
