# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
#
# What every scenario needs: TAP, a temp dir that cleans up after itself, a
# server to push to, and equality as judged by other programs than zcsync.
#
# A test sources this file, calls ok/is/like/run and the helpers below, and ends
# with done_testing. TAP goes to stdout, diagnostics to stderr. $T is the test's
# own directory; what is started through this file is stopped at exit, by pid.
# What only some scenarios need is beside it, in files named for what they serve:
# . "$here/lib-NAME.sh".
#
#   ZCSYNC         the binary under test (default: the build next to this tree)
#   ZC_BIG=1       full sizes where a test has a smaller default
#   ZC_KEEP=1      leave $T behind, to look at it
#   ZC_RUN_LIMIT   seconds after which a command counts as hung (default 120)

set -u
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tools=$here/../tools
if [ -z "${ZCSYNC:-}" ]; then
    for ZCSYNC in "$here/../../build/zcsync" "$here/../../zcsync"; do
        [ -x "$ZCSYNC" ] && break
    done
fi
ZCSYNC=$(realpath "$ZCSYNC")
built=${TOP_BUILDDIR:-$here/../../build}/tests/tools # tools made of C
BIG=${ZC_BIG:-0}

# Sanitizers must not look like an exit code of zcsync's own, and a process
# killed on purpose leaks by definition.
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:exitcode=99
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-}:print_stacktrace=1:exitcode=99
unset RSYNC_RSH RSYNC_PROXY RSYNC_PASSWORD RSYNC_PARTIAL_DIR CDPATH

T=$(mktemp -d "${TMPDIR:-/tmp}/zcsync-t.XXXXXX") || exit 1
chmod 755 "$T"
mkdir "$T/log"
mkfifo "$T/.never"
export XDG_CONFIG_HOME=$T/config # no keys of whoever runs the tests

# ---- TAP ---------------------------------------------------------------------

tests=0
failures=0

diag() { printf '%s\n' "$*" | sed 's/^/# /' >&2; }

# pass NAME / fail NAME [DETAIL]
pass()
{
    tests=$((tests + 1))
    printf 'ok %d - %s\n' "$tests" "$1"
}

fail()
{
    tests=$((tests + 1))
    failures=$((failures + 1))
    printf 'not ok %d - %s\n' "$tests" "$1"
    diag "failed: $1 (${BASH_SOURCE[-1]##*/} line ${BASH_LINENO[-2]})"
    [ -n "${2:-}" ] && diag "$2"
    return 1
}

# ok NAME COMMAND...: the command succeeds
ok()
{
    local name=$1
    shift
    if "$@" >"$T/log/ok" 2>&1; then
        pass "$name"
    else
        fail "$name" "$(printf '%q ' "$@"): $(head -c 4000 "$T/log/ok")"
    fi
}

# nok NAME COMMAND...: the command fails
nok()
{
    local name=$1
    shift
    if "$@" >"$T/log/ok" 2>&1; then
        fail "$name" "succeeded: $(printf '%q ' "$@")"
    else
        pass "$name"
    fi
}

# is GOT WANTED NAME
is()
{
    if [ "$1" = "$2" ]; then
        pass "$3"
    elif [[ $1$2 == *$'\n'* ]]; then
        fail "$3" "< wanted, > got
$(diff <(printf '%s\n' "$2") <(printf '%s\n' "$1") | cut -c 1-200 | head -n 30)"
    else
        fail "$3" "got:    ${1:0:2000}
wanted: ${2:0:2000}"
    fi
}

# like TEXT EXTENDED-REGEX NAME
like()
{
    if [[ $1 =~ $2 ]]; then
        pass "$3"
    else
        fail "$3" "text:   ${1:0:2000}
wanted: $2"
    fi
}

unlike()
{
    if [[ $1 =~ $2 ]]; then
        fail "$3" "text:     ${1:0:2000}
unwanted: $2"
    else
        pass "$3"
    fi
}

# skip COUNT REASON: COUNT assertions are left out
skip()
{
    local n
    for ((n = 0; n < $1; n++)); do
        tests=$((tests + 1))
        printf 'ok %d # SKIP %s\n' "$tests" "$2"
    done
}

# What has been tested by then counts.
skip_all()
{
    [ "$tests" -eq 0 ] || { skip 1 "$*" && done_testing; }
    printf '1..0 # SKIP %s\n' "$*"
    exit 0
}

