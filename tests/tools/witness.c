// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Watches a tree that churn's files arrive in and checks that each of them is
 * whole whenever it can be seen.
 *
 *     witness DIR [--once] [--pause MS] [--show N]
 *
 * Walks DIR again and again, MS milliseconds (10) apart, reads every regular
 * file that is not just as it was, and tells of each that is torn, at most N
 * (20) of them. Names that begin with a dot are somebody's temporary files and
 * not looked at. Ends with SIGTERM or, with --once, after one walk; prints what
 * it did; exits 1 when something was torn, 2 on trouble of its own.
 */
#include "version.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SEEN_SLOTS (1U << 18)
#define BUF_SIZE (256 * 1024)

/* A file that was whole when it was like this. */
struct seen {
    ino_t ino;
    off_t size;
    struct timespec ctime, mtime;
};

struct witness {
    struct seen *seen;
    unsigned char *buf;
    unsigned long long walks, files, bytes, torn, show;
};

static volatile sig_atomic_t stop;

static void on_term(int sig)
{
    (void)sig;
    stop = 1;
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* The place for ST in the table; *KNOWN: it is there already. */
static struct seen *look_up(struct witness *w, const struct stat *st,
                            bool *known)
{
    struct seen *s = &w->seen[(st->st_ino * 0x9e3779b97f4a7c15ULL >> 20) &
                              (SEEN_SLOTS - 1)];
    *known = s->ino == st->st_ino && s->size == st->st_size &&
             same_time(s->ctime, st->st_ctim) &&
             same_time(s->mtime, st->st_mtim);
    return s;
}

static ssize_t read_full(int fd, unsigned char *to, size_t n)
{
    size_t done = 0;
    while (done < n) {
        ssize_t got = read(fd, to + done, n - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

static void check_file(struct witness *w, int fd, const char *path)
{
    struct checker c = {0};
    struct stat st;
    bool known, whole = true;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return;
    struct seen *s = look_up(w, &st, &known);
    if (known)
        return;
    for (ssize_t n = BUF_SIZE; whole && n == BUF_SIZE;) {
        n = read_full(fd, w->buf, BUF_SIZE);
        if (n < 0) {
            fprintf(stderr, "witness: %s: %s\n", path, strerror(errno));
            exit(2);
        }
        w->bytes += (size_t)n;
        whole = checker_more(&c, w->buf, (size_t)n);
    }
    w->files++;
    if (whole && checker_end(&c)) {
        *s = (struct seen){st.st_ino, st.st_size, st.st_ctim, st.st_mtim};
        return;
    }
    if (w->torn++ < w->show) {
        printf("torn: %s (%lld bytes): %s\n", path, (long long)st.st_size,
               c.why);
        fflush(stdout);
    }
}

/* FD is closed. What vanishes on the way is no news. */
static void walk(struct witness *w, int fd, const char *path)
{
    DIR *dir = fdopendir(fd);
    if (!dir) {
        close(fd);
        return;
    }
    for (struct dirent *e; !stop && (e = readdir(dir));) {
        char *below;
        if (e->d_name[0] == '.' ||
            (e->d_type != DT_REG && e->d_type != DT_DIR))
            continue;
        int child = openat(fd, e->d_name,
                           O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK |
                               (e->d_type == DT_DIR ? O_DIRECTORY : 0));
        if (child < 0)
            continue;
        if (asprintf(&below, "%s/%s", path, e->d_name) < 0)
            abort();
        if (e->d_type == DT_DIR) {
            walk(w, child, below);
        } else {
            check_file(w, child, below);
            close(child);
        }
        free(below);
    }
    closedir(dir);
}

int main(int argc, char **argv)
{
    struct witness w = {.show = 20};
    const char *root = NULL;
    bool once = false;
    long pause_ms = 10;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--once") == 0)
            once = true;
        else if (strcmp(argv[i], "--pause") == 0 && i + 1 < argc)
            pause_ms = strtol(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--show") == 0 && i + 1 < argc)
            w.show = strtoull(argv[++i], NULL, 10);
        else if (argv[i][0] != '-' && !root)
            root = argv[i];
        else
            root = NULL, i = argc;
    }
    if (!root) {
        fprintf(stderr,
                "usage: witness DIR [--once] [--pause MS] [--show N]\n");
        return 2;
    }
    w.seen = calloc(SEEN_SLOTS, sizeof *w.seen);
    w.buf = malloc(BUF_SIZE);
    if (!w.seen || !w.buf)
        return 2;
    struct sigaction sa = {.sa_handler = on_term};
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);

    do {
        struct timespec ts = {pause_ms / 1000, pause_ms % 1000 * 1000000};
        int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0)
            walk(&w, fd, root);
        else if (once)
            return perror(root), 2;
        w.walks++;
        if (!once && !stop)
            nanosleep(&ts, NULL);
    } while (!stop && !once);
    printf("%llu files (%llu MiB) in %llu walks, %llu torn\n", w.files,
           w.bytes >> 20, w.walks, w.torn);
    free(w.seen);
    free(w.buf);
    return w.torn > 0;
}
