// SPDX-License-Identifier: GPL-2.0-or-later
/* When compression is worth it: links and compressors of every speed, in a
 * clock of our own. */
#include "net/worth.h"

#include "../tap.h"

#define PIECE 256000

/* A machine that sends, with a kernel that buffers. Bytes a nanosecond. */
struct world {
    double link, squeezer, left, disk;
    double buffer; /* bytes in the kernel's */
    int64_t now;
    uint64_t sent, squeezed; /* the caller's bytes, and those that were */
};

static bool blind; /* nobody tells what is in it */

#define BUFFER 2e6
#define COPY 4.0 /* bytes a nanosecond into the buffer */

static void drain(struct world *w, double ns)
{
    w->buffer -= ns * w->link;
    if (w->buffer < 0)
        w->buffer = 0;
    w->now += (int64_t)ns;
}

static void send_bytes(struct world *w, struct zc_worth *v, double n)
{
    int64_t start = w->now;
    if (zc_worth_due(v, w->now))
        zc_worth_decide(v, blind ? -1 : (int64_t)w->buffer, w->now);
    drain(w, n / COPY);
    w->buffer += n;
    if (w->buffer > BUFFER)
        drain(w, (w->buffer - BUFFER) / w->link);
    zc_worth_sent(v, (uint64_t)n, w->now - start);
}

/* For SECONDS. */
static void run(struct world *w, struct zc_worth *v, double seconds)
{
    int64_t end = w->now + (int64_t)(seconds * 1e9);
    w->sent = w->squeezed = 0;
    while (w->now < end) {
        double n = PIECE;
        drain(w, n / w->disk);
        w->sent += PIECE;
        if (v->on) {
            double ns = n / w->squeezer;
            w->squeezed += PIECE;
            drain(w, ns);
            zc_worth_squeezed(v, PIECE, (size_t)(n * w->left), (int64_t)ns);
            n *= w->left;
        }
        send_bytes(w, v, n);
    }
}

/* Per cent of the bytes that were compressed. */
static int part(const struct world *w)
{
    return (int)(100 * w->squeezed / w->sent);
}

static struct world world(double link, double disk)
{
    return (struct world){.link = link, .squeezer = 0.2, .left = 0.35,
                          .disk = disk, .now = 1000000000};
}

int main(void)
{
    static const struct {
        const char *what;
        double link; /* GB/s */
        int least, most;
    } links[] = {
        {"1 Mbit/s", 0.000125, 75, 100},  {"100 Mbit/s", 0.0125, 90, 100},
        {"300 Mbit/s", 0.0375, 90, 100},  {"10 Gbit/s", 1.25, 0, 12},
        {"3 GB/s", 3, 0, 5},
    };
    struct zc_worth v;
    for (size_t i = 0; i < 2 * sizeof links / sizeof *links; i++) {
        size_t k = i / 2;
        struct world w = world(links[k].link, 2);
        blind = i % 2;
        zc_worth_init(&v, false, w.now);
        run(&w, &v, 30);
        ok(part(&w) >= links[k].least && part(&w) <= links[k].most,
           "%sover %s: %d %% of the bytes are compressed",
           blind ? "blind, " : "", links[k].what, part(&w));
    }
    blind = false;

    struct world w = world(3, 2);
    zc_worth_init(&v, false, w.now);
    run(&w, &v, 20);
    w.link = 0.0125;
    run(&w, &v, 2);
    run(&w, &v, 10);
    ok(part(&w) > 90, "a link that becomes slow: %d %%", part(&w));
    w.link = 3;
    run(&w, &v, 20);
    run(&w, &v, 20);
    ok(part(&w) < 10, "... and fast again: %d %%", part(&w));

    w = world(3, 2);
    zc_worth_init(&v, true, w.now);
    run(&w, &v, 2);
    ok(part(&w) == 100, "always is always");

    w = world(0.0125, 2);
    zc_worth_init(&v, false, w.now);
    run(&w, &v, 1);
    ok(zc_worth_run(&v, 1000, 100000000) < 1000000,
       "what goes by itself over a slow link is short");
    w = world(3, 2);
    zc_worth_init(&v, false, w.now);
    ok(zc_worth_run(&v, 1000, 1000000) == 1000, "... while nothing is known");
    run(&w, &v, 1);
    ok(zc_worth_run(&v, 1000, 1000000) == 1000000, "... and long over a fast");
    return done_testing();
}