done_testing()
{
    sanitizers_quiet || fail "no sanitizer had anything to say" \
        "$(grep -sh -A12 -e 'Sanitizer' -e 'runtime error' "$T"/log/* | head -60)"
    printf '1..%d\n' "$tests"
    [ "$failures" -eq 0 ]
    exit
}

sanitizers_quiet()
{
    ! grep -qs -e 'ERROR: .*Sanitizer' -e 'WARNING: .*Sanitizer' \
        -e 'runtime error:' "$T"/log/*
}

# ---- prerequisites -----------------------------------------------------------

need_root() { [ "$(id -u)" = 0 ] || skip_all "needs root"; }

# need_no_sanitizers REASON
need_no_sanitizers() { [ "${ZC_SANITIZE:-no}" = no ] || skip_all "$1"; }

need()
{
    local tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null || skip_all "$tool is not installed"
    done
}

# need_tools NAME...: of those in $built
need_tools()
{
    local tool
    for tool in "$@"; do
        [ -x "$built/$tool" ] ||
            skip_all "$tool is not built (make check-programs)"
    done
}

nobody=(runuser -u nobody --)

# The user nobody can run the binary under test.
need_nobody()
{
    need_root
    need runuser
    "${nobody[@]}" "$ZCSYNC" --version >/dev/null 2>&1 ||
        skip_all "the user nobody cannot run $ZCSYNC"
}

# ---- running things ----------------------------------------------------------

runs=0

# run COMMAND...: leaves $rc, $out and $err. A command that hangs is killed and
# shows as 124 or 137.
run()
{
    runs=$((runs + 1))
    timeout -k 5 "${ZC_RUN_LIMIT:-120}" "$@" \
        >"$T/log/out" 2>"$T/log/err.$runs" </dev/null
    rc=$?
    # bash leaves out the NULs, and says so
    { out=$(<"$T/log/out") err=$(<"$T/log/err.$runs"); } 2>/dev/null
}

# runs_with CODE NAME COMMAND...: run, and the exit code is CODE. CODE may be a
# pattern such as 10|12.
runs_with()
{
    local want=$1 name=$2
    shift 2
    run "$@"
    if [[ $rc =~ ^($want)$ ]]; then
        pass "$name"
    else
        fail "$name" "exit code $rc, wanted $want: $(printf '%q ' "$@")
${err:0:3000}"
    fi
}

push() { run "$ZCSYNC" push "$@"; }
pushes() { runs_with 0 "$1" "$ZCSYNC" push "${@:2}"; }

# push_exits CODE NAME ARGUMENTS...
push_exits() { runs_with "$1" "$2" "$ZCSYNC" push "${@:3}"; }

# One clear sentence: a single line of ours on stderr, and it matches.
one_sentence() # REGEX NAME
{
    local lines
    lines=$(grep -c . "$T/log/err.$runs")
    if [ "$lines" = 1 ] && [[ $err =~ ^zcsync ]] && [[ $err =~ $1 ]]; then
        pass "$2"
    else
        fail "$2" "stderr: ${err:0:2000}
wanted: one line matching $1"
    fi
}

# How many times as long as it says everything may last before it is called
# hung: a limit of a test is for a machine with nothing else to do, and it is
# only waited for where something is wrong.
patience=${ZC_PATIENCE:-3}

# wait_until SECONDS COMMAND...: polls, less often as time goes by; fails when the
# time is over
wait_until()
{
    local end=$((SECONDS + $1 * patience + 1)) ms=20
    shift
    until "$@" 2>/dev/null; do
        [ "$SECONDS" -lt "$end" ] || return 1
        nap "$ms"
        [ "$ms" -ge 100 ] || ms=$((ms * 6 / 5))
    done
}

# nap MILLISECONDS, less than 1000: a sleep that needs no process, as many tests
# poll at once
nap()
{
    local s
    printf -v s '0.%03d' "$1"
    read -rt "$s" <>"$T/.never"
}

gone() { ! kill -0 "$1" 2>/dev/null; }

declare -a started=()

# background NAME COMMAND...: $pid is its pid; output in $T/log/NAME.{out,err}
background()
{
    local name=$1
    shift
    "$@" >"$T/log/$name.out" 2>"$T/log/$name.err" </dev/null &
    pid=$!
    started+=("$pid")
}

# start_listening LOG COMMAND...: a tool that says where it listens, in LOG:
# $listens then, and $pid is its pid
start_listening()
{
    local log=$1
    shift
    "$@" >"$log" 2>&1 </dev/null &
    pid=$!
    started+=("$pid")
    wait_until 10 grep -q '^listening' "$log" &&
        listens=$(sed -n 's/^listening //p' "$log")
}

# Waits for PID, a child, and leaves its exit code in $rc (137: hung, killed).
reap()
{
    is_child "$1" && ! wait_until "${2:-60}" gone_or_zombie "$1" &&
        kill -KILL "$1" 2>/dev/null
    wait "$1" 2>/dev/null
    rc=$?
}

gone_or_zombie()
{
    local state=
    read_status "$1" State state
    [ -z "$state" ] || [ "$state" = Z ]
}

# read_status PID FIELD VARIABLE: the first word of what /proc/PID/status says. Not by
# the read of bash, as it reads ahead, and seeks back: where the process has gone in
# between that fails, and the next read, of whatever, gets what was left.
read_status()
{
    local text
    { text=$(<"/proc/$1/status"); } 2>/dev/null
    [[ $text =~ (^|$'\n')$2:[[:space:]]*([^[:space:]]+) ]] &&
        printf -v "$3" %s "${BASH_REMATCH[2]}"
}

# A process that we have started and not waited for: the number of another may be
# that of somebody else by now, as they come round within a minute.
is_child()
{
    local parent=
    read_status "$1" PPid parent && [ "$parent" = "$BASHPID" ]
}

tell_to_end() { is_child "$1" && kill -TERM "$1" 2>/dev/null; } # PID

serves=0

# start_serve [OPTION...] NAME=PATH...: $addr (ADDR:PORT), $port, $serve_pid
start_serve()
{
    local pid
    local -a any_port=(--listen 127.0.0.1:0)
    [[ " $* " == *" --listen"* ]] && any_port=()
    serves=$((serves + 1))
    serve_log=$T/log/serve.$serves
    background "serve.$serves" "${serve_as[@]}" "$ZCSYNC" serve "${any_port[@]}" "$@"
    serve_pid=$pid
    wait_until 10 serve_settled
    listening || {
        diag "serve did not come up: $(cat "$serve_log.err")"
        return 1
    }
    addr=$(sed -n 's/^zcsync: listening on //p' "$serve_log.out" | head -n 1)
    port=${addr##*:}
}
declare -a serve_as=()

listening() { grep -q '^zcsync: listening on ' "$serve_log.out"; }
serve_settled() { listening || gone_or_zombie "$serve_pid"; }

stop_serve()
{
    tell_to_end "$serve_pid"
    reap "$serve_pid" 15
}

# ---- equality ----------------------------------------------------------------

# What rsync would still have to do to make B equal to A. xfs shows ACLs a second
# time, as attributes of its own: not part of the tree.
rsync_diff() # A B [RSYNC-OPTION...]
{
    local a=$1 b=$2
    shift 2
    rsync -aHAX --numeric-ids --modify-window=-1 --checksum -n -i --delete \
        --filter='-x trusted.SGI_ACL_*' --filter='-x system.*' "$@" "$a/" "$b/" 2>&1
}

# A tree as libarchive sees it. Sizes and link counts of directories belong to
# the file system, not to the tree, and links from outside (nasty_links) to
# another tree. Sockets are left to rsync and find.
mtree()
{
    local sha=sha256
    [ "${2:-}" = no_data ] && sha=!sha256
    bsdtar -cf - --format=mtree --options="!all,type,mode,uid,gid,size,\
time,link,nlink,device,$sha" -C "$1" . 2>/dev/null | grep -v '^#' |
        sed '/ type=dir\|linked-outside/s/ nlink=[0-9]*//' | sort
}

