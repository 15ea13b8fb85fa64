// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Authentication (RFC 4252). A public key is offered first; the server says
 * whether it would do, and only then libssh2 wants a signature: so a passphrase
 * is asked for when it is of use.
 *
 * For RSA the server is offered a signature with SHA-2 (RFC 8332). libssh2
 * before 1.11 takes the name of the algorithm from the key itself, where
 * "ssh-rsa" stands: it gets a key with the other name in it, which OpenSSH
 * takes for the same key.
 */
#include "ssh/auth.h"

#include "base/clock.h"
#include "ssh/agent.h"
#include "ssh/key.h"
#include "ssh/wire.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define ANSWER_S 120 /* as long as sshd lets anybody take (LoginGraceTime) */
#define PASSPHRASES 3
#define PROMPT_MAX 1000
#define DOING "logging in"

struct auth {
    struct zc_ssh_link *l;
    const struct zc_ssh_config *c;
    const struct zc_ssh_options *o;
    struct zc_err *err;
    bool failed;          /* for good, with a sentence in ERR */
    char *methods;        /* what the server takes */
    struct zc_buf tried;  /* for the sentence */
    bool partly;          /* a key was right, and something else is wanted */
    bool refused;         /* somebody would not answer */
    bool asked;           /* in this round of keyboard-interactive */
    bool answered;        /* somebody has, at least once */
    struct zc_ssh_agent agent;
    bool has_agent;
    ZC_VEC(struct zc_ssh_key *) files; /* identity files that could be read */
    ZC_VEC(const char *) file_names;
};

/* Who signs: one of the two. */
struct signer {
    struct auth *a;
    const struct zc_ssh_agent_key *in_agent;
    struct zc_ssh_key *key;
    const char *name;
    bool wanted; /* a signature was asked for */
    bool locked; /* and could not be had, for want of the passphrase */
    bool answered; /* but one was given */
};

/* True when a call of libssh2 that returned R is to be made again. */
static bool again(struct auth *a, int r)
{
    if (r != LIBSSH2_ERROR_EAGAIN)
        return false;
    int64_t end = zc_clock_ns() + ANSWER_S * ZC_NSEC_PER_SEC;
    if (zc_ssh_link_wait(a->l, end, DOING, a->err) == 0)
        return true;
    a->failed = true;
    return false;
}

/* True when R of a call tells more than that the server said no. */
static bool broken(struct auth *a, int r)
{
    if (a->failed || r == 0)
        return a->failed;
    if (r == LIBSSH2_ERROR_AUTHENTICATION_FAILED ||
        (r == LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED && !a->l->ended &&
         !a->l->dead && !*a->l->bye))
        return false;
    zc_ssh_link_error(a->l, ZC_EXIT_START, DOING, a->err);
    return a->failed = true;
}

static void tried(struct auth *a, const char *what, const char *name)
{
    zc_buf_printf(&a->tried, "%s%s%s", a->tried.len ? ", " : "", what, name);
}

static void wipe(char *secret)
{
    if (secret)
        sodium_memzero(secret, strlen(secret));
    free(secret);
}

static bool can_ask(const struct auth *a)
{
    return a->o->ask && !a->c->batch;
}

/* What else a server wants after a key was right cannot be asked: libssh2 would
 * leave its first answer in memory for good. */
static bool takes(const struct auth *a, const char *method)
{
    size_t n = strlen(method);
    if (a->partly)
        return true;
    for (const char *p = a->methods; p && *p; p += strcspn(p, ",")) {
        p += *p == ',';
        if (!strncmp(p, method, n) && (!p[n] || p[n] == ','))
            return true;
    }
    return false;
}

static bool done(const struct auth *a)
{
    return libssh2_userauth_authenticated(a->l->session);
}

/* What the server takes; it may be content with nothing at all. */
static int ask_methods(struct auth *a)
{
    const char *user = a->c->user;
    char *list;
    do
        list = libssh2_userauth_list(a->l->session, user,
                                     (unsigned)strlen(user));
    while (!list && !done(a) &&
           again(a, libssh2_session_last_errno(a->l->session)));
    if (a->failed || done(a))
        return a->failed ? -1 : 0;
    if (!list) {
        a->failed = true;
        return zc_ssh_link_error(a->l, ZC_EXIT_START, DOING, a->err);
    }
    free(a->methods);
    a->methods = strdup(list);
    return a->methods ? 0 : zc_err_nomem(a->err);
}

/* --- public keys --- */

