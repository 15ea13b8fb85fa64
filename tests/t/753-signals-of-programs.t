#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Programs that are started for a connection, by -e, as ssh(1) for its configuration
# and as a ProxyCommand, find signals as zcsync has found them: SIGPIPE ends them, and
# what nohup(1) has made of SIGHUP stays.
. "$(dirname "$0")/lib.sh"
. "$here/lib-ssh.sh"

need_sshd
need nohup
start_sshd || skip_all "no sshd"
mkdir "$T/a" "$T/bin"
echo one >"$T/a/one"

# What is ignored, as a mask; 1 is SIGHUP, 0x1000 SIGPIPE, 0x1000000 SIGXFSZ.
cat >"$T/bin/note" <<END
#!/bin/sh
grep SigIgn /proc/self/status | cut -f 2 >"$T/ignored"
END
cat >"$T/bin/rsh" <<END
#!/bin/sh
"$T/bin/note"
shift
exec "\$@"
END
cat >"$T/bin/ssh" <<END
#!/bin/sh
"$T/bin/note"
exec $(command -v ssh) "\$@"
END
cat >"$T/bin/proxy" <<END
#!/bin/sh
"$T/bin/note"
exec perl "$T/bin/connect.pl" "\$1" "\$2"
END
cat >"$T/bin/connect.pl" <<'END'
use IO::Socket::INET;
my $s = IO::Socket::INET->new(PeerAddr => "$ARGV[0]:$ARGV[1]") or die;
my $up = fork;
my ($in, $out) = $up ? ($s, \*STDOUT) : (\*STDIN, $s);
while (sysread $in, my $buf, 65536) { syswrite $out, $buf }
$up ? kill('KILL', $up) : shutdown $s, 1;
END
chmod +x "$T/bin/note" "$T/bin/rsh" "$T/bin/ssh" "$T/bin/proxy"
known >"$ssh_dir/known_hosts"

# finds MASK WHAT COMMAND...: what is ignored there
finds()
{
    local mask=$1 what=$2
    shift 2
    rm -rf "$T/ignored" "$T/x"
    runs_with 0 "$what" "$@" "far:$T/a" "$T/x"
    is "$((0x$(cat "$T/ignored") & 0x1001001))" "$((mask))" "finds its signals"
}

ssh_config
for way in "" nohup; do
    [ "$way" ] && mask=1 || mask=0
    pull=($way env "PATH=$T/bin:$PATH" "$ZCSYNC" pull
        --remote-command="$ZCSYNC")
    ssh=("${pull[@]}" --ssh-config="$ssh_dir/config")
    finds $mask "-e ${way:+under nohup}" "${pull[@]}" -e "$T/bin/rsh"
    finds $mask "ssh -G ${way:+under nohup}" "${ssh[@]}"
    finds $mask "a ProxyCommand ${way:+under nohup}" env PATH="$PATH" \
        "${ssh[@]}" --ssh-option="ProxyCommand=$T/bin/proxy %h %p" \
        --ssh-option="UserKnownHostsFile=$ssh_dir/known_hosts"
done
done_testing
