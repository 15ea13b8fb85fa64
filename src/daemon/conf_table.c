// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every section and key of zcsync.conf(5); see conf_table.h. A test compares
 * the table with the manual page and with etc/zcsync.conf.
 */
#include "daemon/conf_table.h"

#include "base/near.h"

#include "daemon/conf_types.h"
#include "daemon/handshakes.h"
#include "fs/keep.h"

#include <string.h>

/* As on the command line: a year, which fits in milliseconds everywhere. */
#define SECONDS_MAX (366 * 86400)
#define CONNECTIONS_MAX 4096 /* processes; fence.c has as many slots */

/* The number that N stands for, as a string. */
#define TEXT(n) TEXT_OF(n)
#define TEXT_OF(n) #n

#define DAEMON(n, v, d, t, field, ...)                                       \
    {.section = ZC_CONF_DAEMON, .name = (n), .value = (v), .def = (d),       \
     .type = (t), .at = offsetof(struct zc_conf, field), __VA_ARGS__}
#define WEB(n, v, d, t, field, ...)                                          \
    {.section = ZC_CONF_WEB, .name = (n), .value = (v), .def = (d),          \
     .type = (t), .at = offsetof(struct zc_conf, field), __VA_ARGS__}
#define SHARE(n, v, d, t, field, ...)                                        \
    {.section = ZC_CONF_SHARE, .name = (n), .value = (v), .def = (d),        \
     .type = (t), .at = offsetof(struct zc_conf_share, field), __VA_ARGS__}
#define MIRROR(n, v, d, t, field, ...)                                       \
    {.section = ZC_CONF_MIRROR, .name = (n), .value = (v), .def = (d),       \
     .type = (t), .at = offsetof(struct zc_conf_mirror, field), __VA_ARGS__}
#define FLAG(n, d, field, text)                                              \
    MIRROR(n, "yes|no", d, ZC_CONF_BOOL, push.field, .help = (text))
#define KEEP(n, bit, text)                                                   \
    MIRROR(n, "yes|no", "yes", ZC_CONF_KEEP, push.keep, .min = (bit),        \
           .help = (text))
#define WALK(n, bit, text)                                                   \
    MIRROR(n, "yes|no", "no", ZC_CONF_BIT, push.walk, .min = (bit),          \
           .help = (text))
#define APPLY(n, bit, text)                                                  \
    MIRROR(n, "yes|no", "no", ZC_CONF_BIT, push.apply, .min = (bit),         \
           .help = (text))
#define RULE(n, v, t, text)                                                  \
    MIRROR(n, v, NULL, t, filter, .help = (text))

