/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests and fuzz targets of src/proto share: reading any body to its
 * end and writing it again, and one or more samples of every message.
 */
#ifndef ZC_TESTS_WIRE_H
#define ZC_TESTS_WIRE_H

#include "proto/digest.h"
#include "proto/msg.h"

#include <string.h>
#include <sys/stat.h>

static inline struct zc_bytes wire_bytes(const char *s)
{
    return (struct zc_bytes){(const uint8_t *)s, strlen(s)};
}

/* Items have no message of their own to end: nothing may follow the last. */
static inline int wire_rest(const struct zc_rd *r, struct zc_err *err)
{
    if (zc_rd_left(r) == 0)
        return 0;
    return zc_err_set(err, ZC_EXIT_STREAM, 0, "bytes follow the last item");
}

static inline int wire_recode_list(struct zc_bytes body, struct zc_buf *out,
                                   struct zc_err *err)
{
    struct zc_msg_list m;
    struct zc_entry prev = {0}, e;
    if (zc_list_decode(body, &m, err))
        return -1;
    size_t at = zc_list_begin(out, &m);
    struct zc_msg_group before = {0}, g;
    for (uint32_t i = 0; i < m.count && m.flags & ZC_LIST_GROUPS; i++) {
        if (zc_group_next(&m, i + 1 == m.count, &before, &g, err))
            return -1;
        zc_group_encode(out, &g);
    }
    for (uint32_t i = 0; i < m.count && !(m.flags & ZC_LIST_GROUPS); i++) {
        if (zc_list_next(&m, &prev, &e, err))
            return -1;
        zc_entry_encode(out, &e);
    }
    zc_list_end(out, at, m.count, m.flags);
    return zc_list_ended(&m, err);
}

static inline int wire_recode_need(struct zc_bytes body, struct zc_buf *out,
                                   struct zc_err *err)
{
    struct zc_msg_need m;
    struct zc_need_item item;
    if (zc_need_decode(body, &m, err))
        return -1;
    size_t at = zc_need_begin(out, m.list);
    for (uint32_t i = 0; i < m.count; i++) {
        if (zc_need_next(&m, &item, err))
            return -1;
        zc_need_add(out, &item);
    }
    zc_need_end(out, at, m.count, m.flags);
    return wire_rest(&m.items, err);
}

static inline int wire_recode_result(struct zc_bytes body, struct zc_buf *out,
                                     struct zc_err *err)
{
    struct zc_msg_result m;
    struct zc_result_item item;
    if (zc_result_decode(body, &m, err))
        return -1;
    size_t at = zc_result_begin(out);
    for (uint32_t i = 0; i < m.count; i++) {
        if (zc_result_next(&m, &item, err))
            return -1;
        zc_result_add(out, &item);
    }
    zc_result_end(out, at, m.count);
    return wire_rest(&m.items, err);
}

