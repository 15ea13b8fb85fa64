// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pushes in turns; see bench_to.h. Each is a process of its own, so that what it
 * costs is told by the kernel.
 */
#include "cli/bench_to.h"

#include "base/clock.h"
#include "base/text.h"
#include "bench/card.h"
#include "bench/series.h"
#include "bench/source.h"
#include "cli/bench_show.h"
#include "cli/signals.h"
#include "net/endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define WORDS_MAX 64 /* of a command line, the caller's included */

struct pushes {
    const struct zc_bench_to *b;
    char top[4096];   /* a directory of ours */
    const char *name; /* its last part, and that of the file in it */
    bool sent;        /* something may be at DEST */
    struct cell {
        enum zc_mover_kind kind;
        double seconds[ZC_BENCH_ROUNDS_MAX], cpu_s[ZC_BENCH_ROUNDS_MAX];
    } cells[ZC_MOVER_LAST + 1];
    unsigned n_cells;
};

/* --- a push --- */

struct words {
    const char *v[WORDS_MAX + 1];
    size_t n;
};

static void word(struct words *w, const char *text)
{
    if (w->n < WORDS_MAX)
        w->v[w->n++] = text;
}

static void begin_words(struct words *w, const struct zc_bench_to *b)
{
    word(w, "zcsync");
    word(w, "push");
    word(w, "--quiet");
    for (size_t i = 0; i < b->n; i++)
        word(w, b->options[i]);
}

static _Noreturn void push_main(struct words *w)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0)
        dup2(null, STDIN_FILENO);
    execv("/proc/self/exe", (char *const *)w->v);
    _exit(ZC_EXIT_FILEIO);
}

/* What it took goes to *SECONDS and *CPU_S. -1 with a sentence; the push has said
 * its own. */
static int push(struct words *w, double *seconds, double *cpu_s,
                struct zc_err *err)
{
    struct rusage u;
    int status;
    if (w->n == WORDS_MAX)
        return zc_err_set(err, ZC_EXIT_USAGE, 0, "too many options of push");
    int64_t begin = zc_clock_ns();
    pid_t pid = fork();
    if (!pid)
        push_main(w);
    if (pid < 0)
        return zc_err_errno(err, "start a process");
    while (wait4(pid, &status, 0, &u) < 0) {
        if (errno != EINTR)
            return zc_err_errno(err, "wait for a process");
        if (atomic_load(zc_signals_stop()))
            kill(pid, SIGTERM); /* it may have come to us alone */
    }
    *seconds = (double)(zc_clock_ns() - begin) / ZC_NSEC_PER_SEC;
    *cpu_s = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
             (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
    if (atomic_load(zc_signals_stop()))
        return zc_err_set(err, ZC_EXIT_SIGNAL, 0, "stopped by %s",
                          zc_signals_name());
    if (!WIFEXITED(status))
        return zc_err_set(err, ZC_EXIT_SOCKET, 0, "a push has died");
    return WEXITSTATUS(status)
               ? zc_err_set(err, (enum zc_exit)WEXITSTATUS(status), 0,
                            "a push could not be done")
               : 0;
}

static int push_file(struct pushes *p, enum zc_mover_kind kind, double *seconds,
                     double *cpu_s, struct zc_err *err)
{
    struct words w = {.n = 0};
    char mover[64], path[4352];
    snprintf(mover, sizeof mover, "--mover=%s", zc_mover_name(kind));
    snprintf(path, sizeof path, "%s/%s", p->top, p->name);
    begin_words(&w, p->b);
    word(&w, "--ignore-times"); /* sent again, and all of it */
    word(&w, "--whole-file");
    word(&w, mover);
    word(&w, path);
    word(&w, p->b->to);
    int r = push(&w, seconds, cpu_s, err);
    /* Else it was refused before a byte. */
    p->sent |= !r || (err->code != ZC_EXIT_START && err->code != ZC_EXIT_USAGE);
    return r;
}

/* Takes the file away from DEST, and touches nothing else there. */
static int take_away(struct pushes *p, struct zc_err *err)
{
    struct words w = {.n = 0};
    char list[4352], from[4400], top[4352];
    double ignored;
    snprintf(list, sizeof list, "%s/list", p->top);
    snprintf(from, sizeof from, "--files-from=%s", list);
    snprintf(top, sizeof top, "%s/nothing/", p->top);
    FILE *f = fopen(list, "we");
    if (!f || fprintf(f, "%s\n", p->name) < 0 || fclose(f) ||
        mkdir(top, 0700))
        return zc_err_set(err, ZC_EXIT_FILEIO, errno, "%.900s: cannot be "
                          "written", list);
    static const char *const plain[] = {
        "--no-perms", "--no-owner",  "--no-group",
        "--no-times", "--no-xattrs", "--no-acls"};
    begin_words(&w, p->b);
    for (size_t i = 0; i < ZC_ARRAY_LEN(plain); i++)
        word(&w, plain[i]);
    word(&w, "--delete-missing-args");
    word(&w, from);
    word(&w, top);
    word(&w, p->b->to);
    return push(&w, &ignored, &ignored, err);
}

/* --- the file --- */

static int make_file(struct pushes *p, struct zc_err *err)
{
    char path[4352];
    if (snprintf(p->top, sizeof p->top, "%s/zcsync-bench.XXXXXX", p->b->dir) >=
            (int)sizeof p->top ||
        !mkdtemp(p->top)) {
        zc_err_set(err, ZC_EXIT_FILEIO, errno,
                   "%.900s: cannot make a directory there", p->b->dir);
        p->top[0] = '\0';
        return -1;
    }
    p->name = strrchr(p->top, '/') + 1;
    snprintf(path, sizeof path, "%s/%s", p->top, p->name);
    zc_auto_close int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
                                0600);
    if (fd < 0)
        return zc_err_set(err, ZC_EXIT_FILEIO, errno, "%.900s: cannot be made",
                          path);
    return zc_bench_source_fill(fd, p->b->dir, p->b->size, err);
}

