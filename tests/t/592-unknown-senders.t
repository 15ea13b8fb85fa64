#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A plain share on an address that other machines reach: whoever it is may write
# files, but gets no rights by them; what is left out is reported.

. "$(dirname "$0")/lib.sh"
. "$here/lib-net.sh"

make_hosts
need setfattr setcap getcap setfacl
mkdir "$T/a" "$T/a/dir" "$T/share"
echo plain >"$T/a/file"
echo others >"$T/a/owned" && chown daemon:bin "$T/a/owned"
cp /bin/true "$T/a/suid" && chmod 4755 "$T/a/suid"
cp /bin/true "$T/a/sgid" && chmod 2755 "$T/a/sgid"
cp /bin/true "$T/a/caps" && setcap cap_net_raw+ep "$T/a/caps"
echo t >"$T/a/trusted" && setfattr -n trusted.x -v y "$T/a/trusted"
echo s >"$T/a/label" && setfattr -n security.zcsynctest -v y "$T/a/label"
echo u >"$T/a/user" && setfattr -n user.x -v y "$T/a/user" &&
    setfacl -m u:daemon:r "$T/a/user"
mknod "$T/a/mem" c 1 1
mknod "$T/a/block" b 7 200
mkfifo "$T/a/fifo"
chmod 1777 "$T/a/dir"
head -c 700000 /dev/urandom >"$T/a/big" && chmod 6711 "$T/a/big"

serve_as=("${on_b[@]}")
start_serve --plain --listen 10.77.0.2:0 s="$T/share"
like "$(cat "$serve_log.out")" "whoever can connect from another; of those \
foreign owners, setuid and setgid bits, capabilities, devices" \
    "the server says at the start what it leaves out"
run "${on_a[@]}" "$ZCSYNC" push --plain "$T/a" "zcsync://$addr/s"
is "$rc" 23 "a push from another machine"
for kind in owner group permissions capabilities "extended attributes" \
    "security label" "create the device"; do
    like "$err" "$kind" "it is told of: $kind"
done
is "$(find "$T/share" -type f ! -user root -o -perm /6000 -o -type b -o -type c)" \
    "" "there are no foreign owners, no setuid bits, no devices"
is "$(getcap -r "$T/share")$(getfattr -R -d -m '^(trusted|security)' "$T/share" \
    2>/dev/null)" "" "no capabilities, no trusted and security attributes"
is "$(cd "$T/share" && find . -type f -exec sha256sum {} + | sort)" \
    "$(cd "$T/a" && find . -type f -exec sha256sum {} + | sort)" "all data"
is "$(getfattr --only-values -n user.x "$T/share/user")" y "user attributes"
like "$(getfacl -c "$T/share/user" 2>/dev/null)" "user:daemon:r" "ACLs"
is "$(stat -c '%a %F' "$T/share/dir" "$T/share/fifo")" \
    "$(stat -c '%a %F' "$T/a/dir" "$T/a/fifo")" "other modes and types"

# What is there already is not his to change.
chown daemon "$T/share/file"
chmod 4700 "$T/share/suid"
setcap cap_chown+ep "$T/share/caps"
touch -d 2001-01-01 "$T/a/file" "$T/a/suid"
run "${on_a[@]}" "$ZCSYNC" push --plain "$T/a" "zcsync://$addr/s"
is "$rc" 23 "again"
is "$(find "$T/share" -name caps -exec getcap {} + | grep -c cap_chown)" 1 \
    "capabilities of a file there stay"
stop_serve

start_serve --plain --trust --listen 10.77.0.2:0 s="$T/share"
runs_with 0 "with --trust" "${on_a[@]}" "$ZCSYNC" push --plain "$T/a" \
    "zcsync://$addr/s"
ok "all is as in the source" same_tree "$T/a" "$T/share"
# On that machine itself the user is known.
rm -rf "${T:?}/share/"*
runs_with 0 "from the same machine, by its address" "${on_b[@]}" "$ZCSYNC" push \
    --plain "$T/a" "zcsync://$addr/s"
ok "it is equal" same_tree "$T/a" "$T/share"
stop_serve
rm -rf "${T:?}/share/"*
start_serve --plain --listen 10.77.0.2:0 s="$T/share"
runs_with 0 "without --trust, too" "${on_b[@]}" "$ZCSYNC" push --plain "$T/a" \
    "zcsync://$addr/s"
ok "it is equal again" same_tree "$T/a" "$T/share"
runs_with 5 "while nobody there" "${on_b[@]}" "${nobody[@]}" "$ZCSYNC" push \
    --plain "$T/a" "zcsync://$addr/s"

done_testing
