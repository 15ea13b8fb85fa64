// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys of ssh_config that we act on; see config.h. */
#include "ssh/config.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum kind { STRING, NAMES, FILES, APPEND, NUMBER, TIME, BOOL, STRICT, FAMILY };

struct key {
    const char *name;
    enum kind kind;
    size_t offset;
    unsigned bit; /* in `seen`: those that mean the same share one */
};

enum {
    SEEN_PROXY = 30, /* ProxyJump and ProxyCommand: the first of them */
    SEEN_INTERACTIVE = 29,
};

#define AT(member) offsetof(struct zc_ssh_config, member)

static const struct key keys[] = {
    {"addressfamily", FAMILY, AT(family), 0},
    {"batchmode", BOOL, AT(batch), 1},
    {"certificatefile", APPEND, AT(certificate_files), 23},
    {"challengeresponseauthentication", BOOL, AT(use_interactive),
     SEEN_INTERACTIVE},
    {"ciphers", NAMES, AT(ciphers), 19},
    {"connecttimeout", TIME, AT(connect_timeout_s), 2},
    {"globalknownhostsfile", FILES, AT(global_known_hosts), 3},
    {"hashknownhosts", BOOL, AT(hash_known_hosts), 4},
    {"hostkeyalgorithms", NAMES, AT(host_key_algorithms), 20},
    {"hostkeyalias", STRING, AT(host_key_alias), 5},
    {"hostname", STRING, AT(hostname), 6},
    {"identitiesonly", BOOL, AT(identities_only), 7},
    {"identityagent", STRING, AT(identity_agent), 8},
    {"identityfile", APPEND, AT(identity_files), 9},
    {"kbdinteractiveauthentication", BOOL, AT(use_interactive),
     SEEN_INTERACTIVE},
    {"kexalgorithms", NAMES, AT(kex), 21},
    {"macs", NAMES, AT(macs), 22},
    {"numberofpasswordprompts", NUMBER, AT(prompts), 10},
    {"passwordauthentication", BOOL, AT(use_password), 11},
    {"port", NUMBER, AT(port), 12},
    {"proxycommand", STRING, AT(proxy_command), SEEN_PROXY},
    {"proxyjump", STRING, AT(proxy_jump), SEEN_PROXY},
    {"pubkeyauthentication", BOOL, AT(use_pubkey), 13},
    {"serveralivecountmax", NUMBER, AT(alive_count), 14},
    {"serveraliveinterval", TIME, AT(alive_interval_s), 15},
    {"stricthostkeychecking", STRICT, AT(strict), 16},
    {"user", STRING, AT(user), 17},
    {"userknownhostsfile", FILES, AT(user_known_hosts), 18},
};

static const struct key *find(const char *name)
{
    for (size_t i = 0; i < ZC_ARRAY_LEN(keys); i++)
        if (!strcasecmp(keys[i].name, name))
            return &keys[i];
    return NULL;
}

enum zc_ssh_shape zc_ssh_config_shape(const char *name)
{
    return strcasecmp(name, "proxycommand") ? ZC_SSH_WORDS : ZC_SSH_LINE;
}

int zc_ssh_words_add(struct zc_ssh_words *w, const char *word, size_t n)
{
    char *copy = strndup(word, n);
    if (!copy || zc_vec_push(w, copy)) {
        free(copy);
        return -1;
    }
    return 0;
}

void zc_ssh_words_fini(struct zc_ssh_words *w)
{
    for (size_t i = 0; i < w->len; i++)
        free(w->v[i]);
    zc_vec_fini(w);
}

static int no_sense(const char *key, const char *value, struct zc_err *err)
{
    return zc_err_set(err, ZC_EXIT_USAGE, 0, "\"%.200s\" is no value for %s",
                      value, key);
}

static bool as_bool(const char *v, bool *out)
{
    static const char *const yes[] = {"yes", "true", "unbound", "host-bound"};
    for (size_t i = 0; i < ZC_ARRAY_LEN(yes); i++)
        if (!strcasecmp(v, yes[i]))
            return *out = true;
    *out = false;
    return !strcasecmp(v, "no") || !strcasecmp(v, "false");
}

/* Digits, and with UNITS a letter behind them (sshd_config(5), TIME FORMATS);
 * several such parts are added up. */
