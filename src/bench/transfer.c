// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process at each end of a connection; see transfer.h. Both write what they
 * measure into memory that is shared with us:
 *
 *      sender                      receiver
 *      connects                    accepts
 *                <-- READY --
 *      begins    --- bytes ->      writes them
 *                <-- GOT ----
 *      ends
 */
#include "bench/transfer.h"

#include "base/clock.h"
#include "bench/count.h"
#include "net/dial.h"
#include "net/handshake.h"
#include "net/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* No more than that between two bytes. */
#define STUCK_S 60

/* The exit code of a process that may not be traced. */
#define UNTRACED 99

enum { SEND, RECV, SIDES };
_Static_assert(SIDES == ZC_BENCH_TRACED, "both sides are counted");

/* What the processes tell. */
struct report {
    struct side_report {
        atomic_bool counts; /* what is measured is under way */
        struct zc_bench_side side;
        struct zc_err err; /* what ended it; its code is OK where nothing did */
    } of[SIDES];
    double seconds;
};

struct run {
    const struct zc_bench_transfer *what;
    struct report *report;
    int listening, pair[SIDES]; /* one or the other; else -1 */
    char port[16];
    int copy; /* the new file */
    pid_t parent;
};

/* --- what lies between --- */

static const struct {
    const char *name, *text;
    struct zc_transport like;
} overs[] = {
    [ZC_BENCH_TCP] = {"tcp", "TCP on this machine",
                      {.raw_rfd = 0, .raw_wfd = 0, .socket = true}},
    [ZC_BENCH_UNIX] = {"unix", "a pair of local sockets",
                       {.raw_rfd = 0, .raw_wfd = 0, .socket = true}},
    [ZC_BENCH_SEALED] = {"sealed", "TCP on this machine, encrypted",
                         {.raw_rfd = -1, .raw_wfd = -1, .seals = true}},
};

int zc_bench_over_parse(const char *name, enum zc_bench_over *over)
{
    for (size_t i = 0; i < ZC_ARRAY_LEN(overs); i++)
        if (!strcmp(name, overs[i].name)) {
            *over = (enum zc_bench_over)i;
            return 0;
        }
    return -1;
}

const char *zc_bench_over_text(enum zc_bench_over over)
{
    return overs[over].text;
}

const struct zc_transport *zc_bench_over_like(enum zc_bench_over over)
{
    return &overs[over].like;
}

/* --- in the processes --- */

static int any_key(void *arg, const uint8_t key[ZC_KEY_SIZE],
                   struct zc_err *err)
{
    (void)arg;
    (void)key;
    (void)err;
    return 0;
}

/* T with keys of the moment; T is taken. */
static struct zc_transport *sealed(struct zc_transport *t, bool sending,
                                   struct zc_err *err)
{
    struct zc_identity *id = zc_identity_new(err);
    if (!id) {
        zc_transport_free(t);
        return NULL;
    }
    const struct zc_security sec = {
        .identity = id, .no_ktls = true, .trust = any_key};
    t = zc_shake(t, sending ? ZC_ROLE_SENDER : ZC_ROLE_RECEIVER, sending, &sec,
                 err);
    zc_identity_free(id);
    return t;
}

static struct zc_transport *reach(const struct run *run, bool sending,
                                  struct zc_err *err)
{
    struct zc_transport *t;
    int end = run->pair[sending ? SEND : RECV];
    if (end >= 0)
        t = zc_transport_new_local(end);
    else if (sending)
        t = zc_dial("127.0.0.1", run->port, STUCK_S, err);
    else
        t = zc_accept(run->listening);
    if (!t && (end >= 0 || !sending))
        zc_err_errno(err, "make a connection on this machine");
    if (t && run->what->over == ZC_BENCH_SEALED)
        t = sealed(t, sending, err);
    if (t)
        zc_transport_set_timeout(t, STUCK_S);
    return t;
}

static int say(struct zc_transport *t)
{
    struct iovec iov = {"!", 1};
    return zc_transport_send(t, &iov, 1);
}

static int hear(struct zc_transport *t)
{
    char c;
    ssize_t r = zc_transport_recv(t, &c, 1);
    if (!r)
        errno = ECONNRESET;
    return r == 1 ? 0 : -1;
}

