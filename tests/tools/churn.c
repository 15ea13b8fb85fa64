// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Does to a directory, at random, all that can be done to one, so that a mirror
 * of it can be tested; the files tell whether they are whole (version.h).
 *
 *     churn [OPTION...] DIR
 *       --seed N       repeats the choices of a run (printed at its start)
 *       --seconds S    how long (10); --ops N: how many operations instead
 *       --rate N       operations a second (500); 0: as fast as it goes
 *       --outside DIR  directories are moved in from there and out to there
 *       --entries N    about so many entries at most (1500)
 *       --links        names of what has several, or looks like something else
 *     churn --rewrite FILE [--size BYTES] [--seconds S | --ops N] [--rest MS]
 *       rewrites one file in place, each version by a single pwrite, with rests
 *       of up to MS (0) milliseconds
 *
 * A version is either one write(2) of at most 64 KiB in place, into an empty
 * file or over a version of the same length, or is written under a name with a
 * dot, or none, and then gets its own. A log grows by batches, one write each,
 * and shrinks to where a batch ended. Every time that is set is another one.
 * SIGTERM ends it early. As long as nobody else works on DIR, the same seed
 * does the same to an empty one.
 */
#include "churn-files.h"
#include "churn-links.h"

#include <signal.h>
#include <sys/xattr.h>
#include <time.h>

static volatile sig_atomic_t stop;

static void on_term(int sig)
{
    (void)sig;
    stop = 1;
}

/* ---- operations on names ------------------------------------------------- */

static void op_unlink(struct churn *c)
{
    char path[PATH_MAX];
    if (pick(c, DT_REG, path))
        maybe(unlink(path), "unlink", path);
}

static void op_rename(struct churn *c)
{
    char from[PATH_MAX], to[PATH_MAX];
    if (!pick(c, DT_UNKNOWN, from))
        return;
    pick_new(c, to);
    maybe(rename(from, to), "rename", from);
}

static void op_rename_dir(struct churn *c)
{
    char from[PATH_MAX], to[PATH_MAX];
    if (!pick(c, DT_DIR, from))
        return;
    pick_new(c, to);
    maybe(rename(from, to), "rename", from);
}

static void op_mkdir(struct churn *c)
{
    char path[PATH_MAX];
    pick_new(c, path);
    maybe(mkdir(path, 0755), "mkdir", path);
}

/* mkdir -p with files, as fast as it goes; then now and then another name. */
static void make_tree(struct churn *c, const char *path, int depth)
{
    char below[PATH_MAX];
    if (mkdir(path, 0755) != 0) {
        maybe(-1, "mkdir", path);
        return;
    }
    for (uint64_t i = 0, n = rnd(c, 4); i < n; i++) {
        if (snprintf(below, sizeof below, "%s/f%llu", path,
                     (unsigned long long)i) < (int)sizeof below)
            rewrite(c, below);
    }
    for (uint64_t i = 0, n = depth > 0 ? rnd(c, 3) : 0; i < n; i++) {
        if (snprintf(below, sizeof below, "%s/d%llu", path,
                     (unsigned long long)i) < (int)sizeof below)
            make_tree(c, below, depth - 1);
    }
}

static void op_mkdir_tree(struct churn *c)
{
    char path[PATH_MAX], to[PATH_MAX];
    pick_new(c, path);
    make_tree(c, path, 3);
    if (rnd(c, 3) == 0) {
        pick_new(c, to);
        maybe(rename(path, to), "rename", path);
    }
}

static void remove_tree(const char *path)
{
    size_t n;
    struct name *names = list(path, &n);
    for (size_t i = 0; i < n; i++) {
        char below[PATH_MAX];
        if (snprintf(below, sizeof below, "%s/%s", path, names[i].name) >=
            (int)sizeof below)
            continue;
        if (names[i].type == DT_DIR)
            remove_tree(below);
        else
            maybe(unlink(below), "unlink", below);
    }
    free(names);
    maybe(rmdir(path), "rmdir", path);
}

static void op_rmdir(struct churn *c)
{
    char path[PATH_MAX];
    if (pick(c, DT_DIR, path))
        maybe(rmdir(path), "rmdir", path);
}

