#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Nothing outside the share is read or written, though a process at the
# destination keeps swapping directories for symlinks that lead out.
. "$(dirname "$0")/lib.sh"

mkdir -p "$T/share" "$T/outside/d" "$T/a/d/e"
echo precious >"$T/outside/d/f0"
echo precious >"$T/outside/keep"
for n in $(seq 0 60); do
    echo "new $n" >"$T/a/d/f$n"
    echo "new $n" >"$T/a/d/e/f$n"
done
outside=$(ctimes "$T/outside")
start_serve s="$T/share"

background swapper perl -e 'chdir shift or die; my $out = shift;
    while (1) {
        for my $d ("d", "d/e", ".zcsync") {
            rename $d, "saved" and symlink $out, $d;
            select undef, undef, undef, rand 0.002;
            unlink $d; rename "saved", $d;
            select undef, undef, undef, rand 0.002;
        }
    }' "$T/share" "$T/outside"
swapper=$pid
other=0
for n in $(seq 20); do
    echo "round $n" >"$T/a/d/e/round"
    touch "$T"/a/d/f*
    dest=zcsync://$addr/s
    ((n % 2)) && dest=$T/share
    push --fsync=none --delete --force-delete "$T/a" "$dest"
    [[ $rc =~ ^(0|3|5|11|23|24)$ ]] || { other=$((other + 1)); diag "exit $rc: $err"; }
done
kill "$swapper"
reap "$swapper"
is "$other" 0 "20 pushes under attack end in an orderly way"
is "$(ctimes "$T/outside")" "$outside" "the outside was not touched"
is "$(ls -A "$T/outside")" "$(printf 'd\nkeep')" "nothing was added there"
is "$(cat "$T/outside/d/f0")" precious "nothing changed there"
ok "serve is still there" kill -0 "$serve_pid"
# "saved" may have become anything, .zcsync with the files of d in it included
wait_until 10 eval '! pgrep -P "$serve_pid" >/dev/null'
rm -rf "$T/share/saved" "$T/share/.zcsync"
pushes "in peace" --delete --force-delete "$T/a" "zcsync://$addr/s"
ok "equal" same_tree "$T/a" "$T/share"

# a staging folder that is a symlink is not followed
rm -rf "$T/share/.zcsync" && ln -s "$T/outside" "$T/share/.zcsync"
echo more >"$T/a/d/more"
push "$T/a" "zcsync://$addr/s"
is "$(ctimes "$T/outside")" "$outside" "a symlink named .zcsync leads nowhere (exit $rc)"
done_testing
