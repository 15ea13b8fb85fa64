# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# For scenarios about all that a tree may hold; sourced after lib.sh.

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
        if [ "$(id -u)" != 0 ]; then
            rm -f f000 f200 # nobody else can read them
            exit 0
        fi
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
