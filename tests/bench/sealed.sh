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
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
rounds=5 big_mib=2048 small_files=50000
base=${TMPDIR:-/tmp} raw=
tools=()
cases=()

die() { echo "sealed.sh: $*" >&2; exit 1; }

while [ $# -gt 0 ]; do
    case $1 in
    --rounds) rounds=$2; shift ;;
    --big) big_mib=$2; shift ;;
    --small) small_files=$2; shift ;;
    --tools) IFS=, read -ra tools <<<"$2"; shift ;;
    --dir) base=$2; shift ;;
    --raw) raw=$2; shift ;;
    -h | --help) sed -n '3,/^set -u/s/^#\( \|$\)//p' "$0"; exit 0 ;;
    -*) die "unknown option $1 (see --help)" ;;
    *) cases+=("$1") ;;
    esac
    shift
done
[ ${#cases[@]} -gt 0 ] || cases=(big small)
if [ -z "${ZCSYNC:-}" ]; then
    for ZCSYNC in "$here/../../build/zcsync" "$here/../../zcsync"; do
        [ -x "$ZCSYNC" ] && break
    done
fi
[ -x "$ZCSYNC" ] || die "no zcsync binary at $ZCSYNC"
[ -x /usr/bin/time ] || die "/usr/bin/time is not installed"
[ "$(id -u)" = 0 ] || echo "sealed.sh: not root: owners are not kept" >&2
SSHD=${SSHD:-$(PATH=$PATH:/usr/sbin:/sbin command -v sshd)}
aead_speed=$(dirname "$ZCSYNC")/tests/tools/aead-speed

if [ ${#tools[@]} = 0 ]; then
    tools=(sealed-aes sealed-chacha plain)
    grep -qsw tls /proc/sys/net/ipv4/tcp_available_ulp && tools+=(sealed-ktls)
    if [ -n "$SSHD" ]; then
        tools+=(ssh-aes ssh-chacha)
    else
        echo "sealed.sh: sshd is not installed: no rsync over ssh" >&2
    fi
fi

work=$(mktemp -d "$base/zcsync-bench.XXXXXX") || exit 1
results=$work/results
: >"$results"
export XDG_CONFIG_HOME=$work/config # none of this user's keys
server=
cleanup()
{
    [ -n "$server" ] && kill "$server" 2>/dev/null
    [ -n "$raw" ] && cp "$results" "$raw"
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

# ---- keys ----------------------------------------------------------------------

server_key=$("$ZCSYNC" keygen -f "$work/server.key") || exit 1
client_key=$("$ZCSYNC" keygen -f "$work/client.key") || exit 1

free_port()
{
    perl -MIO::Socket::INET -e '
        print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport'
}

make_ssh()
{
    local name
    for name in host user; do
        ssh-keygen -q -t ed25519 -N '' -C '' -f "$work/ssh-$name" || exit 1
    done
    # it wants this folder to change its root to, and dies without
    [ "$(id -u)" = 0 ] && mkdir -p /run/sshd
    ssh_port=$(free_port)
    cp "$work/ssh-user.pub" "$work/ssh-authorized"
    cat >"$work/sshd.conf" <<CONF
ListenAddress 127.0.0.1:$ssh_port
HostKey $work/ssh-host
AuthorizedKeysFile $work/ssh-authorized
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UseDNS no
Compression no
PrintMotd no
Ciphers aes128-gcm@openssh.com,chacha20-poly1305@openssh.com
CONF
    echo "[127.0.0.1]:$ssh_port $(cat "$work/ssh-host.pub")" >"$work/ssh-known"
}
ssh_command() # CIPHER
{
    echo "ssh -F none -p $ssh_port -i $work/ssh-user -c $1" \
        "-o UserKnownHostsFile=$work/ssh-known -o BatchMode=yes" \
        "-o IdentitiesOnly=yes -o Compression=no"
}
[[ " ${tools[*]} " == *" ssh-"* ]] && make_ssh

# ---- one run -------------------------------------------------------------------

# The receiving side runs under time(1), too, which counts what it forked.
start_server() # COMMAND...
{
    local i
    /usr/bin/time -o "$work/time.server" -f '%U %S %M' "$@" \
        >"$work/server.out" 2>"$work/server.err" &
    timer=$!
    for ((i = 0; i < 500; i++)); do
        server=$(cat "/proc/$timer/task/$timer/children" 2>/dev/null)
        server=${server%% *}
        server_ready && return
        sleep 0.02
    done
    die "the server did not start: $(cat "$work/server.err")"
}

server_ready()
{
    [ -n "$server" ] || return
    case $tool in
    ssh-*) (: </dev/tcp/127.0.0.1/"$ssh_port") 2>/dev/null ;;
    *) grep -q '^zcsync: listening on' "$work/server.out" ;;
    esac
}

stop_server()
{
    local i
    # what its sessions took is known once they have ended
    for ((i = 0; i < 500; i++)); do
        [ -z "$(cat "/proc/$server/task/$server/children" 2>/dev/null)" ] && break
        sleep 0.01
    done
    kill -TERM "$server"
    wait "$timer"
    server=
}

serve()
{
    case $tool in
    ssh-*) start_server "$SSHD" -D -e -f "$work/sshd.conf" ;;
    plain) start_server "$ZCSYNC" serve --listen 127.0.0.1:0 "bench=$dest" ;;
    *) start_server "$ZCSYNC" serve --listen 127.0.0.1:0 \
        --identity "$work/server.key" --peer-key "$client_key" "bench=$dest" ;;
    esac
    address=$(sed -n 's/^zcsync: listening on //p' "$work/server.out")
}

