// SPDX-License-Identifier: GPL-2.0-or-later
/* The progress line; see progress.h. */
#include "cli/progress.h"
#include "base/clock.h"
#include "cli/text.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TICK_NS (ZC_NSEC_PER_SEC / 5) /* in place */
#define LINE_NS ZC_NSEC_PER_SEC       /* line by line */
#define WIDTH_DEFAULT 80
#define LINE_MAX_BYTES 256

struct zc_progress {
    FILE *out;
    bool in_place;
    const struct zc_stats *stats;
    int64_t start_ns;
    struct zc_eta eta; /* the thread's own */
    pthread_t thread;

    /* Taken after the log's own lock, never before it. */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool quit;
    size_t drawn;    /* columns that the line on the terminal has */
    unsigned paused; /* how many are printing */
};

/* --- what the line says --- */

/* Appends to OUT when all of the piece fits into WIDTH columns. */
static bool add_piece(char *out, size_t width, const char *piece)
{
    size_t len = strlen(out), gap = len ? 2 : 0;
    if (!*piece || len + gap + strlen(piece) > width)
        return false;
    memset(out + len, ' ', gap);
    strcpy(out + len + gap, piece);
    return true;
}

static unsigned percent(const struct zc_progress_view *v)
{
    if (v->done_files >= v->need_files && v->done_bytes >= v->need_bytes)
        return 100;
    /* Empty files are work too, though they have no bytes. */
    double part = v->need_bytes
                      ? (double)v->done_bytes / (double)v->need_bytes
                      : (double)v->done_files / (double)v->need_files;
    return (unsigned)ZC_MIN(part * 100, 99.0);
}

/* The pieces in the order in which they stand; an empty one is not shown. */
enum { BYTES, PERCENT, FILES, RATE, STATE, PIECES };

static void make_pieces(char pieces[PIECES][96],
                        const struct zc_progress_view *v)
{
    char a[ZC_TEXT_MAX], b[ZC_TEXT_MAX];
    for (int i = 0; i < PIECES; i++)
        pieces[i][0] = '\0';
    zc_text_size(a, (double)v->done_bytes);
    zc_text_count(b, v->done_files, ZC_TEXT_COMMAS);
    if (v->scan_done && !v->need_files) {
        strcpy(pieces[BYTES], "nothing to send");
    } else if (v->scan_done) {
        char c[ZC_TEXT_MAX];
        snprintf(pieces[BYTES], 96, "%s of %s", a,
                 zc_text_size(c, (double)v->need_bytes));
        snprintf(pieces[PERCENT], 96, "%u%%", percent(v));
        snprintf(pieces[FILES], 96, "%s of %s files", b,
                 zc_text_count(c, v->need_files, ZC_TEXT_COMMAS));
    } else {
        snprintf(pieces[BYTES], 96, "%s", a);
        snprintf(pieces[FILES], 96, "%s %s", b,
                 v->done_files == 1 ? "file" : "files");
    }
    if (!v->finishing && !(v->scan_done && !v->need_files))
        snprintf(pieces[RATE], 96, "%s/s", zc_text_size(a, v->rate));

    if (v->finishing)
        snprintf(pieces[STATE], 96, "writing to stable storage");
    else if (!v->scan_done)
        snprintf(pieces[STATE], 96, "(scanning: %s entries)",
                 zc_text_count(a, v->scanned, ZC_TEXT_COMMAS));
    else if (v->eta >= 0 && v->done_files < v->need_files)
        snprintf(pieces[STATE], 96, "%s left", zc_text_duration(a, v->eta));
}

