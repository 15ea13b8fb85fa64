#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two hosts that have a systemd and nothing of zcsync: the Debian package, and then
# what README.md says, word for word, make a mirror between them. It lives through
# an upgrade of either, and is seen on the status page.
. "$(dirname "$0")/lib.sh"

[ -n "${ZC_DEB:-}" ] || skip_all "there is no package: make check-deb builds it"
. "$here/lib-systemd.sh"
need dpkg-deb apt-get curl
readme=$here/../../README.md

# The block of code after the line of README that begins with these words.
block() # WORDS
{
    perl -e '
        my ($words, $text) = (shift, do { local $/; <> });
        $text =~ /\n\Q$words\E[^\n]*\n(?:(?! {4})[^\n]*\n)*((?: {4}[^\n]*\n|\n(?= {4}))+)/
            or die "README says nothing of that kind: $words\n";
        print $1 =~ s/^ {4}//gmr;
    ' "$1" "$readme"
}
# Runs what README says, as root there, with the keys that these hosts have.
run() { on "$1" timeout 100 bash -ec "$(block "$2")"; }
theirs() { sed "s|UIKG[^ ]*=|${key[web1]}|; s|fLC/[^ ]*=|${key[web2]}|"; }

make_root web1
make_root web2
boot web1
boot web2
wire web1 web2 10.0.0

# ---- from the package to a mirror ------------------------------------------------

make_newer()
{
    dpkg-deb -R "$ZC_DEB" "$T/newer" &&
        sed -i 's/^Version: .*/&+next/' "$T/newer/DEBIAN/control" &&
        dpkg-deb -b "$T/newer" "$T/newer.deb"
}
ok "a newer package" make_newer
declare -A key=()
for n in web1 web2; do
    cp "$ZC_DEB" "$T/$n/zcsync_1.deb"
    cp "$T/newer.deb" "$T/$n/zcsync_2.deb"
    ok "$n: apt-get install" on "$n" apt-get install -y /zcsync_1.deb
    key[$n]=$(run "$n" "daemon has a key of its own")
    like "${key[$n]}" '^[A-Za-z0-9+/]{43}=$' "$n: a key"
done
block "The file on web2" | theirs >"$T/web2/etc/zcsync/zcsync.conf"
block "and on web1, with that of web2:" | theirs >"$T/web1/etc/zcsync/zcsync.conf"
make_tree "$T/web1/srv/www"
ok "web2: what the copy goes into" run web2 "Then on web2"
for n in web2 web1; do
    ok "$n: the service" run "$n" "on both"
done
like "$(run web1 "and then on web1" 2>&1)" 'web2::www .*in sync' "what is there is on web2"
same() { [ -z "$(rsync_diff "$T/web1/srv/www" "$T/web2/srv/www" --exclude=/.zcsync/)" ]; }
ok "all of it" same

# ---- upgraded --------------------------------------------------------------------

for n in web1 web2; do
    was=$(show "$n" MainPID)
    ok "$n: an upgrade" on "$n" apt-get install -y /zcsync_2.deb
    anew() { [ "$(show "$n" MainPID)" != "$was" ] && shows "$n" ActiveState '^active$'; }
    ok "$n: it is another process" wait_until 30 anew
    on web1 sh -c "date >/srv/www/$n"
    ok "$n: what is written then" on web1 zcsync wait --timeout=60 www
    ok "$n: is there" cmp "$T/web1/srv/www/$n" "$T/web2/srv/www/$n"
done

# ---- seen in a browser -----------------------------------------------------------

block "([alerts and a dashboard]" >>"$T/web1/etc/zcsync/zcsync.conf"
ok "with a page" on web1 systemctl reload zcsyncd
page() { on web1 curl -sf http://127.0.0.1:8731/metrics | grep -q 'peer="web2::www"'; }
ok "which shows the mirror" wait_until 30 page
done_testing
