// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Young names: those that were made or touched, and that nobody has looked at
 * since. An event names one name of a file, and the file may have others, which
 * are as stale at the destination. So each young name is looked at as soon as
 * the event has been read:
 *
 *   one name      nothing else to do; the index keeps the file for a while
 *   several       into the index; the other names are marked
 *   nothing       what the event was about is a ghost (ghosts.c), unless
 *                 the index knows who had that name
 *
 * What is found may be another file already, or the name may have been gone for
 * a moment only. So a look counts when the watcher has told all that was before
 * the look, and said nothing more about the name. A look that comes in the
 * midst of an unlink(2) sees one name where there were two, and the name is
 * there still: so "one name" counts only after a moment, when the directory's
 * lock has been had once, as unlink and the event that tells of it are one
 * under it; that is done once a directory for all that were seen meanwhile, when
 * peers have had time to send them. If the watcher says that the name has gone,
 * or has been made again, what was touched is a ghost: most names that are
 * touched and gone before anybody looks were the only name of a file, but nobody
 * can tell any more.
 *
 * A new file, or one that is being written, is looked at when it is closed, or
 * after a moment: most are closed at once, and each look costs a system call.
 *
 * Inotify tells what happened in order. Fanotify puts several events about one
 * name into one, where the first was: nobody knows then whether what went was
 * what had been touched, and so it is a ghost.
 */
#include "mirror/young.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/nametab.h"
#include "fs/dirlock.h"
#include "fs/meta.h"
#include "fs/rootdir.h"
#include "mirror/ghosts.h"
#include "mirror/hardlinks.h"
#include "mirror/index.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define NAMES_MAX 8192
#define TOUCH (ZC_CHANGE_DATA | ZC_CHANGE_WRITING | ZC_CHANGE_META)
/* File times are those of the last tick of a clock; and whoever changes a file
 * may be held up before the event is in the queue: write(2) sets the times, and
 * may then wait for the file system's journal. */
#define SLACK_NS (2 * ZC_NSEC_PER_SEC)
#define FEW 4 /* to be looked at without letting go of the lock */
#define WAIT_NS (ZC_NSEC_PER_SEC / 1000) /* for a close */
/* Until the directories of what was looked at are waited for, all together: no
 * sooner, as they cost more than the looks; and not much later, as whatever goes
 * before that is a ghost. While a peer is at work it is put off, but not for long. */
#define SURE_NS (ZC_NSEC_PER_SEC / 250)
#define SURE_AGAIN_NS (ZC_NSEC_PER_SEC / 2000)
#define SURE_LATEST_NS (ZC_NSEC_PER_SEC / 50)

/* A name that was made or touched lately. */
struct young_name {
    struct zc_nametab_node by_name;
    zc_wdir dir;
    size_t at;     /* its index in `v` */
    unsigned what; /* of a touch, when it is not known yet what was touched */
    uint8_t len;
    bool touched;
    bool mixed; /* made and touched by one event: in which order? */
    bool left;  /* renamed; kept as another file may have had the name, too */
    bool now;   /* to be looked at now; else the end of what began at `since` is
                   waited for */
    bool sure;   /* no name of the file was about to go at the look */
    bool looked; /* and `found` is what was there: */
    enum {
        NOTHING,
        ONE,     /* a file with this name only */
        SEVERAL, /* one with several */
        DIRECTORY,
    } found;
    int64_t since;
    uint64_t dev, ino;   /* NOTHING: of the file that "#INO" stands for, or 0 */
    uint64_t moves;      /* zc_young.moves at the look */
    uint64_t first, pos; /* positions of the watcher's queue: not after the
                            first event, and after the look */
    int64_t floor;       /* not older than the first event, wall clock */
    char name[];         /* NUL-ended */
};

struct zc_young {
    bool on;    /* hard links are kept */
    bool hurry; /* nothing is waited for any more */
    ZC_VEC(struct young_name *) v;
    struct zc_nametab by_name; /* those in `v` */
    uint64_t moves;            /* of directories */
    /* Everything before FLOOR (wall clock) has been reported; the watcher's
     * position was DONE. The next one to be is WALL, when the watcher has got
     * to POS. */
    int64_t floor, wall;
    int64_t ahead; /* the wall clock, of the monotonic one, at FLOOR */
    int64_t wall_ahead;
    uint64_t pos, done;
    bool waiting;
};

