// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Static keys; see keys.h. An identity file is text:
 *
 *     # zcsync identity: a private key. Keep it to this host.
 *     zcsync-private-key-v1:BASE64
 *
 * where BASE64 stands for the 32 bytes of an X25519 private key (RFC 7748), in
 * the standard alphabet, padded, 44 characters. Empty lines and lines that
 * begin with '#' mean nothing; there is exactly one other line. Lines end in LF
 * or CRLF, the last one as it likes.
 *
 * A file appears under its name complete and on stable storage, or not at all:
 * it is written without a name (O_TMPFILE) and then linked, and a link, unlike
 * a rename, fails where there is something already.
 */
#include "net/keys.h"

#include "base/io.h"
#include "fs/secret.h"

#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define FILE_MAX 4096 /* a long comment still fits */
#define PREFIX "zcsync-private-key-v"
#define PREFIX_1 PREFIX "1:"
#define COMMENT "# zcsync identity: a private key. Keep it to this host.\n"

static const int base64 = sodium_base64_VARIANT_ORIGINAL;

/* --- in memory --- */

/* Room for a secret. sodium_init may be called again and by any thread. */
static struct zc_identity *alloc_identity(struct zc_err *err)
{
    struct zc_identity *id = NULL;
    if (sodium_init() < 0) {
        zc_err_set(err, ZC_EXIT_START, 0, "libsodium cannot start");
        return NULL;
    }
    id = calloc(1, sizeof *id);
    if (id)
        id->secret = sodium_malloc(ZC_KEY_SIZE);
    if (!id || !id->secret) {
        zc_err_nomem(err);
        free(id);
        return NULL;
    }
    return id;
}

/* The secret is there: what follows from it. */
static struct zc_identity *finish(struct zc_identity *id)
{
    crypto_scalarmult_base(id->public_key, id->secret);
    sodium_mprotect_readonly(id->secret);
    return id;
}

struct zc_identity *zc_identity_new(struct zc_err *err)
{
    struct zc_identity *id = alloc_identity(err);
    if (!id)
        return NULL;
    randombytes_buf(id->secret, ZC_KEY_SIZE);
    return finish(id);
}

void zc_identity_free(struct zc_identity *id)
{
    if (!id)
        return;
    int keep = errno;
    sodium_free(id->secret); /* wipes it */
    free(id);
    errno = keep;
}

void zc_identity_keep(struct zc_identity *id)
{
    /* sodium_malloc puts nothing else into a page. A kernel that cannot do it,
     * or a limit on locked memory, is no reason not to go on. */
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *start = id->secret - (uintptr_t)id->secret % page;
    (void)madvise(start, page, MADV_WIPEONFORK);
    (void)mlock(start, page);
}

void zc_key_text(const uint8_t key[ZC_KEY_SIZE], char text[ZC_KEY_TEXT_SIZE])
{
    sodium_bin2base64(text, ZC_KEY_TEXT_SIZE, key, ZC_KEY_SIZE, base64);
}

/* Exactly 44 characters that stand for 32 bytes, in the one way there is to
 * write them: libsodium 1.0.18 takes some bytes above 127 for characters, so
 * what it makes of TEXT is written again. Does not branch on the characters. */
static bool decode(const char *text, size_t n, uint8_t key[ZC_KEY_SIZE])
{
    char again[ZC_KEY_TEXT_SIZE];
    size_t len;
    if (n != ZC_KEY_TEXT_SIZE - 1 ||
        sodium_base642bin(key, ZC_KEY_SIZE, text, n, NULL, &len, NULL,
                          base64) ||
        len != ZC_KEY_SIZE)
        return false;
    zc_key_text(key, again);
    bool same = sodium_memcmp(again, text, n) == 0;
    sodium_memzero(again, sizeof again);
    return same;
}

/* Every X25519 private key is a multiple of 8, so that any of them takes a
 * point of small order, and no other, to zero, which libsodium refuses. */
static bool usable(const uint8_t key[ZC_KEY_SIZE])
{
    static const uint8_t any[ZC_KEY_SIZE] = {1};
    uint8_t product[ZC_KEY_SIZE];
    return sodium_init() >= 0 && crypto_scalarmult(product, any, key) == 0;
}

bool zc_key_parse(const char *text, size_t n, uint8_t key[ZC_KEY_SIZE])
{
    return decode(text, n, key) && usable(key);
}

bool zc_key_equal(const uint8_t a[ZC_KEY_SIZE], const uint8_t b[ZC_KEY_SIZE])
{
    return sodium_memcmp(a, b, ZC_KEY_SIZE) == 0;
}

bool zc_keys_have(struct zc_keys k, const uint8_t key[ZC_KEY_SIZE])
{
    for (size_t i = 0; i < k.n; i++)
        if (zc_key_equal(k.v[i], key))
            return true;
    return false;
}

/* --- the text of a file --- */

static bool begins(const char *text, size_t n, const char *prefix)
{
    return n >= strlen(prefix) && memcmp(text, prefix, strlen(prefix)) == 0;
}

/* Takes line NUMBER; no message repeats any of it. */
static int parse_line(const char *name, unsigned number, const char *line,
                      size_t n, struct zc_identity *id, bool *found,
                      struct zc_err *err)
{
    const size_t prefix = strlen(PREFIX_1);
    if (n > 0 && line[n - 1] == '\r')
        n--;
    if (n == 0 || line[0] == '#')
        return 0;
    if (!begins(line, n, PREFIX))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "%s is not an identity file: line %u", name, number);
    if (!begins(line, n, PREFIX_1))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "%s: line %u: a key of a kind that this version does "
                          "not know", name, number);
    if (*found)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "%s: line %u: there is more than one key", name,
                          number);
    if (!decode(line + prefix, n - prefix, id->secret))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "%s: line %u: the key is damaged", name, number);
    *found = true;
    return 0;
}

