// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Entries, and the messages that carry them: LIST (many, sorted), FILE and META
 * (one, with its attributes and perhaps its bytes), AT (a directory's own).
 */
#include "base/relpath.h"
#include "proto/msg.h"
#include "proto/wire.h"

#include <string.h>
#include <sys/stat.h>

void zc_entry_encode(struct zc_buf *b, const struct zc_entry *e)
{
    zc_buf_u32(b, e->mode);
    zc_buf_u32(b, e->uid);
    zc_buf_u32(b, e->gid);
    zc_buf_u64(b, e->size);
    zc_buf_u64(b, (uint64_t)e->mtime_s);
    zc_buf_u32(b, e->mtime_ns);
    zc_buf_u16(b, e->flags);
    zc_buf_u8(b, e->name_len);
    zc_buf_put(b, e->name, e->name_len);
    if (e->flags & ZC_ENTRY_XATTRS)
        zc_buf_put(b, e->xattr_digest, sizeof e->xattr_digest);
    if (e->flags & ZC_ENTRY_PROPERTIES)
        zc_buf_u64(b, e->properties);
    if (e->flags & ZC_ENTRY_FILEFLAGS) {
        zc_buf_u32(b, e->fileflags);
        zc_buf_u32(b, e->project);
    }
    if (e->flags & ZC_ENTRY_HARD_LINK) {
        zc_buf_u32(b, e->link_dev);
        zc_buf_u64(b, e->link_ino);
        zc_buf_u32(b, e->link_count);
    }
    if (e->flags & ZC_ENTRY_DIGEST)
        zc_buf_put(b, e->tree_digest, sizeof e->tree_digest);
    if (S_ISLNK(e->mode))
        zc_wire_put16(b, (struct zc_bytes){(const uint8_t *)e->target,
                                           e->target_len});
    if (S_ISCHR(e->mode) || S_ISBLK(e->mode)) {
        zc_buf_u32(b, e->rdev_major);
        zc_buf_u32(b, e->rdev_minor);
    }
}

static bool type_known(uint32_t mode)
{
    return S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode) || S_ISCHR(mode) ||
           S_ISBLK(mode) || S_ISFIFO(mode) || S_ISSOCK(mode);
}

static void get_bytes(struct zc_rd *r, uint8_t *out, size_t n)
{
    const uint8_t *p = zc_rd_bytes(r, n);
    if (p)
        memcpy(out, p, n);
}

/* What follows the name depends on flags and type. */
static void decode_tail(struct zc_rd *r, struct zc_entry *e)
{
    if (e->flags & ZC_ENTRY_XATTRS)
        get_bytes(r, e->xattr_digest, sizeof e->xattr_digest);
    if (e->flags & ZC_ENTRY_PROPERTIES)
        e->properties = zc_rd_u64(r);
    if (e->flags & ZC_ENTRY_FILEFLAGS) {
        e->fileflags = zc_rd_u32(r);
        e->project = zc_rd_u32(r);
    }
    if (e->flags & ZC_ENTRY_HARD_LINK) {
        e->link_dev = zc_rd_u32(r);
        e->link_ino = zc_rd_u64(r);
        e->link_count = zc_rd_u32(r);
    }
    if (e->flags & ZC_ENTRY_DIGEST)
        get_bytes(r, e->tree_digest, sizeof e->tree_digest);
    if (S_ISLNK(e->mode)) {
        struct zc_bytes t = zc_wire_get16(r, ZC_SYMLINK_MAX);
        e->target = (const char *)t.p;
        e->target_len = (uint16_t)t.n;
    }
    if (S_ISCHR(e->mode) || S_ISBLK(e->mode)) {
        e->rdev_major = zc_rd_u32(r);
        e->rdev_minor = zc_rd_u32(r);
    }
}

