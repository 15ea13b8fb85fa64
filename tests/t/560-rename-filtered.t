#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A directory that is renamed at the source takes nothing along at the
# destination that a filter judges otherwise under the new name: what is excluded
# or protected stays where it is, and what is shown now comes.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need_mirror
cd "$T" || exit
backends=(inotify)
can_fanotify . && backends+=(fanotify)

mkdirs=
# begin OPTION...: releases in a, with uploads that only the destination has
begin()
{
    rm -rf a b && mkdir -p a b
    local d
    for d in current next; do
        mkdir -p "a/$d/lib/tmp" "a/$d/$mkdirs"
        echo "$d" >"a/$d/version"
        echo "$d" >"a/$d/lib/code"
    done
    rules=("$@")
    start_mirror --watch="$backend" "${rules[@]}" a b
    equal "$backend ${rules[*]}: at first"
    mkdir -p b/current/uploads b/current/lib/tmp
    echo precious >b/current/uploads/photo
    echo precious >b/current/lib/tmp/draft
}

equal()
{
    wait_until "${ZC_MIRRORED_S:-20}" quiet ||
        diag "$(differs)"
    ok "$1" quiet
}
quiet()
{
    [ -z "$(differs)" ]
}
# A directory with something excluded in it stays.
differs()
{
    rsync_diff a b --exclude=/.zcsync/ "${rules[@]}" |
        grep -v '^cannot delete non-empty directory: '
}

deploy() { mv a/current a/old && mv a/next a/current; }

kept() # PATH NAME
{
    is "$(cat "b/$1" 2>&1)" precious "$2"
}

for backend in "${backends[@]}"; do
    begin --exclude=/current/uploads/
    deploy
    equal "a deploy"
    kept current/uploads/photo "what was excluded is still there"
    nok "nor has it moved" [ -e b/old/uploads ]
    mv a/old a/older
    equal "a rename that no rule knows"
    mv a/current a/gone && mv a/older a/current
    equal "and back again"
    kept current/uploads/photo "still there"
    stop_mirror

    begin --exclude=current/uploads
    mkdir a/deep && deploy && mv a/old a/deep/current
    equal "a rule by the end of the path"
    kept current/uploads/photo "what was excluded is still there"
    stop_mirror

    mkdirs=uploads
    begin --exclude='/cur**/photo'
    mkdirs=
    deploy
    equal "a rule over slashes"
    kept current/uploads/photo "what was excluded is still there"
    stop_mirror

    begin --include=/old/uploads/ --include=/old/uploads/photo \
        --exclude=uploads --exclude=photo
    deploy
    equal "a rule that includes under the new name"
    kept current/uploads/photo "what was excluded is still there"
    stop_mirror

    printf '%s\n' '# rules' '- /current/uploads/' 'P /current/lib/tmp/*' >rules
    begin --filter=". rules"
    deploy
    equal "rules of a merge file"
    kept current/uploads/photo "what was excluded is still there"
    kept current/lib/tmp/draft "and what was protected"
    stop_mirror

    begin --filter='R /old/uploads/***' --filter='P uploads/***'
    deploy
    equal "a rule that risks under the new name"
    kept current/uploads/photo "what was protected is still there"
    stop_mirror

    # the other way round: hidden before, to be sent now, and watched from now on
    begin --filter='H /current/lib/tmp/***' --exclude=/current/uploads/
    rm -r b/current/lib/tmp && touch -r a/current/lib b/current/lib
    echo hidden >a/current/lib/tmp/x
    echo seen >a/current/y
    equal "something hidden"
    nok "is not sent" [ -e b/current/lib/tmp/x ]
    mv a/current a/old
    equal "under the new name it is not hidden"
    is "$(cat b/old/lib/tmp/x 2>&1)" hidden "and is sent"
    echo later >a/old/lib/tmp/later
    equal "and watched"
    is "$(cat b/old/lib/tmp/later 2>&1)" later "so what comes to it is sent"
    mkdir a/other a/other/lib && mkdir -p a/current/lib/tmp
    equal "a directory with the old name"
    perl -e 'exit(syscall($ARGV[0], -100, "a/current", -100, "a/other", 2) != 0)' \
        "$(uname -m | grep -q aarch64 && echo 276 || echo 316)" && {
        equal "they change places"
        echo after >a/other/lib/tmp/after
        equal "what is shown since then is watched"
        is "$(cat b/other/lib/tmp/after 2>&1)" after "and sent"
    }
    stop_mirror
    ok "no staging folder left" no_litter .
done

# A rename that no rule can tell apart is one at the destination, too.
rm -rf a b && mkdir -p a/one b && echo x >a/one/x
start_mirror --exclude='*.tmp' --exclude=/other/x a b
rules=(--exclude='*.tmp' --exclude=/other/x)
equal "a rename that no rule tells apart"
before=$(stat -c %i b/one/x)
mv a/one a/two
equal "is followed"
is "$(stat -c %i b/two/x)" "$before" "by a rename"
stop_mirror

# Without --delete the peer may have another directory of that name still.
rm -rf a b && mkdir -p a/one a/two b && echo longer >a/one/x && echo x >a/two/x
start_mirror --no-delete a b
rules=()
equal "without --delete"
rm -r a/two
more_only() { [ -z "$(rsync -aHAX --checksum -n -i a/ b/)" ]; }
ok "a removal" wait_until 20 more_only
mv a/one a/two
ok "a rename to where something else stayed" wait_until 20 more_only
is "$(cat b/two/x)" longer "is followed down to the files"
stop_mirror
done_testing