#define WIRE_RECODE(name)                         \
    do {                                          \
        struct zc_msg_##name m;                   \
        if (zc_##name##_decode(body, &m, err))    \
            return -1;                            \
        zc_##name##_encode(out, &m);              \
        return 0;                                 \
    } while (0)

/*
 * Decodes BODY as a message of TYPE with all its items, and appends the frame
 * that encodes the same message to OUT. -1 with a sentence in ERR.
 */
static inline int wire_recode(unsigned type, struct zc_bytes body,
                              struct zc_buf *out, struct zc_err *err)
{
    struct zc_msg_file file;
    struct zc_ref ref;
    uint64_t counts[ZC_STATS_COUNT];
    uint8_t flags;

    switch (type) {
    case ZC_FRAME_OPEN:
        WIRE_RECODE(open);
    case ZC_FRAME_IDNAME:
        WIRE_RECODE(idname);
    case ZC_FRAME_LIST:
        return wire_recode_list(body, out, err);
    case ZC_FRAME_FILE:
    case ZC_FRAME_META:
        if (zc_file_decode(body, type, &file, err))
            return -1;
        zc_file_encode(out, type, &file);
        return 0;
    case ZC_FRAME_DATA:
        WIRE_RECODE(data);
    case ZC_FRAME_SENT:
    case ZC_FRAME_GOT:
        if (zc_ref_decode(body, &ref, err))
            return -1;
        zc_ref_encode(out, type, ref);
        return 0;
    case ZC_FRAME_DIGEST:
        WIRE_RECODE(digest);
    case ZC_FRAME_BYTES:
        WIRE_RECODE(bytes);
    case ZC_FRAME_END:
        WIRE_RECODE(end);
    case ZC_FRAME_AT:
        WIRE_RECODE(at);
    case ZC_FRAME_RENAME:
        WIRE_RECODE(rename);
    case ZC_FRAME_ASK:
        WIRE_RECODE(ask);
    case ZC_FRAME_SUMS:
        WIRE_RECODE(sums);
    case ZC_FRAME_COPY:
        WIRE_RECODE(copy);
    case ZC_FRAME_PATCH:
        WIRE_RECODE(patch);
    case ZC_FRAME_LOOK:
        WIRE_RECODE(look);
    case ZC_FRAME_SHARE:
        WIRE_RECODE(share);
    case ZC_FRAME_ITEM:
        WIRE_RECODE(item);
    case ZC_FRAME_TROUBLE:
        WIRE_RECODE(trouble);
    case ZC_FRAME_STATS:
        if (zc_stats_decode(body, counts, err))
            return -1;
        zc_stats_encode(out, counts);
        return 0;
    case ZC_FRAME_VERDICT:
        WIRE_RECODE(verdict);
    case ZC_FRAME_OPENED:
        WIRE_RECODE(opened);
    case ZC_FRAME_NEED:
        return wire_recode_need(body, out, err);
    case ZC_FRAME_RESULT:
        return wire_recode_result(body, out, err);
    case ZC_FRAME_NOTE:
        WIRE_RECODE(note);
    case ZC_FRAME_FINISHED:
        WIRE_RECODE(finished);
    case ZC_FRAME_ERROR:
        WIRE_RECODE(error);
    case ZC_FRAME_DONE:
        if (zc_done_decode(body, &flags, err))
            return -1;
        zc_done_encode(out, flags);
        return 0;
    case ZC_FRAME_PING:
        if (body.n)
            return zc_err_set(err, ZC_EXIT_STREAM, 0, "a body where none is");
        zc_ping_encode(out);
        return 0;
    default:
        return zc_err_set(err, ZC_EXIT_STREAM, 0, "an unknown type");
    }
}

/* ---- samples ------------------------------------------------------------- */

static inline struct zc_entry wire_entry(const char *name, uint32_t mode)
{
    struct zc_entry e = {
        .mode = mode, .uid = 1000, .gid = 100, .size = 5,
        .mtime_s = 1700000000, .mtime_ns = 123456789,
        .name = name, .name_len = (uint8_t)strlen(name),
    };
    if (S_ISLNK(mode)) {
        e.target = "../target";
        e.target_len = 9;
    }
    if (S_ISBLK(mode) || S_ISCHR(mode)) {
        e.rdev_major = 259;
        e.rdev_minor = 70000;
    }
    return e;
}

/* Every type, every flag; in the order a list has. */
static inline size_t wire_entries(struct zc_entry out[10])
{
    size_t n = 0;
    out[n++] = wire_entry("a regular", S_IFREG | 04755);
    out[n++] = wire_entry("b directory", S_IFDIR | 01777);
    out[n++] = wire_entry("c link", S_IFLNK | 0777);
    out[n++] = wire_entry("d char", S_IFCHR | 0600);
    out[n++] = wire_entry("e block", S_IFBLK | 0660);
    out[n++] = wire_entry("f fifo", S_IFIFO | 0644);
    out[n++] = wire_entry("g socket", S_IFSOCK | 0755);
    out[n] = wire_entry("h linked, with attributes", S_IFREG | 0644);
    out[n].flags = ZC_ENTRY_XATTRS | ZC_ENTRY_HARD_LINK | ZC_ENTRY_PROPERTIES |
                   ZC_ENTRY_FILEFLAGS;
    out[n].fileflags = 0x30;
    out[n].project = 0x01020304;
    out[n].properties = 0x8877665544332211;
    out[n].link_dev = 0x800002;
    out[n].link_ino = 0x1122334455667788;
    out[n].link_count = 3;
    memset(out[n++].xattr_digest, 0xab, 16);
    out[n] = wire_entry("i absent", S_IFREG);
    out[n++].flags = ZC_ENTRY_ABSENT;
    out[n++] = wire_entry("j \xff\x01\n bytes", S_IFREG | 0600);
    return n;
}

/* One user attribute in wire form: count 1; "user.a" = "bc". */
#define WIRE_XATTRS "\1\0\6\2\0\0\0user.abc"

static inline struct zc_bytes wire_xattrs(void)
{
    return (struct zc_bytes){(const uint8_t *)WIRE_XATTRS,
                             sizeof WIRE_XATTRS - 1};
}

static inline struct zc_msg_open wire_open(void)
{
    return (struct zc_msg_open){
        .flags = ZC_OPEN_DELETE | ZC_OPEN_MAX_DELETE | ZC_OPEN_SINGLE_FILE,
        .keep = 0x7ff, .fsync = 1, .timeout_s = 60, .max_delete = 42,
        .share = wire_bytes("www"), .path = wire_bytes("sub/dir"),
        .name = wire_bytes("file.txt"), .chown_user = wire_bytes("root"),
        .chown_group = wire_bytes("0"),
        .filter = {(const uint8_t *)"- *.tmp\0+ /keep/\0", 17},
        .ask = wire_bytes("www"),
    };
}

typedef void wire_each(void *arg, const char *name, unsigned type,
                       struct zc_bytes body);

/* Gives the frame in B, without its header, to EACH and empties B. */
static inline void wire_emit(struct zc_buf *b, const char *name,
                             wire_each *each, void *arg)
{
    unsigned type = b->data[4] | b->data[5] << 8;
    each(arg, name, type,
         (struct zc_bytes){b->data + ZC_FRAME_HEADER_SIZE,
                           b->len - ZC_FRAME_HEADER_SIZE});
    zc_buf_reset(b);
}

/* What only rounds have: AT, RENAME, and lists about some names. */
static inline void wire_samples_round(struct zc_buf *b, wire_each *each,
                                      void *arg)
{
    struct zc_msg_open open = {.flags = ZC_OPEN_DELETE | ZC_OPEN_ROUNDS,
                               .keep = 0x7ff, .share = wire_bytes("www")};
    zc_open_encode(b, &open);
    wire_emit(b, "open-rounds", each, arg);

    zc_rename_encode(b, &(struct zc_msg_rename){
                            wire_bytes("old/name"), wire_bytes("new"), false,
                            (uint64_t)5 << 32, 1700000000, 123456789});
    wire_emit(b, "rename", each, arg);
    zc_rename_encode(b, &(struct zc_msg_rename){
                            .from = wire_bytes("d"), .to = wire_bytes("e/d"),
                            .is_dir = true});
    wire_emit(b, "rename-dir", each, arg);

    struct zc_msg_at m = {8, wire_bytes("a/b"),
                          wire_entry("", S_IFDIR | 0755)};
    zc_at_encode(b, &m);
    wire_emit(b, "at", each, arg);
    m.path = wire_bytes("");
    m.self.flags = ZC_ENTRY_XATTRS;
    memset(m.self.xattr_digest, 0xcd, sizeof m.self.xattr_digest);
    zc_at_encode(b, &m);
    wire_emit(b, "at-root", each, arg);

    struct zc_entry e[] = {
        wire_entry("absent", S_IFREG), wire_entry("changed", S_IFREG | 0644),
        wire_entry("deep", S_IFDIR | 0755), wire_entry("eager", S_IFREG)};
    e[0].flags = ZC_ENTRY_ABSENT;
    e[1].flags = ZC_ENTRY_CHANGED;
    e[2].flags = ZC_ENTRY_DEEP;
    e[3].flags = ZC_ENTRY_EAGER;
    size_t at = zc_list_begin(b, &(struct zc_msg_list){
                                     .list = 9, .dir = {8, 0}});
    for (size_t i = 0; i < ZC_ARRAY_LEN(e); i++)
        zc_entry_encode(b, &e[i]);
    zc_list_end(b, at, ZC_ARRAY_LEN(e), ZC_LIST_LAST | ZC_LIST_INCOMPLETE);
    wire_emit(b, "list-round", each, arg);
}

/* Digests: all that has to do with them. */
static inline void wire_samples_digest(struct zc_buf *b, wire_each *each,
                                       void *arg)
{
    struct zc_buf owners = ZC_BUF_INIT;
    struct zc_msg_digest m = {0x1122334455667788, 0x7ff, 2000000000,
                              ZC_DIGEST_DIR_TIMES | ZC_DIGEST_EXECUTABLE,
                              wire_bytes(""), wire_bytes("")};
    zc_digest_encode(b, &m);
    wire_emit(b, "digest", each, arg);
    zc_digest_owner_put(&owners, &(struct zc_digest_owner){
                                     1000, wire_bytes("someone")});
    zc_digest_owner_put(&owners, &(struct zc_digest_owner){
                                     27, wire_bytes("")});
    m.flags = ZC_DIGEST_LIMITED;
    m.users = m.groups = (struct zc_bytes){owners.data, owners.len};
    zc_digest_encode(b, &m);
    wire_emit(b, "digest-limited", each, arg);
    zc_buf_fini(&owners);

    struct zc_entry e = wire_entry("", S_IFDIR | 0755);
    size_t at = zc_list_begin(b, &(struct zc_msg_list){.list = 0});
    zc_entry_encode(b, &e);
    zc_list_end(b, at, 1, ZC_LIST_LAST | ZC_LIST_DIGESTS);
    wire_emit(b, "list-offer", each, arg);
    e = wire_entry("dir", S_IFDIR | 0755);
    e.flags = ZC_ENTRY_DIGEST;
    memset(e.tree_digest, 0xda, sizeof e.tree_digest);
    at = zc_list_begin(b, &(struct zc_msg_list){.list = 2});
    zc_entry_encode(b, &e);
    zc_list_end(b, at, 1, ZC_LIST_LAST);
    wire_emit(b, "list-digest", each, arg);
    at = zc_list_begin(b, &(struct zc_msg_list){.list = 3, .dir = {2, 0}});
    zc_group_encode(b, &(struct zc_msg_group){wire_bytes("k"), true, {1, 2}});
    zc_group_encode(b, &(struct zc_msg_group){wire_bytes("n"), false, {0}});
    zc_group_encode(b, &(struct zc_msg_group){wire_bytes(""), true, {3}});
    zc_list_end(b, at, 3, ZC_LIST_GROUPS);
    wire_emit(b, "list-groups", each, arg);
}

/* What only pulls have. */
static inline void wire_samples_pull(struct zc_buf *b, wire_each *each,
                                     void *arg)
{
    struct zc_msg_open open = {
        .flags = ZC_OPEN_PULL | ZC_OPEN_OWN, .keep = 0x7ff,
        .path = wire_bytes("~/some where"), .one_file_system = 1,
        .bwlimit = 1 << 20, .chmod = wire_bytes("D755,F644"),
        .only = {(const uint8_t *)"a/b\0c/\0", 7}};
    zc_open_encode(b, &open);
    wire_emit(b, "open-pull", each, arg);
    zc_item_encode(b, &(struct zc_msg_item){
                          1, S_IFLNK | 0777, 1000, 100, 6, 1700000000, 1,
                          wire_bytes("d/link"), wire_bytes("../x"),
                          wire_bytes("")});
    wire_emit(b, "item", each, arg);
    zc_trouble_encode(b, &(struct zc_msg_trouble){
                             0, 13, wire_bytes("read"), wire_bytes("d/x")});
    wire_emit(b, "trouble", each, arg);
    zc_stats_encode(b, (const uint64_t[ZC_STATS_COUNT]){1, 2, 3});
    wire_emit(b, "stats", each, arg);
    zc_verdict_encode(b, &(struct zc_msg_verdict){
                             25, wire_bytes("nothing was deleted")});
    wire_emit(b, "verdict", each, arg);
    zc_look_encode(b, &(struct zc_msg_look){1, wire_bytes(""),
                                            wire_bytes("~/some where")});
    wire_emit(b, "look-own", each, arg);
    zc_look_encode(b, &(struct zc_msg_look){0, wire_bytes("www"),
                                            wire_bytes("a/b")});
    wire_emit(b, "look", each, arg);
    zc_look_encode(b, &(struct zc_msg_look){0});
    wire_emit(b, "look-shares", each, arg);
    zc_share_encode(b, &(struct zc_msg_share){ZC_SHARE_PULL,
                                              wire_bytes("www")});
    wire_emit(b, "share", each, arg);
}

/* What only files have of which not all is sent. */
static inline void wire_samples_delta(struct zc_buf *b, wire_each *each,
                                      void *arg)
{
    struct zc_msg_ask ask = {{7, 0}, 5 * ZC_BLOCK_BIG, UINT64_MAX,
                             ZC_GRAIN_BIG};
    zc_ask_encode(b, &ask);
    wire_emit(b, "ask", each, arg);
    ask.blocks = 5;
    ask.grain = ZC_GRAIN_SMALL;
    zc_ask_encode(b, &ask);
    wire_emit(b, "ask-small", each, arg);
    /* All of the first block, 4097 bytes of the third. */
    uint8_t sums[18 * ZC_SUM_SIZE] = {1, 2, 3};
    const uint64_t seed = 0x1122334455667788;
    struct zc_msg_sums m = {ask, 2 * ZC_BLOCK_BIG + 4097, seed,
                            {sums, sizeof sums}};
    zc_sums_encode(b, &m);
    wire_emit(b, "sums", each, arg);
    m = (struct zc_msg_sums){.ask = ask};
    zc_sums_encode(b, &m);
    wire_emit(b, "sums-none", each, arg);
    ask.blocks = UINT64_MAX;
    ask.grain = ZC_GRAIN_ANCHORS;
    zc_ask_encode(b, &ask);
    wire_emit(b, "ask-anchors", each, arg);
    memset(sums, 0, sizeof sums);
    sums[ZC_ANCHOR_SIZE] = 1;
    m = (struct zc_msg_sums){ask, 4097, seed, {sums, 2 * ZC_ANCHOR_SIZE}};
    zc_sums_encode(b, &m);
    wire_emit(b, "sums-anchors", each, arg);
    zc_copy_encode(b, &(struct zc_msg_copy){
                          {7, 0}, 4096, (uint64_t)5 << 32, 12288});
    wire_emit(b, "copy", each, arg);
    zc_patch_encode(b, &(struct zc_msg_patch){
                           {7, 0}, 4096, wire_bytes("hello")});
    wire_emit(b, "patch", each, arg);
}

static inline void wire_samples_sender(struct zc_buf *b, wire_each *each,
                                       void *arg)
{
    struct zc_msg_open open = wire_open();
    zc_open_encode(b, &open);
    wire_emit(b, "open", each, arg);
    zc_open_encode(b, &(struct zc_msg_open){.keep = 0x7ff});
    wire_emit(b, "open-embedded", each, arg);
    zc_open_encode(b, &(struct zc_msg_open){.flags = ZC_OPEN_ASK,
                                            .ask = wire_bytes("www")});
    wire_emit(b, "open-ask", each, arg);
    zc_open_encode(b, &(struct zc_msg_open){
                          .flags = ZC_OPEN_CHOICES,
                          .apply = ZC_APPLY_ALTERNATES,
                          .alternate = ZC_ALTERNATE_LINK,
                          .alternates = {(const uint8_t *)"../a\0/b", 8}});
    wire_emit(b, "open-alternates", each, arg);
    zc_open_encode(b, &(struct zc_msg_open){
                          .flags = ZC_OPEN_CHOICES,
                          .apply = ZC_APPLY_BACKUP,
                          .suffix = wire_bytes("~"),
                          .backup_dir = wire_bytes("../was")});
    wire_emit(b, "open-backup", each, arg);
    zc_open_encode(b, &(struct zc_msg_open){.flags = ZC_OPEN_MOVER,
                                            .mover = 4});
    wire_emit(b, "open-mover", each, arg);

    zc_idname_encode(b, &(struct zc_msg_idname){
                            1, 100, wire_bytes("users")});
    wire_emit(b, "idname", each, arg);

    struct zc_entry e[10];
    size_t n = wire_entries(e);
    size_t at = zc_list_begin(b, &(struct zc_msg_list){
                                     .list = 7, .dir = {3, 9},
                                     .after = wire_bytes("a")});
    for (size_t i = 0; i < n; i++)
        zc_entry_encode(b, &e[i]);
    zc_list_end(b, at, (uint32_t)n, ZC_LIST_LAST | ZC_LIST_INCOMPLETE);
    wire_emit(b, "list", each, arg);

    wire_samples_round(b, each, arg);

    struct zc_entry root = wire_entry("", S_IFDIR | 0755);
    at = zc_list_begin(b, &(struct zc_msg_list){0});
    zc_entry_encode(b, &root);
    zc_list_end(b, at, 1, ZC_LIST_LAST);
    wire_emit(b, "list-root", each, arg);
    at = zc_list_begin(b, &(struct zc_msg_list){.list = 1});
    zc_list_end(b, at, 0, ZC_LIST_LAST);
    wire_emit(b, "list-empty", each, arg);

    struct zc_msg_file f = {
        .ref = {7, 0}, .flags = ZC_FILE_INLINE, .entry = e[0],
        .xattrs = wire_xattrs(), .data = wire_bytes("hello"),
    };
    zc_file_encode(b, ZC_FRAME_FILE, &f);
    wire_emit(b, "file-inline", each, arg);
    f.flags = 0;
    f.entry.size = (uint64_t)5 << 32;
    zc_file_encode(b, ZC_FRAME_FILE, &f);
    wire_emit(b, "file", each, arg);
    f.flags = ZC_FILE_FROM;
    f.from = (uint64_t)4 << 32;
    zc_file_encode(b, ZC_FRAME_FILE, &f);
    wire_emit(b, "file-from", each, arg);
    f.flags = ZC_FILE_PASSED;
    zc_file_encode(b, ZC_FRAME_FILE, &f);
    wire_emit(b, "file-passed", each, arg);
    f.flags = ZC_FILE_DELTA;
    zc_file_encode(b, ZC_FRAME_FILE, &f);
    wire_emit(b, "file-delta", each, arg);
    f.flags = 0;
    f.entry = e[2];
    zc_file_encode(b, ZC_FRAME_META, &f);
    wire_emit(b, "meta", each, arg);
    f.ref.list = 0;
    f.entry = root;
    zc_file_encode(b, ZC_FRAME_META, &f);
    wire_emit(b, "meta-root", each, arg);
    f.ref.list = 8;
    zc_file_encode(b, ZC_FRAME_META, &f);
    wire_emit(b, "meta-at", each, arg);

    zc_data_encode(b, &(struct zc_msg_data){
                          {7, 0}, (uint64_t)5 << 32, 1 << 20});
    wire_emit(b, "data", each, arg);
    zc_ref_encode(b, ZC_FRAME_SENT, (struct zc_ref){7, 0});
    wire_emit(b, "sent", each, arg);
    zc_end_encode(b, &(struct zc_msg_end){{7, 0}, ZC_VERDICT_ABANDON, 2, {0}});
    wire_emit(b, "end", each, arg);
    zc_end_encode(b, &(struct zc_msg_end){
                         {7, 0}, ZC_VERDICT_VERIFY, 0, {1, 2, 3}});
    wire_emit(b, "end-verify", each, arg);
    zc_done_encode(b, ZC_DONE_SOURCE_GONE);
    wire_emit(b, "done", each, arg);
    zc_done_encode(b, ZC_DONE_SYNC);
    wire_emit(b, "done-sync", each, arg);
    wire_samples_delta(b, each, arg);
    wire_samples_digest(b, each, arg);
    wire_samples_pull(b, each, arg);
}

static inline void wire_samples_receiver(struct zc_buf *b, wire_each *each,
                                         void *arg)
{
    struct zc_msg_opened opened = {
        {9, 8, 7}, 2049, 131, 60, wire_bytes("file.txt"), 0, {0}, {0}};
    zc_opened_encode(b, &opened);
    wire_emit(b, "opened", each, arg);
    opened.glance = ZC_GLANCE_TOLD | ZC_GLANCE_HAS_DIR;
    opened.names = wire_bytes("\001\003etc" "\000\001a");
    opened.names.n = 8;
    opened.inner = wire_bytes("\001\001x");
    zc_opened_encode(b, &opened);
    wire_emit(b, "opened-glance", each, arg);

    size_t at = zc_need_begin(b, 7);
    zc_need_add(b, &(struct zc_need_item){
                       0, ZC_NEED_DATA | ZC_NEED_APPLIED, 3, {0}, 0});
    zc_need_add(b, &(struct zc_need_item){1, ZC_NEED_DESCEND, 0, {0}, 0});
    zc_need_add(b, &(struct zc_need_item){7, ZC_NEED_CHECK, 0, {4, 5, 6}, 0});
    zc_need_add(b, &(struct zc_need_item){
                       8, ZC_NEED_FROM, 1 << 2, {7, 8, 9}, 1 << 20});
    zc_need_add(b, &(struct zc_need_item){
                       9, ZC_NEED_META, 1 << 4, {0}, 0});
    zc_need_add(b, &(struct zc_need_item){
                       10, ZC_NEED_DELTA, 1 << 1, {0}, 5 << 20});
    zc_need_end(b, at, 6, ZC_NEED_FINAL);
    wire_emit(b, "need", each, arg);

    zc_ref_encode(b, ZC_FRAME_GOT, (struct zc_ref){7, 0});
    wire_emit(b, "got", each, arg);
    zc_bytes_encode(b, &(struct zc_msg_bytes){{7, 0}, 95});
    wire_emit(b, "bytes", each, arg);

    at = zc_result_begin(b);
    for (uint8_t i = 0; i <= ZC_STATUS_SAME; i++)
        zc_result_add(b, &(struct zc_result_item){
                             {7, i}, i, ZC_OP_META + i, i ? 13 : 0});
    zc_result_end(b, at, ZC_STATUS_SAME + 1);
    wire_emit(b, "result", each, arg);

    zc_note_encode(b, &(struct zc_msg_note){
                          ZC_OP_DELETE, S_IFDIR, 39, wire_bytes("old/dir")});
    wire_emit(b, "note", each, arg);
    zc_note_encode(b, &(struct zc_msg_note){.op = ZC_OP_SYNC, .eno = 5});
    wire_emit(b, "note-root", each, arg);
    zc_note_encode(b, &(struct zc_msg_note){
                          .op = ZC_OP_NOT_RENAMED, .path = wire_bytes("new")});
    wire_emit(b, "note-not-renamed", each, arg);
    zc_finished_encode(b, &(struct zc_msg_finished){
                              25, 1, 0, 1, 1, 12, 13, wire_bytes("too many")});
    wire_emit(b, "finished", each, arg);
    zc_error_encode(b, &(struct zc_msg_error){12, wire_bytes("it broke")});
    wire_emit(b, "error", each, arg);
    zc_ping_encode(b);
    wire_emit(b, "ping", each, arg);
}

/* Calls EACH with every sample. BODY is valid during the call. */
static inline void wire_samples(wire_each *each, void *arg)
{
    struct zc_buf b = ZC_BUF_INIT;
    wire_samples_sender(&b, each, arg);
    wire_samples_receiver(&b, each, arg);
    zc_buf_fini(&b);
}

#endif
