// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hostile puller: dials a server and asks it for what it should not have.
 *
 *     evil-puller ADDR:PORT SHARE ATTACK   does it and prints how it ended
 *     evil-puller exec:COMMAND SHARE ATTACK   the same with a server that COMMAND
 *                                          starts on its standard streams
 *     evil-puller --list                   "ATTACK EXPECTED" for each
 *
 * Prints one line, as evil-sender does, or "LEAK" when any byte came of what is
 * outside of the share: every file there says "not yours", and some are called
 * "not-for-you". "stuck" is for the
 * test to look at while this still runs.
 *
 * The share is expected to hold a symlink `planted` to a directory outside, a
 * symlink `planted-file` to a file there, and the directory `real` with a file.
 */
#include "evil-sender.h"

#include <arpa/inet.h>

static bool leaked;

/* evil_recv, and a look at what came. */
static unsigned take(struct evil *e)
{
    static const char secret[] = "not yours", name[] = "not-for-you";
    unsigned type = evil_recv(e);
    leaked |= type &&
              (memmem(e->body, e->in.length, secret, sizeof secret - 1) ||
               memmem(e->body, e->in.length, name, sizeof name - 1));
    return type;
}

static bool await(struct evil *e, unsigned type)
{
    unsigned got = 0;
    while (!e->over && got != type && (got = take(e)))
        ;
    return got == type;
}

static struct zc_msg_open pull_open(void)
{
    struct zc_msg_open m = good_open();
    m.flags = ZC_OPEN_PULL;
    return m;
}

static void ask(struct evil *e, const struct zc_msg_open *m)
{
    dial(e);
    evil_hello(e, ZC_ROLE_RECEIVER);
    zc_open_encode(&e->out, m);
    evil_send(e);
}

static void put_need(struct evil *e, uint32_t list, unsigned n, uint8_t what)
{
    size_t at = zc_need_begin(&e->out, list);
    for (unsigned i = 0; i < n; i++)
        zc_need_add(&e->out, &(struct zc_need_item){.index = i, .what = what});
    zc_need_end(&e->out, at, n, ZC_NEED_FINAL);
    evil_send(e);
}

/* Wants all that M leads to: every directory, every file. */
static void want_all(struct evil *e, const struct zc_msg_open *m)
{
    ask(e, m);
    await(e, ZC_FRAME_OPENED);
    for (uint32_t id = 0; !e->over && await(e, ZC_FRAME_LIST); id++) {
        struct zc_bytes body = {e->body, e->in.length};
        struct zc_msg_list list;
        struct zc_entry prev = {0}, entry;
        struct zc_err err;
        if (zc_list_decode(body, &list, &err))
            return;
        size_t at = zc_need_begin(&e->out, list.list);
        uint32_t n = 0;
        for (uint32_t i = 0; i < list.count; i++) {
            if (zc_list_next(&list, &prev, &entry, &err))
                return;
            prev = entry;
            uint8_t what = S_ISDIR(entry.mode)   ? ZC_NEED_DESCEND
                           : S_ISREG(entry.mode) ? ZC_NEED_DATA
                                                 : 0;
            if (!what)
                continue;
            zc_need_add(&e->out, &(struct zc_need_item){.index = i,
                                                        .what = what});
            n++;
        }
        zc_need_end(&e->out, at, n, ZC_NEED_FINAL);
        evil_send(e);
    }
}

/* ---- paths --------------------------------------------------------------- */

static void path(struct evil *e, const char *text)
{
    struct zc_msg_open m = pull_open();
    m.path = wire_bytes(text);
    want_all(e, &m);
}

static void path_nul(struct evil *e, const char *arg)
{
    struct zc_msg_open m = pull_open();
    (void)arg;
    m.path = (struct zc_bytes){(const uint8_t *)"a\0/../..", 8};
    want_all(e, &m);
}

static void own_path(struct evil *e, const char *text)
{
    struct zc_msg_open m = pull_open();
    m.flags |= ZC_OPEN_OWN;
    m.share = wire_bytes("");
    m.path = wire_bytes(text);
    want_all(e, &m);
}

