#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# HOST:PATH against rsync over ssh: pushed and pulled by a connection of its own
# and through SSH, with an sshd of its own, on the same trees, in turns.
#
#   tests/bench/ssh.sh [OPTION...] [CASE...]
#
#   CASE           big      one file of --big MIB (1024)
#                  small    --small FILES (20000) of 4 KiB, 100 a directory
#                  (default: both)
#   --delay MS     the round trip time of a link between two network namespaces
#                  (default: loopback); root
#   --rounds N     every tool runs N times in each case (3), after one round that
#                  warms the caches and does not count
#   --tools LIST   comma-separated: direct, tunnel, pull-direct, pull-tunnel, ssh,
#                  ssh-pull, and ssh-gcm, rsync with the fastest cipher of ssh
#                  (default: all)
#   --dir DIR      where sources and copies go (default: $TMPDIR or /tmp); wants
#                  several times the room of the trees
#   --raw FILE     keep the single measurements here
#
# The binary is $ZCSYNC, by default the build next to this tree; sshd is $SSHD.
# What goes through SSH has aes128-ctr, with zcsync as with rsync, but for ssh-gcm.
# zcsync runs with --fsync=none, as rsync does not sync either. Times are wall
# clock, logging in included; ratios are the medians of those of one round.
set -u
. "$(dirname "$0")/lib.sh"
. "$here/lib-copies.sh"
. "$here/lib-sshd.sh"

rounds=3 big_mib=1024 small_files=20000 delay=0

while [ $# -gt 0 ]; do
    words=2
    case $1 in
    --big) big_mib=$2 ;;
    --small) small_files=$2 ;;
    --delay) delay=$2 ;;
    *) common_option "$@" ;;
    esac
    shift "$words"
done
[ ${#cases[@]} -gt 0 ] || cases=(big small)
[ ${#tools[@]} -gt 0 ] ||
    tools=(direct tunnel pull-direct pull-tunnel ssh ssh-pull ssh-gcm)
find_zcsync
[ -x /usr/bin/time ] || die "/usr/bin/time is not installed"
[ -n "$SSHD" ] || die "sshd is not installed"
make_work

on_a=() on_b=()
link_pid=
remove_hosts() { kill "$link_pid"; ip netns del "zcb$$a"; ip netns del "zcb$$b"; }
make_hosts()
{
    local a=zcb$$a b=zcb$$b i link
    link=$(dirname "$ZCSYNC")/tests/tools/delay-link
    [ -x "$link" ] || die "$link is not built (make check-programs)"
    ip netns add "$a" && ip netns add "$b" || die "no network namespaces"
    at_exit+=(remove_hosts)
    "$link" "$(perl -e "print $delay / 2")" "t$a" "t$b" >"$work/link" &
    link_pid=$!
    for ((i = 0; i < 100; i++)); do
        grep -qs ready "$work/link" && break
        sleep 0.05
    done
    ip link set "t$a" netns "$a" && ip link set "t$b" netns "$b" &&
        ip -n "$a" addr add 10.78.0.1/24 dev "t$a" &&
        ip -n "$b" addr add 10.78.0.2/24 dev "t$b" &&
        ip -n "$a" link set "t$a" mtu 9000 txqueuelen 10000 up &&
        ip -n "$b" link set "t$b" mtu 9000 txqueuelen 10000 up &&
        ip -n "$b" link set lo up || die "no link with a delay"
    on_a=(ip netns exec "$a") on_b=(ip netns exec "$b")
    ssh_address=10.78.0.2
}
[ "$delay" = 0 ] || make_hosts
make_ssh

# ---- one run -------------------------------------------------------------------

serve()
{
    if [ "$delay" = 0 ]; then
        start_server "$ssh_port" "$SSHD" -D -e -f "$work/sshd.conf"
    else
        "${on_b[@]}" "$SSHD" -D -e -f "$work/sshd.conf" 2>"$work/server.err" &
        server=$!
        sleep 0.3
    fi
}
stop_server() { kill "$server" && wait "$server" "${timer:-$server}"; server=; } \
    2>/dev/null

zcsync() # COMMAND SRC DEST WAY
{
    timed "${on_a[@]}" "$ZCSYNC" "$1" --fsync=none --ssh-data="$4" \
        --remote-command="$ZCSYNC" --ssh-config=/dev/null \
        --ssh-option=Port="$ssh_port" --ssh-option=Ciphers=aes128-ctr \
        --ssh-option=IdentityFile="$work/ssh-user" \
        --ssh-option=UserKnownHostsFile="$work/ssh-known" "$2" "$3"
}
rsync_ssh() # SRC DEST CIPHER
{
    timed "${on_a[@]}" rsync -aHAX -e "$(ssh_command "$3")" "$1/" "$2/"
}

copy() # SRC
{
    local there=$ssh_address:
    case $tool in
    direct | tunnel) zcsync push "$1" "$there$dest" "$tool" ;;
    pull-*) zcsync pull "$there$1" "$dest" "${tool#pull-}" ;;
    ssh) rsync_ssh "$1" "$there$dest" aes128-ctr ;;
    ssh-pull) rsync_ssh "$there$1" "$dest" aes128-ctr ;;
    ssh-gcm) rsync_ssh "$1" "$there$dest" aes128-gcm@openssh.com ;;
    *) die "unknown tool $tool" ;;
    esac
}

copy_failed() # CASE
{
    die "$tool, $1: $(tail -n 2 "$work/copy.out" "$work/server.err")"
}

copied() # CASE ROUND SRC
{
    [ "$2" -gt 0 ] || [ -z "$(rsync -an --delete "$3/" "$dest/" -i)" ] ||
        die "$tool, $1: the copy is not equal"
}

# ---- cases and the table -------------------------------------------------------

run_case()
{
    case $1 in
    big) big_case ;;
    small) small_case ;;
    *) die "unknown case $1" ;;
    esac
}

report()
{
    perl -e "$perl_runs"'
        my ($gb, $files) = splice @ARGV, 0, 2;
        read_runs();
        print "| case | tool | seconds | GB/s or files/s | x rsync, same cipher |\n",
            "|---|---|---|---|---|\n";
        for my $case (@cases) {
            for my $tool (qw(direct tunnel ssh ssh-gcm pull-direct pull-tunnel ssh-pull)) {
                my $w = $wall{$case}{$tool} or next;
                my $s = median(values %$w);
                my $ssh = $tool =~ /pull/ ? "ssh-pull" : "ssh";
                my $r = $wall{$case}{$ssh} ? sprintf "%.2f", ratio($case, $ssh, $tool) : "";
                printf "| %s | %s | %.3f | %s | %s |\n", $case, $tool, $s,
                    $case eq "big" ? sprintf("%.2f", $gb / $s) : sprintf("%.0f", $files / $s), $r;
            }
        }
        print "\n| aim | wanted | measured | met |\n|---|---|---|---|\n";
        for my $case (@cases) {
            aim("$case: through SSH, times the speed of rsync", ratio($case, "ssh", "tunnel"), 1.2);
            aim("$case: direct, times the speed of rsync", ratio($case, "ssh", "direct"), 3);
            aim("$case: direct, pull takes of push", ratio($case, "pull-direct", "direct"), 1.05, 1);
        }' "$(gigabytes "$big_mib")" "$small_files" "$results"
}

for name in "${cases[@]}"; do
    run_case "$name"
done
report
