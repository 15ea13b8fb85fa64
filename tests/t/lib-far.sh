# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# For scenarios with command lines as users write them, to hosts and with sudo;
# sourced after lib.sh.

# A remote shell that stays here: the remote home is the directory home in $T/w,
# where we are then. Programs are found in $T/bin first: ssh, sudo and zcsync.
stay_here()
{
    mkdir "$T/bin" "$T/w"
    cat >"$T/bin/ssh" <<'END'
#!/bin/bash
while [[ $1 == -* ]]; do
    case $1 in -p | -l | -o) shift ;; esac
    shift
done
shift # the host
cd "${0%/bin/ssh}/w/home" && exec bash -c "$*"
END
    printf '#!/bin/bash\nexec "$@"\n' >"$T/bin/sudo"
    chmod +x "$T/bin/ssh" "$T/bin/sudo"
    ln -s "$ZCSYNC" "$T/bin/zcsync"
    export PATH=$T/bin:$PATH
    cd "$T/w" || exit
}
