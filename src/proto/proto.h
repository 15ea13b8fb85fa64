/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The zcsync protocol, version 1: constants, limits and the dialogue. The
 * reference for implementers is zcsync-protocol(7); this header and that page
 * change together.
 *
 *   sender                              receiver
 *   HELLO  ------------------------->
 *          <-------------------------  HELLO
 *   (the handshake, where both can seal: net/handshake.h)
 *   OPEN share, options, filter ---->
 *          <-------------------------  OPENED root
 *   LIST 0: the root's own entry --->
 *          <-------------------------  NEED 0: DESCEND
 *   LIST n: entries of a directory ->  compares with what it has, fixes
 *          <-------------------------  NEED n: DATA, DESCEND, META, CHECK ...
 *   FILE (small: with its bytes) --->
 *   FILE, DATA + raw bytes, SENT --->
 *          <-------------------------  GOT: the bytes have left the socket
 *   END: commit, retry, abandon ---->  metadata, rename
 *          <-------------------------  RESULT per entry
 *   ... all of it pipelined, many lists and files at once ...
 *   DONE --------------------------->  deletions, directory times, sync
 *          <-------------------------  FINISHED
 *
 * A mirror's session (ZC_OPEN_ROUNDS) goes on: round after round, each from its
 * first list to FINISHED. A round may also be about some names only:
 *
 *   RENAME from, to ---------------->  renames, if it has what is meant
 *   AT n: a directory, by its path -->
 *   LIST n + 1: the names in doubt -->  compares; absent ones are deleted
 *   FILE of those that are eager ---->  metadata, rename
 *          <-------------------------  NEED n, NEED n + 1 ..., RESULT
 *   DONE --------------------------->
 *          <-------------------------  FINISHED
 *
 * Where the receiver has dialled (a pull), it sends OPEN, with what the sender has
 * to know as well, and the sender OPENED. The user is at the receiving end then,
 * and the sender tells what there is to tell:
 *
 *          <-------------------------  OPEN share, options, filter
 *   OPENED root ------------------->
 *   ... as above, and in between ...
 *   ITEM, TROUBLE, STATS ----------->
 *          <-------------------------  FINISHED
 *   VERDICT ------------------------>
 *
 * A list is named by its number, an entry by (list, index). A directory's
 * number is that of the entry that named it.
 */
#ifndef ZC_PROTO_PROTO_H
#define ZC_PROTO_PROTO_H

#include "base/util.h"

#define ZC_PROTO_VERSION 1
#define ZC_PROTO_VERSION_MIN 1

/* Limits. A value from the wire is compared with its limit before anything is
 * allocated or done with it. */
#define ZC_FRAME_HEADER_SIZE 16
#define ZC_FRAME_BODY_MAX (512 * 1024)        /* bytes, raw data not counted */
#define ZC_INLINE_MAX (256 * 1024)            /* bytes of a file in FILE */
#define ZC_LIST_BODY_MAX (128 * 1024)         /* bytes of a LIST body */
#define ZC_LIST_RULES_MAX (48 * 1024)         /* bytes of a directory's rules */
#define ZC_ROUND_RULES_MAX (16 * 1024 * 1024) /* ... of all in a round */
#define ZC_LIST_ENTRIES_MAX 2048              /* entries in one LIST */
#define ZC_DATA_MAX ((uint64_t)1 << 30)       /* raw bytes after one DATA */
#define ZC_FILE_SIZE_MAX ((uint64_t)INT64_MAX)
#define ZC_SYMLINK_MAX 4095                   /* bytes of a symlink target */
#define ZC_OPEN_FILES_MAX 64                  /* FILEs between FILE and END */
#define ZC_RESULT_ITEMS_MAX 4096
#define ZC_ERROR_TEXT_MAX 1000
#define ZC_SHARE_NAME_MAX 255
#define ZC_WINDOW_MAX (366 * 86400)           /* seconds */
#define ZC_PATH_TEXT_MAX 65535                /* bytes of a path in a message */
#define ZC_GLANCE_MAX (64 * 1024)             /* bytes of names in OPENED */
#define ZC_PENDING_MAX 300000 /* directories and entries a sender may leave
                                  unfinished at the receiver */
