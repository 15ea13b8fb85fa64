# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# For scenarios with the status page; sourced after lib-daemon.sh.

need curl perl
"$ZCSYNC" check-config --help >/dev/null
printf '[web]\nlisten = 127.0.0.1:0\n' >"$T/web.conf"
"$ZCSYNC" check-config "$T/web.conf" >/dev/null 2>&1 ||
    skip_all "built without the status page"

# start_page: start_daemon, and $url is where the page is
start_page()
{
    start_daemon "$@" && page_is_there
}

# Where the page is that the daemon told of last, if more than BEFORE times.
page_is_there()
{
    wait_until 10 said_more "${1:-0}" 'status page: http' || return
    url=$(sed -n 's/^zcsyncd: status page: //p' "$daemon_log" | tail -n 1)
    page_port=${url%/}
    page_port=${page_port##*:}
}

# asks CURL-OPTION... PATH: $code, $body and the $headers without CR
asks()
{
    local path=${*: -1}
    set -- "${@:1:$#-1}"
    code=$(curl -s -m 20 -o "$T/body" -D "$T/headers" -w '%{http_code}' "$@" \
        "${url%/}$path")
    body=$(tr -d '\0' <"$T/body")
    headers=$(tr -d '\r' <"$T/headers")
}

# What is answered to standard input, until the end.
exchange()
{
    local fd
    exec {fd}<>"/dev/tcp/127.0.0.1/$page_port" || return
    cat >&"$fd"
    timeout 20 cat <&"$fd"
    exec {fd}>&-
}

# The process that serves the page.
page_pid() { pgrep -P "$daemon_pid" -x zcsync:web; }
