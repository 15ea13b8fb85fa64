// SPDX-License-Identifier: GPL-2.0-or-later
/* Events to frames, and frames to events; see told.h. */
#include "session/told.h"

#include <assert.h>
#include <string.h>

static struct zc_bytes text_bytes(const char *text, size_t max)
{
    size_t n = text ? strlen(text) : 0;
    return (struct zc_bytes){(const uint8_t *)text, ZC_MIN(n, max)};
}

void zc_told_item(struct zc_buf *b, const struct zc_item *item)
{
    const struct zc_msg_item m = {
        .flags = item->flags,
        .mode = item->mode,
        .uid = item->uid,
        .gid = item->gid,
        .size = item->size,
        .mtime_s = item->mtime_s,
        .mtime_ns = item->mtime_ns,
        .path = text_bytes(item->path, ZC_PATH_TEXT_MAX),
        .target = text_bytes(item->link_target, ZC_SYMLINK_MAX),
        .other = text_bytes(item->hard_link_to, ZC_PATH_TEXT_MAX),
    };
    zc_item_encode(b, &m);
}

void zc_told_trouble(struct zc_buf *b, enum zc_trouble kind, const char *what,
                     const char *path, int eno)
{
    const struct zc_msg_trouble m = {
        .kind = (uint8_t)kind,
        .eno = (uint32_t)ZC_MAX(eno, 0),
        .what = text_bytes(what, ZC_PATH_TEXT_MAX),
        .path = text_bytes(path, ZC_PATH_TEXT_MAX),
    };
    zc_trouble_encode(b, &m);
}

/* The fields of struct zc_stats, in their order on the wire. */
#define COUNTERS(X)                                                        \
    X(scanned)                                                             \
    X(scanned_bytes) X(scan_done) X(need_files) X(need_bytes)              \
    X(done_files) X(done_bytes) X(sent_bytes) X(changed_meta) X(replaced)  \
    X(created) X(deleted) X(files) X(dirs) X(symlinks) X(devices)          \
    X(specials) X(retries) X(zerocopy_calls) X(zerocopy_copied)            \
    X(troubles) X(owners_left) X(alternates_missing) X(finishing)

void zc_told_count(const struct zc_stats *stats, uint64_t v[ZC_STATS_COUNT])
{
    size_t i = 0;
#define COUNT(field) v[i++] = atomic_load(&stats->field);
    COUNTERS(COUNT)
    assert(i == ZC_STATS_COUNT);
}

/* And back. */
static void take_counts(struct zc_stats *stats,
                        const uint64_t v[ZC_STATS_COUNT])
{
    size_t i = 0;
#define COUNTED(field) atomic_store(&stats->field, v[i++]);
    COUNTERS(COUNTED)
}

bool zc_told_is(unsigned type)
{
    return type >= ZC_FRAME_ITEM && type <= ZC_FRAME_VERDICT;
}

static char *copy(struct zc_bytes s)
{
    return strndup(s.n ? (const char *)s.p : "", s.n);
}

static int take_item(struct zc_bytes body, const struct zc_events *events,
                     struct zc_err *err)
{
    struct zc_msg_item m;
    if (zc_item_decode(body, &m, err))
        return -1;
    if (!m.flags || m.flags & ~(uint32_t)ZC_ITEM_ON_WIRE)
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "the peer tells of a change that is not known");
    zc_auto_free char *path = copy(m.path);
    zc_auto_free char *target = copy(m.target);
    zc_auto_free char *other = copy(m.other);
    if (!path || !target || !other)
        return zc_err_nomem(err);
    const struct zc_item item = {
        .flags = m.flags | ZC_ITEM_RECEIVED,
        .mode = m.mode,
        .path = path,
        .size = m.size,
        .mtime_s = m.mtime_s,
        .mtime_ns = m.mtime_ns,
        .uid = m.uid,
        .gid = m.gid,
        .link_target = m.target.n ? target : NULL,
        .hard_link_to = m.other.n ? other : NULL,
    };
    if (events->item)
        events->item(events->arg, &item);
    return 0;
}

static int take_trouble(struct zc_bytes body, const struct zc_events *events,
                        struct zc_err *err)
{
    struct zc_msg_trouble m;
    if (zc_trouble_decode(body, &m, err))
        return -1;
    if (m.kind > ZC_TROUBLE_META)
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "the peer has a kind of trouble that is not known");
    zc_auto_free char *what = copy(m.what);
    zc_auto_free char *path = copy(m.path);
    if (!what || !path)
        return zc_err_nomem(err);
    if (events->trouble)
        events->trouble(events->arg, (enum zc_trouble)m.kind, what, path,
                        (int)m.eno);
    return 0;
}

static int take_verdict(struct zc_bytes body, struct zc_told_verdict *v,
                        struct zc_err *err)
{
    struct zc_msg_verdict m;
    if (zc_verdict_decode(body, &m, err))
        return -1;
    v->there = true;
    v->code = (enum zc_exit)m.code;
    memcpy(v->text, m.text.n ? (const char *)m.text.p : "", m.text.n);
    v->text[m.text.n] = '\0';
    return 0;
}

int zc_told_take(unsigned type, struct zc_bytes body,
                 const struct zc_events *events, struct zc_stats *stats,
                 struct zc_told_verdict *v, struct zc_err *err)
{
    uint64_t counts[ZC_STATS_COUNT];
    switch (type) {
    case ZC_FRAME_ITEM:
        return take_item(body, events, err);
    case ZC_FRAME_TROUBLE:
        return take_trouble(body, events, err);
    case ZC_FRAME_STATS:
        if (zc_stats_decode(body, counts, err))
            return -1;
        take_counts(stats, counts);
        return 0;
    default:
        return take_verdict(body, v, err);
    }
}
