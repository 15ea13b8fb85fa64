// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The messages: every one survives a round trip, none survives being cut or
 * lengthened, a changed byte is refused or means what it says, and every limit
 * of proto.h holds at its exact value.
 */
#include "base/relpath.h"
#include "proto/msg.h"

#include "../tap.h"
#include "../wire.h"

#include <stdio.h>

static struct zc_err err;

/* A body in a block of its exact size, so that a sanitizer sees a read of one
 * byte too many. */
static int recode(unsigned type, const uint8_t *p, size_t n,
                  struct zc_buf *out)
{
    uint8_t *copy = malloc(n ? n : 1);
    if (!copy)
        return -1;
    if (n)
        memcpy(copy, p, n);
    memset(&err, 0, sizeof err);
    zc_buf_reset(out);
    int result = wire_recode(type, (struct zc_bytes){copy, n}, out, &err);
    free(copy);
    return result;
}

static bool same_body(const struct zc_buf *frame, const uint8_t *p, size_t n)
{
    return frame->len == ZC_FRAME_HEADER_SIZE + n &&
           memcmp(frame->data + ZC_FRAME_HEADER_SIZE, p, n) == 0;
}

static bool refused_well(int result)
{
    return result == -1 && err.code == ZC_EXIT_STREAM && err.text[0];
}

/* ---- what holds for every message ---------------------------------------- */

static void check_cut(const char *name, unsigned type, struct zc_bytes body,
                      struct zc_buf *out)
{
    for (size_t n = 0; n < body.n; n++)
        if (!refused_well(recode(type, body.p, n, out))) {
            ok(0, "%s cut to %zu of %zu bytes is refused", name, n, body.n);
            return;
        }
    ok(1, "%s cut at any byte is refused", name);
}

static void check_changed(const char *name, unsigned type,
                          struct zc_bytes body, struct zc_buf *out)
{
    uint8_t bytes[2048];
    size_t bad = 0;
    memcpy(bytes, body.p, body.n);
    for (size_t i = 0; i < body.n; i++) {
        for (int v = 0; v < 256; v++) {
            bytes[i] = (uint8_t)v;
            int result = recode(type, bytes, body.n, out);
            bad += result == 0 ? !same_body(out, bytes, body.n)
                               : !refused_well(result);
        }
        bytes[i] = body.p[i];
    }
    is_int(bad, 0, "%s with a changed byte is refused or read exactly", name);
}

static void check_sample(void *arg, const char *name, unsigned type,
                         struct zc_bytes body)
{
    struct zc_buf out = ZC_BUF_INIT, longer = ZC_BUF_INIT;
    (void)arg;
    ok(recode(type, body.p, body.n, &out) == 0 &&
           same_body(&out, body.p, body.n),
       "%s makes the round trip: %s", name, err.text);
    check_cut(name, type, body, &out);
    zc_buf_put(&longer, body.p, body.n);
    zc_buf_u8(&longer, 0);
    ok(refused_well(recode(type, longer.data, longer.len, &out)),
       "%s with a byte more is refused", name);
    check_changed(name, type, body, &out);
    zc_buf_fini(&out);
    zc_buf_fini(&longer);
}

/* ---- limits -------------------------------------------------------------- */

static struct zc_buf frame = ZC_BUF_INIT;

/* Takes the frame that was just encoded: 0 when its body is accepted. */
static int taken(void)
{
    struct zc_buf out = ZC_BUF_INIT;
    unsigned type = frame.data[4] | frame.data[5] << 8;
    int result = recode(type, frame.data + ZC_FRAME_HEADER_SIZE,
                        frame.len - ZC_FRAME_HEADER_SIZE, &out);
    if (result && !refused_well(result))
        result = -2;
    zc_buf_fini(&out);
    zc_buf_reset(&frame);
    return result;
}

/* N times the byte 'x', valid until the next call. */
static struct zc_bytes xs(size_t n)
{
    static uint8_t *bytes;
    free(bytes);
    bytes = malloc(n + 1);
    memset(bytes, 'x', n + 1);
    return (struct zc_bytes){bytes, n};
}

static int open_taken(const struct zc_msg_open *m)
{
    zc_open_encode(&frame, m);
    return taken();
}

#define OPEN_WITH(field, value)         \
    ({                                  \
        struct zc_msg_open m_ = wire_open(); \
        m_.field = (value);             \
        open_taken(&m_);                \
    })

#define OPEN_CHOOSING(field, value)          \
    ({                                       \
        struct zc_msg_open m_ = wire_open(); \
        m_.flags |= ZC_OPEN_CHOICES;         \
        m_.field = (value);                  \
        open_taken(&m_);                     \
    })

/* TEXT: NUL-ended names, the last by itself. */
#define OPEN_BESIDE(how, text)                                           \
    ({                                                                   \
        struct zc_msg_open m_ = wire_open();                             \
        m_.flags |= ZC_OPEN_CHOICES;                                     \
        m_.apply = ZC_APPLY_ALTERNATES;                                  \
        m_.alternate = (how);                                            \
        m_.alternates = (struct zc_bytes){(const uint8_t *)(text),       \
                                          sizeof(text)};                 \
        open_taken(&m_);                                                 \
    })

#define OPEN_KEEPING(end, dir)                     \
    ({                                             \
        struct zc_msg_open m_ = wire_open();       \
        m_.flags |= ZC_OPEN_CHOICES;               \
        m_.apply = ZC_APPLY_BACKUP;                \
        m_.suffix = (end);                         \
        m_.backup_dir = (dir);                     \
        open_taken(&m_);                           \
    })

#define OPEN_PULLING(field, value)           \
    ({                                       \
        struct zc_msg_open m_ = wire_open(); \
        m_.flags |= ZC_OPEN_PULL;            \
        m_.field = (value);                  \
        open_taken(&m_);                     \
    })

