#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --mover=uring sends by rings where the kernel has them and nobody forbids it. What
# is confined has none: it says so with -v, as does whoever cannot have one, and the
# bytes arrive all the same.
. "$(dirname "$0")/lib.sh"
. "$here/lib-keys.sh"

grep -q '^URING_LIBS = .*-luring' "$TOP_BUILDDIR/Makefile" ||
    skip_all "built without liburing"
mkdir "$T/a" "$T/s"
head -c 9000001 /dev/urandom >"$T/a/big"
head -c 300001 /dev/urandom >"$T/a/less"
head -c 1000 /dev/urandom >"$T/a/small"
refused='zcsync: uring cannot be used here \(Operation not permitted\): readwrite does it'

start_serve --readable s="$T/s"
pushes "over TCP" -v --mover=uring "$T/a" "zcsync://$addr/s"
ok "equal" same_tree "$T/a" "$T/s"
if [[ $err == *'uring cannot be used'* ]]; then
    diag "no rings here: $err"
    can=
else
    can=1
fi

runs_with 0 "a pull, whose end here is confined" "$ZCSYNC" pull -v --mover=uring \
    "zcsync://$addr/s" "$T/b"
ok "equal" same_tree "$T/a" "$T/b"
like "$err" "$refused" "says so"
is "$(grep -c uring <<<"$err")" 1 "once"
pushes "on one machine" --no-clone --mover=uring "$T/a" "$T/c"
ok "equal" same_tree "$T/a" "$T/c"
is "$err" "" "not a word without -v"

if command -v strace >/dev/null && [ "$ZC_SANITIZE" != yes ] &&
    strace -o /dev/null true 2>/dev/null; then
    trace=$T/log/trace
    run strace -f -qq -o "$trace" -e trace=io_uring_enter,sendfile "$ZCSYNC" push -I \
        --mover=uring "$T/a" "zcsync://$addr/s"
    is "$rc" 0 "traced"
    if [ "$can" ]; then
        n=$(grep -c 'io_uring_enter(' "$trace")
        ok "one call for many pieces ($n)" [ "$n" -ge 9 -a "$n" -le 80 ]
    else
        skip 1 "no rings here"
    fi
    for eno in EPERM ENOSYS ENOMEM; do
        run strace -f -qq -o "$trace" -e trace=io_uring_setup \
            -e inject=io_uring_setup:error=$eno "$ZCSYNC" push -I -v --mover=uring \
            "$T/a" "zcsync://$addr/s"
        is "$rc" 0 "$eno from the kernel"
        ok "equal" same_tree "$T/a" "$T/s"
        like "$err" 'uring cannot be used here \(.*\): readwrite does it' "is told"
    done
    run strace -f -qq -o "$trace" -e trace=io_uring_register \
        -e inject=io_uring_register:error=ENOMEM "$ZCSYNC" push -I -v --mover=uring \
        "$T/a" "zcsync://$addr/s"
    is "$rc" 0 "no memory may be locked"
    ok "equal" same_tree "$T/a" "$T/s"
else
    skip 13 "strace cannot be used"
fi
stop_serve
rm -r "$T/s"/*
start_sealed s="$T/s"
pushes "sealed" -v "${client[@]}" --mover=uring "$T/a" "zcsync://$addr/s"
ok "equal" same_tree "$T/a" "$T/s"
like "$err" 'uring cannot send over an encrypted connection: mmap does it' "is told"
done_testing
