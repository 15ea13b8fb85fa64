// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The file; see verify_state.h. Texts that end in NUL: HEAD, then for each peer
 * "peer=NAME" and what there is to say of it, as KEY=VALUE. Unknown keys are for
 * others.
 */
#include "mirror/verify_state.h"

#include "base/io.h"
#include "base/relpath.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD "zcsync verify 1"
#define CURSOR_MAX ((size_t)8 << 10) /* bytes of a path that is kept */

static const struct {
    const char *key;
    size_t at; /* in struct zc_verify_peer; all have 64 bits */
} numbers[] = {
#define NUMBER(key, field) {key, offsetof(struct zc_verify_peer, field)}
    NUMBER("due", due),
    NUMBER("ended", last.at),
    NUMBER("last-files", last.files),
    NUMBER("last-bytes", last.bytes),
    NUMBER("last-found", last.found),
    NUMBER("last-repaired", last.repaired),
    NUMBER("last-unread", last.unread),
    NUMBER("began", now.at),
    NUMBER("files", now.files),
    NUMBER("bytes", now.bytes),
    NUMBER("found", now.found),
    NUMBER("repaired", now.repaired),
    NUMBER("unread", now.unread),
#undef NUMBER
};

static void put(struct zc_buf *out, const char *key, const char *value)
{
    zc_buf_put_str(out, key);
    zc_buf_u8(out, '=');
    zc_buf_put(out, value, strlen(value) + 1);
}

void zc_verify_state_encode(const struct zc_verify_peer *peers, size_t n,
                            struct zc_buf *out)
{
    zc_buf_put(out, HEAD, sizeof HEAD);
    for (size_t i = 0; i < n; i++) {
        const struct zc_verify_peer *p = &peers[i];
        put(out, "peer", p->name);
        for (size_t k = 0; k < ZC_ARRAY_LEN(numbers); k++) {
            uint64_t v;
            char text[24];
            memcpy(&v, (const char *)p + numbers[k].at, sizeof v);
            snprintf(text, sizeof text, "%" PRIu64, v);
            put(out, numbers[k].key, text);
        }
        if (p->cursor && strlen(p->cursor) <= CURSOR_MAX)
            put(out, "at", p->cursor);
    }
}

static struct zc_verify_peer *find(struct zc_verify_peer *peers, size_t n,
                                   const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(peers[i].name, name) == 0)
            return &peers[i];
    return NULL;
}

/* Whoever can write the file may have it begin anywhere, but in the tree. */
static int take_cursor(struct zc_verify_peer *p, const char *value)
{
    size_t len = strlen(value);
    if (len > CURSOR_MAX || (len && !zc_relpath_ok(value, len)))
        return -1;
    free(p->cursor);
    p->cursor = strdup(value);
    return p->cursor ? 0 : -1;
}

static int take(struct zc_verify_peer *p, const char *text)
{
    const char *value = strchr(text, '=');
    if (!value)
        return -1;
    size_t n = (size_t)(value++ - text);
    if (n == 2 && !memcmp(text, "at", 2))
        return take_cursor(p, value);
    for (size_t k = 0; k < ZC_ARRAY_LEN(numbers); k++) {
        if (strlen(numbers[k].key) != n || memcmp(text, numbers[k].key, n) != 0)
            continue;
        char *end;
        errno = 0;
        uint64_t v = strtoull(value, &end, 10);
        if (errno || *end || end == value || *value == '-' || v > INT64_MAX)
            return -1;
        memcpy((char *)p + numbers[k].at, &v, sizeof v);
    }
    return 0;
}

