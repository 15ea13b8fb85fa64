// SPDX-License-Identifier: GPL-2.0-or-later
/* Fencing: processes that serve one origin, old and new. */
#include "daemon/fence.h"

#include "../tap.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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
    zc_fence_started(f, c.slot, c.pid);
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

static int end(struct zc_fence *f, struct child *c)
{
    int status = 0;
    kill(c->pid, SIGKILL);
    waitpid(c->pid, &status, 0);
    zc_fence_give_back(f, c->slot);
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
    int status = end(f, &a);
    is_int(WIFSIGNALED(status) ? WTERMSIG(status) : 0, SIGTERM, "by SIGTERM");
    struct child c = start(f, one, false);
    is_int(said(&c), 'y', "a third, in the slot of the first");
    ok(c.slot == a.slot, "which was free");
    ok(!lives(&b), "the second has ended, though its slot is a later one");
    end(f, &b);
    end(f, &c);
    end(f, &other);
    zc_fence_free(f);
}

static void late(void)
{
    struct zc_fence *f = zc_fence_new();
    struct zc_err err = {0};
    struct zc_fence_slot *early = zc_fence_take(f);
    zc_fence_started(f, early, getpid());
    struct child new = start(f, one, false);
    is_int(said(&new), 'y', "the newer one enters first");
    is_int(zc_fence_enter(f, early, one, &err), -1, "the older one comes late");
    ok(strstr(err.text, "newer connection"), "which is said");
    ok(lives(&new), "the newer one goes on");
    zc_fence_give_back(f, early);
    end(f, &new);
    zc_fence_free(f);
}

static void deaf(void)
{
    struct zc_fence *f = zc_fence_new();
    struct child a = start(f, one, true);
    is_int(said(&a), 'y', "one that ignores SIGTERM");
    struct child b = start(f, one, false);
    is_int(said(&b), 'y', "has a successor");
    int status = end(f, &a);
    is_int(WIFSIGNALED(status) ? WTERMSIG(status) : 0, SIGKILL, "is killed");
    end(f, &b);
    zc_fence_free(f);
}

static void many(void)
{
    struct zc_fence *f = zc_fence_new();
    struct zc_fence_slot *first = zc_fence_take(f), *slot = first;
    size_t n = 0;
    for (; slot; n++)
        slot = zc_fence_take(f);
    is_int((long)n, 4096, "so many slots");
    zc_fence_give_back(f, first);
    ok(zc_fence_take(f) == first, "one that came back is given again");
    zc_fence_give_back(f, NULL);
    zc_fence_free(f);
    zc_fence_free(NULL);
}

/* The mapping of the table, as /proc/self/maps has it: its rights and size. */
static char *find_table(char rights[8], size_t *size)
{
    char line[512];
    unsigned long from = 0, to;
    bool found = false;
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps && !found && fgets(line, sizeof line, maps))
        found = sscanf(line, "%lx-%lx %7s", &from, &to, rights) == 3 &&
                strstr(line, "/memfd:zcsync-fence");
    if (maps)
        fclose(maps);
    *size = found ? to - from : 0;
    return found ? (char *)from : NULL;
}

/* What a receiver can do about the table. */
static int meddle(void)
{
    char rights[8];
    size_t size;
    char *table = find_table(rights, &size);
    if (!table || strcmp(rights, "r--s") != 0)
        return 1;
    if (mprotect(table, size, PROT_READ | PROT_WRITE) == 0)
        return 2;
    munmap(table, size);
    return find_table(rights, &size) ? 3 : 0; /* there is no other */
}

static void sealed(void)
{
    struct zc_fence *f = zc_fence_new();
    struct zc_fence_slot *slot = zc_fence_take(f);
    int status = -1;
    pid_t pid = fork();
    if (pid == 0)
        _exit(meddle());
    waitpid(pid, &status, 0);
    is_int(status, 0, "a receiver cannot write a pid into the table");
    pid = fork();
    if (pid == 0) {
        char rights[8];
        size_t size;
        zc_fence_forget(f);
        _exit(find_table(rights, &size) != NULL);
    }
    waitpid(pid, &status, 0);
    is_int(status, 0, "and one that has forgotten it cannot see it");
    zc_fence_give_back(f, slot);
    zc_fence_free(f);
}

int main(void)
{
    sealed();
    generations();
    late();
    deaf();
    many();
    return done_testing();
}
