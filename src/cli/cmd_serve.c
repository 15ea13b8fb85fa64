// SPDX-License-Identifier: GPL-2.0-or-later
/* `zcsync serve`: its options and shares, checked; daemon/serve.h does it. */
#include "base/log.h"
#include "cli/cli.h"
#include "cli/security.h"
#include "daemon/lanes.h"
#include "daemon/sandbox.h"
#include "daemon/serve.h"
#include "fs/idmap.h"
#include "net/endpoint.h"

#include <fcntl.h>
#include <string.h>

struct serve_key {
    uint8_t key[ZC_KEY_SIZE];
};

struct serve_args {
    struct zc_serve_options opt;
    bool read_only, readable, fake_super, stdio, direct, lane, help;
    struct zc_require require; /* of each share */
    unsigned verbose;
    const char *identity, *known_peers;
    ZC_VEC(const char *) peer_keys; /* as they were written */
    ZC_VEC(struct serve_key) keys;  /* what they are */
    ZC_VEC(uint32_t) users;
    bool any_user, trust;
    zc_operands operands; /* NAME=PATH, cut at the '=' when they are taken */
    ZC_VEC(struct zc_share) shares;
};

enum serve_opt_id {
    OPT_KTLS = ZC_OPT_OWN,
    OPT_PEER_KEY,
    OPT_PLAIN_USER,
    OPT_REQUIRE_MOUNT,
    OPT_REQUIRE_FILE
};

#define FLAG(n, field, text)                                                 \
    {.name = (n), ZC_OPT_INTO(FLAG, struct serve_args, field),               \
     .help = (text)}

static const struct zc_opt rows[] = {
    {.help = "Options:"},
    {.name = "listen",
     .value = "ADDR:PORT|/PATH",
     ZC_OPT_INTO(TEXT, struct serve_args, opt.listen),
     .help = "where to listen (default 127.0.0.1:8730;\n"
             "port 0 is any free one); or the path of a\n"
             "socket, for this machine only"},
    {.name = "peer-key",
     .value = "KEY",
     .id = OPT_PEER_KEY,
     .help = "let in who has this public key, or the one\n"
             "known under this name, encrypted, and nobody\n"
             "else; may be repeated"},
    {.name = "identity",
     .value = "FILE",
     ZC_OPT_INTO(TEXT, struct serve_args, identity),
     .help = "our private key, for that (default\n"
             "~/.config/zcsync/" ZC_IDENTITY_NAME ")"},
    {.name = "known-peers",
     .value = "FILE",
     ZC_OPT_INTO(TEXT, struct serve_args, known_peers),
     .help = "the names (default\n"
             "~/.config/zcsync/" ZC_KNOWN_PEERS_NAME ")"},
    {.name = "ktls",
     .negatable = true,
     .id = OPT_KTLS,
     .help = "let the kernel encrypt where it can (the default)"},
    FLAG("plain", opt.plain,
         "without keys: allow an address that other hosts\n"
         "can reach; nothing is encrypted, nobody is\n"
         "asked who he is"),
    {.name = "plain-user",
     .value = "NAME",
     .id = OPT_PLAIN_USER,
     .help = "without keys: let in this user of this machine,\n"
             "too, beside root and our own; 'any': all of\n"
             "them; may be repeated"},
    FLAG("trust", trust,
         "without keys: peers that are not known may set\n"
         "owners, setuid bits, capabilities and devices"),
    FLAG("read-only", read_only, "let only dry runs and diff in"),
    FLAG("readable", readable,
         "let those who may push also pull; with\n"
         "--read-only they may do nothing else"),
    FLAG("fake-super", fake_super,
         "write owners, devices and whatever else takes root\n"
         "down in attributes, and read it there"),
    {.name = "require-mount",
     .value = "WHERE",
     .id = OPT_REQUIRE_MOUNT,
     .help = "let nobody in while nothing is mounted on WHERE:\n"
             "yes (PATH itself), or another path"},
    {.name = "require-file",
     .value = "NAME",
     .id = OPT_REQUIRE_FILE,
     .help = "let nobody in while there is no NAME in PATH"},
    FLAG("stdio", stdio,
         "one session on standard input and output;\n"
         "without NAME=PATH for all files that our user\n"
         "may read and write: what HOST:PATH starts"),
    FLAG("direct", direct,
         "with --stdio: offer a connection of its own for\n"
         "the data"),
    FLAG("lane", lane,
         "with --stdio: standard input is one more channel\n"
         "of a session that has begun over another"),
    {.name = "timeout",
     .value = "SECONDS",
     .negatable = true,
     ZC_OPT_INTO(SECONDS, struct serve_args, opt.receive.timeout_s),
     .help = "end a session whose peer is silent for so long\n"
             "when it should not be (default 60)"},
    {.letter = 'v',
     .name = "verbose",
     ZC_OPT_INTO(COUNT, struct serve_args, verbose),
     .help = "say what happens; twice: more"},
    FLAG("help", help, "show this"),
};

