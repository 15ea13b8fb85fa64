// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tables of a benchmark: what books say of each technique beside what was
 * measured here; see bench_show.h.
 */
#include "cli/bench_show.h"

#include "base/text.h"
#include "bench/source.h"

#include <stdio.h>
#include <string.h>

/* --- what is known beforehand --- */

/* What a copy costs by the design of its path. */
struct design {
    const char *mover;
    /* As the literature has it for file to network card: switches into the
     * kernel and back for a buffer, and copies by a CPU. Below 0: not there. */
    int book_switches, book_copies;
    /* Copies by a CPU for each byte, of our way from the page cache to the
     * socket, and from the socket to the page cache. Below 0: no such way. */
    int send_copies, recv_copies;
};

/* NULL: nothing is known of that one. */
static const struct design *design_of(enum zc_mover_kind kind)
{
    static const struct design known[] = {
        {"readwrite", 4, 2, 2, 2},
        {"mmap", 4, 1, 1, -1},
        {"sendfile", 2, 0, 0, -1},
        {"splice", 2, 0, 0, 1},
        {"overlap", -1, -1, -1, 1},
        {"direct", 4, 1, 1, 1},
        {"zerocopy", -1, 0, 1, -1},
        {"uring", -1, -1, 2, 2},
    };
    for (size_t i = 0; i < ZC_ARRAY_LEN(known); i++)
        if (!strcmp(known[i].mover, zc_mover_name(kind)))
            return &known[i];
    return NULL;
}

/* --- how good the choice was --- */

static double cpu_of(const struct zc_bench_series *s,
                     const struct zc_bench_cell *c)
{
    struct zc_bench_figures f = zc_bench_figures(s, c);
    return f.send.cpu_s_per_gb + f.recv.cpu_s_per_gb;
}

/* C is what AUTO is, by other words: only noise is between them. */
static bool is_auto(const struct zc_bench_verdict *v,
                    const struct zc_bench_cell *c)
{
    return (c->send == ZC_MOVER_AUTO || c->send == v->send) &&
           (c->recv == ZC_MOVER_AUTO || c->recv == v->recv);
}

struct zc_bench_verdict zc_bench_judge(const struct zc_bench_series *s)
{
    const struct zc_transport *like = zc_bench_over_like(s->what.over);
    const struct zc_bench_cell *own =
        zc_bench_cell_of(s, ZC_MOVER_AUTO, ZC_MOVER_AUTO);
    const struct zc_bench_cell *plain =
        zc_bench_cell_of(s, ZC_MOVER_READWRITE, ZC_MOVER_READWRITE);
    struct zc_bench_verdict v = {.send = zc_mover_best(like, true),
                                 .recv = zc_mover_best(like, false),
                                 .time = zc_bench_compare(s, own, plain).median,
                                 .cpu = 1,
                                 .best = own,
                                 .of_best = 1};
    double cpu = cpu_of(s, plain);
    if (cpu > 0)
        v.cpu = cpu_of(s, own) / cpu;
    for (unsigned i = 0; i < s->n_cells; i++) {
        double r = zc_bench_compare(s, own, &s->cells[i]).surely;
        if (r > v.of_best && !is_auto(&v, &s->cells[i])) {
            v.of_best = r;
            v.best = &s->cells[i];
        }
    }
    return v;
}

/* --- text --- */

static void put_number(struct zc_buf *out, int width, int n)
{
    if (n < 0)
        zc_buf_printf(out, " %*s", width, "-");
    else
        zc_buf_printf(out, " %*d", width, n);
}

static void put_rate(struct zc_buf *out, int width, int digits, double n)
{
    if (n < 0)
        zc_buf_printf(out, " %*s", width, "-");
    else
        zc_buf_printf(out, " %*.*f", width, digits, n);
}

static void put_heads(struct zc_buf *out, const char *what)
{
    zc_buf_printf(out,
                  "\n%-10s by the book     measured                           "
                  "     by design\n"
                  "%-10s switches copies GB/s   +- CPU s/GB switches/MiB "
                  "faults/MiB copies\n",
                  "", what);
}

