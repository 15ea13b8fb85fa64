// SPDX-License-Identifier: GPL-2.0-or-later
/* One line for a reason, and counts; see said.h. */
#include "mirror/said.h"

#include "base/clock.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define REASONS_MAX 100u /* one more takes the place of the oldest */
/* From one line to the next about the same reason: at first, and at most. */
#define AGAIN_MIN (10 * ZC_NSEC_PER_SEC)
#define AGAIN_MAX (3600 * ZC_NSEC_PER_SEC)
#define AGAIN_FACTOR 6
/* What was not met for longer than any back-off has gone in between: it is new
 * when it comes back. */
#define FORGET (150 * ZC_NSEC_PER_SEC)

struct reason {
    uint64_t number;
    int64_t met, told; /* last; zc_clock_ns */
    int64_t again;     /* ns between the last line and the next */
    uint64_t more;     /* times it was met since */
    char path[300], text[300];
};

struct zc_said {
    const char *peer;
    unsigned n;
    struct reason v[REASONS_MAX];
};

struct zc_said *zc_said_new(const char *peer)
{
    struct zc_said *s = calloc(1, sizeof *s);
    if (s)
        s->peer = peer;
    return s;
}

void zc_said_free(struct zc_said *s)
{
    free(s);
}

static void tell_more(const struct zc_said *s, struct reason *r, int64_t now)
{
    zc_log(ZC_LOG_ERROR, "%s: %s: %" PRIu64 " more %s, %s the last", s->peer,
           r->text, r->more, r->more == 1 ? "time" : "times", r->path);
    r->more = 0;
    r->told = now;
    r->again = ZC_MIN(r->again * AGAIN_FACTOR, AGAIN_MAX);
}

static void tell_if_due(const struct zc_said *s, struct reason *r, int64_t now)
{
    if (r->more && now - r->told >= r->again)
        tell_more(s, r, now);
}

/* The place of NUMBER, or one for it (where its own is another). */
static struct reason *find(struct zc_said *s, uint64_t number)
{
    struct reason *oldest = &s->v[0];
    for (unsigned i = 0; i < s->n; i++) {
        if (s->v[i].number == number)
            return &s->v[i];
        if (s->v[i].met < oldest->met)
            oldest = &s->v[i];
    }
    return s->n < REASONS_MAX ? &s->v[s->n++] : oldest;
}

void zc_said_met(struct zc_said *s, uint64_t reason, const char *path,
                 const char *text, int64_t now)
{
    struct reason *r = find(s, reason);
    bool fresh = r->number != reason || !r->met || now - r->met > FORGET;
    r->number = reason;
    r->met = now;
    snprintf(r->path, sizeof r->path, "%s", *path ? path : ".");
    snprintf(r->text, sizeof r->text, "%s", text);
    if (!fresh) {
        r->more++;
        tell_if_due(s, r, now);
        return;
    }
    r->more = 0;
    r->told = now;
    r->again = AGAIN_MIN;
    zc_log(ZC_LOG_ERROR, "%s: %.1000s: %s", s->peer, *path ? path : ".", text);
}

void zc_said_round(struct zc_said *s, int64_t now)
{
    for (unsigned i = 0; i < s->n; i++)
        tell_if_due(s, &s->v[i], now);
}

void zc_said_clear(struct zc_said *s)
{
    s->n = 0;
    memset(s->v, 0, sizeof s->v);
}
