/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether this build has a sanitizer, which opens, maps and asks the kernel for
 * more than we do. Constant. */
#ifndef ZC_DAEMON_SANITIZED_H
#define ZC_DAEMON_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ZC_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define ZC_SANITIZED 1
#endif
#endif
#ifndef ZC_SANITIZED
#define ZC_SANITIZED 0
#endif

#endif
