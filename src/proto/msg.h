/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The messages: one struct, one encoder and one decoder each. Encoders append
 * a whole frame to a zc_buf (check b->failed once at the end). Decoders read a
 * frame's body, check every field against its limit, and leave pointers into
 * that body: it must outlive the struct. They return 0, or -1 with a sentence
 * (ZC_EXIT_STREAM). Memory only, any thread. Field layouts: zcsync-protocol(7).
 */
#ifndef ZC_PROTO_MSG_H
#define ZC_PROTO_MSG_H

#include "proto/frame.h"

#define ZC_ORIGIN_SIZE 16
#define ZC_WRITER_SIZE 16
#define ZC_GLANCE_NAME_SIZE 256
struct zc_msg_open {
    uint32_t flags; /* enum zc_open_flag */
    uint32_t keep;  /* enum zc_keep of fs/meta.h */
    uint8_t fsync;  /* enum zc_fsync of session/options.h */
    uint8_t writer[ZC_WRITER_SIZE]; /* ZC_FSYNC_BEHIND: see zc_writer_id */
    uint32_t timeout_s; /* the sender gives up after so long a silence; 0: no */
    uint64_t max_delete;
    struct zc_bytes share, path, name; /* name: ZC_OPEN_SINGLE_FILE */
    struct zc_bytes chown_user, chown_group;
    struct zc_bytes filter;
    uint32_t walk, apply; /* ZC_OPEN_CHOICES: enum zc_open_walk, _apply */
    uint64_t max_size, min_size; /* ZC_WALK_SIZES */
    struct zc_bytes dense;       /* ZC_WALK_DENSE: as in tree/suffix.h */
    struct zc_bytes user_rules, group_rules; /* ZC_APPLY_ID_RULES: idrules.h */
    uint32_t window; /* ZC_APPLY_WINDOW: seconds */
    /* ZC_APPLY_ALTERNATES: enum zc_alternate, and directories, each NUL-ended;
     * see session/alternates.h. */
    uint8_t alternate;
    struct zc_bytes alternates;
    /* ZC_APPLY_BACKUP: what loses its name is kept, with `suffix` after it, in the
     * directory `backup_dir` (empty: where it is); see session/backups.h. */
    struct zc_bytes suffix, backup_dir;
    /* ZC_OPEN_PULL: what otherwise only the sender itself has to know. */
    uint8_t one_file_system; /* 0 or 1 */
    uint64_t bwlimit;        /* bytes a second; 0: none */
    struct zc_bytes chmod;   /* as in --chmod; empty: nothing */
    struct zc_bytes only;    /* as in --files-from, NUL-ended; empty: all */
    uint8_t origin[ZC_ORIGIN_SIZE]; /* ZC_OPEN_ORIGIN: the same mirror's sessions
                                       have the same; the newest ends others */
    struct zc_bytes ask; /* ZC_OPEN_ASK: a name */
    uint8_t mover; /* ZC_OPEN_MOVER: enum zc_mover_kind, or one of later days */
};

#define ZC_HOST_ID_SIZE 16
struct zc_msg_opened {
    uint8_t host_id[ZC_HOST_ID_SIZE]; /* equal: both run on one kernel */
    uint64_t root_dev, root_ino;      /* 0, 0: there is no root yet */
    uint32_t timeout_s; /* the receiver's, as in OPEN */
    struct zc_bytes name; /* single file: what it is going to be called */
    uint8_t glance;        /* enum zc_glance_flag; 0: there is nothing to tell */
    struct zc_bytes names; /* in the root, for zc_glance_next */
    struct zc_bytes inner; /* in its directory of the name asked about */
};

struct zc_glance_name {
    bool dir;
    char name[ZC_GLANCE_NAME_SIZE]; /* zc_name_ok */
};
/* Takes the next name off *NAMES; false: there are no more. */
bool zc_glance_next(struct zc_bytes *names, struct zc_glance_name *n);

struct zc_msg_idname {
    uint8_t kind; /* enum zc_id_kind of fs/idmap.h */
    uint32_t id;
    struct zc_bytes name; /* see zc_idname_ok */
};
/* A receiver takes this for a name. */
bool zc_idname_ok(struct zc_bytes name);

