// SPDX-License-Identifier: GPL-2.0-or-later
/* `zcsync check-config`: reads zcsync.conf as zcsyncd does, and says what it
 * thinks of it. */
#include "base/log.h"
#include "cli/cli.h"
#include "daemon/conf.h"
#include "daemon/conf_table.h"
#include "daemon/conf_warn.h"

#include <string.h>

/* --help is all there is, and is filled in by itself. */
static const struct zc_opt rows[] = {
    {.help = "Options:"},
    {.name = "help", .id = ZC_OPT_FLAG, .help = "show this"},
};

static const struct zc_opt_table table = {
    .command = "check-config", .rows = rows, .n_rows = ZC_ARRAY_LEN(rows)};

void zc_help_check_config(FILE *to)
{
    fputs("usage: zcsync check-config [FILE]\n\n"
          "Reads the configuration of zcsyncd and tells whether it is right, and\n"
          "what in it is probably not meant, such as paths that are not there.\n"
          "FILE is " ZC_CONF_DEFAULT " unless named.\n",
          to);
    zc_opt_print(&table, to);
    fputs("\nSections and keys of the file:\n", to);
    zc_conf_print_keys(to);
    fputs("\nSee zcsync.conf(5) for what they mean.\n", to);
}

static void tell(void *arg, const char *sentence)
{
    (void)arg;
    zc_log(ZC_LOG_WARN, "%s", sentence);
}

static int check(const char *file)
{
    struct zc_err err;
    struct zc_conf *c = zc_conf_load(file, &err);
    if (!c) {
        zc_log(ZC_LOG_ERROR, "%s", err.text);
        return err.code;
    }
    zc_conf_warn(c, tell, NULL);
    printf("%s: ok: %zu share%s, %zu mirror%s\n", file, c->shares.len,
           c->shares.len == 1 ? "" : "s", c->mirrors.len,
           c->mirrors.len == 1 ? "" : "s");
    zc_conf_free(c);
    return zc_cli_written();
}

int zc_cmd_check_config(int argc, char **argv)
{
    zc_operands operands = {0};
    struct zc_err err;
    bool help = false;
    int code;
    if (zc_opt_parse(&table, argc, argv, zc_opt_fill, &help, &operands,
                     &err)) {
        code = zc_cli_usage("check-config", &err);
    } else if (help) {
        char *name = "check-config";
        code = zc_cmd_help(1, &name);
    } else if (operands.len > 1) {
        zc_err_set(&err, ZC_EXIT_USAGE, 0,
                   "takes one file, but got '%s' as well (see 'zcsync "
                   "check-config --help')",
                   operands.v[1]);
        code = zc_cli_usage("check-config", &err);
    } else {
        code = check(operands.len ? operands.v[0] : ZC_CONF_DEFAULT);
    }
    zc_vec_fini(&operands);
    return code;
}