static void put_row(struct zc_buf *out, const struct zc_bench_series *s,
                    const struct zc_bench_cell *c, bool sending)
{
    enum zc_mover_kind kind = sending ? c->send : c->recv;
    const struct design *d = design_of(kind);
    struct zc_bench_figures f = zc_bench_figures(s, c);
    const struct zc_bench_figures_side *side = sending ? &f.send : &f.recv;
    bool other = sending ? c->runs[0].send.other : c->runs[0].recv.other;
    zc_buf_printf(out, "%-10s%c", zc_mover_name(kind), other ? '*' : ' ');
    put_number(out, 7, d && sending ? d->book_switches : -1);
    put_number(out, 6, d && sending ? d->book_copies : -1);
    zc_buf_printf(out, " %5.2f %3.0f%%", f.gb_per_s, 100 * f.spread);
    put_rate(out, 8, 3, side->cpu_s_per_gb);
    put_rate(out, 12, 1, side->switches_per_mib);
    put_rate(out, 10, 1, side->faults_per_mib);
    put_number(out, 9, !d ? -1 : sending ? d->send_copies : d->recv_copies);
    zc_buf_put_str(out, "\n");
}

static void put_direction(struct zc_buf *out, const struct zc_bench_series *s,
                          bool sending)
{
    put_heads(out, sending ? "sending" : "receiving");
    for (unsigned i = 0; i < s->n_cells; i++) {
        const struct zc_bench_cell *c = &s->cells[i];
        if (zc_bench_is_about(c, sending))
            put_row(out, s, c, sending);
    }
}

static void put_both(struct zc_buf *out, const struct zc_bench_series *s)
{
    zc_buf_printf(out, "\n%-22s   GB/s  +-   CPU s/GB  cached: source   copy\n",
                  "both");
    for (unsigned i = 0; i < s->n_cells; i++) {
        const struct zc_bench_cell *c = &s->cells[i];
        if (c->send != c->recv)
            continue;
        struct zc_bench_figures f = zc_bench_figures(s, c);
        zc_buf_printf(out, "%-22s %6.2f %3.0f%% %10.3f %14.0f%% %5.0f%%\n",
                      c->send == ZC_MOVER_AUTO ? "auto" : "read + write",
                      f.gb_per_s, 100 * f.spread,
                      f.send.cpu_s_per_gb + f.recv.cpu_s_per_gb,
                      100 * f.cached_source, 100 * f.cached_copy);
    }
}

static const char *can(bool yes)
{
    return yes ? "yes" : "no";
}

void zc_bench_put_way(struct zc_buf *out, unsigned rounds,
                      const struct zc_bench_card *card)
{
    zc_buf_printf(out, "medians of %u rounds in turns, after one that does not "
                       "count\n", rounds);
    if (card->known)
        zc_buf_printf(out, "%s: scatter-gather %s, checksums %s, TSO %s\n",
                      card->name, can(card->gathers), can(card->checksums),
                      can(card->segments));
}

static void put_conditions(struct zc_buf *out, const struct zc_bench_series *s,
                           const struct zc_bench_card *card)
{
    char size[ZC_TEXT_MAX];
    zc_buf_printf(out, "%s from the %s to a new file on %s,\nover %s\n",
                  zc_text_size(size, (double)s->what.size),
                  s->what.cold ? "disk" : "page cache",
                  zc_bench_fs_name(s->what.dir),
                  zc_bench_over_text(s->what.over));
    zc_bench_put_way(out, s->rounds, card);
}

static void put_notes(struct zc_buf *out, const struct zc_bench_series *s)
{
    bool other = false, counted = true;
    for (unsigned i = 0; i < s->n_cells; i++) {
        other |= s->cells[i].runs[0].send.other;
        counted &= s->cells[i].calls.counted;
    }
    zc_buf_put_str(out, "\n");
    if (other)
        zc_buf_put_str(out, "* not for this file: read + write did it\n");
    if (counted)
        zc_buf_put_str(out, "switches: two for each call, counted by ptrace(2) "
                            "in a run of its own\n");
    else
        zc_buf_put_str(out, "calls were not counted: no process may be traced "
                            "here\n");
}

