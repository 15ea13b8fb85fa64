#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How long, and how much, a share keeps of files that came in part is for
# zcsync.conf to say.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"

cd "$T" || exit 1
mkdir -p a share
echo small >a/small
key=0123456789abcdef0123456789abcde
# Three of 1 MiB, made one after the other, hours ago as it were: ctime cannot be set
fill()
{
    mkdir -p share/.zcsync/partial
    chmod 700 share/.zcsync share/.zcsync/partial
    for n in 1 2 3; do
        random_bytes 1048576 >"share/.zcsync/partial/$key$n"
        sleep 1.1
    done
}
left() { find share/.zcsync -name "$key*" -printf '%f\n' 2>/dev/null | sort | tr -d '\n' | sed "s/$key//g"; }

share() # LINE...
{
    conf "[share s]" "path = $T/share" "$@"
    start_daemon
    pushes "a session begins, with ${*:-no line}" --fsync=none a "zcsync://$addr/s"
    stop_daemon
}
fill
share
is "$(left)" 123 "they are kept for a week"
share "partial = 1 hour" "partial size = 10M"
is "$(left)" 123 "within its bounds"
share "partial size = 2500K"
is "$(left)" 23 "of more than that the newest are"
share "partial size = 1M" "partial = 2 weeks"
is "$(left)" 3 "one of three"
share "partial = no" "partial size = 10M"
is "$(left)" "" "with 'no' none is"
if faketime=$(ls /usr/lib/*/faketime/libfaketime.so.1 2>/dev/null); then
    fill
    with=(env LD_PRELOAD="$faketime" FAKETIME=+3h)
    [ "${ZC_SANITIZE:-no}" = no ] || with=()
    share "partial = 4 hours"
    is "$(left)" 123 "younger ones are"
    if [ ${#with[@]} = 0 ]; then
        skip 1 "libfaketime does not go with sanitizers"
    else
        share "partial = 2 hours"
        is "$(left)" "" "older ones are not"
    fi
else
    skip 2 "libfaketime is not installed"
fi
done_testing