#define ZC_PLACE_NAMES_MAX 250000 /* names in the paths of a round's ATs, and
                                     one for each AT */

#define ZC_GRAIN_BIG 16   /* log2 of the bytes of a block of a basis, */
#define ZC_GRAIN_SMALL 12 /* ... of those that are in it */
#define ZC_GRAIN_ANCHORS 0 /* places known by what is around them instead */
#define ZC_BLOCK_BIG ((uint64_t)1 << ZC_GRAIN_BIG)
#define ZC_BLOCK_SMALL ((uint64_t)1 << ZC_GRAIN_SMALL)
#define ZC_BLOCKS_MAX 64 /* big ones that one ASK is about */
#define ZC_ANCHORS_MAX 2048 /* in one SUMS */
#define ZC_ANCHOR_SIZE 12   /* offset in it, and hash */
#define ZC_SUM_SIZE 8    /* of a block: delta/blocks.h */
#define ZC_SUMMED_MIN 64 /* bytes: of less no sum is told, it would give them away */
#define ZC_PATCH_MAX (128 * 1024) /* bytes in a PATCH */
#define ZC_ASKS_MAX 64 /* of a file that are not answered */
#define ZC_JOBS_MAX 32768 /* ASKs and COPYs of a file that are not done */

#define ZC_CHMOD_TEXT_MAX 4096 /* bytes of --chmod */
#define ZC_DENSE_TEXT_MAX 4096 /* bytes of --skip-compress */
#define ZC_OWN_PATH_MAX 4095 /* bytes of a path of the user's own */
#define ZC_STATS_COUNT 24    /* counters in STATS */

/* Frame types. Sender to receiver 1-19, receiver to sender 20-39, both 40-. */
enum zc_frame_type {
    ZC_FRAME_OPEN = 1,
    ZC_FRAME_IDNAME = 2,
    ZC_FRAME_LIST = 3,
    ZC_FRAME_FILE = 4,
    ZC_FRAME_DATA = 5,
    ZC_FRAME_SENT = 6,
    ZC_FRAME_END = 7,
    ZC_FRAME_META = 8,
    ZC_FRAME_DONE = 9,
    ZC_FRAME_AT = 10,
    ZC_FRAME_RENAME = 11,
    ZC_FRAME_ITEM = 12,
    ZC_FRAME_TROUBLE = 13,
    ZC_FRAME_STATS = 14,
    ZC_FRAME_VERDICT = 15,
    ZC_FRAME_SHARE = 16,
    ZC_FRAME_ASK = 17,
    ZC_FRAME_COPY = 18,
    ZC_FRAME_PATCH = 19,
    ZC_FRAME_OPENED = 20,
    ZC_FRAME_NEED = 21,
    ZC_FRAME_GOT = 22,
    ZC_FRAME_RESULT = 23,
    ZC_FRAME_NOTE = 24,
    ZC_FRAME_FINISHED = 25,
    ZC_FRAME_LOOK = 26,
    ZC_FRAME_SUMS = 27,
    ZC_FRAME_DIGEST = 28,
    ZC_FRAME_BYTES = 29,
    ZC_FRAME_ERROR = 40,
    ZC_FRAME_PING = 41,
};

/* Feature bits of HELLO; a message that needs one is an error without it. */
/* Lists may have digests, and be left out for them (ZC_LIST_DIGESTS). */
#define ZC_FEATURE_DIGESTS ((uint64_t)1 << 0)
/* OPEN may have ZC_OPEN_DELTA. */
#define ZC_FEATURE_DELTA ((uint64_t)1 << 2)
/* The keys of an AES-GCM session may be given to the kernel (kernel TLS). */
#define ZC_FEATURE_KTLS ((uint64_t)1 << 3)
/* OPENED may have ZC_GLANCE_EMPTY. */
#define ZC_FEATURE_EMPTY ((uint64_t)1 << 4)
/* What follows the handshake is compressed: the connecting side wants that, the
 * other can do it (net/compress.h). */
#define ZC_FEATURE_COMPRESS ((uint64_t)1 << 10)
/* OPEN may have ZC_FSYNC_BEHIND. */
#define ZC_FEATURE_BEHIND ((uint64_t)1 << 11)
/* The connecting side's bytes may come over several channels (net/lanes.h): it
 * wants that, the other can do it. */
