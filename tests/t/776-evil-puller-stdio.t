#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The attacks of 772-evil-puller.t on `zcsync serve --stdio`: with a share it gives
# nothing else, and with --read-only nothing of the user's own can be changed.
. "$(dirname "$0")/lib.sh"
need_no_sanitizers "as 772 with sanitizers"

need_tools evil-puller
evil=$built/evil-puller
around=$T/around
share=$around/share
mkdir -p "$share/real" "$around/outside/sub"
for name in sentinel outside/sentinel outside/not-for-you outside/sub/sentinel; do
    echo 'not yours' >"$around/$name"
done
echo real | tee "$share/real/f" >"$share/kept"
ln -s "$around/outside" "$share/planted"
ln -s ../sentinel "$share/planted-file"
cd "$around" || skip_all "no directory"
everything() { find "$around" -printf '%P %y %m %U %G %s %T@ %C@ %l\n' | sort; }
before=$(everything)

attacks() # COMMAND PATTERN
{
    local name expect said
    while read -r name expect; do
        said=$(timeout -k 5 60 "$evil" "exec:$1 2>/dev/null" s "$name" </dev/null |
            tail -n 1 | tr -d '\0')
        if [ "$(everything)" != "$before" ]; then
            fail "$name" "something has changed: $(diff <(echo "$before") \
                <(everything))"
            before=$(everything)
        elif [[ $said =~ ^(refused|closed) ]] ||
            [[ $expect = any && $said = tolerated ]]; then
            pass "$name: ${said:0:100}"
        else
            fail "$name" "it was: $said"
        fi
    done < <("$evil" --list | grep -E "$2")
}
attacks "exec '$ZCSYNC' serve --stdio --readable s='$share'" \
    '^(path|only|follow|glance|look|remove|filter|open-)'
attacks "exec '$ZCSYNC' serve --stdio --read-only" '^own-'
done_testing
