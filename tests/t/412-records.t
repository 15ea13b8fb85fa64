#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Somebody on the path leaves out, repeats or swaps records of a sealed push, or
# ends it at a place of his choice: the push fails with one sentence, no file at
# the destination is anything but whole, the server serves the next one.
. "$(dirname "$0")/lib.sh"
. "$here/lib-keys.sh"
. "$here/lib-meddle.sh"
. "$here/lib-process.sh"

mkdir "$T/old" "$T/new" "$T/share"
for f in one two three; do
    random_bytes 200000 >"$T/old/$f"
    random_bytes 200000 >"$T/new/$f"
    touch -d '2020-01-01' "$T/old/$f"
done
random_bytes 900000 >"$T/new/big"
start_sealed --timeout=5 s="$T/share" || exit 1
cp -a "$T/old/." "$T/share/"
start_meddle --save "$T/seen"
pushes "nobody meddles" "${client[@]}" "$T/new" "zcsync://$meddle/s"
ok "equal" same_tree "$T/new" "$T/share"
stop_meddle

# Where the records of FILE begin, after HELLO, and where the last one ends.
records()
{
    perl -e 'local $/; my $s = <STDIN>; my $at = 32;
        while ($at + 2 <= length $s) {
            print "$at\n";
            $at += 2 + unpack "n", substr $s, $at, 2;
        }
        print "$at\n"; die "odd: $at" if $at != length $s;' <"$1"
}
mapfile -t up < <(records "$T/seen.up")
mapfile -t down < <(records "$T/seen.down")
n_up=$((${#up[@]} - 1)) n_down=$((${#down[@]} - 1))
diag "$n_up records up, $n_down down"
ok "what crosses is records, to the last byte" [ "$n_up" -gt 20 ]

all_whole()
{
    local f
    no_strange_names || return 1
    for f in one two three big; do
        [ -e "$T/share/$f" ] || continue
        cmp -s "$T/share/$f" "$T/old/$f" || cmp -s "$T/share/$f" "$T/new/$f" || {
            echo "$f is neither the old nor the new one"
            return 1
        }
    done
}
no_strange_names()
{
    local d
    d=$(find "$T/share" -mindepth 1 -path "$T/share/.zcsync" -prune -o \
        -mindepth 1 ! -name one ! -name two ! -name three ! -name big -print)
    [ -z "$d" ] || { echo "$d"; false; }
}

# meddles NAME EXIT-CODES OPTION...
meddles()
{
    local name=$1 codes=$2
    shift 2
    rm -rf "${T:?}"/share/*
    cp -a "$T/old/." "$T/share/"
    start_meddle --once "$@"
    push_exits "$codes" "$name" --timeout=3 "${client[@]}" "$T/new" \
        "zcsync://$meddle/s"
    one_sentence "" "... one sentence"
    wait_until 20 no_children "$serve_pid"
    ok "... all files are whole" all_whole
    ok "... no staging folder left" no_litter "$T/share"
    pushes "... then it works" "${client[@]}" "$T/new" "zcsync://$meddle/s"
    ok "... equal" same_tree "$T/new" "$T/share"
    stop_meddle
}

# Record 0 up is the first message, 1 the third; record 0 down the second.
broken='10|12'
for k in 3 5 $((n_up / 2)); do
    meddles "record $k up left out" "$broken" --drop "up:$k"
    meddles "repeated" "$broken" --repeat "up:$k"
    meddles "swapped with the next" "$broken" --swap "up:$k"
done
meddles "the last record up left out" "$broken|30" --drop "up:$((n_up - 1))"
for how in drop repeat swap; do # OPEN, for whose answer the sender waits
    meddles "OPEN: $how" "$broken|30" "--$how" up:2
done
meddles "the first message repeated" "5|$broken" --repeat up:0
meddles "the third message left out" "5|$broken|30" --drop up:1
meddles "swapped with what follows" "5|$broken" --swap up:1
meddles "the second message repeated" "5|$broken" --repeat down:0
meddles "left out" '5|10|12|30' --drop down:0
meddles "the first record down left out" "$broken" --drop down:1
meddles "repeated" "$broken" --repeat down:1
meddles "swapped with the next" "$broken" --swap down:1

for at in "${up[2]}" "${up[3]}" "${up[n_up / 2]}" "${up[n_up - 1]}"; do
    meddles "the end after $at bytes up, between two records" "$broken" \
        --cut "up:$at"
    meddles "one byte later" "$broken" --cut "up:$((at + 1))"
done
meddles "the end in the middle of a record" "$broken" \
    --cut "up:$((up[n_up / 2] + 5000))"
for at in "${down[1]}" "${down[2]}" "${down[n_down - 1]}"; do
    meddles "the end after $at bytes down, between two records" "$broken" \
        --cut "down:$at"
    meddles "one byte later" "$broken" --cut "down:$((at + 1))"
done
ok "the server has lived through all of it" kill -0 "$serve_pid"
unlike "$(cat "$serve_log.err")" "killed by signal|died" "no child of it died"
done_testing
