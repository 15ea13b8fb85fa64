#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is said about the source goes for a source on another host, too: rules in
# directories, symlinks, sizes, -m, -d, names that are missing. The same comes out as
# with rsync; symlinks are followed within the share.
. "$(dirname "$0")/lib.sh"

need rsync
cd "$T" || exit
mkdir -p s/d/e s/x s/empty/deep have/d/gone have/x
for d in s s/d s/d/e s/x; do
    for f in a.o b.c keep.o core t~; do echo $f >$d/$f; done
done
printf -- '- *.o\n+ b.c\n' >s/.rsync-filter
printf -- '+ keep.o\n- /a.o\n- b.c\n: .more\n' >s/d/.rsync-filter
echo '- core' >s/d/e/.more
ln -s a.o s/link
ln -s d s/dirlink
head -c 5000 /dev/zero >s/big
find s -exec touch -h -d 2020-02-02 {} +
for f in have/gone.c have/gone.o have/d/b.c have/d/gone/b.c have/x/gone; do echo mine >$f; done
start_serve --readable s="$T/s"

# as_rsync OPTIONS RSYNC-OPTIONS
as_rsync()
{
    rm -rf r z && cp -a have r && cp -a have z
    # shellcheck disable=SC2086
    rsync -HX $2 s/ r/ >"$T/log/rsync" 2>&1
    is "$(grep -v '^cannot delete' "$T/log/rsync")" "" "rsync takes $2"
    # shellcheck disable=SC2086
    runs_with 0 "pull $1" "$ZCSYNC" pull --force-delete $1 "zcsync://$addr/s/" z
    is "$(cd z && find . -printf '%P %y %l\n' | sort)" \
        "$(cd r && find . -printf '%P %y %l\n' | sort)" "the same is there"
}
as_rsync -F "-a -F"
as_rsync "-F --delete" "-a -F --delete-after"
as_rsync "-FF --include=core" "-a -FF --include=core"
as_rsync "-C --delete" "-a -C --delete"
as_rsync -L "-a -L"
as_rsync -k "-a -k"
as_rsync --max-size=1k "-a --max-size=1k"
as_rsync "-m --exclude=*.c" "-a -m --exclude=*.c"
as_rsync -d "-dlptgoD"
rm -rf z && mkdir z && touch z/nope
runs_with 0 "a list with a name that is not there" "$ZCSYNC" pull \
    --delete-missing-args --files-from=<(printf 'big\nnope\n') "zcsync://$addr/s/" z
is "$(ls z)" big "which goes"

ln -s "$T/have/gone.c" s/out
rm -rf z
runs_with 23 "a symlink out of the share" "$ZCSYNC" pull -L "zcsync://$addr/s/" z
like "$err" 'out: .*leads out of what is shared' "is named"
nok "and not followed" [ -e z/out ]
done_testing
