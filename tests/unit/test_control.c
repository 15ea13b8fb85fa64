// SPDX-License-Identifier: GPL-2.0-or-later
/* The control socket: its lines and frames, snapshots, metrics, and a server
 * that clients of all kinds come to. */
#include "daemon/control.h"

#include "base/clock.h"
#include "daemon/control_client.h"
#include "daemon/metrics.h"

#include "../tap.h"
#include "scratch.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct zc_err err;

/* Requests. */

static const char *parsed(const char *line)
{
    static char text[2 * ZC_CONTROL_LINE_MAX + 20];
    struct zc_control_request r;
    if (zc_control_parse(line, strlen(line), &r, &err))
        return "refused";
    snprintf(text, sizeof text, "%s<%s>%s", zc_control_verb_name(r.verb),
             r.what, r.path);
    return text;
}

static void requests(void)
{
    is_str(parsed("zcsync 1 status"), "status<>", "status");
    is_str(parsed("zcsync 1 wait"), "wait<>", "wait for all");
    is_str(parsed("zcsync 1 wait www"), "wait<www>", "wait for one");
    is_str(parsed("zcsync 1 wait www@web2::www"), "wait<www@web2::www>",
           "for a peer of it");
    is_str(parsed("zcsync 1 wait my files@a b"), "wait<my files@a b>",
           "names may have blanks");
    is_str(parsed("zcsync 1 pause www"), "pause<www>", "pause");
    is_str(parsed("zcsync 1 rescan 3:www"), "rescan<www>", "rescan");
    is_str(parsed("zcsync 1 rescan 3:www d/e f"), "rescan<www>d/e f",
           "with a path");
    is_str(parsed("zcsync 1 rescan 7:www d/e f"), "rescan<www d/e>f",
           "a name may have blanks there, too");
    is_str(parsed("zcsync 1 resume www@b"), "resume<www@b>", "resume");
    is_str(parsed("zcsync 1 release www"), "release<www>", "release");
    static const char *const bad[] = {
        "", " ", "zcsync", "zcsync ", "zcsync 1", "zcsync 1 ",
        "zcsync 1 reboot", "zcsync 1 status now", "zcsync  1 status",
        "GET / HTTP/1.1\r", "zcsync 1 wait a\tb", "zcsync 1 wait a\x7f",
        "zcsync1 status", "zcsync 1 pause", "zcsync 1 resume ",
        "zcsync 1 release", "zcsync 1 waits www", "zcsync 1 rescan",
        "zcsync 1 rescan www", "zcsync 1 rescan 3", "zcsync 1 rescan 3:",
        "zcsync 1 rescan 4:www", "zcsync 1 rescan 0:", "zcsync 1 rescan :www",
        "zcsync 1 rescan 3:www ", "zcsync 1 rescan 3:wwwd",
        "zcsync 1 rescan 99999999999999999999999:www",
    };
    for (size_t i = 0; i < ZC_ARRAY_LEN(bad); i++)
        is_str(parsed(bad[i]), "refused", "\"%.12s\" is refused", bad[i]);
    is_str(parsed("zcsync 2 status"), "refused", "another version is refused");
    is_int(err.code, ZC_EXIT_PROTOCOL, "as one");
}

/* Snapshots. */

static struct zc_mirror_status status_of_www;

static struct zc_snapshot sample(void)
{
    struct zc_mirror_status *m = &status_of_www;
    struct zc_snapshot s = {.at = 5, .pid = 7, .max_connections = 64};
    snprintf(m->name, sizeof m->name, "www\"\\\n");
    snprintf(m->source, sizeof m->source, "/srv/www");
    m->n_peers = 2;
    snprintf(m->peers[0].name, sizeof m->peers[0].name, "web2::www");
    snprintf(m->peers[1].name, sizeof m->peers[1].name, "\xff");
    zc_mirror_set_state(m, ZC_MIRROR_WATCHING);
    zc_peer_set_state(&m->peers[0], ZC_PEER_IN_SYNC);
    zc_peer_set_state(&m->peers[1], ZC_PEER_BLOCKED);
    zc_peer_set_text(&m->peers[1], "a/b", "Permission denied");
    m->peers[0].sent_files = UINT64_MAX;
    m->peers[1].behind = 12;
    m->peers[1].oldest = zc_clock_ns() - 5 * ZC_NSEC_PER_SEC;
    ok(zc_snapshot_add(&s, m), "a mirror is copied");
    struct zc_snap_session c = {.peer = "192.0.2.7:5000", .share = "s"};
    ok(zc_vec_push(&s.sessions, c) == 0, "and a session");
    return s;
}

