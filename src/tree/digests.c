// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sums of a tree; see digests.h. Directories and sums are numbered in the
 * order in which they are met, so a directory comes before what is in it; those
 * of a directory are chained in the order of its names.
 */
#include "tree/digests.h"

#include "base/map.h"
#include "base/relpath.h"
#include "fs/keep.h"
#include "tree/digest_sum.h"

#include <pthread.h>
#include <string.h>

/* Names of a range, on average; a power of two. */
#define RANGE 1024

struct sum {
    uint64_t v[2];
    uint32_t next;  /* of the same directory; 0: none */
    uint32_t owner; /* of `owners` */
    uint32_t end;   /* as in zc_digest_sum, in the tree's `ends` */
    uint32_t entries : 31, spoilt : 1;
};

struct dir {
    uint64_t key;
    uint32_t first, last; /* sums; 0: none */
    uint32_t up; /* the sum that it is part of */
};

struct owner {
    uint32_t uid, gid;
};

struct zc_digests {
    struct zc_msg_digest what;
    pthread_mutex_t lock; /* all below, until it is finished */
    ZC_VEC(struct sum) sums;  /* from 1 on */
    ZC_VEC(struct dir) dirs;  /* likewise */
    ZC_VEC(struct owner) owners;
    ZC_VEC(struct zc_digest_link) links;
    struct zc_map by_owner;  /* uid, gid -> 1 + number */
    struct zc_map by_name;   /* directory above, key -> number */
    struct zc_buf ends;
    bool failed; /* memory, or too many: nothing is known */
    bool finished;
};

struct zc_digests *zc_digests_new(const struct zc_msg_digest *what)
{
    static const struct dir none;
    struct zc_digests *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    pthread_mutex_init(&t->lock, NULL);
    t->what = *what;
    t->what.users = t->what.groups = (struct zc_bytes){0};
    const struct sum no_sum = {.next = 0};
    const struct dir root = {.key = what->seed};
    if (!zc_vec_push(&t->sums, no_sum) && !zc_vec_push(&t->dirs, none) &&
        !zc_vec_push(&t->dirs, root))
        return t;
    zc_digests_free(t);
    return NULL;
}

