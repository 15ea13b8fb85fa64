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

/* Whether there is a progress line, and where: asked for, it is output like
 * any other; of its own accord it shows up on a terminal only, and not among
 * JSON. */
static struct zc_progress *start_progress(const struct zc_push_args *a,
                                          const struct zc_stats *stats)
{
    if (a->progress == ZC_SHOW_OFF || (a->quiet && a->progress != ZC_SHOW_ON))
        return NULL;
    if (a->progress == ZC_SHOW_ON) {
        FILE *out = a->json ? stderr : stdout;
        return zc_progress_start(out, isatty(fileno(out)), stats);
    }
    if (a->json || !isatty(STDERR_FILENO))
        return NULL;
    return zc_progress_start(stderr, true, stats);
}

static void pause_progress(void *arg)
{
    zc_progress_pause(arg);
}

static void resume_progress(void *arg)
{
    zc_progress_resume(arg);
}

/* All else is counted by the session that follows. */
static void keep_deleted(struct zc_stats *s)
{
    uint64_t deleted = atomic_load(&s->deleted);
    uint64_t out = atomic_load(&s->wire_out), in = atomic_load(&s->wire_in);
    memset(s, 0, sizeof *s);
    atomic_store(&s->deleted, deleted);
    atomic_store(&s->wire_out, out);
    atomic_store(&s->wire_in, in);
}

enum zc_exit zc_run_session(const struct zc_push_args *args,
                            struct zc_report *report, zc_run_session_fn *run,
                            void *arg, bool only_deletes)
{
    struct zc_stats stats;
    memset(&stats, 0, sizeof stats);
    struct zc_events events = zc_report_events(report);
    if (only_deletes)
        events.trouble = NULL;
    struct zc_progress *progress = start_progress(args, &stats);
    zc_report_set_progress(report, progress);
    zc_log_set_hooks(pause_progress, resume_progress, progress);
    zc_signals_graceful(true);

    enum zc_exit code = run(arg, &events, &stats);

    zc_signals_graceful(false);
    zc_log_set_hooks(NULL, NULL, NULL);
    zc_report_set_progress(report, NULL);
    zc_progress_stop(progress);
    if (only_deletes)
        keep_deleted(&stats);
    zc_report_add(report, &stats);
    return code;
}

bool zc_run_deletes_first(const struct zc_push_args *args)
{
    return args->delete_before && args->opt.del && !args->opt.dry_run;
}

enum zc_exit zc_run_deleted(enum zc_exit code, struct zc_err *err)
{
    if (code != ZC_EXIT_OK && code != ZC_EXIT_PARTIAL &&
        code != ZC_EXIT_VANISHED && code != ZC_EXIT_MAX_DELETE)
        return code;
    err->text[0] = '\0';
    return ZC_EXIT_OK;
}

bool zc_run_goes_on(enum zc_exit code, enum zc_exit *worst)
{
    if (code == ZC_EXIT_PARTIAL ||
        (code == ZC_EXIT_VANISHED && *worst == ZC_EXIT_OK))
        *worst = code;
    else if (code != ZC_EXIT_OK && code != ZC_EXIT_VANISHED)
        *worst = code;
    return code == ZC_EXIT_OK || code == ZC_EXIT_PARTIAL ||
           code == ZC_EXIT_VANISHED;
}

/* The report knows what else a signal may mean. */
static void name_signal(struct zc_err *err)
{
    const char *name = zc_signals_name();
    err->text[0] = '\0';
    if (name)
        zc_err_set(err, ZC_EXIT_SIGNAL, 0, "interrupted by signal %s", name);
}

int zc_run_command(const struct zc_push_args *args, zc_run_all_fn *all)
{
    struct zc_err err = {0};
    int64_t start = zc_clock_ns();
    if (args->verbose)
        zc_log_level = args->verbose > 2 ? ZC_LOG_DEBUG : ZC_LOG_INFO;
    zc_signals_catch();
    struct zc_report *report = zc_report_new(args, zc_signals_stop());
    if (!report) {
        zc_err_nomem(&err);
        return zc_cli_usage(zc_push_opt_table(args->as)->command, &err);
    }
    enum zc_exit code = all(args, report, &err);
    if (code == ZC_EXIT_SIGNAL)
        name_signal(&err);
    double seconds = (double)(zc_clock_ns() - start) / ZC_NSEC_PER_SEC;
    int result = zc_report_finish(report, code, &err, seconds);
    zc_report_free(report);
    return result;
}