static void snapshots(void)
{
    struct zc_snapshot s = sample(), d = {0};
    struct zc_buf b = ZC_BUF_INIT;
    char line[200];

    zc_snapshot_encode(&s, &b);
    ok(zc_snapshot_decode(&d, b.data, b.len, &err) == 0, "read back");
    is_int(d.mirrors.len, 1, "a mirror");
    is_int(d.mirrors.v[0].peers.len, 2, "of two peers");
    const struct zc_snap_peer *p = d.mirrors.v[0].peers.v;
    is_str(d.mirrors.v[0].source, "/srv/www", "its source");
    ok(p[0].sent_files == UINT64_MAX, "a big number");
    is_str(p[1].path, "a/b", "what is blocked");
    is_str(p[1].text, "Permission denied", "why");
    ok(p[1].oldest_age >= 5000000000, "and for how long");
    is_str(d.sessions.v[0].share, "s", "the session");
    zc_snapshot_line(&d, line, sizeof line);
    is_str(line, "1 mirror, 1 of 2 peers in sync, 1 receiving", "in a line");
    zc_snapshot_fini(&d);

    size_t refused = 0;
    for (size_t n = 0; n < b.len; n++) {
        struct zc_snapshot cut = {0};
        uint8_t *exact = malloc(n + 1);
        memcpy(exact, b.data, n);
        refused += zc_snapshot_decode(&cut, exact, n, &err) != 0;
        zc_snapshot_fini(&cut);
        free(exact);
    }
    is_int(refused, b.len, "refused wherever it is cut off");
    b.data[0]++;
    ok(zc_snapshot_decode(&d, b.data, b.len, &err), "another version");
    is_int(err.code, ZC_EXIT_PROTOCOL, "is refused as such");
    zc_buf_fini(&b);
    zc_snapshot_fini(&s);
}

/* Metrics. */

static bool has(const struct zc_buf *b, const char *text)
{
    return memmem(b->data, b->len, text, strlen(text));
}

static void metrics(void)
{
    struct zc_snapshot s = sample();
    struct zc_buf b = ZC_BUF_INIT;
    zc_metrics_write(&s, &b);
    ok(has(&b, "# TYPE zcsync_peer_state gauge\n"), "a type line");
    ok(has(&b, "\n# HELP zcsync_peer_state "), "a help line");
    ok(has(&b, "zcsync_peer_state{mirror=\"www\\\"\\\\\\n\",peer=\"web2::www\","
               "state=\"in sync\"} 1\n"), "labels are escaped");
    ok(has(&b, "peer=\"\xef\xbf\xbd\",state=\"blocked\"} 1\n"), "and UTF-8");
    ok(has(&b, "peer=\"web2::www\"} 18446744073709551615\n"), "a big number");
    ok(has(&b, "\nzcsync_receivers 1\n"), "the receivers");
    ok(b.len && b.data[b.len - 1] == '\n', "a newline ends it");

    /* Every sample follows the TYPE line of its own name. */
    char type[200] = "";
    size_t wrong = 0, samples = 0;
    zc_buf_u8(&b, '\0');
    for (char *line = strtok((char *)b.data, "\n"); line;
         line = strtok(NULL, "\n")) {
        if (sscanf(line, "# TYPE %199s", type) == 1 || line[0] == '#')
            continue;
        samples++;
        size_t n = strcspn(line, "{ ");
        wrong += strlen(type) != n || strncmp(line, type, n) != 0;
    }
    ok(samples > 40, "%zu samples", samples);
    is_int(wrong, 0, "all below the head of their group");
    zc_buf_fini(&b);
    zc_snapshot_fini(&s);
}

/* A server in a thread: "www" is done at once, "slow" never, "later" when the
 * next client asks for "go". */

struct server {
    struct zc_control *control;
    pthread_t thread;
    int stop[2];
    uint64_t later;
    atomic_uint cancelled;
};

static void on_status(void *arg, struct zc_buf *out)
{
    struct zc_snapshot s = {.pid = 42};
    (void)arg;
    zc_snapshot_encode(&s, out);
}

static int on_ask(void *arg, uint64_t client,
                  const struct zc_control_request *r, struct zc_err *e)
{
    struct server *s = arg;
    const char *what = r->what;
    if (strcmp(what, "nobody") == 0)
        return zc_err_set(e, ZC_EXIT_USAGE, 0, "there is no such mirror");
    if (strcmp(what, "slow") == 0) {
        zc_control_waiting(s->control, client, "slow", "one");
        zc_control_waiting(s->control, client, "slow", "two changes");
        zc_control_waiting(s->control, client, "other", "");
    } else if (strcmp(what, "later") == 0) {
        s->later = client;
    } else if (strcmp(what, "flood") == 0) {
        for (int i = 0; i < 100000; i++)
            zc_control_waiting(s->control, client, "flood", "again and again");
    } else {
        zc_control_done(s->control, s->later);
        zc_control_done(s->control, client);
    }
    return 0;
}