static void open_limits(void)
{
    is_int(OPEN_WITH(share, xs(ZC_SHARE_NAME_MAX)), 0, "longest share name");
    is_int(OPEN_WITH(share, xs(ZC_SHARE_NAME_MAX + 1)), -1, "one more");
    is_int(OPEN_WITH(share, ((struct zc_bytes){(uint8_t *)"a\0b", 3})), -1,
           "a share name with a NUL");
    struct zc_bytes deep = xs(ZC_PATH_TEXT_MAX);
    for (size_t i = 200; i < deep.n; i += 200)
        ((uint8_t *)deep.p)[i] = '/';
    is_int(OPEN_WITH(path, deep), 0, "a path of the longest text");
    is_int(OPEN_WITH(name, xs(ZC_NAME_MAX)), 0, "longest name");
    is_int(OPEN_WITH(name, xs(ZC_NAME_MAX + 1)), -1, "one more");
    is_int(OPEN_WITH(chown_user, xs(ZC_NAME_MAX)), 0, "longest user name");
    is_int(OPEN_WITH(chown_user, xs(ZC_NAME_MAX + 1)), -1, "one more");
    is_int(OPEN_WITH(chown_group, xs(ZC_NAME_MAX)), 0, "longest group name");
    is_int(OPEN_WITH(chown_group, xs(ZC_NAME_MAX + 1)), -1, "one more");
    is_int(OPEN_WITH(filter, xs(ZC_FRAME_BODY_MAX)), 0, "longest filter text");
    is_int(OPEN_WITH(filter, xs(ZC_FRAME_BODY_MAX + 1)), -1, "one more");
    is_int(OPEN_WITH(fsync, 4), -1, "a way to fsync that does not exist");
    is_int(OPEN_WITH(flags, ZC_OPEN_FLAGS_KNOWN & ~ZC_OPEN_OWN), 0,
           "all flags but OWN");
    is_int(OPEN_WITH(flags, ZC_OPEN_FLAGS_KNOWN), -1,
           "a path of one's own in a share");
    struct zc_msg_open own = wire_open();
    own.flags = ZC_OPEN_SINGLE_FILE | ZC_OPEN_OWN;
    own.share = xs(0);
    own.path = wire_bytes("~/../x y");
    is_int(open_taken(&own), 0, "one without a share");
    own.path = xs(ZC_OWN_PATH_MAX + 1);
    is_int(open_taken(&own), -1, "one that is too long");
    own.path = xs(0);
    is_int(open_taken(&own), -1, "an empty one");
    is_int(OPEN_PULLING(chmod, xs(ZC_CHMOD_TEXT_MAX)), 0, "longest --chmod");
    is_int(OPEN_PULLING(chmod, xs(ZC_CHMOD_TEXT_MAX + 1)), -1, "one more");
    is_int(OPEN_PULLING(one_file_system, 2), -1, "neither yes nor no");
    is_int(OPEN_PULLING(only, ((struct zc_bytes){(uint8_t *)"a\0b", 4})), 0,
           "names");
    is_int(OPEN_PULLING(only, ((struct zc_bytes){(uint8_t *)"a\0b", 3})), -1,
           "names of which the last does not end");
    is_int(OPEN_CHOOSING(walk, ZC_WALK_KNOWN), 0, "all ways to walk");
    is_int(OPEN_CHOOSING(walk, ZC_WALK_KNOWN + 1), -1, "one more");
    is_int(OPEN_CHOOSING(apply, ZC_APPLY_KNOWN - ZC_APPLY_ALTERNATES -
                                 ZC_APPLY_BACKUP), 0,
           "all ways to apply");
    is_int(OPEN_CHOOSING(apply, ZC_APPLY_KNOWN + 1), -1, "one more");
    is_int(OPEN_BESIDE(ZC_ALTERNATE_LINK, "../a\0/b"), 0, "what is beside DEST");
    struct zc_bytes none = {0};
    is_int(OPEN_KEEPING(wire_bytes("~"), none), 0, "backups");
    is_int(OPEN_KEEPING(none, wire_bytes("../a")), 0, "in a directory");
    is_int(OPEN_KEEPING(none, none), -1, "neither");
    is_int(OPEN_KEEPING(wire_bytes("/"), none), -1, "a suffix with a slash");
    is_int(OPEN_KEEPING(((struct zc_bytes){(uint8_t *)"a\0b", 3}), none), -1,
           "a suffix with a NUL");
    is_int(OPEN_KEEPING(none, ((struct zc_bytes){(uint8_t *)"a\0b", 3})), -1,
           "a directory with one");
    is_int(OPEN_KEEPING(xs(ZC_NAME_MAX + 1), none), -1, "too long a suffix");
    is_int(OPEN_BESIDE(0, "../a"), -1, "to no end");
    is_int(OPEN_BESIDE(ZC_ALTERNATE_LAST + 1, "../a"), -1, "to an unknown one");
    is_int(OPEN_BESIDE(ZC_ALTERNATE_COPY, ""), -1, "without a name");
    is_int(OPEN_BESIDE(ZC_ALTERNATE_COPY, "a\0\0b"), -1, "with an empty one");
    is_int(OPEN_BESIDE(ZC_ALTERNATE_COPY, ((char[2]){'a', 'b'})), -1,
           "with one that does not end");
    is_int(OPEN_BESIDE(ZC_ALTERNATE_COPY,
                       "1\0" "2\0" "3\0" "4\0" "5\0" "6\0" "7\0" "8\0" "9\0"
                       "10\0" "11\0" "12\0" "13\0" "14\0" "15\0" "16\0"
                       "17\0" "18\0" "19\0" "20\0" "21"),
           -1, "with too many");
    is_int(OPEN_WITH(flags, ZC_OPEN_SINGLE_FILE | (ZC_OPEN_FLAGS_KNOWN + 1)),
           -1, "a flag more");
    is_int(OPEN_WITH(flags, 0), -1, "a name without its flag");
    is_int(OPEN_WITH(name, xs(0)), -1, "the flag without a name");

    static const char *const bad[] = {"/etc", "..", "a/..", "a/../b", ".", "a/",
                                      "a//b", "./a", "/", "a/./b"};
    for (size_t i = 0; i < ZC_ARRAY_LEN(bad); i++)
        is_int(OPEN_WITH(path, wire_bytes(bad[i])), -1, "the path \"%s\"",
               bad[i]);
    is_int(OPEN_WITH(path, ((struct zc_bytes){(uint8_t *)"a\0b", 3})), -1,
           "a path with a NUL");
    is_int(OPEN_WITH(name, wire_bytes("a/b")), -1, "a name with a slash");
    is_int(OPEN_WITH(name, wire_bytes("..")), -1, "the name \"..\"");
}

static int list_taken(uint32_t list, struct zc_bytes after, uint32_t count,
                      const struct zc_entry *e, size_t n, uint16_t flags)
{
    struct zc_msg_list m = {.list = list, .after = after};
    size_t at = zc_list_begin(&frame, &m);
    for (size_t i = 0; i < n; i++)
        zc_entry_encode(&frame, &e[i]);
    zc_list_end(&frame, at, count, flags);
    return taken();
}

