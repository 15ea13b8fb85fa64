#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sealed pushes read files through a mapping: of one that is written, cut and
# grown all the time no torn version ever shows, and nothing crashes; one whose
# disk has an error is named with it, exit 23, and the rest is done.
. "$(dirname "$0")/lib.sh"
. "$here/lib-keys.sh"
. "$here/lib-mount.sh"

blocks=4096
stamps() { perl "$tools/stamps.pl" "$1" "$2" $blocks; }

mkdir "$T/a" "$T/share"
make_tree "$T/a/tree"
stamps init "$T/a/f"
truncate -s 30M "$T/a/holes"
echo end >>"$T/a/holes"
start_sealed s="$T/share" || exit 1
dest=zcsync://$addr/s
pushes "sealed" "${client[@]}" "$T/a" "$dest"
ok "equal" same_tree "$T/a" "$T/share"

# ---- written, cut, grown -----------------------------------------------------

background writer perl "$tools/stamps.pl" write "$T/a/f" $blocks
writer=$pid
background cutter perl -e 'while (1) {
    truncate $ARGV[0], int(rand(20e6)); truncate $ARGV[0], 20_000_000 }' \
    "$T/a/cut"
cutter=$pid
: >"$T/a/cut"
end=$((SECONDS + (BIG ? 60 : 6)))
torn=0 crashed=0 pushes=0
while ((SECONDS < end)); do
    push --fsync=none "${client[@]}" "$T/a" "$dest"
    pushes=$((pushes + 1))
    [[ $rc = 0 || $rc = 24 ]] || {
        crashed=$((crashed + 1))
        diag "exit $rc: $err"
    }
    stamps check "$T/share/f" >"$T/log/check" || torn=$((torn + 1))
done
is "$crashed" 0 "exit 0 or 24, $pushes times"
is "$torn" 0 "no torn version"
kill "$writer" "$cutter"
reap "$writer"
reap "$cutter"
pushes "when they rest" "${client[@]}" "$T/a" "$dest"
ok "equal" same_tree "$T/a" "$T/share"
ok "no staging folder left" no_litter "$T"

# ---- a disk with an error ----------------------------------------------------

# All but the beginning of the disk is lost, and with it what was written last.
lose_disk()
{
    local first
    first=$(filefrag -b4096 -e "$T/disk/a/zz-bad" |
        sed -n 's/^ *0:[^:]*: *\([0-9]*\)\.\..*/\1/p')
    dd of="$T/disk/a/zz-bad" oflag=nocache conv=notrunc,fdatasync count=0 \
        status=none
    sync -f "$T/disk"
    [ "${first:-0}" -gt 0 ] && truncate -s $(((first + 16) * 4096)) "$T"/image.*
}
unreadable() { ! cat "$T/disk/a/zz-bad" >/dev/null 2>&1; }

if [ "$(id -u)" = 0 ] && command -v filefrag >/dev/null &&
    make_fs ext4 "$T/disk" 32 -O ^has_journal && mkdir "$T/disk/a" &&
    random_bytes 300000 >"$T/disk/a/good" && sync -f "$T/disk" &&
    random_bytes 6000000 >"$T/disk/a/zz-bad" && sync -f "$T/disk" &&
    lose_disk && unreadable; then
    rm -rf "$T/share"/*
    push_exits 23 "a disk with an error" "${client[@]}" "$T/disk/a" "$dest"
    one_sentence 'zz-bad.*Input/output error' "names the file"
    ok "the rest is done" cmp "$T/disk/a/good" "$T/share/good"
    nok "nothing in place of the file" [ -e "$T/share/zz-bad" ]
    for mover in mmap sendfile splice readwrite direct; do
        push_exits 23 "by $mover" --mover=$mover "$T/disk/a" "$T/b"
        like "$err" 'zz-bad.*Input/output error' "names the file, too"
    done
else
    skip 12 "no disk to lose: needs root, a loop device, ext4 and filefrag"
fi
done_testing
