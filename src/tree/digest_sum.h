/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sums of hashes modulo 2^128, the low half first, which digests.c adds up: of an
 * entry, or of numbers. Both ends come to the same, whatever their order of bytes.
 * Functions of memory; any thread.
 */
#ifndef ZC_TREE_DIGEST_SUM_H
#define ZC_TREE_DIGEST_SUM_H

#include "proto/digest.h"

void zc_dsum_add(uint64_t to[2], const uint64_t v[2]);
void zc_dsum_multiply(uint64_t v[2], const uint64_t by[2]);

/* Adds the hash of what counts of E, as WHAT says. */
void zc_dsum_add_entry(uint64_t to[2], const struct zc_msg_digest *what,
                       const struct zc_entry *e, uint64_t seed);
/* Adds that of N numbers at V, a few. */
void zc_dsum_add_numbers(uint64_t to[2], const uint64_t *v, size_t n,
                         uint64_t seed);

/* The key of NAME (N bytes) in the directory whose key DIR is. */
uint64_t zc_dsum_key(uint64_t dir, const char *name, size_t n);

/* As it crosses to the other end. */
void zc_dsum_bytes(const uint64_t v[2], uint8_t digest[ZC_DIGEST_SIZE]);

#endif
