// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * src/mirror/ and src/daemon/forker.c: a mirror in this process, asked
 * over its control socket, as zcsyncd asks.
 */
#include "tap.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "daemon/forker.h"
#include "fs/meta.h"
#include "scratch.h"
#include "mirror/mirror.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#define LONG_MS 20000

static struct zc_forker *forker;
static char src[4200], dest[2][4200]; /* absolute */

/* A mirror from `src` to dest[0] and dest[1]. */
struct mirror {
    struct zc_mirror_options opt;
    struct zc_mirror_peer peers[2];
    struct zc_mirror_status *st;
    pthread_t thread;
    int control, result;
    struct zc_err err;
    atomic_bool refuse[2]; /* connect fails */
};

struct dest {
    struct mirror *m;
    int i;
};

static int reach_dest(void *arg, struct zc_reached *out, struct zc_err *err)
{
    struct dest *d = arg;
    *out = (struct zc_reached){0};
    if (!atomic_load(&d->m->refuse[d->i]))
        return zc_forker_reach(forker, dest[d->i], out, err);
    return zc_err_set(err, ZC_EXIT_SOCKET, 0, "the test does not let it");
}

static void *run_mirror(void *arg)
{
    struct mirror *m = arg;
    m->result = zc_mirror_run(&m->opt, &m->err);
    return NULL;
}

static struct dest dests[2];

static void start(struct mirror *m, size_t n, enum zc_fsync fsync)
{
    int s[2];
    memset(m, 0, sizeof *m);
    m->st = calloc(1, sizeof *m->st);
    if (!m->st || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s)) {
        diag("cannot start");
        exit(1);
    }
    for (int i = 0; i < 2; i++) {
        dests[i] = (struct dest){m, i};
        m->peers[i] = (struct zc_mirror_peer){.name = i ? "second" : "first",
                                              .reach = reach_dest,
                                              .arg = &dests[i],
                                              .share = "",
                                              .path = ""};
    }
    m->opt = (struct zc_mirror_options){
        .name = "test",
        .unique = true,
        .watch = ZC_WATCH_INOTIFY,
        .peers = m->peers,
        .n_peers = n,
        .status = m->st,
        .stop_fd = eventfd(0, EFD_CLOEXEC),
        .control_fd = s[1],
        .drain_s = 10,
    };
    zc_options_init(&m->opt.push);
    m->opt.push.src = src;
    m->opt.push.del = true;
    m->opt.push.fsync = fsync;
    m->control = s[0];
    pthread_create(&m->thread, NULL, run_mirror, m);
}

static void stop(struct mirror *m)
{
    uint64_t one = 1;
    (void)!write(m->opt.stop_fd, &one, sizeof one);
    pthread_join(m->thread, NULL);
    close(m->opt.stop_fd);
    close(m->opt.control_fd);
    close(m->control);
    free(m->st);
}

static void ask(struct mirror *m, uint64_t id, int peer)
{
    struct zc_mirror_request r = {.id = id, .peer = peer};
    (void)!send(m->control, &r, sizeof r, 0);
}

/* The next answer within MS; false: there is none. */
static bool hear(struct mirror *m, int ms, struct zc_mirror_answer *a)
{
    struct pollfd p = {.fd = m->control, .events = POLLIN};
    return poll(&p, 1, ms) == 1 &&
           recv(m->control, a, sizeof *a, 0) == sizeof *a;
}

/* Answers until one says that ID is done. */
static bool done(struct mirror *m, uint64_t id)
{
    struct zc_mirror_answer a;
    while (hear(m, LONG_MS, &a))
        if (a.id == id && a.done)
            return true;
    return false;
}

/* Answers until one about ID, not done, has TEXT in it. */
static bool missing(struct mirror *m, uint64_t id, const char *text)
{
    struct zc_mirror_answer a;
    while (hear(m, LONG_MS, &a)) {
        if (a.id == id && !a.done && strstr(a.missing, text))
            return true;
        diag("heard: %s%s", a.done ? "done" : "", a.missing);
        if (a.done)
            return false;
    }
    return false;
}