static bool flags_sane(const struct zc_entry *e, bool root)
{
    if (e->flags & ~ZC_ENTRY_FLAGS_KNOWN ||
        (e->flags & ZC_ENTRY_DIGEST && (root || !S_ISDIR(e->mode))))
        return false;
    if (root)
        return !(e->flags &
                 (ZC_ENTRY_ABSENT | ZC_ENTRY_HARD_LINK | ZC_ENTRY_PLACED));
    if (e->flags & ZC_ENTRY_IMPLIED &&
        (e->flags != ZC_ENTRY_IMPLIED ||
         !(S_ISDIR(e->mode) || S_ISREG(e->mode))))
        return false;
    if (e->flags & ZC_ENTRY_HARD_LINK && S_ISDIR(e->mode))
        return false;
    if (e->flags & ZC_ENTRY_SEEN && !(e->flags & ZC_ENTRY_DEEP))
        return false;
    /* Eager are plain files that are there and have one name. */
    return !(e->flags & ZC_ENTRY_EAGER) ||
           (S_ISREG(e->mode) &&
            !(e->flags & (ZC_ENTRY_ABSENT | ZC_ENTRY_HARD_LINK)));
}

const char *zc_entry_fault(const struct zc_entry *e, bool root)
{
    if (!type_known(e->mode) || e->mode >> 16)
        return "its type is none that is known";
    if (e->mtime_ns >= 1000000000)
        return "its modification time has a whole second of nanoseconds";
    if (e->size > ZC_FILE_SIZE_MAX)
        return "its size is none that a file can have";
    if (S_ISLNK(e->mode) && !e->target_len)
        return "it leads nowhere: its target is empty";
    if (S_ISLNK(e->mode) && (e->target_len > ZC_SYMLINK_MAX ||
                             memchr(e->target, '\0', e->target_len)))
        return "its target is none that a symlink can have";
    if (root ? e->name_len || !S_ISDIR(e->mode)
             : !zc_name_ok(e->name, e->name_len))
        return "its name is none that a file can have";
    return flags_sane(e, root) ? NULL : "what is said of it does not fit";
}

int zc_entry_decode(struct zc_rd *r, bool root, struct zc_entry *e,
                    struct zc_err *err)
{
    memset(e, 0, sizeof *e);
    e->mode = zc_rd_u32(r);
    e->uid = zc_rd_u32(r);
    e->gid = zc_rd_u32(r);
    e->size = zc_rd_u64(r);
    e->mtime_s = (int64_t)zc_rd_u64(r);
    e->mtime_ns = zc_rd_u32(r);
    e->flags = zc_rd_u16(r);
    e->name_len = zc_rd_u8(r);
    e->name = (const char *)zc_rd_bytes(r, e->name_len);
    if (!r->bad && type_known(e->mode))
        decode_tail(r, e);
    else
        r->bad = true;
    if (r->bad || zc_entry_fault(e, root))
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "the peer sent a malformed entry");
    return 0;
}

/* LIST: u32 list, ref dir, u16 flags, u32 count, u16+bytes after, entries */
enum { LIST_FLAGS_AT = 12, LIST_COUNT_AT = 14 };

size_t zc_list_begin(struct zc_buf *b, const struct zc_msg_list *m)
{
    size_t at = zc_frame_begin(b, ZC_FRAME_LIST);
    zc_buf_u32(b, m->list);
    zc_wire_put_ref(b, m->dir);
    zc_buf_u16(b, 0);
    zc_buf_u32(b, 0);
    zc_wire_put16(b, m->after);
    if (m->rules.p)
        zc_wire_put32(b, m->rules);
    return at;
}

void zc_list_end(struct zc_buf *b, size_t at, uint32_t count, uint16_t flags)
{
    zc_buf_set_u16(b, at + ZC_FRAME_HEADER_SIZE + LIST_FLAGS_AT, flags);
    zc_buf_set_u32(b, at + ZC_FRAME_HEADER_SIZE + LIST_COUNT_AT, count);
    zc_frame_end(b, at);
}

void zc_list_set_number(struct zc_buf *b, size_t at, uint32_t list)
{
    zc_buf_set_u32(b, at + ZC_FRAME_HEADER_SIZE, list);
}

