// SPDX-License-Identifier: GPL-2.0-or-later
/* Every mover over sockets and pipes: ranges of all sizes, files that end early
 * or cannot be written, peers that go away. */
#include "move/mover.h"

#include "../tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define MIB ((size_t)1 << 20)
#define SOURCE_SIZE (6 * MIB + 11)

static int source; /* SOURCE_SIZE patterned bytes */
static uint8_t *source_map;

/* What a test runs over. */
static const char *name;
static enum zc_mover_kind kind;
static struct zc_transport *a, *b;

static void sockets(void)
{
    struct zc_err err;
    if (zc_transport_pair(&a, &b, &err))
        skip_all("%s", err.text);
}

static void pipes(void)
{
    int ab[2], ba[2];
    if (pipe2(ab, O_CLOEXEC) || pipe2(ba, O_CLOEXEC))
        skip_all("no pipes: %s", strerror(errno));
    a = zc_transport_new_fds(ba[0], ab[1], "a");
    b = zc_transport_new_fds(ab[0], ba[1], "b");
}

static int memory_file(void)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    if (fd < 0)
        skip_all("memfd_create: %s", strerror(errno));
    return fd;
}

static void make_source(void)
{
    source = memory_file();
    if (ftruncate(source, SOURCE_SIZE) ||
        (source_map = mmap(NULL, SOURCE_SIZE, PROT_READ | PROT_WRITE,
                           MAP_SHARED, source, 0)) == MAP_FAILED)
        skip_all("no memory");
    for (size_t i = 0; i < SOURCE_SIZE; i++)
        source_map[i] = (uint8_t)(1 + (i * 31 + i / 251) % 255); /* never 0 */
}

/* The sender: a range, and a marker behind it unless the transport failed. */
struct job {
    int fd;
    uint64_t offset, length;
    bool hang_up; /* instead of the marker */
    int result, read_eno;
    bool short_file;
    pthread_t thread;
};

static void *send_job(void *arg)
{
    struct job *j = arg;
    struct zc_mover m;
    zc_mover_init(&m, kind);
    j->result = zc_mover_send(&m, a, j->fd, j->offset, j->length,
                              &j->short_file, &j->read_eno);
    zc_mover_fini(&m);
    struct iovec iov = {"M", 1};
    if (j->hang_up)
        zc_transport_free(a);
    else if (j->result == 0 && zc_transport_send(a, &iov, 1))
        j->result = -2;
    return NULL;
}

/* Sends what J says while receiving it into FD at AT. */
static int carry(struct zc_mover *m, struct job *j, int fd, uint64_t at,
                 int *file_eno)
{
    pthread_create(&j->thread, NULL, send_job, j);
    int r = zc_mover_recv(m, b, fd, at, j->length, file_eno);
    if (r)
        zc_transport_shutdown(b);
    return r;
}

/* The marker is the next byte: nothing was lost, nothing was left over. */
static bool in_step(struct job *j)
{
    char byte = 0;
    bool marker = zc_transport_recv(b, &byte, 1) == 1 && byte == 'M';
    if (!marker)
        zc_transport_shutdown(b);
    pthread_join(j->thread, NULL);
    return marker && j->result == 0;
}

/* FD has N bytes at AT that are the source's from FROM on. */
static bool holds(int fd, uint64_t at, uint64_t from, size_t n)
{
    uint8_t *bytes = malloc(n + 1);
    bool same = bytes && pread(fd, bytes, n, (off_t)at) == (ssize_t)n &&
                memcmp(bytes, source_map + from, n) == 0;
    free(bytes);
    return same;
}

static off_t size_of(int fd)
{
    struct stat st;
    return fstat(fd, &st) ? -1 : st.st_size;
}

