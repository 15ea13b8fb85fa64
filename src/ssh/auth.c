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
 *
 * What the server takes is asked (by trying "none") when no key would do: mostly one
 * does, and a round trip is saved. It counts as a failure then, of which OpenSSH allows
 * six, and careful people fewer: who has many keys asks first, when it does not.
 */
#include "ssh/auth.h"

#include "base/clock.h"
#include "ssh/cert.h"
#include "ssh/keyring.h"
#include "ssh/wire.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define ANSWER_S 120 /* as long as sshd lets anybody take (LoginGraceTime) */
#define PASSPHRASES 3
#define FEW_KEYS 2 /* one, in the agent and in a file */
#define PROMPT_MAX 1000
#define DOING "logging in"

struct auth {
    struct zc_ssh_link *l;
    const struct zc_ssh_config *c;
    const struct zc_ssh_options *o;
    struct zc_err *err;
    bool failed;          /* for good, with a sentence in ERR */
    char *methods;        /* what the server takes; NULL: not known yet */
    struct zc_buf tried;  /* for the sentence */
    bool partly;          /* a key was right, and something else is wanted */
    bool refused;         /* somebody would not answer */
    bool asked;           /* in this round of keyboard-interactive */
    bool answered;        /* somebody has, at least once */
    struct zc_ssh_keyring ring;
};

