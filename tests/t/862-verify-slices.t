#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Big files that are compared take turns with each other, and wait for all others:
# what is small is told first.
. "$(dirname "$0")/lib.sh"
. "$here/lib-damage.sh"

need strace
need_no_sanitizers "cannot be traced with them"
cd "$T" || exit 1
mkdir -p a/z
for n in 1 2 3 4; do random_bytes $((40 << 20)) >a/big.$n; done
random_bytes $((30 << 20)) >a/damaged
many_files a/z/many 200 1000
echo small >a/z/small
pushes "made" --fsync=none a b
damage b/damaged $((29 << 20))
damage b/big.2 5
damage b/z/small
for n in 1 2 3 4; do slow+=(-P "$T/a/big.$n"); done
run strace -D -f -qq -o /dev/null "${slow[@]}" -e inject=pread64:delay_exit=3000 \
    "$ZCSYNC" verify --out-format=%n a b
is "$rc" 1 "what differs is found"
is "$(sort <<<"$out")" "big.2
damaged
z/small" "in files of all sizes"
is "$(head -n 1 <<<"$out")" z/small "the small one first"
is "$(sed -n 2p <<<"$out")" damaged "then the one that is read fast"

# more of them than are open at a time
mkdir c
for n in {1..40}; do
    random_bytes $((4 << 20)) >"c/f$n"
done
pushes "many" --fsync=none c d
run "$ZCSYNC" verify c d
is "$rc$out$err" 0 "are all compared"
damage d/f17 4000000
rm c/f18
run "$ZCSYNC" verify --cold --out-format='%i %n' c d
is "$(grep -v '\./' <<<"$out")" "<fc........ f17" "each by itself"

# big ones with several names, of which any may be met first
mkdir e
for n in {1..4}; do
    random_bytes $((5 << 20)) >"e/file$n"
    for d in {1..20}; do mkdir -p "e/d$d/x" && ln "e/file$n" "e/d$d/x/name$n"; done
done
mv e/file* e/d9/x
pushes "hard links" --fsync=none e f
for n in 1 2 3 4 5; do
    run "$ZCSYNC" verify e f
    is "$rc$out$err" 0 "all the same ($n)"
done
damage f/d4/x/name3 5000000
rm f/d11/x/name1 && cp -a e/d11/x/name1 f/d11/x/name1
run "$ZCSYNC" verify --out-format='%i %n%L' e f
like "$(grep -v '/ *$' <<<"$out" | sort)" \
    '^<fc\.\.\.\.\.\.\.\. d[0-9]+/x/(name|file)3
hf +d11/x/name1 => .*/(name|file)1$' "damage once, and a name that is none"
done_testing
