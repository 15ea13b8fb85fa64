/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of src/receiver share: a receiver that no session runs, over
 * the directory "dst" of the scratch directory, and what it has to say to a
 * sender that is not there. Include tap.h first.
 */
#ifndef ZC_TESTS_RECEIVING_H
#define ZC_TESTS_RECEIVING_H

#include "receiver/core.h"
#include "receiver/parts.h"
#include "scratch.h"

struct receiving {
    struct zc_receiver r;
    struct zc_rparts parts;
    struct zc_rworker w;
    struct zc_conn sender; /* the other end */
    uint32_t next_list;
};

/* Anew, in a session with these FLAGS (enum zc_open_flag) that keeps KEEP. */
static inline void receiving_start(struct receiving *t, uint32_t flags,
                                   unsigned keep)
{
    struct zc_transport *mine, *theirs;
    struct zc_err err;
    memset(t, 0, sizeof *t);
    if (zc_transport_pair(&mine, &theirs, &err) ||
        zc_conn_init(&t->r.conn, mine, &err) ||
        zc_conn_init(&t->sender, theirs, &err))
        skip_all("%s", err.text);
    if (mkdir("dst", 0755) && errno != EEXIST)
        skip_all("cannot make a directory");
    pthread_mutex_init(&t->r.lock, NULL);
    zc_rparts_init(&t->parts, &t->r);
    t->r.flags = flags;
    t->r.keep = keep;
    t->r.dry = flags & ZC_OPEN_DRY_RUN;
    t->r.is_root = geteuid() == 0;
    t->r.intake = &t->r.own_intake;
    t->r.ids = zc_idmap_new(true);
    t->r.terms.filter = zc_filter_new();
    t->r.root_fd = open("dst", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    t->r.tree = zc_dirtree_new(t->r.root_fd, ZC_DIRTREE_OPEN);
    t->w.r = &t->r;
    t->r.reader = &t->w;
}

static inline void receiving_end(struct receiving *t)
{
    zc_rparts_free(&t->r);
    zc_rworker_fini(&t->w);
    zc_dirtree_free(t->r.tree);
    zc_idmap_free(t->r.ids);
    zc_filter_free(t->r.terms.filter);
    zc_close(&t->r.root_fd);
    struct zc_conn *conns[] = {&t->r.conn, &t->sender};
    for (size_t i = 0; i < 2; i++) {
        zc_conn_fini(conns[i]);
        zc_transport_free(conns[i]->t);
    }
    pthread_mutex_destroy(&t->r.lock);
}

/* An entry as a sender would list it: NAME, which must live on, with MODE. */
static inline struct zc_entry entry_of(const char *name, uint32_t mode)
{
    return (struct zc_entry){.mode = mode,
                             .uid = geteuid(),
                             .gid = getegid(),
                             .name = name,
                             .name_len = (uint8_t)strlen(name)};
}

/* As it is in "dst". */
static inline struct zc_entry entry_as(const struct receiving *t,
                                       const char *name)
{
    struct zc_stat st;
    if (zc_stat_at(t->r.root_fd, name, &st))
        diag("no %s: %s", name, strerror(errno));
    struct zc_entry e = entry_of(name, st.mode);
    e.uid = st.uid;
    e.gid = st.gid;
    e.size = st.size;
    e.mtime_s = st.mtime_s;
    e.mtime_ns = st.mtime_ns;
    return e;
}

/* The directory at PATH as a top of the round; and a list of it. */
static inline struct zc_rdir *top_at(struct receiving *t, const char *path)
{
    struct zc_bytes at = {(const uint8_t *)path, strlen(path)};
    struct zc_entry e = entry_of("", S_IFDIR | 0755);
    struct zc_ref ref = {t->next_list++, 0};
    return zc_rdir_new_top(&t->r, at, &e, ref);
}

static inline struct zc_rlist *list_of(struct receiving *t, struct zc_rdir *d)
{
    return zc_rlist_new(&t->r, t->next_list++, d);
}

/* The RESULT that is to be sent about REF: the last; -1: none. */
static inline int result_of(const struct receiving *t, struct zc_ref ref)
{
    for (size_t i = t->w.results.len; i; i--) {
        const struct zc_result_item *item = &t->w.results.v[i - 1];
        if (item->ref.list == ref.list && item->ref.index == ref.index)
            return item->status;
    }
    return -1;
}

/* Is A a name of the inode that has the name B? Both in "dst". */
static inline bool same_inode(const char *a, const char *b)
{
    char pa[512], pb[512];
    struct stat sa, sb;
    snprintf(pa, sizeof pa, "dst/%s", a);
    snprintf(pb, sizeof pb, "dst/%s", b);
    return !lstat(pa, &sa) && !lstat(pb, &sb) && sa.st_ino == sb.st_ino &&
           sa.st_dev == sb.st_dev;
}

static inline bool exists(const char *name)
{
    char path[512];
    struct stat st;
    snprintf(path, sizeof path, "dst/%s", name);
    return lstat(path, &st) == 0;
}

/* A shell command. */
static inline void sh(const char *words)
{
    if (system(words) != 0)
        diag("failed: %s", words);
}

#endif
