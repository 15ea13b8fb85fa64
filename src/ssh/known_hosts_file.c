// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * known_hosts on the disk. Other programs write there too, without locks; a
 * line is added with one write(2) at the end, so that it is there whole or, on
 * a full disk, cut short, which readers pass over.
 */
#include "ssh/known_hosts.h"

#include "base/io.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SALT_SIZE 20
#define SALT_TEXT sodium_base64_ENCODED_LEN(SALT_SIZE, \
                                            sodium_base64_VARIANT_ORIGINAL)

static int trouble(struct zc_err *err, const char *file)
{
    return zc_err_set(err, ZC_EXIT_FILEIO, errno, "%s", file);
}

int zc_known_hosts_load(const char *file, struct zc_buf *bytes,
                        struct zc_err *err)
{
    struct stat st;
    bytes->len = 0;
    zc_auto_close int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY |
                                          O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0 : trouble(err, file);
    if (fstat(fd, &st))
        return trouble(err, file);
    if (!S_ISREG(st.st_mode))
        return 0; /* /dev/null stands for "none" */
    if (st.st_size > (off_t)ZC_KNOWN_HOSTS_MAX)
        return zc_err_set(err, ZC_EXIT_START, 0,
                          "%s is larger than %d MiB, the most that is read of "
                          "a known_hosts", file,
                          (int)(ZC_KNOWN_HOSTS_MAX / ZC_MIB));
    uint8_t *room = zc_buf_reserve(bytes, (size_t)st.st_size + 1);
    if (!room)
        return zc_err_nomem(err);
    ssize_t n = zc_io_read(fd, room, (size_t)st.st_size);
    if (n < 0)
        return trouble(err, file);
    bytes->len = (size_t)n;
    return 0;
}

/* NAME, hashed with a new salt. */
static void put_hashed(struct zc_buf *b, const char *name)
{
    uint8_t salt[SALT_SIZE], hash[EVP_MAX_MD_SIZE];
    char text[SALT_TEXT];
    unsigned n = 0;
    randombytes_buf(salt, sizeof salt);
    if (!HMAC(EVP_sha1(), salt, sizeof salt, (const unsigned char *)name,
              strlen(name), hash, &n) || n != SALT_SIZE) {
        zc_buf_put_str(b, name);
        return;
    }
    sodium_bin2base64(text, sizeof text, salt, sizeof salt,
                      sodium_base64_VARIANT_ORIGINAL);
    zc_buf_printf(b, "|1|%s|", text);
    sodium_bin2base64(text, sizeof text, hash, SALT_SIZE,
                      sodium_base64_VARIANT_ORIGINAL);
    zc_buf_put_str(b, text);
}

static int put_line(struct zc_buf *b, const char *name, const uint8_t *key,
                    size_t n, bool hashed)
{
    char type[ZC_SSH_KEY_TYPE_MAX];
    size_t size = sodium_base64_encoded_len(n, sodium_base64_VARIANT_ORIGINAL);
    zc_auto_free char *text = malloc(size);
    if (!text || !zc_ssh_key_type(key, n, type))
        return -1;
    sodium_bin2base64(text, size, key, n, sodium_base64_VARIANT_ORIGINAL);
    if (hashed)
        put_hashed(b, name);
    else
        zc_buf_put_str(b, name);
    zc_buf_printf(b, " %s %s\n", type, text);
    return b->failed ? -1 : 0;
}

/* Makes the directory that FILE is in, not those above it. */
static void make_parent(const char *file)
{
    zc_auto_free char *copy = strdup(file);
    char *slash = copy ? strrchr(copy, '/') : NULL;
    if (slash && slash != copy) {
        *slash = '\0';
        (void)mkdir(copy, 0700);
    }
}

/* Somebody's editor may have left out the end of the last line. */
static bool ends_in_line(int fd)
{
    char last;
    off_t end = lseek(fd, 0, SEEK_END);
    return end <= 0 || pread(fd, &last, 1, end - 1) != 1 || last == '\n';
}

int zc_known_hosts_add(const char *file, const char *name, const uint8_t *key,
                       size_t n, bool hashed, struct zc_err *err)
{
    struct zc_buf b = ZC_BUF_INIT;
    make_parent(file);
    zc_auto_close int fd = open(file, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC |
                                          O_NOCTTY, 0600);
    if (fd < 0)
        return trouble(err, file);
    if (!ends_in_line(fd))
        zc_buf_put_str(&b, "\n");
    int r = 0;
    if (put_line(&b, name, key, n, hashed))
        r = zc_err_nomem(err);
    else if (zc_io_write(fd, b.data, b.len))
        r = trouble(err, file);
    zc_buf_fini(&b);
    return r;
}
