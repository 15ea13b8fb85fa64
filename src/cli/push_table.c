// SPDX-License-Identifier: GPL-2.0-or-later
/* What push, pull, diff, verify, mirror and ls can be told, and how --help says
 * it. */
#include "cli/push_table.h"
#include "cli/rsync_opts.h"
#include "fs/keep.h"
#include "proto/proto.h"

#include <stddef.h>
#include <sys/socket.h>

enum { ON, ON_OFF }; /* ON_OFF: there is a --no- form */

#define KEEP_ARCHIVE                                                         \
    (ZC_KEEP_SYMLINKS | ZC_KEEP_PERMS | ZC_KEEP_TIMES | ZC_KEEP_GROUP |      \
     ZC_KEEP_OWNER | ZC_KEEP_DEVICES | ZC_KEEP_SPECIALS)

#define HEADING(text) {.help = (text)}
#define FLAG(l, n, neg, field, text)                                         \
    {.letter = (l), .name = (n), .negatable = (neg),                         \
     ZC_OPT_INTO(FLAG, struct zc_push_args, field), .help = (text)}
#define PUSH_FLAG(n, field, text)                                            \
    {.name = (n), ZC_OPT_INTO(FLAG, struct zc_push_args, field),             \
     .not_for = ZC_AS_DIFF, .help = (text)}
#define KEEP(l, n, neg, bits, text)                                          \
    {.letter = (l), .name = (n), .negatable = (neg), .id = OPT_KEEP,         \
     .data = (bits), .help = (text)}
#define APPLY(l, n, neg, bits, text)                                         \
    {.letter = (l), .name = (n), .negatable = (neg), .id = OPT_APPLY,        \
     .data = (bits), .help = (text)}
#define APPLY_NOT(n, bits, text)                                             \
    {.name = (n), .negatable = ON_OFF, .id = OPT_APPLY_NOT, .data = (bits),  \
     .help = (text)}
#define ONCE_APPLY(l, n, neg, bits, text)                                    \
    {.letter = (l), .name = (n), .negatable = (neg), .id = OPT_APPLY,        \
     .not_for = ZC_AS_MIRROR, .data = (bits), .help = (text)}
#define WALK(l, n, bit, text)                                                \
    {.letter = (l), .name = (n), .negatable = ON_OFF, .id = OPT_WALK,        \
     .data = (bit), .help = (text)}
#define DELETES(not, n, also, text)                                          \
    {.name = (n), .id = OPT_DELETES, .data = (also), .not_for = (not),       \
     .help = (text)}
#define VALUE(l, n, v, neg, i, text)                                         \
    {.letter = (l), .name = (n), .value = (v), .negatable = (neg), .id = (i), \
     .help = (text)}
#define PUSH_VALUE(n, v, neg, i, text)                                       \
    {.name = (n), .value = (v), .negatable = (neg), .id = (i),               \
     .not_for = ZC_AS_DIFF, .help = (text)}
#define TEXT(n, v, field, text)                                              \
    {.name = (n), .value = (v), ZC_OPT_INTO(TEXT, struct zc_push_args, field), \
     .help = (text)}
#define SECONDS(n, neg, not, field, text)                                    \
    {.name = (n), .value = "SECONDS", .negatable = (neg), .not_for = (not),  \
     ZC_OPT_INTO(SECONDS, struct zc_push_args, field), .help = (text)}
#define SIZE(n, field, text)                                                 \
    {.name = (n), .value = "SIZE", .negatable = ON, .id = OPT_SIZE,          \
     .data = offsetof(struct zc_push_args, field), .help = (text)}
#define SHOW(l, n, not, field, text)                                         \
    {.letter = (l), .name = (n), .negatable = ON_OFF, .id = OPT_SHOW,        \
     .not_for = (not), .data = offsetof(struct zc_push_args, field),         \
     .help = (text)}
#define ACTION(l, n, neg, i, text) VALUE(l, n, NULL, neg, i, text)
#define ALTERNATE(n, kind, text)                                             \
    {.name = (n), .value = "DIR", .id = OPT_ALTERNATE, .data = (kind),       \
     .not_for = ZC_AS_MIRROR | ZC_AS_VERIFY, .help = (text)}
