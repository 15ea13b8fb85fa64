/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of zcsync: which command is meant, and the commands. All of
 * them return the exit code of the program and say themselves what went wrong.
 */
#ifndef ZC_CLI_CLI_H
#define ZC_CLI_CLI_H

#include "base/err.h"
#include "cli/opt.h"

/* `zcsync ARGV[1] ...`. Called once, by main. */
int zc_cli_main(int argc, char **argv);

struct zc_command {
    const char *name;
    const char *synopsis; /* what follows the name; NULL: not there yet */
    const char *summary;  /* a line */
    /* ARGV are the words after the command's name. */
    int (*run)(int argc, char **argv);
    /* Prints what `zcsync help NAME` shows. */
    void (*help)(FILE *to);
};

/* All commands, up to one without a name. */
extern const struct zc_command zc_commands[];

int zc_cmd_push(int argc, char **argv);
int zc_cmd_diff(int argc, char **argv);
int zc_cmd_serve(int argc, char **argv);
int zc_cmd_help(int argc, char **argv);
int zc_cmd_version(int argc, char **argv);

void zc_help_push(FILE *to);
void zc_help_diff(FILE *to);
void zc_help_serve(FILE *to);
void zc_help_help(FILE *to);
void zc_help_version(FILE *to);

/* Logs the sentence of a usage error as "zcsync NAME: ...". Returns its exit
 * code. */
int zc_cli_usage(const char *name, const struct zc_err *err);

#endif
