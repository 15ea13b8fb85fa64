#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What bash completes: all commands, all options of each, and mirrors.
. "$(dirname "$0")/lib.sh"

need perl awk
. "$here/lib-completions.sh"
compopt() { opts+=" $2"; }
# shellcheck source=/dev/null
. "$completions/zcsync"

completes() # WORD...: the candidates for the last of them into $got
{
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    opts=
    _zcsync "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    got=${COMPREPLY[*]}
}

like "$(complete -p zcsync)" '-F _zcsync' "bash is told"
completes zcsync ""
is "$(tr ' ' '\n' <<<"$got" | sort -u)" "$commands" "all commands"
completes zcsync pu
is "$got" "pull push" "those that begin so"
completes zcsync help mir
is "$got" mirror "after help, too"
completes zcsync key t
is "$got" trust "what key does"

for command in $commands; do
    completes zcsync "$command" -
    is "$(tr ' ' '\n' <<<"$got" | LC_ALL=C sort -u)" "$(listed zcsync "$command")" \
        "all options of $command"
done
completes zcsyncd -
is "$(tr ' ' '\n' <<<"$got" | LC_ALL=C sort -u)" "$(listed zcsyncd)" "and of zcsyncd"
completes zcsync push --dry
is "$got" "--dry-run" "one that begins so"
completes zcsync push --exclude-f
is "$got" "--exclude-from=" "with its ="
like "$opts" nospace "and no blank behind it"
completes zcsync push --exclude-from = x
is "$got:$opts" ": default" "its value is a file"
completes zcsync push -a x
is "$got:$opts" ": default" "and so is SRC"

# Mirrors, as a daemon knows them.
completes fake wait ""
is "$got" "www mail" "mirrors after wait"
completes fake status m
is "$got" mail "those that begin so"
done_testing
