# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# For scenarios with mirrors that are verified; sourced after lib-daemon.sh.

# verify_of MIRROR NUMBER NAME: of a peer's "verify" in status --json
verify_of()
{
    "$ZCSYNC" status --json --control="$ctl" 2>/dev/null |
        perl -MJSON::PP -ne '
            BEGIN { ($mirror, $number, $name) = splice @ARGV, 0, 3 }
            my $o = decode_json($_);
            next unless ($o->{mirror} // "") eq $mirror;
            print $o->{peers}[$number]{verify}{$name} // "null"' "$1" "$2" "$3"
}
verify_is() { [ "$(verify_of "$1" "$2" "$3")" = "$4" ]; }

# A pass that began after this call, of all peers, has ended.
passed() # MIRROR PEERS
{
    local i ended
    for ((i = 0; i < $2; i++)); do
        ended=$(verify_of "$1" $i ended)
        [[ $ended != null && $ended > $pass_from ]] || return 1
        verify_is "$1" $i began null || return 1
    done
}
verify_now() # MIRROR PEERS
{
    pass_from=$(date -u +%FT%T.%NZ)
    run "$ZCSYNC" verify --control="$ctl" "$1"
    is "$rc$out$err" 0 "zcsync verify $1"
    ok "it comes to its end" wait_until 30 passed "$1" "$2"
}
