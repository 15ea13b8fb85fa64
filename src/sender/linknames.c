// SPDX-License-Identifier: GPL-2.0-or-later
/* The first names of hard links; see linknames.h. */
#include "sender/linknames.h"

#include <stdlib.h>
#include <string.h>

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
    for (size_t at = 0; (slot = zc_map_next(&n->first, &at));)
        free(slot->value);
    zc_map_fini(&n->first);
    n->first = (struct zc_map){0};
}

void zc_linknames_note(struct zc_sender *s, struct zc_dirnode *node,
                       const struct zc_entry *e)
{
    struct zc_linknames *n = s->linknames;
    struct zc_buf buf = ZC_BUF_INIT;
    if (!zc_sender_wants_items(s))
        return;
    pthread_mutex_lock(&n->lock);
    if (!zc_map_get(&n->first, e->link_dev, e->link_ino)) {
        const char *path = zc_dirnode_path_of(node, e->name, e->name_len,
                                              &buf);
        char *copy = path ? strdup(path) : NULL;
        /* Without memory a line says less. */
        if (!copy || zc_map_put(&n->first, e->link_dev, e->link_ino, copy))
            free(copy);
    }
    pthread_mutex_unlock(&n->lock);
    zc_buf_fini(&buf);
}

char *zc_linknames_first(struct zc_sender *s, const struct zc_entry *e,
                         const char *path)
{
    struct zc_linknames *n = s->linknames;
    pthread_mutex_lock(&n->lock);
    const char *first = zc_map_get(&n->first, e->link_dev, e->link_ino);
    char *copy = first && strcmp(first, path) ? strdup(first) : NULL;
    pthread_mutex_unlock(&n->lock);
    return copy;
}