struct zc_entry {
    uint32_t mode; /* st_mode as on Linux; type must be one of the seven */
    uint32_t uid, gid;
    uint64_t size;
    int64_t mtime_s;
    uint32_t mtime_ns;
    uint16_t flags; /* enum zc_entry_flag */
    uint8_t name_len;
    const char *name; /* not NUL-ended */
    uint8_t xattr_digest[16];
    uint64_t properties; /* see zc_xattr_properties */
    uint32_t fileflags, project; /* see fs/fileflags.h */
    uint32_t link_dev;   /* with link_ino: names the source's inode */
    uint32_t link_count; /* st_nlink of the source */
    uint64_t link_ino;
    uint8_t tree_digest[16];
    const char *target; /* symlink, not NUL-ended */
    uint16_t target_len;
    uint32_t rdev_major, rdev_minor; /* devices */
};

/* Appends one entry (not a frame). */
void zc_entry_encode(struct zc_buf *b, const struct zc_entry *e);
/* What a receiver would refuse in E, as the end of a sentence about it; NULL:
 * nothing. Senders ask before they send. ROOT: the name has to be empty, else it
 * has to be a good name. */
const char *zc_entry_fault(const struct zc_entry *e, bool root);
/* Reads one. ROOT: the name has to be empty, else it has to be a good name. */
int zc_entry_decode(struct zc_rd *r, bool root, struct zc_entry *e,
                    struct zc_err *err);

struct zc_msg_list {
    uint32_t list;
    struct zc_ref dir; /* the directory; for list 0, itself (0, 0) */
    uint16_t flags;    /* enum zc_list_flag */
    struct zc_bytes after; /* names up to and including this came before */
    struct zc_bytes rules; /* ZC_LIST_RULES: as zc_filter_decode_dir reads them;
                              an encoder's flag, too: p is not NULL */
    uint32_t count;
    struct zc_rd entries; /* COUNT entries, to be read one after the other */
};
/* Begins a LIST frame; entries are appended, then zc_list_end. */
size_t zc_list_begin(struct zc_buf *b, const struct zc_msg_list *m);
void zc_list_end(struct zc_buf *b, size_t at, uint32_t count, uint16_t flags);
/* The LIST or AT frame at AT is list number LIST. */
void zc_list_set_number(struct zc_buf *b, size_t at, uint32_t list);
int zc_list_decode(struct zc_bytes body, struct zc_msg_list *m,
                   struct zc_err *err);
/* The next entry of M, checked to come after the one before (PREV, kept by the
 * caller, name_len 0 at the start) and after m->after. */
int zc_list_next(struct zc_msg_list *m, struct zc_entry *prev,
                 struct zc_entry *e, struct zc_err *err);

/* After the last entry: nothing may be left. */
int zc_list_ended(const struct zc_msg_list *m, struct zc_err *err);

/* AT: list LIST is the directory at PATH itself, as its one entry. Lists of
 * names in it refer to it as (LIST, 0). */
struct zc_msg_at {
    uint32_t list;
    struct zc_bytes path; /* relative to the root; "" is the root */
    struct zc_entry self; /* its name is empty */
};
void zc_at_encode(struct zc_buf *b, const struct zc_msg_at *m);
int zc_at_decode(struct zc_bytes body, struct zc_msg_at *m,
                 struct zc_err *err);

/* RENAME: TO was FROM. A file is meant only if it has this size and time. */
struct zc_msg_rename {
    struct zc_bytes from, to; /* paths relative to the root */
    bool is_dir;
    uint64_t size;
    int64_t mtime_s;
    uint32_t mtime_ns;
};
void zc_rename_encode(struct zc_buf *b, const struct zc_msg_rename *m);
int zc_rename_decode(struct zc_bytes body, struct zc_msg_rename *m,
                     struct zc_err *err);

