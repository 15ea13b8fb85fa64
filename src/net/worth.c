// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Compress or not; see worth.h. For a byte of the caller's,
 *
 *     uncompressed     link
 *     compressed       squeeze or left * link, whichever is more
 *
 * nanoseconds pass: the kernel sends while we compress. How fast the
 * link is shows only while it is busy, that is, while the kernel has bytes that it
 * could not get across yet, or makes us wait.
 *
 *     on,  and the link is busy    the two are compared
 *     on,  and it is not           the compressor is what is slow, perhaps: off,
 *                                  for a try, from time to time
 *     off, and the link is busy    the two are compared; what the compressor
 *                                  costs is tried from time to time
 *     off, and it is not           SRC is what is slow: nothing to be gained
 */
#include "net/worth.h"

#include "base/util.h"

/* A decision takes so many bytes, and so long, to be about something. */
#define LEAST_BYTES ((uint64_t)64 << 10)
#define LEAST_NS (5 * INT64_C(1000000))
/* A link with so much to do is busy. */
#define BUSY ((int64_t)64 << 10)
/* Sending waits where it takes this part of the time. */
#define WAITS(part, whole) ((part) >= (whole) / 6)
/* What has to be gained: between the two lies what is left as it is. */
#define GAIN_ON 0.7
#define GAIN_OFF 0.85

#define TRY_FIRST (INT64_C(250) * 1000000)
#define TRY_LAST (INT64_C(16) * 1000000000)
/* Links as fast as memory are not worth a try. */
#define LINK_FAST 1.5
/* What a link carries in so long goes uncompressed before it is asked again. */
#define RUN_NS 30e6

void zc_worth_init(struct zc_worth *w, bool always, int64_t now)
{
    *w = (struct zc_worth){.always = always,
                           .on = true,
                           .left = 0.4,
                           .since = now,
                           .try_at = now,
                           .try_every = TRY_FIRST};
}

static double mix(double old, double new)
{
    return old > 0 ? (3 * old + new) / 4 : new;
}

void zc_worth_squeezed(struct zc_worth *w, size_t n, size_t left, int64_t ns)
{
    if (!n || left > n - n / 8) /* that is not sent again soon */
        return;
    w->squeeze = mix(w->squeeze, (double)ns / (double)n);
    w->left = mix(w->left, (double)left / (double)n);
}

static bool pays(const struct zc_worth *w)
{
    double gain = w->on ? GAIN_OFF : GAIN_ON;
    return ZC_MAX(w->squeeze, w->left * w->link) < gain * w->link;
}

/* The other way, to see. Less and less often. */
static void try_other(struct zc_worth *w, int64_t now)
{
    if (now < w->try_at)
        return;
    w->on = !w->on;
    if (!w->on)
        w->link = 0; /* it is faster than was known */
    w->try_at = now + w->try_every;
    w->try_every = ZC_MIN(2 * w->try_every, TRY_LAST);
}

/* Whether the link was busy; it is known then. */
static bool look(struct zc_worth *w, int64_t queued, int64_t all)
{
    int64_t over = (int64_t)w->sent;
    if (queued >= 0)
        over += w->queued - queued;
    w->queued = ZC_MAX(queued, INT64_C(0));
    if (queued < BUSY && !WAITS(w->sending, all))
        return false;
    over = ZC_MAX(over, INT64_C(1000));
    w->link = mix(w->link, (double)all / (double)over);
    return true;
}

void zc_worth_decide(struct zc_worth *w, int64_t queued, int64_t now)
{
    bool busy = look(w, queued, ZC_MAX(now - w->since, INT64_C(1)));
    if (busy && w->squeeze > 0 && pays(w) != w->on) {
        w->on = !w->on;
        w->try_at = now + w->try_every;
    } else if (w->on ? !busy : busy && w->link > LINK_FAST) {
        try_other(w, now);
    }
    w->since = now;
    w->sent = 0;
    w->sending = 0;
}

void zc_worth_sent(struct zc_worth *w, uint64_t n, int64_t ns)
{
    w->sent += n;
    w->sending += ns;
}

bool zc_worth_due(const struct zc_worth *w, int64_t now)
{
    return !w->always && w->sent >= LEAST_BYTES && now - w->since >= LEAST_NS;
}

size_t zc_worth_run(const struct zc_worth *w, size_t min, size_t max)
{
    if (w->link <= 0)
        return min;
    double n = RUN_NS / w->link;
    return n < (double)min ? min : n > (double)max ? max : (size_t)n;
}
