# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# What all benchmarks share: options, a place to work that cleans up after itself,
# trees, and the arithmetic of their tables. Sourced at the top of each.

export LC_ALL=C
me=${0##*/}
here=$(cd "$(dirname "$0")" && pwd)
base=${TMPDIR:-/tmp} raw=
tools=()
cases=()

die() { echo "$me: $*" >&2; exit 1; }

# An option that all of them know, or a case: $words is how many words it was.
common_option() # WORD...
{
    words=2
    case $1 in
    --rounds) rounds=$2 ;;
    --tools) IFS=, read -ra tools <<<"$2" ;;
    --dir) base=$2 ;;
    --raw) raw=$2 ;;
    -h | --help) sed -n '3,/^set -u/s/^#\( \|$\)//p' "$0"; exit 0 ;;
    -*) die "unknown option $1 (see --help)" ;;
    *) cases+=("$1") words=1 ;;
    esac
}

find_zcsync()
{
    if [ -z "${ZCSYNC:-}" ]; then
        for ZCSYNC in "$here/../../build/zcsync" "$here/../../zcsync"; do
            [ -x "$ZCSYNC" ] && break
        done
    fi
    [ -x "$ZCSYNC" ] || die "no zcsync binary at $ZCSYNC"
    [ "$(id -u)" = 0 ] || echo "$me: not root: owners are not kept" >&2
}

# Commands for cleanup, each one word.
at_exit=()

# $work is a directory, $results a file in it.
make_work()
{
    work=$(mktemp -d "$base/zcsync-bench.XXXXXX") || exit 1
    results=$work/results
    : >"$results"
    trap cleanup EXIT
    trap 'exit 1' HUP INT TERM
}

cleanup()
{
    local command
    for command in "${at_exit[@]}"; do
        "$command"
    done
    [ -n "$raw" ] && cp "$results" "$raw"
    rm -rf "$work"
}

# rsyncd_for DIR: "${rsyncd[@]}" is a daemon then whose module [bench] is DIR.
rsyncd_for()
{
    cat >"$work/rsyncd.conf" <<CONF
uid = root
gid = root
use chroot = no
reverse lookup = no
[bench]
path = $1
read only = no
CONF
    rsyncd=(rsync --daemon --no-detach --address=127.0.0.1 --port=8739
        --config="$work/rsyncd.conf" --log-file=/dev/null)
}
accepts() { (: </dev/tcp/127.0.0.1/"$1") 2>/dev/null; } # PORT

many_files() # DIR COUNT BYTES PER-DIRECTORY
{
    perl -e 'my ($top, $count, $size, $per) = @ARGV;
        mkdir $top;
        for my $n (0 .. $count - 1) {
            my $dir = sprintf "%s/d%05d", $top, $n / $per;
            mkdir $dir unless $n % $per;
            open my $f, ">", sprintf("%s/file%07d", $dir, $n) or die $!;
            print $f pack("N", $n) x ($size / 4);
        }' "$@"
}

# What reports, in Perl, begin with.
# shellcheck disable=SC2016
perl_figures='
    sub median { my @v = sort { $a <=> $b } @_; @v ? ($v[$#v / 2] + $v[@v / 2]) / 2 : undef }
    # both by round: the median of how many times the second the first is
    sub median_ratio {
        my ($w, $z) = @_;
        median(map { $w->{$_} / $z->{$_} } grep { $z->{$_} != 0 } keys %$w);
    }
'