static void look(struct zc_bench_side *s)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    s->cpu_s = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
               (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
    s->faults = (uint64_t)u.ru_minflt;
}

/* The bytes, and what moving them cost. */
static int move(const struct run *run, bool sending, struct zc_transport *t,
                struct zc_err *err)
{
    const struct zc_bench_transfer *what = run->what;
    struct side_report *r = &run->report->of[sending ? SEND : RECV];
    struct zc_bench_side before;
    struct zc_mover m;
    bool cut = false;
    int eno = 0, bad;
    zc_mover_init(&m, sending ? what->send : what->recv);
    look(&before);
    atomic_store(&r->counts, true);
    if (sending && what->send_with)
        bad = what->send_with(t, what->fd, what->source);
    else if (sending)
        bad = zc_mover_send(&m, t, what->fd, 0, what->size, &cut, &eno);
    else
        bad = zc_mover_recv(&m, t, run->copy, 0, what->size, &eno);
    int why = errno;
    atomic_store(&r->counts, false);
    look(&r->side);
    r->side.cpu_s -= before.cpu_s;
    r->side.faults -= before.faults;
    r->side.other = m.said;
    zc_mover_fini(&m);
    if (bad)
        return zc_err_set(err, ZC_EXIT_SOCKET, why, "the connection was lost");
    if (cut)
        return zc_err_set(err, ZC_EXIT_FILEIO, eno, "cannot read all of the "
                                                    "file");
    if (eno)
        return zc_err_set(err, ZC_EXIT_FILEIO, eno, "%.1000s: cannot write",
                          what->dir);
    return 0;
}

static int send_side(const struct run *run, struct zc_transport *t,
                     struct zc_err *err)
{
    if (hear(t))
        return zc_err_set(err, ZC_EXIT_SOCKET, errno, "the connection was "
                                                      "lost");
    int64_t begin = zc_clock_ns();
    if (move(run, true, t, err))
        return -1;
    if (hear(t))
        return zc_err_set(err, ZC_EXIT_SOCKET, errno, "the connection was "
                                                      "lost");
    run->report->seconds = (double)(zc_clock_ns() - begin) / ZC_NSEC_PER_SEC;
    return 0;
}

static int recv_side(const struct run *run, struct zc_transport *t,
                     struct zc_err *err)
{
    if (say(t))
        return zc_err_set(err, ZC_EXIT_SOCKET, errno, "the connection was "
                                                      "lost");
    return move(run, false, t, err) || say(t) ? -1 : 0;
}

static _Noreturn void side_main(const struct run *run, bool sending)
{
    struct side_report *r = &run->report->of[sending ? SEND : RECV];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != run->parent)
        _exit(1); /* which has gone already */
    if (run->pair[SEND] >= 0) /* the other's end is its own alone */
        close(run->pair[sending ? RECV : SEND]);
    if (run->what->count && !zc_bench_trace_me())
        _exit(UNTRACED);
    struct zc_transport *t = reach(run, sending, &r->err);
    int bad = !t || (sending ? send_side(run, t, &r->err)
                             : recv_side(run, t, &r->err));
    zc_transport_free(t);
    _exit(bad ? 1 : 0);
}

/* --- in ours --- */

int zc_bench_nameless(const char *dir)
{
    zc_auto_free char *name = NULL;
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
        return fd;
    if (asprintf(&name, "%s/zcsync-bench.XXXXXX", dir) < 0) {
        name = NULL;
        errno = ENOMEM;
        return -1;
    }
    fd = mkostemp(name, O_CLOEXEC);
    if (fd >= 0)
        unlink(name);
    return fd;
}

/* The part of the first SIZE bytes of FD that is in the page cache. */
static double cached(int fd, uint64_t size)
{
    const size_t step = (size_t)1 << 30;
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t in = 0, all = 0;
    zc_auto_free unsigned char *map = malloc(step / page);
    for (uint64_t at = 0; map && at < size; at += step) {
        size_t n = (size_t)ZC_MIN(size - at, (uint64_t)step);
        size_t pages = (n + page - 1) / page;
        void *p = mmap(NULL, n, PROT_READ, MAP_SHARED, fd, (off_t)at);
        if (p == MAP_FAILED)
            return 0;
        if (!mincore(p, n, map))
            for (size_t i = 0; i < pages; i++)
                in += map[i] & 1;
        all += pages;
        munmap(p, n);
    }
    return all ? (double)in / (double)all : 0;
}

