#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# While a mirror runs, users are added or renumbered on either host: what is
# sent afterwards, and what was sent by number before, belongs to the right one.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need_root
need_mirror
cd "$T" || exit
for host in here there; do # an /etc for each, in which files can be replaced
    mkdir $host
    cp -a /etc/{passwd,group,nsswitch.conf} $host/
    for f in ld.so.cache localtime; do
        [ -e /etc/$f ] && cp -aL /etc/$f $host/
    done
done
cat >elsewhere <<'EOS'
#!/bin/sh
mount --bind "$1" /etc || exit 9
shift
exec "$@"
EOS
unshare -m sh elsewhere "$T/here" true 2>/dev/null ||
    skip_all "cannot give a process its own /etc"
add_user() # HOST NAME NUMBER: as useradd does, by a new file
{
    sed "/^$2:/d" "$1/passwd" >"$1/passwd+"
    echo "$2:x:$3:0::/:/bin/sh" >>"$1/passwd+"
    mv "$1/passwd+" "$1/passwd"
}
owns() { [ "$(stat -c %u "$2" 2>/dev/null)" = "$1" ]; }

add_user here anna 4001
make_tree a
chown 4001 a/empty
mkdir share
serve_as=(unshare -m sh elsewhere "$T/there")
mirror_as=(unshare -m sh elsewhere "$T/here")
start_serve s="$T/share"
start_mirror a "zcsync://$addr/s"
ok "a user that is not known there" wait_until 20 owns 4001 share/empty

add_user there anna 5001
echo new >a/new
chown 4001 a/new
ok "is there now: what is new is hers" wait_until 20 owns 5001 share/new
ok "and what was sent before" wait_until 20 owns 5001 share/empty

add_user there bert 5002
add_user here bert 4002
echo more >a/more
chown 4002 a/more
ok "one that both get" wait_until 20 owns 5002 share/more
like "$(cat "$mirror_log.err")" 'users or groups of' "it says why all is compared"

add_user there bert 5003
echo again >a/again
ok "a renumbered one" wait_until 20 owns 5003 share/more
stop_mirror
done_testing