static bool state_is(struct mirror *m, int peer, enum zc_peer_state state)
{
    for (int64_t end = zc_clock_ns() + 20 * ZC_NSEC_PER_SEC;
         zc_clock_ns() < end;) {
        if (m->st->peers[peer].state == state)
            return true;
        zc_clock_sleep_ns(5000000);
    }
    diag("state %u", (unsigned)m->st->peers[peer].state);
    return false;
}

static const char *join(const char *dir, const char *name)
{
    static char path[4][4600];
    static int at;
    char *p = path[at++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

static void put(const char *name, const char *text)
{
    int fd = open(join(src, name), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0 || zc_io_write(fd, text, strlen(text)))
        diag("cannot write %s", name);
    close(fd);
}

static bool has(const char *dir, const char *name, const char *text)
{
    char buf[100] = "";
    int fd = open(join(dir, name), O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof buf - 1);
    if (fd >= 0)
        close(fd);
    return n >= 0 && strcmp(buf, text) == 0;
}

static void test_barrier(enum zc_fsync fsync)
{
    struct mirror m;
    char name[30], text[30];
    bool good = true, quick = true;
    put("before", "start");
    start(&m, 2, fsync);
    ask(&m, 1, -1);
    ok(done(&m, 1), "a question at the start is answered when all is there");
    ok(has(dest[0], "before", "start") && has(dest[1], "before", "start"),
       "and it is");
    for (uint64_t i = 2; i < 60; i++) {
        snprintf(name, sizeof name, "f%d", (int)i % 7);
        snprintf(text, sizeof text, "text %d", (int)i);
        put(name, text);
        ask(&m, i, -1);
        quick &= done(&m, i);
        good &= has(dest[0], name, text) && has(dest[1], name, text);
    }
    ok(quick, "questions are answered");
    ok(good, "each when what was written before is there");
    mkdir(join(src, "d"), 0755);
    mkdir(join(src, "d/e"), 0755);
    put("d/e/f", "deep");
    ask(&m, 100, 1);
    ok(done(&m, 100) && has(dest[1], "d/e/f", "deep"),
       "new directories are part of it");
    ask(&m, 101, -2);
    ok(done(&m, 101), "a sign of life");
    ask(&m, 102, 7);
    ok(missing(&m, 102, "no such destination"), "nobody 7");
    ok(state_is(&m, 0, ZC_PEER_IN_SYNC), "in sync");
    stop(&m);
    is_int(m.result, 0, "stopped");
}

static void test_missing(void)
{
    struct mirror m;
    put("before", "again");
    start(&m, 2, ZC_FSYNC_BATCH);
    ask(&m, 1, -1);
    ok(done(&m, 1), "at first");
    m.refuse[1] = true;
    ask(&m, 2, 1);
    ok(done(&m, 2), "it need not connect for that");

    char away[4300];
    snprintf(away, sizeof away, "%s.away", src);
    rename(src, away);
    ask(&m, 3, -1);
    ok(missing(&m, 3, "renamed"), "the source is gone");
    ok(m.st->state == ZC_MIRROR_GONE, "says the status");
    rename(away, src);
    ok(missing(&m, 3, "second: not connected: the test does not let it"),
       "then one peer is what is missing");
    ask(&m, 4, 0);
    ok(done(&m, 4), "not the other");
    put("later", "x");
    ask(&m, 5, 0);
    ok(done(&m, 5) && has(dest[0], "later", "x"), "which goes on");
    ok(state_is(&m, 1, ZC_PEER_DISCONNECTED), "disconnected");
    m.refuse[1] = false;
    ok(done(&m, 3) && has(dest[1], "later", "x"), "until it is back");
    struct zc_mirror_request cancel = {.id = 9, .peer = -1, .verb = ZC_MIRROR_CANCEL};
    (void)!send(m.control, &cancel, sizeof cancel, 0);
    stop(&m);
    is_int(m.result, 0, "stopped");
}

/* What is refused, and what to do so that it is not. */
static void test_blocked(void)
{
    struct mirror m;
    if (geteuid() != 0) {
        skip(6, "needs root, for chattr");
        return;
    }
    put("firm", "1");
    start(&m, 1, ZC_FSYNC_BATCH);
    ask(&m, 1, -1);
    ok(done(&m, 1), "at first");
    char command[9000];
    snprintf(command, sizeof command, "chattr +i '%s/firm' 2>/dev/null",
             dest[0]);
    if (system(command) != 0) {
        skip(5, "no chattr +i here");
        stop(&m);
        return;
    }
    put("firm", "22");
    ask(&m, 2, -1);
    ok(missing(&m, 2, "first: firm: could not"), "the one refused is named");
    ok(state_is(&m, 0, ZC_PEER_BLOCKED), "the peer is blocked");
    put("other", "y");
    ask(&m, 3, -1);
    ok(missing(&m, 3, "firm"), "a later question waits for it, too");
    command[7] = '-';
    ok(system(command) == 0, "it may be written again");
    bool both = done(&m, 2);
    ok(both && has(dest[0], "firm", "22") && has(dest[0], "other", "y") &&
           state_is(&m, 0, ZC_PEER_IN_SYNC),
       "and is, in time");
    stop(&m);
}

static void append_by(const char *name, const char *text)
{
    int fd = open(join(src, name), O_WRONLY | O_APPEND);
    if (fd < 0 || zc_io_write(fd, text, strlen(text)))
        diag("cannot append to %s", name);
    close(fd);
}

/* What was changed by a name that is gone before anybody looks. */
static void test_ghosts(void)
{
    struct mirror m;
    char name[20], text[100] = "";
    bool answered = true, there = true;
    put("kept", "");
    start(&m, 2, ZC_FSYNC_NONE);
    ask(&m, 1, -1);
    ok(done(&m, 1), "at first");
    int fd = open(join(src, "kept"), O_WRONLY | O_APPEND);
    for (uint64_t i = 2; i < 26; i++) {
        char letter[2] = {(char)('a' + i), 0};
        snprintf(name, sizeof name, "link%d", (int)i % 3);
        if (link(join(src, "kept"), join(src, name)))
            diag("cannot link %s", name);
        append_by(name, letter);
        unlink(join(src, name));
        strcat(text, letter);
        ask(&m, i, -1);
        answered &= done(&m, i);
        there &= has(dest[0], "kept", text) && has(dest[1], "kept", text);
    }
    ok(answered, "questions are answered");
    ok(there, "each when what was written by a link for a moment is there");
    if (link(join(src, "kept"), join(src, "second")))
        diag("cannot link it");
    unlink(join(src, "kept"));
    ask(&m, 30, -1);
    ok(done(&m, 30), "a second name instead");
    strcat(text, "!");
    (void)!write(fd, "!", 1);
    ask(&m, 31, -1);
    ok(done(&m, 31) && has(dest[0], "second", text) &&
           has(dest[1], "second", text),
       "and what was written by the first one is there");
    close(fd);
    stop(&m);
    is_int(m.result, 0, "stopped");
}

static void test_bad_start(void)
{
    struct mirror m;
    char away[4300];
    snprintf(away, sizeof away, "%s.away", src);
    rename(src, away);
    start(&m, 1, ZC_FSYNC_BATCH);
    ask(&m, 41, -1);
    ok(missing(&m, 41, "No such file"), "no source: it is waited for");
    rename(away, src);
    ok(done(&m, 41), "until it is there");
    stop(&m);
    is_int(m.result, 0, "stopped");
}

int main(void)
{
    struct zc_err err;
    zc_log_level = ZC_LOG_ERROR;
    scratch();
    snprintf(src, sizeof src, "%s/src", scratch_path);
    snprintf(dest[0], sizeof dest[0], "%s/one", scratch_path);
    snprintf(dest[1], sizeof dest[1], "%s/two", scratch_path);
    mkdir(src, 0755);
    signal(SIGPIPE, SIG_IGN);
    forker = zc_forker_new(NULL, &err);
    if (!forker)
        skip_all("cannot start a process: %s", err.text);
    test_barrier(ZC_FSYNC_BATCH);
    test_barrier(ZC_FSYNC_NONE);
    test_missing();
    test_blocked();
    test_ghosts();
    test_bad_start();
    zc_forker_free(forker);
    return done_testing();
}
