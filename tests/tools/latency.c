// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long does a mirror take from close(2) at the source to the new name at
 * the destination?
 *
 *     latency [OPTION...] SRC DEST
 *       --rate N      files a second, on an absolute schedule (1000)
 *       --seconds S   for so long (10), after one second that does not count
 *       --size BYTES  of each file (4096)
 *       --dirs D      in so many new directories, dPID.000 and so on (10)
 *       --rename      written under a name with a dot, then renamed
 *       --poll        look for the names by fstatat(2), not by inotify(7)
 *       --sustained   no latencies, but how far DEST is behind (polls, seldom)
 *       --wait S      how long to wait for the last ones (30)
 *       --json        one JSON object instead of text
 *
 * A name counts as visible when it was moved or linked into place complete, or,
 * for mirrors that write under the final name, when it was closed there. Times
 * are taken just before close (or rename) and when the observer thread comes to
 * read the event, so its wake-up is included. The directories are made first,
 * and all begins when they are at DEST. Exits 1 when files were lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DIRS_MAX 10000
#define POLL_WINDOW 256 /* names looked at in one go */

struct run {
    const char *src, *dest;
    double rate, seconds, wait_s;
    size_t size, n_dirs, n_files, n_warm;
    bool by_rename, poll, sustained, json;
    int src_dirs[DIRS_MAX], dest_dirs[DIRS_MAX];
    int *wd_dirs; /* watch descriptor -> index of its directory */
    int inotify;
    uint64_t *closed, *seen;   /* ns; seen 0: not yet */
    atomic_size_t n_closed;
    atomic_bool done;          /* the writer is */
    size_t n_seen;
    uint64_t late_ns;          /* the writer's worst moment */
    uint64_t first_ns, end_ns; /* of the writer */
    uint64_t last_ns;          /* all was seen */
    size_t behind_at_end;
    uint64_t worst_lag_ns;
    bool overflow;
    double writer_cpu, observer_cpu;
};

static _Noreturn void die(const char *what, const char *path)
{
    fprintf(stderr, "latency: %s %s: %s\n", what, path, strerror(errno));
    exit(2);
}

static uint64_t now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
    struct timespec at = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        ;
}