struct zc_msg_file {
    struct zc_ref ref;
    uint16_t flags; /* enum zc_file_flag */
    uint64_t from;  /* ZC_FILE_FROM: so many bytes are not sent */
    struct zc_entry entry; /* as it is now */
    struct zc_bytes xattrs; /* an attribute set, checked by the receiver */
    struct zc_bytes data;   /* ZC_FILE_INLINE */
};
/* FILE, or META (same layout, no flags and no data). */
void zc_file_encode(struct zc_buf *b, enum zc_frame_type type,
                    const struct zc_msg_file *m);
int zc_file_decode(struct zc_bytes body, enum zc_frame_type type,
                   struct zc_msg_file *m, struct zc_err *err);

/* A FILE whose N bytes are read to where they belong: begin appends all that
 * comes before them, whatever M's flags and data say, and has room for them at
 * *BYTES (NULL: no memory); end counts them in. AT is where the frame begins. */
size_t zc_file_begin_inline(struct zc_buf *b, const struct zc_msg_file *m,
                            size_t n, uint8_t **bytes);
void zc_file_end_inline(struct zc_buf *b, size_t at, size_t n);

/* What can be told of a FILE or META before it is decoded, by whoever has to
 * hand it on; nothing of it is checked, and of a body that is too short all is
 * 0. */
struct zc_file_peek {
    uint32_t list;
    uint16_t flags; /* enum zc_file_flag */
    uint32_t mode;  /* of the entry */
};
struct zc_file_peek zc_file_peek(struct zc_bytes body);

struct zc_msg_data {
    struct zc_ref ref;
    uint64_t offset, length; /* LENGTH raw bytes follow the frame */
};
void zc_data_encode(struct zc_buf *b, const struct zc_msg_data *m);
int zc_data_decode(struct zc_bytes body, struct zc_msg_data *m,
                   struct zc_err *err);

/* SENT and GOT: just a reference. */
void zc_ref_encode(struct zc_buf *b, enum zc_frame_type type,
                   struct zc_ref ref);
int zc_ref_decode(struct zc_bytes body, struct zc_ref *ref,
                  struct zc_err *err);

/* BYTES: the file of a FILE with PASSED could not be made from what came with it,
 * and why. */
struct zc_msg_bytes {
    struct zc_ref ref;
    uint32_t eno;
};
void zc_bytes_encode(struct zc_buf *b, const struct zc_msg_bytes *m);
int zc_bytes_decode(struct zc_bytes body, struct zc_msg_bytes *m,
                    struct zc_err *err);

#define ZC_HASH_SIZE 16 /* XXH3-128, canonical (big-endian) form */
#define ZC_HASH_BLOCK 16384 /* bytes; all zero, it does not count */
struct zc_msg_end {
    struct zc_ref ref;
    uint8_t verdict; /* enum zc_verdict */
    uint32_t eno;
    uint8_t hash[ZC_HASH_SIZE]; /* ZC_VERDICT_VERIFY */
};
void zc_end_encode(struct zc_buf *b, const struct zc_msg_end *m);
int zc_end_decode(struct zc_bytes body, struct zc_msg_end *m,
                  struct zc_err *err);

/* Between FILE with ZC_FILE_DELTA and SENT. ASK: the sums of some of the big
 * blocks of the basis behind OFFSET, which is a multiple of theirs. */
struct zc_msg_ask {
    struct zc_ref ref;
    uint64_t offset;
    uint64_t blocks; /* bit i: the one at OFFSET + i blocks. Not 0 */
    uint8_t grain;   /* log2 of the bytes of a sum; or ZC_GRAIN_ANCHORS, of all
                        blocks */
};
void zc_ask_encode(struct zc_buf *b, const struct zc_msg_ask *m);
int zc_ask_decode(struct zc_bytes body, struct zc_msg_ask *m,
                  struct zc_err *err);

/* SUMS: the answer. As many as there are blocks, of as much of them as there is:
 * LENGTH bytes behind OFFSET. Who answers has chosen the seed. */
struct zc_msg_sums {
    struct zc_msg_ask ask;
    uint64_t length;
    uint64_t seed; /* of the sums */
    struct zc_bytes sums; /* ZC_SUM_SIZE bytes each; or anchors */
};
/* How many sums an answer to ASK has. */
size_t zc_sums_count(const struct zc_msg_ask *ask, uint64_t length);
void zc_sums_encode(struct zc_buf *b, const struct zc_msg_sums *m);
int zc_sums_decode(struct zc_bytes body, struct zc_msg_sums *m,
                   struct zc_err *err);

