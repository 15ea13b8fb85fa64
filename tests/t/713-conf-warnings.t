#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# check-config warns about what is right and probably not meant; blanks in front of
# sections and keys are nobody's business.
. "$(dirname "$0")/lib.sh"

conf=$T/zcsync.conf
mkdir "$T/there" "$T/there ; the temporary ones" "$T/mine"
touch "$T/file"

warns() # REGEX NAME, of the file on standard input
{
    cat >"$conf"
    runs_with 0 "$2: no error" "$ZCSYNC" check-config "$conf"
    one_sentence "^zcsync: $conf:$1" "$2"
}
silent() # NAME
{
    cat >"$conf"
    runs_with 0 "$1" "$ZCSYNC" check-config "$conf"
    is "$err" "" "no warning"
}

silent "all is there" <<END
  [share s]
	path = $T/there
    read only = yes
[mirror m]
  path = $T/mine
  to = $T/copy
  exclude = *.a;b
  exclude = a#b
END
like "$out" ': ok: 1 share, 1 mirror' "indented lines count"
runs_with 0 "and mean what they say" "$ZCSYNC" check-config "$conf"

warns "2: warning: '; the temporary ones' is part of the value of 'path'" \
    "a remark behind a path" <<END
[share s]
path = $T/there ; the temporary ones
END
warns "7: warning: '# old' is part of the value of 'exclude'" \
    "a remark behind a pattern" <<END
[mirror m]
path = $T/mine
to = $T/copy
exclude = b;c
exclude = #c

exclude = *.bak # old
END
warns "1: warning: path $T/nowhere: No such file" "a share's path" <<END
[share s]
path = $T/nowhere
END
warns "1: warning: path $T/file: is no directory" "a mirror's path" <<END
[mirror m]
path = $T/file
to = $T/copy
END
warns "1: warning: on change $T/no/such: No such file" "a share's command" <<END
[share s]
path = $T/there
on change = $T/no/such it
END
warns "1: warning: on change $T/file: Permission denied" "a mirror's command" <<END
[mirror m]
path = $T/mine
to = $T/copy
on change = '$T/file'
END
silent "a command that is there, and one to be looked for" <<END
[share s]
path = $T/there
on change = /bin/sh -c true
[mirror m]
path = $T/mine
to = $T/copy
on change = who-knows
END
warns "3: warning: the parent of a destination $T/no/such: No such" \
    "a destination" <<END
[mirror m]
path = $T/mine
to = $T/no/such/copy
END
warns "3: warning: web9::www: no \[peer\] with its 'public key' is known" \
    "a host that is no peer" <<END
[mirror m]
path = $T/mine
to = web9::www
END
warns "5: warning: web9::www: there is no \[peer web9\]" \
    "a host that is no peer, in plain" <<END
[daemon]
security = plain
[mirror m]
path = $T/mine
to = web9::www
END
silent "this machine needs no key" <<END
[mirror m]
path = $T/mine
to = localhost::www, zcsync://127.0.0.1:9/x
END
"$ZCSYNC" keygen -f "$T/key" >"$T/public"
silent "a peer with its key" <<END
[daemon]
identity = $T/key
[peer web9]
address = 10.0.0.9
public key = $(cat "$T/public")
[mirror m]
path = $T/mine
to = web9::www
END
sed "s|$T/key|$T/no-key|" "$conf" >"$conf.2"
warns "1: warning: identity $T/no-key: No such file" "an identity" <"$conf.2"
runs_with 0 "zcsyncd --check does the same" "$(dirname "$ZCSYNC")/zcsyncd" --check \
    --config="$conf"
like "$err" "warning: identity" "and warns"
done_testing
