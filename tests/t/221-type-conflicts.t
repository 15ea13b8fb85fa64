#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every kind of entry takes the place of every other; a symlink in the way is
# replaced, never followed.
. "$(dirname "$0")/lib.sh"

kinds="file other empty-dir full-dir symlink link-to-dir fifo socket"
[ "$(id -u)" = 0 ] && kinds+=" device other-device"

make_kind() # KIND PATH
{
    case $1 in
    file) echo file >"$2" ;;
    other) echo "another file" >"$2" && chmod 600 "$2" ;;
    empty-dir) mkdir "$2" ;;
    full-dir) mkdir -p "$2/in/deep" && echo x >"$2/in/x" && chmod 700 "$2" ;;
    symlink) ln -s target "$2" ;;
    link-to-dir) ln -s "$T/outside" "$2" ;;
    fifo) mkfifo "$2" ;;
    socket) perl -MSocket -e 'chdir $ARGV[0] or die;
        socket my $s, AF_UNIX, SOCK_STREAM, 0;
        bind $s, pack_sockaddr_un($ARGV[1]) or die' "${2%/*}" "${2##*/}" ;;
    device) mknod "$2" c 1 3 ;;
    other-device) mknod "$2" b 7 9 ;;
    esac
}

fill() # DIR from|to
{
    local from to
    mkdir -p "$1"
    for from in $kinds; do
        for to in $kinds; do
            make_kind "${!2}" "$1/$from.to.$to"
        done
    done
}

mkdir "$T/outside" && echo precious >"$T/outside/in"
outside=$(ctimes "$T/outside")
fill "$T/a" to
fill "$T/b" from
fill "$T/share" from
start_serve s="$T/share"

pushes "every kind onto every other" --delete --force-delete "$T/a" "$T/b"
ok "equal" same_tree "$T/a" "$T/b"
pushes "every kind onto every other, to a server" --delete --force-delete \
    "$T/a" "zcsync://$addr/s"
ok "equal" same_tree "$T/a" "$T/share"
is "$(ctimes "$T/outside")" "$outside" "what symlinks pointed to was left alone"
ok "no staging folder left" no_litter "$T"

# a directory comes where a symlink to a directory is
rm -rf "$T/a" "$T/b"
mkdir -p "$T/a/d/e" "$T/b"
echo 1 >"$T/a/d/in" && echo 2 >"$T/a/d/e/f"
ln -s "$T/outside" "$T/b/d"
pushes "a directory onto a symlink to a directory" "$T/a" "$T/b"
ok "equal" same_tree "$T/a" "$T/b"
is "$(ctimes "$T/outside")" "$outside" "the directory it pointed to was left alone"

# without --delete, a full directory is not deleted to make way
rm -rf "$T/a" "$T/b"
mkdir -p "$T/a" "$T/b/thing/sub" "$T/b/empty"
echo file >"$T/a/thing" && echo keep >"$T/b/thing/sub/keep"
echo file >"$T/a/empty" && echo rest >"$T/a/zrest"
push_exits 23 "a file onto a full directory, without --delete" "$T/a" "$T/b"
like "$err" 'thing' "the sentence names it"
is "$(cat "$T/b/thing/sub/keep")" keep "its content is still there"
is "$(cat "$T/b/zrest")" rest "the rest was done"
is "$(cat "$T/b/empty")" file "an empty directory makes way"
ok "no staging folder left" no_litter "$T"
done_testing
