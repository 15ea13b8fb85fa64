// SPDX-License-Identifier: GPL-2.0-or-later
/* Fencing: processes that serve one origin, old and new. */
#include "daemon/fence.h"

#include "../tap.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const uint8_t one[ZC_ORIGIN_SIZE] = {1}, two[ZC_ORIGIN_SIZE] = {2};

struct child {
    struct zc_fence_slot *slot;
    pid_t pid;
    int out; /* what zc_fence_enter returned, as a byte */
};

/* A process that enters ORIGIN and then waits for a signal, deaf to SIGTERM or
 * not. */
static struct child start(struct zc_fence *f, const uint8_t *origin, bool deaf)
{
    struct child c = {.slot = zc_fence_take(f)};
    int p[2];
    if (pipe(p))
        abort();
    c.pid = fork();
    if (c.pid == 0) {
        struct zc_err err = {0};
        close(p[0]);
        if (deaf)
            signal(SIGTERM, SIG_IGN);
        char said = (char)(zc_fence_enter(f, c.slot, origin, &err) ? 'n' : 'y');
        (void)!write(p[1], &said, 1);
        for (;;)
            pause();
    }
    close(p[1]);
    c.out = p[0];
    return c;
}

static char said(const struct child *c)
{
    char byte = '?';
    return read(c->out, &byte, 1) == 1 ? byte : '?';
}

static bool lives(const struct child *c)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) ==
               0 && info.si_pid == 0;
}

static int end(struct child *c)
{
    int status = 0;
    kill(c->pid, SIGKILL);
    waitpid(c->pid, &status, 0);
    zc_fence_give_back(c->slot);
    close(c->out);
    return status;
}

static void generations(void)
{
    struct zc_fence *f = zc_fence_new();
    struct child a = start(f, one, false);
    is_int(said(&a), 'y', "the first of its origin");
    struct child other = start(f, two, false);
    is_int(said(&other), 'y', "another origin");
    ok(lives(&a), "leaves it alone");
    struct child b = start(f, one, false);
    is_int(said(&b), 'y', "a second of the first origin");
    ok(!lives(&a), "the first has ended by then");
    ok(lives(&other), "and nobody else");
    int status = end(&a);
    is_int(WIFSIGNALED(status) ? WTERMSIG(status) : 0, SIGTERM, "by SIGTERM");
    struct child c = start(f, one, false);
    is_int(said(&c), 'y', "a third, in the slot of the first");
    ok(c.slot == a.slot, "which was free");
    ok(!lives(&b), "the second has ended, though its slot is a later one");
    end(&b);
    end(&c);
    end(&other);
    zc_fence_free(f);
}

static void late(void)
{
    struct zc_fence *f = zc_fence_new();
    struct zc_err err = {0};
    struct zc_fence_slot *early = zc_fence_take(f);
    struct child new = start(f, one, false);
    is_int(said(&new), 'y', "the newer one enters first");
    is_int(zc_fence_enter(f, early, one, &err), -1, "the older one comes late");
    ok(strstr(err.text, "newer connection"), "which is said");
    ok(lives(&new), "the newer one goes on");
    zc_fence_give_back(early);
    end(&new);
    zc_fence_free(f);
}

static void deaf(void)
{
    struct zc_fence *f = zc_fence_new();
    struct child a = start(f, one, true);
    is_int(said(&a), 'y', "one that ignores SIGTERM");
    struct child b = start(f, one, false);
    is_int(said(&b), 'y', "has a successor");
    int status = end(&a);
    is_int(WIFSIGNALED(status) ? WTERMSIG(status) : 0, SIGKILL, "is killed");
    end(&b);
    zc_fence_free(f);
}

static void many(void)
{
    struct zc_fence *f = zc_fence_new();
    struct zc_fence_slot *first = zc_fence_take(f), *slot = first;
    size_t n = 0;
    for (; slot; n++)
        slot = zc_fence_take(f);
    is_int((long)n, 65536, "so many slots");
    zc_fence_give_back(first);
    ok(zc_fence_take(f) == first, "one that came back is given again");
    zc_fence_give_back(NULL);
    zc_fence_free(f);
    zc_fence_free(NULL);
}

int main(void)
{
    generations();
    late();
    deaf();
    many();
    return done_testing();
}
