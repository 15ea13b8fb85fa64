#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# contrib/vim colours zcsync.conf: each key in its own section, and what is no key as
# wrong.
. "$(dirname "$0")/lib.sh"
need_no_sanitizers "nothing of it is ours at run time"

need vim
vim --version | grep -q '+syntax' || skip_all "this vim has no syntax"
vimfiles=${TOP_SRCDIR:-$here/../..}/contrib/vim
"$ZCSYNC" check-config --help | awk '
    /^\[/ { name = $0; gsub(/[][]/, "", name); split(name, a, " ")
        print "[" (a[2] == "" ? a[1] : a[1] " x") "]"; section = a[1] }
    /^[^[ ]/ { section = "" }
    section && /^  [a-z]/ { sub(/ = .*/, ""); sub(/^ */, "")
        print "  " $0 " = yes" }' >"$T/zcsync.conf"
cat >>"$T/zcsync.conf" <<'END'
[peer other]
# a remark
bwlimit = 5
nonsense = 1
address = web2
[mirror more]
bwlimit = 5
END
cat >"$T/ask.vim" <<'END'
let s:out = []
for s:n in range(1, line('$'))
  let s:at = match(getline(s:n), '\S') + 1
  call add(s:out, synIDattr(synID(s:n, s:at, 1), 'name') . ' ' . trim(getline(s:n)))
endfor
call writefile(s:out, $OUT)
qall!
END
cd "$T" || exit
# shellcheck disable=SC2016 # vim's
OUT=$T/out HOME=$T run timeout 30 vim -e -s -N -u NONE -i NONE \
    --cmd "set runtimepath^=$vimfiles" \
    --cmd "let g:zcsync_program = '$ZCSYNC'" \
    -c 'filetype on' -c 'syntax on' -c "edit $T/zcsync.conf" \
    -c "source $T/ask.vim"
[ -s "$T/out" ] || fail "vim says what it sees" "$out$err"

# What each line has to be.
awk '/^ *\[/ { split($1, a, /[][]/); section = a[2]; print "zcsyncSection " $0; next }
    { sub(/^ */, "") }
    /^#/ { print "zcsyncRemark " $0; next }
    { print "zcsyncKey_" section " " $0 }' "$T/zcsync.conf" >"$T/all"
# the two of the last [peer] that are none of its keys
awk '/^zcsyncSection \[peer other/ { last = 1 }
    /^zcsyncSection \[mirror more/ { last = 0 }
    last && /bwlimit|nonsense/ { sub(/^[^ ]*/, "zcsyncWrong") }
    { print }' "$T/all" >"$T/wanted"
is "$(cat "$T/out")" "$(cat "$T/wanted")" "every line is what it is"
ok "of which there are many" [ "$(wc -l <"$T/wanted")" -gt 80 ]
done_testing
