#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 501, watching by fanotify.
[ "${ZC_SANITIZE:-no}" = no ] || { echo "1..0 # SKIP as 501 with sanitizers"; exit; }
ZC_WATCH=fanotify exec "$(dirname "$0")/501-mounts-inotify.t"
