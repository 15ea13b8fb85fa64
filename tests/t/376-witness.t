#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The tools that judge mirrors are right themselves: churn does the same again
# for the same seed, all it leaves is whole, and witness sees what is not;
# latency counts what is lost.
. "$(dirname "$0")/lib.sh"
. "$here/lib-churn.sh"

need_tools churn witness latency
mkdir "$T/a" "$T/b"
names() { (cd "$1" && find . -printf '%P %y %m %U %s\n' | grep -v ' l ' | sort); }
for d in a b; do
    runs_with 0 "churn" "$churn" --seed 42 --ops 3000 --rate 0 "$T/$d"
done
is "$(names "$T/a" | grep -v ' d ')" "$(names "$T/b" | grep -v ' d ')" \
    "the same seed does the same"
runs_with 0 "what churn left is whole" "$witness" --once "$T/a"
unlike "$out" '^0 files' "and is something"

mkdir "$T/w"
torn() # NAME: $T/w/f is
{
    run "$witness" --once "$T/w"
    is "$rc" 1 "$1"
    like "$out" '^torn: .*/w/f' "$1: is named"
}
"$churn" --rewrite "$T/v1" --size 9999 --ops 1 >"$T/log/ops"
cp "$T/v1" "$T/v2"
"$churn" --rewrite "$T/v2" --size 9999 --ops 2 >"$T/log/ops"
nok "two versions" cmp -s "$T/v1" "$T/v2"
cp "$T/v1" "$T/w/f"
runs_with 0 "one of them is whole" "$witness" --once "$T/w"
(head -c 4096 "$T/v1" && tail -c +4097 "$T/v2") >"$T/w/f"
torn "the beginning of one, the end of the other"
head -c 6400 "$T/v1" >"$T/w/f"
torn "a part"
head -c 9998 "$T/v1" >"$T/w/f"
torn "all but a byte"
(cat "$T/v1" && echo) >"$T/w/f"
torn "a byte more"
(head -c 4096 "$T/v1" && head -c 4096 /dev/zero && tail -c +8193 "$T/v1") >"$T/w/f"
torn "zeros in it"
head -c 9999 /dev/zero >"$T/w/f"
torn "nothing but zeros"
head -c 30 "$T/v1" >"$T/w/f"
torn "less than a record"
: >"$T/w/f"
runs_with 0 "an empty file is whole" "$witness" --once "$T/w"

# a log: the longest that churn left
size=0 log=
while IFS= read -rd '' one; do
    new=$(stat -c %s "$one")
    [ "$new" -le "$size" ] || size=$new log=$one
done < <(grep -rlaZ 'ZCZlog' "$T/a")
cp "$log" "$T/w/f"
runs_with 0 "a log is whole" "$witness" --once "$T/w"
ok "of some length" [ "$size" -gt 640 ]
head -c -64 "$log" >"$T/log/cut"
last=$(perl -e 'seek STDIN, -64, 2; read STDIN, $_, 64;
    print((unpack "Q<8")[4])' <"$log")
cp "$T/log/cut" "$T/w/f"
if [ "$last" -gt 1 ]; then
    torn "a log that ends within a batch"
else
    skip 2 "the last batch of the log is one record"
fi
(head -c 64 "$log" && cat "$log") >"$T/w/f"
torn "a log with something twice"
tail -c +65 "$log" >"$T/w/f"
torn "a log without its beginning"
echo junk >>"$T/w/.f" && rm "$T/w/f"
runs_with 0 "temporary names are not looked at" "$witness" --once "$T/w"

mkdir "$T/l"
ln -s l "$T/same"
runs_with 0 "latency where nothing takes time" "$built/latency" --rate 200 \
    --seconds 1 --dirs 3 --json "$T/l" "$T/same"
like "$out" '"files": 400, "lost": 0,.*"p99_ms": ' "counts"
runs_with 0 "by polling" "$built/latency" --rate 200 --seconds 1 --poll \
    --rename "$T/l" "$T/same"
like "$out" '^400 files, 0 lost' "counts"
runs_with 0 "sustained" "$built/latency" --rate 2000 --seconds 1 \
    --sustained --json "$T/l" "$T/same"
like "$out" '"files": 2000, "lost": 0,.*"behind_s": ' "counts"

# a mirror that makes directories, and no more
mkdir "$T/m"
dirs_only()
{
    while :; do
        rsync -r --include='*/' --exclude='*' "$T/l/" "$T/m/"
        sleep 0.1
    done
}
background dirs dirs_only
runs_with 1 "what never arrives" "$built/latency" --rate 100 --seconds 0.5 \
    --wait 0.5 "$T/l" "$T/m"
like "$out" '^150 files, 150 lost' "is counted"
kill "$pid"
done_testing
