#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# "Is my copy current?", asked on the host that receives: per share and peer when all
# of it was compared last, up to when it is on disk, the last round, and errors.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-mirror.sh"

need perl
need_mirror
mkdir "$T/a" "$T/c"
for i in {10..29}; do echo "$i" >"$T/a/$i"; done
conf "[share s]" "path = $T/b" "[share one]" "path = $T/d"
mkdir "$T/b" "$T/d"
start_daemon

# copy SHARE NAME: a member of what status --json says of it
copy()
{
    "$ZCSYNC" status --json --control="$ctl" | perl -MJSON::PP -ne '
        BEGIN { ($share, $name) = splice @ARGV, 0, 2 }
        my $o = decode_json($_);
        next unless ($o->{copy} // "") eq $share;
        my $v = $o->{$name};
        print ref $v ? $v + 0 : $v // "null"' "$1" "$2"
}
copy_is() { [ "$(copy "$1" "$2")" = "$3" ]; }
is "$(copy s state)" "" "nobody has pushed yet"

start_mirror "$T/a" "zcsync://$addr/s"
ok "a mirror" mirrored "$T/a" "$T/b"
ok "is idle when all is here" wait_until 30 copy_is s state idle
is "$(copy s mirror)" 1 "it is known to be one"
is "$(copy s peer)" 127.0.0.1 "and where it comes from"
like "$(copy s last_comparison)" '^20.*Z$' "when everything was compared"
on_disk() { [[ $(copy s durable_up_to) == 20*Z ]]; }
ok "and up to when it is on disk, which is a little later" wait_until 30 on_disk
is "$(copy s created)" 20 "so many are new"
rounds=$(copy s rounds) compared=$(copy s last_comparison)
rm "$T/a/10"
more() { [ "$(copy s rounds)" -gt "$rounds" ]; }
ok "a change is counted" wait_until 30 more
is "$(copy s deleted)" 1 "as what it was"
is "$(copy s last_comparison)" "$compared" "and is no comparison"
status
like "$out" "share s, mirrored by 127.0.0.1: idle for [0-9:]+" "in words: who and how"
like "$out" "compared with all of the source [0-9:]+ ago" "when it was compared"
like "$out" "on disk: what had come [0-9:]+ ago; .* received; no errors" "what is on disk"
status --metrics
like "$out" 'zcsync_copy_state\{share="s",peer="127.0.0.1",id="[0-9a-f]{12}",state="idle"\} 1' \
    "for Prometheus, too"
like "$out" 'zcsync_copy_durable_seconds\{share="s",[^}]*\} [1-9]' "with times"

kill -KILL "$mirror_pid"
reap "$mirror_pid" 20
ok "the mirror dies" wait_until 30 copy_is s state disconnected
is "$(copy s last_comparison)" "$compared" "what it has done is still known"
is "$(copy s created)" 20 "and counted"

# what could not be done
mkdir -p "$T/d/x/in"
echo x >"$T/c/x"
runs_with 23 "a push that cannot do everything" "$ZCSYNC" push "$T/c" "zcsync://$addr/one"
ok "is counted, too" wait_until 30 copy_is one sessions 1
is "$(copy one mirror)" 0 "as no mirror"
like "$(copy one errors_since_comparison)" '^[1-9]' "with its errors"
status
like "$out" "share one, pushed by 127.0.0.1: disconnected" "in words"
like "$out" '[1-9][0-9]* failed tr(y|ies)' "which say so"
rm -r "$T/d/x"
runs_with 0 "another that can" "$ZCSYNC" push "$T/c" "zcsync://$addr/one"
ok "is counted" wait_until 30 copy_is one sessions 2
is "$(copy one errors_since_comparison)" 0 "and leaves no errors"
runs_with 0 "a dry run" "$ZCSYNC" push -n "$T/c" "zcsync://$addr/one"
runs_with 0 "and one more push" "$ZCSYNC" push "$T/c" "zcsync://$addr/one"
ok "a dry run" wait_until 30 copy_is one state disconnected
ok "does not count" wait_until 30 copy_is one sessions 3
stop_daemon
done_testing
