# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# For scenarios about all that may happen to a tree; sourced after lib.sh.

# make_mutable DIR: a tree that mutate can be done to
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

# mutate DIR: everything that can happen to such a tree between two runs. Data
# changes come with a new mtime, as they do in life.
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
