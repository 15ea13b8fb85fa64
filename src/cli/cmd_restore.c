// SPDX-License-Identifier: GPL-2.0-or-later
/* `zcsync restore`: what a share of this machine has lost, and brings back. */
#include "base/log.h"
#include "base/relpath.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/listing.h"
#include "cli/restore.h"
#include "daemon/conf.h"
#include "fs/rootdir.h"
#include "fs/trash.h"

#include <string.h>

struct args {
    const char *config, *from, *to;
    bool list, force, dry, quiet, json, help;
    zc_operands operands;
};

static const struct zc_opt rows[] = {
    {.help = "Options:"},
    {.name = "list",
     ZC_OPT_INTO(FLAG, struct args, list),
     .help = "list what there is, and bring nothing back: so it\n"
             "is without PATH and --from"},
    {.name = "from",
     .value = "DATE",
     ZC_OPT_INTO(TEXT, struct args, from),
     .help = "only what was lost then: 2026-11-30, or all of the\n"
             "time that --list shows"},
    {.name = "to",
     .value = "DIR",
     ZC_OPT_INTO(TEXT, struct args, to),
     .help = "copy it to DIR, and leave it in the trash"},
    {.name = "force",
     ZC_OPT_INTO(FLAG, struct args, force),
     .help = "also in place of what is newer, or of another\n"
             "kind, which goes to the trash"},
    {.letter = 'n',
     .name = "dry-run",
     ZC_OPT_INTO(FLAG, struct args, dry),
     .help = "change nothing, tell what would come back"},
    {.letter = 'q',
     .name = "quiet",
     ZC_OPT_INTO(FLAG, struct args, quiet),
     .help = "do not name what comes back"},
    {.name = "json", ZC_OPT_INTO(FLAG, struct args, json),
     .help = "list one JSON object a line"},
    {.name = "config",
     .value = "FILE",
     ZC_OPT_INTO(TEXT, struct args, config),
     .help = "where SHARE is, instead of\n" ZC_CONF_DEFAULT},
    {.name = "help", ZC_OPT_INTO(FLAG, struct args, help), .help = "show this"},
};

static const struct zc_opt_table table = {
    .command = "restore", .rows = rows, .n_rows = ZC_ARRAY_LEN(rows)};

void zc_help_restore(FILE *to)
{
    fputs("usage: zcsync restore [OPTION]... SHARE [PATH]\n\n"
          "Lists what was replaced or deleted in SHARE, a share of this machine\n"
          "that keeps it ('keep' in zcsync.conf), or brings back PATH, a file or\n"
          "a directory in it: each file as it was last, or as --from says. SHARE\n"
          "is its name, or its directory (with a slash in it).\n",
          to);
    zc_opt_print(&table, to);
}

/* --- what is meant --- */

/* The directory of SHARE, on the heap. NULL with a sentence. */
static char *share_path(const struct args *a, const char *share,
                        struct zc_err *err)
{
    char *path = NULL;
    if (strchr(share, '/')) {
        path = strdup(share);
        if (!path)
            zc_err_nomem(err);
        return path;
    }
    struct zc_conf *c = zc_conf_load(a->config, err);
    if (!c)
        return NULL;
    for (size_t i = 0; i < c->shares.len && !path; i++)
        if (!strcmp(c->shares.v[i].name, share))
            path = strdup(c->shares.v[i].path);
    if (!path)
        zc_err_set(err, ZC_EXIT_SELECT, 0,
                   "%s has no share %s (a directory is named with a slash: "
                   "./%s)", a->config, share, share);
    zc_conf_free(c);
    return path;
}

