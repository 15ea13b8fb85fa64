// SPDX-License-Identifier: GPL-2.0-or-later
/* `zcsync serve`: its options and shares, checked; daemon/serve.h does it. */
#include "base/log.h"
#include "cli/cli.h"
#include "daemon/sandbox.h"
#include "daemon/serve.h"
#include "net/endpoint.h"

#include <fcntl.h>
#include <string.h>

struct serve_args {
    struct zc_serve_options opt;
    bool read_only, stdio, help;
    unsigned verbose;
    zc_operands operands; /* NAME=PATH, cut at the '=' when they are taken */
    ZC_VEC(struct zc_share) shares;
};

enum serve_opt_id { OPT_FLAG, OPT_LISTEN, OPT_TIMEOUT, OPT_VERBOSE };

#define FLAG(n, field, text)                                                 \
    {.name = (n), .id = OPT_FLAG,                                            \
     .data = offsetof(struct serve_args, field), .help = (text)}

static const struct zc_opt rows[] = {
    {.help = "Options:"},
    {.name = "listen",
     .value = "ADDR:PORT",
     .id = OPT_LISTEN,
     .help = "where to listen (default 127.0.0.1:8730;\n"
             "port 0 is any free one)"},
    FLAG("plain", opt.plain,
         "allow an address that other hosts can reach:\n"
         "nothing is encrypted, nobody is asked who he is"),
    FLAG("read-only", read_only, "let only dry runs and diff in"),
    FLAG("stdio", stdio, "one session on standard input and output"),
    {.name = "timeout",
     .value = "SECONDS",
     .negatable = true,
     .id = OPT_TIMEOUT,
     .help = "end a session whose peer is silent for so long"},
    {.letter = 'v',
     .name = "verbose",
     .id = OPT_VERBOSE,
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

static int take(void *arg, const struct zc_opt *opt, const char *spelled,
                const char *value, bool on, struct zc_err *err)
{
    struct serve_args *a = arg;
    uint64_t n = 0;
    switch (opt->id) {
    case OPT_FLAG:
        *(bool *)((char *)a + opt->data) = on;
        return 0;
    case OPT_LISTEN:
        a->opt.listen = value;
        return 0;
    case OPT_TIMEOUT:
        if (value && zc_opt_number(spelled, value, 366 * 86400, &n, err))
            return -1;
        a->opt.receive.timeout_s = (unsigned)n;
        return 0;
    case OPT_VERBOSE:
        a->verbose++;
        return 0;
    }
    return 0;
}

static int add_share(struct serve_args *a, char *word, struct zc_err *err)
{
    char *equals = strchr(word, '=');
    if (!equals || equals == word || !equals[1])
        return zc_err_set(err, ZC_EXIT_USAGE, 0, "'%s' is not NAME=PATH", word);
    *equals = '\0';
    struct zc_share s = {
        .name = word, .path = equals + 1, .read_only = a->read_only};
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

static int check(struct serve_args *a, struct zc_err *err)
{
    if (a->operands.len == 0)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "NAME=PATH is missing (see 'zcsync serve --help')");
    if (a->stdio && (a->opt.listen || a->opt.plain))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--stdio goes with neither --listen nor --plain");
    for (size_t i = 0; i < a->operands.len; i++)
        if (add_share(a, a->operands.v[i], err))
            return -1;
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
    int r = a->stdio ? zc_serve_stdio(&a->opt.receive, &err)
                     : zc_serve_run(&a->opt, &err);
    if (r == 0)
        return ZC_EXIT_OK;
    zc_log(ZC_LOG_ERROR, "%s", err.text);
    return err.code;
}

int zc_cmd_serve(int argc, char **argv)
{
    struct serve_args a = {0};
    struct zc_err err;
    int code;
    if (zc_opt_parse(&table, argc, argv, take, &a, &a.operands, &err) ||
        (!a.help && check(&a, &err))) {
        code = zc_cli_usage("serve", &err);
    } else if (a.help) {
        char *name = "serve";
        code = zc_cmd_help(1, &name);
    } else {
        code = serve(&a);
    }
    zc_vec_fini(&a.operands);
    zc_vec_fini(&a.shares);
    return code;
}
