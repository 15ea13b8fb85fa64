# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
#
# What every scenario needs: TAP, a temp dir that cleans up after itself, a
# server to push to, and equality as judged by other programs than zcsync.
#
# A test sources this file, calls ok/is/like/run and the helpers below, and ends
# with done_testing. TAP goes to stdout, diagnostics to stderr. $T is the test's
# own directory; what is mounted or started through this file is unmounted and
# stopped at exit, by pid.
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

skip_all()
{
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

need_mounts()
{
    need_root
    mkdir -p "$T/probe"
    mount -t tmpfs probe "$T/probe" 2>/dev/null || skip_all "cannot mount"
    umount "$T/probe"
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
    out=$(tr -d '\0' <"$T/log/out")
    err=$(tr -d '\0' <"$T/log/err.$runs")
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

nobody=(runuser -u nobody --)

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

# wait_until SECONDS COMMAND...: polls; fails when the time is over
wait_until()
{
    local end=$((SECONDS + $1 + 1))
    shift
    until "$@" 2>/dev/null; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.02
    done
}

gone() { ! kill -0 "$1" 2>/dev/null; }

declare -a started=() mounted=()

# background NAME COMMAND...: $pid is its pid; output in $T/log/NAME.{out,err}
background()
{
    local name=$1
    shift
    "$@" >"$T/log/$name.out" 2>"$T/log/$name.err" </dev/null &
    pid=$!
    started+=("$pid")
}

# Waits for PID, a child, and leaves its exit code in $rc (137: hung, killed).
reap()
{
    wait_until "${2:-60}" gone_or_zombie "$1" || kill -KILL "$1" 2>/dev/null
    wait "$1" 2>/dev/null
    rc=$?
}

gone_or_zombie()
{
    local state
    state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" \
        2>/dev/null)
    [ -z "$state" ] || [ "$state" = Z ]
}

serves=0

# start_serve [OPTION...] NAME=PATH...: $addr (ADDR:PORT), $port, $serve_pid
start_serve()
{
    local -a listen=(--listen 127.0.0.1:0)
    [[ " $* " == *" --listen"* ]] && listen=()
    serves=$((serves + 1))
    serve_log=$T/log/serve.$serves
    "${serve_as[@]}" "$ZCSYNC" serve "${listen[@]}" "$@" \
        >"$serve_log.out" 2>"$serve_log.err" </dev/null &
    serve_pid=$!
    started+=("$serve_pid")
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
    kill -TERM "$serve_pid" 2>/dev/null
    reap "$serve_pid" 15
}

# Children of a process, one pid a line.
children() { cat /proc/"$1"/task/*/children 2>/dev/null | tr ' ' '\n' | grep .; }

# A relay in front of $addr that cuts, stalls, counts or alters what goes
# through (see tests/tools/relay.pl): $relay is its ADDR:PORT, $relay_pid.
start_relay()
{
    serves=$((serves + 1))
    relay_log=$T/log/relay.$serves
    perl "$tools/relay.pl" "$@" >"$relay_log" 2>&1 </dev/null &
    relay_pid=$!
    started+=("$relay_pid")
    wait_until 10 grep -q '^listening' "$relay_log" || return 1
    relay=$(sed -n 's/^listening //p' "$relay_log")
}

stop_relay()
{
    kill -TERM "$relay_pid" 2>/dev/null
    wait "$relay_pid" 2>/dev/null
}

# ---- file systems ------------------------------------------------------------

mount_at() # MOUNT-OPTIONS... DIR
{
    local dir=${!#}
    mkdir -p "$dir"
    mount "$@" 2>"$T/log/mount" || return 1
    mounted+=("$dir")
}

# make_fs ext4|xfs|btrfs|tmpfs DIR [MIB] [MKFS-OPTION...]: a fresh file system
# there, on a loop image in $T.
make_fs()
{
    local type=$1 dir=$2 mib=${3:-400} image
    shift $(($# < 3 ? $# : 3))
    if [ "$type" = tmpfs ]; then
        mount_at -t tmpfs -o "size=${mib}m" tmpfs "$dir"
        return
    fi
    command -v "mkfs.$type" >/dev/null || return 1
    image=$(mktemp "$T/image.XXXXXX")
    truncate -s "${mib}M" "$image"
    # what a big ext4 has by default
    [ "$type" = ext4 ] && set -- -b 4096 -I 256 "$@"
    "mkfs.$type" -q "$@" "$image" >/dev/null 2>&1 || return 1
    mount_at -o loop "$image" "$dir" || return 1
    chmod 755 "$dir"
    # mkfs.ext4 leaves a lost+found, which is not ours to mirror or delete
    [ -d "$dir/lost+found" ] && rmdir "$dir/lost+found"
    return 0
}

cleanup()
{
    local i
    for i in "${started[@]}"; do
        kill -CONT "$i" && kill -TERM "$i"
    done 2>/dev/null
    for i in "${started[@]}"; do
        wait_until 3 gone_or_zombie "$i" || kill -KILL "$i"
    done 2>/dev/null
    wait 2>/dev/null
    cd / || return
    for ((i = ${#mounted[@]} - 1; i >= 0; i--)); do
        umount "${mounted[i]}" 2>/dev/null || umount -l "${mounted[i]}"
    done 2>/dev/null
    if [ "${ZC_KEEP:-0}" = 1 ]; then
        diag "kept: $T"
        return
    fi
    [ "$(id -u)" = 0 ] || chmod -R u+rwx "$T" 2>/dev/null
    rm -rf --one-file-system "$T"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

# ---- equality ----------------------------------------------------------------

# What rsync would still have to do to make B equal to A. xfs shows ACLs a second
# time, as attributes of its own: not part of the tree.
rsync_diff() # A B [RSYNC-OPTION...]
{
    local a=$1 b=$2
    shift 2
    rsync -aHAX --numeric-ids --modify-window=-1 --checksum -n -i --delete \
        --filter='-x trusted.SGI_ACL_*' "$@" "$a/" "$b/" 2>&1
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
same_tree()
{
    local d how
    d=$(rsync_diff "$1" "$2")
    if [ -n "$d" ]; then
        printf 'rsync sees a difference:\n%s\n' "$d" | cut -c 1-200 | head -n 20
        return 1
    fi
    for how in mtree listing xattrs; do
        [ $how = mtree ] && ! command -v bsdtar >/dev/null && continue
        d=$(diff <($how "$1" "${3:-}") <($how "$2" "${3:-}")) && continue
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

allocated() { stat -c '%b' "$1"; } # 512-byte blocks

# Every sparse file of A takes about as little room in B.
holes_kept()
{
    local f a b
    while IFS= read -r -d '' f; do
        a=$(allocated "$1/$f") b=$(allocated "$2/$f")
        # file systems differ in block size and in metadata blocks counted
        if [ "$b" -gt $((a + a / 8 + 256)) ]; then
            printf '%s: %d blocks in the source, %d in the copy\n' "$f" "$a" "$b"
            return 1
        fi
    done < <(cd "$1" && find . -type f -size +1000 -print0)
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

# make_nasty_tree DIR: all that a file system can hold, as far as this user may
# make it. DIR.outside gets the other end of a hard link.
make_nasty_tree()
{
    local d=$1 n
    mkdir -p "$d" "$d.outside"
    nasty_files "$d"
    nasty_names "$d/names"
    nasty_symlinks "$d/symlinks"
    nasty_links "$d" "$d.outside"
    nasty_specials "$d/special"
    nasty_xattrs "$d/xattr"
    nasty_modes "$d/modes"
    perl -e 'chdir shift or die; for (1 .. 300) { mkdir "d"; chdir "d" or die }
        open my $f, ">", "bottom"; print $f "deep\n"' "$d"
    mkdir "$d/emptydir"
    nasty_times "$d"
}

nasty_files()
{
    local n
    mkdir "$1/files" "$1/sparse"
    for n in 0 1 4095 4096 4097 65535 65536 65537 262144 1048577 3000000; do
        random_bytes $n >"$1/files/$n"
    done
    (
        cd "$1/sparse" || exit
        truncate -s 2M all-hole
        echo tail | dd of=leading bs=1M seek=3 status=none
        echo head >trailing && truncate -s 3M trailing
        for n in 0 2 4 6 8; do
            random_bytes 65536 | dd of=alternating bs=64k seek=$n conv=notrunc \
                status=none
        done
        random_bytes 5000 >awkward && truncate -s 1000001 awkward
        random_bytes 100 | dd of=awkward bs=1 seek=1000001 conv=notrunc \
            status=none
        fallocate -l 1M preallocated 2>/dev/null || truncate -s 1M preallocated
        echo data | dd of=preallocated conv=notrunc status=none
    )
}

nasty_names()
{
    perl -e '
        mkdir $ARGV[0] or die; chdir $ARGV[0] or die;
        sub make { open my $f, ">", "./$_[0]" or die "$_[0]: $!"; print $f $_[0] }
        make($_) for "new\nline", "-rf", "--delete", "-", " lead", "trail ",
            "*", "?", "[a]", "\\", "\\n", "~", "#x", ";x", "a:b", "host::share",
            "...", "..x", ".hidden", "tab\t", "\xff\xfe", "\xc3\x28", "\xe2\x82",
            "caf\xc3\xa9", "cafe\xcc\x81", "\$(x)", "\"q\"", "\x27", ".zcsync2",
            "n" x 255, "\xff" x 255;
        mkdir "every"; mkdir "d" x 255; mkdir "dir\n"; make("dir\n/x\ny");
        make("every/" . chr($_)) for grep { $_ != 47 && $_ != 46 } 1 .. 255;
        ' "$1"
}

nasty_symlinks()
{
    mkdir "$1"
    (
        cd "$1" || exit
        ln -s nowhere dangling
        ln -s loop-b loop-a && ln -s loop-a loop-b
        ln -s self self
        ln -s . dot
        ln -s ../files dir
        ln -s /etc/passwd absolute
        ln -s ../../../../../../../../etc escape
        ln -s "$(printf '%01000d' 0)" long
        ln -s $'\xff\n' bytes
        touch -h -d '1999-12-31 23:59:59.999999999' dangling
        [ "$(id -u)" = 0 ] && chown -h 1234:4321 self
    )
}

nasty_links() # DIR OUTSIDE
{
    mkdir -p "$1/links/sub" "$1/alinks"
    echo shared >"$1/links/one"
    ln "$1/links/one" "$1/links/sub/two"
    ln "$1/links/one" "$1/alinks/three"
    random_bytes 500000 >"$1/links/big" && ln "$1/links/big" "$1/alinks/big"
    : >"$1/links/empty" && ln "$1/links/empty" "$1/links/empty2"
    echo outside >"$2/out" && ln "$2/out" "$1/links/linked-outside"
    ln -s target "$1/links/sym" && ln "$1/links/sym" "$1/alinks/sym"
    mkfifo "$1/links/fifo" && ln "$1/links/fifo" "$1/alinks/fifo"
}

nasty_specials()
{
    mkdir "$1"
    mkfifo -m 620 "$1/fifo"
    perl -MSocket -e 'chdir shift; socket my $s, AF_UNIX, SOCK_STREAM, 0;
        bind $s, pack_sockaddr_un("socket") or die' "$1"
    [ "$(id -u)" = 0 ] || return 0
    mknod "$1/char" c 1 3
    mknod -m 600 "$1/block" b 7 200
    mknod "$1/big-minor" c 240 262143
    ln "$1/char" "$1/char-link"
    chown 12345:54321 "$1/fifo" "$1/socket" "$1/block"
}

nasty_xattrs()
{
    mkdir -p "$1/dir"
    (
        cd "$1" || exit
        for n in user acl default caps both many; do echo $n >$n; done
        setfattr -n user.name -v value user
        setfattr -n user.empty user
        setfattr -n user.binary -v 0x00ff0a0d user
        setfattr -n "user.odd name=1" -v odd user
        setfattr -n user.big -v "$(head -c 3000 /dev/zero | tr '\0' B)" both
        for n in 1 2 3 4 5 6 7 8 9; do setfattr -n user.$n -v "$n$n" many; done
        setfattr -n user.ondir -v d dir
        setfacl -m u:daemon:rwx,g:12321:r,m::rx acl
        setfacl -m u:4242:r both
        setfacl -m u:daemon:rwx,g::- -d -m u:bin:rx,o::r,u::rwx,g::rx dir
        echo inherits >dir/inherits && mkdir dir/subdir
        setfacl -b dir/subdir
        [ "$(id -u)" = 0 ] || exit 0
        setfattr -n trusted.t -v trusted user
        setfattr -h -n trusted.onlink -v x dir
        setfattr -n security.zcsynctest -v label user
        setfattr -n security.selinux -v system_u:object_r:etc_t:s0 both \
            2>/dev/null # not where SELinux knows better
        ln -s x link && setfattr -h -n trusted.link -v l link
        mkfifo fifo && setfattr -n trusted.fifo -v f fifo
        chown 54321:1 caps && chmod 755 caps
        command -v setcap >/dev/null && setcap cap_net_raw,cap_chown+ep caps
        chown 2:3 dir && setfacl -d -m g:99999:rwx dir
    )
}

nasty_modes()
{
    local n
    mkdir "$1"
    (
        cd "$1" || exit
        for n in 000 200 400 444 644 755 777 1644 2755 4711 6755 7777; do
            echo $n >f$n && chmod $n f$n
        done
        for n in 500 700 711 1777 2775 3777 ; do
            mkdir d$n && echo in >d$n/in && chmod $n d$n
        done
        [ "$(id -u)" = 0 ] || exit 0
        mkdir d000 && echo in >d000/in && chmod 000 d000
        echo suid >suid && chown 54321:54322 suid && chmod 6755 suid
        echo big >big-id && chown 4000000000:4294967294 big-id
        echo named >named && chown daemon:bin named
        mkdir owned && chown nobody:nogroup owned
    )
}

nasty_times()
{
    mkdir "$1/times"
    (
        cd "$1/times" || exit
        local t
        for t in 0.000000000 0.000000001 -1.500000000 -1000000000.123456789 \
            -2147483648.000000000 2147483647.999999999 4294967296.000000007 \
            8589934592.500000000 1700000000.123456789; do
            echo "$t" >"t$t" && touch -d "@$t" "t$t"
            mkdir "d$t" && touch -d "@$t" "d$t"
            ln -s -- "$t" "l$t" && touch -h -d "@$t" "l$t"
        done
    )
    touch -d '2010-10-10 10:10:10.101010101' "$1/files" "$1/names" "$1/xattr/dir"
    touch -d '1969-07-20 20:17:40.000000001' "$1"
}

# mutate DIR: everything that can happen to a tree of make_mutable between two
# runs. Data changes come with a new mtime, as they do in life.
make_mutable()
{
    local n
    mkdir -p "$1"
    (
        cd "$1" || exit
        for n in same-size append truncate chmod chown retime untouched data \
            both shrink-to-0 grow-from-0 to-dir to-symlink to-fifo to-device; do
            random_bytes 5000 >$n
        done
        : >grow-from-0
        mkdir -p d/chmod d/retime d/sub d/to-file d/to-symlink gone/deep/er
        echo x >d/sub/x && echo y >d/to-file/y && echo z >gone/deep/er/z
        ln -s one symlink && ln -s one sym-to-file && ln -s d/sub sym-to-dir
        ln -s nowhere sym-retime
        mkfifo fifo-to-file
        echo removed >removed && ln -s x removed-link
        echo renamed >old-name
        echo linked >h1 && ln h1 h2 && ln h1 h3
        echo broken >k1 && ln k1 k2 && ln k1 d/k3
        echo joins >j1 && echo joins >j2
        echo moves >m1 && ln m1 m2 && echo stands apart >m3
        echo xattr >xattr && setfattr -n user.a -v 1 xattr
        setfattr -n user.keep -v 1 xattr
        echo acl >acl && setfacl -m u:daemon:r acl
        setfacl -d -m u:bin:r d/sub
        touch -d '2015-05-05 05:05:05.5' -- *
        touch -h -d '2015-05-05 05:05:05.5' sym*
    )
}

mutate()
{
    (
        cd "$1" || exit
        random_bytes 5000 >same-size
        echo more >>append
        truncate -s 1234 truncate
        truncate -s 0 shrink-to-0
        echo grown >grow-from-0
        chmod 4711 chmod && chmod 2750 d/chmod
        [ "$(id -u)" = 0 ] && chown 1234:4321 chown && chown -h 55:66 symlink
        touch -d '2016-06-06 06:06:06.666666666' retime d/retime
        random_bytes 5000 >data && chmod 600 data
        random_bytes 7000 >both && touch -d '1980-01-01' both
        rm to-dir && mkdir to-dir && echo in >to-dir/in
        rm to-symlink && ln -s d to-symlink
        rm to-fifo && mkfifo to-fifo
        [ "$(id -u)" = 0 ] && rm to-device && mknod to-device c 1 5
        rm -r d/to-file && echo file >d/to-file
        rmdir d/to-symlink && ln -s sub d/to-symlink
        ln -sfn two symlink
        rm sym-to-file && echo file >sym-to-file
        rm sym-to-dir && mkdir sym-to-dir && echo in >sym-to-dir/in
        touch -h -d '2017-07-07 07:07:07.7' sym-retime
        rm fifo-to-file && echo file >fifo-to-file
        rm -r removed removed-link gone
        mv old-name new-name
        ln h1 h4 && rm h2
        cp k1 k.tmp && mv k.tmp k2 && echo changed >>d/k3
        ln -f j1 j2
        ln -f m3 m2
        setfattr -x user.a xattr && setfattr -n user.b -v 22 xattr
        setfacl -m u:daemon:rw,g:bin:x acl
        setfacl -k d/sub && setfacl -d -m g:daemon:rx d/sub
        mkdir -p new/dir && echo new >new/dir/new && ln h1 new/h5
    )
}

# skips the test unless the user nobody can run the binary under test
need_nobody()
{
    need_root
    need runuser
    "${nobody[@]}" "$ZCSYNC" --version >/dev/null 2>&1 ||
        skip_all "the user nobody cannot run $ZCSYNC"
}
