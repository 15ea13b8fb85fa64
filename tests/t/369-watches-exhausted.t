#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 50 watches for 200 directories: the mirror names the sysctl, and what it cannot
# watch is compared now and then instead.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need_mirror
need unshare
limited()
{
    unshare -Ur sh -c 'echo 50 >/proc/sys/user/max_inotify_watches && exec "$@"' \
        sh "$@"
}
limited true 2>"$T/log/unshare" || skip_all "cannot limit watches in a user namespace"
rescan=()
"$ZCSYNC" mirror --help | grep -q -e '--rescan' && rescan=(--rescan=2)
many_files "$T/a" 400 50 200
mkdir "$T/b"
mirror_as=(unshare -Ur sh -c
    'echo 50 >/proc/sys/user/max_inotify_watches && exec "$@"' sh)
start_mirror --watch=inotify --fsync=none "${rescan[@]}" "$T/a" "$T/b"
ok "all is copied" wait_until 30 looks_equal "$T/a" "$T/b"
ok "the limit is named" wait_until 20 \
    grep -q 'max_user_watches' "$mirror_log.err"
ok "in few words" [ "$(wc -l <"$mirror_log.err")" -lt 10 ]
ok "a watched directory is followed" shows_up 20 "$T/a" "$T/b"
for n in 000 049 050 120 199; do
    echo "changed $n" >"$T/a/d$n/changed"
done
rm "$T/a/d198/f000198"
mkdir "$T/a/d197/new" && echo new >"$T/a/d197/new/file"
becomes_equal 100 "$T/a" "$T/b" "so is one that is not, later"

# watches that become free are used again
rm -r "$T"/a/d0* "$T"/a/d10*
becomes_equal 100 "$T/a" "$T/b" "directories go"
echo again >"$T/a/d199/again"
becomes_equal 100 "$T/a" "$T/b" "changes in others are followed"
ok "the mirror lives" mirror_runs
stop_mirror
like "$rc" "^(0|20)$" "the mirror ends when told to"
done_testing