int zc_list_decode(struct zc_bytes body, struct zc_msg_list *m,
                   struct zc_err *err)
{
    struct zc_rd r = zc_wire_rd(body);
    m->list = zc_rd_u32(&r);
    m->dir = zc_wire_get_ref(&r);
    m->flags = zc_rd_u16(&r);
    m->count = zc_rd_u32(&r);
    m->after = zc_wire_get16(&r, ZC_NAME_MAX);
    m->rules = (struct zc_bytes){0};
    if (m->flags & ZC_LIST_RULES)
        m->rules = zc_wire_get32(&r, ZC_LIST_RULES_MAX);
    m->entries = r;
    bool root_ok = m->list != 0 || m->count == 1;
    bool groups = m->flags & ZC_LIST_GROUPS;
    bool flags_ok = !(m->flags & ~ZC_LIST_FLAGS_KNOWN) &&
                    (!(m->flags & ZC_LIST_DIGESTS) || m->list == 0) &&
                    (!groups || (m->flags == ZC_LIST_GROUPS && m->list &&
                                 !m->after.n && m->count));
    if (r.bad || m->count > ZC_LIST_ENTRIES_MAX || !root_ok || !flags_ok)
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "the peer sent a malformed LIST message");
    return 0;
}

int zc_list_next(struct zc_msg_list *m, struct zc_entry *prev,
                 struct zc_entry *e, struct zc_err *err)
{
    if (zc_entry_decode(&m->entries, m->list == 0, e, err))
        return -1;
    const char *before = (const char *)m->after.p;
    size_t before_len = m->after.n;
    if (prev->name_len) {
        before = prev->name;
        before_len = prev->name_len;
    }
    if (before_len &&
        zc_name_cmp(before, before_len, e->name, e->name_len) >= 0)
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "the peer sent a list that is not in order");
    *prev = *e;
    return 0;
}

int zc_list_ended(const struct zc_msg_list *m, struct zc_err *err)
{
    return zc_wire_end(&m->entries, true, "LIST", err);
}

/* AT: u32 list, u16+bytes path, entry */
void zc_at_encode(struct zc_buf *b, const struct zc_msg_at *m)
{
    size_t at = zc_frame_begin(b, ZC_FRAME_AT);
    zc_buf_u32(b, m->list);
    zc_wire_put16(b, m->path);
    zc_entry_encode(b, &m->self);
    zc_frame_end(b, at);
}

static bool path_sane(struct zc_bytes path)
{
    return zc_relpath_ok((const char *)path.p, path.n);
}

int zc_at_decode(struct zc_bytes body, struct zc_msg_at *m,
                 struct zc_err *err)
{
    struct zc_rd r = zc_wire_rd(body);
    memset(m, 0, sizeof *m);
    m->list = zc_rd_u32(&r);
    m->path = zc_wire_get16(&r, ZC_PATH_TEXT_MAX);
    if (zc_entry_decode(&r, true, &m->self, err))
        return -1;
    return zc_wire_end(&r, !m->path.n || path_sane(m->path), "AT", err);
}

/* RENAME: u16+bytes from, u16+bytes to, u8 is_dir, u64 size, i64 seconds, u32
 * nanoseconds */
void zc_rename_encode(struct zc_buf *b, const struct zc_msg_rename *m)
{
    size_t at = zc_frame_begin(b, ZC_FRAME_RENAME);
    zc_wire_put16(b, m->from);
    zc_wire_put16(b, m->to);
    zc_buf_u8(b, m->is_dir);
    zc_buf_u64(b, m->size);
    zc_buf_u64(b, (uint64_t)m->mtime_s);
    zc_buf_u32(b, m->mtime_ns);
    zc_frame_end(b, at);
}

int zc_rename_decode(struct zc_bytes body, struct zc_msg_rename *m,
                     struct zc_err *err)
{
    struct zc_rd r = zc_wire_rd(body);
    memset(m, 0, sizeof *m);
    m->from = zc_wire_get16(&r, ZC_PATH_TEXT_MAX);
    m->to = zc_wire_get16(&r, ZC_PATH_TEXT_MAX);
    uint8_t is_dir = zc_rd_u8(&r);
    m->is_dir = is_dir;
    m->size = zc_rd_u64(&r);
    m->mtime_s = (int64_t)zc_rd_u64(&r);
    m->mtime_ns = zc_rd_u32(&r);
    bool ok = !r.bad && is_dir <= 1 && m->mtime_ns < 1000000000 &&
              path_sane(m->from) && path_sane(m->to);
    return zc_wire_end(&r, ok, "RENAME", err);
}

