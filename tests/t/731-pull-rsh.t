#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# HOST:PATH by a remote shell (-e): pushed, pulled, mirrored and compared; paths
# mean what they say; and what can go wrong there is said in one sentence.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mutate.sh"
. "$here/lib-nasty.sh"
need_no_sanitizers "takes long with sanitizers"

rsh=$here/rsh-here
z() { # z NAME COMMAND ARGS...: by the shell, without trouble
    local name=$1 command=$2
    shift 2
    runs_with 0 "$name" "$ZCSYNC" "$command" -e "$rsh" "$@"
}
export HOME=$T/home
mkdir -p "$HOME"
make_nasty_tree "$T/a"
random_bytes 8000000 >"$T/a/big"
make_mutable "$T/a/mutable"

z "a push" push --delete "$T/a" "host:$T/there"
is "$err" "" "without a word"
ok "arrives as it is" same_tree "$T/a" "$T/there"
z "a pull" pull --delete "host:$T/there" "$T/back"
ok "brings it back" same_tree "$T/a" "$T/back"
mutate "$T/a/mutable"
runs_with 1 "diff to it" "$ZCSYNC" diff --delete -e "$rsh" "$T/a" "host:$T/there"
z "a push of changes" push --delete --force-delete "$T/a" "host:$T/there"
runs_with 1 "diff from it" "$ZCSYNC" diff --delete -e "$rsh" "host:$T/there" "$T/back"
z "a pull of changes" pull --delete --force-delete "host:$T/there" "$T/back"
ok "are all there" same_tree "$T/a" "$T/back"
z "diff afterwards" diff --delete "host:$T/there" "$T/back"
ok "no staging folder left" no_litter "$T/there" "$T/back"

background mirror "$ZCSYNC" mirror -v -e "$rsh" "$T/a" "ann@host:$T/live"
mirror_pid=$pid
there() { [ -e "$T/live/big" ]; }
ok "a mirror" wait_until 30 there
echo later >"$T/a/later"
later() { [ "$(cat "$T/live/later" 2>/dev/null)" = later ]; }
ok "follows" wait_until 30 later
kill -TERM "$mirror_pid"
reap "$mirror_pid"
ok "and ends equal" same_tree "$T/a" "$T/live"

# ---- paths -----------------------------------------------------------------------

mkdir "$HOME/d"
echo one >"$HOME/d/one"
cd "$HOME" || bail "no home"
z "a relative path" pull host:d "$T/p1"
is "$(cat "$T/p1/one")" one "is relative to where it is started"
z "a home" pull "host:~/d" "$T/p2"
is "$(cat "$T/p2/one")" one "is expanded"
odd="with  blanks 'and' \"quotes\" \$HOME \`x\` * ;
line"
mkdir "$odd"
echo odd >"$odd/f"
z "an odd name" pull "host:$odd" "$T/p3"
is "$(cat "$T/p3/f")" odd "is taken as it is"
z "an odd name" push "$odd/f" "host:$odd.2"
is "$(cat "$odd.2")" odd "is made as it is"
z "nothing behind the colon" pull "host:" "$T/p4"
is "$(cat "$T/p4/d/one")" one "is the directory itself"
ln -s d link
z "a symlink to a directory" pull host:link "$T/p5"
is "$(cat "$T/p5/one")" one "is that directory"
ln -s nowhere dangling
z "a symlink to nowhere" pull host:dangling "$T/p6"
is "$(readlink "$T/p6")" nowhere "is a symlink"

# ---- the shell -------------------------------------------------------------------

export ZC_RSH_SAYS="Welcome to this host
zcsync is great"
z "a shell that greets" pull host:d "$T/p7"
is "$(cat "$T/p7/one")" one "is not in the way"
unset ZC_RSH_SAYS
ln -s "$rsh" "$T/r s h"
runs_with 0 "-e with a quote" "$ZCSYNC" pull -e "'$T/r s h' -l bob" host:d \
    "$T/p8"
z "another command there" pull --remote-command="env X=1 zcsync" host:d "$T/p9"
is "$(cat "$T/p9/one")" one "is run"
runs_with 5 "no zcsync there" "$ZCSYNC" pull -e "$rsh" \
    --rsync-path=/no/zcsync host:d "$T/x"
like "$err" "there is no /no/zcsync on host: 'apt install zcsync' there" \
    "is said, and what to do"
runs_with 5 "no such shell" "$ZCSYNC" pull -e /no/ssh host:d "$T/x"
one_sentence 'could not start /no/ssh: No such file' "is said"
runs_with 5 "one that fails" "$ZCSYNC" pull -e "sh -c 'exit 255'" host:d "$T/x"
one_sentence 'host could not be reached by' "is said"
runs_with 12 "one that ends" "$ZCSYNC" pull -e "sh -c 'exit 0'" host:d "$T/x"
one_sentence 'host closed the connection' "is said"
runs_with 2 "one that talks nonsense" "$ZCSYNC" push -e \
    "sh -c 'head -c 100000 /dev/zero; sleep 1'" "$T/p1" host:d
one_sentence 'does not speak the zcsync protocol' "is said to"
ok "and nothing is made" test ! -e "$T/x"
runs_with 3 "a pattern" "$ZCSYNC" pull -e "$rsh" "host:d/*" "$T/x"
one_sentence 'cannot open d/\* \(no shell there.*--include.*\): No such file' \
    "is no pattern there, which is said"
runs_with 3 "what is not there" "$ZCSYNC" pull -e "$rsh" host:nothing "$T/x"
one_sentence "host: cannot open nothing: No such file" "is named"

# ---- what it may do there --------------------------------------------------------

runs_with 5 "a forced command that only reads" "$ZCSYNC" push -e "$rsh" \
    --remote-command="env zcsync serve --stdio --read-only ;:" "$T/p1" host:d
one_sentence "read-only" "refuses a push"
z "and lets pull" pull --remote-command="zcsync serve --stdio --read-only ;:" \
    host:d "$T/p10"
runs_with 5 "one with a share" "$ZCSYNC" pull -e "$rsh" \
    --remote-command="zcsync serve --stdio --readable s=$HOME/d ;:" host:d \
    "$T/x"
like "$err" 'only shares can be asked for here' "gives nothing else"
done_testing
