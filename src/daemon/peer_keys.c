// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys of destinations, shared; see peer_keys.h. `seq` is odd while they are
 * written, and who reads tries again, as in mirror/status.c.
 */
#include "daemon/peer_keys.h"

#include "mirror/status.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

struct keys {
    uint32_t n;
    uint8_t v[ZC_CONF_PEER_KEYS_MAX][ZC_KEY_SIZE];
};

struct zc_peer_keys {
    atomic_uint seq;
    struct keys of[ZC_STATUS_PEERS_MAX];
};

struct zc_peer_keys *zc_peer_keys_new(void)
{
    void *p = mmap(NULL, sizeof(struct zc_peer_keys), PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

void zc_peer_keys_free(struct zc_peer_keys *k)
{
    if (k)
        munmap(k, sizeof *k);
}

bool zc_peer_keys_set(struct zc_peer_keys *k, const struct zc_conf_mirror *m)
{
    struct keys now[ZC_STATUS_PEERS_MAX] = {{0}};
    for (size_t i = 0; i < m->to.len && i < ZC_STATUS_PEERS_MAX; i++) {
        const struct zc_conf_peer *p = m->to.v[i].peer;
        now[i].n = p ? (uint32_t)p->keys.len : 0;
        for (size_t n = 0; n < now[i].n; n++)
            memcpy(now[i].v[n], p->keys.v[n].key, ZC_KEY_SIZE);
    }
    if (memcmp(k->of, now, sizeof now) == 0)
        return false;
    atomic_fetch_add(&k->seq, 1);
    atomic_thread_fence(memory_order_seq_cst);
    memcpy(k->of, now, sizeof now);
    atomic_thread_fence(memory_order_seq_cst);
    atomic_fetch_add(&k->seq, 1);
    return true;
}

bool zc_peer_keys_have(const struct zc_peer_keys *k, size_t i, const char *key)
{
    uint8_t raw[ZC_KEY_SIZE];
    struct keys now;
    unsigned seq;
    if (!zc_key_parse(key, strlen(key), raw))
        return false;
    for (;;) {
        seq = atomic_load(&k->seq);
        atomic_thread_fence(memory_order_seq_cst);
        memcpy(&now, &k->of[i], sizeof now);
        atomic_thread_fence(memory_order_seq_cst);
        if (!(seq & 1) && atomic_load(&k->seq) == seq)
            break;
        sched_yield();
    }
    const uint8_t (*v)[ZC_KEY_SIZE] = now.v;
    return zc_keys_have((struct zc_keys){v, now.n}, raw);
}