static const struct zc_opt_table table = {
    .command = "serve", .rows = rows, .n_rows = ZC_ARRAY_LEN(rows)};

void zc_help_serve(FILE *to)
{
    fputs("usage: zcsync serve [OPTION]... NAME=PATH...\n\n"
          "Receives what peers push to HOST::NAME into the directory PATH, in\n"
          "the foreground, until SIGTERM or SIGINT. Prints the address when\n"
          "it is ready. A confined child process serves each connection.\n",
          to);
    zc_opt_print(&table, to);
}

static int add_user(struct serve_args *a, const char *name, struct zc_err *err)
{
    uint32_t uid;
    if (strcmp(name, "any") == 0) {
        a->any_user = true;
        return 0;
    }
    if (zc_id_lookup(ZC_ID_USER, name, &uid))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--plain-user: there is no user %.200s here", name);
    return zc_vec_push(&a->users, uid) ? zc_err_nomem(err) : 0;
}

static int take_option(void *arg, const struct zc_opt *opt,
                       const char *spelled, const char *value, bool on,
                       struct zc_err *err)
{
    struct serve_args *a = arg;
    switch (opt->id) {
    case OPT_KTLS:
        a->opt.no_ktls = !on;
        return 0;
    case OPT_PEER_KEY:
        return zc_vec_push(&a->peer_keys, value) ? zc_err_nomem(err) : 0;
    case OPT_PLAIN_USER:
        return add_user(a, value, err);
    case OPT_REQUIRE_MOUNT:
        if (zc_require_take_mount(&a->require, value, err))
            return zc_err_prefix(err, "%s", spelled);
        return 0;
    case OPT_REQUIRE_FILE:
        if (zc_require_take_file(&a->require, value, err))
            return zc_err_prefix(err, "%s", spelled);
        return 0;
    default:
        return zc_opt_fill(a, opt, spelled, value, on, err);
    }
}

static int add_share(struct serve_args *a, char *word, struct zc_err *err)
{
    char *equals = strchr(word, '=');
    if (!equals || equals == word || !equals[1])
        return zc_err_set(err, ZC_EXIT_USAGE, 0, "'%s' is not NAME=PATH", word);
    *equals = '\0';
    struct zc_share s = {
        .name = word, .path = equals + 1, .read_only = a->read_only,
        .readable = a->readable, .fake = a->fake_super, .require = &a->require};
    if (!zc_share_name_ok(s.name, strlen(s.name)))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "'%s' cannot be the name of a share: it must be a "
                          "plain name without '/' and ':'",
                          s.name);
    for (size_t i = 0; i < a->shares.len; i++)
        if (strcmp(a->shares.v[i].name, s.name) == 0)
            return zc_err_set(err, ZC_EXIT_USAGE, 0,
                              "share %s is given twice", s.name);
    zc_auto_close int fd = open(s.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return zc_err_set(err, ZC_EXIT_SELECT, errno, "%s", s.path);
    return zc_vec_push(&a->shares, s) ? zc_err_nomem(err) : 0;
}