static struct young_name *name_of(const struct zc_nametab_node *node)
{
    return node ? ZC_CONTAINER_OF(node, struct young_name, by_name) : NULL;
}

static struct zc_nametab_key key_of(const struct zc_nametab_node *node)
{
    const struct young_name *e = name_of(node);
    return (struct zc_nametab_key){e->dir, e->name, e->len};
}

struct zc_young *zc_young_new(bool on)
{
    struct zc_young *y = calloc(1, sizeof *y);
    if (!y)
        return NULL;
    y->on = on;
    zc_nametab_init(&y->by_name, key_of, 1);
    return y;
}

void zc_young_free(struct zc_young *y)
{
    if (!y)
        return;
    zc_young_clear(y);
    free(y);
}

size_t zc_young_count(const struct zc_young *y)
{
    return y->v.len;
}

void zc_young_hurry(struct zc_young *y)
{
    y->hurry = true;
}

static struct young_name *find(const struct zc_young *y, zc_wdir dir,
                               const char *name, size_t n)
{
    return name_of(zc_nametab_find(&y->by_name, dir, name, n));
}

static void drop(struct zc_young *y, size_t i)
{
    struct young_name *e = y->v.v[i];
    zc_nametab_del(&y->by_name, &e->by_name);
    y->v.v[i] = y->v.v[--y->v.len];
    y->v.v[i]->at = i;
    free(e);
}

void zc_young_clear(struct zc_young *y)
{
    for (size_t i = 0; i < y->v.len; i++)
        free(y->v.v[i]);
    zc_vec_fini(&y->v);
    zc_nametab_clear(&y->by_name);
    y->waiting = false;
    y->done = 0;
}

static void add_ghost(struct zc_mirror *m, int64_t floor)
{
    /* A wall clock that was set back gives older times. */
    int64_t ahead = zc_clock_wall_ns() - zc_clock_ns();
    zc_ghosts_add(m, floor - ZC_MAX(m->young->ahead - ahead, 0));
}

static void ghost(struct zc_mirror *m, const struct young_name *e)
{
    zc_log(ZC_LOG_DEBUG, "%s: %s was touched and is another one now",
           m->opt->name, e->name);
    add_ghost(m, e->floor);
}

/* There are too many young names, or there is no memory for one more. */
static void overflow(struct zc_mirror *m)
{
    struct zc_young *y = m->young;
    int64_t floor = y->floor;
    for (size_t i = 0; i < y->v.len; i++)
        floor = ZC_MIN(floor, y->v.v[i]->floor);
    while (y->v.len)
        drop(y, y->v.len - 1);
    add_ghost(m, floor);
}

static struct young_name *make(struct zc_mirror *m, zc_wdir dir,
                               const char *name, size_t n)
{
    struct zc_young *y = m->young;
    struct young_name *e = find(y, dir, name, n);
    if (e)
        return e;
    if (y->v.len >= NAMES_MAX)
        overflow(m);
    e = calloc(1, sizeof *e + n + 1);
    if (!e || zc_vec_push(&y->v, e)) {
        free(e);
        overflow(m);
        return NULL;
    }
    e->dir = dir;
    e->len = (uint8_t)n;
    memcpy(e->name, name, n);
    e->floor = y->floor;
    e->first = y->done;
    e->at = y->v.len - 1;
    zc_nametab_add(&y->by_name, &e->by_name);
    return e;
}

/* --- events --- */

/* NAME leads to something else, or nothing, from now on. */
static void changed_hands(struct zc_mirror *m, struct young_name *e)
{
    if (e->touched || (e->left && e->mixed))
        ghost(m, e);
    e->touched = e->mixed = e->left = false;
    e->what = 0;
}

void zc_young_dir_moved(struct zc_young *y)
{
    y->moves++;
}

void zc_young_changed(struct zc_mirror *m, zc_wdir dir, const char *name,
                      size_t n, unsigned what)
{
    struct young_name *e = find(m->young, dir, name, n);
    bool hands = what & ZC_CHANGE_NAME;
    bool made = what & ZC_CHANGE_MADE, gone = what & ZC_CHANGE_GONE;
    /* Where it is not known what has happened, DATA says no more than that. */
    unsigned touch = hands && !made && !gone ? 0 : what & TOUCH;
    if (!m->young->on || !n || (!touch && !made && !e) ||
        zc_watch_child(m->w, dir, name, n) != ZC_WDIR_NONE)
        return;
    if (touch || made)
        e = make(m, dir, name, n);
    if (!e)
        return;
    if (hands)
        changed_hands(m, e);
    if (!touch && !made) {
        drop(m->young, e->at);
        return;
    }
    if (e->looked || !e->since)
        e->since = zc_clock_ns();
    e->looked = false;
    e->now |= touch & (ZC_CHANGE_DATA | ZC_CHANGE_META);
    e->what |= touch;
    e->touched |= touch != 0;
    e->mixed |= made && touch;
    if (gone && touch)
        ghost(m, e);
}

