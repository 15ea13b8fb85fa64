#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --list-only, and SRC alone: what rsync lists of it, in its lines; nothing is made.
. "$(dirname "$0")/lib.sh"

need rsync
mkdir -p "$T/w/s/d/e" "$T/w/s/empty"
cd "$T/w" || bail "no directory"
seq 100000 >s/big
printf x >"s/with blank"
touch "s/new
line" s/d/e/x s/d/y.tmp
ln s/big s/d/hard
ln -s big s/l
ln -s /nowhere s/d/broken
mkfifo s/p
chmod 4751 s/big
chmod 1777 s/d
touch -h -d @1600000000 s/l s/big
rsh=$here/rsh-here

lines() { sed -E 's/^(d.{9} +)[0-9,]+ /\10 /; s/^(d.{9}) +0 /\1 0 /' | sort; }
as_rsync() # "RSYNC-WORDS" WORD...: rsync with the words has what zcsync WORD... has
{
    local rsync=$1 want
    shift
    want=$(eval "rsync --links --specials $rsync" 2>/dev/null | lines)
    runs_with 0 "$*" "$ZCSYNC" "$@"
    is "$(lines <<<"$out")" "$want" "lists what rsync $rsync does"
}
as_rsync "s/" push s
as_rsync "s/" push s/
as_rsync "-r s/" push -r s
as_rsync "-a s/" push -a s/
as_rsync "-a s/" push -a --list-only s/ nowhere
as_rsync "-a --list-only --exclude='*.tmp' s/" push -a --exclude='*.tmp' s
as_rsync "-am --list-only s/" push -am s/
as_rsync "s/big" push s/big
as_rsync "s/l" push s/l
as_rsync "-aR --list-only s/d" push -aR --list-only s/d x
as_rsync "-e '$rsh' host:'$T/w/s/'" pull -e "$rsh" "host:$T/w/s"
as_rsync "-a -e '$rsh' host:'$T/w/s/'" pull -a -e "$rsh" "host:$T/w/s/"
as_rsync "-a -e '$rsh' host:'$T/w/s/'" push -a -e "$rsh" "host:$T/w/s/"
as_rsync "-e '$rsh' host:'$T/w/s/big'" pull -e "$rsh" "host:$T/w/s/big"
is "$(ls)" s "nothing is made"

start_serve --readable s="$T/w/s" t="$T/w/s/d" || bail "no server"
as_rsync "s/" pull --port="$port" 127.0.0.1::s
as_rsync "-a s/d/" pull -a "zcsync://$addr/s/d"
runs_with 0 "a host alone" "$ZCSYNC" pull --port="$port" 127.0.0.1::
is "$out" $'s\tpush, pull\nt\tpush, pull' "lists its shares"
runs_with 0 "--json" "$ZCSYNC" push --json s/big
like "$out" '^\{"type":"entry","name":"big","kind":"file","size":588895,"mode":"4751"' \
    "has the objects of ls"

runs_with 3 "what is not there" "$ZCSYNC" push nowhere
one_sentence 'nowhere: No such file' "is said to be missing"
runs_with 1 "nothing at all" "$ZCSYNC" push --list-only
like "$err" 'SRC and DEST are missing' "is refused"
runs_with 1 "diff with SRC alone" "$ZCSYNC" diff s
like "$err" 'DEST is missing' "is refused"
ok "a reader that has seen enough" bash -c \
    "'$ZCSYNC' push -a s | head -n 1; [ \${PIPESTATUS[0]} = 0 ] || [ \${PIPESTATUS[0]} = 141 ]"
done_testing
