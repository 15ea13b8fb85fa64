/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether it is worth compressing what is about to be sent: only while the link
 * is slower than the compressor. Told what was compressed and sent, and how long
 * each took, it decides again every few milliseconds. Memory only, no clock of
 * its own; one thread at a time. Times are in nanoseconds.
 */
#ifndef ZC_NET_WORTH_H
#define ZC_NET_WORTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zc_worth {
    bool always; /* it was asked for, whatever it costs */
    bool on;
    /* What is known: ns for a byte. 0: nothing yet. */
    double squeeze; /* to compress one */
    double link;    /* to get one across */
    double left;    /* what is left of a byte that was compressed */
    /* Since the last decision. */
    int64_t since;
    uint64_t sent;
    int64_t sending;
    int64_t queued; /* then */
    /* The other way is tried, to learn what it costs. */
    int64_t try_at, try_every;
};

void zc_worth_init(struct zc_worth *w, bool always, int64_t now);

/* N bytes became LEFT, in NS of a processor's time. */
void zc_worth_squeezed(struct zc_worth *w, size_t n, size_t left, int64_t ns);

/* N bytes were sent, compressed or not, in NS. */
void zc_worth_sent(struct zc_worth *w, uint64_t n, int64_t ns);

/* Before more is sent: whether it is time to decide, and to do so, while QUEUED
 * bytes are with the kernel, which has not got them across yet; -1: nobody
 * knows. */
bool zc_worth_due(const struct zc_worth *w, int64_t now);
void zc_worth_decide(struct zc_worth *w, int64_t queued, int64_t now);

/* Bytes to send uncompressed before it is asked again: MIN to MAX. */
size_t zc_worth_run(const struct zc_worth *w, size_t min, size_t max);

#endif
