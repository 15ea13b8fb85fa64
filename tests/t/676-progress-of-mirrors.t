#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How far a mirror's first copy is: zcsync status, --json, --metrics and STATUS=
# of zcsyncd; a line on the terminal, or in a pipe when asked for, of zcsync mirror;
# and what it waits for at the end.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-mirror.sh"

need perl script
need_mirror
mkdir "$T/a"
many_files "$T/a/small" 40 1000
random_bytes 3000000 >"$T/a/f"
mirror_conf() { conf "[mirror one]" "path = $T/a" "to = $T/b" "$@"; }

# so slow that it lasts until all was looked at
start_notify
mirror_conf "bwlimit = 200K"
start_daemon
progress() # NAME: of the first peer's
{
    "$ZCSYNC" status --json --control="$ctl" | perl -MJSON::PP -ne '
        BEGIN { $name = shift @ARGV }
        my $p = (decode_json($_)->{peers} // next)->[0]{progress};
        print ref $p ? "$p->{$name}" : "none"; last' "$1"
}
going() { [[ $(progress files) = 41 && $(progress seconds_left) == [0-9]* ]]; }
ok "everything is listed" wait_until 30 going
status
like "$out" "  [0-9.]+ [KM]iB of [0-9.]+ MiB  [0-9]+%  [0-9]+ of 41 files  [0-9.]+ [KM]iB/s  0:[0-9]+ left" \
    "status says how much of how much, how fast and how long"
is "$(progress files)" 41 "and --json how many files there are"
is "$(progress everything)" 1 "everything is compared"
status --metrics
like "$out" "zcsync_peer_round_files\{mirror=\"one\",peer=\"$T/b\"\} 41" "--metrics has it"
like "$out" "zcsync_peer_round_done_bytes\{[^}]*\} [1-9]" "and what is done"
ok "so has STATUS=" wait_until 30 heard 'STATUS=1 mirror, 0 of 1 peer in sync, 0 receiving; one to .* of [0-9.]+ MiB  [0-9]+%'
kill -KILL "$daemon_pid"
reap "$daemon_pid" 20

mirror_conf
start_daemon
ok "in the end it is in sync" wait_until 30 in_sync one
is "$(progress files)" none "and nothing is under way"
like "$(field one peer.last_comparison)" '^20.*Z$' "since everything was compared"
ok "equal" same_tree_soon "$T/a" "$T/b"
stop_daemon

# the line of zcsync mirror
cat >"$T/tty.sh" <<EOF
echo \$\$ >"$T/pid"
exec env --default-signal=INT $(printf '%q ' "$ZCSYNC" mirror --bwlimit=200K --drain=20 "$T/a" "$T/c")
EOF
background tty script -qefc "$(printf '%q ' bash "$T/tty.sh")" "$T/log/typescript"
drawn() { tr '\r' '\n' <"$T/log/typescript" | grep -qE "$1"; }
ok "a line on the terminal" wait_until 30 drawn 'MiB  [0-9]+%  .*0:[0-9]+ left'
mirror_pid=$(cat "$T/pid")
kill -INT "$mirror_pid"
ok "Ctrl-C says what it waits for" wait_until 30 drawn 'still sending [0-9]+ changes?, [0-9.]+ MiB, for up to [0-9]+ s'
kill -INT "$mirror_pid"
reap "$pid" 20
ok "and another ends it" grep -q 'interrupted by signal SIGINT' "$T/log/typescript"
progress_lines() { tr '\r' '\n' <"$1" | grep -E '/s|scanning: '; }
is "$(progress_lines "$T/log/typescript" | grep -E "^.{80}" | cat -A)" "" "no line is wider than the terminal"

# in a pipe
start_mirror --progress --bwlimit=200K --drain=0 "$T/a" "$T/d"
ok "a line a second, if it is asked for" wait_until 30 grep -q 'MiB  [0-9]*%.* left' "$mirror_log.out"
stop_mirror
done_testing
