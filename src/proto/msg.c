// SPDX-License-Identifier: GPL-2.0-or-later
/* The small messages; those with entries are in entry.c, the first ones of a
 * session in open.c. See msg.h. */
#include "proto/msg.h"

#include "base/relpath.h"
#include "proto/wire.h"

#include <string.h>

void zc_idname_encode(struct zc_buf *b, const struct zc_msg_idname *m)
{
    size_t at = zc_frame_begin(b, ZC_FRAME_IDNAME);
    zc_buf_u8(b, m->kind);
    zc_buf_u32(b, m->id);
    zc_wire_put16(b, m->name);
    zc_frame_end(b, at);
}

bool zc_idname_ok(struct zc_bytes name)
{
    return name.n && name.n <= ZC_NAME_MAX && zc_wire_text_ok(name);
}

int zc_idname_decode(struct zc_bytes body, struct zc_msg_idname *m,
                     struct zc_err *err)
{
    struct zc_rd r = zc_wire_rd(body);
    m->kind = zc_rd_u8(&r);
    m->id = zc_rd_u32(&r);
    m->name = zc_wire_get16(&r, ZC_NAME_MAX);
    return zc_wire_end(&r, m->kind <= 1 && zc_idname_ok(m->name),
                       "IDNAME", err);
}

void zc_data_encode(struct zc_buf *b, const struct zc_msg_data *m)
{
    size_t at = zc_frame_begin(b, ZC_FRAME_DATA);
    zc_wire_put_ref(b, m->ref);
    zc_buf_u64(b, m->offset);
    zc_buf_u64(b, m->length);
    zc_frame_end(b, at);
}

int zc_data_decode(struct zc_bytes body, struct zc_msg_data *m,
                   struct zc_err *err)
{
    struct zc_rd r = zc_wire_rd(body);
    m->ref = zc_wire_get_ref(&r);
    m->offset = zc_rd_u64(&r);
    m->length = zc_rd_u64(&r);
    bool ok = m->length > 0 && m->length <= ZC_DATA_MAX &&
              m->offset <= ZC_FILE_SIZE_MAX - m->length;
    return zc_wire_end(&r, ok, "DATA", err);
}

void zc_ref_encode(struct zc_buf *b, enum zc_frame_type type,
                   struct zc_ref ref)
{
    size_t at = zc_frame_begin(b, type);
    zc_wire_put_ref(b, ref);
    zc_frame_end(b, at);
}

int zc_ref_decode(struct zc_bytes body, struct zc_ref *ref,
                  struct zc_err *err)
{
    struct zc_rd r = zc_wire_rd(body);
    *ref = zc_wire_get_ref(&r);
    return zc_wire_end(&r, true, "SENT or GOT", err);
}

void zc_bytes_encode(struct zc_buf *b, const struct zc_msg_bytes *m)
{
    size_t at = zc_frame_begin(b, ZC_FRAME_BYTES);
    zc_wire_put_ref(b, m->ref);
    zc_buf_u32(b, m->eno);
    zc_frame_end(b, at);
}

int zc_bytes_decode(struct zc_bytes body, struct zc_msg_bytes *m,
                    struct zc_err *err)
{
    struct zc_rd r = zc_wire_rd(body);
    m->ref = zc_wire_get_ref(&r);
    m->eno = zc_rd_u32(&r);
    return zc_wire_end(&r, true, "BYTES", err);
}

void zc_end_encode(struct zc_buf *b, const struct zc_msg_end *m)
{
    size_t at = zc_frame_begin(b, ZC_FRAME_END);
    zc_wire_put_ref(b, m->ref);
    zc_buf_u8(b, m->verdict);
    zc_buf_u32(b, m->eno);
    if (m->verdict == ZC_VERDICT_VERIFY)
        zc_buf_put(b, m->hash, sizeof m->hash);
    zc_frame_end(b, at);
}

int zc_end_decode(struct zc_bytes body, struct zc_msg_end *m,
                  struct zc_err *err)
{
    struct zc_rd r = zc_wire_rd(body);
    memset(m, 0, sizeof *m);
    m->ref = zc_wire_get_ref(&r);
    m->verdict = zc_rd_u8(&r);
    m->eno = zc_rd_u32(&r);
    if (m->verdict == ZC_VERDICT_VERIFY) {
        const uint8_t *hash = zc_rd_bytes(&r, sizeof m->hash);
        if (hash)
            memcpy(m->hash, hash, sizeof m->hash);
    }
    return zc_wire_end(&r, m->verdict <= ZC_VERDICT_VERIFY, "END", err);
}

/* NEED: u32 list, u16 flags, u32 count, items */
enum { NEED_FLAGS_AT = 4, NEED_COUNT_AT = 6 };

size_t zc_need_begin(struct zc_buf *b, uint32_t list)
{
    size_t at = zc_frame_begin(b, ZC_FRAME_NEED);
    zc_buf_u32(b, list);
    zc_buf_u16(b, 0);
    zc_buf_u32(b, 0);
    return at;
}

