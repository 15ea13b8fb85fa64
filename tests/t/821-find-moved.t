#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What was moved or copied at the source while nobody watched is found at the
# destination under its other name, and not sent; what is in it decides.
. "$(dirname "$0")/lib.sh"
. "$here/lib-edits.sh"

need rsync perl
cd "$T" || exit
mkdir share src
start_serve --readable s="$T/share"
to=zcsync://$addr/s
# Over TCP on one machine all of a file would be sent.
far=(--no-whole-file --stats)

# A tree of 12 MiB, and small files with it.
fill()
{
    local d f n=10
    rm -rf src && mkdir src
    for d in films photos/2024 photos/2025 attic/deep/er; do
        mkdir -p "src/$d"
        for f in 1 2 3; do
            random_bytes $((1 << 20)) >"src/$d/$f.bin"
            touch -d "2024-05-06 07:08:$((++n)).123456789" "src/$d/$f.bin"
        done
        for f in 1 2 3; do random_bytes 2000 >"src/$d/$f.txt"; done
    done
}
synced() { rsync -aHc --delete src/ share/; }
# moved NAME MOST OPTION...: a push, and no more than MOST bytes for it
moved()
{
    local name=$1 most=$2
    shift 2
    pushes "$name" "${far[@]}" "$@" src/ "$to"
    ok "$name: equal" same_tree src share
    crossed_at_most "$most" "$name: little has crossed"
    ok "$name: no staging folder left" no_litter share
}
few=120000 # names, sums, and small files

fill && synced
mv src/films/2.bin src/attic/film.bin
moved "one file to another directory" $few --delete
mv src/photos src/pictures
moved "a directory" $few --delete
mkdir src/new && mv src/attic src/new/attic && mv src/pictures/2024 src/new/
moved "directories into a new one" $few --delete
cp -a src/films/3.bin src/films/3-copy.bin
moved "a copy beside it" $few --delete
mv src/films/1.bin src/1.tmp && mv src/films/3.bin src/films/1.bin &&
    mv src/1.tmp src/films/3.bin
pushes "two that have changed places" "${far[@]}" --delete src "$to"
ok "equal" same_tree src share
ln src/films/1.bin src/films/link
moved "links are none" $few -H --delete

# Without --delete what is there stays, and what is found is a copy.
fill && synced
mv src/films src/movies
pushes "a directory, without --delete" "${far[@]}" src "$to"
crossed_at_most $few "little has crossed"
ok "the new one is equal" same_tree src/movies share/movies
ok "the old one is there" [ -e share/films/2.bin ]
is "$(stat -c %h share/movies/2.bin)" 1 "and shares no inode"

# Same size and time, and other bytes: never taken for it.
fill && synced
mv src/films/2.bin src/films/other.bin
random_bytes $((1 << 20)) >x && cp --no-preserve=all x src/films/other.bin
touch -r src/films/3.bin src/films/other.bin
pushes "another file of that size and time" "${far[@]}" --delete src "$to"
ok "equal" same_tree src share
fill && synced
mv src/films/2.bin src/films/other.bin
touch -r src/films/other.bin x
printf x | dd of=src/films/other.bin bs=1 seek=700000 conv=notrunc status=none
touch -r x src/films/other.bin
moved "one byte of it changed" $few --delete

# Not asked for, or of no use.
for option in --no-find-moved -W; do
    fill && synced
    mv src/films src/movies
    pushes "$option" --no-whole-file --stats $option --delete src "$to"
    ok "$option: equal" same_tree src share
    ok "$option: all of it has crossed" [ "$(bytes_out)" -ge $((3 << 20)) ]
done
fill && synced
mv src/films src/movies
pushes "-n changes nothing" -n "${far[@]}" --delete src "$to"
ok "films are there" [ -e share/films/1.bin ]
pushes "a wide tree" "${far[@]}" --delete src "$to"

# Far more lists than can wait.
rm -rf src && mkdir src
for d in $(seq 300); do
    mkdir "src/$d"
    random_bytes 300000 >"src/$d/big"
done
synced
mkdir src/all && mv src/[0-9]* src/all/
moved "300 directories" 900000 --delete --force-delete
# In an empty DEST nothing is looked for, and nothing waits.
find share -mindepth 1 -delete
pushes "an empty DEST" "${far[@]}" src "$to"
ok "equal" same_tree src share

# The other way round.
fill && synced && rsync -ac --delete src/ pulled/
mv share/photos share/pictures
runs_with 0 "a pull" "$ZCSYNC" pull "${far[@]}" --delete "$to" pulled
ok "equal" same_tree share pulled
ok "little has crossed" [ "$(bytes_in)" -lt $few ]
done_testing
