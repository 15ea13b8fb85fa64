#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The control socket: who may use it, and that no client can harm the daemon.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"

need perl
mkdir "$T/one"
mirror=("[mirror one]" "path = $T/one" "to = $T/to")
conf "${mirror[@]}"
start_daemon

# ---- garbage -------------------------------------------------------------------

tell() { perl -MIO::Socket::UNIX -e '
    my $s = IO::Socket::UNIX->new(Peer => shift) or exit 1;
    $SIG{ALRM} = sub { exit 2 }; alarm 20; $SIG{PIPE} = "IGNORE";
    local $/; print $s <STDIN>; $s->flush; shutdown $s, 1 if shift; print <$s>' "$@"; }
random_bytes 100000 | tell "$ctl" >"$T/log/garbage"
ok "random bytes are harmless" answers
printf 'GET / HTTP/1.1\r\n\r\n' | tell "$ctl" >"$T/log/http"
like "$(tr -d '\0' <"$T/log/http")" 'none of zcsync|control byte|too long' "a browser is told off"
head -c 5000 /dev/zero | tr '\0' x | tell "$ctl" >"$T/log/long"
like "$(tr -d '\0' <"$T/log/long")" 'too long' "and an endless line"
printf 'zcsync 99 status\n' | tell "$ctl" >"$T/log/version"
like "$(tr -d '\0' <"$T/log/version")" 'speaks version 1' "another version is told"
printf 'zcsync 1 wait' | tell "$ctl" end >"$T/log/half"
ok "half a line" answers
background crowd perl -MIO::Socket::UNIX -e '
    my @s = map { my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]);
                  print $s "zcsync 1 wait\n" if $s && $_ % 2; $s } 1 .. 60;
    $| = 1; print "there\n"; sleep 100' "$ctl"
ok "sixty that say nothing, or never read" wait_until 10 grep -q there "$T/log/crowd.out"
ok "hold up nobody" answers
kill "$pid"
reap "$pid"
ok "nor when they are gone" answers
is "$(stat -c %a "$ctl" | sed 's/660/600/')" 600 "others may not open it"
stop_daemon
is "$rc" 0 "and it ends well"

# ---- who may -------------------------------------------------------------------

if [ "$(id -u)" != 0 ] || ! command -v runuser setpriv >/dev/null ||
    ! runuser -u nobody -- "$ZCSYNC" --version >/dev/null 2>&1; then
    skip 7 "needs root, and a user nobody who can run zcsync"
    done_testing
fi
conf "control group = daemon" "${mirror[@]}"
chmod 755 "$T"
start_daemon
is "$(stat -c '%a %U:%G' "$ctl")" "660 root:daemon" "its mode and group"
runs_with 5 "somebody else" runuser -u nobody -- "$ZCSYNC" status --control="$ctl"
one_sentence "may not ask zcsyncd" "is told so"
gid=$(getent group daemon | cut -d: -f3)
runs_with 0 "a member of the group" setpriv --reuid=65534 --regid=65534 \
    --groups="$gid" "$ZCSYNC" status --control="$ctl"
runs_with 0 "whose first group it is" setpriv --reuid=65534 --regid="$gid" \
    --clear-groups "$ZCSYNC" status --control="$ctl"
chmod 666 "$ctl"
runs_with 5 "a mode that lets everybody in does not" runuser -u nobody -- \
    "$ZCSYNC" status --control="$ctl"
one_sentence "members of the control group" "says the daemon itself"
stop_daemon
conf "control group = no-such-group" "${mirror[@]}"
runs_with 1 "a group that is not there" "$ZCSYNCD" --config="$T/conf"
done_testing
