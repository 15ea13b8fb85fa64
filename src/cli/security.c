// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The policy of security.h, and the way to a connection:
 *
 *     which key is expected?  -> connect -> shake hands
 *                                             is it that key?    no: refused
 *                                             is it a new one?   remember, ask
 *
 * A person may take longer to answer than the peer waits for the rest of the
 * handshake. Then it is all done once more, with a key that is known.
 */
#include "cli/security.h"

#include "base/clock.h"
#include "base/log.h"
#include "cli/ask.h"
#include "net/dial.h"
#include "net/handshake.h"
#include "net/known_peers.h"

#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <xxhash.h>

/* A peer that waited so long for an answer may have given up: daemons do after
 * ten seconds. */
#define PATIENCE_NS (4 * ZC_NSEC_PER_SEC)

/* Lines that are kept in mind. */
#define SAID_MAX 1000

struct zc_trust {
    const struct zc_security_args *args;
    atomic_bool *stop;
    char *known_file;
    struct zc_identity *identity; /* NULL: none */
    struct zc_identity *peers_identity; /* for zcsyncd's [peer]s; NULL: that */
    uint8_t peer_key[ZC_KEY_SIZE];
    struct zc_keys wanted; /* that, or a [peer]'s */
    pthread_mutex_t asking; /* covers what follows, and the terminal */
    ZC_VEC(char *) declined; /* names whose keys the user did not want */
    ZC_VEC(uint64_t) said;   /* hashes of what was said of who is there */
};

/* One DEST on its way to a connection. */
struct attempt {
    struct zc_trust *trust;
    char name[ZC_KNOWN_PEER_NAME];
    char peer[sizeof((struct zc_transport *)0)->peer]; /* its address */
    bool expected;
    struct zc_keys wanted;    /* any of them, then */
    uint8_t key[ZC_KEY_SIZE]; /* the one of known_peers */
    unsigned line;            /* of known_peers; 0: from elsewhere */
    struct zc_keys pinned;    /* those of a [peer]; none: it is none */
    bool accepted;            /* the user has just said yes */
};

/* --- files --- */

char *zc_security_path(const char *name, struct zc_err *err)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    const struct passwd *pw;
    char *path = NULL;
    int n;
    if (config && *config == '/') { /* others are to be ignored, says XDG */
        n = asprintf(&path, "%s/zcsync/%s", config, name);
    } else {
        if ((!home || !*home) && (pw = getpwuid(getuid())))
            home = pw->pw_dir;
        if (!home || !*home) {
            zc_err_set(err, ZC_EXIT_USAGE, 0,
                       "there is no home directory to find %s in: HOME is not "
                       "set", name);
            return NULL;
        }
        n = asprintf(&path, "%s/.config/zcsync/%s", home, name);
    }
    if (n >= 0)
        return path;
    zc_err_nomem(err);
    return NULL;
}

int zc_security_identity(const char *file, struct zc_identity **id,
                         struct zc_err *err)
{
    zc_auto_free char *own = NULL;
    struct zc_err none;
    *id = NULL;
    if (!file) {
        /* No home, no identity. */
        own = zc_security_path(ZC_IDENTITY_NAME, &none);
        if (!own || (access(own, F_OK) &&
                     (errno == ENOENT || errno == ENOTDIR)))
            return 0;
        file = own;
    }
    *id = zc_identity_load(file, err);
    return *id ? 0 : -1;
}

int zc_security_key(const char *text, const char *known,
                    uint8_t key[ZC_KEY_SIZE], struct zc_err *err)
{
    zc_auto_free char *own = NULL;
    char name[ZC_KNOWN_PEER_NAME];
    if (zc_key_parse(text, strlen(text), key))
        return 0;
    if (zc_known_peer_name(text, strlen(text), name, NULL))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "'%.100s' is neither a public key nor the name of a "
                          "peer",
                          text);
    if (!known && !(known = own = zc_security_path(ZC_KNOWN_PEERS_NAME, err)))
        return -1;
    struct zc_known_peers *k = zc_known_peers_load(known, err);
    if (!k)
        return -1;
    const struct zc_known_peer *p = zc_known_peers_find(k, name);
    if (p)
        memcpy(key, p->key, ZC_KEY_SIZE);
    else
        zc_err_set(err, ZC_EXIT_USAGE, 0,
                   "'%.100s' is not a public key, and no name in %s", text,
                   known);
    zc_known_peers_free(k);
    return p ? 0 : -1;
}

/* --- what a command has --- */

