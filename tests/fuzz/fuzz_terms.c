// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a peer asks for: the body of OPEN, or, where the first byte is odd, of LOOK, and
 * all that is read of it before a session begins. What is refused has a sentence; what
 * is taken gives options that a session can have.
 */
#include "session/terms.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
    if (!truth)
        abort();
}

static bool refused(int r, const struct zc_err *err)
{
    must(!r || (err->code && err->text[0]));
    return r;
}

static void look(const struct zc_terms *t)
{
    struct zc_options opt;
    zc_terms_options(t, &opt);
    must((opt.keep & ~(unsigned)(ZC_KEEP_ON_WIRE | ZC_KEEP_FAKE)) == 0);
    must(opt.mover <= (enum zc_mover_kind)ZC_MOVER_LAST);
    must(!opt.single_file || opt.only);
    must(!t->dense || strlen(t->dense) == t->open.dense.n);
    must(!opt.skip_compress || opt.skip_compress == t->dense);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zc_terms t;
    struct zc_err err = {0};
    if (size < 1)
        return 0;
    const struct zc_bytes body = {data + 1, size - 1};
    int r = data[0] & 1 ? zc_terms_decode_look(&t, body, &err)
                        : zc_terms_decode(&t, body, &err);
    if (!refused(r, &err) && !refused(zc_terms_take_filter(&t, &err), &err) &&
        !refused(zc_terms_take_choices(&t, &err), &err)) {
        must(t.filter && (!t.open.only.n || t.only));
        look(&t);
        if (!refused(zc_terms_take_name(&t, "name", &err), &err))
            look(&t);
        zc_terms_timeouts(&t, t.open.timeout_s, 30);
        must(t.ping_s && t.ping_s <= 30);
    }
    zc_terms_fini(&t);
    return 0;
}