void zc_progress_line(char *out, size_t size, unsigned width,
                      const struct zc_progress_view *v)
{
    static const int rank[] = {STATE, BYTES, PERCENT, RATE, FILES};
    char pieces[PIECES][96];
    bool shown[PIECES] = {false};
    size_t room = width ? ZC_MIN((size_t)width - 1, size - 1) : 0, used = 0;
    make_pieces(pieces, v);
    if (!v->scan_done && strlen(pieces[STATE]) > room)
        strcpy(pieces[STATE], "(scanning)");
    for (size_t i = 0; i < ZC_ARRAY_LEN(rank); i++) {
        size_t len = strlen(pieces[rank[i]]), gap = used ? 2 : 0;
        if (len && used + gap + len <= room) {
            shown[rank[i]] = true;
            used += gap + len;
        }
    }
    out[0] = '\0';
    for (int i = 0; i < PIECES; i++)
        if (shown[i])
            add_piece(out, room, pieces[i]);
}

/* --- rate and time left --- */

#define FORGET_S 30.0 /* observations older than this hardly count */
#define SMOOTH_S 3.0
#define STALLED_S 10.0

/* How much of the past is left after DT: near exp(-DT / TAU), without libm. */
static double fade(double dt, double tau)
{
    return tau / (tau + dt);
}

static void see_rate(struct zc_eta *e, double bytes, double dt)
{
    double keep = fade(dt, SMOOTH_S);
    /* The weight makes the first seconds a plain average, not a slow rise. */
    e->rate_weight = e->rate_weight * keep + (1 - keep);
    e->rate += (bytes / dt - e->rate) * ((1 - keep) / e->rate_weight);
}

void zc_eta_see(struct zc_eta *e, double files, double bytes, double seconds)
{
    double df = files - e->files, db = bytes - e->bytes;
    double dt = seconds - e->seconds - e->stalled;
    if (dt <= 0)
        return;
    see_rate(e, ZC_MAX(db, 0.0), dt);
    if (df <= 0 && db <= 0) {
        e->stalled += dt;
        return;
    }
    dt += e->stalled;
    double keep = fade(dt, FORGET_S);
    e->ff = e->ff * keep + df * df;
    e->fb = e->fb * keep + df * db;
    e->bb = e->bb * keep + db * db;
    e->ft = e->ft * keep + df * dt;
    e->bt = e->bt * keep + db * dt;
    e->files = files;
    e->bytes = bytes;
    e->seconds = seconds;
    e->stalled = 0;
}

double zc_eta_left(const struct zc_eta *e, double files, double bytes)
{
    /* Until more is known: 50 us a file, 1 GB a second, with the weight of
     * one file and of 64 KiB. */
    const double file_s = 50e-6, byte_s = 1e-9;
    const double file_w = 1, byte_w = 65536.0 * 65536.0;
    if (e->seconds <= 0 || e->stalled > STALLED_S)
        return -1;
    double ff = e->ff + file_w, bb = e->bb + byte_w, fb = e->fb;
    double ft = e->ft + file_w * file_s, bt = e->bt + byte_w * byte_s;
    double det = ff * bb - fb * fb;
    double per_file = det > 0 ? (ft * bb - bt * fb) / det : 0;
    double per_byte = det > 0 ? (bt * ff - ft * fb) / det : 0;
    if (per_file < 0 || det <= 0) {
        per_file = 0;
        per_byte = bt / bb;
    } else if (per_byte < 0) {
        per_byte = 0;
        per_file = ft / ff;
    }
    return per_file * files + per_byte * bytes;
}

/* --- the thread --- */

static struct zc_progress_view look(struct zc_progress *p)
{
    const struct zc_stats *s = p->stats;
    struct zc_progress_view v = {
        .scan_done = atomic_load(&s->scan_done),
        .finishing = atomic_load(&s->finishing),
        .scanned = atomic_load(&s->scanned),
        .done_files = atomic_load(&s->done_files),
        .done_bytes = atomic_load(&s->done_bytes),
        .need_files = atomic_load(&s->need_files),
        .need_bytes = atomic_load(&s->need_bytes),
    };
    /* A big file counts as it is sent, not only once it is confirmed; what is
     * sent again does not make it more than there is. */
    uint64_t sent = atomic_load(&s->sent_bytes);
    v.done_bytes = ZC_MAX(v.done_bytes, ZC_MIN(sent, v.need_bytes));

