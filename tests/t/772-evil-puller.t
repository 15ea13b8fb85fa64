#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A hostile puller gets nothing that is not in the share, whatever tests/tools/
# evil-puller asks for: after every attack the server is alive, serves the next
# pull, has changed nothing, and no child of it stays behind or grew beyond bounds.
# Symlinks that are swapped meanwhile lead nowhere, either.
. "$(dirname "$0")/lib.sh"
. "$here/lib-process.sh"
. "$here/lib-evil.sh"

need_tools evil-puller
evil=$built/evil-puller

around=$T/around
share=$around/share
mkdir -p "$share/real" "$share/.zcsync" "$around/outside/sub"
for name in sentinel outside/sentinel outside/sub/sentinel share/.zcsync/left \
    outside/not-for-you outside/sub/not-for-you share/.zcsync/not-for-you; do
    echo 'not yours' >"$around/$name"
done
echo real | tee "$share/real/f" >"$share/kept"
printf '. %s\n' ../sentinel planted/sentinel "$around/sentinel" /etc/passwd \
    >"$share/.rules" # what another peer may have put there
ln -s "$around/outside" "$share/planted"
ln -s ../sentinel "$share/planted-file"

everything() { find "$around" -printf '%P %y %m %U %G %s %T@ %C@ %l\n' | sort; }

check_after()
{
    local attack=$1 expect=$2
    case $said in
    refused* | closed) ;;
    stuck | tolerated) [ "$expect" = any ] || problem "the session was: $said" ;;
    *) problem "evil-puller said: $said" ;;
    esac
    gone_or_zombie "$serve_pid" && problem "the server is gone"
    wait_until 20 no_children "$serve_pid" || problem "a child stays behind"
    [ "$(everything)" = "$before" ] || problem "something has changed:
$(diff <(echo "$before") <(everything))"
    check_memory "a child" "$(cat "$T/peak")"
    now_and_then || return
    rm -rf "$T/good"
    run "$ZCSYNC" pull --timeout=20 "zcsync://$addr/s/real" "$T/good"
    [ "$rc" = 0 ] && [ -e "$T/good/f" ] ||
        problem "a pull afterwards: exit $rc, $err"
}

attack()
{
    local attack=$1 expect=$2 evil_pid
    local -a problems=()
    echo 0 >"$T/peak"
    : >"$T/log/evil"
    timeout -k 5 90 "$evil" "$addr" s "$attack" >"$T/log/evil" 2>&1 &
    evil_pid=$!
    ended() { grep -q . "$T/log/evil" || gone_or_zombie "$evil_pid"; }
    wait_until 60 ended
    said=$(tail -n 1 "$T/log/evil" | tr -d '\0')
    check_after "$attack" "$expect"
    kill "$evil_pid" 2>/dev/null
    wait "$evil_pid" 2>/dev/null
    if [ ${#problems[@]} -eq 0 ]; then
        pass "$attack: ${said:0:100}"
    else
        fail "$attack" "$(printf '%s\n' "$said" "${problems[@]}")"
    fi
}

start_serve --readable --timeout=2 s="$share" || skip_all "no server"
before=$(everything)
echo 0 >"$T/peak"
watch_memory &
started+=($!)
while read -r name expect; do
    attack "$name" "$expect" </dev/null
done < <("$evil" --list | grep -v ^own- | some_of_them | grep -E "${ZC_ATTACKS:-.}")

# ---- what is swapped meanwhile ---------------------------------------------------

mkdir "$share/a" "$T/got"
echo yours | tee "$share/a/sentinel" >"$share/one"
swap()
{
    while :; do
        mv -T "$share/a" "$T/a" && ln -s "$around/outside" "$share/a"
        mv "$share/one" "$T/one" && ln -s "$around/sentinel" "$share/one"
        rm "$share/a" "$share/one"
        mv -T "$T/a" "$share/a"
        mv "$T/one" "$share/one"
    done
}
swap 2>/dev/null &
swapper=$!
started+=("$swapper")
pulls_of()
{
    local i
    for i in {1..12}; do
        for walk in "" -L --copy-unsafe-links; do
            "$ZCSYNC" pull $walk "zcsync://$addr/s" "$T/got/all"
            "$ZCSYNC" pull $walk "zcsync://$addr/s/a" "$T/got/a"
            "$ZCSYNC" pull $walk "zcsync://$addr/s/one" "$T/got/"
            "$ZCSYNC" pull $walk "zcsync://$addr/s/a/sentinel" "$T/got/"
        done
    done >/dev/null 2>&1
}
pulls_of
kill "$swapper"
wait "$swapper" 2>/dev/null
nok "what symlinks are swapped for does not lead out of the share" \
    grep -r --exclude-dir=.zcsync 'not yours' "$T/got"
ok "and something came" grep -rq yours "$T/got"
done_testing