/* For runs that have an end. */
#define ONCE_FLAG(l, n, neg, field, text)                                    \
    {.letter = (l), .name = (n), .negatable = (neg), .not_for = ZC_AS_MIRROR, \
     ZC_OPT_INTO(FLAG, struct zc_push_args, field), .help = (text)}
#define ONCE_VALUE(l, n, v, neg, i, text)                                    \
    {.letter = (l), .name = (n), .value = (v), .negatable = (neg), .id = (i), \
     .not_for = ZC_AS_MIRROR, .help = (text)}
/* Of what is behind a symlink nobody tells a mirror that it has changed. */
#define FOLLOW(l, n, bit, text)                                              \
    {.letter = (l), .name = (n), .negatable = ON_OFF, .id = OPT_WALK,        \
     .not_for = ZC_AS_MIRROR, .data = (bit), .help = (text),                 \
     .why_not = "changes behind symlinks are not seen"}
#define ONCE_ACTION(l, n, neg, i, text) ONCE_VALUE(l, n, NULL, neg, i, text)
#define FAMILY(l, n, af, text)                                               \
    {.letter = (l), .name = (n), .id = OPT_FAMILY, .data = (af),             \
     .help = (text)}
/* What is done anyway. */
#define ACCEPT(l, n, neg, text)                                              \
    {.letter = (l), .name = (n), .negatable = (neg), .id = OPT_ACCEPT,       \
     .help = (text)}
#define ACCEPT_VALUE(l, n, v, i, text)                                       \
    {.letter = (l), .name = (n), .value = (v), .id = (i), .help = (text)}
/* What would make verify blind. */
#define LAX_APPLY(l, n, neg, bits, not, text)                                \
    {.letter = (l), .name = (n), .negatable = (neg), .id = OPT_APPLY,        \
     .not_for = (not) | ZC_AS_VERIFY, .data = (bits), .help = (text)}
#define NOT_VERIFY (ZC_AS_PUSH | ZC_AS_DIFF | ZC_AS_PULL | ZC_AS_MIRROR)
#define NOT_MIRROR (ZC_AS_PUSH | ZC_AS_DIFF | ZC_AS_PULL | ZC_AS_VERIFY)
#define MIRROR_VALUE(n, v, i, text)                                          \
    {.name = (n), .value = (v), .id = (i), .not_for = NOT_MIRROR,            \
     .help = (text)}

