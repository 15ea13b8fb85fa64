#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every usage error is one sentence and exit 1; --help and the man page list
# the same options, and the program takes every one of them.
. "$(dirname "$0")/lib.sh"

need perl
man=$here/../../man/zcsync.1
mkdir "$T/a" "$T/b" "$T/c"
echo x >"$T/a/x"
cd "$T" || exit

# ---- sentences -----------------------------------------------------------------

# With sanitizers each takes a tenth of a second, and some of them will do.
tried=0
one_in_six() { [ "${ZC_SANITIZE:-no}" = no ] || [ $((tried++ % 6)) = 0 ]; }

wrong() # REGEX ARGUMENT...
{
    local regex=$1
    shift
    one_in_six || return
    runs_with 1 "zcsync $*" "$ZCSYNC" "$@"
    one_sentence "$regex" "one sentence, with $regex"
    is "$out" "" "and nothing on standard output"
}
wrong 'zcsync push.*help'
wrong 'nonsense.*help' nonsense
wrong '--nonsense' --nonsense
wrong 'zcsync push -a' -a a b
wrong 'zcsync push' a b
wrong 'nonsense' help nonsense
wrong 'nonsense' version nonsense
for command in push diff verify; do
    wrong "zcsync $command: SRC and DEST.*help" $command
    [ $command != diff ] || wrong "zcsync $command: DEST.*help" $command a
    wrong "zcsync $command: unknown option --nonsense.*zcsync $command --help" \
        $command --nonsense a b
    wrong 'unknown option --dry' $command --dry a b
    wrong 'option --munge-links is not supported: symlinks' $command --munge-links a b
    wrong "--delta: 'some' is none of auto, aligned, off" $command --delta=some a b
    wrong "--compress: 'lots' is none of auto" $command --compress=lots a b
    wrong "--compress-choice: 'lzma' is none of" $command --zc=lzma a b
    wrong "--compress-level: 'much' is not" $command --zl=much a b
    wrong 'option --iconv is not supported: names' $command --iconv=utf8 a b
    wrong 'password-file is not supported: .*keygen' $command --password-file=x a b
    wrong 'option --dry-run takes no value' $command --dry-run=yes a b
    wrong 'option --no-times takes no value' $command --no-times=1 a b
    wrong 'option --exclude needs a value' $command a b --exclude
    wrong 'option -f needs a value' $command a b -nf
    wrong '--no-quiet' $command --no-quiet a b
    wrong 'timeout.*soon' $command --timeout=soon a b
    wrong 'contimeout.*-1' $command --contimeout=-1 a b
    wrong 'chown' $command --chown=: a b
    wrong 'chmod.*"?sticky|sticky' $command --chmod=sticky a b
    wrong 'filter.*nonsense' $command --filter='nonsense x' a b
    wrong "--info: 'stat2' is none of rsync's words" $command --info=progress2,stat2 a b
    wrong '--out-format: %C is not supported' $command --out-format='%n %C' a b
    wrong '--out-format' $command --out-format='%n %' a b
    wrong 'a/ has to stand alone' $command --delete a/ c b
    wrong 'files-from' $command --files-from=/dev/null a c b
    wrong 'files-from' $command --files-from=/dev/null a/x b
    wrong "SRC host:path is on another host: 'zcsync pull'" $command a host:path b
    wrong 'host::' $command a host::
    wrong '-e: there is no program' $command -e ' ' a host:path
    wrong "a quote does not end" $command -e "'x" a host:path
    wrong '--remote-command' $command --remote-command= a host:path
done
wrong "SRC host::share is on another host: 'zcsync pull'" push host::share b
for command in diff pull; do
    wrong 'both on other hosts' $command host::share h:b
    wrong 'SRC a is on this machine' $command host::share a b
    wrong 'on another host.*says itself' $command --require-mount=src h::s b
    wrong '--delete and several' $command --delete h:a h:b/ b
    wrong '--files-from' $command --files-from=/dev/null h:a h:b b