/* Is the entry that comes next one without a name, a directory's own? */
static bool entry_of_self(struct zc_rd r)
{
    zc_rd_bytes(&r, 3 * 4 + 8 + 8 + 4 + 2);
    return zc_rd_u8(&r) == 0 && !r.bad;
}

/* FILE, META: ref, u16 flags, u64 from (ZC_FILE_FROM), entry, u32+bytes attributes,
 * u32+bytes data (ZC_FILE_INLINE) */
static size_t file_begin(struct zc_buf *b, enum zc_frame_type type,
                         const struct zc_msg_file *m, uint16_t flags)
{
    size_t at = zc_frame_begin(b, type);
    zc_wire_put_ref(b, m->ref);
    zc_buf_u16(b, flags);
    if (flags & ZC_FILE_FROM)
        zc_buf_u64(b, m->from);
    zc_entry_encode(b, &m->entry);
    zc_wire_put32(b, m->xattrs);
    return at;
}

size_t zc_file_begin_inline(struct zc_buf *b, const struct zc_msg_file *m,
                            size_t n, uint8_t **bytes)
{
    size_t at = file_begin(b, ZC_FRAME_FILE, m, ZC_FILE_INLINE);
    zc_buf_u32(b, (uint32_t)n);
    *bytes = zc_buf_reserve(b, n);
    return at;
}

void zc_file_end_inline(struct zc_buf *b, size_t at, size_t n)
{
    b->len += n;
    zc_frame_end(b, at);
}

struct zc_file_peek zc_file_peek(struct zc_bytes body)
{
    struct zc_rd r = zc_wire_rd(body);
    struct zc_file_peek peek;
    peek.list = zc_wire_get_ref(&r).list;
    peek.flags = zc_rd_u16(&r);
    if (peek.flags & ZC_FILE_FROM)
        zc_rd_u64(&r);
    peek.mode = zc_rd_u32(&r); /* an entry begins with it */
    return r.bad ? (struct zc_file_peek){0} : peek;
}

void zc_file_encode(struct zc_buf *b, enum zc_frame_type type,
                    const struct zc_msg_file *m)
{
    size_t at = file_begin(b, type, m, m->flags);
    if (m->flags & ZC_FILE_INLINE)
        zc_wire_put32(b, m->data);
    zc_frame_end(b, at);
}

int zc_file_decode(struct zc_bytes body, enum zc_frame_type type,
                   struct zc_msg_file *m, struct zc_err *err)
{
    struct zc_rd r = zc_wire_rd(body);
    memset(m, 0, sizeof *m);
    m->ref = zc_wire_get_ref(&r);
    m->flags = zc_rd_u16(&r);
    if (m->flags & ZC_FILE_FROM)
        m->from = zc_rd_u64(&r);
    bool self = type == ZC_FRAME_META && m->ref.index == 0 &&
                entry_of_self(r);
    if (zc_entry_decode(&r, self, &m->entry, err))
        return -1;
    m->xattrs = zc_wire_get32(&r, ZC_FRAME_BODY_MAX);
    if (m->flags & ZC_FILE_INLINE)
        m->data = zc_wire_get32(&r, ZC_INLINE_MAX);
    bool ok = !(m->entry.flags & ZC_ENTRY_ABSENT);
    if (type == ZC_FRAME_FILE)
        ok = ok && S_ISREG(m->entry.mode) &&
             !(m->flags & ~ZC_FILE_FLAGS_KNOWN) &&
             !(m->flags & (m->flags - 1)) &&
             (!(m->flags & ZC_FILE_FROM) || m->from <= m->entry.size) &&
             (!(m->flags & ZC_FILE_INLINE) || m->data.n == m->entry.size);
    else
        ok = ok && m->flags == 0;
    return zc_wire_end(&r, ok, type == ZC_FRAME_FILE ? "FILE" : "META", err);
}
