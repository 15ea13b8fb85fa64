// SPDX-License-Identifier: GPL-2.0-or-later
/* What the other names of hard links are called; see linknames.h. */
#include "sender/linknames.h"

#include <stdlib.h>
#include <string.h>

struct names {
    char *first, *second; /* NULL: there was none so far */
};

void zc_linknames_init(struct zc_sender *s, struct zc_linknames *n)
{
    s->linknames = n;
    pthread_mutex_init(&n->lock, NULL);
}

void zc_linknames_fini(struct zc_sender *s)
{
    zc_linknames_clear(s);
    pthread_mutex_destroy(&s->linknames->lock);
}

void zc_linknames_clear(struct zc_sender *s)
{
    struct zc_linknames *n = s->linknames;
    struct zc_map_slot *slot;
    for (size_t at = 0; (slot = zc_map_next(&n->names, &at));) {
        struct names *names = slot->value;
        free(names->first);
        free(names->second);
        free(names);
    }
    zc_map_fini(&n->names);
    n->names = (struct zc_map){0};
}

/* Those of E's file, of which nothing may be known yet. NULL: no memory. */
static struct names *names_of(struct zc_linknames *n, const struct zc_entry *e)
{
    struct names *names = zc_map_get(&n->names, e->link_dev, e->link_ino);
    if (names)
        return names;
    names = calloc(1, sizeof *names);
    if (names && zc_map_put(&n->names, e->link_dev, e->link_ino, names)) {
        free(names);
        return NULL;
    }
    return names;
}

void zc_linknames_note(struct zc_sender *s, struct zc_dirnode *node,
                       const struct zc_entry *e)
{
    struct zc_linknames *n = s->linknames;
    struct zc_buf buf = ZC_BUF_INIT;
    if (!zc_sender_wants_items(s))
        return;
    pthread_mutex_lock(&n->lock);
    /* Without memory a line says less. */
    struct names *names = names_of(n, e);
    if (names && !names->second) {
        const char *path = zc_dirnode_path_of(node, e->name, e->name_len,
                                              &buf);
        char **spot = names->first ? &names->second : &names->first;
        if (path && (!names->first || strcmp(names->first, path) != 0))
            *spot = strdup(path);
    }
    pthread_mutex_unlock(&n->lock);
    zc_buf_fini(&buf);
}

char *zc_linknames_other(struct zc_sender *s, const struct zc_entry *e,
                         const char *path)
{
    struct zc_linknames *n = s->linknames;
    pthread_mutex_lock(&n->lock);
    const struct names *names = zc_map_get(&n->names, e->link_dev, e->link_ino);
    const char *other = names ? names->first : NULL;
    if (other && !strcmp(other, path))
        other = names->second;
    char *copy = other ? strdup(other) : NULL;
    pthread_mutex_unlock(&n->lock);
    return copy;
}