static const struct zc_opt rows[] = {
    HEADING("What to do:"),
    {.name = "repair", .negatable = ON_OFF, .not_for = NOT_VERIFY,
     ZC_OPT_INTO(FLAG, struct zc_push_args, repair),
     .help = "send what differs, from SRC to DEST"},
    {.name = "cold", .negatable = ON_OFF, .id = OPT_APPLY,
     .not_for = NOT_VERIFY, .data = ZC_APPLY_COLD,
     .help = "read from the disks what memory has, too"},
    {.name = "control", .value = "PATH", .not_for = NOT_VERIFY,
     ZC_OPT_INTO(TEXT, struct zc_push_args, control),
     .help = "the control socket of zcsyncd, for MIRROR"},
    ONCE_FLAG('n', "dry-run", ON, opt.dry_run,
              "change nothing, tell what would be done"),
    FLAG('c', "checksum", ON_OFF, opt.checksum,
         "compare by content, not by size and time"),
    FLAG('u', "update", ON_OFF, opt.update,
         "leave files that are newer at DEST"),
    APPLY(0, "existing", ON, ZC_APPLY_EXISTING,
          "make nothing new at DEST"),
    APPLY(0, "ignore-non-existing", ON, ZC_APPLY_EXISTING, "the same"),
    APPLY(0, "ignore-existing", ON, ZC_APPLY_IGNORE_EXISTING,
          "leave all files that DEST has"),
    LAX_APPLY(0, "size-only", ON, ZC_APPLY_SIZE_ONLY, 0,
              "files of the same size are the same"),
    LAX_APPLY('I', "ignore-times", ON_OFF, ZC_APPLY_IGNORE_TIMES, ZC_AS_MIRROR,
              "send files of the same size and time, too"),
    VALUE('@', "modify-window", "SECONDS", ON, OPT_WINDOW,
          "times so far apart are the same; 0: within a\n"
          "second, -1: to the nanosecond (default)"),
    APPLY(0, "mkpath", ON_OFF, ZC_APPLY_MKPATH,
          "make the parents of DEST, too"),
    APPLY('K', "keep-dirlinks", ON_OFF, ZC_APPLY_DIRLINKS,
          "a symlink to a directory at DEST stands for it"),
    FLAG('x', "one-file-system", ON_OFF, opt.one_file_system,
         "do not enter other mounts below SRC"),
    VALUE(0, "require-mount", "WHERE", ON, OPT_REQUIRE_MOUNT,
          "do nothing unless something is mounted on WHERE:\n"
          "src, dest (a local DEST), or a path"),
    VALUE(0, "require-file", "FILE", ON, OPT_REQUIRE_FILE,
          "do nothing unless FILE is there: src:NAME,\n"
          "dest:NAME, or a path"),
    FLAG(0, "delete", ON_OFF, opt.del,
         "delete at DEST what SRC does not have, after\nall else was sent "
         "(mirror: the default)"),
    DELETES(0, "delete-excluded", ZC_DELETE_EXCLUDED,
            "delete also what is left out"),
    DELETES(ZC_AS_MIRROR, "delete-before", ZC_DELETE_BEFORE,
            "delete before anything is sent"),
    DELETES(0, "delete-during", ZC_DELETE_ONLY, "accepted: --delete"),
    DELETES(0, "del", ZC_DELETE_ONLY, "likewise"),
    DELETES(0, "delete-delay", ZC_DELETE_ONLY, "likewise"),
    DELETES(0, "delete-after", ZC_DELETE_ONLY, "likewise"),
    {.name = "remove-source-files",
     .negatable = ON_OFF,
     .id = OPT_APPLY,
     .not_for = ZC_AS_MIRROR | ZC_AS_DIFF | ZC_AS_VERIFY,
     .data = ZC_APPLY_REMOVE,
     .help = "remove from SRC what is at DEST, but directories"},
    APPLY(0, "force", ON_OFF, ZC_APPLY_FORCE,
          "a directory makes way for something else, with\n"
          "all that is in it"),
    ONCE_APPLY(0, "ignore-errors", ON_OFF, ZC_APPLY_IGNORE_ERRORS,
               "delete also where SRC could not be read"),
    PUSH_VALUE("max-delete", "N", ON, OPT_MAX_DELETE,
               "delete nothing when it would be more than N\n"
               "entries (push: and exit 25)"),
    PUSH_FLAG("force-delete", opt.force_delete,
              "delete however much it is"),

    HEADING("What to leave out:"),
    VALUE(0, "exclude", "PATTERN", ON, OPT_EXCLUDE,
          "leave out what matches"),
    VALUE(0, "include", "PATTERN", ON, OPT_INCLUDE,
          "keep what matches, whatever is excluded later"),
    VALUE(0, "exclude-from", "FILE", ON, OPT_EXCLUDE_FROM,
          "read patterns from FILE, one a line"),
    VALUE(0, "include-from", "FILE", ON, OPT_INCLUDE_FROM, "likewise"),
    VALUE('f', "filter", "RULE", ON, OPT_FILTER, "add a filter rule"),
    ACTION('F', NULL, ON, OPT_RULES,
           "filter ': /.rsync-filter'; twice: and do not\nsend these files"),
    FLAG('C', "cvs-exclude", ON_OFF, cvs_exclude,
         "leave out what CVS does, at the end of all rules"),
    {.name = "files-from", .value = "FILE", .negatable = ON,
     .not_for = ZC_AS_MIRROR,
     ZC_OPT_INTO(TEXT, struct zc_push_args, files_from),
     .help = "send only the paths listed in FILE"},
    SIZE("max-size", opt.max_size,
         "no files of more than SIZE bytes (or 1.5M, 100KB)"),
    SIZE("min-size", opt.min_size, "nor of less"),
    {.letter = 'm', .name = "prune-empty-dirs", .negatable = ON_OFF,
     .id = OPT_WALK, .not_for = ZC_AS_MIRROR, .data = ZC_WALK_PRUNE,
     .help = "no directories without anything else in them",
     .why_not = "what fills a directory comes after it"},
    {.letter = 'd', .name = "dirs", .negatable = ON_OFF,
     .not_for = ZC_AS_MIRROR, ZC_OPT_INTO(FLAG, struct zc_push_args, dirs),
     .help = "directories, and not what is in them (without -r\nand -a)"},
    {.name = "ignore-missing-args", .negatable = ON_OFF, .id = OPT_WALK,
     .not_for = ZC_AS_MIRROR, .data = ZC_WALK_IGNORE_MISSING,
     .help = "a SRC or listed name that is not there is no\nfailure"},
    {.name = "delete-missing-args", .negatable = ON_OFF, .id = OPT_WALK,
     .not_for = ZC_AS_MIRROR, .data = ZC_WALK_DELETE_MISSING,
     .help = "and is deleted at DEST"},
    SHOW('R', "relative", ZC_AS_MIRROR, relative,
         "SRC goes to DEST/SRC, or what is behind /./ in it"),
    {.name = "implied-dirs", .negatable = ON_OFF, .id = OPT_IMPLIED,
     .not_for = ZC_AS_MIRROR,
     .help = "(default) directories on the way to what is listed,\n"
             "or named with -R, look as in SRC; --no-: made if\n"
             "missing, else left alone"},
    {.name = "i-d", .negatable = ON_OFF, .id = OPT_IMPLIED,
     .not_for = ZC_AS_MIRROR, .help = "the same"},
    FLAG('0', "from0", ON_OFF, from0, "entries in these files end in NUL"),

    HEADING("Kept by default; with --no-NAME (or --no-LETTER) not:"),
    KEEP('l', "links", ON_OFF, ZC_KEEP_SYMLINKS, "symlinks, as symlinks"),
    KEEP('p', "perms", ON_OFF, ZC_KEEP_PERMS, "permissions"),
    KEEP('o', "owner", ON_OFF, ZC_KEEP_OWNER, "owner"),
    KEEP('g', "group", ON_OFF, ZC_KEEP_GROUP, "group"),
    KEEP('t', "times", ON_OFF, ZC_KEEP_TIMES, "modification times"),
    APPLY('O', "omit-dir-times", ON_OFF, ZC_APPLY_OMIT_DIR_TIMES,
          "times, but not those of directories"),
    APPLY('J', "omit-link-times", ON_OFF, ZC_APPLY_OMIT_LINK_TIMES,
          "times, but not those of symlinks"),
    KEEP('A', "acls", ON_OFF, ZC_KEEP_ACLS, "ACLs"),
    KEEP('X', "xattrs", ON_OFF, ZC_KEEP_XATTRS,
         "extended attributes, capabilities, labels"),
    KEEP('H', "hard-links", ON_OFF, ZC_KEEP_HARD_LINKS, "hard links"),
    KEEP('S', "sparse", ON_OFF, ZC_KEEP_SPARSE,
         "holes in files (-S: zeros become holes)"),
    KEEP(0, "devices", ON_OFF, ZC_KEEP_DEVICES, "device files"),
    KEEP(0, "specials", ON_OFF, ZC_KEEP_SPECIALS, "fifos and sockets"),
    KEEP('D', NULL, ON_OFF, ZC_KEEP_DEVICES | ZC_KEEP_SPECIALS,
         "--devices --specials"),
    KEEP('a', "archive", ON, KEEP_ARCHIVE, "accepted: -lptgoD, the default"),
    APPLY('E', "executability", ON_OFF, ZC_APPLY_EXECUTABILITY,
          "with --no-perms: whether files may be run"),
    ACTION('r', "recursive", ON_OFF, OPT_RECURSIVE,
           "accepted: the default, but for -d and --files-from"),

    HEADING("Symlinks of SRC:"),
    FOLLOW('L', "copy-links", ZC_WALK_COPY_LINKS,
           "send what they lead to instead"),
    FOLLOW(0, "copy-unsafe-links", ZC_WALK_COPY_UNSAFE,
           "the same for those that lead out of SRC"),
    WALK(0, "safe-links", ZC_WALK_SAFE_LINKS, "leave those out"),
    FOLLOW('k', "copy-dirlinks", ZC_WALK_COPY_DIRLINKS,
           "send what those lead to that lead to directories"),

    HEADING("Not kept by default:"),
    KEEP(0, "fileflags", ON_OFF, ZC_KEEP_FLAGS,
         "flags of chattr, project ids"),

    HEADING("Owners and permissions:"),
    FLAG(0, "numeric-ids", ON_OFF, opt.numeric_ids,
         "users and groups by number, not by name"),
    VALUE(0, "chown", "USER:GROUP", ON, OPT_CHOWN,
          "give all entries this owner and group"),
    {.name = "usermap",
     .value = "FROM:TO,...",
     .id = OPT_IDMAP,
     .data = offsetof(struct zc_push_args, opt.usermap),
     .help = "give what belongs to FROM in SRC to TO at DEST;\n"
             "FROM is a name, a*, 1000, or 1000-1999"},
    {.name = "groupmap",
     .value = "FROM:TO,...",
     .id = OPT_IDMAP,
     .data = offsetof(struct zc_push_args, opt.groupmap),
     .help = "the same for groups"},
    ACTION(0, "super", ON_OFF, OPT_SUPER,
           "owners are trouble where they cannot be set;\n"
           "--no-super: they and devices are not kept"),
    {.name = "fake-super", .negatable = ON_OFF, .not_for = ZC_AS_MIRROR,
     ZC_OPT_INTO(FLAG, struct zc_push_args, fake_super),
     .help = "here, what only root can set is written down in\n"
             "attributes, and read there, as rsync does",
     .why_not = "who receives says so: 'fake super' of a share"},
    {.letter = 'M', .name = "remote-option", .value = "OPTION",
     .id = OPT_REMOTE, .not_for = ZC_AS_MIRROR,
     .help = "--fake-super or --super, for the other end only",
     .why_not = "who receives says so: 'fake super' of a share"},
    VALUE(0, "chmod", "CHANGES", ON, OPT_CHMOD,
          "change permissions on the way, as D755,F644"),

    HEADING("Beside DEST (DIR is relative to it, and may be given often):"),
    ALTERNATE("link-dest", ZC_ALTERNATE_LINK,
              "what is unchanged in DIR becomes a hard link to it"),
    ALTERNATE("copy-dest", ZC_ALTERNATE_COPY,
              "... a copy of it, made at DEST"),
    ALTERNATE("compare-dest", ZC_ALTERNATE_COMPARE,
              "... is not made at all"),

    HEADING("What is replaced or deleted at DEST:"),
    APPLY('b', "backup", ON_OFF, ZC_APPLY_BACKUP,
          "keep it, under another name beside it"),
    TEXT("backup-dir", "DIR", opt.backup_dir,
         "... or in DIR, which is relative to DEST, under the\nsame path"),
    TEXT("suffix", "SUFFIX", opt.suffix,
         "what its name ends in (~, or nothing with DIR)"),

    HEADING("How:"),
    ONCE_APPLY(0, "inplace", ON_OFF, ZC_APPLY_INPLACE,
               "write into the files that are there: who reads\n"
               "them sees half of each version"),
    LAX_APPLY(0, "append", ON_OFF, ZC_APPLY_APPEND, ZC_AS_MIRROR,
              "where a file is shorter at DEST, send the rest if\n"
              "it is its beginning; leave longer ones"),
    LAX_APPLY(0, "append-verify", ON_OFF, ZC_APPLY_APPEND, ZC_AS_MIRROR,
              "the same"),
    APPLY_NOT("partial", ZC_APPLY_NO_PARTIAL,
              "keep what has come of big files when the session\n"
              "breaks off, for the next try (the default)"),
    APPLY_NOT("find-moved", ZC_APPLY_NO_MOVED,
              "look for big files that are new by what DEST has\n"
              "under other names (the default)"),
    ONCE_ACTION('P', NULL, ON, OPT_PARTIAL_PROGRESS, "--partial --progress"),
    ACTION('W', "whole-file", ON_OFF, OPT_WHOLE,
           "send changed files whole; --no-whole-file: only\n"
           "what has changed, to a DEST on this machine, too"),
    VALUE(0, "delta", "HOW", ON, OPT_DELTA,
          "auto (default): of a changed file send what is\n"
          "new, wherever the rest is now; aligned: where it\n"
          "was; off: as -W"),
    ONCE_APPLY(0, "delay-updates", ON_OFF, ZC_APPLY_DELAY,
               "give all files their names at the end"),
    PUSH_VALUE("fsync", "MODE", ON, OPT_FSYNC,
               "stable storage: batch (default) once before\n"
               "the end, file for each file, none; mirrors:\n"
               "behind (default), after files have names"),
    PUSH_VALUE("bwlimit", "RATE", ON_OFF, OPT_BWLIMIT,
               "at most RATE KiB a second (or 1.5M, 100KB)"),
    {.letter = 'z', .name = "compress", .value = "HOW", .negatable = ON_OFF,
     .optional = true, .id = OPT_COMPRESS,
     .help = "compress what is sent to another machine: auto (if\n"
             "HOW is left out) while that is faster, zstd[:LEVEL]\n"
             "always, off (default)"},
    VALUE(0, "compress-choice", "NAME", ON, OPT_COMPRESS_CHOICE,
          "auto, zstd, none; lz4, zlib, zlibx: as auto"),
    VALUE(0, "zc", "NAME", ON, OPT_COMPRESS_CHOICE, "the same"),
    VALUE(0, "compress-level", "N", ON, OPT_COMPRESS_LEVEL,
          "as --compress=zstd:N; 0: off"),
    VALUE(0, "zl", "N", ON, OPT_COMPRESS_LEVEL, "the same"),
    ACTION(0, "new-compress", ON, OPT_COMPRESS, "accepted: -z"),
    ACTION(0, "old-compress", ON, OPT_COMPRESS, "likewise"),
    TEXT("skip-compress", "LIST", opt.skip_compress,
         "suffixes of files that are not compressed, as\n"
         "gz/jpg/mp[34] (default: a list of ours)"),
    SECONDS("timeout", ON_OFF, 0, opt.timeout_s,
            "give up when the peer is silent for so long\n"
            "(mirror: and connect again; default 60)"),
    SECONDS("contimeout", ON_OFF, 0, contimeout_s,
            "give up connecting after so long\n"
            "(mirror: and try again; default 30)"),
    {.name = "clone",
     .negatable = ON_OFF,
     .not_for = ZC_AS_DIFF,
     ZC_OPT_INTO(FLAG, struct zc_push_args, opt.clone),
     .help = "share the blocks of big files with a local DEST\n"
             "where the file system can (the default)"},
    PUSH_VALUE("mover", "KIND", ON, OPT_MOVER,
               "how bytes are moved: auto (default), readwrite,\n"
               "mmap, sendfile, splice, overlap, direct,\n"
               "zerocopy, uring"),
    APPLY(0, "drop-cache", ON_OFF, ZC_APPLY_DROP_CACHE,
          "leave in memory of the files what was there\n"
          "before, at both ends"),
    MIRROR_VALUE("watch", "KIND", OPT_WATCH,
                 "how SRC is watched: auto (default), inotify,\n"
                 "fanotify"),
    SECONDS("rescan", ON, NOT_MIRROR, rescan_s,
            "how often directories are compared for which\n"
            "there is no watch left (default 60); without\n"
            "--compare everything, if this is given"),
    MIRROR_VALUE("compare", "TIME", OPT_COMPARE,
                 "compare everything so often, as 6h or 90m,\n"
                 "hourly, daily (default), weekly, never"),
    SECONDS("drain", ON, NOT_MIRROR, drain_s,
            "at the end, how long changes may still be sent\n"
            "(default 10)"),

    ONCE_VALUE(0, "stop-after", "MINUTES", ON, OPT_STOP_AFTER,
               "stop after so long (exit 30)"),
    ONCE_VALUE(0, "time-limit", "MINUTES", ON, OPT_STOP_AFTER, "the same"),
    ONCE_VALUE(0, "stop-at", "TIME", ON, OPT_STOP_AT,
               "stop at that time, as 2030-12-31T23:59 or 06:30"),

};