static double thread_cpu(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void file_name(char *to, size_t n)
{
    snprintf(to, 32, "f%08zu", n);
}

/* ---- the writer ---------------------------------------------------------- */

static void write_file(struct run *r, size_t n, const char *data)
{
    char name[32], tmp[32];
    int dir = r->src_dirs[n % r->n_dirs];

    file_name(name, n);
    snprintf(tmp, sizeof tmp, ".t%08zu", n);
    int fd = openat(dir, r->by_rename ? tmp : name,
                    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        die("create", name);
    if (write(fd, data, r->size) != (ssize_t)r->size)
        die("write", name);
    if (r->by_rename)
        close(fd);
    r->closed[n] = now_ns();
    if (!r->by_rename)
        close(fd);
    else if (renameat(dir, tmp, dir, name) != 0)
        die("rename", name);
    atomic_store_explicit(&r->n_closed, n + 1, memory_order_release);
}

static void *writer(void *arg)
{
    struct run *r = arg;
    char *data = malloc(r->size + 1);
    if (!data)
        abort();
    memset(data, 'x', r->size);
    r->first_ns = now_ns();
    for (size_t n = 0; n < r->n_files; n++) {
        uint64_t due = r->first_ns + (uint64_t)((double)n * 1e9 / r->rate);
        uint64_t now = now_ns();
        if (now < due)
            sleep_until(due);
        else if (n >= r->n_warm && now - due > r->late_ns)
            r->late_ns = now - due;
        write_file(r, n, data);
    }
    r->end_ns = now_ns();
    atomic_store(&r->done, true);
    free(data);
    r->writer_cpu = thread_cpu();
    return NULL;
}

/* ---- the observers ------------------------------------------------------- */

static bool in_time(const struct run *r)
{
    return !atomic_load(&r->done) ||
           now_ns() - r->end_ns < (uint64_t)(r->wait_s * 1e9);
}

static void saw(struct run *r, size_t n, uint64_t now)
{
    if (n < r->n_files && r->seen[n] == 0) {
        r->seen[n] = now;
        r->n_seen++;
        r->last_ns = now;
    }
}

static bool complete(const struct run *r, int dir, const char *name)
{
    struct stat st;
    return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           (size_t)st.st_size == r->size;
}

static void on_event(struct run *r, const struct inotify_event *e,
                     uint64_t now)
{
    char *end;
    if (e->mask & IN_Q_OVERFLOW)
        r->overflow = true;
    if (e->len == 0 || e->name[0] != 'f')
        return;
    size_t n = strtoull(e->name + 1, &end, 10);
    /* made there: linked into place, or just the beginning? */
    if (*end != '\0' || ((e->mask & IN_CREATE) &&
                         !complete(r, r->dest_dirs[r->wd_dirs[e->wd]],
                                   e->name)))
        return;
    saw(r, n, now);
}

static void watch_dests(struct run *r)
{
    r->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    r->wd_dirs = calloc(r->n_dirs + 2, sizeof *r->wd_dirs);
    if (r->inotify < 0 || !r->wd_dirs)
        die("inotify_init", "");
    for (size_t i = 0; i < r->n_dirs; i++) {
        char proc[64];
        snprintf(proc, sizeof proc, "/proc/self/fd/%d", r->dest_dirs[i]);
        int wd = inotify_add_watch(r->inotify, proc,
                                   IN_MOVED_TO | IN_CREATE | IN_CLOSE_WRITE);
        if (wd < 0 || (size_t)wd > r->n_dirs + 1)
            die("watch", proc);
        r->wd_dirs[wd] = (int)i;
    }
}

static void poll_inotify(struct run *r)
{
    static _Alignas(struct inotify_event) char buf[256 * 1024];
    ssize_t n = read(r->inotify, buf, sizeof buf);
    uint64_t now = now_ns();

    if (n < 0 && errno == EAGAIN) {
        /* wakes up with the first event, or to look at the time */
        struct timeval tv = {0, 100000};
        fd_set set;
        FD_ZERO(&set);
        FD_SET(r->inotify, &set);
        select(r->inotify + 1, &set, NULL, NULL, &tv);
        return;
    }
    for (ssize_t at = 0; at < n;) {
        const struct inotify_event *e = (const void *)(buf + at);
        on_event(r, e, now);
        at += (ssize_t)(sizeof *e + e->len);
    }
}

/* Names that are missing are looked for from the oldest on. */
static void poll_names(struct run *r, size_t *oldest)
{
    size_t hi = atomic_load_explicit(&r->n_closed, memory_order_acquire);
    size_t looked = 0;
    for (size_t n = *oldest; n < hi && looked < POLL_WINDOW; n++) {
        char name[32];
        if (r->seen[n])
            continue;
        looked++;
        file_name(name, n);
        if (complete(r, r->dest_dirs[n % r->n_dirs], name)) {
            saw(r, n, now_ns());
            looked = r->sustained ? 0 : looked;
        } else if (r->sustained) {
            break;
        }
    }
    while (*oldest < hi && r->seen[*oldest])
        ++*oldest;
    if (*oldest < hi && *oldest >= r->n_warm) {
        uint64_t lag = now_ns() - r->closed[*oldest];
        if (lag > r->worst_lag_ns)
            r->worst_lag_ns = lag;
    }
    usleep(r->sustained ? 5000 : 200);
}

static void *observer(void *arg)
{
    struct run *r = arg;
    bool end_known = false;
    size_t oldest = 0;

    while (r->n_seen < r->n_files && in_time(r)) {
        if (r->poll || r->sustained || r->overflow)
            poll_names(r, &oldest);
        else
            poll_inotify(r);
        if (!end_known && atomic_load(&r->done)) {
            end_known = true;
            r->behind_at_end = r->n_files - r->n_seen;
        }
    }
    r->observer_cpu = thread_cpu();
    return NULL;
}

/* ---- before and after ---------------------------------------------------- */

/* The directories in SRC, and then, made by the mirror, in DEST. */
static void make_dirs(struct run *r)
{
    char path[PATH_MAX];
    uint64_t end = now_ns() + 60ULL * 1000000000;
    for (size_t i = 0; i < r->n_dirs; i++) {
        snprintf(path, sizeof path, "%s/d%d.%03zu", r->src, getpid(), i);
        if (mkdir(path, 0755) != 0 && errno != EEXIST)
            die("mkdir", path);
        r->src_dirs[i] = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (r->src_dirs[i] < 0)
            die("open", path);
    }
    for (size_t i = 0; i < r->n_dirs; i++) {
        snprintf(path, sizeof path, "%s/d%d.%03zu", r->dest, getpid(), i);
        while ((r->dest_dirs[i] = open(path, O_RDONLY | O_DIRECTORY |
                                                 O_CLOEXEC)) < 0) {
            if (now_ns() > end)
                die("the mirror did not make", path);
            usleep(20000);
        }
    }
    /* what belongs to making them shall be over */
    usleep(300000);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static double at(const uint64_t *sorted, size_t n, double share)
{
    size_t i = (size_t)((double)n * share);
    return n == 0 ? 0 : (double)sorted[i < n ? i : n - 1] / 1e6;
}

static int report(struct run *r)
{
    uint64_t *ms = calloc(r->n_files + 1, sizeof *ms);
    size_t n = 0, lost = r->n_files - r->n_seen;
    double took = (double)(r->end_ns - r->first_ns) / 1e9;
    double behind = r->last_ns > r->end_ns
                        ? (double)(r->last_ns - r->end_ns) / 1e9
                        : 0;
    if (!ms)
        abort();
    for (size_t i = r->n_warm; i < r->n_files; i++) {
        if (r->seen[i])
            ms[n++] = r->seen[i] > r->closed[i] ? r->seen[i] - r->closed[i]
                                                : 0;
    }
    qsort(ms, n, sizeof *ms, by_value);
    printf(r->json
               ? "{\"files\": %zu, \"lost\": %zu, \"rate\": %.1f, "
                 "\"writer_late_ms\": %.3f, \"writer_cpu_s\": %.3f, "
                 "\"observer_cpu_s\": %.3f, "
               : "%zu files, %zu lost, %.1f a second, the writer at most %.3f "
                 "ms late\nown CPU seconds: writer %.3f, observer %.3f\n",
           r->n_files, lost, (double)r->n_files / took,
           (double)r->late_ns / 1e6, r->writer_cpu, r->observer_cpu);
    if (r->sustained)
        printf(r->json ? "\"behind_files\": %zu, \"behind_s\": %.3f, "
                         "\"worst_lag_s\": %.3f}\n"
                       : "at the end %zu files behind, all there %.3f s later; "
                         "at worst %.3f s behind\n",
               r->behind_at_end, behind, (double)r->worst_lag_ns / 1e9);
    else
        printf(r->json ? "\"p50_ms\": %.3f, \"p90_ms\": %.3f, \"p99_ms\": "
                         "%.3f, \"p999_ms\": %.3f, \"max_ms\": %.3f}\n"
                       : "milliseconds: p50 %.3f, p90 %.3f, p99 %.3f, p99.9 "
                         "%.3f, max %.3f\n",
               at(ms, n, 0.5), at(ms, n, 0.9), at(ms, n, 0.99),
               at(ms, n, 0.999), at(ms, n, 1));
    if (r->overflow)
        fprintf(stderr, "latency: events at DEST were lost; the names were "
                        "polled instead\n");
    free(ms);
    return lost > 0;
}

static void bad_usage(void)
{
    fprintf(stderr,
            "usage: latency [--rate N] [--seconds S] [--size BYTES] "
            "[--dirs D]\n               [--rename] [--poll] [--sustained] "
            "[--wait S] [--json] SRC DEST\n");
    exit(2);
}

static void read_args(struct run *r, char **argv)
{
    double dirs = 10, size = 4096;
    const struct {
        const char *name;
        double *number;
        bool *flag;
    } known[] = {
        {"--rate", &r->rate, NULL},         {"--seconds", &r->seconds, NULL},
        {"--size", &size, NULL},            {"--dirs", &dirs, NULL},
        {"--wait", &r->wait_s, NULL},       {"--rename", NULL, &r->by_rename},
        {"--poll", NULL, &r->poll},         {"--json", NULL, &r->json},
        {"--sustained", NULL, &r->sustained},
    };
    for (char **a = argv + 1; *a; a++) {
        size_t k = 0, n = sizeof known / sizeof known[0];
        while (k < n && strcmp(*a, known[k].name) != 0)
            k++;
        if (k == n && (*a)[0] != '-' && !r->dest)
            *(r->src ? &r->dest : &r->src) = *a;
        else if (k == n || (known[k].number && !a[1]))
            bad_usage();
        else if (known[k].flag)
            *known[k].flag = true;
        else
            *known[k].number = strtod(*++a, NULL);
    }
    if (!r->dest || r->rate <= 0 || dirs < 1 || dirs > DIRS_MAX || size < 0)
        bad_usage();
    r->size = (size_t)size;
    r->n_dirs = (size_t)dirs;
}

int main(int argc, char **argv)
{
    static struct run r = {.rate = 1000, .seconds = 10, .wait_s = 30};
    pthread_t writing, observing;

    (void)argc;
    read_args(&r, argv);
    r.n_warm = r.sustained ? 0 : (size_t)r.rate;
    r.n_files = r.n_warm + (size_t)(r.rate * r.seconds);
    r.closed = calloc(r.n_files + 1, sizeof *r.closed);
    r.seen = calloc(r.n_files + 1, sizeof *r.seen);
    if (!r.closed || !r.seen)
        abort();
    make_dirs(&r);
    if (!r.poll && !r.sustained)
        watch_dests(&r);
    if (pthread_create(&observing, NULL, observer, &r) != 0 ||
        pthread_create(&writing, NULL, writer, &r) != 0)
        die("start", "threads");
    pthread_join(writing, NULL);
    pthread_join(observing, NULL);
    return report(&r);
}
