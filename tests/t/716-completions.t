#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What bash completes: all commands, all options of each, and mirrors.
. "$(dirname "$0")/lib.sh"

need perl awk
mkdir "$T/bin"
ln -s "$ZCSYNC" "$T/bin/zcsync"
ln -s "$(dirname "$ZCSYNC")/zcsyncd" "$T/bin/zcsyncd"
PATH=$T/bin:$PATH
compopt() { opts+=" $2"; }
# shellcheck source=/dev/null
. "$here/../../contrib/completions/zcsync"

completes() # WORD...: the candidates for the last of them into $got
{
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    opts=
    _zcsync "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    got=${COMPREPLY[*]}
}

like "$(complete -p zcsync)" '-F _zcsync' "bash is told"
commands=$(zcsync help | sed -nE 's/^  zcsync ([a-z-]+) +[^ ].*/\1/p' | sort -u)
completes zcsync ""
is "$(tr ' ' '\n' <<<"$got" | sort -u)" "$commands" "all commands"
completes zcsync pu
is "$got" "pull push" "those that begin so"
completes zcsync help mir
is "$got" mirror "after help, too"
completes zcsync key t
is "$got" trust "what key does"

# The options in --help, with their --no- forms and "=" where a value follows.
listed() # COMMAND...
{
    "$@" --help | perl -ne 'next unless /^ {2,6}-/;
        print "$1\n" if /^  (-[^-])/;
        next unless /^ {2,6}(?:-., )?--(\[no-\])?([A-Za-z0-9][\w-]*)(=?)/;
        print "--$2$3\n";
        print "--no-$2\n" if $1' | LC_ALL=C sort -u
}
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
cat >"$T/bin/fake" <<'END'
#!/bin/bash
[ "$*" = "status --json" ] && printf '%s\n' '{"mirror":"www","source":"/srv/www"}' \
    '{"mirror":"mail","source":"/srv/mail"}' '{"session":"1.2.3.4:5"}'
END
chmod +x "$T/bin/fake"
completes fake wait ""
is "$got" "www mail" "mirrors after wait"
completes fake status m
is "$got" mail "those that begin so"
done_testing
