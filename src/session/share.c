// SPDX-License-Identifier: GPL-2.0-or-later
/* Who may open what; see share.h. */
#include "session/share.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

static bool is_among(const uint8_t (*keys)[ZC_KEY_SIZE], size_t n,
                     const uint8_t *key)
{
    bool found = false;
    for (size_t i = 0; i < n; i++)
        found |= zc_key_equal(keys[i], key);
    return found;
}

bool zc_share_visible(const struct zc_share *share, const uint8_t *peer_key)
{
    if (!zc_share_sealed(share) || !peer_key)
        return !zc_share_sealed(share) && !peer_key;
    bool writes = is_among(share->keys, share->n_keys, peer_key);
    bool reads = is_among(share->read_keys, share->n_read_keys, peer_key);
    return writes | reads;
}

bool zc_share_allows(const struct zc_share *share, const uint8_t *peer_key,
                     enum zc_role role)
{
    bool writes = !zc_share_sealed(share) ||
                  (peer_key && is_among(share->keys, share->n_keys, peer_key));
    if (role == ZC_ROLE_RECEIVER)
        return writes;
    return (writes && share->readable) ||
           (peer_key &&
            is_among(share->read_keys, share->n_read_keys, peer_key));
}

static bool is_named(const struct zc_share *share, uint32_t uid)
{
    for (size_t i = 0; i < share->n_users; i++)
        if (share->users[i] == uid)
            return true;
    return uid == 0 || uid == geteuid();
}

/* Who is let in as one of all is no better known than one from elsewhere. */
enum zc_admission zc_share_admits(const struct zc_share *share,
                                  const struct zc_plain_peer *peer)
{
    if (!peer->asked)
        return ZC_ADMIT_FULL;
    bool known = peer->who == ZC_PEER_USER;
    if (known && is_named(share, peer->uid))
        return ZC_ADMIT_FULL;
    if (known && !share->any_user)
        return ZC_ADMIT_NO;
    return share->trust ? ZC_ADMIT_FULL : ZC_ADMIT_RESTRICTED;
}

static const char *user_name(uint32_t uid)
{
    const struct passwd *p = getpwuid(uid);
    return p ? p->pw_name : "";
}

/* "user web (uid 1001)" */
static void user_text(uint32_t uid, char *out, size_t size)
{
    const char *name = user_name(uid);
    if (*name)
        snprintf(out, size, "user %.100s (uid %u)", name, uid);
    else
        snprintf(out, size, "user %u", uid);
}

void zc_share_refusal(const struct zc_share *share, uint32_t uid, char *out,
                      size_t size)
{
    char user[128];
    user_text(uid, user, sizeof user);
    snprintf(out, size, "%s%.255s %s let in %s: without keys %s for root and "
             "the user of the server, unless 'plain users' or --plain-user "
             "names others", share ? "share " : "the shares",
             share ? share->name : "", share ? "does not" : "do not", user,
             share ? "it is" : "they are");
}

#define LEFT_OUT \
    "foreign owners, setuid and setgid bits, capabilities, devices and " \
    "security.* are left out"

void zc_share_say(const struct zc_share *share, bool loopback, char *out,
                  size_t size)
{
    char own[128] = "", more[64] = "";
    const char *rights = share->trust ? "may set any owner and mode" : LEFT_OUT;
    if (geteuid() != 0)
        snprintf(own, sizeof own, " and %.100s", user_name(geteuid()));
    if (share->n_users)
        snprintf(more, sizeof more, " and %zu named user%s", share->n_users,
                 share->n_users == 1 ? "" : "s");
    if (share->any_user)
        snprintf(out, size, "plain: whoever can connect is let in; of others "
                            "than root%s%s %s", own, more, rights);
    else if (loopback)
        snprintf(out, size, "plain: lets in root%s%s of this machine, and "
                            "nobody else", own, more);
    else
        snprintf(out, size, "plain: lets in root%s%s of this machine, and "
                            "whoever can connect from another; of those %s",
                 own, more, rights);
}

/* The name comes last: it says nothing about a share that is not visible. */
const struct zc_share *zc_share_find(const struct zc_share *shares, size_t n,
                                     struct zc_bytes name,
                                     const uint8_t *peer_key)
{
    for (size_t i = 0; i < n; i++)
        if (zc_share_visible(&shares[i], peer_key) &&
            strlen(shares[i].name) == name.n &&
            !memcmp(shares[i].name, name.p, name.n))
            return &shares[i];
    return NULL;
}