#define ZC_FEATURE_LANES ((uint64_t)1 << 12)
/* Those that say what a session's messages may have, whatever carries them. */
#define ZC_FEATURES_MESSAGES \
    (ZC_FEATURE_DIGESTS | ZC_FEATURE_DELTA | ZC_FEATURE_EMPTY | \
     ZC_FEATURE_BEHIND)
#define ZC_FEATURES_KNOWN \
    (ZC_FEATURES_MESSAGES | ZC_FEATURE_KTLS | ZC_FEATURE_COMPRESS | \
     ZC_FEATURE_LANES)

/* Flags of OPEN. */
enum zc_open_flag {
    ZC_OPEN_DRY_RUN = 1 << 0,
    ZC_OPEN_CHECKSUM = 1 << 1,
    ZC_OPEN_UPDATE = 1 << 2,
    ZC_OPEN_DELETE = 1 << 3,
    ZC_OPEN_FORCE_DELETE = 1 << 4,
    ZC_OPEN_NUMERIC_IDS = 1 << 5,
    ZC_OPEN_WANT_ITEMS = 1 << 6,
    ZC_OPEN_SINGLE_FILE = 1 << 7, /* `name` is set: DEST may be a file name */
    ZC_OPEN_PATH_IS_DIR = 1 << 8, /* DEST was written with a slash */
    ZC_OPEN_MAX_DELETE = 1 << 9,  /* `max_delete` was given by the user */
    ZC_OPEN_MOVER = 1 << 10,      /* `mover` is given */
    ZC_OPEN_ROUNDS = 1 << 11,     /* after FINISHED another round may follow */
    ZC_OPEN_ORIGIN = 1 << 12,     /* `origin` is given */
    ZC_OPEN_BLOCK_HASH = 1 << 13, /* hashes of files are those of blocks */
    ZC_OPEN_OWNERS = 1 << 14, /* owners were asked for, not merely kept */
    ZC_OPEN_PROPERTIES = 1 << 15, /* attributes may be btrfs.*, and entries
                                     have ZC_ENTRY_PROPERTIES */
    ZC_OPEN_FILEFLAGS = 1 << 16, /* `keep` has FLAGS, and entries have
                                    ZC_ENTRY_FILEFLAGS */
    ZC_OPEN_CHOICES = 1 << 17, /* `walk`, `apply` and what follows them */
    ZC_OPEN_OWN = 1 << 18, /* `path` is the user's own, and no share's */
    ZC_OPEN_PULL = 1 << 19, /* the receiver has dialled: `one_file_system` and
                               what follows it */
    ZC_OPEN_ASK = 1 << 20,  /* `ask` is given: OPENED tells what is there */
    ZC_OPEN_DELTA = 1 << 21, /* of what has changed only that is sent
                                (ZC_FEATURE_DELTA) */
    ZC_OPEN_FLAGS_KNOWN = (1 << 22) - 1,
};

/* What a SHARE may be used for. */
enum zc_share_use {
    ZC_SHARE_PUSH = 1 << 0,
    ZC_SHARE_PULL = 1 << 1,
    ZC_SHARE_USES_KNOWN = (1 << 2) - 1,
};

/* `glance` of OPENED. */
enum zc_glance_flag {
    ZC_GLANCE_TOLD = 1 << 0,    /* it was asked for: names follow */
    ZC_GLANCE_HAS_DIR = 1 << 1, /* a directory of the name that ASK gave */
    ZC_GLANCE_MORE = 1 << 2,    /* `names` are not all */
    ZC_GLANCE_EMPTY = 1 << 3,   /* there is nothing (ZC_FEATURE_EMPTY) */
    ZC_GLANCE_KNOWN = (1 << 4) - 1,
};

