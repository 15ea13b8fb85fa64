// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Identity files; see key.h. The format of ssh-keygen(1), as PROTOCOL.key of
 * OpenSSH has it, inside of base64:
 *
 *     "openssh-key-v1" 0, cipher, kdf, kdf's options, 1, public key,
 *     encrypted: check, check, private key, comment, padding
 *
 * Everything else is for libcrypto (PEM, PKCS #8), which wants the passphrase
 * before it tells anything.
 */
#include "ssh/key.h"

#include "base/io.h"
#include "ssh/bcrypt.h"
#include "ssh/key_parts.h"
#include "ssh/wire.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define ROUNDS_MAX 65536 /* of bcrypt: minutes */

struct zc_ssh_key {
    char *path;
    bool pem;
    struct zc_buf file;   /* PEM: its text */
    struct zc_buf sealed; /* else: the encrypted part */
    struct zc_buf open;   /* the public key, as servers know it */
    char cipher[32];
    bool bcrypt; /* else no passphrase is needed */
    uint8_t salt[64];
    size_t salt_len;
    uint32_t rounds;
    EVP_PKEY *pkey; /* NULL: locked */
};

static void wipe(struct zc_buf *b)
{
    if (b->data)
        sodium_memzero(b->data, b->cap);
    zc_buf_fini(b);
}

void zc_ssh_key_free(struct zc_ssh_key *k)
{
    if (!k)
        return;
    wipe(&k->file);
    wipe(&k->sealed);
    zc_buf_fini(&k->open);
    EVP_PKEY_free(k->pkey);
    free(k->path);
    free(k);
}

const uint8_t *zc_ssh_key_public(const struct zc_ssh_key *k, size_t *n)
{
    *n = k->open.len;
    return k->open.len ? k->open.data : NULL;
}

/* --- what the file says without a passphrase --- */

static const char begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----";
static const char end[] = "-----END OPENSSH PRIVATE KEY-----";
static const char magic[] = "openssh-key-v1"; /* with its NUL */

/* The base64 between the lines. */
static int body(const char *text, size_t n, struct zc_buf *out)
{
    const char *from = memmem(text, n, begin, sizeof begin - 1);
    if (!from)
        return -1;
    from += sizeof begin - 1;
    size_t left = (size_t)(text + n - from), got;
    const char *to = memmem(from, left, end, sizeof end - 1);
    uint8_t *room = to ? zc_buf_reserve(out, left) : NULL;
    if (!room || sodium_base642bin(room, left, from, (size_t)(to - from),
                                   " \t\r\n", &got, NULL,
                                   sodium_base64_VARIANT_ORIGINAL))
        return -1;
    out->len = got;
    return 0;
}

static bool take_name(struct zc_rd *r, char *name, size_t size)
{
    size_t n;
    const uint8_t *s = zc_ssh_string(r, &n);
    if (!s || n >= size)
        return false;
    memcpy(name, s, n);
    name[n] = '\0';
    return true;
}

static bool take_kdf(struct zc_ssh_key *k, struct zc_rd *r)
{
    char name[32];
    size_t n, salt_len;
    if (!take_name(r, name, sizeof name))
        return false;
    const uint8_t *options = zc_ssh_string(r, &n);
    if (!options)
        return false;
    if (!strcmp(name, "none"))
        return !strcmp(k->cipher, "none");
    struct zc_rd o = zc_rd_init(options, n);
    const uint8_t *salt = zc_ssh_string(&o, &salt_len);
    k->rounds = zc_ssh_u32(&o);
    if (o.bad || salt_len > sizeof k->salt || !k->rounds ||
        k->rounds > ROUNDS_MAX || strcmp(name, "bcrypt") != 0)
        return false;
    memcpy(k->salt, salt, salt_len);
    k->salt_len = salt_len;
    return k->bcrypt = true;
}

static bool take_parts(struct zc_ssh_key *k, struct zc_rd r)
{
    size_t open_len, sealed_len;
    const uint8_t *m = zc_rd_bytes(&r, sizeof magic);
    if (!m || memcmp(m, magic, sizeof magic) != 0 ||
        !take_name(&r, k->cipher, sizeof k->cipher) || !take_kdf(k, &r) ||
        zc_ssh_u32(&r) != 1)
        return false;
    const uint8_t *open = zc_ssh_string(&r, &open_len);
    const uint8_t *sealed = zc_ssh_string(&r, &sealed_len);
    if (!open || !sealed)
        return false;
    zc_buf_put(&k->open, open, open_len);
    zc_buf_put(&k->sealed, sealed, sealed_len);
    return !k->open.failed && !k->sealed.failed;
}

struct zc_ssh_key *zc_ssh_key_parse(const char *path, const char *bytes,
                                    size_t n, struct zc_err *err)
{
    struct zc_buf b = ZC_BUF_INIT;
    struct zc_ssh_key *k = calloc(1, sizeof *k);
    bool good = k && (k->path = strdup(path));
    if (!good) {
        zc_err_nomem(err);
    } else if (memmem(bytes, n, begin, sizeof begin - 1)) {
        good = body(bytes, n, &b) == 0 &&
               take_parts(k, zc_rd_init(b.data, b.len));
    } else {
        k->pem = true;
        zc_buf_put(&k->file, bytes, n);
        good = memmem(bytes, n, "-----BEGIN ", 11) && !k->file.failed;
    }
    if (k && !good) {
        zc_err_set(err, ZC_EXIT_START, 0, "%s: there is no private key in it "
                   "that can be read", path);
        zc_ssh_key_free(k);
        k = NULL;
    }
    wipe(&b);
    return k;
}

/* --- the file --- */

/* All of PATH, a NUL behind it, into B. -1 and errno. */
static int read_small(const char *path, bool secret, struct zc_buf *b)
{
    struct stat st;
    zc_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY |
                                          O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st))
        return -1;
    if (!S_ISREG(st.st_mode) || st.st_size > ZC_SSH_KEY_FILE_MAX) {
        errno = EFBIG;
        return -1;
    }
    /* As ssh(1) has it: a key that others can read is a secret no more. */
    if (secret && st.st_uid == getuid() && st.st_mode & 077) {
        errno = EPERM;
        return -1;
    }
    uint8_t *room = zc_buf_reserve(b, (size_t)st.st_size + 1);
    ssize_t n = room ? zc_io_read(fd, room, (size_t)st.st_size) : -1;
    if (n < 0)
        return -1;
    room[n] = '\0';
    b->len = (size_t)n;
    return 0;
}

