#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What does it cost to be sealed? zcsync push with keys over loopback, with either
# cipher, against rsync over ssh (a server of its own, with its own keys, on a
# loopback port) and against zcsync in plain, on the same trees, in turns.
#
#   tests/bench/sealed.sh [OPTION...] [CASE...]
#
#   CASE           big      one file of --big MIB (2048)
#                  small    --small FILES (50000) of 4 KiB, 100 a directory
#                  (default: both)
#   --rounds N     every tool runs N times in each case (5), after one round
#                  that warms the caches and does not count
#   --tools LIST   comma-separated: sealed-aes,sealed-chacha,sealed-ktls,plain,
#                  ssh-aes,ssh-chacha (default: those that work here)
#   --dir DIR      where sources and copies go (default: $TMPDIR or /tmp); wants
#                  several times the room of the trees
#   --raw FILE     keep the single measurements here
#
# The binary is $ZCSYNC, by default the build next to this tree; sshd is $SSHD.
# sealed-aes is AES-256-GCM in user space, ssh-aes aes128-gcm@openssh.com, as
# fast as ssh gets; the other two are ChaCha20-Poly1305. zcsync runs with
# --fsync=none, as rsync does not sync either. Times are wall clock, logging in
# included; CPU is user + system seconds of both sides. Ratios are the medians of
# those of one round, so that a slow moment of the machine hits both. What one
# core can encrypt (tests/tools/aead-speed) is measured before and after. Run as
# root, on an idle machine.
set -u
. "$(dirname "$0")/lib.sh"
. "$here/lib-copies.sh"
. "$here/lib-sshd.sh"

rounds=5 big_mib=2048 small_files=50000

while [ $# -gt 0 ]; do
    words=2
    case $1 in
    --big) big_mib=$2 ;;
    --small) small_files=$2 ;;
    *) common_option "$@" ;;
    esac
    shift "$words"
done
[ ${#cases[@]} -gt 0 ] || cases=(big small)
find_zcsync
[ -x /usr/bin/time ] || die "/usr/bin/time is not installed"
aead_speed=$(dirname "$ZCSYNC")/tests/tools/aead-speed

if [ ${#tools[@]} = 0 ]; then
    tools=(sealed-aes sealed-chacha plain)
    grep -qsw tls /proc/sys/net/ipv4/tcp_available_ulp && tools+=(sealed-ktls)
    if [ -n "$SSHD" ]; then
        tools+=(ssh-aes ssh-chacha)
    else
        echo "$me: sshd is not installed: no rsync over ssh" >&2
    fi
fi

make_work
export XDG_CONFIG_HOME=$work/config # none of this user's keys

# ---- keys ----------------------------------------------------------------------

server_key=$("$ZCSYNC" keygen -f "$work/server.key") || exit 1
client_key=$("$ZCSYNC" keygen -f "$work/client.key") || exit 1

[[ " ${tools[*]} " == *" ssh-"* ]] && make_ssh

# ---- one run -------------------------------------------------------------------

serve()
{
    case $tool in
    ssh-*) start_server "$ssh_port" "$SSHD" -D -e -f "$work/sshd.conf" ;;
    plain) serve_zcsync ;;
    *) serve_zcsync --identity "$work/server.key" --peer-key "$client_key" ;;
    esac
}

push() # SRC OPTION...
{
    timed "$ZCSYNC" push --fsync=none "${@:2}" "$1" \
        "zcsync://$address/bench"
}
sealed() # SRC OPTION...
{
    push "$@" --identity "$work/client.key" --peer-key "$server_key"
}
over_ssh() # SRC CIPHER
{
    timed rsync -aHAX --rsync-path="$(command -v rsync)" \
        -e "$(ssh_command "$2")" "$1/" "$(id -un)@127.0.0.1:$dest/"
}

copy() # SRC
{
    case $tool in
    plain) push "$1" ;;
    sealed-aes) sealed "$1" --no-ktls --suite=AES-256-GCM ;;
    sealed-chacha) sealed "$1" --suite=ChaCha20-Poly1305 ;;
    sealed-ktls) sealed "$1" --suite=AES-256-GCM ;;
    ssh-aes) over_ssh "$1" aes128-gcm@openssh.com ;;
    ssh-chacha) over_ssh "$1" chacha20-poly1305@openssh.com ;;
    *) die "unknown tool $tool" ;;
    esac
}