static const struct zc_opt reach_rows[] = {
    HEADING("How another host is reached:"),
    FAMILY('4', "ipv4", AF_INET, "by IPv4 only"),
    FAMILY('6', "ipv6", AF_INET6, "by IPv6 only"),
    VALUE(0, "port", "N", ON, OPT_PORT, "the port of HOST::SHARE"),
    TEXT("address", "ADDRESS", from, "connect to it from this address of ours"),

    HEADING("Where the other end is HOST:PATH:"),
    {.letter = 'e', .name = "rsh", .value = "COMMAND",
     ZC_OPT_INTO(TEXT, struct zc_push_args, remote.rsh),
     .help = "reach it by this program, as 'ssh -p 2222' or\n"
             "'docker exec -i' (default: over SSH, by itself)"},
    VALUE(0, "ssh-option", "KEY=VALUE", ON, OPT_SSH_OPTION,
          "a line of ssh_config(5), as Port=2222 or\n"
          "IdentityFile=~/.ssh/backup; may be repeated"),
    TEXT("ssh-config", "FILE", remote.config,
         "instead of ~/.ssh/config and the system's"),
    {.name = "ssh-data", .value = "WAY", .id = OPT_SSH_DATA,
     .not_for = ZC_AS_LS,
     .help = "auto (default): over a TCP connection of its own,\n"
             "with keys for it, where that can be had; direct:\n"
             "only so; tunnel: through SSH"},
    TEXT("jump", "HOSTS", remote.jump,
         "through these hosts, as ssh -J"),
    TEXT("remote-command", "COMMAND", remote.command,
         "what zcsync is called there, as\n"
         "/opt/bin/zcsync or 'sudo zcsync'"),
    TEXT("rsync-path", "COMMAND", remote.command, "the same"),

    HEADING("Keys, where the other end is a daemon:"),
    TEXT("identity", "FILE", security.identity,
         "our private key (default, where it is there:\n"
         "~/.config/zcsync/" ZC_IDENTITY_NAME ")"),
    TEXT("peer-key", "KEY", security.peer_key,
         "the public key that it has, or the name of a\n"
         "peer, as in known_peers or zcsync.conf"),
    TEXT("known-peers", "FILE", security.known_peers,
         "the keys of peers (default\n"
         "~/.config/zcsync/" ZC_KNOWN_PEERS_NAME ")"),
    TEXT("config", "FILE", config,
         "whose [peer] NAME::SHARE means (default, where\n"
         "it may be read: " ZC_CONF_DEFAULT ")"),
    FLAG(0, "accept-new", ON, security.accept_new,
         "trust the key of one that has none there yet,\n"
         "and remember it, without asking"),
    FLAG(0, "plain", ON, security.plain,
         "to another machine without keys: anybody in\n"
         "between can read and change what is sent"),
    FLAG(0, "ktls", ON_OFF, security.ktls,
         "let the kernel encrypt where it can (the default)"),
    TEXT("suite", "NAME", security.suite,
         "use this cipher and no other: AES-256-GCM or\n"
         "ChaCha20-Poly1305 (default: the faster one)"),

};

