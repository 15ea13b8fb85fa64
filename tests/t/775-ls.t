#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `zcsync ls`: the shares of a host that one may see, and what is in a directory or
# a file, over a daemon, keys and a remote shell; who may not read hears what a pull
# would be told; names and answers that are not as they should be harm nobody.
. "$(dirname "$0")/lib.sh"

key=$("$ZCSYNC" keygen)
theirs=$("$ZCSYNC" keygen -f "$T/theirs")
mkdir -p "$T/a/sub/deep" "$T/b" "$T/home"
printf 12345 >"$T/a/f"
chmod 4750 "$T/a/f"
touch -d @1700000000.5 "$T/a/f"
ln -s "sub/../f" "$T/a/l"
mkfifo "$T/a/p"
mkdir "$T/a/.zcsync"
touch "$T/a/sub/with blank" "$T/a/sub/"$'new\nline\033[m' "$T/a/sub/.hidden"
ls_() { runs_with 0 "$1" "$ZCSYNC" ls "${@:2}"; }
export TZ=UTC

# ---- a daemon --------------------------------------------------------------------

start_serve --readable s="$T/a" t="$T/b" || skip_all "no server"
at=zcsync://$addr
for place in "$at" "$at/"; do
    ls_ "the shares of $place" "$place"
    is "$out" $'s\tpush, pull\nt\tpush, pull' "are listed"
done
ls_ "a share" "$at/s"
is "$(head -n 3 <<<"$out")" "\
-rwsr-x---              5 2023/11/14 22:13:20 f
$(stat -c '%A' "$T/a/l")              8 $(date -d "@$(stat -c %Y "$T/a/l")" \
    +"%Y/%m/%d %H:%M:%S") l -> sub/../f
$(stat -c '%A' "$T/a/p")              0 $(date -d "@$(stat -c %Y "$T/a/p")" \
    +"%Y/%m/%d %H:%M:%S") p" "is listed as ls -l has it"
is "$(awk '{print $5}' <<<"$out" | xargs)" "f l p sub" \
    "in order, without what is zcsync's own"
ls_ "a directory in it" "$at/s/sub"
is "$(cut -c 47- <<<"$out")" '.hidden
deep
new\#012line\#033[m
with blank' "with all names, none of which harms the terminal"
ls_ "a file" "$at/s/f"
like "$out" '^-rwsr-x--- .* f$' "is listed itself"
ls_ "--json" --json "$at/s/sub"
like "$out" '"type":"entry","name":"new\\u000aline\\u001b\[m","kind":"file","size":0' \
    "has objects"
ls_ "--json of shares" --json "$at"
like "$out" '\{"type":"share","name":"s","push":true,"pull":true\}' "too"
runs_with 3 "what is not there" "$ZCSYNC" ls "$at/s/none"
one_sentence 'cannot open none in share s: No such file' "is named"
runs_with 5 "no such share" "$ZCSYNC" ls "$at/u"
one_sentence 'there is no share named u' "is said"
runs_with 3 "the staging folder" "$ZCSYNC" ls "$at/s/.zcsync"
runs_with 1 "a place here" "$ZCSYNC" ls "$T/a"
one_sentence 'is on this machine' "is for ls(1)"
runs_with 1 "no place" "$ZCSYNC" ls
runs_with 1 "two" "$ZCSYNC" ls "$at" "$at"
if command -v strace >/dev/null; then
    runs_with 0 "ls, looked at" env ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0" \
        strace -f -o "$T/log/calls" \
        -e trace=prctl,landlock_restrict_self,recvfrom,read,recvmsg "$ZCSYNC" ls "$at/s"
    ok "is confined" grep -q 'PR_SET_NO_NEW_PRIVS, 1' "$T/log/calls"
    is "$(TZ=Asia/Tokyo "$ZCSYNC" ls "$at/s/f")" \
        "-rwsr-x---              5 2023/11/15 07:13:20 f" "and knows all time zones"
else
    skip 3 "no strace"
fi
stop_serve
start_serve s="$T/a"
at=zcsync://$addr
ls_ "a share that nobody may read" "$at"
is "$out" $'s\tpush' "is listed as such"
runs_with 5 "what is in it" "$ZCSYNC" ls "$at/s"
one_sentence "share s may not be read by this peer: 'readers'" \
    "is refused as a pull is"
stop_serve

# ---- keys ------------------------------------------------------------------------

cat >"$T/conf" <<EOF
[daemon]
listen = 127.0.0.1:0
control = $T/control
identity = $T/theirs
[peer me]
public key = $key
[peer other]
public key = $theirs
[share both]
path = $T/a
peers = me
readable = yes
[share read]
path = $T/a
readers = me
[share fixed]
path = $T/a
peers = me
read only = yes
[share others]
path = $T/a
peers = other
[share plain]
path = $T/a
EOF
. "$here/lib-daemon.sh"
start_daemon || skip_all "no daemon"
"$ZCSYNC" key trust "$addr" "$theirs"
at=zcsync://$addr
ls_ "the shares for a key" "$at"
is "$out" $'both\tpush, pull\nread\tpull\nfixed\t-' \
    "are those that it may see, and what for"
ls_ "one to read" "$at/read/sub"
like "$out" 'with blank' "is read"
runs_with 5 "one for others" "$ZCSYNC" ls "$at/others"
one_sentence 'there is no share named others' "is not there"
mv "$XDG_CONFIG_HOME" "$T/away"
ls_ "the shares for nobody" "$at"
is "$out" $'plain\tpush' "are those without keys"
mv "$T/away" "$XDG_CONFIG_HOME"

# ---- a reload that takes the right to read away --------------------------------

head -c 40000000 /dev/zero >"$T/a/big"
background pull "$ZCSYNC" pull --bwlimit=2M "$at/read" "$T/got"
runs_long() { [ -n "$(ls -A "$T/got/.zcsync" 2>/dev/null)" ]; }
ok "a pull" wait_until 20 runs_long
sed -i 's/^readers = me/readers = other/' "$T/conf"
kill -HUP "$daemon_pid"
reap "$pid" 20
like "$rc" '^(5|10|12)$' "ends when 'readers' no longer has it"
runs_with 5 "and so does the next" "$ZCSYNC" pull "$at/read" "$T/got2"
stop_daemon

# ---- a remote shell ----------------------------------------------------------------

rsh=(-e "$here/rsh-here")
export HOME=$T/home
cp -a "$T/a/sub" "$HOME/sub"
ls_ "HOST:PATH" "${rsh[@]}" "host:$T/a/sub"
like "$out" 'with blank' "is listed"
ls_ "a home" "${rsh[@]}" "host:~/sub"
like "$out" '\.hidden' "is listed"
ls_ "a file there" "${rsh[@]}" "host:$T/a/l"
like "$out" ' l -> sub/../f$' "is itself"
runs_with 3 "nothing there" "$ZCSYNC" ls "${rsh[@]}" "host:$T/none"
runs_with 0 "a shell that may only read" "$ZCSYNC" ls "${rsh[@]}" \
    --remote-command="zcsync serve --stdio --read-only ;:" "host:$T/a"
done_testing
