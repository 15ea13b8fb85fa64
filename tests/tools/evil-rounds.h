/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attacks in the rounds of a mirror: AT, RENAME, eager files, and what happens
 * between two rounds. Their names begin with "round-".
 *
 * Besides `planted` the share holds `inner`, a symlink to the directory `real`
 * (with a file `f`), the directories `dir1` and `dir2` (with a file each) and
 * the file `file1`, of 5 bytes and the time that wire_entry gives.
 */
#ifndef ZC_TESTS_EVIL_ROUNDS_H
#define ZC_TESTS_EVIL_ROUNDS_H

#include "evil-sender.h"

static const uint16_t last_names = ZC_LIST_LAST | ZC_LIST_INCOMPLETE;

static void open_rounds(struct evil *e, uint32_t more)
{
    struct zc_msg_open m = good_open();
    m.flags = ZC_OPEN_ROUNDS | ZC_OPEN_DELETE | more;
    e->rounds = true;
    open_session(e, &m);
    opened(e);
}

static void put_at_bytes(struct evil *e, uint32_t list, struct zc_bytes path)
{
    zc_at_encode(&e->out, &(struct zc_msg_at){
                              list, path, wire_entry("", S_IFDIR | 0755)});
    evil_send(e);
}

static void put_at(struct evil *e, uint32_t list, const char *path)
{
    put_at_bytes(e, list, wire_bytes(path));
}

/* IS_DIR, or a file as file1 is. */
static void put_rename(struct evil *e, const char *from, const char *to,
                       bool is_dir)
{
    zc_rename_encode(&e->out, &(struct zc_msg_rename){
                                  wire_bytes(from), wire_bytes(to), is_dir, 5,
                                  1700000000, 123456789});
    evil_send(e);
}

static struct zc_entry flagged(const char *name, uint32_t type, uint16_t flags)
{
    struct zc_entry e = wire_entry(name, type | 0755);
    e.flags = flags;
    return e;
}

/* List LIST of directory (LIST - 1, 0): one entry and no more. */
static void put_name(struct evil *e, uint32_t list,
                     const struct zc_entry *entry)
{
    put_list(e, list, (struct zc_ref){list - 1, 0}, last_names, "", entry, 1);
}

static void put_eager(struct evil *e, uint32_t list, const char *name)
{
    struct zc_entry entry = flagged(name, S_IFREG, ZC_ENTRY_EAGER);
    put_name(e, list, &entry);
    put_file(e, (struct zc_ref){list, 0}, &entry, "evil!");
}

static void put_done(struct evil *e, uint8_t flags)
{
    zc_done_encode(&e->out, flags);
    evil_send(e);
}

/* FINISHED into the outcome, if that is what comes. */
static void await_finished(struct evil *e)
{
    struct zc_msg_finished m;
    struct zc_err err;
    char text[64];
    if (!evil_await(e, ZC_FRAME_FINISHED) ||
        zc_finished_decode((struct zc_bytes){e->body, e->in.length}, &m, &err))
        return;
    snprintf(text, sizeof text, "finished %u", m.code);
    evil_end(e, text);
}

static void end_round(struct evil *e)
{
    put_done(e, 0);
    await_finished(e);
}

/* A good round, to its FINISHED. */
static void good_round(struct evil *e)
{
    put_at(e, 0, "");
    put_eager(e, 1, "well");
    put_done(e, 0);
    evil_await(e, ZC_FRAME_FINISHED);
}

/* ---- AT ------------------------------------------------------------------ */

/* A name in a directory that is none, or not ours: written and deleted. */
static void at_path(struct evil *e, const char *path)
{
    struct zc_entry entries[] = {flagged("deep", S_IFDIR, ZC_ENTRY_DEEP),
                                 flagged("inside", S_IFREG, ZC_ENTRY_EAGER),
                                 flagged("sentinel", S_IFREG,
                                         ZC_ENTRY_ABSENT)};
    open_rounds(e, ZC_OPEN_FORCE_DELETE);
    put_at(e, 0, path);
    put_list(e, 1, root_ref, last_names, "", entries, 3);
    put_file(e, (struct zc_ref){1, 1}, &entries[1], "evil!");
    end_round(e);
}

