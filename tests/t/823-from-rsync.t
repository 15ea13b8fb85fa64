#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# contrib/zcsync-from-rsync: what it makes of lines of rsync's, of scripts and
# crontabs, of rsyncd.conf and lsyncd.conf; and zcsync takes what it prints.
. "$(dirname "$0")/lib.sh"
. "$here/lib-far.sh"
need_no_sanitizers "a script in Perl"

need perl rsync
from=${TOP_SRCDIR:-$here/../..}/contrib/zcsync-from-rsync
man=$here/../../man/zcsync.1

stay_here
mkdir -p www/a etc bk home/bk home/www/a "my dir"
echo hello | tee www/index.html www/file >home/www/index.html
touch www/a/one www/big home/www/big home/www/a/one etc/e
mkdir www/empty
echo '*.tmp' >rules
echo index.html >list
start_serve --readable www="$PWD/home/www" bk="$PWD/home/bk" ||
    skip_all "the server did not start"

# takes LINE: zcsync does, in a dry run. The hosts are our own.
takes()
{
    local line=$1
    [[ $line =~ \ ([a-z]+@)?host:[^:] && $line != *" -e "* ]] &&
        line=$(sed -E 's/zcsync pu(sh|ll)/& -e ssh/' <<<"$line")
    line=$(sed -E "s/host::/127.0.0.1::/g; s#//host/#//127.0.0.1:$port/#g
        s/zcsync pu(sh|ll)/& -n --port=$port/" <<<"$line")
    run bash -c "$line"
    is "$rc:$err" "0:$err" "... and zcsync takes it: $line"
}

# becomes RSYNC ZCSYNC [REMARK]
becomes()
{
    run "$from" "$1"
    is "$rc:$out" "0:$2" "$1"
    [ $# = 2 ] || like "$err" "$3" "... and says: $3"
    takes "$out"
}

becomes 'rsync -avz --delete www/ host:bk' 'zcsync push -avz --delete www/ host:bk'
becomes 'rsync -a www bk' 'zcsync push -a www bk/www'
becomes 'rsync -a www/file bk' 'zcsync push -a www/file bk'
becomes 'rsync -a www/. bk' 'zcsync push -a www/. bk'
becomes 'rsync -a "my dir" bk/' "zcsync push -a \"my dir\" bk/'my dir'"
becomes 'rsync -a www etc bk' 'zcsync push -a www etc bk'
becomes 'rsync -a www/* bk' 'zcsync push -a www/* bk'
becomes 'rsync -aR www/./a bk' 'zcsync push -aR www/./a bk'
becomes 'rsync -a --files-from=list www bk' 'zcsync push -a --files-from=list www bk'
becomes 'rsync -a host:www .' 'zcsync pull -a host:www ./www' 'taken for a directory'
becomes 'rsync -a host::www bk' 'zcsync pull -a host::www bk'
becomes 'rsync -a host::www/a bk' 'zcsync pull -a host::www/a bk/a'
becomes 'rsync -a rsync://me@host:873/www/ bk' 'zcsync pull -a zcsync://host/www/ bk' \
    'port :873'
becomes 'rsync -a www host:' 'zcsync push -a www host:www'
becomes 'rsync -a www/ me@host::bk' 'zcsync push -a www/ host::bk' 'by keys'
becomes 'rsync -a --port=1234 www/ host::bk' 'zcsync push -a www/ host::bk' 8730
becomes "rsync -a --rsync-path='sudo rsync' www/ host:bk" \
    "zcsync push -a '--remote-command=sudo zcsync' www/ host:bk"
becomes 'rsync -a --rsync-path /usr/bin/rsync www/ host:bk' 'zcsync push -a www/ host:bk'
becomes 'rsync -ae "ssh -p 22" www/ host:bk' 'zcsync push -ae "ssh -p 22" www/ host:bk'
becomes 'rsync -aUy -T /tmp www/ bk' 'zcsync push -a www/ bk' 'times of access'
becomes 'rsync -aNT/tmp www/ bk' 'zcsync push -a www/ bk' 'when a file was made'
becomes 'rsync -a --partial-dir .part --exclude "*.tmp" www/ bk' \
    'zcsync push -a --exclude "*.tmp" www/ bk' 'came in part'
becomes 'rsync -rt www/ bk' 'zcsync push -rt www/ bk' 'more than rsync.*--exact'
becomes 'rsync -a --no-iconv -- www/ -bk' 'zcsync push -a -- www/ -bk'
becomes 'nice -n 19 /usr/bin/rsync -a www/ bk >log 2>&1 && echo done' \
    'nice -n 19 zcsync push -a www/ bk >log 2>&1 && echo done'
becomes 'cd www; rsync -a . ../bk; rsync -a a ../bk # nightly' \
    'cd www; zcsync push -a . ../bk; zcsync push -a a ../bk/a # nightly'
SRC=www/ becomes 'rsync -a "$SRC" bk' 'zcsync push -a "$SRC" bk' 'cannot be seen'
run "$from" rsync -a 'my dir/' host:bk
is "$out" "zcsync push -a 'my dir/' host:bk" "as several arguments"
run "$from" --exact 'rsync -rlt www/ bk'
is "$out" "zcsync push -rlt --no-perms --no-owner --no-group --no-D --no-hard-links \
--no-acls --no-xattrs www/ bk" "--exact"
takes "$out"

# refuses RSYNC REASON
refuses()
{
    run "$from" "$1"
    is "$rc:$out" "1:" "$1"
    like "$err" "^zcsync-from-rsync: [^"$'\n'"]*$2[^"$'\n'"]*$" "... $2"
}
refuses 'rsync -a a:x b:y' 'both on other hosts'
refuses 'rsync --daemon' 'zcsyncd does that'
refuses 'rsync -a --write-batch=x a b' 'no batches'
refuses 'rsync -a --iconv utf8,latin1 a b' 'names are bytes'
refuses 'apt install rsync' 'no rsync command'
refuses 'cp -a a b' 'no rsync command'
refuses 'rsync -a -e ssh host::www bk' 'reached by -e'

# All lines of the manual page's table, and all options that it says are refused.
perl -ne '$in = $1 eq "COMING FROM RSYNC" if /^\.Sh (.*)/;
    s/\\\(aq/\x27/g, s/\\-/-/g;
    print if $in && /^rsync /' "$man" >table
run "$from" --lines table
is "$rc:$(grep -c '^zcsync ' <<<"$out")" "0:$(wc -l <table)" "all lines of the table"
while IFS= read -r line; do
    takes "$line"
done <<<"$out"
while IFS= read -r name; do
    run "$from" "rsync -a --$name=1 www/ bk"
    [ "$rc" = 0 ] || { like "$err" "cannot be translated: " "--$name"; continue; }
    takes "$out"
done < <(sed -n '/^.Ss Refused from rsync/,/^.Sh /s/^\.It//p' "$man" |
    grep -oE 'Fl -[A-Za-z-]+' | sed 's/Fl -//')

# A crontab.
cat >crontab <<'END'
# rsync -a this/ is/a/remark
MAILTO=root
10 3 * * * root rsync -a --delete www/ \
    bk >/dev/null
@daily rsync -a www etc bk
@daily test -x /usr/bin/rsync
@daily rsync -a --read-batch=x bk
@daily ssh host 'rsync -a x y'
END
run "$from" --lines crontab
is "$rc" 1 "a crontab with a line that stays"
is "$out" "$(sed -E -e '3s/rsync -a --delete/zcsync push -a --delete/;3s/ \\$/ bk >\/dev\/null/;4d' \
    -e '5s/rsync/zcsync push/' crontab)" "the others are translated"
like "$err" "crontab:7: stays as it is" "it is named"
like "$err" "crontab:8: left as it is: 'rsync -a x y'" "and what is in quotes"

# check: zcsyncd takes what was printed
check()
{
    printf '%s\n' "$out" >conf
    run "$ZCSYNC" check-config conf
    is "$rc:$err" "0:$err" "$1"
}

cat >rsyncd.conf <<END
uid = nobody
max connections = 4
log file = /var/log/rsyncd.log
[pub]
    path = $PWD/www
    comment = all there is
[incoming]
    path = $PWD/bk
    read only = no
    write only = true
    fake  super = yes
    auth users = bob
    exclude = .git
    frobnicate = 1
END
run "$from" --rsyncd rsyncd.conf
is "$rc" 0 "an rsyncd.conf"
like "$out" "
\[share pub\]
path = $PWD/www
read only = yes
readable = yes
" "who may only read"
like "$out" "
\[share incoming\]
path = $PWD/bk
fake super = yes
# auth users = bob: each peer has a key" "who may only write"
like "$err" "\[incoming\] frobnicate = 1: there is nothing like it" "what is not known"
like "$out" "max connections = 4" "what holds for all"
unlike "$out" "log file" "what nobody needs"
check "zcsync takes that"

cat >lsyncd.conf <<END
-- what lsyncd did
settings { logfile = "/var/log/lsyncd.log", nodaemon = true, }
base = "$PWD"
sync {
    default.rsync,
    source = base .. "/www/", -- with a slash
    target = "host:/srv/www",
    delay  = 5,
    exclude = { '*.tmp', "/cache" },
    rsync = {
        archive = true, compress = true, owner = false, bwlimit = 2000,
        rsh = "/usr/bin/ssh -p 2222 -i /root/key -o StrictHostKeyChecking=yes",
        _extra = { "--delete-excluded", "--no-group", "--max-size=10M", "--fuzzy" },
    },
}
sync{default.rsyncssh, source="$PWD/etc", host="web2", targetdir="/etc/x",
    delete = false, ssh = { port = 22 }}
for _, host in ipairs(hosts) do
    sync{default.direct, source="$PWD/etc", target="$PWD/copy"}
end
sync{bash, source="/x", target="/y"}
sync{default.rsync, source="$PWD/home", target="a:/x"}
sync{default.rsync, source="$PWD/home", target="b::mod/x"}
END
run "$from" --lsyncd lsyncd.conf
is "$rc" 1 "an lsyncd.conf that has more than what can be translated"
like "$out" "
\[mirror www\]
path = $PWD/www
to = host:/srv/www
ssh option = Port=2222
ssh identity = /root/key
ssh option = StrictHostKeyChecking=yes
exclude = \*.tmp
exclude = /cache
delete excluded = yes
group = no
max size = 10M
# rsync's fuzzy = yes: there is nothing like it
bwlimit = 2000
compress = auto
owner = no
" "default.rsync"
like "$out" "
\[mirror etc\]
path = $PWD/etc
to = web2:/etc/x
ssh option = Port=22
delete = no
" "default.rsyncssh"
like "$out" "
path = $PWD/home
to = a:/x, b::mod/x" "two targets of one source"
like "$err" "lsyncd.conf: Lua that cannot be translated: for" "a loop is named"
like "$err" "lsyncd.conf:21: sync\{\} by its own actions cannot" "and what runs commands"
out=$(grep -v '^ssh identity' <<<"$out")
check "zcsync takes that"

# Every key that may be printed is one, and every option of a mirror's has one.
keys=$("$ZCSYNC" check-config --help | sed -n '/^\[mirror/,/^See/s/^  \([a-z ]*[a-z]\) = .*/\1/p')
for key in $(sed -n '/^my %mirror_key/,/;$/p' "$from" | grep -o "'[a-z ]*'" | tr ' ' _); do
    key=${key//\'/}
    grep -qx "${key//_/ }" <<<"$keys" || echo "$key"
done >unknown
is "$(cat unknown)" "" "all keys of mirrors are keys"
done_testing