void zc_young_renamed(struct zc_mirror *m, zc_wdir from, const char *from_name,
                      size_t from_n, zc_wdir to, const char *to_name,
                      size_t to_n, bool is_dir)
{
    struct young_name *s, *d;
    if (is_dir) {
        zc_young_dir_moved(m->young);
        return;
    }
    if ((d = find(m->young, to, to_name, to_n))) {
        changed_hands(m, d);
        drop(m->young, d->at);
    }
    s = find(m->young, from, from_name, from_n);
    if (!s)
        return;
    if (s->left) {
        changed_hands(m, s);
    } else if ((d = make(m, to, to_name, to_n)) &&
               (s = find(m->young, from, from_name, from_n))) {
        d->touched = s->touched;
        d->what = s->what;
        d->floor = s->floor;
        d->first = s->first;
        d->now = true;
        if (s->mixed) {
            /* The event that told of S may have told of another file of that
             * name, too. */
            s->left = true;
            s->touched = s->looked = false;
            return;
        }
    }
    if ((s = find(m->young, from, from_name, from_n)))
        drop(m->young, s->at);
}

/* --- looking --- */

struct look {
    struct young_name *e;
    char *path; /* of its directory */
    struct zc_stat st;
    bool there;
    uint64_t dir_dev;
};
typedef ZC_VEC(struct look) looks;

static bool is_unsure(const struct young_name *e)
{
    return e->looked && e->touched && e->found == ONE && !e->sure;
}

static bool at_work(const struct zc_mirror *m)
{
    for (size_t i = 0; i < m->n_peers; i++)
        if (m->peers[i].in_round)
            return true;
    return false;
}

/* Nanoseconds until the directory of something that was looked at SINCE then is
 * waited for. */
static int64_t wait_to_be_sure(const struct zc_mirror *m, int64_t since,
                               int64_t now)
{
    int64_t left = since + SURE_NS - now, latest = since + SURE_LATEST_NS - now;
    if (left > 0 || latest <= 0 || !at_work(m))
        return ZC_MAX(left, 0);
    return ZC_MIN(latest, SURE_AGAIN_NS);
}

/* Nanoseconds until E is to be looked at, or its directory waited for. */
static int64_t wait_for(const struct zc_mirror *m,
                        const struct young_name *e, int64_t now)
{
    bool unsure = is_unsure(e);
    if (e->looked && !unsure)
        return INT64_MAX;
    if (m->young->hurry || m->young->v.len > NAMES_MAX / 4 ||
        (unsure ? m->n_questions > 0 : e->now))
        return 0;
    return unsure ? wait_to_be_sure(m, e->since, now)
                  : ZC_MAX(e->since + WAIT_NS - now, 0);
}

bool zc_young_doubts(const struct zc_mirror *m)
{
    const struct zc_young *y = m->young;
    int64_t now = zc_clock_ns();
    for (size_t i = 0; i < y->v.len; i++)
        if (is_unsure(y->v.v[i]) && wait_for(m, y->v.v[i], now) == 0)
            return true;
    return false;
}

static int by_dir(const void *a, const void *b)
{
    const struct young_name *x = ((const struct look *)a)->e;
    const struct young_name *y = ((const struct look *)b)->e;
    return (x->dir > y->dir) - (x->dir < y->dir);
}

/* The names that are to be looked at now; or, UNSURE, all that are to be made sure
 * of, by directories. */
static void list_looks(struct zc_mirror *m, looks *v, bool unsure)
{
    struct zc_buf buf = ZC_BUF_INIT;
    struct zc_young *y = m->young;
    int64_t now = zc_clock_ns();
    for (size_t i = 0; i < y->v.len; i++) {
        struct young_name *e = y->v.v[i];
        if (is_unsure(e) != unsure || (!unsure && wait_for(m, e, now) > 0))
            continue;
        const char *path = zc_watch_path(m->w, e->dir, &buf);
        struct look j = {.e = e, .path = path ? strdup(path) : NULL};
        if (!j.path || zc_vec_push(v, j)) {
            free(j.path);
            if (e->touched)
                ghost(m, e);
            drop(m->young, i--);
        }
    }
    zc_buf_fini(&buf);
    if (unsure && v->len > 1)
        qsort(v->v, v->len, sizeof *v->v, by_dir);
}

