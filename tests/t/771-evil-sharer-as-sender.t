#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# In 770-evil-sharer.t, the attacks of 150-evil-sender.t that want to get out of
# DEST.

ZC_PART=senders exec "$(dirname "$0")/770-evil-sharer.t"