timed=(/usr/bin/time -o "$work/time.client" -f '%U %S %M')
push() # SRC OPTION...
{
    "${timed[@]}" "$ZCSYNC" push --fsync=none "${@:2}" "$1" \
        "zcsync://$address/bench"
}
sealed() # SRC OPTION...
{
    push "$@" --identity "$work/client.key" --peer-key "$server_key"
}
over_ssh() # SRC CIPHER
{
    "${timed[@]}" rsync -aHAX --rsync-path="$(command -v rsync)" \
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

# A virtual machine may have handed freed memory back to its host, and then the
# first one to fill the page cache again pays for that: it shall be nobody's run.
warm_memory()
{
    dd if=/dev/zero of="$work/warm" bs=1M count=$((big_mib + 512)) status=none
    rm "$work/warm"
}

# measure CASE ROUND SRC DEST: one line in $results. Round 0 does not count, but
# is compared.
measure()
{
    local case=$1 round=$2 src=$3 start end
    dest=$4
    mkdir -p "$dest"
    sync
    warm_memory
    echo "0 0 0" >"$work/time.server"
    serve
    start=$EPOCHREALTIME
    copy "$src" >"$work/copy.out" 2>&1 ||
        die "$tool, $case: $(tail -n 2 "$work/copy.out" "$work/server.err")"
    end=$EPOCHREALTIME
    stop_server
    [ "$round" -gt 0 ] || [ -z "$(rsync -an --delete "$src/" "$dest/" -i)" ] ||
        die "$tool, $case: the copy is not equal"
    echo "$case $tool $round $((${end/./} - ${start/./}))" \
        "$(tail -n 1 "$work/time.client") $(tail -n 1 "$work/time.server")" \
        >>"$results"
}

# All tools, all rounds, the order rotating. With KEEP the copies stay until the
# end: deleting many files slows down what comes next.
in_turns() # CASE SRC [KEEP]
{
    local case=$1 src=$2 keep=${3:-} round i n=${#tools[@]}
    echo "sealed.sh: $case" >&2
    for ((round = 0; round <= rounds; round++)); do
        for ((i = 0; i < n; i++)); do
            tool=${tools[(i + round) % n]}
            measure "$case" "$round" "$src" "$work/$case.$tool.$round"
            [ -n "$keep" ] || rm -rf "$work/$case.$tool.$round"
        done
    done
}

# ---- cases ---------------------------------------------------------------------

many_files() # DIR COUNT BYTES PER-DIRECTORY
{
    perl -e 'my ($top, $count, $size, $per) = @ARGV;
        mkdir $top;
        for my $n (0 .. $count - 1) {
            my $dir = sprintf "%s/d%05d", $top, $n / $per;
            mkdir $dir unless $n % $per;
            open my $f, ">", sprintf("%s/file%07d", $dir, $n) or die $!;
            print $f pack("N", $n) x ($size / 4);
        }' "$@"
}

run_case()
{
    case $1 in
    big)
        mkdir "$work/big"
        head -c "${big_mib}M" /dev/urandom >"$work/big/image"
        in_turns big "$work/big"
        rm -r "$work/big"
        ;;
    small)
        many_files "$work/small" "$small_files" 4096 100
        in_turns small "$work/small" keep
        ;;
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
    perl -e '
        my ($gb, $files, $aead) = splice @ARGV, 0, 3;
        my (%wall, %cpu, %one_core, @cases, %seen);
        while (<>) {
            my ($case, $tool, $round, $us, $u1, $s1, $m1, $u2, $s2, $m2) = split;
            next if !$round;
            push @cases, $case if !$seen{$case}++;
            $wall{$case}{$tool}{$round} = $us / 1e6;
            push @{$cpu{$case}{$tool}}, $u1 + $s1 + $u2 + $s2;
        }
        sub median { my @v = sort { $a <=> $b } @_; @v ? ($v[$#v / 2] + $v[@v / 2]) / 2 : 0 }
        # how many times the seconds of B A takes
        sub ratio {
            my ($case, $a, $b) = @_;
            my ($w, $z) = ($wall{$case}{$a}, $wall{$case}{$b});
            median(map { $w->{$_} / $z->{$_} } grep { $z->{$_} } keys %$w);
        }
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
        sub aim {
            my ($what, $got, $want) = @_;
            return if !$got;
            printf "| %s | >= %g | %.2f | %s |\n", $what, $want, $got, $got >= $want ? "yes" : "no";
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
        }' "$(perl -e "print $big_mib * 1048576 / 1e9")" "$small_files" "$work/aead" \
        "$results"
}

aead
for name in "${cases[@]}"; do
    run_case "$name"
done
aead
report
