// SPDX-License-Identifier: GPL-2.0-or-later
/* `zcsync ls`: the shares of a host, or what is in a directory there. */
#include "base/log.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/itemize.h"
#include "cli/security.h"
#include "cli/text.h"
#include "daemon/remote.h"
#include "session/look.h"
#include "session/options.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SECONDS_MAX (366 * 86400)

struct ls_args {
    struct zc_security_args security;
    struct zc_remote_args remote;
    unsigned timeout_s, contimeout_s;
    bool json, help;
    zc_operands operands;
};

enum ls_opt_id { OPT_FLAG, OPT_TEXT, OPT_SECONDS, OPT_SSH_OPTION };

#define FLAG(n, field, text)                                                 \
    {.name = (n), .id = OPT_FLAG, .data = offsetof(struct ls_args, field),   \
     .help = (text)}
#define TEXT(n, v, field, text)                                              \
    {.name = (n), .value = (v), .id = OPT_TEXT,                              \
     .data = offsetof(struct ls_args, field), .help = (text)}
#define SECONDS(n, field, text)                                              \
    {.name = (n), .value = "SECONDS", .negatable = true, .id = OPT_SECONDS,  \
     .data = offsetof(struct ls_args, field), .help = (text)}

static const struct zc_opt rows[] = {
    {.help = "Options:"},
    FLAG("json", json, "one JSON object a line"),
    SECONDS("timeout", timeout_s,
            "give up when the peer is silent for so long"),
    SECONDS("contimeout", contimeout_s, "give up connecting after so long"),
    {.help = "Where it is HOST:PATH:"},
    {.letter = 'e',
     .name = "rsh",
     .value = "COMMAND",
     .id = OPT_TEXT,
     .data = offsetof(struct ls_args, remote.rsh),
     .help = "reach it by this program"},
    {.name = "ssh-option",
     .value = "KEY=VALUE",
     .id = OPT_SSH_OPTION,
     .help = "a line of ssh_config(5); may be repeated"},
    TEXT("ssh-config", "FILE", remote.config,
         "instead of ~/.ssh/config and the system's"),
    TEXT("jump", "HOSTS", remote.jump, "through these hosts, as ssh -J"),
    TEXT("remote-command", "COMMAND", remote.command,
         "what zcsync is called there"),
    TEXT("rsync-path", "COMMAND", remote.command, "the same"),
    {.help = "Keys, where it is a daemon:"},
    TEXT("identity", "FILE", security.identity, "our private key"),
    TEXT("peer-key", "KEY", security.peer_key,
         "the public key that it has"),
    TEXT("known-peers", "FILE", security.known_peers, "the keys of peers"),
    FLAG("accept-new", security.accept_new,
         "trust the key of one that has none there yet"),
    FLAG("plain", security.plain, "to another machine without keys"),
    FLAG("help", help, "show this"),
};

static const struct zc_opt_table table = {
    .command = "ls", .rows = rows, .n_rows = ZC_ARRAY_LEN(rows)};

void zc_help_ls(FILE *to)
{
    fputs("usage: zcsync ls [OPTION]... PLACE\n\n"
          "Lists what is in a directory on another host, or the file, as ls -l\n"
          "would: HOST::SHARE[/PATH], zcsync://HOST[:PORT]/SHARE[/PATH],\n"
          "[USER@]HOST:PATH. HOST:: or zcsync://HOST[:PORT] lists the shares\n"
          "that we may see, and whether we may push and pull.\n",
          to);
    zc_opt_print(&table, to);
}

static int take_option(void *arg, const struct zc_opt *opt,
                       const char *spelled, const char *value, bool on,
                       struct zc_err *err)
{
    char *at = (char *)arg + opt->data;
    uint64_t n = 0;
    switch (opt->id) {
    case OPT_FLAG:
        *(bool *)at = on;
        return 0;
    case OPT_TEXT:
        *(const char **)at = value;
        return 0;
    case OPT_SSH_OPTION:
        return zc_vec_push(&((struct ls_args *)arg)->remote.lines, value)
                   ? zc_err_nomem(err)
                   : 0;
    }
    if (value && zc_opt_number(spelled, value, SECONDS_MAX, &n, err))
        return -1;
    *(unsigned *)at = (unsigned)n;
    return 0;
}

/* --- where --- */

