#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Changes below a path that no message can name (over 65,535 bytes) reach the
# destination of a mirror like any other.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need perl
cd "$T" || exit
mkdir a b
# deep COMMAND...: in the deepest directory of a, made where it is not there
deep()
{
    perl -e '
        chdir shift or die;
        for (1 .. 270) { my $n = "d" x 250; mkdir $n; chdir $n or die "$_: $!" }
        exec @ARGV' a "$@"
}
# rsync does not go there
same() { [ "$(listing a)" = "$(listing b | grep -v '^\.zcsync')" ]; }

deep sh -c 'echo first >first; echo both >both' || skip_all "no such depth here"
start_mirror a b
ok "a tree that deep" wait_until 60 same
deep sh -c 'echo changed, and longer >first; rm both; mkdir new; echo x >new/x'
ok "a change at the bottom" wait_until 60 same
deep sh -c 'mv new newer; echo y >newer/y'
ok "a rename there" wait_until 60 same
echo top >a/top
ok "and one at the top" wait_until 60 same
stop_mirror
is "$rc" 0 "the mirror is fine"
done_testing
