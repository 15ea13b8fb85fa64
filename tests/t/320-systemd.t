#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# zcsyncd as a service of a real systemd, in a container, mirroring to a second
# one: ready, status line, reload, restart after a death, stop; then without
# privileges.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mount.sh"
. "$here/lib-process.sh"

need_mounts
need systemd-nspawn nsenter ip perl
need_no_sanitizers "a service cannot have sanitizers"
[ -x "${ZCSYNC%/*}/zcsyncd" ] || skip_all "zcsyncd is not built"
etc=$here/../../etc
id=zct$$
declare -A leader=()
declare -a cgroups=()

# The system that we run on, with zcsync installed, to be written to freely.
make_root() # NAME
{
    local root=$T/$1
    mount_at -t tmpfs tmpfs "$T/$1.rw" && mkdir "$T/$1.rw/u" "$T/$1.rw/w" &&
        mount_at -t overlay \
            -o "lowerdir=/,upperdir=$T/$1.rw/u,workdir=$T/$1.rw/w" overlay \
            "$root" || skip_all "cannot mount overlays"
    rm -rf "$root"/etc/systemd/system/*.wants "$root/etc/zcsync"
    rm -f "$root"/etc/systemd/network/* "$root/etc/fstab"
    install -D -m 755 "$ZCSYNC" "$root/usr/bin/zcsync"
    install -D -m 755 "${ZCSYNC%/*}/zcsyncd" "$root/usr/sbin/zcsyncd"
    install -m 644 "$etc/zcsyncd.service" "$etc/zcsyncd.socket" \
        "$root/etc/systemd/system"
    install -D -m 644 "$etc/zcsync.sysusers" \
        "$root/usr/lib/sysusers.d/zcsync.conf"
    mkdir -p "$root/etc/zcsync" "$root/srv/www" "$root/srv/local"
    ln -sf /dev/null "$root/etc/systemd/system/network-online.target"
    echo "$1" >"$root/etc/hostname"
    : >"$root/etc/machine-id"
    cat >"$root/etc/systemd/system/test.target" <<END
[Unit]
Wants=systemd-journald.service systemd-sysusers.service
END
}

boot() # NAME
{
    local n=$id$1 c child
    ip netns add "$n" 2>/dev/null || skip_all "cannot make network namespaces"
    for c in systemd unified memory pids; do
        mkdir "/sys/fs/cgroup/$c/$n" 2>/dev/null &&
            cgroups+=("/sys/fs/cgroup/$c/$n")
    done
    (
        for c in systemd unified memory pids; do
            echo "$BASHPID" >"/sys/fs/cgroup/$c/$n/cgroup.procs"
        done 2>/dev/null
        exec systemd-nspawn -q -D "$T/$1" -M "$n" -b --register=no --keep-unit \
            --console=read-only --network-namespace-path="/run/netns/$n" \
            systemd.unit=test.target
    ) >"$T/log/console.$1" 2>&1 </dev/null &
    pid=$!
    started+=("$pid")
    wait_until 20 is_up "$pid" ||
        skip_all "systemd does not boot in a container here: $(tail -n 1 "$T/log/console.$1")"
    leader[$1]=$child
    wait_until 20 on "$1" systemctl is-active test.target >/dev/null ||
        skip_all "systemd does not come up in a container here"
}
is_up()
{
    child=$(children "$1" | head -n 1)
    [ -n "$child" ] && grep -qx systemd "/proc/$child/comm"
}
on() { nsenter -t "${leader[$1]}" -a "${@:2}"; }
show() { on "$1" systemctl show -P "$2" zcsyncd; }
shows() { [[ $(show "$1" "$2") =~ $3 ]]; }

cleanup_all()
{
    local i
    for i in "${leader[@]}"; do kill -KILL "$i"; done 2>/dev/null
    wait_until 5 nothing_started
    ip netns del "${id}one" 2>/dev/null
    ip netns del "${id}two" 2>/dev/null
    cleanup
    for i in "${cgroups[@]}"; do
        find "$i" -depth -type d -exec rmdir {} + 2>/dev/null
    done
}
nothing_started() { local i; for i in "${started[@]}"; do gone_or_zombie "$i" || return 1; done; }
trap cleanup_all EXIT

make_root one
make_root two
boot one
boot two
ip link add "${id:0:10}a" netns "${id}one" type veth peer name "${id:0:10}b" \
    netns "${id}two" || skip_all "cannot make a pair of interfaces"
for n in one:a:1 two:b:2; do
    IFS=: read -r name side host <<<"$n"
    ip -n "$id$name" addr add "10.77.0.$host/24" dev "${id:0:10}$side"
    ip -n "$id$name" link set "${id:0:10}$side" up
    ip -n "$id$name" link set lo up
done

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
END
cat >"$T/one/etc/zcsync/zcsync.conf" <<END
[daemon]
identity = $identity
[peer two]
address = 10.77.0.2
public key = $("$ZCSYNC" key show -f "$T/two$identity")
[mirror www]
path = /srv/www
to = two::www, /srv/local
END
make_tree "$T/one/srv/www"
chown -R 1234:4321 "$T/one/srv/www/a"

# ---- a service -----------------------------------------------------------------

ok "the receiving host starts" on two systemctl start zcsyncd
ok "the sending one, too" on one systemctl start zcsyncd
ok "wait" on one zcsync wait --timeout=60 www
same() { [ -z "$(rsync_diff "$T/one/srv/www" "$T/$1" --exclude=/.zcsync/)" ]; }
ok "all of it is on the other host" same two/srv/www
ok "and in the local copy" same one/srv/local
like "$(on one zcsync status)" 'two::www .*; (AES-256-GCM|ChaCha20-Poly1305), ' \
    "encrypted"
is "$(stat -c %u:%g "$T/two/srv/www/a/one")" 1234:4321 "owners are kept"
ok "its status line" wait_until 15 shows one StatusText '^1 mirror, 2 of 2 peers in sync'
ok "and the other's" wait_until 15 shows two StatusText '1 receiving$'
echo later >"$T/one/srv/www/later"
# through the container, whose mount it is
on one touch /srv/www/later
ok "a change" on one zcsync wait --timeout=60
is "$(cat "$T/two/srv/www/later")" later "is there"
main=$(show one MainPID)
sed -i '/^to/s/, .*//' "$T/one/etc/zcsync/zcsync.conf"
ok "systemctl reload" on one systemctl reload zcsyncd
ok "takes effect" wait_until 15 shows one StatusText '^1 mirror, 1 of 1 peer in sync'
is "$(show one MainPID)" "$main" "in the same process"
like "$(on one journalctl -q -o cat -p warning -u zcsyncd)" '^$' \
    "with nothing to warn of in the journal"

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

# ---- without privileges ------------------------------------------------------------

for n in one two; do
    on "$n" systemd-sysusers 2>/dev/null
    on "$n" chown -R zcsync: /srv/www "$identity"
    install -D -m 644 "$etc/zcsyncd-user.conf" \
        "$T/$n/etc/systemd/system/zcsyncd.service.d/user.conf"
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