static void only(struct evil *e, const char *names)
{
    struct zc_msg_open m = pull_open();
    m.only = (struct zc_bytes){(const uint8_t *)names, strlen(names) + 1};
    want_all(e, &m);
}

static void follow(struct evil *e, const char *text)
{
    struct zc_msg_open m = pull_open();
    m.flags |= ZC_OPEN_CHOICES;
    m.walk = ZC_WALK_COPY_LINKS;
    m.path = wire_bytes(text);
    want_all(e, &m);
}

static void filter(struct evil *e, const char *rule)
{
    struct zc_msg_open m = pull_open();
    m.filter = (struct zc_bytes){(const uint8_t *)rule, strlen(rule) + 1};
    want_all(e, &m);
}

static void glance(struct evil *e, const char *name)
{
    struct zc_msg_open m = pull_open();
    m.flags |= ZC_OPEN_ASK;
    m.ask = wire_bytes(name);
    ask(e, &m);
    await(e, ZC_FRAME_OPENED);
}

static void remove_it(struct evil *e, const char *arg)
{
    struct zc_msg_open m = pull_open();
    (void)arg;
    m.flags |= ZC_OPEN_CHOICES;
    m.apply = ZC_APPLY_REMOVE;
    want_all(e, &m);
}

/* ---- OPEN ---------------------------------------------------------------- */

static void flags(struct evil *e, const char *arg)
{
    struct zc_msg_open m = pull_open();
    m.flags = (uint32_t)strtoul(arg, NULL, 0);
    want_all(e, &m);
}

static void sender_pulls(struct evil *e, const char *arg)
{
    struct zc_msg_open m = pull_open();
    (void)arg;
    open_session(e, &m);
}

static void chmod_text(struct evil *e, const char *text)
{
    struct zc_msg_open m = pull_open();
    m.chmod = wire_bytes(text);
    want_all(e, &m);
}

/* As many names as a frame holds. */
static void many_names(struct evil *e, const char *arg)
{
    static char names[ZC_FRAME_BODY_MAX - 4096];
    struct zc_msg_open m = pull_open();
    for (size_t i = 0; i + 8 < sizeof names; i += 8)
        snprintf(names + i, 8, "%s%06zu", arg, i / 8 % 1000000);
    m.only = (struct zc_bytes){(const uint8_t *)names,
                               sizeof names / 8 * 8 - 8};
    ask(e, &m);
    await(e, ZC_FRAME_OPENED);
}

/* ---- what is told -------------------------------------------------------- */

/* Up to DONE, having asked for nothing. */
static void begin_nothing(struct evil *e)
{
    struct zc_msg_open m = pull_open();
    m.flags |= ZC_OPEN_WANT_ITEMS | ZC_OPEN_DELETE;
    ask(e, &m);
    await(e, ZC_FRAME_OPENED);
    await(e, ZC_FRAME_LIST);
}

/* N MiB of things that were deleted, it says, each of which is told again; and
 * it reads none of that. */
static void notes(struct evil *e, unsigned n)
{
    static char deep[8000];
    memset(deep, 'x', sizeof deep - 1);
    for (size_t i = 0; i < (size_t)n << 20 && !e->over; i += sizeof deep) {
        zc_note_encode(&e->out, &(struct zc_msg_note){
                                    ZC_OP_DELETE, S_IFREG, 0,
                                    wire_bytes(deep)});
        if (e->out.len > 1 << 18)
            evil_send(e);
    }
    evil_send(e);
}

static void note_flood(struct evil *e, const char *n)
{
    begin_nothing(e);
    notes(e, (unsigned)atoi(n));
}

/* All is finished, and the verdict has no room in the socket. */
static void unread_verdict(struct evil *e, const char *arg)
{
    begin_nothing(e);
    put_need(e, 0, 0, 0);
    await(e, ZC_FRAME_DONE);
    notes(e, (unsigned)atoi(arg));
    zc_finished_encode(&e->out, &(struct zc_msg_finished){0});
    evil_send(e);
    puts("stuck");
    fflush(stdout);
    sleep(30);
    e->over = true;
}

