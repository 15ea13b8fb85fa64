// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The first 32 bytes; see hello.h:
 *
 *     0 magic  8 version  10 oldest version  12 role  16 features  24 security
 *     25 compression  26 zeros, not looked at
 */
#include "proto/hello.h"

#include "base/buf.h"
#include "proto/proto.h"

#include <endian.h>
#include <string.h>

/* CR LF shows a text-mode transfer, as in PNG's signature. */
static const uint8_t magic[8] = "zcsync\r\n";

void zc_hello_encode(const struct zc_hello *h, uint8_t out[ZC_HELLO_SIZE])
{
    uint16_t v = htole16(h->version), vmin = htole16(h->version_min);
    uint32_t role = htole32(h->role);
    uint64_t features = htole64(h->features);
    memset(out, 0, ZC_HELLO_SIZE);
    memcpy(out, magic, sizeof magic);
    memcpy(out + 8, &v, sizeof v);
    memcpy(out + 10, &vmin, sizeof vmin);
    memcpy(out + 12, &role, sizeof role);
    memcpy(out + 16, &features, sizeof features);
    out[24] = h->security;
    out[25] = (uint8_t)h->compress;
}

bool zc_hello_begins(const uint8_t *in, size_t n)
{
    return memcmp(in, magic, ZC_MIN(n, sizeof magic)) == 0;
}

int zc_hello_decode(const uint8_t in[ZC_HELLO_SIZE], enum zc_role want_role,
                    struct zc_hello *h, struct zc_err *err)
{
    struct zc_rd r = zc_rd_init(in, ZC_HELLO_SIZE);
    if (memcmp(zc_rd_bytes(&r, sizeof magic), magic, sizeof magic) != 0)
        return zc_err_set(err, ZC_EXIT_PROTOCOL, 0,
                          "the peer does not speak the zcsync protocol");
    h->version = zc_rd_u16(&r);
    h->version_min = zc_rd_u16(&r);
    h->role = zc_rd_u32(&r);
    h->features = zc_rd_u64(&r) & ZC_FEATURES_KNOWN;
    h->security = zc_rd_u8(&r) & ZC_HELLO_SECURITY_KNOWN;
    h->compress = (int8_t)zc_rd_u8(&r);
    if (h->version < ZC_PROTO_VERSION_MIN || h->version_min > ZC_PROTO_VERSION)
        return zc_err_set(err, ZC_EXIT_PROTOCOL, 0,
                          "the peer speaks protocol versions %u to %u, this "
                          "zcsync %d to %d",
                          h->version_min, h->version, ZC_PROTO_VERSION_MIN,
                          ZC_PROTO_VERSION);
    if (h->role != ZC_ROLE_SENDER && h->role != ZC_ROLE_RECEIVER)
        return zc_err_set(err, ZC_EXIT_PROTOCOL, 0,
                          "the peer wants to do something that this zcsync "
                          "does not know");
    if (want_role != ZC_ROLE_ANY && h->role != want_role)
        return zc_err_set(err, ZC_EXIT_PROTOCOL, 0,
                          "the peer wants to %s as well",
                          want_role == ZC_ROLE_SENDER ? "receive" : "send");
    return 0;
}

enum zc_hello_choice zc_hello_choose(const struct zc_hello *ours,
                                     const struct zc_hello *theirs)
{
    const unsigned suites = ZC_HELLO_CHACHAPOLY | ZC_HELLO_AESGCM;
    unsigned both = ours->security & theirs->security;
    if (both & ZC_HELLO_AESGCM)
        return ours->features & theirs->features & ZC_FEATURE_KTLS
                   ? ZC_HELLO_SEALED_KTLS
                   : ZC_HELLO_SEALED_AESGCM;
    if (both & ZC_HELLO_CHACHAPOLY)
        return ZC_HELLO_SEALED_CHACHAPOLY;
    if (!((ours->security | theirs->security) & ZC_HELLO_NOT_PLAIN))
        return ZC_HELLO_PLAIN;
    if (ours->security & suites && theirs->security & suites)
        return ZC_HELLO_NO_SUITE;
    /* One that refuses plain can do something else, if it makes sense. */
    const struct zc_hello *sealing = ours->security & suites ? ours : theirs;
    bool mine = sealing->security & ZC_HELLO_NOT_PLAIN ? sealing == ours
                                                       : sealing != ours;
    return mine ? ZC_HELLO_NOT_OURS : ZC_HELLO_NOT_THEIRS;
}