/* `walk` of OPEN: how the sending end goes through SRC. */
enum zc_open_walk {
    ZC_WALK_COPY_LINKS = 1 << 0,   /* what symlinks lead to, not symlinks */
    ZC_WALK_COPY_UNSAFE = 1 << 1,  /* the same for those that lead out of SRC */
    ZC_WALK_SAFE_LINKS = 1 << 2,   /* those are left out */
    ZC_WALK_COPY_DIRLINKS = 1 << 3, /* what those lead to that lead to
                                       directories */
    ZC_WALK_SIZES = 1 << 4, /* `max_size` and `min_size`: of files */
    ZC_WALK_PRUNE = 1 << 5, /* no directories without anything else in them */
    ZC_WALK_ONE_LEVEL = 1 << 6, /* no directories below the top are entered */
    ZC_WALK_IGNORE_MISSING = 1 << 7, /* names asked for that are not there */
    ZC_WALK_DELETE_MISSING = 1 << 8, /* ... go at the destination, too */
    ZC_WALK_NAMED = 1 << 9, /* in a pull, `only` are SRC, and not a list: each
                               has to be there, the root is left alone */
    ZC_WALK_DENSE = 1 << 10, /* `dense`: suffixes of what is not compressed */
    ZC_WALK_ALIGNED = 1 << 11,      /* zc_options.delta, delta_always */
    ZC_WALK_DELTA_ALWAYS = 1 << 12,
    ZC_WALK_FAKE = 1 << 13, /* files may say that they are something else */
    ZC_WALK_BARE = 1 << 14, /* directories on the way to listed names are only
                               gone through: see ZC_ENTRY_IMPLIED */
    ZC_WALK_KNOWN = (1 << 15) - 1,
};

/* `apply` of OPEN: what the receiving end leaves alone, and how it writes. */
enum zc_open_apply {
    ZC_APPLY_EXISTING = 1 << 0, /* what is not here is not made */
    ZC_APPLY_IGNORE_EXISTING = 1 << 1, /* what is here stays, but directories */
    ZC_APPLY_SIZE_ONLY = 1 << 2, /* files of the same size are the same */
    ZC_APPLY_IGNORE_TIMES = 1 << 3, /* size and time do not make them so */
    ZC_APPLY_WINDOW = 1 << 4,       /* `window` counts */
    ZC_APPLY_MKPATH = 1 << 5,       /* the parents of DEST are made */
    ZC_APPLY_FORCE = 1 << 6, /* a directory with something in it makes way */
    ZC_APPLY_IGNORE_ERRORS = 1 << 7, /* of the sending end: what could not be
                                        read keeps nothing from being deleted */
    ZC_APPLY_ONLY_DELETE = 1 << 8,   /* nothing is done but that */
    ZC_APPLY_REMOVE = 1 << 9, /* stable storage at the end; with DRY_RUN, what is
                                 the same is told, and goes from the source */
    ZC_APPLY_EXECUTABILITY = 1 << 10, /* where permissions are not kept */
    ZC_APPLY_DIRLINKS = 1 << 11, /* a symlink to a directory stands for one */
    ZC_APPLY_ID_RULES = 1 << 12, /* `user_rules` and `group_rules` count */
    ZC_APPLY_DELAY = 1 << 13, /* new versions get their names at the end */
    ZC_APPLY_OMIT_DIR_TIMES = 1 << 14,  /* times but those of directories */
    ZC_APPLY_OMIT_LINK_TIMES = 1 << 15, /* ... of symlinks */
    ZC_APPLY_INPLACE = 1 << 16, /* bytes go into the file that is there */
    ZC_APPLY_APPEND = 1 << 17,  /* a shorter file may be its beginning, and a
                                   longer one stays */
    ZC_APPLY_TELL_ALL = 1 << 18, /* entries that need nothing are told, too */
    ZC_APPLY_ALTERNATES = 1 << 19, /* `alternate` and `alternates` count */
    ZC_APPLY_NO_PARTIAL = 1 << 20, /* of what broke off nothing is kept */
    ZC_APPLY_FAKE = 1 << 21, /* what cannot be set is written down */
    ZC_APPLY_VERIFY = 1 << 22, /* with DRY_RUN: a file that cannot be read is
                                  trouble, and not one that differs */
    ZC_APPLY_COLD = 1 << 23, /* what is compared is read from the disk */
    ZC_APPLY_BACKUP = 1 << 24, /* `suffix` and `backup_dir` count */
    ZC_APPLY_DROP_CACHE = 1 << 25, /* both ends leave the page cache as it was */
    ZC_APPLY_NO_MOVED = 1 << 26, /* new files are not looked for by other names */
    ZC_APPLY_KNOWN = (1 << 27) - 1,
};

