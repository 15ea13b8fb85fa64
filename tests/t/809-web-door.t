#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who may look at the status page, and what those can do who do not behave: the
# token, reloads, silent connections, the death of its process, and what that
# process could do if somebody had broken into it.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-web.sh"

token=s3cret-t0ken-of-the-page
page() { conf '[web]' "listen = ${at:-127.0.0.1:0}" "$@"; }
(umask 077 && echo "$token" >"$T/token")
mkdir "$T/a" "$T/b"

# ---- a token that is none ----------------------------------------------------

refused() # SENTENCE NAME
{
    page "token file = $T/bad"
    run timeout 10 "$ZCSYNCD" --config="$T/conf"
    like "$rc" '^[15]$' "$2: zcsyncd does not start"
    like "$err" "^zcsyncd: $1\$" "and says why"
    run "$ZCSYNC" check-config "$T/conf"
    like "$err" "warning: token file: $1" "and check-config says so"
}
refused "cannot open $T/bad: No such file or directory" "no file"
install -m 644 "$T/token" "$T/bad"
refused "$T/bad holds a token and is open to others \(mode 0644\): chmod 600 it" \
    "one that others can read"
(umask 077 && rm "$T/bad" && echo short >"$T/bad")
refused "$T/bad: the token in the first line has 5 characters, and not 16 to 256" \
    "one that is short"
printf 'has a space in its middle\n' >"$T/bad"
refused "$T/bad: a token is letters, digits and signs, with no space in it" \
    "one with a space"

# ---- without one -------------------------------------------------------------

page '[mirror www]' "path = $T/a" "to = $T/b"
start_page || skip_all "zcsyncd does not run here"
first=$url
asks /
is "$code" 200 "without a token nobody is asked for it"

# ---- what the process can do -------------------------------------------------

p=$(page_pid)
ok "the page has a process of its own" [ -n "$p" ]
value() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$p/status"; }
is "$(value NoNewPrivs)" 1 "which cannot gain rights"
is "$(value CapPrm) $(value CapEff)" "0000000000000000 0000000000000000" \
    "has no capability"
is "$(value Seccomp)" 2 "and few system calls"
if [ "$(id -u)" = 0 ]; then
    is "$(find "/proc/$p/fd" -lname '/*' ! -lname /dev/null | grep -v '/[12]$')" "" \
        "no file is open there"
fi

# ---- it dies -----------------------------------------------------------------

kill -KILL "$p"
another() { asks / && [ "$code" = 200 ] && [ "$(page_pid)" != "$p" ]; }
ok "another process takes its place when it is killed" wait_until 30 another
is "$url" "$first" "at the same place"
ok "and the mirror has not noticed" wait_until 30 in_sync www

# ---- a reload ----------------------------------------------------------------

told=$(said 'status page: http')
at=127.0.0.2:0 page "token file = $T/token" 'host names = a.example' \
    '[mirror www]' "path = $T/a" "to = $T/b"
reloads
ok "a reload moves it" page_is_there "$told"
like "$url" "^http://127\.0\.0\.2:" "to where it is to be"
nok "where it was nobody answers" curl -s -m 5 "$first"
asks /api/status
is "$code" 401 "and there is a token now"
like "$headers" 'WWW-Authenticate: Basic realm="zcsync"' "which browsers ask for"
unlike "$body" "www" "and nothing is told"
for path in / /page.css /api/events /metrics /none; do
    asks $path
    is "$code" 401 "nor at $path"
done
asks -H "Authorization: Bearer $token" /api/status
is "$code" 200 "as a bearer's it is taken"
asks -u "me:$token" /api/status
is "$code" 200 "and as a password"
asks -H "Authorization: Bearer $token" -H "Host: evil.example" /api/status
is "$code" 421 "but not under another name"
for wrong in "Bearer ${token}x" "Bearer ${token%?}" "Bearer" "Bearer " "$token" \
    "Basic $(printf %s "$token" | base64)" "Basic $(printf :x | base64)" \
    "Basic %%%" "Digest $token" "Basic $(head -c 3000 /dev/zero | base64 -w0)"; do
    asks -H "Authorization: $wrong" /metrics
    is "$code" 401 "${wrong:0:30}... is not it"
done
install -m 644 "$T/token" "$T/bad"
at=127.0.0.2:0 page "token file = $T/bad"
reloads
asks -H "Authorization: Bearer $token" /api/status
is "$code" 200 "a reload with a token that is none changes nothing"
at=127.0.0.1:0
page '[mirror www]' "path = $T/a" "to = $T/b"
told=$(said 'status page: http')
reloads
ok "it moves back" page_is_there "$told"

# ---- who holds connections ---------------------------------------------------

for i in {1..100}; do
    exec {fd}<>"/dev/tcp/127.0.0.1/$page_port" && held+=("$fd")
    [ $((i % 2)) = 0 ] && printf 'GET / HTTP/1.1\r\nHost: loc' >&"$fd"
done 2>/dev/null
asks /
is "$code" 200 "a hundred that say nothing keep nobody out"
for fd in "${held[@]}"; do
    exec {fd}>&-
done

# ---- who listens -------------------------------------------------------------

held=() codes=
for i in {1..40}; do
    exec {fd}<>"/dev/tcp/127.0.0.1/$page_port" && held+=("$fd")
    printf 'GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n' >&"$fd"
    read -r -t 20 line <&"$fd"
    codes+="${line:9:3} "
done
is "$codes" "$(printf '200 %.0s' {1..32})$(printf '503 %.0s' {33..40})" \
    "32 may listen, and others are told that they may not"
asks /
is "$code" 200 "who only looks is let in"
for fd in "${held[@]}"; do
    exec {fd}>&-
done
listens()
{
    timeout 5 curl -sN "${url}api/events" | grep -qm1 '^data: '
}
ok "when they have gone there is room again" wait_until 30 listens
asks -H "X-Long: $(head -c 20000 /dev/zero | tr '\0' x)" /
like "$code" "^(4..|000)$" "a request that is too long is refused"
if [ "$BIG" = 1 ]; then
    drip() { for i in {1..60}; do printf x; sleep 0.5; done; }
    before=$SECONDS
    { printf 'GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: '; drip; } 2>/dev/null |
        exchange >/dev/null 2>&1
    ok "one that trickles is put out" [ $((SECONDS - before)) -lt 25 ]
fi

# ---- the end -----------------------------------------------------------------

conf '[web]' 'listen = none'
reloads
nok "without it there is none" curl -s -m 5 "$url"
is "$(page_pid)" "" "nor a process"
stop_daemon
is "$rc" 0 "zcsyncd ends"
is "$(grep -rlF "$token" "$T/log" | grep -v ok)" "" "the token is in no log"
done_testing
