/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A transport that compresses, over another one. What crosses is blocks, of
 * bytes as they are or of a piece of one zstd stream (RFC 8878) for each
 * direction; zcsync-protocol(7), "COMPRESSED". Each side decides for itself, block
 * by block: worth.h says whether it is worth it, and what did not shrink is left
 * alone for a while.
 *
 * File data that is not compressed goes around it, over the inner transport, as
 * if there were nothing in between (zc_transport_bare_out and _in).
 *
 * A block that makes no sense ends the connection: EBADMSG, for every later
 * recv, too. Memory: 4 MiB to receive, 5 MiB to send (at level 19: 40), from the
 * first compressed block on. Threads as for any transport.
 */
#ifndef ZC_NET_COMPRESS_H
#define ZC_NET_COMPRESS_H

#include "net/transport.h"

/* How: a level of zstd's, or AUTO: while it is worth it. OFF: not at all. */
#define ZC_COMPRESS_OFF 0
#define ZC_COMPRESS_AUTO 127
#define ZC_COMPRESS_LEVEL 3 /* where none was given, and of AUTO */
#define ZC_COMPRESS_LEVEL_MIN (-100)
#define ZC_COMPRESS_LEVEL_MAX 19

/* On the wire. */
#define ZC_COMPRESS_HEADER 4
#define ZC_COMPRESS_SQUEEZED (UINT32_C(1) << 31)
#define ZC_COMPRESS_BARE_MAX ((uint32_t)1 << 30)
#define ZC_COMPRESS_SQUEEZED_MAX ((uint32_t)512 * 1024)
#define ZC_COMPRESS_PLAIN_MAX ((uint64_t)1 << 20) /* that a block may become */
#define ZC_COMPRESS_WINDOW_LOG 21 /* what a stream looks back on: 2 MiB */

/* "auto", "zstd", "zstd:LEVEL", "off". -1 for anything else. */
int zc_compress_parse(const char *text, int *how);
/* LEVEL within the two limits, and never OFF. */
int zc_compress_level(int64_t level);
/* HOW where no more than LIMIT bytes a second are sent; 0: no limit. What is left
 * of a link is slow then, though sending never waits. */
int zc_compress_limited(int how, uint64_t limit);
/* zc_compress_parse the other way round. */
void zc_compress_text(int how, char *text, size_t size);

/* HOW is not OFF. NULL: no memory. To be given a transport before it is used:
 * which it takes. */
struct zc_transport *zc_compress_new(int how);
void zc_compress_over(struct zc_transport *c, struct zc_transport *t);

#endif
