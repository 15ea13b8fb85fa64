// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel might say to a watcher, whether it is true or not (watch_place.h):
 * events of five bytes each (which watch, which mask in two bytes, which name, which
 * cookie), as inotify(7) packs them.
 */
#include "watch_place.h"

#include "watch/backend.h"

#include <sys/inotify.h>

#define EVENTS_MAX 100 /* fits into the buffer with the longest of names */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The event of the five bytes at P: how many bytes it has. */
static size_t put(uint8_t *out, const uint8_t *p)
{
    const char *name = name_of(p[3]);
    struct inotify_event e = {
        .wd = (int8_t)p[0], .cookie = p[4],
        .mask = (uint32_t)(p[1] | (p[2] & 0x0f) << 8) |
                (p[2] & 0x10 ? IN_Q_OVERFLOW : 0) |
                (p[2] & 0x20 ? IN_IGNORED : 0) | (p[2] & 0x40 ? IN_ISDIR : 0) |
                (p[2] & 0x80 ? IN_UNMOUNT : 0)};
    size_t n = strlen(name);
    e.len = (uint32_t)(n ? (n + 16) / 16 * 16 : 0);
    memcpy(out, &e, sizeof e);
    memset(out + sizeof e, 0, e.len);
    memcpy(out + sizeof e, name, n);
    return sizeof e + e.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t now = 0;
    if (!begin_watch())
        return 0;
    struct zc_watch *w = watch;
    scan(w);
    size_t n = 0;
    for (size_t i = 0; i + 5 <= size && i < 5 * EVENTS_MAX; i += 5) {
        n += put(w->buf + n, data + i);
        if (data[i + 4] & 0x80) { /* read by itself, and some time goes by */
            w->backend->events(w, n);
            n = 0;
            if (!w->gone)
                zc_watch_tick(w, now += SECOND_NS);
        }
    }
    if (!w->gone)
        w->backend->events(w, n);
    end_watch();
    return 0;
}
