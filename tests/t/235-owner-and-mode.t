#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --chown, --chmod, --numeric-ids, and ids mapped by name.
. "$(dirname "$0")/lib.sh"

need_root
make_tree "$T/a"
chown -R daemon:bin "$T/a"
mkdir "$T/share"
start_serve s="$T/share"

owners() { find "$1" -printf '%U:%G\n' | sort -u | tr '\n' ' '; }
pushes "--chown=USER:GROUP" --chown=nobody:nogroup "$T/a" "$T/b"
is "$(owners "$T/b")" "$(id -u nobody):$(getent group nogroup | cut -d: -f3) " "all of it"
before=$(ctimes "$T/b")
pushes "again" --chown=nobody:nogroup "$T/a" "$T/b"
is "$(ctimes "$T/b")" "$before" "touched nothing"
pushes "--chown=USER" --chown=nobody "$T/a" "$T/b"
is "$(owners "$T/b")" "$(id -u nobody):$(id -g bin) " "the group is the source's"
pushes "--chown=:GROUP" --chown=:daemon "$T/a" "zcsync://$addr/s"
is "$(owners "$T/share")" "$(id -u daemon):$(id -g daemon) " "the owner is the source's"
pushes "--chown=NUMBERS" --chown=1234:5678 --numeric-ids "$T/a" "$T/b"
is "$(owners "$T/b")" "1234:5678 " "numbers"

same_modes() # CHMOD-OPTION...
{
    rm -rf "$T/r" "$T/z"
    rsync -aHAX "$@" "$T/a/" "$T/r/"
    pushes "$*" "$@" "$T/a" "$T/z"
    is "$(cd "$T/z" && find . -printf '%P %m\n' | sort)" \
        "$(cd "$T/r" && find . -printf '%P %m\n' | sort)" "as rsync"
}
same_modes --chmod=D755,F644
same_modes --chmod=go-rwx
same_modes --chmod=Du=rwx,Dgo=rx,Fu=rw,Fgo=r
same_modes --chmod=ugo=rwX
same_modes --chmod=u+s,g-w,Do+t
same_modes --chmod=F600 --chmod=D2750
same_modes --chmod=a+X,o=

# names rule where both sides know them: another host with other numbers
cp /etc/passwd "$T/passwd" && cp /etc/group "$T/group"
sed -i -E 's/^(daemon:[^:]*:)[0-9]+/\17777/; s/^bin:([^:]*):[0-9]+/bin:\1:8888/' \
    "$T/passwd" "$T/group"
cat >"$T/elsewhere" <<'EOS'
#!/bin/sh
mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/group" /etc/group || exit 9
shift
exec "$@"
EOS
if unshare -m sh "$T/elsewhere" "$T" true 2>/dev/null; then
    mkdir "$T/there" "$T/there-numeric"
    chown 54321:54321 "$T/a/empty"
    setfacl -m u:daemon:r "$T/a/big"
    serve_as=(unshare -m sh "$T/elsewhere" "$T")
    start_serve s="$T/there" n="$T/there-numeric"
    serve_as=()
    pushes "to a host where names have other numbers" "$T/a" "zcsync://$addr/s"
    is "$(stat -c %u:%g "$T/there/a/one")" 7777:8888 "by name"
    is "$(stat -c %u:%g "$T/there/empty")" 54321:54321 "by number where there is no name"
    like "$(getfacl -n -p "$T/there/big")" 'user:7777:r--' "ACL entries by name, too"
    before=$(ctimes "$T/there")
    pushes "again" "$T/a" "zcsync://$addr/s"
    is "$(ctimes "$T/there")" "$before" "touched nothing"
    pushes "--numeric-ids" --numeric-ids "$T/a" "zcsync://$addr/n"
    is "$(stat -c %u:%g "$T/there-numeric/a/one")" "$(id -u daemon):$(id -g bin)" \
        "by number"
    like "$(getfacl -n -p "$T/there-numeric/big")" "user:$(id -u daemon):r--" \
        "ACL entries, too"
else
    skip 9 "cannot give a process its own /etc/passwd"
fi
push_exits 1 "a user nobody knows" --chown=no-such-user "$T/a" "$T/c"
one_sentence 'no-such-user' "is named"
push_exits 1 "nonsense in --chmod" --chmod=sticky "$T/a" "$T/c"
one_sentence 'sticky' "is named"
done_testing
