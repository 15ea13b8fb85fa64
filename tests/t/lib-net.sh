# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# For scenarios with two hosts; sourced after lib.sh.

# Hosts a and b are network namespaces with a link between them, 10.77.0.1 and
# 10.77.0.2. "${on_a[@]}" and "${on_b[@]}" run a command there.
make_hosts()
{
    local a=zct$$a b=zct$$b
    need_root
    need ip
    at_exit+=(remove_hosts)
    { ip netns add "$a" && ip netns add "$b" &&
        ip link add "v$a" netns "$a" type veth peer name "v$b" netns "$b"; } \
        2>"$T/log/ip" || skip_all "cannot make network namespaces"
    ip -n "$a" link set lo up && ip -n "$a" addr add 10.77.0.1/24 dev "v$a"
    ip -n "$b" link set lo up && ip -n "$b" addr add 10.77.0.2/24 dev "v$b"
    ip -n "$a" link set "v$a" up && ip -n "$b" link set "v$b" up
    on_a=(ip netns exec "$a")
    on_b=(ip netns exec "$b")
}

remove_hosts()
{
    ip netns del "zct$$a"
    ip netns del "zct$$b"
} 2>/dev/null
