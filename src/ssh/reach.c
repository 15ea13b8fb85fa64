// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A stream to a host. ProxyJump a,b for c, as ssh(1) has it: b is the hop
 * before c, and is itself reached through a; a is reached as its own
 * configuration says. So the last of the list is opened, with the rest as its
 * ProxyJump, and what the user has given for c (-o, -i) is not for the hops.
 */
#include "ssh/open.h"

#include "base/clock.h"
#include "net/dial.h"
#include "net/spawn.h"
#include "ssh/hop.h"

#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define HOPS_MAX 8
#define PROXY_END_MS 1000 /* for a ProxyCommand to end, once it was told to */

/* --- jump hosts --- */

static int open_hop(struct zc_ssh *s, const struct zc_ssh_hop *h,
                    const char *rest, struct zc_err *err)
{
    struct zc_ssh_place place = {.user = h->user, .host = h->host};
    struct zc_ssh_options o = s->o;
    o.port = h->port;
    o.jump = rest;
    o.identity_files = NULL;
    o.identity_file_count = 0;
    o.lines = NULL;
    o.line_count = 0;
    s->via = zc_ssh_login(&place, &o, s->depth + 1, err);
    return s->via ? 0 : -1;
}

static int reach_jump(struct zc_ssh *s, struct zc_err *err)
{
    int fd = -1;
    struct zc_ssh_hop h;
    zc_auto_free char *list = zc_ssh_expand(&s->c, s->c.proxy_jump, false, err);
    if (!list)
        return -1;
    char *comma = strrchr(list, ',');
    if (comma)
        *comma = '\0';
    if (!zc_ssh_hop_parse(comma ? comma + 1 : list, &h))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "\"%.200s\" is no list of jump hosts for %s: "
                          "[USER@]HOST[:PORT] with commas between them",
                          s->c.proxy_jump, s->c.host);
    if (s->depth >= HOPS_MAX)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "there are more than %d jump hosts on the way, the "
                          "last of them %s: is one reached through itself?",
                          HOPS_MAX, h.host);
    if (open_hop(s, &h, comma ? list : NULL, err))
        return -1;
    return zc_ssh_forward(s->via, s->c.hostname, s->c.port, &fd, err) ? -1 : fd;
}

/* --- a program of the user's --- */

static int reach_proxy(struct zc_ssh *s, struct zc_err *err)
{
    int pair[2];
    struct zc_buf b = ZC_BUF_INIT;
    zc_auto_free char *command =
        zc_ssh_expand(&s->c, s->c.proxy_command, false, err);
    if (!command)
        return -1;
    zc_buf_printf(&b, "exec %s", command);
    zc_buf_put(&b, "", 1);
    char *argv[] = {"/bin/sh", "-c", (char *)b.data, NULL};
    int why = b.failed ? ENOMEM : 0;
    if (!why && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        why = errno;
    if (!why) {
        why = zc_spawn(argv, (const int[]){pair[1], pair[1], -1}, &s->proxy);
        close(pair[1]);
        if (why) {
            s->proxy = 0;
            close(pair[0]);
        }
    }
    zc_buf_fini(&b);
    if (why)
        return zc_err_set(err, ZC_EXIT_START, why,
                          "could not run the ProxyCommand for %s", s->c.host);
    return pair[0];
}

static void end_proxy(pid_t pid)
{
    for (int ms = 0; ms < 2 * PROXY_END_MS; ms += 10) {
        if (ms == 0)
            kill(pid, SIGTERM); /* SIGHUP may be ignored: nohup */
        else if (ms == PROXY_END_MS)
            kill(pid, SIGKILL);
        pid_t r = waitpid(pid, NULL, WNOHANG);
        if (r == pid || (r < 0 && errno != EINTR))
            return;
        zc_clock_sleep_ns(10 * 1000000);
    }
}

/* --- TCP --- */

static void note_address(struct zc_ssh *s, int fd)
{
    struct sockaddr_storage a;
    socklen_t n = sizeof a;
    static const char mapped[] = "::ffff:";
    if (getpeername(fd, (struct sockaddr *)&a, &n) ||
        getnameinfo((struct sockaddr *)&a, n, s->address, sizeof s->address,
                    NULL, 0, NI_NUMERICHOST))
        *s->address = '\0';
    size_t skip = sizeof mapped - 1;
    if (!strncmp(s->address, mapped, skip) && strchr(s->address, '.'))
        memmove(s->address, s->address + skip, strlen(s->address + skip) + 1);
}

static int reach_tcp(struct zc_ssh *s, struct zc_err *err)
{
    char port[16];
    snprintf(port, sizeof port, "%u", s->c.port);
    int fd = zc_dial_fd(s->c.hostname, port, s->c.family, s->contimeout_s,
                        s->o.stop, err);
    if (fd >= 0)
        note_address(s, fd);
    return fd;
}

int zc_ssh_reach(struct zc_ssh *s, struct zc_err *err)
{
    if (s->c.proxy_jump)
        return reach_jump(s, err);
    return s->c.proxy_command ? reach_proxy(s, err) : reach_tcp(s, err);
}

void zc_ssh_unreach(struct zc_ssh *s, struct zc_err *err)
{
    if (s->via)
        zc_ssh_end(s->via, 0, NULL, err);
    if (s->proxy > 0)
        end_proxy(s->proxy);
}