static int unlock(struct signer *s, bool ask)
{
    struct auth *a = s->a;
    struct zc_buf q = ZC_BUF_INIT;
    struct zc_err e;
    enum zc_ssh_unlock u = zc_ssh_key_unlock(s->key, NULL, &e);
    zc_buf_printf(&q, "Passphrase for the key %s: ", s->name);
    zc_buf_put(&q, "", 1);
    for (int i = 0; u == ZC_SSH_LOCKED && ask && can_ask(a) && !q.failed &&
                    i < PASSPHRASES; i++) {
        char *answer = a->o->ask(a->o->arg, ZC_SSH_SECRET, (char *)q.data);
        if (!answer || !*answer) {
            wipe(answer);
            break;
        }
        s->answered = true;
        u = zc_ssh_key_unlock(s->key, answer, &e);
        wipe(answer);
    }
    zc_buf_fini(&q);
    s->locked = u == ZC_SSH_LOCKED;
    if (u == ZC_SSH_UNLOCK_FAILED && a->o->say)
        a->o->say(a->o->arg, ZC_LOG_WARN, e.text);
    return u == ZC_SSH_UNLOCKED ? 0 : -1;
}

/* The algorithm in what is to be signed: the session, and then the request (RFC
 * 4252, section 7). */
static bool algorithm_of(const uint8_t *data, size_t n,
                         char name[ZC_SSH_KEY_TYPE_MAX])
{
    size_t len;
    struct zc_rd r = zc_rd_init(data, n);
    (void)zc_ssh_string(&r, &len);
    (void)zc_rd_u8(&r);
    for (int i = 0; i < 3; i++)
        (void)zc_ssh_string(&r, &len);
    (void)zc_rd_u8(&r);
    const uint8_t *s = zc_ssh_string(&r, &len);
    if (!s || len >= ZC_SSH_KEY_TYPE_MAX)
        return false;
    memcpy(name, s, len);
    name[len] = '\0';
    return true;
}

static LIBSSH2_USERAUTH_PUBLICKEY_SIGN_FUNC(on_sign)
{
    struct signer *s = *abstract;
    char algorithm[ZC_SSH_KEY_TYPE_MAX];
    struct zc_buf out = ZC_BUF_INIT;
    int r = -1;
    (void)session;
    s->wanted = true;
    if (!algorithm_of(data, data_len, algorithm))
        ;
    else if (s->in_agent)
        r = zc_ssh_agent_sign(&s->a->agent, s->in_agent, algorithm, data,
                              data_len, &out);
    else if (unlock(s, true) == 0)
        r = zc_ssh_key_sign(s->key, algorithm, data, data_len, &out);
    if (r) {
        zc_buf_fini(&out);
        return -1;
    }
    *sig = out.data; /* libssh2 frees it */
    *sig_len = out.len;
    return 0;
}

/* KEY as this libssh2 has to be given it. */
static int offered(const uint8_t *key, size_t n, struct zc_buf *out)
{
    static const char plain[] = "ssh-rsa", better[] = "rsa-sha2-512";
    struct zc_rd r = zc_rd_init(key, n);
    if (!zc_ssh_string_is(&r, plain) || libssh2_version(0x010b00)) {
        zc_buf_put(out, key, n);
    } else {
        zc_ssh_put_string(out, better, sizeof better - 1);
        zc_buf_put(out, r.p, zc_rd_left(&r));
    }
    return out->failed ? -1 : 0;
}

/* Offers KEY. True: no other has to be tried, all is well or lost. */
static bool offer(struct auth *a, struct signer *s, const uint8_t *key,
                  size_t n)
{
    struct zc_buf b = ZC_BUF_INIT;
    void *abstract = s;
    int r;
    if (offered(key, n, &b)) {
        zc_err_nomem(a->err);
        return a->failed = true;
    }
    do
        r = libssh2_userauth_publickey(a->l->session, a->c->user, b.data,
                                       b.len, on_sign, &abstract);
    while (again(a, r));
    zc_buf_fini(&b);
    if (broken(a, r) || done(a))
        return true;
    if (s->locked)
        tried(a, s->name, s->answered ? " (its passphrase was not right)"
                                      : " (its passphrase is needed)");
    else if (s->in_agent)
        tried(a, "the agent's key ", s->name);
    else
        tried(a, s->name, "");
    if (s->wanted && !s->locked)
        a->partly = true;
    return false;
}

/* Types that libssh2 cannot use with a signature from elsewhere. */
static bool usable(const uint8_t *key, size_t n)
{
    char type[ZC_SSH_KEY_TYPE_MAX];
    return zc_ssh_key_type(key, n, type) && strncmp(type, "sk-", 3) != 0 &&
           !strstr(type, "-cert-v01@") && strcmp(type, "ssh-dss") != 0;
}

