// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rules of one directory, from files that are read in each (dir-merge); see
 * filter.h. A set for a directory is a copy of the one above, which shares its
 * rules; between a file's MERGE and MERGE_END comes first what the directory's own
 * file says, then what was there.
 */
#include "tree/filter.h"
#include "tree/filter_rule.h"

#include "fs/meta.h"
#include "fs/rootdir.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Files that name files that name files: more is nonsense. */
#define NESTING_MAX 16

/* --- a directory --- */

struct entering {
    struct zc_filter *out;
    struct zc_filter_place place;
    bool above;   /* only files that are wanted above the root */
    bool changed; /* OUT is not the same as what it was made from */
    unsigned depth;
};

static int enter_range(struct entering *e, const struct zc_filter *from,
                       size_t i, size_t end, struct zc_err *err);

/* The MERGE_END of the MERGE at I. */
static size_t end_of(const struct zc_filter *f, size_t i)
{
    for (size_t depth = 0; i < f->rules.len; i++) {
        enum zc_filter_kind kind = f->rules.v[i]->kind;
        depth += kind == ZC_FILTER_MERGE;
        depth -= kind == ZC_FILTER_MERGE_END;
        if (!depth)
            break;
    }
    return i;
}

int zc_filter_open_at(const struct zc_filter_place *p, const char *name)
{
    struct zc_stat st;
    int fd = zc_file_open(p->dirfd, name, O_RDONLY, 0);
    /* Our own symlinks and root's are followed, as for other files of rules. */
    if (fd < 0 && errno == ELOOP && !p->below &&
        !zc_stat_at(p->dirfd, name, &st) &&
        (st.uid == 0 || st.uid == geteuid()))
        fd = zc_link_open(p->dirfd, name, false, O_RDONLY);
    if (fd < 0 && errno == ENXIO) /* a socket */
        errno = ENOENT;
    if (fd < 0 || (!zc_stat_at(fd, "", &st) && S_ISREG(st.mode)))
        return fd;
    close(fd);
    errno = ENOENT;
    return -1;
}

/* What the directory's own file of the rule R says, into E->out. *CLEARED: it
 * inherits nothing. */
static int enter_own(struct entering *e, const struct zc_filter_rule *r,
                     bool *cleared, struct zc_err *err)
{
    if (e->above && !r->above)
        return 0;
    zc_auto_close int fd = zc_filter_open_at(&e->place, r->pattern);
    if (fd < 0)
        return errno == ENOENT
                   ? 0
                   : zc_err_set(err, ZC_EXIT_FILEIO, errno, "%s", r->pattern);
    struct zc_filter *own = zc_filter_new();
    if (!own)
        return zc_err_nomem(err);
    e->changed = true;
    int rc = zc_filter_add_at(own, &e->place, fd, &r->how_read, cleared, err);
    if (rc)
        zc_err_prefix(err, "%s", r->pattern);
    else if (e->depth >= NESTING_MAX)
        rc = zc_err_set(err, ZC_EXIT_USAGE, 0,
                        "%s: files of rules name each other too often",
                        r->pattern);
    e->depth++;
    if (!rc)
        rc = enter_range(e, own, 0, own->rules.len, err);
    e->depth--;
    zc_filter_free(own);
    return rc;
}

static int enter_merge(struct entering *e, const struct zc_filter *from,
                       size_t i, size_t end, struct zc_err *err)
{
    struct zc_filter_rule *r = from->rules.v[i];
    bool cleared = false;
    if (zc_filter_share(e->out, r, err) || enter_own(e, r, &cleared, err))
        return -1;
    if (cleared || r->how_read.no_inherit)
        e->changed |= i + 1 < end;
    else if (enter_range(e, from, i + 1, end, err))
        return -1;
    return zc_filter_share(e->out, from->rules.v[end], err);
}

static int enter_range(struct entering *e, const struct zc_filter *from,
                       size_t i, size_t end, struct zc_err *err)
{
    for (; i < end; i++) {
        if (from->rules.v[i]->kind == ZC_FILTER_MERGE) {
            size_t last = end_of(from, i);
            if (enter_merge(e, from, i, last, err))
                return -1;
            i = last;
        } else if (zc_filter_share(e->out, from->rules.v[i], err)) {
            return -1;
        }
    }
    return 0;
}

