#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# zcsync.conf: whatever is wrong, check-config says it in one sentence with file
# and line, and exits 1.
. "$(dirname "$0")/lib.sh"

conf=$T/zcsync.conf
check() { run "$ZCSYNC" check-config "$conf"; }

# refused LINE SENTENCE: what is in the file is refused for that
refused()
{
    check
    is "$rc" 1 "exit 1: $2"
    is "$err" "zcsync: $conf:$1: $2" "with one sentence"
    is "$out" "" "and nothing on standard output"
}

# wrong LINE SENTENCE TEXT: so is TEXT, a format of printf
wrong()
{
    # shellcheck disable=SC2059
    printf "$3" >"$conf"
    refused "$1" "$2"
}

# wrong_key SECTION KEY SENTENCE: so is that line, in a section that is right
wrong_key()
{
    case $1 in
    daemon) printf '[daemon]\n%s\n' "$2" ;;
    peer) printf '[peer p]\n%s\naddress = h\n' "$2" ;;
    share) printf '[share s]\n%s\npath = /s\n' "$2" ;;
    web) printf '[web]\n%s\n' "$2" ;;
    mirror) printf '[mirror m]\n%s\npath = /m\nto = h::m\n' "$2" ;;
    esac >"$conf"
    refused 2 "$3"
}

# ---- lines -------------------------------------------------------------------

wrong 3 "'and more of it' is not KEY = VALUE" \
    '[share s]\npath = /s\n  and more of it\n'
wrong 3 "[share t] has no key 'path'" \
    '[share s]\npath = /s\n\t[share t]\n'
wrong 2 "'path /s' is not KEY = VALUE" \
    '[share s]\npath /s\n'
wrong 2 "'path: /s' is not KEY = VALUE" \
    '[share s]\npath: /s\n'
wrong 2 "there is no key before the '='" \
    '[share s]\n= /s\n'
wrong 1 "the section has no ']' at its end" \
    '[share s\npath = /s\n'
wrong 1 "' # mine' follows the section's ']'" \
    '[share s] # mine\npath = /s\n'
wrong 2 "the key 'path' stands before the first [section]" \
    '# x\npath = /s\n'
wrong 2 "there is a NUL byte in the line" \
    '[share s]\npath = /s\0/t\n'
wrong 2 "there is a control character (0x1b) in the line" \
    '[share s]\npath = /s\033[m\n'
wrong 1 "there is a control character (0x0d) in the line" \
    '[share s]\rpath = /s\n'
{ printf '[share s]\npath = /'; head -c 65536 /dev/zero | tr '\0' x; } >"$conf"
refused 2 "the line is longer than 65536 bytes"

# ---- sections ----------------------------------------------------------------

wrong 2 "there is no section [mirrors]; is [mirror] meant?" '\n[mirrors m]\n'
wrong 1 "there is no section [global]" \
    '[global]\n'
wrong 1 "there is no section []" \
    '[]\n'
wrong 1 "[daemon] takes no name" \
    '[daemon x]\n'
wrong 1 "[mirror] needs a name: [mirror NAME]" \
    '[mirror]\n'
wrong 1 "'a/b' cannot be the name of a share" \
    '[share a/b]\n'
wrong 1 "'..' cannot be the name of a share" \
    '[share ..]\n'
wrong 1 "'a@b' cannot be the name of a mirror" \
    '[mirror a@b]\n'
wrong 1 "'a b' cannot be the name of a peer" \
    '[peer a b]\n'
wrong 3 "[daemon] is there already, in line 1" \
    '[daemon]\n\n[daemon]\n'
for kind in 'peer x/address = h' 'share x/path = /s' \
    'mirror x/path = /m\nto = h::m'; do
    section=${kind%%/*} keys=${kind#*/}
    text="# 1\n[$section]\n$keys\n"
    line=$(($(printf "$text" | wc -l) + 1))
    wrong $line "[$section] is there already, in line 2" "${text}[$section]\n"
done
wrong 2 "[share s] has no key 'path'" \
    '[daemon]\n[share s]\nread only = yes\n'
wrong 1 "[mirror m] has no key 'path'" \
    '[mirror m]\nto = h::m\n'
wrong 1 "[mirror m] has no key 'to'" \
    '[mirror m]\npath = /m\n'

# ---- keys --------------------------------------------------------------------

wrong_key daemon 'listn = none' \
    "[daemon] has no key 'listn'; is 'listen' meant?"
