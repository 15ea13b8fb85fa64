/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames: a 16-byte header (u32 body length, u16 type, u16 flags, u64 sequence
 * number) and a body. Each direction counts its frames from 1; a number out of
 * turn means that the stream is damaged. Memory only; one thread for a direction.
 */
#ifndef ZC_PROTO_FRAME_H
#define ZC_PROTO_FRAME_H

#include "base/buf.h"
#include "base/err.h"
#include "proto/proto.h"

struct zc_bytes {
    const uint8_t *p;
    size_t n;
};

/* A reference to an entry, or to the directory it names. */
struct zc_ref {
    uint32_t list, index;
};

struct zc_frame {
    uint32_t length; /* of the body */
    uint16_t type, flags;
    uint64_t seq;
};

void zc_frame_encode(const struct zc_frame *f,
                     uint8_t out[ZC_FRAME_HEADER_SIZE]);

/* Checks the length, the flags (none is defined: must be 0) and the sequence
 * number; the type is checked by the dialogue. -1 with ZC_EXIT_STREAM. */
int zc_frame_decode(const uint8_t in[ZC_FRAME_HEADER_SIZE], uint64_t want_seq,
                    struct zc_frame *f, struct zc_err *err);

/*
 * Writing frames into a buffer: begin appends a header with length and number
 * left open and returns its offset; the body is appended; end fills in the
 * length. The number is put in by zc_frame_number when the frame's turn to be
 * sent is known.
 */
size_t zc_frame_begin(struct zc_buf *b, enum zc_frame_type type);
void zc_frame_end(struct zc_buf *b, size_t at);
/* Numbers all frames in the N bytes at P (whole frames, without raw data)
 * *SEQ + 1, *SEQ + 2, ... and moves *SEQ on. */
void zc_frame_number(uint8_t *p, size_t n, uint64_t *seq);

/*
 * Frames that were checked when they were received and are kept, one behind the
 * other. The header and body of the one whose BODY is given, in place; the body
 * of the next in FRAMES (made with zc_rd_init), which moves on: NULL, 0 when
 * there is none.
 */
struct zc_bytes zc_frame_around(struct zc_bytes body);
struct zc_bytes zc_frame_next(struct zc_rd *frames);

#endif