static int open_dir(const struct zc_mirror *m, const struct look *j)
{
    zc_auto_close int root = zc_root_open(m->opt->push.src, NULL);
    return root < 0 ? -1 : zc_root_open_dir(root, j->path);
}

/* The path of J's directory, with a slash behind it. False: it is too long. */
static bool path_of_dir(const struct zc_mirror *m, const struct look *j,
                        char path[PATH_MAX], size_t *n)
{
    int len = snprintf(path, PATH_MAX, "%s/%s%s", m->opt->push.src, j->path,
                       *j->path ? "/" : "");
    *n = (size_t)len;
    return len < PATH_MAX;
}

/* By one system call where it can be done: what it leads to when a symlink takes
 * the place of a directory is no more than a hint, either. */
static void look_at(const struct zc_mirror *m, struct look *j)
{
    const char *name = j->e->name;
    char path[PATH_MAX];
    struct zc_stat st;
    size_t n;
    if (path_of_dir(m, j, path, &n) && n + j->e->len < sizeof path) {
        strcpy(path + n, name);
        j->there = zc_stat_at(AT_FDCWD, path, &j->st) == 0;
        path[n] = '\0';
        if (!j->there && *name == '#' && !zc_stat_at(AT_FDCWD, path, &st))
            j->dir_dev = st.dev;
        return;
    }
    zc_auto_close int fd = open_dir(m, j);
    if (fd < 0)
        return;
    j->there = zc_stat_at(fd, name, &j->st) == 0;
    if (!j->there && *name == '#' && !zc_stat_at(fd, "", &st))
        j->dir_dev = st.dev;
}

/* A file that has no name yet (O_TMPFILE) goes by "#INO". */
static uint64_t ino_of(const char *name)
{
    char *end;
    if (name[0] != '#' || name[1] < '1' || name[1] > '9')
        return 0;
    unsigned long long ino = strtoull(name + 1, &end, 10);
    return *end ? 0 : ino;
}

static void found(struct zc_mirror *m, const struct look *j, int64_t now)
{
    struct young_name *e = j->e;
    const struct zc_stat *st = &j->st;
    if (!j->there) {
        e->found = NOTHING;
        e->ino = j->dir_dev ? ino_of(e->name) : 0;
        e->dev = j->dir_dev;
    } else if (S_ISDIR(st->mode)) {
        e->found = DIRECTORY;
    } else if (st->nlink < 2) {
        e->found = ONE;
        zc_index_add_single(m, e->dir, e->name, st->dev, st->ino);
    } else {
        e->found = SEVERAL;
        struct zc_index_file *file =
            zc_index_add_name(m, e->dir, e->name, st->dev, st->ino);
        if (!e->touched)
            return; /* the file is listed soon, with its other names */
        if (file)
            zc_index_mark(m, file, e->dir, e->name, e->what, now);
        if (!file || (file->names.len - file->n_former < st->nlink &&
                      file->searched != st->nlink))
            zc_mhardlinks_incomplete(m, st->dev, st->ino);
    }
}

static void looked_at(struct zc_mirror *m, const struct look *j, int64_t now)
{
    struct young_name *e = j->e;
    e->looked = true;
    e->now = e->sure = false;
    e->since = now;
    e->moves = m->young->moves;
    if (!e->left)
        found(m, j, now);
}

/* Waits until nobody changes the directory of J; false where that cannot be. LAST:
 * the one before, for which that was done. */
static bool wait_for_dir(const struct zc_mirror *m, const struct look *j,
                         const struct look *last)
{
    char path[PATH_MAX];
    size_t n;
    if (last && last->e->dir == j->e->dir)
        return last->there;
    zc_auto_close int fd = -1;
    if (path_of_dir(m, j, path, &n)) /* by one call, where it is ours */
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK |
                            O_NOATIME);
    if (fd < 0)
        fd = open_dir(m, j);
    return fd >= 0 && zc_dirlock_pass(fd) == 0;
}

/* Of a name that was found to be the only one, whose directory has been waited for,
 * no other can have been about to go, if the watcher says nothing of it. */
