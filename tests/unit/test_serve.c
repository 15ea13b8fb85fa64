// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The processes around a session: started, told to stop, reaped. The session
 * itself is played by a zc_receive_run of our own, which takes the place of
 * the real one and obeys one-letter commands.
 */
#include "daemon/serve.h"

#include "base/clock.h"
#include "base/fds.h"
#include "base/log.h"
#include "net/dial.h"
#include "net/handshake.h"

#include "../tap.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* ThreadSanitizer holds signals back while recv(2) blocks. */
#if defined(__SANITIZE_THREAD__)
#define SIGNALS_WAIT 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SIGNALS_WAIT 1
#endif
#endif
#ifndef SIGNALS_WAIT
#define SIGNALS_WAIT 0
#endif
/* Of a peer that looks through its memory, slowly with sanitizers. */
#define PATIENCE_S 100

static char top[256];
static struct zc_err err;

static struct zc_identity *identity; /* of the server */
static uint8_t hidden[ZC_KEY_SIZE];  /* its private key, each byte ^ 0xa5 */

static bool page_has_secret(const uint8_t *page, size_t n)
{
    for (size_t i = 0; i + ZC_KEY_SIZE <= n; i++) {
        size_t k = 0;
        while (k < ZC_KEY_SIZE && (page[i + k] ^ 0xa5) == hidden[k])
            k++;
        if (k == ZC_KEY_SIZE)
            return true;
    }
    return false;
}

/* Whether the private key is anywhere in this process. */
static bool knows_secret(void)
{
    uint8_t page[4096];
    char line[512];
    unsigned long long from, to;
    char rights[8];
    bool found = false;
    FILE *maps = fopen("/proc/self/maps", "re");
    int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    while (maps && !found && fgets(line, sizeof line, maps)) {
        if (sscanf(line, "%llx-%llx %7s", &from, &to, rights) != 3 ||
            rights[0] != 'r' || to - from > 1ULL << 30)
            continue;
        for (; !found && from < to; from += sizeof page) {
            ssize_t n = pread(mem, page, sizeof page, (off_t)from);
            found = n > 0 && page_has_secret(page, (size_t)n);
        }
    }
    explicit_bzero(page, sizeof page); /* it may be in there now */
    if (maps)
        fclose(maps);
    close(mem);
    return found;
}

/* The session: 'e' echo and go on, 'q' end well, 'f' fail, 'k' die,
 * 'h' hang whatever happens, 's' answer with what this process is like, 'p'
 * with the first byte of the peer's key, 'm' whether it has the private key. */
