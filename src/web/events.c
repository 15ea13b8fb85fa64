// SPDX-License-Identifier: GPL-2.0-or-later
/* What the page is told; see events.h. */
#include "web/events.h"

#include <inttypes.h>
#include <string.h>

void zc_web_event_let_go(struct zc_web_event *event)
{
    if (event && --event->refs == 0)
        free(event);
}

static void forget_oldest(struct zc_web_events *e)
{
    e->kept_bytes -= e->kept[0]->size;
    zc_web_event_let_go(e->kept[0]);
    e->n_kept--;
    memmove(e->kept, e->kept + 1, e->n_kept * sizeof *e->kept);
}

static void keep(struct zc_web_events *e, struct zc_web_event *event)
{
    while (e->n_kept && (e->n_kept == ZC_WEB_KEPT ||
                         e->kept_bytes + event->size > ZC_WEB_KEPT_BYTES))
        forget_oldest(e);
    if (event->size > ZC_WEB_KEPT_BYTES)
        return;
    event->refs++;
    e->kept[e->n_kept++] = event;
    e->kept_bytes += event->size;
}

/* The lines of an event must have no end but their own: that of the array
 * becomes a space, and in its texts there is none. */
static uint8_t flat(uint8_t c)
{
    return c == '\n' ? ' ' : c;
}

static void put_flat(struct zc_buf *out, const struct zc_buf *status)
{
    size_t from = out->len;
    zc_buf_put(out, status->data, status->len);
    for (size_t i = from; i < out->len; i++)
        out->data[i] = flat(out->data[i]);
}

static struct zc_web_event *event_new(int64_t wall_ms,
                                      const struct zc_buf *status)
{
    struct zc_buf text = ZC_BUF_INIT;
    zc_buf_printf(&text, "data: {\"at\":%" PRId64 ",\"status\":", wall_ms);
    size_t from = text.len;
    put_flat(&text, status);
    zc_buf_put_str(&text, "}\n\n");
    struct zc_web_event *event =
        text.failed ? NULL : malloc(sizeof *event + text.len);
    if (event) {
        event->refs = 1;
        event->from = from;
        event->size = text.len;
        memcpy(event->bytes, text.data, text.len);
    }
    zc_buf_fini(&text);
    return event;
}

bool zc_web_events_told(const struct zc_web_events *e,
                        const struct zc_buf *status)
{
    const struct zc_web_event *last = e->newest;
    if (!last || status->len > last->size - last->from)
        return false;
    for (size_t i = 0; i < status->len; i++)
        if (flat(status->data[i]) != last->bytes[last->from + i])
            return false;
    return true; /* an array ends with a bracket: nothing more can follow */
}

int zc_web_events_add(struct zc_web_events *e, int64_t now, int64_t wall_ms,
                      const struct zc_buf *status)
{
    struct zc_web_event *event = event_new(wall_ms, status);
    if (!event)
        return -1;
    event->number = ++e->last;
    zc_web_event_let_go(e->newest);
    e->newest = event;
    e->added_at = now;
    if (e->n_kept == 0 || now - e->kept_at >= ZC_WEB_KEEP_NS) {
        keep(e, event);
        e->kept_at = now;
    }
    return 0;
}

struct zc_web_event *zc_web_events_after(struct zc_web_events *e,
                                         uint64_t number)
{
    struct zc_web_event *found = NULL;
    for (size_t i = 0; i < e->n_kept && !found; i++)
        if (e->kept[i]->number > number)
            found = e->kept[i];
    if (!found && e->newest && e->newest->number > number)
        found = e->newest;
    if (found)
        found->refs++;
    return found;
}

void zc_web_events_fini(struct zc_web_events *e)
{
    while (e->n_kept)
        forget_oldest(e);
    zc_web_event_let_go(e->newest);
    e->newest = NULL;
}