/* HOST::, zcsync://HOST[:PORT][/], zcsync://[/SOCKET][/] */
static bool names_no_share(const char *text)
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
static int parse_place(const char *text, struct zc_endpoint *at,
                       struct zc_err *err)
{
    if (!names_no_share(text))
        return zc_endpoint_parse(text, at, err);
    zc_auto_free char *whole = NULL;
    char last = text[strlen(text) - 1];
    bool url = strstr(text, "://");
    if (asprintf(&whole, "%s%sx", text, url && last != '/' ? "/" : "") < 0) {
        whole = NULL;
        return zc_err_nomem(err);
    }
    if (zc_endpoint_parse(whole, at, err))
        return -1;
    if (at->kind == ZC_AT_DAEMON)
        at->share[0] = '\0';
    return 0;
}

static struct zc_bytes bytes(const char *text)
{
    return (struct zc_bytes){(const uint8_t *)text, strlen(text)};
}

/* --- what is there --- */

struct printer {
    const struct ls_args *args;
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

static void put_json(struct printer *p, const struct zc_item *item)
{
    char text[ZC_TEXT_MAX];
    zc_buf_put_str(&p->line, "{\"type\":\"entry\"");
    zc_text_json_field(&p->line, "name", item->path);
    zc_buf_printf(&p->line,
                  ",\"kind\":\"%s\",\"size\":%llu,\"mode\":\"%04o\","
                  "\"uid\":%u,\"gid\":%u,\"mtime\":\"%s\"",
                  zc_text_kind(item->mode), (unsigned long long)item->size,
                  item->mode & 07777, item->uid, item->gid,
                  zc_text_utc(text, item->mtime_s, item->mtime_ns));
    if (item->link_target)
        zc_text_json_field(&p->line, "link_target", item->link_target);
    zc_buf_put_str(&p->line, "}");
}

/* As ls -l has it. */
static char type_letter(uint32_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return 'd';
    case S_IFLNK:
        return 'l';
    case S_IFBLK:
        return 'b';
    case S_IFCHR:
        return 'c';
    case S_IFIFO:
        return 'p';
    case S_IFSOCK:
        return 's';
    default:
        return '-';
    }
}

static void put_text(struct printer *p, const struct zc_item *item)
{
    zc_buf_u8(&p->line, (uint8_t)type_letter(item->mode));
    zc_item_format(&p->line, "%B %14'l %M ", item, "", 0);
    zc_text_name(&p->line, item->path);
    if (item->link_target) {
        zc_buf_put_str(&p->line, " -> ");
        zc_text_name(&p->line, item->link_target);
    }
}

static void on_item(void *arg, const struct zc_item *item)
{
    struct printer *p = arg;
    if (p->args->json)
        put_json(p, item);
    else
        put_text(p, item);
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

static enum zc_exit list(const struct ls_args *a, const struct zc_endpoint *at,
                         struct zc_err *err)
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
                                 .timeout_s = a->timeout_s,
                                 .remote = zc_remote_start,
                                 .explain = zc_remote_explain,
                                 .remote_arg = &remote};
    struct zc_reached peer = {0};
    struct zc_trust *trust = zc_trust_new(&a->security, &stop, err);
    enum zc_exit code = ZC_EXIT_START;
    if (!trust || zc_trust_reach(trust, &way, place, &peer, err))
        code = err->code;
    else
        code = zc_look(peer.t, &what, on_share, &events, err);
    zc_reached_end(&peer);
    zc_trust_free(trust);
    zc_buf_fini(&p.line);
    return code;
}

static int run(struct ls_args *a)
{
    struct zc_err err = {0};
    struct zc_endpoint at;
    if (zc_remote_check(&a->remote, &err) ||
        zc_security_check(&a->security, &err) ||
        parse_place(a->operands.v[0], &at, &err))
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
    struct ls_args a = {.timeout_s = ZC_LASTING_TIMEOUT_S,
                        .contimeout_s = ZC_LASTING_CONTIMEOUT_S,
                        .security.ktls = true,
                        .remote.data = ZC_DIRECT_NEVER};
    struct zc_err err;
    int code;
    if (zc_opt_parse(&table, argc, argv, take_option, &a, &a.operands, &err)) {
        code = zc_cli_usage("ls", &err);
    } else if (a.help) {
        char *name = "ls";
        code = zc_cmd_help(1, &name);
    } else if (a.operands.len != 1) {
        zc_err_set(&err, ZC_EXIT_USAGE, 0,
                   "takes one PLACE (see 'zcsync ls --help')");
        code = zc_cli_usage("ls", &err);
    } else {
        code = run(&a);
    }
    zc_vec_fini(&a.operands);
    zc_vec_fini(&a.remote.lines);
    return code;
}
