// SPDX-License-Identifier: GPL-2.0-or-later
/* `zcsync rescan`: a running mirror compares something now. */
#include "cli/ask_daemon.h"
#include "cli/cli.h"
#include "daemon/conf_types.h"

#include <string.h>

#define TIMEOUT_S 60 /* to be told; not to wait */

struct args {
    const char *control;
    bool wait, help;
    zc_operands operands;
};

static const struct zc_opt rows[] = {
    {.help = "Options:"},
    {.name = "wait",
     ZC_OPT_INTO(FLAG, struct args, wait),
     .help = "return when it is done, and all is on stable\n"
             "storage"},
    {.name = "control",
     .value = "PATH",
     ZC_OPT_INTO(TEXT, struct args, control),
     .help = "zcsyncd's socket instead of\n" ZC_CONTROL_DEFAULT},
    {.name = "help", ZC_OPT_INTO(FLAG, struct args, help), .help = "show this"},
};

static const struct zc_opt_table table = {
    .command = "rescan", .rows = rows, .n_rows = ZC_ARRAY_LEN(rows)};

void zc_help_rescan(FILE *to)
{
    fputs("usage: zcsync rescan [OPTION]... MIRROR[@PEER] [PATH]\n\n"
          "Has zcsyncd compare the source of MIRROR with PEER (all those of\n"
          "MIRROR) now, or only PATH, a file or a directory in it, for changes\n"
          "that make no events. Returns when that has begun.\n",
          to);
    zc_opt_print(&table, to);
}

static int rescan(const struct args *a)
{
    const char *mirror = a->operands.v[0];
    const char *path = a->operands.len > 1 ? a->operands.v[1] : "";
    char what[ZC_CONTROL_LINE_MAX];
    struct zc_err err;
    for (const char *c = path; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            zc_err_set(&err, ZC_EXIT_USAGE, 0,
                       "PATH has a control byte in it: name the directory");
            return zc_cli_usage("rescan", &err);
        }
    int n = snprintf(what, sizeof what, "%zu:%s%s%s", strlen(mirror), mirror,
                     *path ? " " : "", path);
    if (n < 0 || (size_t)n >= sizeof what) {
        zc_err_set(&err, ZC_EXIT_USAGE, 0,
                   "PATH is too long: name a directory above it");
        return zc_cli_usage("rescan", &err);
    }
    int code = zc_cli_ask_daemon("rescan", a->control, ZC_CONTROL_RESCAN, what,
                                 TIMEOUT_S);
    return code || !a->wait ? code
                            : zc_cli_ask_daemon("rescan", a->control,
                                                ZC_CONTROL_WAIT, mirror, 0);
}

int zc_cmd_rescan(int argc, char **argv)
{
    char *name = "rescan";
    struct args a = {.control = ZC_CONTROL_DEFAULT};
    struct zc_err err;
    int code;
    if (zc_opt_parse(&table, argc, argv, zc_opt_fill, &a, &a.operands, &err)) {
        code = zc_cli_usage(name, &err);
    } else if (a.help) {
        code = zc_cmd_help(1, &name);
    } else if (a.operands.len < 1 || a.operands.len > 2 ||
               !*a.operands.v[0]) {
        zc_err_set(&err, ZC_EXIT_USAGE, 0,
                   "takes one MIRROR or MIRROR@PEER, and perhaps a PATH (see "
                   "'zcsync rescan --help')");
        code = zc_cli_usage(name, &err);
    } else {
        code = rescan(&a);
    }
    zc_vec_fini(&a.operands);
    return code;
}
