#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Mirrors that would undo each other's work for ever are refused, with a sentence
# that names both, by check-config, at a start and at a reload; those that only
# look like it are not.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"

need perl
mkdir "$T/a" "$T/b" "$T/real"
ln -s real "$T/link"
fights="and each would undo what the other one does"

# two A-TO B-TO [LINE...]: a configuration of two mirrors; the lines are b's
two()
{
    local a=$1 b=$2
    shift 2
    printf '%s\n' "[peer web]" "address = web.example.com" "[mirror a]" \
        "path = $T/a" "to = $a" "[mirror b]" "path = $T/b" "to = $b" "$@" \
        >"$T/conf"
}
wrong() # SENTENCE A-TO B-TO [LINE...]
{
    two "${@:2}"
    runs_with 1 "$2 and $3 are refused" "$ZCSYNC" check-config "$T/conf"
    is "$err" "zcsync: $T/conf:8: to: $1" "with a sentence"
}
right() # A-TO B-TO [LINE...]
{
    two "$@"
    runs_with 0 "$1 and $2 are fine" "$ZCSYNC" check-config "$T/conf"
    is "$(grep -v ' warning: ' <<<"$err")" "" "without complaint"
}
same() { echo "'$2' is $1 '$3' in line 5, of [mirror a], $fights"; }

wrong "$(same "the same place as" "$T/to" "$T/to")" "$T/to" "$T/to"
wrong "$(same "the same place as" "$T//./to/" "$T/to")" "$T/to" "$T//./to/"
wrong "$(same "the same place as" "$T/to" "$T/to")" "$T/x, $T/to" "$T/y, $T/to"
wrong "$(same "the same place as" "$T/link" "$T/real")" "$T/real" "$T/link"
wrong "$(same "the same place as" "$T/link/new" "$T/real/new")" \
    "$T/real/new" "$T/link/new"
wrong "$(same inside "$T/to/b" "$T/to")" "$T/to" "$T/to/b"
wrong "$(same around "$T" "$T/to/b")" "$T/to/b" "$T" "one file system = yes"
wrong "$(same "the same place as" web::s web::s)" web::s web::s
wrong "$(same "the same place as" zcsync://web.example.com:8730/s web::s)" \
    web::s zcsync://web.example.com:8730/s
wrong "$(same "the same place as" zcsync://Web.Example.com./s web::s)" \
    web::s zcsync://Web.Example.com./s
wrong "$(same inside web::s/sub/b web::s/sub)" web::s/sub web::s/sub/b
wrong "$(same around web::s web::s/b)" web::s/b web::s
wrong "$(same "the same place as" "$T/to" "$T/to")" "$T/to" "$T/to" "delete = no"
wrong "'$T/a' is the path of [mirror a], whose 'to' in line 5 is the path of this one, $fights" \
    "$T/b" "$T/a"

right "$T/to" "$T/to2"
right "$T/to/a" "$T/to/b"
right "web::s" "web::s2"
right "web::s/a" "web::s/b"
right "web::s" "other::s"
right "web::s" "zcsync://web.example.com:8731/s"
right "$T/to/b" "$T/to" "exclude = /b/"
right "$T/to/b/c" "$T/to" "exclude = /b"
right "$T/to/b" "$T/to" "filter = protect /b"
right "$T/to/b" "$T/to" "delete = no"
wrong "$(same around "$T/to" "$T/to/b")" "$T/to/b" "$T/to" "exclude = /bc"
right "$T/b" "$T/to"

printf '%s\n' "[mirror a]" "path = $T/a" "delete = no" "to = $T/to" "[mirror b]" \
    "path = $T/b" "delete = no" "to = $T/to" >"$T/conf"
runs_with 0 "two that do not delete may share one" "$ZCSYNC" check-config "$T/conf"
printf '%s\n' "[mirror a]" "path = $T/a" "to = $T/to, $T/to/b" >"$T/conf"
runs_with 1 "two of one mirror, one inside the other" "$ZCSYNC" check-config "$T/conf"
one_sentence "conf:3: to: '$T/to/b' is inside '$T/to' in line 3" "are refused"
printf '%s\n' "[share s]" "path = $T/link" "[mirror a]" "path = $T/a" "to = $T/real" >"$T/conf"
runs_with 1 "a share as a destination" "$ZCSYNC" check-config "$T/conf"
one_sentence "conf:5: to: '$T/real' is also the path of .share s. in line 1" "is refused"
sed '/^\[mirror/i read only = yes' "$T/conf" >"$T/conf.2"
runs_with 0 "but not a read-only one" "$ZCSYNC" check-config "$T/conf.2"
sed '/^\[mirror/a delete = no' "$T/conf" >"$T/conf.2"
runs_with 0 "nor for a mirror that does not delete" "$ZCSYNC" check-config "$T/conf.2"

conf "[mirror a]" "path = $T/a" "to = $T/to"
start_daemon
waits --timeout=20 a
conf "[mirror a]" "path = $T/a" "to = $T/to" "[mirror b]" "path = $T/b" "to = $T/to"
reloads
like "$(grep "going on as before" "$daemon_log")" "same place as '$T/to'" \
    "a reload refuses it"
waits --timeout=20 a
is "$rc" 0 "and goes on as before"
stop_daemon
runs_with 1 "and so does a start" "$ZCSYNCD" --config="$T/conf"
done_testing