/* The bits of the suites to offer in *BITS; 0: what this CPU is good at. */
static int suites(const char *name, unsigned *bits, struct zc_err *err)
{
    static const enum zc_suite all[] = {ZC_SUITE_AESGCM, ZC_SUITE_CHACHAPOLY};
    *bits = 0;
    for (size_t i = 0; name && i < ZC_ARRAY_LEN(all); i++)
        if (strcasecmp(name, zc_suite_text(all[i])) == 0)
            *bits = all[i];
    if (!name || *bits)
        return 0;
    return zc_err_set(err, ZC_EXIT_USAGE, 0, "--suite: '%.100s' is neither %s "
                      "nor %s", name, zc_suite_text(all[0]),
                      zc_suite_text(all[1]));
}

int zc_security_check(const struct zc_security_args *a, struct zc_err *err)
{
    unsigned bits;
    if (a->plain && a->peer_key)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--plain does not go with --peer-key: a peer with a "
                          "key is never spoken to in plain");
    if (a->plain && a->identity)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--plain does not go with --identity: there are no "
                          "keys in plain");
    return suites(a->suite, &bits, err);
}

/* The daemon's peers know the daemon's key. Who may not read that has to have one
 * of his own that they know. */
static void load_peers_identity(struct zc_trust *t)
{
    const struct zc_security_args *a = t->args;
    struct zc_err why;
    if (!a->peers_identity || a->identity || a->plain ||
        access(a->peers_identity, R_OK))
        return;
    t->peers_identity = zc_identity_load(a->peers_identity, &why);
    if (t->peers_identity)
        zc_identity_keep(t->peers_identity);
    else
        zc_log(ZC_LOG_INFO, "%s", why.text);
}

struct zc_trust *zc_trust_new(const struct zc_security_args *args,
                              atomic_bool *stop, struct zc_err *err)
{
    struct zc_trust *t = calloc(1, sizeof *t);
    if (!t) {
        zc_err_nomem(err);
        return NULL;
    }
    t->args = args;
    t->stop = stop;
    pthread_mutex_init(&t->asking, NULL);
    if (args->known_peers) {
        t->known_file = strdup(args->known_peers);
        if (!t->known_file)
            zc_err_nomem(err);
    } else {
        t->known_file = zc_security_path(ZC_KNOWN_PEERS_NAME, err);
    }
    t->wanted = args->peer_keys;
    if (args->peer_key && !t->wanted.n)
        t->wanted = (struct zc_keys){&t->peer_key, 1};
    if (t->known_file &&
        (args->plain ||
         zc_security_identity(args->identity, &t->identity, err) == 0) &&
        (!args->peer_key || args->peer_keys.n ||
         zc_security_key(args->peer_key, t->known_file, t->peer_key, err) ==
             0)) {
        load_peers_identity(t);
        if (t->identity) /* receivers of local DESTs have no use for it */
            zc_identity_keep(t->identity);
        return t;
    }
    zc_trust_free(t);
    return NULL;
}

void zc_trust_free(struct zc_trust *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->declined.len; i++)
        free(t->declined.v[i]);
    zc_vec_fini(&t->declined);
    zc_vec_fini(&t->said);
    pthread_mutex_destroy(&t->asking);
    zc_identity_free(t->identity);
    zc_identity_free(t->peers_identity);
    free(t->known_file);
    free(t);
}

/* --- which key --- */

#define refuse(err, ...) zc_err_set((err), ZC_EXIT_START, 0, __VA_ARGS__)

/* Looks for the key of A's peer, which may have become known since the last
 * time. */
static int look_up(struct attempt *a, struct zc_err *err)
{
    const struct zc_trust *t = a->trust;
    a->wanted = t->wanted.n ? t->wanted : a->pinned;
    a->expected = a->wanted.n > 0;
    if (a->expected)
        return 0;
    struct zc_known_peers *k = zc_known_peers_load(t->known_file, err);
    if (!k)
        return -1;
    const struct zc_known_peer *p = zc_known_peers_find(k, a->name);
    a->expected = p != NULL;
    if (p) {
        memcpy(a->key, p->key, sizeof a->key);
        a->wanted = (struct zc_keys){&a->key, 1};
        a->line = p->line;
    }
    zc_known_peers_free(k);
    return 0;
}

static struct zc_identity *identity_for(const struct attempt *a)
{
    return a->pinned.n && a->trust->peers_identity ? a->trust->peers_identity
                                               : a->trust->identity;
}

