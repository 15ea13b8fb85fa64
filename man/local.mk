# SPDX-License-Identifier: GPL-2.0-or-later

dist_man_MANS += \
	%D%/zcsync-from-rsync.1 \
	%D%/zcsync-movers.7 \
	%D%/zcsync-protocol.7 \
	%D%/zcsync.1 \
	%D%/zcsync.conf.5 \
	%D%/zcsyncd.8
