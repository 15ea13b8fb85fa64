# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# For scenarios in containers with a systemd of their own; sourced after lib.sh.
# All of them are gone at the end.

. "$here/lib-mount.sh"
. "$here/lib-process.sh"

need_mounts
need systemd-nspawn nsenter ip perl
need_no_sanitizers "a service cannot have sanitizers"
id=zct$$
declare -A leader=()
declare -a cgroups=()

# The system that we run on, without what is configured or installed of zcsync there,
# to be written to freely: in $T/NAME.
make_root() # NAME
{
    local root=$T/$1
    mount_at -t tmpfs tmpfs "$T/$1.rw" && mkdir "$T/$1.rw/u" "$T/$1.rw/w" &&
        mount_at -t overlay \
            -o "lowerdir=/,upperdir=$T/$1.rw/u,workdir=$T/$1.rw/w" overlay \
            "$root" || skip_all "cannot mount overlays"
    rm -rf "$root"/etc/systemd/system/*.wants "$root/etc/zcsync"
    rm -f "$root"/etc/systemd/network/* "$root/etc/fstab"
    rm -f "$root"/usr/bin/zcsync "$root"/usr/sbin/zcsyncd
    rm -f "$root"/usr/sbin/policy-rc.d # where images are built services do not run
    ln -sf /dev/null "$root/etc/systemd/system/network-online.target"
    echo "$1" >"$root/etc/hostname"
    : >"$root/etc/machine-id"
    cat >"$root/etc/systemd/system/test.target" <<END
[Unit]
Wants=systemd-journald.service systemd-sysusers.service
END
}

# They reach each other, as NET.1 and NET.2, once both are booted.
wire() # NAME NAME NET
{
    local n name side host
    ip link add "${id:0:10}a" netns "$id$1" type veth peer name "${id:0:10}b" \
        netns "$id$2" || skip_all "cannot make a pair of interfaces"
    for n in "$1:a:1" "$2:b:2"; do
        IFS=: read -r name side host <<<"$n"
        ip -n "$id$name" addr add "$3.$host/24" dev "${id:0:10}$side"
        ip -n "$id$name" link set "${id:0:10}$side" up
        ip -n "$id$name" link set lo up
    done
}

# Starts its systemd: what is in it is run by `on NAME COMMAND...` then.
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
    for i in "${!leader[@]}"; do ip netns del "$id$i"; done 2>/dev/null
    cleanup
    for i in "${cgroups[@]}"; do
        find "$i" -depth -type d -exec rmdir {} + 2>/dev/null
    done
}
nothing_started() { local i; for i in "${started[@]}"; do gone_or_zombie "$i" || return 1; done; }
trap cleanup_all EXIT

