// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel might say to a watcher, whether it is true or not, or makes no sense
 * (watch_place.h): events of eight bytes each, as fanotify(7) packs them,
 *
 *     how   mask (2 bytes)   directory   name   directory   name   what is broken
 *
 * The watcher is one of inotify, which anybody may have, and believes that its
 * directories have the handles that are made here.
 */
#include "watch_place.h"

#include "fs/meta.h"
#include "watch/backend.h"
#include "watch/look.h"

#include <fcntl.h>
#include <sys/fanotify.h>

#ifndef FAN_RENAME
#define FAN_RENAME 0x10000000
#define FAN_EVENT_INFO_TYPE_OLD_DFID_NAME 10
#define FAN_EVENT_INFO_TYPE_NEW_DFID_NAME 12
#endif

#define EVENTS_MAX 80 /* fits into the buffer with the longest of names */
#define EVENT_SIZE 8  /* in the input */
#define HANDLE_TYPE 1

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { /* how */
    RENAME = 1 << 0,  /* OLD and NEW instead of one name */
    SELF = 1 << 1,    /* no name; of RENAME: no OLD */
    HALF = 1 << 2,    /* of RENAME: no NEW */
    ELSEWHERE = 1 << 3, /* the first is of another file system */
    BEYOND = 1 << 4,  /* the first name is longer than any is here */
    BROKEN = 1 << 5,
    ALONE = 1 << 6,   /* read by itself, and some time goes by */
    OVERFLOW = 1 << 7,
};

static const int fsid[2] = {1, 2}, other[2] = {3, 4};
static char beyond[301];

/* --- the watcher --- */

static int identify(struct zc_watch *w, int fd, bool top, struct zc_wkey *key)
{
    struct zc_stat st;
    (void)w;
    (void)top;
    if (zc_stat_at(fd, "", &st))
        return -1;
    key->len = 2 + sizeof st.ino;
    key->bytes[0] = 0;
    key->bytes[1] = HANDLE_TYPE;
    memcpy(key->bytes + 2, &st.ino, sizeof st.ino);
    return 0;
}

static void release(struct zc_watch *w, const struct zc_wkey *key)
{
    (void)w;
    (void)key;
}

/* The watcher has seen nothing but its root yet. */
static void take_over(struct zc_watch *w)
{
    static struct zc_wbackend backend;
    struct zc_wfs fs = {.sure = true};
    struct zc_wkey key;
    backend = zc_wbackend_fanotify;
    backend.identify = identify;
    backend.release = release;
    backend.remounted = NULL;
    memcpy(fs.fsid, fsid, sizeof fsid);
    w->backend = &backend;
    zc_wforget_keys(w);
    int fd = open(root, O_PATH | O_CLOEXEC);
    if (fd < 0 || identify(w, fd, true, &key) ||
        zc_wtree_set_key(w->tree, ZC_WDIR_ROOT, &key) ||
        zc_vec_push(&w->fan.marks, fs))
        abort();
    close(fd);
    w->look.n_keys = 1;
}

/* --- events --- */

/* The inode of the directory NUMBER: the root, one below it, or none. */
static uint64_t ino_of(uint8_t number)
{
    struct stat st;
    char path[128];
    size_t i = number % (ZC_ARRAY_LEN(dirs) + 2);
    if (i > ZC_ARRAY_LEN(dirs))
        return 1;
    snprintf(path, sizeof path, "%s/%s", root, i ? dirs[i - 1] : "");
    return stat(path, &st) ? 1 : (uint64_t)st.st_ino;
}

