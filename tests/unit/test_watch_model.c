// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * src/watch under random changes: a mirror in memory that looks only where the
 * watcher tells it to must be equal to the tree afterwards, and the watcher
 * must know exactly the directories that are there.
 *
 * ZC_TEST_SEED repeats a run, ZC_TEST_STEPS makes it longer.
 */
#include "tap.h"

#include "base/log.h"
#include "watching.h"

#include <dirent.h>
#include <sys/syscall.h>

/* ---- A tree in memory ---------------------------------------------------- */

struct entry {
    char *path;
    uint64_t ino, size;
    int64_t mtime;
    unsigned mode;
};

struct tree {
    struct entry *v;
    size_t len, cap;
};

static void tree_free(struct tree *t)
{
    for (size_t i = 0; i < t->len; i++)
        free(t->v[i].path);
    free(t->v);
    *t = (struct tree){0};
}

static struct entry *tree_find(const struct tree *t, const char *path)
{
    for (size_t i = 0; i < t->len; i++)
        if (!strcmp(t->v[i].path, path))
            return &t->v[i];
    return NULL;
}

static bool below(const char *path, const char *top)
{
    size_t n = strlen(top);
    return !n || (!strncmp(path, top, n) && (!path[n] || path[n] == '/'));
}

static void tree_remove(struct tree *t, const char *top)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->len; i++) {
        if (below(t->v[i].path, top))
            free(t->v[i].path);
        else
            t->v[kept++] = t->v[i];
    }
    t->len = kept;
}

/* False when it does not have FROM, or nothing to put it in. */
static bool tree_rename(struct tree *t, const char *from, const char *to)
{
    char parent[8192];
    snprintf(parent, sizeof parent, "%s", to);
    char *slash = strrchr(parent, '/');
    *(slash ? slash : parent) = '\0';
    if (!tree_find(t, from) || below(to, from) ||
        (slash && !tree_find(t, parent))) {
        tree_remove(t, from);
        return false;
    }
    struct tree moving = {0};
    size_t kept = 0, n = strlen(from);
    moving.v = malloc((t->len + 1) * sizeof *moving.v);
    for (size_t i = 0; i < t->len; i++) {
        if (below(t->v[i].path, from))
            moving.v[moving.len++] = t->v[i];
        else
            t->v[kept++] = t->v[i];
    }
    t->len = kept;
    tree_remove(t, to);
    for (size_t i = 0; i < moving.len; i++) {
        struct entry e = moving.v[i];
        char *path = NULL;
        if (asprintf(&path, "%s%s", to, e.path + n) < 0)
            abort();
        free(e.path);
        e.path = path;
        t->v[t->len++] = e;
    }
    free(moving.v);
    return true;
}

/* Takes over PATH of the disk, with all below it when DEEP. */
static void tree_sync(struct tree *t, const char *path, bool deep)
{
    struct stat st;
    struct entry *e;
    if (!strncmp(path, ".zcsync", 7) || (*path && lstat(path, &st))) {
        tree_remove(t, path);
        return;
    }
    if (*path) {
        e = tree_find(t, path);
        if (e && (deep || (e->mode & S_IFMT) != (st.st_mode & S_IFMT))) {
            tree_remove(t, path);
            e = NULL;
        }
        if (!e) {
            if (t->len == t->cap) {
                t->cap = t->cap * 2 + 64;
                t->v = realloc(t->v, t->cap * sizeof *t->v);
            }
            e = &t->v[t->len++];
            *e = (struct entry){.path = strdup(path)};
            e->ino = st.st_ino;
        }
        e->mode = st.st_mode;
        if (!S_ISDIR(st.st_mode)) {
            e->ino = st.st_ino;
            e->size = (uint64_t)st.st_size;
            e->mtime = st.st_mtim.tv_sec * ZC_NSEC_PER_SEC +
                       st.st_mtim.tv_nsec;
            return;
        }
    } else if (deep) {
        tree_remove(t, "");
    }
    if (!deep)
        return;
    DIR *d = opendir(*path ? path : ".");
    struct dirent *in;
    while (d && (in = readdir(d))) {
        char child[8192];
        if (!strcmp(in->d_name, ".") || !strcmp(in->d_name, ".."))
            continue;
        snprintf(child, sizeof child, "%s%s%s", path, *path ? "/" : "",
                 in->d_name);
        tree_sync(t, child, true);
    }
    if (d)
        closedir(d);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->path,
                  ((const struct entry *)b)->path);
}

static void tree_sort(struct tree *t)
{
    if (t->len)
        qsort(t->v, t->len, sizeof *t->v, by_path);
}

