#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# HOST:PATH over SSH, with a real sshd: pushed, pulled, mirrored and compared; what
# a login prints is no matter; what is wrong there is said in one sentence; and a
# mirror survives an sshd that is restarted.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mutate.sh"
. "$here/lib-nasty.sh"
. "$here/lib-ssh.sh"

need_sshd
start_sshd || skip_all "no sshd"
ssh_config
known >"$ssh_dir/known_hosts"
# sshd goes by the home of the user that it knows, which is not for tests.
there="cd '$HOME' && $ZCSYNC"
ssh=(--ssh-config="$ssh_dir/config" --remote-command="$there")
z() { # z NAME COMMAND ARGS...: over SSH, without trouble
    local name=$1 command=$2
    shift 2
    runs_with 0 "$name" "$ZCSYNC" "$command" "${ssh[@]}" "$@"
}
make_nasty_tree "$T/a"
random_bytes 30000000 >"$T/a/big"
truncate -s 20M "$T/a/holes"
make_mutable "$T/a/mutable"

z "a push" push --delete "$T/a" "far:$T/there"
is "$err" "" "without a word"
ok "arrives as it is" same_tree "$T/a" "$T/there"
z "a pull" pull --delete "far:$T/there" "$T/back"
ok "brings it back" same_tree "$T/a" "$T/back"
mutate "$T/a/mutable"
runs_with 1 "diff to it" "$ZCSYNC" diff --delete "${ssh[@]}" "$T/a" \
    "far:$T/there"
z "a push of changes" push --delete --force-delete "$T/a" "far:$T/there"
runs_with 1 "diff from it" "$ZCSYNC" diff --delete "${ssh[@]}" "far:$T/there" \
    "$T/back"
z "a pull of changes" pull --delete --force-delete "far:$T/there" "$T/back"
ok "are all there" same_tree "$T/a" "$T/back"
z "diff afterwards" diff --delete "far:$T/there" "$T/back"
ok "no staging folder left" no_litter "$T/there" "$T/back"

# ---- as users write it -----------------------------------------------------------

cp -a "$T/a/mutable" "$HOME/m"
z "a relative path" pull "$(id -un)@far:m" "$T/m"
ok "is in the home" same_tree "$HOME/m" "$T/m"
odd="it's \"odd\" \$HOME *"
z "blanks and quotes" push "$HOME/m" "far:$odd"
ok "stand for themselves" same_tree "$HOME/m" "$HOME/$odd"
options=(--remote-command="$there" --ssh-config=/dev/null
    --ssh-option=Port="$sshd_port"
    --ssh-option=UserKnownHostsFile="$ssh_dir/known_hosts")
runs_with 0 "--ssh-option" "$ZCSYNC" pull "${options[@]}" \
    --ssh-option="IdentityFile $ssh_dir/id" 127.0.0.1:m "$T/o"
ok "does without a file" same_tree "$HOME/m" "$T/o"
runs_with 0 "-e ssh" "$ZCSYNC" pull -e "ssh -F '$ssh_dir/config'" \
    --rsync-path="$there" far:m "$T/e"
ok "runs ssh(1)" same_tree "$HOME/m" "$T/e"
echo 'echo Welcome; echo "to this host" >&2' >"$HOME/greet"
z "a login that greets" pull --remote-command=". $HOME/greet; $there" far:m \
    "$T/g"
ok "is not in the way" same_tree "$HOME/m" "$T/g"
one_sentence 'far: to this host' "what it says to the user is passed on"

# ---- trouble ---------------------------------------------------------------------

runs_with 5 "no zcsync there" "$ZCSYNC" pull --ssh-config="$ssh_dir/config" \
    --remote-command=/no/zcsync far:m "$T/x"
like "$err" "there is no /no/zcsync on far: 'apt install zcsync' there" \
    "is said, and what to do"
runs_with 3 "no such path" "$ZCSYNC" pull "${ssh[@]}" far:nothing "$T/x"
one_sentence 'far: cannot open nothing: No such file' "is named"
: >"$ssh_dir/none"
runs_with 5 "an unknown host" "$ZCSYNC" pull "${ssh[@]}" \
    --ssh-option=UserKnownHostsFile="$ssh_dir/none" far:m "$T/x"
one_sentence '' "is one sentence"
runs_with 0 "--accept-new" "$ZCSYNC" pull "${ssh[@]}" --accept-new \
    --ssh-option=UserKnownHostsFile="$ssh_dir/none" far:m "$T/n"
ok "notes its key" test -s "$ssh_dir/none"
new_key "$ssh_dir/stranger"
runs_with 5 "a key that is not let in" "$ZCSYNC" pull "${options[@]}" \
    --ssh-option=IdentityFile="$ssh_dir/stranger" 127.0.0.1:m "$T/x"
one_sentence '127.0.0.1' "is one sentence"
ok "and nothing is made" test ! -e "$T/x"

# ---- a mirror --------------------------------------------------------------------

background mirror "$ZCSYNC" mirror -v "${ssh[@]}" "$T/a" "far:$T/live"
mirror_pid=$pid
is_there() { [ "$(cat "$T/live/$1" 2>/dev/null)" = "$1" ]; }
echo one >"$T/a/one"
ok "a mirror" wait_until 30 is_there one
echo two >"$T/a/two"
ok "follows" wait_until 30 is_there two
kill -KILL "$sshd_pid"
pkill -KILL -P "$sshd_pid" 2>/dev/null
pkill -KILL -f "sshd: $(id -un)" -s "$sshd_pid" 2>/dev/null
background sshd.again "$sshd" -D -e -f "$ssh_dir/sshd_config.$sshds"
sshd_pid=$pid
sshd_log=$T/log/sshd.again.err
wait_until 10 sshd_settled
echo three >"$T/a/three"
ok "survives a restart of sshd" wait_until 60 is_there three
kill -TERM "$mirror_pid"
reap "$mirror_pid"
ok "and ends equal" same_tree "$T/a" "$T/live"
done_testing
