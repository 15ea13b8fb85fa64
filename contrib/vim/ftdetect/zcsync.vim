" SPDX-License-Identifier: GPL-2.0-or-later
autocmd BufNewFile,BufRead zcsync.conf,*/zcsync/*.conf setfiletype zcsync