const struct zc_conf_key zc_conf_keys[] = {
    DAEMON("listen", "ADDR:PORT|/PATH|none", "127.0.0.1:8730", ZC_CONF_LISTEN,
           listen, .help = "where peers connect"),
    DAEMON("identity", "FILE", NULL, ZC_CONF_PATH, identity,
           .help = "the private key of this daemon, made by\n"
                   "'zcsync keygen -f FILE'"),
    DAEMON("security", "plain", NULL, ZC_CONF_SECURITY, plain,
           .help = "allow other hosts where there are no keys,\n"
                   "though nothing is encrypted then and nobody\n"
                   "asked who he is"),
    DAEMON("ktls", "yes|no", "yes", ZC_CONF_BOOL, ktls,
           .help = "let the kernel encrypt where it can"),
    DAEMON("control", "PATH", ZC_CONTROL_DEFAULT, ZC_CONF_PATH, control,
           .max = 107, .help = "the socket of 'zcsync status' and 'wait'"),
    DAEMON("control group", "GROUP", NULL, ZC_CONF_TEXT, control_group,
           .help = "who may use it beside root (zcsync, if there is\n"
                   "such a group)"),
    DAEMON("state", "DIR", ZC_STATE_DEFAULT, ZC_CONF_PATH, state,
           .max = 2048, .help = "where it is written down how far 'verify' is"),
    DAEMON("max connections", "N", "64", ZC_CONF_NUMBER, max_connections,
           .min = 1, .max = CONNECTIONS_MAX, .help = "from peers, at a time"),
    DAEMON("max unauthenticated", "N",
           TEXT(ZC_HANDSHAKES_MAX_DEFAULT), ZC_CONF_NUMBER,
           max_unauthenticated, .min = 1, .max = CONNECTIONS_MAX,
           .help = "connections that have not shown who they are,\n"
                   "at a time"),
    DAEMON("max unauthenticated per address", "N",
           TEXT(ZC_HANDSHAKES_PER_ADDRESS_DEFAULT), ZC_CONF_NUMBER,
           max_unauthenticated_per_address, .min = 1, .max = CONNECTIONS_MAX,
           .help = "of them from one address"),
    DAEMON("timeout", "SECONDS", TEXT(ZC_LASTING_TIMEOUT_S), ZC_CONF_NUMBER,
           timeout_s, .max = SECONDS_MAX,
           .help = "end a session whose peer is silent for so\n"
                   "long when it should not be; 0: never"),

    WEB("listen", "ADDR:PORT|none", "none", ZC_CONF_WEB_LISTEN, web.listen,
        .help = "where the status page is; 127.0.0.1:8731, say"),
    WEB("token file", "FILE", NULL, ZC_CONF_PATH, web.token_file,
        .help = "whose first line whoever looks at it has to\n"
                "know; needed where other hosts can reach it"),
    WEB("host names", "NAME, NAME...", NULL, ZC_CONF_HOST_NAMES, web.names,
        .help = "by which it is reached, beside its address and\n"
                "localhost"),

    {.section = ZC_CONF_PEER,
     .name = "address",
     .value = "HOST[:PORT]",
     .type = ZC_CONF_ADDRESS,
     .help = "where the peer listens; needed in `to` only"},
    {.section = ZC_CONF_PEER,
     .name = "public key",
     .value = "KEY",
     .type = ZC_CONF_KEY,
     .help = "what 'zcsync key show' prints there; such a\n"
             "peer is spoken to encrypted, and not otherwise;\n"
             "may be repeated: any of them will do"},

    SHARE("path", "DIR", NULL, ZC_CONF_PATH, path, .required = true,
          .help = "what peers push into"),
    SHARE("peers", "PEER, PEER...", NULL, ZC_CONF_PEERS, keys,
          .help = "who may push: those with one of these peers'\n"
                  "keys, and for all others it is not there"),
    SHARE("readers", "PEER, PEER...", NULL, ZC_CONF_PEERS, read_keys,
          .help = "who may pull: likewise"),
    SHARE("readable", "yes|no", "no", ZC_CONF_BOOL, readable,
          .help = "whoever may push may pull, too"),
    SHARE("fake super", "yes|no", "no", ZC_CONF_BOOL, fake_super,
          .help = "owners, devices and whatever else takes root are\n"
                  "written down in attributes, and read there"),
    SHARE("plain users", "USER, USER...|any", NULL, ZC_CONF_USERS, users,
          .help = "without peers: the users of this machine that\n"
                  "may push beside root and the daemon's own"),
    SHARE("trust", "yes|no", "no", ZC_CONF_BOOL, trust,
          .help = "without peers: those who are not known, too,\n"
                  "set owners, setuid bits, capabilities, devices"),
    SHARE("read only", "yes|no", "no", ZC_CONF_BOOL, read_only,
          .help = "let only dry runs and diff in"),
    SHARE("partial", "yes|no|N days", "yes", ZC_CONF_PARTIAL, partial_s,
          .help = "keep what has come of big files when a session\n"
                  "breaks off, for the next one; yes: for a week"),
    SHARE("partial size", "SIZE", NULL, ZC_CONF_BYTES, partial_size,
          .help = "no more of that (a tenth of the file system)"),
    SHARE("keep", "N days|no", "no", ZC_CONF_DAYS, keep_s,
          .help = "keep what is replaced or deleted for so long;\n"
                  "'zcsync restore' brings it back"),
    SHARE("keep size", "SIZE", NULL, ZC_CONF_BYTES, keep_size,
          .help = "no more of it than that (what leaves a tenth of\n"
                  "the file system free)"),
    SHARE("min free", "N%|SIZE", NULL, ZC_CONF_ROOM, min_free,
          .help = "write nothing that would leave less free; N%:\n"
                  "nor fewer inodes"),
    SHARE("on change", "COMMAND", NULL, ZC_CONF_COMMAND, on_change,
          .help = "run this after something has changed here"),
    SHARE("on change user", "USER", NULL, ZC_CONF_USER, on_change.user,
          .help = "as that user"),
    SHARE("on change pattern", "PATTERN", NULL, ZC_CONF_PATTERN,
          on_change.patterns,
          .help = "... when what has changed matches, or is in a\n"
                  "directory that does"),
    SHARE("on change interval", "SECONDS", TEXT(ZC_HOOK_INTERVAL_S),
          ZC_CONF_UNTOLD, on_change.interval_s, .max = SECONDS_MAX,
          .help = "no more often than that"),
    SHARE("on change timeout", "SECONDS", TEXT(ZC_HOOK_TIMEOUT_S),
          ZC_CONF_UNTOLD, on_change.timeout_s, .max = SECONDS_MAX,
          .help = "end it when it takes longer; 0: never"),
    SHARE("require mount", "yes|PATH", NULL, ZC_CONF_MOUNT, require,
          .help = "let nobody in while nothing is mounted on path,\n"
                  "or PATH"),
    SHARE("require file", "NAME", NULL, ZC_CONF_MARKER, require,
          .help = "let nobody in while there is no NAME in path"),

    MIRROR("path", "DIR", NULL, ZC_CONF_PATH, path, .required = true,
           .help = "what is watched"),
    MIRROR("to", "DEST, DEST...", NULL, ZC_CONF_TO, to, .required = true,
           .help = "PEER::SHARE[/SUB], HOST::SHARE[/SUB],\n"
                   "zcsync://HOST[:PORT]/SHARE[/SUB],\n"
                   "[USER@]HOST:PATH, ssh://HOST/PATH, DIR"),
    MIRROR("ssh identity", "FILE", NULL, ZC_CONF_PATH, ssh.identity,
           .help = "over SSH: a private key without passphrase"),
    MIRROR("ssh config", "FILE", NULL, ZC_CONF_PATH, ssh.config,
           .help = "read FILE, and not ~/.ssh/config and\n"
                   "/etc/ssh/ssh_config"),
    MIRROR("ssh option", "KEY=VALUE", NULL, ZC_CONF_SSH_OPTION, ssh.options,
           .help = "a line of ssh_config that goes before those"),
    MIRROR("ssh command", "COMMAND", "zcsync", ZC_CONF_TEXT, ssh.command,
           .help = "the zcsync that is run there"),
    MIRROR("ssh data", "auto|direct|tunnel", "auto", ZC_CONF_SSH_DATA, ssh.data,
           .help = "beside SSH, over a connection of its own, or\n"
                   "through SSH; auto: the first where it works"),
    RULE("exclude", "PATTERN", ZC_CONF_EXCLUDE, "leave out what matches"),
    RULE("include", "PATTERN", ZC_CONF_INCLUDE,
         "keep what matches, whatever is excluded later"),
    RULE("exclude from", "FILE", ZC_CONF_EXCLUDE_FROM,
         "patterns from FILE, one a line"),
    RULE("include from", "FILE", ZC_CONF_INCLUDE_FROM, "likewise"),
    RULE("filter", "RULE", ZC_CONF_FILTER, "a filter rule"),
    FLAG("delete", "yes", del, "delete at DEST what is deleted here"),
    FLAG("delete excluded", "no", del_excluded,
         "delete also what is left out"),
    APPLY("force", ZC_APPLY_FORCE,
          "a directory makes way for something else, with\n"
          "all that is in it"),
    MIRROR("max delete", "N", NULL, ZC_CONF_COUNT, push.max_delete,
           .max = UINT64_MAX - 1,
           .help = "delete nothing when it would be more entries\n"
                   "(half of a tree of over 100)"),
    FLAG("force delete", "no", force_delete, "delete however much it is"),
    APPLY("backup", ZC_APPLY_BACKUP,
          "keep what is replaced or deleted at DEST, under\n"
          "another name beside it"),
    MIRROR("backup dir", "DIR", NULL, ZC_CONF_TEXT, backup_dir,
           .help = "... or in DIR, which is relative to DEST"),
    MIRROR("suffix", "SUFFIX", NULL, ZC_CONF_TEXT, suffix,
           .help = "what its name ends in (~, or nothing in DIR)"),
    FLAG("checksum", "no", checksum,
         "compare by content, not by size and time"),
    FLAG("update", "no", update, "leave files that are newer at DEST"),
    APPLY("existing", ZC_APPLY_EXISTING, "make nothing new at DEST"),
    APPLY("ignore existing", ZC_APPLY_IGNORE_EXISTING,
          "leave all files that DEST has"),
    APPLY("size only", ZC_APPLY_SIZE_ONLY,
          "when the trees are compared, files of the same\n"
          "size are the same"),
    MIRROR("modify window", "SECONDS", "-1", ZC_CONF_WINDOW, push.window_s,
           .help = "times so far apart are the same; 0: within a\n"
                   "second, -1: to the nanosecond"),
    APPLY("keep dirlinks", ZC_APPLY_DIRLINKS,
          "a symlink to a directory at DEST stands for it"),
    APPLY("mkpath", ZC_APPLY_MKPATH, "make the parents of DEST, too"),
    MIRROR("max size", "SIZE", NULL, ZC_CONF_SIZE, push.max_size,
           .help = "no files of more than SIZE bytes (or 1.5M, 100KB)"),
    MIRROR("min size", "SIZE", "0", ZC_CONF_SIZE, push.min_size,
           .help = "nor of less"),
    WALK("safe links", ZC_WALK_SAFE_LINKS,
         "leave out symlinks that lead out of path"),
    FLAG("one file system", "no", one_file_system,
         "do not enter other mounts"),
    MIRROR("require mount", "yes|PATH", NULL, ZC_CONF_MOUNT, push.require,
           .help = "do nothing while nothing is mounted on path, or\n"
                   "PATH"),
    MIRROR("require file", "NAME", NULL, ZC_CONF_MARKER, push.require,
           .help = "do nothing while there is no NAME in path"),
    KEEP("links", ZC_KEEP_SYMLINKS, "symlinks, as symlinks"),
    KEEP("perms", ZC_KEEP_PERMS, "permissions"),
    KEEP("owner", ZC_KEEP_OWNER, "owner"),
    KEEP("group", ZC_KEEP_GROUP, "group"),
    KEEP("times", ZC_KEEP_TIMES, "modification times"),
    KEEP("acls", ZC_KEEP_ACLS, "ACLs"),
    KEEP("xattrs", ZC_KEEP_XATTRS, "extended attributes, capabilities, labels"),
    KEEP("hard links", ZC_KEEP_HARD_LINKS, "hard links"),
    KEEP("sparse", ZC_KEEP_SPARSE, "holes in files"),
    KEEP("devices", ZC_KEEP_DEVICES, "device files"),
    KEEP("specials", ZC_KEEP_SPECIALS, "fifos and sockets"),
    APPLY("omit dir times", ZC_APPLY_OMIT_DIR_TIMES,
          "times, but not those of directories"),
    APPLY("omit link times", ZC_APPLY_OMIT_LINK_TIMES,
          "times, but not those of symlinks"),
    APPLY("executability", ZC_APPLY_EXECUTABILITY,
          "without perms: whether files may be run"),
    MIRROR("fileflags", "yes|no", "no", ZC_CONF_KEEP, push.keep,
           .min = ZC_KEEP_FLAGS, .help = "flags of chattr, project ids"),
    FLAG("numeric ids", "no", numeric_ids,
         "users and groups by number, not by name"),
    MIRROR("chown", "USER:GROUP", NULL, ZC_CONF_CHOWN, chown,
           .help = "give all entries this owner and group"),
    MIRROR("usermap", "FROM:TO,...", NULL, ZC_CONF_IDMAP, usermap,
           .help = "give what belongs to FROM here to TO there"),
    MIRROR("groupmap", "FROM:TO,...", NULL, ZC_CONF_IDMAP, groupmap,
           .help = "the same for groups"),
    MIRROR("chmod", "CHANGES", NULL, ZC_CONF_CHMOD, chmod,
           .help = "change permissions on the way, as D755,F644"),
    MIRROR("fsync", "none|batch|file|behind", "behind", ZC_CONF_FSYNC, push.fsync,
           .help = "when files are forced to stable storage"),
    MIRROR("delta", "auto|aligned|off", "auto", ZC_CONF_DELTA, push.delta,
           .help = "of big files that have changed send what is new;\n"
                   "aligned: where the rest is where it was"),
    MIRROR("find moved", "yes|no", "yes", ZC_CONF_BIT_NOT, push.apply,
           .min = ZC_APPLY_NO_MOVED,
           .help = "look for big files that are new by what DEST\n"
                   "has under other names"),
    MIRROR("bwlimit", "RATE", "0", ZC_CONF_RATE, push.bwlimit,
           .help = "at most RATE KiB a second (or 1.5M, 100KB) to\n"
                   "each DEST; 0: no limit"),
    MIRROR("compress", "auto|zstd[:LEVEL]|off", "off", ZC_CONF_COMPRESS,
           compress,
           .help = "compress what is sent to other hosts: auto,\n"
                   "while that is faster, or always"),
    MIRROR("skip compress", "LIST", NULL, ZC_CONF_TEXT, skip_compress,
           .help = "suffixes of files that are not compressed, as\n"
                   "gz/jpg/mp[34]"),
    FLAG("clone", "yes", clone,
         "share the blocks of big files with a local DEST\n"
         "where the file system can"),
    MIRROR("mover", "KIND", "auto", ZC_CONF_MOVER, push.mover,
           .help = "how bytes are moved: auto, readwrite, mmap,\n"
                   "sendfile, splice, overlap, direct, zerocopy,\n"
                   "uring"),
    APPLY("drop cache", ZC_APPLY_DROP_CACHE,
          "leave in memory of the files what was there\n"
          "before, at both ends"),
    MIRROR("watch", "auto|inotify|fanotify", "auto", ZC_CONF_WATCH, watch,
           .help = "how changes are noticed"),
    MIRROR("rescan", "SECONDS", "60", ZC_CONF_NUMBER, rescan_s, .min = 1,
           .max = SECONDS_MAX,
           .help = "look so often at what could not be watched, and,\n"
                   "when this key is there and compare is not,\n"
                   "compare everything"),
    MIRROR("compare", "TIME|hourly|daily|weekly|never", "daily", ZC_CONF_OFTEN,
           compare_s,
           .help = "compare everything so often (TIME as 6h, 90m):\n"
                   "not all changes make events"),
    MIRROR("verify", "TIME|hourly|daily|weekly|never", "never", ZC_CONF_OFTEN,
           verify_s,
           .help = "read all again so often, at both ends, and\n"
                   "compare it: for what disks damage"),
    MIRROR("verify repair", "yes|no", "yes", ZC_CONF_BOOL, verify_repair,
           .help = "make what differs there as it is here; no: only\n"
                   "tell"),
    MIRROR("verify cold", "yes|no", "no", ZC_CONF_BOOL, verify_cold,
           .help = "read from the disks what memory has, too"),
    MIRROR("settle", "TIME [PATTERN]", NULL, ZC_CONF_SETTLE, holds,
           .help = "send a file that matches when it has not changed\n"
                   "for so long (2s, 5m)"),
    MIRROR("min interval", "TIME [PATTERN]", NULL, ZC_CONF_PACE, holds,
           .help = "send it no more often than that"),
    MIRROR("connect timeout", "SECONDS", TEXT(ZC_LASTING_CONTIMEOUT_S),
           ZC_CONF_NUMBER, contimeout_s, .max = SECONDS_MAX,
           .help = "give up connecting after so long, and try\n"
                   "again; 0: when the system does"),
    MIRROR("timeout", "SECONDS", TEXT(ZC_LASTING_TIMEOUT_S), ZC_CONF_NUMBER,
           push.timeout_s, .max = SECONDS_MAX,
           .help = "connect again when a peer is silent for so\n"
                   "long; 0: never"),
    MIRROR("drain", "SECONDS", "5", ZC_CONF_NUMBER, drain_s, .max = 3600,
           .help = "when stopped, send for so long what is due"),
    MIRROR("on change", "COMMAND", NULL, ZC_CONF_COMMAND, on_change,
           .help = "run this after a peer has what has changed"),
    MIRROR("on change user", "USER", NULL, ZC_CONF_USER, on_change.user,
           .help = "as that user"),
    MIRROR("on change pattern", "PATTERN", NULL, ZC_CONF_PATTERN,
           on_change.patterns,
           .help = "... when what has changed matches, or is in a\n"
                   "directory that does"),
    MIRROR("on change interval", "SECONDS", TEXT(ZC_HOOK_INTERVAL_S),
           ZC_CONF_UNTOLD, on_change.interval_s, .max = SECONDS_MAX,
           .help = "no more often than that"),
    MIRROR("on change timeout", "SECONDS", TEXT(ZC_HOOK_TIMEOUT_S),
           ZC_CONF_UNTOLD, on_change.timeout_s, .max = SECONDS_MAX,
           .help = "end it when it takes longer; 0: never"),
};