/* F is right for the directory P: most have no file of rules. */
static bool changes_nothing(const struct zc_filter *f,
                            const struct zc_filter_place *p)
{
    struct zc_stat st;
    for (size_t i = 0; i < f->rules.len; i++) {
        const struct zc_filter_rule *r = f->rules.v[i];
        if (r->kind != ZC_FILTER_MERGE)
            continue;
        if (r->how_read.no_inherit &&
            f->rules.v[i + 1]->kind != ZC_FILTER_MERGE_END)
            return false;
        if (!zc_stat_at(p->dirfd, r->pattern, &st) || errno != ENOENT)
            return false;
    }
    return true;
}

static struct zc_filter *enter(const struct zc_filter *f, struct entering *e,
                               struct zc_err *err)
{
    if (changes_nothing(f, &e->place))
        return zc_filter_ref(f);
    e->out = zc_filter_new();
    if (!e->out) {
        zc_err_nomem(err);
        return NULL;
    }
    e->place.known = f;
    e->place.also = e->out;
    if (!enter_range(e, f, 0, f->rules.len, err)) {
        if (e->changed)
            return e->out;
        zc_filter_free(e->out);
        return zc_filter_ref(f);
    }
    zc_filter_free(e->out);
    return NULL;
}

struct zc_filter *zc_filter_enter(const struct zc_filter *f, int dirfd,
                                  const char *path,
                                  const struct zc_filter_reading *how,
                                  struct zc_err *err)
{
    struct entering e = {.place = {.dirfd = dirfd,
                                   .path = path,
                                   .below = how->below,
                                   .nesting = how->nesting}};
    return enter(f, &e, err);
}

struct zc_filter *zc_filter_inherited(const struct zc_filter *f)
{
    struct zc_filter *out = zc_filter_new();
    struct zc_err err;
    size_t skip = 0; /* up to this one */
    for (size_t i = 0; out && i < f->rules.len; i++) {
        struct zc_filter_rule *r = f->rules.v[i];
        if (i < skip)
            continue;
        if (zc_filter_share(out, r, &err)) {
            zc_filter_free(out);
            return NULL;
        }
        if (r->kind == ZC_FILTER_MERGE && r->how_read.no_inherit)
            skip = end_of(f, i);
    }
    if (!out || out->rules.len < f->rules.len)
        return out;
    zc_filter_free(out);
    return zc_filter_ref(f);
}

/* --- above the root --- */

static bool wants_above(const struct zc_filter *f)
{
    for (size_t i = 0; i < f->rules.len; i++)
        if (f->rules.v[i]->above)
            return true;
    return false;
}

/* The directory at PATH, from which REST leads to the root. */
static struct zc_filter *enter_above(const struct zc_filter *f, const char *path,
                                     const char *rest, struct zc_err *err)
{
    zc_auto_close int fd = zc_root_find(path);
    if (fd < 0) {
        zc_err_set(err, ZC_EXIT_SELECT, errno, "cannot open directory %s",
                   path);
        return NULL;
    }
    struct entering e = {
        .place = {.dirfd = fd, .path = "", .rest = rest, .nesting = true},
        .above = true};
    struct zc_filter *out = enter(f, &e, err);
    if (!out)
        zc_err_prefix(err, "the rules in %s", path);
    return out;
}

struct zc_filter *zc_filter_above(const struct zc_filter *f, const char *src,
                                  struct zc_err *err)
{
    if (!wants_above(f))
        return zc_filter_ref(f);
    zc_auto_free char *real = realpath(src, NULL);
    if (!real) {
        zc_err_set(err, ZC_EXIT_SELECT, errno, "cannot open directory %s", src);
        return NULL;
    }
    struct zc_filter *found = zc_filter_ref(f);
    for (char *at = real; found && at && at[1]; at = strchr(at + 1, '/')) {
        zc_auto_free char *up =
            at == real ? strdup("/") : strndup(real, (size_t)(at - real));
        struct zc_filter *inner =
            up ? enter_above(found, up, at + 1, err) : NULL;
        if (!up)
            zc_err_nomem(err);
        zc_filter_free(found);
        found = inner;
    }
    return found;
}

/* --- the wire --- */

static void put_sides(struct zc_buf *out, unsigned sides)
{
    if (sides & ZC_SIDE_SENDER)
        zc_buf_u8(out, 's');
    if (sides & ZC_SIDE_RECEIVER)
        zc_buf_u8(out, 'r');
}

