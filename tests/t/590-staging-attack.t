#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A user who may write into a share's root puts folders of his own where the
# receiver, root, stages, and exchanges them in a loop: nothing of root's ever
# gets into his hands, and a push is whole or says why it is not. What he has
# locked does not hold up anybody for ever.

. "$(dirname "$0")/lib.sh"

need perl flock
need_nobody

src=$T/src share=$T/share
mkdir "$src" "$share"
for n in $(seq 300); do echo "secret $n" >"$src/f$n"; done
random_bytes 3000000 >"$src/big"
chown nobody "$src" "$share" # the root keeps its owner
start_serve share="$share"

# Until it is stopped: what of root's he can reach is printed.
attack='
    use POSIX (); chdir $ARGV[0] or die;
    my $flags = 2; # RENAME_EXCHANGE
    sub exchange { syscall(316, -100, my $a = $_[0], -100, my $b = $_[1], $flags) }
    sub look { my ($dir) = @_; opendir my $d, $dir or return;
        for (readdir $d) {
            next if /^\.\.?$/;
            my @st = lstat "$dir/$_" or next;
            # (empty ones ask the file system whose files of ours are)
            print "$dir/$_\n" if $st[4] == 0 && !(/^t-/ && $st[7] == 0);
        } }
    $| = 1;
    for (my $n = 0; ; $n++) {
        mkdir ".zcsync", 0777; chmod 0777, ".zcsync";
        mkdir "bait", 0777; mkdir "other", 0777;
        for my $s (glob ".zcsync/*") {
            exchange("bait", $s);
            look($s); look("bait");
        }
        look("bait"); look("other");
        exchange(".zcsync", "other") if $n % 7 == 0;
        rename ".zcsync", "gone$n" if $n % 11 == 0;
        rmdir "gone$n"; rmdir ".zcsync" if $n % 3 == 0;
    }'
[ "$(uname -m)" = x86_64 ] || skip_all "needs the system call numbers of x86-64"
background attack "${nobody[@]}" perl -e "$attack" "$share"
attacker=$pid

wrong=0 refused=0 whole=0
for n in $(seq 12); do
    run "$ZCSYNC" push "$src" "zcsync://127.0.0.1:$port/share/"
    case $rc in
        0) whole=$((whole + 1)) ;;
        11 | 23) refused=$((refused + 1))
            [[ $err == *.zcsync* ]] || { wrong=$((wrong + 1)); diag "$err"; } ;;
        *) wrong=$((wrong + 1)); diag "rc $rc: $err" ;;
    esac
    for f in f1 f300 big; do
        [ ! -e "$share/$f" ] || cmp -s "$src/$f" "$share/$f" ||
            wrong=$((wrong + 1))
    done
    find "$share" -maxdepth 1 -type f -delete 2>/dev/null
done
diag "$whole pushes went through, $refused were refused"
is "$wrong" 0 "each push is whole, or says that it is about .zcsync"
is "$(head -3 "$T/log/attack.out")" "" "nothing of root's came within his reach"
kill "$attacker"
reap "$attacker"

rm -rf "${share:?}"/* "$share/.zcsync"
"${nobody[@]}" mkdir "$share/.zcsync"
run "$ZCSYNC" push "$src" "zcsync://127.0.0.1:$port/share/"
is "$rc" 11 "a staging folder of his own is not used"
like "$err" "\.zcsync.* belongs to user $(id -u nobody)" "which is said"
ok "and is left to him" test "$(stat -c %U "$share/.zcsync")" = nobody
rmdir "$share/.zcsync"
run "$ZCSYNC" push "$src" "zcsync://127.0.0.1:$port/share/"
is "$rc" 0 "without it all is well"
ok "and equal" cmp "$src/big" "$share/big"

mkdir -m 700 "$share/.zcsync"
background lock flock -F "$share/.zcsync" sleep 100
holder=$pid

wait_until 10 sh -c "! flock -n '$share/.zcsync' true"
echo new >"$src/new"
run "$ZCSYNC" push "$src" "zcsync://127.0.0.1:$port/share/"
is "$rc" 11 "one that somebody has locked ends the push in time"
like "$err" "locked by process $holder" "and the process is named"
ok "the server goes on" kill -0 "$serve_pid"

done_testing
