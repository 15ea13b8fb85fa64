#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The copy of a work tree of git's is one: git sees nothing of ours in it, while the
# mirror is at work, nor when it was killed.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
. "$here/lib-process.sh"

need_mirror
need git
cd "$T" || exit
export GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x@x GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x@x
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
mkdir a b
start_mirror a b
ok "a mirror" mirrored a b
git -C a init -q
for i in 1 2 3; do
    echo "$i" >"a/$i"
    git -C a add -A
    git -C a commit -qm "$i"
done
ok "commits" mirrored a b
ok "it is at work" [ -d b/.zcsync/unsynced ]
is "$(git -C b status --porcelain)" "" "git sees nothing that it does not know"
# shellcheck disable=SC2046
kill -KILL $(family "$mirror_pid")
reap "$mirror_pid" 20
is "$(git -C b status --porcelain)" "" "nor when all were killed"
runs_with 0 "a push" "$ZCSYNC" push --delete a b
nok "leaves nothing" [ -e b/.zcsync ]
done_testing