/* Says where A (the mirror) and B (the disk) differ. */
static bool tree_equal(struct tree *a, struct tree *b)
{
    size_t i = 0, j = 0;
    int wrong = 0;
    tree_sort(a);
    tree_sort(b);
    while ((i < a->len || j < b->len) && wrong < 5) {
        int c = i == a->len   ? 1
                : j == b->len ? -1
                              : strcmp(a->v[i].path, b->v[j].path);
        const struct entry *x = &a->v[i], *y = &b->v[j];
        if (c < 0) {
            diag("gone, and nobody said so: %s", x->path);
            wrong++;
        } else if (c > 0) {
            diag("there, and nobody said so: %s", y->path);
            wrong++;
        } else if (x->ino != y->ino || x->mode != y->mode ||
                   x->size != y->size || x->mtime != y->mtime) {
            diag("changed, and nobody said so: %s (%o)", x->path, y->mode);
            wrong++;
        }
        i += c <= 0;
        j += c >= 0;
    }
    return !wrong;
}

/* ---- The mirror ---------------------------------------------------------- */

struct dirty {
    zc_wdir dir;
    char name[256];
    unsigned what;
};

struct mirror {
    struct zc_watch *w;
    struct tree tree;
    struct dirty *v;
    size_t len, cap;
    char gone[256];
    bool limited; /* not all can be watched: what is not is in doubt */
    struct zc_buf log; /* what was told since the last comparison */
};

static void path_of(struct mirror *m, zc_wdir d, const char *name, size_t n,
                    char out[8192])
{
    struct zc_buf b = ZC_BUF_INIT;
    const char *path = zc_watch_path(m->w, d, &b);
    if (path)
        snprintf(out, 8192, "%s%s%.*s", path, *path && n ? "/" : "", (int)n,
                 name);
    else
        snprintf(out, 8192, "?");
    zc_buf_fini(&b);
}

static void mark(struct mirror *m, zc_wdir dir, const char *name, size_t n,
                 unsigned what)
{
    if (m->len == m->cap) {
        m->cap = m->cap * 2 + 64;
        m->v = realloc(m->v, m->cap * sizeof *m->v);
    }
    struct dirty *d = &m->v[m->len++];
    *d = (struct dirty){.dir = dir, .what = what};
    memcpy(d->name, name, n);
}

static void model_changed(void *arg, zc_wdir dir, const char *name, size_t n,
                          unsigned what)
{
    struct mirror *m = arg;
    char path[8192];
    path_of(m, dir, name, n, path);
    zc_buf_printf(&m->log, "changed %s %x\n", path, what);
    mark(m, dir, name, n, what);
}

static void model_renamed(void *arg, zc_wdir from, const char *from_name,
                          size_t from_n, zc_wdir to, const char *to_name,
                          size_t to_n, bool is_dir)
{
    struct mirror *m = arg;
    char a[8192], b[8192];
    unsigned deep = 0;
    path_of(m, from, from_name, from_n, a);
    path_of(m, to, to_name, to_n, b);
    /* What is still to be looked at below the old name is so below the new. */
    for (size_t i = 0; i < m->len; i++) {
        char at[8192];
        path_of(m, m->v[i].dir, m->v[i].name, strlen(m->v[i].name), at);
        if (below(a, at))
            deep |= m->v[i].what & ZC_CHANGE_DEEP;
    }
    zc_buf_printf(&m->log, "renamed %s -> %s%s\n", a, b, is_dir ? "/" : "");
    if (!tree_rename(&m->tree, a, b))
        deep = ZC_CHANGE_DEEP;
    mark(m, from, from_name, from_n, ZC_CHANGE_NAME);
    mark(m, to, to_name, to_n, ZC_CHANGE_NAME | deep);
}

static void model_doubt(void *arg, zc_wdir dir)
{
    struct mirror *m = arg;
    char path[8192];
    path_of(m, dir, "", 0, path);
    zc_buf_printf(&m->log, "doubt %s\n", path);
    mark(m, dir, "", 0, ZC_CHANGE_DEEP);
}

static void model_removed(void *arg, zc_wdir dir)
{
    struct mirror *m = arg;
    size_t kept = 0;
    for (size_t i = 0; i < m->len; i++)
        if (m->v[i].dir != dir)
            m->v[kept++] = m->v[i];
    m->len = kept;
}

static void model_gone(void *arg, const char *why)
{
    struct mirror *m = arg;
    snprintf(m->gone, sizeof m->gone, "%s", why);
}

/* Looks where it was told to. */
static void catch_up(struct mirror *m)
{
    for (size_t i = 0; i < m->len; i++) {
        char path[8192];
        path_of(m, m->v[i].dir, m->v[i].name, strlen(m->v[i].name), path);
        if (*path != '?')
            tree_sync(&m->tree, path, m->v[i].what & ZC_CHANGE_DEEP);
    }
    m->len = 0;
}

/* ---- Random changes ------------------------------------------------------ */

