/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of files that have several names, or may get some: by inode,
 * and by name. All with the lock.
 */
#ifndef ZC_MIRROR_INDEX_H
#define ZC_MIRROR_INDEX_H

#include "base/nametab.h"
#include "mirror/core.h"

struct zc_index_name {
    struct zc_nametab_node by_name;
    zc_wdir dir;
    struct zc_index_file *file;
    bool former; /* FILE has lost this name */
    bool muddy;  /* since then something else has had the name that nobody has
                    looked at */
    uint8_t len;
    char name[]; /* NUL-ended */
};

struct zc_index_file {
    uint64_t dev, ino;
    ZC_VEC(struct zc_index_name *) names;
    size_t n_former; /* of `names` */
    bool several;    /* the file has, or had, more than one */
    uint32_t searched; /* the link count for which all names in the tree were
                          looked for; 0: they were not */
    /* hardlinks.c: in whose list of which round the file is. */
    const struct zc_mpeer *seen_by;
    uint64_t seen_round;
};

struct zc_index *zc_index_new(void); /* NULL: no memory */
void zc_index_free(struct zc_index *x);
/* Nothing is known any more. */
void zc_index_clear(struct zc_index *x);
/* There are files with several names. */
bool zc_index_any(const struct zc_index *x);
size_t zc_index_count(const struct zc_index *x); /* names */

struct zc_index_file *zc_index_find(const struct zc_mirror *m, uint64_t dev,
                                    uint64_t ino);
/* PATH is a name of the file, which has several. */
void zc_index_add(struct zc_mirror *m, const char *path, uint64_t dev,
                  uint64_t ino);
/* The same for NAME in DIR. The file, or NULL. */
struct zc_index_file *zc_index_add_name(struct zc_mirror *m, zc_wdir dir,
                                        const char *name, uint64_t dev,
                                        uint64_t ino);
/* NAME in DIR is the only name of the file, as far as its link count tells. */
void zc_index_add_single(struct zc_mirror *m, zc_wdir dir, const char *name,
                         uint64_t dev, uint64_t ino);
/* A file was touched that was made without a name; NAME stands for it. False:
 * the file was not known, and so, if it has got a name, that is not known
 * either. */
bool zc_index_add_nameless(struct zc_mirror *m, zc_wdir dir, const char *name,
                           uint64_t dev, uint64_t ino, unsigned what,
                           int64_t now);
/* Forgets the name I of FILE, and FILE with the last that it still has. */
void zc_index_drop(struct zc_mirror *m, struct zc_index_file *file, size_t i);
/* The name I of FILE is a former one from now on; or FILE goes, as above. */
void zc_index_lost(struct zc_mirror *m, struct zc_index_file *file, size_t i);
/* NAME in DIR has been looked at, and what was found there is in the index. */
void zc_index_seen(struct zc_mirror *m, zc_wdir dir, const char *name);

/* All files that had, or have, the name NAME in DIR, and that have others, are
 * in the index. */
bool zc_index_knows(struct zc_mirror *m, zc_wdir dir, const char *name);

/* Marks the names of FILE, but for BUT in BUT_DIR, for all peers. */
void zc_index_mark(struct zc_mirror *m, const struct zc_index_file *file,
                   zc_wdir but_dir, const char *but, unsigned what,
                   int64_t now);
/* Events: marks the other names of what NAME is a name of, for all peers. */
void zc_index_changed(struct zc_mirror *m, zc_wdir dir, const char *name,
                      size_t n, unsigned what, int64_t now);
void zc_index_renamed(struct zc_mirror *m, zc_wdir from, const char *from_name,
                      size_t from_n, zc_wdir to, const char *to_name,
                      size_t to_n, int64_t now);

#endif