static void waited_for(struct zc_mirror *m, const struct look *j)
{
    j->e->sure = true;
    if (!j->there)
        ghost(m, j->e);
}

/* Looks at all names that are due; or, UNSURE, makes sure of them. */
static void look_at_all(struct zc_mirror *m, bool unsure)
{
    looks v = {0};
    list_looks(m, &v, unsure);
    bool few = v.len <= FEW && !unsure;
    if (!v.len)
        return;
    if (!few)
        zc_mirror_unlock(m);
    for (size_t i = 0; i < v.len; i++)
        if (unsure)
            v.v[i].there = wait_for_dir(m, &v.v[i], i ? &v.v[i - 1] : NULL);
        else if (!v.v[i].e->left)
            look_at(m, &v.v[i]);
    if (!few)
        zc_mirror_lock(m);
    uint64_t pos = zc_watch_queued(m->w);
    int64_t now = zc_clock_ns();
    for (size_t i = 0; i < v.len; i++) {
        v.v[i].e->pos = pos;
        if (unsure)
            waited_for(m, &v.v[i]);
        else
            looked_at(m, &v.v[i], now);
        free(v.v[i].path);
    }
    zc_vec_fini(&v);
}

/* Something was touched by a name that leads nowhere. */
static void not_there(struct zc_mirror *m, struct young_name *e)
{
    if (!e->touched)
        return;
    /* Other names may have become known since the event. */
    zc_index_changed(m, e->dir, e->name, e->len, e->what & TOUCH,
                     zc_clock_ns());
    if (zc_index_knows(m, e->dir, e->name))
        return;
    if (!e->ino || !zc_index_add_nameless(m, e->dir, e->name, e->dev, e->ino,
                                          e->what, zc_clock_ns()))
        ghost(m, e);
}

/* What was seen is certain where the watcher has got to the time of the look. */
static void settle(struct zc_mirror *m)
{
    struct zc_young *y = m->young;
    for (size_t i = 0; i < y->v.len; i++) {
        struct young_name *e = y->v.v[i];
        if (!e->looked || !zc_watch_reached(m->w, e->pos))
            continue;
        if (is_unsure(e) && e->moves == y->moves)
            continue;
        if (e->moves != y->moves) { /* by which path was E looked for? */
            e->looked = false;
            e->now = true;
            continue;
        }
        if (e->left)
            ;
        else if (e->found == NOTHING)
            not_there(m, e);
        else
            zc_index_seen(m, e->dir, e->name);
        drop(m->young, i--);
    }
}

/* --- turns --- */

void zc_young_begin(struct zc_mirror *m)
{
    struct zc_young *y = m->young;
    if (y->waiting || !y->on)
        return;
    y->waiting = true;
    y->wall = zc_clock_wall_ns();
    y->wall_ahead = y->wall - zc_clock_ns();
    y->pos = zc_watch_queued(m->w);
}

bool zc_young_few(const struct zc_mirror *m)
{
    const struct zc_young *y = m->young;
    size_t n = 0;
    for (size_t i = 0; i < y->v.len && n <= FEW; i++)
        n += !y->v.v[i]->looked;
    return n <= FEW;
}

void zc_young_look(struct zc_mirror *m)
{
    struct zc_young *y = m->young;
    if (y->waiting && zc_watch_reached(m->w, y->pos)) {
        y->waiting = false;
        y->done = y->pos;
        y->floor = y->wall - SLACK_NS;
        y->ahead = y->wall_ahead;
    }
    if (y->v.len && !m->gone)
        look_at_all(m, false);
}

bool zc_young_end(struct zc_mirror *m)
{
    struct zc_young *y = m->young;
    if (y->v.len && !m->gone && zc_young_doubts(m))
        look_at_all(m, true);
    if (y->v.len && !m->gone)
        settle(m);
    return zc_watch_drained(m->w);
}

int64_t zc_young_next(const struct zc_mirror *m, int64_t now)
{
    int64_t ns = INT64_MAX;
    for (size_t i = 0; i < m->young->v.len && ns; i++)
        ns = ZC_MIN(ns, wait_for(m, m->young->v.v[i], now));
    return ns;
}

bool zc_young_settled(const struct zc_mirror *m, uint64_t position)
{
    for (size_t i = 0; i < m->young->v.len; i++)
        if (m->young->v.v[i]->first < position)
            return false;
    return true;
}