static int entry_taken(const struct zc_entry *e)
{
    return list_taken(1, wire_bytes(""), 1, e, 1, 0);
}

#define ENTRY_WITH(what, type, field, value)          \
    ({                                                \
        struct zc_entry e_ = wire_entry(what, type);  \
        e_.field = (value);                           \
        entry_taken(&e_);                             \
    })

static void name_limits(void)
{
    char name[ZC_NAME_MAX + 1];
    memset(name, 'x', sizeof name);
    name[ZC_NAME_MAX] = '\0';
    struct zc_entry e = wire_entry(name, S_IFREG);
    is_int(entry_taken(&e), 0, "a name of 255 bytes");
    static const char *const bad[] = {"", ".", "..", "/", "a/b", "/etc",
                                      "../x"};
    for (size_t i = 0; i < ZC_ARRAY_LEN(bad); i++) {
        e = wire_entry(bad[i], S_IFREG);
        is_int(entry_taken(&e), -1, "the name \"%s\"", bad[i]);
    }
    e = wire_entry("a?b", S_IFREG);
    e.name = "a\0b";
    is_int(entry_taken(&e), -1, "a name with a NUL");
    e = wire_entry("...", S_IFREG);
    is_int(entry_taken(&e), 0, "the name \"...\" is a name");
}

static void type_limits(void)
{
    struct zc_entry e = wire_entry("x", S_IFREG);
    int refused = 0;
    for (uint32_t type = 0; type < 16; type++) {
        static const uint32_t known[] = {1, 2, 4, 6, 8, 10, 12};
        bool is_known = false;
        for (size_t i = 0; i < ZC_ARRAY_LEN(known); i++)
            is_known |= known[i] == type;
        e = wire_entry("x", type << 12);
        refused += (entry_taken(&e) != 0) == !is_known;
    }
    is_int(refused, 16, "the seven types are taken, the others refused");
    is_int(ENTRY_WITH("x", S_IFREG, flags, ZC_ENTRY_DIGEST), -1,
           "a digest of what is in a file");
    is_int(ENTRY_WITH("x", S_IFREG, flags, ZC_ENTRY_FLAGS_KNOWN + 1), -1,
           "an unknown flag");
    is_int(ENTRY_WITH("x", S_IFDIR, flags, ZC_ENTRY_SEEN), -1,
           "nothing to descend into was seen");
    is_int(ENTRY_WITH("x", S_IFDIR, flags, ZC_ENTRY_SEEN | ZC_ENTRY_DEEP), 0,
           "something was");
    is_int(ENTRY_WITH("x", S_IFREG, flags, ZC_ENTRY_IMPLIED), 0,
           "a file that was not looked at");
    is_int(ENTRY_WITH("x", S_IFDIR, flags, ZC_ENTRY_IMPLIED), 0,
           "a directory that was not looked at");
    is_int(ENTRY_WITH("x", S_IFIFO, flags, ZC_ENTRY_IMPLIED), -1,
           "a fifo that was not looked at");
    is_int(ENTRY_WITH("x", S_IFREG, flags,
                      ZC_ENTRY_IMPLIED | ZC_ENTRY_ABSENT), -1,
           "not looked at, but not there");
    is_int(ENTRY_WITH("x", S_IFDIR, flags, ZC_ENTRY_HARD_LINK), -1,
           "a directory in a link group");
}

static void round_flag_limits(void)
{
    static const uint32_t types[] = {S_IFDIR, S_IFLNK,  S_IFCHR,
                                     S_IFBLK, S_IFIFO, S_IFSOCK};
    int refused = 0;
    for (size_t i = 0; i < ZC_ARRAY_LEN(types); i++)
        refused += ENTRY_WITH("x", types[i], flags, ZC_ENTRY_EAGER) != 0;
    is_int(refused, ZC_ARRAY_LEN(types), "only files are eager");
    is_int(ENTRY_WITH("x", S_IFREG, flags, ZC_ENTRY_EAGER), 0, "... they are");
    is_int(ENTRY_WITH("x", S_IFREG, flags, ZC_ENTRY_EAGER | ZC_ENTRY_XATTRS),
           0, "... with attributes, too");
    is_int(ENTRY_WITH("x", S_IFREG, flags,
                      ZC_ENTRY_EAGER | ZC_ENTRY_HARD_LINK),
           -1, "... but not with several names");
    is_int(ENTRY_WITH("x", S_IFREG, flags, ZC_ENTRY_EAGER | ZC_ENTRY_ABSENT),
           -1, "... and not when they are not there");
    is_int(ENTRY_WITH("x", S_IFREG, flags, ZC_ENTRY_CHANGED), 0, "CHANGED");
    is_int(ENTRY_WITH("x", S_IFDIR, flags, ZC_ENTRY_DEEP), 0, "DEEP");
}

static void entry_limits(void)
{
    is_int(ENTRY_WITH("x", S_IFREG, size, ZC_FILE_SIZE_MAX), 0,
           "a size of 2^63 - 1");
    is_int(ENTRY_WITH("x", S_IFREG, size, ZC_FILE_SIZE_MAX + 1), -1,
           "a size of 2^63");
    is_int(ENTRY_WITH("x", S_IFREG, mtime_ns, 999999999), 0, "the last ns");
    is_int(ENTRY_WITH("x", S_IFREG, mtime_ns, 1000000000), -1, "one more");
    is_int(ENTRY_WITH("x", S_IFREG, mtime_s, INT64_MIN), 0, "the first second");

    struct zc_entry e = wire_entry("x", S_IFLNK);
    e.target = (const char *)xs(ZC_SYMLINK_MAX).p;
    e.target_len = ZC_SYMLINK_MAX;
    is_int(entry_taken(&e), 0, "the longest symlink target");
    e.target = (const char *)xs(ZC_SYMLINK_MAX + 1).p;
    e.target_len = ZC_SYMLINK_MAX + 1;
    is_int(entry_taken(&e), -1, "one more");
    e.target_len = 0;
    is_int(entry_taken(&e), -1, "an empty symlink target");
    e.target = "a\0b";
    e.target_len = 3;
    is_int(entry_taken(&e), -1, "a symlink target with a NUL");
}