static void on_cancel(void *arg, uint64_t client)
{
    struct server *s = arg;
    (void)client;
    s->cancelled++;
}

static void *serve(void *arg)
{
    struct server *s = arg;
    zc_pollfds fds = {0};
    for (;;) {
        struct pollfd p = {.fd = s->stop[0], .events = POLLIN};
        fds.len = 0;
        if (zc_vec_push(&fds, p) || zc_control_poll(s->control, &fds))
            break;
        poll(fds.v, fds.len, -1);
        if (fds.v[0].revents)
            break;
        zc_control_polled(s->control, fds.v + 1);
        zc_control_tick(s->control, zc_clock_ns());
    }
    zc_vec_fini(&fds);
    return NULL;
}

static int raw(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
    if (connect(fd, (struct sockaddr *)&to, sizeof to))
        return -1;
    return fd;
}

/* Sends TEXT and returns the type of the frame that comes back; -1: none. */
static int answer_to(const char *path, const void *text, size_t n)
{
    uint8_t head[ZC_CONTROL_HEAD];
    enum zc_control_type type;
    size_t len;
    int fd = raw(path);
    (void)!send(fd, text, n, MSG_NOSIGNAL);
    ssize_t got = recv(fd, head, sizeof head, MSG_WAITALL);
    close(fd);
    return got != sizeof head || zc_control_head(head, &type, &len) ? -1
                                                                    : (int)type;
}

static int wait_for(const char *path, const char *what, unsigned timeout_s,
                    zc_missings *missing)
{
    return zc_control_ask(path, ZC_CONTROL_WAIT, what, timeout_s, -1, missing,
                          &err);
}

static void status_and_wait(const char *path)
{
    struct zc_snapshot s = {0};
    zc_missings missing = {0};
    is_int(zc_control_ask_status(path, &s, &err), 0, "a status");
    is_int(s.pid, 42, "is read");
    zc_snapshot_fini(&s);

    is_int(wait_for(path, "www", 20, &missing), 0, "a wait ends");
    is_int(wait_for(path, "nobody", 20, &missing), -1, "or fails");
    is_int(err.code, ZC_EXIT_USAGE, "with the daemon's code");
    is_str(err.text, "there is no such mirror", "and its sentence");
    is_int(missing.len, 0, "nothing was missing");
    is_int(wait_for(path, "slow", 1, &missing), -1,
           "or takes too long");
    is_int(err.code, ZC_EXIT_TIMEOUT, "which has its code");
    is_int(missing.len, 2, "what is missing is told, by mirror");
    is_str(missing.len ? missing.v[0].text : "", "two changes",
           "as it was last");
    zc_missings_fini(&missing);
}

struct waiter {
    const char *path;
    pthread_t thread;
    int result;
};

static void *wait_later(void *arg)
{
    struct waiter *w = arg;
    struct zc_err e;
    zc_missings missing = {0};
    w->result = zc_control_ask(w->path, ZC_CONTROL_WAIT, "later", 20, -1, &missing,
                               &e);
    zc_missings_fini(&missing);
    return NULL;
}

static void others_go_on(struct server *s, const char *path)
{
    static char big[ZC_CONTROL_LINE_MAX + 100];
    struct waiter w = {.path = path, .result = 1};
    uint8_t garbage[300];
    int silent[3], flood = raw(path);

    for (size_t i = 0; i < sizeof garbage; i++)
        garbage[i] = (uint8_t)(i * 7 + 1);
    memset(big, 'x', sizeof big);
    for (size_t i = 0; i < ZC_ARRAY_LEN(silent); i++)
        silent[i] = raw(path);
    pthread_create(&w.thread, NULL, wait_later, &w);
    ok(send(flood, "zcsync 1 wait flood\n", 20, 0) == 20, "one never reads");
    ok(send(silent[0], "zcsync 1 st", 11, 0) == 11, "one stops in its line");
    is_int(answer_to(path, garbage, sizeof garbage), ZC_CONTROL_ANSWER_ERROR,
           "garbage is refused");
    is_int(answer_to(path, big, sizeof big), ZC_CONTROL_ANSWER_ERROR,
           "and an endless line");
    is_int(answer_to(path, "zcsync 1 status\nzcsync 1 status\n", 32),
           ZC_CONTROL_ANSWER_ERROR, "and two lines");
    is_int(answer_to(path, "zcsync 1 status\n", 16), ZC_CONTROL_ANSWER_STATUS,
           "who asks well is answered");
    ok(send(silent[0], "atus\n", 5, 0) == 5, "the rest of a line");
    char c;
    ok(recv(silent[0], &c, 1, 0) == 1, "is answered, too");
    for (int i = 0; i < 500 && w.result; i++) {
        (void)answer_to(path, "zcsync 1 wait go\n", 17);
        zc_clock_sleep_ns(10000000);
    }
    pthread_join(w.thread, NULL);
    is_int(w.result, 0, "who waited is told when it is done");
    unsigned before = s->cancelled;
    close(flood);
    for (int i = 0; i < 500 && s->cancelled == before; i++)
        zc_clock_sleep_ns(10000000);
    ok(s->cancelled > before, "who goes away does not wait any longer");
    for (size_t i = 0; i < ZC_ARRAY_LEN(silent); i++)
        close(silent[i]);
}