int zc_ssh_key_take_public(const char *text, size_t n, struct zc_buf *out)
{
    char type[ZC_SSH_KEY_TYPE_MAX];
    size_t got = 0;
    const char *from = memchr(text, ' ', n);
    if (!from)
        return -1;
    from++;
    const char *to = from;
    while (to < text + n && !strchr(" \t\r\n", *to))
        to++;
    size_t len = (size_t)(to - from);
    uint8_t *room = zc_buf_reserve(out, len);
    if (!room || sodium_base642bin(room, len, from, len, NULL, &got, NULL,
                                   sodium_base64_VARIANT_ORIGINAL) ||
        !zc_ssh_key_type(room, got, type))
        return -1;
    out->len += got;
    return 0;
}

int zc_ssh_key_read_public(const char *path, struct zc_buf *out)
{
    struct zc_buf text = ZC_BUF_INIT;
    int r = read_small(path, false, &text);
    if (r == 0)
        r = zc_ssh_key_take_public((char *)text.data, text.len, out);
    zc_buf_fini(&text);
    return r;
}

static void load_public(struct zc_ssh_key *k)
{
    struct zc_buf name = ZC_BUF_INIT;
    zc_buf_printf(&name, "%s.pub", k->path);
    zc_buf_put(&name, "", 1);
    if (!name.failed)
        (void)zc_ssh_key_read_public((char *)name.data, &k->open);
    zc_buf_fini(&name);
}

struct zc_ssh_key *zc_ssh_key_load(const char *path, struct zc_err *err)
{
    struct zc_buf b = ZC_BUF_INIT;
    struct zc_ssh_key *k = NULL;
    if (read_small(path, true, &b) == 0) {
        k = zc_ssh_key_parse(path, (char *)b.data, b.len, err);
        if (k && !k->open.len)
            load_public(k);
    } else if (errno == EPERM) {
        zc_err_set(err, ZC_EXIT_START, 0, "%s is not used: others can read it "
                   "('chmod 600' it)", path);
    } else {
        zc_err_set(err, ZC_EXIT_START, errno, "%s", path);
    }
    wipe(&b);
    return k;
}

/* --- with the passphrase --- */

static const EVP_CIPHER *cipher_of(const char *name, size_t *key_len,
                                   size_t *iv_len)
{
    *key_len = 32;
    *iv_len = 16;
    if (!strcmp(name, "aes256-ctr"))
        return EVP_aes_256_ctr();
    if (!strcmp(name, "aes256-cbc"))
        return EVP_aes_256_cbc();
    *key_len = 16;
    if (!strcmp(name, "aes128-ctr"))
        return EVP_aes_128_ctr();
    return strcmp(name, "aes128-cbc") ? NULL : EVP_aes_128_cbc();
}

