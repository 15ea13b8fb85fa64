# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# For scenarios about what shells complete; sourced after lib.sh. zcsync, zcsyncd, and
# "fake", which says that there are the mirrors www and mail, are in PATH; $commands
# are those that zcsync help lists.

completions=$here/../../contrib/completions
mkdir "$T/bin"
ln -s "$ZCSYNC" "$T/bin/zcsync"
ln -s "$(dirname "$ZCSYNC")/zcsyncd" "$T/bin/zcsyncd"
cat >"$T/bin/fake" <<'END'
#!/bin/bash
[ "$*" = "status --json" ] && printf '%s\n' '{"mirror":"www","source":"/srv/www"}' \
    '{"mirror":"mail","source":"/srv/mail"}' '{"session":"1.2.3.4:5"}'
END
chmod +x "$T/bin/fake"
PATH=$T/bin:$PATH
commands=$(zcsync help | sed -nE 's/^  zcsync ([a-z-]+) +[^ ].*/\1/p' | sort -u)

# The options in --help, with their --no- forms and "=" where a value follows.
listed() # COMMAND...
{
    "$@" --help | perl -ne 'next unless /^ {2,6}-/;
        print "$1\n" if /^  (-[^-])/;
        next unless /^ {2,6}(?:-., )?--(\[no-\])?([A-Za-z0-9][\w-]*)(=?)/;
        print "--$2$3\n";
        print "--no-$2\n" if $1' | LC_ALL=C sort -u
}
