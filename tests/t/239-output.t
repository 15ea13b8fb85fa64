#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What push prints: nothing unless asked; -v, -q, --stats, --out-format, --json.
. "$(dirname "$0")/lib.sh"

make_tree "$T/a"
echo odd >"$T/a/"$'new\nline' && echo raw >"$T/a/"$'\xff\xfe'
pushes "plain" "$T/a" "$T/b"
is "$out$err" "" "silent"

fresh() { rm -rf "$T/b"; pushes "$*" "$@" "$T/a" "$T/b"; }

fresh -v
like "$out" $'(^|\n)big\n' "-v names what is sent"
like "$out" $'(^|\n)c/deep/er/one\n' "by path"
like "$out" 'sent [0-9,]+ bytes  received [0-9,]+ bytes' "and sums up"
is "$(grep -c line <<<"$out")" "$(grep -c '^new' <<<"$out")" \
    "a newline in a name does not start a line"
fresh -v -q
is "$out" "" "-q silences it"
fresh --stats
like "$out" 'Number of files: ?[0-9,]+' "--stats counts"
unlike "$out" $'(^|\n)big\n' "and does not list"
fresh --out-format='%n|%l|%i'
like "$out" $'(^|\n)big\|300000\|<f\+\+\+\+\+\+\+\+\+(\n|$)' "--out-format"
push_exits 1 "an escape that is not there" --out-format='%Z' "$T/a" "$T/b"
like "$err" '%Z' "is named"

json_ok()
{
    perl -MJSON::PP -ne 'my $o = decode_json($_); ref $o eq "HASH" or die;
        $n++; $all .= $_; END { exit !($n && $all =~ /c\/deep\/er\/one/) }' \
        "$T/log/out"
}
if perl -MJSON::PP -e1 2>/dev/null; then
    fresh --json
    ok "--json prints one JSON object a line" json_ok
    touch "$T/a/c/deep/er/one"
    rm "$T/a/big"
    pushes "--json -n --delete" --json -n --delete "$T/a" "$T/b"
    ok "valid too" json_ok
    ok "deletions are in it" grep -q '"big"' "$T/log/out"
    push_exits 3 "--json with an error" --json "$T/nowhere" "$T/b"
    ok "says it on stderr or as an object" grep -q nowhere "$T/log/out" "$T/log/err.$runs"
else
    skip 7 "no JSON::PP"
fi
done_testing
