#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# When and what is deleted: --delete-excluded, --delete-before and its like,
# --force, --ignore-errors, judged by rsync on the same tree.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
. "$here/lib-mount.sh"

need rsync
cd "$T" || exit
mkdir -p a/d a/e have/d have/e/old share
echo 1 >a/d/f && echo 2 >a/new
cp -a a/d have/
echo x >have/d/x.o && echo y >have/y.o && echo z >have/e/old/z.o
echo k >have/p.keep && echo m >have/e/old/more && echo g >have/gone
find a have -exec touch -hd 2020-02-02 {} +
start_serve s="$T/share"

# What there is, apart from the time of what lost something and stays.
still() { listing "$1" | sed '/^e\/old d/s/ [0-9.]* .*//'; }

# as_rsync OPTION...
as_rsync()
{
    local to
    rm -rf r && cp -a have r
    rsync -aHAX --modify-window=-1 "$@" a/ r/ >"$T/log/rsync" 2>&1
    for to in b "zcsync://$addr/s"; do
        rm -rf b && cp -a have b
        rsync -a --delete have/ share/
        pushes "$* to $to" "$@" a/ "$to"
        [ "$to" = b ] || { rm -rf b && cp -a share b; }
        is "$(still b)" "$(still r)" "the same comes out"
    done
}
for option in --del --delete-before --delete-during --delete-delay \
    --delete-after --delete-excluded; do
    as_rsync $option --exclude='*.o'
done
as_rsync --delete-excluded --exclude='*.o' --filter='P *.keep'
as_rsync --delete-excluded --filter='-r *.o' --filter='-s new'
as_rsync --delete-excluded
as_rsync --exclude='*.o' --delete-excluded --delete-before

rm -rf b && cp -a have b
pushes "a dry run" -n -i --delete-excluded --delete-before --exclude='*.o' a/ b
is "$(listing b)" "$(listing have)" "changes nothing"
dry=$out
pushes "--delete-before" -i --delete-excluded --delete-before --exclude='*.o' a/ b
is "$(grep deleting <<<"$out" | sort)" "$(grep deleting <<<"$dry" | sort)" \
    "deletes what it told"
is "$(head -n 7 <<<"$out" | grep -c deleting)" 7 "and that first"

# ---- the brake, and room -----------------------------------------------------

rm -rf b && mkdir -p b/many && touch b/many/{1..120}
push_exits 25 "what the brake holds" --delete-before a/ b
one_sentence 'nothing was deleted: 121 of 121' "is told once"
is "$(find b/many | wc -l)" 121 "and stays"
is "$(cat b/new)" 2 "all else is there"
push_exits 25 "more than --max-delete" --delete-before --max-delete=3 a/ b
is "$(find b/many | wc -l)" 121 "stays, too"

if [ "$(id -u)" = 0 ] && mount_at -t tmpfs -o size=4m tmpfs "$T/small"; then
    rm -rf c && mkdir c && head -c 3000000 /dev/zero | tr '\0' n >c/new
    head -c 3000000 /dev/zero | tr '\0' o >small/old
    push_exits 23 "no room for both" --delete c/ small
    ok "the old one has gone meanwhile" [ ! -e small/old ]
    rm -f small/new
    head -c 3000000 /dev/zero | tr '\0' o >small/old
    pushes "--delete-before" --delete-before c/ small
    ok "makes room" cmp c/new small/new
    umount small
else
    skip 4 "cannot mount"
fi

rm -rf b && cp -a have b
start_serve --readable --read-only src="$T/a"
runs_with 0 "a pull" "$ZCSYNC" pull --delete-before --delete-excluded \
    --exclude='*.o' "zcsync://$addr/src" b
ok "does it, too" same_tree a/ b
mkdir -p b/many && touch b/many/{1..120}
runs_with 25 "and its brake" "$ZCSYNC" pull --delete-before "zcsync://$addr/src" b
is "$(find b/many | wc -l)" 121 "holds"

# ---- --force -----------------------------------------------------------------

mkdir -p f/in g/thing/in g/link/in && rmdir f/in && echo file >f/thing
ln -s nowhere f/link
echo 1 >g/thing/in/1 && echo 2 >g/link/in/2
cp -a g g2
push_exits 23 "without --force" f g
is "$(cat g/thing/in/1)" 1 "a directory stays"
rsync -a --modify-window=-1 --force f/ g2/
pushes "--force" --force f g
ok "makes it go" same_tree f g
is "$(listing g)" "$(listing g2)" "as with rsync"
mkdir -p g/big && touch g/big/{1..120} && echo file >f/big
push_exits 25 "but not a big one" --force f g
like "$err" "many entries" "it is said why"
ok "which stays" [ -e g/big/120 ]
pushes "unless that is meant" --force --force-delete f g
ok "equal" same_tree f g
rm f/thing && rm g/thing && mkdir g/thing && echo 1 >g/thing/x.o && echo f >f/thing
push_exits 23 "nor what a rule protects" --force --exclude='*.o' f g
is "$(cat g/thing/x.o)" 1 "is still there"

# ---- --ignore-errors ---------------------------------------------------------

if "${nobody[@]}" true 2>/dev/null && "${nobody[@]}" "$ZCSYNC" version >/dev/null 2>&1
then
    chmod 777 .
    "${nobody[@]}" bash -c 'mkdir -p q/bad q/ok h/bad h/ok
        echo 1 >q/bad/keep; echo 1 >h/bad/keep; echo x >h/ok/extra; cp -a h h2
        chmod 0 q/bad'
    runs_with 23 "an unreadable directory" "${nobody[@]}" "$ZCSYNC" push --delete q/ h
    ok "its copy stays" chmod 700 h/bad
    is "$(cat h/bad/keep)" 1 "with what is in it"
    runs_with 23 "--ignore-errors" "${nobody[@]}" "$ZCSYNC" push --delete \
        --ignore-errors q/ h
    like "$err" "deleted all the same" "says what it does"
    chmod 700 h/bad q/bad
    ok "it is gone" [ ! -e h/bad/keep ]
else
    skip 6 "needs the user nobody"
fi
for option in --ignore-errors --delete-before; do
    runs_with 1 "mirror $option" "$ZCSYNC" mirror $option a/ b
    one_sentence "$option has no meaning for 'zcsync mirror'" "is refused"
done

rm -rf a b && mkdir a b && echo 1 >a/f && echo o >b/x.o && mkdir b/f && echo 2 >b/f/in
start_mirror --delete-excluded --exclude='*.o' --force --no-delete a/ b
ok "a mirror with --force" wait_until 10 cmp -s a/f b/f
stop_mirror
start_mirror --delete-excluded --exclude='*.o' a/ b
ok "a mirror with --delete-excluded" wait_until 10 [ ! -e b/x.o ]
stop_mirror
done_testing
