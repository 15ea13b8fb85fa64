// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * known_peers. What is taken is taken again, with the same meaning, when it is
 * written out line by line; what is not has a sentence that starts with the
 * file's name.
 */
#include "base/buf.h"
#include "net/known_peers.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char file[] = "fuzz.known";

static void must(bool truth)
{
    if (!truth)
        abort();
}

static void again(const struct zc_known_peers *k)
{
    struct zc_buf b = ZC_BUF_INIT;
    char key[ZC_KEY_TEXT_SIZE], name[ZC_KNOWN_PEER_NAME];
    for (size_t i = 0; i < k->v.len; i++) {
        const struct zc_known_peer *p = &k->v.v[i];
        must(zc_known_peer_name(p->name, strlen(p->name), name, NULL) == 0);
        must(strcmp(name, p->name) == 0);
        must(zc_known_peers_find(k, p->name) == p);
        zc_key_text(p->key, key);
        zc_buf_printf(&b, "%s %s\n", p->name, key);
    }
    if (!b.failed && b.len <= ZC_KNOWN_PEERS_MAX) {
        struct zc_known_peers *l =
            zc_known_peers_parse(file, (const char *)b.data, b.len, NULL);
        must(l && l->v.len == k->v.len);
        for (size_t i = 0; i < k->v.len; i++)
            must(strcmp(l->v.v[i].name, k->v.v[i].name) == 0 &&
                 zc_key_equal(l->v.v[i].key, k->v.v[i].key));
        zc_known_peers_free(l);
    }
    zc_buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zc_err err = {0};
    struct zc_known_peers *k =
        zc_known_peers_parse(file, (const char *)data, size, &err);
    if (k)
        again(k);
    else
        must(err.code == ZC_EXIT_USAGE &&
             strncmp(err.text, file, sizeof file - 1) == 0);
    zc_known_peers_free(k);
    return 0;
}