static void put_verdict(struct zc_buf *out, const struct zc_bench_series *s)
{
    struct zc_bench_verdict v = zc_bench_judge(s);
    zc_buf_printf(out, "\nauto is %s and %s here: %.2f times as fast as read + "
                       "write,\nwith %.2f times its CPU", zc_mover_name(v.send),
                  zc_mover_name(v.recv), v.time > 0 ? 1 / v.time : 0, v.cpu);
    if (v.of_best <= ZC_BENCH_CLOSE)
        zc_buf_printf(out, "; nothing was surely %.0f %% faster\n",
                      100 * (ZC_BENCH_CLOSE - 1));
    else
        zc_buf_printf(out, "; %s and %s took %.0f %% less time\n",
                      zc_mover_name(v.best->send), zc_mover_name(v.best->recv),
                      100 * (1 - 1 / v.of_best));
}

void zc_bench_put_text(struct zc_buf *out, const struct zc_bench_series *s,
                       const struct zc_bench_card *card)
{
    put_conditions(out, s, card);
    put_direction(out, s, true);
    put_direction(out, s, false);
    put_both(out, s);
    put_notes(out, s);
    put_verdict(out, s);
}

/* --- JSON --- */

static const char *truth(bool yes)
{
    return yes ? "true" : "false";
}

static void put_json_side(struct zc_buf *out, const char *name,
                          enum zc_mover_kind kind,
                          const struct zc_bench_figures_side *f, int copies)
{
    zc_buf_printf(out,
                  ",\"%s\":{\"mover\":\"%s\",\"cpu_s_per_gb\":%.4f,"
                  "\"faults_per_mib\":%.2f", name, zc_mover_name(kind),
                  f->cpu_s_per_gb, f->faults_per_mib);
    if (f->switches_per_mib >= 0)
        zc_buf_printf(out, ",\"calls_per_mib\":%.2f,\"switches_per_mib\":%.2f",
                      f->switches_per_mib / 2, f->switches_per_mib);
    if (copies >= 0)
        zc_buf_printf(out, ",\"copies_by_design\":%d", copies);
    zc_buf_put_str(out, "}");
}

static void put_json_cell(struct zc_buf *out, const struct zc_bench_series *s,
                          const struct zc_bench_cell *c)
{
    struct zc_bench_figures f = zc_bench_figures(s, c);
    const struct design *send = design_of(c->send);
    const struct design *recv = design_of(c->recv);
    zc_buf_printf(out, "{\"gb_per_s\":%.4f,\"spread\":%.4f", f.gb_per_s,
                  f.spread);
    put_json_side(out, "send", c->send, &f.send,
                  send ? send->send_copies : -1);
    put_json_side(out, "recv", c->recv, &f.recv,
                  recv ? recv->recv_copies : -1);
    zc_buf_put_str(out, ",\"seconds\":[");
    for (unsigned i = 0; i < s->rounds; i++)
        zc_buf_printf(out, "%s%.6f", i ? "," : "", c->runs[i].seconds);
    zc_buf_printf(out, "],\"cached_source\":%.3f,\"cached_copy\":%.3f}",
                  f.cached_source, f.cached_copy);
}

