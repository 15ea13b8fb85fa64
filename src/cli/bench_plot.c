// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bar chart of a benchmark, as SVG 1.1: for each technique how fast it is,
 * and the CPU it takes, senders above receivers. Colours that can be told apart
 * in print and by those who do not see all of them.
 */
#include "cli/bench_show.h"

#include "base/text.h"
#include "bench/source.h"

#include <stdio.h>

#define WIDTH 720
#define LEFT 110  /* names end here */
#define MIDDLE 420 /* the right half begins here */
#define BAR 220   /* pixels of the longest one */
#define ROW 26
#define TOP 74

struct chart {
    struct zc_buf *out;
    const struct zc_bench_series *s;
    double most_gb, most_cpu;
    int y;
};

static void text(struct chart *c, int x, int y, const char *how,
                 const char *words)
{
    zc_buf_printf(c->out, "<text x=\"%d\" y=\"%d\" %s>%s</text>\n", x, y, how,
                  words);
}

static void bar(struct chart *c, int x, double part, const char *colour,
                const char *label)
{
    int n = (int)(BAR * part + 0.5);
    zc_buf_printf(c->out,
                  "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
                  "fill=\"%s\"/>\n", x, c->y, n, ROW - 8, colour);
    text(c, x + n + 5, c->y + ROW - 13, "class=\"n\"", label);
}

static double side_cpu(const struct zc_bench_figures *f, bool sending)
{
    return sending ? f->send.cpu_s_per_gb : f->recv.cpu_s_per_gb;
}

static void measure(struct chart *c)
{
    for (unsigned i = 0; i < c->s->n_cells; i++)
        for (int sending = 0; sending < 2; sending++) {
            struct zc_bench_figures f = zc_bench_figures(c->s,
                                                         &c->s->cells[i]);
            if (!zc_bench_is_about(&c->s->cells[i], sending))
                continue;
            c->most_gb = ZC_MAX(c->most_gb, f.gb_per_s);
            c->most_cpu = ZC_MAX(c->most_cpu, side_cpu(&f, sending));
        }
}

static void rows(struct chart *c, bool sending)
{
    char label[32];
    text(c, LEFT, c->y + 12, "class=\"h\" text-anchor=\"end\"",
         sending ? "sending" : "receiving");
    c->y += ROW;
    for (unsigned i = 0; i < c->s->n_cells; i++) {
        const struct zc_bench_cell *cell = &c->s->cells[i];
        if (!zc_bench_is_about(cell, sending))
            continue;
        struct zc_bench_figures f = zc_bench_figures(c->s, cell);
        double cpu = side_cpu(&f, sending);
        text(c, LEFT, c->y + ROW - 13, "text-anchor=\"end\"",
             zc_mover_name(sending ? cell->send : cell->recv));
        snprintf(label, sizeof label, "%.2f", f.gb_per_s);
        bar(c, LEFT + 10, c->most_gb > 0 ? f.gb_per_s / c->most_gb : 0,
            "#0072b2", label);
        snprintf(label, sizeof label, "%.2f", cpu);
        bar(c, MIDDLE, c->most_cpu > 0 ? cpu / c->most_cpu : 0, "#e69f00",
            label);
        c->y += ROW;
    }
}

static int height(const struct zc_bench_series *s)
{
    int n = 2;
    for (unsigned i = 0; i < s->n_cells; i++)
        n += zc_bench_is_about(&s->cells[i], true) +
             zc_bench_is_about(&s->cells[i], false);
    return TOP + n * ROW + 10;
}

void zc_bench_put_svg(struct zc_buf *out, const struct zc_bench_series *s)
{
    struct chart c = {.out = out, .s = s, .y = TOP};
    char size[ZC_TEXT_MAX], title[160];
    measure(&c);
    zc_buf_printf(out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" "
                  "width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n",
                  WIDTH, height(s), WIDTH, height(s));
    zc_buf_put_str(out,
                   "<style>text{font:13px sans-serif;fill:#222}"
                   ".h{font-weight:bold}.n{font-size:11px}</style>\n"
                   "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
    snprintf(title, sizeof title, "%s over %s to %s",
             zc_text_size(size, (double)s->what.size),
             zc_bench_over_text(s->what.over),
             zc_bench_fs_name(s->what.dir));
    text(&c, 10, 24, "class=\"h\"", title);
    text(&c, LEFT + 10, 54, "class=\"h\"", "GB/s (more is better)");
    text(&c, MIDDLE, 54, "class=\"h\"", "CPU s/GB (less is better)");
    rows(&c, true);
    rows(&c, false);
    zc_buf_put_str(out, "</svg>\n");
}
