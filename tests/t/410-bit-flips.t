#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Somebody on the path changes one bit of a sealed push: of a HELLO, of the
# handshake, of a length, of what is encrypted, early and late, in either
# direction. No file at the destination ever becomes anything but what it was or
# what it is at the source, the push fails with one clear sentence, and the next
# one, which nobody meddles with, does it all.
. "$(dirname "$0")/lib.sh"
. "$here/lib-keys.sh"
. "$here/lib-meddle.sh"

spread=${ZC_FLIPS:-16} # positions between the handshake and the end, each way
lanes=6                # at a time

mkdir -p "$T/old/d" "$T/new/d" "$T/result"
for f in big d/small d/mid; do
    case $f in big) n=500000 ;; d/mid) n=30000 ;; *) n=700 ;; esac
    random_bytes $n >"$T/old/$f"
    random_bytes $n >"$T/new/$f"
    touch -d '2020-01-01' "$T/old/$f"
done
echo fresh >"$T/new/d/fresh"

shares=()
for ((lane = 0; lane < lanes; lane++)); do
    mkdir "$T/share$lane"
    shares+=("s$lane=$T/share$lane")
done
start_sealed --timeout=3 "${shares[@]}" || exit 1
reset_share() # LANE
{
    rm -rf "${T:?}/share$1"/*
    cp -a "$T/old/." "$T/share$1/"
}

# ---- where -------------------------------------------------------------------

reset_share 0
start_meddle --save "$T/seen"
pushes "nobody meddles" "${client[@]}" "$T/new" "zcsync://$meddle/s0"
ok "equal" same_tree "$T/new" "$T/share0"
stop_meddle
size_of() { stat -c %s "$T/seen.$1"; }

# Bits, as DIR:BIT: what each HELLO says, every length of the handshake and its
# keys and tags, the lengths of the first records, and SPREAD more of the rest.
positions()
{
    perl -e '
        my ($spread, %file) = @ARGV;
        for my $dir (qw(up down)) {
            open my $f, "<", $file{$dir} or die;
            local $/;
            my $s = <$f>;
            my $end = length $s;
            print "$dir:$_\n" for map { 8 * $_->[0] + $_->[1] }
                [0, 5], [8, 0], [12, 1], [16, 3], [20, 0], [24, 0], [24, 1],
                [24, 2], [31, 7];
            my ($at, $n) = (32, 0);
            while ($at + 2 <= $end && $n < 6) {
                my $size = unpack "n", substr $s, $at, 2;
                my $in_handshake = $n < ($dir eq "up" ? 2 : 1);
                print "$dir:", 8 * $at, "\n", "$dir:", 8 * ($at + 1) + 4, "\n"
                    if $in_handshake || $n % 2;
                print "$dir:", 8 * ($at + 2 + $_) + 6, "\n"
                    for $in_handshake ? (0, 31, 40) : ();
                print "$dir:", 8 * ($at + 1 + $size), "\n" if $n < 4;
                $at += 2 + $size;
                $n++;
            }
            # Answers may go together, and the stream be shorter next time.
            my ($from, $to) = (150, $dir eq "down" ? $end - 100 : $end - 1);
            for my $k (0 .. $spread - 1) {
                my $byte = $from + int(($to - $from) * $k / ($spread - 1));
                print "$dir:", 8 * $byte + $k % 8, "\n";
            }
        }' "$spread" up "$T/seen.up" down "$T/seen.down"
}
mapfile -t bits < <(positions | sort -u -t: -k1,1 -k2,2n)
diag "${#bits[@]} bits, of $(size_of up) bytes up and $(size_of down) down"
ok "at least 40 of them" [ "${#bits[@]}" -ge 40 ]

# ---- one bit -----------------------------------------------------------------

# What is at the destination, in one word.
state_of() # LANE
{
    local f old=0 new=0
    for f in big d/small d/mid; do
        if cmp -s "$T/share$1/$f" "$T/old/$f"; then
            old=$((old + 1))
        elif cmp -s "$T/share$1/$f" "$T/new/$f"; then
            new=$((new + 1))
        else
            echo "$f is neither the old nor the new one"
            return
        fi
    done
    if [ -e "$T/share$1/d/fresh" ] &&
        ! cmp -s "$T/share$1/d/fresh" "$T/new/d/fresh"; then
        echo "d/fresh is not what it is at the source"
    elif [ "$old" = 3 ] && [ ! -e "$T/share$1/d/fresh" ]; then
        echo old
    else
        echo mixed
    fi
}

# flip LANE DIR:BIT: the first connection loses, the second is left alone. Every
# other lane takes the other cipher.
suites=(AES-256-GCM ChaCha20-Poly1305)
flip()
{
    local lane=$1 bit=$2 out=$T/result/$2 rc start state
    reset_share "$lane"
    start_meddle --once --from "127.0.0.$((10 + lane))" --flip "$bit"
    start=$SECONDS
    timeout 60 "$ZCSYNC" push --timeout=2 "${client[@]}" \
        --suite="${suites[lane % 2]}" "$T/new" \
        "zcsync://$meddle/s$lane" >/dev/null 2>"$out.err" </dev/null
    rc=$?
    state=$(state_of "$lane")
    echo "$rc $((SECONDS - start)) $(grep -c . "$out.err") $state" >"$out"
    timeout 60 "$ZCSYNC" push "${client[@]}" "$T/new" \
        "zcsync://$meddle/s$lane" >"$out.again" 2>&1 </dev/null
    echo "$?" >>"$out"
    same_tree "$T/new" "$T/share$lane" >>"$out.again" && echo equal >>"$out"
    stop_meddle
}

lane()
{
    local k
    for ((k = $1; k < ${#bits[@]}; k += lanes)); do
        flip "$1" "${bits[k]}"
    done
}
workers=()
for ((k = 0; k < lanes; k++)); do
    lane "$k" &
    workers+=("$!")
done
wait "${workers[@]}"

# ---- what came of it ---------------------------------------------------------

for bit in "${bits[@]}"; do
    read -r rc seconds lines state <"$T/result/$bit"
    name="$bit (byte $((${bit#*:} / 8)))"
    if [[ $rc =~ ^(2|5|10|12|30)$ && $lines = 1 && $state =~ ^(old|mixed)$ ]] &&
        grep -q '^zcsync: ' "$T/result/$bit.err"; then
        pass "$name: exit $rc, $state"
    else
        fail "$name" "exit $rc after $seconds s, $state:
$(cat "$T/result/$bit.err")"
    fi
    # Before the receiver has seen a record that opens nothing can have changed.
    if [[ $bit == up:* && ${bit#*:} -lt $((8 * 150)) || ${bit#*:} -lt $((8 * 130)) ]]; then
        is "$state" old "... and all is as it was"
    fi
    is "$(tail -n +2 "$T/result/$bit" | tr '\n' ' ')" "0 equal " \
        "... and then it works" || diag "$(cat "$T/result/$bit.again")"
done
ok "the server has lived through it" kill -0 "$serve_pid"
unlike "$(cat "$serve_log.err")" "killed by signal" "none of its children died of it"
for ((lane = 0; lane < lanes; lane++)); do
    ok "no staging folder left" wait_until 15 no_litter "$T/share$lane"
done
done_testing
