#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The path of a mirror's source goes through symlinks, which are replaced as
# deploys do, and through directories that are renamed: the mirror goes on with
# what the path leads to, by itself, and waits where it leads nowhere.
# $ZC_WATCH: inotify, or fanotify in 505.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-mirror.sh"

need perl
watch=${ZC_WATCH:-inotify}
cd "$T" || exit
for n in 1 2 3; do
    make_tree "rel/$n"
    echo "$n" >"rel/$n/version"
    mkdir -p "rel/$n/www" && echo "www $n" >"rel/$n/www/page"
done
mkdir top
ln -s "$T/rel/1" current
ln -s ../current top/link
if [ "$watch" = fanotify ]; then
    can_fanotify "$T/rel" || skip_all "this user or kernel cannot watch by fanotify"
fi
conf "[mirror one]" "path = $T/current" "to = $T/b" "watch = $watch" \
    "[mirror www]" "path = $T/top/link/www" "to = $T/c" "watch = $watch"
start_daemon || skip_all "zcsyncd does not start"

# Nothing but the way to the source changes: nobody wakes the mirror.
both() # NAME VERSION
{
    ok "$1" wait_until 15 looks_equal "rel/$2" b
    ok "$1, below it" wait_until 15 looks_equal "rel/$2/www" c
    waits --timeout=20
    is "$rc:$(cat b/version):$(cat c/page)" "0:$2:www $2" "$1, says wait"
}
gone() { [ "$(field "$1" state)" = "source gone" ]; }
deploy() { ln -s "$1" tmp && mv -T tmp current; }

both "at first" 1
deploy rel/2
both "a symlink is replaced by one that is renamed" 2
echo old >rel/1/old && echo new >rel/2/new && echo new >rel/2/www/new
both "the new one is followed" 2
nok "the old one is not" test -e b/old
ln -sfn rel/3 current
both "a symlink is removed and made" 3
deploy rel/2
waits --timeout=20
is "$rc:$(cat b/version):$(cat c/page)" "0:2:www 2" "wait does not return before it is seen"
deploy rel/nothing
ok "one that leads nowhere" wait_until 10 gone one
ok "for both" wait_until 10 gone www
waits --timeout=1 one
is "$rc" 30 "wait does not return"
is "$(cat b/version)" 2 "nothing is deleted"
mkdir rel/nothing rel/nothing/www && cp -a rel/1/. rel/nothing
ok "until it leads somewhere" wait_until 15 looks_equal rel/nothing b
ln rel/1/version x && rm x
ln current saved 2>/dev/null || cp -P current saved
deploy rel/3
both "one that has another name" 3

# a chain, and directories
mkdir chain && ln -s chain/a current.new && ln -s ../chain/b chain/a &&
    ln -s "$T/rel/1" chain/b && mv -T current.new current
both "several, one leading to the other" 1
ln -s ../rel/2 chain/tmp && mv -T chain/tmp chain/b
both "the last of them is replaced" 2
ln -s "$T/rel/3" chain/tmp && mv -T chain/tmp chain/a
both "one in the middle is" 3
cp -a rel rel.new && for n in 1 2 3; do echo "new $n" >rel.new/$n/version; done
mv rel rel.old && mv rel.new rel
ok "a directory above it is replaced" wait_until 15 looks_equal rel/3 b
is "$(cat b/version)" "new 3" "by another one"
echo late >rel/3/late
ok "which is followed" wait_until 10 test -e b/late
mv rel rel.gone
ok "or renamed" wait_until 10 gone one
mv rel.gone rel
ok "and back" wait_until 15 eval '! gone one'
waits --timeout=20
is "$rc:$(cat b/version)" "0:new 3" "all is as before"
stop_daemon
is "$rc" 0 "the daemon stops"
done_testing