static void root_limits(void)
{
    struct zc_entry root = wire_entry("", S_IFDIR | 0755);
    struct zc_bytes none = wire_bytes("");
    is_int(list_taken(0, none, 1, &root, 1, 0), 0, "the root in list 0");
    is_int(list_taken(1, none, 1, &root, 1, 0), -1, "the root in list 1");
    is_int(list_taken(0, none, 0, &root, 0, 0), -1, "list 0 without it");
    struct zc_entry two[] = {root, root};
    is_int(list_taken(0, none, 2, two, 2, 0), -1, "list 0 with two of it");
    is_int(list_taken(0, wire_bytes("a"), 1, &root, 1, 0), -1,
           "the root after something");
    root.flags = ZC_ENTRY_IMPLIED;
    is_int(list_taken(0, none, 1, &root, 1, 0), 0, "an implied root");
    root.flags = ZC_ENTRY_ABSENT;
    is_int(list_taken(0, none, 1, &root, 1, 0), -1, "an absent root");
    for (uint16_t flag = ZC_ENTRY_EAGER; flag <= ZC_ENTRY_DEEP; flag <<= 1) {
        root.flags = flag;
        is_int(list_taken(0, none, 1, &root, 1, 0), -1,
               "a root with flag %u of a round", flag);
    }
    root = wire_entry("", S_IFREG | 0644);
    is_int(list_taken(0, none, 1, &root, 1, 0), -1, "a root that is a file");
    root = wire_entry("x", S_IFDIR | 0755);
    is_int(list_taken(0, none, 1, &root, 1, 0), -1, "a root with a name");
}

static void list_limits(void)
{
    struct zc_bytes none = wire_bytes("");
    static char names[ZC_LIST_ENTRIES_MAX + 1][8];
    static struct zc_entry e[ZC_LIST_ENTRIES_MAX + 1];
    for (unsigned i = 0; i < ZC_ARRAY_LEN(e); i++) {
        snprintf(names[i], sizeof names[i], "%05u", i);
        e[i] = wire_entry(names[i], S_IFREG);
    }
    is_int(list_taken(1, none, ZC_LIST_ENTRIES_MAX, e, ZC_LIST_ENTRIES_MAX, 0),
           0, "the most entries");
    is_int(list_taken(1, none, ZC_ARRAY_LEN(e), e, ZC_ARRAY_LEN(e), 0), -1,
           "one more");
    is_int(list_taken(1, none, UINT32_MAX, e, 1, 0), -1,
           "a count of 2^32 - 1");
    is_int(list_taken(1, none, 2, e, 1, 0), -1, "fewer entries than counted");
    is_int(list_taken(1, none, 1, e, 2, 0), -1, "more entries than counted");
    is_int(list_taken(1, none, 1, e, 1, ZC_LIST_LAST | ZC_LIST_INCOMPLETE), 0,
           "flags");
    is_int(list_taken(1, none, 1, e, 1, ZC_LIST_RULES), -1,
           "rules that are not there");
    is_int(list_taken(1, none, 1, e, 1, ZC_LIST_FLAGS_KNOWN + 1), -1,
           "a flag more");
    struct zc_entry z = wire_entry("xy", S_IFREG);
    is_int(list_taken(1, xs(1), 1, &z, 1, 0), 0, "a list after a name");
    char last[ZC_NAME_MAX + 1] = {'z'};
    memset(last, 'z', ZC_NAME_MAX);
    z = wire_entry(last, S_IFREG);
    is_int(list_taken(1, xs(ZC_NAME_MAX), 1, &z, 1, 0), 0,
           "after the longest name");
    is_int(list_taken(1, xs(ZC_NAME_MAX + 1), 1, &z, 1, 0), -1, "one more");
}

static int order_taken(const char *after, const char *a, const char *b)
{
    struct zc_entry e[] = {wire_entry(a, S_IFREG), wire_entry(b, S_IFREG)};
    return list_taken(1, wire_bytes(after), 2, e, 2, 0);
}

static void list_order(void)
{
    is_int(order_taken("", "a", "b"), 0, "a, b");
    is_int(order_taken("", "a", "a"), -1, "a, a");
    is_int(order_taken("", "b", "a"), -1, "b, a");
    is_int(order_taken("", "a", "ab"), 0, "a prefix comes first");
    is_int(order_taken("", "ab", "a"), -1, "... never second");
    is_int(order_taken("", "B", "a"), 0, "by bytes: B, a");
    is_int(order_taken("", "a", "B"), -1, "... never a, B");
    is_int(order_taken("", "z", "\xc3\xa4"), 0, "bytes are unsigned");
    is_int(order_taken("", "\xc3\xa4", "z"), -1, "... both ways");
    is_int(order_taken("a", "b", "c"), 0, "after a: b, c");
    is_int(order_taken("b", "b", "c"), -1, "after b: b");
    is_int(order_taken("c", "b", "d"), -1, "after c: b");
    is_int(order_taken("c", "d", "b"), -1, "after c: d, b");
}

static int file_taken(unsigned type, const struct zc_msg_file *m)
{
    zc_file_encode(&frame, type, m);
    return taken();
}