const size_t zc_conf_n_keys = ZC_ARRAY_LEN(zc_conf_keys);
_Static_assert(ZC_ARRAY_LEN(zc_conf_keys) <= ZC_CONF_KEYS_MAX, "too many keys");

static const char *const section_names[ZC_CONF_SECTIONS] = {
    [ZC_CONF_DAEMON] = "daemon",
    [ZC_CONF_WEB] = "web",
    [ZC_CONF_PEER] = "peer",
    [ZC_CONF_SHARE] = "share",
    [ZC_CONF_MIRROR] = "mirror",
};

const char *zc_conf_section_name(enum zc_conf_section s)
{
    return section_names[s];
}

bool zc_conf_section_named(enum zc_conf_section s)
{
    return s != ZC_CONF_DAEMON && s != ZC_CONF_WEB;
}

enum zc_conf_section zc_conf_find_section(const char *name, const char **near)
{
    struct zc_near n = {.name = name};
    *near = NULL;
    for (unsigned i = 0; i < ZC_CONF_SECTIONS; i++) {
        if (strcmp(name, section_names[i]) == 0)
            return (enum zc_conf_section)i;
        zc_near_consider(&n, section_names[i]);
    }
    *near = n.is;
    return ZC_CONF_SECTIONS;
}

const struct zc_conf_key *zc_conf_find_key(enum zc_conf_section s,
                                           const char *name,
                                           const char **near)
{
    struct zc_near n = {.name = name};
    *near = NULL;
    for (size_t i = 0; i < zc_conf_n_keys; i++) {
        const struct zc_conf_key *k = &zc_conf_keys[i];
        if (k->section != s)
            continue;
        if (strcmp(name, k->name) == 0)
            return k;
        zc_near_consider(&n, k->name);
    }
    *near = n.is;
    return NULL;
}

