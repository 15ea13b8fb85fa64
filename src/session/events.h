/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens in a session, as its user is told: items (entries that change),
 * troubles (entries that could not be done) and counters. The same for both
 * roles.
 */
#ifndef ZC_SESSION_EVENTS_H
#define ZC_SESSION_EVENTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What happened, or with dry_run would happen, to one entry. Bits of `flags`;
 * the command line turns them into rsync's YXcstpoguax columns. */
enum zc_item_flags {
    ZC_ITEM_NEW = 1 << 0,      /* was not there (or was of another type) */
    ZC_ITEM_DATA = 1 << 1,     /* the bytes (or link target, device number) */
    ZC_ITEM_SIZE = 1 << 2,     /* s */
    ZC_ITEM_TIME = 1 << 3,     /* t */
    ZC_ITEM_PERMS = 1 << 4,    /* p */
    ZC_ITEM_OWNER = 1 << 5,    /* o */
    ZC_ITEM_GROUP = 1 << 6,    /* g */
    ZC_ITEM_ACL = 1 << 7,      /* a */
    ZC_ITEM_XATTR = 1 << 8,    /* x */
    ZC_ITEM_HARD_LINK = 1 << 9, /* made a hard link to another entry */
    ZC_ITEM_DELETED = 1 << 10,
    ZC_ITEM_CHECKSUM = 1 << 11, /* c: same size and time, other content */
    ZC_ITEM_SAME = 1 << 12, /* nothing to tell: see sender/removal.h */
    ZC_ITEM_RECEIVED = 1 << 12, /* by us, of a peer who tells of it; never
                                   alone, nor on the wire */
    /* Nothing happened to it, which is told where all is (ZC_APPLY_TELL_ALL);
     * with HARD_LINK alone. */
    ZC_ITEM_UNCHANGED = 1 << 13,
};

/* Those that a peer may tell of. */
#define ZC_ITEM_ON_WIRE ((ZC_ITEM_RECEIVED - 1u) | ZC_ITEM_UNCHANGED)

struct zc_item {
    unsigned flags; /* enum zc_item_flags */
    uint32_t mode;  /* type (and permissions; deleted: type only) */
    const char *path; /* relative to SRC (deleted: to DEST); "" is the root;
                         valid during the call */
    uint64_t size;
    int64_t mtime_s;
    uint32_t mtime_ns;
    uint32_t uid, gid;
    const char *link_target; /* symlink target, or NULL */
    const char *hard_link_to; /* another name of the same file, or NULL */
};

/* Kinds of trouble with one entry. The run goes on. */
enum zc_trouble {
    ZC_TROUBLE_SOURCE,   /* could not be read here: exit 23 */
    ZC_TROUBLE_VANISHED, /* vanished or kept changing here: exit 24 */
    ZC_TROUBLE_DEST,     /* could not be written there: exit 23 */
    ZC_TROUBLE_META,     /* written, but some metadata was refused: exit 23 */
};

/*
 * Callbacks; any may be NULL. They are called from the run's threads, one at a
 * time, and must not block for long.
 */
struct zc_events {
    void (*item)(void *arg, const struct zc_item *item);
    /* WHAT is a verb phrase ("set owner", "create device", "read"). For
     * ZC_TROUBLE_META called per entry; the caller gathers. */
    void (*trouble)(void *arg, enum zc_trouble kind, const char *what,
                    const char *path, int eno);
    /* A mirror's: a rename to TO was not done by the peer, which has something
     * else there, or has not what was renamed. TO has to be looked at again,
     * down to its leaves. */
    void (*not_renamed)(void *arg, const char *to);
    /* A mirror's: PATH has BYTES of data, many, which are read on both sides, or
     * sent, for each change of it. */
    void (*costly)(void *arg, const char *path, uint64_t bytes);
    void *arg;
};

/* What `owners_left` below means, for a user. */
#define ZC_OWNERS_LEFT_NOTE                                                  \
    "owners and groups were left as they are where the receiver, which is "  \
    "not run by root, cannot set them (-o and -g insist)"

/* And `alternates_missing`. */
#define ZC_ALTERNATES_NOTE                                                   \
    "not all directories that --compare-dest, --copy-dest or --link-dest "    \
    "named could be opened: what they have was sent"

/* Counters, updated while the run goes on; a progress display may read them at
 * any time from another thread. */
struct zc_stats {
    bool compares; /* set before the run: done_* below are files that were
                      compared by content, in a dry run */
    atomic_uint_fast64_t scanned;      /* entries listed so far */
    atomic_uint_fast64_t surveyed;     /* ... looked at for their digests */
    atomic_uint_fast64_t scanned_bytes; /* sum of the sizes of files listed */
    atomic_bool scan_done;             /* the need_* below are final */
    atomic_uint_fast64_t need_files, need_bytes; /* asked for by the peer;
                                         in a dry run, as would be */
    atomic_uint_fast64_t done_files, done_bytes; /* sent, and confirmed */
    atomic_uint_fast64_t sent_bytes;   /* file bytes put on the wire so far */
    atomic_uint_fast64_t wire_out, wire_in; /* all bytes, frames included */
    atomic_uint_fast64_t wire_plain; /* both, before they were compressed */
    atomic_uint_fast64_t changed_meta; /* entries with metadata only changed */
    /* Symlinks, devices, hard links that were there and lead elsewhere now. */
    atomic_uint_fast64_t replaced;
    atomic_uint_fast64_t created, deleted; /* entries */
    atomic_uint_fast64_t files, dirs, symlinks, devices, specials; /* listed */
    atomic_uint_fast64_t retries; /* files read again because they changed */
    /* Calls that were to send without a copy, and of those that copied after all. */
    atomic_uint_fast64_t zerocopy_calls, zerocopy_copied;
    atomic_uint_fast64_t troubles;     /* calls of `trouble` */
    atomic_bool owners_left; /* some were not set, as the receiver may not, and
                                they were not asked for (options.h) */
    atomic_bool alternates_missing; /* some directories beside DEST */
    atomic_bool finishing; /* all is sent, the peer writes to stable storage */
};

#endif