void zc_bench_put_json(struct zc_buf *out, const struct zc_bench_series *s,
                       const struct zc_bench_card *card)
{
    struct zc_bench_verdict v = zc_bench_judge(s);
    zc_buf_printf(out, "{\"type\":\"bench\",\"size\":%llu,\"rounds\":%u",
                  (unsigned long long)s->what.size, s->rounds);
    zc_text_json_field(out, "over", zc_bench_over_text(s->what.over));
    zc_text_json_field(out, "file_system", zc_bench_fs_name(s->what.dir));
    zc_buf_printf(out, ",\"cold\":%s", truth(s->what.cold));
    if (card->known) {
        zc_text_json_field(out, "interface", card->name);
        zc_buf_printf(out, ",\"scatter_gather\":%s,\"checksums\":%s,\"tso\":%s",
                      truth(card->gathers), truth(card->checksums),
                      truth(card->segments));
    }
    zc_buf_put_str(out, ",\"cells\":[");
    for (unsigned i = 0; i < s->n_cells; i++) {
        if (i)
            zc_buf_put_str(out, ",");
        put_json_cell(out, s, &s->cells[i]);
    }
    zc_buf_printf(out,
                  "],\"auto\":{\"send\":\"%s\",\"recv\":\"%s\","
                  "\"time_of_readwrite\":%.4f,\"cpu_of_readwrite\":%.4f,"
                  "\"time_of_best\":%.4f}}\n", zc_mover_name(v.send),
                  zc_mover_name(v.recv), v.time, v.cpu, v.of_best);
}

/* --- small files --- */

static void put_small_text(struct zc_buf *out, const struct zc_bench_small *s)
{
    zc_buf_printf(out,
                  "%llu files of %zu bytes from the page cache, each with %zu "
                  "bytes before it,\nover %s; medians of %u rounds in turns\n\n"
                  "sending     files/s   +-  CPU us a file  calls a file\n",
                  (unsigned long long)(s->what.size / ZC_BENCH_PIECE),
                  ZC_BENCH_PIECE, ZC_BENCH_HEAD,
                  zc_bench_over_text(s->what.over), s->rounds);
    for (unsigned i = 0; i < ZC_BENCH_WAYS; i++) {
        const struct zc_bench_small_way *w = &s->ways[i];
        if (!(w->files_per_s > 0)) {
            zc_buf_printf(out, "%-10s %8s\n", w->name, "not here");
            continue;
        }
        zc_buf_printf(out, "%-10s %8.0f %3.0f%%", w->name, w->files_per_s,
                      100 * w->spread);
        put_rate(out, 14, 2, w->cpu_us);
        put_rate(out, 13, 2, w->calls);
        zc_buf_put_str(out, "\n");
    }
    zc_buf_put_str(out, "\nzcsync gathers files of up to 256 KiB\n");
}

static void put_small_json(struct zc_buf *out, const struct zc_bench_small *s)
{
    zc_buf_printf(out, "{\"type\":\"bench-small\",\"files\":%llu,"
                       "\"bytes\":%zu,\"rounds\":%u",
                  (unsigned long long)(s->what.size / ZC_BENCH_PIECE),
                  ZC_BENCH_PIECE, s->rounds);
    zc_text_json_field(out, "over", zc_bench_over_text(s->what.over));
    zc_buf_put_str(out, ",\"ways\":[");
    for (unsigned i = 0, n = 0; i < ZC_BENCH_WAYS; i++) {
        const struct zc_bench_small_way *w = &s->ways[i];
        if (!(w->files_per_s > 0))
            continue;
        zc_buf_printf(out, "%s{\"way\":\"%s\",\"files_per_s\":%.0f,"
                           "\"spread\":%.4f,\"cpu_us_per_file\":%.3f",
                      n++ ? "," : "", w->name, w->files_per_s, w->spread,
                      w->cpu_us);
        if (w->calls >= 0)
            zc_buf_printf(out, ",\"calls_per_file\":%.3f", w->calls);
        zc_buf_put_str(out, "}");
    }
    zc_buf_put_str(out, "]}\n");
}

void zc_bench_put_small(struct zc_buf *out, const struct zc_bench_small *s,
                        bool json)
{
    if (json)
        put_small_json(out, s);
    else
        put_small_text(out, s);
}

int zc_bench_print(struct zc_buf *out, struct zc_err *err)
{
    if (!out->failed)
        fwrite(out->data, 1, out->len, stdout);
    int r = out->failed ? zc_err_nomem(err) : 0;
    zc_buf_fini(out);
    return r;
}