/* What becomes of a file that DEST lacks and one of the ALTERNATES has. */
enum zc_alternate {
    ZC_ALTERNATE_COMPARE = 1, /* nothing: it is there */
    ZC_ALTERNATE_COPY,        /* a copy of it */
    ZC_ALTERNATE_LINK,        /* a link to it */
    ZC_ALTERNATE_LAST = ZC_ALTERNATE_LINK,
};
#define ZC_ALTERNATES_MAX 20

/* Flags of LIST. */
enum zc_list_flag {
    ZC_LIST_LAST = 1 << 0,       /* the directory's last list */
    ZC_LIST_INCOMPLETE = 1 << 1, /* names may be missing: delete nothing here */
    ZC_LIST_RULES = 1 << 2, /* of its directory's own follow its header */
    ZC_LIST_DIGESTS = 1 << 3, /* LIST 0: what follows may be told by digests */
    ZC_LIST_GROUPS = 1 << 4, /* no entries: digests of the directory's names, of
                                which those are listed that differ */
    ZC_LIST_FLAGS_KNOWN = (1 << 5) - 1,
};

/* Flags of an entry. */
enum zc_entry_flag {
    ZC_ENTRY_XATTRS = 1 << 0,    /* digest of its attributes follows */
    ZC_ENTRY_HARD_LINK = 1 << 1, /* inode and link count follow */
    ZC_ENTRY_DIGEST = 1 << 2, /* subtree digest follows (ZC_FEATURE_DIGESTS) */
    ZC_ENTRY_ABSENT = 1 << 3, /* asked for by name and not there: delete it */
    ZC_ENTRY_IMPLIED = 1 << 4, /* there, and not looked at: not touched */
    /* In lists of a directory that AT named: */
    ZC_ENTRY_EAGER = 1 << 5,   /* a FILE with its bytes follows unasked */
    ZC_ENTRY_CHANGED = 1 << 6, /* its bytes may have changed, whatever its size
                                  and time say */
    ZC_ENTRY_DEEP = 1 << 7,    /* a directory to be descended into even when it
                                  is there */
    ZC_ENTRY_PROPERTIES = 1 << 8, /* a hash of its btrfs.* follows */
    ZC_ENTRY_FILEFLAGS = 1 << 9,  /* flags and project follow */
    ZC_ENTRY_SEEN = 1 << 10, /* with DEEP: what is missing was seen to go */
    ZC_ENTRY_PLACED = ZC_ENTRY_EAGER | ZC_ENTRY_CHANGED | ZC_ENTRY_DEEP |
                      ZC_ENTRY_SEEN,
    ZC_ENTRY_FLAGS_KNOWN = (1 << 11) - 1,
};

/* What a NEED item asks for, or tells. Several bits may be set. */
enum zc_need {
    ZC_NEED_DATA = 1 << 0,    /* the whole file */
    ZC_NEED_FROM = 1 << 1,    /* from an offset on, if what is before it has
                                 this hash; else the whole file */
    ZC_NEED_DELTA = 1 << 2,   /* what is not in a file that the receiver has
                                 (ZC_OPEN_DELTA) */
    ZC_NEED_CHECK = 1 << 3,   /* the whole file, unless its hash is this */
    ZC_NEED_META = 1 << 4,    /* metadata with the attribute set */
    ZC_NEED_DESCEND = 1 << 5, /* list this directory */
    ZC_NEED_PENDING = 1 << 6, /* nothing; a RESULT will follow */
    ZC_NEED_APPLIED = 1 << 7, /* nothing; done already */
};
#define ZC_NEED_KNOWN \
    (ZC_NEED_DATA | ZC_NEED_FROM | ZC_NEED_DELTA | ZC_NEED_CHECK | \
     ZC_NEED_META | ZC_NEED_DESCEND | ZC_NEED_PENDING | ZC_NEED_APPLIED)