/* The encrypted part of K in the clear, into OUT. */
static int decrypt(const struct zc_ssh_key *k, const char *passphrase,
                   struct zc_buf *out)
{
    uint8_t secret[48];
    size_t key_len, iv_len;
    int n = 0, r = -1;
    const EVP_CIPHER *cipher = cipher_of(k->cipher, &key_len, &iv_len);
    uint8_t *room = zc_buf_reserve(out, k->sealed.len + EVP_MAX_BLOCK_LENGTH);
    EVP_CIPHER_CTX *x = EVP_CIPHER_CTX_new();
    if (cipher && room && x && !(k->sealed.len % 16) &&
        zc_ssh_bcrypt(passphrase, strlen(passphrase), k->salt, k->salt_len,
                      k->rounds, secret, key_len + iv_len) == 0 &&
        EVP_DecryptInit_ex(x, cipher, NULL, secret, secret + key_len) &&
        EVP_CIPHER_CTX_set_padding(x, 0) &&
        EVP_DecryptUpdate(x, room, &n, k->sealed.data, (int)k->sealed.len)) {
        out->len = (size_t)n;
        r = 0;
    }
    EVP_CIPHER_CTX_free(x);
    sodium_memzero(secret, sizeof secret);
    return r;
}

static enum zc_ssh_unlock unlock_own(struct zc_ssh_key *k,
                                     const char *passphrase)
{
    struct zc_buf b = ZC_BUF_INIT;
    if (k->bcrypt && (!passphrase || !*passphrase))
        return ZC_SSH_LOCKED;
    if (!k->bcrypt)
        zc_buf_put(&b, k->sealed.data, k->sealed.len);
    else if (decrypt(k, passphrase, &b))
        b.failed = true;
    enum zc_ssh_unlock u = ZC_SSH_UNLOCK_FAILED;
    struct zc_rd r = zc_rd_init(b.data, b.len);
    if (!b.failed && zc_ssh_u32(&r) != zc_ssh_u32(&r))
        u = k->bcrypt ? ZC_SSH_LOCKED : ZC_SSH_UNLOCK_FAILED;
    else if (!b.failed && (k->pkey = zc_ssh_pkey_private(&r)))
        u = ZC_SSH_UNLOCKED;
    wipe(&b);
    return u;
}

struct asked {
    const char *passphrase;
    bool was;
};

static int on_pem_asks(char *room, int size, int writing, void *arg)
{
    struct asked *a = arg;
    (void)writing;
    a->was = true;
    size_t n = a->passphrase ? strlen(a->passphrase) : 0;
    if (!n || n > (size_t)size)
        return -1;
    memcpy(room, a->passphrase, n);
    return (int)n;
}

static enum zc_ssh_unlock unlock_pem(struct zc_ssh_key *k,
                                     const char *passphrase)
{
    struct asked a = {passphrase, false};
    BIO *bio = BIO_new_mem_buf(k->file.data, (int)k->file.len);
    if (bio)
        k->pkey = PEM_read_bio_PrivateKey(bio, NULL, on_pem_asks, &a);
    BIO_free(bio);
    if (!k->pkey)
        return a.was ? ZC_SSH_LOCKED : ZC_SSH_UNLOCK_FAILED;
    struct zc_buf open = ZC_BUF_INIT;
    if (zc_ssh_pkey_public(k->pkey, &open) || open.failed) {
        zc_buf_fini(&open);
        return ZC_SSH_UNLOCK_FAILED;
    }
    zc_buf_fini(&k->open);
    k->open = open;
    return ZC_SSH_UNLOCKED;
}

enum zc_ssh_unlock zc_ssh_key_unlock(struct zc_ssh_key *k,
                                     const char *passphrase,
                                     struct zc_err *err)
{
    if (k->pkey)
        return ZC_SSH_UNLOCKED;
    enum zc_ssh_unlock u =
        k->pem ? unlock_pem(k, passphrase) : unlock_own(k, passphrase);
    if (u == ZC_SSH_UNLOCK_FAILED)
        zc_err_set(err, ZC_EXIT_START, 0, "%s: a key or a cipher (%s) of a "
                   "kind that cannot be used here", k->path,
                   k->pem ? "PEM" : k->cipher);
    return u;
}

int zc_ssh_key_sign(const struct zc_ssh_key *k, const char *algorithm,
                    const uint8_t *data, size_t n, struct zc_buf *out)
{
    return k->pkey ? zc_ssh_pkey_sign(k->pkey, algorithm, data, n, out) : -1;
}
