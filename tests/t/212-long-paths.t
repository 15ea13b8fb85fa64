#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Paths longer than PATH_MAX, and a tree 300 levels deep: made, updated, deleted.
. "$(dirname "$0")/lib.sh"

# in DIR PERL: runs it at the bottom of a path of 6,000 bytes below DIR, which
# is made where it is missing
at_bottom()
{
    perl -e 'chdir shift or die;
        for my $n (1 .. 30) {
            my $d = "$n" . "x" x 200; mkdir $d; chdir $d or die }
        eval shift; die $@ if $@' "$1" "$2"
}
contents() { (cd "$1" && find . -type f -execdir md5sum -- {} + | sort); }
same()
{
    diff <(listing "$1") <(listing "$2") && diff <(contents "$1") <(contents "$2")
}

mkdir "$T/a" "$T/share"
start_serve s="$T/share"
at_bottom "$T/a" 'for ("one", "y" x 255) { open my $f, ">", $_ or die; print $f "$_\n" }
    symlink "one", "link"; link "one", "two"; mkdir "sub"; mkdir "sub/sub"'
for dest in "$T/b" "zcsync://$addr/s"; do
    dir=${dest/#zcsync*/$T/share}
    pushes "a path of over 6,000 bytes" "$T/a" "$dest"
    ok "equal" same "$T/a" "$dir"
done
before=$(ctimes "$T/b")
pushes "again" -i "$T/a" "$T/b"
is "$out" "" "nothing to do"
is "$(ctimes "$T/b")" "$before" "nothing touched"

at_bottom "$T/a" 'open my $f, ">>", "one"; print $f "more\n"; rmdir "sub/sub";
    unlink "link"; open $f, ">", "new"'
for dest in "$T/b" "zcsync://$addr/s"; do
    dir=${dest/#zcsync*/$T/share}
    pushes "an update at the bottom" --delete "$T/a" "$dest"
    ok "equal" same "$T/a" "$dir"
done
mkdir "$T/other" && echo x >"$T/other/x"
for dest in "$T/b" "zcsync://$addr/s"; do
    dir=${dest/#zcsync*/$T/share}
    pushes "deleted again" --delete "$T/other/" "$dest"
    ok "equal" same "$T/other" "$dir"
    ok "no staging folder left" no_litter "$dir"
done
done_testing
