// SPDX-License-Identifier: GPL-2.0-or-later
/* src/base: buffers and cursors, the map, names and paths, errors, whole reads
 * and writes, arrays and log lines. */
#include "tap.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "base/map.h"
#include "base/relpath.h"
#include "base/vec.h"
#include "scratch.h"

#include <pthread.h>
#include <signal.h>

static void test_buf(void)
{
    struct zc_buf b = ZC_BUF_INIT;
    ok(zc_buf_reserve(&b, 0) != NULL, "room for nothing is room");
    zc_buf_put(&b, NULL, 0);
    is_int(b.len, 0, "and nothing is put");
    zc_buf_u8(&b, 0x12);
    zc_buf_u16(&b, 0x3456);
    zc_buf_u32(&b, 0x789abcde);
    zc_buf_u64(&b, 0x1122334455667788);
    static const uint8_t want[] = {0x12, 0x56, 0x34, 0xde, 0xbc, 0x9a, 0x78,
                                   0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22,
                                   0x11};
    ok(b.len == sizeof want && memcmp(b.data, want, sizeof want) == 0,
       "integers are little-endian");
    zc_buf_set_u16(&b, 1, 0xa1a2);
    zc_buf_set_u32(&b, 11, 0xb1b2b3b4);
    ok(b.data[1] == 0xa2 && b.data[2] == 0xa1 && b.data[11] == 0xb4 &&
           b.data[14] == 0xb1,
       "and can be set later");
    zc_buf_set_u32(&b, 12, 0xffffffff);
    zc_buf_set_u16(&b, SIZE_MAX - 1, 0xffff);
    ok(b.data[12] == 0xb3 && b.len == 15, "but not beyond the end");

    zc_buf_reset(&b);
    zc_buf_put_str(&b, "one ");
    zc_buf_printf(&b, "%s %d", "two", 3);
    zc_buf_printf(&b, "%s", "");
    ok(b.len == 9 && memcmp(b.data, "one two 3", 9) == 0, "text");
    for (int i = 0; i < 100000; i++)
        zc_buf_u8(&b, (uint8_t)i);
    ok(b.len == 100009 && b.data[100008] == (uint8_t)99999 && !b.failed,
       "it grows");

    size_t len = b.len;
    ok(!zc_buf_reserve(&b, SIZE_MAX) && b.failed, "up to a point");
    zc_buf_u8(&b, 1);
    ok(b.len == len && b.failed, "from where it remembers to have failed");
    zc_buf_reset(&b);
    zc_buf_u8(&b, 1);
    ok(b.len == 1 && !b.failed, "until it is reset");
    zc_buf_fini(&b);
    ok(!b.data && !b.len && !b.cap, "and empty at the end");
}

static void test_rd(void)
{
    static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8,
                                    9, 10, 11, 12, 13, 14, 15};
    struct zc_rd r = zc_rd_init(bytes, sizeof bytes);
    is_int(zc_rd_u8(&r), 1, "u8");
    is_int(zc_rd_u16(&r), 0x0302, "u16");
    is_int(zc_rd_u32(&r), 0x07060504, "u32");
    ok(zc_rd_u64(&r) == 0x0f0e0d0c0b0a0908, "u64");
    ok(zc_rd_left(&r) == 0 && !r.bad, "and that is all");
    ok(zc_rd_bytes(&r, 0) == bytes + sizeof bytes && !r.bad, "nothing is left");
    is_int(zc_rd_u8(&r), 0, "beyond it there are zeros");
    ok(r.bad, "and it is bad");

    r = zc_rd_init(bytes, 3);
    is_int(zc_rd_u32(&r), 0, "an integer that is cut short");
    ok(r.bad && zc_rd_u8(&r) == 0 && !zc_rd_bytes(&r, 0),
       "spoils what follows");
    r = zc_rd_init(bytes, 3);
    ok(!zc_rd_bytes(&r, SIZE_MAX) && r.bad, "no length is too long for it");
    r = zc_rd_init(NULL, 0);
    ok(zc_rd_left(&r) == 0 && zc_rd_u64(&r) == 0 && r.bad, "no bytes at all");
}

