// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * zcsync: the command. A map of the files in the order in which a push calls
 * them:
 *
 *   cli/cli.c            which command
 *   cli/cmd_push.c       push and diff, from the first word to the exit code
 *   cli/push_opts.c      the table of their options      cli/opt.c
 *   cli/rsync_opts.c     what rsync has and zcsync refuses
 *   cli/plan.c           SRC... DEST -> sessions
 *   cli/signals.c        Ctrl-C
 *   cli/progress.c       the line on the terminal        cli/text.c
 *   cli/report.c         items, troubles, the end        cli/itemize.c
 *   cli/totals.c         counts                          cli/text.c
 *
 *   cli/cmd_serve.c      serve
 *   cli/cmd_help.c       help, version, --help
 */
#include "cli/cli.h"

int main(int argc, char **argv)
{
    return zc_cli_main(argc, argv);
}
