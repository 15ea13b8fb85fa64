#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# -z over SSH, with a real sshd: beside it and through it, pushed and pulled; and
# compress in zcsync.conf.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-nasty.sh"
. "$here/lib-ssh.sh"
need_no_sanitizers "takes long with sanitizers"

need_sshd
start_sshd || skip_all "no sshd"
ssh_config
known >"$ssh_dir/known_hosts"
make_nasty_tree "$T/a"
seq 400000 >"$T/a/numbers"
random_bytes 1000000 >"$T/a/random"

shrank() # of what is said with --stats
{
    local said
    said=$(grep -oE 'compressed to [0-9.]+' <<<"$out" | grep -oE '[0-9]+' | head -n 1)
    ok "... in fewer bytes (${said:-all} %)" [ "${said:-100}" -lt 80 ]
}

for data in direct tunnel; do
    z=(--ssh-data=$data --ssh-config="$ssh_dir/config" --compress=zstd --stats
        --remote-command="cd '$HOME' && $ZCSYNC")
    runs_with 0 "$data: a push" "$ZCSYNC" push "${z[@]}" "$T/a" "far:$T/$data"
    ok "arrives as it is" same_tree "$T/a" "$T/$data"
    shrank
    runs_with 0 "$data: a pull" "$ZCSYNC" pull "${z[@]}" "far:$T/$data" \
        "$T/back-$data"
    ok "comes back as it is" same_tree "$T/a" "$T/back-$data"
    shrank
done

# ---- zcsyncd ---------------------------------------------------------------------

mkdir "$T/share"
start_serve s="$T/share"
listen=none
conf "[mirror m]" "path = $T/a" "to = zcsync://$addr/s" "compress = zstd:5" \
    "skip compress = gz/xz"
start_daemon
ok "zcsyncd takes it" wait_until 30 in_sync m
nothing() { [ -z "$(rsync_diff "$T/a" "$T/share" --exclude=/.zcsync)" ]; }
ok "and the mirror is equal" wait_until 30 nothing
ok "it is in the log" [ "$(said 'plain, zstd')" -gt 0 ]
stop_daemon
done_testing
