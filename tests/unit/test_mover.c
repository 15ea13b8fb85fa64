// SPDX-License-Identifier: GPL-2.0-or-later
/* Every mover over sockets, pipes and a transport that encrypts: ranges of all
 * sizes, files that end early, are cut meanwhile or cannot be written, peers
 * that go away. */
#include "move/mover.h"
#include "net/sealed.h"

#include "../tap.h"
#include "transports.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define MIB ((size_t)1 << 20)
#define SOURCE_SIZE (6 * MIB + 11)

static int source; /* SOURCE_SIZE patterned bytes */
static uint8_t *source_map;

/* What a test runs over. */
static const char *name;
static enum zc_mover_kind kind;

static void sealed(void)
{
    static const uint8_t one[ZC_AEAD_KEY] = {1}, two[ZC_AEAD_KEY] = {2};
    sockets();
    a = zc_sealed_new(a, ZC_SUITE_CHACHAPOLY, one, two);
    b = zc_sealed_new(b, ZC_SUITE_CHACHAPOLY, two, one);
    if (!a || !b)
        skip_all("no memory");
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

/* --- cut while it is sent --- */

#define LONG_SIZE (24 * MIB + 77) /* more than sockets hold */

static void fill_file(int fd)
{
    static uint8_t piece[MIB];
    memset(piece, 0xa5, sizeof piece);
    for (size_t at = 0; at < LONG_SIZE; at += MIB)
        if (pwrite(fd, piece, ZC_MIN(MIB, LONG_SIZE - at), (off_t)at) < 0)
            skip_all("no memory: %s", strerror(errno));
}

/* Receives N bytes. -1 when they do not come, or (PURE) are not 0xa5 up to some
 * place and zeros from there on; else where that is. */
static long recv_cut(size_t n, bool pure)
{
    static uint8_t buf[100000];
    size_t at = 0, zeros = n;
    while (at < n) {
        ssize_t r = zc_transport_recv(b, buf, ZC_MIN(sizeof buf, n - at));
        if (r <= 0) {
            zc_transport_shutdown(b);
            return -1;
        }
        for (ssize_t i = 0; pure && i < r; i++) {
            if (buf[i] == 0 && zeros == n)
                zeros = at + (size_t)i;
            if (buf[i] != (zeros < n ? 0 : 0xa5))
                return -1;
        }
        at += (size_t)r;
    }
    return (long)zeros;
}

/* To SIZE, when the first bytes have come and the last are not sent yet. What
 * is only referred to by the socket may be anything then. */
static void cut(off_t size)
{
    bool copied = a->seals || kind == ZC_MOVER_MMAP ||
                  kind == ZC_MOVER_READWRITE || kind == ZC_MOVER_DIRECT ||
                  kind == ZC_MOVER_ZEROCOPY || kind == ZC_MOVER_URING;
    int fd = memory_file();
    uint8_t byte = 0;
    fill_file(fd);
    struct job j = {.fd = fd, .length = LONG_SIZE, .read_eno = -1};
    pthread_create(&j.thread, NULL, send_job, &j);
    ok(zc_transport_recv(b, &byte, 1) == 1 && byte == 0xa5,
       "%s: it has begun", name);
    bool done = ftruncate(fd, size) == 0;
    long zeros = recv_cut(LONG_SIZE - 1, copied);
    ok(done && zeros >= 0, "%s: cut to %lld, filled up with zeros", name,
       (long long)size);
    if (copied)
        ok(zeros + 1 >= size, "%s: and not before", name);
    ok(in_step(&j) && j.short_file, "%s: the sender knows", name);
    is_int(j.read_eno, 0, "%s: no error", name);
    close(fd);
}

static void cut_underneath(void)
{
    cut(0);
    cut(20 * MIB);
    cut(LONG_SIZE - 4096 - 77);
    cut(LONG_SIZE - 1); /* in the last page, which stays */
}

struct cutter {
    int fd;
    atomic_bool stop;
    unsigned cuts;
    pthread_t thread;
};

static void *cut_and_grow(void *arg)
{
    struct cutter *c = arg;
    for (unsigned i = 0; !atomic_load(&c->stop); i++, c->cuts++) {
        if (ftruncate(c->fd, (off_t)(i * 100003 % LONG_SIZE)) ||
            ftruncate(c->fd, LONG_SIZE))
            break;
        (void)!pwrite(c->fd, "x", 1, (off_t)(i * 70001 % LONG_SIZE));
    }
    return NULL;
}

/* Whatever it is then, it has the length that was promised. */
static void cut_all_the_time(void)
{
    struct cutter c = {.fd = memory_file()};
    int good = 0;
    fill_file(c.fd);
    pthread_create(&c.thread, NULL, cut_and_grow, &c);
    for (int i = 0; i < 5; i++) {
        struct job j = {.fd = c.fd, .length = LONG_SIZE};
        pthread_create(&j.thread, NULL, send_job, &j);
        bool came = recv_cut(LONG_SIZE, false) >= 0;
        good += in_step(&j) && came && j.read_eno <= 0;
    }
    atomic_store(&c.stop, true);
    pthread_join(c.thread, NULL);
    is_int(good, 5, "%s: cut all the time (%u times)", name, c.cuts);
    close(c.fd);
}

/* A file that can be read, but not mapped. */
static void not_mapped(void)
{
    int fd = open("/sys/kernel/notes", O_RDONLY | O_CLOEXEC);
    uint8_t want[4096], got[4096];
    off_t size = fd < 0 ? 0 : size_of(fd);
    if (size <= 0 || size > (off_t)sizeof want ||
        pread(fd, want, sizeof want, 0) != size) {
        skip(2, "%s: there is no /sys/kernel/notes", name);
        zc_close(&fd);
        return;
    }
    struct job j = {.fd = fd, .length = (uint64_t)size};
    int eno = 0, to = memory_file();
    struct zc_mover m;
    zc_mover_init(&m, kind);
    is_int(carry(&m, &j, to, 0, &eno), 0, "%s: a file without mmap", name);
    ok(in_step(&j) && !j.short_file && pread(to, got, sizeof got, 0) == size &&
           memcmp(got, want, (size_t)size) == 0,
       "%s: all of it", name);
    zc_mover_fini(&m);
    close(to);
    close(fd);
}

/* A hole of FD, on a tmpfs that is full, can be read, but a page to map it with
 * is not to be had. The first try is spoiled, the second one has learned. Its
 * child's exit code is 0 when all is well. */
static int hole_of_full_tmpfs(int fd)
{
    struct zc_mover m;
    bool short_file = false, good = true;
    int read_eno = 0;
    uint8_t got[65536]; /* a socket holds that */
    zc_mover_init(&m, ZC_MOVER_MMAP);
    for (int i = 0; i < 2; i++) {
        short_file = false;
        if (zc_mover_send(&m, a, fd, 0, sizeof got, &short_file, &read_eno))
            return 2;
        for (size_t n = 0; n < sizeof got;) {
            ssize_t r = zc_transport_recv(b, got, sizeof got - n);
            if (r <= 0)
                return 3;
            for (ssize_t k = 0; k < r; k++)
                good = good && !got[k];
            n += (size_t)r;
        }
        if (read_eno || !good || (i && short_file))
            return 4;
        if (!i && a->seals && !short_file)
            return 5;
    }
    return m.no_mmap ? 0 : 6;
}

static void full_tmpfs(void)
{
    char dir[] = "/tmp/zcsync-mover-XXXXXX", file[64];
    bool made = mkdtemp(dir);
    pid_t pid = fork();
    if (pid == 0) {
        static uint8_t piece[4096] = {1};
        snprintf(file, sizeof file, "%s/hole", dir);
        if ((unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS)) ||
            mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
            mount("none", dir, "tmpfs", 0, "size=64k"))
            _exit(1);
        int fd = open(file, O_RDWR | O_CREAT, 0600);
        if (fd < 0)
            _exit(1);
        off_t at = 8 * (off_t)MIB;
        while (pwrite(fd, piece, sizeof piece, at) > 0)
            at += (off_t)sizeof piece;
        _exit(hole_of_full_tmpfs(fd));
    }
    int status = -1;
    waitpid(pid, &status, 0);
    if (!made || (WIFEXITED(status) && WEXITSTATUS(status) == 1))
        skip(1, "%s: cannot mount a tmpfs", name);
    else
        is_int(status, 0, "%s: a hole that cannot be mapped", name);
    rmdir(dir);
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

/* --- past the page cache --- */

/* Pages of FD's N bytes that are in memory; -1: not known. */
static int resident(int fd, size_t n)
{
    static unsigned char pages[SOURCE_SIZE / 4096 + 1];
    void *p = mmap(NULL, n, PROT_READ, MAP_SHARED, fd, 0);
    int count = 0;
    if (p == MAP_FAILED || mincore(p, n, pages))
        return -1;
    munmap(p, n);
    for (size_t i = 0; i < (n + 4095) / 4096; i++)
        count += pages[i] & 1;
    return count;
}

/* A file of the source's bytes on a disk, none of which is in memory; -1. */
static int cold_file(void)
{
    char path[] = "/var/tmp/zcsync-mover-XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return -1;
    unlink(path);
    if (pwrite(fd, source_map, SOURCE_SIZE, 0) != (ssize_t)SOURCE_SIZE ||
        fsync(fd) || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) ||
        resident(fd, SOURCE_SIZE))
        zc_close(&fd);
    return fd;
}

