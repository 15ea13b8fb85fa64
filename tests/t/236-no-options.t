#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --no-OPTION leaves out what it says, and what is left out does not make a second
# run busy (but times: without them there is no telling what changed).
. "$(dirname "$0")/lib.sh"

need setfattr setfacl
make_tree "$T/a"
mkfifo "$T/a/fifo"
chmod 666 "$T/a/b/one"
setfacl -m u:daemon:rwx "$T/a/b/two"
setfattr -n user.x -v y "$T/a/big"
touch -d 2001-01-01 "$T/a/empty"
if [ "$(id -u)" = 0 ]; then
    chown -R 77:88 "$T/a"
    mknod "$T/a/dev" c 1 3
fi
umask 022

without() # OPTION...
{
    local before
    rm -rf "$T/b"
    pushes "$*" "$@" "$T/a" "$T/b"
    is "$err" "" "no complaint"
    [[ " $* " =~ " --no-t" ]] && return
    before=$(ctimes "$T/b")
    pushes "$* again" -i "$@" "$T/a" "$T/b"
    is "$out" "" "nothing to do"
    is "$(ctimes "$T/b")" "$before" "nothing touched"
}

without --no-perms
is "$(stat -c %a "$T/b/b/one")" 644 "a new file has the mode that umask leaves"
without --no-times
ok "times are of now" [ "$(stat -c %Y "$T/b/empty")" -gt 1500000000 ]
without --no-xattrs
is "$(getfattr -d "$T/b/big" 2>/dev/null)" "" "no attributes"
like "$(getfacl -p "$T/b/b/two")" 'user:daemon:rwx' "but ACLs"
without --no-acls
unlike "$(getfacl -p "$T/b/b/two")" 'user:daemon' "no ACLs"
like "$(getfattr -d "$T/b/big" 2>/dev/null)" 'user.x' "but attributes"
without --no-hard-links
is "$(stat -c %h "$T/b/a/two")" 1 "no hard links"
without --no-links
nok "no symlinks" [ -L "$T/b/b/link" ]
without --no-specials
nok "no fifo" [ -e "$T/b/fifo" ]
ok "but files" cmp "$T/a/big" "$T/b/big"
without --no-p --no-t --no-A --no-X --no-H --no-S --no-D --no-l
ok "the data is there" cmp "$T/a/big" "$T/b/big"
if [ "$(id -u)" = 0 ]; then
    without --no-owner
    is "$(stat -c %u:%g "$T/b/big")" 0:88 "no owner"
    without --no-group
    is "$(stat -c %u:%g "$T/b/big")" 77:0 "no group"
    without --no-o --no-g
    is "$(stat -c %u:%g "$T/b/big")" 0:0 "neither"
    without --no-devices
    nok "no device" [ -e "$T/b/dev" ]
    ok "but the fifo" [ -p "$T/b/fifo" ]
    without --no-D
    nok "-D is both" [ -e "$T/b/fifo" ]
else
    skip 26 "needs root"
fi
rm -rf "$T/b"
pushes "the last one counts" --no-times --times "$T/a" "$T/b"
ok "equal" same_tree "$T/a" "$T/b"
rm -rf "$T/b"
pushes "rsync's usual letters" -aHAXS "$T/a" "$T/b"
ok "equal" same_tree "$T/a" "$T/b"
rm -rf "$T/b"
pushes "one at a time" -r -l -p -t -g -o -D -H -A -X -S "$T/a" "$T/b"
ok "equal" same_tree "$T/a" "$T/b"
done_testing
