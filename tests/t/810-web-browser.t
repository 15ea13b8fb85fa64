#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The status page as somebody sees it, in Chromium: it is read, clicked through, a
# peer dies and that is seen, all without loading it again. With ZC_SHOT=FILE it
# takes the picture that README shows. For "make check-web".
. "$(dirname "$0")/lib.sh"

[ "$BIG" = 1 ] || skip_all "takes a browser: make check-web"
need chromium perl rsync
. "$here/lib-daemon.sh"
. "$here/lib-web.sh"

odd=$'<img src=x onerror=alert(1)>\377.html'
mkdir -p "$T"/{www,web2,nas,photos,nas2,incoming} "$T/browser"
make_tree "$T/www"
make_tree "$T/photos"
# start_host NAME PORT SHARE=PATH...: another host, whose pid is in $pid
start_host()
{
    local name=$1 at=$2 share
    {
        printf '[daemon]\nlisten = 127.0.0.1:%s\ncontrol = %s\n' "$at" "$T/$name-ctl"
        for share in "${@:3}"; do
            printf '[share %s]\npath = %s\nplain users = any\ntrust = yes\n' \
                "${share%%=*}" "$T/${share#*=}"
        done
        printf '[web]\nlisten = 127.0.0.1:0\n'
    } >"$T/$name.conf"
    background_daemon "$name"
    wait_until 10 grep -q 'listening on' "$T/log/$name.$daemons.err"
}
web2_port=$(free_port)
start_web2() { start_host web2 "$web2_port" www=web2; }
start_web2
web2_pid=$pid
nas_port=$(free_port)
start_host nas "$nas_port" www=nas photos=nas2
conf '[web]' 'listen = 127.0.0.1:0' \
    '[peer web2]' "address = 127.0.0.1:$web2_port" \
    '[peer nas]' "address = 127.0.0.1:$nas_port" \
    '[mirror www]' "path = $T/www" "to = web2::www, nas::www" \
    '[mirror photos]' "path = $T/photos" "to = nas::photos" 'bwlimit = 400' \
    '[share incoming]' "path = $T/incoming"
# For whom a file can be refused.
if [ "$(id -u)" = 0 ]; then
    need_nobody
    chown -R nobody "$T"
    with=("${nobody[@]}" env "STATE_DIRECTORY=$T/state")
fi
start_page || skip_all "zcsyncd does not run here"

# ---- the browser -------------------------------------------------------------

coproc B { exec perl "$tools/browser.pl" chromium "$T/browser"; }
started+=("$B_PID")
to_browser=${B[1]} from_browser=${B[0]}
answer=
read -r -t 60 answer <&"$from_browser"
[ "$answer" = ok ] || skip_all "chromium does not start here: $answer"

# asked COMMAND...: $answer. does NAME COMMAND...: it is "ok".
asked()
{
    answer=
    printf '%s\n' "$*" >&"$to_browser"
    read -r -t 60 answer <&"$from_browser"
}
does()
{
    asked "${@:2}"
    is "$answer" ok "$1"
}
of_peer() # WORD: the element of the peer whose name has it
{
    echo "[...document.querySelectorAll('#mirrors .peer')]\
.find(e => e.querySelector('h4').textContent.includes('$1'))"
}
says_of() { echo "$(of_peer "$1").querySelector('.state').textContent.includes('$2')"; }

asked size 1100 900
asked light
does "the page is there" open "$url"
does "and gets what it shows" until "document.querySelectorAll('.peer').length == 3"
does "it is live" until "document.getElementById('live').textContent == 'live'"
does "all are in sync" until "document.querySelector('[data-of=synced]')\
.textContent == '3 of 3'"
asked get "document.querySelector('#trouble').hidden"
is "$answer" true "nothing is in the way"
asked get "$(of_peer web2).querySelector('[data-of=sent]').textContent"
like "$answer" "^[0-9]+ files, [0-9.]+ KiB$" "what was sent is there"
asked get "document.querySelectorAll('style, [style], [onclick]').length"
is "$answer" 0 "with no style or program of its own"

# ---- something changes -------------------------------------------------------

random_bytes 5000000 >"$T/www/video"
does "what is sent is seen" until "$(of_peer web2)\
.querySelector('[data-of=sent]').textContent.includes('MiB')"
does "as a line, too" until "$(of_peer web2)\
.querySelectorAll('polyline')[1].getAttribute('points').split(' ').length > 2"
wait_until 30 test -e "$T/web2/video"
is "$(rsync_diff "$T/www" "$T/web2" --exclude=/.zcsync)" "" "(it is there)"

random_bytes 1500000 >"$T/photos/slow"
does "how far a copy is can be seen" until \
    "/^[0-9.]+ [KM]iB of 1\\.4.* left/.test($(of_peer photos)\
.querySelector('[data-of=progress]').textContent)"
does "until it is over" until "$(of_peer photos).querySelector('.progress').hidden"

