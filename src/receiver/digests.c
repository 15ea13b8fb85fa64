// SPDX-License-Identifier: GPL-2.0-or-later
/* What is here, in digests; see digests.h. */
#include "receiver/digests.h"

#include "receiver/cmp.h"
#include "receiver/core.h"
#include "receiver/deletions.h"
#include "receiver/dirs.h"
#include "receiver/volumes.h"
#include "tree/names.h"

#include <sys/random.h>

/* With these, being equal is not enough, or more than a digest tells of. */
#define APPLY_NOT                                                           \
    (ZC_APPLY_IGNORE_TIMES | ZC_APPLY_WINDOW | ZC_APPLY_TELL_ALL |          \
     ZC_APPLY_FAKE | ZC_APPLY_REMOVE)

/* Is there anything in D, to begin with? */
static bool has_names(struct zc_receiver *r, const struct zc_rdir *d)
{
    struct zc_names names;
    int fd = zc_dirnode_pin(r->tree, d->shelf.node);
    if (fd < 0)
        return false;
    bool any = !zc_names_read(fd, &names) && zc_rdir_any_name(d, &names);
    zc_names_fini(&names);
    zc_dirnode_unpin(r->tree, d->shelf.node);
    return any;
}

static bool suits(struct zc_receiver *r, const struct zc_rdir *root)
{
    return r->conn.t->features & ZC_FEATURE_DIGESTS && !r->digests->table &&
           root->state == ZC_RD_EXISTS && r->root_fd >= 0 &&
           !root->shelf.vol->careful && !(r->flags & ZC_OPEN_CHECKSUM) &&
           !(r->apply & APPLY_NOT) &&
           !(r->owners_limited && zc_cmp_maps_owners(r)) &&
           r->n_groups <= ZC_DIGEST_OWNERS_MAX && has_names(r, root);
}

/* Who can be an owner here, with the names. */
static void put_owners(struct zc_receiver *r, struct zc_buf *users,
                       struct zc_buf *groups)
{
    uint32_t uid = geteuid();
    const char *name = zc_idmap_name(r->ids, ZC_ID_USER, uid);
    struct zc_digest_owner o = {uid, {(const uint8_t *)name, strlen(name)}};
    zc_digest_owner_put(users, &o);
    for (int i = r->n_groups - 1; i >= 0; i--) { /* our own is the last */
        name = zc_idmap_name(r->ids, ZC_ID_GROUP, r->groups[i]);
        o = (struct zc_digest_owner){
            r->groups[i], {(const uint8_t *)name, strlen(name)}};
        zc_digest_owner_put(groups, &o);
    }
}

/* Which times count. Those of files do where nothing is made of them, too: by them
 * it is known whether bytes have changed. */
static unsigned times(const struct zc_receiver *r)
{
    bool kept = r->keep & ZC_KEEP_TIMES;
    bool files = kept || !(r->apply & ZC_APPLY_SIZE_ONLY);
    bool dirs = kept && !(r->apply & ZC_APPLY_OMIT_DIR_TIMES);
    bool links = kept && !(r->apply & ZC_APPLY_OMIT_LINK_TIMES);
    return (files ? ZC_DIGEST_FILE_TIMES : 0) |
           (dirs ? ZC_DIGEST_DIR_TIMES : 0) |
           (links ? ZC_DIGEST_LINK_TIMES : 0);
}

static unsigned what_flags(const struct zc_receiver *r,
                           const struct zc_rdir *root)
{
    bool runs = r->apply & ZC_APPLY_EXECUTABILITY &&
                !(r->keep & ZC_KEEP_PERMS);
    return times(r) | (runs ? ZC_DIGEST_EXECUTABLE : 0) |
           (root->shelf.vol->has_properties ? ZC_DIGEST_PROPERTIES : 0) |
           (r->owners_limited ? ZC_DIGEST_LIMITED : 0);
}

/* What the sender is to count. Whose a file is there does not matter where all
 * become one's here. */
static unsigned keep_there(struct zc_receiver *r)
{
    unsigned keep = r->keep & ZC_KEEP_ON_WIRE;
    uint32_t id;
    if (zc_idmap_all_are(r->ids, ZC_ID_USER, &id))
        keep &= ~(unsigned)ZC_KEEP_OWNER;
    if (zc_idmap_all_are(r->ids, ZC_ID_GROUP, &id))
        keep &= ~(unsigned)ZC_KEEP_GROUP;
    return keep;
}

bool zc_rdigests_begin(struct zc_receiver *r, struct zc_rdir *root,
                       struct zc_buf *out)
{
    struct zc_buf users = ZC_BUF_INIT, groups = ZC_BUF_INIT;
    struct zc_msg_digest m = {.keep = keep_there(r)};
    if (!suits(r, root) ||
        getrandom(&m.seed, sizeof m.seed, GRND_NONBLOCK) != sizeof m.seed)
        return false;
    m.time_step = root->shelf.vol->time_step;
    m.flags = (uint16_t)what_flags(r, root);
    r->digests->table = zc_digests_new(&m);
    if (!r->digests->table)
        return false;
    if (r->owners_limited)
        put_owners(r, &users, &groups);
    m.users = (struct zc_bytes){users.data, users.len};
    m.groups = (struct zc_bytes){groups.data, groups.len};
    zc_digest_encode(out, &m);
    out->failed |= users.failed || groups.failed;
    zc_buf_fini(&users);
    zc_buf_fini(&groups);
    root->digest = zc_digests_root(r->digests->table).id;
    return true;
}

