#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# keygen and key show: a private key is there for its owner only, is never
# replaced, and is refused by name when others could have read it.
. "$(dirname "$0")/lib.sh"

own=$XDG_CONFIG_HOME/zcsync/identity.key
is_key='^[A-Za-z0-9+/]{43}=$'

runs_with 5 "key show without a key" "$ZCSYNC" key show
one_sentence "there is no $own yet: .zcsync keygen. makes it" "names the file"
umask 0
runs_with 0 "keygen" "$ZCSYNC" keygen
umask 022
key=$out
like "$key" "$is_key" "prints the public key, one line"
is "$err" "" "and nothing else"
is "$(stat -c '%a %F' "$own")" "600 regular file" \
    "the private one is readable for its owner only"
is "$(stat -c %a "$XDG_CONFIG_HOME/zcsync")" 700 "as is the directory"
is "$(grep -cv '^#' "$own")" 1 "it is one line"
nok "which is not the public one" eval "grep -v '^#' '$own' | grep -qF '$key'"
runs_with 0 "key show" "$ZCSYNC" key show
is "$out" "$key" "prints it again"

before=$(cksum <"$own")
runs_with 5 "keygen again" "$ZCSYNC" keygen
one_sentence "$own is there already" "names the file"
is "$out" "" "prints no key"
is "$(cksum <"$own")" "$before" "and the old one is as it was"
ln -s "$T/nowhere" "$T/link"
runs_with 5 "keygen -f a dangling symlink" "$ZCSYNC" keygen -f "$T/link"
nok "makes nothing where that leads" [ -e "$T/nowhere" ]
runs_with 0 "keygen -f FILE" "$ZCSYNC" keygen -f "$T/new/dir/key"
like "$out" "$is_key" "a key"
unlike "$out" "^$key$" "another one"
is "$(stat -c %a "$T/new/dir/key" "$T/new/dir")" "600
700" "in a directory that is made"
other=$out
runs_with 0 "key show -f FILE" "$ZCSYNC" key show -f "$T/new/dir/key"
is "$out" "$other" "prints it"
runs_with '5|11' "keygen where a directory cannot be made" "$ZCSYNC" keygen \
    -f "$own/below"
one_sentence "$own/below" "names the file"

is "$(awk 'length > 78' "$own")" "" "the private key is a short line, too"

# refused PATH REGEX: key show, push and serve refuse that identity
mkdir "$T/a" "$T/share"
refused()
{
    runs_with '1|5' "key show -f ${1##*/}" "$ZCSYNC" key show -f "$1"
    one_sentence "$1[: ].*$2" "names it: $2"
    push --identity="$1" "$T/a" zcsync://127.0.0.1:1/s
    like "$rc $err" "^[15] zcsync.*$1[: ].*$2" "so does push --identity"
    run "$ZCSYNC" serve --identity="$1" --peer-key="$key" s="$T/share"
    like "$rc $err" "^[15] zcsync.*$1[: ].*$2" "and serve"
}
cp -p "$own" "$T/key"
for mode in 640 604 620 602 660 666; do
    chmod "$mode" "$T/key"
    refused "$T/key" .
done
chmod 600 "$T/key"
runs_with 0 "only for its owner it is fine" "$ZCSYNC" key show -f "$T/key"
chmod 400 "$T/key"
runs_with 0 "also when he cannot write it" "$ZCSYNC" key show -f "$T/key"
mkdir -m 700 "$T/dir"
refused "$T/dir" .
echo nonsense >"$T/nonsense"
chmod 600 "$T/nonsense"
refused "$T/nonsense" .
: >"$T/empty"
chmod 600 "$T/empty"
refused "$T/empty" .
refused "$T/nowhere" "No such file"

# the default is looked at, too
chmod 644 "$own"
push "$T/a" zcsync://127.0.0.1:1/s
like "$rc $err" "^5 zcsync: $own " "push refuses the default identity like that"
pushes "but not for a local DEST" "$T/a" "$T/share"
chmod 600 "$own"

if [ "$(id -u)" = 0 ]; then
    chown 12345 "$T/key"
    refused "$T/key" .
else
    skip 4 "needs root"
fi

# $HOME/.config where XDG_CONFIG_HOME is not set
runs_with 0 "keygen with HOME" env -u XDG_CONFIG_HOME HOME="$T/home" \
    "$ZCSYNC" keygen
ok "is in ~/.config" [ -f "$T/home/.config/zcsync/identity.key" ]

runs_with 1 "keygen with an argument" "$ZCSYNC" keygen a
one_sentence "'a'.*keygen --help" "is a slip"
runs_with 1 "key alone" "$ZCSYNC" key
one_sentence "show, trust, forget or list.*key --help" "is one, too"
runs_with 1 "key nonsense" "$ZCSYNC" key nonsense
one_sentence "nonsense.*key --help" "is named"
runs_with 1 "key show with an argument" "$ZCSYNC" key show a
one_sentence "key show.*key --help" "is not what it takes"
for command in keygen key; do
    runs_with 0 "$command --help" "$ZCSYNC" "$command" --help
    like "$out" "usage: zcsync $command" "tells how it is used"
    is "$(awk 'length > 80' <<<"$out")" "" "in 80 columns"
done
done_testing
