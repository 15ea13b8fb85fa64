#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The Debian package: installed, upgraded, reinstalled, removed and purged in a
# container, by debian/tests/lifecycle.
. "$(dirname "$0")/lib.sh"

[ -n "${ZC_DEB:-}" ] || skip_all "there is no package: make check-deb builds it"
. "$here/lib-systemd.sh"
need dpkg-deb

make_root host
boot host
mkdir "$T/host/deb"
cp "$ZC_DEB" "$T/host/deb/zcsync.deb"
cp "$here/../../debian/tests/lifecycle" "$T/host/deb/"
on host /deb/lifecycle /deb/zcsync.deb >"$T/log/tap" 2>"$T/log/tap.err"
ok "it came to its end" grep -qE '^1\.\.[1-9]' "$T/log/tap"
while read -r line; do
    case $line in
    "ok "*) pass "${line#ok * - }" ;;
    "not ok "*) fail "${line#not ok * - }" ;;
    "#"*) diag "${line#\# }" ;;
    esac
done <"$T/log/tap"
diag "$(cat "$T/log/tap.err")"
done_testing
