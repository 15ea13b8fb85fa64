// SPDX-License-Identifier: GPL-2.0-or-later
/* `zcsync bench`: how fast each way to move bytes is on this machine. */
#include "base/io.h"
#include "base/log.h"
#include "base/size.h"
#include "bench/source.h"
#include "cli/bench_show.h"
#include "cli/bench_to.h"
#include "cli/cli.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_SIZE ((uint64_t)256 << 20)
#define DEFAULT_ROUNDS 7
#define ALL (~0u) /* movers */
#define SIZE_MAX_BYTES ((uint64_t)1 << 50)

struct bench_args {
    const char *file, *dir, *to, *plot;
    uint64_t size;
    unsigned rounds, kinds;
    enum zc_bench_over over;
    bool json, small, cold, check, help;
    zc_operands operands;
};

enum bench_opt_id { OPT_SIZE = ZC_OPT_OWN, OPT_OVER, OPT_MOVERS, OPT_ROUNDS };

static const struct zc_opt rows[] = {
    {.help = "Options:"},
    {.name = "file",
     .value = "PATH",
     ZC_OPT_INTO(TEXT, struct bench_args, file),
     .help = "send this file, which is only read (default: a new\n"
             "one, which has no name and goes with us)"},
    {.name = "size",
     .value = "SIZE",
     .id = OPT_SIZE,
     .help = "of the new file (default 256M)"},
    {.name = "dir",
     .value = "DIR",
     ZC_OPT_INTO(TEXT, struct bench_args, dir),
     .help = "where copies are made, without a name (default: the\n"
             "current directory)"},
    {.name = "over",
     .value = "WHAT",
     .id = OPT_OVER,
     .help = "tcp (default), unix, or sealed: TCP encrypted"},
    {.name = "movers",
     .value = "LIST",
     .id = OPT_MOVERS,
     .help = "only these, with commas (zcsync-movers(7))"},
    {.name = "rounds",
     .value = "N",
     .id = OPT_ROUNDS,
     .help = "so many of each, in turns (default 7)"},
    {.name = "cold",
     ZC_OPT_INTO(FLAG, struct bench_args, cold),
     .help = "read the file from the disk each time"},
    {.name = "small",
     ZC_OPT_INTO(FLAG, struct bench_args, small),
     .help = "ways to send small files instead"},
    {.name = "to",
     .value = "DEST",
     ZC_OPT_INTO(TEXT, struct bench_args, to),
     .help = "push a file there, once with each mover, and take it\n"
             "away again; words behind -- are options of push"},
    {.name = "json", ZC_OPT_INTO(FLAG, struct bench_args, json),
     .help = "print one object of JSON"},
    {.name = "plot",
     .value = "FILE",
     ZC_OPT_INTO(TEXT, struct bench_args, plot),
     .help = "draw a bar chart into FILE, as SVG"},
    {.name = "check",
     ZC_OPT_INTO(FLAG, struct bench_args, check),
     .help = "exit with 23 where something else is more than 5 %\n"
             "faster than what zcsync uses by default"},
    {.name = "help", ZC_OPT_INTO(FLAG, struct bench_args, help),
     .help = "show this"},
};

static const struct zc_opt_table table = {
    .command = "bench", .rows = rows, .n_rows = ZC_ARRAY_LEN(rows)};

void zc_help_bench(FILE *to)
{
    fputs("usage: zcsync bench [OPTION]...\n\n"
          "Moves a file from one process to another in every way that zcsync\n"
          "knows (zcsync-movers(7)), in turns, and tells how fast each is and\n"
          "what it costs, beside what books say. Touches nothing but a file\n"
          "without a name, which is gone when it ends.\n",
          to);
    zc_opt_print(&table, to);
}

/* --- options --- */

static int take_movers(struct bench_args *a, const char *spelled,
                       const char *list, struct zc_err *err)
{
    zc_auto_free char *copy = strdup(list);
    char *rest = copy, *word;
    if (!copy)
        return zc_err_nomem(err);
    a->kinds = 0;
    while ((word = strsep(&rest, ","))) {
        enum zc_mover_kind kind;
        if (zc_mover_parse(word, &kind))
            return zc_err_set(err, ZC_EXIT_USAGE, 0,
                              "%s: '%.100s' is no mover; there are %s", spelled,
                              word, ZC_MOVER_NAMES);
        a->kinds |= 1u << kind;
    }
    return 0;
}

static int take_option(void *arg, const struct zc_opt *opt,
                       const char *spelled, const char *value, bool on,
                       struct zc_err *err)
{
    struct bench_args *a = arg;
    uint64_t n = 0;
    switch (opt->id) {
    case OPT_SIZE:
        if (zc_size_parse(value, 1, &a->size) || !a->size ||
            a->size > SIZE_MAX_BYTES)
            return zc_err_set(err, ZC_EXIT_USAGE, 0,
                              "%s: '%.100s' is no size", spelled, value);
        break;
    case OPT_OVER:
        if (zc_bench_over_parse(value, &a->over))
            return zc_err_set(err, ZC_EXIT_USAGE, 0,
                              "%s: '%.100s' is not one of %s", spelled, value,
                              ZC_BENCH_OVER_NAMES);
        break;
    case OPT_MOVERS:
        return take_movers(a, spelled, value, err);
    case OPT_ROUNDS:
        if (zc_opt_number(spelled, value, ZC_BENCH_ROUNDS_MAX, &n, err))
            return -1;
        if (!n)
            return zc_err_set(err, ZC_EXIT_USAGE, 0,
                              "%s: there has to be one", spelled);
        a->rounds = (unsigned)n;
        break;
    default:
        return zc_opt_fill(a, opt, spelled, value, on, err);
    }
    return 0;
}