wrong_key daemon 'path = /x' "[daemon] has no key 'path'"
wrong_key mirror 'max-delete = 1' \
    "[mirror NAME] has no key 'max-delete'; is 'max delete' meant?"
wrong_key mirror 'Delete = no' \
    "[mirror NAME] has no key 'Delete'; is 'delete' meant?"
wrong_key mirror 'remove source files = yes' "[mirror NAME] has no key 'remove\
 source files': a mirror would delete there what is removed here"
wrong_key mirror 'append = yes' "[mirror NAME] has no key 'append': a mirror makes\
 files equal, and sends only what a log has grown by anyway"
for key in inplace 'delay updates' 'ignore times' 'ignore errors' 'delete before'; do
    printf '[mirror m]\n%s = yes\npath = /m\nto = h::m\n' "$key" >"$conf"
    check
    like "$err" "has no key '$key': a mirror" "$key: it is said why not"
done
wrong_key share 'delete = no' "[share NAME] has no key 'delete'"
wrong_key mirror 'delete =' "'delete' has no value"
wrong_key mirror 'exclude =' "'exclude' has no value"
wrong 4 "'path' is there already, in line 2" \
    '[share s]\npath = /s\nread only = no\npath = /t\n'
wrong 4 "'to' is there already, in line 3" \
    '[mirror m]\npath = /m\nto = h::m\nto = i::m\n'

# ---- values ------------------------------------------------------------------

wrong_key daemon 'listen = [::1' "listen: \"[::1\" is no address: write\
 ADDR:PORT, ADDR or PORT, with IPv6 addresses in brackets"
for address in 0.0.0.0:8730 10.1.2.3 '[::]:8730' '[fe80::1%eth0]:1'; do
    wrong_key daemon "listen = $address" "listen: other hosts can reach\
 $address, and nothing is encrypted: give this daemon an 'identity' and each\
 share 'peers' with keys, or write 'security = plain' to allow that"
done
wrong_key web 'listen = /run/page' "listen: '/run/page' is a path: browsers take\
 an address"
wrong_key web 'listen = [::1' "listen: \"[::1\" is no address: write ADDR:PORT,\
 ADDR or PORT, with IPv6 addresses in brackets"
printf '[web]\nlisten = 0.0.0.0\n' >"$conf"
check
[[ $err == *"built without"* ]] ||
    for address in 0.0.0.0:8731 10.1.2.3 '[::]:1'; do
        wrong_key web "listen = $address" \
            "listen: other hosts can reach $address: a 'token file' is needed"
    done
wrong_key web 'token file = token' "token file: 'token' is not an absolute path"
for names in 'a:1' 'http://a' ',' 'a;b' 'ä'; do
    wrong_key web "host names = $names" "host names: '$names' are no names of\
 hosts: write NAME, NAME..., without ports"
done
wrong_key web 'hosts = a' "[web] has no key 'hosts'"
wrong 2 "[web] is there already, in line 1" '[web]\n[web]\n'
wrong 1 "[web] takes no name" '[web x]\n'
wrong_key daemon 'security = none' \
    "security: 'none' is not plain, the only value there is"
wrong_key daemon 'control = run/control' \
    "control: 'run/control' is not an absolute path"
long=/$(printf '%0107d' 0)
wrong_key daemon "control = $long" \
    "control: '${long:0:100}...' is longer than 107 bytes"
wrong_key daemon 'max connections = 0' \
    "max connections: 0 is not from 1 to 4096"
wrong_key daemon 'max connections = many' \
    "max connections: 'many' is not a whole number"
wrong_key daemon 'timeout = -1' "timeout: '-1' is not a whole number"
wrong_key daemon 'timeout = 99999999999999999999' \
    "timeout: 99999999999999999999 is not from 0 to 31622400"
for address in h:0 h:http ::1 h/s user@h :1 '[h]:1'; do
    wrong 2 "address: '$address' is neither HOST nor HOST:PORT (with IPv6\
 addresses in brackets)" "[peer p]\naddress = $address\n"
done
wrong 2 "path: 'srv/s' is not an absolute path" \
    '[share s]\npath = srv/s\n'
wrong 2 "path: '/srv/../s' has '..' in it" \
    '[share s]\npath = /srv/../s\n'
