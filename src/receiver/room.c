// SPDX-License-Identifier: GPL-2.0-or-later
/* Room for what comes; see room.h. */
#include "receiver/room.h"

#include "base/clock.h"
#include "base/text.h"
#include "fs/room.h"
#include "proto/proto.h"
#include "receiver/core.h"
#include "receiver/volumes.h"

#include <stdio.h>

#define GOOD_FOR_NS (ZC_NSEC_PER_SEC / 4)
/* More than that is not given out by one look, nor more than half of what there
 * is: others write, too. */
#define BYTES_MAX ((int64_t)64 << 20)
#define INODES_MAX 4096

void zc_room_init(struct zc_room *room)
{
    *room = (struct zc_room){0};
    pthread_mutex_init(&room->lock, NULL);
}

void zc_room_fini(struct zc_room *room)
{
    pthread_mutex_destroy(&room->lock);
}

static bool is_fresh(struct zc_budget *b)
{
    return zc_clock_ns() < atomic_load(&b->until);
}

/* What is not there is not taken: N is what a peer says. */
static bool take(atomic_int_fast64_t *from, int64_t n)
{
    int_fast64_t have = atomic_load(from);
    while (have >= n)
        if (atomic_compare_exchange_weak(from, &have, have - n))
            return true;
    return false;
}

static bool count_down(struct zc_budget *b, int64_t bytes)
{
    return is_fresh(b) && take(&b->bytes, bytes) && take(&b->inodes, 1);
}

/* With room.lock: says that it is scarce, or not any more. */
static void tell(struct zc_receiver *r, const struct zc_spare *s, bool low)
{
    bool bytes = atomic_load(&r->scarce.op) == ZC_OP_ROOM;
    char size[ZC_TEXT_MAX], text[128] = "";
    r->room->low = low;
    if (low && bytes)
        snprintf(text, sizeof text, "%s free, too little for more by 'min free'",
                 zc_text_size(size, (double)s->free_bytes));
    else if (low)
        snprintf(text, sizeof text,
                 "%llu inodes free, too few for more by 'min free'",
                 (unsigned long long)s->free_inodes);
    if (r->tell_room)
        r->tell_room(r->tell_room_arg, text);
}

static bool is_low(const struct zc_room *room, const struct zc_volume *v)
{
    return room->low && room->dev == v->dev;
}

/* With room.lock: WANTED bytes were not to be had on V. Told each time: what is
 * not told of for a while is no longer so. */
static void refused(struct zc_receiver *r, const struct zc_volume *v,
                    const struct zc_spare *s, int64_t wanted)
{
    struct zc_room *room = r->room;
    room->wanted = is_low(room, v) ? ZC_MAX(room->wanted, wanted) : wanted;
    room->dev = v->dev;
    bool bytes = s->bytes < wanted;
    uint64_t left = bytes ? s->free_bytes >> 20 : s->free_inodes;
    atomic_store(&r->scarce.op, bytes ? ZC_OP_ROOM : ZC_OP_INODES);
    atomic_store(&r->scarce.left, (unsigned)ZC_MIN(left, (uint64_t)INT32_MAX));
    tell(r, s, true);
}

/* Asks the file system of V. With room.lock. */
static int look(struct zc_receiver *r, struct zc_volume *v, int64_t bytes)
{
    struct zc_budget *b = &v->budget;
    struct zc_spare s;
    if (zc_spare_of(v->dirfd, &r->terms.min_free, &s))
        return 0; /* writing will tell */
    bool low = s.bytes < bytes || s.inodes < 1;
    if (low)
        refused(r, v, &s, bytes);
    else if (is_low(r->room, v) && s.bytes >= r->room->wanted)
        tell(r, &s, false);
    int64_t taken = low ? 0 : bytes;
    atomic_store(&b->low, low);
    atomic_store(&b->bytes, ZC_MIN(s.bytes / 2, BYTES_MAX) - taken);
    atomic_store(&b->inodes, ZC_MIN(s.inodes / 2, INODES_MAX) - !low);
    atomic_store(&b->until, zc_clock_ns() + GOOD_FOR_NS);
    errno = ENOSPC;
    return low ? -1 : 0;
}

int zc_room_take(struct zc_receiver *r, struct zc_volume *v, uint64_t bytes)
{
    struct zc_budget *b = &v->budget;
    int64_t n = (int64_t)ZC_MIN(ZC_MAX(bytes, UINT64_C(1)),
                                (uint64_t)INT64_MAX / 2);
    if (!zc_min_free_any(&r->terms.min_free) || v->dirfd < 0)
        return 0;
    if (count_down(b, n))
        return 0;
    errno = ENOSPC;
    if (is_fresh(b) && atomic_load(&b->low))
        return -1;
    pthread_mutex_lock(&r->room->lock);
    /* Another thread may have looked meanwhile. */
    int bad = count_down(b, n) ? 0 : look(r, v, n), eno = errno;
    pthread_mutex_unlock(&r->room->lock);
    errno = eno;
    return bad;
}