void zc_rdigests_clear(struct zc_receiver *r)
{
    zc_digests_free(r->digests->table);
    *r->digests = (struct zc_rdigests){0};
}

/* --- owners --- */

/* Which of the sender's ids each of ours is. */
struct owners {
    struct zc_receiver *r;
    struct zc_map peers[2]; /* ours, 0 -> 1 + the sender's */
};

/* What the sender counts for what is ID here: one of its ids that would be that, of
 * which there may be more. False: none is. */
static bool peers_id(const struct owners *o, enum zc_id_kind kind,
                     uint32_t id, uint64_t *as)
{
    uint32_t all;
    if (zc_idmap_all_are(o->r->ids, kind, &all))
        return all == id; /* and it counts nothing */
    uintptr_t peer = (uintptr_t)zc_map_get(&o->peers[kind], id, 0);
    *as = peer ? peer - 1 : id;
    return zc_idmap_local(o->r->ids, kind, (uint32_t)*as) == id;
}

/* Where only some owners can be set, who is here counts by our numbers: the sender
 * knows them. */
static bool owner_counts(void *arg, uint32_t uid, uint32_t gid, uint64_t as[2])
{
    const struct owners *o = arg;
    unsigned keep = o->r->keep;
    as[0] = as[1] = 0;
    if (o->r->owners_limited) {
        if (keep & ZC_KEEP_GROUP)
            as[1] = gid;
        return !(keep & ZC_KEEP_OWNER) || uid == geteuid();
    }
    return (!(keep & ZC_KEEP_OWNER) ||
            peers_id(o, ZC_ID_USER, uid, &as[0])) &&
           (!(keep & ZC_KEEP_GROUP) ||
            peers_id(o, ZC_ID_GROUP, gid, &as[1]));
}

void zc_rdigests_finish(struct zc_receiver *r)
{
    struct owners o = {.r = r};
    int bad = zc_idmap_peers(r->ids, ZC_ID_USER, &o.peers[ZC_ID_USER]) ||
              zc_idmap_peers(r->ids, ZC_ID_GROUP, &o.peers[ZC_ID_GROUP]);
    if (bad)
        zc_receiver_nomem(r);
    zc_digests_finish(r->digests->table, owner_counts, &o);
    zc_map_fini(&o.peers[ZC_ID_USER]);
    zc_map_fini(&o.peers[ZC_ID_GROUP]);
    pthread_mutex_lock(&r->lock);
    r->digests->over = true;
    pthread_mutex_unlock(&r->lock);
}

bool zc_rdigests_over(const struct zc_receiver *r)
{
    return r->digests->over;
}

/* --- asking --- */

uint32_t zc_rdigests_child(const struct zc_receiver *r,
                           const struct zc_rdir *d, const struct zc_entry *e)
{
    return d->digest ? zc_digests_child(r->digests->table, d->digest, e->name,
                                        e->name_len)
                     : 0;
}

bool zc_rdigests_same(struct zc_receiver *r, const struct zc_cmp *c)
{
    uint8_t here[ZC_DIGEST_SIZE];
    uint64_t entries;
    uint32_t child = c->e->flags & ZC_ENTRY_DIGEST
                         ? zc_rdigests_child(r, c->dir, c->e)
                         : 0;
    if (!child ||
        !zc_digests_of(r->digests->table, child, here, &entries) ||
        memcmp(here, c->e->tree_digest, sizeof here))
        return false;
    atomic_fetch_add(&r->deletions->seen, entries);
    return true;
}

static int decode_groups(struct zc_msg_list *m, struct zc_groups *groups,
                         struct zc_err *err)
{
    struct zc_msg_group prev = {0}, g;
    for (uint32_t i = 0; i < m->count; i++) {
        if (zc_group_next(m, i + 1 == m->count, &prev, &g, err))
            return -1;
        struct zc_group group = {.known = g.known};
        memcpy(group.digest, g.digest, sizeof group.digest);
        if (g.end.n &&
            !(group.end = strndup((const char *)g.end.p, g.end.n)))
            return zc_err_nomem(err);
        if (zc_vec_push(&groups->of, group)) {
            free(group.end);
            return zc_err_nomem(err);
        }
    }
    return zc_list_ended(m, err);
}

int zc_rdigests_take_groups(struct zc_receiver *r, struct zc_rdir *d,
                            struct zc_msg_list m, struct zc_err *err)
{
    d->groups = calloc(1, sizeof *d->groups);
    if (!d->groups)
        return zc_err_nomem(err);
    if (decode_groups(&m, d->groups, err))
        return -1;
    if (d->digest)
        zc_digests_compare(r->digests->table, d->digest, d->groups);
    else /* it was not here when all was gone through */
        for (size_t i = 0; i < d->groups->of.len; i++)
            d->groups->of.v[i].differs = true;
    for (size_t i = 0; i < d->groups->of.len; i++) {
        const struct zc_group *g = &d->groups->of.v[i];
        if (g->differs)
            continue;
        atomic_fetch_add(&r->deletions->seen, g->entries);
        if (d->top && g->entries)
            atomic_store(&r->deletions->source_has_entries, true);
    }
    return 0;
}