# ---- clicks ------------------------------------------------------------------

does "a click" click '#mirrors .peer details summary'
does "opens the counters" until "document.querySelector('#mirrors .peer details').open"
does "which are all there" until "document.querySelectorAll(\
'#mirrors .peer details[open] .facts > div').length > 20"
asked get "[...document.querySelectorAll('#mirrors .peer details[open] dt')]\
.map(e => e.textContent).join()"
like "$answer" "full rounds.*verify files" "by their names"
does "a click on another button" click '#bad'
does "leaves those that are not in sync" until \
    "[...document.querySelectorAll('.mirror')].every(e => e.hidden)"
asked get "document.getElementById('none').textContent"
is "$answer" "All mirrors are in sync." "and says that there are none"
does "and back" click '#all'
does "all are there again" until \
    "[...document.querySelectorAll('.mirror')].every(e => !e.hidden)"
asked get "document.querySelector('#mirrors .peer details').open"
is "$answer" true "what was open stays open"
asked click '#mirrors .peer details summary'

# ---- the peer dies -----------------------------------------------------------

for i in {1..40}; do
    random_bytes $((RANDOM * 20)) >"$T/www/photo-$i"
    sleep 0.1
done
asked until "document.querySelector('[data-of=synced]').textContent == '3 of 3'"
kill -KILL "$web2_pid"
echo more >"$T/www/more"
does "a peer that dies is seen" until "$(says_of web2 disconnected)"
does "and why, and since when" until \
    "/refused.* for /.test(document.querySelector('#trouble li').textContent)"
does "the lag grows" until "/^([89]\..|[1-9][0-9]+) s\$/.test($(of_peer web2)\
.querySelector('[data-of=lag]').textContent)"
asked get "$(says_of nas 'in sync')"
is "$answer" true "the others are in sync"
asked get "document.title"
is "$answer" "(1) zcsync" "the title says how many are not"

# ---- the picture -------------------------------------------------------------

# It is not about where the tests run.
asked get "document.querySelectorAll('.source').forEach(e => \
e.textContent = e.textContent.replace('$T', '/srv'))"
does "(a picture)" shot "$T/page.png" 760
asked size 390 800
asked get "document.documentElement.scrollWidth <= 390"
is "$answer" true "on a phone nothing is wider than the screen"
asked shot "$T/phone.png" 1600
asked dark
asked get "getComputedStyle(document.body).backgroundColor"
is "$answer" "rgb(19, 24, 23)" "in the dark it is dark"
asked shot "$T/dark.png" 1600
asked light
asked size 1100 900
if [ -n "${ZC_SHOT:-}" ]; then
    cp "$T/page.png" "$ZC_SHOT"
    cp "$T/phone.png" "${ZC_SHOT%.png}-phone.png"
    cp "$T/dark.png" "${ZC_SHOT%.png}-dark.png"
fi

# ---- it comes back -----------------------------------------------------------

start_web2
does "it comes back, and that is seen" until "$(says_of web2 'in sync')"
does "nothing is in the way any more" until "document.querySelector('#trouble').hidden"

# ---- names that are none -----------------------------------------------------

# What nobody can read cannot be sent.
"${with[@]}" bash -c 'umask 777 && echo x >"$1/new" && mv "$1/new" "$1/photos/$2"' \
    - "$T" "$odd"
does "a file that cannot be sent is named" until "$(says_of photos blocked)"
asked get "$(of_peer photos).querySelector('.problem').textContent"
is "${answer%%: *}" '<img src=x onerror=alert(1)>\#377.html' \
    "by its name, markup and bytes that are no UTF-8 and all"
asked get "document.querySelectorAll('img').length"
is "$answer" 0 "of which nothing is made"
asked errors
is "$answer" none "and the page has complained of nothing, nor loaded anything else"

# ---- the receiving end -------------------------------------------------------

nas_url=$(sed -n 's/^zcsyncd: status page: //p' "$T"/log/nas.*.err)
does "the page of the host that receives" open "$nas_url"
does "has a copy for each mirror" until "[...document.querySelectorAll('#others h4')]\
.filter(e => e.textContent.includes('←')).length == 2"
asked get "document.getElementById('others').innerText"
like "$answer" "www ← .*idle.*Compared with all of the source .* ago.*On disk up to .* ago" \
    "and says how current it is"
asked get "document.querySelectorAll('.mirror').length"
is "$answer" 0 "and no mirror"
asked errors
is "$answer" none "without complaint"
does "(back)" open "$url"
does "there it is live again" until "document.getElementById('live').textContent == 'live'"

# ---- the daemon dies ---------------------------------------------------------

stop_daemon
does "a daemon that is gone is seen" until \
    "document.getElementById('live').className == 'lost'"
done_testing
