// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What receivers and watchers write down in memory that zcsyncd looks at, whoever they
 * are by then. The first byte says which of them; the rest is a row of changes to
 * memory of zeros, an offset (2 bytes, little-endian), a length, and so many bytes.
 * What becomes of it in a snapshot is what the status can show (formats.h), and comes
 * through the control socket as it is.
 */
#include "formats.h"

#include "cli/status_show.h"
#include "daemon/metrics.h"
#include "daemon/pushers.h"
#include "daemon/receivers.h"
#include "daemon/status_json.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void change(void *memory, size_t n, const uint8_t *data, size_t size)
{
    while (size >= 3) {
        size_t at = (size_t)(data[0] | data[1] << 8) % n;
        size_t len = ZC_MIN((size_t)data[2], ZC_MIN(size - 3, n - at));
        memcpy((uint8_t *)memory + at, data + 3, len);
        data += 3 + len;
        size -= 3 + len;
    }
}

/* As memory that is shared, with nothing behind it. */
static void *memory(size_t n)
{
    void *p = calloc(1, n);
    must(p != NULL);
    return p;
}

static const char *text_of(struct zc_buf *b)
{
    zc_buf_u8(b, 0);
    must(!b->failed && strlen((char *)b->data) == b->len - 1);
    return (const char *)b->data;
}

static void show(const struct zc_snapshot *s)
{
    struct zc_buf b = ZC_BUF_INIT;
    zc_status_json(s, true, &b);
    json_lines(text_of(&b));
    zc_buf_reset(&b);
    zc_metrics_write(s, &b);
    metrics_lines(text_of(&b));
    zc_buf_reset(&b);
    zc_status_text(s, NULL, true, false, &b);
    const char *text = text_of(&b);
    harmless(text, b.len - 1, false);
    zc_buf_fini(&b);
}

/* Shows S, and what comes of it at the other end of the control socket. */
static void cross(const struct zc_snapshot *s)
{
    struct zc_snapshot there = {0};
    struct zc_err err;
    struct zc_buf b = ZC_BUF_INIT, again = ZC_BUF_INIT;
    show(s);
    zc_snapshot_encode(s, &b);
    must(!b.failed && zc_snapshot_decode(&there, b.data, b.len, &err) == 0);
    zc_snapshot_encode(&there, &again);
    must(b.len == again.len && !memcmp(b.data, again.data, b.len));
    zc_snapshot_fini(&there);
    zc_buf_fini(&b);
    zc_buf_fini(&again);
}

/* Nobody is about to write: that would be waited for. */
static void watcher(const uint8_t *data, size_t size)
{
    struct zc_snapshot s = {0};
    struct zc_mirror_status *m = memory(sizeof *m);
    m->n_peers = 2;
    change(m, sizeof *m, data, size);
    for (size_t i = 0; i < ZC_STATUS_PEERS_MAX; i++)
        atomic_fetch_and(&m->peers[i].seq, ~1u);
    atomic_fetch_and(&m->seq, ~1u);
    must(zc_snapshot_add(&s, m) != NULL);
    cross(&s);
    zc_snapshot_fini(&s);
    free(m);
}

/* Two receivers of one peer: the first has ended. */
static void receiver(const uint8_t *data, size_t size)
{
    struct zc_snapshot s = {0};
    struct zc_receiver_note *n = memory(sizeof *n);
    struct zc_receivers r = {0};
    struct zc_receiver_process c = {.pid = 1, .since = 1, .note = n};
    struct zc_pushers *p = zc_pushers_new();
    must(p != NULL);
    snprintf(c.peer, sizeof c.peer, "192.0.2.7:5000");
    atomic_store(&n->opened, true);
    atomic_store(&n->intake.writes, true);
    change(n, sizeof *n, data, size);
    zc_pushers_ended(p, &c);
    must(zc_vec_push(&r.v, c) == 0);
    must(zc_pushers_snapshot(p, &r, &s) == 0);
    must(s.copies.len <= 1);
    cross(&s);
    zc_snapshot_fini(&s);
    zc_pushers_free(p);
    zc_vec_fini(&r.v);
    free(n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    if (data[0] & 1)
        receiver(data + 1, size - 1);
    else
        watcher(data + 1, size - 1);
    return 0;
}