/* Random operations on few keys, so that they collide, against an array. */
static void test_map(void)
{
    enum { KEYS = 300 };
    static char values[2];
    void *model[KEYS] = {0};
    struct zc_map m = {0};
    unsigned seed = 42;
    size_t used = 0;
    int wrong = 0;
    ok(!zc_map_get(&m, 1, 2) && !zc_map_del(&m, 1, 2), "an empty map");
    for (int i = 0; i < 200000; i++) {
        int k = rand_r(&seed) % KEYS;
        uint64_t a = (uint64_t)k / 20, b = (uint64_t)k % 20 << 32;
        void *v = &values[rand_r(&seed) % 2];
        switch (rand_r(&seed) % 3) {
        case 0:
            wrong += zc_map_put(&m, a, b, v) != 0;
            used += !model[k];
            model[k] = v;
            break;
        case 1:
            wrong += zc_map_del(&m, a, b) != model[k];
            used -= model[k] != NULL;
            model[k] = NULL;
            break;
        default:
            wrong += zc_map_get(&m, a, b) != model[k];
        }
        wrong += m.used != used;
    }
    is_int(wrong, 0, "200,000 random operations");
    size_t at = 0, seen = 0;
    const struct zc_map_slot *s;
    while ((s = zc_map_next(&m, &at))) {
        seen++;
        wrong += model[s->a * 20 + (s->b >> 32)] != s->value;
    }
    ok(seen == used && !wrong, "walking it meets all, once");
    zc_map_fini(&m);
    for (uint64_t i = 0; i < 50000; i++)
        wrong += zc_map_put(&m, i << 40, ~i, &values[i % 2]) != 0;
    for (uint64_t i = 0; i < 50000; i++)
        wrong += zc_map_get(&m, i << 40, ~i) != &values[i % 2] ||
                 zc_map_get(&m, ~i, i << 40) != NULL;
    ok(!wrong && m.used == 50000, "50,000 keys");
    zc_map_fini(&m);
    ok(!m.slots && !m.cap && !zc_map_get(&m, 0, 0), "empty at the end");
}

static bool name_ok(const char *s)
{
    return zc_name_ok(s, strlen(s));
}

static bool path_ok(const char *s)
{
    return zc_relpath_ok(s, strlen(s));
}

static void test_relpath(void)
{
    static const char *const good[] = {"a", "...", "..a", ".a", "a..", " ",
                                       "\n", "\\", "\xff", "-", "~", ".zcsync"};
    static const char *const bad[] = {"", ".", "..", "/", "a/", "/a", "a/b"};
    static const char *const good_paths[] = {"a", "a/b", "a/.../b", "..a/b"};
    static const char *const bad_paths[] = {
        "", "/", "/a", "a/", "a//b", ".", "..", "./a", "a/.", "a/..", "../a",
        "a/../b", "a/./b", "//"};
    char longest[600];
    for (size_t i = 0; i < ZC_ARRAY_LEN(good); i++)
        ok(name_ok(good[i]) && path_ok(good[i]), "a good name");
    for (size_t i = 0; i < ZC_ARRAY_LEN(bad); i++)
        ok(!name_ok(bad[i]), "a bad name: \"%s\"", bad[i]);
    for (size_t i = 0; i < ZC_ARRAY_LEN(good_paths); i++)
        ok(path_ok(good_paths[i]), "a good path: %s", good_paths[i]);
    for (size_t i = 0; i < ZC_ARRAY_LEN(bad_paths); i++)
        ok(!path_ok(bad_paths[i]), "a bad path: \"%s\"", bad_paths[i]);
    memset(longest, 'x', sizeof longest);
    ok(zc_name_ok(longest, 255) && !zc_name_ok(longest, 256), "255 bytes");
    longest[255] = '/';
    ok(zc_relpath_ok(longest, 511) && !zc_relpath_ok(longest, 512),
       "in a path too");
    static const struct {
        const char *target;
        size_t depth;
        bool stays;
    } links[] = {
        {"f", 0, true},        {"d/f", 0, true},       {"./f", 0, true},
        {"..", 0, false},      {"..", 1, true},        {"../f", 0, false},
        {"../f", 1, true},     {"../../f", 1, false},  {"..//../f", 2, true},
        {"", 1, false},        {"/f", 9, false},       {"d/..", 1, false},
        {"d/../f", 5, false},  {"./../f", 5, false},   {"../..", 5, false},
        {"..f", 0, true},      {"d/..f", 0, true},     {"../f/", 1, true},
    };
    for (size_t i = 0; i < ZC_ARRAY_LEN(links); i++)
        is_int(zc_target_stays(links[i].target, links[i].depth), links[i].stays,
               "a symlink to \"%s\", %zu deep", links[i].target,
               links[i].depth);
    ok(!zc_name_ok("a\0b", 3) && !zc_relpath_ok("a/b\0c", 5), "no NUL");

    static const char nest[] = ".zcsync-0123456789abcdef0123456789abcdef";
    ok(zc_name_is_nest(nest, strlen(nest)), "the name of a nest");
    ok(!zc_name_is_nest(nest, strlen(nest) - 1) &&
           !zc_name_is_nest(".zcsync-0123456789ABCDEF0123456789abcdef", 40) &&
           !zc_name_is_nest("xzcsync-0123456789abcdef0123456789abcdef", 40) &&
           !zc_name_is_nest(".zcsync", 7),
       "others are like others");
    static const struct {
        const char *path, *flat; /* NULL: it leaves */
    } paths[] = {{"a/b", "a/b"},       {"a/../b", "b"},     {"./a//b/.", "a/b"},
                 {"/a/b/../../c", "c"}, {"a/..", ""},        {"", ""},
                 {"..", NULL},          {"a/../../b", NULL}, {"...", "..."},
                 {"a/b/..", "a"},       {"a/..b", "a/..b"}};
    for (size_t i = 0; i < ZC_ARRAY_LEN(paths); i++) {
        char flat[32];
        snprintf(flat, sizeof flat, "%s", paths[i].path);
        bool stays = zc_relpath_flatten(flat);
        ok(paths[i].flat ? stays && strcmp(flat, paths[i].flat) == 0 : !stays,
           "'%s' is flat", paths[i].path);
    }
    char *p = zc_relpath_join("", "name");
    is_str(p, "name", "joined to the root");
    free(p);
    p = zc_relpath_join("a/b", "name");
    is_str(p, "a/b/name", "joined to a path");
    free(p);
    ok(zc_name_cmp("a", 1, "b", 1) < 0 && zc_name_cmp("b", 1, "a", 1) > 0 &&
           zc_name_cmp("a", 1, "a", 1) == 0,
       "names in order");
    ok(zc_name_cmp("a", 1, "ab", 2) < 0 && zc_name_cmp("ab", 2, "a", 1) > 0 &&
           zc_name_cmp("", 0, "a", 1) < 0,
       "a prefix first");
    ok(zc_name_cmp("a\xff", 2, "ab", 2) > 0, "by bytes without a sign");
}

