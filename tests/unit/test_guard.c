// SPDX-License-Identifier: GPL-2.0-or-later
/* Mapped files that are cut while they are read, in several threads, and SIGBUS
 * for other reasons. */
#include "move/guard.h"

#include "../tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define PAGES 64
#define ROUNDS 200

static size_t page;
static volatile sig_atomic_t others; /* signals that were not ours */
static sigjmp_buf out_of_fault;

static void other_handler(int sig)
{
    (void)sig;
    others++;
}

static void fault_handler(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    others++;
    if (info->si_code > 0)
        siglongjmp(out_of_fault, 1);
}

/* PAGES pages of ones, mapped; *FD is the file. */
static uint8_t *mapped(int *fd)
{
    *fd = memfd_create("test", MFD_CLOEXEC);
    if (*fd < 0 || ftruncate(*fd, (off_t)(PAGES * page)))
        skip_all("no memory file");
    uint8_t *p = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_SHARED,
                      *fd, 0);
    if (p == MAP_FAILED)
        skip_all("no memory");
    memset(p, 1, PAGES * page);
    munmap(p, PAGES * page);
    return mmap(NULL, PAGES * page, PROT_READ, MAP_PRIVATE, *fd, 0);
}

/* How many of the N bytes at P are not zero. */
static size_t sum(const uint8_t *p, size_t n)
{
    size_t s = 0;
    for (size_t i = 0; i < n; i++)
        s += ((const volatile uint8_t *)p)[i];
    return s;
}

static void one(void)
{
    int fd;
    uint8_t *p = mapped(&fd);
    is_int(zc_guard_begin(p, PAGES * page), 0, "a window");
    is_int(sum(p, PAGES * page), PAGES * page, "as it is");
    ok(!zc_guard_end(), "no fault");

    is_int(ftruncate(fd, (off_t)(5 * page + 7)), 0, "the file is cut");
    zc_guard_begin(p, PAGES * page);
    is_int(sum(p, 4 * page), 4 * page, "what is left");
    is_int(sum(p, PAGES * page), 5 * page + 7, "and zeros");
    is_int((const uint8_t *)zc_guard_end() - p, 6 * page, "the first fault");

    /* What has become of it stays, without a window. */
    is_int(sum(p, PAGES * page), 5 * page + 7, "still");
    zc_guard_begin(p, PAGES * page);
    ok(!zc_guard_end(), "the fault is forgotten");
    munmap(p, PAGES * page);
    close(fd);

    /* The last byte of the window, and the first behind it. */
    p = mapped(&fd);
    is_int(ftruncate(fd, 0), 0, "all of it is cut");
    zc_guard_begin(p, 2 * page);
    is_int(sum(p + 2 * page - 1, 1), 0, "the last byte");
    is_int((const uint8_t *)zc_guard_end() - p, 2 * page - 1, "is in it");
    others = 0;
    zc_guard_begin(p, 2 * page);
    if (!sigsetjmp(out_of_fault, 1))
        sum(p + 2 * page, 1);
    zc_guard_end();
    is_int(others, 1, "the next one is not");
    munmap(p, PAGES * page);
    close(fd);
}

static void foreign(void)
{
    int fd;
    uint8_t *p = mapped(&fd);
    is_int(ftruncate(fd, 0), 0, "a file without a window");
    others = 0;
    if (!sigsetjmp(out_of_fault, 1))
        sum(p, 1);
    is_int(others, 1, "goes to the handler of before");
    zc_guard_begin(p, page);
    kill(getpid(), SIGBUS);
    is_int(others, 2, "and so does a signal from elsewhere");
    ok(!zc_guard_end(), "which is no fault");
    munmap(p, PAGES * page);
    close(fd);
}

/* Its signal was blocked in this thread. */
static void *reader(void *arg)
{
    uintptr_t good = 1;
    sigset_t all;
    (void)arg;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        int fd;
        uint8_t *p = mapped(&fd);
        size_t left = (size_t)(i % PAGES);
        if (ftruncate(fd, (off_t)(left * page)) ||
            zc_guard_begin(p, PAGES * page) ||
            sum(p, PAGES * page) != left * page ||
            (const uint8_t *)zc_guard_end() != p + left * page)
            good = 0;
        munmap(p, PAGES * page);
        close(fd);
    }
    return (void *)good;
}

static void threads(void)
{
    pthread_t t[4];
    int good = 0;
    for (size_t i = 0; i < ZC_ARRAY_LEN(t); i++)
        pthread_create(&t[i], NULL, reader, NULL);
    for (size_t i = 0; i < ZC_ARRAY_LEN(t); i++) {
        void *result;
        pthread_join(t[i], &result);
        good += result != NULL;
    }
    is_int(good, ZC_ARRAY_LEN(t), "each thread has its own window");
}

enum deed { FAULT, SIGNAL, IGNORED };

/* What becomes of a process that had no handler of its own. */
static int fate(enum deed deed)
{
    int status = 0, fd;
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, STDERR_FILENO); /* a sanitizer's report */
        signal(SIGBUS, deed == IGNORED ? SIG_IGN : SIG_DFL);
        uint8_t *p = mapped(&fd);
        if (zc_guard_begin(p, page))
            _exit(1);
        zc_guard_end();
        if (deed != FAULT)
            raise(SIGBUS);
        else if (!ftruncate(fd, 0))
            sum(p, 1);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

int main(void)
{
    struct sigaction sa = {.sa_handler = other_handler};
    page = (size_t)sysconf(_SC_PAGESIZE);
    alarm(120);
    is_int(fate(FAULT), SIGBUS, "a fault without a window kills");
    is_int(fate(SIGNAL), SIGBUS, "a signal kills");
    is_int(fate(IGNORED), 0, "one that is ignored does not");

    pid_t pid = fork();
    if (pid == 0) { /* a handler without SA_SIGINFO */
        int fd;
        uint8_t *p = mapped(&fd);
        sigaction(SIGBUS, &sa, NULL);
        zc_guard_begin(p, page);
        zc_guard_end();
        raise(SIGBUS);
        _exit(others == 1 ? 0 : 1);
    }
    int status = -1;
    waitpid(pid, &status, 0);
    is_int(status, 0, "a plain handler is kept");

    sa = (struct sigaction){.sa_sigaction = fault_handler,
                            .sa_flags = SA_SIGINFO};
    sigaction(SIGBUS, &sa, NULL);
    one();
    foreign();
    threads();
    return done_testing();
}