void zc_need_add(struct zc_buf *b, const struct zc_need_item *item)
{
    zc_buf_u32(b, item->index);
    zc_buf_u8(b, item->what);
    zc_buf_u16(b, item->item_flags);
    if (item->what & (ZC_NEED_CHECK | ZC_NEED_FROM))
        zc_buf_put(b, item->hash, sizeof item->hash);
    if (item->what & (ZC_NEED_FROM | ZC_NEED_DELTA))
        zc_buf_u64(b, item->from);
}

void zc_need_end(struct zc_buf *b, size_t at, uint32_t count, uint16_t flags)
{
    zc_buf_set_u16(b, at + ZC_FRAME_HEADER_SIZE + NEED_FLAGS_AT, flags);
    zc_buf_set_u32(b, at + ZC_FRAME_HEADER_SIZE + NEED_COUNT_AT, count);
    zc_frame_end(b, at);
}

int zc_need_decode(struct zc_bytes body, struct zc_msg_need *m,
                   struct zc_err *err)
{
    struct zc_rd r = zc_wire_rd(body);
    m->list = zc_rd_u32(&r);
    m->flags = zc_rd_u16(&r);
    m->count = zc_rd_u32(&r);
    m->items = r;
    if (r.bad || m->flags & ~(ZC_NEED_FINAL | ZC_NEED_SECOND) ||
        m->count > ZC_LIST_ENTRIES_MAX)
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "the peer sent a malformed NEED message");
    return 0;
}

int zc_need_next(struct zc_msg_need *m, struct zc_need_item *item,
                 struct zc_err *err)
{
    struct zc_rd *r = &m->items;
    memset(item, 0, sizeof *item);
    item->index = zc_rd_u32(r);
    item->what = zc_rd_u8(r);
    item->item_flags = zc_rd_u16(r);
    if (item->what & (ZC_NEED_CHECK | ZC_NEED_FROM)) {
        const uint8_t *hash = zc_rd_bytes(r, sizeof item->hash);
        if (hash)
            memcpy(item->hash, hash, sizeof item->hash);
    }
    if (item->what & (ZC_NEED_FROM | ZC_NEED_DELTA))
        item->from = zc_rd_u64(r);
    if (r->bad || item->what & ~ZC_NEED_KNOWN || !item->what)
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "the peer sent a malformed NEED item");
    return 0;
}

size_t zc_result_begin(struct zc_buf *b)
{
    size_t at = zc_frame_begin(b, ZC_FRAME_RESULT);
    zc_buf_u32(b, 0);
    return at;
}

void zc_result_add(struct zc_buf *b, const struct zc_result_item *item)
{
    zc_wire_put_ref(b, item->ref);
    zc_buf_u8(b, item->status);
    zc_buf_u8(b, item->op);
    zc_buf_u32(b, item->eno);
}

void zc_result_end(struct zc_buf *b, size_t at, uint32_t count)
{
    zc_buf_set_u32(b, at + ZC_FRAME_HEADER_SIZE, count);
    zc_frame_end(b, at);
}

int zc_result_decode(struct zc_bytes body, struct zc_msg_result *m,
                     struct zc_err *err)
{
    struct zc_rd r = zc_wire_rd(body);
    m->count = zc_rd_u32(&r);
    m->items = r;
    if (r.bad || m->count > ZC_RESULT_ITEMS_MAX)
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "the peer sent a malformed RESULT message");
    return 0;
}

int zc_result_next(struct zc_msg_result *m, struct zc_result_item *item,
                   struct zc_err *err)
{
    struct zc_rd *r = &m->items;
    item->ref = zc_wire_get_ref(r);
    item->status = zc_rd_u8(r);
    item->op = zc_rd_u8(r);
    item->eno = zc_rd_u32(r);
    if (r->bad || item->status > ZC_STATUS_SAME ||
        item->op >= ZC_OP_MAX)
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "the peer sent a malformed RESULT item");
    return 0;
}

void zc_note_encode(struct zc_buf *b, const struct zc_msg_note *m)
{
    size_t at = zc_frame_begin(b, ZC_FRAME_NOTE);
    zc_buf_u8(b, m->op);
    zc_buf_u32(b, m->mode);
    zc_buf_u32(b, m->eno);
    zc_wire_put32(b, m->path);
    zc_frame_end(b, at);
}

int zc_note_decode(struct zc_bytes body, struct zc_msg_note *m,
                   struct zc_err *err)
{
    struct zc_rd r = zc_wire_rd(body);
    m->op = zc_rd_u8(&r);
    m->mode = zc_rd_u32(&r);
    m->eno = zc_rd_u32(&r);
    m->path = zc_wire_get32(&r, ZC_FRAME_BODY_MAX);
    bool ok = m->op < ZC_OP_MAX &&
              (m->path.n == 0 ||
               zc_relpath_ok((const char *)m->path.p, m->path.n));
    return zc_wire_end(&r, ok, "NOTE", err);
}

