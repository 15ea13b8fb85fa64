#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 552, watching by fanotify.
[ "${ZC_SANITIZE:-no}" = no ] || { echo "1..0 # SKIP as 552 with sanitizers"; exit; }
ZC_WATCH=fanotify exec "$(dirname "$0")/552-overtake.t"
