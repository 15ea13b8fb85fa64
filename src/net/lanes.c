// SPDX-License-Identifier: GPL-2.0-or-later
/* Records of lanes; see lanes.h. A word of 4 bytes, its high half 0xffff for a
 * switch, with the lane in the low one, and else the number of bytes. */
#include "net/lanes.h"

#include "base/buf.h"

#include <endian.h>
#include <string.h>

#define SWITCH UINT32_C(0xffff0000)
/* With less the current lane is left for one that has more. */
#define ROOM_MIN ((size_t)64 * ZC_KIB)

static const uint8_t magic[8] = {'z', 'c', 'l', 'a', 'n', 'e', '\r', '\n'};
const uint8_t zc_lanes_joined[ZC_LANES_JOINED_SIZE] = {'z', 'c', 'j', 'o',
                                                       'i', 'n', 'e', 'd'};

void zc_lanes_encode(const struct zc_lanes_join *j,
                     uint8_t out[ZC_LANES_JOIN_SIZE])
{
    memset(out, 0, ZC_LANES_JOIN_SIZE);
    memcpy(out, magic, sizeof magic);
    out[8] = (uint8_t)j->lane;
    memcpy(out + 16, j->name, sizeof j->name);
}

int zc_lanes_decode(const uint8_t in[ZC_LANES_JOIN_SIZE],
                    struct zc_lanes_join *j, struct zc_err *err)
{
    if (memcmp(in, magic, sizeof magic) != 0)
        return zc_err_set(err, ZC_EXIT_PROTOCOL, 0,
                          "the peer does not speak the zcsync protocol");
    j->lane = in[8];
    memcpy(j->name, in + 16, sizeof j->name);
    if (j->lane == 0 || j->lane >= ZC_LANES_MAX)
        return zc_err_set(err, ZC_EXIT_PROTOCOL, 0, "there is no channel %u",
                          j->lane);
    return 0;
}

bool zc_lanes_joined_begins(const uint8_t *in, size_t n)
{
    return memcmp(in, zc_lanes_joined, ZC_MIN(n, sizeof zc_lanes_joined)) == 0;
}

/* --- who reads --- */

size_t zc_lanes_next(struct zc_lanes_in *in, uint8_t **word)
{
    *word = in->left ? NULL : in->word + in->have;
    return in->left ? in->left : ZC_LANES_WORD - in->have;
}

int zc_lanes_took(struct zc_lanes_in *in, size_t n)
{
    uint32_t word;
    if (in->left) {
        in->left -= (uint32_t)n;
        return 0;
    }
    in->have += (unsigned)n;
    if (in->have < ZC_LANES_WORD)
        return 0;
    in->have = 0;
    memcpy(&word, in->word, sizeof word);
    word = le32toh(word);
    if (word && word <= ZC_LANES_RECORD_MAX) {
        in->left = word;
        return 0;
    }
    unsigned lane = word & ~SWITCH;
    if ((word & SWITCH) != SWITCH || lane >= ZC_LANES_MAX ||
        !(in->joined & 1u << lane))
        return -1;
    in->current = lane;
    return 0;
}

/* --- who writes --- */

void zc_lanes_begin(struct zc_lanes_out *o, const uint8_t name[ZC_LANES_NAME])
{
    *o = (struct zc_lanes_out){.head_len = ZC_LANES_NAME};
    memcpy(o->head, name, ZC_LANES_NAME);
}

const uint8_t *zc_lanes_todo(const struct zc_lanes_out *o, size_t *n)
{
    *n = o->head_len - o->head_at;
    if (*n)
        return o->head + o->head_at;
    *n = o->left;
    return NULL;
}

void zc_lanes_wrote(struct zc_lanes_out *o, size_t n)
{
    if (o->head_at == o->head_len) {
        o->left -= (uint32_t)n;
        return;
    }
    o->head_at += n;
    if (o->head_at < o->head_len)
        return;
    o->head_at = o->head_len = 0;
    o->current = o->next;
}

static void put(struct zc_lanes_out *o, uint32_t word)
{
    word = htole32(word);
    memcpy(o->head, &word, sizeof word);
    o->head_at = 0;
    o->head_len = sizeof word;
}

/* A lane keeps room for a switch: else one that is full could not be left. */
bool zc_lanes_decide(struct zc_lanes_out *o, size_t len,
                     const size_t room[ZC_LANES_MAX])
{
    unsigned most = o->current;
    size_t here = room[o->current];
    if (!len || here < ZC_LANES_WORD)
        return false;
    if (here < ROOM_MIN)
        for (unsigned i = 0; i < ZC_LANES_MAX; i++)
            if (room[i] >= ROOM_MIN && room[i] > room[most])
                most = i;
    o->next = most;
    if (most != o->current) {
        put(o, SWITCH | most);
        return true;
    }
    if (here <= 2 * ZC_LANES_WORD)
        return false;
    len = ZC_MIN(len, here - 2 * ZC_LANES_WORD);
    o->left = (uint32_t)ZC_MIN(len, (size_t)ZC_LANES_RECORD_MAX);
    put(o, o->left);
    return true;
}
