// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mounts below the source; see places.h.
 *
 * A mirror's watcher knows the places and gives them with each round. A push
 * with -x reads the kernel's table as it begins. Without either there are none,
 * and what is found is believed.
 */
#include "sender/places.h"

#include "fs/mounts.h"
#include "fs/rootdir.h"
#include "sender/entry.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

/* --- which there are --- */

/* Of PATHS (parents first) those that are not in another one. */
static struct zc_places *left_out(const zc_mount_paths *paths)
{
    struct zc_place *v = calloc(paths->len + 1, sizeof *v), *last = NULL;
    struct zc_places *places = NULL;
    size_t n = 0;
    for (size_t i = 0; v && i < paths->len; i++) {
        struct zc_place p = {paths->v[i], 0, ZC_PLACE_LEFT_OUT};
        if (last && zc_place_is_below(&p, last->path, strlen(last->path)))
            continue;
        last = &v[n++];
        *last = p;
    }
    if (v)
        places = zc_places_new(v, n, false);
    free(v);
    return places;
}

struct zc_places *zc_splaces_read(struct zc_sender *s, int rootfd)
{
    struct zc_places *places = NULL;
    zc_mount_paths paths = {0};
    zc_auto_close int fd = s->mountinfo_fd >= 0
                               ? fcntl(s->mountinfo_fd, F_DUPFD_CLOEXEC, 0)
                               : open(ZC_MOUNTINFO, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && zc_mounts_list(fd, rootfd, &paths) == 0 && paths.len)
        places = left_out(&paths);
    zc_mount_paths_fini(&paths);
    return places;
}

static struct zc_places *read_places(struct zc_sender *s)
{
    struct zc_dirnode *root = zc_dirtree_root(s->tree);
    int rootfd = zc_dirnode_pin(s->tree, root);
    if (rootfd < 0)
        return NULL;
    struct zc_places *places = zc_splaces_read(s, rootfd);
    zc_dirnode_unpin(s->tree, root);
    return places;
}

bool zc_splaces_on_dir(int dirfd, const char *name)
{
    struct zc_names names;
    zc_auto_close int fd = zc_root_open_dir(dirfd, "");
    if (fd < 0 || zc_names_read(fd, &names))
        return true;
    size_t at = zc_names_find(&names, name);
    unsigned char type = at < names.len ? names.v[at].type : DT_UNKNOWN;
    zc_names_fini(&names);
    return type == DT_DIR || type == DT_UNKNOWN;
}

void zc_splaces_prepare(struct zc_sender *s)
{
    s->mountinfo_fd = open(ZC_MOUNTINFO, O_RDONLY | O_CLOEXEC);
}

void zc_splaces_begin(struct zc_sender *s, const struct zc_round *round)
{
    zc_splaces_end(s);
    if (round->places)
        s->places = zc_places_ref(round->places);
    else if (s->opt->one_file_system)
        s->places = read_places(s);
    if (s->opt->one_file_system)
        zc_dirtree_stay(s->tree);
}

void zc_splaces_end(struct zc_sender *s)
{
    zc_places_unref(s->places);
    s->places = NULL;
}

/* --- names --- */

static const char *path_of(struct zc_sworker *w, struct zc_dirnode *node,
                           const char *name)
{
    const char *path = zc_dirnode_path_of(node, name, strlen(name), &w->path);
    return path ? path : ""; /* without memory the run fails soon */
}

bool zc_splaces_below(struct zc_sworker *w, struct zc_dirnode *node)
{
    const struct zc_places *p = w->s->places;
    return p && p->n && zc_places_below(p, path_of(w, node, ""));
}

const struct zc_place *zc_splaces_skips(struct zc_sworker *w,
                                        struct zc_dirnode *node,
                                        const char *name, unsigned char type)
{
    const struct zc_filter *filter = w->s->opt->filter;
    const char *path = path_of(w, node, name);
    const struct zc_place *p = zc_places_at(w->s->places, path);
    if (!p || p->state == ZC_PLACE_MOUNTED ||
        (filter && zc_filter_hides(filter, path, true)))
        return NULL;
    bool is_dir = type == DT_DIR || type == DT_UNKNOWN;
    return p->state == ZC_PLACE_LEFT_OUT && !is_dir ? NULL : p;
}

/* A directory that is left out looks like the root where the peer has to make
 * it, as nobody knows what it looks like. */
void zc_splaces_tell(struct zc_sworker *w, bool make, const char *as,
                     struct zc_draft *draft)
{
    struct zc_entry e = {.mode = S_IFREG};
    if (make)
        zc_entry_from_stat(w->s, &w->s->root_stat, &e);
    e.flags = ZC_ENTRY_IMPLIED;
    e.name = as;
    e.name_len = (uint8_t)strlen(as);
    zc_draft_note(w, draft, w->out.len, (struct zc_seen){0});
    zc_entry_encode(&w->out, &e);
}

int zc_splaces_add_names(struct zc_sworker *w, struct zc_dirnode *node,
                         struct zc_names *names)
{
    const struct zc_places *places = w->s->places;
    const char *path = path_of(w, node, "");
    size_t n = strlen(path);
    const struct zc_place *p = zc_places_below(places, path);
    for (; p && p < places->v + places->n && zc_place_is_below(p, path, n);
         p++) {
        const char *name = p->path + n + (n ? 1 : 0);
        if (p->state != ZC_PLACE_LEFT_OUT &&
            zc_names_insert(names, name, strcspn(name, "/")))
            return -1;
    }
    return 0;
}

bool zc_splaces_keeps(struct zc_sworker *w, struct zc_dirnode *node,
                      const char *name, const struct zc_stat *st)
{
    const struct zc_places *places = w->s->places;
    const char *path = path_of(w, node, name);
    size_t n = strlen(path);
    const struct zc_place *p = zc_places_at(places, path);
    if (p && p->state == ZC_PLACE_MOUNTED && (!st || st->mnt_id != p->mnt))
        return true;
    p = zc_places_below(places, path);
    for (; p && p < places->v + places->n && zc_place_is_below(p, path, n); p++)
        if (p->state != ZC_PLACE_LEFT_OUT)
            return true;
    return false;
}

/* --- directories --- */

bool zc_splaces_closed(struct zc_sworker *w, struct zc_dirnode *node)
{
    const struct zc_places *p = w->s->places;
    if (!p || !p->n)
        return false;
    const struct zc_place *over = zc_places_over(p, path_of(w, node, ""));
    return over && over->state != ZC_PLACE_MOUNTED;
}

bool zc_splaces_may_list(struct zc_sworker *w, struct zc_dirnode *node,
                         const struct zc_stat *st)
{
    struct zc_sender *s = w->s;
    bool since = false;
    if (!s->places ||
        zc_places_may_enter(s->places,
                            s->places->n ? path_of(w, node, "") : "",
                            st->mnt_id, s->root_stat.mnt_id, &since))
        return true;
    if (since)
        zc_entry_trouble(w, node, "", ZC_TROUBLE_VANISHED,
                         "walk it, as it was mounted or unmounted just now",
                         0);
    return false;
}
