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
 *   daemon/serve.c       the embedded receiver: a child process
 *   cli/security.c       ... or a daemon: with which key? net/known_peers.c
 *   net/dial.c           the connection                   net/transport.c
 *   net/handshake.c      HELLO, Noise                     net/noise.c
 *   net/sealed.c         what is encrypted, from here on  net/aead.c, ktls.c
 *   sender/push.c          a session of one round
 *   sender/session.c       the sender: OPEN, threads, rounds, end
 *   sender/workers.c      what to do next
 *   sender/walk.c          directories -> LIST              tree/names.c
 *   sender/answers.c       NEED, GOT, RESULT -> work        proto/msg.c
 *   sender/files.c      files -> FILE, DATA, END         move/mover.c
 *
 *   daemon/receivers.c   a process for a connection       daemon/fence.c
 *   receiver/receive.c       the receiver: threads, end       daemon/sandbox.c
 *   receiver/open.c       OPEN                             fs/rootdir.c
 *   receiver/reader.c        messages off the socket          session/conn.c
 *   receiver/workers.c       who works on them
 *   receiver/walk.c          LIST against the directory       tree/dirnode.c
 *   receiver/compare.c       an entry against a file
 *   receiver/dirs.c          directories                      fs/staging.c
 *   receiver/files.c         small files, metadata            fs/meta.c
 *   receiver/big.c       files in ranges                  move/mover.c
 *   receiver/commit.c        sync and rename
 *   receiver/hardlinks.c         hard links
 *   receiver/deletions.c     the plan and the brake           fs/remove.c
 *
 *   cli/cmd_mirror.c     mirror: as push, and then
 *   daemon/forker.c      embedded receivers, whenever one is needed
 *   mirror/mirror.c          the watch thread                 watch/watch.c
 *   mirror/peer.c     a thread per DEST                mirror/dirty.c
 *   sender/session.c       round after round
 *   sender/names.c    names in doubt -> AT, LIST, FILE
 *   receiver/names.c        ... and what the receiver does with them
 *   mirror/hardlinks.c    hard links                       mirror/search.c
 *
 *   cli/cmd_keygen.c, cmd_key.c     keys                  net/keys.c
 *   cli/cmd_status.c, cmd_wait.c    ask zcsyncd           daemon/control_client.c
 *   cli/cmd_check_config.c          read zcsync.conf      daemon/conf.c
 *   cli/cmd_serve.c      serve
 *   cli/cmd_help.c       help, version, --help
 */
#include "cli/cli.h"

int main(int argc, char **argv)
{
    return zc_cli_main(argc, argv);
}
