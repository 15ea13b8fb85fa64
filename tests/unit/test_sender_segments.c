// SPDX-License-Identifier: GPL-2.0-or-later
/* The segments of files that are sent, real ones: src/sender/segments.c. */
#include "tap.h"

#include "scratch.h"
#include "sender/segments.h"

#define UNIT 65536 /* no file system has larger blocks by default */

static int top;

/* A file of so many units: "D" is data, "0" zeros, "." a hole. Returns an fd on
 * it. */
static int make(const char *layout)
{
    static char data[UNIT], zeros[UNIT];
    int fd = openat(top, "file", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    memset(data, 'x', sizeof data);
    for (int i = 0; layout[i]; i++)
        if (layout[i] != '.' && pwrite(fd, layout[i] == 'D' ? data : zeros,
                                       UNIT, (off_t)i * UNIT) != UNIT)
            diag("cannot write: %s", strerror(errno));
    if (ftruncate(fd, (off_t)strlen(layout) * UNIT))
        diag("cannot set the size: %s", strerror(errno));
    return fd;
}

static void init(struct zc_segments *s, int fd)
{
    struct zc_stat st;
    if (zc_stat_at(fd, "", &st))
        diag("cannot look at it: %s", strerror(errno));
    zc_segments_init(s, fd, &st, ZC_KEEP_ALL);
}

static char kind_of(const struct zc_segment *segment)
{
    switch (segment->kind) {
    case ZC_SEGMENT_LITERAL:
        return 'L';
    case ZC_SEGMENT_HOLE:
        return 'H';
    case ZC_SEGMENT_COPY:
        return segment->from == segment->offset ? 'C' : '?';
    }
    return '?';
}

/* What is left of them, in units: "L0+1 H1+2". They have to tile. */
static const char *rest(struct zc_segments *s, uint64_t end)
{
    static char text[256];
    struct zc_segment next;
    size_t n = 0;
    text[0] = '\0';
    while (zc_segments_next(s, &next) && n + 40 < sizeof text) {
        if (next.offset != end || !next.length)
            return "a gap, an overlap, or nothing";
        end += next.length;
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%c%u+%u",
                              n ? " " : "", kind_of(&next),
                              (unsigned)(next.offset / UNIT),
                              (unsigned)(next.length / UNIT));
    }
    return end == s->tiling.size ? text : "not up to the end";
}

static void check(const char *layout, const char *want, const char *what)
{
    struct zc_segments s;
    zc_auto_close int fd = make(layout);
    init(&s, fd);
    is_str(rest(&s, 0), want, "%s", what);
    is_int(zc_segments_plain(&s), !strchr(layout, '.'),
           "%s: %s", what, strchr(layout, '.') ? "not plain" : "plain");
}

static void test_holes(void)
{
    check("DD", "L0+2", "no hole");
    check("", "", "an empty file");
    check(".D", "H0+1 L1+1", "a hole at the beginning");
    check("D..D", "L0+1 H1+2 L3+1", "one in the middle");
    check("DD.", "L0+2 H2+1", "one at the end");
    check("..", "H0+2", "nothing but a hole");
    check(".D.D.", "H0+1 L1+1 H2+1 L3+1 H4+1", "several");
}

/* LAYOUT with holes made of zeros, in the words of rest(). */
static void check_made(const char *layout, const char *want, const char *what)
{
    struct zc_segments s;
    struct zc_stat st;
    zc_auto_close int fd = make(layout);
    if (zc_stat_at(fd, "", &st))
        diag("cannot look at it: %s", strerror(errno));
    zc_segments_init(&s, fd, &st, ZC_KEEP_ALL | ZC_KEEP_MAKE_HOLES);
    is_int(zc_segments_plain(&s), !strpbrk(layout, ".0") && st.size < 5 * UNIT,
           "%s: plain or not", what);
    is_str(rest(&s, 0), want, "%s", what);
}

static void test_made(void)
{
    check("D0D", "L0+3", "zeros are data by default");
    check_made("DDD", "L0+3", "no zeros");
    check_made("D0D", "L0+1 H1+1 L2+1", "zeros in the middle");
    check_made("0D", "H0+1 L1+1", "at the beginning");
    check_made("D00", "L0+1 H1+2", "at the end");
    check_made("000", "H0+3", "nothing but zeros");
    check_made("D0.0D", "L0+1 H1+3 L4+1", "zeros around a hole");
    check_made(".0.D", "H0+3 L3+1", "between holes");
    check_made("DDDDDDDD0D", "L0+8 H8+1 L9+1", "a file that is not small");
    check_made("DDDDDDDDDD", "L0+10", "one without zeros");
}

/* Data may begin anywhere in a block: 1 KiB into it, on a file system of small
 * ones. No byte may be passed over. */
static void test_made_odd(void)
{
    static char bytes[1024];
    struct zc_segments s;
    struct zc_segment next;
    struct zc_stat st;
    uint64_t sent = 0;
    zc_auto_close int fd = make("0000000000");
    memset(bytes, 'x', sizeof bytes);
    if (pwrite(fd, bytes, sizeof bytes, UNIT) != sizeof bytes ||
        zc_stat_at(fd, "", &st))
        diag("cannot write: %s", strerror(errno));
    zc_segments_init(&s, fd, &st, ZC_KEEP_ALL | ZC_KEEP_MAKE_HOLES);
    s.tiling.end = 1024;
    while (zc_segments_next(&s, &next))
        if (next.kind == ZC_SEGMENT_LITERAL && next.offset <= UNIT &&
            next.offset + next.length >= UNIT + sizeof bytes)
            sent = next.length;
    ok(sent, "data that begin within a block are all looked at");
}