static bool as_number(const char *v, bool units, unsigned *out)
{
    static const char letters[] = "smhdw";
    static const unsigned factors[] = {1, 60, 3600, 86400, 604800};
    uint64_t sum = 0;
    if (!*v)
        return false;
    while (*v) {
        uint64_t part = 0, factor = 1;
        if (*v < '0' || *v > '9')
            return false;
        for (; *v >= '0' && *v <= '9' && part <= UINT32_MAX; v++)
            part = part * 10 + (uint64_t)(*v - '0');
        const char *unit = *v && units ? strchr(letters, *v | 0x20) : NULL;
        if (unit) {
            factor = factors[unit - letters];
            v++;
        } else if (*v) {
            return false;
        }
        sum += part * factor;
        if (part > INT32_MAX || sum > INT32_MAX)
            return false;
    }
    *out = (unsigned)sum;
    return true;
}

static bool as_strict(const char *v, enum zc_ssh_strict *out)
{
    bool yes;
    if (!strcasecmp(v, "ask"))
        *out = ZC_SSH_STRICT_ASK;
    else if (!strcasecmp(v, "accept-new"))
        *out = ZC_SSH_STRICT_ACCEPT_NEW;
    else if (!strcasecmp(v, "off"))
        *out = ZC_SSH_STRICT_NO;
    else if (as_bool(v, &yes))
        *out = yes ? ZC_SSH_STRICT_YES : ZC_SSH_STRICT_NO;
    else
        return false;
    return true;
}

static bool as_family(const char *v, int *out)
{
    if (!strcasecmp(v, "any"))
        *out = AF_UNSPEC;
    else if (!strcasecmp(v, "inet"))
        *out = AF_INET;
    else if (!strcasecmp(v, "inet6"))
        *out = AF_INET6;
    else
        return false;
    return true;
}

static int add_all(struct zc_ssh_words *w, const char *const *words,
                   size_t count, struct zc_err *err)
{
    for (size_t i = 0; i < count && w->len < ZC_SSH_WORDS_MAX; i++)
        if (zc_ssh_words_add(w, words[i], strlen(words[i])))
            return zc_err_nomem(err);
    return 0;
}

static int set_string(char **at, const char *v, struct zc_err *err)
{
    *at = strdup(v);
    return *at ? 0 : zc_err_nomem(err);
}

static int set(const struct key *k, void *at, const char *const *words,
               size_t count, struct zc_err *err)
{
    const char *v = words[0];
    bool good = true;
    switch (k->kind) {
    case STRING:
        return set_string(at, v, err);
    case NAMES: /* those that change a list change one that we do not have */
        return strchr("+-^", *v) ? 0 : set_string(at, v, err);
    case FILES:
        return add_all(at, words, count, err);
    case APPEND:
        return add_all(at, words, 1, err);
    case NUMBER:
        good = as_number(v, false, at);
        break;
    case TIME:
        good = as_number(v, true, at);
        break;
    case BOOL:
        good = as_bool(v, at);
        break;
    case STRICT:
        good = as_strict(v, at);
        break;
    case FAMILY:
        good = as_family(v, at);
    }
    return good ? 0 : no_sense(k->name, v, err);
}

int zc_ssh_config_set(struct zc_ssh_config *c, const char *name,
                      const char *const *words, size_t count,
                      struct zc_err *err)
{
    const struct key *k = find(name);
    if (!k)
        return 0;
    if (!count || !*words[0])
        return zc_err_set(err, ZC_EXIT_USAGE, 0, "%s has no value", k->name);
    for (size_t i = 0; i < count; i++)
        if (strlen(words[i]) > ZC_SSH_VALUE_MAX)
            return zc_err_set(err, ZC_EXIT_USAGE, 0,
                              "the value of %s is longer than %d bytes",
                              k->name, ZC_SSH_VALUE_MAX);
    uint32_t bit = (uint32_t)1 << k->bit;
    if (c->seen & bit && k->kind != APPEND)
        return 0;
    if (k->kind == TIME && !strcasecmp(words[0], "none"))
        return 0; /* as ssh(1): a later value counts */
    if (set(k, (char *)c + k->offset, words, count, err))
        return -1;
    c->seen |= bit;
    if (k->offset == AT(port) && (!c->port || c->port > UINT16_MAX))
        return no_sense(k->name, words[0], err);
    return 0;
}

/* --- what nobody has said --- */

void zc_ssh_me(struct zc_ssh_me *me)
{
    char room[16384];
    struct passwd pw, *found = NULL;
    const char *home = NULL, *user = NULL;
    if (getpwuid_r(getuid(), &pw, room, sizeof room, &found) == 0 && found) {
        home = pw.pw_dir;
        user = pw.pw_name;
    }
    home = home ? home : getenv("HOME");
    user = user ? user : getenv("USER");
    snprintf(me->home, sizeof me->home, "%s", home ? home : "/");
    snprintf(me->user, sizeof me->user, "%s", user ? user : "nobody");
}

