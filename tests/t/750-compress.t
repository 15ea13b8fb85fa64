#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# -z: whatever the way to the other end, pushed, pulled, mirrored and compared, all
# arrives as it is, in fewer bytes where it shrinks and in no more where it does not.
. "$(dirname "$0")/lib.sh"
. "$here/lib-keys.sh"
. "$here/lib-meddle.sh"
. "$here/lib-mirror.sh"
. "$here/lib-mutate.sh"
. "$here/lib-nasty.sh"

text() { # BYTES
    seq -f 'The quick brown fox %.0f jumps over the lazy dog.' 100000000 2>/dev/null |
        head -c "$1"
}

mkdir "$T/plain" "$T/sealed" "$T/bad"
make_nasty_tree "$T/a"
text 3000000 >"$T/a/text"
text 700000 >"$T/a/text.gz" # so it says
random_bytes 3000000 >"$T/a/random"
for ((i = 0; i < 300; i++)); do
    text $((i * 100)) >"$T/a/small$i"
done
truncate -s 20M "$T/a/holes"
make_mutable "$T/a/mutable"

count() { sed -n "s/^$1: \([0-9,]*\).*/\1/p" <<<"$out" | tr -d ,; }
# Of what shrinks there are 7 MB and more.
shrank()
{
    local wire=$(($(count 'Total bytes sent') + $(count 'Total bytes received')))
    local plain
    plain=$(count 'Total bytes before compression')
    ok "... in fewer bytes ($wire of ${plain:-?})" \
        [ $((wire + 5000000)) -lt "${plain:-0}" ]
}

each_way() { # each_way NAME AT BACK [OPTION...]
    local name=$1 at=$2 copy=$3
    shift 3
    runs_with 0 "$name: a push" "$ZCSYNC" push "$@" --compress=zstd --stats \
        --delete "$T/a" "$at"
    is "$err" "" "without a word"
    shrank
    ok "all is there" same_tree "$T/a" "$copy"
    runs_with 0 "$name: diff" "$ZCSYNC" diff -z "$@" --delete "$T/a" "$at"
    runs_with 0 "$name: a pull" "$ZCSYNC" pull "$@" --compress=zstd:1 --stats \
        --delete "$at" "$T/back-$name"
    shrank
    ok "all comes back" same_tree "$T/a" "$T/back-$name"
    mutate "$copy/mutable"
    runs_with 1 "$name: diff the other way" "$ZCSYNC" diff -z "$@" --delete "$at" \
        "$T/back-$name"
    runs_with 0 "$name: a push with -z" "$ZCSYNC" push "$@" -z --delete \
        --force-delete "$T/a" "$at"
    ok "undoes that" same_tree "$T/a" "$copy"
    ok "no staging folder left" no_litter "$copy" "$T/back-$name"
}

start_serve --readable s="$T/plain"
each_way plain "zcsync://$addr/s" "$T/plain"

# ---- options -------------------------------------------------------------------

at=zcsync://$addr/s
mkdir "$T/t"
text 3000000 >"$T/t/text"
wire_of() { # wire_of OPTION...: bytes of a push of t
    rm -rf "$T/plain/t"
    pushes "push $*" --stats "$@" "$T/t/" "$at/t"
    ok "arrives" same_tree "$T/t" "$T/plain/t"
    wire=$(count 'Total bytes sent')
}
wire_of -z --no-compress
ok "--no-compress does not" [ "$wire" -gt 3000000 ]
unlike "$out" compress "and says nothing of it"
wire_of --zc=zstd
ok "--zc=zstd does" [ "$wire" -lt 1500000 ]
wire_of --zl=9
ok "--zl=9 does" [ "$wire" -lt 1500000 ]
wire_of -z --bwlimit=50M
ok "-z with --bwlimit does" [ "$wire" -lt 1500000 ]
wire_of --zc=zstd --skip-compress=c/o
ok "--skip-compress of others" [ "$wire" -lt 1500000 ]
mv "$T/t/text" "$T/t/text.Oa"
wire_of --zc=zstd --skip-compress='c/o[ab]'
ok "--skip-compress of it" [ "$wire" -gt 3000000 ]
runs_with 0 "a pull with it" "$ZCSYNC" pull --stats --zc=zstd \
    --skip-compress='c/o[ab]' "$at/t" "$T/skipped"
ok "has the other end go by it" [ "$(count 'Total bytes received')" -gt 3000000 ]
mv "$T/t/text.Oa" "$T/t/text.zip"
wire_of --zc=zstd
ok "a suffix that is known for it" [ "$wire" -gt 3000000 ]
rm "$T/t/"*
random_bytes 3000000 >"$T/t/text"
wire_of --zc=zstd
ok "what does not shrink does not grow" [ "$wire" -lt 3010000 ]
rm "$T/t/"*
for i in {10..17}; do
    random_bytes 300000 >"$T/t/$i.blob"
done
text 3000000 >"$T/t/20.blob"
wire_of --zc=zstd
ok "a suffix is learned from files that do not shrink" [ "$wire" -gt 5300000 ]
for i in {30..41}; do
    cp "$T/t/20.blob" "$T/t/$i.blob"
done
wire_of --zc=zstd
ok "and again from one that does" [ "$wire" -lt 28000000 ]
rm "$T/t/"*
random_bytes 3000000 >"$T/t/text"
pushes "another name for it" -v --zc=zlib "$T/t/" "$at/t"
like "$out$err" 'zstd takes the place of zlib' "is told with -v"

pushes "to this machine" --stats --zc=zstd "$T/a/" "$T/local"
unlike "$out" 'before compression' "nothing is compressed"
ok "all arrives" same_tree "$T/a" "$T/local"
stop_serve

# ---- other ways ----------------------------------------------------------------

each_way shell "host:$T/shell" "$T/shell" -e "$here/rsh-here"

start_sealed --readable s="$T/sealed"
each_way sealed "zcsync://$addr/s" "$T/sealed" "${client[@]}"

background mirror "$ZCSYNC" mirror --compress=zstd "${client[@]}" "$T/a" \
    "zcsync://$addr/s"
mirror_pid=$pid
echo later >"$T/a/later"
there() { [ "$(cat "$T/sealed/later" 2>/dev/null)" = later ]; }
ok "a mirror sends what is new" wait_until 30 there
mutate "$T/a/mutable"
ok "and all that changes" wait_until 30 same_mirrored_tree "$T/a" "$T/sealed"
stop_serve
kill "$mirror_pid"
wait "$mirror_pid" 2>/dev/null

# ---- what comes is not what was sent -------------------------------------------

start_serve s="$T/bad"
broken() { # broken NAME OPTION...: the first block from the server
    local name=$1
    shift
    start_meddle --once "$@"
    push_exits 12 "$name" -z "$T/t/" "zcsync://$meddle/s"
    one_sentence 'changed on the way|closed the connection before the end' \
        "... is told in a sentence"
    stop_meddle
}
broken "a block of nothing" --poke down:32:00000000
broken "a block without an end" --poke down:32:ffffffff
broken "a block that is not zstd's" --poke down:32:0400008041414141
start_meddle --once --cut down:34
push_exits 10 "an end within a block" -z "$T/t/" "zcsync://$meddle/s"
one_sentence 'connection to .* lost' "... is told in a sentence"
done_testing