wrong_key share 'read only = true' "read only: 'true' is neither yes nor no"
wrong_key share 'fake super = 1' "fake super: '1' is neither yes nor no"
for keep in 30 '0 days' '30 dogs' 'days' '400 days' 'weekly' '-1 days' '1 2 days' \
    99999999999999999999d; do
    wrong_key share "keep = $keep" "keep: '$keep' is neither 'no' nor a time such as \
30 days or 12 hours, up to a year"
done
for keep in 30 '0 days' true never; do
    wrong_key share "partial = $keep" "partial: '$keep' is neither yes nor no, nor a time such \
as 30 days or 12 hours, up to a year"
done
for size in 0 much -1 10Q; do
    wrong_key share "partial size = $size" "partial size: '$size' is not a size such as 500M or 10G"
    wrong_key share "keep size = $size" "keep size: '$size' is not a size such as 500M or 10G"
done
for size in 0 0% 100% -1 much 1.234% 5%%; do
    wrong_key share "min free = $size" "min free: '$size' is neither a size such as 500M \
or 10G nor a part of the whole such as 1% or 2.5%"
done
for key in settle 'min interval'; do
    for time in x never 0 0s 25h 2x; do
        wrong_key mirror "$key = $time *.log" \
            "$key: '$time' is not a time such as 2s or 5m, up to a day"
    done
    wrong_key mirror "$key = 2s + *.log" "$key: '+ *.log' is not a pattern"
done
for where in share mirror; do
    wrong_key $where "on change = sh -c 'exit" \
        "on change: a quote does not end in: sh -c 'exit"
    wrong_key $where 'on change = ""' "on change: '\"\"' names no command"
    wrong_key $where 'on change user = root' \
        "'on change user' is for 'on change', which is not there"
    wrong_key $where 'on change pattern = *.c' \
        "'on change pattern' is for 'on change', which is not there"
    wrong_key $where 'on change user = no-such-user' \
        "on change user: there is no user no-such-user here"
    wrong_key $where 'on change timeout = soon' \
        "on change timeout: 'soon' is not a whole number"
done
wrong_key share 'plain users = root, no-such-user' \
    "plain users: there is no user no-such-user here"
wrong_key share 'plain users = root, any' "plain users: 'any' stands alone"
wrong_key share 'plain users = ,' "plain users: it names nobody"
wrong_key share 'trust = any' "trust: 'any' is neither yes nor no"
wrong_key mirror 'owner = maybe' "owner: 'maybe' is neither yes nor no"
wrong 1 "backup: suffix: 'a/b' cannot be the end of a name" \
    '[mirror m]\npath = /m\nto = h::m\nbackup = yes\nsuffix = a/b\n'
wrong_key mirror 'delete = 1' "delete: '1' is neither yes nor no"
wrong_key mirror 'max delete = half' "max delete: 'half' is not a whole number"
wrong_key mirror 'delta = some' \
    "delta: 'some' is none of auto, aligned, off"
wrong_key mirror 'mover = pigeon' \
    "mover: 'pigeon' is none of auto, readwrite, mmap, sendfile, splice, overlap, direct, zerocopy, uring"
wrong_key mirror 'fsync = often' \
    "fsync: 'often' is none of none, batch, file, behind"
wrong_key mirror 'existing = some' "existing: 'some' is neither yes nor no"
wrong_key mirror 'modify window = soon' \
    "modify window: 'soon' is not a number of seconds, nor -1"
wrong_key mirror 'usermap = root' "usermap: 'root': there is no ':' in it"
wrong_key mirror 'groupmap = 1-:2' \
    "groupmap: '1-': neither a name nor numbers"
wrong_key mirror 'watch = poll' \
    "watch: 'poll' is none of auto, inotify, fanotify"
wrong_key mirror 'bwlimit = fast' \
    "bwlimit: 'fast' is not a rate such as 800, 1.5M or 100KB"
wrong_key mirror 'compress = lz4' "compress: 'lz4' is none of auto, zstd, \
zstd:LEVEL (-100 to 19), off"
wrong_key mirror 'rescan = 0' "rescan: 0 is not from 1 to 31622400"
wrong_key mirror 'compare = 6x' "compare: '6x' is none of never, hourly, \
daily, weekly, nor a time such as 6h or 90m"
wrong_key mirror 'verify = often' "verify: 'often' is none of never, hourly, \
daily, weekly, nor a time such as 6h or 90m"
wrong_key mirror 'verify repair = some' "verify repair: 'some' is neither yes nor no"
wrong_key daemon 'state = here' "state: 'here' is not an absolute path"
wrong_key mirror 'drain = 3601' "drain: 3601 is not from 0 to 3600"
wrong_key mirror 'chown = :' "chown: ':' names neither a user nor a group"
wrong_key mirror 'chmod = sticky' \
    "chmod: \"sticky\" is not a list of mode changes"
