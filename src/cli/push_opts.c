// SPDX-License-Identifier: GPL-2.0-or-later
/* What the options of push, diff, verify and mirror come to together; see
 * push_opts.h. */
#include "cli/push_opts.h"
#include "cli/itemize.h"
#include "cli/push_table.h"
#include "cli/push_take.h"

#include <string.h>
#include <sys/socket.h>

#define DRAIN_S 10

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

static int build_filter(struct zc_push_args *a, struct zc_err *err)
{
    if (!a->filter_args.len && !a->cvs_exclude)
        return 0;
    a->filter = zc_filter_new();
    if (!a->filter)
        return zc_err_nomem(err);
    for (size_t i = 0; i < a->filter_args.len; i++)
        if (add_filter(a, &a->filter_args.v[i], err))
            return -1;
    if (a->cvs_exclude && (zc_filter_add(a->filter, ":C", err) ||
                           zc_filter_add(a->filter, "-C", err)))
        return -1;
    if (a->opt.del_excluded)
        zc_filter_unprotect(a->filter);
    return 0;
}

static int settle_backups(struct zc_push_args *a, struct zc_err *err)
{
    if (zc_options_backups(&a->opt, &a->backup_rule, err))
        return zc_err_prefix(err, "--backup");
    return a->backup_rule
               ? zc_push_take_filter(a, OPT_FILTER, a->backup_rule, err)
               : 0;
}

/* Builds what several options make together, in the order they were given. */
static int build_sets(struct zc_push_args *a, struct zc_err *err)
{
    if (settle_backups(a, err) || build_filter(a, err))
        return -1;
    if (a->files_from) {
        if (!(a->files = zc_fileset_new()))
            return zc_err_nomem(err);
        if (zc_fileset_read(a->files, a->files_from, a->from0, err))
            return -1;
        if (a->recursive_asked)
            zc_fileset_recurse(a->files);
    }
    a->opt.filter = a->filter;
    a->opt.chmod = a->chmod;
    a->opt.chmod_text = a->chmod_text;
    a->opt.files_from = a->files != NULL;
    return 0;
}

/* One place alone is listed, as by rsync. DEST is of no matter then. */
static int take_list_only(struct zc_push_args *a, struct zc_err *err)
{
    static char nowhere[] = "";
    bool may = a->as == ZC_AS_PUSH || a->as == ZC_AS_PULL;
    a->list_only |= may && a->operands.len == 1;
    if (!a->list_only || !a->operands.len)
        return 0;
    a->operands.len -= a->operands.len > 1;
    return zc_vec_push(&a->operands, nowhere) ? zc_err_nomem(err) : 0;
}

static int check_operands(const struct zc_push_args *a, struct zc_err *err)
{
    const char *name = zc_push_opt_table(a->as)->command;
    if (a->as == ZC_AS_LS && a->operands.len != 1)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "takes one PLACE (see 'zcsync ls --help')");
    if (a->as == ZC_AS_LS)
        return 0;
    if (a->recursive == ZC_SHOW_OFF && !a->dirs)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--no-recursive needs -d: without, all directories "
                          "would be left out");
    if (a->ask)
        return 0;
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

/* What zcsyncd on this machine knows of peers, where they are named. */
static int find_peers(struct zc_push_args *a, struct zc_err *err)
{
    struct zc_security_args *s = &a->security;
    uint8_t key[ZC_KEY_SIZE];
    bool named = s->peer_key &&
                 !zc_key_parse(s->peer_key, strlen(s->peer_key), key);
    for (size_t i = 0; i < a->operands.len; i++)
        named |= strstr(a->operands.v[i], "::") != NULL;
    if (!named && !a->config)
        return 0;
    if (zc_daemon_peers_load(a->config, &a->conf, err))
        return -1;
    s->peers_identity = a->conf ? a->conf->identity : NULL;
    const struct zc_conf_peer *p =
        s->peer_key ? zc_daemon_peer(a->conf, s->peer_key, strlen(s->peer_key))
                    : NULL;
    if (p)
        s->peer_keys = zc_conf_keys_of(&p->keys);
    return 0;
}

static void set_defaults(struct zc_push_args *a, enum zc_push_as as)
{
    *a = (struct zc_push_args){
        .as = as,
        .diff = as == ZC_AS_DIFF,
        .style = ZC_TEXT_COMMAS,
        .drain_s = DRAIN_S,
        .control = ZC_CONTROL_DEFAULT,
        .info = ZC_INFO_INIT,
        .compare_s = ZC_COMPARE_UNSAID,
        .security.ktls = true,
    };
    zc_options_init(&a->opt);
    a->opt.del = as == ZC_AS_MIRROR;
    if (as == ZC_AS_MIRROR)
        a->opt.fsync = ZC_FSYNC_BEHIND;
    if (as == ZC_AS_MIRROR || as == ZC_AS_LS) {
        a->opt.timeout_s = ZC_LASTING_TIMEOUT_S;
        a->contimeout_s = ZC_LASTING_CONTIMEOUT_S;
    }
    if (as == ZC_AS_LS)
        a->remote.data = ZC_DIRECT_NEVER;
}

