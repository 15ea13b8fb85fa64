// SPDX-License-Identifier: GPL-2.0-or-later
/* `zcsync pause`, `resume` and `release`: what a running mirror is told. */
#include "cli/ask_daemon.h"
#include "cli/cli.h"
#include "daemon/conf.h"

/* A receiver that hangs in the kernel may never let go. */
#define TIMEOUT_S 60

struct args {
    const char *control;
    unsigned timeout_s;
    bool help;
    zc_operands operands;
};

enum opt_id { OPT_CONTROL, OPT_TIMEOUT, OPT_HELP };

static const struct zc_opt rows[] = {
    {.help = "Options:"},
    {.name = "timeout",
     .value = "SECONDS",
     .negatable = true,
     .id = OPT_TIMEOUT,
     .help = "give up after so long, say what is in the way and\n"
             "exit with 30 (default 60)"},
    {.name = "control",
     .value = "PATH",
     .id = OPT_CONTROL,
     .help = "zcsyncd's socket instead of\n" ZC_CONTROL_DEFAULT},
    {.name = "help", .id = OPT_HELP, .help = "show this"},
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

static int take_option(void *arg, const struct zc_opt *opt,
                       const char *spelled, const char *value, bool on,
                       struct zc_err *err)
{
    struct args *a = arg;
    uint64_t n = 0;
    switch (opt->id) {
    case OPT_CONTROL:
        a->control = value;
        break;
    case OPT_TIMEOUT:
        if (value && zc_opt_number(spelled, value, 366 * 86400, &n, err))
            return -1;
        a->timeout_s = (unsigned)n;
        break;
    case OPT_HELP:
        a->help = on;
        break;
    }
    return 0;
}

static int run(enum zc_control_verb verb, int argc, char **argv)
{
    char *name = (char *)zc_control_verb_name(verb);
    const struct zc_opt_table table = {
        .command = name, .rows = rows, .n_rows = ZC_ARRAY_LEN(rows)};
    struct args a = {.control = ZC_CONTROL_DEFAULT, .timeout_s = TIMEOUT_S};
    struct zc_err err;
    int code;
    if (zc_opt_parse(&table, argc, argv, take_option, &a, &a.operands, &err)) {
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