static void at_whole(struct evil *e, const char *path)
{
    open_rounds(e, ZC_OPEN_FORCE_DELETE);
    put_at(e, 0, path);
    put_list(e, 1, root_ref, ZC_LIST_LAST, "", NULL, 0);
    end_round(e);
}

static void at_nul(struct evil *e, const char *arg)
{
    (void)arg;
    open_rounds(e, 0);
    put_at_bytes(e, 0, (struct zc_bytes){(const uint8_t *)"a\0/../..", 8});
}

/* N bytes of path, in names of STEP - 1 bytes. */
static struct zc_bytes long_path(size_t n, size_t step)
{
    static uint8_t text[ZC_PATH_TEXT_MAX];
    memset(text, 'd', n);
    for (size_t i = step - 1; i + 1 < n; i += step)
        text[i] = '/';
    return (struct zc_bytes){text, n};
}

static void at_long(struct evil *e, const char *arg)
{
    size_t n = 0, step = 0;
    sscanf(arg, "%zu,%zu", &n, &step);
    open_rounds(e, 0);
    put_at_bytes(e, 0, long_path(n, step));
    put_eager(e, 1, "inside");
    end_round(e);
}

static void at_plain(struct evil *e, const char *arg)
{
    struct zc_msg_open m = good_open();
    (void)arg;
    open_session(e, &m);
    opened(e);
    put_at(e, 0, "real");
    put_eager(e, 1, "inside");
}

/* A name that overtakes a round about the whole tree. */
static void at_after_root(struct evil *e, const char *path)
{
    struct zc_entry entries[] = {flagged("deep", S_IFDIR, ZC_ENTRY_DEEP),
                                 flagged("inside", S_IFREG, ZC_ENTRY_EAGER),
                                 flagged("sentinel", S_IFREG,
                                         ZC_ENTRY_ABSENT)};
    open_rounds(e, ZC_OPEN_FORCE_DELETE);
    put_root(e);
    put_list(e, 1, root_ref, last_names, "", NULL, 0);
    put_at(e, 2, path);
    put_list(e, 3, (struct zc_ref){2, 0}, last_names, "", entries, 3);
    put_file(e, (struct zc_ref){3, 1}, &entries[1], "evil!");
    end_round(e);
}

static void at_number(struct evil *e, const char *arg)
{
    open_rounds(e, 0);
    put_at(e, (uint32_t)strtoul(arg, NULL, 0), "real");
}

static void at_number_again(struct evil *e, const char *arg)
{
    open_rounds(e, 0);
    put_at(e, 0, "real");
    put_at(e, (uint32_t)strtoul(arg, NULL, 0), "dir1");
}

static void root_after_at(struct evil *e, const char *arg)
{
    (void)arg;
    open_rounds(e, 0);
    put_at(e, 0, "");
    put_root(e);
}

/* The same directory, and the same name in it, four times. */
static void at_again(struct evil *e, const char *arg)
{
    open_rounds(e, 0);
    for (uint32_t i = 0; i < 8; i += 2) {
        put_at(e, i, arg);
        put_eager(e, i + 1, "inside");
    }
    end_round(e);
}

/* Directories in one another; the first list makes the upper one a file. */
static void at_nested(struct evil *e, const char *arg)
{
    struct zc_entry file = flagged("dir1", S_IFREG, ZC_ENTRY_EAGER);
    (void)arg;
    open_rounds(e, 0);
    put_at(e, 0, "dir1");
    put_at(e, 1, "dir1/sub");
    put_at(e, 2, "");
    put_list(e, 3, (struct zc_ref){2, 0}, last_names, "", &file, 1);
    put_file(e, (struct zc_ref){3, 0}, &file, "evil!");
    evil_await(e, ZC_FRAME_RESULT);
    for (uint32_t i = 0; i < 2; i++) {
        struct zc_entry inside = flagged("inside", S_IFREG, ZC_ENTRY_EAGER);
        put_list(e, 4 + i, (struct zc_ref){i, 0}, last_names, "", &inside, 1);
        put_file(e, (struct zc_ref){4 + i, 0}, &inside, "evil!");
    }
    end_round(e);
}

