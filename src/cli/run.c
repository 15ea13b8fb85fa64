// SPDX-License-Identifier: GPL-2.0-or-later
/* What push, diff and pull have in common; see run.h. */
#include "cli/run.h"

#include "base/clock.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/push_table.h"
#include "cli/signals.h"

#include <string.h>
#include <unistd.h>

FILE *zc_run_progress_to(const struct zc_push_args *a)
{
    if (a->progress == ZC_SHOW_OFF || (a->quiet && a->progress != ZC_SHOW_ON))
        return NULL;
    if (a->progress == ZC_SHOW_ON)
        return a->json ? stderr : stdout;
    if (a->json || a->list_only || !isatty(STDERR_FILENO))
        return NULL;
    return stderr;
}

static struct zc_progress *start_progress(const struct zc_push_args *a,
                                          const struct zc_stats *stats)
{
    FILE *out = zc_run_progress_to(a);
    return out ? zc_progress_start(out, isatty(fileno(out)), stats) : NULL;
}

static void pause_progress(void *arg)
{
    zc_progress_pause(arg);
}

static void resume_progress(void *arg)
{
    zc_progress_resume(arg);
}

void zc_run_show_progress(struct zc_report *report, struct zc_progress *p)
{
    zc_report_set_progress(report, p);
    if (p)
        zc_log_set_hooks(pause_progress, resume_progress, p);
    else
        zc_log_set_hooks(NULL, NULL, NULL);
}

/* Is there to be one? */
static bool has(const struct zc_push_args *args, enum zc_pass pass)
{
    const struct zc_options *opt = &args->opt;
    if (pass == ZC_PASS_DELETE)
        return args->delete_before && opt->del && !opt->dry_run;
    if (pass == ZC_PASS_REMOVE)
        return opt->apply & ZC_APPLY_REMOVE && !opt->dry_run;
    return true;
}

/* What tells files apart must not be less than what makes them the same. */
static void options_of_remove(struct zc_options *opt)
{
    const unsigned lax = ZC_APPLY_SIZE_ONLY | ZC_APPLY_WINDOW;
    opt->checksum |= opt->apply & lax || !(opt->keep & ZC_KEEP_TIMES);
    opt->apply &= ~(lax | ZC_APPLY_EXISTING | ZC_APPLY_IGNORE_EXISTING |
                    ZC_APPLY_IGNORE_TIMES | ZC_APPLY_APPEND);
    opt->keep &= ~(unsigned)ZC_KEEP_HARD_LINKS; /* they become fewer */
    opt->dry_run = true;
    opt->del = opt->update = opt->want_items = false;
    opt->fsync = ZC_FSYNC_NONE;
}

void zc_run_options(struct zc_options *opt, enum zc_pass pass)
{
    if (pass == ZC_PASS_REMOVE)
        options_of_remove(opt);
    else if (opt->dry_run) /* see ZC_APPLY_REMOVE */
        opt->apply &= ~(unsigned)ZC_APPLY_REMOVE;
    if (pass == ZC_PASS_DELETE)
        opt->apply |= ZC_APPLY_ONLY_DELETE;
}

/* All else is counted by the session proper. */
static void keep_own(struct zc_stats *s)
{
    uint64_t deleted = atomic_load(&s->deleted);
    uint64_t troubles = atomic_load(&s->troubles);
    uint64_t out = atomic_load(&s->wire_out), in = atomic_load(&s->wire_in);
    uint64_t plain = atomic_load(&s->wire_plain);
    memset(s, 0, sizeof *s);
    atomic_store(&s->deleted, deleted);
    atomic_store(&s->troubles, troubles);
    atomic_store(&s->wire_out, out);
    atomic_store(&s->wire_in, in);
    atomic_store(&s->wire_plain, plain);
}

enum zc_exit zc_run_session(const struct zc_push_args *args,
                            struct zc_report *report, enum zc_pass pass,
                            zc_run_session_fn *run, void *arg)
{
    struct zc_stats stats;
    memset(&stats, 0, sizeof stats);
    stats.compares = args->diff && args->as == ZC_AS_VERIFY;
    struct zc_events events = zc_report_events(report);
    if (pass == ZC_PASS_DELETE) /* it is met again */
        events.trouble = NULL;
    if (pass == ZC_PASS_REMOVE)
        events.item = NULL;
    struct zc_progress *progress = start_progress(args, &stats);
    zc_run_show_progress(report, progress);
    zc_signals_graceful(true);

    enum zc_exit code = run(arg, &events, &stats);

    zc_signals_graceful(false);
    zc_run_show_progress(report, NULL);
    zc_progress_stop(progress);
    if (pass != ZC_PASS_PROPER)
        keep_own(&stats);
    zc_report_add(report, &stats);
    return code;
}

