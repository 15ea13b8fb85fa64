#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# IPv6 addresses in brackets, in URLs and in --listen.
. "$(dirname "$0")/lib.sh"

[ "$(cat /proc/sys/net/ipv6/conf/lo/disable_ipv6 2>/dev/null)" = 0 ] ||
    skip_all "no IPv6 on the loopback interface"
make_tree "$T/a"
mkdir "$T/share"
start_serve --listen '[::1]:0' s="$T/share"
like "$addr" '^\[::1\]:[0-9]+$' "the address is printed with brackets"
pushes "push to zcsync://[::1]:PORT/SHARE" "$T/a" "zcsync://[::1]:$port/s"
ok "equal" same_tree "$T/a" "$T/share"
stop_serve

if start_serve --listen '[::1]:8730' s="$T/share" 2>/dev/null; then
    echo more >"$T/a/more"
    pushes "push to [::1]::SHARE" "$T/a" "[::1]::s"
    ok "equal" same_tree "$T/a" "$T/share"
else
    skip 2 "port 8730 is taken"
fi
done_testing
