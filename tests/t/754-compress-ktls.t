#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Compression where the kernel encrypts: what is compressed and what goes around that
# by sendfile, pushed and pulled, arrive as they are, in fewer bytes where it shrinks.
# (make check-ktls runs this where the kernel has TLS.)
. "$(dirname "$0")/lib.sh"

grep -qsw tls /proc/sys/net/ipv4/tcp_available_ulp ||
    skip_all "this kernel has no TLS, or has not loaded it"
grep -qw aes /proc/cpuinfo || skip_all "this CPU has no AES"

make_tree "$T/a"
many_files "$T/a/many" 100 300
random_bytes 3000000 >"$T/a/random"
seq 1 500000 >"$T/a/text"
cp "$T/a/text" "$T/a/text.gz" # so it says
cat "$T/a/random" "$T/a/text" "$T/a/random" >"$T/a/both"
here_key=$("$ZCSYNC" keygen -f "$T/here.key")
there_key=$("$ZCSYNC" keygen -f "$T/there.key")
sealed=(--identity "$T/here.key" --peer-key "$there_key" --stats -vv)
mkdir "$T/b"
start_serve --readable --identity "$T/there.key" --peer-key "$here_key" \
    data="$T/b" || skip_all "serve does not start"

total() { sed -n "s/^$1: \([0-9,]*\).*/\1/p" <<<"$out" | tr -d ,; }
for how in zstd auto zstd:9; do
    rm -rf "${T:?}/b"/* "$T/back"
    pushes "push --compress=$how" "${sealed[@]}" --compress=$how "$T/a/" \
        "zcsync://$addr/data"
    like "$err" 'AES-256-GCM, kernel TLS, zstd' "the kernel encrypts"
    [ $how = auto ] ||
        ok "fewer bytes" [ "$(total 'Total bytes sent')" -lt \
            "$(total 'Total bytes before compression')" ]
    ok "equal" same_tree "$T/a" "$T/b"
    runs_with 0 "pull --compress=$how" "$ZCSYNC" pull "${sealed[@]}" \
        --compress=$how "zcsync://$addr/data" "$T/back"
    ok "equal" same_tree "$T/a" "$T/back"
done
stop_serve
done_testing