/* HOST:PATH is another way, with words of its own. */
static int tell_family(struct zc_push_args *a, struct zc_err *err)
{
    const char *line = a->family == AF_INET ? "AddressFamily=inet"
                       : a->family          ? "AddressFamily=inet6"
                                            : NULL;
    return line && !a->remote.rsh && zc_vec_push(&a->remote.lines, line)
               ? zc_err_nomem(err)
               : 0;
}

/* A listing is a dry run to where nothing is. */
static void settle_list(struct zc_push_args *a)
{
    a->opt.dry_run = a->opt.force_delete = true;
    a->opt.del = a->delete_before = false;
    a->opt.apply &= ~(unsigned)(ZC_APPLY_REMOVE | ZC_APPLY_BACKUP);
    if (a->recursive != ZC_SHOW_ON)
        a->opt.walk |= ZC_WALK_ONE_LEVEL;
    zc_require_fini(&a->require_dest);
}

/* What follows from what was said. */
static int settle(struct zc_push_args *a, struct zc_err *err)
{
    if (a->dirs && a->recursive != ZC_SHOW_ON)
        a->opt.walk |= ZC_WALK_ONE_LEVEL;
    if (a->opt.apply & ZC_APPLY_INPLACE && a->opt.apply & ZC_APPLY_DELAY)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--inplace and --delay-updates exclude each other");
    if (a->list_only)
        settle_list(a);
    if (a->opt.alternate == ZC_ALTERNATE_LINK &&
        a->opt.apply & ZC_APPLY_INPLACE)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--inplace does not go with --link-dest: it would "
                          "write into what is linked");
    if (a->as != ZC_AS_MIRROR && a->opt.fsync == ZC_FSYNC_BEHIND)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--fsync=behind is for mirrors only");
    if (a->as == ZC_AS_VERIFY) {
        a->opt.checksum = true;
        a->opt.apply |= ZC_APPLY_VERIFY;
        a->diff = !a->repair;
    }
    zc_options_settle(&a->opt);
    zc_compress_settle(&a->compress, a->opt.bwlimit);
    zc_options_rescan(&a->rescan_s, &a->compare_s);
    if (a->diff) {
        /* Nothing is written, so there is nothing to brake. */
        a->opt.dry_run = a->opt.force_delete = true;
    }
    if (a->diff || a->repair)
        a->itemize = !a->out_format;
    if (a->opt.dry_run)
        a->opt.fsync = ZC_FSYNC_NONE;
    /* As with rsync, what is not changed has a line with -ii, or -i and -vv. */
    bool columns = a->itemize || (a->out_format &&
                                  zc_item_format_has(a->out_format, "i"));
    if (a->as != ZC_AS_MIRROR && !a->list_only &&
        (a->itemized > 1 || (columns && a->verbose > 1)))
        a->opt.apply |= ZC_APPLY_TELL_ALL;
    /* A mirror's first -v is about its states. */
    unsigned named = a->as == ZC_AS_MIRROR ? 2 : 1;
    a->opt.want_items = a->itemize || a->verbose >= named || a->json ||
                        a->out_format || a->opt.dry_run ||
                        a->info.name > 0 || a->info.del > 0 || a->log_file;
    return 0;
}

int zc_push_args_parse(struct zc_push_args *a, enum zc_push_as as, int argc,
                       char **argv, struct zc_err *err)
{
    set_defaults(a, as);
    /* rsync's -h is --human-readable, but --help when it stands alone. */
    if (argc == 1 && strcmp(argv[0], "-h") == 0) {
        a->help = true;
        return 0;
    }
    if (zc_opt_parse(zc_push_opt_table(as), argc, argv, zc_push_take, a,
                     &a->operands, err))
        return -1;
    if (a->help)
        return 0;
    if (as == ZC_AS_VERIFY && a->operands.len == 1) {
        const char *mirror = a->operands.v[0];
        size_t n = strcspn(mirror, "@:/"); /* a PEER may have all of them */
        a->ask = n && (mirror[n] == '@' || !mirror[n]);
    }
    return take_list_only(a, err) || check_operands(a, err) ||
                   zc_security_check(&a->security, err) ||
                   zc_remote_check(&a->remote, err) || build_sets(a, err) ||
                   find_peers(a, err) || tell_family(a, err) || settle(a, err)
               ? -1
               : 0;
}

void zc_push_args_fini(struct zc_push_args *a)
{
    zc_filter_free(a->filter);
    zc_chmod_free(a->chmod);
    free(a->chmod_text);
    free(a->backup_rule);
    zc_fileset_free(a->files);
    free(a->chown);
    zc_conf_free(a->conf);
    zc_require_fini(&a->opt.require);
    zc_require_fini(&a->require_dest);
    zc_vec_fini(&a->operands);
    zc_vec_fini(&a->remote.lines);
    zc_vec_fini(&a->filter_args);
    zc_buf_fini(&a->alternates);
    zc_vec_fini(&a->accepted);
    *a = (struct zc_push_args){0};
}
