#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# zcsync verify finds what is damaged where size and time are right, at either end,
# between all kinds of places, and --repair mends it.
. "$(dirname "$0")/lib.sh"
. "$here/lib-damage.sh"

need rsync
cd "$T" || exit 1
printf '#!/bin/bash\nshift\nexec "$@"\n' >rsh
chmod +x rsh
mkdir bin a b
ln -s "$ZCSYNC" bin/zcsync
PATH=$T/bin:$PATH

many_files a/many 300 100
for n in 0 1 4095 4096 4097 300000; do random_bytes $n >a/bytes.$n; done
random_bytes 9000000 >a/big
truncate -s 300G a/sparse
printf end | dd of=a/sparse bs=1 seek=200G conv=notrunc status=none
ln -s big a/link
ln a/bytes.300000 a/many/linked # many/ is behind it
mkfifo a/fifo
[ "$(id -u)" != 0 ] || mknod a/device c 1 3
mkdir a/empty
pushes "made" --fsync=none a b
before=$(ctimes a; ctimes b)

# verifies CODE OPTION...
verifies() { runs_with "$1" "verify ${*:2}" "$ZCSYNC" verify "${@:2}"; }

verifies 0 a b
is "$out$err" "" "nothing differs, and nothing is said"
verifies 0 --cold --delete a b
is "$(ctimes a; ctimes b)" "$before" "nothing has changed"
verifies 0 -ii a b
ok "-ii tells of all" [ "$(grep -c '^\.' <<<"$out")" -gt 300 ]

# ---- what is found ---------------------------------------------------------------

start_serve --readable s="$T/b" src="$T/a"
expect='.f...p..... bytes.4097
.f..t...... bytes.0
>f+++++++++ many/new
>fc........ big
>fc........ bytes.300000
>fc........ sparse
>fcst...... bytes.4095'
# What was found, of files; rsync's own push has >, ours <
list() { sed -E 's/^</>/' <<<"$out" | grep -v '^\.d\|^hf.*linked' | sort; }

break_all()
{
    damage b/big 8999999
    damage a/sparse $((200 << 30))
    damage a/bytes.300000 299999
    echo new >a/many/new
    rm -f b/many/new
    echo more >>b/bytes.4095
    chmod 640 b/bytes.4097
    touch -d 2001-02-03 b/bytes.0
    echo extra >b/extra
}

# finds NAME PLACE PLACE: what was broken, and changes nothing
finds()
{
    local before
    before=$(ctimes a; ctimes b)
    verifies 1 "${@:2}"
    is "$(list)" "$expect" "$1: what differs"
    is "$err" "" "and no word of trouble"
    verifies 1 --delete --cold "${@:2}"
    is "$(list)" "*deleting   extra
$expect" "and what only DEST has, with --delete"
    is "$(ctimes a; ctimes b)" "$before" "all is as it was"
}
break_all
run "$ZCSYNC" diff a b
unlike "$out" 'big|sparse|300000' "diff sees none of the damage"
finds "local" a b
finds "to a daemon" a "zcsync://$addr/s"
finds "from a daemon" "zcsync://$addr/src" b
finds "to a host" -e "$T/rsh" a "host:$T/b"
finds "from a host" -e "$T/rsh" "host:$T/a" b
verifies 1 --json a b
like "$out" '"action":"update","path":"big","kind":"file","itemize":".fc\.' "--json"

# ---- and mended ------------------------------------------------------------------

mends()
{
    verifies 0 --repair --delete "${@:2}"
    is "$(list)" "*deleting   extra
$expect" "$1: what was repaired is told"
    like "$err" '^zcsync: [0-9]+ entries differed, and DEST has what SRC has now$' \
        "and in which direction"
    is "$(rsync_diff a b --exclude=/sparse)" "" "rsync finds nothing more"
    verifies 0 --delete "${@:2}"
    verifies 0 --repair --delete "${@:2}"
    is "$out$err" "" "nor does verify, which has nothing to say then"
}
mends "local" a b
break_all
mends "to a daemon" a "zcsync://$addr/s"
break_all
mends "from a host" -e "$T/rsh" "host:$T/a" b

# ---- nothing there, several SRC, filters, one file --------------------------------

mkdir none
verifies 1 a none
is "$(grep -c '+++' <<<"$out")" "$(find a ! -samefile a | wc -l)" "all is missing in an empty DEST"
verifies 1 a nowhere
is "$(ls none)$(ls -d nowhere 2>&1 | grep -c No)" 1 "which stays so"
damage b/big
verifies 0 --exclude=/big a b
verifies 0 a/bytes.1 a/bytes.4096 b
verifies 1 a/big b
like "$out" '^.fc\.\.\.\.\.\.\.\. big$' "one file"
verifies 1 -q a b
is "$out$err" "" "-q"
for option in --size-only -I --append --remove-source-files --link-dest=x; do
    runs_with 1 "verify $option" "$ZCSYNC" verify "$option" a b
    one_sentence "has no meaning for 'zcsync verify'" "has no meaning"
done
done_testing
