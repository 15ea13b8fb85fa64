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
 *   sync/push.c          a session of one round
 *   sync/session.c       the sender: OPEN, threads, rounds, end
 *   sync/sworkers.c      what to do next
 *   sync/scan.c          directories -> LIST              tree/names.c
 *   sync/answers.c       NEED, GOT, RESULT -> work        proto/msg.c
 *   sync/outgoing.c      files -> FILE, DATA, END         move/mover.c
 *
 *   daemon/receivers.c   a process for a connection       daemon/fence.c
 *   sync/receive.c       the receiver: threads, end       daemon/sandbox.c
 *   sync/opening.c       OPEN                             fs/rootdir.c
 *   sync/reader.c        messages off the socket          sync/link.c
 *   sync/workers.c       who works on them
 *   sync/walk.c          LIST against the directory       tree/dirnode.c
 *   sync/compare.c       an entry against a file
 *   sync/rdir.c          directories                      fs/staging.c
 *   sync/apply.c         small files, metadata            fs/meta.c
 *   sync/bigfile.c       files in ranges                  move/mover.c
 *   sync/commit.c        sync and rename
 *   sync/links.c         hard links
 *   sync/deletions.c     the plan and the brake           fs/remove.c
 *
 *   cli/cmd_mirror.c     mirror: as push, and then
 *   daemon/forker.c      embedded receivers, whenever one is needed
 *   sync/live.c          the watch thread                 watch/watch.c
 *   sync/live_peer.c     a thread per DEST                watch/dirty.c
 *   sync/session.c       round after round
 *   sync/places_out.c    names in doubt -> AT, LIST, FILE
 *   sync/places.c        ... and what the receiver does with them
 *   sync/live_links.c    hard links                       sync/live_search.c
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