static void sizes(void)
{
    static const size_t all[] = {0, 1, 4095, 4096, 4097, MIB + 3, 5 * MIB};
    static const struct {
        uint64_t from, to;
    } offsets[] = {{0, 0}, {1, 0}, {4099, 777}, {0, 1001}};
    struct zc_mover m;
    zc_mover_init(&m, kind); /* one for all: it holds nothing over */
    for (size_t i = 0; i < ZC_ARRAY_LEN(all); i++) {
        int good = 0;
        for (size_t k = 0; k < ZC_ARRAY_LEN(offsets); k++) {
            struct job j = {.fd = source, .offset = offsets[k].from,
                            .length = all[i]};
            uint64_t to = offsets[k].to;
            int eno = 0, fd = memory_file();
            bool came = carry(&m, &j, fd, to, &eno) == 0;
            good += in_step(&j) && came && !eno && !j.short_file &&
                    size_of(fd) == (off_t)(all[i] ? to + all[i] : 0) &&
                    holds(fd, to, offsets[k].from, all[i]);
            close(fd);
        }
        is_int(good, ZC_ARRAY_LEN(offsets), "%s: %zu bytes", name, all[i]);
    }
    zc_mover_fini(&m);
}

static void short_files(void)
{
    static const uint64_t missing[] = {1, 5000, 2 * MIB + 1};
    static uint8_t rest[2 * MIB + 1], zeros[2 * MIB + 1];
    struct zc_mover m;
    zc_mover_init(&m, kind);
    for (size_t i = 0; i < ZC_ARRAY_LEN(missing); i++) {
        uint64_t there = MIB + 5, n = missing[i];
        struct job j = {.fd = source, .offset = SOURCE_SIZE - there,
                        .length = there + n, .read_eno = -1};
        int eno = 0, fd = memory_file();
        is_int(carry(&m, &j, fd, 3, &eno), 0, "%s: %llu bytes short", name,
               (unsigned long long)n);
        ok(in_step(&j) && j.short_file && j.read_eno == 0,
           "%s: the sender knows", name);
        memset(rest, 1, sizeof rest);
        ok(holds(fd, 3, j.offset, there) &&
               pread(fd, rest, n, (off_t)(3 + there)) == (ssize_t)n &&
               memcmp(rest, zeros, n) == 0 &&
               size_of(fd) == (off_t)(3 + there + n),
           "%s: zeros stand for the rest", name);
        close(fd);
    }
    int dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), eno = 0;
    int fd = memory_file();
    struct job j = {.fd = dir, .length = 70001};
    is_int(carry(&m, &j, fd, 0, &eno), 0, "%s: cannot be read", name);
    ok(in_step(&j) && j.short_file, "%s: zeros instead", name);
    is_int(j.read_eno, EISDIR, "%s: and the reason", name);
    is_int(size_of(fd), 70001, "%s: all of them", name);
    close(fd);
    close(dir);
    zc_mover_fini(&m);
}

static void dropped(void)
{
    struct zc_mover m;
    zc_mover_init(&m, kind);
    struct job j = {.fd = source, .offset = 1, .length = 3 * MIB + 1};
    int eno = 0;
    is_int(carry(&m, &j, -1, 0, &eno), 0, "%s: no file", name);
    ok(in_step(&j), "%s: in step without one", name);

    int fd = memory_file();
    eno = EDQUOT;
    is_int(carry(&m, &j, fd, 0, &eno), 0, "%s: failed before", name);
    ok(in_step(&j), "%s: in step after that", name);
    is_int(eno, EDQUOT, "%s: the first error stays", name);
    is_int(size_of(fd), 0, "%s: nothing is written", name);
    close(fd);

    fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    eno = 0;
    is_int(carry(&m, &j, fd, 0, &eno), 0, "%s: a full device", name);
    ok(in_step(&j), "%s: in step after it", name);
    ok(eno != 0, "%s: with an error: %s", name, strerror(eno));
    close(fd);
    zc_mover_fini(&m);
}

