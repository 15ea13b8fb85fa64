#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Another quarter of the attacks of 150-evil-sender.t.

ZC_PART=1 exec "$(dirname "$0")/150-evil-sender.t"