static void file_limits(void)
{
    struct zc_msg_file m = {
        .ref = {1, 0}, .flags = ZC_FILE_INLINE,
        .entry = wire_entry("x", S_IFREG), .data = xs(ZC_INLINE_MAX),
    };
    m.entry.size = ZC_INLINE_MAX;
    is_int(file_taken(ZC_FRAME_FILE, &m), 0, "the largest inline file");
    m.entry.size = ZC_INLINE_MAX - 1;
    is_int(file_taken(ZC_FRAME_FILE, &m), -1, "more bytes than its size");
    m.data = xs(ZC_INLINE_MAX + 1);
    m.entry.size = ZC_INLINE_MAX + 1;
    is_int(file_taken(ZC_FRAME_FILE, &m), -1, "one byte too large");
    m.flags = 0;
    is_int(file_taken(ZC_FRAME_FILE, &m), 0, "... may come without its bytes");
    m.flags = ZC_FILE_FLAGS_KNOWN + 1;
    is_int(file_taken(ZC_FRAME_FILE, &m), -1, "an unknown flag");
    m.flags = ZC_FILE_FROM;
    m.from = m.entry.size;
    is_int(file_taken(ZC_FRAME_FILE, &m), 0, "from the last byte on");
    m.from++;
    is_int(file_taken(ZC_FRAME_FILE, &m), -1, "from behind it on");
    m.from = UINT64_MAX;
    is_int(file_taken(ZC_FRAME_FILE, &m), -1, "from 2^64 - 1 on");
    m.flags = ZC_FILE_INLINE | ZC_FILE_FROM;
    m.from = 0;
    m.data = xs(ZC_INLINE_MAX);
    m.entry.size = ZC_INLINE_MAX;
    is_int(file_taken(ZC_FRAME_FILE, &m), -1, "inline and from somewhere on");
    m.flags = ZC_FILE_INLINE | ZC_FILE_PASSED;
    is_int(file_taken(ZC_FRAME_FILE, &m), -1, "inline and passed");
    m.flags = ZC_FILE_FROM | ZC_FILE_PASSED;
    is_int(file_taken(ZC_FRAME_FILE, &m), -1, "passed from somewhere on");
    m.flags = ZC_FILE_PASSED;
    is_int(file_taken(ZC_FRAME_FILE, &m), 0, "passed");
    m.flags = ZC_FILE_INLINE;
    m.data = xs(0);
    m.entry.size = 0;
    is_int(file_taken(ZC_FRAME_FILE, &m), 0, "an empty file");
    m.flags = 0;
    m.entry.flags = ZC_ENTRY_ABSENT;
    is_int(file_taken(ZC_FRAME_FILE, &m), -1, "a file that is not there");
    m.entry = wire_entry("x", S_IFLNK | 0777);
    is_int(file_taken(ZC_FRAME_FILE, &m), -1, "the bytes of a symlink");
    is_int(file_taken(ZC_FRAME_META, &m), 0, "... but its metadata");
    m.flags = ZC_FILE_INLINE;
    is_int(file_taken(ZC_FRAME_META, &m), -1, "metadata with bytes");
    m.flags = 0;
    m.xattrs = xs(ZC_FRAME_BODY_MAX + 1);
    is_int(file_taken(ZC_FRAME_META, &m), -1, "attributes without end");
}

static int blocks_taken(uint64_t offset, uint64_t blocks, uint8_t grain)
{
    zc_ask_encode(&frame,
                  &(struct zc_msg_ask){{1, 0}, offset, blocks, grain});
    return taken();
}

/* N sums for all 64 blocks, of which there are LENGTH bytes. */
static int sums_taken(uint8_t grain, uint64_t length, size_t n)
{
    static const uint8_t sums[ZC_BLOCKS_MAX * 16 * ZC_SUM_SIZE + 8];
    struct zc_msg_sums m = {{{1, 0}, 0, UINT64_MAX, grain}, length, 1,
                            {sums, n * ZC_SUM_SIZE}};
    zc_sums_encode(&frame, &m);
    return taken();
}

static void delta_limits(void)
{
    const uint64_t piece = ZC_BLOCKS_MAX * ZC_BLOCK_BIG;
    is_int(blocks_taken(0, 1, 16), 0, "ASK: one block");
    is_int(blocks_taken(0, 0, 16), -1, "none");
    is_int(blocks_taken(4096, 1, 16), -1, "not where one begins");
    is_int(blocks_taken(4096, 1, 12), -1, "nor for the small ones in it");
    is_int(blocks_taken((uint64_t)1 << 63, 1, 16), -1, "behind all files");
    is_int(blocks_taken(0, 1, 13), -1, "blocks of another size");
    is_int(sums_taken(16, piece, 64), 0, "SUMS: all");
    is_int(sums_taken(16, piece, 63), -1, "one less");
    is_int(sums_taken(16, piece, 65), -1, "one more");
    is_int(sums_taken(12, piece, 64 * 16), 0, "small ones");
    is_int(sums_taken(16, piece + 1, 64), -1, "more than can be asked for");
    is_int(sums_taken(16, 0, 0), 0, "nothing is there");
    is_int(sums_taken(16, 1, 1), 0, "one byte");
    is_int(sums_taken(16, ZC_BLOCK_BIG, 1), 0, "a block");
    is_int(sums_taken(16, ZC_BLOCK_BIG + 1, 2), 0, "and a byte");
    is_int(sums_taken(12, ZC_BLOCK_BIG + 4097, 18), 0, "the same in small");
    is_int(sums_taken(12, UINT64_MAX, 0), -1, "a length without end");
    is_int(blocks_taken(0, UINT64_MAX, 0), 0, "ASK: anchors");
    is_int(blocks_taken(0, 1, 0), -1, "of one block");
    is_int(sums_taken(0, 100, 0), 0, "SUMS: no anchors");
    is_int(sums_taken(0, 100, 3), -1, "two at one place");
}

static int data_taken(uint64_t offset, uint64_t length)
{
    zc_data_encode(&frame, &(struct zc_msg_data){{1, 0}, offset, length});
    return taken();
}

/* META of a directory itself, which has no name: the one entry of LIST 0 or AT,
 * so its index is 0. */
static void self_limits(void)
{
    struct zc_msg_file m = {.ref = {9, 0},
                            .entry = wire_entry("", S_IFDIR | 0755)};
    is_int(file_taken(ZC_FRAME_META, &m), 0, "META of a directory itself");
    m.ref.index = 1;
    is_int(file_taken(ZC_FRAME_META, &m), -1, "... as entry 1");
    m.ref.index = 0;
    m.entry.mode = S_IFREG | 0644;
    is_int(file_taken(ZC_FRAME_META, &m), -1, "META of a nameless file");
    is_int(file_taken(ZC_FRAME_FILE, &m), -1, "FILE of a nameless file");
    m.entry = wire_entry("x", S_IFDIR | 0755);
    is_int(file_taken(ZC_FRAME_META, &m), 0, "META of a named directory");
}

static int at_taken(uint32_t list, struct zc_bytes path,
                    const struct zc_entry *self)
{
    zc_at_encode(&frame, &(struct zc_msg_at){list, path, *self});
    return taken();
}

/* The longest path: names of 199 bytes, the last one shorter or longer. */
static struct zc_bytes deep_path(size_t n)
{
    struct zc_bytes path = xs(n);
    for (size_t i = 199; i + 1 < n; i += 200)
        ((uint8_t *)path.p)[i] = '/';
    return path;
}

static const char *const bad_paths[] = {
    "/", "/etc", "..", ".", "a/..", "../a", "a/../b", "a/./b", "./a", "a/",
    "a//b", "//"};

