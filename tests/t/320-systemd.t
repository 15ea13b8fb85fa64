#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# zcsyncd as a service of a real systemd, in a container, mirroring to a second
# one: ready, status line, reload, restart after a death, stop; then with few
# privileges, and without any.
. "$(dirname "$0")/lib.sh"
. "$here/lib-systemd.sh"

[ -x "${ZCSYNC%/*}/zcsyncd" ] || skip_all "zcsyncd is not built"
etc=$here/../../etc

# With zcsync installed.
make_host() # NAME
{
    local root=$T/$1
    make_root "$1"
    install -D -m 755 "$ZCSYNC" "$root/usr/bin/zcsync"
    install -D -m 755 "${ZCSYNC%/*}/zcsyncd" "$root/usr/sbin/zcsyncd"
    install -m 644 "$etc/zcsyncd.service" "$etc/zcsyncd.socket" \
        "$root/etc/systemd/system"
    install -D -m 644 "$etc/zcsync.sysusers" \
        "$root/usr/lib/sysusers.d/zcsync.conf"
    mkdir -p "$root/etc/zcsync" "$root/srv/www" "$root/srv/local"
}

make_host one
make_host two
boot one
boot two
wire one two 10.77.0

identity=/etc/zcsync/identity.key
for n in one two; do
    ok "a key for $n" "$ZCSYNC" keygen -f "$T/$n$identity"
done
cat >"$T/two/etc/zcsync/zcsync.conf" <<END
[daemon]
listen = 10.77.0.2:8730
identity = $identity
[peer one]
public key = $("$ZCSYNC" key show -f "$T/one$identity")
[share www]
path = /srv/www
peers = one
on change = sh -c 'id -un; exec sleep 4711'
on change user = nobody
on change timeout = 1
END
cat >"$T/one/etc/zcsync/zcsync.conf" <<END
[daemon]
identity = $identity
[web]
listen = 127.0.0.1:8731
token file = /etc/zcsync/web.token
[peer two]
address = 10.77.0.2
public key = $("$ZCSYNC" key show -f "$T/two$identity")
[mirror www]
path = /srv/www
to = two::www, /srv/local
fileflags = yes
on change = systemd-run -q touch /etc/changed
END
(umask 077 && echo a-token-for-the-page >"$T/one/etc/zcsync/web.token")
make_tree "$T/one/srv/www"
chown -R 1234:4321 "$T/one/srv/www/a"
echo sealed >"$T/one/srv/www/sealed"
chattr +i "$T/one/srv/www/sealed" 2>/dev/null && seals=yes
mknod "$T/one/srv/www/disk" b 7 4711 && mknod "$T/one/srv/www/null" c 1 3 && nodes=yes

# ---- a service -----------------------------------------------------------------

# What a release of systemd finds, of what has got a reason.
exposed() # THRESHOLD UNIT
{
    systemd-analyze security --no-pager --offline=true --threshold="$1" "$2" >"$T/log/exposed" 2>&1
}
case $(systemctl --version | head -n 1) in
"systemd 252 "*)
    ok "no more may be done than before" exposed 38 "$etc/zcsyncd.service"
    mkdir -p "$T/unit/zcsyncd.service.d"
    cp "$etc/zcsyncd.service" "$T/unit"
    for n in strict:24 user:18; do
        cp "$etc/zcsyncd-${n%:*}.conf" "$T/unit/zcsyncd.service.d/drop-in.conf"
        ok "nor with zcsyncd-${n%:*}.conf" exposed "${n#*:}" "$T/unit/zcsyncd.service"
    done
    ;;
*) skip 3 "another systemd counts otherwise" ;;
esac

ok "the receiving host starts" on two systemctl start zcsyncd
ok "the sending one, too" on one systemctl start zcsyncd
ok "wait" on one zcsync wait --timeout=60 www
same() { [ -z "$(rsync_diff "$T/one/srv/www" "$T/$1" --exclude=/.zcsync/)" ]; }
ok "all of it is on the other host" same two/srv/www
ok "and in the local copy" same one/srv/local
like "$(on one zcsync status)" 'two::www .*; (AES-256-GCM|ChaCha20-Poly1305), ' \
    "encrypted"
is "$(stat -c %u:%g "$T/two/srv/www/a/one")" 1234:4321 "owners are kept"
if [ -n "${nodes:-}" ]; then
    is "$(on two stat -c %t:%T /srv/www/disk /srv/www/null)" "7:1267
1:3" "so are devices"
else
    skip 1 "no device files here"
fi
if [ -n "${seals:-}" ]; then
    for copy in two/srv/www one/srv/local; do
        like "$(lsattr "$T/$copy/sealed")" '^[^ ]*i' "$copy: fileflags are kept"
        chattr -i "$T/$copy/sealed"
    done
    chattr -i "$T/one/srv/www/sealed"
else
    skip 2 "no chattr, or not on this file system"
fi
ran() { on two journalctl -q -o cat -u zcsyncd | grep -qx nobody; }
ok "on change user: as whom it runs" wait_until 30 ran
over() { ! on two pgrep -u nobody -x sleep >/dev/null; }
ok "until it takes too long" wait_until 30 over
ok "on change: beyond what the unit may do" \
    wait_until 30 test -e "$T/one/etc/changed"