static void at_unlisted(struct evil *e, const char *path)
{
    open_rounds(e, 0);
    put_at(e, 0, path);
    put_done(e, 0);
}

/* ARG: what the LIST after AT says it is about. */
static void at_list_ref(struct evil *e, const char *arg)
{
    struct zc_entry entry = file_entry("inside", 5);
    struct zc_ref ref = {0, 0};
    sscanf(arg, "%u,%u", &ref.list, &ref.index);
    open_rounds(e, 0);
    put_at(e, 0, "real");
    put_list(e, 1, ref, last_names, "", &entry, 1);
}

static void at_list_again(struct evil *e, const char *arg)
{
    struct zc_entry entry = flagged("inside", S_IFREG, ZC_ENTRY_ABSENT);
    (void)arg;
    open_rounds(e, 0);
    put_at(e, 0, "real");
    put_name(e, 1, &entry);
    put_list(e, 2, root_ref, last_names, "inside", &entry, 1);
}

/* Names first, then a list that claims to be complete: what came before it is
 * not to be deleted. */
static void at_mixed(struct evil *e, const char *arg)
{
    struct zc_entry a = wire_entry("real", S_IFDIR | 0755);
    struct zc_entry z = flagged("zzz", S_IFREG, ZC_ENTRY_ABSENT);
    (void)arg;
    open_rounds(e, ZC_OPEN_FORCE_DELETE);
    put_at(e, 0, "");
    put_list(e, 1, root_ref, ZC_LIST_INCOMPLETE, "", &a, 1);
    put_list(e, 2, root_ref, ZC_LIST_LAST, "real", &z, 1);
    end_round(e);
}

/* ---- eager files --------------------------------------------------------- */

static void eager_missing(struct evil *e, const char *arg)
{
    struct zc_entry entry = flagged("inside", S_IFREG, ZC_ENTRY_EAGER);
    (void)arg;
    open_rounds(e, 0);
    put_at(e, 0, "real");
    put_name(e, 1, &entry);
    put_done(e, 0);
}

static void eager_often(struct evil *e, const char *arg)
{
    struct zc_entry entry = flagged("inside", S_IFREG, ZC_ENTRY_EAGER);
    open_rounds(e, 0);
    put_at(e, 0, "real");
    put_name(e, 1, &entry);
    for (int i = 0; i < atoi(arg); i++)
        put_file(e, first, &entry, "evil!");
    evil_await(e, ZC_FRAME_RESULT);
}

/* The flags of a round in a round about the whole tree. */
static void flag_in_full(struct evil *e, const char *arg)
{
    struct zc_entry entry = flagged("inside", S_IFREG, (uint16_t)atoi(arg));
    if (entry.flags == ZC_ENTRY_DEEP)
        entry.mode = S_IFDIR | 0755;
    open_rounds(e, 0);
    put_root(e);
    evil_await(e, ZC_FRAME_NEED);
    put_list(e, 1, root_ref, ZC_LIST_LAST, "", &entry, 1);
}

static void eager_kind(struct evil *e, const char *arg)
{
    unsigned type = 0, flags = 0;
    sscanf(arg, "%o,%u", &type, &flags);
    struct zc_entry entry = flagged("inside", type,
                                    (uint16_t)(ZC_ENTRY_EAGER | flags));
    open_rounds(e, 0);
    put_at(e, 0, "real");
    put_name(e, 1, &entry);
}

/* Listed under one name, sent under another. */
static void eager_name(struct evil *e, const char *name)
{
    struct zc_entry victim = flagged("victim", S_IFREG, ZC_ENTRY_EAGER);
    struct zc_entry other = file_entry(name, 5);
    open_rounds(e, 0);
    put_at(e, 0, "");
    put_name(e, 1, &victim);
    put_file(e, first, &other, "evil!");
    end_round(e);
}

