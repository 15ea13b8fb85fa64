// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The two ciphers: published vectors, the same bytes as libsodium's, whatever
 * was changed on the way is refused, and a record allocates nothing.
 */
#include "net/aead.h"

#include "../tap.h"
#include "hex.h"
#include "scratch.h"

#include <openssl/crypto.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define TAG ZC_AEAD_TAG
#define MAX 65536

static uint8_t key[ZC_AEAD_KEY], plain[MAX], sealed[MAX], other[MAX];

static const enum zc_suite suites[] = {ZC_SUITE_CHACHAPOLY, ZC_SUITE_AESGCM};

/* ---- Counting what libcrypto allocates ---------------------------------- */

static unsigned long allocations;

static void *count_malloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    allocations++;
    return malloc(n);
}

static void *count_realloc(void *p, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    allocations++;
    return realloc(p, n);
}

static void count_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

/* ---- Vectors ------------------------------------------------------------ */

struct vector {
    const char *source;
    enum zc_suite suite;
    const char *key;
    uint64_t nonce; /* the other 32 bits of the source's are zero */
    const char *ad, *plain, *sealed;
};

static const struct vector vectors[] = {
    {"RFC 8439, A.5", ZC_SUITE_CHACHAPOLY,
     "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0",
     0x0807060504030201, "f33388860000000000004e91",
     "496e7465726e65742d4472616674732061726520647261667420646f63756d656e747320"
     "76616c696420666f722061206d6178696d756d206f6620736978206d6f6e74687320616e"
     "64206d617920626520757064617465642c207265706c616365642c206f72206f62736f6c"
     "65746564206279206f7468657220646f63756d656e747320617420616e792074696d652e"
     "20497420697320696e617070726f70726961746520746f2075736520496e7465726e6574"
     "2d447261667473206173207265666572656e6365206d6174657269616c206f7220746f20"
     "63697465207468656d206f74686572207468616e206173202fe2809c776f726b20696e20"
     "70726f67726573732e2fe2809d",
     "64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb24c6cfc18"
     "755d43eea09ee94e382d26b0bdb7b73c321b0100d4f03b7f355894cf332f830e710b97ce"
     "98c8a84abd0b948114ad176e008d33bd60f982b1ff37c8559797a06ef4f0ef61c186324e"
     "2b3506383606907b6a7c02b0f9f6157b53c867e4b9166c767b804d46a59b5216cde7a4e9"
     "9040c5a40433225ee282a1b0a06c523eaf4534d7f83fa1155b0047718cbc546a0d072b04"
     "b3564eea1b422273f548271a0bb2316053fa76991955ebd63159434ecebb4e466dae5a10"
     "73a6727627097a1049e617d91d361094fa68f0ff77987130305beaba2eda04df997b714d"
     "6c6f2c29a6ad5cb4022b02709beead9d67890cbb22392336fea1851f38"},
    {"gcm-revised-spec, test case 13", ZC_SUITE_AESGCM,
     "0000000000000000000000000000000000000000000000000000000000000000", 0, "",
     "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {"gcm-revised-spec, test case 14", ZC_SUITE_AESGCM,
     "0000000000000000000000000000000000000000000000000000000000000000", 0, "",
     "00000000000000000000000000000000",
     "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
};

static void published(const struct vector *v)
{
    uint8_t k[ZC_AEAD_KEY], ad[64], p[512], c[512];
    unhex(v->key, k, sizeof k);
    size_t ad_n = unhex(v->ad, ad, sizeof ad);
    size_t n = unhex(v->plain, p, sizeof p);
    struct zc_aead *a = zc_aead_new(v->suite, k);
    ok(a && zc_aead_seal(a, v->nonce, ad, ad_n, p, n, c) == 0 &&
           is_hex(c, n + TAG, v->sealed), "%s: seal", v->source);
    memset(p, 0xee, sizeof p);
    ok(a && zc_aead_open(a, v->nonce, ad, ad_n, c, n + TAG, p) == 0 &&
           is_hex(p, n, v->plain), "%s: open", v->source);
    zc_aead_free(a);
}

/* ---- Against libsodium -------------------------------------------------- */

/* False where libsodium cannot do it. Lays out the nonces on its own. */
static bool sodium_seal(enum zc_suite suite, uint64_t nonce, const uint8_t *ad,
                        size_t ad_n, size_t n, uint8_t *out)
{
    uint8_t iv[12] = {0};
    bool big = suite == ZC_SUITE_AESGCM;
    for (int i = 0; i < 8; i++)
        iv[big ? 11 - i : 4 + i] = (uint8_t)(nonce >> (8 * i));
    if (!big)
        return !crypto_aead_chacha20poly1305_ietf_encrypt(
            out, NULL, plain, n, ad, ad_n, NULL, iv, key);
    return crypto_aead_aes256gcm_is_available() &&
           !crypto_aead_aes256gcm_encrypt(out, NULL, plain, n, ad, ad_n, NULL,
                                          iv, key);
}

static bool same_as_sodium(struct zc_aead *a, enum zc_suite suite,
                           uint64_t nonce, size_t ad_n, size_t n)
{
    static uint8_t ad[64];
    if (!sodium_seal(suite, nonce, ad, ad_n, n, other))
        return false;
    if (zc_aead_seal(a, nonce, ad, ad_n, plain, n, sealed) ||
        memcmp(sealed, other, n + TAG))
        return false;
    /* In place, both ways. */
    memcpy(sealed, plain, n);
    if (zc_aead_seal(a, nonce, ad, ad_n, sealed, n, sealed) ||
        memcmp(sealed, other, n + TAG))
        return false;
    return zc_aead_open(a, nonce, ad, ad_n, sealed, n + TAG, sealed) == 0 &&
           memcmp(sealed, plain, n) == 0;
}

static void against_sodium(enum zc_suite suite)
{
    static const size_t sizes[] = {0,  1,  15,   16,   17,   31,    63,
                                   64, 65, 4095, 4096, 4097, 16384, 65519};
    static const size_t ad_sizes[] = {0, 1, 16, 64};
    static const uint64_t nonces[] = {0, 1, 255, 256, 0x0102030405060708,
                                      UINT32_MAX, UINT64_MAX};
    const char *name = zc_suite_text(suite);
    if (suite == ZC_SUITE_AESGCM && !crypto_aead_aes256gcm_is_available()) {
        skip(1, "libsodium has no AES-256-GCM for this CPU");
        return;
    }
    struct zc_aead *a = zc_aead_new(suite, key);
    unsigned bad = 0;
    for (size_t i = 0; i < ZC_ARRAY_LEN(sizes); i++)
        for (size_t j = 0; j < ZC_ARRAY_LEN(ad_sizes); j++)
            for (size_t k = 0; k < ZC_ARRAY_LEN(nonces); k++)
                bad += !same_as_sodium(a, suite, nonces[k], ad_sizes[j],
                                       sizes[i]);
    is_int(bad, 0, "%s: the bytes are those of libsodium", name);
    zc_aead_free(a);
}

/* ---- What is refused ---------------------------------------------------- */

static bool opens(struct zc_aead *a, uint64_t nonce, const void *ad,
                  size_t ad_n, const void *in, size_t n)
{
    memset(other, 0xaa, sizeof other);
    return zc_aead_open(a, nonce, ad, ad_n, in, n, other) == 0;
}

static void forged(enum zc_suite suite)
{
    enum { N = 33 };
    const char *name = zc_suite_text(suite);
    uint8_t record[N + TAG + 1], ad[5] = "abcd";
    struct zc_aead *a = zc_aead_new(suite, key);
    unsigned passed = 0, left = 0;

    zc_aead_seal(a, 7, ad, sizeof ad, plain, N, record);
    for (size_t bit = 0; bit < 8 * (N + TAG); bit++) {
        record[bit / 8] ^= (uint8_t)(1 << bit % 8);
        passed += opens(a, 7, ad, sizeof ad, record, N + TAG);
        left += !sodium_is_zero(other, N);
        record[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    is_int(passed, 0, "%s: no flipped bit passes", name);
    is_int(left, 0, "%s: ... and none of the forged text is left", name);
    for (size_t bit = 0; bit < 8 * sizeof ad; bit++) {
        ad[bit / 8] ^= (uint8_t)(1 << bit % 8);
        passed += opens(a, 7, ad, sizeof ad, record, N + TAG);
        ad[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    is_int(passed, 0, "%s: ... nor one in the associated data", name);
    for (size_t n = 0; n < N + TAG; n++)
        passed += opens(a, 7, ad, sizeof ad, record, n);
    passed += opens(a, 7, ad, sizeof ad, record, N + TAG + 1);
    is_int(passed, 0, "%s: nothing shorter or longer passes", name);
    passed += opens(a, 6, ad, sizeof ad, record, N + TAG);
    passed += opens(a, 8, ad, sizeof ad, record, N + TAG);
    passed += opens(a, 7, ad, sizeof ad - 1, record, N + TAG);
    passed += opens(a, 7, NULL, 0, record, N + TAG);
    is_int(passed, 0, "%s: nothing out of its place passes", name);
    ok(opens(a, 7, ad, sizeof ad, record, N + TAG) && !memcmp(other, plain, N),
       "%s: the genuine record still opens after all of that", name);
    zc_aead_free(a);
}

/* ---- REKEY() ------------------------------------------------------------ */

static void rekey(enum zc_suite suite)
{
    static const uint8_t zeros[32];
    const char *name = zc_suite_text(suite);
    struct zc_aead *tx = zc_aead_new(suite, key), *rx = zc_aead_new(suite, key);
    uint8_t next[32 + TAG];

    zc_aead_seal(tx, 1, NULL, 0, plain, 100, sealed);
    ok(opens(rx, 1, NULL, 0, sealed, 100 + TAG), "%s: before REKEY()", name);
    zc_aead_seal(tx, UINT64_MAX, NULL, 0, zeros, sizeof zeros, next);
    is_int(zc_aead_rekey(tx), 0, "%s: REKEY() of the sender", name);
    zc_aead_seal(tx, 2, NULL, 0, plain, 100, sealed);
    ok(!opens(rx, 2, NULL, 0, sealed, 100 + TAG),
       "%s: ... the old key does not open it", name);
    is_int(zc_aead_rekey(rx), 0, "%s: REKEY() of the receiver", name);
    ok(opens(rx, 2, NULL, 0, sealed, 100 + TAG),
       "%s: ... and now it does", name);
    struct zc_aead *fresh = zc_aead_new(suite, next);
    ok(opens(fresh, 2, NULL, 0, sealed, 100 + TAG),
       "%s: the new key is ENCRYPT(k, 2^64 - 1, \"\", zeros), cut to 32 bytes",
       name);
    zc_aead_rekey(tx);
    zc_aead_rekey(rx);
    zc_aead_seal(tx, 3, NULL, 0, plain, 100, sealed);
    ok(opens(rx, 3, NULL, 0, sealed, 100 + TAG) &&
           !opens(fresh, 3, NULL, 0, sealed, 100 + TAG),
       "%s: and again", name);
    zc_aead_free(tx);
    zc_aead_free(rx);
    zc_aead_free(fresh);
}

/* ---- The rest ----------------------------------------------------------- */

static void allocates_nothing(enum zc_suite suite)
{
    struct zc_aead *a = zc_aead_new(suite, key);
    unsigned long before = allocations;
    bool good = before > 0;
    for (uint64_t nonce = 0; nonce < 100; nonce++) {
        good &= !zc_aead_seal(a, nonce, "ad", 2, plain, 1000, sealed);
        good &= opens(a, nonce, "ad", 2, sealed, 1000 + TAG);
        good &= !opens(a, nonce + 1, "ad", 2, sealed, 1000 + TAG);
    }
    ok(good, "%s: a hundred records there and back", zc_suite_text(suite));
    is_int(allocations - before, 0, "... without an allocation of libcrypto's");
    zc_aead_free(a);
}

/* Any attempt to open a file kills. */
static int seal_without_files(void *unused)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    struct rlimit none = {0, 0};
    (void)unused;
    setrlimit(RLIMIT_CORE, &none);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        return 98;
    for (size_t i = 0; i < ZC_ARRAY_LEN(suites); i++) {
        struct zc_aead *a = zc_aead_new(suites[i], key);
        if (!a || zc_aead_seal(a, 0, NULL, 0, plain, 100, sealed))
            return 1;
        zc_aead_free(a);
    }
    return 0;
}

/* In a process where libcrypto has not been used before. */
static void needs_no_files(void)
{
    int r = in_child(seal_without_files, NULL);
    if (r == 98)
        skip(1, "no seccomp filters here");
    else
        is_int(r, 0, "libcrypto opens no file, not even the first time");
}

static bool cpuinfo_has(const char *word)
{
    static char line[1 << 16];
    bool found = false;
    FILE *f = fopen("/proc/cpuinfo", "re");
    while (f && !found && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = ' ';
        found = (!strncmp(line, "flags", 5) || !strncmp(line, "Features", 8)) &&
                strstr(line, word);
    }
    if (f)
        fclose(f);
    return found;
}

static void names(void)
{
    is_str(zc_suite_text(ZC_SUITE_AESGCM), "AES-256-GCM", "name of one suite");
    is_str(zc_suite_text(ZC_SUITE_CHACHAPOLY), "ChaCha20-Poly1305",
           "name of the other");
    ok(!zc_aead_new(0, key) && !zc_aead_new(3, key), "there is no third");
    zc_aead_free(NULL);
#if defined(__x86_64__) || defined(__aarch64__)
    is_int(zc_suite_has_aes(),
           cpuinfo_has(" aes ") &&
               (cpuinfo_has(" pclmulqdq ") || cpuinfo_has(" pmull ")),
           "the CPU has AES if the kernel says so");
#else
    skip(1, "who knows how this CPU spells AES");
#endif
}

int main(void)
{
    bool counting = CRYPTO_set_mem_functions(count_malloc, count_realloc,
                                             count_free) == 1;
    if (sodium_init() < 0)
        skip_all("libsodium cannot start");
    randombytes_buf(key, sizeof key);
    randombytes_buf(plain, sizeof plain);
    needs_no_files();
    for (size_t i = 0; i < ZC_ARRAY_LEN(vectors); i++)
        published(&vectors[i]);
    for (size_t i = 0; i < ZC_ARRAY_LEN(suites); i++) {
        against_sodium(suites[i]);
        forged(suites[i]);
        rekey(suites[i]);
        if (counting)
            allocates_nothing(suites[i]);
        else
            skip(2, "libcrypto does not let its allocations be counted");
    }
    names();
    return done_testing();
}
