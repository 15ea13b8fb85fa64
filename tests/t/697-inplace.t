#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --inplace keeps inodes and makes the same of them as rsync; --append sends what
# a file has grown by.
. "$(dirname "$0")/lib.sh"

need rsync setfattr
cd "$T" || exit
mkdir -p a/d have/d share
fill() # DIR SIZE LETTER
{
    head -c "$2" /dev/zero | tr '\0' "$3" >"$1"
}
fill a/small 1000 n && fill have/small 2000 o
fill a/big 3000000 n && fill have/big 5000000 o
fill a/grows 5000000 n && fill have/grows 3000000 o
: >a/empty && fill have/empty 400000 o
fill a/d/linked 400000 n && ln a/d/linked a/also
fill have/d/linked 10 o && ln have/d/linked have/also
fill a/theirs 500 n && fill have/theirs 500 o && ln have/theirs elsewhere
fill a/new 500 n && fill a/read-only 700 n && fill have/read-only 600 o
truncate -s 6000000 a/holes && printf x | dd of=a/holes bs=1 seek=3000000 conv=notrunc \
    2>/dev/null
fill have/holes 6000000 o
chmod 444 have/read-only && chmod 600 a/small
ln -s nowhere a/link && fill have/link 10 o && fill a/was-link 10 n && ln -s x have/was-link
setfattr -n user.new -v 1 a/small 2>/dev/null && setfattr -n user.old -v 1 have/small
find a have -exec touch -hd 2020-02-02 {} +
touch -d 2021-03-03 a/theirs a/holes
start_serve s="$T/share"
inodes() { (cd "$1" && stat -c '%n %i' small big grows empty d/linked also read-only holes); }

for how in "" --fsync=file --fsync=none -S -c; do
    for to in b "zcsync://$addr/s"; do
        dest=b
        [ "$to" = b ] || dest=share
        rm -rf b share/* && rsync -aHAX have/ $dest/
        rm -f elsewhere && ln $dest/theirs elsewhere
        before=$(inodes $dest)
        # shellcheck disable=SC2086
        pushes "--inplace $how to $to" --inplace $how a/ "$to"
        is "$(inodes $dest)" "$before" "the inodes stay"
        ok "equal" same_tree a $dest
        is "$(head -c 1 elsewhere)" o "a name that is no link in SRC is not written to"
        pushes "again" --inplace -i a/ "$to"
        is "$out" "" "there is nothing to do"
    done
done
ok "holes are holes" [ "$(stat -c %b share/holes)" -lt 9000 ]
ok "no staging folder left" no_litter "$T"

if "${nobody[@]}" true 2>/dev/null && "${nobody[@]}" "$ZCSYNC" version >/dev/null 2>&1
then
    chmod 777 . && "${nobody[@]}" bash -c 'mkdir n m; echo new >n/f; echo old >m/f
        chmod 444 m/f n/f; touch -d 2020-01-01 m/f'
    inode=$(stat -c %i m/f)
    runs_with 0 "a file that may not be written to" "${nobody[@]}" "$ZCSYNC" push \
        --inplace n/ m
    is "$(cat m/f) $(stat -c '%a %i' m/f)" "new 444 $inode" "is written to"
    # who is not known must not get bytes into what runs as root
    start_serve --plain-user=nobody r="$T/share"
    rm -rf share/* && echo old >share/f && chmod 4755 share/f
    "${nobody[@]}" sh -c 'chmod u+w n/f && echo his >n/f && chmod 755 n/f'
    run "${nobody[@]}" "$ZCSYNC" push --inplace n/ "zcsync://$addr/r"
    is "$(cat share/f)" his "a sender who is not known writes a file"
    is "$(find share -perm /6000)" "" "but not one that is setuid"
else
    skip 4 "needs the user nobody"
fi

# ---- --append ----------------------------------------------------------------

rm -rf a b && mkdir a b
random_bytes 3000000 >a/log && head -c 2000000 a/log >b/log
fill a/longer 100 n && fill b/longer 200 o
fill a/other 300000 n && fill b/other 200000 o
echo new >a/new && fill a/same 50 n && fill b/same 50 o
touch -d 2020-01-01 b/*
inode=$(stat -c %i b/log)
pushes "--append" --append -v a/ b
ok "what has grown is equal" cmp a/log b/log
sent=$(sed -n 's/^sent \([0-9,]*\) bytes.*/\1/p' <<<"$out" | tr -d ,)
ok "the rest was sent ($sent)" [ "${sent:-99999999}" -lt 1700000 ]
ok "what has another beginning is sent whole" cmp a/other b/other
is "$(head -c 1 b/longer)$(head -c 1 b/same)" oo "what is not shorter stays"
ok "what is not there comes" cmp a/new b/new
head -c 2000000 a/log >b/log && touch -d 2020-01-01 b/log
inode=$(stat -c %i b/log)
pushes "--append-verify --inplace" --append-verify --inplace a/ b
ok "is equal" cmp a/log b/log
is "$(stat -c %i b/log)" "$inode" "and the same file"
pushes "with --remove-source-files" --append --remove-source-files a/ b
is "$(ls a | xargs)" "longer same" "what was not sent stays in SRC"

push_exits 1 "with --delay-updates" --inplace --delay-updates a b
one_sentence 'exclude each other' "it is refused"
for option in --inplace --append --append-verify; do
    runs_with 1 "mirror $option" "$ZCSYNC" mirror $option a b
    one_sentence "has no meaning for 'zcsync mirror'" "is refused"
done
done_testing
