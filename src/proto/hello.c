// SPDX-License-Identifier: GPL-2.0-or-later
/* The first 32 bytes: magic, versions, role, features; see hello.h. */
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
    if (h->version < ZC_PROTO_VERSION_MIN || h->version_min > ZC_PROTO_VERSION)
        return zc_err_set(err, ZC_EXIT_PROTOCOL, 0,
                          "the peer speaks protocol versions %u to %u, this "
                          "zcsync %d to %d",
                          h->version_min, h->version, ZC_PROTO_VERSION_MIN,
                          ZC_PROTO_VERSION);
    if (h->role != want_role)
        return zc_err_set(err, ZC_EXIT_PROTOCOL, 0,
                          "the peer wants to %s as well",
                          want_role == ZC_ROLE_SENDER ? "receive" : "send");
    return 0;
}