/* A ZC_PASS_DELETE has ended with CODE: ZC_EXIT_OK, or why it makes no sense to
 * go on. What it could not delete is for the session proper to tell of. */
static enum zc_exit deleted(enum zc_exit code, struct zc_err *err)
{
    if (code != ZC_EXIT_OK && code != ZC_EXIT_PARTIAL &&
        code != ZC_EXIT_VANISHED && code != ZC_EXIT_MAX_DELETE)
        return code;
    err->text[0] = '\0';
    return ZC_EXIT_OK;
}

/* WORST so far, and the CODE of another session. True: it goes on. */
static bool goes_on(enum zc_exit code, enum zc_exit *worst)
{
    bool on = code == ZC_EXIT_OK || code == ZC_EXIT_PARTIAL ||
              code == ZC_EXIT_VANISHED;
    if (!on || code == ZC_EXIT_PARTIAL || *worst == ZC_EXIT_OK)
        *worst = code;
    return on;
}

enum zc_exit zc_run_passes(const struct zc_push_args *args, size_t n,
                           zc_run_one_fn *one, void *arg, struct zc_err *err)
{
    enum zc_exit worst = ZC_EXIT_OK;
    if (has(args, ZC_PASS_DELETE))
        for (size_t i = 0; i < n && worst == ZC_EXIT_OK; i++)
            worst = deleted(one(arg, i, ZC_PASS_DELETE), err);
    if (worst != ZC_EXIT_OK)
        return worst;
    for (size_t i = 0; i < n; i++)
        if (!goes_on(one(arg, i, ZC_PASS_PROPER), &worst))
            return worst;
    /* The last first: a name that an earlier SRC has is that one's. */
    if (has(args, ZC_PASS_REMOVE))
        for (size_t i = n; i > 0; i--)
            if (!goes_on(one(arg, i - 1, ZC_PASS_REMOVE), &worst))
                return worst;
    return worst;
}

/* The report knows what else a signal may mean. */
static void name_signal(struct zc_err *err)
{
    const char *name = zc_signals_name();
    err->text[0] = '\0';
    if (name)
        zc_err_set(err, ZC_EXIT_SIGNAL, 0, "interrupted by signal %s", name);
}

static enum zc_exit time_over(struct zc_err *err)
{
    zc_err_set(err, ZC_EXIT_TIMEOUT, 0, ZC_TIME_OVER);
    return ZC_EXIT_TIMEOUT;
}

int zc_run_command(const struct zc_push_args *args, zc_run_all_fn *all)
{
    struct zc_err err = {0};
    int64_t start = zc_clock_ns();
    if (args->verbose)
        zc_log_level = args->verbose > 2 ? ZC_LOG_DEBUG : ZC_LOG_INFO;
    /* A value that is not used is worth a word. */
    for (size_t i = 0; i < args->accepted.len; i++)
        if (args->accepted.v[i]->value)
            zc_log(ZC_LOG_INFO, "option --%s is accepted: %s",
                   args->accepted.v[i]->name, args->accepted.v[i]->help);
    if (args->compress.instead)
        zc_log(ZC_LOG_INFO, "zstd takes the place of %s",
               args->compress.instead);
    zc_signals_catch();
    if (args->stop_at)
        zc_signals_stop_at(args->stop_at);
    struct zc_report *report = zc_report_new(args, zc_signals_stop());
    if (!report) {
        zc_err_nomem(&err);
        return zc_cli_usage(zc_push_opt_table(args->as)->command, &err);
    }
    enum zc_exit code = zc_report_open_log(report, &err)
                            ? err.code
                            : all(args, report, &err);
    if (code == ZC_EXIT_SIGNAL && zc_signals_time_over())
        code = time_over(&err);
    else if (code == ZC_EXIT_SIGNAL)
        name_signal(&err);
    double seconds = (double)(zc_clock_ns() - start) / ZC_NSEC_PER_SEC;
    int result = zc_report_finish(report, code, &err, seconds);
    zc_report_free(report);
    return result;
}