int zc_verify_state_decode(struct zc_bytes state, struct zc_verify_peer *peers,
                           size_t n)
{
    const char *p = (const char *)state.p, *end = p + state.n;
    struct zc_verify_peer *peer = NULL;
    if (state.n < sizeof HEAD || memcmp(p, HEAD, sizeof HEAD) != 0 ||
        end[-1] != '\0')
        return -1;
    for (p += sizeof HEAD; p < end; p += strlen(p) + 1) {
        if (strncmp(p, "peer=", 5) == 0)
            peer = find(peers, n, p + 5);
        else if (peer && take(peer, p))
            return -1;
    }
    return 0;
}

/* --- the file --- */

/* Its path. A mirror's name may have bytes that a file's has not. -1: it is too
 * long. */
static int file_of(const char *dir, const char *mirror, char out[PATH_MAX])
{
    int n = snprintf(out, PATH_MAX - 16, "%s/verify-", dir);
    size_t begin = (size_t)n;
    if (n < 0 || begin >= PATH_MAX - 16)
        return -1;
    for (const char *c = mirror; *c; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                     (*c >= '0' && *c <= '9') || *c == '-' || *c == '_';
        if ((size_t)n + 8 >= PATH_MAX - 16 || (size_t)n - begin > 200)
            return -1;
        n += sprintf(out + n, plain ? "%c" : "%%%02x", (unsigned char)*c);
    }
    return 0;
}

int zc_verify_state_load(const char *dir, const char *mirror,
                         struct zc_verify_peer *peers, size_t n,
                         struct zc_err *err)
{
    char path[PATH_MAX];
    struct stat st;
    if (file_of(dir, mirror, path))
        return zc_err_set(err, ZC_EXIT_FILEIO, 0, "the name is too long");
    zc_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0 || fstat(fd, &st))
        return zc_err_set(err, ZC_EXIT_FILEIO, errno, "cannot open %s", path);
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > ZC_VERIFY_STATE_MAX)
        return zc_err_set(err, ZC_EXIT_FILEIO, 0, "%s is something else", path);
    size_t len = (size_t)st.st_size;
    zc_auto_free uint8_t *bytes = malloc(len + 1);
    if (!bytes)
        return zc_err_nomem(err);
    ssize_t r = zc_io_pread(fd, bytes, len, 0);
    if (r < 0)
        return zc_err_set(err, ZC_EXIT_FILEIO, errno, "cannot read %s", path);
    struct zc_bytes state = {bytes, (size_t)r};
    return zc_verify_state_decode(state, peers, n)
               ? zc_err_set(err, ZC_EXIT_FILEIO, 0, "%s is damaged", path)
               : 0;
}

/* BYTES into TMP, and then PATH. */
static int replace(const char *tmp, const char *path, struct zc_bytes bytes)
{
    zc_auto_close int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
                                         O_NOFOLLOW, 0600);
    if (fd < 0)
        return -1;
    if (!zc_io_write(fd, bytes.p, bytes.n) && !fdatasync(fd) &&
        !rename(tmp, path))
        return 0;
    int eno = errno;
    unlink(tmp);
    errno = eno;
    return -1;
}

int zc_verify_state_save(const char *dir, const char *mirror,
                         const struct zc_verify_peer *peers, size_t n,
                         struct zc_err *err)
{
    char path[PATH_MAX], tmp[PATH_MAX];
    struct zc_buf out = ZC_BUF_INIT;
    if (file_of(dir, mirror, path))
        return zc_err_set(err, ZC_EXIT_FILEIO, 0, "the name is too long");
    snprintf(tmp, sizeof tmp, "%.*s.new", PATH_MAX - 8, path);
    zc_verify_state_encode(peers, n, &out);
    struct zc_bytes bytes = {out.data, out.len};
    int r = out.failed ? -1 : 0;
    if (r)
        errno = ENOMEM;
    else
        r = replace(tmp, path, bytes);
    if (r && errno == ENOENT && !mkdir(dir, 0750))
        r = replace(tmp, path, bytes);
    if (r)
        zc_err_set(err, ZC_EXIT_FILEIO, errno, "cannot write %s", path);
    zc_buf_fini(&out);
    return r;
}