const char *zc_conf_no_key(enum zc_conf_section s, const char *name)
{
    static const char sends[] = "a mirror would send the same at each "
                                "comparison";
    static const char shows[] = "a mirror never shows half of a file";
    static const struct {
        const char *name, *why;
    } none[] = {
        {"ignore times", sends},
        {"append", "a mirror makes files equal, and sends only what a log "
                   "has grown by anyway"},
        {"inplace", shows},
        {"delay updates", "a mirror has no end to put them off to"},
        {"remove source files", "a mirror would delete there what is removed "
                                "here"},
        {"ignore errors", "a mirror would delete what cannot be read for a "
                          "moment"},
        {"delete before", "a mirror deletes what is deleted as it sees it"},
    };
    for (size_t i = 0; s == ZC_CONF_MIRROR && i < ZC_ARRAY_LEN(none); i++)
        if (strcmp(none[i].name, name) == 0)
            return none[i].why;
    return NULL;
}

#define HELP_COLUMN 30

/* The lines of TEXT, each but the first indented. */
static void print_help(const char *text, FILE *to)
{
    for (; *text; text++) {
        fputc(*text, to);
        if (*text == '\n')
            fprintf(to, "%*s", HELP_COLUMN, "");
    }
}

void zc_conf_print_keys(FILE *to)
{
    enum zc_conf_section section = ZC_CONF_SECTIONS;
    for (size_t i = 0; i < zc_conf_n_keys; i++) {
        const struct zc_conf_key *k = &zc_conf_keys[i];
        if (k->section != section)
            fprintf(to, "\n[%s%s]\n", section_names[k->section],
                    zc_conf_section_named(k->section) ? " NAME" : "");
        section = k->section;
        int at = fprintf(to, "  %s = %s", k->name, k->value);
        if (at + 2 > HELP_COLUMN) {
            fputc('\n', to);
            at = 0;
        }
        fprintf(to, "%*s", HELP_COLUMN - at, "");
        print_help(k->help, to);
        if (k->required)
            fputs(" (required)", to);
        else if (k->def)
            fprintf(to, "\n%*s(default %s)", HELP_COLUMN, "", k->def);
        fputc('\n', to);
    }
}