/* Appends an info at OUT: how many bytes. */
static size_t put_info(uint8_t *out, uint8_t type, const int fs[2], uint8_t dir,
                       const char *name)
{
    struct fanotify_event_info_header h = {.info_type = type};
    struct file_handle handle = {.handle_bytes = sizeof(uint64_t),
                                 .handle_type = HANDLE_TYPE};
    uint64_t ino = ino_of(dir);
    size_t n = sizeof h, len = name ? strlen(name) + 1 : 0;
    memcpy(out + n, fs, sizeof fsid), n += sizeof fsid;
    memcpy(out + n, &handle, sizeof handle), n += sizeof handle;
    memcpy(out + n, &ino, sizeof ino), n += sizeof ino;
    memcpy(out + n, name ? name : "", len), n += len;
    memset(out + n, 0, -n % 4);
    h.len = (uint16_t)(n + -n % 4);
    memcpy(out, &h, sizeof h);
    return h.len;
}

/* What the two bytes of the mask in the input stand for. */
static uint64_t mask_of(const uint8_t *p)
{
    static const uint64_t all[] = {
        FAN_CREATE, FAN_DELETE, FAN_MODIFY, FAN_CLOSE_WRITE, FAN_ATTRIB,
        FAN_MOVED_FROM, FAN_MOVED_TO, FAN_ONDIR, FAN_DELETE_SELF,
        FAN_MOVE_SELF};
    uint64_t mask = 0;
    for (size_t i = 0; i < ZC_ARRAY_LEN(all); i++)
        if ((p[1] | p[2] << 8) & 1 << i)
            mask |= all[i];
    return mask | (p[0] & RENAME ? FAN_RENAME : 0) |
           (p[0] & OVERFLOW ? FAN_Q_OVERFLOW : 0);
}

/* The event of the bytes at P: how many bytes it has. */
static size_t put(uint8_t *out, const uint8_t *p)
{
    struct fanotify_event_metadata e = {.vers = FANOTIFY_METADATA_VERSION,
                                        .metadata_len = sizeof e,
                                        .mask = mask_of(p),
                                        .fd = FAN_NOFD};
    const int *fs = p[0] & ELSEWHERE ? other : fsid;
    const char *name = p[0] & BEYOND ? beyond : name_of(p[4]);
    size_t n = sizeof e;
    if (!(p[0] & RENAME))
        n += put_info(out + n, p[0] & SELF ? FAN_EVENT_INFO_TYPE_DFID
                                           : FAN_EVENT_INFO_TYPE_DFID_NAME,
                      fs, p[3], p[0] & SELF ? NULL : *name ? name : ".");
    if (p[0] & RENAME && !(p[0] & SELF))
        n += put_info(out + n, FAN_EVENT_INFO_TYPE_OLD_DFID_NAME, fs, p[3],
                      name);
    if (p[0] & RENAME && !(p[0] & HALF))
        n += put_info(out + n, FAN_EVENT_INFO_TYPE_NEW_DFID_NAME, fsid, p[5],
                      name_of(p[6]));
    e.event_len = (uint32_t)n;
    memcpy(out, &e, sizeof e);
    if (p[0] & BROKEN) /* one of its bytes */
        out[p[7] % ZC_MIN(n, offsetof(struct fanotify_event_metadata, fd))] ^=
            (uint8_t)(1 + p[6]);
    if (p[0] & BROKEN && n > sizeof e)
        out[sizeof e + p[7] % (n - sizeof e)] ^= (uint8_t)(1 + p[4]);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t now = 0;
    memset(beyond, 'y', sizeof beyond - 1);
    if (!begin_watch())
        return 0;
    struct zc_watch *w = watch;
    take_over(w);
    scan(w);
    size_t n = 0;
    for (size_t i = 0; i + EVENT_SIZE <= size && i < EVENT_SIZE * EVENTS_MAX;
         i += EVENT_SIZE) {
        n += put(w->buf + n, data + i);
        if (!(data[i] & ALONE))
            continue;
        w->backend->events(w, n);
        n = 0;
        if (w->gone)
            break;
        zc_watch_tick(w, now += SECOND_NS);
    }
    if (!w->gone)
        w->backend->events(w, n);
    end_watch();
    return 0;
}
