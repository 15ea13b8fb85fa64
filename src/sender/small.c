// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Small files: read into the worker's buffer, header and bytes together, so
 * that many of them leave in one call. What was sent is one version: the file is
 * the same before and after its bytes were read, and no write was under way.
 */
#include "sender/small.h"

#include "base/io.h"
#include "sender/entry.h"
#include "sender/lease.h"

#include <string.h>
#include <sys/stat.h>

/* Two reads of the same small file: true when they are alike. */
static bool same_bytes(struct zc_sworker *w, int fd, const uint8_t *bytes,
                       size_t n)
{
    zc_buf_reset(&w->scratch);
    uint8_t *again = zc_buf_reserve(&w->scratch, n);
    return again && zc_io_pread(fd, again, n, 0) == (ssize_t)n &&
           !memcmp(again, bytes, n);
}

static void end_inline(struct zc_sworker *w, const struct zc_sfile *f,
                       size_t at, size_t n)
{
    zc_file_end_inline(&w->out, at, n);
    zc_sfile_state(w, f, ZC_S_SENT);
    atomic_fetch_add(&w->s->stats->sent_bytes, n);
}

int zc_small_append(struct zc_sworker *w, int dirfd, struct zc_sfile *f)
{
    struct zc_msg_file m;
    struct zc_stat after;
    size_t begin = w->out.len, n = (size_t)f->st.size;
    if (zc_sfile_describe(w, dirfd, f, &m))
        return -1;

    /* The bytes are read to where the message wants them. */
    uint8_t *bytes;
    size_t at = zc_file_begin_inline(&w->out, &m, n, &bytes);
    if (!bytes)
        return -1;
    zc_write_barrier(f->fd);
    ssize_t r = zc_io_pread(f->fd, bytes, n, 0);
    int eno = errno;
    bool ok = r == (ssize_t)n && !zc_stat_at(f->fd, "", &after) &&
              zc_stat_same_version(&f->st, &after);
    if (ok && zc_changed_lately(&f->st))
        ok = same_bytes(w, f->fd, bytes, n);
    if (!ok) {
        w->out.len = begin;
        if (r < 0) {
            zc_sfile_give_up(w, f, "read it", eno);
            return 1;
        }
        return 0;
    }
    end_inline(w, f, at, n);
    return 1;
}

static bool is_version(const struct zc_seen *seen, const struct zc_entry *e,
                       const struct zc_stat *st)
{
    return S_ISREG(st->mode) && zc_seen_same(seen, st) &&
           st->size == e->size && st->mtime_s == e->mtime_s &&
           st->mtime_ns == e->mtime_ns;
}

bool zc_small_listed(struct zc_sworker *w, struct zc_sfile *f)
{
    const struct zc_seen *seen = &f->list->entries[f->index].seen;
    size_t begin = w->out.len, n = (size_t)f->listed.size;
    struct zc_msg_file m = {.ref = {f->list->id, f->index},
                            .entry = f->listed};
    if (!seen->ino || f->listed.size > ZC_INLINE_MAX)
        return false;
    m.entry.flags &= (uint16_t)~ZC_ENTRY_PLACED;
    uint8_t *bytes;
    size_t at = zc_file_begin_inline(&w->out, &m, n, &bytes);
    zc_write_barrier(f->fd);
    bool ok = bytes && zc_io_pread(f->fd, bytes, n, 0) == (ssize_t)n &&
              !zc_stat_at(f->fd, "", &f->st) &&
              is_version(seen, &f->listed, &f->st);
    if (ok)
        end_inline(w, f, at, n);
    else
        w->out.len = begin;
    return ok;
}
