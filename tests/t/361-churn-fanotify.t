#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 360, watching by fanotify.
[ "${ZC_SANITIZE:-no}" = no ] || { echo "1..0 # SKIP as 360 with sanitizers"; exit; }
ZC_WATCH=fanotify ZC_CHURN=${ZC_CHURN:-10} exec "$(dirname "$0")/360-churn-inotify.t"
