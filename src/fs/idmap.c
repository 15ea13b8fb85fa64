// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who is who on the other host; see idmap.h.
 *
 *     here:  local id -> its name, and whether the peer was told
 *     there: peer's id -> local id, for the names the peer told us
 *
 * A name is resolved when it is learned, so that looking up an id per file
 * later is one probe in a hash map.
 */
#include "fs/idmap.h"

#include "base/map.h"

#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

struct here {
    bool announced;
    char name[]; /* "" when the id has none */
};

struct there {
    uint32_t local;
};

/* Which version of passwd(5) and group(5) is there; zero: none. */
struct stamp {
    dev_t dev;
    ino_t ino;
    struct timespec changed;
};
#define FILES 2

struct zc_idmap {
    bool numeric;
    struct stamp began[FILES]; /* when the map was made */
    pthread_mutex_t lock; /* guards all below; nothing is locked under it */
    bool unsure;          /* some name or id had no match */
    struct zc_map here, there; /* key: kind, id */
    bool forced[2];
    uint32_t force[2];
    struct zc_idrules *rules[2]; /* or NULL; set at the beginning */
};

/* One name-service answer: the name of an id, or the id of a name. */
struct answer {
    char *name; /* on the heap */
    uint32_t id;
};

/* Asks for NAME, or for ID where NAME is NULL, with room of SIZE bytes. An
 * errno: 0 with A->name NULL means that there is no such entry. */
static int ask_once(enum zc_id_kind kind, const char *name, uint32_t id,
                    size_t size, struct answer *a)
{
    zc_auto_free char *room = malloc(size);
    const char *found = NULL;
    int eno;
    if (!room)
        return ENOMEM;
    if (kind == ZC_ID_USER) {
        struct passwd pw, *r = NULL;
        eno = name ? getpwnam_r(name, &pw, room, size, &r)
                   : getpwuid_r(id, &pw, room, size, &r);
        if (r) {
            found = pw.pw_name;
            a->id = pw.pw_uid;
        }
    } else {
        struct group gr, *r = NULL;
        eno = name ? getgrnam_r(name, &gr, room, size, &r)
                   : getgrgid_r(id, &gr, room, size, &r);
        if (r) {
            found = gr.gr_name;
            a->id = gr.gr_gid;
        }
    }
    if (found && !(a->name = strdup(found)))
        return ENOMEM;
    return found ? 0 : eno;
}

static int ask(enum zc_id_kind kind, const char *name, uint32_t id,
               struct answer *a)
{
    const size_t most = 16 * ZC_MIB; /* a group with very many members */
    size_t size = 1024;
    int eno;
    *a = (struct answer){0};
    do {
        eno = ask_once(kind, name, id, size, a);
        if (eno == ERANGE)
            size *= 4;
    } while (eno == EINTR || (eno == ERANGE && size <= most));
    return a->name ? 0 : -1;
}

static void read_stamps(struct stamp s[FILES])
{
    static const char *const files[FILES] = {"/etc/passwd", "/etc/group"};
    memset(s, 0, FILES * sizeof *s);
    for (int i = 0; i < FILES; i++) {
        struct stat st;
        if (!stat(files[i], &st)) {
            s[i].dev = st.st_dev;
            s[i].ino = st.st_ino;
            s[i].changed = st.st_ctim;
        }
    }
}

static bool same_stamp(const struct stamp *a, const struct stamp *b)
{
    return a->dev == b->dev && a->ino == b->ino &&
           a->changed.tv_sec == b->changed.tv_sec &&
           a->changed.tv_nsec == b->changed.tv_nsec;
}

bool zc_idmap_outdated(struct zc_idmap *m, bool lasting)
{
    struct stamp s[FILES];
    if (m->numeric)
        return false;
    pthread_mutex_lock(&m->lock);
    bool look = lasting || m->unsure;
    pthread_mutex_unlock(&m->lock);
    if (!look)
        return false;
    read_stamps(s);
    for (int i = 0; i < FILES; i++)
        if (!same_stamp(&s[i], &m->began[i]))
            return true;
    return false;
}

struct zc_idmap *zc_idmap_new(bool numeric)
{
    struct zc_idmap *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->numeric = numeric;
    read_stamps(m->began);
    pthread_mutex_init(&m->lock, NULL);
    return m;
}

static void free_values(struct zc_map *map)
{
    size_t at = 0;
    struct zc_map_slot *s;
    while ((s = zc_map_next(map, &at)))
        free(s->value);
    zc_map_fini(map);
}

void zc_idmap_free(struct zc_idmap *m)
{
    if (!m)
        return;
    int keep = errno;
    free_values(&m->here);
    free_values(&m->there);
    zc_idrules_free(m->rules[ZC_ID_USER]);
    zc_idrules_free(m->rules[ZC_ID_GROUP]);
    pthread_mutex_destroy(&m->lock);
    free(m);
    errno = keep;
}

/* What is known about local ID, asking once. NULL: out of memory, or more ids
 * than any host has users (somebody fills files with invented ones). */
static struct here *here_get(struct zc_idmap *m, enum zc_id_kind kind,
                             uint32_t id)
{
    struct here *h = zc_map_get(&m->here, kind, id);
    if (h || m->here.used >= ZC_IDMAP_LEARN_MAX)
        return h;
    struct answer a;
    ask(kind, NULL, id, &a);
    const char *name = a.name ? a.name : "";
    if (strlen(name) > ZC_ID_NAME_MAX)
        name = "";
    h = malloc(sizeof *h + strlen(name) + 1);
    if (h) {
        m->unsure |= !*name;
        h->announced = false;
        strcpy(h->name, name);
        if (zc_map_put(&m->here, kind, id, h)) {
            free(h);
            h = NULL;
        }
    }
    free(a.name);
    return h;
}

