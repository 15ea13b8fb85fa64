#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Filter rules from files in each directory: -F, dir-merge with its modifiers, -C.
# The same names come out as with rsync, and with --delete what such a rule excludes
# is left alone at DEST; broken files of rules leave out their directory alone; a
# mirror sees that rules have changed.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need rsync
cd "$T" || exit
export HOME=$T/home
mkdir home
mkdir -p top/a/d/e top/a/x/y "top/a/w d/z" top/a/only
for d in top/a top/a/d top/a/d/e top/a/x top/a/x/y "top/a/w d" "top/a/w d/z" top/a/only; do
    for f in a.o b.c keep.o core t~ CVS-file x1 home-file; do echo $f >"$d/$f"; done
    mkdir -p "$d/CVS" && echo 1 >"$d/CVS/Root"
done
printf -- '# rules\n- *.o\n+ b.c\n- /x1\n' >top/a/.rsync-filter
printf -- '+ keep.o\n- /a.o\n- b.c\n: .more\n' >top/a/d/.rsync-filter
printf -- '- core\nP protected\n' >top/a/d/e/.more
printf -- '!\n- t~\n' >top/a/x/.rsync-filter
printf -- '- /core\n- z/x*\n- /z/t~\n' >"top/a/w d/.rsync-filter"
printf -- '- home-file\n- /a/only/x1\n' >top/.rsync-filter
printf 'x* *.c ! b.c\n' >top/a/x/.cvsignore
printf 'home-file\n' >home/.cvsignore
printf 'core\n/x1\n' >top/a/d/.names
find top -exec touch -h -d 2020-02-02 {} +
cp -a top/a have
find have -name '.[a-z]*' -type f -delete
rm have/only/x1
mkdir -p have/d/e/gone/deep have/gone have/new
for f in only-here only-here.o t~ core protected b.c; do
    for d in have have/d have/d/e have/x have/gone have/d/e/gone/deep have/new; do
        echo 1 >$d/$f
    done
done

# as_rsync OPTION...
as_rsync()
{
    rm -rf top/r top/z && cp -a have top/r && cp -a have top/z
    rsync -aHAX "$@" top/a/ top/r/ >"$T/log/rsync" 2>&1
    is "$(grep -v '^cannot delete' "$T/log/rsync")" "" "rsync takes $*"
    pushes "push $*" --force-delete "$@" top/a top/z
    is "$(cd top/z && find . | sort)" "$(cd top/r && find . | sort)" "the same is there"
    pushes "again" -i "$@" top/a top/z
    is "$out" "" "nothing to do"
}
after=--delete-after
as_rsync -F
as_rsync -F $after
as_rsync -FF
as_rsync --filter=': .rsync-filter' $after
as_rsync --filter='dir-merge .rsync-filter' --exclude='x*' $after
as_rsync --include=core --filter=': .rsync-filter' --exclude='*.c' $after
as_rsync --filter=':n .rsync-filter' $after
as_rsync --filter=':- .names' $after
as_rsync --filter=':n+ .names' --exclude='x*' $after
as_rsync --filter=':w- .names'
as_rsync --filter=':e .rsync-filter'
as_rsync --filter=':s- .names' $after
as_rsync --filter=':p- .names' $after
as_rsync --filter=':C' $after
as_rsync -C
as_rsync -C $after
CVSIGNORE='x1 t~' as_rsync -C $after
as_rsync -f -C $after
as_rsync -C --include=core -f :C $after
as_rsync -F --delete-excluded $after
as_rsync -F -m $after
as_rsync -f '-p core' -f '- t~' $after

# What rsync protects only where the file of rules is at DEST, too.
rm -rf z && cp -a have z
pushes "rules that are not sent" -FF --delete --force-delete top/a z
ok "protect at DEST" [ -e z/d/b.c -a -e z/d/e/protected ]
pushes "nor are those of a list" -F --files-from=<(echo d/) top/a l
is "$(cd l && find . -name '*.o' -o -name b.c | sort)" "./d/e/keep.o
./d/keep.o" "left out"
mkdir share
start_serve s="$T/share"
rm -rf top/r && cp -a have/. share && cp -a have top/r
pushes "to a server" -F --delete --force-delete top/a "zcsync://$addr/s"
is "$(cd share && find . | sort)" "$(cd top/r &&
    rsync -aF --delete-after ../a/ . >/dev/null 2>&1; find . | sort)" \
    "as rsync has it"

# Broken rules.
cp -a top/a b
echo 'no rule' >>b/d/.rsync-filter
rm -rf z && cp -a have z && cp -a have/d d.before
push_exits 23 "a file that is no rules" -F --delete --force-delete b z
like "$err" 'b/d: .*left out: \.rsync-filter: line 5: filter rule "no rule"' \
    "is named with its line"
is "$(cd z/d && find . | sort)" "$(cd d.before && find . | sort)" "its directory keeps all"
ok "the others are done" [ -e z/x/a.o -a ! -e z/gone/only-here ]
push_exits 1 "a path" --filter=': a/.rules' b z
like "$err" 'without a directory' "is refused"

if [ "$(id -u)" = 0 ]; then
    rm b/d/.rsync-filter
    ln -s "$T/top/a/d/.rsync-filter" b/d/.rsync-filter
    chown -h 12345 b/d/.rsync-filter
    push_exits 23 "rules behind somebody else's symlink" -F b z
    chown -h 0 b/d/.rsync-filter
    pushes "behind root's own" -F b z
fi

# A mirror.
rm -rf m b && cp -a top/a b && rm b/d/.rsync-filter && mkdir m
echo '+ keep.o' >b/d/.rsync-filter && echo mine >m/mine.o
start_mirror --filter=': .rsync-filter' --force-delete b m
ok "a mirror with rules in its directories" wait_until 20 [ -e m/d/keep.o -a -e m/x/y/core ]
echo 1 >b/d/new.o
echo 1 >b/d/new.c
ok "a new file" wait_until 20 [ -e m/d/new.c ]
nok "not one that is excluded" [ -e m/d/new.o ]
mkdir b/x/sub && echo 1 >b/x/sub/t~ && echo 1 >b/x/sub/f.o
ok "in a new directory" wait_until 20 [ -e m/x/sub/f.o ]
nok "likewise" [ -e m/x/sub/t~ ]
echo '+ new.o' >b/d/.rsync-filter
ok "rules that change" wait_until 20 [ -e m/d/new.o ]
mv b/x b/d/moved
ok "a directory gets others" wait_until 20 [ -e m/d/moved/y/core ]
ok "when it moves" wait_until 20 [ ! -e m/x/core ]
rm b/d/new.o
ok "what is gone goes" wait_until 20 [ ! -e m/d/new.o ]
ok "and not what is excluded" [ -e m/mine.o ]
stop_mirror
done_testing
