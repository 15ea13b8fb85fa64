#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What contrib/prometheus has is right by promtool's word: the configuration, the
# rules, what they say when, each query of the dashboard; and it asks for nothing
# that zcsync does not tell.
. "$(dirname "$0")/lib.sh"

need_no_sanitizers "promtool is the same in every build"
need promtool perl
. "$here/lib-daemon.sh"

mkdir "$T/a" "$T/b"
conf '[mirror www]' "path = $T/a" "to = $T/b"
start_daemon || skip_all "zcsyncd does not run here"
wait_until 30 in_sync www
"$ZCSYNC" status --control="$ctl" --metrics >"$T/metrics"
is "$(promtool check metrics <"$T/metrics" 2>&1)" "" \
    "promtool has nothing to say about the metrics"

cd "$here/../../contrib/prometheus" || exit 1
runs_with 0 "the configuration" promtool check config prometheus.yml
runs_with 0 "the rules" promtool check rules zcsync.rules.yml
for tests_of in zcsync.rules*.test.yml; do
    runs_with 0 "what they say when: $tests_of" promtool test rules "$tests_of"
    is "$(grep FAILED <<<"$out$err")" "" "and nothing else"
done
tried=$(sed -n 's/^ *alertname: //p' zcsync.rules*.test.yml | sort -u)
is "$(sed -n 's/^ *- alert: //p' zcsync.rules.yml | sort -u)" "$tried" \
    "each rule is tried"

# Variables stand for what Grafana puts there.
perl -MJSON::PP -e '
    local $/;
    my $d = JSON::PP->new->utf8->decode(<STDIN>);
    my (@queries, %ids);
    for my $p (@{$d->{panels}}) {
        die "two panels have number $p->{id}\n" if $ids{$p->{id}}++;
        die "no title or description\n" unless $p->{title} && $p->{description};
        push @queries, map { $_->{expr} } @{$p->{targets}};
    }
    for my $v (@{$d->{templating}{list}}) {
        push @queries, $1 if ref $v->{query} &&
            $v->{query}{query} =~ /^label_values\((.*), \w+\)$/;
    }
    s/\$__rate_interval/5m/g, s/\$\w+/.*/g for @queries;
    print "groups:\n  - name: dashboard\n    rules:\n";
    my $n = 0;
    for my $q (@queries) {
        $q =~ s/\x27/\x27\x27/g;
        print "      - record: q", $n++, "\n        expr: \x27$q\x27\n";
    }' <zcsync.dashboard.json >"$T/dashboard.yml" 2>"$T/log/dashboard"
is "$(cat "$T/log/dashboard")" "" "the dashboard is JSON, with titles"
ok "and has queries" [ "$(grep -c expr: "$T/dashboard.yml")" -gt 20 ]
runs_with 0 "each of which promtool takes" promtool check rules "$T/dashboard.yml"

names_in() { grep -ohE '\bzcsync_[a-z_]+\b' "$@" | sort -u; }
is "$(comm -23 <(names_in zcsync.rules*.yml "$T/dashboard.yml") \
    <(names_in "$T/metrics"))" "" "nothing is asked for that zcsync does not tell"
states_in() { grep -ohE 'state=~?"[^"]*"' "$@" | sed 's/.*="\|.*~"//; s/"$//' |
    tr '|' '\n' | sort -u; }
is "$(comm -23 <(states_in zcsync.rules.yml "$T/dashboard.yml") \
    <(states_in "$T/metrics"))" "" "nor any state"
done_testing