/* From and to a disk, from OFFSET on. What is not a block at the ends may be in
 * memory. */
static void past_the_cache(uint64_t offset, size_t length)
{
    int from = cold_file(), to = cold_file(), eno = 0;
    struct zc_mover m;
    if (from < 0 || to < 0) {
        skip(3, "no disk whose files can be kept out of memory");
        zc_close(&from);
        zc_close(&to);
        return;
    }
    zc_mover_init(&m, kind);
    struct job j = {.fd = from, .offset = offset, .length = length};
    int r = carry(&m, &j, to, offset, &eno);
    ok(in_step(&j) && !r && !eno && !j.short_file && !m.said,
       "%s: %zu bytes at %llu", name, length, (unsigned long long)offset);
    is_int(resident(from, SOURCE_SIZE), 0, "%s: nothing of what was read",
           name);
    int kept = resident(to, SOURCE_SIZE);
    ok(kept >= 0 && kept <= 2 && holds(to, offset, offset, length),
       "%s: all of what was written but %d pages is out of memory", name,
       kept);
    zc_mover_fini(&m);
    close(from);
    close(to);
}

/* --- MSG_ZEROCOPY --- */

/* Whatever the transport has counted the kernel has told of, once. Ranges by two
 * movers in turns, to a receiver that keeps them waiting. */
