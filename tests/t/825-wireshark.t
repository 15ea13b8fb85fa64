#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# contrib/wireshark/zcsync.lua knows all messages of proto.h, and takes captured
# sessions apart: one in plain, down to fields, and of a sealed one what can be seen.
. "$(dirname "$0")/lib.sh"
need_no_sanitizers "nothing of it is ours at run time"

top=${TOP_SRCDIR:-$here/../..}
lua=$top/contrib/wireshark/zcsync.lua
is "$(sed -nE 's/^    \[([0-9]+)\] = \{"([A-Z]+)".*/\2 = \1/p' "$lua" | sort)" \
    "$(sed -nE 's/^    ZC_FRAME_([A-Z]+) = ([0-9]+),/\1 = \2/p' \
        "$top/src/proto/proto.h" | sort)" "it names the messages that there are"
if ! command -v tshark >/dev/null; then
    skip 6 "tshark is not installed"
    done_testing
fi

# dissect PCAP FIELD...: a line for each packet of ours
dissect()
{
    local pcap=$1 field
    local -a fields=()
    shift
    for field; do fields+=(-e "$field"); done
    HOME=$T timeout 60 tshark -2 -X lua_script:"$lua" -T fields "${fields[@]}" \
        -r "$top/contrib/wireshark/$pcap" -Y zcsync 2>"$T/log/tshark"
}
got=$(dissect plain.pcap tcp.srcport _ws.col.Info zcsync.seq zcsync.text zcsync.raw \
    _ws.malformed)
[ -n "$got" ] || { grep -qi lua "$T/log/tshark" && skip_all "tshark has no Lua"; }
unlike "$(<"$T/log/tshark")" 'Lua.*[Ee]rror' "it runs"
numbers() # SENDER'S WAY: a pattern for the source port
{
    awk -F '\t' -v way="$1" '($1 == 8730) == way { print $3 }' <<<"$got" |
        tr ',' '\n' | grep .
}
is "$(numbers 0)" "$(seq "$(numbers 0 | wc -l)")" "no frame of the sender is left out"
is "$(numbers 1)" "$(seq "$(numbers 1 | wc -l)")" "nor of the receiver"
is "$(awk -F '\t' 'NR > 2 { print $2 }' <<<"$got" | tr -d ' ' | tr ',' '\n' |
    grep -cxE 'OPEN|OPENED|DATA|bytes|SENT|GOT|END|RESULT|DONE|FINISHED')" 10 \
    "what a file with a hole is made of"
like "$got" $'\twww,' "the share is read"
got=$(dissect sealed.pcap zcsync.security zcsync.record zcsync.seq)
is "$(cut -f 3 <<<"$got" | grep -c .)" 0 "in a sealed session there are no frames"
ok "but records" [ "$(cut -f 2 <<<"$got" | grep -c .)" -gt 5 ]
done_testing
