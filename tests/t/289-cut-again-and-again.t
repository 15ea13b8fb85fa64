#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A line that breaks after 300 KB, every time: what came whole is there, in
# directories that were still being made too, so that one run more goes on
# where the last one ended, and some runs get there.
. "$(dirname "$0")/lib.sh"
. "$here/lib-meddle.sh"
. "$here/lib-process.sh"

many_files "$T/flat" 75 8000 25
mkdir -p "$T/deep/one"
many_files "$T/deep/one/two" 200 3000 1
mkdir "$T/deep/one/two/private" && chmod 700 "$T/deep/one/two/private"
echo secret >"$T/deep/one/two/private/file"
mkdir "$T/share"
start_serve s="$T/share" || exit 1
start_meddle --cut up:300000

arrived() { find "$T/share" -type f ! -path '*/.zcsync/*' | wc -l; }
at_least() { [ "$(arrived)" -ge "$1" ]; }
only_whole() { [ -z "$(find "$T/share" -type f -size "-$1"c -name "f0*")" ]; }
emptied() { find "$T/share" -mindepth 1 -delete; }

# runs_add_up TREE SIZE OPTION...: the first brings much, some bring all
runs_add_up()
{
    local tree=$1 size=$2 runs=0
    shift 2
    emptied
    push_exits "10|12" "$tree $*: the line breaks" "$@" "$T/$tree" \
        "zcsync://$meddle/s"
    # What a slow receiver had not read yet goes with the connection.
    ok "$tree $*: some of it is there" wait_until 10 at_least 1
    ok "$tree $*: no staging folder left" no_litter_soon "$T/share"
    ok "$tree $*: no file is short" only_whole "$size"
    while [ "$rc" != 0 ] && [ "$((++runs))" -lt 8 ]; do
        push "$@" "$T/$tree" "zcsync://$meddle/s"
        no_litter_soon "$T/share"
    done
    is "$rc" 0 "$tree $*: $runs runs more bring it all"
    same_tree "$T/$tree" "$T/share"
}
no_litter_soon() { wait_until 10 no_litter "$1"; }

for how in none batch file; do
    runs_add_up flat 8000 --fsync=$how
    runs_add_up deep 3000 --fsync=$how
done

emptied
push_exits "10|12" "all at the end" --delay-updates "$T/flat" "zcsync://$meddle/s"
ok "so there is nothing yet" no_litter_soon "$T/share"
is "$(arrived)" 0 "nor by name"

# Whoever ends a run (Ctrl-C) has what came as well.
emptied

background interrupted "$ZCSYNC" push --bwlimit=200k --fsync=none "$T/flat" \
    "zcsync://$addr/s"
begun() { [ -n "$(find "$T/share" -type f -name 'f*' -print -quit)" ]; }
ok "a slow run has begun" wait_until 10 begun
kill -TERM "$pid"
reap "$pid"
is "$rc" 20 "it is interrupted"
no_litter_soon "$T/share"
ok "what came before is there" at_least 1
ok "and whole" only_whole 8000
done_testing
