// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * zcsyncd: the daemon. A map of the files, by process:
 *
 *   cli/daemon_main.c      the command line
 *   daemon/conf.c          zcsync.conf
 *   daemon/supervisor.c    the first process: starts, waits, stops
 *   daemon/notify.c        ... tells the service manager
 *   daemon/activate.c      ... takes sockets from it
 *   daemon/listeners.c     ... or opens them
 *   daemon/control.c       ... answers status and wait       control_msg.c
 *   daemon/waits.c         ... who waits for what
 *   daemon/snapshot.c      ... what is going on
 *   daemon/mirrors.c       ... looks after the watchers      process.c
 *   daemon/receivers.c     ... and after the receivers
 *   daemon/webpage.c       ... and after the status page
 *
 *   daemon/watcher.c       a watcher: a process per [mirror]
 *   mirror/run.c           threads of a mirror                mirror/peer.c
 *   mirror/source.c        events -> dirty names              watch/watch.h
 *   daemon/forker.c        starts receivers for local destinations
 *
 *   daemon/handshakes.c    who is it? a process per new connection
 *   net/handshake.c        HELLO, Noise                      net/noise.c
 *   daemon/receivers.c     a receiver: a process per session
 *   receiver/receive.c     see zcsync.c from here on
 *
 *   daemon/webpage.c       the status page: a process
 *   web/http.c             requests, events                  web/door.c
 *
 *   cli/cmd_status.c       the other end: zcsync status      cli/status_show.c
 *   cli/cmd_wait.c         zcsync wait
 *   daemon/control_client.c
 *   daemon/metrics.c       what --metrics prints
 *   daemon/status_json.c   what --json prints
 */
#include "cli/cli.h"

int main(int argc, char **argv)
{
    return zc_daemon_main(argc, argv);
}