static bool same_key(const struct zc_ssh_agent_key *k,
                     const struct zc_ssh_key *file)
{
    size_t n;
    const uint8_t *key = zc_ssh_key_public(file, &n);
    return key && n == k->len && !memcmp(key, k->blob, n);
}

static bool in_files(const struct auth *a, const struct zc_ssh_agent_key *k)
{
    for (size_t i = 0; i < a->files.len; i++)
        if (same_key(k, a->files.v[i]))
            return true;
    return false;
}

static bool in_agent(const struct auth *a, const struct zc_ssh_key *file)
{
    for (size_t i = 0; i < a->agent.keys.len; i++)
        if (same_key(&a->agent.keys.v[i], file))
            return true;
    return false;
}

/* Those that the user has named too, or the OTHERS. */
static bool agent_keys(struct auth *a, bool others)
{
    for (size_t i = 0; i < a->agent.keys.len; i++) {
        const struct zc_ssh_agent_key *k = &a->agent.keys.v[i];
        if (!usable(k->blob, k->len) || in_files(a, k) == others)
            continue;
        struct signer s = {.a = a, .in_agent = k, .name = k->comment};
        if (offer(a, &s, k->blob, k->len))
            return true;
    }
    return false;
}

static bool file_keys(struct auth *a)
{
    for (size_t i = 0; i < a->files.len; i++) {
        size_t n;
        struct signer s = {.a = a, .key = a->files.v[i],
                           .name = a->file_names.v[i]};
        if (in_agent(a, s.key))
            continue;
        const uint8_t *key = zc_ssh_key_public(s.key, &n);
        if (!key && unlock(&s, true)) {
            tried(a, s.name, s.answered ? " (its passphrase was not right)"
                                        : " (its passphrase is needed)");
            continue;
        }
        key = zc_ssh_key_public(s.key, &n);
        if (key && offer(a, &s, key, n))
            return true;
    }
    return false;
}

static bool public_keys(struct auth *a)
{
    return agent_keys(a, false) ||
           (!a->c->identities_only && agent_keys(a, true)) || file_keys(a);
}

/* --- where keys are --- */

static int open_agent(struct auth *a)
{
    const char *where = a->c->identity_agent, *socket = getenv("SSH_AUTH_SOCK");
    zc_auto_free char *path = NULL;
    if (where && !strcmp(where, "none"))
        return 0;
    if (where && *where == '$' && where[1] != '{') {
        socket = getenv(where + 1);
    } else if (where && strcmp(where, "SSH_AUTH_SOCK") != 0) {
        path = zc_ssh_expand(a->c, where, true, a->err);
        if (!path)
            return -1;
        socket = path;
    }
    if (!socket || !*socket)
        return 0;
    a->has_agent = true;
    if (zc_ssh_agent_open(&a->agent, socket, a->o->stop))
        tried(a, "the agent at ", socket);
    return 0;
}

static int load_file(struct auth *a, const char *text)
{
    struct zc_err e = {0};
    char *path = zc_ssh_expand(a->c, text, true, a->err);
    if (!path)
        return -1;
    struct zc_ssh_key *k = zc_ssh_key_load(path, &e);
    if (!k) {
        if (e.eno != ENOENT && a->o->say)
            a->o->say(a->o->arg, ZC_LOG_WARN, e.text);
        if (e.eno == ENOENT && !strncmp(text, "~/.ssh/id_", 10))
            ; /* one of the usual ones */
        else
            tried(a, e.text, "");
        free(path);
        return 0;
    }
    if (zc_vec_push(&a->files, k)) {
        zc_ssh_key_free(k);
        free(path);
        return zc_err_nomem(a->err);
    }
    if (zc_vec_push(&a->file_names, path)) {
        free(path);
        return zc_err_nomem(a->err);
    }
    return 0;
}

static int load_files(struct auth *a)
{
    const struct zc_ssh_words *w = &a->c->identity_files;
    for (size_t i = 0; i < w->len; i++)
        if (strcasecmp(w->v[i], "none") != 0 && load_file(a, w->v[i]))
            return -1;
    return 0;
}

/* --- what a person knows --- */

/* Appends a prompt, which the server has made up, as far as it is text. */
static void put_prompt(struct zc_buf *q, const char *text, size_t n)
{
    for (size_t i = 0; i < n && i < PROMPT_MAX; i++)
        zc_buf_u8(q, (unsigned char)text[i] < ' ' && text[i] != '\n'
                         ? '?'
                         : (uint8_t)text[i]);
}

