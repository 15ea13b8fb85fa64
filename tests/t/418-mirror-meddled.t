#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A sealed mirror whose every connection is damaged or ended by somebody on the
# path after a while: it says so, connects again, and gets there all the same.
. "$(dirname "$0")/lib.sh"
. "$here/lib-keys.sh"
. "$here/lib-meddle.sh"
. "$here/lib-mirror.sh"

many_files "$T/a" 75 8000 25
mkdir "$T/share"
start_sealed s="$T/share" || exit 1
server=$addr

# meddled NAME SENTENCE OPTION...: 600 KB, of which 300 get through each time
meddled()
{
    local name=$1 sentence=$2 times
    shift 2
    start_meddle --to "$server" "$@"
    start_mirror "${client[@]}" --timeout=2 --fsync=none --force-delete "$T/a" \
        "zcsync://$meddle/s"
    becomes_equal 60 "$T/a" "$T/share" "$name"
    times=$(grep -c '^up' "$meddle_log")
    ok "it took $((times + 1)) connections" [ "$times" -ge 1 ]
    like "$(cat "$mirror_log.err")" "$sentence" "the mirror says why"
    is "$(find "$T/share" -type f ! -path '*/.zcsync/*' ! -name 'f0*')" "" \
        "no other file was made"
    stop_mirror
    like "$rc" "^(0|20)$" "it ends when told to"
    stop_meddle
    ok "no staging folder left" no_litter_soon "$T/share"
    rm -rf "${T:?}"/share/*
}
meddled "a bit is changed after 300 KB" "changed on the way|closed the connection|lost" \
    --flip "up:$((8 * 300000))"
meddled "the end comes after 300 KB" "closed the connection|lost" --cut up:300000
like "$(cat "$serve_log.err")" "changed on the way" "so does the server"
done_testing