static void eager_staging(struct evil *e, const char *arg)
{
    (void)arg;
    open_rounds(e, 0);
    put_at(e, 0, "");
    put_eager(e, 1, ".zcsync");
    end_round(e);
}

static void eager_dry(struct evil *e, const char *arg)
{
    (void)arg;
    open_rounds(e, ZC_OPEN_DRY_RUN);
    put_at(e, 0, "");
    put_eager(e, 1, "dry-evil");
    end_round(e);
}

/* An eager file that comes in ranges after all, and is abandoned. */
static void eager_ranges(struct evil *e, const char *arg)
{
    struct zc_entry entry = flagged("inside", S_IFREG, ZC_ENTRY_EAGER);
    entry.size = 1 << 20;
    open_rounds(e, 0);
    put_at(e, 0, "real");
    put_name(e, 1, &entry);
    put_file(e, first, &entry, NULL);
    put_data(e, first, 0, 4096, 4096);
    put_end(e, first, (uint8_t)atoi(arg));
    end_round(e);
}

/* The beginning of a file that is not what it was said to be. */
static void from_name(struct evil *e, const char *name)
{
    struct zc_entry entry = flagged(name, S_IFREG, ZC_ENTRY_EAGER);
    struct zc_msg_file m = {.ref = first, .flags = ZC_FILE_FROM};
    entry.size = 1 << 20;
    open_rounds(e, 0);
    put_at(e, 0, "");
    put_name(e, 1, &entry);
    m.entry = entry;
    m.from = 4096;
    zc_file_encode(&e->out, ZC_FRAME_FILE, &m);
    evil_send(e);
    put_data(e, first, 4096, 4096, 4096);
    put_end(e, first, ZC_VERDICT_COMMIT);
    end_round(e);
}

/* Bytes before those that were said to be there already. */
static void from_overlap(struct evil *e, const char *arg)
{
    struct zc_entry entry = flagged("file1", S_IFREG, ZC_ENTRY_EAGER);
    struct zc_msg_file m = {.ref = first, .flags = ZC_FILE_FROM, .from = 5};
    (void)arg;
    entry.size = 8192;
    open_rounds(e, 0);
    put_at(e, 0, "");
    put_name(e, 1, &entry);
    m.entry = entry;
    zc_file_encode(&e->out, ZC_FRAME_FILE, &m);
    evil_send(e);
    put_data(e, first, 4, 4096, 4096);
}

/* ---- RENAME -------------------------------------------------------------- */

/* ARG: "FROM TO", directories where the first is upper case. */
static void rename_names(struct evil *e, const char *arg)
{
    char from[256] = "", to[256] = "", kind = 0;
    sscanf(arg, "%c:%255s %255s", &kind, from, to);
    open_rounds(e, 0);
    put_rename(e, from, to, kind == 'D');
    end_round(e);
}

static void rename_nul(struct evil *e, const char *arg)
{
    struct zc_msg_rename m = {.to = wire_bytes("x"), .is_dir = true};
    (void)arg;
    m.from = (struct zc_bytes){(const uint8_t *)"dir1\0/../..", 11};
    open_rounds(e, 0);
    zc_rename_encode(&e->out, &m);
    evil_send(e);
}

static void rename_plain(struct evil *e, const char *arg)
{
    struct zc_msg_open m = good_open();
    (void)arg;
    open_session(e, &m);
    opened(e);
    put_rename(e, "dir1", "dir3", true);
}

static void rename_dry(struct evil *e, const char *arg)
{
    (void)arg;
    open_rounds(e, ZC_OPEN_DRY_RUN);
    put_rename(e, "dir1", "dry-evil", true);
    end_round(e);
}

static void rename_late(struct evil *e, const char *arg)
{
    open_rounds(e, 0);
    if (strcmp(arg, "at") == 0)
        put_at(e, 0, "dir1");
    else
        put_root(e);
    put_rename(e, "dir1", "dir3", true);
}

static void rename_often(struct evil *e, const char *arg)
{
    (void)arg;
    open_rounds(e, 0);
    for (int i = 0; i < 4000 && !e->over; i += 2) {
        put_rename(e, "dir1", "dir3", true);
        put_rename(e, "dir3", "dir1", true);
    }
    end_round(e);
}