static LIBSSH2_USERAUTH_KBDINT_RESPONSE_FUNC(on_prompts)
{
    struct zc_ssh_link *l = *abstract;
    struct auth *a = l->arg;
    (void)name;
    (void)name_len;
    (void)instruction;
    (void)instruction_len;
    for (int i = 0; i < num_prompts; i++) {
        struct zc_buf q = ZC_BUF_INIT;
        char *answer = NULL;
        zc_buf_printf(&q, "(%s@%s) ", a->c->user, a->c->host);
        put_prompt(&q, (const char *)prompts[i].text, prompts[i].length);
        zc_buf_put(&q, "", 1);
        if (!q.failed && !a->refused)
            answer = a->o->ask(a->o->arg, prompts[i].echo ? ZC_SSH_PLAIN
                                                          : ZC_SSH_SECRET,
                               (char *)q.data);
        a->asked = true;
        a->answered = a->answered || answer;
        a->refused = a->refused || !answer;
        responses[i].text = answer; /* libssh2 frees it */
        responses[i].length = answer ? (unsigned)strlen(answer) : 0;
        zc_buf_fini(&q);
    }
}

static bool interactive(struct auth *a)
{
    const char *user = a->c->user;
    a->asked = true;
    for (unsigned i = 0; i < a->c->prompts && a->asked && !a->refused; i++) {
        int r;
        a->l->arg = a;
        a->asked = false;
        do
            r = libssh2_userauth_keyboard_interactive_ex(
                a->l->session, user, (unsigned)strlen(user), on_prompts);
        while (again(a, r));
        if (broken(a, r) || done(a))
            return true;
    }
    if (a->answered)
        tried(a, "keyboard-interactive", "");
    return false;
}

static bool password(struct auth *a)
{
    struct zc_buf q = ZC_BUF_INIT;
    const char *user = a->c->user;
    bool end = false;
    zc_buf_printf(&q, "Password of %s at %s: ", user, a->c->host);
    zc_buf_put(&q, "", 1);
    for (unsigned i = 0; i < a->c->prompts && !a->refused && !q.failed && !end;
         i++) {
        int r;
        char *word = a->o->ask(a->o->arg, ZC_SSH_SECRET, (char *)q.data);
        a->refused = !word;
        if (!word)
            break;
        a->answered = true;
        do
            r = libssh2_userauth_password_ex(
                a->l->session, user, (unsigned)strlen(user), word,
                (unsigned)strlen(word), NULL);
        while (again(a, r));
        wipe(word);
        end = broken(a, r) || done(a);
    }
    zc_buf_fini(&q);
    if (!end && a->answered)
        tried(a, "a password", "");
    return end;
}

/* --- all of it --- */

static int no_way_in(struct auth *a)
{
    zc_buf_put(&a->tried, "", 1);
    const char *what = a->tried.len > 1 ? (char *)a->tried.data : "nothing";
    bool words = takes(a, "password") || takes(a, "keyboard-interactive");
    return zc_err_set(a->err, ZC_EXIT_START, 0,
                      "could not log in at %s as %s: tried %s; the server "
                      "takes %s%s", a->c->host, a->c->user,
                      a->tried.failed ? "something" : what, a->methods,
                      words && !a->answered
                          ? ", and there is nobody to ask for a password"
                          : "");
}

static int try_all(struct auth *a)
{
    if (ask_methods(a) || done(a))
        return a->failed ? -1 : 0;
    if (a->c->use_pubkey && takes(a, "publickey")) {
        if (load_files(a) || open_agent(a))
            return -1;
        if (public_keys(a))
            return a->failed ? -1 : 0;
    }
    if (can_ask(a) && a->c->use_interactive &&
        takes(a, "keyboard-interactive") && interactive(a))
        return a->failed ? -1 : 0;
    if (can_ask(a) && a->c->use_password && takes(a, "password") &&
        password(a))
        return a->failed ? -1 : 0;
    return no_way_in(a);
}

int zc_ssh_authenticate(struct zc_ssh_link *l, const struct zc_ssh_config *c,
                        const struct zc_ssh_options *o, struct zc_err *err)
{
    struct auth a = {.l = l, .c = c, .o = o, .err = err, .agent = {.fd = -1}};
    int r = try_all(&a);
    l->arg = NULL;
    for (size_t i = 0; i < a.files.len; i++)
        zc_ssh_key_free(a.files.v[i]);
    for (size_t i = 0; i < a.file_names.len; i++)
        free((char *)a.file_names.v[i]);
    zc_vec_fini(&a.files);
    zc_vec_fini(&a.file_names);
    zc_ssh_agent_fini(&a.agent);
    zc_buf_fini(&a.tried);
    free(a.methods);
    return r;
}
