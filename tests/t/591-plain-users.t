#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A plain share on the loopback address is for root and the user that serves it:
# nobody else becomes root by way of it, unless he is named.

. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"

need_nobody
chmod 755 "$T"
mkdir -m 777 "$T/a" "$T/share"
cp /bin/true "$T/a/tool"
make_tree "$T/b"

start_serve s="$T/share"
like "$(cat "$serve_log.out")" "plain: lets in root of this machine, and \
nobody else" "the server says at the start who is let in"
takeover=(--chown=root:root --chmod=F4755)
for dest in "zcsync://127.0.0.1:$port/s" "zcsync://localhost:$port/s/"; do
    runs_with 5 "nobody, to $dest" "${nobody[@]}" "$ZCSYNC" push "${takeover[@]}" \
        "$T/a" "$dest"
    one_sentence "share s does not let in user nobody.*--plain-user" "and why"
done
runs_with 5 "nor does he see what is there" "${nobody[@]}" "$ZCSYNC" diff "$T/a" \
    "zcsync://127.0.0.1:$port/s"
is "$(ls -A "$T/share")" "" "nothing came of it"
pushes "root is let in" "$T/b" "zcsync://127.0.0.1:$port/s"
ok "and owners are kept" same_tree "$T/b" "$T/share"
stop_serve

start_serve --plain-user=nobody s="$T/share"
runs_with 0 "who is named is let in" "${nobody[@]}" "$ZCSYNC" push --delete \
    --force-delete "${takeover[@]}" "$T/a" "zcsync://127.0.0.1:$port/s"
is "$(stat -c '%U %a' "$T/share/tool")" "root 4755" "and may do all of it"
runs_with 5 "others are not" runuser -u daemon -- "$ZCSYNC" push "$T/b" \
    "zcsync://127.0.0.1:$port/s"
stop_serve

start_serve --plain-user=any s="$T/share"
rm "$T/share/tool"
runs_with 23 "where any is let in" "${nobody[@]}" "$ZCSYNC" push "${takeover[@]}" \
    "$T/a" "zcsync://127.0.0.1:$port/s"
is "$(stat -c '%U %a' "$T/share/tool")" "root 755" "he gets no setuid bit"
like "$err" "permissions" "and hears of it"
pushes "root does" --chmod=F4755 "$T/a" "zcsync://127.0.0.1:$port/s"
is "$(stat -c '%U %a' "$T/share/tool")" "root 4755" "of course"
stop_serve

start_serve --plain-user=any --trust s="$T/share"
rm "$T/share/tool"
runs_with 0 "with --trust" "${nobody[@]}" "$ZCSYNC" push "${takeover[@]}" \
    "$T/a" "zcsync://127.0.0.1:$port/s"
is "$(stat -c '%U %a' "$T/share/tool")" "root 4755" "it is his own fault"
stop_serve

serve_as=("${nobody[@]}")
mkdir -m 777 "$T/theirs"
start_serve s="$T/theirs"
serve_as=()
runs_with "0|23" "a server of nobody's lets him in" "${nobody[@]}" "$ZCSYNC" push \
    "$T/a" "zcsync://127.0.0.1:$port/s"
ok "the file is there" cmp "$T/a/tool" "$T/theirs/tool"
runs_with "0|23" "and root" "$ZCSYNC" push "$T/a" "zcsync://127.0.0.1:$port/s"
runs_with 5 "nobody else" runuser -u daemon -- "$ZCSYNC" push "$T/b" \
    "zcsync://127.0.0.1:$port/s"
stop_serve

for wrong in --plain-user=no-such-user "--plain-user=nobody --stdio" \
    "--trust --peer-key=x"; do
    # shellcheck disable=SC2086 # several words
    runs_with 1 "serve $wrong" "$ZCSYNC" serve $wrong s="$T/share"
    one_sentence "^zcsync serve: " "is refused"
done

# ---- zcsyncd -----------------------------------------------------------------

ctl=$T/control
listen=127.0.0.1:0
conf "[share s]" "path = $T/share"
start_daemon
like "$(cat "$daemon_log")" "share s: plain: lets in root of this machine" \
    "zcsyncd says it at the start"
rm -f "$T/share/tool"
runs_with 5 "nobody is not let in" "${nobody[@]}" "$ZCSYNC" push "${takeover[@]}" \
    "$T/a" "zcsync://127.0.0.1:$port/s"
conf "[share s]" "path = $T/share" "plain users = daemon, $(id -u nobody)"
reloads
runs_with 0 "plain users = NAME, NUMBER, after a reload" "${nobody[@]}" "$ZCSYNC" \
    push "${takeover[@]}" "$T/a" "zcsync://127.0.0.1:$port/s"
is "$(stat -c '%U %a' "$T/share/tool")" "root 4755" "lets them do all"
conf "[share s]" "path = $T/share" "plain users = any"
reloads
rm "$T/share/tool"
runs_with 23 "plain users = any" "${nobody[@]}" "$ZCSYNC" push "${takeover[@]}" \
    "$T/a" "zcsync://127.0.0.1:$port/s"
is "$(stat -c '%U %a' "$T/share/tool")" "root 755" "gives nobody rights"
stop_daemon

done_testing