ok "its status line" wait_until 15 shows one StatusText '^1 mirror, 2 of 2 peers in sync'
ok "and the other's" wait_until 15 shows two StatusText '1 receiving$'
if command -v curl >/dev/null && # and it was built with it
    ! grep -q 'built without' <<<"$(on one zcsync check-config 2>&1)"; then
    like "$(on one curl -s -u x:a-token-for-the-page \
        http://127.0.0.1:8731/api/status)" '"mirror":"www".*"peer":"two::www"' \
        "the status page"
else
    skip 1 "no curl, or no page"
fi
echo later >"$T/one/srv/www/later"
# through the container, whose mount it is
on one touch /srv/www/later
ok "a change" on one zcsync wait --timeout=60
is "$(cat "$T/two/srv/www/later")" later "is there"
main=$(show one MainPID)
sed -i '/^to/s/, .*//; /^fileflags/d; /^on change/d' "$T/one/etc/zcsync/zcsync.conf"
ok "systemctl reload" on one systemctl reload zcsyncd
ok "takes effect" wait_until 15 shows one StatusText '^1 mirror, 1 of 1 peer in sync'
is "$(show one MainPID)" "$main" "in the same process"
like "$(on one journalctl -q -o cat -p warning -u zcsyncd)" '^$' \
    "with nothing to warn of in the journal"

cp "$T/one/etc/zcsync/zcsync.conf" "$T/good.conf"
echo "to = nowhere::x, ?" >>"$T/one/etc/zcsync/zcsync.conf"
nok "a reload of what is wrong fails" on one systemctl reload zcsyncd
like "$(on one journalctl -q -o cat -u zcsyncd)" 'zcsync.conf:[0-9]+: ' "and says where"
is "$(show one MainPID) $(show one ActiveState)" "$main active" "all goes on"
cp "$T/good.conf" "$T/one/etc/zcsync/zcsync.conf"

on one systemctl kill --kill-whom=main -s KILL zcsyncd
again() { [ "$(show one MainPID)" != "$main" ] && shows one ActiveState '^active$'; }
ok "killed, it is started again" wait_until 30 again
echo more >"$T/one/srv/www/more"
on one touch /srv/www/more
ok "and goes on" on one zcsync wait --timeout=60
is "$(cat "$T/two/srv/www/more")" more "where it was"
for n in one two; do
    ok "$n stops" on "$n" systemctl stop zcsyncd
    is "$(show "$n" Result) $(show "$n" ExecMainStatus)" "success 0" "well"
done
ok "and leaves nothing" no_litter "$T/two/srv/www"

# ---- socket activation -----------------------------------------------------------

mkdir -p "$T/two/etc/systemd/system/zcsyncd.socket.d"
printf '[Socket]\nListenStream=\nListenStream=10.77.0.2:8730\nFreeBind=yes\n' \
    >"$T/two/etc/systemd/system/zcsyncd.socket.d/address.conf"
on two systemctl daemon-reload
ok "the socket unit" on two systemctl start zcsyncd.socket
is "$(show two ActiveState)" inactive "does not start the service"
ok "but the sender" on one systemctl start zcsyncd
ok "that connects" on one zcsync wait --timeout=60
is "$(show two ActiveState)" active "does"
on one systemctl stop zcsyncd
on two systemctl stop zcsyncd.socket zcsyncd

# ---- with few privileges ------------------------------------------------------------

for n in one two; do
    rm -f "$T/$n"/srv/www/{disk,null}
    install -D -m 644 "$etc/zcsyncd-strict.conf" \
        "$T/$n/etc/systemd/system/zcsyncd.service.d/drop-in.conf"
    sed -i '/^on change/d' "$T/$n/etc/zcsync/zcsync.conf"
    on "$n" systemctl daemon-reload
    ok "zcsyncd-strict.conf: $n" on "$n" systemctl start zcsyncd
done
echo strict >"$T/one/srv/www/strict"
on one chown 1234:4321 /srv/www/strict
ok "wait" on one zcsync wait --timeout=60
is "$(cat "$T/two/srv/www/strict")" strict "a file goes across"
ok "and all else" same two/srv/www
for n in one two; do
    on "$n" systemctl stop zcsyncd
    is "$(show "$n" Result)" success "$n stops"
done

# ---- without privileges ------------------------------------------------------------

for n in one two; do
    on "$n" systemd-sysusers 2>/dev/null
    on "$n" chown -R zcsync: /srv/www /etc/zcsync
    install -D -m 644 "$etc/zcsyncd-user.conf" \
        "$T/$n/etc/systemd/system/zcsyncd.service.d/drop-in.conf"
    on "$n" systemctl daemon-reload
    ok "as the user zcsync: $n" on "$n" systemctl start zcsyncd
done
echo user >"$T/one/srv/www/user"
on one chown zcsync: /srv/www/user
ok "wait" on one zcsync wait --timeout=60
is "$(cat "$T/two/srv/www/user")" user "a file goes across"
is "$(on two stat -c %U /srv/www/user)" zcsync "and belongs to the user there"
is "$(on two ps -o user= -p "$(show two MainPID)")" zcsync "who the service runs as"
done_testing