static bool seen(const struct zc_ssh_config *c, const char *name)
{
    return c->seen >> find(name)->bit & 1;
}

static int usual_files(struct zc_ssh_config *c, struct zc_err *err)
{
    static const char *const ids[] = {"~/.ssh/id_ed25519", "~/.ssh/id_ecdsa",
                                      "~/.ssh/id_rsa", "~/.ssh/id_ed25519_sk",
                                      "~/.ssh/id_ecdsa_sk"};
    static const char *const user[] = {"~/.ssh/known_hosts",
                                       "~/.ssh/known_hosts2"};
    static const char *const global[] = {"/etc/ssh/ssh_known_hosts",
                                         "/etc/ssh/ssh_known_hosts2"};
    if ((!seen(c, "identityfile") &&
         add_all(&c->identity_files, ids, ZC_ARRAY_LEN(ids), err)) ||
        (!seen(c, "userknownhostsfile") &&
         add_all(&c->user_known_hosts, user, ZC_ARRAY_LEN(user), err)) ||
        (!seen(c, "globalknownhostsfile") &&
         add_all(&c->global_known_hosts, global, ZC_ARRAY_LEN(global), err)))
        return -1;
    return 0;
}

static void none_is_null(char **s)
{
    if (*s && !strcasecmp(*s, "none")) {
        free(*s);
        *s = NULL;
    }
}

/* HostName may be "%h.example.com". */
static int fill_hostname(struct zc_ssh_config *c, struct zc_err *err)
{
    char *to = c->hostname;
    if (!to)
        return set_string(&c->hostname, c->host, err);
    c->hostname = NULL; /* so that %h is HOST */
    c->hostname = zc_ssh_expand(c, to, false, err);
    free(to);
    return c->hostname ? 0 : -1;
}

static int fill(struct zc_ssh_config *c, struct zc_err *err)
{
    struct zc_ssh_me me;
    zc_ssh_me(&me);
    none_is_null(&c->proxy_jump);
    none_is_null(&c->proxy_command);
    if (!c->user && set_string(&c->user, me.user, err))
        return -1;
    if (!seen(c, "port"))
        c->port = 22;
    if (!seen(c, "serveralivecountmax"))
        c->alive_count = 3;
    if (!seen(c, "numberofpasswordprompts"))
        c->prompts = 3;
    if (!seen(c, "pubkeyauthentication"))
        c->use_pubkey = true;
    if (!seen(c, "passwordauthentication"))
        c->use_password = true;
    if (!seen(c, "kbdinteractiveauthentication"))
        c->use_interactive = true;
    return fill_hostname(c, err) || usual_files(c, err) ? -1 : 0;
}

/* ssh(1) passes over files of -i that are not there, with a warning. */
static void warn_of_missing(const struct zc_ssh_config *c,
                            const struct zc_ssh_options *o)
{
    struct zc_err e;
    for (size_t i = 0; i < o->identity_file_count && o->say; i++) {
        zc_auto_free char *path =
            zc_ssh_expand(c, o->identity_files[i], true, &e);
        if (path && access(path, F_OK) == 0)
            continue;
        if (path)
            zc_err_set(&e, ZC_EXIT_START, errno, "%s", path);
        o->say(o->arg, ZC_LOG_WARN, e.text);
    }
}

int zc_ssh_config_get(struct zc_ssh_config *c, const struct zc_ssh_place *place,
                      const struct zc_ssh_options *options,
                      struct zc_err *err)
{
    *c = (struct zc_ssh_config){.family = AF_UNSPEC};
    c->host = strdup(place->host);
    if (!c->host)
        return zc_err_nomem(err);
    if (!*c->host || *c->host == '-' || strlen(c->host) > 255)
        return zc_err_set(err, ZC_EXIT_USAGE, 0, "\"%.300s\" is no host's name",
                          c->host);
    int r = options->own_reader ? 1 : zc_ssh_config_ask(c, place, options, err);
    if (r > 0)
        r = zc_ssh_config_read(c, place, options, err);
    if (r || fill(c, err))
        return -1;
    warn_of_missing(c, options);
    return 0;
}

void zc_ssh_config_fini(struct zc_ssh_config *c)
{
    for (size_t i = 0; i < ZC_ARRAY_LEN(keys); i++) {
        void *at = (char *)c + keys[i].offset;
        if (keys[i].kind == STRING || keys[i].kind == NAMES)
            free(*(char **)at);
        else if (keys[i].kind == FILES || keys[i].kind == APPEND)
            zc_ssh_words_fini(at);
    }
    free(c->host);
    *c = (struct zc_ssh_config){0};
}
