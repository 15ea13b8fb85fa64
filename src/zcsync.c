// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * zcsync: the command. A map of the files in the order in which a push calls
 * them:
 *
 *   cli/cli.c               which command
 *   cli/cmd_push.c          push, diff and verify, from the first word to the exit code
 *   cli/push_opts.c         what their options come to       cli/push_take.c
 *   cli/push_table.c        the table of them                cli/opt.c
 *   cli/rsync_opts.c        what rsync has and zcsync refuses
 *   cli/plan.c              SRC... DEST -> sessions
 *   cli/signals.c           Ctrl-C
 *   cli/progress.c          the line on the terminal         session/pace.c
 *   cli/report.c            items, troubles, the end         cli/itemize.c
 *   cli/totals.c            counts                           base/text.c
 *   net/reach.c             the way to DEST:
 *   daemon/serve.c          a child, the embedded receiver
 *   cli/security.c          or a daemon: with which key?     net/known_peers.c
 *   net/dial.c              the connection                   net/transport.c
 *   net/handshake.c         HELLO, Noise                     net/noise.c
 *   net/sealed.c            what is encrypted, from here on  net/aead.c, ktls.c
 *   sender/session.c        the sender: threads, rounds, end
 *   session/connect.c       OPEN out                         session/conn.c
 *   session/source.c        the directory that is sent       fs/rootdir.c
 *   sender/workers.c        what to do next
 *   sender/survey.c         all of it, before it is listed   sender/digests.c
 *   sender/walk.c           directories -> LIST              tree/names.c
 *   sender/look.c           what there is to tell of a name
 *   sender/entry.c          what a list says of a name       fs/meta.c
 *   sender/lists.c          what the peer has been told
 *   sender/answers.c        NEED, GOT, RESULT -> work        proto/msg.c
 *   sender/files.c          which file goes next             sender/sfile.c
 *   sender/small.c          FILE with its bytes
 *   sender/big.c            FILE, DATA, END                  move/mover.c
 *   sender/segments.c       what of it is sent               delta/segment.c
 *   sender/delta.c          what of it is there already      delta/blocks.c
 *
 *   daemon/receivers.c      a process for a connection       daemon/fence.c
 *   receiver/receive.c      the receiver: threads, end
 *   receiver/open.c         what it was asked for
 *   session/accept.c        OPEN in                          daemon/sandbox.c
 *   session/dest.c          the directory that is written    fs/rootdir.c
 *   receiver/reader.c       messages off the socket          session/conn.c
 *   receiver/queue.c        ... wait here
 *   receiver/workers.c      ... for these
 *   receiver/survey.c       what is here, in digests         receiver/digests.c
 *   receiver/walk.c         LIST against the directory       tree/dirnode.c
 *   receiver/compare.c      an entry against a file: verdict
 *   receiver/act.c          ... and what is done about it
 *   receiver/dirs.c         directories                      fs/staging.c
 *   receiver/files.c        FILE, META                       receiver/newfile.c
 *   receiver/dress.c        metadata                         fs/meta.c
 *   receiver/special.c      symlinks, devices, fifos
 *   receiver/big.c          files in ranges                  move/mover.c
 *   receiver/bigdelta.c     ... and what of it is not sent
 *   receiver/delta.c        ... and what is here already     receiver/basis.c
 *   receiver/commit.c       sync, then the name              receiver/place.c
 *   receiver/hardlinks.c    hard links
 *   receiver/ledger.c       what is open still
 *   receiver/deletions.c    the plan and the brake           fs/remove.c
 *
 *   cli/cmd_mirror.c        mirror: as push, and then
 *   daemon/forker.c         embedded receivers, whenever one is needed
 *   mirror/run.c            threads, start and stop
 *   mirror/source.c         the watch thread                 watch/watch.c
 *   mirror/dirty_batch.c    what is due                      mirror/dirty_set.c
 *   mirror/peer.c           a thread per DEST
 *   sender/session.c        round after round
 *   sender/names.c          names in doubt -> AT, LIST, FILE
 *   receiver/names.c        ... and what the receiver does with them
 *   mirror/hardlinks.c      hard links                       mirror/index.c
 *
 *   cli/cmd_bench.c         bench: movers alone
 *   bench/series.c          all of them in turns
 *   bench/transfer.c        two processes              move/mover.c
 *
 *   cli/cmd_restore.c       restore                    cli/restore.c, fs/trash.c
 *   cli/cmd_keygen.c, cmd_key.c     keys               net/keys.c
 *   cli/cmd_status.c, cmd_wait.c,
 *       cmd_pause.c, cmd_rescan.c   ask zcsyncd        daemon/control_client.c
 *   cli/cmd_check_config.c          read zcsync.conf   daemon/conf.c
 *   cli/cmd_serve.c         serve
 *   cli/cmd_help.c          help, version, --help
 */
#include "cli/cli.h"

int main(int argc, char **argv)
{
    return zc_cli_main(argc, argv);
}