static void put_merge(const struct zc_filter_rule *r, struct zc_buf *out)
{
    const struct zc_filter_how *how = &r->how_read;
    zc_buf_u8(out, ':');
    if (how->cvs) {
        zc_buf_u8(out, 'C');
    } else {
        if (how->bare)
            zc_buf_u8(out, how->include ? '+' : '-');
        if (how->words)
            zc_buf_u8(out, 'w');
        if (how->no_inherit)
            zc_buf_u8(out, 'n');
    }
    if (how->perishable)
        zc_buf_u8(out, 'p');
    if (how->unprotect)
        zc_buf_u8(out, 'D');
    put_sides(out, how->sides);
    zc_buf_u8(out, ' ');
    if (r->above)
        zc_buf_u8(out, '/');
    zc_buf_put(out, r->pattern, r->len + 1);
}

static void put_rule(const struct zc_filter_rule *r, struct zc_buf *out)
{
    zc_buf_u8(out, r->include ? '+' : '-');
    if (r->negated)
        zc_buf_u8(out, '!');
    if (r->perishable)
        zc_buf_u8(out, 'p');
    if (r->sides != ZC_SIDE_BOTH)
        put_sides(out, r->sides);
    zc_buf_u8(out, ' ');
    zc_buf_put(out, r->pattern, r->len);
    if (r->dir_only)
        zc_buf_u8(out, '/');
    zc_buf_u8(out, '\0');
}

void zc_filter_encode(const struct zc_filter *f, struct zc_buf *out)
{
    for (size_t i = 0; i < f->rules.len; i++) {
        const struct zc_filter_rule *r = f->rules.v[i];
        if (r->kind == ZC_FILTER_RULE)
            put_rule(r, out);
        else if (r->kind == ZC_FILTER_MERGE)
            put_merge(r, out);
    }
}

void zc_filter_encode_dir(const struct zc_filter *f, struct zc_buf *out)
{
    size_t depth = 0;
    for (size_t i = 0; i < f->rules.len; i++) {
        const struct zc_filter_rule *r = f->rules.v[i];
        if (r->kind == ZC_FILTER_MERGE)
            depth++;
        else if (r->kind == ZC_FILTER_RULE && depth)
            put_rule(r, out);
        else if (r->kind == ZC_FILTER_MERGE_END && --depth == 0)
            zc_buf_u8(out, '\0');
    }
}

/* Takes the rules in *BYTES up to the empty one. */
static int take_section(struct zc_filter *f, struct zc_rd *rd,
                        struct zc_err *err)
{
    for (;;) {
        size_t left = zc_rd_left(rd);
        const uint8_t *at = zc_rd_bytes(rd, 0);
        const uint8_t *end = left ? memchr(at, '\0', left) : NULL;
        if (!end)
            return zc_err_set(err, ZC_EXIT_STREAM, 0,
                              "a directory's filter rules have no end");
        size_t n = (size_t)(end - at);
        zc_rd_bytes(rd, n + 1);
        if (!n)
            return 0;
        unsigned merges = f->merges;
        if (zc_filter_add_wire(f, (const char *)at, n, err))
            return -1;
        if (f->merges != merges)
            return zc_err_set(err, ZC_EXIT_STREAM, 0,
                              "a directory's filter rules name a file");
    }
}

static int take_dir(struct zc_filter *f, const struct zc_filter *base,
                    struct zc_rd *rd, struct zc_err *err)
{
    for (size_t i = 0; i < base->rules.len; i++) {
        struct zc_filter_rule *r = base->rules.v[i];
        if (zc_filter_share(f, r, err) ||
            (r->kind == ZC_FILTER_MERGE && take_section(f, rd, err)))
            return -1;
    }
    return zc_rd_left(rd) ? zc_err_set(err, ZC_EXIT_STREAM, 0,
                                       "a directory's filter rules go on")
                          : 0;
}

struct zc_filter *zc_filter_decode_dir(const struct zc_filter *base,
                                       const uint8_t *bytes, size_t n,
                                       struct zc_err *err)
{
    struct zc_rd rd = zc_rd_init(bytes, n);
    struct zc_filter *f = zc_filter_new();
    if (!f) {
        zc_err_nomem(err);
        return NULL;
    }
    if (!take_dir(f, base, &rd, err))
        return f;
    if (err && err->code == ZC_EXIT_USAGE) /* as in zc_filter_decode */
        err->code = ZC_EXIT_STREAM;
    zc_filter_free(f);
    return NULL;
}