static void remove_file(const struct pushes *p)
{
    char path[4352];
    if (!p->top[0])
        return;
    snprintf(path, sizeof path, "%s/%s", p->top, p->name);
    unlink(path);
    snprintf(path, sizeof path, "%s/list", p->top);
    unlink(path);
    snprintf(path, sizeof path, "%s/nothing", p->top);
    rmdir(path);
    rmdir(p->top);
}

/* --- all of it --- */

static void choose(struct pushes *p)
{
    for (unsigned k = 0; k <= ZC_MOVER_LAST; k++)
        if (p->b->kinds & 1u << k)
            p->cells[p->n_cells++].kind = k;
}

static int run_rounds(struct pushes *p, struct zc_err *err)
{
    for (unsigned round = 0; round <= p->b->rounds; round++)
        for (unsigned i = 0; i < p->n_cells; i++) {
            struct cell *c = &p->cells[i];
            double seconds, cpu_s;
            if (isatty(STDERR_FILENO))
                fprintf(stderr, "\r%3u %%",
                        100 * (round * p->n_cells + i) /
                            ((p->b->rounds + 1) * p->n_cells));
            if (push_file(p, c->kind, &seconds, &cpu_s, err))
                return -1;
            if (round) { /* the first one warms */
                c->seconds[round - 1] = seconds;
                c->cpu_s[round - 1] = cpu_s;
            }
        }
    if (isatty(STDERR_FILENO))
        fputs("\r     \r", stderr);
    return 0;
}

/* The interface that leads to DEST, where that is another host by name. */
static void find_card(const char *to, struct zc_bench_card *card)
{
    struct zc_endpoint at;
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *found;
    *card = (struct zc_bench_card){0};
    if (zc_endpoint_parse(to, &at, NULL))
        return;
    if (at.kind == ZC_AT_DAEMON && at.host[0] != '/' &&
        !getaddrinfo(at.host, at.port, &hints, &found)) {
        /* Nothing is sent by that. */
        zc_auto_close int fd = socket(found->ai_family,
                                      SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && !connect(fd, found->ai_addr, found->ai_addrlen))
            zc_bench_card_of(fd, card);
        freeaddrinfo(found);
    }
    zc_endpoint_fini(&at);
}

