// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys of libcrypto from and to the formats of SSH; see key_parts.h. */
#include "ssh/key_parts.h"

#include "ssh/wire.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>
#include <string.h>

#define NUMBER_MAX 2048 /* bytes: RSA of 16384 bits */
#define POINT_MAX 160   /* an uncompressed point of nistp521 and more */

static const struct curve {
    const char *type, *ssh, *group;
    int bits;
} curves[] = {
    {"ecdsa-sha2-nistp256", "nistp256", "prime256v1", 256},
    {"ecdsa-sha2-nistp384", "nistp384", "secp384r1", 384},
    {"ecdsa-sha2-nistp521", "nistp521", "secp521r1", 521},
};

/* --- private keys --- */

static EVP_PKEY *from_data(const char *type, OSSL_PARAM_BLD *b)
{
    EVP_PKEY *k = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
    EVP_PKEY_CTX *x = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (!params || !x || EVP_PKEY_fromdata_init(x) <= 0 ||
        EVP_PKEY_fromdata(x, &k, EVP_PKEY_KEYPAIR, params) <= 0)
        k = NULL;
    EVP_PKEY_CTX_free(x);
    OSSL_PARAM_free(params);
    return k;
}

/* A number at R, for B as NAME; to be freed when B is done. */
static BIGNUM *number(struct zc_rd *r, OSSL_PARAM_BLD *b, const char *name)
{
    size_t n;
    const uint8_t *s = zc_ssh_string(r, &n);
    BIGNUM *v = s && n <= NUMBER_MAX ? BN_bin2bn(s, (int)n, NULL) : NULL;
    if (v && !OSSL_PARAM_BLD_push_BN(b, name, v)) {
        BN_clear_free(v);
        v = NULL;
    }
    return v;
}

/* n, e, d, the inverse of q, p, q: the exponents that go with p and q are not
 * there and have to be worked out. */
static bool rsa_exponents(OSSL_PARAM_BLD *b, BIGNUM *v[6], BIGNUM *dp,
                          BIGNUM *dq)
{
    BN_CTX *x = BN_CTX_new();
    BIGNUM *less = BN_new();
    BN_set_flags(v[2], BN_FLG_CONSTTIME);
    bool good = x && less && BN_sub(less, v[4], BN_value_one()) &&
                BN_mod(dp, v[2], less, x) &&
                BN_sub(less, v[5], BN_value_one()) &&
                BN_mod(dq, v[2], less, x) &&
                OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_EXPONENT1, dp) &&
                OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_EXPONENT2, dq);
    BN_clear_free(less);
    BN_CTX_free(x);
    return good;
}

static EVP_PKEY *private_rsa(struct zc_rd *r)
{
    static const char *const names[6] = {
        OSSL_PKEY_PARAM_RSA_N,            OSSL_PKEY_PARAM_RSA_E,
        OSSL_PKEY_PARAM_RSA_D,            OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
        OSSL_PKEY_PARAM_RSA_FACTOR1,      OSSL_PKEY_PARAM_RSA_FACTOR2};
    BIGNUM *v[6] = {NULL}, *dp = BN_new(), *dq = BN_new();
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    EVP_PKEY *k = NULL;
    bool good = b && dp && dq;
    for (int i = 0; i < 6 && good; i++)
        good = (v[i] = number(r, b, names[i])) != NULL;
    if (good && !BN_is_zero(v[4]) && !BN_is_one(v[4]) && !BN_is_zero(v[5]) &&
        !BN_is_one(v[5]) && rsa_exponents(b, v, dp, dq))
        k = from_data("RSA", b);
    OSSL_PARAM_BLD_free(b);
    for (int i = 0; i < 6; i++)
        BN_clear_free(v[i]);
    BN_clear_free(dp);
    BN_clear_free(dq);
    return k;
}

static EVP_PKEY *private_ec(struct zc_rd *r, const struct curve *c)
{
    size_t n;
    if (!zc_ssh_string_is(r, c->ssh))
        return NULL;
    const uint8_t *point = zc_ssh_string(r, &n);
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    EVP_PKEY *k = NULL;
    BIGNUM *d = NULL;
    if (b && point && n <= POINT_MAX &&
        OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME,
                                        c->group, 0) &&
        OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, point,
                                         n) &&
        (d = number(r, b, OSSL_PKEY_PARAM_PRIV_KEY)))
        k = from_data("EC", b);
    OSSL_PARAM_BLD_free(b);
    BN_clear_free(d);
    return k;
}

/* The public key, and a string of the seed and the public key again. */
static EVP_PKEY *private_ed25519(struct zc_rd *r)
{
    size_t n, pair_len;
    const uint8_t *open = zc_ssh_string(r, &n);
    const uint8_t *pair = zc_ssh_string(r, &pair_len);
    if (!open || !pair || n != 32 || pair_len != 64)
        return NULL;
    return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, pair, 32);
}

EVP_PKEY *zc_ssh_pkey_private(struct zc_rd *r)
{
    struct zc_rd type = *r;
    size_t n;
    (void)zc_ssh_string(r, &n);
    struct zc_rd t = type;
    if (zc_ssh_string_is(&t, "ssh-ed25519"))
        return private_ed25519(r);
    t = type;
    if (zc_ssh_string_is(&t, "ssh-rsa"))
        return private_rsa(r);
    for (size_t i = 0; i < ZC_ARRAY_LEN(curves); i++) {
        t = type;
        if (zc_ssh_string_is(&t, curves[i].type))
            return private_ec(r, &curves[i]);
    }
    return NULL;
}