static void at_limits(void)
{
    struct zc_entry self = wire_entry("", S_IFDIR | 0755);
    is_int(at_taken(0, wire_bytes(""), &self), 0, "AT the root");
    is_int(at_taken(UINT32_MAX, wire_bytes("a"), &self), 0, "AT a");
    is_int(at_taken(1, deep_path(ZC_PATH_TEXT_MAX), &self), 0,
           "AT a path of the longest text");
    is_int(at_taken(1, xs(ZC_NAME_MAX), &self), 0, "AT the longest name");
    is_int(at_taken(1, xs(ZC_NAME_MAX + 1), &self), -1, "one more");
    for (size_t i = 0; i < ZC_ARRAY_LEN(bad_paths); i++)
        is_int(at_taken(1, wire_bytes(bad_paths[i]), &self), -1, "AT \"%s\"",
               bad_paths[i]);
    is_int(at_taken(1, (struct zc_bytes){(const uint8_t *)"a\0b", 3}, &self),
           -1, "AT a path with a NUL");
    struct zc_entry e = wire_entry("x", S_IFDIR | 0755);
    is_int(at_taken(1, wire_bytes("x"), &e), -1, "AT with a name");
    e = wire_entry("", S_IFREG | 0644);
    is_int(at_taken(1, wire_bytes("x"), &e), -1, "AT a file");
    for (uint16_t flag = 1; flag <= ZC_ENTRY_FLAGS_KNOWN; flag <<= 1) {
        e = self;
        e.flags = flag;
        bool may = flag == ZC_ENTRY_XATTRS || flag == ZC_ENTRY_PROPERTIES ||
                   flag == ZC_ENTRY_FILEFLAGS ||
                   flag == ZC_ENTRY_IMPLIED;
        is_int(at_taken(1, wire_bytes("x"), &e), may ? 0 : -1,
               "AT with flag %u of an entry", flag);
    }
}

static int rename_taken(struct zc_bytes from, struct zc_bytes to)
{
    zc_rename_encode(&frame, &(struct zc_msg_rename){.from = from, .to = to});
    return taken();
}

static void rename_limits(void)
{
    struct zc_bytes a = wire_bytes("a"), b = wire_bytes("b/c");
    is_int(rename_taken(a, b), 0, "RENAME a, b/c");
    is_int(rename_taken(a, a), 0, "RENAME a, a");
    is_int(rename_taken(wire_bytes(""), b), -1, "RENAME of the root");
    is_int(rename_taken(a, wire_bytes("")), -1, "RENAME to the root");
    for (size_t i = 0; i < ZC_ARRAY_LEN(bad_paths); i++) {
        is_int(rename_taken(wire_bytes(bad_paths[i]), b), -1,
               "RENAME of \"%s\"", bad_paths[i]);
        is_int(rename_taken(a, wire_bytes(bad_paths[i])), -1,
               "RENAME to \"%s\"", bad_paths[i]);
    }
    is_int(rename_taken(a, (struct zc_bytes){(const uint8_t *)"a\0b", 3}), -1,
           "RENAME to a path with a NUL");
    is_int(rename_taken(a, deep_path(ZC_PATH_TEXT_MAX)), 0,
           "RENAME to a path of the longest text");

    struct zc_msg_rename m = {.from = a, .to = b, .mtime_ns = 999999999};
    zc_rename_encode(&frame, &m);
    is_int(taken(), 0, "RENAME at the last nanosecond");
    m.mtime_ns++;
    zc_rename_encode(&frame, &m);
    is_int(taken(), -1, "one more");
    m.mtime_ns = 0;
    zc_rename_encode(&frame, &m);
    frame.data[ZC_FRAME_HEADER_SIZE + 2 + 1 + 2 + 3] = 2;
    is_int(taken(), -1, "RENAME of neither a file nor a directory");
}

static void data_limits(void)
{
    uint64_t max = ZC_FILE_SIZE_MAX;
    is_int(data_taken(0, 1), 0, "one byte");
    is_int(data_taken(0, 0), -1, "no bytes");
    is_int(data_taken(0, ZC_DATA_MAX), 0, "the longest range");
    is_int(data_taken(0, ZC_DATA_MAX + 1), -1, "one more");
    is_int(data_taken(0, (uint64_t)1 << 63), -1, "2^63 bytes");
    is_int(data_taken(0, UINT64_MAX), -1, "2^64 - 1 bytes");
    is_int(data_taken(max - 1, 1), 0, "the last byte a file can have");
    is_int(data_taken(max, 1), -1, "one after it");
    is_int(data_taken(max - ZC_DATA_MAX, ZC_DATA_MAX), 0, "the last range");
    is_int(data_taken(max - ZC_DATA_MAX + 1, ZC_DATA_MAX), -1, "one further");
    is_int(data_taken((uint64_t)1 << 63, 1), -1, "an offset of 2^63");
    is_int(data_taken(UINT64_MAX, 1), -1, "an offset of 2^64 - 1");
}

static int need_taken(uint8_t what, uint16_t flags, uint32_t count)
{
    size_t at = zc_need_begin(&frame, 1);
    zc_need_add(&frame, &(struct zc_need_item){.what = what});
    zc_need_end(&frame, at, count, flags);
    return taken();
}

static int result_taken(uint8_t status, uint8_t op, uint32_t n, uint32_t count)
{
    struct zc_result_item item = {{1, 0}, status, op, 13};
    size_t at = zc_result_begin(&frame);
    for (uint32_t i = 0; i < n; i++)
        zc_result_add(&frame, &item);
    zc_result_end(&frame, at, count);
    return taken();
}

static void answer_limits(void)
{
    int wrong = 0;
    for (int what = 0; what < 256; what++)
        wrong += (need_taken((uint8_t)what, 0, 1) == 0) != (what != 0);
    is_int(wrong, 0, "NEED: the bits that exist, and at least one");
    is_int(need_taken(ZC_NEED_DATA, ZC_NEED_SECOND << 1, 1), -1, "a flag");
    is_int(need_taken(ZC_NEED_DATA, 0, 2), -1, "fewer items than counted");
    is_int(need_taken(ZC_NEED_DATA, 0, 0), -1, "more items than counted");
    is_int(need_taken(ZC_NEED_DATA, 0, ZC_LIST_ENTRIES_MAX + 1), -1,
           "more items than a list has");

    is_int(result_taken(0, 0, ZC_RESULT_ITEMS_MAX, ZC_RESULT_ITEMS_MAX), 0,
           "RESULT: the most items");
    is_int(result_taken(0, 0, ZC_RESULT_ITEMS_MAX + 1,
                        ZC_RESULT_ITEMS_MAX + 1), -1, "one more");
    is_int(result_taken(ZC_STATUS_SAME + 1, 0, 1, 1), -1, "a status");
    is_int(result_taken(0, ZC_OP_MAX - 1, 1, 1), 0, "the last operation");
    is_int(result_taken(0, ZC_OP_MAX, 1, 1), -1, "one more");
    for (unsigned op = 0; op < 256; op++)
        if (!zc_op_text(op) || !zc_op_text(op)[0])
            ok(0, "operation %u has a text", op);
}

