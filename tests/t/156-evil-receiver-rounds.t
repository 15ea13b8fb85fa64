#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The attacks on the rounds of a mirror's sender, as in 151-evil-receiver.t.

ZC_PART=rounds exec "$(dirname "$0")/151-evil-receiver.t"