/* The kinds that make an entry outstanding until its RESULT. */
#define ZC_NEED_OUTSTANDING \
    (ZC_NEED_DATA | ZC_NEED_FROM | ZC_NEED_DELTA | ZC_NEED_CHECK | \
     ZC_NEED_META | ZC_NEED_PENDING)

/* The kinds that may be answered with bytes. */
#define ZC_NEED_BYTES \
    (ZC_NEED_DATA | ZC_NEED_FROM | ZC_NEED_DELTA | ZC_NEED_CHECK)

/* Flags of NEED. */
#define ZC_NEED_FINAL 1  /* nothing more about this list */
#define ZC_NEED_SECOND 2 /* what follows goes through it a second time */

/* Flags of DONE. */
enum zc_done_flag {
    ZC_DONE_SOURCE_GONE = 1 << 0, /* SRC is not where it was: delete nothing */
    ZC_DONE_SYNC = 1 << 1, /* onto stable storage, whatever OPEN said */
    ZC_DONE_FLAGS_KNOWN = (1 << 2) - 1,
};

/* Flags of FILE. */
enum zc_file_flag {
    ZC_FILE_INLINE = 1 << 0, /* the file's bytes are in this frame; no END */
    ZC_FILE_FROM = 1 << 1, /* the first bytes are those that the receiver has;
                              the verdict will be VERIFY */
    ZC_FILE_PASSED = 1 << 2, /* the file itself came along, open for reading:
                                answered with GOT or BYTES */
    ZC_FILE_DELTA = 1 << 3, /* what is the same is not sent: ASK, COPY, PATCH;
                               the verdict will be VERIFY */
    ZC_FILE_FLAGS_KNOWN = (1 << 4) - 1,
};

/* Verdicts of END. */
enum zc_verdict {
    ZC_VERDICT_COMMIT = 0,
    ZC_VERDICT_RETRY = 1,   /* drop it; another FILE will come */
    ZC_VERDICT_ABANDON = 2, /* drop it; `eno` says why (0: kept changing) */
    ZC_VERDICT_VERIFY = 3,  /* commit if the bytes have this hash, else AGAIN */
};

/* Status of a RESULT item. The NOTEs do not end an outstanding entry. */
enum zc_status {
    ZC_STATUS_OK = 0,
    ZC_STATUS_FAILED = 1,
    ZC_STATUS_AGAIN = 2,       /* send it (again), whole */
    ZC_STATUS_NOTE_META = 3,   /* some metadata was refused; not an end */
    ZC_STATUS_NOTE_FAILED = 4, /* entry was not outstanding, and failed */
    ZC_STATUS_SAME = 5, /* as OK, but there was nothing to be done */
};

/* What failed, for RESULT items; texts in msg.c. */
enum zc_op {
    ZC_OP_NONE,
    ZC_OP_STAT,
    ZC_OP_READ,
    ZC_OP_READ_DIR,
    ZC_OP_CREATE,
    ZC_OP_WRITE,
    ZC_OP_MKDIR,
    ZC_OP_SYMLINK,
    ZC_OP_MKNOD,
    ZC_OP_LINK,
    ZC_OP_RENAME,
    ZC_OP_DELETE,
    ZC_OP_REPLACE_DIR, /* a non-empty directory is in the way */
    ZC_OP_STAGING,
    ZC_OP_SYNC,
    ZC_OP_SOURCE, /* the sender gave the entry up */
    ZC_OP_NOT_RENAMED, /* NOTE: a RENAME to this path was not carried out; no
                          failure, but the path has to be looked at */
    ZC_OP_RESERVED, /* it has the name of a staging folder */
    ZC_OP_DIRLINK,  /* a symlink there may not stand for it */
    ZC_OP_META,   /* ZC_OP_META + enum zc_meta_kind */
    ZC_OP_COLLIDES = ZC_OP_META + 16, /* NOTE: the destination takes the name
                          for that of something else, which is one component
                          more of the path */
    ZC_OP_BACKUP, /* what is here could not be kept */
    ZC_OP_ROOM,   /* no more is to be used of what is free, which is as many MiB
                     as the error number says */
    ZC_OP_INODES, /* ... as many inodes */
    ZC_OP_MAX
};

#endif