static int done_taken(uint8_t flags)
{
    zc_done_encode(&frame, flags);
    return taken();
}

static int note_taken(uint8_t op, struct zc_bytes path)
{
    zc_note_encode(&frame, &(struct zc_msg_note){op, S_IFREG, 0, path});
    return taken();
}

static int error_taken(uint8_t code, struct zc_bytes text)
{
    zc_error_encode(&frame, &(struct zc_msg_error){code, text});
    return taken();
}

static int finished_taken(struct zc_bytes text)
{
    zc_finished_encode(&frame, &(struct zc_msg_finished){.text = text});
    return taken();
}

static int idname_taken(uint8_t kind, struct zc_bytes name)
{
    zc_idname_encode(&frame, &(struct zc_msg_idname){kind, 1, name});
    return taken();
}

static int opened_taken(struct zc_bytes name)
{
    zc_opened_encode(&frame, &(struct zc_msg_opened){.name = name});
    return taken();
}

static int glance_taken(unsigned glance, struct zc_bytes names)
{
    zc_opened_encode(&frame, &(struct zc_msg_opened){
                                 .glance = (uint8_t)glance, .names = names});
    return taken();
}

static int ask_taken(struct zc_bytes name)
{
    struct zc_msg_open m = {.flags = ZC_OPEN_ASK, .ask = name};
    return open_taken(&m);
}

static void glance_limits(void)
{
    is_int(ask_taken(xs(ZC_NAME_MAX)), 0, "asked about the longest name");
    is_int(ask_taken(xs(ZC_NAME_MAX + 1)), -1, "about a longer one");
    is_int(ask_taken(xs(0)), -1, "about none");
    is_int(ask_taken(wire_bytes("../x")), -1, "about ../x");
    struct zc_bytes two = {(const uint8_t *)"\1\3etc\0\1a", 8};
    struct zc_glance_name n;
    is_int(glance_taken(ZC_GLANCE_TOLD, xs(0)), 0, "nothing is there");
    is_int(glance_taken(ZC_GLANCE_KNOWN & ~ZC_GLANCE_EMPTY, two), 0,
           "two names, all flags but one");
    is_int(glance_taken(ZC_GLANCE_TOLD | ZC_GLANCE_EMPTY, two), -1,
           "two names, where there are none");
    is_int(glance_taken(ZC_GLANCE_TOLD | ZC_GLANCE_EMPTY, xs(0)), 0,
           "none, and that is said");
    is_int(glance_taken(ZC_GLANCE_EMPTY, xs(0)), 0, "and unasked");
    is_int(glance_taken(ZC_GLANCE_EMPTY | ZC_GLANCE_MORE, xs(0)), -1,
           "more than none");
    is_int(glance_taken(ZC_GLANCE_KNOWN + 1, two), -1, "one flag more");
    is_int(glance_taken(ZC_GLANCE_MORE, two), -1, "names that nobody told");
    for (size_t cut = 1; cut < two.n; cut++)
        if (cut != 5)
            is_int(glance_taken(ZC_GLANCE_TOLD,
                                (struct zc_bytes){two.p, cut}),
                   -1, "names that are cut off");
    is_int(glance_taken(ZC_GLANCE_TOLD, wire_bytes("\2\3etc")), -1,
           "neither a directory nor none");
    is_int(glance_taken(ZC_GLANCE_TOLD, wire_bytes("\1\2..")), -1, "\"..\"");
    is_int(glance_taken(ZC_GLANCE_TOLD, wire_bytes("\1\3a/b")), -1, "a/b");
    is_int(glance_taken(ZC_GLANCE_TOLD, xs(ZC_GLANCE_MAX + 1)), -1,
           "more bytes than there may be");
    zc_opened_encode(&frame, &(struct zc_msg_opened){
                                 .glance = ZC_GLANCE_TOLD,
                                 .inner = wire_bytes("\1\3etc")});
    is_int(taken(), 0, "names in the directory asked about");
    zc_opened_encode(&frame, &(struct zc_msg_opened){
                                 .glance = ZC_GLANCE_TOLD,
                                 .inner = wire_bytes("\1\4etc")});
    is_int(taken(), -1, "cut off, too");
    ok(zc_glance_next(&two, &n) && n.dir && !strcmp(n.name, "etc"),
       "a directory");
    ok(zc_glance_next(&two, &n) && !n.dir && !strcmp(n.name, "a"), "a file");
    ok(!zc_glance_next(&two, &n), "no more");
}

