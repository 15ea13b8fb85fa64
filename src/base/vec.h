/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A typed growing array: `ZC_VEC(struct foo) v = {0};`. Memory belongs to the
 * vector until zc_vec_fini. Not shared between threads without a lock.
 */
#ifndef ZC_BASE_VEC_H
#define ZC_BASE_VEC_H

#include "base/util.h"

#define ZC_VEC(type)     \
    struct {             \
        type *v;         \
        size_t len, cap; \
    }

/* 0, or -1 when memory ran out; *PV stays valid either way. */
int zc_vec_grow(void **pv, size_t *cap, size_t need, size_t elem);

/* Appends VALUE; evaluates to 0, or -1 when memory ran out. */
#define zc_vec_push(vec, value)                                               \
    (((vec)->len == (vec)->cap &&                                             \
      zc_vec_grow((void **)&(vec)->v, &(vec)->cap, (vec)->len + 1,            \
                  sizeof *(vec)->v))                                          \
         ? -1                                                                 \
         : ((vec)->v[(vec)->len++] = (value), 0))

#define zc_vec_fini(vec) \
    (free((vec)->v), (vec)->v = NULL, (vec)->len = (vec)->cap = 0)

#endif