static const struct zc_opt tell_rows[] = {
    HEADING("What to tell:"),
    {.name = "list-only", .not_for = ZC_AS_MIRROR | ZC_AS_DIFF,
     ZC_OPT_INTO(FLAG, struct zc_push_args, list_only),
     .help = "only list what is in SRC, or, with -r or -a, below\n"
             "it; without a DEST that is so anyway"},
    {.letter = 'v', .name = "verbose", .negatable = ON_OFF,
     ZC_OPT_INTO(COUNT, struct zc_push_args, verbose),
     .help = "name what is sent; twice: all that is changed\n"
             "(mirror: its states; twice: what is sent)"},
    FLAG('q', "quiet", ON, quiet, "errors only"),
    ACTION('i', "itemize-changes", ON_OFF, OPT_ITEMIZE,
           "name every change, as YXcstpoguax; twice: also\n"
           "what is not changed (mirror: as once)"),
    VALUE(0, "out-format", "FORMAT", ON, OPT_OUT_FORMAT,
          "a line for every change, with %-escapes"),
    VALUE(0, "log-format", "FORMAT", ON, OPT_OUT_FORMAT, "its old name"),
    TEXT("log-file", "FILE", log_file,
         "append a line for every change to FILE"),
    VALUE(0, "log-file-format", "FORMAT", ON, OPT_LOG_FORMAT,
          "what stands in it (default '%i %n%L')"),
    FLAG(0, "json", ON, json, "a JSON object a line instead"),
    ONCE_FLAG(0, "stats", ON_OFF, stats, "counts at the end"),
    ONCE_ACTION('h', "human-readable", ON_OFF, OPT_HUMAN,
                "numbers as 1.23M; twice: in steps of 1024"),
    SHOW(0, "progress", 0, progress,
         "show how far it is (default on a terminal)"),
    ONCE_VALUE(0, "info", "WORDS", ON, OPT_INFO,
               "progress2, stats, name, del, or other words of\n"
               "rsync's; with a 0 behind it: not"),
    FLAG(0, "help", ON, help, "show this"),

    HEADING("Accepted from rsync's lines, as it is so anyway:"),
    ACCEPT(0, "inc-recursive", ON_OFF, "trees are sent while they are listed"),
    ACCEPT(0, "i-r", ON_OFF, "likewise"),
    ACCEPT('s', "secluded-args", ON_OFF, "names are never split or expanded"),
    ACCEPT(0, "protect-args", ON_OFF, "likewise"),
    ACCEPT(0, "old-args", ON_OFF, "likewise"),
    ACCEPT(0, "trust-sender", ON, "what it sends is checked nevertheless"),
    ACCEPT(0, "open-noatime", ON_OFF, "times of access stay as they are"),
    ACCEPT(0, "preallocate", ON_OFF, "space is set aside for big files"),
    ACCEPT('8', "8-bit-output", ON_OFF, "names in UTF-8 are printed as such"),
    ACCEPT_VALUE(0, "outbuf", "MODE", OPT_ACCEPT,
                 "lines come soon, and whole"),
    ACCEPT(0, "blocking-io", ON_OFF, "any program will do for -e"),
    ACCEPT(0, "motd", ON_OFF, "a daemon of zcsync's has none"),
    ACCEPT_VALUE(0, "stderr", "MODE", OPT_ACCEPT,
                 "errors go to standard error"),
    ACCEPT(0, "msgs2stderr", ON_OFF, "likewise"),
    ACCEPT_VALUE(0, "debug", "WORDS", OPT_DEBUG, "-vvv tells more"),
    ACCEPT_VALUE('B', "block-size", "SIZE", OPT_ACCEPT,
                 "files are not sent in blocks"),
    ACCEPT_VALUE(0, "checksum-choice", "NAME", OPT_ACCEPT,
                 "it is XXH3 with 128 bits"),
    ACCEPT_VALUE(0, "cc", "NAME", OPT_ACCEPT, "likewise"),
    ACCEPT_VALUE(0, "checksum-seed", "N", OPT_ACCEPT, "it has none"),
    ACCEPT_VALUE(0, "compress-threads", "N", OPT_ACCEPT,
                 "one of those that send"),
    ACCEPT_VALUE(0, "zt", "N", OPT_ACCEPT, "likewise"),
    ACCEPT_VALUE(0, "max-alloc", "SIZE", OPT_ACCEPT,
                 "memory is bounded without it"),
};