/* What can be said before a connection is made. */
static int expect(void *arg, struct zc_err *err)
{
    struct attempt *a = arg;
    const struct zc_trust *t = a->trust;
    if (look_up(a, err))
        return -1;
    if (a->pinned.n && t->args->plain)
        return refuse(err, "%s is a [peer] that has a public key, and is not "
                           "spoken to in plain: do without --plain", a->name);
    if (a->expected && t->args->plain)
        return refuse(err, "%s has a key, in %s:%u, and is not spoken to in "
                           "plain: do without --plain",
                      a->name, t->known_file, a->line);
    if (a->expected && !identity_for(a))
        return refuse(err, "%s has a key, but we have none of our own to show "
                           "it: 'zcsync keygen' makes one",
                      a->name);
    return 0;
}

/* A's name as it is best written on a command line: without brackets, which
 * shells may take for a pattern, where it can do without. */
static const char *typed(const struct attempt *a, char out[ZC_KNOWN_PEER_NAME])
{
    const char *end = strchr(a->name, ']');
    snprintf(out, ZC_KNOWN_PEER_NAME, "%s", a->name);
    if (*a->name == '[' && end &&
        !memchr(a->name, ':', (size_t)(end - a->name)))
        snprintf(out, ZC_KNOWN_PEER_NAME, "%.*s%s", (int)(end - a->name - 1),
                 a->name + 1, end + 1);
    return out;
}

/* Whether KEY is what is expected. */
static int compare(const struct attempt *a, const uint8_t key[ZC_KEY_SIZE],
                   struct zc_err *err)
{
    char have[ZC_KEY_TEXT_SIZE], want[ZC_KEY_TEXT_SIZE];
    char name[ZC_KNOWN_PEER_NAME];
    if (zc_keys_have(a->wanted, key))
        return 0;
    zc_key_text(key, have);
    zc_key_text(a->wanted.v[0], want);
    if (!a->line && a->wanted.n > 1)
        return refuse(err, "%s has the key %s, which is none of the %zu wanted, "
                           "%s and so on", a->name, have, a->wanted.n, want);
    if (!a->line)
        return refuse(err, "%s has the key %s, which is not the one wanted, %s",
                      a->name, have, want);
    return refuse(err, "the key of %s has changed: it is %s now, and in %s:%u "
                       "it is %s; somebody may be posing as that host. If it "
                       "has got a new key: 'zcsync key trust --replace %s %s'",
                  a->name, have, a->trust->known_file, a->line, want,
                  typed(a, name), have);
}

static enum zc_answer ask(const struct attempt *a, const char *key)
{
    char question[1024];
    snprintf(question, sizeof question,
             "The key of %s (%s) is not known yet. It is\n    %s\n"
             "Is that its key, to be trusted from now on (yes, no, or the key "
             "you expect)? ",
             a->name, a->peer, key);
    return zc_ask(question, key, a->trust->stop);
}

/* The user is not asked again about A's peer. */
static int decline(struct attempt *a, struct zc_err *err)
{
    char *copy = strdup(a->name);
    if (!copy || zc_vec_push(&a->trust->declined, copy)) {
        free(copy);
        return zc_err_nomem(err);
    }
    return refuse(err, "the key of %s has not been trusted", a->name);
}

static bool declined(const struct attempt *a)
{
    for (size_t i = 0; i < a->trust->declined.len; i++)
        if (strcmp(a->trust->declined.v[i], a->name) == 0)
            return true;
    return false;
}

/* KEY is remembered, if the user or --accept-new will have it. With the
 * lock. */
static int first_use(struct attempt *a, const uint8_t key[ZC_KEY_SIZE],
                     struct zc_err *err)
{
    struct zc_trust *t = a->trust;
    char text[ZC_KEY_TEXT_SIZE], name[ZC_KNOWN_PEER_NAME];
    zc_key_text(key, text);
    if (declined(a))
        return refuse(err, "the key of %s has not been trusted", a->name);
    int64_t start = zc_clock_ns();
    enum zc_answer answer =
        t->args->accept_new ? ZC_ANSWER_YES : ask(a, text);
    if (answer == ZC_ANSWER_NO)
        return decline(a, err);
    if (answer == ZC_ANSWER_STOPPED)
        return zc_err_set(err, ZC_EXIT_SIGNAL, 0, "interrupted");
    if (answer == ZC_ANSWER_NO_TERMINAL)
        return refuse(err, "the key of %s is not known yet, and there is no "
                           "terminal to ask at: if %s is its key, run 'zcsync "
                           "key trust %s %s', or use --accept-new",
                      a->name, text, typed(a, name), text);
    if (zc_known_peers_add(t->known_file, a->name, key, false, err))
        return -1;
    zc_log(ZC_LOG_WARN, "%s: its key, %s, is trusted from now on (%s)",
           a->name, text, t->known_file);
    a->accepted = !t->args->accept_new;
    if (zc_clock_ns() - start > PATIENCE_NS)
        return zc_err_set(err, ZC_EXIT_TIMEOUT, 0,
                          "%s has waited too long for an answer", a->name);
    return 0;
}

