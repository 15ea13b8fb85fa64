// SPDX-License-Identifier: GPL-2.0-or-later
/* `zcsync status`: asks zcsyncd, and prints the answer in one of three ways. */
#include "base/clock.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/signals.h"
#include "cli/status_show.h"
#include "cli/terminal.h"
#include "cli/wrap.h"
#include "daemon/conf_types.h"
#include "daemon/control_client.h"
#include "daemon/metrics.h"
#include "daemon/status_json.h"

#include <poll.h>
#include <stdatomic.h>
#include <string.h>

struct status_args {
    const char *control;
    bool json, metrics, watch, help;
    unsigned interval_s;
    zc_operands mirrors;
};

enum status_opt_id { OPT_WATCH = ZC_OPT_OWN };

#define FLAG(n, field, text)                                                 \
    {.name = (n), ZC_OPT_INTO(FLAG, struct status_args, field),              \
     .help = (text)}

static const struct zc_opt rows[] = {
    {.help = "Options:"},
    FLAG("json", json, "a JSON object a line instead"),
    FLAG("metrics", metrics, "for Prometheus instead"),
    {.name = "watch",
     .value = "SECONDS",
     .optional = true,
     .id = OPT_WATCH,
     .help = "again and again, every 2 seconds if not said\n"
             "otherwise, with speeds"},
    {.name = "control",
     .value = "PATH",
     ZC_OPT_INTO(TEXT, struct status_args, control),
     .help = "zcsyncd's socket instead of\n" ZC_CONTROL_DEFAULT},
    FLAG("help", help, "show this"),
};

static const struct zc_opt_table table = {
    .command = "status", .rows = rows, .n_rows = ZC_ARRAY_LEN(rows)};

void zc_help_status(FILE *to)
{
    fputs("usage: zcsync status [OPTION]... [MIRROR]...\n\n"
          "Tells what zcsyncd on this machine is doing: for each mirror and\n"
          "each of its peers whether they are in sync, how far behind, or why\n"
          "not; how far a copy is that is under way; who is pushing to its\n"
          "shares; and how current is what was pushed there.\n",
          to);
    zc_opt_print(&table, to);
    fputs("\nSee zcsync(1) for the fields of --json.\n", to);
}

static int take_option(void *arg, const struct zc_opt *opt,
                       const char *spelled, const char *value, bool on,
                       struct zc_err *err)
{
    struct status_args *a = arg;
    uint64_t n = 2;
    if (opt->id != OPT_WATCH)
        return zc_opt_fill(a, opt, spelled, value, on, err);
    if (value && zc_opt_number(spelled, value, 86400, &n, err))
        return -1;
    a->interval_s = ZC_MAX((unsigned)n, 1U);
    a->watch = true;
    return 0;
}

static int check(const struct status_args *a, struct zc_err *err)
{
    if (a->json && a->metrics)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--json and --metrics do not go together");
    if (a->watch && (a->json || a->metrics))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--watch goes with neither --json nor --metrics");
    return 0;
}

/* Leaves only the mirrors that were named. */
static int select_mirrors(const struct status_args *a, struct zc_snapshot *s,
                          struct zc_err *err)
{
    if (a->mirrors.len == 0)
        return 0;
    for (size_t k = 0; k < a->mirrors.len; k++) {
        size_t i = 0;
        while (i < s->mirrors.len &&
               strcmp(s->mirrors.v[i].name, a->mirrors.v[k]) != 0)
            i++;
        if (i == s->mirrors.len)
            return zc_err_set(err, ZC_EXIT_USAGE, 0,
                              "there is no mirror '%s'", a->mirrors.v[k]);
    }
    size_t to = 0;
    for (size_t i = 0; i < s->mirrors.len; i++) {
        bool named = false;
        for (size_t k = 0; k < a->mirrors.len; k++)
            named |= strcmp(s->mirrors.v[i].name, a->mirrors.v[k]) == 0;
        if (named)
            s->mirrors.v[to++] = s->mirrors.v[i];
        else
            zc_vec_fini(&s->mirrors.v[i].peers);
    }
    s->mirrors.len = to;
    return 0;
}