/* The file may not grow beyond a limit that is not at a round place. */
static void limited(void)
{
    struct rlimit old, new;
    char path[] = "/tmp/zcsync-mover-XXXXXX";
    uint64_t limit = MIB + 12345;
    struct zc_mover m;
    int fd = mkostemp(path, O_CLOEXEC), eno = 0;
    if (fd < 0 || getrlimit(RLIMIT_FSIZE, &old)) {
        skip(5, "no file in /tmp");
        return;
    }
    unlink(path);
    zc_mover_init(&m, kind);
    new = old;
    new.rlim_cur = limit;
    setrlimit(RLIMIT_FSIZE, &new);
    struct job j = {.fd = source, .offset = 7, .length = 3 * MIB + 1};
    int r = carry(&m, &j, fd, 0, &eno);
    bool step = in_step(&j);
    setrlimit(RLIMIT_FSIZE, &old);
    is_int(r, 0, "%s: a file that is full", name);
    is_int(eno, EFBIG, "%s: says so", name);
    ok(step, "%s: in step after it", name);
    ok(size_of(fd) > 0 && size_of(fd) <= (off_t)limit &&
           holds(fd, 0, 7, (size_t)size_of(fd)),
       "%s: what fitted is right", name);

    /* The same mover, once more: nothing old is in its pipe. */
    struct job again = {.fd = source, .offset = 9, .length = MIB + 1};
    eno = 0;
    r = carry(&m, &again, fd, 5, &eno);
    ok(in_step(&again) && r == 0 && !eno && holds(fd, 5, 9, MIB + 1),
       "%s: the mover is as good as new", name);
    zc_mover_fini(&m);
    close(fd);
}

static void gone(void (*make)(void))
{
    struct zc_mover m;
    int eno = 0, fd = memory_file(), read_eno = 0;
    bool short_file = false;
    zc_mover_init(&m, kind);
    make();
    struct job j = {.fd = source, .length = MIB + 9, .hang_up = true};
    pthread_create(&j.thread, NULL, send_job, &j);
    errno = 0;
    is_int(zc_mover_recv(&m, b, fd, 0, 4 * MIB, &eno), -1,
           "%s: the sender goes away", name);
    pthread_join(j.thread, NULL);
    is_int(eno, 0, "%s: not the file's fault", name);
    zc_transport_free(b);

    make();
    zc_transport_free(a);
    errno = 0;
    is_int(zc_mover_recv(&m, b, fd, 0, 1, &eno), -1, "%s: nobody there", name);
    is_int(errno, ECONNRESET, "%s: ECONNRESET", name);
    errno = 0;
    is_int(zc_mover_recv(&m, b, -1, 0, 1, &eno), -1, "%s: nor to drop", name);
    is_int(errno, ECONNRESET, "%s: ECONNRESET", name);
    is_int(zc_mover_send(&m, b, source, 0, 5 * MIB, &short_file, &read_eno),
           -1, "%s: nobody to send to", name);
    ok(!short_file && read_eno == 0, "%s: not the file's fault either", name);
    zc_transport_free(b);
    zc_mover_fini(&m);
    close(fd);
}

static void names(void)
{
    static const char *const all[] = {"auto", "sendfile", "splice",
                                      "readwrite"};
    static const enum zc_mover_kind kinds[] = {
        ZC_MOVER_AUTO, ZC_MOVER_SENDFILE, ZC_MOVER_SPLICE, ZC_MOVER_READWRITE};
    static const char *const bad[] = {"", "Splice", "splice ", "read", "mmap"};
    enum zc_mover_kind k;
    for (size_t i = 0; i < ZC_ARRAY_LEN(all); i++) {
        ok(zc_mover_parse(all[i], &k) == 0 && k == kinds[i], "%s", all[i]);
        is_str(zc_mover_name(kinds[i]), all[i], "and back");
    }
    for (size_t i = 0; i < ZC_ARRAY_LEN(bad); i++)
        is_int(zc_mover_parse(bad[i], &k), -1, "not a mover: '%s'", bad[i]);
}

int main(void)
{
    static const struct {
        const char *name;
        void (*make)(void);
    } over[] = {{"sockets", sockets}, {"pipes", pipes}};
    static char text[80];
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    alarm(120);
    make_source();
    names();
    for (size_t i = 0; i < ZC_ARRAY_LEN(over); i++)
        for (kind = ZC_MOVER_AUTO; kind <= ZC_MOVER_READWRITE; kind++) {
            void (*each[])(void) = {sizes, short_files, dropped, limited};
            snprintf(text, sizeof text, "%s over %s", zc_mover_name(kind),
                     over[i].name);
            name = text;
            for (size_t k = 0; k < ZC_ARRAY_LEN(each); k++) {
                over[i].make();
                zc_transport_set_timeout(a, 30); /* rather than hang */
                zc_transport_set_timeout(b, 30);
                each[k]();
                zc_transport_free(a);
                zc_transport_free(b);
            }
            gone(over[i].make);
        }
    return done_testing();
}
