#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# key trust, forget and list: what is known of peers.
. "$(dirname "$0")/lib.sh"

known=$XDG_CONFIG_HOME/zcsync/known_peers
declare -a key
for n in 1 2 3; do key[n]=$("$ZCSYNC" keygen -f "$T/key$n"); done

trusts() { runs_with 0 "key trust $1" "$ZCSYNC" key trust "$@"; }
lists() # LINE...
{
    runs_with 0 "key list" "$ZCSYNC" key list
    is "$out" "$(printf '%s\n' "$@")" "lists ${#@}"
}

runs_with 0 "key list of nothing" "$ZCSYNC" key list
is "$out$err" "" "prints nothing"
trusts web1 "${key[1]}"
is "$out$err" "" "says nothing"
is "$(stat -c %a "$known")" 600 "the file is for its owner only"
is "$(cat "$known")" "web1 ${key[1]}" "a line"
trusts Web1 "${key[1]}"
trusts '[web1]:8730' "${key[1]}"
lists "web1 ${key[1]}"
trusts web1:9000 "${key[2]}"
trusts 'fe80::1%eth0' "${key[3]}"
trusts '[2001:DB8::1]:99' "${key[3]}"
all=("web1 ${key[1]}" "[web1]:9000 ${key[2]}" "fe80::1%eth0 ${key[3]}"
    "[2001:db8::1]:99 ${key[3]}")
lists "${all[@]}"

runs_with 5 "another key for a name" "$ZCSYNC" key trust web1 "${key[2]}"
one_sentence "$known:1: another key is known for web1: .*--replace" \
    "is refused with file and line"
lists "${all[@]}"
printf '# mine\n\n' | cat - "$known" >"$T/new"
cat "$T/new" >"$known"
trusts --replace web1 "${key[2]}"
is "$(head -n 3 "$known")" "# mine

web1 ${key[2]}" "--replace replaces its line and no other"
is "$(stat -c %a "$known")" 600 "the mode is as it was"
runs_with 0 "key forget" "$ZCSYNC" key forget web1:9000
lists "web1 ${key[2]}" "${all[@]:2}"
runs_with 5 "key forget of what is not known" "$ZCSYNC" key forget web1:9000
one_sentence "$known: .*no key for \[web1\]:9000" "is a mistake"

for name in 'a b' '' -- me@host 'a/b' 'web1::www' '[web1' web1:0; do
    [ "$name" = -- ] && continue
    runs_with 1 "key trust '$name'" "$ZCSYNC" key trust "$name" "${key[1]}"
    one_sentence "'$(sed 's/[][]/\\&/g' <<<"$name")' is not the name of a host" \
        "is refused by name"
done
for text in nonsense "${key[1]%=}" "${key[1]}=" \
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=; do
    runs_with 1 "key trust web9 $text" "$ZCSYNC" key trust web9 "$text"
    one_sentence "'${text//+/\\+}' is not a public key" "is refused by name"
done

# ---- the file ----------------------------------------------------------------

# wrong LINE SENTENCE TEXT: a file with TEXT is refused
wrong()
{
    # shellcheck disable=SC2059
    printf "$3" >"$T/file"
    runs_with 1 "$2" "$ZCSYNC" key list --known-peers="$T/file"
    is "$err" "zcsync key: $T/file:$1: $2" "with file and line"
    runs_with 1 "nothing is added to it" "$ZCSYNC" key trust \
        --known-peers="$T/file" a "${key[1]}"
    # shellcheck disable=SC2059
    ok "nor lost" cmp "$T/file" <(printf "$3")
}
wrong 2 "there is no key after the name" "# x\nweb1\n"
wrong 1 "something follows the key" "web1 ${key[1]} x\n"
wrong 3 "web1 is there already, in line 1" \
    "web1 ${key[1]}\n\n[WEB1]:8730 ${key[1]}\n"
wrong 1 "'x' is not a public key: 44 characters of base64" "web1 x"
wrong 1 "there is a control character (0x1b) in the line" "\033[2J x\n"
cp "$known" "$T/file"
for mode in 0620 0602; do
    chmod "$mode" "$T/file"
    runs_with 5 "a file of mode $mode" "$ZCSYNC" key list \
        --known-peers="$T/file"
    one_sentence "$T/file: others can write it \(mode $mode\)" \
        "is refused by name"
done
chmod 600 "$T/file"
if [ "$(id -u)" = 0 ]; then
    chown 4711 "$T/file"
    runs_with 5 "a file of another user" "$ZCSYNC" push \
        --known-peers="$T/file" "$T" localhost::s
    one_sentence "$T/file belongs to user 4711, who could add keys" \
        "is refused by name"
fi

# ---- several at a time -----------------------------------------------------------

pids=()
for n in 1 2 3 4; do
    for m in 1 2 3 4 5; do
        "$ZCSYNC" key trust --known-peers="$T/crowd" "host$n-$m" "${key[1]}"
        [ "$m" = 3 ] || continue
        "$ZCSYNC" key forget --known-peers="$T/crowd" "host$n-$m"
    done &
    pids+=("$!")
done
wait "${pids[@]}"
run "$ZCSYNC" key list --known-peers="$T/crowd"
is "$(sort <<<"$out")" \
    "$(for n in 1 2 3 4; do
        for m in 1 2 4 5; do echo "host$n-$m ${key[1]}"; done
    done)" "nothing is lost when several write at a time"
is "$(echo "$T"/crowd*)" "$T/crowd" "no other file is left"
done_testing
