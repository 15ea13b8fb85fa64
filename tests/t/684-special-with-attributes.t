#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Symlinks and devices that have extended attributes, and lead elsewhere than before,
# are made anew, with them: pushed, live, and to a server.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

[ "$(id -u)" = 0 ] || skip_all "needs root"
need setfattr mknod
need_mirror
cd "$T" || exit
mkdir a b c d
make() # TARGET MINOR
{
    ln -sfn "$1" a/l
    rm -f a/n
    mknod a/n c 1 "$2" 2>/dev/null || mkfifo a/n
    setfattr -h -n trusted.x -v "$1" a/l && setfattr -n trusted.x -v "$2" a/n
}
make one 3 || skip_all "no such attributes here"
start_serve s="$T/c"
runs_with 0 "a push" "$ZCSYNC" push -aX a/ b
runs_with 0 "to a server" "$ZCSYNC" push -aX a/ "zcsync://$addr/s"
start_mirror a d
ok "a mirror" mirrored a d
make two 5
runs_with 0 "again, with others" "$ZCSYNC" push -aX a/ b
ok "they are there" same_tree a b
runs_with 0 "to the server" "$ZCSYNC" push -aX a/ "zcsync://$addr/s"
ok "and there" same_tree a c
ok "live, too" mirrored a d
is "$(readlink d/l)" two "with its target"
runs_with 0 "once more" "$ZCSYNC" push -aX -i a/ b
is "$out" "" "nothing is left to be done"
setfattr -h -n trusted.x -v other a/l
runs_with 0 "the attribute only" "$ZCSYNC" push -aX a/ b
ok "it is there" same_tree a b
stop_mirror
done_testing
