#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A file is changed by a name that nobody can look at any more: a link that was
# made and removed again before the mirror looked, or a name that the file has
# lost while somebody had it open. Its other names have the change, there, too.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
. "$here/lib-process.sh"

need_mirror

# Makes a file without a name in DIR, names it TO, and appends each line of its
# standard input to it.
tmpfile() # DIR TO
{
    perl -e '
        use Fcntl; my ($dir, $to) = @ARGV; $| = 1;
        my ($linkat, $tmp) = (265, 020200000);
        ($linkat, $tmp) = (37, 020040000) if `uname -m` =~ /^aarch64/;
        sysopen my $f, $dir, $tmp | O_WRONLY or exit 2;
        my $from = "/proc/self/fd/" . fileno $f;
        syscall($linkat, -100, $from, -100, $to, 0x400) == 0 or exit 3;
        while (<STDIN>) { syswrite $f, $_ }' "$1" "$2"
}

for watch in inotify fanotify; do
    a=$T/$watch.a b=$T/$watch.b
    mkdir "$a" "$b"
    if [ $watch = fanotify ] && ! can_fanotify "$a"; then
        skip 13 "this user or kernel cannot watch by fanotify"
        continue
    fi
    mkdir "$a/d" "$a/e"
    for n in 1 2 3 4 5 6; do
        echo "file $n" >"$a/x$n"
    done
    for n in 1 2 3; do
        echo "open $n" >"$a/open$n"
    done
    exec 7>>"$a/open1" 8>>"$a/open2" 9>>"$a/open3"
    start_mirror --watch=$watch --fsync=none --force-delete "$a" "$b"
    ok "$watch: the mirror comes up" shows_up 20 "$a" "$b"
    becomes_equal 20 "$a" "$b" "$watch: equal"
    watcher=$(watcher_of "$mirror_pid")

    kill -STOP "$watcher"
    ln "$a/x1" "$a/n1" && echo more >>"$a/n1" && rm "$a/n1"
    ln "$a/x2" "$a/n2" && chmod 4711 "$a/n2" && echo x >"$a/new2" && mv "$a/new2" "$a/n2"
    ln "$a/x3" "$a/d/n3" && touch -d 2003-03-03 "$a/d/n3" && mv "$a/d/n3" "$a/d/m3" &&
        rm "$a/d/m3"
    ln "$a/x4" "$a/e/n4" && echo more >>"$a/e/n4" && mv "$a/e" "$a/f" && rm -r "$a/f"
    ln "$a/x5" "$a/n5" && echo more >>"$a/n5" && rm "$a/n5" && echo new >"$a/n5"
    # while another one has the name
    echo y >"$a/n6" && mv "$a/n6" "$a/m6" && ln "$a/x6" "$a/n6" && echo more >>"$a/n6" &&
        mv "$a/m6" "$a/n6"
    kill -CONT "$watcher"
    becomes_equal 20 "$a" "$b" "$watch: changed by a link that was there for a moment"
    is "$(stat -c %a "$b/x2")" 4711 "$watch: as for permissions"

    ln "$a/open1" "$a/d/kept1" && ln "$a/open2" "$a/d/kept2"
    becomes_equal 20 "$a" "$b" "$watch: second names"
    rm "$a/open1" && echo x >"$a/new" && mv "$a/new" "$a/open2"
    becomes_equal 20 "$a" "$b" "$watch: which are the only ones now"
    echo more >&7
    becomes_equal 20 "$a" "$b" "$watch: written to by a name that is gone"
    echo more >&8
    becomes_equal 20 "$a" "$b" "$watch: and by one that is another file's"
    echo again >&7 && echo again >&8
    becomes_equal 20 "$a" "$b" "$watch: and again"

    kill -STOP "$watcher"
    ln "$a/open3" "$a/d/kept3" && rm "$a/open3"
    kill -CONT "$watcher"
    becomes_equal 20 "$a" "$b" "$watch: a name exchanged for another"
    echo more >&9
    becomes_equal 20 "$a" "$b" "$watch: written to by the first one"
    exec 7>&- 8>&- 9>&-

    mkfifo "$T/lines"
    tmpfile "$a/d" "$a/d/t" <"$T/lines" &
    exec 7>"$T/lines"
    wait_until 10 [ -e "$a/d/t" ]
    becomes_equal 20 "$a" "$b" "$watch: a file that had no name at first"
    echo line >&7
    wait_until 10 [ -s "$a/d/t" ]
    becomes_equal 20 "$a" "$b" "$watch: is written to"
    exec 7>&-
    rm "$T/lines"
    stop_mirror
done
done_testing