# A tree as find sees it: the only one of the three that walks paths longer
# than PATH_MAX and shows sockets. Every hard link group is named by its first
# path.
listing()
{
    (
        cd "$1" || exit
        find . -printf '%P\t%y %m %U %G %T@ %l\t%i %n %s\0'
    ) | sort -z | perl -0 -ne '
        chomp;
        my ($path, $what, $ids) = /^(.*)\t(.*)\t(.*)$/s or die "odd: $_";
        my ($ino, $nlink, $size) = split / /, $ids;
        my $dir = $what =~ /^d/;
        my $leader = $dir ? "" : ($first{$ino} //= $path);
        $path =~ s/([^!-~])/sprintf "\\%03o", ord $1/ge;
        $leader =~ s/([^!-~])/sprintf "\\%03o", ord $1/ge;
        print "$path $what ", ($dir ? "-" : $size), " $leader\n"'
}

xattrs()
{
    (cd "$1" && getfattr -R -h -P -d -m - -e hex . 2>/dev/null) |
        awk '/^# file: /{ file = $0; next }
             NF && !/^trusted.SGI_ACL_/ { print file, $0 }' | sort
}

# same_tree A B [no_data]: equal, say rsync, libarchive, find and getfattr.
# NO_DATA: only rsync reads the content (huge sparse files).
same_tree() { judged_equal "$1" "$2" cat "${3:-}"; }

# The same, of what FILTER leaves of each listing, and rsync with options.
judged_equal() # A B FILTER no_data|"" [RSYNC-OPTION...]
{
    local a=$1 b=$2 filter=$3 no_data=$4 d how
    shift 4
    d=$(rsync_diff "$a" "$b" "$@")
    if [ -n "$d" ]; then
        printf 'rsync sees a difference:\n%s\n' "$d" | cut -c 1-200 | head -n 20
        return 1
    fi
    for how in mtree listing xattrs; do
        [ $how = mtree ] && ! command -v bsdtar >/dev/null && continue
        d=$(diff <($how "$a" "$no_data" | $filter) \
            <($how "$b" "$no_data" | $filter)) && continue
        printf '%s differs:\n%s\n' "$how" "$d" | cut -c 1-300 | head -n 20
        return 1
    done
}

# Every regular file in B that A also has is equal to A's: nothing under a final
# name is half written.
files_whole() # A B
{
    local d
    d=$(rsync -rc -n -i --existing --exclude=/.zcsync/ "$1/" "$2/" |
        grep '^>f')
    [ -z "$d" ] && return
    printf 'not whole:\n%s\n' "$d" | head -n 20
    return 1
}

# inode and ctime of every entry: equal before and after means untouched.
ctimes() { (cd "$1" && find . -printf '%P %i %C@\0' | sort -z | tr '\0' '\n'); }

# No staging folder anywhere.
no_litter()
{
    local d
    d=$(find "$1" -name .zcsync -print -quit)
    [ -z "$d" ] || { echo "left behind: $(find "$1" -path '*/.zcsync*')"; false; }
}

# ---- trees -------------------------------------------------------------------

random_bytes() { head -c "$1" /dev/urandom; }

# make_tree DIR: an ordinary small tree, for tests about something else.
make_tree()
{
    local d
    mkdir -p "$1"
    for d in a b c/deep/er; do
        mkdir -p "$1/$d"
        echo "one $d" >"$1/$d/one"
        random_bytes 10000 >"$1/$d/two"
    done
    random_bytes 300000 >"$1/big"
    : >"$1/empty"
    chmod 640 "$1/a/one"
    chmod 755 "$1/b/one"
    ln -s ../a/one "$1/b/link"
    ln "$1/a/two" "$1/c/two-too"
    mkdir "$1/emptydir"
    chmod 2775 "$1/c"
    touch -d '2001-02-03 04:05:06.789012345' "$1/big" "$1/a"
    touch -h -d '2002-02-02 02:02:02.020202020' "$1/b/link"
}

# many_files DIR COUNT SIZE [DIRS]: files of SIZE bytes, each different
many_files()
{
    perl -e '
        my ($top, $count, $size, $dirs) = @ARGV;
        mkdir $top;
        for my $n (0 .. $count - 1) {
            my $dir = sprintf "%s/d%03d", $top, $n % $dirs;
            mkdir $dir if $n < $dirs;
            open my $f, ">", sprintf("%s/f%06d", $dir, $n) or die $!;
            my $line = sprintf "%07d\n", $n;
            print $f substr($line x ($size / 8 + 1), 0, $size);
        }' "$1" "$2" "$3" "${4:-10}"
}

# ---- the end -------------------------------------------------------------------

# Commands for what is not undone by ending what was started, each one word.
declare -a at_exit=()

cleanup()
{
    local i
    local -a left=()
    for i in "${started[@]}"; do
        is_child "$i" && left+=("$i") && kill -CONT "$i" && kill -TERM "$i"
    done 2>/dev/null
    for i in "${left[@]}"; do
        wait_until 3 gone_or_zombie "$i" || kill -KILL "$i"
    done 2>/dev/null
    wait 2>/dev/null
    cd / || return
    for i in "${at_exit[@]}"; do
        "$i"
    done
    if [ "${ZC_KEEP:-0}" = 1 ]; then
        diag "kept: $T"
        return
    fi
    [ "$(id -u)" = 0 ] || chmod -R u+rwx "$T" 2>/dev/null
    rm -rf --one-file-system "$T"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM
