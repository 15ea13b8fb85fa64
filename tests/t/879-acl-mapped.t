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

# ---- where bytes are compared -------------------------------------------------------

rm -rf share/*
head -c 9000000 /dev/zero >a/d/large && setfacl -m u:5001:r a/d/large
for kind in local push; do
    to=b
    [ $kind = push ] && to=share
    as=(--chown=6001:6002 -i)
    moves $kind "with -c" -c "${as[@]}"
    for how in -c "-n -c" "-n -c --max-size=1t"; do
        # shellcheck disable=SC2086
        moves $kind "$how again" $how "${as[@]}"
        is "$out" "" "there is nothing to do"
    done
    setfacl -m u:5001:r $to/one
    moves $kind "an ACL that is wrong" -n -c "${as[@]}"
    like "$out" "^.f.......a. one$nl?\$" "is told of"
    echo x >$to/d/two && touch -r a/d/two $to/d/two
    moves $kind "bytes that are" -n -c "${as[@]}" --exclude=one --exclude=other
    like "$out" "^.fc\.{8} d/two$nl?\$" "are told of, and not the ACL"
    moves $kind "with -c" -c "${as[@]}"
    is "$(acls $to)" "$(acls b)" "and set right"
    is "$(cat $to/d/two)" 2 "as they are"
done
for how in verify "diff -c"; do
    # shellcheck disable=SC2086
    runs_with 0 "$how" "$ZCSYNC" $how -HAX --chown=6001:6002 a/ b
    is "$out" "" "finds nothing"
done
setfacl -m u:5001:r b/d/plain
runs_with 1 "verify" "$ZCSYNC" verify -HAX --chown=6001:6002 a/ b
like "$out" "a. +.*d/plain$nl?\$" "finds an ACL that is wrong"
rm a/d/large

# ---- --link-dest, --copy-dest, --compare-dest ----------------------------------------

rm -rf share/* r
inode() { stat -c %i "$1"; }
rsync -aHAX --chown=6001:6002 a/ r/
mkdir share/r && rsync -aHAX r/ share/r/
for how in "" -c; do
    rm -rf b share/b
    to=b
    # shellcheck disable=SC2086
    for to in b "zcsync://$addr/s/b"; do
        pushes "what would be linked $how" -n -i -AX $how --link-dest=../r --mkpath \
            --chown=6001:6002 a/ "$to"
        unlike "$out" '<f.* (one|d/two|d/plain)' "is no news"
        pushes "links $how" -AX $how --link-dest=../r --mkpath --chown=6001:6002 \
            a/ "$to"
    done
    is "$(inode b/d/two) $(inode b/one)" "$(inode r/d/two) $(inode r/one)" "links"
    is "$(inode share/b/d/two)" "$(inode share/r/d/two)" "over the network, too"
done
stop_serve
setfacl -m u:5001:r r/d/two
rm -rf b
pushes "one that is not right" -n -i -AX --link-dest=../r --chown=6001:6002 a/ b
like "$out" 'f\+{9} d/two' "would be sent"
unlike "$out" '<f.* one' "and no other"
pushes "links" -AX --link-dest=../r --chown=6001:6002 a/ b
nok "it is sent" [ "$(inode b/d/two)" = "$(inode r/d/two)" ]
like "$(getfacl -nc b/d/two 2>/dev/null)" 'user:6001:rw' "as it should be"
rm -rf b
pushes "--compare-dest" --no-H -AX --compare-dest=../r --chown=6001:6002 a/ b
is "$(find b -type f)" b/d/two "that one is needed"
rm -rf b
pushes "--copy-dest" -AX --copy-dest=../r --chown=6001:6002 a/ b
is "$(getfacl -nc b/one 2>/dev/null)" "$(getfacl -nc r/one 2>/dev/null)" "copies"
rm -rf b
pushes "for what is next" -AX --chown=6001:6002 a/ b

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
