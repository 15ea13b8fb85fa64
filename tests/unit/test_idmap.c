// SPDX-License-Identifier: GPL-2.0-or-later
/* src/fs/idmap.c: names and numbers of users and groups. */
#include "tap.h"

#include "base/map.h"
#include "fs/idmap.h"

#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static void learn(struct zc_idmap *m, enum zc_id_kind kind, uint32_t id,
                  const char *name)
{
    if (zc_idmap_learn(m, kind, id, name, strlen(name)))
        diag("out of memory");
}

/* Some user other than root; the id is not 0. */
static bool some_user(char *name, size_t size, uint32_t *id)
{
    const struct passwd *pw;
    bool found = false;
    setpwent();
    while (!found && (pw = getpwent()))
        if (pw->pw_uid) {
            snprintf(name, size, "%s", pw->pw_name);
            *id = pw->pw_uid;
            found = true;
        }
    endpwent();
    return found;
}

static void test_names(const char *user, uint32_t uid)
{
    struct zc_idmap *m = zc_idmap_new(false);
    const char *name = zc_idmap_name(m, ZC_ID_USER, uid);
    is_str(name, user, "the name of a local user");
    is_str(zc_idmap_name(m, ZC_ID_USER, 3999999999u), "", "no name: empty");
    is_str(zc_idmap_name(m, ZC_ID_GROUP, 3999999999u), "", "groups too");
    for (uint32_t id = 4000000000u; id < 4000000200u; id++)
        zc_idmap_name(m, ZC_ID_USER, id);
    ok(name == zc_idmap_name(m, ZC_ID_USER, uid), "and it stays where it is");

    ok(zc_idmap_announce(m, ZC_ID_USER, uid), "announced the first time");
    ok(!zc_idmap_announce(m, ZC_ID_USER, uid), "and not again");
    ok(!zc_idmap_announce(m, ZC_ID_USER, 3999999999u),
       "nothing to announce where there is no name");
    ok(zc_idmap_announce(m, ZC_ID_GROUP, 0), "users and groups apart");
    zc_idmap_free(m);
}

static uint32_t ruled(const char *rules, const char *name, uint32_t id)
{
    struct zc_err err;
    uint32_t local = UINT32_MAX;
    struct zc_idrules *r = zc_idrules_parse(rules, ZC_ID_USER, zc_id_lookup,
                                            &err);
    if (!r)
        diag("%s: %s", rules, err.text);
    zc_idrules_find(r, name, id, &local);
    zc_idrules_free(r);
    return local;
}

static void test_rules(void)
{
    static const char *const bad[] = {"",     "a",    "a:",    ":",   "1-:2",
                                      "1x:2", "1-2-3:4", "a:1,",
                                      "a:no-such-user", "4294967295:1"};
    struct zc_err err;
    is_int(ruled("ann:7,*:8", "ann", 1), 7, "a name");
    is_int(ruled("ann:7,*:8", "bob", 1), 8, "the first that matches counts");
    is_int(ruled("ann:7", "bob", 1), UINT32_MAX, "none matches");
    is_int(ruled("a[mn]?:7", "ann", 1), 7, "a pattern");
    is_int(ruled("*:7", "", 1), 7, "* is also nobody");
    is_int(ruled(":7", "", 1), 7, "nothing is somebody without a name");
    is_int(ruled(":7", "ann", 1), UINT32_MAX, "and nobody else");
    is_int(ruled("1000-1999:7", "ann", 1999), 7, "a range");
    is_int(ruled("1000-1999:7", "ann", 2000), UINT32_MAX, "which ends");
    is_int(ruled("0:root", "root", 0), 0, "by name here");
    for (size_t i = 0; i < ZC_ARRAY_LEN(bad); i++) {
        struct zc_idrules *r = zc_idrules_parse(bad[i], ZC_ID_USER,
                                                zc_id_lookup, &err);
        ok(!r, "\"%s\" is refused: %s", bad[i], err.text);
        zc_idrules_free(r);
    }
    ok(!zc_idrules_check("a:no-such-user", &err), "who is here is asked there");

    struct zc_idmap *m = zc_idmap_new(false);
    zc_idmap_rule(m, ZC_ID_USER,
                  zc_idrules_parse("ann:7,1000:8", ZC_ID_USER, zc_id_lookup,
                                   &err));
    learn(m, ZC_ID_USER, 5, "ann");
    learn(m, ZC_ID_USER, 1000, "bob");
    is_int(zc_idmap_local(m, ZC_ID_USER, 5), 7, "a map follows them");
    is_int(zc_idmap_local(m, ZC_ID_USER, 1000), 8, "whoever it is");
    is_int(zc_idmap_local(m, ZC_ID_USER, 1001), 1001, "or not");
    is_int(zc_idmap_local(m, ZC_ID_GROUP, 1000), 1000, "groups apart");
    zc_idmap_free(m);
}

