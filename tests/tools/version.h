/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that tell whether they are whole: written by churn, read by witness.
 *
 * A file is made of records of 64 bytes and is of one of two kinds.
 *   whole   one version from the first byte to the last: every record has the
 *           same id, version and length, and that length is the file's. Its
 *           last record may be cut short by an odd length.
 *   log     appended to, a batch of records by each write(2): a batch names its
 *           first record, its length and the version of the batch before it, so
 *           that a log is right only when it ends where a write ended, and when
 *           its batches were once there together.
 * A version of less than 64 bytes begins with a byte that tells its length. An
 * empty file is right: whoever creates a file makes an empty one first.
 */
#ifndef VERSION_H
#define VERSION_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define RECORD 64
#define WHOLE_MAGIC 0x656c6f6877435aULL
#define LOG_MAGIC 0x676f6c5a435aULL

struct record {
    uint64_t magic;
    uint64_t id;      /* of the file, whatever it is called */
    uint64_t version; /* unique; in a log, of the batch */
    uint64_t index;   /* of the record in the file */
    uint64_t length;  /* whole: of the version; log: records in the batch */
    uint64_t start;   /* log: index of the batch's first record */
    uint64_t prev;    /* log: version of the batch before, or 0 */
    uint64_t sum;     /* of all that */
};
_Static_assert(sizeof(struct record) == RECORD, "no padding");

static inline uint64_t record_sum(const struct record *r)
{
    const uint64_t *w = &r->magic;
    uint64_t h = 0x9e3779b97f4a7c15ULL;
    for (int i = 0; i < 7; i++) {
        h = (h ^ w[i]) * 0xff51afd7ed558ccdULL;
        h ^= h >> 32;
    }
    return h;
}

/* The bytes of a version that lie in [OFFSET, OFFSET + N). */
static inline void version_fill(unsigned char *to, uint64_t id,
                                uint64_t version, uint64_t length,
                                uint64_t offset, size_t n)
{
    if (length < RECORD) {
        for (size_t i = 0; i < n; i++)
            to[i] = offset + i == 0 ? 0x80 | length : version & 0xff;
        return;
    }
    while (n > 0) {
        struct record r = {.magic = WHOLE_MAGIC, .id = id, .version = version,
                           .index = offset / RECORD, .length = length};
        size_t skip = offset % RECORD, part = RECORD - skip;
        if (part > n)
            part = n;
        r.sum = record_sum(&r);
        memcpy(to, (unsigned char *)&r + skip, part);
        to += part;
        offset += part;
        n -= part;
    }
}

/* A batch of a log: COUNT records at TO. */
static inline void log_fill(unsigned char *to, uint64_t id, uint64_t version,
                            uint64_t start, uint64_t count, uint64_t prev)
{
    for (uint64_t i = 0; i < count; i++) {
        struct record r = {.magic = LOG_MAGIC, .id = id, .version = version,
                           .index = start + i, .length = count,
                           .start = start, .prev = prev};
        r.sum = record_sum(&r);
        memcpy(to + i * RECORD, &r, RECORD);
    }
}

/* Follows a file from its first byte to its last. */
struct checker {
    struct record first, last; /* of a log: of the batch under way */
    uint64_t offset;
    bool log;
    char why[256]; /* what is wrong, or "" */
};

static inline bool checker_wrong(struct checker *c, const char *what,
                                 uint64_t got, uint64_t want)
{
    if (!c->why[0])
        snprintf(c->why, sizeof c->why, "at byte %llu: %s (%llx, wanted %llx)",
                 (unsigned long long)c->offset, what, (unsigned long long)got,
                 (unsigned long long)want);
    return false;
}

static inline bool check_log_record(struct checker *c, const struct record *r)
{
    bool begins = c->offset == 0 || c->last.index + 1 ==
                                        c->last.start + c->last.length;
    if (r->magic != LOG_MAGIC || r->sum != record_sum(r))
        return checker_wrong(c, "not a record of a log", r->magic, LOG_MAGIC);
    if (r->id != c->first.id)
        return checker_wrong(c, "of another file", r->id, c->first.id);
    if (r->index != c->offset / RECORD)
        return checker_wrong(c, "not its place", r->index, c->offset / RECORD);
    if (begins && r->start != r->index)
        return checker_wrong(c, "a batch without its beginning", r->start,
                             r->index);
    if (begins && r->prev != (c->offset ? c->last.version : 0))
        return checker_wrong(c, "a batch that did not follow the one before",
                             r->prev, c->offset ? c->last.version : 0);
    if (!begins && r->version != c->last.version)
        return checker_wrong(c, "a batch without its end", r->version,
                             c->last.version);
    c->last = *r;
    return true;
}

/* The next N bytes; all calls but the last with a multiple of RECORD. */
static inline bool checker_more(struct checker *c, const unsigned char *data,
                                size_t n)
{
    if (c->offset == 0 && n >= RECORD) {
        memcpy(&c->first, data, RECORD);
        c->log = c->first.magic == LOG_MAGIC;
        if (c->first.sum != record_sum(&c->first))
            return checker_wrong(c, "no record at the beginning",
                                 c->first.magic, WHOLE_MAGIC);
    } else if (c->offset == 0 && n > 0) {
        c->first.length = n;
        if (data[0] != (0x80 | n))
            return checker_wrong(c, "not the length of this version",
                                 data[0], 0x80 | n);
        c->first.version = n > 1 ? data[1] : 0;
    }
    while (n > 0) {
        unsigned char want[RECORD];
        size_t part = n < RECORD ? n : RECORD;
        if (c->log) {
            struct record r = {0};
            memcpy(&r, data, part);
            if (!check_log_record(c, &r))
                return false;
        } else {
            version_fill(want, c->first.id, c->first.version, c->first.length,
                         c->offset, part);
            if (memcmp(want, data, part) != 0) {
                struct record r = {0};
                memcpy(&r, data, part);
                return checker_wrong(c, "another version or none", r.version,
                                     c->first.version);
            }
        }
        c->offset += part;
        data += part;
        n -= part;
    }
    return true;
}

/* After the last byte. */
static inline bool checker_end(struct checker *c)
{
    if (c->why[0])
        return false;
    if (c->offset == 0)
        return true;
    if (!c->log && c->offset != c->first.length)
        return checker_wrong(c, "the end, but not of this version", c->offset,
                             c->first.length);
    if (c->log && c->last.index + 1 != c->last.start + c->last.length)
        return checker_wrong(c, "the end, but not of a batch",
                             c->last.index + 1,
                             c->last.start + c->last.length);
    return true;
}

#endif
