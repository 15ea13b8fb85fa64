#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Hosts that are reached through others: ProxyJump, one and several, each with
# its own host key and login, and ProxyCommand.

. "$(dirname "$0")/lib.sh"
. "$here/lib-ssh.sh"

need_sshd
config=$ssh_dir/config known=$ssh_dir/known_hosts
: >"$known"
declare -a log=() port=()
mkdir "$T/blocks"
for host in one two far; do
    new_key "$ssh_dir/host-$host"
    new_key "$ssh_dir/id-$host"
    start_sshd "HostKey $ssh_dir/host-$host" \
        "AuthorizedKeysFile $ssh_dir/id-$host.pub" || skip_all "no sshd"
    log+=("$sshd_log")
    port+=("$sshd_port")
    known "[127.0.0.1]:$sshd_port" "$ssh_dir/host-$host" >>"$known"
    printf '%s\n' "Host $host" " HostName 127.0.0.1" " Port $sshd_port" \
        " IdentityFile $ssh_dir/id-$host" " IdentitiesOnly yes" \
        " UserKnownHostsFile $known" " GlobalKnownHostsFile /dev/null" \
        " User $(id -un)" >>"$T/blocks/$host"
done

# configured [LINE...]: LINEs are for the host "far"
configured()
{
    { cat "$T/blocks/far"; [ $# = 0 ] || printf ' %s\n' "$@"
        cat "$T/blocks/one" "$T/blocks/two"; } >"$config"
    for i in 0 1 2; do : >"${log[i]}"; done
}
# who has let anybody in
way()
{
    local i w=
    for i in 0 1 2; do
        w+=$(grep -c 'Accepted publickey' "${log[i]}")
    done
    echo "$w"
}
goes() # WAY NAME [OPTION...]
{
    run "${sshpipe[@]}" "${@:3}" far 'cat; echo in'
    is "$rc $out $(way)" "0 in $1" "$2" || diag "$err"
}

configured
goes 001 "no jump host"
like "$err" '^at 127' "the address is told"
configured "ProxyJump one"
goes 101 "a jump host"
like "$err" 'at -' "there is no address to tell"
configured "ProxyJump one,two"
goes 111 "two jump hosts"
configured
goes 111 "given as an option" -J one,two
configured "ProxyJump two"
sed -i "/^Host two/a ProxyJump one" "$config"
goes 111 "a jump host with a jump host of its own"
configured "ProxyJump one"
goes 001 "none after all" -J none
configured "ProxyJump ssh://$(id -un)@one:${port[0]}"
goes 101 "with user and port, as a URI"
configured "ProxyJump one"
goes 101 "by our own reader" -n

head -c 8000000 /dev/urandom >"$T/bytes"
configured "ProxyJump one,two"
timeout 100 "${sshpipe[@]}" far cat <"$T/bytes" >"$T/back" 2>"$T/log/far.err"
is $? 0 "8 MB there and back through two"
ok "are the same" cmp "$T/bytes" "$T/back"
run "${sshpipe[@]}" far 'echo said >&2; exit 9'
is "$rc" 9 "the exit status comes all the way"
like "$err" 'remote said' "and so does stderr"

refused() # CODE NAME REGEX [OPTION...]
{
    run "${sshpipe[@]}" "${@:4}" far 'echo in'
    is "$rc" "$1" "$2"
    if [ "$(grep -c '^sshpipe:' <<<"$err")" = 1 ] && [[ $err =~ $3 ]]; then
        pass "$2: one sentence"
    else
        fail "$2: one sentence" "$err"
    fi
}
configured "ProxyJump one"
sed -i "/ $(cut -d ' ' -f 2 "$ssh_dir/host-one.pub" | sed 's,/,\\/,g')/d" "$known"
refused 5 "a jump host that is not known" 'the key of one .* is not known'
goes 101 "a key of a jump host's is asked for, too" -a yes
configured "ProxyJump one"
sed -i "s,id-one$,id-two," "$config"
refused 5 "a jump host that does not let us in" 'could not log in at one as'
configured "ProxyJump far"
refused 1 "a jump host through itself" 'more than 8 jump hosts'
configured "ProxyJump one,,two"
refused 1 "a list that makes no sense" 'sshpipe: .*far.*one,,two'
refused 1 "and to our own reader" 'is no list of jump hosts for two' -n
configured "ProxyJump one"
sed -i "0,/Port .*/s//Port 1/" "$config"
refused 10 "a host that the jump host cannot reach" \
    'to 127.0.0.1 port 1 through a jump host'

# --- ProxyCommand ---
if ! command -v perl >/dev/null; then
    skip 7 "perl is not installed"
else
    cat >"$T/relay" <<'EOF'
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
my ($host, $port) = @ARGV;
my $far = IO::Socket::INET->new("$host:$port") or die "no $host:$port\n";
my %to = (fileno(STDIN) => $far, fileno($far) => \*STDOUT);
my $all = IO::Select->new(\*STDIN, $far);
open(my $note, ">", "$0.was"); print $note "$host $port\n"; close $note;
for (;;) {
    for my $in ($all->can_read) {
        sysread($in, my $bytes, 65536) or exit;
        while (length $bytes) {
            my $n = syswrite($to{fileno $in}, $bytes) // exit;
            substr($bytes, 0, $n) = "";
        }
    }
}
EOF
    configured "ProxyCommand perl $T/relay %h %p"
    goes 001 "a ProxyCommand"
    is "$(cat "$T/relay.was")" "127.0.0.1 ${port[2]}" "gets host and port"
    like "$err" 'at -' "there is no address to tell"
    nok "it does not stay" grep -qs "$T/relay" /proc/[0-9]*/cmdline
    refused 10 "one that fails" \
        '(far closed|lost) the connection (to far )?while shaking hands' \
        -o "ProxyCommand false"
fi

done_testing