/* Who all become with RULES; UINT32_MAX: not all of them the same. */
static uint32_t all_become(const char *rules)
{
    struct zc_err err;
    uint32_t id = UINT32_MAX;
    struct zc_idmap *m = zc_idmap_new(true);
    zc_idmap_rule(m, ZC_ID_GROUP, zc_idrules_parse(rules, ZC_ID_GROUP,
                                                   zc_id_lookup, &err));
    if (!zc_idmap_all_are(m, ZC_ID_GROUP, &id) ||
        zc_idmap_all_are(m, ZC_ID_USER, &id))
        id = UINT32_MAX;
    zc_idmap_free(m);
    return id;
}

static uint32_t peer_of(const struct zc_map *peers, uint32_t local)
{
    return (uint32_t)(uintptr_t)zc_map_get(peers, local, 0) - 1;
}

static void test_reverse(void)
{
    struct zc_err err;
    struct zc_map peers = {0};
    is_int(all_become("*:7"), 7, "a rule for all");
    is_int(all_become("**:7,root:8"), 7, "what follows does not count");
    is_int(all_become("root:8,*:7"), UINT32_MAX, "not after another");
    is_int(all_become("a*:7"), UINT32_MAX, "some");
    is_int(all_become(":7"), UINT32_MAX, "who has no name");
    is_int(all_become("0-4294967294:7"), UINT32_MAX, "numbers");

    struct zc_idmap *m = zc_idmap_new(false);
    zc_idmap_rule(m, ZC_ID_USER,
                  zc_idrules_parse("ann:7,1000:8,2000-2999:9,3000:7", ZC_ID_USER,
                                   zc_id_lookup, &err));
    learn(m, ZC_ID_USER, 5, "ann");
    is_int(zc_idmap_peers(m, ZC_ID_USER, &peers), 0, "and back");
    is_int(peer_of(&peers, 7), 5, "by a name");
    is_int(peer_of(&peers, 8), 1000, "by a number");
    is_int(peer_of(&peers, 9), 2000, "one of several");
    is_int(peer_of(&peers, 10), UINT32_MAX, "nobody");
    zc_map_fini(&peers);
    zc_idmap_force(m, ZC_ID_USER, 77);
    uint32_t id = 0;
    ok(zc_idmap_all_are(m, ZC_ID_USER, &id) && id == 77, "--chown is for all");
    ok(!zc_idmap_all_are(m, ZC_ID_GROUP, &id), "users apart");
    zc_idmap_free(m);
}

static void test_learning(const char *user, uint32_t uid)
{
    struct zc_idmap *m = zc_idmap_new(false);
    is_int(zc_idmap_local(m, ZC_ID_USER, 1234567), 1234567,
           "an id nobody named stays");
    learn(m, ZC_ID_USER, 1234567, user);
    is_int(zc_idmap_local(m, ZC_ID_USER, 1234567), uid,
           "a name known here decides");
    is_int(zc_idmap_local(m, ZC_ID_GROUP, 1234567), 1234567,
           "for users only");
    learn(m, ZC_ID_USER, 1234568, "zcsync-no-such-user");
    is_int(zc_idmap_local(m, ZC_ID_USER, 1234568), 1234568,
           "an unknown name leaves the number");

    learn(m, ZC_ID_USER, 0, user);
    is_int(zc_idmap_local(m, ZC_ID_USER, 0), 0, "root is root");
    learn(m, ZC_ID_USER, 4711, "root");
    is_int(zc_idmap_local(m, ZC_ID_USER, 4711), 4711, "and nobody else is");

    learn(m, ZC_ID_USER, 4712, "");
    learn(m, ZC_ID_USER, 4712, "4713");
    is_int(zc_idmap_local(m, ZC_ID_USER, 4712), 4712,
           "numbers and nothing are no names");
    is_int(zc_idmap_learn(m, ZC_ID_USER, 4714, "ro\0ot", 5), 0, "a NUL");
    is_int(zc_idmap_local(m, ZC_ID_USER, 4714), 4714, "is no name either");
    char big[400];
    memset(big, 'u', sizeof big);
    is_int(zc_idmap_learn(m, ZC_ID_USER, 4715, big, sizeof big), 0,
           "too long a name is ignored");
    is_int(zc_idmap_local(m, ZC_ID_USER, 4715), 4715, "with its id");

    zc_idmap_force(m, ZC_ID_USER, 77);
    is_int(zc_idmap_local(m, ZC_ID_USER, 1234567), 77, "--chown is for all");
    is_int(zc_idmap_local(m, ZC_ID_USER, 0), 77, "root included");
    is_int(zc_idmap_local(m, ZC_ID_GROUP, 5), 5, "and users apart");
    zc_idmap_free(m);
}

