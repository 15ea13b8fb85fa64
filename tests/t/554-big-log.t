#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A big file to which lines are appended all the time, opened for each: it is not
# read and sent for each of them, and what is beside it does not wait.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
. "$here/lib-process.sh"

need_mirror
size=30000000
mkdir "$T/a" "$T/b"
random_bytes $size >"$T/a/log"
start_mirror --fsync=none "$T/a" "$T/b"
ok "the mirror comes up" shows_up 20 "$T/a" "$T/b"

# all bytes that the mirror's processes have read
bytes_read()
{
    local pid all=0 n
    for pid in $(family "$mirror_pid"); do
        n=$(awk '$1 == "rchar:" {print $2}' "/proc/$pid/io" 2>/dev/null)
        all=$((all + ${n:-0}))
    done
    echo "$all"
}
echo first >>"$T/a/log"
same_tail() { [ "$(tail -c 9 "$T/a/log")" = "$(tail -c 9 "$T/b/log")" ]; }
ok "a line is there at once" wait_until 20 same_tail
before=$(bytes_read)
lines=0
end=$((SECONDS + 3))
while [ $SECONDS -lt $end ] || [ $lines -lt 20 ]; do
    echo "line $((lines += 1))" >>"$T/a/log"
    sleep 0.02
done
echo small >"$T/a/small"
ok "a small file does not wait" wait_until 20 cmp -s "$T/a/small" "$T/b/small"
ok "the last line comes, too" wait_until 20 same_tail
after=$(bytes_read)
diag "$lines lines, $(((after - before) / size)) times the file read"
ok "it was not read for each line" [ $(((after - before) / size)) -lt $((lines * 2)) ]
ok "equal" cmp "$T/a/log" "$T/b/log"

# rewritten in place, and grown: the old beginning is not believed
printf XXXX | dd of="$T/a/log" bs=1 seek=1000 conv=notrunc status=none
echo more >>"$T/a/log"
ok "the new beginning is there" wait_until 20 cmp -s "$T/a/log" "$T/b/log"
stop_mirror
like "$rc" "^(0|20)$" "ends"
done_testing