static uint64_t state;

static unsigned pick(unsigned n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)((state >> 33) % n);
}

/* A path of one to four names; most do not exist at a time. */
static const char *any_path(char out[64])
{
    static const char *const names[] = {"a", "b", "c", "d", "x", "y"};
    unsigned n = 1 + pick(4);
    out[0] = '\0';
    for (unsigned i = 0; i < n; i++) {
        strcat(out, i ? "/" : "");
        strcat(out, names[pick(6)]);
    }
    return out;
}

static void put_file(const char *path, int flags)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | flags, 0644);
    if (fd < 0)
        return;
    if (write(fd, "0123456789", 1 + pick(9)) < 0)
        diag("cannot write %s", path);
    close(fd);
}

static void remove_all(const char *path)
{
    DIR *d;
    struct dirent *in;
    if (unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR)
        return;
    d = opendir(path);
    while (d && (in = readdir(d))) {
        char child[8192];
        if (!strcmp(in->d_name, ".") || !strcmp(in->d_name, ".."))
            continue;
        snprintf(child, sizeof child, "%s/%s", path, in->d_name);
        remove_all(child);
    }
    if (d)
        closedir(d);
    rmdir(path);
}

static void make_chain(const char *path)
{
    char part[64], file[80];
    snprintf(part, sizeof part, "%s", path);
    for (char *at = part; (at = strchr(at, '/')); *at++ = '/') {
        *at = '\0';
        mkdir(part, 0755);
    }
    mkdir(part, 0755);
    snprintf(file, sizeof file, "%s/x", part);
    put_file(file, 0);
}

static void swap_for_symlink(const char *a, const char *b)
{
    struct stat st;
    const char *last = strrchr(b, '/');
    if (lstat(a, &st) || !S_ISDIR(st.st_mode) || rename(a, b))
        return;
    if (symlink(last ? last + 1 : b, a) && errno != ENOENT &&
        errno != EEXIST)
        diag("cannot make the symlink %s", a);
}

static void one_change(void)
{
    char pa[64], pb[64], other[32];
    const char *a = any_path(pa), *b = any_path(pb);
    snprintf(other, sizeof other, "../out/%u", pick(8));
    switch (pick(18)) {
    case 0:
    case 1:
        put_file(a, O_TRUNC);
        break;
    case 2:
        put_file(a, O_APPEND);
        break;
    case 3:
        mkdir(a, 0755);
        break;
    case 4:
    case 5:
        make_chain(a);
        break;
    case 6:
    case 7:
    case 8:
        rename(a, b);
        break;
    case 9:
        remove_all(a);
        break;
    case 10:
        rmdir(a);
        break;
    case 11:
        unlink(a);
        break;
    case 12:
        rename(a, other);
        break;
    case 13:
        rename(other, a);
        break;
    case 14:
        swap_for_symlink(a, b);
        break;
    case 15:
        if (chmod(a, 0700 | pick(8)) == 0)
            break;
        break;
    case 16:
        syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 2 /* EXCHANGE */);
        break;
    case 17:
        mkdir(".zcsync", 0700);
        if (pick(2)) {
            put_file(".zcsync/new", 0);
            rename(".zcsync/new", a);
        } else {
            make_chain(".zcsync/dir/c");
            rename(".zcsync/dir", a);
        }
        break;
    }
}

/* ---- The tests ----------------------------------------------------------- */

static bool known_is_there(struct zc_watch *w, const struct tree *disk)
{
    struct zc_watch_stats stats;
    struct zc_buf b = ZC_BUF_INIT;
    uint64_t dirs = 1;
    int wrong = 0;
    for (size_t i = 0; i < disk->len; i++) {
        if (!S_ISDIR(disk->v[i].mode))
            continue;
        dirs++;
        zc_wdir d = zc_watch_lookup(w, disk->v[i].path);
        const char *path = zc_watch_path(w, d, &b);
        if ((!path || strcmp(path, disk->v[i].path)) && wrong++ < 5)
            diag("not known: %s", disk->v[i].path);
    }
    zc_buf_fini(&b);
    zc_watch_get_stats(w, &stats);
    if (stats.dirs != dirs)
        diag("%llu directories known, %llu there",
             (unsigned long long)stats.dirs, (unsigned long long)dirs);
    if (stats.kind == ZC_WATCH_INOTIFY && stats.watches != dirs)
        diag("%llu watches", (unsigned long long)stats.watches);
    return !wrong && stats.dirs == dirs &&
           (stats.kind != ZC_WATCH_INOTIFY || stats.watches == dirs);
}