void zc_digests_free(struct zc_digests *t)
{
    if (!t)
        return;
    zc_vec_fini(&t->sums);
    zc_vec_fini(&t->dirs);
    zc_vec_fini(&t->owners);
    zc_vec_fini(&t->links);
    zc_map_fini(&t->by_owner);
    zc_map_fini(&t->by_name);
    zc_buf_fini(&t->ends);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

const struct zc_msg_digest *zc_digests_what(const struct zc_digests *t)
{
    return &t->what;
}

struct zc_digest_dir zc_digests_root(const struct zc_digests *t)
{
    return (struct zc_digest_dir){.id = 1, .key = t->what.seed};
}

/* --- a directory --- */

struct zc_digesting zc_digesting_begin(struct zc_digests *t,
                                       struct zc_digest_dir dir)
{
    return (struct zc_digesting){.t = t, .dir = dir};
}

void zc_digesting_fini(struct zc_digesting *g)
{
    zc_vec_fini(&g->sums);
    zc_vec_fini(&g->links);
    zc_vec_fini(&g->children);
    zc_buf_fini(&g->ends);
}

/* The sum of that owner's in the range; NULL: memory. */
static struct zc_digest_sum *sum_for(struct zc_digesting *g, uint32_t uid,
                                     uint32_t gid)
{
    for (size_t i = g->sums.len; i > g->range; i--) {
        struct zc_digest_sum *s = &g->sums.v[i - 1];
        if (s->uid == uid && s->gid == gid)
            return s;
    }
    struct zc_digest_sum fresh = {.uid = uid, .gid = gid};
    if (zc_vec_push(&g->sums, fresh)) {
        g->failed = true;
        return NULL;
    }
    return &g->sums.v[g->sums.len - 1];
}

void zc_digesting_spoil(struct zc_digesting *g)
{
    struct zc_digest_sum *s = sum_for(g, 0, 0);
    if (s)
        s->spoilt = true;
}

static void end_range(struct zc_digesting *g, const struct zc_entry *e)
{
    g->sums.v[g->sums.len - 1].end = (uint32_t)g->ends.len + 1;
    zc_buf_put(&g->ends, e->name, e->name_len);
    zc_buf_u8(&g->ends, 0);
    g->range = g->sums.len;
}

static void add_link(struct zc_digesting *g, const struct zc_entry *e,
                     uint64_t key, uint32_t sum)
{
    struct zc_digest_link link = {e->link_dev, e->link_ino, key, sum};
    if (zc_vec_push(&g->links, link))
        g->failed = true;
}

void zc_digesting_add(struct zc_digesting *g, const struct zc_entry *e,
                      uint32_t note)
{
    const struct zc_msg_digest *what = &g->t->what;
    struct zc_digest_sum *s = sum_for(g, e->uid, e->gid);
    if (!s)
        return;
    uint32_t at = (uint32_t)(s - g->sums.v);
    uint64_t key = zc_dsum_key(g->dir.key, e->name, e->name_len);
    zc_dsum_add_entry(s->v, what, e, g->dir.key);
    s->entries++;
    s->spoilt |= e->flags & (ZC_ENTRY_ABSENT | ZC_ENTRY_IMPLIED);
    /* Without the right owner there is no setuid, and here nobody knows. */
    s->spoilt |= what->flags & ZC_DIGEST_LIMITED && e->mode & 06000;
    if (e->flags & ZC_ENTRY_HARD_LINK && what->keep & ZC_KEEP_HARD_LINKS)
        add_link(g, e, key, at);
    struct zc_digest_child child = {.key = key, .sum = at, .note = note};
    if (note != ZC_DIGEST_NO_CHILD && zc_vec_push(&g->children, child))
        g->failed = true;
    if (!g->dir.into && key % RANGE == 0)
        end_range(g, e);
}

/* --- into the tree, with the lock held --- */

static int owner_number(struct zc_digests *t, uint32_t uid, uint32_t gid,
                        uint32_t *number)
{
    uintptr_t known = (uintptr_t)zc_map_get(&t->by_owner, uid, gid);
    struct owner o = {uid, gid};
    if (!known) {
        if (zc_vec_push(&t->owners, o) ||
            zc_map_put(&t->by_owner, uid, gid, (void *)t->owners.len))
            return -1;
        known = t->owners.len;
    }
    *number = (uint32_t)known - 1;
    return 0;
}

/* Sum NUMBER comes next in the directory of G. One that has no number of its own
 * is in the same range as what it is part of. */
static void chain(struct zc_digests *t, struct zc_digesting *g,
                  uint32_t number)
{
    struct dir *d = &t->dirs.v[g->dir.id];
    struct sum *s = &t->sums.v[number];
    if (g->dir.into) {
        struct sum *into = &t->sums.v[g->dir.into];
        s->next = into->next;
        s->end = into->end;
        into->next = number;
        into->end = 0;
        if (d->last == g->dir.into)
            d->last = number;
        return;
    }
    if (d->last)
        t->sums.v[d->last].next = number;
    else
        d->first = number;
    d->last = number;
}

/* What a directory without a number is part of: the sum of the same OWNER near
 * INTO, in its range. 0: there is none. */
static uint32_t find_near(const struct zc_digests *t, uint32_t into,
                          uint32_t owner)
{
    for (unsigned steps = 0; into && steps < 8; steps++) {
        const struct sum *s = &t->sums.v[into];
        if (s->owner == owner)
            return into;
        into = s->end ? 0 : s->next;
    }
    return 0;
}

static int take_sum(struct zc_digests *t, struct zc_digesting *g,
                    struct zc_digest_sum *from, uint32_t base)
{
    struct sum s = {.v = {from->v[0], from->v[1]},
                    .end = from->end ? base + from->end : 0,
                    .entries = from->entries & INT32_MAX,
                    .spoilt = from->spoilt};
    if (owner_number(t, from->uid, from->gid, &s.owner))
        return -1;
    from->number = find_near(t, g->dir.into, s.owner);
    if (from->number) {
        struct sum *to = &t->sums.v[from->number];
        zc_dsum_add(to->v, s.v);
        to->entries = (to->entries + s.entries) & INT32_MAX;
        to->spoilt |= s.spoilt;
        return 0;
    }
    if (t->sums.len >= UINT32_MAX || zc_vec_push(&t->sums, s))
        return -1;
    from->number = (uint32_t)t->sums.len - 1;
    chain(t, g, from->number);
    return 0;
}

static int take_sums(struct zc_digests *t, struct zc_digesting *g)
{
    uint32_t base = (uint32_t)t->ends.len;
    for (size_t i = 0; i < g->sums.len; i++)
        if (take_sum(t, g, &g->sums.v[i], base))
            return -1;
    zc_buf_put(&t->ends, g->ends.data, g->ends.len);
    return t->ends.failed || t->ends.len > UINT32_MAX / 2 ? -1 : 0;
}

static int take_links(struct zc_digests *t, struct zc_digesting *g)
{
    for (size_t i = 0; i < g->links.len; i++) {
        struct zc_digest_link l = g->links.v[i];
        l.sum = g->sums.v[l.sum].number;
        if (t->links.len >= ZC_DIGESTS_LINKS_MAX || zc_vec_push(&t->links, l))
            return -1;
    }
    return 0;
}

static int take_children(struct zc_digests *t, struct zc_digesting *g)
{
    for (size_t i = 0; i < g->children.len; i++) {
        struct zc_digest_child *c = &g->children.v[i];
        struct dir d = {.key = c->key, .up = g->sums.v[c->sum].number};
        c->dir.key = c->key;
        if (g->dir.into || t->dirs.len > ZC_DIGESTS_DIRS_MAX) {
            c->dir.id = g->dir.id;
            c->dir.into = d.up;
            continue;
        }
        c->dir.id = (uint32_t)t->dirs.len;
        if (zc_vec_push(&t->dirs, d) ||
            zc_map_put(&t->by_name, g->dir.id, d.key,
                       (void *)(uintptr_t)c->dir.id))
            return -1;
    }
    return 0;
}

void zc_digesting_end(struct zc_digesting *g)
{
    struct zc_digests *t = g->t;
    pthread_mutex_lock(&t->lock);
    if (!t->failed && (g->failed || g->ends.failed || take_sums(t, g) ||
                       take_links(t, g) || take_children(t, g)))
        t->failed = true;
    pthread_mutex_unlock(&t->lock);
}

/* --- the end --- */

static int by_inode(const void *a, const void *b)
{
    const struct zc_digest_link *x = a, *y = b;
    if (x->dev != y->dev)
        return x->dev < y->dev ? -1 : 1;
    return x->ino < y->ino ? -1 : x->ino > y->ino;
}

/* Each name of an inode that has several in the tree counts which they are: a
 * change among them shows wherever there is one. */
static void join_links(struct zc_digests *t)
{
    struct zc_digest_link *v = t->links.v;
    if (t->links.len)
        qsort(v, t->links.len, sizeof *v, by_inode);
    for (size_t i = 0, end; i < t->links.len; i = end) {
        uint64_t said[3] = {0};
        for (end = i; end < t->links.len && !by_inode(&v[i], &v[end]); end++)
            zc_dsum_add_numbers(said, &v[end].key, 1, t->what.seed);
        for (size_t k = i; k < end && end - i > 1; k++) {
            said[2] = v[k].key;
            zc_dsum_add_numbers(t->sums.v[v[k].sum].v, said, 3, t->what.seed);
        }
    }
    zc_vec_fini(&t->links);
}

/* Each sum is multiplied by what stands for its owner, an odd number; so it does
 * not matter in how many parts it is. */
static void join_owners(struct zc_digests *t, zc_digest_owner_fn *owner,
                        void *arg)
{
    struct {
        uint64_t by[2];
        bool known;
    } *who = calloc(t->owners.len + 1, sizeof *who);
    t->failed |= !who;
    for (size_t i = 0; who && i < t->owners.len; i++) {
        const struct owner *o = &t->owners.v[i];
        uint64_t as[2];
        who[i].known = owner(arg, o->uid, o->gid, as);
        zc_dsum_add_numbers(who[i].by, as, 2, t->what.seed);
        who[i].by[0] |= 1;
    }
    for (size_t i = 1; who && i < t->sums.len; i++) {
        struct sum *s = &t->sums.v[i];
        s->spoilt |= s->entries && !who[s->owner].known;
        zc_dsum_multiply(s->v, who[s->owner].by);
    }
    free(who);
    zc_map_fini(&t->by_owner);
    zc_vec_fini(&t->owners);
}

struct total {
    uint64_t v[2], entries;
    bool spoilt;
};

static void add_sum(struct total *to, const struct sum *s)
{
    zc_dsum_add(to->v, s->v);
    to->entries += s->entries;
    to->spoilt |= s->spoilt;
}

static struct total total_of(const struct zc_digests *t, uint32_t dir)
{
    struct total total = {0};
    for (uint32_t i = t->dirs.v[dir].first; i; i = t->sums.v[i].next)
        add_sum(&total, &t->sums.v[i]);
    return total;
}

void zc_digests_finish(struct zc_digests *t, zc_digest_owner_fn *owner,
                       void *arg)
{
    if (!t->failed)
        join_links(t);
    if (!t->failed)
        join_owners(t, owner, arg);
    for (size_t i = t->failed ? 0 : t->dirs.len - 1; i > 1; i--) {
        struct total total = total_of(t, (uint32_t)i);
        struct sum *up = &t->sums.v[t->dirs.v[i].up];
        zc_dsum_add(up->v, total.v);
        up->entries = (uint32_t)(up->entries + total.entries) & INT32_MAX;
        up->spoilt |= total.spoilt;
    }
    t->finished = true;
}

/* --- asking --- */

uint32_t zc_digests_child(const struct zc_digests *t, uint32_t dir,
                          const char *name, size_t n)
{
    if (!t || !dir || t->failed || !t->finished)
        return 0;
    return (uint32_t)(uintptr_t)zc_map_get(
        &t->by_name, dir, zc_dsum_key(t->dirs.v[dir].key, name, n));
}

bool zc_digests_of(const struct zc_digests *t, uint32_t dir,
                   uint8_t digest[ZC_DIGEST_SIZE], uint64_t *entries)
{
    if (!t || !dir || t->failed || !t->finished)
        return false;
    struct total total = total_of(t, dir);
    zc_dsum_bytes(total.v, digest);
    if (entries)
        *entries = total.entries;
    return !total.spoilt;
}

static int push_group(struct zc_groups *groups, const struct total *total,
                      const char *end)
{
    struct zc_group g = {.known = !total->spoilt, .entries = total->entries};
    zc_dsum_bytes(total->v, g.digest);
    g.end = end ? strdup(end) : NULL;
    if ((end && !g.end) || zc_vec_push(&groups->of, g)) {
        free(g.end);
        return -1;
    }
    return 0;
}

int zc_digests_groups(const struct zc_digests *t, uint32_t dir, size_t max,
                      struct zc_groups *groups)
{
    struct total total = {.spoilt = t->failed};
    size_t ranges = 1, seen = 0;
    uint32_t first = t->failed ? 0 : t->dirs.v[dir].first;
    for (uint32_t i = first; i; i = t->sums.v[i].next)
        ranges += t->sums.v[i].end ? 1 : 0;
    size_t each = (ranges + max - 1) / max;
    for (uint32_t i = first; i; i = t->sums.v[i].next) {
        const struct sum *s = &t->sums.v[i];
        add_sum(&total, s);
        if (!s->end || ++seen % each)
            continue;
        if (push_group(groups, &total,
                       (const char *)t->ends.data + s->end - 1))
            return -1;
        total = (struct total){0};
    }
    return push_group(groups, &total, NULL);
}

static int compare_names(const char *a, const char *b)
{
    return zc_name_cmp(a, strlen(a), b, strlen(b));
}

/* Is GROUP what TOTAL is of? */
static bool is_same(const struct zc_group *group, const struct total *total)
{
    uint8_t digest[ZC_DIGEST_SIZE];
    zc_dsum_bytes(total->v, digest);
    return group->known && !total->spoilt &&
           !memcmp(digest, group->digest, sizeof digest);
}

void zc_digests_compare(const struct zc_digests *t, uint32_t dir,
                        struct zc_groups *g)
{
    uint32_t i = t->failed ? 0 : t->dirs.v[dir].first;
    const char *passed = NULL; /* the end of the last range that was */
    bool border = !t->failed;  /* what is next begins where G's does */
    for (size_t k = 0; k < g->of.len; k++) {
        struct zc_group *group = &g->of.v[k];
        struct total total = {0};
        while (i && !(passed && group->end &&
                      compare_names(passed, group->end) >= 0)) {
            const struct sum *s = &t->sums.v[i];
            add_sum(&total, s);
            if (s->end)
                passed = (const char *)t->ends.data + s->end - 1;
            i = s->next;
        }
        bool ends = group->end ? passed && !strcmp(passed, group->end) : !i;
        group->entries = total.entries;
        group->differs = !border || !ends || !is_same(group, &total);
        border = ends;
    }
}

void zc_groups_fini(struct zc_groups *g)
{
    for (size_t i = 0; i < g->of.len; i++)
        free(g->of.v[i].end);
    zc_vec_fini(&g->of);
}

bool zc_groups_has_same(const struct zc_groups *g, size_t *at,
                        const char *name, size_t n)
{
    if (!g)
        return false;
    while (*at < g->of.len && g->of.v[*at].end &&
           zc_name_cmp(name, n, g->of.v[*at].end,
                       strlen(g->of.v[*at].end)) > 0)
        ++*at;
    return *at < g->of.len && !g->of.v[*at].differs;
}