/* COPY: LENGTH bytes at OFFSET are those of the basis at FROM. */
struct zc_msg_copy {
    struct zc_ref ref;
    uint64_t offset, length, from;
};
void zc_copy_encode(struct zc_buf *b, const struct zc_msg_copy *m);
int zc_copy_decode(struct zc_bytes body, struct zc_msg_copy *m,
                   struct zc_err *err);

/* PATCH: a few bytes, as DATA has many. */
struct zc_msg_patch {
    struct zc_ref ref;
    uint64_t offset;
    struct zc_bytes data;
};
void zc_patch_encode(struct zc_buf *b, const struct zc_msg_patch *m);
int zc_patch_decode(struct zc_bytes body, struct zc_msg_patch *m,
                    struct zc_err *err);

struct zc_need_item {
    uint32_t index;
    uint8_t what;        /* enum zc_need */
    uint16_t item_flags; /* enum zc_item_flags of session/events.h */
    uint8_t hash[ZC_HASH_SIZE]; /* ZC_NEED_CHECK, ZC_NEED_FROM */
    uint64_t from; /* ZC_NEED_FROM: the hash is that of so many bytes;
                      ZC_NEED_DELTA: so many the receiver has */
};
struct zc_msg_need {
    uint32_t list;
    uint16_t flags; /* ZC_NEED_FINAL, ZC_NEED_SECOND */
    uint32_t count;
    struct zc_rd items;
};
size_t zc_need_begin(struct zc_buf *b, uint32_t list);
void zc_need_add(struct zc_buf *b, const struct zc_need_item *item);
void zc_need_end(struct zc_buf *b, size_t at, uint32_t count, uint16_t flags);
int zc_need_decode(struct zc_bytes body, struct zc_msg_need *m,
                   struct zc_err *err);
int zc_need_next(struct zc_msg_need *m, struct zc_need_item *item,
                 struct zc_err *err);

struct zc_result_item {
    struct zc_ref ref;
    uint8_t status; /* enum zc_status */
    uint8_t op;     /* enum zc_op */
    uint32_t eno;
};
struct zc_msg_result {
    uint32_t count;
    struct zc_rd items;
};
size_t zc_result_begin(struct zc_buf *b);
void zc_result_add(struct zc_buf *b, const struct zc_result_item *item);
void zc_result_end(struct zc_buf *b, size_t at, uint32_t count);
int zc_result_decode(struct zc_bytes body, struct zc_msg_result *m,
                     struct zc_err *err);
int zc_result_next(struct zc_msg_result *m, struct zc_result_item *item,
                   struct zc_err *err);
/* "create", "set owner", ...: what could not be done. */
const char *zc_op_text(unsigned op);

/* NOTE: something about a path of the destination: an entry removed
 * (ZC_OP_DELETE, eno 0; in a dry run: to be removed), or what could not be done
 * there, where no entry of a list can be named any more. */
struct zc_msg_note {
    uint8_t op;    /* enum zc_op */
    uint32_t mode; /* type of what is or was there, 0: not known */
    uint32_t eno;
    struct zc_bytes path; /* relative to the root; empty: the root itself */
};
void zc_note_encode(struct zc_buf *b, const struct zc_msg_note *m);
int zc_note_decode(struct zc_bytes body, struct zc_msg_note *m,
                   struct zc_err *err);

struct zc_msg_finished {
    uint8_t code; /* 0, or the exit code the receiver's side asks for */
    bool durable;     /* all of it is on stable storage */
    bool owners_left; /* without ZC_OPEN_OWNERS: some could not be kept */
    bool alternates_missing; /* some of them are not there */
    bool synced; /* ZC_FSYNC_BEHIND: all is on stable storage that was in rounds up
                    to the last one of which it was said, that one included */
    uint64_t created, deleted;
    struct zc_bytes text; /* the sentence for CODE */
};
void zc_finished_encode(struct zc_buf *b, const struct zc_msg_finished *m);
int zc_finished_decode(struct zc_bytes body, struct zc_msg_finished *m,
                       struct zc_err *err);