/* PATH as it is below SHARE, which it may begin with. NULL with a sentence. */
static char *path_below(const char *share, const char *path,
                        struct zc_err *err)
{
    size_t n = strlen(share);
    while (n && share[n - 1] == '/')
        n--;
    if (*path == '/' && !strncmp(path, share, n) &&
        (path[n] == '/' || !path[n]))
        path += n;
    char *below = strdup(path);
    if (below && zc_relpath_flatten(below))
        return below;
    if (below)
        zc_err_set(err, ZC_EXIT_USAGE, 0, "PATH %s leads out of the share",
                   path);
    else
        zc_err_nomem(err);
    free(below);
    return NULL;
}

/* DATE as folders have it, or the beginning of it: "2026-11-30 10:58" is fine,
 * too. -1 with a sentence. */
static int take_date(const char *text, char date[ZC_TRASH_DATE_SIZE],
                     struct zc_err *err)
{
    static const char form[] = "dddd-dd-ddTdd-dd-ddZ";
    size_t n = strlen(text);
    bool ok = n >= 4 && n <= sizeof form - 1;
    for (size_t i = 0; ok && i < n; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';
        char c = text[i];
        if (form[i] == '-' && i > 10 && c == ':')
            c = '-';
        if (form[i] == 'T' && c == ' ')
            c = 'T';
        ok = form[i] == 'd' ? digit : c == form[i];
        date[i] = c;
    }
    date[ok ? n : 0] = '\0';
    return ok ? 0
              : zc_err_set(err, ZC_EXIT_USAGE, 0,
                           "--from: '%s' is no time such as 2026-11-30, "
                           "2026-11-30T10 or 2026-11-30T10-58-10Z (UTC)",
                           text);
}

/* --- telling --- */

static void put_line(struct zc_buf *line)
{
    zc_buf_u8(line, '\n');
    if (!line->failed)
        fwrite(line->data, 1, line->len, stdout);
    zc_buf_reset(line);
}

static void list_one(const struct args *a, int trash, const struct zc_kept *k,
                     struct zc_buf *line, struct zc_buf *rest)
{
    char date[ZC_TRASH_DATE_SIZE];
    struct zc_stat st;
    zc_auto_free char *target = NULL;
    if (zc_restore_look(trash, k, &st, &target))
        return; /* it has gone meanwhile */
    zc_trash_name(k->date, date);
    const struct zc_item item = {.path = k->path,
                                 .mode = st.mode,
                                 .size = st.size,
                                 .uid = st.uid,
                                 .gid = st.gid,
                                 .mtime_s = st.mtime_s,
                                 .mtime_ns = st.mtime_ns,
                                 .link_target = target};
    zc_listing_put(rest, &item, a->json);
    zc_buf_printf(line, a->json ? "{\"lost\":\"%s\"," : "%s  ", date);
    size_t skip = a->json && rest->len ? 1 : 0; /* its brace */
    zc_buf_put(line, rest->data + skip, rest->len - skip);
    zc_buf_reset(rest);
    put_line(line);
}

static void list(const struct args *a, int trash, const zc_kept_list *all)
{
    struct zc_buf line = ZC_BUF_INIT, rest = ZC_BUF_INIT;
    for (size_t i = 0; i < all->len; i++)
        list_one(a, trash, &all->v[i], &line, &rest);
    zc_buf_fini(&line);
    zc_buf_fini(&rest);
}

static void on_back(void *arg, const struct zc_kept *k)
{
    const struct args *a = arg;
    struct zc_buf line = ZC_BUF_INIT;
    zc_text_name(&line, k->path);
    if (k->dir)
        zc_buf_u8(&line, '/');
    if (!a->quiet)
        put_line(&line);
    zc_buf_fini(&line);
}

static void on_failed(void *arg, const struct zc_kept *k, const char *why)
{
    struct zc_buf name = ZC_BUF_INIT;
    (void)arg;
    zc_text_name(&name, k->path);
    zc_buf_u8(&name, '\0');
    fflush(stdout);
    if (!name.failed)
        zc_log(ZC_LOG_ERROR, "%.2000s does not come back: %s",
               (const char *)name.data, why);
    zc_buf_fini(&name);
}

/* --- all together --- */

