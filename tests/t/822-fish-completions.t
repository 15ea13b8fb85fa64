#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What fish completes, by its own word: all commands, all options of each with what
# they do, and mirrors.
. "$(dirname "$0")/lib.sh"

need fish perl awk
. "$here/lib-completions.sh"
# In a process that has no home: the user's own settings stay out of it.
export HOME=$T/home XDG_CONFIG_HOME=$T/home XDG_DATA_HOME=$T/home
mkdir "$HOME" && cd "$HOME" || exit 1

# completes LINE: what is offered for its end
completes()
{
    got=$(fish --no-config -c 'source $argv[1]; complete -C $argv[2]' \
        "$completions/zcsync.fish" "$1")
}
names() { cut -f 1 <<<"$got" | LC_ALL=C sort -u; }

ok "fish takes it" fish -n "$completions/zcsync.fish"
completes "zcsync "
is "$(names)" "$(LC_ALL=C sort <<<"$commands")" "all commands"
like "$got" $'push\t[a-zA-Z]' "and what they do"
completes "zcsync help pu"
is "$(names | xargs)" "pull push" "after help, too"
completes "zcsync key "
is "$(names | xargs)" "forget list show trust" "what key does"
for command in $commands; do
    completes "zcsync $command -"
    is "$(names)" "$(listed zcsync "$command")" "all options of $command"
done
completes "zcsyncd -"
is "$(names)" "$(listed zcsyncd)" "and of zcsyncd"
completes "zcsync push --dry"
is "$got" $'--dry-run\tchange nothing, tell what would be done' "with what they do"
touch file-here
completes "zcsync push fil"
is "$got" file-here "files are SRC"
# The program that is asked for mirrors is the one on the line.
mv "$T/bin/fake" "$T/zcsync.fake" && rm "$T/bin/zcsync" &&
    mv "$T/zcsync.fake" "$T/bin/zcsync"
completes "zcsync wait "
is "$(names | xargs)" "mail www" "mirrors after wait"
done_testing