static void crowd(const char *path)
{
    int fds[ZC_CONTROL_CLIENTS_MAX + 10];
    for (size_t i = 0; i < ZC_ARRAY_LEN(fds); i++)
        fds[i] = raw(path);
    for (size_t i = 0; i < ZC_ARRAY_LEN(fds); i++)
        close(fds[i]);
    is_int(answer_to(path, "zcsync 1 status\n", 16), ZC_CONTROL_ANSWER_STATUS,
           "a crowd that went away is no trouble");
}

/* The other end of a client that joins C, which nobody polls yet. */
static int join(struct zc_control *c)
{
    int s[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s) ||
        zc_control_join(c, s[0]))
        return -1;
    return s[1];
}

static bool refused(int fd, const char *request)
{
    uint8_t head[ZC_CONTROL_HEAD];
    (void)!send(fd, request, strlen(request), MSG_NOSIGNAL);
    return recv(fd, head, sizeof head, MSG_WAITALL) <= 0;
}

/* Those that have joined may ask for the status and nothing else. */
static void joined(int again, int wants_more, int waits)
{
    bool good = true;
    for (int i = 0; i < 100 && good; i++) {
        struct zc_snapshot s = {0};
        good = zc_control_ask_again(again, &s, &err) == 0 && s.pid == 42;
        zc_snapshot_fini(&s);
    }
    ok(good, "who has joined gets the status again and again");
    ok(refused(wants_more, "zcsync 1 pause www\n"), "but pauses nothing");
    ok(refused(waits, "zcsync 1 wait www\n"), "nor waits");
    close(again);
    close(wants_more);
    close(waits);
}

static void places(const char *path, const struct zc_control_events *events)
{
    char other[300];
    struct stat st;
    ok(stat(path, &st) == 0 && (st.st_mode & 07777 & ~0660u) == 0,
       "nobody else may use it");
    ok(!zc_control_new(path, NULL, -1, events, &err), "no second daemon");
    is_int(err.code, ZC_EXIT_SOCKET, "takes the socket away");
    snprintf(other, sizeof other, "%.90s/file", scratch_path);
    close(open(other, O_CREAT | O_WRONLY, 0600));
    ok(!zc_control_new(other, NULL, -1, events, &err), "a file in its place");
    ok(access(other, F_OK) == 0, "stays");
    memset(other, 'x', 200);
    other[200] = '\0';
    ok(!zc_control_new(other, NULL, -1, events, &err), "a long path");
    ok(!zc_control_new("a", "no such group", -1, events, &err), "no group");
    ok(access("a", F_OK), "leaves no socket");

    int dead = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "dead"};
    ok(bind(dead, (struct sockaddr *)&at, sizeof at) == 0, "a socket");
    close(dead);
    struct zc_control *c = zc_control_new("dead", NULL, -1, events, &err);
    ok(c, "that a dead daemon left is replaced");
    zc_control_free(c);
    ok(access("dead", F_OK), "and removed at the end");
}

static void server(void)
{
    struct server s = {0};
    char path[200];
    const struct zc_control_events events = {on_status, on_ask, on_cancel, &s};
    snprintf(path, sizeof path, "%.90s/control", scratch_path);
    s.control = zc_control_new(path, NULL, -1, &events, &err);
    if (!ok(s.control, "it listens"))
        return;
    int again = join(s.control), wants_more = join(s.control),
        waits = join(s.control);
    if (pipe2(s.stop, O_CLOEXEC) || pthread_create(&s.thread, NULL, serve, &s))
        skip_all("no thread: %s", strerror(errno));
    status_and_wait(path);
    joined(again, wants_more, waits);
    others_go_on(&s, path);
    crowd(path);
    places(path, &events);
    close(s.stop[1]);
    pthread_join(s.thread, NULL);
    close(s.stop[0]);
    zc_control_free(s.control);
    struct zc_snapshot none = {0};
    is_int(zc_control_ask_status(path, &none, &err), -1, "and ends");
    is_int(err.code, ZC_EXIT_SOCKET, "as if it had never been");
    zc_snapshot_fini(&none);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    close(scratch());
    requests();
    snapshots();
    metrics();
    server();
    return done_testing();
}
