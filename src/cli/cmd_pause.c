// SPDX-License-Identifier: GPL-2.0-or-later
/* `zcsync pause`, `resume` and `release`: what a running mirror is told. */
#include "cli/ask_daemon.h"
#include "cli/cli.h"
#include "daemon/conf_types.h"

/* A receiver that hangs in the kernel may never let go. */
#define TIMEOUT_S 60

struct args {
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
     ZC_OPT_INTO(SECONDS, struct args, timeout_s),
     .help = "give up after so long, say what is in the way and\n"
             "exit with 30 (default 60)"},
    {.name = "control",
     .value = "PATH",
     ZC_OPT_INTO(TEXT, struct args, control),
     .help = "zcsyncd's socket instead of\n" ZC_CONTROL_DEFAULT},
    {.name = "help", ZC_OPT_INTO(FLAG, struct args, help), .help = "show this"},
};

void zc_help_pause(FILE *to)
{
    const struct zc_opt_table t = {
        .command = "pause", .rows = rows, .n_rows = ZC_ARRAY_LEN(rows)};
    fputs("usage: zcsync pause [OPTION]... MIRROR[@PEER]\n\n"
          "Has zcsyncd let go of PEER (all those of MIRROR), a file system that\n"
          "is to be unmounted, say: returns when nothing is open there any\n"
          "more. Nothing is sent there before 'zcsync resume' or until zcsyncd\n"
          "is started anew; a reload keeps it.\n",
          to);
    zc_opt_print(&t, to);
}

void zc_help_resume(FILE *to)
{
    const struct zc_opt_table t = {
        .command = "resume", .rows = rows, .n_rows = ZC_ARRAY_LEN(rows)};
    fputs("usage: zcsync resume [OPTION]... MIRROR[@PEER]\n\n"
          "Ends what 'zcsync pause' began: everything is compared, and sent on\n"
          "from there.\n",
          to);
    zc_opt_print(&t, to);
}

void zc_help_release(FILE *to)
{
    const struct zc_opt_table t = {
        .command = "release", .rows = rows, .n_rows = ZC_ARRAY_LEN(rows)};
    fputs("usage: zcsync release [OPTION]... MIRROR[@PEER]\n\n"
          "Where 'zcsync status' says that too much would be deleted at PEER:\n"
          "lets it be deleted, this once, whatever 'max delete' says.\n",
          to);
    zc_opt_print(&t, to);
}

static int run(enum zc_control_verb verb, int argc, char **argv)
{
    char *name = (char *)zc_control_verb_name(verb);
    const struct zc_opt_table table = {
        .command = name, .rows = rows, .n_rows = ZC_ARRAY_LEN(rows)};
    struct args a = {.control = ZC_CONTROL_DEFAULT, .timeout_s = TIMEOUT_S};
    struct zc_err err;
    int code;
    if (zc_opt_parse(&table, argc, argv, zc_opt_fill, &a, &a.operands, &err)) {
        code = zc_cli_usage(name, &err);
    } else if (a.help) {
        code = zc_cmd_help(1, &name);
    } else if (a.operands.len != 1 || !*a.operands.v[0]) {
        zc_err_set(&err, ZC_EXIT_USAGE, 0,
                   "takes one MIRROR or MIRROR@PEER (see 'zcsync %s --help')",
                   name);
        code = zc_cli_usage(name, &err);
    } else {
        code = zc_cli_ask_daemon(name, a.control, verb, a.operands.v[0],
                                 a.timeout_s);
    }
    zc_vec_fini(&a.operands);
    return code;
}

int zc_cmd_pause(int argc, char **argv)
{
    return run(ZC_CONTROL_PAUSE, argc, argv);
}

int zc_cmd_resume(int argc, char **argv)
{
    return run(ZC_CONTROL_RESUME, argc, argv);
}

int zc_cmd_release(int argc, char **argv)
{
    return run(ZC_CONTROL_RELEASE, argc, argv);
}
