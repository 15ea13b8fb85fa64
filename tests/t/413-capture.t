#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What crosses in a sealed session, as somebody on the path sees it: no name of a
# file, a share or a user, no 16 bytes of a file, no key. In a plain session the
# same search finds all of that (but for keys, which there are none).
. "$(dirname "$0")/lib.sh"
. "$here/lib-keys.sh"
. "$here/lib-meddle.sh"

mkdir -p "$T/a/directory-in-clear" "$T/sealed" "$T/plain"
perl -MDigest::MD5=md5_hex -e 'print md5_hex($_), "\n" for 1 .. 1500' \
    >"$T/a/directory-in-clear/text-in-clear"
random_bytes 120000 >"$T/a/middle-in-clear"
random_bytes 600000 >"$T/a/big-in-clear"
ln -s target-in-clear "$T/a/link-in-clear"
words=(directory-in-clear text-in-clear middle-in-clear big-in-clear
    link-in-clear target-in-clear share-in-clear)
if [ "$(id -u)" = 0 ]; then
    chown daemon "$T/a/middle-in-clear"
    words+=(daemon)
fi
if setfattr -n user.attribute-in-clear -v value-in-clear "$T/a/big-in-clear" \
    2>/dev/null; then
    words+=(attribute-in-clear value-in-clear)
fi

sees() { grep -qaF -e "$2" "$1"; } # FILE WORD

# windows CAPTURE FILE: how many of its 16-byte windows are in what crossed
windows()
{
    perl -e '
        my ($capture, $file) = map { open my $f, "<", $_ or die; local $/; <$f> }
            @ARGV;
        my %crossed;
        # windows of the file every 16 bytes, of what crossed at every byte: a
        # run of 31 bytes cannot hide, and of 16 hardly
        $crossed{substr $file, 16 * $_, 16} = 0 for 0 .. length($file) / 16 - 1;
        my $found = 0;
        for my $at (0 .. length($capture) - 16) {
            my $w = substr $capture, $at, 16;
            $found++ if exists $crossed{$w} && !$crossed{$w}++;
        }
        print $found' "$1" "$2"
}
binary_key() { perl -MMIME::Base64 -e 'print decode_base64(shift)' "$1"; }

both() { cat "$T/seen.$1.up" "$T/seen.$1.down" >"$T/seen.$1"; }

# ---- plain: the search works ---------------------------------------------------

start_serve share-in-clear="$T/plain"
start_meddle --save "$T/seen.plain"
pushes "plain" "$T/a" "zcsync://$meddle/share-in-clear"
ok "equal" same_tree "$T/a" "$T/plain"
stop_meddle
stop_serve
both plain
for word in "${words[@]}"; do
    ok "$word is to be seen" sees "$T/seen.plain" "$word"
done
for f in directory-in-clear/text-in-clear middle-in-clear big-in-clear; do
    want=$(($(stat -c %s "$T/a/$f") / 16))
    got=$(windows "$T/seen.plain" "$T/a/$f")
    ok "$got of $want windows of $f are to be seen" [ "$got" -ge $((want - 1)) ]
done

# ---- sealed ----------------------------------------------------------------------

make_keys server client
declare -A suites=([aes]=aes-256-gcm [chacha]=ChaCha20-Poly1305)
for suite in aes chacha; do
    mkdir -p "$T/sealed.$suite"
    start_sealed share-in-clear="$T/sealed.$suite"
    start_meddle --save "$T/seen.$suite"
    pushes "sealed, $suite" -v "${client[@]}" --suite="${suites[$suite]}" "$T/a" \
        "zcsync://$meddle/share-in-clear"
    ok "equal" same_tree "$T/a" "$T/sealed.$suite"
    stop_meddle
    stop_serve
    case $suite in
    aes) like "$err" "AES-256-GCM, user space, key" "-v tells how" ;;
    chacha) like "$err" "ChaCha20-Poly1305, user space, key" "-v tells how" ;;
    esac
    both "$suite"
    size=$(stat -c %s "$T/seen.$suite")
    ok "all of it crossed there" [ "$size" -gt 760000 ]
    seen=$(for word in "${words[@]}"; do
        sees "$T/seen.$suite" "$word" && echo "$word"
    done)
    is "$seen" "" "no name is to be seen"
    for f in directory-in-clear/text-in-clear middle-in-clear big-in-clear; do
        is "$(windows "$T/seen.$suite" "$T/a/$f")" 0 "nothing of $f"
    done
    for name in server client; do
        nok "not the public key of the $name" \
            sees "$T/seen.$suite" "${key[$name]:0:22}"
        binary_key "${key[$name]}" >"$T/key"
        is "$(windows "$T/seen.$suite" "$T/key")" 0 "nor its bytes"
    done
    is "$(head -c 8 "$T/seen.$suite.up" | tr -d '\r\n')" zcsync \
        "what is to be seen is that it is zcsync"
done

# Nothing repeats: the same push once more looks different.
start_sealed share-in-clear="$T/sealed"
for n in 1 2; do
    rm -rf "${T:?}"/sealed/*
    start_meddle --save "$T/seen.run$n"
    pushes "run $n" "${client[@]}" "$T/a" "zcsync://$meddle/share-in-clear"
    stop_meddle
    tail -c +33 "$T/seen.run$n.up" >"$T/run$n"
done
is "$(windows "$T/run1" "$T/run2")" 0 "nothing in two runs is the same"
done_testing