void zc_finished_encode(struct zc_buf *b, const struct zc_msg_finished *m)
{
    size_t at = zc_frame_begin(b, ZC_FRAME_FINISHED);
    zc_buf_u8(b, m->code);
    zc_buf_u8(b, (uint8_t)(m->durable | m->owners_left << 1 |
                           m->alternates_missing << 2 | m->synced << 3));
    zc_buf_u64(b, m->created);
    zc_buf_u64(b, m->deleted);
    zc_wire_put16(b, m->text);
    zc_frame_end(b, at);
}

int zc_finished_decode(struct zc_bytes body, struct zc_msg_finished *m,
                       struct zc_err *err)
{
    struct zc_rd r = zc_wire_rd(body);
    m->code = zc_rd_u8(&r);
    uint8_t flags = zc_rd_u8(&r);
    m->durable = flags & 1;
    m->owners_left = flags & 2;
    m->alternates_missing = flags & 4;
    m->synced = flags & 8;
    m->created = zc_rd_u64(&r);
    m->deleted = zc_rd_u64(&r);
    m->text = zc_wire_get16(&r, ZC_ERROR_TEXT_MAX);
    return zc_wire_end(&r, zc_wire_text_ok(m->text) && flags < 16, "FINISHED", err);
}

void zc_error_encode(struct zc_buf *b, const struct zc_msg_error *m)
{
    size_t at = zc_frame_begin(b, ZC_FRAME_ERROR);
    zc_buf_u8(b, m->code);
    zc_wire_put16(b, m->text);
    zc_frame_end(b, at);
}

int zc_error_decode(struct zc_bytes body, struct zc_msg_error *m,
                    struct zc_err *err)
{
    struct zc_rd r = zc_wire_rd(body);
    m->code = zc_rd_u8(&r);
    m->text = zc_wire_get16(&r, ZC_ERROR_TEXT_MAX);
    return zc_wire_end(&r, m->code != 0 && zc_wire_text_ok(m->text), "ERROR", err);
}

void zc_done_encode(struct zc_buf *b, uint8_t flags)
{
    size_t at = zc_frame_begin(b, ZC_FRAME_DONE);
    zc_buf_u8(b, flags);
    zc_frame_end(b, at);
}

int zc_done_decode(struct zc_bytes body, uint8_t *flags, struct zc_err *err)
{
    struct zc_rd r = zc_wire_rd(body);
    *flags = zc_rd_u8(&r);
    return zc_wire_end(&r, !(*flags & ~ZC_DONE_FLAGS_KNOWN), "DONE", err);
}

void zc_ping_encode(struct zc_buf *b)
{
    zc_frame_end(b, zc_frame_begin(b, ZC_FRAME_PING));
}

const char *zc_op_text(unsigned op)
{
    static const char *const text[] = {
        [ZC_OP_NONE] = "do it",
        [ZC_OP_STAT] = "look at it",
        [ZC_OP_READ] = "read it",
        [ZC_OP_READ_DIR] = "read the directory",
        [ZC_OP_CREATE] = "create the file",
        [ZC_OP_WRITE] = "write the file",
        [ZC_OP_MKDIR] = "create the directory",
        [ZC_OP_SYMLINK] = "create the symlink",
        [ZC_OP_MKNOD] = "create the device or special file",
        [ZC_OP_LINK] = "create the hard link",
        [ZC_OP_RENAME] = "put it in place",
        [ZC_OP_DELETE] = "delete it",
        [ZC_OP_REPLACE_DIR] = "replace the directory that is in its place",
        [ZC_OP_STAGING] = ("make the staging folder " ZC_STAGING_NAME),
        [ZC_OP_SYNC] = "sync it to stable storage",
        [ZC_OP_NOT_RENAMED] = "rename to it",
        [ZC_OP_RESERVED] = ("take it: " ZC_STAGING_NAME
                            " is the name of the staging folder there"),
        [ZC_OP_DIRLINK] = "work in what the symlink there leads to, as that is "
                          "outside",
        [ZC_OP_SOURCE] = "read it at the source",
        /* ZC_OP_META + the kinds of fs/meta.h, in their order */
        [ZC_OP_META] = "set the owner",
        [ZC_OP_META + 1] = "set the group",
        [ZC_OP_META + 2] = "set the permissions",
        [ZC_OP_META + 3] = "set the times",
        [ZC_OP_META + 4] = "set the ACL",
        [ZC_OP_META + 5] = "set extended attributes",
        [ZC_OP_META + 6] = "set the security label",
        [ZC_OP_META + 7] = "set the capabilities",
        [ZC_OP_META + 8] = "set the properties of btrfs",
        [ZC_OP_META + 9] = "set the flags of chattr, or the project",
        [ZC_OP_COLLIDES] = "have it there",
        [ZC_OP_BACKUP] = "keep the version that is there",
        [ZC_OP_ROOM] = "write it and leave free what 'min free' of its share "
                       "says",
        [ZC_OP_INODES] = "make it and leave as many inodes free as 'min free' "
                         "of its share says",
    };
    if (op < ZC_ARRAY_LEN(text) && text[op])
        return text[op];
    return "do something this version does not know";
}
