#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# zcsyncd reads all that its mirrors have sent again, now and then: what a disk has
# damaged there is repaired, or only told.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-damage.sh"
. "$here/lib-mirror.sh"
. "$here/lib-verify.sh"

need_mirror
cd "$T" || exit 1
mkdir a b share
many_files a/many 300 100
for n in 0 1 4096 300000; do random_bytes $n >a/bytes.$n; done
random_bytes 9000000 >a/big
truncate -s 100G a/sparse
printf end | dd of=a/sparse bs=1 seek=$((50 << 30)) conv=notrunc status=none
ln a/bytes.4096 a/many/other
ln -s big a/link
mkfifo a/fifo
mkdir a/left.out a/empty
echo left >a/left.out/file
start_serve s="$T/share"
serve_addr=$addr
mirrors() # LINE...
{
    conf "[mirror m]" "path = $T/a" "to = $T/b, zcsync://$serve_addr/s" \
        "exclude = left.out/" "fsync = none" "$@"
}

# A change that nobody sees, of each kind, at both; the source has it right
break_all()
{
    local d
    for d in b share; do
        damage $d/big 8999999
        damage $d/sparse $((50 << 30))
        damage $d/bytes.300000 299999
        damage $d/bytes.1
        damage $d/many/other 4095
        rm $d/many/d003/f000003
        chmod 600 $d/many/d004/f000004
    done
}
equal() { [ -z "$(rsync_diff a b --exclude=/sparse --exclude=/left.out --exclude=/.zcsync)" ]; }
both_equal() { equal && cmp -s share/big b/big && cmp -s share/bytes.1 b/bytes.1; }

mirrors "verify = 2s"
start_daemon
ok "in sync" wait_until 20 in_sync m
break_all
nok "something is broken" equal
ok "a mirror that is verified repairs it" wait_until 30 both_equal
is "$(dd if=b/sparse bs=1 skip=$((50 << 30)) count=3 status=none)" end "in the holes, too"
ok "and tells" wait_until 20 said 'verify: big has other content, with the same size and time; it is made as'
ok "what is missing, too" said 'verify: many/d003/f000003 is missing there'
ok "and what is not as it was" said 'verify: many/d004/f000004 has other metadata'
unlike "$(cat "$daemon_log")" 'left.out' "what is left out does not count"
stop_daemon
is "$rc" 0 "the daemon ends"

rm state/verify-m # one may be under way
mirrors "verify repair = no" "verify cold = yes"
start_daemon
ok "in sync" wait_until 20 in_sync m
verify_now m 2
for i in 0 1; do
    is "$(verify_of m $i found)$(verify_of m $i unreadable)" 00 "nothing differs"
    is "$(verify_of m $i files)" \
        "$(($(find a -type f ! -path '*left.out*' | wc -l) - 1))" \
        "of all files, those with two names once"
done
break_all
verify_now m 2
for i in 0 1; do
    is "$(verify_of m $i found)" 8 "all is found"
    is "$(verify_of m $i repaired)" 0 "and nothing repaired"
done
nok "indeed" equal
status m
like "$out" 'verified [0-9]+ files, [0-9.]+ MiB 0:[0-9]+ ago: 8 differed' "status says so"
run "$ZCSYNC" status --metrics --control="$ctl"
like "$out" 'zcsync_peer_verify_found\{mirror="m",peer="'"$T/b"'"\} 8' "and --metrics"
damage a/bytes.1
verify_now m 2
is "$(verify_of m 0 found)" 7 "the same damage at both ends is none"
stop_daemon
start_daemon
is "$(verify_of m 0 found)" 7 "the result is known after a restart"
status m
like "$out" 'verified .* 7 differed' "and shown"
run "$ZCSYNC" verify --control="$ctl" nobody
is "$rc" 1 "an unknown mirror"
like "$err" 'nobody' "is named"
stop_daemon
done_testing