wrong_key mirror 'filter = nonsense x' "$(
    run "$ZCSYNC" push --filter='nonsense x' a b
    echo "filter: ${err#zcsync push: }"
)"
wrong_key mirror 'exclude from = rules' \
    "exclude from: 'rules' is not an absolute path"
wrong_key mirror 'include from = -' \
    "include from: '-' is not an absolute path"
wrong_key mirror 'filter = merge rules' \
    "filter: 'rules' is not an absolute path"
wrong_key mirror 'filter = .,s -' "filter: '-' is not an absolute path"
wrong_key mirror "exclude from = $T/nowhere" "exclude from: could not open\
 $T/nowhere: No such file or directory"
printf '# x\n: x/y\n' >"$T/rules"
wrong_key mirror "filter = . $T/rules" "filter: $T/rules, line 2: filter rule\
 \": x/y\": $("$ZCSYNC" push --filter=': x/y' a b 2>&1 | sed 's,.*": x/y": ,,')"

# ---- destinations ------------------------------------------------------------

wrong_to() # TO SENTENCE
{
    wrong 2 "to: $2" "[mirror m]\nto = $1\npath = /m/n\n"
}
wrong_to 'h::m,' "there is nothing after a comma"
wrong_to 'h::m, , i::m' "there is nothing before a comma"
wrong_to 'h::' "cannot make sense of \"h::\": it names no share"
wrong_to 'h::s/../t' "cannot make sense of \"h::s/../t\": the path below the\
 share must be plain names joined by single slashes"
wrong_to 'zcsync://h:x/s' "cannot make sense of \"zcsync://h:x/s\": the port\
 must be a number from 1 to 65535"
wrong_to 'ssh://h' "cannot make sense of \"ssh://h\": there is no path behind\
 the host"
wrong_to 'ssh://h:0/srv' "cannot make sense of \"ssh://h:0/srv\": the port must\
 be a number from 1 to 65535"
wrong_to 'a@h:/srv, ssh://a@h/srv' \
    "'a@h:/srv' and 'ssh://a@h/srv' are the same place"
wrong_to 'h:/srv, b@h:/srv/x' "'b@h:/srv/x' is inside 'h:/srv' in line 2, of\
 [mirror m], and each would undo what the other one does"
wrong_key mirror 'ssh option = Port' "ssh option: 'Port' is not KEY=VALUE"
wrong_key mirror 'ssh option = =22' "ssh option: '=22' is not KEY=VALUE"
wrong_key mirror 'ssh data = fast' "ssh data: 'fast' is none of auto, direct,\
 tunnel"
wrong_key mirror 'ssh identity = id' "ssh identity: 'id' is not an absolute path"
wrong_to 'backup' "'backup' is not an absolute path"
wrong_to '/m/n' "'/m/n' is the mirror's own path"
wrong_to 'h::m, /m/./n//' "'/m/./n//' is the mirror's own path"
wrong_to '/m/n/o' "'/m/n/o' is inside the mirror's own path"
wrong_to 'h::m, i::m, zcsync://h/m' \
    "'h::m' and 'zcsync://h/m' are the same place"
wrong_to "$(printf 'h%d::m, ' {1..64})x::m" \
    "there are more than 64 destinations"
wrong 5 "to: 'p::m' and 'zcsync://h:1/m' are the same place" \
    '[peer p]\naddress = h:1\n[mirror m]\npath = /m\nto = p::m,zcsync://h:1/m\n'

# ---- files -------------------------------------------------------------------

head -c 1048577 /dev/zero | tr '\0' '\n' >"$conf"
check
is "$rc" 1 "a file that is too large: exit 1"
is "$err" "zcsync: $conf: the file is larger than 1 MiB" "with one sentence"
runs_with 1 "a file that is not there" "$ZCSYNC" check-config "$T/nowhere"
is "$err" "zcsync: $T/nowhere: No such file or directory" "with one sentence"
runs_with 1 "a directory" "$ZCSYNC" check-config "$T"
is "$err" "zcsync: $T: Is a directory" "with one sentence"
runs_with 1 "two files" "$ZCSYNC" check-config a b
one_sentence "zcsync check-config: .*'b'.*--help" "with one sentence"
runs_with 1 "an option it does not know" "$ZCSYNC" check-config --fix
one_sentence "unknown option --fix.*zcsync check-config --help" \
    "with one sentence"
done_testing