/* What came of C. */
struct figures {
    double gb_per_s, spread, cpu_s_per_gb;
};

static struct figures figures(const struct pushes *p, struct cell *c)
{
    double gb = (double)p->b->size / 1e9;
    double median = zc_bench_median(c->seconds, p->b->rounds); /* and sorts */
    return (struct figures){
        .gb_per_s = median > 0 ? gb / median : 0,
        .spread = zc_bench_spread(c->seconds, p->b->rounds),
        .cpu_s_per_gb = zc_bench_median(c->cpu_s, p->b->rounds) / gb};
}

static void put_text(struct zc_buf *out, struct pushes *p,
                     const struct zc_bench_card *card)
{
    char size[ZC_TEXT_MAX];
    zc_buf_printf(out, "%s pushed to %s,\n",
                  zc_text_size(size, (double)p->b->size), p->b->to);
    zc_bench_put_way(out, p->b->rounds, card);
    zc_buf_put_str(out, "\n--mover     GB/s   +-  CPU s/GB of this end\n");
    for (unsigned i = 0; i < p->n_cells; i++) {
        struct figures f = figures(p, &p->cells[i]);
        zc_buf_printf(out, "%-10s %5.3f %3.0f%% %9.3f\n",
                      zc_mover_name(p->cells[i].kind), f.gb_per_s,
                      100 * f.spread, f.cpu_s_per_gb);
    }
    zc_buf_put_str(out, "\na mover that an end does not have, or that cannot be "
                        "used there, is the best one\n");
}

static void put_json(struct zc_buf *out, struct pushes *p,
                     const struct zc_bench_card *card)
{
    zc_buf_printf(out, "{\"type\":\"bench-to\",\"size\":%llu,\"rounds\":%u",
                  (unsigned long long)p->b->size, p->b->rounds);
    zc_text_json_field(out, "to", p->b->to);
    if (card->known)
        zc_text_json_field(out, "interface", card->name);
    zc_buf_put_str(out, ",\"movers\":[");
    for (unsigned i = 0; i < p->n_cells; i++) {
        struct figures f = figures(p, &p->cells[i]);
        zc_buf_printf(out,
                      "%s{\"mover\":\"%s\",\"gb_per_s\":%.4f,\"spread\":%.4f,"
                      "\"cpu_s_per_gb\":%.4f}",
                      i ? "," : "", zc_mover_name(p->cells[i].kind),
                      f.gb_per_s, f.spread, f.cpu_s_per_gb);
    }
    zc_buf_put_str(out, "]}\n");
}

static int print(struct pushes *p, struct zc_err *err)
{
    struct zc_buf out = ZC_BUF_INIT;
    struct zc_bench_card card;
    find_card(p->b->to, &card);
    if (p->b->json)
        put_json(&out, p, &card);
    else
        put_text(&out, p, &card);
    return zc_bench_print(&out, err);
}

int zc_bench_to_run(const struct zc_bench_to *b, struct zc_err *err)
{
    zc_auto_free struct pushes *p = calloc(1, sizeof *p);
    struct zc_err second;
    if (!p)
        return zc_err_nomem(err);
    p->b = b;
    zc_signals_catch();
    zc_signals_graceful(true);
    choose(p);
    int r = make_file(p, err) || run_rounds(p, err) ? -1 : 0;
    if (p->sent) {
        atomic_store(zc_signals_stop(), false); /* it is not to be left there */
        if (take_away(p, r ? &second : err)) {
            fprintf(stderr, "zcsync: %s may still be at %s\n", p->name, b->to);
            r = -1;
        }
    }
    remove_file(p);
    if (r)
        return -1;
    return print(p, err);
}