static int check_keys(const struct serve_args *a, struct zc_err *err)
{
    bool keys = a->identity || a->peer_keys.len;
    if (a->identity && !a->peer_keys.len)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--identity needs --peer-key: the keys of those who "
                          "may push");
    if (keys && a->opt.plain)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--plain does not go with keys: peers with keys are "
                          "never served in plain");
    if ((keys || a->stdio) && (a->any_user || a->users.len || a->trust))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "%s goes with neither --plain-user nor --trust: it "
                          "is known who pushes", keys ? "--peer-key"
                                                      : "--stdio");
    if (keys && a->stdio)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--stdio takes no keys: who is at the other end is "
                          "known to whoever started it");
    return 0;
}

/* Reads what the options about keys name, and gives all shares the keys. */
static int load_keys(struct serve_args *a, struct zc_err *err)
{
    struct serve_key k;
    for (size_t i = 0; i < a->peer_keys.len; i++)
        if (zc_security_key(a->peer_keys.v[i], a->known_peers, k.key, err) ||
            (zc_vec_push(&a->keys, k) && zc_err_nomem(err)))
            return -1;
    if (a->keys.len == 0)
        return 0;
    if (zc_security_identity(a->identity, &a->opt.identity, err))
        return -1;
    if (!a->opt.identity)
        return zc_err_set(err, ZC_EXIT_START, 0,
                          "--peer-key needs a key of our own: 'zcsync keygen' "
                          "makes one");
    for (size_t i = 0; i < a->shares.len; i++) {
        a->shares.v[i].keys = &a->keys.v[0].key;
        a->shares.v[i].n_keys = a->keys.len;
    }
    return 0;
}

static int check(struct serve_args *a, struct zc_err *err)
{
    a->opt.receive.own = a->stdio && a->operands.len == 0;
    a->opt.receive.own_read_only = a->read_only;
    if (a->operands.len == 0 && !a->stdio)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "NAME=PATH is missing (see 'zcsync serve --help')");
    if (a->direct && !a->stdio)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--direct is for --stdio: others connect anyway");
    if (a->lane && !a->stdio)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--lane is for --stdio: others have one connection");
    if (a->stdio && (a->opt.listen || a->opt.plain))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--stdio goes with neither --listen nor --plain");
    if (check_keys(a, err))
        return -1;
    for (size_t i = 0; i < a->operands.len; i++)
        if (add_share(a, a->operands.v[i], err))
            return -1;
    if (load_keys(a, err))
        return -1;
    for (size_t i = 0; i < a->shares.len; i++) {
        a->shares.v[i].users = a->users.v;
        a->shares.v[i].n_users = a->users.len;
        a->shares.v[i].any_user = a->any_user;
        a->shares.v[i].trust = a->trust;
    }
    a->opt.receive.shares = a->shares.v;
    a->opt.receive.n_shares = a->shares.len;
    a->opt.receive.confine = zc_sandbox_enter;
    return 0;
}

static int serve(struct serve_args *a)
{
    struct zc_err err;
    if (a->verbose)
        zc_log_level = a->verbose > 1 ? ZC_LOG_DEBUG : ZC_LOG_INFO;
    int r = a->lane    ? zc_lanes_join(&err)
            : a->stdio ? zc_serve_stdio(&a->opt.receive, a->direct, &err)
                     : zc_serve_run(&a->opt, &err);
    if (r == 0)
        return ZC_EXIT_OK;
    /* Who has started it by a remote shell is told over the connection, and has
     * the same standard error. */
    if (!a->opt.receive.own || a->verbose)
        zc_log(ZC_LOG_ERROR, "%s", err.text);
    return err.code;
}

int zc_cmd_serve(int argc, char **argv)
{
    struct serve_args a = {.opt.receive.timeout_s = ZC_LASTING_TIMEOUT_S};
    struct zc_err err;
    int code;
    if (zc_opt_parse(&table, argc, argv, take_option, &a, &a.operands, &err) ||
        (!a.help && check(&a, &err))) {
        code = zc_cli_usage("serve", &err);
    } else if (a.help) {
        char *name = "serve";
        code = zc_cmd_help(1, &name);
    } else {
        code = serve(&a);
    }
    zc_identity_free(a.opt.identity);
    zc_require_fini(&a.require);
    zc_vec_fini(&a.operands);
    zc_vec_fini(&a.shares);
    zc_vec_fini(&a.peer_keys);
    zc_vec_fini(&a.keys);
    zc_vec_fini(&a.users);
    return code;
}
