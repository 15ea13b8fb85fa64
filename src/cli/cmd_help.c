// SPDX-License-Identifier: GPL-2.0-or-later
/* `zcsync help` and `zcsync version`, and the texts of --help; see cli.h. */
#include "base/log.h"
#include "cli/cli.h"
#include "cli/pipe.h"
#include "cli/push_table.h"

#include <string.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

int zc_cli_written(void)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return ZC_EXIT_OK;
    if (zc_pipe_gone(STDOUT_FILENO))
        return zc_pipe_die();
    zc_log(ZC_LOG_ERROR, "standard output: %s",
           strerror(errno ? errno : EIO));
    return ZC_EXIT_FILEIO;
}

void zc_help_push(FILE *to)
{
    fputs(
        "usage: zcsync push [OPTION]... SRC... DEST\n\n"
        "Copies SRC to DEST with all metadata, sending what differs; when\n"
        "zcsync exits 0, it is on stable storage. What only DEST has stays\n"
        "there without --delete. SRC is local. DEST is one of\n"
        "  DIR or FILE                       on this machine\n"
        "  HOST::SHARE[/SUB]                 a peer that runs 'zcsync serve'\n"
        "  [USER@]HOST:PATH                  over SSH, where zcsync is "
        "installed\n"
        "  zcsync://HOST[:PORT]/SHARE[/SUB]  the same\n"
        "  zcsync://[/SOCKET]/SHARE[/SUB]    the same, by a socket of this "
        "machine\n"
        "A directory SRC is copied onto DEST itself, with or without a slash\n"
        "at its end (this differs from rsync); a file SRC goes into DEST if\n"
        "that is a directory or ends in a slash, else to that name. Several\n"
        "SRC go to DEST/NAME each, or onto DEST with a slash at their end.\n",
        to);
    zc_opt_print(zc_push_opt_table(ZC_AS_PUSH), to);
    fputs("\nSee zcsync(1) for filter rules, sizes and exit codes.\n", to);
}

void zc_help_pull(FILE *to)
{
    fputs(
        "usage: zcsync pull [OPTION]... SRC... DEST\n\n"
        "Copies SRC, which is on another host, to DEST, which is on this one:\n"
        "'zcsync push' the other way round, with the same options and the same\n"
        "exit codes. SRC is one of\n"
        "  [USER@]HOST:PATH                  over SSH, where zcsync is "
        "installed\n"
        "  HOST::SHARE[/SUB]                 a peer whose share may be read by "
        "us\n"
        "  zcsync://HOST[:PORT]/SHARE[/SUB]  the same\n"
        "A directory SRC is copied onto DEST itself, with or without a slash\n"
        "at its end; a file SRC goes into DEST if that is a directory or ends\n"
        "in a slash, else to that name. Of several SRC each is a name in DEST.\n"
        "\nExample: zcsync pull --delete web1:/srv/www /srv/www\n",
        to);
    zc_opt_print(zc_push_opt_table(ZC_AS_PULL), to);
    fputs("\nSee zcsync(1) for filter rules, sizes and exit codes.\n", to);
}

void zc_help_diff(FILE *to)
{
    fputs(
        "usage: zcsync diff [OPTION]... SRC... DEST\n\n"
        "Prints what 'zcsync push' with the same options would change, as\n"
        "push -n -i does, and changes nothing. Exits 0 when there is nothing\n"
        "to change and 1 when there is. What only DEST has counts with\n"
        "--delete.\n",
        to);
    zc_opt_print(zc_push_opt_table(ZC_AS_DIFF), to);
    fputs("\nSee zcsync(1) for filter rules, sizes and exit codes.\n", to);
}

void zc_help_verify(FILE *to)
{
    fputs(
        "usage: zcsync verify [OPTION]... SRC... DEST\n"
        "       zcsync verify [--control=PATH] MIRROR[@PEER]\n\n"
        "Reads all files again, at both ends, and compares their content, so\n"
        "that one that is damaged on a disk, with the size and time it had, is\n"
        "found. Prints what differs, as 'zcsync diff' does, and changes\n"
        "nothing. Exits 0 when nothing differs, 1 when something does, and 23\n"
        "when something could not be read. With --repair what differs is sent\n"
        "from SRC to DEST, and 0 means that DEST is equal to SRC now. Which of\n"
        "the two was damaged is not known. SRC and DEST are written as for\n"
        "'zcsync push' and 'zcsync pull'.\n"
        "With MIRROR, zcsyncd verifies that one now, as 'verify =' in\n"
        "zcsync.conf says; 'zcsync status' tells what has come of it.\n",
        to);
    zc_opt_print(zc_push_opt_table(ZC_AS_VERIFY), to);
    fputs("\nSee zcsync(1) for filter rules, sizes and exit codes.\n", to);
}

void zc_help_mirror(FILE *to)
{
    fputs(
        "usage: zcsync mirror [OPTION]... SRC DEST...\n\n"
        "Makes every DEST equal to the directory SRC, and keeps them equal, in\n"
        "the foreground, until SIGTERM or SIGINT: what changes in SRC is sent at\n"
        "once, what is deleted there is deleted. A DEST that cannot be reached\n"
        "is tried again and compared when it is back. DEST is written as for\n"
        "'zcsync push'.\n",
        to);
    zc_opt_print(zc_push_opt_table(ZC_AS_MIRROR), to);
    fputs("\nSee zcsync(1) for filter rules, sizes and exit codes.\n", to);
}

void zc_help_help(FILE *to)
{
    fputs("usage: zcsync COMMAND [OPTION]... [ARGUMENT]...\n\n"
          "zcsync makes directories equal, on one machine or between two.\n\n",
          to);
    for (const struct zc_command *c = zc_commands; c->name; c++)
        fprintf(to, "  zcsync %-12s %-25s %s\n", c->name, c->synopsis,
                c->summary);
    fputs("\n'zcsync help COMMAND' or 'zcsync COMMAND --help' tells more, and\n"
          "zcsync(1) the rest.\n",
          to);
}

void zc_help_version(FILE *to)
{
    fputs("usage: zcsync version\n\nPrints the version of zcsync.\n", to);
}

int zc_cmd_help(int argc, char **argv)
{
    const char *name = argc > 0 ? argv[0] : "help";
    struct zc_err err;
    if (strcmp(name, "--help") == 0)
        name = "help";
    for (const struct zc_command *c = zc_commands; c->name; c++) {
        if (strcmp(c->name, name) != 0)
            continue;
        c->help(stdout);
        printf("\nExample:\n  %s\n", c->example);
        return zc_cli_written();
    }
    zc_err_set(&err, ZC_EXIT_USAGE, 0,
               "there is no command '%s' (see 'zcsync help')", name);
    return zc_cli_usage("help", &err);
}

int zc_cmd_version(int argc, char **argv)
{
    struct zc_err err;
    if (argc > 0 && strcmp(argv[0], "--help") == 0) {
        char *name = "version";
        return zc_cmd_help(1, &name);
    }
    if (argc > 0) {
        zc_err_set(&err, ZC_EXIT_USAGE, 0, "takes no argument, but got '%s'",
                   argv[0]);
        return zc_cli_usage("version", &err);
    }
    puts("zcsync " PACKAGE_VERSION);
    return zc_cli_written();
}
