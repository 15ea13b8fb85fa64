#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --remove-source-files: what is at DEST, and only that, goes from SRC; judged by
# what rsync leaves of the same tree.
. "$(dirname "$0")/lib.sh"

need rsync
cd "$T" || exit
mkdir -p share

fill() # DIR
{
    rm -rf "$1" && mkdir -p "$1/d/empty" "$1/e"
    echo 1 >"$1/f" && echo 2 >"$1/d/g" && echo 3 >"$1/e/out.o"
    ln "$1/f" "$1/d/f2" && ln -s f "$1/link" && mkfifo "$1/fifo"
    head -c 3000000 /dev/zero | tr '\0' b >"$1/big"
    echo same >"$1/same" && touch -hd 2020-01-01 "$1"/* "$1"/*/*
}
left() { (cd "$1" && find . | sort); }

fill a
cp -a a keep
start_serve s="$T/share"
# as_rsync NAME OPTION...
as_rsync()
{
    local to name=$1
    shift
    fill r && rm -rf r.b && mkdir r.b && cp -a r/same r.b/ && echo other >r.b/f
    rsync -aHAX --modify-window=-1 --remove-source-files "$@" r/ r.b/
    for to in b "zcsync://$addr/s"; do
        fill a && rm -rf b share/* && mkdir b && cp -a a/same b/ && echo other >b/f
        cp -a b/. share/
        pushes "$name to $to" --remove-source-files "$@" a "$to"
        is "$(left a)" "$(left r)" "as much is left as with rsync"
        [ "$to" = b ] || { rm -rf b && cp -a share b; }
        is "$(left b)" "$(left r.b)" "and as much is there"
        ok "no file is nowhere" still_somewhere
    done
}
# Every file of "keep" is in a or b.
still_somewhere()
{
    (cd keep && find . ! -type d) | while read -r path; do
        [ -e "a/$path" ] || [ -L "a/$path" ] || [ -e "b/$path" ] ||
            [ -L "b/$path" ] || exit 1
    done
}
as_rsync "all"
as_rsync "a filter" --exclude='*.o'
as_rsync "-c" -c
as_rsync "without symlinks and specials" --no-links --no-D
as_rsync "without hard links" --no-hard-links
as_rsync "--existing" --existing
as_rsync "--size-only" --size-only

fill a && rm -rf b
pushes "a dry run" -n --remove-source-files a b
is "$(left a)" "$(left keep)" "removes nothing"
pushes "without times" --no-times --remove-source-files a b
is "$(find a ! -type d)" "" "their bytes tell"
ok "and are there" cmp keep/big b/big
fill a && echo Same >a/same && touch -d 2020-01-01 a/same
echo 0 >b/same && touch -d 2020-01-01 b/same && truncate -s 5 b/same
pushes "--size-only" --size-only --remove-source-files a b
is "$(cd a && find . ! -type d)" "./same" "what merely has that size stays"

mkdir -p c x && echo 1 >c/f && echo 2 >x/f && echo 3 >x/g && rm -rf b
touch -r c/f x/f
pushes "of several SRC" --remove-source-files c/ x/ b
is "$(left c) $(left x | xargs)" ". . ./f" "what an earlier one has stays"

# ---- what changes, or is not to be had --------------------------------------

fill a && rm -rf b
mkdir b && mkdir -p b/d/g/full
push_exits 23 "with one that cannot be" --remove-source-files a b
is "$(cd a && find . ! -type d)" "./d/g" "that one stays"

fill a && rm -rf b
{ exec 5>>a/f && echo more >&5; } # a writer
push "--remove-source-files" a b
exec 5>&-
ok "what is open for writing" [ -e a/f ]
like "$err" "f: .*remove it: it has changed" "stays, and is named"

if "${nobody[@]}" true 2>/dev/null && "${nobody[@]}" "$ZCSYNC" version >/dev/null 2>&1
then
    chmod 777 . && "${nobody[@]}" bash -c 'mkdir -p ro n; echo 1 >ro/f; chmod 555 ro'
    runs_with 23 "where nothing can be removed" "${nobody[@]}" "$ZCSYNC" push \
        --remove-source-files ro n
    like "$err" "ro/f: .*remove it: Permission denied" "it is said"
    ok "and the copy is there" cmp ro/f n/f
else
    skip 3 "needs the user nobody"
fi

# ---- a pull ------------------------------------------------------------------

fill a && rm -rf b
start_serve --readable s="$T/a"
runs_with 5 "a pull from a share" "$ZCSYNC" pull --remove-source-files \
    "zcsync://$addr/s" b
one_sentence "for reading" "says why not"
is "$(left a)" "$(left keep)" "and removes nothing"
cat >"$T/rsh" <<END
#!/bin/sh
shift
exec sh -c "\$*"
END
chmod +x rsh
runs_with 0 "a pull by a remote shell" "$ZCSYNC" pull -e "$T/rsh" \
    --remote-command="$ZCSYNC" --remove-source-files "host:$T/a" b
is "$(find a ! -type d)" "" "removes there"
ok "what is here" same_tree keep/d b/d

for command in mirror diff; do
    runs_with 1 "$command" "$ZCSYNC" $command --remove-source-files a b
    one_sentence "has no meaning for 'zcsync $command'" "refuses it"
done
done_testing