int zc_receive_run(struct zc_transport *t, const struct zc_accept_options *opt,
                   struct zc_err *e)
{
    char c;
    char secret = identity && knows_secret() ? 'y' : 'n';
    int dir = open(opt->shares[0].path, O_DIRECTORY | O_CLOEXEC);
    const struct zc_tree_access tree = {dir, ZC_ACCESS_WRITE};
    if (dir < 0 || opt->confine(&tree, 1, e))
        return -1;
    struct rlimit lim;
    getrlimit(RLIMIT_NOFILE, &lim);
    if (opt->opened)
        opt->opened(opt->opened_arg, "s", NULL, e);
    while (zc_transport_recv(t, &c, 1) == 1) {
        char bits = 'A';
        struct iovec iov = {&c, 1};
        if (c == 'q')
            return 0;
        if (c == 'f')
            return zc_err_set(e, ZC_EXIT_STREAM, 0, "told to fail");
        if (c == 'k')
            raise(SIGKILL);
        if (c == 'h')
            for (;;)
                pause();
        if (c == 'm')
            iov.iov_base = &secret;
        if (c == 'p')
            c = opt->peer_key ? (char)opt->peer_key[0] : 0;
        if (c == 's') {
            bits += prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 1 : 0;
            bits += lim.rlim_cur == lim.rlim_max ? 2 : 0;
            bits += opt->embedded ? 4 : 0;
            iov.iov_base = &bits;
        }
        zc_transport_send(t, &iov, 1);
    }
    /* What a session that was cut off leaves, so that a test can see that it
     * had the time to clean up. */
    close(openat(dir, "ended", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    return zc_err_set(e, ZC_EXIT_STREAM, 0, "the stream ended");
}

static char ask(struct zc_transport *t, char c)
{
    struct iovec iov = {&c, 1};
    if (zc_transport_send(t, &iov, 1) || zc_transport_recv(t, &c, 1) != 1)
        return 0;
    return c;
}

static void tell(struct zc_transport *t, char c)
{
    struct iovec iov = {&c, 1};
    zc_transport_send(t, &iov, 1);
}

static bool wait_until(bool (*fn)(void *), void *arg)
{
    for (int i = 0; i < 500; i++) {
        if (fn(arg))
            return true;
        zc_clock_sleep_ns(20000000);
    }
    return false;
}

static bool exists(void *path)
{
    return access(path, F_OK) == 0;
}

/* A zc_serve_run in a child, with its outputs in files below TOP. */
struct server {
    pid_t pid;
    char port[16];
    char out[300], log[300];
};

static bool has_line(void *path)
{
    char text[200] = "";
    FILE *f = fopen(path, "r");
    bool has = f && fgets(text, sizeof text, f) && strchr(text, '\n');
    if (f)
        fclose(f);
    return has;
}

static struct server start(struct zc_serve_options *opt)
{
    struct server s;
    snprintf(s.out, sizeof s.out, "%s/out", top);
    snprintf(s.log, sizeof s.log, "%s/log", top);
    unlink(s.out);
    fflush(NULL);
    s.pid = fork();
    if (s.pid == 0) {
        struct zc_err e = {0};
        if (!freopen(s.out, "w", stdout) || !freopen(s.log, "w", stderr))
            _exit(99);
        zc_log_level = ZC_LOG_INFO;
        int r = zc_serve_run(opt, &e);
        _exit(r ? e.code : 0);
    }
    char text[200] = "";
    ok(wait_until(has_line, s.out), "it says when it is ready");
    FILE *f = fopen(s.out, "r");
    if (!f || !fgets(text, sizeof text, f))
        text[0] = '\0';
    if (f)
        fclose(f);
    ok(strncmp(text, "zcsync: listening on 127.0.0.1:", 31) == 0, "%s",
       strtok(text, "\n"));
    snprintf(s.port, sizeof s.port, "%s", strrchr(text, ':') + 1);
    return s;
}

static int stop(struct server *s, int sig)
{
    int status = -1;
    kill(s->pid, sig);
    waitpid(s->pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool log_has(const struct server *s, const char *what)
{
    char text[4096];
    FILE *f = fopen(s->log, "r");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    text[n] = '\0';
    if (f)
        fclose(f);
    return strstr(text, what);
}

static struct zc_share share = {.name = "s", .path = top};
static struct zc_serve_options options = {
    .listen = "127.0.0.1:0",
    .receive = {.shares = &share, .n_shares = 1},
};

static struct zc_transport *dial(const struct server *s)
{
    struct zc_transport *t = zc_dial("127.0.0.1", s->port, 5, &err);
    if (t)
        zc_transport_set_timeout(t, PATIENCE_S);
    return t ? zc_shake(t, ZC_ROLE_SENDER, true, &zc_security_plain, &err)
             : NULL;
}

static bool at_end(struct zc_transport *t)
{
    char c;
    return zc_transport_recv(t, &c, 1) <= 0 && errno != ETIMEDOUT;
}

static void sessions(void)
{
    struct server s = start(&options);
    struct zc_transport *a = dial(&s), *b = dial(&s), *c = dial(&s);
    is_int(ask(a, 'e'), 'e', "a session talks");
    is_int(ask(b, 'e'), 'e', "and another at the same time");
    is_int(ask(a, 's'), 'A' + 1 + 2, "confined, with all files allowed");
    tell(a, 'q');
    ok(at_end(a), "one ends");
    is_int(ask(b, 'e'), 'e', "the other goes on");
    tell(b, 'f');
    ok(at_end(b), "that one fails");
    tell(c, 'k');
    ok(at_end(c), "a third one dies");
    zc_transport_free(a);
    zc_transport_free(b);
    zc_transport_free(c);
    is_int(stop(&s, SIGTERM), 0, "SIGTERM ends it with 0");
    ok(log_has(&s, "session finished"), "the good end is logged");
    ok(log_has(&s, ": told to fail"), "the failure too");
    ok(log_has(&s, "127.0.0.1:"), "with the peer");
    ok(log_has(&s, "killed by signal 9"), "and the death");
    ok(!zc_dial("127.0.0.1", s.port, 5, &err), "nobody listens afterwards");
}

/* The peer of a failed session keeps sending and still hears the end rather
 * than a reset. */
static void failure_is_heard(void)
{
    struct server s = start(&options);
    struct zc_transport *t = dial(&s);
    char more[4096] = "", c;
    struct iovec iov = {more, sizeof more};
    tell(t, 'f');
    zc_transport_send(t, &iov, 1);
    is_int(zc_transport_recv(t, &c, 1), 0, "the end, not a reset");
    zc_transport_free(t);
    is_int(stop(&s, SIGINT), 0, "SIGINT ends it as well");
}

static bool says_full(void *server)
{
    return log_has(server, "refused: 2 connections");
}

static void limit(void)
{
    struct zc_serve_options two = options;
    two.max_connections = 2;
    struct server s = start(&two);
    struct zc_transport *t[3];
    for (int i = 0; i < 2; i++)
        t[i] = dial(&s);
    is_int(ask(t[0], 'e'), 'e', "one of two");
    is_int(ask(t[1], 'e'), 'e', "two of two");
    t[2] = dial(&s);
    ok(!t[2], "a third is closed: %s", err.text);
    ok(wait_until(says_full, &s), "and logged");
    tell(t[0], 'q');
    at_end(t[0]);
    for (int i = 0; i < 100; i++) { /* until the first is reaped */
        t[2] = dial(&s);
        if (t[2] && ask(t[2], 'e') == 'e')
            break;
        zc_transport_free(t[2]);
        t[2] = NULL;
        zc_clock_sleep_ns(20000000);
    }
    ok(t[2], "when one has ended there is room again");
    for (int i = 0; i < 3; i++)
        zc_transport_free(t[i]);
    is_int(stop(&s, SIGTERM), 0, "ends");
}

static int trust(void *arg, const uint8_t key[ZC_KEY_SIZE], struct zc_err *e)
{
    (void)arg;
    return zc_key_equal(key, identity->public_key)
               ? 0
               : zc_err_set(e, ZC_EXIT_START, 0, "somebody else");
}

static bool says_refused(void *server)
{
    return log_has(server, ": refused: the peer speaks plain only");
}

static void sealed(void)
{
    struct zc_serve_options o = options;
    struct zc_share one = share;
    struct zc_identity *own = zc_identity_new(&err);
    identity = zc_identity_new(&err);
    if (!own || !identity)
        return;
    struct zc_security sec = {.identity = own, .trust = trust};
    for (size_t i = 0; i < ZC_KEY_SIZE; i++)
        hidden[i] = identity->secret[i] ^ 0xa5;
    ok(knows_secret(), "the server has its private key");
    one.keys = (const uint8_t (*)[ZC_KEY_SIZE])own->public_key;
    one.n_keys = 1;
    o.identity = identity;
    o.receive.shares = &one;
    struct server s = start(&o);
    struct zc_transport *t = zc_dial("127.0.0.1", s.port, 5, &err);
    if (t)
        zc_transport_set_timeout(t, PATIENCE_S);
    t = t ? zc_shake(t, ZC_ROLE_SENDER, true, &sec, &err) : NULL;
    if (ok(t, "a sealed session: %s", err.text)) {
        is_int(ask(t, 'e'), 'e', "talks");
        is_int((uint8_t)ask(t, 'p'), own->public_key[0], "knows its peer");
        is_int(ask(t, 's'), 'A' + 1 + 2, "is confined");
        is_int(ask(t, 'm'), 'n', "and has no private key any more");
        tell(t, 'f');
        ok(at_end(t), "it ends");
        zc_transport_free(t);
    }
    ok(!dial(&s), "nobody gets in in plain");
    ok(strstr(err.text, "does not speak plain"), "%s", err.text);
    ok(wait_until(says_refused, &s), "who did not get in is logged");
    is_int(stop(&s, SIGTERM), 0, "the end");
    ok(log_has(&s, ": connected, "), "and who did");
    zc_identity_free(own);
    zc_identity_free(identity);
    identity = NULL;
}

static void stopping(void)
{
    char ended[300];
    snprintf(ended, sizeof ended, "%s/ended", top);
    unlink(ended);
    struct server s = start(&options);
    struct zc_transport *t = dial(&s);
    is_int(ask(t, 'e'), 'e', "a session is on");
    int64_t from = zc_clock_ns();
    is_int(stop(&s, SIGTERM), 0, "SIGTERM in its middle");
    ok(zc_clock_ns() - from < 5 * ZC_NSEC_PER_SEC, "ends it at once");
    ok(exists(ended), "and lets it clean up");
    zc_transport_free(t);

    s = start(&options);
    t = dial(&s);
    is_int(ask(t, 'e'), 'e', "a session");
    tell(t, 'h');
    kill(s.pid, SIGTERM);
    zc_clock_sleep_ns(ZC_NSEC_PER_SEC / 2);
    from = zc_clock_ns();
    is_int(stop(&s, SIGTERM), 0, "that hangs: a second SIGTERM");
    ok(zc_clock_ns() - from < 5 * ZC_NSEC_PER_SEC, "does not wait");
    ok(at_end(t), "and the session is gone");
    zc_transport_free(t);
}

static void refused(const char *what, struct zc_serve_options opt, int code,
                    const char *why)
{
    memset(&err, 0, sizeof err);
    is_int(zc_serve_run(&opt, &err), -1, "%s", what);
    is_int(err.code, code, "the exit code");
    ok(strstr(err.text, why), "%s", err.text);
}

static void usage(void)
{
    static const char *const bad[] = {"", "a/b", "a:b", "a\nb", "..", "\x7f"};
    struct zc_serve_options o = options;
    o.listen = "0.0.0.0:0";
    refused("other hosts, not plain", o, ZC_EXIT_USAGE, "--plain");
    o.listen = "a:b:c";
    refused("no address", o, ZC_EXIT_USAGE, "a:b:c");
    o.listen = options.listen;

    static const uint8_t keys[1][ZC_KEY_SIZE] = {{1}};
    struct zc_share keyed = share;
    keyed.keys = keys;
    keyed.n_keys = 1;
    o.receive.shares = &keyed;
    refused("keys without an identity", o, ZC_EXIT_USAGE, "needs an identity");
    o.receive.shares = &share;
    o.identity = zc_identity_new(&err);
    refused("an identity without keys", o, ZC_EXIT_USAGE, "has no keys");
    zc_identity_free(o.identity);
    o.identity = NULL;

    struct zc_share two[] = {share, share};
    o.receive.shares = two;
    o.receive.n_shares = 2;
    refused("one name twice", o, ZC_EXIT_USAGE, "twice");
    o.receive.n_shares = 1;
    for (size_t i = 0; i < ZC_ARRAY_LEN(bad); i++) {
        two[0].name = bad[i];
        refused("a bad name", o, ZC_EXIT_USAGE, "cannot name a share");
    }
    two[0].name = "s";
    two[0].path = "/nonexistent/zcsync";
    refused("no such path", o, ZC_EXIT_SELECT, "/nonexistent/zcsync");
    two[0].path = "/dev/null";
    refused("no directory", o, ZC_EXIT_SELECT, "/dev/null");
    o.receive.n_shares = 0;
    refused("no share", o, ZC_EXIT_USAGE, "NAME=PATH");
}

static void embedded(void)
{
    pid_t pid;
    struct zc_transport *t = zc_serve_embedded(top, NULL, &pid, &err);
    ok(t, "an embedded receiver");
    is_int(ask(t, 's'), 'A' + 1 + 2 + 4, "confined, and knows what it is");
    kill(pid, SIGINT);
    kill(pid, SIGTERM);
    is_int(ask(t, 'e'), 'e', "Ctrl-C is the sender's business");
    zc_transport_free(t);
    zc_serve_embedded_end(pid);
    is_int(kill(pid, 0), -1, "it ends with the connection, and is reaped");

    t = zc_serve_embedded("/nonexistent/zcsync", NULL, &pid, &err);
    ok(t && at_end(t), "one that cannot start ends the connection");
    zc_transport_free(t);
    zc_serve_embedded_end(pid);
}

/* zc_serve_stdio in a child, over pipes or over a socket. */
static void stdio(bool socket)
{
    int in[2], out[2], status;
    if (socket) {
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in))
            return;
        out[0] = fcntl(in[1], F_DUPFD_CLOEXEC, 0);
        out[1] = fcntl(in[0], F_DUPFD_CLOEXEC, 0);
    } else if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC)) {
        return;
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct zc_err e = {0};
        dup2(in[0], 0);
        dup2(out[1], 1);
        for (int i = 0; i < 2; i++) {
            close(in[i]);
            close(out[i]);
        }
        int r = zc_serve_stdio(&options.receive, false, &e);
        printf("# this goes to stderr\n");
        exit(r ? e.code : 0); /* exit: the leak check runs, confined */
    }
    close(in[0]);
    close(out[1]);
    struct zc_transport *t = zc_transport_new_fds(out[0], in[1], "child");
    zc_transport_set_timeout(t, PATIENCE_S);
    t = zc_shake(t, ZC_ROLE_SENDER, true, &zc_security_plain, &err);
    const char *kind = socket ? "socket" : "pipes";
    is_int(ask(t, 'e'), 'e', "a session over stdio (%s)", kind);
    kill(pid, SIGTERM);
    ok(at_end(t), "SIGTERM ends it, with no stray bytes");
    waitpid(pid, &status, 0);
    is_int(WIFEXITED(status) ? WEXITSTATUS(status) : -1, ZC_EXIT_STREAM,
           "as a stream that ended");
    zc_transport_free(t);
}

int main(void)
{
    const char *tmp = getenv("TMPDIR");
    char command[300];

    zc_fds_raise(); /* as the program does when it starts */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_DFL); /* a shell may have us ignore it */
    snprintf(top, sizeof top, "%.200s/zcsync-serve.XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(top))
        skip_all("no temporary directory: %s", strerror(errno));
    sessions();
    failure_is_heard();
    limit();
    sealed();
    usage();
    embedded();
    if (SIGNALS_WAIT) {
        skip(1, "ThreadSanitizer delays signals");
    } else {
        stopping();
        stdio(false);
        stdio(true);
    }
    snprintf(command, sizeof command, "rm -rf '%s'", top);
    ok(system(command) == 0, "cleaned up");
    return done_testing();
}