/* ---- floods -------------------------------------------------------------- */

/* ARG: how many, bytes of path, bytes of a name in it and its slash. */
static void at_flood(struct evil *e, const char *arg)
{
    size_t total = 0, n = 0, step = 0;
    sscanf(arg, "%zu,%zu,%zu", &total, &n, &step);
    open_rounds(e, 0);
    struct zc_bytes path = long_path(n, step);
    for (uint32_t i = 0; i < total && !e->over; i++) {
        put_at_bytes(e, i, path);
        evil_drain(e);
    }
    for (int i = 0; i < 20; i++) {
        usleep(50000);
        evil_drain(e);
    }
}

/* Lists full of files that are announced and never come. */
static void eager_flood(struct evil *e, const char *arg)
{
    static char names[ZC_LIST_ENTRIES_MAX][16];
    static struct zc_entry entries[ZC_LIST_ENTRIES_MAX];
    (void)arg;
    for (unsigned k = 0; k < ZC_LIST_ENTRIES_MAX; k++) {
        snprintf(names[k], sizeof names[k], "%08u", k);
        entries[k] = flagged(names[k], S_IFREG, ZC_ENTRY_EAGER);
    }
    open_rounds(e, 0);
    for (uint32_t i = 0; i < 2000 && !e->over; i += 2) {
        put_at(e, i, "real");
        put_list(e, i + 1, (struct zc_ref){i, 0}, last_names, "", entries,
                 ZC_LIST_ENTRIES_MAX);
        evil_drain(e);
    }
}

/* Rounds about nothing, one after the other; ARG: do we read the answers? */
static void round_flood(struct evil *e, const char *arg)
{
    open_rounds(e, 0);
    for (int i = 0; i < 100000 && !e->over; i += 100) {
        for (int k = 0; k < 100; k++)
            zc_done_encode(&e->out, 0);
        evil_send(e);
        if (strcmp(arg, "read") == 0)
            evil_drain(e);
    }
}

static void ping_between(struct evil *e, const char *arg)
{
    (void)arg;
    open_rounds(e, 0);
    good_round(e);
    for (int i = 0; i < 1000000 && !e->over; i += 1000) {
        for (int k = 0; k < 1000; k++)
            zc_ping_encode(&e->out);
        evil_send(e);
        evil_drain(e);
    }
    put_at(e, 0, "");
    put_eager(e, 1, "well");
    end_round(e);
}

/* ---- between rounds, and after them -------------------------------------- */

static void done_at_once(struct evil *e, const char *arg)
{
    open_rounds(e, 0);
    put_done(e, (uint8_t)atoi(arg));
    await_finished(e);
}

static void done_thrice(struct evil *e, const char *arg)
{
    (void)arg;
    open_rounds(e, 0);
    good_round(e);
    put_done(e, ZC_DONE_SYNC);
    evil_await(e, ZC_FRAME_FINISHED);
    end_round(e);
}

/* What belongs to a round that is over. ARG: what. */
static void stale(struct evil *e, const char *arg)
{
    struct zc_entry entry = file_entry("inside", 5);
    struct zc_msg_file m = {.ref = {0, 0},
                            .entry = wire_entry("", S_IFDIR | 0755)};
    open_rounds(e, 0);
    good_round(e);
    if (strcmp(arg, "number") == 0)
        put_at(e, 2, "");
    else if (strcmp(arg, "list") == 0)
        put_list(e, 1, root_ref, last_names, "", &entry, 1);
    else if (strcmp(arg, "file") == 0)
        put_file(e, first, &entry, "evil!");
    else if (strcmp(arg, "big") == 0)
        put_file(e, first, &entry, NULL);
    else if (strcmp(arg, "data") == 0)
        put_data(e, first, 0, 5, 5);
    else if (strcmp(arg, "end") == 0)
        put_end(e, first, ZC_VERDICT_ABANDON);
    else if (strcmp(arg, "meta") == 0)
        zc_file_encode(&e->out, ZC_FRAME_META, &m);
    evil_send(e);
}

