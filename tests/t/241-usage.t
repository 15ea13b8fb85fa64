#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Options nobody knows, and rsync's that are not there yet, are refused by name.
. "$(dirname "$0")/lib.sh"

unknown=
cd "$T" || exit
mkdir "$T/a" && echo x >"$T/a/x"
refused() # TEXT-IN-SENTENCE ARGUMENT...
{
    local text=$1
    shift
    push_exits 1 "push $*" "$@" "$T/a" "$T/b"
    like "$err" "$text" "names it"
    nok "and does nothing" [ -e "$T/b" ]
}
# Each option of rsync's is known, or refused by its name: none by a word for what
# is nobody's option.
for option in $(rsync --help 2>/dev/null |
    sed -nE 's/^ *(-., )?(--[A-Za-z0-9-]+).*/\2/p'); do
    [[ $option != --version && $option != --no-OPTION ]] || continue
    "$ZCSYNC" push -n "$option=x" "$T/a" "$T/b" >"$T/log/refused" 2>&1
    grep -q 'unknown option' "$T/log/refused" && unknown+=" $option"
done
is "$unknown" "" "rsync's options are known, one by one"
for option in --iconv=x --write-batch=x --protocol=30 --sockopts=x; do
    refused "option ${option%=*} is not supported: " "$option"
done
refused 'no-such-option.*--help|--help.*no-such-option' --no-such-option
refused 'y' -y
refused 'max-delete' --max-delete=many
refused 'timeout' --timeout=soon
refused 'fsync' --fsync=sometimes
refused 'mover' --mover=pigeon
refused 'delete' --delete=yes

runs_with 1 "push with nothing" "$ZCSYNC" push
runs_with 1 "mirror with one argument" "$ZCSYNC" mirror "$T/a"
runs_with 1 "an unknown subcommand" "$ZCSYNC" shove "$T/a" "$T/b"
like "$err" 'shove' "is named"
runs_with 1 "no subcommand" "$ZCSYNC"
for dest in zcsync://host zcsync:///share 'zcsync://host:port:x/s' 'zcsync://[::1/s' \
    host:: 'host::s/../x' 'zcsync://127.0.0.1:1/s/../../x'; do
    push_exits 1 "DEST $dest" "$T/a" "$dest"
    like "$err" '^zcsync' "in a sentence"
done
push_exits 1 "a remote SRC" host::share "$T/b"

runs_with 0 "--help" "$ZCSYNC" --help
like "$out" 'push' "shows the subcommands"
runs_with 0 "push --help" "$ZCSYNC" push --help
like "$out" '\-\-delete' "shows the options"
runs_with 0 "help push" "$ZCSYNC" help push
runs_with 0 "--version" "$ZCSYNC" --version
like "$out" '^zcsync' "names itself"
done_testing
