#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# configure names all libraries that are missing at once, by Debian's names, which are
# those that README and contrib/lib.sh install; and what is installed can be taken away.
. "$(dirname "$0")/lib.sh"
need_no_sanitizers "nothing of it is ours at run time"

need make pkg-config
top=${TOP_SRCDIR:-$here/../..}
[ -x "$top/configure" ] || skip_all "there is no configure"
cd "$T" || exit
unset MAKEFLAGS MAKELEVEL MFLAGS

PKG_CONFIG_LIBDIR=/nowhere run "$top/configure" CC="${CC:-cc}"
is "$rc" 1 "without libraries there is no build"
named=$(sed -n "s/^configure: error: .*(Debian's names): //p" <<<"$err")
ok "several are named at once: $named" [ "$(wc -w <<<"$named")" -ge 8 ]
listed=$(grep -o 'zc_missing="$zc_missing [a-z0-9-]*' "$top/configure.ac" |
    sed 's/.* //' | sort)
for package in $named; do
    grep -qxF "$package" <<<"$listed" || fail "$package is in configure.ac"
done
for package in $listed; do
    ok "contrib/lib.sh installs $package" grep -qw -- "$package" "$top/contrib/lib.sh"
    case $package in
    linux-libc-dev | libc6-dev) ;; # come with the compiler
    *) ok "README tells of $package" grep -qw -- "$package" "$top/README.md" ;;
    esac
done

built=${TOP_BUILDDIR:-$top/build}
run make -C "$built" install DESTDIR="$T/root"
is "$rc" 0 "make install"
for file in bin/zcsync sbin/zcsyncd bin/zcsync-from-rsync share/man/man1/zcsync.1; do
    ok "$file is there" [ -n "$(find "$T/root" -path "*/$file")" ]
done
run make -C "$built" uninstall DESTDIR="$T/root"
is "$rc" 0 "make uninstall"
prefix=$(sed -n 's/^prefix = //p' "$built/Makefile")
is "$(find "$T/root" ! -type d
    find "$T/root$prefix" -mindepth 1 -name '*zcsync*')" "" "nothing of ours is left"
done_testing