/* Of `ls`. */
static const struct zc_opt ls_rows[] = {
    HEADING("Options:"),
    FLAG(0, "json", ON, json, "one JSON object a line"),
    SECONDS("timeout", ON_OFF, 0, opt.timeout_s,
            "give up when the peer is silent for so long\n(default 60)"),
    SECONDS("contimeout", ON_OFF, 0, contimeout_s,
            "give up connecting after so long (default 30)"),
    FLAG(0, "help", ON, help, "show this"),
};

#define PART(rows) {(rows), ZC_ARRAY_LEN(rows)}
static const struct zc_opt_part parts[] = {
    PART(reach_rows), PART(tell_rows), {NULL, 0}};
static const struct zc_opt_part ls_parts[] = {PART(reach_rows), {NULL, 0}};

#define TABLE(name, bit)                                                     \
    {.command = (name), .as = (bit), .rows = rows,                           \
     .n_rows = ZC_ARRAY_LEN(rows), .parts = parts,                           \
     .refused = zc_rsync_opts}

static const struct zc_opt_table tables[] = {
    TABLE("push", ZC_AS_PUSH),
    TABLE("diff", ZC_AS_DIFF),
    TABLE("verify", ZC_AS_VERIFY),
    TABLE("mirror", ZC_AS_MIRROR),
    TABLE("pull", ZC_AS_PULL),
    {.command = "ls", .as = ZC_AS_LS, .rows = ls_rows,
     .n_rows = ZC_ARRAY_LEN(ls_rows), .parts = ls_parts},
};

const struct zc_opt_table *zc_push_opt_table(enum zc_push_as as)
{
    size_t i = 0;
    while (tables[i].as != (unsigned)as)
        i++;
    return &tables[i];
}
