#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# pull -R: DEST gets the whole path of SRC, or what is behind /./ in it, as rsync
# has it; nothing else there is touched. And what stands in a list behind a symlink or
# below a file is not passed over in silence.
. "$(dirname "$0")/lib.sh"

need rsync
rsh=$here/rsh-here
export HOME=$T/home
mkdir -p "$HOME/www/a/deep" "$HOME/www/b" "$HOME/etc"
for f in www/a/one www/a/deep/two www/b/three www/four etc/five; do
    echo "$f" >"$HOME/$f"
done
ln -s one "$HOME/www/a/link"
ln -s a "$HOME/www/to-a"
chmod 2750 "$HOME/www/a"
chmod 711 "$HOME/www"
find "$HOME" -exec touch -h -d @1600000000 {} +
cd "$HOME" || bail "no home"

n=0
like_rsync() # SRC...: of HOST:PATH by the remote shell
{
    n=$((n + 1))
    rm -rf "$T/z" "$T/r"
    mkdir "$T/z" "$T/r"
    touch "$T/z/stays" "$T/r/stays"
    touch -d @1500000000 "$T/z/stays" "$T/r/stays" "$T/z" "$T/r"
    runs_with 0 "pull -R $*" "$ZCSYNC" pull -e "$rsh" -R "${more[@]}" "$@" "$T/z"
    runs_with 0 "again" "$ZCSYNC" pull -i -e "$rsh" -R "${more[@]}" "$@" "$T/z"
    [ "${more[*]}" = -n ] || is "$out" "" "finds nothing to do"
    rsync -aHAX -R -e "$rsh" "${more[@]}" "$@" "$T/r" >/dev/null
    touch -d @1500000000 "$T/z" "$T/r" # the root is nobody's
    ok "makes what rsync makes" same_tree "$T/r" "$T/z"
}
more=()
like_rsync host:www/a
like_rsync host:www/a/one
like_rsync host:www/./a
like_rsync host:www/./a/deep/ host:etc/five
like_rsync "host:$HOME/./www/a/one" "host:$HOME/./etc"
like_rsync host:./www/b
like_rsync host:www/./
more=(--exclude=deep)
like_rsync host:www
more=(-n)
like_rsync host:www
is "$(ls "$T/z")" stays "a dry run makes nothing"

runs_with 0 "an absolute path" "$ZCSYNC" pull -e "$rsh" -R "host:$HOME/etc" "$T/abs"
ok "is all of it" same_tree "$HOME/etc" "$T/abs$HOME/etc"
runs_with 1 "DEST below SRC" "$ZCSYNC" pull -e "$rsh" -R "host:$T" "$T/z/in"
like "$err" "is in the source" "is refused"
runs_with 0 "a home" "$ZCSYNC" pull -e "$rsh" -R "host:~/www/b" "$T/h"
is "$(cd "$T/h" && find . -type f)" ./www/b/three "is where the path begins"

mkdir -p "$T/d/www/a" "$T/d/etc"
touch "$T/d/www/a/old" "$T/d/www/stays" "$T/d/etc/stays"
runs_with 0 "--delete" "$ZCSYNC" pull -e "$rsh" -R --delete host:www/a host:www/b "$T/d"
is "$(cd "$T/d" && find . -type f | sort | xargs)" \
    "./etc/stays ./www/a/deep/two ./www/a/one ./www/b/three ./www/stays" \
    "deletes in SRC, and not on the way"
runs_with 1 "one below another, of two hosts" "$ZCSYNC" pull -e "$rsh" -R --delete \
    host:www other:www/a "$T/d"
one_sentence "with --delete SRC host:www and other:www/a" "is refused"
runs_with 23 "a SRC that is not there" "$ZCSYNC" pull -e "$rsh" -R --delete \
    host:www/none "$T/d"
like "$err" 'www/none.*No such file' "is named"
ok "and nothing is deleted" [ -e "$T/d/www/a/one" ]
runs_with 1 ".." "$ZCSYNC" pull -e "$rsh" -R host:www/../etc "$T/d"
one_sentence '".." is not allowed' "is refused"

# ---- a share ---------------------------------------------------------------------

start_serve --readable s="$HOME" || bail "no server"
for src in s/www/a s/www/./a s/./www/a; do
    rm -rf "$T/z" "$T/r"
    mkdir "$T/z" "$T/r"
    runs_with 0 "of a share: $src" "$ZCSYNC" pull -R --port="$port" "127.0.0.1::$src" "$T/z"
    rsync -aHAX -R "./${src#s/}" "$T/r"
    touch -d @1500000000 "$T/z" "$T/r"
    ok "makes what rsync makes of ${src#s/}" same_tree "$T/r" "$T/z"
done

# ---- behind a symlink, below a file ------------------------------------------------

for path in www/to-a/one www/four/x; do
    rm -rf "$T/z"
    runs_with 23 "pull -R $path" "$ZCSYNC" pull -e "$rsh" -R "host:$path" "$T/z"
    like "$err" "could not send what is listed (behind|below) it" "says why not"
    rm -rf "$T/z"
    echo "$path" >"$T/list"
    runs_with 23 "a list with $path" "$ZCSYNC" push --files-from="$T/list" "$HOME" "$T/z"
    like "$err" "could not send what is listed (behind|below) it" "says so, too"
    runs_with 0 "--ignore-missing-args" "$ZCSYNC" push --ignore-missing-args \
        --files-from="$T/list" "$HOME" "$T/z"
done
rm -rf "$T/z"
echo www/to-a/one >"$T/list"
runs_with 0 "with -L" "$ZCSYNC" push -L --files-from="$T/list" "$HOME" "$T/z"
is "$(cat "$T/z/www/to-a/one")" www/a/one "it is sent"
done_testing
