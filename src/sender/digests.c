// SPDX-License-Identifier: GPL-2.0-or-later
/* Digests of the source, and whose they are; see digests.h. */
#include "sender/digests.h"

#include "fs/keep.h"
#include "sender/lists.h"
#include "sender/removal.h"

#include <string.h>
#include <sys/stat.h>

/* What a digest does not tell, or what makes a list say more than differences.
 * Where only some names are asked for, the peer has others, and nothing would be
 * equal. */
#define WALK_NOT                                                            \
    (ZC_WALK_SIZES | ZC_WALK_PRUNE | ZC_WALK_ONE_LEVEL | ZC_WALK_FAKE)
#define APPLY_NOT                                                           \
    (ZC_APPLY_IGNORE_TIMES | ZC_APPLY_WINDOW | ZC_APPLY_TELL_ALL |          \
     ZC_APPLY_FAKE)

void zc_sdigests_init(struct zc_sender *s, struct zc_sdigests *d)
{
    s->digests = d;
}

void zc_sdigests_clear(struct zc_sender *s)
{
    struct zc_sdigests *d = s->digests;
    zc_digests_free(d->table);
    free(d->owners);
    *d = (struct zc_sdigests){.over = false};
}

bool zc_sdigests_offers(struct zc_sender *s)
{
    const struct zc_options *o = s->opt;
    bool offers = s->conn.t->features & ZC_FEATURE_DIGESTS &&
                  !s->terms.empty && !o->only && !o->n_earlier &&
                  !o->checksum && !zc_removal_wanted(o) &&
                  !(o->walk & WALK_NOT) && !(o->apply & APPLY_NOT);
    pthread_mutex_lock(&s->lock);
    s->digests->offered = offers;
    s->terms.empty = false; /* in another round there may be */
    pthread_mutex_unlock(&s->lock);
    return offers;
}

bool zc_sdigests_expected(struct zc_sender *s)
{
    pthread_mutex_lock(&s->lock);
    bool expected = s->digests->offered && !s->digests->table &&
                    zc_lists_find(s, 0);
    pthread_mutex_unlock(&s->lock);
    return expected;
}

/* Keeps OWNERS at *AT. */
static struct zc_bytes keep_owners(uint8_t **at, struct zc_bytes owners)
{
    struct zc_bytes kept = {*at, owners.n};
    if (owners.n)
        memcpy(*at, owners.p, owners.n);
    *at += owners.n;
    return kept;
}

int zc_sdigests_taken(struct zc_sender *s, const struct zc_msg_digest *m)
{
    struct zc_sdigests *d = s->digests;
    struct zc_digests *table = zc_digests_new(m);
    uint8_t *owners = malloc(m->users.n + m->groups.n + 1), *at = owners;
    if (!table || !owners) {
        zc_digests_free(table);
        free(owners);
        return -1;
    }
    d->users = keep_owners(&at, m->users);
    d->groups = keep_owners(&at, m->groups);
    pthread_mutex_lock(&s->lock);
    d->owners = owners;
    d->table = table;
    pthread_mutex_unlock(&s->lock);
    return 0;
}

/* --- owners --- */

/* The one of OWNERS that the peer takes ID for. 1: found; 0: there is none; -1:
 * nobody here can tell, as the peer may not know the name, and has the number. */
static int find_owner(struct zc_sender *s, enum zc_id_kind kind, uint32_t id,
                      struct zc_bytes owners, uint32_t *found)
{
    const char *name = zc_idmap_name(s->ids->map, kind, id);
    size_t n = strlen(name);
    bool number = false;
    struct zc_digest_owner o;
    while (zc_digest_owner_next(&owners, &o)) {
        bool named = n && o.name.n == n && !memcmp(o.name.p, name, n);
        if (named && !o.id != !id) /* only root is root */
            return -1;
        number |= o.id == id;
        if (named || (!n && o.id == id)) {
            *found = o.id;
            return 1;
        }
    }
    return number ? -1 : 0;
}

/* Where the peer can set only some owners, those that it cannot are no difference.
 * A new file's group is the first of its groups. */
static bool limited_owner(struct zc_sender *s, uint32_t uid, uint32_t gid,
                          uint64_t as[2])
{
    const struct zc_sdigests *d = s->digests;
    struct zc_bytes groups = d->groups;
    struct zc_digest_owner own;
    uint32_t user, group;
    zc_digest_owner_next(&groups, &own);
    int u = find_owner(s, ZC_ID_USER, uid, d->users, &user);
    int g = find_owner(s, ZC_ID_GROUP, gid, d->groups, &group);
    unsigned keep = zc_digests_what(d->table)->keep;
    if ((!u && keep & ZC_KEEP_OWNER) || (!g && keep & ZC_KEEP_GROUP))
        atomic_store(&s->stats->owners_left, true);
    as[0] = 0;
    as[1] = keep & ZC_KEEP_GROUP ? g ? group : own.id : 0;
    return g >= 0;
}

static bool owner_counts(void *arg, uint32_t uid, uint32_t gid, uint64_t as[2])
{
    struct zc_sender *s = arg;
    const struct zc_msg_digest *what = zc_digests_what(s->digests->table);
    if (what->flags & ZC_DIGEST_LIMITED)
        return limited_owner(s, uid, gid, as);
    as[0] = what->keep & ZC_KEEP_OWNER ? uid : 0;
    as[1] = what->keep & ZC_KEEP_GROUP ? gid : 0;
    return true;
}

void zc_sdigests_finish(struct zc_sender *s)
{
    zc_digests_finish(s->digests->table, owner_counts, s);
    pthread_mutex_lock(&s->lock);
    s->digests->over = true;
    pthread_mutex_unlock(&s->lock);
}

const struct zc_digests *zc_sdigests_table(const struct zc_sender *s)
{
    return s->digests->over ? s->digests->table : NULL;
}

uint32_t zc_sdigests_child(const struct zc_sender *s, uint32_t dir,
                           const struct zc_entry *e)
{
    return S_ISDIR(e->mode) ? zc_digests_child(zc_sdigests_table(s), dir,
                                               e->name, e->name_len)
                            : 0;
}

void zc_sdigests_tell(const struct zc_sender *s, uint32_t dir,
                      struct zc_entry *e)
{
    uint32_t child = zc_sdigests_child(s, dir, e);
    if (child && zc_digests_of(zc_sdigests_table(s), child, e->tree_digest,
                               NULL))
        e->flags |= ZC_ENTRY_DIGEST;
}

void zc_sdigests_encode(struct zc_buf *b, const struct zc_group *g)
{
    struct zc_msg_group m = {.known = g->known};
    if (g->end)
        m.end = (struct zc_bytes){(const uint8_t *)g->end, strlen(g->end)};
    memcpy(m.digest, g->digest, sizeof m.digest);
    zc_group_encode(b, &m);
}