static int prepare(struct run *run, struct zc_err *err)
{
    bool loopback;
    char bound[64] = "";
    if (run->what->over == ZC_BENCH_UNIX) {
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, run->pair))
            return zc_err_errno(err, "make a pair of sockets");
    } else {
        run->listening = zc_listen(NULL, "0", bound, sizeof bound, &loopback,
                                   err);
        if (run->listening < 0)
            return -1;
        const char *port = strrchr(bound, ':');
        snprintf(run->port, sizeof run->port, "%.15s", port ? port + 1 : "");
    }
    run->copy = zc_bench_nameless(run->what->dir);
    if (run->copy < 0)
        return zc_err_set(err, ZC_EXIT_FILEIO, errno,
                          "%.1000s: cannot make a file there", run->what->dir);
    run->report = mmap(NULL, sizeof *run->report, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (run->report == MAP_FAILED) {
        run->report = NULL;
        return zc_err_nomem(err);
    }
    return 0;
}

static pid_t start(const struct run *run, bool sending)
{
    pid_t pid = fork();
    if (!pid)
        side_main(run, sending);
    return pid;
}

/* What came of both. 1: they may not be traced. */
static int judge(const struct run *run,
                 const struct zc_bench_traced all[SIDES], struct zc_err *err)
{
    const struct side_report *bad = NULL;
    for (int i = 0; i < SIDES; i++) {
        struct side_report *r = &run->report->of[i];
        r->side.calls = all[i].calls;
        if (WIFEXITED(all[i].status) &&
            WEXITSTATUS(all[i].status) == UNTRACED)
            return 1;
        /* That the connection was lost is what the other has done. */
        if (r->err.code && (!bad || bad->err.code == ZC_EXIT_SOCKET))
            bad = r;
    }
    if (bad) {
        *err = bad->err;
        return -1;
    }
    return all[SEND].status || all[RECV].status
               ? zc_err_set(err, ZC_EXIT_SOCKET, 0, "a process has died")
               : 0;
}

/* Both, to their ends. As judge. */
static int run_both(struct run *run, struct zc_err *err)
{
    struct zc_bench_traced all[SIDES] = {
        {.counts = &run->report->of[SEND].counts},
        {.counts = &run->report->of[RECV].counts}};
    all[RECV].pid = start(run, false);
    all[SEND].pid = all[RECV].pid > 0 ? start(run, true) : -1;
    if (all[SEND].pid < 0) {
        zc_err_errno(err, "start a process");
        if (all[RECV].pid > 0) {
            kill(all[RECV].pid, SIGKILL);
            while (waitpid(all[RECV].pid, NULL, 0) < 0 && errno == EINTR)
                ;
        }
        return -1;
    }
    zc_close(&run->pair[SEND]);
    zc_close(&run->pair[RECV]);
    zc_bench_follow(all);
    return judge(run, all, err);
}

int zc_bench_transfer(const struct zc_bench_transfer *what,
                      struct zc_bench_result *out, struct zc_err *err)
{
    struct run run = {.what = what, .listening = -1, .pair = {-1, -1},
                      .copy = -1, .parent = getpid()};
    *out = (struct zc_bench_result){0};
    int r = prepare(&run, err);
    if (what->cold && !fdatasync(what->fd)) /* dirty pages would stay */
        posix_fadvise(what->fd, 0, 0, POSIX_FADV_DONTNEED);
    if (!r)
        r = run_both(&run, err);
    if (!r) {
        out->seconds = run.report->seconds;
        out->send = run.report->of[SEND].side;
        out->recv = run.report->of[RECV].side;
        out->counted = what->count;
        out->cached_source = cached(what->fd, what->size);
        out->cached_copy = cached(run.copy, what->size);
    }
    zc_close(&run.listening);
    zc_close(&run.pair[SEND]);
    zc_close(&run.pair[RECV]);
    zc_close(&run.copy);
    if (run.report)
        munmap(run.report, sizeof *run.report);
    return r < 0 ? -1 : 0;
}