static void error_between(struct evil *e, const char *text)
{
    open_rounds(e, 0);
    good_round(e);
    zc_error_encode(&e->out, &(struct zc_msg_error){12, wire_bytes(text)});
    evil_send(e);
}

/* ARG: how the connection ends in the middle of a round. */
static void hang_up(struct evil *e, const char *arg)
{
    struct zc_entry entry = flagged("inside", S_IFREG, ZC_ENTRY_EAGER);
    entry.size = 1 << 20;
    open_rounds(e, 0);
    if (strcmp(arg, "renames") == 0) {
        put_rename(e, "dir1", "dir3", true);
    } else if (strcmp(arg, "between") == 0) {
        good_round(e);
    } else {
        put_at(e, 0, "real");
        put_name(e, 1, &entry);
        put_file(e, first, &entry, NULL);
        put_data(e, first, 0, 1 << 20, 65536);
    }
    if (strcmp(arg, "frame") == 0)
        evil_raw(e, "\1\0\0", 3);
    shutdown(e->fd, SHUT_WR);
}

/* Another session moves the directory away while this one writes into it. */
static void moved_away(struct evil *e, const char *arg)
{
    static struct evil other = {.fd = -1};
    struct zc_entry entry = flagged("inside", S_IFREG, ZC_ENTRY_EAGER);
    open_rounds(e, 0);
    put_at(e, 0, "dir1");
    put_name(e, 1, &entry);
    evil_await(e, ZC_FRAME_NEED);
    open_rounds(&other, 0);
    put_rename(&other, "dir1", "dir3", true);
    end_round(&other);
    close(other.fd);
    zc_buf_fini(&other.out);
    put_file(e, first, &entry, strcmp(arg, "inline") ? NULL : "evil!");
    if (strcmp(arg, "inline")) {
        put_data(e, first, 0, 5, 5);
        put_end(e, first, ZC_VERDICT_COMMIT);
    }
    end_round(e);
}

/* ---- counting ------------------------------------------------------------ */

/*
 * A file, or giving up, where the metadata of a directory was asked for: that
 * is not one thing less to be done in the directory above, which is still
 * needed when the other one is listed.
 */
static void instead_of_meta(struct evil *e, const char *arg)
{
    struct zc_ref ref = {2, 0};
    struct zc_entry lie = file_entry("lie", 5);
    struct zc_entry dir = flagged("dir1", S_IFDIR, ZC_ENTRY_DEEP);
    struct zc_entry sub = flagged(strstr(arg, "new") ? "new" : "sub", S_IFDIR,
                                  ZC_ENTRY_XATTRS);
    memset(sub.xattr_digest, 1, sizeof sub.xattr_digest);
    open_rounds(e, 0);
    put_at(e, 0, "");
    put_name(e, 1, &dir);
    evil_await(e, ZC_FRAME_NEED);
    put_list(e, 2, first, ZC_LIST_LAST, "", &sub, 1);
    evil_await(e, ZC_FRAME_NEED);
    evil_await(e, ZC_FRAME_NEED);
    if (strstr(arg, "abandon"))
        put_end(e, ref, ZC_VERDICT_ABANDON);
    else
        put_file(e, ref, &lie, "evil!");
    evil_await(e, ZC_FRAME_RESULT);
    put_list(e, 3, ref, ZC_LIST_LAST, "", &lie, 1);
    evil_await(e, ZC_FRAME_NEED);
    put_file(e, (struct zc_ref){3, 0}, &lie, "evil!");
    end_round(e);
}

