// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A stream as a peer sends it: frame after frame from number 1 on, with the raw
 * bytes after each DATA, until something is refused or the bytes end.
 */
#include "../wire.h"

static void check_header(const uint8_t *bytes, const struct zc_frame *f)
{
    uint8_t again[ZC_FRAME_HEADER_SIZE];

    if (f->length > ZC_FRAME_BODY_MAX)
        abort();
    zc_frame_encode(f, again);
    if (memcmp(again, bytes, sizeof again) != 0)
        abort();
}

/* Numbering a frame that is whole must give the number it came with. */
static void check_number(const uint8_t *bytes, size_t n, uint64_t seq)
{
    uint8_t *copy = malloc(n);

    if (!copy)
        return;
    memcpy(copy, bytes, n);
    memset(copy + 8, 0xff, 8);
    seq--;
    zc_frame_number(copy, n, &seq);
    if (memcmp(copy, bytes, n) != 0)
        abort();
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zc_rd r = zc_rd_init(data, size);
    struct zc_buf out = ZC_BUF_INIT;
    struct zc_err err;

    for (uint64_t seq = 1; zc_rd_left(&r); seq++) {
        struct zc_frame f;
        struct zc_msg_data d;
        const uint8_t *header = zc_rd_bytes(&r, ZC_FRAME_HEADER_SIZE);
        if (!header || zc_frame_decode(header, seq, &f, &err))
            break;
        check_header(header, &f);
        struct zc_bytes body = {zc_rd_bytes(&r, f.length), f.length};
        if (!body.p)
            break;
        check_number(header, ZC_FRAME_HEADER_SIZE + body.n, seq);
        zc_buf_reset(&out);
        if (wire_recode(f.type, body, &out, &err))
            break;
        if (f.type == ZC_FRAME_DATA && !zc_data_decode(body, &d, &err))
            zc_rd_bytes(&r, d.length);
    }
    zc_buf_fini(&out);
    return 0;
}
