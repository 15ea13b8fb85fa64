#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The status page: what it shows, how it says it, and that it takes nothing. A
# name that is markup, or no UTF-8, is shown as what it is.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-web.sh"

odd=$'<img src=x onerror=alert(1)>\377'
mkdir "$T/a" "$T/b"
echo text >"$T/a/plain"
echo text >"$T/a/dir"
conf '[web]' 'listen = 127.0.0.1:0' 'host names = status.example, other' \
    '[mirror www]' "path = $T/a" "to = $T/b"
# For whom a file can be refused, if he can run it.
if [ "$(id -u)" = 0 ] && "${nobody[@]}" "$ZCSYNC" --version >/dev/null 2>&1; then
    chown -R nobody "$T"
    with=("${nobody[@]}" env "STATE_DIRECTORY=$T/state")
fi
start_page || skip_all "zcsyncd does not run here"
ok "the mirror is in sync" wait_until 30 in_sync www

# ---- the page ----------------------------------------------------------------

asks /
is "$code" 200 "there is a page"
like "$headers" "Content-Type: text/html; charset=utf-8" "which is HTML"
like "$headers" "Content-Security-Policy: default-src 'none'; script-src 'self'; \
style-src 'self'; img-src 'self'; connect-src 'self';" "with a strict policy"
unlike "$headers" "unsafe|Access-Control" "which nothing softens"
for header in "X-Content-Type-Options: nosniff" "Cache-Control: no-store" \
    "Referrer-Policy: no-referrer" "Cross-Origin-Resource-Policy: same-origin"; do
    like "$headers" "$header" "$header"
done
unlike "$body" "<style| style=| on[a-z]+=|<script>|//[a-z]" \
    "and nothing in it that the policy forbids, or from elsewhere"
for file in page.html page.css page.js icon.svg; do
    path=/$file
    [ $file = page.html ] && path=/
    asks $path
    ok "$path is src/web/$file" cmp "$T/body" "$here/../../src/web/$file"
done
asks "/?x=1"
is "$code" 200 "a query changes nothing"
for path in /page.html /index.html /../etc/passwd /%2e%2e/x /api /api/status/; do
    asks --path-as-is $path
    is "$code" 404 "$path is not there"
done

# ---- what may be asked, and by which name ------------------------------------

asks -I /
is "$code" 200 "HEAD is answered"
like "$headers" "Content-Length: $(stat -c %s "$here/../../src/web/page.html")" \
    "with the size"
raw_head=$(printf 'HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n' | exchange)
is "$(sed '1,/^\r*$/d' <<<"$raw_head")" "" "and no page"
for method in POST PUT DELETE OPTIONS TRACE PATCH; do
    asks -X $method -d x /api/status
    is "$code" 405 "$method is not"
done
like "$headers" "Allow: GET, HEAD" "and it is said what is"
for host in localhost LOCALHOST:1 localhost. 127.0.0.1 127.0.0.1:1 '[::1]' \
    '[::1]:8731' 192.0.2.1 status.example Status.Example:80 other \
    "$(hostname)"; do
    asks -H "Host: $host" /api/status
    is "$code" 200 "Host: $host"
done
for host in evil.example localhost.evil.example status.example.evil 127.0.0.1.x \
    '[::1' '::1' other.status x:y 'status.example, other' ''; do
    asks -H "Host: $host" -H "Host;" /api/status
    is "$code" 421 "Host: $host is none of ours"
done

# ---- the same numbers as zcsync status ---------------------------------------

asks /api/status
like "$headers" "Content-Type: application/json" "the status is JSON"
status --json
names() { perl -MJSON::PP -e 'local $/; my $o = decode_json(<STDIN>);
    print map { join(" ", sort keys %$_), "\n" } @$o'; }
is "$(names <<<"$body")" "$(names <<<"[${out//$'}\n{'/\},\{}]")" \
    "an array of the objects of status --json"
asks /metrics
like "$headers" "Content-Type: text/plain; version=0.0.4" "metrics are text"
status --metrics
is "$(sed 's/ [^ ]*$//' "$T/body")" "$(sed 's/ [^ ]*$//' <<<"$out")" \
    "those of status --metrics"

# ---- events ------------------------------------------------------------------

background events curl -sN -m 60 "${url}api/events"
events=$T/log/events.out
told() { grep -q "^data: {\"at\":[0-9]*,\"status\":\[.*$1.*\]" "$events"; }
ok "whoever listens is told at once" wait_until 30 told '"state":"in sync"'
echo more >"$T/a/more"
ok "and when something changes" wait_until 30 told '"sent_files":[3-9]'
is "$(grep -vc -e '^data: ' -e '^$' "$events")" 0 "each event is one line"

# ---- names -------------------------------------------------------------------

if [ "$(id -u)" = 0 ] && [ ${#with[@]} = 0 ]; then
    skip 3 "nobody cannot run zcsyncd, and root can read everything"
else
    # What nobody can read cannot be sent.
    "${with[@]}" bash -c 'umask 777 && echo x >"$1/new" && mv "$1/new" "$1/a/$2"' \
        - "$T" "$odd"
    ok "a file cannot be sent" wait_until 30 told '"state":"blocked"'
    asks /api/status
    like "$body" "\"path\":\"<img src=x onerror=alert\(1\)>�\",\"path_base64\":\"$(
        printf %s "$odd" | base64)\"" "the path is text, and all of its bytes are there"
    status --json
    like "$out" "\"path_base64\":\"$(printf %s "$odd" | base64)\"" \
        "in status --json, too"
fi
asks /
unlike "$body" "alert" "the page itself has no name in it"
unlike "$(cat "$here/../../src/web/page.js")" \
    "innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|new Function" \
    "and its program makes none to markup"
done_testing