/* TEXT on a terminal: no line is wider than it is. With --watch it takes the place
 * of what was there, as far as there is room for it; FIRST: of the whole screen. */
static void print_on_terminal(const struct status_args *a,
                              const struct zc_buf *text, bool first)
{
    struct zc_buf out = ZC_BUF_INIT;
    unsigned rows = zc_terminal_rows(STDOUT_FILENO);
    zc_wrap(&out, (const char *)text->data, text->len,
            zc_terminal_columns(STDOUT_FILENO));
    if (!a->watch) {
        fwrite(out.data, 1, out.len, stdout);
        zc_buf_fini(&out);
        return;
    }
    fputs(first ? "\033[H\033[2J" : "\033[H", stdout);
    for (size_t i = 0; i < out.len && rows > 1; i++) {
        if (out.data[i] == '\n') {
            fputs("\033[K", stdout); /* what was longer before */
            rows--;
        }
        putchar(out.data[i]);
    }
    fputs("\033[J", stdout);
    zc_buf_fini(&out);
}

static void print(const struct status_args *a, const struct zc_buf *text,
                  bool first)
{
    if (!a->json && !a->metrics && isatty(STDOUT_FILENO)) {
        print_on_terminal(a, text, first);
        return;
    }
    if (a->watch && !first)
        putchar('\n');
    fwrite(text->data, 1, text->len, stdout);
}

/* Asks once and prints. *BEFORE (may be zeroed) is the last answer and becomes
 * this one. */
static int show(const struct status_args *a, struct zc_snapshot *before,
                struct zc_err *err)
{
    struct zc_snapshot s = {0};
    struct zc_buf out = ZC_BUF_INIT;
    bool all = a->mirrors.len == 0;
    if (zc_control_ask_status(a->control, &s, err) ||
        select_mirrors(a, &s, err)) {
        zc_snapshot_fini(&s);
        return -1;
    }
    if (a->metrics)
        zc_metrics_write(&s, &out);
    else if (a->json)
        zc_status_json(&s, all, &out);
    else
        zc_status_text(&s, before->at ? before : NULL, all,
                       zc_terminal_coloured(STDOUT_FILENO), &out);
    int r = out.failed ? zc_err_nomem(err) : 0;
    if (r == 0)
        print(a, &out, !before->at);
    zc_buf_fini(&out);
    zc_snapshot_fini(before);
    *before = s;
    return r;
}

/* Until it is time for the next one. False: it was the last one, as FD says. */
static bool wait_for_next(const struct status_args *a, int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int64_t end = zc_clock_ns() + a->interval_s * ZC_NSEC_PER_SEC, left;
    while (!atomic_load(zc_signals_stop()) &&
           (left = end - zc_clock_ns()) > 0) {
        struct timespec ts = {left / ZC_NSEC_PER_SEC, left % ZC_NSEC_PER_SEC};
        (void)ppoll(&p, 1, &ts, NULL);
    }
    return !atomic_load(zc_signals_stop());
}

/* With --watch until Ctrl-C, which is how that ends. */
static int run(const struct status_args *a)
{
    struct zc_snapshot before = {0};
    struct zc_err err;
    int code, r, fd = -1;
    if (a->watch) {
        fd = zc_signals_fd();
        zc_signals_graceful(true);
        zc_signals_catch();
    }
    do {
        r = show(a, &before, &err);
        code = r ? (int)err.code : zc_cli_written();
    } while (a->watch && code == ZC_EXIT_OK && wait_for_next(a, fd));
    zc_snapshot_fini(&before);
    return r ? zc_cli_usage("status", &err) : code;
}

int zc_cmd_status(int argc, char **argv)
{
    struct status_args a = {.control = ZC_CONTROL_DEFAULT};
    struct zc_err err;
    int code;
    if (zc_opt_parse(&table, argc, argv, take_option, &a, &a.mirrors, &err) ||
        (!a.help && check(&a, &err))) {
        code = zc_cli_usage("status", &err);
    } else if (a.help) {
        char *name = "status";
        code = zc_cmd_help(1, &name);
    } else {
        code = run(&a);
    }
    zc_vec_fini(&a.mirrors);
    return code;
}