static void all_told(void)
{
    struct zc_mover m[2], in;
    uint64_t told = 0, copied = 0;
    int good = 0, fd = memory_file(), read_eno = 0, eno = 0;
    bool short_file = false;
    uint32_t wide = 0;
    zc_mover_init(&in, ZC_MOVER_READWRITE);
    for (int i = 0; i < 2; i++)
        zc_mover_init(&m[i], ZC_MOVER_ZEROCOPY);
    for (int i = 0; i < 8; i++) {
        uint64_t n = i % 3 ? 5 * MIB + (uint64_t)i : 1;
        pid_t pid = fork();
        if (pid == 0) {
            usleep(20000); /* until the socket is full */
            _exit(zc_mover_recv(&in, b, fd, 0, n, &eno) || eno);
        }
        int r = zc_mover_send(&m[i % 2], a, source, (uint64_t)i, n, &short_file,
                              &read_eno);
        int status = -1;
        waitpid(pid, &status, 0);
        good += !r && !short_file && !status && holds(fd, 0, (uint64_t)i, n);
        told = m[0].zerocopied.calls + m[1].zerocopied.calls;
        wide += told != a->zerocopies;
    }
    copied = m[0].zerocopied.copied + m[1].zerocopied.copied;
    is_int(good, 8, "%s: all came", name);
    is_int(wide, 0, "%s: %u calls, all told of when a range is over", name,
           a->zerocopies);
    ok(told > 20 && copied <= told, "%s: %llu of them copied", name,
       (unsigned long long)copied);
    struct pollfd p = {.fd = a->raw_wfd};
    is_int(poll(&p, 1, 0), 0, "%s: nothing is on the queue", name);
    for (int i = 0; i < 2; i++)
        zc_mover_fini(&m[i]);
    zc_mover_fini(&in);
    close(fd);
}

/* -1 and errno when it fails, as it must where nobody reads: a connection may hold
 * tens of MiB (net.ipv4.tcp_rmem). */
static int send_to_nobody(struct zc_mover *m, bool *short_file, int *read_eno)
{
    int r = 0;
    errno = 0;
    for (int i = 0; i < 64 && !r; i++)
        r = zc_mover_send(m, a, source, 0, 6 * MIB, short_file, read_eno);
    return r;
}

/* The peer is there, and takes nothing. */
static void kept_waiting(void)
{
    struct zc_mover m;
    int read_eno = 0;
    bool short_file = false;
    zc_mover_init(&m, ZC_MOVER_ZEROCOPY);
    zc_transport_set_timeout(a, 1);
    is_int(send_to_nobody(&m, &short_file, &read_eno), -1, "%s: nobody takes it",
           name);
    ok(errno == ETIMEDOUT || errno == EAGAIN, "%s: %s", name, strerror(errno));
    ok(!short_file && !read_eno, "%s: not the file's fault", name);
    zc_mover_fini(&m); /* while the socket has its pages */
}

