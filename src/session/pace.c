// SPDX-License-Identifier: GPL-2.0-or-later
/* How far, how fast, how long; see pace.h. */
#include "session/pace.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

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

/* --- the counters --- */

static void read_counters(struct zc_progress_view *v,
                          const struct zc_stats *s)
{
    *v = (struct zc_progress_view){
        .scan_done = atomic_load(&s->scan_done),
        .finishing = atomic_load(&s->finishing),
        .compares = s->compares,
        /* What is listed was mostly looked at before. */
        .scanned = ZC_MAX(atomic_load(&s->scanned),
                          atomic_load(&s->surveyed)),
        .done_files = atomic_load(&s->done_files),
        .done_bytes = atomic_load(&s->done_bytes),
        .need_files = atomic_load(&s->need_files),
        .need_bytes = atomic_load(&s->need_bytes),
    };
}

void zc_pace_begin(struct zc_pace *p, const struct zc_stats *stats,
                   int64_t now)
{
    *p = (struct zc_pace){.start_ns = now,
                          .from_sent = atomic_load(&stats->sent_bytes)};
    read_counters(&p->from, stats);
}

/* What of NOW came after FROM. Files that vanish are taken off again. */
static uint64_t since(uint64_t now, uint64_t from)
{
    return now > from ? now - from : 0;
}

static void take_off_start(struct zc_progress_view *v,
                           const struct zc_progress_view *from)
{
    v->scanned = since(v->scanned, from->scanned);
    v->done_files = since(v->done_files, from->done_files);
    v->done_bytes = since(v->done_bytes, from->done_bytes);
    v->need_files = since(v->need_files, from->need_files);
    v->need_bytes = since(v->need_bytes, from->need_bytes);
}

void zc_pace_look(struct zc_pace *p, const struct zc_stats *stats, int64_t now,
                  struct zc_progress_view *v)
{
    read_counters(v, stats);
    take_off_start(v, &p->from);
    /* A big file counts as it is sent, not only once it is confirmed; what is
     * sent again does not make it more than there is. */
    uint64_t sent = since(atomic_load(&stats->sent_bytes), p->from_sent);
    bool all_sent = v->scan_done && v->need_bytes && sent >= v->need_bytes;
    if (!v->compares)
        v->done_bytes = ZC_MAX(v->done_bytes, ZC_MIN(sent, v->need_bytes));
    /* All that is left is for the receiver to do. */
    if (!v->compares && all_sent && v->done_files < v->need_files)
        v->finishing = true;

    double seconds = (double)(now - p->start_ns) / (double)ZC_NSEC_PER_SEC;
    zc_eta_see(&p->eta, (double)v->done_files, (double)v->done_bytes, seconds);
    v->rate = p->eta.rate;
    v->eta = -1;
    if (v->scan_done && v->need_files >= v->done_files)
        v->eta = zc_eta_left(&p->eta, (double)(v->need_files - v->done_files),
                             (double)since(v->need_bytes, v->done_bytes));
}

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

/* How much there is to compare is known when it is over. */
static void pieces_of_comparison(char pieces[PIECES][96],
                                 const struct zc_progress_view *v)
{
    char a[ZC_TEXT_MAX];
    snprintf(pieces[BYTES], 96, "%s", zc_text_size(a, (double)v->done_bytes));
    snprintf(pieces[FILES], 96, "%s %s",
             zc_text_count(a, v->done_files, ZC_TEXT_COMMAS),
             v->done_files == 1 ? "file" : "files");
    snprintf(pieces[RATE], 96, "%s/s", zc_text_size(a, v->rate));
    snprintf(pieces[STATE], 96, "(comparing: %s entries)",
             zc_text_count(a, v->scanned, ZC_TEXT_COMMAS));
}

static void make_pieces(char pieces[PIECES][96],
                        const struct zc_progress_view *v)
{
    char a[ZC_TEXT_MAX], b[ZC_TEXT_MAX];
    for (int i = 0; i < PIECES; i++)
        pieces[i][0] = '\0';
    if (v->compares) {
        pieces_of_comparison(pieces, v);
        return;
    }
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
        snprintf(pieces[STATE], 96, "writing to disk");
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
    if (!v->compares && !v->scan_done && strlen(pieces[STATE]) > room)
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
