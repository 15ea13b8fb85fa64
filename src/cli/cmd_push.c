// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `zcsync push`, and `zcsync diff`, which is a push that changes nothing.
 *
 *     words -> push_opts -> plan: sessions
 *     for each session: a child, or a connection (net/reach.h) -> progress ->
 *         zc_push_run
 *     report: items and troubles meanwhile, totals and exit code at the end
 */
#include "base/clock.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/plan.h"
#include "cli/plan_check.h"
#include "cli/progress.h"
#include "cli/push_opts.h"
#include "cli/report.h"
#include "cli/security.h"
#include "cli/signals.h"
#include "daemon/serve.h"
#include "sender/session.h"

#include <string.h>

struct run {
    const struct zc_push_args *args;
    const struct zc_plan *plan;
    struct zc_report *report;
    struct zc_trust *trust; /* NULL: DEST is local */
    pid_t child;            /* the receiver, where it is */
    struct zc_err *err;
};

static void end_child(void *arg)
{
    struct run *r = arg;
    zc_serve_embedded_end(r->child);
}

static int start_child(void *arg, const char *path, struct zc_reached *out,
                       struct zc_err *err)
{
    struct run *r = arg;
    out->t = zc_serve_embedded(path, &r->args->require_dest, &r->child, err);
    out->end = end_child;
    out->arg = r;
    return out->t ? 0 : -1;
}

static int reach_dest(struct run *r, struct zc_reached *out)
{
    const struct zc_reach way = {.at = &r->plan->dest,
                                 .contimeout_s = r->args->contimeout_s,
                                 .timeout_s = r->args->opt.timeout_s,
                                 .local = start_child,
                                 .local_arg = r};
    return zc_trust_reach(r->trust, &way, r->plan->dest_text, out, r->err);
}

/* Whether there is a progress line, and where: asked for, it is output like
 * any other; of its own accord it shows up on a terminal only, and not among
 * JSON. */
static struct zc_progress *start_progress(struct run *r,
                                          const struct zc_stats *stats)
{
    const struct zc_push_args *a = r->args;
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

static enum zc_exit run_over(struct run *r, struct zc_transport *t,
                             const struct zc_options *opt)
{
    struct zc_stats stats;
    memset(&stats, 0, sizeof stats);
    struct zc_events events = zc_report_events(r->report);
    struct zc_progress *progress = start_progress(r, &stats);
    zc_report_set_progress(r->report, progress);
    zc_log_set_hooks(pause_progress, resume_progress, progress);
    zc_signals_graceful(true);

    const struct zc_source source = zc_source_path(opt->src,
                                                   &opt->require);
    enum zc_exit code = zc_push_run(t, &source, opt, &events, &stats,
                                    zc_signals_stop(), r->err);

    zc_signals_graceful(false);
    zc_log_set_hooks(NULL, NULL, NULL);
    zc_report_set_progress(r->report, NULL);
    zc_progress_stop(progress);
    zc_report_add(r->report, &stats);
    return code;
}

static enum zc_exit run_session(struct run *r,
                                const struct zc_plan_session *session)
{
    const struct zc_endpoint *dest = &r->plan->dest;
    struct zc_options opt = r->args->opt;
    bool local = dest->kind == ZC_AT_LOCAL;
    opt.src = session->src;
    opt.only = session->names ? session->names : r->args->files;
    opt.single_file = session->single_file;
    opt.earlier = r->plan->earlier.v;
    opt.n_earlier = (size_t)(session - r->plan->sessions.v);
    opt.share = local ? "" : dest->share;
    opt.path = local ? "" : dest->path;
    opt.path_is_dir = r->plan->dest_is_dir;
    zc_report_session(r->report, session->src,
                      session->single_file ? NULL
                      : local              ? dest->path
                                           : r->plan->dest_text);

    struct zc_reached peer;
    if (reach_dest(r, &peer))
        return r->err->code;
    enum zc_exit code = run_over(r, peer.t, &opt);
    zc_reached_end(&peer);
    return code;
}

/* All sessions, until one fails for good. What could not be done counts for
 * more than what vanished. */
static enum zc_exit run_all(struct run *r)
{
    enum zc_exit worst = ZC_EXIT_OK;
    if (r->plan->dest.kind == ZC_AT_DAEMON) {
        r->trust = zc_trust_new(&r->args->security, zc_signals_stop(), r->err);
        if (!r->trust)
            return r->err->code;
    }
    for (size_t i = 0; i < r->plan->sessions.len; i++) {
        enum zc_exit code = run_session(r, &r->plan->sessions.v[i]);
        if (code == ZC_EXIT_PARTIAL ||
            (code == ZC_EXIT_VANISHED && worst == ZC_EXIT_OK))
            worst = code;
        else if (code != ZC_EXIT_OK && code != ZC_EXIT_VANISHED)
            return code;
    }
    return worst;
}

static enum zc_exit run_plan(const struct zc_push_args *args,
                             struct zc_report *report, struct zc_err *err)
{
    struct zc_plan plan;
    struct run r = {.args = args, .plan = &plan, .report = report, .err = err};
    bool ok = !zc_plan_make(&plan, args, err) &&
              !zc_plan_check(&plan, args, err);
    enum zc_exit code = ok ? run_all(&r) : err->code;
    zc_trust_free(r.trust);
    zc_plan_fini(&plan);
    if (code == ZC_EXIT_SIGNAL) {
        const char *name = zc_signals_name();
        err->text[0] = '\0'; /* the report knows what else it may be */
        if (name)
            zc_err_set(err, ZC_EXIT_SIGNAL, 0, "interrupted by signal %s",
                       name);
    }
    return code;
}

static int push(const struct zc_push_args *args)
{
    struct zc_err err = {0};
    int64_t start = zc_clock_ns();
    if (args->verbose)
        zc_log_level = args->verbose > 2 ? ZC_LOG_DEBUG : ZC_LOG_INFO;
    zc_signals_catch();
    struct zc_report *report = zc_report_new(args, zc_signals_stop());
    if (!report) {
        zc_err_nomem(&err);
        return zc_cli_usage("push", &err);
    }
    enum zc_exit code = run_plan(args, report, &err);
    double seconds = (double)(zc_clock_ns() - start) / ZC_NSEC_PER_SEC;
    int result = zc_report_finish(report, code, &err, seconds);
    zc_report_free(report);
    return result;
}

static int run_command(bool diff, int argc, char **argv)
{
    struct zc_push_args args;
    struct zc_err err;
    int code;
    enum zc_push_as as = diff ? ZC_AS_DIFF : ZC_AS_PUSH;
    if (zc_push_args_parse(&args, as, argc, argv, &err)) {
        code = zc_cli_usage(diff ? "diff" : "push", &err);
    } else if (args.help) {
        char *name = diff ? "diff" : "push";
        code = zc_cmd_help(1, &name);
    } else {
        code = push(&args);
    }
    zc_push_args_fini(&args);
    return code;
}

int zc_cmd_push(int argc, char **argv)
{
    return run_command(false, argc, argv);
}

int zc_cmd_diff(int argc, char **argv)
{
    return run_command(true, argc, argv);
}