/* The handshake's question; see struct zc_security. */
static int trust_key(void *arg, const uint8_t key[ZC_KEY_SIZE],
                     struct zc_err *err)
{
    struct attempt *a = arg;
    if (a->expected)
        return compare(a, key, err);
    pthread_mutex_lock(&a->trust->asking);
    /* Another DEST on that host may have been first. */
    int r = look_up(a, err);
    if (r == 0)
        r = a->expected ? compare(a, key, err) : first_use(a, key, err);
    pthread_mutex_unlock(&a->trust->asking);
    return r;
}

/* --- the connection --- */

/* Connected to T: what the handshake may come to. */
static int secure(void *arg, const struct zc_transport *t,
                  struct zc_security *sec, struct zc_err *err)
{
    struct attempt *a = arg;
    const struct zc_trust *trust = a->trust;
    /* With a socket's path there is no name to know a key by. */
    bool keyless = *a->name == '/' && !a->expected;
    *sec = (struct zc_security){
        .identity = keyless ? NULL : identity_for(a),
        .plain_only = keyless             ? "there is no --peer-key"
                      : trust->args->plain ? "--plain was asked for"
                                           : NULL,
        .plain = !a->expected && (trust->args->plain || zc_dial_loopback(t)),
        .no_ktls = !trust->args->ktls,
        .trust = trust_key,
        .arg = a,
    };
    (void)suites(trust->args->suite, &sec->suites, err); /* it was checked */
    if (!sec->identity && !sec->plain)
        return refuse(err, "%s (%s) is another machine, and there are no keys: "
                           "make them on both with 'zcsync keygen' and exchange "
                           "them with 'zcsync key trust', or allow it with "
                           "--plain that all in between can read and change "
                           "what is sent",
                      a->name, t->peer);
    snprintf(a->peer, sizeof a->peer, "%s", t->peer);
    return 0;
}

/* A mirror tries again and again: a line that was said is not said again. */
static bool is_news(struct zc_trust *trust, const char *line)
{
    uint64_t hash = XXH3_64bits(line, strlen(line));
    bool found = false;
    pthread_mutex_lock(&trust->asking);
    for (size_t i = 0; i < trust->said.len && !found; i++)
        found = trust->said.v[i] == hash;
    if (!found && trust->said.len < SAID_MAX)
        (void)!zc_vec_push(&trust->said, hash);
    pthread_mutex_unlock(&trust->asking);
    return !found;
}

static void tell(struct zc_trust *trust, const char *dest,
                 const struct zc_transport *t)
{
    bool sealed = t->peer_key[0];
    bool kernel = strstr(t->security, "kernel");
    zc_auto_free char *line = NULL;
    if (asprintf(&line, "%s: %s, %s%s%s%s", dest, t->peer, t->security,
                 sealed && !kernel ? ", user space" : "",
                 sealed ? ", key " : "", t->peer_key) < 0)
        line = NULL;
    if (line && is_news(trust, line))
        zc_log(ZC_LOG_INFO, "%s", line);
}

int zc_trust_reach(struct zc_trust *trust, const struct zc_reach *way,
                   const char *dest, struct zc_reached *out,
                   struct zc_err *err)
{
    struct attempt a = {.trust = trust, .pinned = way->at->keys};
    struct zc_reach how = *way;
    if (how.at->kind != ZC_AT_DAEMON)
        return zc_reach(&how, out, err);
    how.expect = expect;
    how.secure = secure;
    how.secure_arg = &a;
    if (*how.at->host == '/')
        snprintf(a.name, sizeof a.name, "%s", how.at->host);
    else if (zc_known_peer_name_at(how.at->host, how.at->port, a.name, err))
        return -1;
    int r = zc_reach(&how, out, err);
    if (r && a.accepted)
        r = zc_reach(&how, out, err);
    if (!r)
        tell(trust, dest, out->t);
    return r;
}
