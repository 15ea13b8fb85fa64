#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 504, watching by fanotify.
[ "${ZC_SANITIZE:-no}" = no ] || { echo "1..0 # SKIP as 504 with sanitizers"; exit; }
ZC_WATCH=fanotify exec "$(dirname "$0")/504-source-way-inotify.t"
