// SPDX-License-Identifier: GPL-2.0-or-later
/* `zcsync ls`: the shares of a host, or what is in a directory there. */
#include "base/log.h"
#include "base/text.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/listing.h"
#include "cli/ls.h"
#include "cli/push_opts.h"
#include "cli/push_places.h"
#include "cli/push_table.h"
#include "cli/security.h"
#include "daemon/remote.h"
#include "daemon/sandbox.h"
#include "session/look.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

void zc_help_ls(FILE *to)
{
    fputs("usage: zcsync ls [OPTION]... PLACE\n\n"
          "Lists what is in a directory on another host, or the file, as ls -l\n"
          "would: HOST::SHARE[/PATH], zcsync://HOST[:PORT]/SHARE[/PATH],\n"
          "[USER@]HOST:PATH. HOST:: or zcsync://HOST[:PORT] lists the shares\n"
          "that we may see, and whether we may push and pull.\n",
          to);
    zc_opt_print(zc_push_opt_table(ZC_AS_LS), to);
}

/* --- where --- */

/* HOST::, zcsync://HOST[:PORT][/], zcsync://[/SOCKET][/] */
bool zc_ls_means_shares(const char *text)
{
    static const char scheme[] = "zcsync://";
    size_t n = strlen(text);
    if (strncmp(text, scheme, sizeof scheme - 1) != 0)
        return n > 2 && strcmp(text + n - 2, "::") == 0;
    const char *host = text + sizeof scheme - 1;
    host = *host == '[' ? strchr(host, ']') : host;
    const char *slash = host ? strchr(host, '/') : NULL;
    return host && (!slash || !slash[1]);
}

/* The parser of places wants a share, so it gets one that is taken off again. */
static int parse_place(const struct zc_push_args *args, const char *text,
                       struct zc_endpoint *at, struct zc_err *err)
{
    bool none = zc_ls_means_shares(text), url = strstr(text, "://");
    char last = *text ? text[strlen(text) - 1] : '\0';
    zc_auto_free char *whole = NULL;
    if (asprintf(&whole, "%s%s%s", text, none && url && last != '/' ? "/" : "",
                 none ? "x" : "") < 0) {
        whole = NULL;
        return zc_err_nomem(err);
    }
    if (zc_endpoint_parse(whole, at, err))
        return -1;
    if (zc_push_args_reach(args, whole, at, err)) {
        zc_endpoint_fini(at);
        return -1;
    }
    if (none && at->kind == ZC_AT_DAEMON)
        at->share[0] = '\0';
    return 0;
}

static struct zc_bytes bytes(const char *text)
{
    return (struct zc_bytes){(const uint8_t *)text, strlen(text)};
}

/* --- what is there --- */

struct printer {
    const struct zc_push_args *args;
    const char *place;
    struct zc_buf line;
};

static void put(struct printer *p)
{
    zc_buf_put_str(&p->line, "\n");
    if (!p->line.failed)
        fwrite(p->line.data, 1, p->line.len, stdout);
    zc_buf_reset(&p->line);
}

static void on_share(void *arg, const char *name, unsigned uses)
{
    static const char *const words[] = {"-", "push", "pull", "push, pull"};
    struct printer *p = arg;
    if (p->args->json) {
        zc_buf_put_str(&p->line, "{\"type\":\"share\"");
        zc_text_json_field(&p->line, "name", name);
        zc_buf_printf(&p->line, ",\"push\":%s,\"pull\":%s}",
                      uses & ZC_SHARE_PUSH ? "true" : "false",
                      uses & ZC_SHARE_PULL ? "true" : "false");
    } else {
        zc_text_name(&p->line, name);
        zc_buf_printf(&p->line, "\t%s", words[uses & 3]);
    }
    put(p);
}

static void on_item(void *arg, const struct zc_item *item)
{
    struct printer *p = arg;
    zc_listing_put(&p->line, item, p->args->json);
    put(p);
}