static void *shut_soon(void *transport)
{
    usleep(100000);
    zc_transport_shutdown(transport);
    return NULL;
}

static void shut_down(void)
{
    struct zc_mover m;
    pthread_t other;
    int read_eno = 0;
    bool short_file = false;
    zc_mover_init(&m, ZC_MOVER_ZEROCOPY);
    pthread_create(&other, NULL, shut_soon, a);
    is_int(send_to_nobody(&m, &short_file, &read_eno), -1,
           "%s: shut down while it waits", name);
    pthread_join(other, NULL);
    zc_mover_fini(&m);
}

static void without_copies(void)
{
    void (*const each[])(void) = {all_told, kept_waiting, shut_down};
    name = "zerocopy";
    for (size_t i = 0; i < ZC_ARRAY_LEN(each); i++) {
        tcp();
        each[i]();
        zc_transport_free(a);
        zc_transport_free(b);
    }
}

/* --- rings --- */

/* One is used where it can be had, and the range is what it should be; else it is
 * known why not. Pieces that a network may keep are waited for. */
static void rings(void (*make)(void))
{
    struct zc_mover out, in;
    int read_eno = 0, eno = 0, fd = memory_file();
    bool short_file = false;
    zc_mover_init(&out, ZC_MOVER_URING);
    zc_mover_init(&in, ZC_MOVER_URING);
    make();
    zc_transport_set_timeout(a, 2);
    pid_t pid = fork();
    if (pid == 0) {
        usleep(20000);
        _exit(zc_mover_recv(&in, b, fd, 0, 5 * MIB + 1, &eno) || eno ||
              (!in.uring && !in.no_uring));
    }
    int r = zc_mover_send(&out, a, source, 3, 5 * MIB + 1, &short_file,
                          &read_eno), status = -1;
    waitpid(pid, &status, 0);
    ok(!r && !short_file && !status && holds(fd, 0, 3, 5 * MIB + 1),
       "%s: all came", name);
    if (out.no_uring) {
        skip(2, "%s: no rings: %s", name, strerror(out.no_uring));
    } else {
        ok(out.uring && !out.said, "%s: a ring is used", name);
        r = send_to_nobody(&out, &short_file, &read_eno);
        ok(r == -1 && errno == ETIMEDOUT && !short_file,
           "%s: nobody takes it: %s", name, strerror(errno));
    }
    zc_mover_fini(&out);
    zc_mover_fini(&in);
    zc_transport_free(a);
    zc_transport_free(b);
    close(fd);
}

/* --- signals all the time --- */

static atomic_bool quiet;

static void ignore(int sig)
{
    (void)sig;
}

static void *disturb(void *thread)
{
    while (!quiet) {
        pthread_kill(*(pthread_t *)thread, SIGUSR1);
        usleep(50);
    }
    return NULL;
}

/* Ranges of several MiB one after the other, received by a thread that is
 * interrupted all the time. */
static void interrupted(void)
{
    struct sigaction sa = {.sa_handler = ignore}; /* no SA_RESTART */
    pthread_t self = pthread_self(), other;
    struct zc_mover m;
    int good = 0, fd = memory_file();
    sigaction(SIGUSR1, &sa, NULL);
    quiet = false;
    pthread_create(&other, NULL, disturb, &self);
    zc_mover_init(&m, kind);
    for (int i = 0; i < 3; i++) {
        struct job j = {.fd = source, .offset = (uint64_t)i * 1001,
                        .length = 5 * MIB - 4097};
        int eno = 0;
        bool came = carry(&m, &j, fd, (uint64_t)i * 5, &eno) == 0;
        good += in_step(&j) && came && !eno &&
                holds(fd, (uint64_t)i * 5, j.offset, j.length);
    }
    quiet = true;
    pthread_join(other, NULL);
    is_int(good, 3, "%s: whatever signals come", name);
    zc_mover_fini(&m);
    close(fd);
}

