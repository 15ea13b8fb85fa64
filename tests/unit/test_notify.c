// SPDX-License-Identifier: GPL-2.0-or-later
/* What the service manager hears, and the sockets it hands over. */
#include "daemon/notify.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/activate.h"

#include "../tap.h"
#include "scratch.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

/* A manager's socket at PATH ('@': abstract). */
static int manager(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    memcpy(at.sun_path, path, n);
    if (path[0] == '@')
        at.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bind(fd, (struct sockaddr *)&at,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)))
        skip_all("bind: %s", strerror(errno));
    return fd;
}

static const char *hear(int fd)
{
    static char text[1000];
    ssize_t n = recv(fd, text, sizeof text - 1, 0);
    text[ZC_MAX(n, 0)] = '\0';
    return text;
}

static void talk(const char *path)
{
    struct zc_notify n;
    int fd = manager(path);
    setenv("NOTIFY_SOCKET", path, 1);
    zc_notify_init(&n);
    ok(n.fd >= 0, "a manager at %.20s", path);
    ok(!getenv("NOTIFY_SOCKET"), "children do not inherit the socket");
    zc_notify_ready(&n);
    is_str(hear(fd), "READY=1\n", "ready");
    zc_notify_watchdog(&n);
    is_str(hear(fd), "WATCHDOG=1\n", "alive");

    int64_t before = zc_clock_ns() / 1000;
    zc_notify_reloading(&n);
    long long usec = 0;
    is_int(sscanf(hear(fd), "RELOADING=1\nMONOTONIC_USEC=%lld\n", &usec), 1,
           "reloading");
    ok(usec >= before && usec <= zc_clock_ns() / 1000, "with the time");

    ok(zc_notify_status(&n, "one") == INT64_MAX, "a status");
    is_str(hear(fd), "STATUS=one\n", "is told");
    ok(zc_notify_status(&n, "one") == INT64_MAX, "the same again");
    is_str(hear(fd), "", "is not");
    int64_t wait = zc_notify_status(&n, "two");
    ok(wait > 0 && wait <= ZC_NSEC_PER_SEC, "another one has to wait");
    is_str(hear(fd), "", "a little");
    n.status_at -= ZC_NSEC_PER_SEC;
    ok(zc_notify_status(&n, "two") == INT64_MAX, "and then");
    is_str(hear(fd), "STATUS=two\n", "is told");

    zc_notify_stopping(&n);
    ok(strstr(hear(fd), "STOPPING=1\n"), "stopping");
    zc_notify_fini(&n);
    close(fd);
}

static void nobody_listens(void)
{
    struct zc_notify n;
    unsetenv("NOTIFY_SOCKET");
    setenv("WATCHDOG_USEC", "1000000", 1);
    zc_notify_init(&n);
    ok(n.fd < 0 && n.watchdog_us == 0, "no manager, no watchdog");
    zc_notify_ready(&n);
    ok(zc_notify_status(&n, "x") == INT64_MAX, "and all is quiet");

    static const char *const bad[] = {"relative", "@", "/", "/nowhere/at/all"};
    zc_log_level = ZC_LOG_ERROR;
    for (size_t i = 0; i < ZC_ARRAY_LEN(bad); i++) {
        setenv("NOTIFY_SOCKET", bad[i], 1);
        zc_notify_init(&n);
        ok(n.fd < 0, "no manager at %s", bad[i]);
    }
}

static uint64_t watchdog(const char *usec, const char *pid)
{
    struct zc_notify n;
    int fd = manager("@zcsync-test-watchdog");
    setenv("NOTIFY_SOCKET", "@zcsync-test-watchdog", 1);
    setenv("WATCHDOG_USEC", usec, 1);
    if (pid)
        setenv("WATCHDOG_PID", pid, 1);
    zc_notify_init(&n);
    ok(!getenv("WATCHDOG_USEC") && !getenv("WATCHDOG_PID"), "not inherited");
    zc_notify_fini(&n);
    close(fd);
    return n.watchdog_us;
}

static void watchdogs(void)
{
    char own[20], other[20];
    snprintf(own, sizeof own, "%d", (int)getpid());
    snprintf(other, sizeof other, "%d", (int)getpid() + 1);
    is_int(watchdog("30000000", NULL), 30000000, "a watchdog");
    is_int(watchdog("30000000", own), 30000000, "for this process");
    is_int(watchdog("30000000", other), 0, "for another one");
    is_int(watchdog("soon", NULL), 0, "none that is no number");
    is_int(watchdog("-1", NULL), 0, "nor a negative one");
}

/* In a child, whose descriptors 3, 4, ... are FDS. Its exit code: control
 * socket 100, each TCP socket 1; 200: refused. */
static int activated(const int *fds, int n, const char *count, pid_t pid)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct zc_activated a;
        struct zc_err err;
        char text[20];
        int high[8];
        for (int i = 0; i < n; i++)
            high[i] = fcntl(fds[i], F_DUPFD, 50);
        for (int i = 0; i < n; i++)
            dup2(high[i], 3 + i);
        snprintf(text, sizeof text, "%d", (int)(pid ? pid : getpid()));
        setenv("LISTEN_PID", text, 1);
        setenv("LISTEN_FDS", count, 1);
        setenv("LISTEN_FDNAMES", "a:b", 1);
        if (zc_activate_take(&a, &err))
            _exit(200);
        int code = (int)a.n_listen + (a.control >= 0 ? 100 : 0);
        for (size_t i = 0; i < a.n_listen; i++)
            if (!(fcntl(a.listen[i], F_GETFL) & O_NONBLOCK) ||
                !(fcntl(a.listen[i], F_GETFD) & FD_CLOEXEC))
                code = 201;
        if (getenv("LISTEN_PID") || getenv("LISTEN_FDS") ||
            getenv("LISTEN_FDNAMES"))
            code = 202;
        zc_activate_close(&a);
        _exit(code);
    }
    int status;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int tcp_listener(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, 1))
        skip_all("listen: %s", strerror(errno));
    return fd;
}

static void activation(const char *dir)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%.80s/unix", dir);
    int local = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(local, (struct sockaddr *)&at, sizeof at) || listen(local, 1))
        skip_all("listen: %s", strerror(errno));
    int tcp[] = {tcp_listener(), tcp_listener()};
    int file = open("/dev/null", O_RDONLY);
    int udp = socket(AF_INET, SOCK_DGRAM, 0);

    is_int(activated(tcp, 2, "2", 0), 2, "two TCP sockets");
    is_int(activated((int[]){tcp[0], local}, 2, "2", 0), 101,
           "one, and the control socket");
    is_int(activated(tcp, 0, "0", 0), 0, "none");
    is_int(activated(tcp, 2, "2", 1), 0, "those of another process");
    is_int(activated((int[]){local, local}, 2, "2", 0), 200,
           "two control sockets are one too many");
    is_int(activated(&file, 1, "1", 0), 200, "a file is no socket");
    is_int(activated(&udp, 1, "1", 0), 200, "UDP is not served");
    is_int(activated(tcp, 1, "1000", 0), 200, "a thousand are too many");
    is_int(activated(tcp, 1, "one", 0), 200, "LISTEN_FDS is a number");
}

int main(void)
{
    close(scratch());
    char path[300];
    snprintf(path, sizeof path, "%.90s/notify", scratch_path);
    talk(path);
    snprintf(path, sizeof path, "@zcsync-test-%d", (int)getpid());
    talk(path);
    nobody_listens();
    watchdogs();
    activation(scratch_path);
    return done_testing();
}
