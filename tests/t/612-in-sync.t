#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A big tree that is moved into the source has to be listed before anybody can be
# told of it: status does not say "in sync" meanwhile, nor does wait return.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-mirror.sh"

cd "$T" || exit
sample() # directories that are watched, and the state of the peer
{
    "$ZCSYNC" status --json --control="$ctl" 2>/dev/null |
        perl -MJSON::PP -ne 'my $o = decode_json($_);
            print "$o->{directories} $o->{peers}[0]{state}\n"
                if $o->{mirror} && $o->{peers}'
}
there() { find "$b/$1" -type d 2>/dev/null | wc -l; }

# Lets the mirror work for a moment at a time. What it says may be older by one.
# tells_truth WATCH NAME: until all of NAME is there
tells_truth()
{
    local said lies=0 first dirs state pid
    first=$(sample)
    pid=$(watcher m)
    kill -STOP "$pid"
    mv "out-$1" "$a/$2"
    while kill -CONT "$pid"; do
        perl -e 'select undef, undef, undef, .002'
        kill -STOP "$pid"
        read -r dirs state < <(sample)
        [ "$state" = "in sync" ] || continue
        [ "$(there "$2")" = "$total" ] && break
        [ "$dirs" = "${first%% *}" ] && continue
        lies=$((lies + 1))
        said="$dirs directories, and $(there "$2") are there"
        [ "$lies" -gt 10 ] && break
    done
    kill -CONT "$pid"
    ok "$1: status says in sync when it is" [ "$lies" -lt 2 ]
    [ "$lies" = 0 ] || diag "$lies times before: $said"
}

for watch in inotify fanotify; do
    a=a-$watch b=b-$watch
    mkdir "$a" && echo 1 >"$a/one"
    if [ "$watch" = fanotify ] && ! can_fanotify "$a"; then
        skip 3 "this user or kernel cannot watch by fanotify"
        continue
    fi
    mkdir "out-$watch"
    (cd "out-$watch" && mkdir -p {0..24}/{0..99})
    total=$(find "out-$watch" -type d | wc -l)
    conf "[mirror m]" "path = $T/$a" "to = $T/$b" "watch = $watch" "fsync = none"
    start_daemon
    waits --timeout=20 m
    is "$rc" 0 "$watch: at first"
    tells_truth "$watch" in
    waits --timeout=20 m
    is "$rc" 0 "$watch: says wait, too"
    stop_daemon
done
done_testing