/* --- the run --- */

static void progress(void *arg, unsigned done, unsigned n)
{
    (void)arg;
    fprintf(stderr, "\r%3u %%", 100 * done / n);
    if (done + 1 == n)
        fputs("\r     \r", stderr);
}

static int write_plot(const char *path, const struct zc_bench_series *s,
                      struct zc_err *err)
{
    struct zc_buf out = ZC_BUF_INIT;
    zc_bench_put_svg(&out, s);
    int r = 0;
    zc_auto_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                                0666);
    if (out.failed)
        r = zc_err_nomem(err);
    else if (fd < 0 || zc_io_write(fd, out.data, out.len))
        r = zc_err_set(err, ZC_EXIT_FILEIO, errno,
                       "%.900s: cannot be written", path);
    zc_buf_fini(&out);
    return r;
}

static int print_movers(const struct bench_args *a,
                        const struct zc_bench_series *s, struct zc_err *err)
{
    struct zc_buf out = ZC_BUF_INIT;
    struct zc_bench_card card = {0};
    if (a->over != ZC_BENCH_UNIX)
        zc_bench_card_named("lo", &card);
    if (a->json)
        zc_bench_put_json(&out, s, &card);
    else
        zc_bench_put_text(&out, s, &card);
    return zc_bench_print(&out, err);
}

/* The exit code of --check. */
static int check(const struct zc_bench_series *s)
{
    struct zc_bench_verdict v = zc_bench_judge(s);
    if (v.of_best <= ZC_BENCH_CLOSE)
        return ZC_EXIT_OK;
    zc_log(ZC_LOG_ERROR, "auto took %.0f %% more time than %s and %s",
           100 * (v.of_best - 1), zc_mover_name(v.best->send),
           zc_mover_name(v.best->recv));
    return ZC_EXIT_PARTIAL;
}

static int movers(const struct bench_args *a,
                  const struct zc_bench_transfer *what, struct zc_err *err)
{
    zc_auto_free struct zc_bench_series *s = calloc(1, sizeof *s);
    if (!s)
        return zc_err_nomem(err);
    s->what = *what;
    s->rounds = a->rounds;
    s->kinds = a->kinds;
    s->progress = isatty(STDERR_FILENO) ? progress : NULL;
    if (zc_bench_series_run(s, err) || print_movers(a, s, err) ||
        (a->plot && write_plot(a->plot, s, err)))
        return -1;
    return a->check ? check(s) : ZC_EXIT_OK;
}

static int small_files(const struct bench_args *a,
                       const struct zc_bench_transfer *what,
                       struct zc_err *err)
{
    struct zc_buf out = ZC_BUF_INIT;
    struct zc_bench_small s = {
        .what = *what,
        .rounds = a->rounds,
        .progress = isatty(STDERR_FILENO) ? progress : NULL};
    if (zc_bench_small_run(&s, err))
        return -1;
    zc_bench_put_small(&out, &s, a->json);
    return zc_bench_print(&out, err);
}

/* What does not go together. */
static int check_args(const struct bench_args *a, struct zc_err *err)
{
    if (a->small && (a->plot || a->cold || a->check || a->to || a->kinds != ALL))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--small has no --plot, --check, --cold, --to or --movers");
    if (a->to && (a->plot || a->check || a->cold || a->file || a->over != ZC_BENCH_TCP))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--to has no --plot, --check, --cold, --file or --over");
    if (a->operands.len && !a->to)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "takes no argument, but got '%s' (see 'zcsync bench "
                          "--help')", a->operands.v[0]);
    return 0;
}

static int bench(struct bench_args *a, struct zc_err *err)
{
    if (check_args(a, err))
        return -1;
    if (a->to)
        return zc_bench_to_run(
            &(struct zc_bench_to){.to = a->to,
                                  .dir = a->dir,
                                  .size = a->size,
                                  .rounds = a->rounds,
                                  .kinds = a->kinds,
                                  .options = a->operands.v,
                                  .n = a->operands.len,
                                  .json = a->json},
            err);
    zc_auto_close int fd =
        a->file ? zc_bench_source_open(a->file, &a->size, err)
                : zc_bench_source_make(a->dir, a->size, err);
    if (fd < 0)
        return -1;
    const struct zc_bench_transfer what = {
        .over = a->over,
        .fd = fd,
        .size = a->size,
        .dir = a->dir,
        .cold = a->cold};
    return a->small ? small_files(a, &what, err) : movers(a, &what, err);
}

int zc_cmd_bench(int argc, char **argv)
{
    struct bench_args a = {.dir = ".",
                           .size = DEFAULT_SIZE,
                           .rounds = DEFAULT_ROUNDS,
                           .kinds = ALL};
    struct zc_err err;
    int code = zc_opt_parse(&table, argc, argv, take_option, &a, &a.operands,
                            &err);
    if (!code && a.help) {
        char *name = "bench";
        code = zc_cmd_help(1, &name);
    } else if (!code) {
        code = bench(&a, &err);
    }
    zc_vec_fini(&a.operands);
    if (code < 0)
        return zc_cli_usage("bench", &err);
    int written = zc_cli_written();
    return code ? code : written;
}