static bool compare(struct mirror *m)
{
    struct tree disk = {0};
    pump(m->w);
    if (m->limited) {
        zc_watch_tick(m->w, INT64_MAX);
        pump(m->w);
    }
    catch_up(m);
    tree_sync(&disk, "", true);
    bool good = tree_equal(&m->tree, &disk) &&
                (m->limited || known_is_there(m->w, &disk));
    if (!good) {
        zc_buf_u8(&m->log, 0);
        size_t n = m->log.len, max = 3000;
        diag("%s", (char *)m->log.data + (n > max ? n - max : 0));
    }
    zc_buf_reset(&m->log);
    tree_free(&disk);
    return good && !*m->gone;
}

static bool mirror_start(struct mirror *m, enum zc_watch_kind kind,
                         unsigned watch_max)
{
    struct zc_err err;
    struct zc_watch_options opt = {
        .root = ".", .kind = kind, .watch_max = watch_max};
    struct zc_watch_events events = {model_changed, model_renamed, model_doubt,
                                     model_removed, model_gone,    NULL,
                                     m};
    *m = (struct mirror){0};
    m->w = zc_watch_new(&opt, &events, &err);
    if (!m->w) {
        diag("%s", err.text);
        return false;
    }
    m->limited = watch_max;
    pump(m->w);
    tree_sync(&m->tree, "", true);
    return true;
}

static void mirror_stop(struct mirror *m)
{
    zc_watch_free(m->w);
    tree_free(&m->tree);
    zc_buf_fini(&m->log);
    free(m->v);
}

/* Changes, and after some of them the watcher is read; after others it is not,
 * so that events are about a state that has passed. */
static void test_in_turns(enum zc_watch_kind kind, unsigned steps,
                          unsigned watch_max)
{
    struct mirror m;
    unsigned bad = 0;
    if (!mirror_start(&m, kind, watch_max)) {
        ok(false, "the watcher starts");
        return;
    }
    for (unsigned i = 0; i < steps && !bad; i++) {
        one_change();
        if (pick(3) == 0)
            zc_watch_read(m.w);
        if (pick(5) == 0)
            zc_watch_scan(m.w, pick(3));
        if (pick(30) == 0 && !compare(&m)) {
            diag("at step %u", i);
            bad++;
        }
    }
    ok(!bad && compare(&m), "%s: %u changes, read now and then%s",
       kind_name(kind), steps, watch_max ? ", with few watches" : "");
    mirror_stop(&m);
}

/* Changes by another process while the watcher is read. */
static void test_at_once(enum zc_watch_kind kind, unsigned rounds,
                         unsigned steps)
{
    struct mirror m;
    unsigned bad = 0;
    if (!mirror_start(&m, kind, 0)) {
        ok(false, "the watcher starts");
        return;
    }
    for (unsigned i = 0; i < rounds && !bad; i++) {
        int status = 1;
        state += i + 1;
        pid_t pid = fork();
        if (pid == 0) {
            for (unsigned n = 0; n < steps; n++)
                one_change();
            _exit(0);
        }
        while (pid > 0 && waitpid(pid, &status, WNOHANG) == 0) {
            struct pollfd p = {zc_watch_fd(m.w), POLLIN, 0};
            poll(&p, 1, 1);
            zc_watch_read(m.w);
            zc_watch_scan(m.w, 3);
            zc_watch_tick(m.w, zc_clock_ns());
        }
        if (status || !compare(&m)) {
            diag("in round %u", i);
            bad++;
        }
    }
    ok(!bad, "%s: %u times %u changes by another process", kind_name(kind),
       rounds, steps);
    mirror_stop(&m);
}

int main(void)
{
    struct zc_err why;
    close(scratch());
    const char *seed = getenv("ZC_TEST_SEED"), *more = getenv("ZC_TEST_STEPS");
    unsigned steps = more ? (unsigned)atoi(more) : 3000;
    uint64_t first = seed ? strtoull(seed, NULL, 0)
                          : (uint64_t)zc_clock_wall_ns();
    diag("ZC_TEST_SEED=%llu", (unsigned long long)first);
    zc_log_level = ZC_LOG_ERROR;
    bool fanotify = fanotify_works(&why);
    for (int i = 0; i < 2; i++) {
        enum zc_watch_kind kind = i ? ZC_WATCH_FANOTIFY : ZC_WATCH_INOTIFY;
        char name[32];
        if (i && !fanotify) {
            skip(2, "%s", why.text);
            break;
        }
        snprintf(name, sizeof name, "%s-", kind_name(kind));
        close(scratch_below(name));
        if (mkdir("out", 0755) || mkdir("in", 0755) || chdir("in"))
            diag("cannot make the directories");
        state = first | 1;
        test_in_turns(kind, steps, 0);
        test_at_once(kind, 10, steps / 10);
        if (kind == ZC_WATCH_INOTIFY)
            test_in_turns(kind, steps, 7);
    }
    return done_testing();
}
