#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# COMING FROM RSYNC in zcsync(1): each line of zcsync's is run, and rsync's own line
# then finds nothing left to do. So the table is true, and stays so.
. "$(dirname "$0")/lib.sh"
. "$here/lib-far.sh"
need_no_sanitizers "takes long with sanitizers"

need perl rsync
man=$here/../../man/zcsync.1

# "rsync's line" TAB "zcsync's line" TAB "the how-manieth", one a line
table()
{
    perl -ne '$in = $1 eq "COMING FROM RSYNC" if /^\.Sh (.*)/;
        $lit = 1, next if /^\.Bd -literal/;
        $lit = 0 if /^\.Ed/;
        next unless $in && $lit;
        s/\\\(aq/\x27/g, s/\\-/-/g;
        chomp;
        if (/^ +(.*)/) { print "$rsync\t$1\t", ++$n, "\n" }
        else { $rsync = $_; $n = 0 }' "$man"
}
ok "the table has forty lines and more" [ "$(table | cut -f1 | sort -u | wc -l)" -ge 40 ]

stay_here
ln -s "$(command -v rsync)" "$T/bin/rsync"
export RSYNC_RSH=$T/bin/ssh
port=0

fresh() # www, etc, and a bk that was made of another version of www
{
    rm -rf www etc bk home log share && mkdir home share etc bk
    make_tree www
    echo hello >www/index.html && touch www/a/page.html www/x.tmp
    touch -d @1700000000 www/index.html
    mkdir www/cache && echo c >www/cache/c
    ln -s /etc/passwd www/b/away
    rm www/b/link && ln -s ../a/one www/b/link
    echo e >etc/e
    printf '%s\n' '*.tmp' /cache >rules
    printf '%s\n' index.html a/one >list
    cp -a www/. bk
    cp -a www bk/www
    rm bk/big bk/www/big && echo old >bk/index.html && touch bk/old bk/www/old
    touch -d @1600000000 bk/index.html
    cp -a bk home/bk && cp -a www home/www
    cp -a bk/. share
}

runnable() # LINE: for HOST:PATH by the shell above, for HOST::SHARE at our server
{
    local line=$1
    [[ $line =~ \ (user@)?host:[a-z] && $line != *" -e "* ]] &&
        line=$(sed -E 's/^zcsync (push|pull)/& -e ssh/' <<<"$line")
    sed -E "s/host::/--port=$port 127.0.0.1::/
        s/^zcsync pu(sh|ll)/& --fsync=none/" <<<"$line"
}

# What rsync would still do; its time-only lines for directories that it does not
# keep times of are none.
left() # RSYNC-LINE
{
    local line=$1
    [[ $line == *-r\ www* ]] && line=${line/rsync/rsync -c}
    bash -c "${line/rsync/rsync -n -i}" 2>&1 |
        grep -vE '^(skipping|sending|receiving|sent|total|created|\.d\.\.[tT]\.+ |$)' |
        grep -E '^[<>ch.*][fdLDSe]' |
        grep -vE '^\.[fL]\.\.T\.+ '
}

while IFS=$'\t' read -r rsync zcsync nth; do
    case $zcsync in
    *mirror*)
        fresh
        background mirror bash -c "exec ${zcsync/ mirror/ mirror --force-delete}"
        ok "$zcsync" wait_until 20 cmp www/index.html bk/index.html
        kill "$pid"
        reap "$pid"
        continue
        ;;
    *chown*) [ "$(id -u)" = 0 ] || continue ;;
    esac
    fresh
    if [[ $zcsync == *::* ]]; then
        start_serve --readable bk="$PWD/share" www="$PWD/www" || break
    fi
    before=$(ctimes bk)
    run bash -c "$(runnable "$zcsync")"
    case $zcsync in
    *diff*) is "$rc" 1 "$zcsync" ;;
    *) is "$rc:$err" "0:$err" "$zcsync" ;;
    esac
    case $rsync in
    *-avn* | *-ani*) is "$(ctimes bk)" "$before" "changes nothing" ;;
    *host::bk*) is "$(left "rsync -a www/ share")" "" "$rsync: nothing left to do" ;;
    *host::www*) is "$(left "rsync -a --delete www/ bk")" "" "$rsync: nothing left" ;;
    *) is "$(left "$rsync")" "" "$rsync: nothing left to do ($nth)" ;;
    esac
done < <(table)

# rsync -r and -rt, and the lines that keep no more.
fresh
chmod 600 www/index.html
umask 022
rm -rf bk && bash -c "$(table | grep -P 'rsync -r www.*\t2$' | cut -f2)"
is "$(stat -c %a bk/index.html)" 600 "without times, perms..: the mode of a new file"
is "$(find bk -type l | wc -l)" 0 "no symlinks"
ok "no hard links" [ "$(stat -c %h bk/a/two)" = 1 ]
done_testing