/* Who signs: one of the two. */
struct signer {
    struct auth *a;
    const struct zc_ssh_agent_key *in_agent;
    struct zc_ssh_key *key;
    const char *name;
    bool from_file; /* which NAME is */
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

static void tried(void *arg, const char *what, const char *name)
{
    struct auth *a = arg;
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
    if (a->methods)
        return 0;
    a->failed = true;
    return zc_err_nomem(a->err);
}

/* False: there is no use in keys (any more). */
static bool takes_keys(struct auth *a)
{
    return (a->methods || !ask_methods(a)) && !done(a) &&
           takes(a, "publickey");
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

static bool is_old(void)
{
    return !libssh2_version(0x010b00);
}

/* Of keys whose signature does not have the name of their type, libssh2 before
 * 1.11 knows the certificates of ECDSA. */
static bool needs_amends(const char *type)
{
    char plain[ZC_SSH_KEY_TYPE_MAX];
    bool cert = zc_ssh_cert_type(type, plain);
    return is_old() && ((cert && strncmp(plain, "ecdsa-", 6) != 0) ||
                        zc_ssh_on_token(plain));
}

/* SIGNATURE, which is by a key of PLAIN, as libssh2 is to be given it. */
static uint8_t *amended(struct signer *s, const char *algorithm,
                        const char *plain, const uint8_t *data, size_t n,
                        const struct zc_buf *signature, size_t *len)
{
    struct zc_buf whole = ZC_BUF_INIT;
    zc_ssh_put_u32(&whole, 0);
    zc_ssh_put_string(&whole, plain, strlen(plain));
    if (zc_ssh_on_token(plain))
        zc_buf_put(&whole, signature->data, signature->len);
    else
        zc_ssh_put_string(&whole, signature->data, signature->len);
    if (!whole.failed)
        zc_buf_set_u32(&whole, 0, __builtin_bswap32((uint32_t)whole.len - 4));
    return zc_ssh_amend_sign(&s->a->l->amend, strlen(algorithm), data, n,
                             &whole, len);
}

static LIBSSH2_USERAUTH_PUBLICKEY_SIGN_FUNC(on_sign)
{
    struct signer *s = *abstract;
    char algorithm[ZC_SSH_KEY_TYPE_MAX], plain[ZC_SSH_KEY_TYPE_MAX];
    struct zc_buf out = ZC_BUF_INIT;
    int r = -1;
    (void)session;
    s->wanted = true;
    if (!algorithm_of(data, data_len, algorithm))
        return -1;
    zc_ssh_cert_type(algorithm, plain);
    if (s->in_agent)
        r = zc_ssh_agent_sign(&s->a->ring.agent, s->in_agent, plain, data,
                              data_len, &out);
    else if (unlock(s, true) == 0)
        r = zc_ssh_key_sign(s->key, plain, data, data_len, &out);
    *sig = NULL;
    if (r == 0 && needs_amends(algorithm)) {
        *sig = amended(s, algorithm, plain, data, data_len, &out, sig_len);
    } else if (r == 0) {
        *sig = out.data;
        *sig_len = out.len;
        out = (struct zc_buf)ZC_BUF_INIT;
    }
    zc_buf_fini(&out);
    return *sig ? 0 : -1; /* libssh2 frees it */
}

/* KEY as this libssh2 has to be given it. */
static int offered(const uint8_t *key, size_t n, struct zc_buf *out)
{
    static const char plain[] = "ssh-rsa", better[] = "rsa-sha2-512";
    struct zc_rd r = zc_rd_init(key, n);
    if (!zc_ssh_string_is(&r, plain) || !is_old()) {
        zc_buf_put(out, key, n);
    } else {
        zc_ssh_put_string(out, better, sizeof better - 1);
        zc_buf_put(out, r.p, zc_rd_left(&r));
    }
    return out->failed ? -1 : 0;
}

static void note_tried(struct signer *s)
{
    if (s->locked)
        tried(s->a, s->name, s->answered ? " (its passphrase was not right)"
                                         : " (its passphrase is needed)");
    else if (s->in_agent && !s->from_file)
        tried(s->a, "the agent's key ", s->name);
    else
        tried(s->a, s->name, "");
}

/* Offers KEY. True: no other has to be tried, all is well or lost, or the server
 * is known to take none. */
static bool offer(struct signer *s, const uint8_t *key, size_t n)
{
    struct auth *a = s->a;
    struct zc_buf b = ZC_BUF_INIT;
    char type[ZC_SSH_KEY_TYPE_MAX];
    void *abstract = s;
    int r;
    if (!zc_ssh_key_type(key, n, type))
        return false;
    if (offered(key, n, &b)) {
        zc_err_nomem(a->err);
        return a->failed = true;
    }
    if (needs_amends(type))
        zc_ssh_amend_begin(&a->l->amend, a->c->user, strlen(type), b.len);
    do
        r = libssh2_userauth_publickey(a->l->session, a->c->user, b.data,
                                       b.len, on_sign, &abstract);
    while (again(a, r));
    zc_ssh_amend_end(&a->l->amend);
    zc_buf_fini(&b);
    if (broken(a, r) || done(a))
        return true;
    note_tried(s);
    if (s->wanted && !s->locked)
        a->partly = true;
    return a->methods && !takes(a, "publickey");
}

/* True when KEY can be offered with this libssh2; what cannot, and why, is
 * noted as NAME. It knows no SHA-2 for the certificates of RSA. */
static bool usable(struct auth *a, const uint8_t *key, size_t n,
                   const char *name)
{
    char type[ZC_SSH_KEY_TYPE_MAX], plain[ZC_SSH_KEY_TYPE_MAX];
    if (!zc_ssh_key_type(key, n, type))
        return false;
    bool cert = zc_ssh_cert_type(type, plain);
    if (!cert || !is_old() || strcmp(plain, "ssh-rsa") != 0)
        return strcmp(plain, "ssh-dss") != 0;
    tried(a, name, " (an RSA certificate, which is for ssh(1) alone: "
          "'-e ssh')");
    return false;
}

/* A private key on a security key is of use to those who can ask that. */
static bool is_on_token(const uint8_t *key, size_t n)
{
    char type[ZC_SSH_KEY_TYPE_MAX];
    return zc_ssh_key_type(key, n, type) && zc_ssh_on_token(type);
}

static void needs_agent(struct auth *a, const char *name, bool token)
{
    tried(a, name, token ? " (on a security key: 'ssh-add' it, or '-e ssh')"
                         : " (its private key is nowhere)");
}

/* True when the agent's key K, or what it is a certificate for, is in a file
 * that the user has named. */
static bool is_named(const struct auth *a, const struct zc_ssh_agent_key *k)
{
    struct zc_buf plain = ZC_BUF_INIT;
    bool cert = zc_ssh_cert_key(k->blob, k->len, &plain) == 0;
    bool named = zc_ssh_keyring_in_files(&a->ring, cert ? plain.data : k->blob,
                                         cert ? plain.len : k->len, false);
    zc_buf_fini(&plain);
    return named;
}

/* Those that the user has named too, or the OTHERS. */
static bool agent_keys(struct auth *a, bool others)
{
    for (size_t i = 0; i < a->ring.agent.keys.len; i++) {
        const struct zc_ssh_agent_key *k = &a->ring.agent.keys.v[i];
        struct signer s = {.a = a, .in_agent = k, .name = k->comment};
        if (is_named(a, k) == others ||
            zc_ssh_keyring_has_cert(&a->ring, k->blob, k->len) ||
            !usable(a, k->blob, k->len, k->comment))
            continue;
        if (offer(&s, k->blob, k->len))
            return true;
    }
    return false;
}

/* Certificates in files; the agent signs for them, or an identity file. */
static bool certificates(struct auth *a)
{
    for (size_t i = 0; i < a->ring.certs.len; i++) {
        const struct zc_ssh_identity *c = &a->ring.certs.v[i], *f;
        struct signer s = {.a = a, .name = c->name, .from_file = true};
        bool token = is_on_token(c->plain.data, c->plain.len);
        if (!usable(a, c->open.data, c->open.len, c->name))
            continue;
        s.in_agent = zc_ssh_keyring_in_agent(&a->ring, c->plain.data,
                                             c->plain.len);
        if (!s.in_agent)
            s.in_agent = zc_ssh_keyring_in_agent(&a->ring, c->open.data,
                                                 c->open.len);
        f = zc_ssh_keyring_in_files(&a->ring, c->plain.data, c->plain.len,
                                    true);
        s.key = f && !token ? f->key : NULL;
        if (!s.in_agent && !s.key)
            needs_agent(a, c->name, token);
        else if (offer(&s, c->open.data, c->open.len))
            return true;
    }
    return false;
}

static bool file_key(struct auth *a, const struct zc_ssh_identity *f)
{
    size_t n;
    struct signer s = {.a = a, .key = f->key, .name = f->name,
                       .from_file = true};
    const uint8_t *key = zc_ssh_identity_public(f, &n);
    if (key && zc_ssh_keyring_in_agent(&a->ring, key, n))
        return false;
    if (!f->key || is_on_token(key, n)) {
        needs_agent(a, f->name, is_on_token(key, n));
        return false;
    }
    if (!key && !takes_keys(a))
        return true;
    if (!key && unlock(&s, true)) {
        note_tried(&s);
        return false;
    }
    key = zc_ssh_key_public(f->key, &n);
    return key && usable(a, key, n, f->name) && offer(&s, key, n);
}

static bool file_keys(struct auth *a)
{
    for (size_t i = 0; i < a->ring.files.len; i++)
        if (file_key(a, &a->ring.files.v[i]))
            return true;
    return false;
}

static bool public_keys(struct auth *a)
{
    return certificates(a) || agent_keys(a, false) ||
           (!a->c->identities_only && agent_keys(a, true)) || file_keys(a);
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

static int try_keys(struct auth *a)
{
    const struct zc_ssh_keyring *r = &a->ring;
    if (zc_ssh_keyring_open(&a->ring, a->c, a->o, tried, a, a->err)) {
        a->failed = true;
        return -1;
    }
    if (r->agent.keys.len + r->certs.len + r->files.len <= FEW_KEYS ||
        takes_keys(a))
        public_keys(a);
    return a->failed ? -1 : 0;
}

static int try_all(struct auth *a)
{
    if (a->c->use_pubkey && try_keys(a))
        return -1;
    if (!done(a) && !a->methods && ask_methods(a))
        return -1;
    if (done(a))
        return 0;
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
    struct auth a = {.l = l, .c = c, .o = o, .err = err,
                     .ring.agent.fd = -1};
    int r = try_all(&a);
    l->arg = NULL;
    zc_ssh_keyring_fini(&a.ring);
    zc_buf_fini(&a.tried);
    free(a.methods);
    return r;
}
