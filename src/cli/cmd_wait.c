// SPDX-License-Identifier: GPL-2.0-or-later
/* `zcsync wait`: returns when the peers have what is there now. */
#include "base/log.h"
#include "cli/cli.h"
#include "cli/signals.h"
#include "daemon/conf_types.h"
#include "daemon/control_client.h"

struct wait_args {
    const char *control;
    unsigned timeout_s;
    bool help;
    zc_operands operands;
};

static const struct zc_opt rows[] = {
    {.help = "Options:"},
    {.name = "timeout",
     .value = "SECONDS",
     .negatable = true,
     ZC_OPT_INTO(SECONDS, struct wait_args, timeout_s),
     .help = "give up after so long, say what is missing and\n"
             "exit with 30 (default: wait for ever)"},
    {.name = "control",
     .value = "PATH",
     ZC_OPT_INTO(TEXT, struct wait_args, control),
     .help = "zcsyncd's socket instead of\n" ZC_CONTROL_DEFAULT},
    {.name = "help", ZC_OPT_INTO(FLAG, struct wait_args, help),
     .help = "show this"},
};

static const struct zc_opt_table table = {
    .command = "wait", .rows = rows, .n_rows = ZC_ARRAY_LEN(rows)};

void zc_help_wait(FILE *to)
{
    fputs("usage: zcsync wait [OPTION]... [MIRROR[@PEER]]\n\n"
          "Returns when everything that was written to the source of MIRROR\n"
          "before this call is on stable storage at PEER (as in the\n"
          "configuration's 'to', or the part of it before '::'). Without\n"
          "PEER: at all of them; without MIRROR: for all mirrors.\n",
          to);
    zc_opt_print(&table, to);
}

static int run(const struct wait_args *a)
{
    const char *what = a->operands.len ? a->operands.v[0] : "";
    zc_missings missing = {0};
    struct zc_err err = {0};
    int stop_fd = zc_signals_fd();
    zc_signals_graceful(stop_fd >= 0);
    zc_signals_catch();
    int r = zc_control_ask(a->control, ZC_CONTROL_WAIT, what, a->timeout_s,
                           stop_fd, &missing, &err);
    size_t told = 0;
    if (r && (err.code == ZC_EXIT_TIMEOUT || err.code == ZC_EXIT_SIGNAL))
        for (size_t i = 0; i < missing.len; i++) {
            if (!*missing.v[i].text)
                continue;
            zc_log(ZC_LOG_ERROR, "%s: %s", missing.v[i].mirror,
                   missing.v[i].text);
            told++;
        }
    zc_missings_fini(&missing);
    if (r == 0)
        return ZC_EXIT_OK;
    if (err.code == ZC_EXIT_SIGNAL && zc_signals_name()) {
        zc_log(ZC_LOG_ERROR, "interrupted by signal %s", zc_signals_name());
        return ZC_EXIT_SIGNAL;
    }
    return told ? (int)err.code : zc_cli_usage("wait", &err);
}

int zc_cmd_wait(int argc, char **argv)
{
    struct wait_args a = {.control = ZC_CONTROL_DEFAULT};
    struct zc_err err;
    int code;
    if (zc_opt_parse(&table, argc, argv, zc_opt_fill, &a, &a.operands, &err)) {
        code = zc_cli_usage("wait", &err);
    } else if (a.help) {
        char *name = "wait";
        code = zc_cmd_help(1, &name);
    } else if (a.operands.len > 1) {
        zc_err_set(&err, ZC_EXIT_USAGE, 0,
                   "takes one MIRROR, but got '%s' as well (see 'zcsync wait "
                   "--help')", a.operands.v[1]);
        code = zc_cli_usage("wait", &err);
    } else {
        code = run(&a);
    }
    zc_vec_fini(&a.operands);
    return code;
}