done
wrong 'bwlimit.*fast' push --bwlimit=fast a b
wrong 'max-delete.*most' push --max-delete=most a b
wrong 'fsync.*often' push --fsync=often a b
wrong 'mover.*pigeon' push --mover=pigeon a b
for option in --bwlimit=1 --max-delete=1 --force-delete --fsync=none --mover=auto; do
    wrong "${option%%=*} has no meaning for 'zcsync diff'" diff $option a b
done
is "$(ls b)" "" "none of this did anything"

wrong 'zcsync serve: NAME=PATH' serve
wrong "'a' is not NAME=PATH" serve a
wrong "'=a' is not NAME=PATH" serve =a
wrong "'a=' is not NAME=PATH" serve a=
wrong 's.*twice' serve s=a s=b
wrong 'name of a share' serve x/y=a
wrong 'name of a share' serve ..=a
wrong 'name of a share' serve x:y=a
wrong 'stdio' serve --stdio --listen 127.0.0.1:0 s=a
wrong 'stdio' serve --stdio --plain s=a
wrong 'timeout' serve --timeout=soon s=a
wrong 'unknown option --nonsense' serve --nonsense s=a
wrong 'plain' serve --listen 0.0.0.0:0 s=a

# ---- help and the man page -------------------------------------------------------

# The options in a --help text, one a line, sorted.
help_options()
{
    perl -ne 'next unless /^ {2,6}-/;
        print "$1\n" if /^  (-[\w@])/;
        print "--no-$1\n" if /^  -\w, --no-(\w)/;
        next unless /^ {2,6}(?:-[\w@], )?--(\[no-\])?([a-z0-9][\w-]*)/;
        print "--$2\n" if $2 !~ /^no-/;
        print "--no-$2\n" if $1' | sort -u
}

# The options in the lists of a section of the man page; with SKIP, without the
# entries that start with that line.
man_options() # SECTION [SKIP]
{
    perl -e 'my ($section, $skip) = (shift, shift // "none");
        my ($in, @found);
        while (<>) {
            $in = $1 eq $section if /^\.Sh (.*)/;
            @found = () if $in && $_ eq "$skip\n";
            @found = () if $in && $skip =~ m,push, && /^.Pq push and pull$/;
            print "$_\n" for @found;
            @found = ();
            next unless $in && /^\.It Fl (.*)/;
            for my $name (split / , /, $1) {
                $name =~ s/^Fl //;
                push @found, "-$1" if $name =~ /^(\S+)/;
            }
        }' "$1" "${2:-}" "$man" | sort -u
}

same_options() # COMMAND SECTION [SKIP]
{
    runs_with 0 "$1 --help" "$ZCSYNC" "$1" --help
    is "$err" "" "is no error"
    local shown=$out
    is "$(help_options <<<"$shown")" "$(man_options "$2" "${3:-}")" \
        "the man page lists what $1 --help lists"
    runs_with 0 "help $1" "$ZCSYNC" help "$1"
    is "$out" "$shown" "shows the same"
    is "$(awk 'length > 80' <<<"$shown")" "" "in 80 columns"
}
same_options push "PUSH AND DIFF OPTIONS"
ok "there are many" [ "$(help_options <<<"$out" | wc -l)" -gt 60 ]
same_options diff "PUSH AND DIFF OPTIONS" ".Pq push"
same_options pull "PUSH AND DIFF OPTIONS"
runs_with 0 "verify --help" "$ZCSYNC" verify --help
is "$(help_options <<<"$out")" \
    "$({
        man_options "PUSH AND DIFF OPTIONS" |
            grep -vE -e '^(-I|--((no-)?append(-verify)?|(no-)?ignore-times|size-only|(copy|link|compare)-dest|(no-)?remove-source-files))$'
        man_options "VERIFY OPTIONS"
    } | sort -u)" "the man page lists what verify --help lists"
is "$(awk 'length > 80' <<<"$out")" "" "in 80 columns"
# The options of rsync's that are refused, as the source has them.
refused_options()
{
    perl -ne 'print $1 ? "-$1\n" : (), "--$2\n"
        while /\{(?:.(\w).|0), "([\w-]+)"/g' "$here/../../src/cli/rsync_opts.c" | sort -u
}
is "$(sed -n '/^.Ss Refused from rsync/,/^.Sh/s/^.It Fl //p' "$man" |
    sed 's/ , Fl /\n/g' | sed 's/^/-/; s/ .*//' | sort -u)" "$(refused_options)" \
    "the man page lists what is refused of rsync's"