static void test_err(void)
{
    struct zc_err e;
    errno = EINTR;
    is_int(zc_err_set(&e, ZC_EXIT_SELECT, ENOENT, "cannot open %s", "x"), -1,
           "an error is -1");
    is_int(errno, EINTR, "and keeps errno");
    is_str(e.text, "cannot open x: No such file or directory", "a sentence");
    ok(e.code == ZC_EXIT_SELECT && e.eno == ENOENT, "a code and an errno");
    zc_err_set(&e, ZC_EXIT_USAGE, 0, "no reason");
    is_str(e.text, "no reason", "the errno may be missing");
    zc_err_prefix(&e, "file %d", 7);
    is_str(e.text, "file 7: no reason", "a prefix");
    ok(e.code == ZC_EXIT_USAGE, "leaves the code");
    is_int(zc_err_nomem(&e), -1, "no memory is -1");
    ok(e.code == ZC_EXIT_MEMORY && *e.text, "with code 22 and a sentence");
    is_int(zc_err_set(NULL, ZC_EXIT_USAGE, 0, "x"), -1, "nobody listens");
    is_int(zc_err_prefix(NULL, "x"), -1, "to a prefix either");

    char big[3 * ZC_ERR_TEXT_MAX];
    memset(big, 'b', sizeof big);
    big[sizeof big - 1] = '\0';
    zc_err_set(&e, ZC_EXIT_SELECT, EACCES, "cannot open %s", big);
    const char *end = strrchr(e.text, ':');
    ok(strlen(e.text) == ZC_ERR_TEXT_MAX - 1 && end &&
           strcmp(end, ": Permission denied") == 0,
       "a long text is cut, its reason stays");
    zc_err_prefix(&e, "%s", big);
    is_int(strlen(e.text), ZC_ERR_TEXT_MAX - 1, "a long prefix too");
    zc_err_set(&e, ZC_EXIT_SELECT, 0, "short");
    zc_err_prefix(&e, "%s", big);
    is_int(strlen(e.text), ZC_ERR_TEXT_MAX - 1, "even before a short text");
}

static void on_alarm(int sig)
{
    (void)sig;
}

#define STREAM 300000

struct dribble {
    int fd;
    pthread_t reader;
    bool read;
    int bad;
};

/* Moves STREAM bytes in small pieces while the other side is bothered by
 * signals: so its calls come back short, and interrupted. */
static void *dribble(void *arg)
{
    struct dribble *d = arg;
    uint8_t piece[997];
    for (size_t done = 0; done < STREAM;) {
        size_t n = ZC_MIN(sizeof piece, STREAM - done);
        ssize_t r;
        if (d->read) {
            r = read(d->fd, piece, n);
            for (ssize_t i = 0; i < r; i++)
                d->bad += piece[i] != (uint8_t)((done + (size_t)i) * 7);
        } else {
            for (size_t i = 0; i < n; i++)
                piece[i] = (uint8_t)((done + i) * 7);
            r = write(d->fd, piece, n);
        }
        if (r <= 0) {
            d->bad++;
            break;
        }
        done += (size_t)r;
        pthread_kill(d->reader, SIGALRM);
    }
    close(d->fd);
    return NULL;
}