/* --- public keys --- */

static int put_number(EVP_PKEY *k, const char *name, struct zc_buf *out)
{
    uint8_t bytes[NUMBER_MAX];
    BIGNUM *v = NULL;
    int r = -1;
    if (EVP_PKEY_get_bn_param(k, name, &v) && BN_num_bytes(v) <= NUMBER_MAX) {
        zc_ssh_put_mpint(out, bytes, (size_t)BN_bn2bin(v, bytes));
        r = 0;
    }
    BN_free(v);
    return r;
}

static const struct curve *curve_of(EVP_PKEY *k)
{
    for (size_t i = 0; i < ZC_ARRAY_LEN(curves); i++)
        if (EVP_PKEY_get_bits(k) == curves[i].bits)
            return &curves[i];
    return NULL;
}

static int public_ec(EVP_PKEY *k, struct zc_buf *out)
{
    uint8_t point[POINT_MAX];
    size_t n = 0;
    const struct curve *c = curve_of(k);
    if (!c || !EVP_PKEY_get_octet_string_param(
                  k, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point, sizeof point,
                  &n))
        return -1;
    zc_ssh_put_string(out, c->type, strlen(c->type));
    zc_ssh_put_string(out, c->ssh, strlen(c->ssh));
    zc_ssh_put_string(out, point, n);
    return 0;
}

static int public_ed25519(EVP_PKEY *k, struct zc_buf *out)
{
    uint8_t bytes[32];
    size_t n = sizeof bytes;
    if (!EVP_PKEY_get_raw_public_key(k, bytes, &n) || n != sizeof bytes)
        return -1;
    zc_ssh_put_string(out, "ssh-ed25519", 11);
    zc_ssh_put_string(out, bytes, n);
    return 0;
}

int zc_ssh_pkey_public(EVP_PKEY *k, struct zc_buf *out)
{
    switch (EVP_PKEY_get_base_id(k)) {
    case EVP_PKEY_RSA:
        zc_ssh_put_string(out, "ssh-rsa", 7);
        return put_number(k, OSSL_PKEY_PARAM_RSA_E, out) ||
                       put_number(k, OSSL_PKEY_PARAM_RSA_N, out)
                   ? -1
                   : 0;
    case EVP_PKEY_EC:
        return public_ec(k, out);
    case EVP_PKEY_ED25519:
        return public_ed25519(k, out);
    default:
        return -1;
    }
}

/* --- signatures --- */

/* libcrypto's is DER of two numbers; SSH's is the two as mpints. */
static int put_ecdsa(const uint8_t *der, size_t n, struct zc_buf *out)
{
    uint8_t bytes[POINT_MAX];
    const BIGNUM *v[2];
    ECDSA_SIG *s = d2i_ECDSA_SIG(NULL, &der, (long)n);
    if (!s)
        return -1;
    ECDSA_SIG_get0(s, &v[0], &v[1]);
    for (int i = 0; i < 2; i++)
        if (BN_num_bytes(v[i]) <= (int)sizeof bytes)
            zc_ssh_put_mpint(out, bytes, (size_t)BN_bn2bin(v[i], bytes));
    ECDSA_SIG_free(s);
    return 0;
}

/* NULL in *MD: the key hashes by itself. False: not for this key. */
static bool digest_for(EVP_PKEY *k, const char *algorithm, const EVP_MD **md)
{
    int id = EVP_PKEY_get_base_id(k);
    const struct curve *c = id == EVP_PKEY_EC ? curve_of(k) : NULL;
    *md = NULL;
    if (!strcmp(algorithm, "ssh-ed25519"))
        return id == EVP_PKEY_ED25519;
    if (!strcmp(algorithm, "rsa-sha2-512"))
        *md = EVP_sha512();
    else if (!strcmp(algorithm, "rsa-sha2-256"))
        *md = EVP_sha256();
    else if (!strcmp(algorithm, "ssh-rsa"))
        *md = EVP_sha1();
    if (*md)
        return id == EVP_PKEY_RSA;
    if (!c || strcmp(algorithm, c->type) != 0)
        return false;
    *md = c->bits == 256 ? EVP_sha256()
          : c->bits == 384 ? EVP_sha384() : EVP_sha512();
    return true;
}

int zc_ssh_pkey_sign(EVP_PKEY *k, const char *algorithm, const uint8_t *data,
                     size_t n, struct zc_buf *out)
{
    const EVP_MD *md;
    size_t len = 0;
    int r = -1;
    struct zc_buf der = ZC_BUF_INIT;
    if (!digest_for(k, algorithm, &md))
        return -1;
    EVP_MD_CTX *x = EVP_MD_CTX_new();
    uint8_t *room = NULL;
    if (x && EVP_DigestSignInit(x, NULL, md, NULL, k) > 0 &&
        EVP_DigestSign(x, NULL, &len, data, n) > 0 &&
        (room = zc_buf_reserve(&der, len)) &&
        EVP_DigestSign(x, room, &len, data, n) > 0)
        r = 0;
    EVP_MD_CTX_free(x);
    if (r == 0 && EVP_PKEY_get_base_id(k) == EVP_PKEY_EC)
        r = put_ecdsa(room, len, out);
    else if (r == 0)
        zc_buf_put(out, room, len);
    zc_buf_fini(&der);
    return r || out->failed ? -1 : 0;
}
