#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Words that are nearly right, an example in every --help, rsync:// named as what
# it is, and output that nobody reads to its end.
. "$(dirname "$0")/lib.sh"
need_no_sanitizers "takes long with sanitizers"

cd "$T" || exit
many_files "$T/a" 3000 10
mkdir b

meant() # WHAT WORD...
{
    local what=$1
    shift
    runs_with 1 "zcsync $*" "$ZCSYNC" "$@"
    one_sentence "is '?$what'? meant\?" "asks whether $what is meant"
}
meant push psuh a b
meant mirror miror a b
meant check-config checkconfig
meant --delete push --delte a b
meant --dry-run push --dry a b
meant --exclude diff --exlude=x a b
meant --no-times push --no-time a b
meant --read-only serve --readonly x=a
meant --json status --jsno
meant --listen serve --lisen=x x=a
for words in "nonsense a b" "push --nonsense a b" "push --no-nonsense a b" \
    "push -Q a b"; do
    # shellcheck disable=SC2086 # several words
    run "$ZCSYNC" $words
    unlike "$err" 'meant' "$words is near nothing"
done
run "$ZCSYNC" diff --fsyn=none a b
unlike "$err" 'fsync' "nor is what another command has"

for command in $("$ZCSYNC" help | sed -n 's/^  zcsync \([a-z-]*\) .*/\1/p'); do
    runs_with 0 "$command --help" "$ZCSYNC" "$command" --help
    like "$out" "Example:"$'\n'"  zcsync $command" "ends in an example"
    runs_with 0 "$command --version" "$ZCSYNC" "$command" --version
    like "$out" '^zcsync [0-9]' "prints the version"
done
runs_with 0 "zcsyncd --help" "$(dirname "$ZCSYNC")/zcsyncd" --help
like "$out" "Example:"$'\n'"  zcsyncd" "too"

for words in "a rsync://host/module" "rsync://host/module b"; do
    # shellcheck disable=SC2086
    runs_with 1 "push $words" "$ZCSYNC" push $words
    one_sentence "daemon of rsync's" "says what it is"
done

# head closes the pipe: nobody complains, and the code is about what was done.
piped() # CODE NAME WORD...
{
    local code=$1 name=$2
    shift 2
    "$ZCSYNC" "$@" 2>"$T/log/piped" | head -n 1 >"$T/log/first"
    is "${PIPESTATUS[0]}" "$code" "$name: $code"
    is "$(cat "$T/log/piped")" "" "silent"
    ok "and a line came" [ -s "$T/log/first" ]
}
piped 1 "diff, where there are differences" diff a b
many_files "$T/many" 7000 1
piped 141 "a dry run, which ends with it" push -n -v many b
is "$(ls b)" "" "and has done nothing"
piped 0 "a push, which goes on" push -v a b
ok "to its end" same_tree a b
many_files "$T/c" 3000 10
piped 0 "with JSON" push --json c d
closed() # NAME WORD...: nobody reads from the beginning
{
    local name=$1 code
    shift
    "$ZCSYNC" "$@" 2>"$T/log/piped" > >(exec true)
    code=$?
    like "$code" '^(0|141)$' "$name, read by nobody"
    is "$(cat "$T/log/piped")" "" "silent"
}
closed help help push
closed version version
if [ -w /dev/full ]; then
    "$ZCSYNC" help >/dev/full 2>"$T/log/full"
    is $? 11 "but what cannot be written is an error"
    like "$(cat "$T/log/full")" 'No space' "and told"
else
    skip 2 "there is no /dev/full"
fi
done_testing
