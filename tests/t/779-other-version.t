#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A zcsync of another protocol version at the other end, older or newer: over TCP
# both ends say so, over SSH and by -e the user's does, with exit code 2, one
# sentence, and nothing done. A newer one that still knows ours is no trouble.
. "$(dirname "$0")/lib.sh"
. "$here/lib-relay.sh"
. "$here/lib-ssh.sh"

mkdir "$T/a" "$T/share"
echo one >"$T/a/one"

# ---- TCP -------------------------------------------------------------------------

start_serve s="$T/share"
for v in 99 0; do
    hex=$(printf '%02x00%02x00' "$v" "$v")
    start_relay --poke-down "8:$hex" --poke-up "8:$hex" --to "$addr"
    for command in push diff; do
        runs_with 2 "$command to version $v" "$ZCSYNC" "$command" "$T/a" \
            "zcsync://$relay/s"
        one_sentence "protocol versions $v to $v, this zcsync 1 to 1" "says so"
    done
    runs_with 2 "pull from version $v" "$ZCSYNC" pull "zcsync://$relay/s" "$T/x"
    one_sentence "protocol versions $v to $v, this zcsync 1 to 1" "says so"
    runs_with 2 "ls of version $v" "$ZCSYNC" ls "zcsync://$relay/s"
    one_sentence "protocol versions $v to $v, this zcsync 1 to 1" "says so"
    background "mirror.$v" "$ZCSYNC" mirror "$T/a" "zcsync://$relay/s"
    ok "a mirror says so, and waits" wait_until 10 grep -q "disconnected: the \
peer speaks protocol versions $v to $v, this zcsync 1 to 1; trying again" \
        "$T/log/mirror.$v.err"
    kill "$pid"
    reap "$pid"
    ok "serve says so, too" grep -q \
        "protocol versions $v to $v, this zcsync 1 to 1" "$serve_log.err"
    stop_relay
done
stop_serve
is "$(ls -A "$T/share")" "" "nothing is written"

# ---- by a program, and over SSH --------------------------------------------------

# Of a connection of its own the other end tells, too, before it is over.
says()
{
    err=$(grep -v '^zcsync: far: zcsync: 127.0.0.1:[0-9]*: refused: ' <<<"$err")
    like "$err" "^zcsync: $1[^
]*\$" "$2"
}

# others VERSION OLDEST HOW...: push, pull and ls by HOW
others()
{
    local v=$1 oldest=$2 rest
    shift 2
    local command="perl $tools/other-version.pl $v $oldest $ZCSYNC"
    for rest in "push $T/a far:$T/share/b" "pull far:$T/a $T/x" "ls far:$T/a"; do
        [[ $rest = ls* && $* = *ssh-data* ]] && continue
        # shellcheck disable=SC2086
        run "$ZCSYNC" ${rest%% *} "$@" --remote-command="$command" ${rest#* }
        is "$rc" "$want" "${rest%% *} and version $v ($*)"
        [ "$want" = 0 ] || says \
            "far: the peer speaks protocol versions $v to $oldest, this" "says so"
    done
    [ "$want" = 0 ] || ok "nothing is made" test ! -e "$T/share/b" -a ! -e "$T/x"
}
cat >"$T/rsh" <<'END'
#!/bin/sh
shift
exec "$@"
END
chmod +x "$T/rsh"
want=2
others 99 99 -e "$T/rsh"
others 0 0 -e "$T/rsh"
want=0
others 99 1 -e "$T/rsh"
rm -rf "$T/x" "$T/share/b"
runs_with 5 "another program that ends with 2" "$ZCSYNC" pull -e "$T/rsh" \
    --remote-command="sh -c (" "far:$T/a" "$T/x"
like "$err" 'on far has ended with exit code 2 before it spoke' "is another thing"

need_sshd
start_sshd || skip_all "no sshd"
ssh_config
known >"$ssh_dir/known_hosts"
for data in tunnel auto; do
    want=2
    others 99 99 --ssh-config="$ssh_dir/config" --ssh-data="$data"
    others 0 0 --ssh-config="$ssh_dir/config" --ssh-data="$data"
    want=0
    others 99 1 --ssh-config="$ssh_dir/config" --ssh-data="$data"
    rm -rf "$T/x" "$T/share/b"
done
done_testing