static const struct attack round_attacks[] = {
    {"round-at-dotdot", "refused", at_path, ".."},
    {"round-at-dot", "refused", at_path, "."},
    {"round-at-absolute", "refused", at_path, "/etc"},
    {"round-at-climbs", "refused", at_path, "real/../../outside"},
    {"round-at-slash-before", "refused", at_path, "/real"},
    {"round-at-slash-after", "refused", at_path, "real/"},
    {"round-at-slashes", "refused", at_path, "real//sub"},
    {"round-at-nul", "refused", at_nul, NULL},
    {"round-at-name-256", "refused", at_long, "256,1000"},
    {"round-at-longest", "finished", at_long, "65535,200"},
    {"round-at-deepest", "finished", at_long, "65535,2"},
    {"round-at-symlink", "finished", at_path, "planted"},
    {"round-at-symlink-sub", "finished", at_path, "planted/sub"},
    {"round-at-symlink-inside", "finished", at_path, "inner"},
    {"round-at-symlink-whole", "finished", at_whole, "planted"},
    {"round-at-symlink-inside-whole", "finished", at_whole, "inner"},
    {"round-at-file", "finished", at_path, "kept"},
    {"round-at-below-file", "finished", at_path, "kept/sub"},
    {"round-at-nowhere", "finished", at_path, "no/such/directory"},
    {"round-at-staging", "refused", at_path, ".zcsync"},
    {"round-at-staging-below", "finished", at_path, "real/sub/.zcsync"},
    {"round-at-below-staging", "refused", at_path, ".zcsync/a/b"},
    {"round-at-plain", "refused", at_plain, NULL},
    {"round-at-after-root", "any", at_after_root, "real"},
    {"round-at-after-root-outside", "finished", at_after_root, "planted"},
    {"round-at-after-root-climbs", "refused", at_after_root, "real/../.."},
    {"round-at-after-root-staging", "refused", at_after_root, ".zcsync"},
    {"round-at-number-1", "refused", at_number, "1"},
    {"round-at-number-huge", "refused", at_number, "0xffffffff"},
    {"round-at-number-again", "refused", at_number_again, "0"},
    {"round-at-number-skipped", "refused", at_number_again, "2"},
    {"round-root-after-at", "refused", root_after_at, NULL},
    {"round-at-again", "finished", at_again, "real"},
    {"round-at-root-again", "finished", at_again, ""},
    {"round-at-nested", "finished", at_nested, NULL},
    {"round-at-unlisted", "refused", at_unlisted, "real"},
    {"round-at-nowhere-unlisted", "refused", at_unlisted, "no/where"},
    {"round-at-list-of-nothing", "refused", at_list_ref, "0,1"},
    {"round-at-list-of-itself", "refused", at_list_ref, "1,0"},
    {"round-at-list-again", "refused", at_list_again, NULL},
    {"round-at-mixed", "finished", at_mixed, NULL},
    {"round-eager-missing", "refused", eager_missing, NULL},
    {"round-eager-twice", "refused", eager_often, "2"},
    {"round-eager-often", "refused", eager_often, "50"},
    {"round-eager-in-full", "refused", flag_in_full, "32"},
    {"round-changed-in-full", "refused", flag_in_full, "64"},
    {"round-deep-in-full", "refused", flag_in_full, "128"},
    {"round-eager-dir", "refused", eager_kind, "040000,0"},
    {"round-eager-fifo", "refused", eager_kind, "010000,0"},
    {"round-eager-linked", "refused", eager_kind, "0100000,2"},
    {"round-eager-absent", "refused", eager_kind, "0100000,8"},
    {"round-eager-name-climbs", "refused", eager_name, "../sentinel"},
    {"round-eager-name-planted", "any", eager_name, "planted"},
    {"round-eager-name-staging", "any", eager_name, ".zcsync"},
    {"round-eager-name-dir", "any", eager_name, "dir1"},
    {"round-eager-staging", "any", eager_staging, NULL},
    {"round-eager-dry", "refused", eager_dry, NULL},
    {"round-eager-ranges", "any", eager_ranges, "0"},
    {"round-eager-abandoned", "finished", eager_ranges, "2"},
    {"round-eager-retry", "refused", eager_ranges, "1"},
    {"round-from-short", "refused", from_name, "file1"},
    {"round-from-nothing", "refused", from_name, "nothing"},
    {"round-from-planted", "refused", from_name, "planted"},
    {"round-from-dir", "any", from_name, "dir1"},
    {"round-from-overlap", "refused", from_overlap, NULL},

    {"round-rename-dotdot", "refused", rename_names, "D:.. x"},
    {"round-rename-climbs", "refused", rename_names, "D:../outside x"},
    {"round-rename-out", "refused", rename_names, "D:dir1 ../dir1"},
    {"round-rename-absolute", "refused", rename_names, "D:dir1 /tmp/dir1"},
    {"round-rename-slashes", "refused", rename_names, "D:dir1 dir2//x"},
    {"round-rename-root", "refused", rename_names, "D:. x"},
    {"round-rename-nul", "refused", rename_nul, NULL},
    {"round-rename-steal", "finished", rename_names, "f:planted/sentinel x"},
    {"round-rename-steal-dir", "finished", rename_names, "D:planted/sub x"},
    {"round-rename-through", "finished", rename_names, "D:dir1 planted/dir1"},
    {"round-rename-symlink", "finished", rename_names, "D:planted x"},
    {"round-rename-staging", "any", rename_names, "D:.zcsync x"},
    {"round-rename-into-staging", "any", rename_names, "D:dir1 .zcsync/x"},
    {"round-rename-to-staging", "any", rename_names, "D:dir1 dir2/.zcsync"},
    {"round-rename-over-dir", "finished", rename_names, "f:file1 dir2"},
    {"round-rename-dir-over-dir", "finished", rename_names, "D:dir1 dir2"},
    {"round-rename-dir-over-file", "finished", rename_names, "D:dir1 file1"},
    {"round-rename-into-itself", "finished", rename_names, "D:dir1 dir1/x"},
    {"round-rename-itself", "finished", rename_names, "D:dir1 dir1"},
    {"round-rename-nothing", "finished", rename_names, "D:no/such x"},
    {"round-rename-often", "finished", rename_often, NULL},
    {"round-rename-plain", "refused", rename_plain, NULL},
    {"round-rename-dry", "refused", rename_dry, NULL},
    {"round-rename-after-at", "refused", rename_late, "at"},
    {"round-rename-after-root", "refused", rename_late, "root"},

    {"round-done-at-once", "finished", done_at_once, "0"},
    {"round-done-sync", "finished", done_at_once, "2"},
    {"round-done-flags", "refused", done_at_once, "4"},
    {"round-done-thrice", "finished", done_thrice, NULL},
    {"round-stale-number", "refused", stale, "number"},
    {"round-stale-list", "refused", stale, "list"},
    {"round-stale-file", "refused", stale, "file"},
    {"round-stale-big", "refused", stale, "big"},
    {"round-stale-data", "refused", stale, "data"},
    {"round-stale-end", "refused", stale, "end"},
    {"round-stale-meta", "refused", stale, "meta"},
    {"round-error-escapes", "refused", error_between,
     "\033]0;owned\007\033[2J\nzcsync: all is well"},
    {"round-cut-in-data", "refused", hang_up, "data"},
    {"round-cut-in-frame", "refused", hang_up, "frame"},
    {"round-cut-between", "any", hang_up, "between"},
    {"round-cut-after-rename", "any", hang_up, "renames"},
    {"round-moved-away", "finished", moved_away, "inline"},
    {"round-moved-away-big", "finished", moved_away, "big"},
    {"round-file-for-meta", "any", instead_of_meta, "file"},
    {"round-file-for-meta-of-new", "any", instead_of_meta, "file new"},
    {"round-abandon-for-meta", "finished", instead_of_meta, "abandon"},
    {"round-abandon-for-meta-of-new", "finished", instead_of_meta,
     "abandon new"},

    {"round-at-flood", "any", at_flood, "400000,4,5"},
    {"round-at-flood-deep", "any", at_flood, "3000,65535,2"},
    {"round-at-flood-long", "any", at_flood, "3000,65535,200"},
    {"round-eager-flood", "refused", eager_flood, NULL},
    {"round-flood", "any", round_flood, "read"},
    {"round-flood-deaf", "any", round_flood, "deaf"},
    {"round-ping-flood", "finished", ping_between, NULL},
};

#endif