static void op_remove_tree(struct churn *c)
{
    char path[PATH_MAX];
    pick_dir(c, path);
    if (strcmp(path, c->root) != 0)
        remove_tree(path);
}

/* To files and directories, inside, outside and nowhere. */
static void op_symlink(struct churn *c)
{
    static const char *const targets[] = {".", "..", "nowhere", "/etc",
                                          "../../..", "f1"};
    char path[PATH_MAX], to[PATH_MAX];
    pick_new(c, path);
    if (rnd(c, 2) || !pick(c, DT_UNKNOWN, to))
        snprintf(to, sizeof to, "%s", targets[rnd(c, 6)]);
    maybe(symlink(to, path), "symlink", path);
}

static void op_mkfifo(struct churn *c)
{
    char path[PATH_MAX];
    pick_new(c, path);
    maybe(mkfifo(path, 0600), "mkfifo", path);
}

/* Something becomes something else of the same name: directory, symlink,
 * file. */
static void op_retype(struct churn *c)
{
    char path[PATH_MAX];
    struct stat st;
    if (!pick(c, DT_UNKNOWN, path) || lstat(path, &st) != 0)
        return;
    if (S_ISDIR(st.st_mode))
        remove_tree(path);
    else
        maybe(unlink(path), "unlink", path);
    switch (rnd(c, 3)) {
    case 0:
        maybe(symlink("..", path), "symlink", path);
        break;
    case 1:
        make_tree(c, path, 1);
        break;
    default:
        rewrite(c, path);
    }
}

/* Deleted and made again at once. */
static void op_recreate(struct churn *c)
{
    char path[PATH_MAX];
    if (!pick(c, DT_REG, path))
        return;
    maybe(unlink(path), "unlink", path);
    rewrite(c, path);
}

static void op_chmod(struct churn *c)
{
    char path[PATH_MAX];
    struct stat st;
    if (!pick(c, DT_UNKNOWN, path) || lstat(path, &st) != 0 ||
        S_ISLNK(st.st_mode))
        return;
    mode_t keep = S_ISDIR(st.st_mode) ? 0700 : 0600;
    maybe(chmod(path, keep | (mode_t)rnd(c, 0200) |
                          (rnd(c, 8) ? 0 : (mode_t)rnd(c, 8) << 9)),
          "chmod", path);
}

static void op_chown(struct churn *c)
{
    char path[PATH_MAX];
    if (c->is_root && pick(c, DT_UNKNOWN, path))
        maybe(lchown(path, (uid_t)rnd(c, 4) * 1000, (gid_t)rnd(c, 4) * 1000),
              "chown", path);
}