static void text_limits(void)
{
    struct zc_bytes nul = {(const uint8_t *)"a\0b", 3};
    is_int(done_taken(ZC_DONE_FLAGS_KNOWN), 0, "DONE with all its flags");
    is_int(done_taken(ZC_DONE_FLAGS_KNOWN + 1), -1, "one more");
    is_int(note_taken(ZC_OP_DELETE, wire_bytes("a/b")), 0, "NOTE a/b");
    is_int(note_taken(ZC_OP_DELETE, wire_bytes("")), 0, "NOTE of the root");
    is_int(note_taken(ZC_OP_DELETE, wire_bytes("/a")), -1, "NOTE /a");
    is_int(note_taken(ZC_OP_DELETE, wire_bytes("../a")), -1, "NOTE ../a");
    is_int(note_taken(ZC_OP_DELETE, nul), -1, "NOTE with a NUL");
    is_int(note_taken(ZC_OP_MAX, wire_bytes("a")), -1, "no such operation");
    is_int(error_taken(12, xs(ZC_ERROR_TEXT_MAX)), 0, "the longest ERROR");
    is_int(error_taken(12, xs(ZC_ERROR_TEXT_MAX + 1)), -1, "one more");
    is_int(error_taken(0, xs(1)), -1, "an ERROR that is none");
    is_int(error_taken(12, nul), -1, "an ERROR with a NUL");
    is_int(finished_taken(xs(ZC_ERROR_TEXT_MAX)), 0, "the longest FINISHED");
    is_int(finished_taken(xs(ZC_ERROR_TEXT_MAX + 1)), -1, "one more");
    is_int(finished_taken(nul), -1, "a FINISHED with a NUL");
    is_int(idname_taken(0, xs(ZC_NAME_MAX)), 0, "the longest IDNAME");
    is_int(idname_taken(0, xs(ZC_NAME_MAX + 1)), -1, "one more");
    is_int(idname_taken(0, xs(0)), -1, "an IDNAME without a name");
    is_int(idname_taken(2, xs(1)), -1, "neither user nor group");
    is_int(idname_taken(0, nul), -1, "an IDNAME with a NUL");
    is_int(opened_taken(xs(0)), 0, "OPENED without a name");
    is_int(opened_taken(xs(ZC_NAME_MAX + 1)), -1, "a name too long");
    is_int(opened_taken(wire_bytes("..")), -1, "OPENED \"..\"");
    is_int(opened_taken(wire_bytes("a/b")), -1, "OPENED a/b");
}

/* ---- layouts that others may peek at or patch ----------------------------- */

static struct zc_msg_file a_file(const char *bytes)
{
    return (struct zc_msg_file){
        .ref = {7, 3},
        .flags = ZC_FILE_INLINE,
        .entry = {.mode = S_IFREG | 0644, .size = strlen(bytes), .name = "f",
                  .name_len = 1},
        .xattrs = wire_bytes("xx"),
        .data = wire_bytes(bytes)};
}

static void inline_file(void)
{
    struct zc_buf two = ZC_BUF_INIT;
    struct zc_msg_file m = a_file("hello");
    uint8_t *bytes;
    zc_buf_reset(&frame);
    zc_file_encode(&frame, ZC_FRAME_FILE, &m);
    zc_ping_encode(&two);
    size_t before = two.len;
    m.data = (struct zc_bytes){NULL, 0};
    m.flags = 0;
    size_t at = zc_file_begin_inline(&two, &m, 5, &bytes);
    memcpy(bytes, "hello", 5);
    zc_file_end_inline(&two, at, 5);
    is_int(at, before, "a FILE in two steps begins where the buffer ended");
    ok(two.len - at == frame.len &&
           !memcmp(two.data + at, frame.data, frame.len),
       "and is the same as one in a single step");
    zc_buf_fini(&two);
}

static void peeks(void)
{
    struct zc_msg_file m = a_file("hello");
    zc_buf_reset(&frame);
    zc_file_encode(&frame, ZC_FRAME_FILE, &m);
    struct zc_bytes body = {frame.data + ZC_FRAME_HEADER_SIZE,
                            frame.len - ZC_FRAME_HEADER_SIZE};
    struct zc_file_peek peek = zc_file_peek(body);
    ok(peek.list == 7 && peek.flags == ZC_FILE_INLINE &&
           peek.mode == m.entry.mode,
       "a FILE with its bytes, peeked at");
    m.flags = ZC_FILE_FROM;
    m.from = UINT64_MAX;
    zc_buf_reset(&frame);
    zc_file_encode(&frame, ZC_FRAME_FILE, &m);
    body.p = frame.data + ZC_FRAME_HEADER_SIZE;
    body.n = frame.len - ZC_FRAME_HEADER_SIZE;
    peek = zc_file_peek(body);
    ok(peek.list == 7 && peek.flags == ZC_FILE_FROM &&
           peek.mode == m.entry.mode,
       "a FILE from an offset on");
    for (body.n = 0; body.n < 22; body.n++) {
        peek = zc_file_peek(body);
        if (peek.list || peek.flags || peek.mode)
            break;
    }
    is_int(body.n, 22, "one cut off in front of the mode's end is all 0");
}

static void runs(void)
{
    struct zc_msg_file m = a_file("hello");
    zc_buf_reset(&frame);
    zc_ping_encode(&frame);
    zc_file_encode(&frame, ZC_FRAME_FILE, &m);
    struct zc_rd r = zc_rd_init(frame.data, frame.len);
    struct zc_bytes body = zc_frame_next(&r);
    ok(body.p == frame.data + ZC_FRAME_HEADER_SIZE && body.n == 0,
       "the first of two frames");
    body = zc_frame_next(&r);
    struct zc_bytes whole = zc_frame_around(body);
    ok(whole.p == frame.data + ZC_FRAME_HEADER_SIZE &&
           whole.p + whole.n == frame.data + frame.len && !zc_rd_left(&r),
       "the second, with its header, is the rest");
    body = zc_frame_next(&r);
    ok(!body.p && !body.n, "there is no third");
    r = zc_rd_init(frame.data, frame.len - 1);
    zc_frame_next(&r);
    body = zc_frame_next(&r);
    ok(!body.p && !body.n, "nor a second that is cut off");
}

static void list_numbers(void)
{
    struct zc_msg_list list = {.list = 1};
    struct zc_msg_at at = {.list = 1, .self.mode = S_IFDIR, .self.name = ""};
    zc_buf_reset(&frame);
    zc_list_end(&frame, zc_list_begin(&frame, &list), 0, 0);
    size_t second = frame.len;
    zc_at_encode(&frame, &at);
    zc_list_set_number(&frame, 0, 70000);
    zc_list_set_number(&frame, second, 70001);
    struct zc_rd r = zc_rd_init(frame.data, frame.len);
    zc_list_decode(zc_frame_next(&r), &list, &err);
    is_int(list.list, 70000, "a LIST gets its number later");
    zc_at_decode(zc_frame_next(&r), &at, &err);
    is_int(at.list, 70001, "so does an AT");
}

int main(void)
{
    wire_samples(check_sample, NULL);
    open_limits();
    name_limits();
    type_limits();
    round_flag_limits();
    entry_limits();
    root_limits();
    list_limits();
    list_order();
    file_limits();
    self_limits();
    at_limits();
    rename_limits();
    data_limits();
    delta_limits();
    answer_limits();
    text_limits();
    glance_limits();
    inline_file();
    peeks();
    runs();
    list_numbers();
    xs(0);
    zc_buf_fini(&frame);
    return done_testing();
}