static void test_not_kept(void)
{
    struct zc_segments s;
    struct zc_stat st;
    zc_auto_close int fd = make("D.D");
    if (zc_stat_at(fd, "", &st))
        diag("cannot look at it: %s", strerror(errno));
    zc_segments_init(&s, fd, &st, ZC_KEEP_ALL & ~(unsigned)ZC_KEEP_SPARSE);
    ok(zc_segments_plain(&s), "holes are not kept: plain");
    is_str(rest(&s, 0), "L0+3", "and all of it is sent");
}

static void test_far(void)
{
    struct zc_segments s;
    struct zc_segment next;
    const uint64_t far = 5 * ZC_GIB;
    zc_auto_close int fd = make("D");
    if (ftruncate(fd, (off_t)(far + UNIT)) ||
        pwrite(fd, "x", 1, (off_t)far) != 1) {
        skip(2, "no file of 5 GiB here: %s", strerror(errno));
        return;
    }
    init(&s, fd);
    zc_segments_next(&s, &next);
    ok(zc_segments_next(&s, &next) && next.kind == ZC_SEGMENT_HOLE &&
           next.offset + next.length == far,
       "a hole of 5 GiB");
    ok(zc_segments_next(&s, &next) && next.kind == ZC_SEGMENT_LITERAL &&
           next.offset == far,
       "and a byte behind it");
}

static void test_copy(void)
{
    struct zc_segments s;
    zc_auto_close int fd = make("DDDD");
    init(&s, fd);
    ok(zc_segments_copy(&s, 3 * UNIT), "the peer has the beginning");
    ok(!zc_segments_plain(&s), "not plain");
    is_str(rest(&s, 0), "C0+3 L3+1", "what was appended is sent");

    init(&s, fd);
    ok(zc_segments_copy(&s, 4 * UNIT), "it has all");
    is_str(rest(&s, 0), "C0+4", "nothing is sent");

    init(&s, fd);
    ok(!zc_segments_copy(&s, 5 * UNIT), "it has more than there is");
    is_int(s.copied, 4 * UNIT, "which counts as far as it goes");
    is_str(rest(&s, 0), "C0+4", "and nothing is sent");

    zc_auto_close int empty = make("");
    init(&s, empty);
    ok(!zc_segments_copy(&s, UNIT), "nothing is there any more");
    is_str(rest(&s, 0), "", "no segment");

    zc_auto_close int sparse = make("D.D.");
    init(&s, sparse);
    ok(zc_segments_copy(&s, UNIT), "the beginning of a file with holes");
    is_str(rest(&s, 0), "C0+1 L1+3", "what is behind it is sent whole");
}

static void test_changes(void)
{
    struct zc_segments s;
    struct zc_segment next;
    zc_auto_close int fd = make("D.D.D");
    init(&s, fd);
    ok(zc_segments_next(&s, &next) && next.length == UNIT, "the first data");
    if (ftruncate(fd, UNIT))
        diag("cannot cut it: %s", strerror(errno));
    is_str(rest(&s, UNIT), "H1+4", "cut behind them: the rest is a hole");

    zc_auto_close int cut = make(".D");
    init(&s, cut);
    if (ftruncate(cut, 0))
        diag("cannot cut it: %s", strerror(errno));
    is_str(rest(&s, 0), "H0+2", "emptied: a hole");

    zc_auto_close int grown = make("D.");
    init(&s, grown);
    close(make("DDDD")); /* the same file: emptied, and written anew */
    is_str(rest(&s, 0), "L0+2", "grown and filled: not beyond its end");

    zc_auto_close int appended = make("D.");
    init(&s, appended);
    if (pwrite(appended, "x", 1, 3 * UNIT) != 1)
        diag("cannot append: %s", strerror(errno));
    is_str(rest(&s, 0), "L0+1 H1+1", "grown behind its hole: likewise");
}

/* As on a file system without SEEK_DATA: a pipe has no such thing either. */
static void test_no_seek(void)
{
    struct zc_segments s;
    struct zc_stat st;
    int p[2];
    zc_auto_close int fd = make("D.D");
    if (zc_stat_at(fd, "", &st) || pipe(p))
        diag("no pipe: %s", strerror(errno));
    zc_segments_init(&s, p[0], &st, ZC_KEEP_ALL);
    ok(!zc_segments_plain(&s), "fewer blocks than bytes: there may be holes");
    is_str(rest(&s, 0), "L0+3", "but none can be found: all of it is sent");
    close(p[0]);
    close(p[1]);
}

int main(void)
{
    top = scratch();
    int fd = make("D.D");
    bool holes = lseek(fd, 0, SEEK_HOLE) == UNIT;
    close(fd);
    if (!holes)
        skip_all("no holes in files of this file system");
    test_holes();
    test_made();
    test_made_odd();
    test_not_kept();
    test_far();
    test_copy();
    test_changes();
    test_no_seek();
    return done_testing();
}
