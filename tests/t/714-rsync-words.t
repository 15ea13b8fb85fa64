#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Options and words of rsync's: those by which nothing changes, --info, --debug,
# --log-file, --stop-at, the address family and port.
. "$(dirname "$0")/lib.sh"

mkdir "$T/share"
start_serve s="$T/share"
cd "$T" || exit
make_tree a

# ---- accepted --------------------------------------------------------------------

everything=(--inc-recursive --no-inc-recursive --no-i-r -s
    --protect-args --secluded-args --no-s --old-args --trust-sender --open-noatime
    --preallocate -8 --no-8-bit-output --outbuf=L --blocking-io --no-blocking-io
    --no-motd --stderr=all --msgs2stderr --no-msgs2stderr --debug=ALL,hlink2 -B 4096
    --block-size=1M --checksum-choice=md5 --cc=xxh3 --checksum-seed=7 --max-alloc=1G)
pushes "all of it" "${everything[@]}" a b
is "$out$err" "" "without a word"
ok "equal" same_tree a b
pushes "with -v" -v --block-size=4096 -W a b
like "$err" 'option --block-size is accepted: ' "a value that is not used is told"
unlike "$err" 'whole-file' "and nothing else"

# ---- what is told ------------------------------------------------------------------

lines() # WORD...: the lines of a push with them, into $out
{
    rm -rf c && cp -a a c && touch c/extra && rm c/b/one
    push --delete "$@" a c
}
lines --info=name
is "$(grep -c '^b/one$' <<<"$out")" 1 "--info=name names what is sent"
lines --info=del
is "$out" "deleting extra" "--info=del what is deleted, alone"
lines -v --info=name0
unlike "$out" 'b/one' "--info=name0 takes names from -v"
lines -v --info=del0
unlike "$out" 'deleting' "--info=del0 deletions"
lines --info=stats2
like "$out" 'Number of files: ' "--info=stats2 is --stats"
lines --info=progress2
like "$out" '100%' "--info=progress2 is --progress"
lines --info=skip2,flist0,copy,misc2,backup,mount,nonreg,remove,symsafe
is "$out" "" "other words do nothing"
lines --info=NAME --log-format='%n!'
like "$out" 'b/one!' "--log-format is --out-format"

# ---- a log file -----------------------------------------------------------------------

rm -rf c && cp -a a c && touch c/extra && rm c/b/one
pushes "with a log file" -q --delete --log-file=said a c
date='[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9:]{8} \[[0-9]+\]'
is "$(grep -cvE "^$date " said)" 0 "each line has date and process"
is "$(sed -E "s|^$date ||" said | grep -v '^sent ' | sort)" "$(printf '%s\n' \
    '*deleting   extra' '.d..t...... ./' '.d..t...... b/' '<f+++++++++ b/one' |
    sort)" "a line for each change"
like "$(tail -n 1 said)" 'sent [0-9]+ bytes  received [0-9]+ bytes  total size [0-9]+' \
    "and one for the end"
before=$(wc -l <said)
rm c/b/one
pushes "again, in another format" --log-file=said --log-file-format='%o %n' a c
is "$(sed -n "$((before + 1))p" said | sed -E "s|^$date ||")" "send b/one" "is appended"
push_exits 3 "a DEST that cannot be" --log-file=said a no-such-dir/c
like "$(grep 'no-such-dir' said)" '\(code 3\)' "what ended it is in the file"
push_exits 11 "a log file that cannot be" --log-file=no-such-dir/log a d
one_sentence 'log file no-such-dir/log' "is told"
nok "before anything is done" [ -e d ]

# ---- the end of the time ------------------------------------------------------------------

push_exits 1 "a time that is over" --stop-at=2001-01-01T00:00 a d
one_sentence 'is over' "is refused"
pushes "one that is not" --stop-at=23:59 --stop-after=99999 --time-limit=7 a d
ok "changes nothing" same_tree a d
random_bytes 30000000 >a/huge
background limited "$ZCSYNC" push --bwlimit=100 --stop-after=99 a e
ok "it is at work" wait_until 20 [ -d e/.zcsync ]
kill -ALRM "$pid" # what the timer sends
reap "$pid"
is "$rc" 30 "the time is over: exit 30"
is "$(cat "$T/log/limited.err")" "zcsync: stopped, as the time is over \
(--stop-after, --stop-at)" "in a sentence"
nok "what is not complete is not there" [ -e e/huge ]
ok "nor anything of it" no_litter e
rm a/huge

# ---- how another host is reached -----------------------------------------------------------

pushes "--port" --port="$port" a 127.0.0.1::s
ok "equal" same_tree a share
pushes "-4" -4 --port="$port" a 127.0.0.1::s
push_exits 10 "-6 to an IPv4 address" -6 --port="$port" a 127.0.0.1::s
pushes "--address" --address=127.0.0.1 --port="$port" a 127.0.0.1::s
push_exits 10 "an address that is not ours" --address=192.0.2.7 --port="$port" a \
    127.0.0.1::s
one_sentence 'from 192.0.2.7' "is named"
push_exits 1 "no port" --port=0 a 127.0.0.1::s
push_exits 10 "a port in DEST goes before --port" --port="$port" a zcsync://127.0.0.1:1/s
if "$ZCSYNC" pull --help >/dev/null 2>&1; then
    start_serve --readable r="$T/a" 2>/dev/null &&
        runs_with 0 "pull, too" "$ZCSYNC" pull -4 --port="$port" 127.0.0.1::r f &&
        ok "equal" same_tree a f
fi
done_testing