copy_failed() # CASE
{
    die "$tool, $1: $(tail -n 2 "$work/copy.out" "$work/server.err")"
}

# What the sessions of a server took is known once they have ended. Round 0 is
# compared.
copied() # CASE ROUND SRC
{
    local i
    for ((i = 0; i < 500; i++)); do
        [ -z "$(cat "/proc/$server/task/$server/children" 2>/dev/null)" ] && break
        sleep 0.01
    done
    [ "$2" -gt 0 ] || [ -z "$(rsync -an --delete "$3/" "$dest/" -i)" ] ||
        die "$tool, $1: the copy is not equal"
}

# ---- cases ---------------------------------------------------------------------

run_case()
{
    case $1 in
    big) big_case ;;
    small) small_case ;;
    *) die "unknown case $1" ;;
    esac
}

# The GB/s of libcrypto, as zcsync uses it and with its size of records.
aead()
{
    [ -x "$aead_speed" ] || die "$aead_speed is not built (make check-programs)"
    "$aead_speed" 0.5 | grep '^libcrypto.* 61440 bytes' >>"$work/aead"
}

# ---- the tables ----------------------------------------------------------------

report()
{
    perl -e "$perl_runs"'
        my ($gb, $files, $aead) = splice @ARGV, 0, 3;
        my %one_core;
        read_runs();
        print "| case | tool | seconds | GB/s or files/s | CPU s | x sealed-aes |\n",
            "|---|---|---|---|---|---|\n";
        for my $case (@cases) {
            for my $tool (qw(sealed-aes sealed-chacha sealed-ktls plain ssh-aes ssh-chacha)) {
                my $w = $wall{$case}{$tool} or next;
                my $s = median(values %$w);
                printf "| %s | %s | %.3f | %s | %.2f | %.2f |\n", $case, $tool, $s,
                    $case eq "big" ? sprintf("%.2f", $gb / $s) : sprintf("%.0f", $files / $s),
                    median(@{$cpu{$case}{$tool}}), ratio($case, $tool, "sealed-aes");
            }
        }
        print "\n| one core, records of 60 KiB | seal GB/s | open GB/s |\n|---|---|---|\n";
        open my $f, "<", $aead or die;
        my (%seal, %open);
        while (<$f>) {
            my ($name, $seal, $open) =
                /^libcrypto (\S+) .* seal +([\d.]+) GB.* open +([\d.]+) GB/ or die "odd: $_";
            push @{$seal{$name}}, $seal;
            push @{$open{$name}}, $open;
        }
        for my $name (sort keys %seal) {
            my ($s, $o) = (median(@{$seal{$name}}), median(@{$open{$name}}));
            printf "| %s | %.2f | %.2f |\n", $name, $s, $o;
            $one_core{$name =~ /AES/ ? "sealed-aes" : "sealed-chacha"} = $s < $o ? $s : $o;
        }
        print "\n| aim | wanted | measured | met |\n|---|---|---|---|\n";
        for my $pair (["sealed-aes", "ssh-aes"], ["sealed-chacha", "ssh-chacha"],
                      ["sealed-ktls", "ssh-aes"]) {
            my ($z, $s) = @$pair;
            aim("big: $z, times the speed of rsync over $s", ratio("big", $s, $z), 3);
        }
        for my $z (qw(sealed-aes sealed-chacha)) {
            my $w = $wall{big}{$z} or next;
            my $p = $wall{big}{plain} or next;
            my %allowed = map { $_ => $gb / $p->{$_} } keys %$p;
            my @part = map {
                my $a = $allowed{$_} < $one_core{$z} ? $allowed{$_} : $one_core{$z};
                $gb / $w->{$_} / $a
            } grep { $allowed{$_} } keys %$w;
            aim("big: $z, part of what one core of AEAD or plain allows",
                median(@part), 0.7);
        }
        for my $pair (["sealed-aes", "ssh-aes"], ["sealed-chacha", "ssh-chacha"],
                      ["sealed-ktls", "ssh-aes"]) {
            my ($z, $s) = @$pair;
            aim("small: $z, times the speed of rsync over $s", ratio("small", $s, $z), 2);
        }' "$(gigabytes "$big_mib")" "$small_files" "$work/aead" \
        "$results"
}

aead
for name in "${cases[@]}"; do
    run_case "$name"
done
aead
report
