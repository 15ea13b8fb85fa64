#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --usermap and --groupmap give each what rsync gives; --super and --no-super say
# whether owners matter.
. "$(dirname "$0")/lib.sh"

need rsync
need_root
cd "$T" || exit
mkdir -p a/d share
i=0
for owner in root:root daemon:bin nobody:nogroup 12345:23456 1999:100 2000:100; do
    i=$((i + 1))
    echo $i >a/$i && chown $owner a/$i || skip_all "there is no $owner here"
done
chown daemon a/d && ln -s 1 a/link && chown -h nobody a/link
start_serve s="$T/share"
owners() { (cd "$1" && find . -printf '%P %U %G\n' | sort); }

as_rsync() # OPTION...
{
    local to
    rm -rf r
    rsync -a "$@" a/ r/ >"$T/log/rsync" 2>&1 || diag "$(cat "$T/log/rsync")"
    for to in b "zcsync://$addr/s"; do
        rm -rf b share/* && chown 0:0 share
        pushes "$* to $to" "$@" a/ "$to"
        [ "$to" = b ] || { rm -rf b && cp -a share b; }
        is "$(owners b)" "$(owners r)" "gives each the same"
        pushes "again" -i "$@" a/ "$to"
        is "$out" "" "there is nothing to do"
    done
}
as_rsync --usermap=daemon:nobody,nobody:daemon
as_rsync --usermap=root:1,daemon:2 --groupmap=bin:3,root:4
as_rsync '--usermap=d*:77,*:88' '--groupmap=no*:99'
as_rsync --usermap=1000-1999:5,2000-12345:6 --groupmap=100:root
as_rsync --usermap=:55 --groupmap=:66
as_rsync '--usermap=[dn]*:nobody' --groupmap=1-65535:nogroup
as_rsync --numeric-ids --usermap=1:7,12345:8 '--groupmap=*:9'
as_rsync --usermap=0:12 --no-owner
as_rsync '--groupmap=*:users,root:bin'
as_rsync '--usermap=*:daemon' --no-group

push_exits 1 "somebody who is not there" --usermap=root:no-such-user a/ b
one_sentence 'no user named no-such-user' "is named"
for bad in root root: 1-:2 1x:2 a:1,; do
    push_exits 1 "--groupmap=$bad" --groupmap=$bad a/ b
    one_sentence "--groupmap: '" "one sentence"
done

rm -rf b
pushes "--no-super" --no-super a/ b
is "$(owners b | sed 's/^[^ ]* //' | sort -u)" "0 0" "keeps no owners"
need_nobody
mkdir n && chown nobody n && cp -r a open && chmod -R a+rX . && chown 12345 open/1
runs_with 0 "who is not root" "${nobody[@]}" "$ZCSYNC" push open/ n/one
runs_with 23 "with --super" "${nobody[@]}" "$ZCSYNC" push --super open/ n/two
like "$err" "owner" "is told what cannot be set"
done_testing
