#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# With nothing to do, a mirror sleeps: no thread of it wakes up.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
. "$here/lib-process.sh"

need_mirror
cd "$T" || exit
make_tree a
mkdir share
start_serve s="$T/share"
# where nobody mounts anything meanwhile
unshare -m true 2>/dev/null && mirror_as=(unshare -m --propagation private)
start_mirror --watch=inotify -v a b "zcsync://$addr/s"
ok "in sync" wait_until 20 eval '[ "$(grep -c "in sync" "$mirror_log.err")" = 2 ]'
echo x >a/x
ok "and busy" mirrored a b
mirrored a share
sleep 1.5 # the numbers of a peer that was busy are looked at once more

# Switches of the threads of the mirror and its children, the kernel's own
# count.
switches()
{
    local p
    for p in $(family "$mirror_pid"); do
        cat /proc/"$p"/task/*/status 2>/dev/null
    done | awk '/^voluntary_ctxt_switches/ { n += $2 } END { print n }'
}
# A timer would be in every two seconds; a busy machine may be late with something.
for i in 1 2 3 4 5; do
    before=$(switches)
    sleep 2
    after=$(switches)
    [ "$after" = "$before" ] && break
done
is $((after - before)) 0 "nothing woke up in two seconds"
stop_mirror
done_testing
