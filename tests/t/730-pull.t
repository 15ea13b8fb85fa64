#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Pulls from `zcsync serve`: all that a file system can hold arrives, in plain and
# sealed; options do what they do in a push; who may not read is refused.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mutate.sh"
. "$here/lib-nasty.sh"

pulls() { # pulls NAME ARGS...: without trouble
    local name=$1
    shift
    runs_with 0 "$name" "$ZCSYNC" pull "$@"
}

key=$("$ZCSYNC" keygen)
theirs=$("$ZCSYNC" keygen -f "$T/theirs")
"$ZCSYNC" keygen -f "$T/stranger" >"$T/stranger.pub"
make_nasty_tree "$T/a"
random_bytes 20000000 >"$T/a/big"
truncate -s 50M "$T/a/holes"

each_way() { # each_way NAME AT
    local name=$1 at=$2
    rm -rf "$T/a/mutable"
    make_mutable "$T/a/mutable"
    pulls "$name: a pull" --delete "$at" "$T/$name"
    ok "arrives as it is" same_tree "$T/a" "$T/$name"
    before=$(ctimes "$T/$name")
    pulls "a second one" -i --delete "$at" "$T/$name"
    is "$out" "" "finds nothing to do"
    is "$(ctimes "$T/$name")" "$before" "and changes nothing"
    mutate "$T/a/mutable"
    runs_with 1 "diff" "$ZCSYNC" diff --delete "$at" "$T/$name"
    like "$out" '>f' "tells what a pull would receive"
    is "$(ctimes "$T/$name")" "$before" "and changes nothing"
    pulls "a pull after changes" --delete --force-delete "$at" "$T/$name"
    ok "makes it equal" same_tree "$T/a" "$T/$name"
    runs_with 0 "diff" "$ZCSYNC" diff --delete "$at" "$T/$name"
    ok "no staging folder left" no_litter "$T/$name"
}

start_serve -v --readable --read-only s="$T/a"
each_way plain "zcsync://$addr/s"
at=zcsync://$addr/s
runs_with 5 "a push to it" "$ZCSYNC" push "$T/plain" "$at"
one_sentence "share s is read-only" "is refused"

# ---- options -------------------------------------------------------------------

mkdir -p "$T/a/opt/deep"
for name in one two.log deep/three deep/four.log; do
    echo "$name" >"$T/a/opt/$name"
done
chmod 600 "$T/a/opt/one"
pulls "a filter" --exclude='*.log' "$at/opt" "$T/f"
is "$(cd "$T/f" && find . -type f | sort | xargs)" "./deep/three ./one" \
    "leaves out what it does in a push"
pulls "--chmod" --chmod=D700,F640 --chmod=F+x "$at/opt" "$T/m"
is "$(stat -c %a "$T/m/one" "$T/m/deep" | xargs)" "751 700" "changes modes"
printf 'deep/three\none\n' >"$T/list"
pulls "--files-from" --files-from="$T/list" "$at/opt" "$T/l"
is "$(cd "$T/l" && find . -type f | sort | xargs)" "./deep/three ./one" \
    "brings what is listed"
pulls "a dry run" -n -v "$at/opt" "$T/n"
like "$out" 'deep/three' "tells what would come"
ok "makes nothing" test ! -e "$T/n"
pulls "--bwlimit" --bwlimit=100M "$at/opt" "$T/b"
ok "is a pull" same_tree "$T/a/opt" "$T/b"
pulls "-c" -c -i "$at/opt" "$T/b"
is "$out" "" "compares by content"
pulls "--stats" --stats "$at/opt" "$T/st"
like "$out" 'Number of regular files transferred: 4' "counts files"
like "$out" 'Total bytes received: [1-9]' "and bytes"
pulls "--json" --json "$at/opt/one" "$T/d/"
like "$out" '"path":"one"' "names entries"
like "$out" '"type":"summary","exit":0' "and sums up"

# ---- files, and several --------------------------------------------------------

mkdir "$T/d"
pulls "a file" "$at/opt/one" "$T/d"
is "$(cat "$T/d/one")" one "goes into a directory"
pulls "a file" "$at/opt/one" "$T/d/uno"
is "$(cat "$T/d/uno")" one "or gets a new name"
pulls "a file" "$at/opt/one" "$T/new/"
is "$(cat "$T/new/one")" one "or a new directory with a slash"
pulls "several" "$at/opt/one" "$at/opt/deep" "$T/several"
is "$(cd "$T/several" && find . -type f | sort | xargs)" \
    "./deep/four.log ./deep/three ./one" "are names in DEST"
runs_with 3 "what is not there" "$ZCSYNC" pull "$at/nothing" "$T/x"
one_sentence "cannot open nothing in share s: No such file" "is named"
ok "and nothing is made" test ! -e "$T/x"

# ---- trouble -------------------------------------------------------------------

if [ "$(id -u)" = 0 ] && unpriv=$(command -v setpriv); then
    mkdir "$T/odd" && chmod 755 "$T" "$T/odd"
    echo mine >"$T/odd/mine"
    echo "nobody reads" >"$T/odd/secret"
    chmod 600 "$T/odd/secret"
    runs_with 23 "a file that the server may not read" "$ZCSYNC" pull -e \
        "$unpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/ \
$here/rsh-here" "host:$T/odd" "$T/odd2"
    like "$err" "secret: could not open it: Permission denied" "is named"
    is "$(cat "$T/odd2/mine")" mine "and the rest is there"
else
    skip 3 "needs root and setpriv"
fi

# ---- who may ---------------------------------------------------------------------

stop_serve
start_serve s="$T/a"
runs_with 5 "a share that is not readable" "$ZCSYNC" pull \
    "zcsync://$addr/s" "$T/x"
one_sentence "share s may not be read by this peer: 'readers'.*--readable" \
    "says how it would be"
stop_serve
start_serve --readable --identity="$T/theirs" --peer-key="$key" s="$T/a"
"$ZCSYNC" key trust "$addr" "$theirs"
each_way sealed "zcsync://$addr/s"
runs_with 5 "a stranger" "$ZCSYNC" pull --identity="$T/stranger" \
    "zcsync://$addr/s" "$T/x"
one_sentence "the sender does not know the key" "is told so"
ok "and gets nothing" test ! -e "$T/x"
done_testing