    double seconds =
        (double)(zc_clock_ns() - p->start_ns) / (double)ZC_NSEC_PER_SEC;
    zc_eta_see(&p->eta, (double)v.done_files, (double)v.done_bytes, seconds);
    v.rate = p->eta.rate;
    v.eta = -1;
    if (v.scan_done && v.need_files >= v.done_files)
        v.eta = zc_eta_left(&p->eta, (double)(v.need_files - v.done_files),
                            (double)(v.need_bytes - ZC_MIN(v.done_bytes,
                                                           v.need_bytes)));
    return v;
}

static unsigned terminal_width(FILE *out)
{
    struct winsize w;
    if (ioctl(fileno(out), TIOCGWINSZ, &w) == 0 && w.ws_col)
        return w.ws_col;
    return WIDTH_DEFAULT;
}

/* A job in the background leaves the terminal to the one in front. */
static bool in_foreground(FILE *out)
{
    pid_t front = tcgetpgrp(fileno(out));
    return front < 0 || front == getpgrp();
}

/* With the lock held. */
static void take_off(struct zc_progress *p)
{
    if (!p->drawn)
        return;
    size_t width = terminal_width(p->out);
    fprintf(p->out, "\r%*s\r", (int)ZC_MIN(p->drawn, width - 1), "");
    fflush(p->out);
    p->drawn = 0;
}

/* With the lock held. The width is asked for each time, so that no SIGWINCH
 * has to be caught. */
static void draw(struct zc_progress *p)
{
    struct zc_progress_view v = look(p);
    char line[LINE_MAX_BYTES], all[2 * LINE_MAX_BYTES];
    if (p->in_place && !in_foreground(p->out))
        return;
    size_t width = p->in_place ? terminal_width(p->out) : LINE_MAX_BYTES;
    zc_progress_line(line, sizeof line, (unsigned)width, &v);
    size_t len = strlen(line);
    /* Blanks over the rest of the last line, unless the terminal shrank: they
     * work on every terminal, and none of them wraps. */
    size_t old = ZC_MIN(p->drawn, width ? width - 1 : 0);
    if (p->in_place)
        snprintf(all, sizeof all, "\r%s%*s", line,
                 (int)(old > len ? old - len : 0), "");
    else
        snprintf(all, sizeof all, "%s\n", line);
    fputs(all, p->out);
    fflush(p->out);
    p->drawn = p->in_place ? len : 0;
}

static void *run(void *arg)
{
    struct zc_progress *p = arg;
    int64_t due = p->start_ns;
    pthread_mutex_lock(&p->lock);
    while (!p->quit) {
        due += p->in_place ? TICK_NS : LINE_NS;
        struct timespec at = {due / ZC_NSEC_PER_SEC, due % ZC_NSEC_PER_SEC};
        while (!p->quit && pthread_cond_timedwait(&p->wake, &p->lock, &at) == 0)
            ;
        if (!p->quit && !p->paused)
            draw(p);
        due = ZC_MAX(due, zc_clock_ns() - LINE_NS); /* after a Ctrl-Z */
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

struct zc_progress *zc_progress_start(FILE *out, bool in_place,
                                      const struct zc_stats *stats)
{
    struct zc_progress *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->out = out;
    p->in_place = in_place;
    p->stats = stats;
    p->start_ns = zc_clock_ns();
    pthread_mutex_init(&p->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&p->wake, &attr);
    pthread_condattr_destroy(&attr);

    /* Signals are for the thread that runs the push: it has to wake up. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(&p->thread, NULL, run, p);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r) {
        pthread_cond_destroy(&p->wake);
        pthread_mutex_destroy(&p->lock);
        free(p);
        return NULL;
    }
    return p;
}

void zc_progress_stop(struct zc_progress *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->quit = true;
    pthread_cond_signal(&p->wake);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    if (p->in_place)
        take_off(p);
    else
        draw(p); /* where it ended, for those who only see the log */
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

void zc_progress_pause(struct zc_progress *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->paused++;
    take_off(p);
    pthread_mutex_unlock(&p->lock);
}

void zc_progress_resume(struct zc_progress *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->paused--;
    pthread_mutex_unlock(&p->lock);
}
