#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Metadata that no peer would take, as damaged inodes and some FUSE file systems
# have them: what is odd is named, and the session goes on.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need_no_sanitizers "the sanitizers want to be loaded first"
cd "$T" || exit
# shellcheck disable=SC2086 # CC may be two words
${CC:-cc} -shared -fPIC -o odd.so "$here/preload-odd.c" 2>log/cc ||
    skip_all "cannot compile what is preloaded"

odd_files() # DIR
{
    local n
    for n in odd-time odd-size odd-type odd-xattr odd-gone; do
        echo "$n" >"$1/$n"
    done
    mkdir "$1/odd-time-dir" && echo x >"$1/odd-time-dir/x"
    ln -s target "$1/odd-link"
    ln -s target "$1/odd-zero"
    ln -s target "$1/odd-time-link"
    if setfattr -n user.one -v 1 "$1/odd-xattr" 2>/dev/null; then
        setfattr -n user.two -v 2 "$1/odd-xattr"
        setfattr -n user.one -v 1 "$1/odd-gone"
    fi
    ln "$1/odd-xattr" "$1/odd-xattr-too"
    echo even >"$1/even"
}
mkdir a share
odd_files a
start_serve s="$T/share"
left=(--exclude=odd-size --exclude=odd-type --exclude=odd-link
    --exclude=odd-zero --exclude=/.zcsync/ --exclude=odd-gone)

# Of a time that is none only the whole seconds go along.
same() # A B
{
    [ -z "$(rsync -aHAX --modify-window=1 --checksum -n -i --delete \
        "${left[@]}" "$1/" "$2/")" ]
}

pushes_odd() # NAME
{
    run env LD_PRELOAD="$T/odd.so" "$ZCSYNC" push --delete a "zcsync://$addr/s"
    is "$rc" 23 "$1: exit code"
    like "$err" 'odd-time: could not tell its modification time' "a time"
    like "$err" 'odd-time-dir: could not tell its mod' "of a directory, too"
    like "$err" 'odd-link: could not send it: .*empty' "an empty target"
    like "$err" 'odd-zero: could not send it' "one with a NUL"
    like "$err" 'odd-type: could not send it: its type' "a type"
    like "$err" 'odd-size: could not send it: its size' "a size"
    if getfattr -n user.one a/odd-gone >/dev/null 2>&1; then
        like "$err" 'odd-gone: could not read its ext.*not supp' \
            "an attribute that is listed and not there"
    else
        skip 1 "no extended attributes here"
    fi
    unlike "$err" 'malformed|odd-xattr:' "nothing that a peer would refuse"
    ok "all others are there" same a share
}
pushes_odd "a push"
echo gone >share/extra
left+=(--exclude=extra)
pushes_odd "the next one"
ok "nothing is deleted where something was left out" [ -e share/extra ]

# Live: each comes while the mirror runs.
rm -r a/odd-* a/even share && mkdir share
background live env LD_PRELOAD="$T/odd.so" \
    "$ZCSYNC" mirror a "zcsync://$addr/s"
mirror_pid=$pid mirror_log=$T/log/live
echo first >a/first
ok "a mirror runs" wait_until 20 [ -e share/first ]
odd_files a
ok "what is not odd follows" wait_until 20 same a share
mv a/odd-time a/odd-time-too && mv a/odd-time-dir a/odd-time-moved
ok "renames, too" wait_until 20 same a share
unlike "$(cat log/live.err)" 'malformed|lost|closed' "with one connection"
stop_mirror
done_testing