same_options serve "SERVE OPTIONS"
same_options ls "LS OPTIONS"
same_options status "STATUS OPTIONS"
same_options wait "WAIT OPTIONS"
same_options rescan "RESCAN OPTIONS"
wrong 'zcsync rescan: takes one MIRROR' rescan
wrong 'zcsync rescan: takes one MIRROR' rescan a b c
same_options restore "RESTORE OPTIONS"
wrong 'zcsync restore: takes one SHARE' restore
wrong 'zcsync restore: takes one SHARE' restore a b c
for command in pause resume release; do
    same_options $command "PAUSE, RESUME AND RELEASE OPTIONS"
    wrong "zcsync $command: takes one MIRROR" $command
    wrong "zcsync $command: takes one MIRROR" $command a b
done
runs_with 0 "mirror --help" "$ZCSYNC" mirror --help
is "$(help_options <<<"$out")" \
    "$({
        man_options "PUSH AND DIFF OPTIONS" ".Pq push and diff"
        man_options "MIRROR OPTIONS"
    } | sort -u)" "the man page lists what mirror --help lists"
is "$(awk 'length > 80' <<<"$out")" "" "in 80 columns"
runs_with 0 "push -h" "$ZCSYNC" push -h
like "$out" '--dry-run' "alone is --help"
runs_with 0 "--help" "$ZCSYNC" --help
for command in push ls diff verify mirror serve status wait rescan pause resume release restore keygen \
    help version; do
    like "$out" "zcsync $command" "names $command"
    ok "and so does the man page" grep -q "^\.It Cm $command\$" "$man"
done

value_of() # OPTION: something it takes
{
    case $1 in
    --chown) echo "$(id -u):$(id -g)" ;;
    --chmod) echo u+r ;;
    --fsync) echo none ;;
    --mover) echo auto ;;
    --require-mount) echo /proc ;;
    --require-file) echo / ;;
    --usermap | --groupmap) echo '*:0' ;;
    --suite) echo AES-256-GCM ;;
    --ssh-data) echo tunnel ;;
    --info) echo progress2 ;;
    --debug) echo all ;;
    --log-format | --log-file-format) echo %n ;;
    --log-file | --config) echo /dev/null ;;
    --stop-at) echo 23:59 ;;
    --*-dest) echo / ;;
    --compress | --compress-choice | --zc) echo zstd ;;
    --delta) echo aligned ;;
    --filter | -f) echo '- *.o' ;;
    --*-from) echo /dev/null ;;
    --remote-option) echo --fake-super ;;
    *) echo 7 ;;
    esac
}
# Each is tried alone, with what it needs beside it.
takes_all() # COMMAND
{
    local help option value bad=""
    local -a more
    help=$("$ZCSYNC" "$1" --help)
    for option in $(help_options <<<"$help"); do
        one_in_six || continue
        value=
        [[ $help =~ $'\n'[^$'\n']*--(\[no-\])?${option#--}= ]] &&
            value=$(value_of "$option")
        case $option:$value in
        -@:*) more=(-n -@ -1) ;;
        -e:*) more=(-n -e ssh) ;;
        -f:*) more=(-n -f "$(value_of -f)") ;;
        --no-recursive:) more=(-n -d --no-recursive) ;;
        -M:*) more=(-n -M--super) ;;
        -B:*) more=(-n -B 7) ;;
        --usermap:* | --groupmap:*) more=(-n "$option=$value") ;; # for root
        *:?*) more=("$option=$value") ;;
        *) more=(-n "$option") ;;
        esac
        err=$("$ZCSYNC" "$1" "${more[@]}" a b 2>&1 >/dev/null </dev/null)
        [ -z "$err" ] || bad+="$option: $err"$'\n'
    done
    is "$bad" "" "$1 takes each of them"
}
takes_all push
takes_all diff
done_testing