struct zc_identity *zc_identity_parse(const char *name, const char *text,
                                      size_t n, struct zc_err *err)
{
    struct zc_identity *id = alloc_identity(err);
    bool found = false;
    size_t at = 0;
    if (!id)
        return NULL;
    for (unsigned line = 1; at < n; line++) {
        const char *end = memchr(text + at, '\n', n - at);
        size_t len = end ? (size_t)(end - (text + at)) : n - at;
        if (parse_line(name, line, text + at, len, id, &found, err)) {
            zc_identity_free(id);
            return NULL;
        }
        at += len + 1;
    }
    if (!found) {
        zc_err_set(err, ZC_EXIT_USAGE, 0,
                   "%s is not an identity file: there is no key in it", name);
        zc_identity_free(id);
        return NULL;
    }
    return finish(id);
}

/* --- reading a file --- */

struct zc_identity *zc_identity_load(const char *path, struct zc_err *err)
{
    static const struct zc_secret_words words = {
        "identity", "private key", ", or make a new one"};
    zc_auto_close int fd = zc_secret_open(path, &words, err);
    struct zc_identity *id = NULL;
    struct stat st;
    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) == 0 && st.st_size > FILE_MAX) {
        zc_err_set(err, ZC_EXIT_USAGE, 0,
                   "%s is not an identity file: it is too large", path);
        return NULL;
    }
    char *text = sodium_init() < 0 ? NULL : sodium_malloc(FILE_MAX);
    if (!text) {
        zc_err_nomem(err);
        return NULL;
    }
    ssize_t n = zc_io_read(fd, text, FILE_MAX);
    if (n < 0)
        zc_err_set(err, ZC_EXIT_START, errno, "cannot read %s", path);
    else
        id = zc_identity_parse(path, text, (size_t)n, err);
    sodium_free(text);
    return id;
}

/* --- making a file --- */

static int sync_dir(const char *path)
{
    zc_auto_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* Some file systems cannot sync a directory, and say EINVAL. */
    return fd < 0 || (fsync(fd) && errno != EINVAL) ? -1 : 0;
}

/* Makes the directories that lead to PATH, which is changed and restored. */
static int make_parents(char *path)
{
    size_t above = 0; /* length of the directory that the next one is in */
    char *p = *path ? strchr(path + 1, '/') : NULL;
    for (; p; p = strchr(p + 1, '/')) {
        *p = '\0';
        int r = mkdir(path, 0700);
        if (r == 0) {
            char keep = path[above];
            path[above] = '\0';
            r = sync_dir(above ? path : keep == '/' ? "/" : ".");
            path[above] = keep;
        } else if (errno == EEXIST || errno == EISDIR) {
            r = 0;
        }
        *p = '/';
        if (r)
            return -1;
        above = (size_t)(p - path);
    }
    return 0;
}

/* A file in the directory DIR that has no name, or, where the file system
 * cannot do that, TMP. */
static int open_new(int dir, const char *tmp, bool *named)
{
    int fd = openat(dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    *named = fd < 0;
    if (fd < 0)
        fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return fd;
}

static int write_key(int fd, const struct zc_identity *id)
{
    const size_t prefix = strlen(COMMENT PREFIX_1);
    const size_t size = prefix + ZC_KEY_TEXT_SIZE; /* LF instead of the NUL */
    char *text = sodium_malloc(size);
    if (!text)
        return -1;
    memcpy(text, COMMENT PREFIX_1, prefix);
    zc_key_text(id->secret, text + prefix);
    text[size - 1] = '\n';
    /* Whatever the umask or a default ACL says. */
    int r = fchmod(fd, 0600) || zc_io_write(fd, text, size) || fsync(fd);
    int keep = errno;
    sodium_free(text);
    errno = keep;
    return r ? -1 : 0;
}

/* Makes NAME in the directory DIR. */
static int save_in(int dir, const char *name, const struct zc_identity *id)
{
    char tmp[64], proc[64];
    bool named;
    snprintf(tmp, sizeof tmp, ".identity.%08x%08x", randombytes_random(),
             randombytes_random());
    zc_auto_close int fd = open_new(dir, tmp, &named);
    if (fd < 0)
        return -1;
    snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
    int r = write_key(fd, id);
    if (r == 0)
        r = named ? linkat(dir, tmp, dir, name, 0)
                  : linkat(AT_FDCWD, proc, dir, name, AT_SYMLINK_FOLLOW);
    int keep = errno;
    if (named)
        unlinkat(dir, tmp, 0);
    errno = keep;
    if (r == 0 && fsync(dir) && errno != EINVAL)
        r = -1;
    return r;
}

int zc_identity_save(const struct zc_identity *id, const char *path,
                     struct zc_err *err)
{
    zc_auto_free char *parent = strdup(path);
    if (!parent)
        return zc_err_nomem(err);
    if (make_parents(parent))
        return zc_err_set(err, ZC_EXIT_START, errno,
                          "cannot make the directory for %s", path);
    char *slash = strrchr(parent, '/');
    const char *name = slash ? path + (slash - parent) + 1 : path;
    if (slash)
        slash[slash == parent] = '\0'; /* "/" stays */
    zc_auto_close int dir = open(slash ? parent : ".",
                                 O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir >= 0 && save_in(dir, name, id) == 0)
        return 0;
    if (errno == EEXIST)
        return zc_err_set(err, ZC_EXIT_START, 0,
                          "%s is there already and is not replaced", path);
    return zc_err_set(err, ZC_EXIT_START, errno, "cannot make %s", path);
}
