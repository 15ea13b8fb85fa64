#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Whom an ACL names becomes somebody else along with the owners, and what is there
# is judged by who that is.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-mirror.sh"

need rsync setfacl getfacl
need_root
cd "$T" || exit
mkdir -p a/d/e share
(cd a && echo 1 >one && echo 2 >d/two && echo 3 >d/plain && mkfifo d/fifo &&
    setfacl -m u:5001:rw,g:5002:r one d/two && setfacl -m u:5001:rw d/fifo &&
    setfacl -m u:5001:rwx,d:u:5001:rx,d:g:5002:rx d/e && ln one d/other) ||
    skip_all "the file system here keeps no ACLs"
touch -d 2020-01-01 a/one
start_serve --readable s="$T/share" src="$T/a"
from=zcsync://$addr/src
acls() { (cd "$1" && getfacl -nR . 2>/dev/null); }
# what rsync would still change in DIR
wrong() { rsync -aHAX -n -i --exclude=/.zcsync* "${@:2}" a/ "$1"; }
# A push or pull as KIND says, of a to $to
moves() # KIND NAME OPTION...
{
    case $1 in
    local) pushes "$2" -HAX "${@:3}" a/ b ;;
    push) pushes "$2" -HAX "${@:3}" a/ "zcsync://$addr/s" ;;
    pull) runs_with 0 "$2" "$ZCSYNC" pull -HAX "${@:3}" "$from/" b ;;
    esac
}
# mapped KIND OPTION...: KIND's destination comes from a run without the map
mapped()
{
    local to=b kind=$1 what="$*"
    [ "$kind" = push ] && to=share
    shift
    rm -rf r b share/*
    rsync -aHAX "$@" a/ r/ >/dev/null 2>&1
    moves "$kind" "$what: without it"
    like "$(wrong $to "$@")" '\.f.......a. d/two' "rsync sees a difference"
    moves "$kind" "a dry run" -n -i "$@"
    like "$out" '\.f.......a. d/two' "a file's ACL would be set"
    like "$out" '\.d........*a. d/e/' "a directory's would"
    unlike "$out" 'a. d/plain' "and no other's"
    moves "$kind" "with it" -i "$@"
    like "$out" '\.f.......a. d/two' "it is set"
    is "$(acls $to)" "$(acls r)" "to what rsync makes of it"
    is "$(wrong $to "$@")" "" "rsync sees no difference"
    moves "$kind" "again" -i "$@"
    is "$out" "" "there is nothing to do"
    moves "$kind" "a dry run again" -n -i "$@"
    is "$out" "" "and nothing would be done"
    setfacl -m u:5001:r $to/one
    moves "$kind" "after a change" -i "$@" --max-size=1t
    like "$out" "^.f.......a. one$nl?\$" "without digests, it alone is set"
    is "$(acls $to)" "$(acls r)" "and right again"
    moves "$kind" "and again" -i "$@" --max-size=1t
    is "$out" "" "there is nothing to do"
}
nl=$'\n'
mapped push --usermap=5001:6001
mapped pull '--usermap=*:6001' --groupmap=5002:6002,6002:5002
mapped local --chown=6001:6002
mapped push --chown=:6002
stop_serve

# ---- where bytes are compared -------------------------------------------------------

moves local "with -c" -c -i --chown=6001:6002
moves local "with -c again" -c -i --chown=6001:6002
is "$out" "" "there is nothing to do"

# ---- a mirror ----------------------------------------------------------------------

need_mirror
rm -rf share r
rsync -aHAX a/ share/
rsync -aHAX --chown=6001:6002 a/ r/
conf "[mirror m]" "path = $T/a" "to = $T/share" "chown = 6001:6002" "acls = yes"
start_daemon
waits --timeout=60 m
is "$rc" 0 "in sync"
is "$(acls share | grep -v zcsync)" "$(acls r)" "a mirror with chown sets it"
before=$(stat -c %z share/d/two)
setfacl -m u:5003:r a/d/plain
waits --timeout=60 m
like "$(getfacl -nc share/d/plain 2>/dev/null)" 'user:6001:r' "and what comes later"
is "$(stat -c %z share/d/two)" "$before" "and nothing else"
stop_daemon
done_testing