/* ERROR: the session is over, and why. */
struct zc_msg_error {
    uint8_t code; /* enum zc_exit */
    struct zc_bytes text;
};
void zc_error_encode(struct zc_buf *b, const struct zc_msg_error *m);
int zc_error_decode(struct zc_bytes body, struct zc_msg_error *m,
                    struct zc_err *err);

/* Of a sender to whom the receiver has dialled: what its user is to be told.
 * ITEM: something happened to an entry; see struct zc_item of session/events.h,
 * whose numbers these are. */
struct zc_msg_item {
    uint32_t flags, mode, uid, gid;
    uint64_t size;
    int64_t mtime_s;
    uint32_t mtime_ns;
    struct zc_bytes path; /* empty: the root */
    struct zc_bytes target, other; /* of a symlink; another name. Empty: none */
};
void zc_item_encode(struct zc_buf *b, const struct zc_msg_item *m);
int zc_item_decode(struct zc_bytes body, struct zc_msg_item *m,
                   struct zc_err *err);

/* TROUBLE: something could not be done, and why. */
struct zc_msg_trouble {
    uint8_t kind; /* enum zc_trouble of session/events.h */
    uint32_t eno;
    struct zc_bytes what, path;
};
void zc_trouble_encode(struct zc_buf *b, const struct zc_msg_trouble *m);
int zc_trouble_decode(struct zc_bytes body, struct zc_msg_trouble *m,
                      struct zc_err *err);

/* STATS: how far it is, in the order of struct zc_stats. */
void zc_stats_encode(struct zc_buf *b, const uint64_t v[ZC_STATS_COUNT]);
int zc_stats_decode(struct zc_bytes body, uint64_t v[ZC_STATS_COUNT],
                    struct zc_err *err);

/* VERDICT: after FINISHED, what the sender makes of it all: an exit code, and the
 * sentence for those that need one. */
struct zc_msg_verdict {
    uint8_t code;
    struct zc_bytes text;
};
void zc_verdict_encode(struct zc_buf *b, const struct zc_msg_verdict *m);
int zc_verdict_decode(struct zc_bytes body, struct zc_msg_verdict *m,
                      struct zc_err *err);

/* LOOK: instead of OPEN, what is there? A directory or a file in a share; with OWN
 * of the user's own; without either, which shares. */
struct zc_msg_look {
    uint8_t own;
    struct zc_bytes share, path;
};
void zc_look_encode(struct zc_buf *b, const struct zc_msg_look *m);
int zc_look_decode(struct zc_bytes body, struct zc_msg_look *m,
                   struct zc_err *err);

/* SHARE: one that the peer may see. */
struct zc_msg_share {
    uint8_t uses; /* enum zc_share_use */
    struct zc_bytes name;
};
void zc_share_encode(struct zc_buf *b, const struct zc_msg_share *m);
int zc_share_decode(struct zc_bytes body, struct zc_msg_share *m,
                    struct zc_err *err);

void zc_open_encode(struct zc_buf *b, const struct zc_msg_open *m);
int zc_open_decode(struct zc_bytes body, struct zc_msg_open *m,
                   struct zc_err *err);
void zc_opened_encode(struct zc_buf *b, const struct zc_msg_opened *m);
int zc_opened_decode(struct zc_bytes body, struct zc_msg_opened *m,
                     struct zc_err *err);
void zc_idname_encode(struct zc_buf *b, const struct zc_msg_idname *m);
int zc_idname_decode(struct zc_bytes body, struct zc_msg_idname *m,
                     struct zc_err *err);

/* DONE: everything asked for has been sent. FLAGS: enum zc_done_flag. */
void zc_done_encode(struct zc_buf *b, uint8_t flags);
int zc_done_decode(struct zc_bytes body, uint8_t *flags, struct zc_err *err);

/* A frame without a body. */
void zc_ping_encode(struct zc_buf *b);

#endif
