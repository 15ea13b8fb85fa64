# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# For scenarios with a running mirror; sourced after lib.sh.

need_mirror()
{
    "$ZCSYNC" mirror --help >/dev/null 2>&1 ||
        skip_all "this zcsync has no mirror command"
}

# Whether this user and kernel can watch by fanotify: asked of the kernel, not
# of zcsync (FAN_REPORT_DFID_NAME | FAN_CLASS_NOTIF, then a file-system mark).
can_fanotify() # DIR
{
    perl -e '
        my ($dir) = @ARGV;
        my ($init, $mark) = (300, 301); # the same on x86-64 and arm64, or:
        ($init, $mark) = (262, 263) if `uname -m` =~ /^aarch64|^riscv/;
        my $fd = syscall $init, 0xc00, 0;
        exit 1 if $fd < 0;
        # FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_CREATE
        exit(syscall($mark, $fd, 0x101, 0x100, -100, $dir) < 0);' "$1"
}

# ---- mirrors -----------------------------------------------------------------

mirrors=0
declare -a mirror_as=()

# start_mirror [OPTION...] SRC DEST...: $mirror_pid; output in $mirror_log.{out,err}
start_mirror()
{
    local pid
    mirrors=$((mirrors + 1))
    mirror_log=$T/log/mirror.$mirrors
    background "mirror.$mirrors" "${mirror_as[@]}" "$ZCSYNC" mirror "$@"
    mirror_pid=$pid
}

# Leaves its exit code in $rc.
stop_mirror()
{
    tell_to_end "$mirror_pid"
    reap "$mirror_pid" "${1:-20}"
}

mirror_runs() { ! gone_or_zombie "$mirror_pid"; }

# ---- being equal -------------------------------------------------------------

# What is cheap to ask again and again, and mostly right.
looks_equal() # A B
{
    local d
    d=$(rsync -aHAX --numeric-ids --modify-window=-1 -n -i --delete \
        --exclude=/.zcsync/ --filter='-x trusted.SGI_ACL_*' --filter='-x system.*' \
        "$1/" "$2/" 2>&1)
    [ -z "$d" ] && return
    sleep 0.1
    return 1
}

# becomes_equal SECONDS A B NAME: within that time, with nobody's help
becomes_equal()
{
    wait_until "$1" looks_equal "$2" "$3" ||
        diag "not equal after $1 s: $(mirror_said)"
    ok "$4" same_tree_soon "$2" "$3"
}

# mirrored A B: B is soon equal to A, to the byte; for between two steps, while
# the receiver keeps its staging folder.
mirrored()
{
    wait_until "${ZC_MIRRORED_S:-20}" looks_equal "$1" "$2" &&
        same_tree_but_staging "$1" "$2" && return
    rsync_diff "$1" "$2" --exclude=/.zcsync/ | head -n 20
    mirror_said
    return 1
}

# does NAME COMMAND...: what it does to a, a mirror does to b
does()
{
    local name=$1
    shift
    ok "$name, here" "$@"
    ok "$name, there" mirrored a b
}

same_tree_but_staging()
{
    [ -z "$(rsync_diff "$1" "$2" --exclude=/.zcsync/)" ]
}

# As same_tree, with the mirror's session still open: its staging folder is there.
same_mirrored_tree() { judged_equal "$1" "$2" not_staging "" --exclude=/.zcsync/; }

not_staging() { grep -av -e '^\(\./\)\?\.zcsync[ /]' -e '^# file: \.zcsync'; }

# The last metadata may be under way while the names are there already.
same_tree_soon()
{
    same_mirrored_tree "$1" "$2" || { sleep 1 && same_mirrored_tree "$1" "$2"; }
}

mirror_said()
{
    tail -n 5 "$mirror_log.out" "$mirror_log.err" 2>/dev/null | cut -c 1-300
}

# A new name at the source that shows up there: the mirror is alive and watching.
shows_up() # SECONDS SRC DEST
{
    local name=.alive.$RANDOM$RANDOM there
    echo "$name" >"$2/$name"
    wait_until "$1" [ -e "$3/$name" ]
    there=$?
    rm "$2/$name"
    return $there
}

# What the mirror leaves at the destination when it is not at work there.
no_litter_soon() { wait_until 15 no_litter "$1" && no_litter "$1"; }
