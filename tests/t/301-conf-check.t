#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# check-config takes good files; its keys, those in etc/zcsync.conf and those in
# zcsync.conf(5) are the same, with the same defaults.
. "$(dirname "$0")/lib.sh"

need perl
conf=$T/zcsync.conf
shipped=$here/../../etc/zcsync.conf
man=$here/../../man/zcsync.conf.5

# says FILE TEXT NAME
says()
{
    runs_with 0 "$3" "$ZCSYNC" check-config "$1"
    is "$out" "$1: ok: $2" "and says what it holds"
    is "$(grep -v ': warning: ' <<<"$err")" "" "without complaint"
}

: >"$conf"
says "$conf" "0 shares, 0 mirrors" "an empty file"
cat >"$conf" <<'END'
; web1
[mirror www]
path = /srv/www
to = web2::www,web3::www
exclude = *.tmp ; x
exclude = cache/
[share in]
path = /srv/in
[share out]
path = /srv/out
read only = yes
fake super = yes
keep = 30 days
keep size = 1.5G
min free = 2.5%
on change = sh -c 'touch "x y"'
on change pattern = *.conf
on change pattern = + /x
on change user = root
plain users = root, 1234 daemon
trust = yes
[peer web2]
address = [2001:db8::2]:8730
[daemon]
listen = none
[web]
host names = status.example.com, web1
END
says "$conf" "2 shares, 1 mirror" "a file with a bit of everything"
printf '[web]\nlisten = [::1]\n' >"$T/web"
run "$ZCSYNC" check-config "$T/web"
[[ $err == *"built without"* ]] || is "$rc" 0 "a page, at the port it has by default"
sed -i 's/$/\r/' "$conf"
says "$conf" "2 shares, 1 mirror" "the same with CR LF"
{ printf '\357\273\277'; cat "$conf"; } >"$conf.bom"
says "$conf.bom" "2 shares, 1 mirror" "and with a byte order mark"
head -c -2 "$conf" >"$conf.end"
says "$conf.end" "2 shares, 1 mirror" "and without an end of line at its end"

# ---- the file that is shipped ------------------------------------------------

says "$shipped" "0 shares, 0 mirrors" "etc/zcsync.conf"
sed 's/^#\([[a-z]\)/\1/' "$shipped" >"$conf"
says "$conf" "2 shares, 1 mirror" "with all that is commented out"
# indented remarks are the example: the first half is web2, the rest web1
sed -n 's/^#     \([[a-z].*[]=]\)/\1/p' "$shipped" | grep -v '^zcsync ' |
    awk '/^\[daemon/ { half++ } { print > ("'"$conf"'." half - 1) }'
says "$conf.0" "1 share, 0 mirrors" "its example for web2"
says "$conf.1" "0 shares, 1 mirror" "its example for web1"

# ---- every key is documented -------------------------------------------------

# All three print lines "SECTION: KEY" and, where there is one, " = DEFAULT".
runs_with 0 "check-config --help" "$ZCSYNC" check-config --help
help=$out
runs_with 0 "help check-config" "$ZCSYNC" help check-config
is "$out" "$help" "shows the same"
is "$(awk 'length > 80' <<<"$help")" "" "in 80 columns"

keys_in_help=$(perl -e '
    my ($section, $key, $text);
    sub done {
        return unless defined $key;
        print "$section: $key", $text =~ /\(default (.*)\)/ ? " = $1" : "",
            "\n";
        undef $key;
    }
    while (<>) {
        if (/^\[(\w+)/) { done(); $section = $1 }
        elsif (/^  (\S.*?) = /) { done(); ($key, $text) = ($1, $_) }
        else { $text .= $_ }
    }
    done()' <<<"$help" | sort)
ok "--help has many" [ "$(wc -l <<<"$keys_in_help")" -gt 40 ]

keys_in_man=$(perl -e '
    my ($section, $key, $text);
    sub done {
        return unless defined $key;
        print "$section: $key",
            $text =~ /^Default: (.*)\.$/m ? " = $1" : "", "\n";
        undef $key;
    }
    while (<>) {
        if (/^\.S[hs] /) { done(); $section = /^\.Ss \[(\w+)/ ? $1 : "" }
        elsif ($section && /^\.It Cm (.*?) = /) {
            done();
            ($key, $text) = ($1, "");
        } else { $text .= $_ }
    }
    done()' "$man" | sort)
is "$keys_in_man" "$keys_in_help" \
    "zcsync.conf(5) has the keys and defaults of check-config --help"

keys_in_etc=$(perl -ne '
    $section = $1 if /^#\[(\w+)/;
    print "$section: $1 = $2\n" if /^#([a-z].*?) = (.*)/' "$shipped" |
    sort | awk -F' = ' '!seen[$1]++') # there are two shares
names() { sed 's/ = .*//' <<<"$1"; }
is "$(names "$keys_in_etc")" "$(names "$keys_in_help")" \
    "etc/zcsync.conf has the keys of check-config --help"
is "$(grep -vxF "$keys_in_etc" <<<"$keys_in_help" | grep "=")" "" \
    "with the same defaults"

if command -v mandoc >/dev/null; then
    run mandoc -T lint -W warning "$man"
    is "$out" "" "mandoc has nothing to say about the page"
else
    skip 1 "mandoc is not installed"
fi
done_testing