static void test_numeric(const char *user, uint32_t uid)
{
    struct zc_idmap *m = zc_idmap_new(true);
    is_str(zc_idmap_name(m, ZC_ID_USER, uid), "", "numeric: no names");
    ok(!zc_idmap_announce(m, ZC_ID_USER, uid), "numeric: none announced");
    learn(m, ZC_ID_USER, 1234567, user);
    is_int(zc_idmap_local(m, ZC_ID_USER, 1234567), 1234567,
           "numeric: none learned");
    zc_idmap_force(m, ZC_ID_GROUP, 78);
    is_int(zc_idmap_local(m, ZC_ID_GROUP, 1), 78, "numeric: --chown works");
    zc_idmap_free(m);
    zc_idmap_free(NULL);
}

static void test_lookup(const char *user, uint32_t uid)
{
    static const char *const bad[] = {
        "", "zcsync-no-such-user", "-1", "+1", " 1", "1 ", "0x10", "1.0",
        "4294967295", "4294967296", "99999999999999999999999"};
    uint32_t id = 1;
    ok(zc_id_lookup(ZC_ID_USER, "root", &id) == 0 && id == 0, "root is 0");
    ok(zc_id_lookup(ZC_ID_GROUP, "root", &id) == 0 && id == 0, "its group too");
    ok(zc_id_lookup(ZC_ID_USER, user, &id) == 0 && id == uid, "a user by name");
    ok(zc_id_lookup(ZC_ID_USER, "007", &id) == 0 && id == 7, "by number");
    ok(zc_id_lookup(ZC_ID_GROUP, "4294967294", &id) == 0 && id == 4294967294u,
       "by the highest number");
    for (size_t i = 0; i < ZC_ARRAY_LEN(bad); i++)
        is_int(zc_id_lookup(ZC_ID_USER, bad[i], &id), -1, "\"%s\" is nobody",
               bad[i]);
}

static void test_limit(void)
{
    struct zc_idmap *m = zc_idmap_new(false);
    char name[32];
    int failed = 0;
    for (uint32_t i = 1; i <= 300; i++) {
        snprintf(name, sizeof name, "zcsync-nobody-%u", i);
        failed += zc_idmap_learn(m, ZC_ID_GROUP, i, name, strlen(name)) != 0;
    }
    for (uint32_t i = 1; i <= 300; i++)
        failed += zc_idmap_local(m, ZC_ID_GROUP, i) != i;
    is_int(failed, 0, "many unknown groups");
    zc_idmap_free(m);
}

struct shared {
    struct zc_idmap *m;
    uint32_t uid;
    atomic_int announced, wrong;
};

static void *hammer(void *arg)
{
    struct shared *s = arg;
    for (int i = 0; i < 2000; i++) {
        if (zc_idmap_announce(s->m, ZC_ID_USER, s->uid))
            s->announced++;
        zc_idmap_learn(s->m, ZC_ID_GROUP, (uint32_t)i % 50 + 1, "no-such", 7);
        uint32_t id = (uint32_t)i % 99 + 1;
        if (zc_idmap_local(s->m, ZC_ID_GROUP, id) != id ||
            !*zc_idmap_name(s->m, ZC_ID_USER, s->uid))
            s->wrong++;
    }
    return NULL;
}

static void test_threads(uint32_t uid)
{
    struct shared s = {.m = zc_idmap_new(false), .uid = uid};
    pthread_t t[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, hammer, &s);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    is_int(s.announced, 1, "of four threads one announces");
    is_int(s.wrong, 0, "and all get the right answers");
    zc_idmap_free(s.m);
}

int main(void)
{
    char user[256];
    uint32_t uid;
    zc_idmap_warm_up();
    if (!getpwuid(0) || strcmp(getpwuid(0)->pw_name, "root") != 0 ||
        !getgrnam("root") || !some_user(user, sizeof user, &uid))
        skip_all("no users in /etc/passwd");
    test_names(user, uid);
    test_rules();
    test_reverse();
    test_learning(user, uid);
    test_numeric(user, uid);
    test_lookup(user, uid);
    test_limit();
    test_threads(uid);
    return done_testing();
}