static void silent(struct evil *e, const char *stage)
{
    struct zc_msg_open m = pull_open();
    dial(e);
    evil_hello(e, ZC_ROLE_RECEIVER);
    if (strcmp(stage, "list") == 0) {
        zc_open_encode(&e->out, &m);
        evil_send(e);
        await(e, ZC_FRAME_LIST);
    }
    puts("stuck");
    fflush(stdout);
    sleep(30);
    e->over = true;
}

/* ---- LOOK ---------------------------------------------------------------- */

static void look_at(struct evil *e, const char *at, const char *text, bool own)
{
    dial(e);
    evil_hello(e, ZC_ROLE_RECEIVER);
    zc_look_encode(&e->out, &(struct zc_msg_look){own, wire_bytes(at),
                                                  wire_bytes(text)});
    evil_send(e);
    await(e, ZC_FRAME_VERDICT);
}

static void look(struct evil *e, const char *text)
{
    look_at(e, share, text, false);
}

static void look_own(struct evil *e, const char *text)
{
    look_at(e, "", text, true);
}

static void look_then_open(struct evil *e, const char *arg)
{
    struct zc_msg_open m = pull_open();
    (void)arg;
    look_at(e, share, "", false);
    zc_open_encode(&e->out, &m);
    evil_send(e);
    await(e, ZC_FRAME_OPENED);
}

/* Where a push is expected. */
static void look_as_sender(struct evil *e, const char *arg)
{
    (void)arg;
    dial(e);
    evil_hello(e, ZC_ROLE_SENDER);
    zc_look_encode(&e->out, &(struct zc_msg_look){0, wire_bytes(share),
                                                  wire_bytes("")});
    evil_send(e);
}

/* ---- where paths of the user's own are for reading ---------------------- */

static void own_push(struct evil *e, const char *text)
{
    struct zc_msg_open m = good_open();
    m.flags = ZC_OPEN_OWN | ZC_OPEN_DELETE | ZC_OPEN_FORCE_DELETE;
    m.share = wire_bytes("");
    m.path = wire_bytes(text);
    open_session(e, &m);
    opened(e);
    put_root(e);
}

static void own_remove(struct evil *e, const char *text)
{
    struct zc_msg_open m = pull_open();
    m.flags |= ZC_OPEN_OWN | ZC_OPEN_CHOICES | ZC_OPEN_DRY_RUN;
    m.apply = ZC_APPLY_REMOVE;
    m.share = wire_bytes("");
    m.path = wire_bytes(text);
    want_all(e, &m);
}

/* A dry run of a push, which then goes on as if it was none. */
static void own_dry(struct evil *e, const char *text)
{
    struct zc_msg_open m = good_open();
    struct zc_entry v = file_entry("evil", 5);
    m.flags = ZC_OPEN_OWN | ZC_OPEN_DRY_RUN;
    m.share = wire_bytes("");
    m.path = wire_bytes(text);
    open_session(e, &m);
    opened(e);
    put_root(e);
    evil_await(e, ZC_FRAME_NEED);
    put_list(e, 1, root_ref, ZC_LIST_LAST, "", &v, 1);
    put_file(e, first, &v, "evil!");
}

static void own_share_name(struct evil *e, const char *arg)
{
    struct zc_msg_open m = pull_open();
    (void)arg;
    want_all(e, &m);
}

