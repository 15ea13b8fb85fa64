#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Directories of groups: a default ACL and setgid are inherited by what the
# session does not set itself, and by nothing else.
. "$(dirname "$0")/lib.sh"

need_root
need setfacl getfacl

fresh() # DEST: as the group has it
{
    rm -rf "$T/b"
    mkdir -p "$T/b/d"
    chgrp 2000 "$T/b" "$T/b/d"
    chmod 2775 "$T/b" "$T/b/d"
}
with_acl() { setfacl -m d:u:1234:rwx,d:g::rwx,d:m:rwx "$T/b" "$T/b/d"; }
acl() { getfacl -cpn "$@"; }

mkdir -p "$T/a/d/sub" "$T/a/d/dirs/only"
echo f >"$T/a/d/f"
chmod 640 "$T/a/d/f"
echo x >"$T/a/d/x"
chmod 755 "$T/a/d/x"
echo p >"$T/a/d/private"
chmod 600 "$T/a/d/private"
head -c 300000 /dev/urandom >"$T/a/d/big"
mkfifo "$T/a/d/fifo"
ln -s f "$T/a/d/l"
echo g >"$T/a/d/sub/g"
echo top >"$T/a/top"

for entries in new "there already"; do
    fresh
    [ "$entries" = new ] || { mkdir "$T/b/d/sub"; chmod 775 "$T/b/d/sub"; }
    with_acl
    [ "$entries" = new ] || setfacl -m d:u:77:rx "$T/b/d/sub"
    pushes "$entries: neither permissions nor ACLs are kept" \
        --no-perms --no-acls "$T/a" "$T/b"
    for f in d/f d/big d/fifo top; do
        like "$(acl "$T/b/$f")" "user:1234:rwx" "$entries: $f has the ACL"
    done
    touch "$T/b/d/byhand"
    is "$(acl "$T/b/d/f" | grep mask)" "$(acl "$T/b/d/byhand" | grep mask)" \
        "$entries: with a mask as by touch"
    like "$(acl "$T/b/d/x")" "mask::rwx" "$entries: or with x"
    like "$(acl "$T/b/d/private")" "mask::---.*other::---" \
        "$entries: but a private file stays private"
    like "$(acl "$T/b/d/dirs/only")" "default:user:1234:rwx" \
        "$entries: directories pass it on"
    if [ "$entries" = new ]; then
        like "$(acl "$T/b/d/sub/g")" "user:1234:rwx" "$entries: as does sub"
    else
        like "$(acl "$T/b/d/sub/g")" "user:77:r-x" \
            "$entries: each passes on its own"
    fi
    is "$(find "$T/b" -name '.zcsync*')" "" "$entries: no folder stays behind"
done

fresh
with_acl
pushes "permissions are kept, ACLs are not" --no-acls "$T/a" "$T/b"
like "$(acl "$T/b/d/f")" "user:1234:rwx" "the ACL is inherited"
is "$(stat -c %a "$T/b/d/f")" 640 "the permissions are the source's"

fresh
with_acl
pushes "all is kept" "$T/a" "$T/b"
unlike "$(acl "$T/b/d/f")" "user:1234" "no ACL is inherited"
is "$(stat -c %g "$T/b/d/f")" "$(stat -c %g "$T/a/d/f")" "and no group"

fresh
pushes "groups are not kept" --no-group "$T/a" "$T/b"
is "$(stat -c %g "$T/b/d/f" "$T/b/d/l" "$T/b/d/big" "$T/b/d/dirs" | uniq)" \
    2000 "a setgid directory's is inherited"

fresh
chmod g-s "$T/b/d"
pushes "neither groups nor permissions are kept" --no-group --no-perms \
    "$T/a" "$T/b"
is "$(stat -c %g "$T/b/d/f")" "$(id -g)" "without setgid it is ours"
is "$(stat -c %g "$T/b/top")" 2000 "with it, it is the directory's"

# A receiver that may not give files to groups inherits them.
fresh
chown -R nobody "$T/b"
if "${nobody[@]}" "$ZCSYNC" --version >/dev/null 2>&1; then
    run "${nobody[@]}" "$ZCSYNC" push --no-perms "$T/a/d/sub" "$T/b/d"
    is "$(stat -c %g "$T/b/d/g")" 2000 "without privilege, too"
else
    skip 1 "nobody cannot run it"
fi
done_testing