const char *zc_idmap_name(struct zc_idmap *m, enum zc_id_kind kind,
                          uint32_t id)
{
    if (m->numeric)
        return "";
    pthread_mutex_lock(&m->lock);
    struct here *h = here_get(m, kind, id);
    const char *name = h ? h->name : "";
    pthread_mutex_unlock(&m->lock);
    return name;
}

bool zc_idmap_announce(struct zc_idmap *m, enum zc_id_kind kind, uint32_t id)
{
    if (m->numeric)
        return false;
    pthread_mutex_lock(&m->lock);
    struct here *h = here_get(m, kind, id);
    bool first = h && h->name[0] && !h->announced;
    if (first)
        h->announced = true;
    pthread_mutex_unlock(&m->lock);
    return first;
}

/* The local id of NAME, which is the peer's ID; where there is none, that. Only
 * root is root, whatever the peer calls its other users. */
static bool by_name(enum zc_id_kind kind, const char *name, uint32_t id,
                    uint32_t *local)
{
    struct answer a;
    bool known = !ask(kind, name, 0, &a);
    *local = known && a.id && id ? a.id : id;
    free(a.name);
    return known;
}

int zc_idmap_learn(struct zc_idmap *m, enum zc_id_kind kind, uint32_t id,
                   const char *name, size_t n)
{
    char text[ZC_ID_NAME_MAX + 1];
    if (m->numeric || n == 0 || n > ZC_ID_NAME_MAX || memchr(name, '\0', n))
        return 0;
    memcpy(text, name, n);
    text[n] = '\0';

    uint32_t local;
    bool known = zc_idrules_find(m->rules[kind], text, id, &local);
    if (!known)
        known = by_name(kind, text, id, &local);

    int r = 0;
    pthread_mutex_lock(&m->lock);
    struct there *t = zc_map_get(&m->there, kind, id);
    if (!t && m->there.used < ZC_IDMAP_LEARN_MAX) {
        t = malloc(sizeof *t);
        if (!t || zc_map_put(&m->there, kind, id, t)) {
            free(t);
            t = NULL;
            r = -1;
        }
    }
    if (t)
        t->local = local;
    m->unsure |= !known;
    pthread_mutex_unlock(&m->lock);
    return r;
}

uint32_t zc_idmap_local(struct zc_idmap *m, enum zc_id_kind kind, uint32_t id)
{
    pthread_mutex_lock(&m->lock);
    const struct there *t = zc_map_get(&m->there, kind, id);
    uint32_t local;
    if (m->forced[kind])
        local = m->force[kind];
    else if (t)
        local = t->local;
    else if (!zc_idrules_find(m->rules[kind], "", id, &local))
        local = id;
    pthread_mutex_unlock(&m->lock);
    return local;
}

int zc_idmap_peers(struct zc_idmap *m, enum zc_id_kind kind,
                   struct zc_map *peers)
{
    size_t at = 0;
    int bad = 0;
    pthread_mutex_lock(&m->lock);
    for (struct zc_map_slot *s; !bad && (s = zc_map_next(&m->there, &at));) {
        const struct there *t = s->value;
        if (s->a == kind)
            bad = zc_map_put(peers, t->local, 0,
                             (void *)(uintptr_t)(s->b + 1));
    }
    pthread_mutex_unlock(&m->lock);
    bool more = !bad;
    uint32_t from, local;
    for (size_t i = 0; more; i++)
        if (zc_idrules_ids(m->rules[kind], i, &more, &from, &local) &&
            !zc_map_get(peers, local, 0) &&
            zc_map_put(peers, local, 0, (void *)((uintptr_t)from + 1)))
            return -1;
    return bad;
}

void zc_idmap_force(struct zc_idmap *m, enum zc_id_kind kind, uint32_t id)
{
    pthread_mutex_lock(&m->lock);
    m->forced[kind] = true;
    m->force[kind] = id;
    pthread_mutex_unlock(&m->lock);
}

void zc_idmap_rule(struct zc_idmap *m, enum zc_id_kind kind,
                   struct zc_idrules *rules)
{
    zc_idrules_free(m->rules[kind]);
    m->rules[kind] = rules;
}

bool zc_idmap_all_are(struct zc_idmap *m, enum zc_id_kind kind, uint32_t *id)
{
    pthread_mutex_lock(&m->lock);
    bool forced = m->forced[kind];
    if (forced)
        *id = m->force[kind];
    pthread_mutex_unlock(&m->lock);
    return forced || zc_idrules_for_all(m->rules[kind], id);
}

int zc_id_lookup(enum zc_id_kind kind, const char *name, uint32_t *id)
{
    struct answer a;
    if (ask(kind, name, 0, &a) == 0) {
        *id = a.id;
        free(a.name);
        return 0;
    }
    /* A number; the highest one means "no id" to chown(2). */
    uint64_t v = 0;
    if (!*name)
        return -1;
    for (const char *p = name; *p; p++) {
        if (*p < '0' || *p > '9')
            return -1;
        v = v * 10 + (uint64_t)(*p - '0');
        if (v >= UINT32_MAX)
            return -1;
    }
    *id = (uint32_t)v;
    return 0;
}

void zc_idmap_warm_up(void)
{
    /* What no module knows makes the C library load and ask all of them. */
    const char *nobody = "zcsync-no-such-name";
    for (int kind = ZC_ID_USER; kind <= ZC_ID_GROUP; kind++) {
        struct answer a;
        ask((enum zc_id_kind)kind, nobody, 0, &a);
        free(a.name);
        ask((enum zc_id_kind)kind, NULL, UINT32_MAX - 2, &a);
        free(a.name);
    }
}