static const struct attack attacks[] = {
    {"own-push", "refused", own_push, "share"},
    {"own-push-new", "refused", own_push, "share/new"},
    {"own-remove", "refused", own_remove, "share"},
    {"own-dry", "any", own_dry, "share"},
    {"own-dry-new", "any", own_dry, "share/new"},
    {"own-share", "refused", own_share_name, NULL},

    {"path-dotdot", "refused", path, ".."},
    {"path-climbs", "refused", path, "real/../../outside"},
    {"path-absolute", "refused", path, "/etc"},
    {"path-dot", "refused", path, "./real"},
    {"path-nul", "refused", path_nul, NULL},
    {"path-symlink", "any", path, "planted"}, /* it itself */
    {"path-behind-symlink", "refused", path, "planted/sentinel"},
    {"path-dir-behind-symlink", "refused", path, "planted/sub"},
    {"path-staging", "refused", path, ".zcsync"},
    {"path-in-staging", "refused", path, ".zcsync/x"},
    {"path-is-own", "refused", own_path, "/etc"},
    {"whole", "any", path, ""},
    {"only-dotdot", "refused", only, "../sentinel"},
    {"only-symlink", "any", only, "planted/sentinel"},
    {"only-absolute", "any", only, "/etc/passwd"},
    {"only-staging", "any", only, ".zcsync/left"},
    {"follow", "any", follow, ""},
    {"follow-planted", "any", follow, "planted"},
    {"follow-planted-file", "any", follow, "planted-file"},
    {"filter-merge", "refused", filter, ". ../sentinel"},
    {"filter-merge-here", "refused", filter, ". kept"},
    {"filter-dir-merge-dotdot", "any", filter, ": ../sentinel"},
    {"filter-dir-merge-absolute", "any", filter, ": /etc/passwd"},
    {"filter-dir-merge-behind", "any", filter, ": planted/sentinel"},
    {"filter-dir-merge-symlink", "any", filter, ": planted-file"},
    {"filter-dir-merge-names", "any", filter, ": .rules"},
    {"filter-dir-merge-staging", "any", filter, ": .zcsync/left"},
    {"glance-dotdot", "refused", glance, ".."},
    {"glance-slash", "refused", glance, "planted/sub"},
    {"glance-planted", "any", glance, "planted"},
    {"remove", "refused", remove_it, NULL},

    {"open-no-pull", "refused", flags, "0"},
    {"open-rounds", "refused", flags, "0x80800"},
    {"open-flags", "refused", flags, "0x80080000"},
    {"open-as-sender", "refused", sender_pulls, NULL},
    {"open-chmod", "refused", chmod_text, "u+\033x"},
    {"open-many-names", "any", many_names, "n"},

    {"look", "any", look, ""},
    {"look-dotdot", "refused", look, ".."},
    {"look-climbs", "refused", look, "real/../../outside"},
    {"look-absolute", "refused", look, "/etc"},
    {"look-symlink", "any", look, "planted"},
    {"look-behind-symlink", "refused", look, "planted/sub"},
    {"look-staging", "refused", look, ".zcsync"},
    {"look-own", "refused", look_own, "/etc"},
    {"look-then-open", "any", look_then_open, NULL},
    {"look-as-sender", "refused", look_as_sender, NULL},

    {"note-flood", "any", note_flood, "200"},
    {"unread-verdict", "any", unread_verdict, "24"},
    {"silent-open", "any", silent, "open"},
    {"silent-list", "any", silent, "list"},
};

int main(int argc, char **argv)
{
    static struct evil e = {.fd = -1};
    char host[64];
    unsigned port;
    if (argc == 2 && strcmp(argv[1], "--list") == 0)
        return evil_show(attacks, ZC_ARRAY_LEN(attacks));
    const struct attack *a =
        argc == 4 ? evil_find(attacks, ZC_ARRAY_LEN(attacks), argv[3]) : NULL;
    if (a && strncmp(argv[1], "exec:", 5) == 0) {
        command = argv[1] + 5;
    } else if (a && sscanf(argv[1], "%63[0-9.]:%u", host, &port) == 2) {
        server.sin_family = AF_INET;
        server.sin_port = htons((uint16_t)port);
        inet_pton(AF_INET, host, &server.sin_addr);
    } else {
        fprintf(stderr, "usage: evil-puller ADDR:PORT|exec:COMMAND SHARE "
                        "ATTACK | --list\n");
        return 2;
    }
    share = argv[2];
    a->run(&e, a->arg);
    while (!e.outcome[0] && take(&e))
        ;
    puts(leaked ? "LEAK" : e.outcome[0] ? e.outcome : "tolerated");
    close(e.fd);
    zc_buf_fini(&e.out);
    return 0;
}
