/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host patterns of ssh_config(5) and sshd(8), PATTERNS and SSH_KNOWN_HOSTS FILE
 * FORMAT: `*` is any run of bytes, `?` any one, and everything else itself. The
 * work is at most the pattern's length times the text's. Any thread.
 */
#ifndef ZC_SSH_PATTERN_H
#define ZC_SSH_PATTERN_H

#include "base/util.h"

/* True when the N bytes at PATTERN match all of TEXT; ASCII letters are equal
 * in both cases with FOLD. */
bool zc_ssh_glob(const char *pattern, size_t n, const char *text, bool fold);

/* The N bytes at LIST are patterns with commas between them. True when one
 * matches TEXT and none of those that begin with `!` does. */
bool zc_ssh_pattern_list(const char *list, size_t n, const char *text,
                         bool fold);

#endif
