#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The attacks of 150-evil-sender.t on the rounds of a mirror.

ZC_PART=rounds exec "$(dirname "$0")/150-evil-sender.t"