static void test_streams(void)
{
    struct sigaction sa = {.sa_handler = on_alarm}; /* no SA_RESTART */
    sigaction(SIGALRM, &sa, NULL);
    uint8_t *all = calloc(1, STREAM + 1);
    pthread_t t;
    int p[2], wrong = 0;

    ok(pipe(p) == 0, "a pipe");
    struct dribble w = {p[1], pthread_self(), false, 0};
    pthread_create(&t, NULL, dribble, &w);
    is_int(zc_io_read(p[0], all, STREAM + 1), STREAM,
           "reads to the end of a stream");
    pthread_join(t, NULL);
    for (size_t i = 0; i < STREAM; i++)
        wrong += all[i] != (uint8_t)(i * 7);
    is_int(wrong, 0, "every byte");
    is_int(zc_io_read(p[0], all, 1), 0, "then there is none");
    close(p[0]);

    ok(pipe(p) == 0, "a pipe");
    struct dribble r = {p[0], pthread_self(), true, 0};
    for (size_t i = 0; i < STREAM; i++)
        all[i] = (uint8_t)(i * 7);
    pthread_create(&t, NULL, dribble, &r);
    is_int(zc_io_write(p[1], all, STREAM), 0, "writes all");
    pthread_join(t, NULL);
    is_int(r.bad, 0, "every byte arrives");
    signal(SIGPIPE, SIG_IGN);
    ok(zc_io_write(p[1], all, 1) == -1 && errno == EPIPE,
       "a closed pipe is an error");
    is_int(zc_io_write(p[1], all, 0), 0, "nothing is not");
    close(p[1]);
    free(all);
}

static void test_files(void)
{
    char text[8] = "";
    zc_auto_close int fd = open("f", O_RDWR | O_CREAT, 0600);
    is_int(zc_io_pwrite(fd, "world", 5, 6), 0, "writes at a place");
    is_int(zc_io_pwrite(fd, "hello ", 6, 0), 0, "and before it");
    is_int(zc_io_pread(fd, text, 5, 6), 5, "reads there");
    is_str(text, "world", "what was written");
    is_int(zc_io_pread(fd, text, 8, 9), 2, "up to the end");
    is_int(zc_io_pread(fd, text, 8, 99), 0, "and nothing beyond");
    ok(zc_io_pread(-1, text, 1, 0) == -1 && errno == EBADF, "or fails");
    zc_auto_close int full = open("/dev/full", O_WRONLY);
    ok(zc_io_write(full, "x", 1) == -1 && errno == ENOSPC, "a full disk");
}

static void test_vec(void)
{
    ZC_VEC(int) v = {0};
    int wrong = 0;
    for (int i = 0; i < 10000; i++)
        wrong += zc_vec_push(&v, i) != 0;
    for (int i = 0; i < 10000; i++)
        wrong += v.v[i] != i;
    ok(!wrong && v.len == 10000, "an array of 10,000");
    void *p = v.v;
    size_t cap = v.cap;
    ok(zc_vec_grow(&p, &cap, SIZE_MAX / 2, sizeof(int)) == -1 && p == v.v &&
           cap == v.cap,
       "that cannot grow for ever stays as it is");
    zc_vec_fini(&v);
    ok(!v.v && !v.len && !v.cap, "and is empty at the end");
}

static int log_child(void *arg)
{
    if (dup2(*(int *)arg, STDERR_FILENO) < 0)
        return 1;
    zc_log_init("prog", false);
    zc_log(ZC_LOG_DEBUG, "not this");
    errno = EPERM;
    zc_log(ZC_LOG_WARN, "a name with \033[2J and\na line");
    if (errno != EPERM)
        return 2;
    zc_log_init("prog", true);
    zc_log(ZC_LOG_ERROR, "%s", "bad");
    char big[10000];
    memset(big, '\a', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    zc_log(ZC_LOG_WARN, "%s", big);
    return 0;
}

static void test_log(void)
{
    char text[16384] = "";
    int p[2];
    if (pipe(p))
        return;
    is_int(in_child(log_child, &p[1]), 0, "logging keeps errno");
    close(p[1]);
    zc_io_read(p[0], text, sizeof text - 1);
    close(p[0]);
    const char *want = "prog: a name with \\033[2J and\\012a line\n<3>bad\n<4>";
    ok(strncmp(text, want, strlen(want)) == 0,
       "a line a message, control bytes made harmless");
    ok(text[0] && text[strlen(text) - 1] == '\n' && strlen(text) < 5000,
       "a long one is cut");
}

int main(void)
{
    int dir = scratch();
    test_buf();
    test_rd();
    test_map();
    test_relpath();
    test_err();
    test_streams();
    test_files();
    test_vec();
    test_log();
    close(dir);
    return done_testing();
}
