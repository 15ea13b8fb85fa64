// SPDX-License-Identifier: GPL-2.0-or-later
/* Who this kernel is; see hostid.h. */
#include "session/hostid.h"

#include "base/buf.h"
#include "base/io.h"

#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <xxhash.h>

void zc_host_id(uint8_t out[ZC_HOST_ID_SIZE])
{
    char text[64];
    zc_auto_close int fd = open("/proc/sys/kernel/random/boot_id",
                                O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : zc_io_read(fd, text, sizeof text);
    if (n <= 0) {
        memset(text, 0, sizeof text);
        n = getrandom(text, 32, 0);
    }
    XXH128_canonical_t c;
    XXH128_canonicalFromHash(&c, XXH3_128bits(text, (size_t)ZC_MAX(n, 0)));
    memcpy(out, c.digest, ZC_HOST_ID_SIZE);
}

void zc_origin_id(const char *name, const char *src, const char *dest,
                  bool unique, uint8_t out[ZC_ORIGIN_SIZE])
{
    const char *const texts[] = {name, src, dest};
    uint8_t id[ZC_HOST_ID_SIZE];
    XXH3_state_t *x = XXH3_createState();
    if (!x || !unique) {
        (void)!getrandom(out, ZC_ORIGIN_SIZE, 0);
        XXH3_freeState(x);
        return;
    }
    XXH3_128bits_reset(x);
    zc_host_id(id);
    XXH3_128bits_update(x, id, sizeof id);
    for (size_t i = 0; i < ZC_ARRAY_LEN(texts); i++)
        XXH3_128bits_update(x, texts[i], strlen(texts[i]) + 1);
    XXH128_canonical_t c;
    XXH128_canonicalFromHash(&c, XXH3_128bits_digest(x));
    XXH3_freeState(x);
    memcpy(out, c.digest, ZC_ORIGIN_SIZE);
}

/* Names of hosts are not always given, nor are machine ids. */
static void put_host(struct zc_buf *b)
{
    char text[64];
    struct utsname u;
    zc_auto_close int fd = open("/etc/machine-id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : zc_io_read(fd, text, sizeof text);
    zc_buf_put(b, text, (size_t)ZC_MAX(n, 0));
    if (!uname(&u))
        zc_buf_put(b, u.nodename, strlen(u.nodename) + 1);
}

void zc_writer_id(const char *src, const struct zc_filter *filter,
                  uint8_t out[ZC_WRITER_SIZE])
{
    struct zc_buf b = ZC_BUF_INIT;
    put_host(&b);
    zc_auto_free char *real = realpath(src, NULL);
    if (!real)
        real = strdup(src);
    if (real)
        zc_buf_put(&b, real, strlen(real) + 1);
    if (filter)
        zc_filter_encode(filter, &b);
    XXH128_canonical_t c;
    XXH128_canonicalFromHash(&c, XXH3_128bits(b.data, b.len));
    memcpy(out, c.digest, ZC_WRITER_SIZE);
    if (b.failed || !real) /* nobody's */
        (void)!getrandom(out, ZC_WRITER_SIZE, 0);
    zc_buf_fini(&b);
}
