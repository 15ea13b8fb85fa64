#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# With --drop-cache the page cache has of the files at both ends what it had before:
# what was there stays, what was not is not there afterwards.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mount.sh"
. "$here/lib-keys.sh"
. "$here/lib-mirror.sh"

need_mounts
need fincore
need_no_sanitizers "what counts is what the kernel keeps, and when"
make_fs ext4 "$T/m" 400 || skip_all "no ext4 here"
m=$T/m
mkdir -p "$m/a/sub" "$m/s"
for size in 0 1 4096 100000 262144 262145 1048577 9000001; do
    head -c $size /dev/urandom >"$m/a/$size"
done
cp "$m/a/9000001" "$m/a/warm"
cp "$m/a/9000001" "$m/a/half"
cp "$m/a/100000" "$m/a/sub/warm-small"
cp "$m/a/1048577" "$m/a/sub/cold"

pages() { fincore --raw --noheadings --output PAGES "$1"; }
# chill DIR...: nothing of their files is in memory, but of those that are warm
chill()
{
    local f
    sync -f "$m"
    find "$@" -type f -size +0 -print0 |
        while IFS= read -r -d '' f; do
            dd of="$f" oflag=nocache conv=notrunc,fdatasync count=0 status=none
        done
}
warm()
{
    cat "$m/a/warm" "$m/a/sub/warm-small" >"$T/log/warm"
    dd if="$m/a/half" of="$T/log/half" bs=64K count=16 skip=32 status=none
}
census() { (cd "$1" && find . -type f -size +0 | sort | xargs fincore --raw --noheadings --output PAGES,FILE); }
in_memory() # DIR: pages of all its files
{
    find "$1" -type f -size +0 -exec fincore --raw --noheadings --output PAGES {} + |
        awk '{ n += $1 } END { print n + 0 }'
}
# What the kernel reads ahead comes a little later.
steady()
{
    local now
    now=$(census "$m/a")
    [ "$now" = "$before" ] && return
    before=$now
    return 1
}
# ready [DIR]: SRC is as it shall be afterwards, and nothing of DIR is in memory
ready()
{
    chill "$m/a" "$@"
    warm
    before=
    wait_until 10 steady
}
begin()
{
    rm -rf "$m/b" "$m/s"/*
    ready
}
# Of thousands of pages the kernel keeps some that it has in hand when it is told, or
# takes one on its own account.
as_before()
{
    local now
    now=$(census "$m/a")
    paste -d ' ' - <(echo "$before") <<<"$now" |
        awk '{ off = $1 - $3; if ($2 != $4 || off * off > 900) exit bad = 1 }
            END { exit bad }' || {
        printf '%s\n' before: "$before" now: "$now"
        return 1
    }
}
forgotten() { [ "$(in_memory "$1")" -lt 400 ]; } # DIR
# leaves DEST: neither end has more or less in memory than before
leaves()
{
    ok "the source's files are in memory as before" as_before
    ok "those of the destination are not" forgotten "$1"
    # by cmp, as comparing reads them
    ok "and are equal" same_tree "$m/a" "$1"
}

begin
[ "$(pages "$m/a/warm")" -ge 2198 ] && [ "$(pages "$m/a/9000001")" = 0 ] ||
    skip_all "memory cannot be looked into here"
start_serve --readable s="$m/s"
pushes "without it" --fsync=none "$m/a" "zcsync://$addr/s"
ok "they fill the memory" [ "$(in_memory "$m/s")" -gt 4000 ]

for how in "" --fsync=none --mover=readwrite --mover=mmap --whole-file; do
    begin
    pushes "push $how" --drop-cache $how "$m/a" "zcsync://$addr/s"
    leaves "$m/s"
done
# What the network still refers to when the file is closed stays.
begin
had=$(in_memory "$m/a")
pushes "push --mover=sendfile" --drop-cache --mover=sendfile "$m/a" "zcsync://$addr/s"
ok "gives back most of it" [ "$(in_memory "$m/a")" -lt $((had + 1500)) ]
ok "and what is written" forgotten "$m/s"
begin
pushes "on one machine" --drop-cache --no-clone "$m/a" "$m/b"
leaves "$m/b"
ready "$m/b"
pushes "again, by content" --drop-cache -c "$m/a" "$m/b"
leaves "$m/b"
ready "$m/b"
runs_with 0 "diff by content" "$ZCSYNC" diff --drop-cache -c "$m/a" "$m/b"
leaves "$m/b"

# Into files that are there.
chill "$m/b"
printf x | dd of="$m/b/9000001" bs=1 seek=5000 conv=notrunc status=none
ready "$m/b"
pushes "--inplace" --drop-cache --inplace "$m/a" "$m/b"
leaves "$m/b"

mkdir "$m/b2"
cp -a "$m/a/." "$m/s"
ready "$m/s"
runs_with 0 "a pull" "$ZCSYNC" pull --drop-cache "zcsync://$addr/s" "$m/b2"
ok "leaves nothing at this end" forgotten "$m/b2"
ok "nor at the other" forgotten "$m/s"
ok "equal" same_tree "$m/a" "$m/b2"
rm -r "$m/b2"
stop_serve

begin
start_sealed s="$m/s"
pushes "sealed" --drop-cache "${client[@]}" "$m/a" "zcsync://$addr/s"
leaves "$m/s"

begin
start_mirror --drop-cache --no-clone --fsync=none "$m/a" "$m/b"
wait_until 20 looks_equal "$m/a" "$m/b"
stop_mirror
leaves "$m/b"

# Where there is no O_DIRECT, either.
if mount_at -t ramfs ramfs "$T/ram"; then
    begin
    pushes "to a ramfs" --drop-cache --no-clone "$m/a" "$T/ram/b"
    ok "the source is as before" as_before
    ok "equal" same_tree "$m/a" "$T/ram/b"
else
    skip 3 "no ramfs here"
fi
push_exits 1 "with a value" --drop-cache=no "$m/a" "$m/b"
done_testing