static int bring_back(const struct args *a, int share, int trash,
                      zc_kept_list *all, struct zc_err *err)
{
    bool made;
    zc_auto_close int to =
        a->to ? zc_root_open_dest(a->to, a->dry ? ZC_ROOT_MAKE_NONE
                                                : ZC_ROOT_MAKE_LAST,
                                  &made, err)
              : -1;
    if (a->to && to < 0)
        return -1;
    struct zc_restore x = {.trash = trash,
                           .root = a->to ? to : share,
                           .elsewhere = a->to,
                           .force = a->force,
                           .dry = a->dry,
                           .back = on_back,
                           .failed = on_failed,
                           .arg = (void *)a,
                           .fresh = -1};
    zc_restore_latest(all);
    size_t failed = zc_restore_run(&x, all);
    return failed ? zc_err_set(err, ZC_EXIT_PARTIAL, 0,
                               "%zu of %zu did not come back", failed, all->len)
                  : 0;
}

/* What is kept of PATH in the share that is open as ROOT. */
static int work(const struct args *a, int root, const char *path,
                const char *date, struct zc_err *err)
{
    zc_kept_list all = {0};
    bool lists = a->list || (!*path && !*date);
    zc_auto_close int trash = zc_trash_open(root, false);
    if (trash < 0 && errno == EPERM)
        return zc_err_set(err, ZC_EXIT_SELECT, 0,
                          "the trash of %s is somebody else's: restore is for "
                          "the user who runs the receiver",
                          a->operands.v[0]);
    if (trash < 0 && errno != ENOENT)
        return zc_err_set(err, ZC_EXIT_SELECT, errno,
                          "cannot open the trash of %s", a->operands.v[0]);
    int bad = trash < 0 ? 0 : zc_restore_find(trash, path, date, &all, err);
    if (!bad && lists)
        list(a, trash, &all);
    else if (!bad && !all.len)
        bad = zc_err_set(err, ZC_EXIT_SELECT, 0,
                         "nothing is kept of %s in %s%s%s%s",
                         *path ? path : "all", a->operands.v[0],
                         *date ? " that was lost in " : "", date,
                         *date ? "" : " ('zcsync restore --list' shows what "
                                      "is)");
    else if (!bad)
        bad = bring_back(a, root, trash, &all, err);
    zc_kept_free(&all);
    return bad;
}

static int restore(const struct args *a, struct zc_err *err)
{
    char date[ZC_TRASH_DATE_SIZE] = "";
    const char *asked = a->operands.len > 1 ? a->operands.v[1] : "";
    if (a->from && take_date(a->from, date, err))
        return -1;
    zc_auto_free char *share = share_path(a, a->operands.v[0], err);
    zc_auto_free char *path = share ? path_below(share, asked, err) : NULL;
    zc_auto_close int root = path ? zc_root_open(share, err) : -1;
    return root < 0 ? -1 : work(a, root, path, date, err);
}

int zc_cmd_restore(int argc, char **argv)
{
    char *name = "restore";
    struct args a = {.config = ZC_CONF_DEFAULT};
    struct zc_err err;
    int code = ZC_EXIT_OK;
    if (zc_opt_parse(&table, argc, argv, zc_opt_fill, &a, &a.operands, &err)) {
        code = zc_cli_usage(name, &err);
    } else if (a.help) {
        code = zc_cmd_help(1, &name);
    } else if (a.operands.len < 1 || a.operands.len > 2 ||
               !*a.operands.v[0]) {
        zc_err_set(&err, ZC_EXIT_USAGE, 0,
                   "takes one SHARE, and perhaps a PATH (see 'zcsync restore "
                   "--help')");
        code = zc_cli_usage(name, &err);
    } else if (restore(&a, &err)) {
        code = zc_cli_usage(name, &err);
        zc_cli_written();
    } else {
        code = zc_cli_written();
    }
    zc_vec_fini(&a.operands);
    return code;
}