/* A machine with one CPU, or a process that may use one. */
static void one_cpu(void)
{
    cpu_set_t all, one;
    int cpu = sched_getcpu();
    if (cpu < 0 || sched_getaffinity(0, sizeof all, &all)) {
        skip(1, "cannot tell which CPU this is");
        return;
    }
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof one, &one);
    struct zc_mover m;
    zc_mover_init(&m, kind);
    struct job j = {.fd = source, .length = 5 * MIB};
    int eno = 0, fd = memory_file();
    ok(carry(&m, &j, fd, 0, &eno) == 0 && !eno && in_step(&j) &&
           holds(fd, 0, 0, 5 * MIB) && !m.overlap,
       "%s: on one CPU", name);
    zc_mover_fini(&m);
    close(fd);
    sched_setaffinity(0, sizeof all, &all);
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
    /* Their order is that of the wire. */
    static const char *const all[] = {"auto",     "readwrite", "mmap",
                                      "sendfile", "splice",    "overlap",
                                      "direct",   "zerocopy",
                                      "uring"};
    static const char *const bad[] = {"", "Splice", "splice ", "read", "map"};
    enum zc_mover_kind k;
    for (size_t i = 0; i < ZC_ARRAY_LEN(all); i++) {
        ok(zc_mover_parse(all[i], &k) == 0 && k == i, "%s", all[i]);
        is_str(zc_mover_name((enum zc_mover_kind)i), all[i], "and back");
    }
    for (size_t i = 0; i < ZC_ARRAY_LEN(bad); i++)
        is_int(zc_mover_parse(bad[i], &k), -1, "not a mover: '%s'", bad[i]);
}

/* What is told of a mover that cannot do it. */
static void instead(void (*make)(void), enum zc_mover_kind k, bool sending,
                    const char *want)
{
    struct zc_mover_instead in = {NULL, NULL};
    char got[100] = "";
    make();
    if (zc_mover_instead(k, sending ? a : b, sending, &in))
        snprintf(got, sizeof got, "%s, %s", in.over, in.name);
    is_str(got, want, "%s, %s", zc_mover_name(k), sending ? "sending"
                                                          : "receiving");
    zc_transport_free(a);
    zc_transport_free(b);
}

static void instead_of_all(void)
{
    instead(sockets, ZC_MOVER_AUTO, true, "");
    instead(sealed, ZC_MOVER_AUTO, false, "");
    instead(sockets, ZC_MOVER_SPLICE, false, "");
    instead(sockets, ZC_MOVER_SENDFILE, false, ""); /* nobody would expect it */
    instead(sealed, ZC_MOVER_SENDFILE, true, "an encrypted connection, mmap");
    instead(sealed, ZC_MOVER_SPLICE, false,
            "an encrypted connection, readwrite");
    instead(sealed, ZC_MOVER_MMAP, true, "");
    instead(pipes, ZC_MOVER_OVERLAP, false, "pipes, splice");
    instead(pipes, ZC_MOVER_OVERLAP, true, "");
    instead(tcp, ZC_MOVER_ZEROCOPY, true, "");
    instead(tcp, ZC_MOVER_ZEROCOPY, false, "");
    instead(sockets, ZC_MOVER_ZEROCOPY, true, "a local socket, sendfile");
    instead(sealed, ZC_MOVER_ZEROCOPY, true, "an encrypted connection, mmap");
}

int main(void)
{
    static const struct {
        const char *name;
        void (*make)(void);
    } over[] = {{"sockets", sockets}, {"TCP", tcp}, {"pipes", pipes},
                {"sealed", sealed}};
    static char text[80];
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    alarm(280);
    make_source();
    names();
    instead_of_all();
    for (size_t i = 0; i < ZC_ARRAY_LEN(over); i++)
        for (kind = ZC_MOVER_AUTO; kind <= ZC_MOVER_LAST; kind++) {
            void (*each[])(void) = {sizes,   short_files,    dropped,
                                    limited, cut_underneath, cut_all_the_time,
                                    not_mapped, interrupted, one_cpu};
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
    kind = ZC_MOVER_DIRECT;
    name = "direct from disk to disk";
    sockets();
    past_the_cache(0, SOURCE_SIZE);
    past_the_cache(4095, 3 * MIB + 2);
    past_the_cache(8192, 4096);
    past_the_cache(1, 4094);
    zc_transport_free(a);
    zc_transport_free(b);
    without_copies();
    name = "rings over TCP";
    rings(tcp);
    name = "rings over sockets";
    rings(sockets);
    name = "socket";
    sockets();
    full_tmpfs();
    name = "sealed";
    zc_transport_free(a);
    zc_transport_free(b);
    sealed();
    full_tmpfs();
    zc_transport_free(a);
    zc_transport_free(b);
    return done_testing();
}
