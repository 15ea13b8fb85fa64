#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What zsh completes: all commands, all options of each with what they do, and mirrors;
# by its own completion system, too.
. "$(dirname "$0")/lib.sh"

need zsh perl awk
. "$here/lib-completions.sh"

# The candidates for the last WORD, one a line; "files" where those are meant, and the
# arguments of zsh's own functions in front of "|".
cat >"$T/complete.zsh" <<'END'
compdef() { : }
_files() { print files }
compset() { : }
_describe() {
    local -a opts
    while [[ $1 == -* ]]; do opts+=($1); shift; done
    local list=$2
    print -rl -- "${(@)${(P)list}}" | sed "s/^/$opts ${*[3,-1]}|/"
}
source $1
shift
words=("$@") CURRENT=$#
_zcsync
END
completes() { got=$(zsh -f "$T/complete.zsh" "$completions/_zcsync" "$@"); }
names() { sed -E 's/^[^|]*\|//; s/:.*//' <<<"$got" | LC_ALL=C sort -u; }

completes zcsync ""
is "$(names)" "$(LC_ALL=C sort <<<"$commands")" "all commands"
like "$got" 'push:[a-zA-Z]' "and what they do"
completes zcsync help ""
is "$(names)" "$(LC_ALL=C sort <<<"$commands")" "after help, too"
completes zcsync key ""
is "$(names | xargs)" "forget list show trust" "what key does"

for command in $commands; do
    completes zcsync "$command" -
    is "$(names)" "$(listed zcsync "$command")" "all options of $command"
done
completes zcsyncd -
is "$(names)" "$(listed zcsyncd)" "and of zcsyncd"
completes zcsync push --
like "$got" '-o \|--dry-run:change nothing, tell what would be done' "with what they do"
like "$got" '-o -S \|--exclude-from=:read patterns from FILE' "a value comes without a blank"
is "$(grep -c '|[^:]*$' <<<"$got")" 0 "none is without a word"
completes zcsync push --exclude-from=x
is "$got" files "a value is a file"
completes zcsync push -a x
is "$got" files "and so is SRC"

completes fake wait ""
is "$(names | xargs)" "mail www" "mirrors after wait"

# By the real thing: what a user sees behind "zcsync pus" and TAB.
cat >"$T/real.zsh" <<'END'
zmodload zsh/zpty || exit 77
zpty z "PS1=ready TERM=dumb zsh -f -i"
zpty -w z "fpath=($1 \$fpath); autoload -U compinit; compinit -u -d $2/dump; PS1=now'> '"
zpty -r z all '*now> *'
zpty -w -n z $'zcsync pus\t'
zpty -r z all '*pus*h *' || exit
zpty -w -n z $'--dry-r\t'
zpty -r z all '*-r*un *' && print done
zpty -d z
END
mkdir "$T/home"
real=$(HOME=$T/home ZDOTDIR=$T/home timeout 30 zsh -f "$T/real.zsh" "$completions" "$T")
is "$real" "done" "zsh itself completes a command and an option"
done_testing