static void op_xattr(struct churn *c)
{
    char path[PATH_MAX], name[32], value[200];
    struct stat st;
    if (!pick(c, DT_UNKNOWN, path) || lstat(path, &st) != 0 ||
        (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
        return;
    snprintf(name, sizeof name, "user.churn%llu",
             (unsigned long long)rnd(c, 3));
    memset(value, 'a' + (int)rnd(c, 26), sizeof value);
    int rc = rnd(c, 3) ? lsetxattr(path, name, value, rnd(c, sizeof value), 0)
                       : lremovexattr(path, name);
    if (rc != 0 && errno != EOPNOTSUPP)
        maybe(rc, "xattr", path);
}

/* Never twice the same time, so that no two versions look alike. */
static void op_utimes(struct churn *c)
{
    char path[PATH_MAX];
    struct timespec ts[2];
    if (!pick(c, DT_UNKNOWN, path))
        return;
    for (int i = 0; i < 2; i++) {
        ts[i].tv_sec = 1000000000 + (time_t)++c->version;
        ts[i].tv_nsec = (long)rnd(c, 1000000000);
    }
    maybe(utimensat(AT_FDCWD, path, ts, AT_SYMLINK_NOFOLLOW), "utimes", path);
}

/* Whether a file below PATH has another name, which may be elsewhere. */
static bool has_links(const char *path)
{
    size_t n;
    bool found = false;
    struct name *names = list(path, &n);
    for (size_t i = 0; i < n && !found; i++) {
        char below[PATH_MAX];
        struct stat st;
        if (snprintf(below, sizeof below, "%s/%s", path, names[i].name) >=
                (int)sizeof below ||
            lstat(below, &st) != 0)
            found = true;
        else if (S_ISDIR(st.st_mode))
            found = has_links(below);
        else
            found = st.st_nlink > 1;
    }
    free(names);
    return found;
}

static void op_move_out(struct churn *c)
{
    char path[PATH_MAX], to[PATH_MAX];
    if (!c->outside)
        return;
    pick_dir(c, path);
    if (strcmp(path, c->root) == 0 || has_links(path))
        return;
    snprintf(to, sizeof to, "%s/o%llu", c->outside,
             (unsigned long long)c->serial++);
    maybe(rename(path, to), "rename", path);
}

static void op_move_in(struct churn *c)
{
    char from[PATH_MAX], to[PATH_MAX];
    size_t n;
    struct name *names = c->outside ? list(c->outside, &n) : NULL;
    if (!names)
        return;
    int len = snprintf(from, sizeof from, "%s/%s", c->outside,
                       names[rnd(c, n)].name);
    free(names);
    pick_new(c, to);
    if (len < (int)sizeof from)
        maybe(rename(from, to), "rename", from);
}

struct op {
    void (*run)(struct churn *c);
    unsigned weight;
    bool shrinks; /* taken more often while there is too much */
};

static const struct op all_ops[] = {
    {op_replace, 14, false},  {op_replace_big, 2, false},
    {op_rewrite, 14, false},  {op_tmpfile, 4, false},
    {op_append, 10, false},   {op_log, 10, false},
    {op_truncate, 4, false},  {op_unlink, 8, true},
    {op_rename, 8, false},    {op_rename_dir, 5, false},
    {op_exchange, 3, false},  {op_mkdir, 5, false},
    {op_mkdir_tree, 3, false}, {op_rmdir, 4, true},
    {op_remove_tree, 2, true}, {op_link, 4, false},
    {op_symlink, 4, false},   {op_mkfifo, 1, false},
    {op_retype, 3, false},    {op_recreate, 3, false},
    {op_chmod, 5, false},     {op_chown, 4, false},
    {op_xattr, 5, false},     {op_utimes, 5, false},
    {op_move_out, 1, false},  {op_move_in, 1, false},
    {op_alike, 2, false},     {op_whiteout, 2, false},
    {op_link_over, 2, false}, {op_unlink_any, 2, true},
    {NULL, 0, false},
};

/* --links */
static const struct op link_ops[] = {
    {op_alike, 20, false},     {op_link, 20, false},
    {op_link_over, 5, false}, {op_unlink_any, 10, true},
    {op_rename, 10, false},   {op_exchange, 10, false},
    {op_whiteout, 2, false},  {op_chmod, 2, false},
    {op_chown, 10, false},     {op_utimes, 10, false},
    {NULL, 0, false},
};

static uint64_t count_entries(const char *path)
{
    size_t n;
    struct name *names = list(path, &n);
    uint64_t sum = n;
    for (size_t i = 0; i < n; i++) {
        char below[PATH_MAX];
        if (names[i].type == DT_DIR &&
            snprintf(below, sizeof below, "%s/%s", path, names[i].name) <
                (int)sizeof below)
            sum += count_entries(below);
    }
    free(names);
    return sum;
}

static void one_op(struct churn *c)
{
    unsigned total = 0;
    if (c->n_ops++ % 128 == 0)
        c->entries = count_entries(c->root);
    bool crowded = c->entries > c->entries_max;
    const struct op *ops = c->links ? link_ops : all_ops;
    for (const struct op *o = ops; o->run; o++)
        total += o->weight * (crowded && o->shrinks ? 8 : 1);
    uint64_t k = rnd(c, total);
    for (const struct op *o = ops; o->run; o++) {
        unsigned weight = o->weight * (crowded && o->shrinks ? 8 : 1);
        if (k < weight) {
            o->run(c);
            return;
        }
        k -= weight;
    }
}

/* ---- running ------------------------------------------------------------- */

static uint64_t now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void run(struct churn *c, double seconds, uint64_t max_ops, double rate)
{
    uint64_t start = now_ns(), end = start + (uint64_t)(seconds * 1e9);
    uint64_t burst = 0;

    while (!stop && (max_ops ? c->n_ops < max_ops : now_ns() < end)) {
        one_op(c);
        /* now and then many at once, then the rest that this costs */
        if (burst > 0)
            burst--;
        else if (rnd(c, 200) == 0)
            burst = rnd(c, 100);
        uint64_t due = rate > 0 ? start + (uint64_t)((double)c->n_ops * 1e9 /
                                                     rate)
                                : 0;
        if (burst == 0 && due > now_ns()) {
            struct timespec at = {(time_t)(due / 1000000000),
                                  (long)(due % 1000000000)};
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
        }
    }
    for (int i = 0; i < LOGS; i++) {
        if (c->logs[i] >= 0)
            close(c->logs[i]);
    }
    printf("%llu operations\n", (unsigned long long)c->n_ops);
}

/* --rewrite: FILE changes in place, each time by one call. */
static void run_rewrite(struct churn *c, const char *path, uint64_t size,
                        double seconds, uint64_t max_ops, uint64_t rest_ms)
{
    uint64_t end = now_ns() + (uint64_t)(seconds * 1e9), passes = 0;
    unsigned char *all = malloc(size);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    if (fd < 0 || !all)
        die("open", path);
    while (!stop && (max_ops ? passes < max_ops : now_ns() < end)) {
        version_fill(all, 1, ++passes, size, 0, size);
        write_once(fd, all, size, false);
        if (rest_ms > 0)
            usleep((useconds_t)rnd(c, rest_ms * 1000));
    }
    close(fd);
    free(all);
    printf("%llu versions\n", (unsigned long long)passes);
}

static const char usage[] =
    "usage: churn [--seed N] [--seconds S | --ops N] [--rate N]\n"
    "             [--outside DIR] [--entries N] [--links] DIR\n"
    "       churn --rewrite FILE [--size BYTES] [--seconds S | --ops N]\n"
    "             [--rest MS]\n";

int main(int argc, char **argv)
{
    struct churn c = {.entries_max = 1500, .logs = {-1, -1, -1, -1}};
    uint64_t seed = now_ns() ^ (uint64_t)getpid(), max_ops = 0;
    uint64_t size = 64 << 20, rest_ms = 0;
    double seconds = 10, rate = 500;
    const char *file = NULL;

    for (int i = 1; i < argc; i++) {
        const char *o = argv[i], *v = i + 1 < argc ? argv[i + 1] : NULL;
        if (o[0] != '-' && !c.root) {
            c.root = o;
            continue;
        }
        if (strcmp(o, "--links") == 0) {
            c.links = true;
            continue;
        }
        if (!v)
            return fputs(usage, stderr), 2;
        i++;
        if (strcmp(o, "--seed") == 0)
            seed = strtoull(v, NULL, 0);
        else if (strcmp(o, "--seconds") == 0)
            seconds = strtod(v, NULL);
        else if (strcmp(o, "--ops") == 0)
            max_ops = strtoull(v, NULL, 0);
        else if (strcmp(o, "--rate") == 0)
            rate = strtod(v, NULL);
        else if (strcmp(o, "--outside") == 0)
            c.outside = v;
        else if (strcmp(o, "--entries") == 0)
            c.entries_max = strtoull(v, NULL, 0);
        else if (strcmp(o, "--rewrite") == 0)
            file = v;
        else if (strcmp(o, "--size") == 0)
            size = strtoull(v, NULL, 0);
        else if (strcmp(o, "--rest") == 0)
            rest_ms = strtoull(v, NULL, 0);
        else
            return fputs(usage, stderr), 2;
    }
    if (!c.root == !file)
        return fputs(usage, stderr), 2;
    printf("seed %llu\n", (unsigned long long)seed);
    fflush(stdout);
    c.rng = (seed + 1) * 0x9e3779b97f4a7c15ULL | 1;
    c.is_root = geteuid() == 0;
    c.buf = malloc(BUF_SIZE);
    if (!c.buf)
        return 2;
    umask(022);
    struct sigaction sa = {.sa_handler = on_term};
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
    if (file)
        run_rewrite(&c, file, size, seconds, max_ops, rest_ms);
    else
        run(&c, seconds, max_ops, rate);
    free(c.buf);
    return 0;
}
