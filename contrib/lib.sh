# SPDX-License-Identifier: GPL-2.0-or-later
#
# What quickstart and run-tests share; sourced, with $top and $me set.
# shellcheck shell=bash disable=SC2034,SC2154

say()
{
    echo "$me: $*"
}

die()
{
    echo "$me: $*" >&2
    exit 1
}

# What a build takes, by Debian's names.
build_packages=(
    autoconf automake gcc libc6-dev linux-libc-dev make pkgconf
    libcap-dev libinih-dev libinotifytools0-dev libmicrohttpd-dev libseccomp-dev
    libsodium-dev libssh2-1-dev libssl-dev libxxhash-dev
    libzstd-dev
)

is_installed()
{
    local status

    status=$(dpkg-query -W -f '${Status}\n' "$1" 2>/dev/null)
    case $status in *'ok installed'*) return 0 ;; esac
    # Another package may stand in for it (pkg-config for pkgconf).
    [ "$1" = pkgconf ] && command -v pkg-config >/dev/null
}

# Installs the packages that are missing; needs root or sudo only then.
install_missing()
{
    local missing=() package as_root=()

    if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null
    then
        say "no apt-get here; please see to it that these are installed:"
        echo "    $*"
        return 0
    fi
    for package; do
        is_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            say "not root and no sudo; as root, run:" \
                "apt-get install ${missing[*]}" >&2
            return 1
        fi
        as_root=(sudo)
    fi
    say "installing ${missing[*]}"
    as_root+=(env DEBIAN_FRONTEND=noninteractive)
    "${as_root[@]}" apt-get -q update >/dev/null ||
        say "apt-get update failed; trying with the package lists of before" >&2
    "${as_root[@]}" apt-get -qq -y -o Dpkg::Use-Pty=0 \
        --no-install-recommends install "${missing[@]}" >/dev/null
}

need_packages()
{
    install_missing "$@" || die "some packages could not be installed"
}

want_packages()
{
    install_missing "$@" || say "going on without: tests are skipped for it" >&2
}

# logged LOG COMMAND...: silent when all goes well; else the end of what it
# said, and the script ends.
logged()
{
    local log=$1

    shift
    "$@" >>"$log" 2>&1 && return
    tail -n 40 "$log" >&2
    die "\"$*\" failed; all of it is in $log"
}

# build DIRECTORY TARGETS [CONFIGURE-OPTION...]: configures where that was not
# done yet or with other options, and makes the targets.
build()
{
    local directory=$top/$1 targets=$2
    shift 2
    local log=$directory/build.log options="$*"

    mkdir -p "$directory" || die "could not make $directory"
    : >"$log" || die "could not write $log"
    if [ ! -x "$top/configure" ]; then
        say "running autoreconf"
        (cd "$top" && logged "$log" autoreconf -fi) || exit 1
    fi
    say "building in $directory${options:+ ($options)}"
    if [ ! -f "$directory/config.status" ] ||
        [ "$(cat "$directory/configured-with" 2>/dev/null)" != "$options" ]
    then
        (cd "$directory" && logged "$log" "$top/configure" "$@") || exit 1
        echo "$options" >"$directory/configured-with"
    fi
    # shellcheck disable=SC2086 # a list of targets
    (unset MAKEFLAGS MAKELEVEL
        logged "$log" make -C "$directory" "-j$(nproc)" $targets) || exit 1
}
