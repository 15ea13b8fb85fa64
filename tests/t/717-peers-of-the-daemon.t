#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# push, pull and diff reach a [peer] of zcsyncd's configuration by its name, with
# its address and key, and with the daemon's identity.
. "$(dirname "$0")/lib.sh"

make_tree "$T/a"
mkdir "$T/share"
ours=$("$ZCSYNC" keygen -f "$T/daemon.key")
theirs=$("$ZCSYNC" keygen -f "$T/theirs.key")
stranger=$("$ZCSYNC" keygen -f "$T/stranger.key")
start_serve --identity="$T/theirs.key" --peer-key="$ours" --readable s="$T/share"

conf() # KEY [IDENTITY]
{
    cat >"$T/zcsync.conf" <<END
[daemon]
identity = ${2:-$T/daemon.key}
[peer two]
address = $addr
public key = $1
[peer mute]
public key = $1
END
}
conf "$theirs"
c=--config=$T/zcsync.conf

pushes "by the name of a [peer]" $c "$T/a" two::s
ok "equal" same_tree "$T/a" "$T/share"
is "$err" "" "silently: its key is known"
runs_with 0 "diff" "$ZCSYNC" diff $c --delete "$T/a" two::s
runs_with 0 "pull" "$ZCSYNC" pull $c two::s "$T/b"
ok "equal" same_tree "$T/a" "$T/b"
pushes "with -v" -v $c "$T/a" two::s
like "$err" "key ${theirs//+/\\+}" "tells who that is"
nok "nothing was learnt" [ -e "$T/config/zcsync/known_peers" ]

push_exits 5 "with another key of ours" $c --identity="$T/stranger.key" "$T/a" two::s
push_exits 1 "a [peer] without an address" $c "$T/a" mute::s
one_sentence "\[peer mute\] in $T/zcsync.conf has no 'address'" "is named"
push_exits 5 "not in plain" --plain $c "$T/a" two::s
one_sentence 'is a \[peer\] that has a public key' "and why"
conf "$stranger"
push_exits 5 "a peer with another key" $c "$T/a" two::s
one_sentence "has the key ${theirs//+/\\+}, which is not the one wanted" "is refused"
pushes "but for --peer-key" $c --peer-key="$theirs" "$T/a" two::s
conf "$theirs"
pushes "--peer-key by the name of a [peer]" $c --identity="$T/daemon.key" \
    --peer-key=mute "$T/a" "zcsync://$addr/s"
push_exits 10 "a name that is no [peer] is a host's" $c "$T/a" \
    no-such-host.invalid::s
push_exits 1 "a configuration that is wrong" --config="$T/a/big" "$T/a" two::s
push_exits 1 "one that is not there" --config="$T/none" "$T/a" two::s
one_sentence "$T/none: No such file" "is named"

# Who may not read the daemon's identity shows his own.
mkdir -p "$T/config/zcsync"
cp "$T/stranger.key" "$T/config/zcsync/identity.key"
pushes "the daemon's identity goes before one's own" $c "$T/a" two::s
cp "$T/daemon.key" "$T/config/zcsync/identity.key"
conf "$theirs" "$T/no-such.key"
pushes "where it cannot be read, it is one's own" $c "$T/a" two::s

# Another /etc, with zcsync/ in it, in a mount namespace of its own.
mkdir -p "$T/etc/zcsync"
mount_etc='mount -t overlay -o lowerdir="$0":/etc none /etc'
if [ "$(id -u)" = 0 ] && command -v unshare >/dev/null &&
    unshare -m sh -c "$mount_etc" "$T/etc" 2>/dev/null; then
    conf "$theirs"
    usual() # FILE WORD...
    {
        local file=$1
        shift
        cp "$file" "$T/etc/zcsync/zcsync.conf"
        run unshare -m sh -c "$mount_etc"' && exec "$@"' "$T/etc" "$ZCSYNC" "$@"
    }
    usual "$T/zcsync.conf" push "$T/a" two::s
    is "$rc:$err" "0:" "the usual file is read of itself"
    usual "$T/a/big" push "$T/a" 127.0.0.1::s --port="$port" --peer-key="$theirs"
    is "$rc:$err" "0:" "one that makes no sense is nobody's business here"
else
    skip 2 "cannot mount"
fi
done_testing
