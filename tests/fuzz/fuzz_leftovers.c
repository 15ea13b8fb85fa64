// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is in .zcsync when a run begins: what a crash has left, or what somebody has put
 * there. After two bytes that say who comes and what .zcsync is, the input is a row of
 * records,
 *
 *     where it is, and what (1 byte)   its name   a length   and so many bytes
 *
 * which leftovers.h makes in the share of session_place.h. Then sessions are cleaned
 * up after, the trash is pruned, markers are looked at, or a whole session runs, for
 * which partials are a basis.
 *
 * Whatever is there: nothing outside of the share changes, nothing in .zcsync that is
 * no leftover of ours does, nothing at all where .zcsync is not ours; what a session
 * that was alive has stays; and a push that says it is done has made the files what
 * they are at the source.
 */
#include "leftovers.h"

#include "base/clock.h"
#include "fs/trash.h"
#include "fs/unsynced.h"
#include "net/handshake.h"
#include "receiver/receive.h"
#include "sender/session.h"

#include <pthread.h>
#include <sys/socket.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DAY_S 86400

enum {
    CLEANS = 1 << 0,
    PRUNES = 1 << 1,
    LOOKS = 1 << 2,
    SESSION = 1 << 3,
    ALIVE = 1 << 4,  /* somebody holds the first session's folder */
    DELETE = 1 << 5, /* of the session */
    BEHIND = 1 << 6,
    NONE = 1 << 7,   /* no partials are to be kept */
};

static void must(bool truth)
{
    if (!truth)
        abort();
}

/* --- a session --- */

struct session {
    struct zc_transport *ours, *theirs;
    uint8_t mode;
    bool troubles;
    struct zc_err err, their_err;
    enum zc_exit code;
};

static void *receive(void *arg)
{
    struct session *s = arg;
    const struct zc_share share = {.name = "www",
                                   .path = place_in_share,
                                   .keep_s = DAY_S,
                                   .partials = {.none = s->mode & NONE}};
    const struct zc_accept_options opt = {.shares = &share, .n_shares = 1,
                                          .threads = 2};
    s->theirs = zc_shake(s->theirs, ZC_ROLE_RECEIVER, false,
                         &zc_security_plain, &s->their_err);
    must(s->theirs != NULL);
    (void)zc_receive_run(s->theirs, &opt, &s->their_err);
    zc_transport_free(s->theirs);
    return NULL;
}

/* A round is good for all but what was told. */
static void trouble(void *arg, enum zc_trouble kind, const char *what,
                    const char *path, int eno)
{
    struct session *s = arg;
    (void)kind;
    (void)eno;
    must(*what && path);
    s->troubles = true;
}

static void *send_all(void *arg)
{
    struct session *s = arg;
    const struct zc_events events = {.trouble = trouble, .arg = s};
    const struct zc_source source = zc_source_path(place_in_src, NULL);
    struct zc_stats stats;
    struct zc_options opt;
    memset(&stats, 0, sizeof stats);
    zc_options_init(&opt);
    opt.src = place_in_src;
    opt.share = "www";
    opt.path = "";
    opt.threads = 2;
    opt.del = s->mode & DELETE;
    opt.fsync = s->mode & BEHIND ? ZC_FSYNC_BEHIND : ZC_FSYNC_NONE;
    opt.rounds = s->mode & BEHIND;
    opt.delta_always = true;
    s->ours = zc_shake(s->ours, ZC_ROLE_SENDER, true, &zc_security_plain,
                       &s->err);
    must(s->ours != NULL);
    if (opt.rounds) {
        const struct zc_round all = {.all = true};
        struct zc_session *now = zc_session_open(s->ours, &source, &opt,
                                                 &events, &stats,
                                                 &s->err);
        s->code = now ? ZC_EXIT_OK : s->err.code;
        if (now)
            s->code = (enum zc_exit)zc_session_round(now, &all, &s->err);
        zc_session_close(now);
    } else {
        s->code = zc_push_run(s->ours, &source, &opt, &events, &stats, NULL,
                              &s->err);
    }
    zc_transport_free(s->ours);
    return NULL;
}

static void run_session(uint8_t mode)
{
    struct session s = {.mode = mode};
    pthread_t a, b;
    int fds[2];
    must(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
    s.ours = zc_transport_new_fds(fds[0], fds[0], "receiver");
    s.theirs = zc_transport_new_fds(fds[1], fds[1], "sender");
    must(s.ours && s.theirs);
    must(!pthread_create(&a, NULL, receive, &s));
    must(!pthread_create(&b, NULL, send_all, &s));
    pthread_join(a, NULL);
    pthread_join(b, NULL);
    if (s.code != ZC_EXIT_OK && s.code != ZC_EXIT_PARTIAL)
        must(s.err.text[0]);
    if (s.code == ZC_EXIT_OK && !s.troubles)
        must(left_is_synced());
}

/* --- parts of one --- */

static void look(int share)
{
    struct zc_unsynced_left l = {0}, above = {0};
    zc_unsynced_look(share, false, true, &l);
    zc_unsynced_look_above(share, &above);
    must(l.since.s >= 0 && l.since.ns < 1000000000);
    must(l.doubts || (!l.since.s && !l.since.ns && !l.dead.len));
    must(!l.dead.len || zc_unsynced_any(share));
    size_t left = zc_unsynced_clear(share, NULL, &l);
    must(left <= l.dead.len);
    zc_unsynced_left_fini(&l);
    zc_unsynced_left_fini(&above);
}

static void prune(int share, int64_t now)
{
    const struct zc_trash_limits few = {.age_s = DAY_S, .size = 1};
    zc_trash_dates dates = {0};
    int trash = zc_trash_open(share, false);
    if (trash < 0)
        return;
    zc_trash_prune(trash, &few, now, INT64_MAX, true);
    must(zc_trash_list(trash, &dates) == 0);
    for (size_t i = 0; i < dates.len; i++) {
        char name[ZC_TRASH_DATE_SIZE];
        zc_trash_name(dates.v[i], name);
        must(zc_trash_time(name) == dates.v[i]);
        must(!i || dates.v[i - 1] <= dates.v[i]);
    }
    zc_vec_fini(&dates);
    close(trash);
}

static void clean(int share, uint8_t mode)
{
    const struct zc_partial_limits limits = {.none = mode & NONE};
    int r = zc_staging_clean(share, &limits);
    must(r >= ZC_STAGING_REFUSED);
    struct zc_staging *s = zc_staging_new(share);
    must(s != NULL);
    struct zc_stat st;
    int partials = zc_staging_partials(s);
    int fd = partials < 0 ? -1 : zc_partial_open(partials, "big", &st);
    must(fd < 0 || (S_ISREG(st.mode) && !(mode & NONE)));
    zc_close(&fd);
    if (zc_staging_fd(s) >= 0)
        must(r != ZC_STAGING_REFUSED);
    zc_staging_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    if (place_fd < 0) {
        place_make();
    }
    place_share();
    uint8_t mode = data[0];
    enum left_folder folder = left_make(data[1], data + 2, size - 2);
    int share = openat(place_fd, "share", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int held = mode & ALIVE ? left_hold() : -1;
    uint64_t was = left_not_ours(folder, held);
    must(share >= 0);
    if (mode & LOOKS)
        look(share);
    if (mode & PRUNES)
        prune(share, time(NULL));
    if (mode & CLEANS)
        clean(share, mode);
    if (mode & SESSION)
        run_session(mode);
    must(left_not_ours(folder, held) == was);
    must(place_untouched());
    zc_close(&held);
    close(share);
    return 0;
}
