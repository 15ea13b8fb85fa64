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

/* `zcsyncd ARGV[1] ...`. Likewise. */
int zc_daemon_main(int argc, char **argv);

/* What both begin with: a descriptor 0, 1 or 2 that is closed would become the
 * next file opened, and messages would be written into it, so they are opened;
 * calls fail instead of raising a signal (a broken pipe, RLIMIT_FSIZE); there
 * may be as many descriptors as the administrator allows. */
void zc_cli_begin(void);

struct zc_command {
    const char *name;
    const char *synopsis; /* what follows the name */
    const char *summary;  /* a line */
    /* ARGV are the words after the command's name. */
    int (*run)(int argc, char **argv);
    /* Prints what `zcsync help NAME` shows. */
    void (*help)(FILE *to);
    const char *example; /* stands at the end of that */
};

/* All commands, up to one without a name. */
extern const struct zc_command zc_commands[];

int zc_cmd_push(int argc, char **argv);
int zc_cmd_diff(int argc, char **argv);
int zc_cmd_verify(int argc, char **argv);
int zc_cmd_pull(int argc, char **argv);
int zc_cmd_mirror(int argc, char **argv);
int zc_cmd_serve(int argc, char **argv);
int zc_cmd_status(int argc, char **argv);
int zc_cmd_ls(int argc, char **argv);
int zc_cmd_wait(int argc, char **argv);
int zc_cmd_rescan(int argc, char **argv);
int zc_cmd_restore(int argc, char **argv);
int zc_cmd_pause(int argc, char **argv);
int zc_cmd_resume(int argc, char **argv);
int zc_cmd_release(int argc, char **argv);
int zc_cmd_bench(int argc, char **argv);
int zc_cmd_keygen(int argc, char **argv);
int zc_cmd_key(int argc, char **argv);
int zc_cmd_check_config(int argc, char **argv);
int zc_cmd_help(int argc, char **argv);
int zc_cmd_version(int argc, char **argv);

void zc_help_push(FILE *to);
void zc_help_diff(FILE *to);
void zc_help_verify(FILE *to);
void zc_help_pull(FILE *to);
void zc_help_mirror(FILE *to);
void zc_help_serve(FILE *to);
void zc_help_status(FILE *to);
void zc_help_ls(FILE *to);
void zc_help_wait(FILE *to);
void zc_help_rescan(FILE *to);
void zc_help_restore(FILE *to);
void zc_help_pause(FILE *to);
void zc_help_resume(FILE *to);
void zc_help_release(FILE *to);
void zc_help_bench(FILE *to);
void zc_help_keygen(FILE *to);
void zc_help_key(FILE *to);
void zc_help_check_config(FILE *to);
void zc_help_help(FILE *to);
void zc_help_version(FILE *to);

/* Logs the sentence of a usage error as "zcsync NAME: ...". Returns its exit
 * code. */
int zc_cli_usage(const char *name, const struct zc_err *err);

/* Flushes standard output. Returns the exit code: 0, or ZC_EXIT_FILEIO after
 * saying why. Where the reader of a pipe is gone, who has seen enough, it ends as
 * any program in a pipe does, by SIGPIPE. */
int zc_cli_written(void);

#endif
