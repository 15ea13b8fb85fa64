/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * XXH3 for what has many bytes: the same values as xxhash.h, computed with the widest
 * vectors that this processor has where libxxhash brings that along
 * (xxh_x86dispatch.h), and with those that the compiler may count on elsewhere.
 * Instead of xxhash.h. Any thread.
 */
#ifndef ZC_BASE_XXH_H
#define ZC_BASE_XXH_H

#ifdef ZC_XXH_DISPATCH
#include <xxh_x86dispatch.h>
#else
#include <xxhash.h>
#endif

#endif
