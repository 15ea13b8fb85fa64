// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line of zcsyncd; daemon/supervisor.h does the rest. */
#include "base/log.h"
#include "cli/cli.h"
#include "daemon/conf_types.h"
#include "daemon/supervisor.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

struct daemon_args {
    const char *file;
    bool check, help, version;
    bool no_detach; /* it never does */
    unsigned quiet, verbose;
    zc_operands operands;
};

static const struct zc_opt rows[] = {
    {.help = "Options:"},
    {.name = "config",
     .value = "FILE",
     ZC_OPT_INTO(TEXT, struct daemon_args, file),
     .help = "instead of " ZC_CONF_DEFAULT},
    {.name = "check",
     ZC_OPT_INTO(FLAG, struct daemon_args, check),
     .help = "only read it, and tell whether it is right"},
    {.name = "no-detach",
     ZC_OPT_INTO(FLAG, struct daemon_args, no_detach),
     .help = "accepted: zcsyncd never detaches"},
    {.letter = 'q',
     .name = "quiet",
     ZC_OPT_INTO(COUNT, struct daemon_args, quiet),
     .help = "log warnings and errors only; twice: errors"},
    {.letter = 'v', .name = "verbose",
     ZC_OPT_INTO(COUNT, struct daemon_args, verbose),
     .help = "log more"},
    {.name = "help", ZC_OPT_INTO(FLAG, struct daemon_args, help),
     .help = "show this"},
    {.name = "version", ZC_OPT_INTO(FLAG, struct daemon_args, version),
     .help = "print the version"},
};

static const struct zc_opt_table table = {.command = "zcsyncd",
                                          .program = "zcsyncd",
                                          .rows = rows,
                                          .n_rows = ZC_ARRAY_LEN(rows)};

static void help(FILE *to)
{
    fputs("usage: zcsyncd [OPTION]...\n\n"
          "Keeps directories mirrored, and receives them, as zcsync.conf(5)\n"
          "says, in the foreground, until SIGTERM or SIGINT. SIGHUP makes it\n"
          "read the file again.\n",
          to);
    zc_opt_print(&table, to);
    fputs("\nSee zcsyncd(8) for signals, sockets and exit codes.\n\n"
          "Example:\n  zcsyncd --check --config=/etc/zcsync/zcsync.conf\n",
          to);
}

/* JOURNAL_STREAM names the device and inode of the journal's socket, and is
 * inherited by whoever redirects standard error, too (systemd.exec(5)). */
static bool stderr_is_journal(void)
{
    const char *text = getenv("JOURNAL_STREAM");
    uintmax_t dev, ino;
    struct stat st;
    return text && sscanf(text, "%ju:%ju", &dev, &ino) == 2 &&
           fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev &&
           st.st_ino == ino;
}

static int run(const struct daemon_args *a)
{
    static const enum zc_log_level levels[] = {ZC_LOG_ERROR, ZC_LOG_WARN,
                                               ZC_LOG_INFO, ZC_LOG_DEBUG};
    struct zc_err err = {0};
    int level = 2 + (int)ZC_MIN(a->verbose, 3U) - (int)ZC_MIN(a->quiet, 5U);
    zc_log_level = levels[ZC_MIN(ZC_MAX(level, 0), 3)];
    if (zc_supervisor_run(a->file, &err) == 0)
        return ZC_EXIT_OK;
    zc_log(ZC_LOG_ERROR, "%s", err.text);
    return err.code;
}

int zc_daemon_main(int argc, char **argv)
{
    struct daemon_args a = {.file = ZC_CONF_DEFAULT};
    struct zc_err err;
    int code;

    zc_cli_begin();
    zc_log_init("zcsyncd", stderr_is_journal());
    int r = zc_opt_parse(&table, argc - 1, argv + 1, zc_opt_fill, &a,
                         &a.operands, &err);
    if (r == 0 && a.operands.len)
        r = zc_err_set(&err, ZC_EXIT_USAGE, 0,
                       "takes no argument, but got '%s' (see 'zcsyncd --help')",
                       a.operands.v[0]);
    zc_vec_fini(&a.operands);
    if (r) {
        zc_log(ZC_LOG_ERROR, "%s", err.text);
        return err.code;
    }
    if (a.help) {
        help(stdout);
        code = zc_cli_written();
    } else if (a.version) {
        puts("zcsyncd " PACKAGE_VERSION);
        code = zc_cli_written();
    } else if (a.check) {
        code = zc_cmd_check_config(2, (char *[]){"--", (char *)a.file});
    } else {
        code = run(&a);
    }
    return code;
}
