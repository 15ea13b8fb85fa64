// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Texts that one process writes while others read them, without a lock: a
 * sequence number that is odd while its text changes; see status.h.
 *
 *     writer: seq odd,  bytes (each a release),  seq even (release)
 *     reader: seq,      bytes (each an acquire), seq again: the same and even?
 *
 * A byte that is seen new makes the odd number visible, so a reader that got a
 * mixture sees that the number has changed.
 */
#include "mirror/status.h"

#include "base/clock.h"

#include <string.h>

/* A writer that is between two numbers may have lost its CPU: it is given time
 * to finish. One that died there leaves its number odd for good. */
#define SPINS 20
#define PAUSE_NS 1000000

const char *zc_mirror_state_text(unsigned state)
{
    static const char *const texts[] = {
        [ZC_MIRROR_STARTING] = "starting",
        [ZC_MIRROR_SCANNING] = "scanning",
        [ZC_MIRROR_WATCHING] = "watching",
        [ZC_MIRROR_GONE] = "source gone",
        [ZC_MIRROR_STOPPED] = "stopped",
    };
    return state < ZC_ARRAY_LEN(texts) ? texts[state] : "unknown";
}

const char *zc_peer_state_text(unsigned state)
{
    static const char *const texts[] = {
        [ZC_PEER_CONNECTING] = "connecting",
        [ZC_PEER_DISCONNECTED] = "disconnected",
        [ZC_PEER_SCANNING] = "scanning",
        [ZC_PEER_BEHIND] = "behind",
        [ZC_PEER_IN_SYNC] = "in sync",
        [ZC_PEER_BLOCKED] = "blocked",
        [ZC_PEER_PAUSED] = "paused",
    };
    return state < ZC_ARRAY_LEN(texts) ? texts[state] : "unknown";
}

void zc_mirror_set_state(struct zc_mirror_status *m, enum zc_mirror_state s)
{
    if (atomic_exchange(&m->state, (unsigned)s) != (unsigned)s ||
        !atomic_load(&m->since))
        atomic_store(&m->since, zc_clock_wall_ns());
}

void zc_peer_set_state(struct zc_peer_status *p, enum zc_peer_state s)
{
    if (atomic_exchange(&p->state, (unsigned)s) != (unsigned)s ||
        !atomic_load(&p->since))
        atomic_store(&p->since, zc_clock_wall_ns());
}

static void put_text(char *to, const char *text, size_t size)
{
    size_t n = strnlen(text, size - 1);
    /* Not within a character of UTF-8. */
    if (text[n])
        while (n && ((unsigned char)text[n] & 0xc0) == 0x80)
            n--;
    for (size_t i = 0; i < n; i++)
        __atomic_store_n(&to[i], text[i], __ATOMIC_RELEASE);
    __atomic_store_n(&to[n], '\0', __ATOMIC_RELEASE);
}

static void get_text(const char *from, char *text, size_t size)
{
    char c;
    size_t i = 0;
    do {
        c = __atomic_load_n(&from[i], __ATOMIC_ACQUIRE);
        text[i++] = c;
    } while (c && i < size);
    text[size - 1] = '\0';
}

/* The same text again is no reason to make readers try again. */
static bool differs(const char *now, const char *text)
{
    return text && strncmp(now, text, ZC_STATUS_TEXT - 1) != 0;
}

static unsigned write_begin(atomic_uint *seq)
{
    unsigned odd = atomic_load(seq) | 1;
    atomic_store(seq, odd);
    return odd;
}

static void write_end(atomic_uint *seq, unsigned odd)
{
    atomic_store_explicit(seq, odd + 1, memory_order_release);
}

void zc_mirror_set_text(struct zc_mirror_status *m, const char *text)
{
    if (!differs(m->text, text))
        return;
    unsigned odd = write_begin(&m->seq);
    put_text(m->text, text, sizeof m->text);
    write_end(&m->seq, odd);
}

void zc_mirror_set_note(struct zc_mirror_status *m, const char *note)
{
    if (!differs(m->note, note))
        return;
    unsigned odd = write_begin(&m->seq);
    put_text(m->note, note, sizeof m->note);
    write_end(&m->seq, odd);
}

void zc_peer_set_text(struct zc_peer_status *p, const char *path,
                      const char *text)
{
    if (!differs(p->path, path) && !differs(p->text, text))
        return;
    unsigned odd = write_begin(&p->seq);
    if (path)
        put_text(p->path, path, sizeof p->path);
    if (text)
        put_text(p->text, text, sizeof p->text);
    write_end(&p->seq, odd);
}

void zc_peer_set_security(struct zc_peer_status *p, const char *security,
                          const char *key)
{
    if (strcmp(p->security, security) == 0 && strcmp(p->key, key) == 0)
        return;
    unsigned odd = write_begin(&p->seq);
    put_text(p->security, security, sizeof p->security);
    put_text(p->key, key, sizeof p->key);
    write_end(&p->seq, odd);
}

/* True when what was read since SEQ was SEEN is of one piece, or there is no more
 * PATIENCE. */
static bool read_whole(atomic_uint *seq, unsigned seen, int *patience)
{
    if ((!(seen & 1) && atomic_load(seq) == seen) || *patience <= 0)
        return true;
    if (ZC_STATUS_PATIENCE - (*patience)-- > SPINS)
        zc_clock_sleep_ns(PAUSE_NS);
    return false;
}

/* A text of SIZE, and another one unless it is NULL, as they were at one moment. */
static void read_texts(atomic_uint *seq, const char *from, char *text,
                       const char *from_other, char *other, size_t size,
                       int *patience)
{
    int own = ZC_STATUS_PATIENCE;
    unsigned seen;
    do {
        seen = atomic_load(seq);
        get_text(from, text, size);
        if (from_other)
            get_text(from_other, other, size);
    } while (!read_whole(seq, seen, patience ? patience : &own));
}

void zc_mirror_get_text(struct zc_mirror_status *m, char text[ZC_STATUS_TEXT],
                        int *patience)
{
    read_texts(&m->seq, m->text, text, NULL, NULL, ZC_STATUS_TEXT, patience);
}

void zc_mirror_get_note(struct zc_mirror_status *m, char note[ZC_STATUS_TEXT],
                        int *patience)
{
    read_texts(&m->seq, m->note, note, NULL, NULL, ZC_STATUS_TEXT, patience);
}

void zc_peer_get_text(struct zc_peer_status *p, char path[ZC_STATUS_TEXT],
                      char text[ZC_STATUS_TEXT], int *patience)
{
    read_texts(&p->seq, p->path, path, p->text, text, ZC_STATUS_TEXT, patience);
}

void zc_peer_get_security(struct zc_peer_status *p,
                          char security[ZC_STATUS_SECURITY],
                          char key[ZC_STATUS_SECURITY], int *patience)
{
    read_texts(&p->seq, p->security, security, p->key, key, ZC_STATUS_SECURITY,
               patience);
}