static void on_trouble(void *arg, enum zc_trouble kind, const char *what,
                       const char *path, int eno)
{
    const struct printer *p = arg;
    (void)kind;
    fflush(stdout);
    zc_log(ZC_LOG_ERROR, "%.1000s%s%.1000s: could not %.300s%s%s", p->place,
           *path ? "/" : "", path, what, eno ? ": " : "",
           eno ? strerror(eno) : "");
}

/* All that is left to do is to listen to a daemon, and to print what it says.
 * Another program that carries its words, and has to be ended, is not in reach
 * then. */
static int confine(const struct zc_endpoint *at, struct zc_err *err)
{
    if (at->kind != ZC_AT_DAEMON)
        return 0;
    tzset();
    zc_auto_close int zones = open("/usr/share/zoneinfo",
                                   O_PATH | O_DIRECTORY | O_CLOEXEC);
    const struct zc_tree_access tree = {zones, ZC_ACCESS_READ};
    return zc_sandbox_enter(&tree, zones >= 0, err);
}

static enum zc_exit list(const struct zc_push_args *a,
                         const struct zc_endpoint *at, struct zc_err *err)
{
    static atomic_bool stop; /* signals end us as they do others */
    const char *place = a->operands.v[0];
    struct printer p = {a, place, ZC_BUF_INIT};
    const struct zc_events events = {
        .item = on_item, .trouble = on_trouble, .arg = &p};
    const struct zc_msg_look what = {
        .own = at->kind == ZC_AT_SSH,
        .share = bytes(at->kind == ZC_AT_SSH ? "" : at->share),
        .path = bytes(at->path)};
    struct zc_remote remote = {.args = &a->remote,
                               .accept_new = a->security.accept_new,
                               .ask = zc_ask_for_ssh,
                               .stop = &stop};
    const struct zc_reach way = {.at = at,
                                 .role = ZC_ROLE_RECEIVER,
                                 .contimeout_s = a->contimeout_s,
                                 .timeout_s = a->opt.timeout_s,
                                 .remote = zc_remote_start,
                                 .explain = zc_remote_explain,
                                 .remote_arg = &remote};
    struct zc_reached peer = {0};
    struct zc_trust *trust = zc_trust_new(&a->security, &stop, err);
    enum zc_exit code = ZC_EXIT_START;
    if (!trust || zc_trust_reach(trust, &way, place, &peer, err) ||
        confine(at, err))
        code = err->code;
    else
        code = zc_look(peer.t, &what, on_share, &events, err);
    zc_reached_end(&peer);
    zc_trust_free(trust);
    zc_buf_fini(&p.line);
    return code;
}

int zc_ls_run(const struct zc_push_args *a)
{
    struct zc_err err = {0};
    struct zc_endpoint at;
    if (parse_place(a, a->operands.v[0], &at, &err))
        return zc_cli_usage("ls", &err);
    if (at.kind == ZC_AT_LOCAL) {
        zc_endpoint_fini(&at);
        zc_err_set(&err, ZC_EXIT_USAGE, 0,
                   "%.300s is on this machine, where ls(1) lists it",
                   a->operands.v[0]);
        return zc_cli_usage("ls", &err);
    }
    enum zc_exit code = list(a, &at, &err);
    zc_endpoint_fini(&at);
    if (fflush(stdout) && code == ZC_EXIT_OK) {
        zc_err_set(&err, ZC_EXIT_FILEIO, errno, "standard output");
        code = ZC_EXIT_FILEIO;
    }
    if (code != ZC_EXIT_OK && code != ZC_EXIT_PARTIAL)
        zc_log(ZC_LOG_ERROR, "%s", err.text);
    return code;
}

int zc_cmd_ls(int argc, char **argv)
{
    struct zc_push_args a;
    struct zc_err err;
    int code;
    if (zc_push_args_parse(&a, ZC_AS_LS, argc, argv, &err)) {
        code = zc_cli_usage("ls", &err);
    } else if (a.help) {
        char *name = "ls";
        code = zc_cmd_help(1, &name);
    } else {
        code = zc_ls_run(&a);
    }
    zc_push_args_fini(&a);
    return code;
}
