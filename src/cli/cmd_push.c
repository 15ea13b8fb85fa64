// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `zcsync push`, and `zcsync diff`, which is a push (or a pull: pull.h) that
 * changes nothing. `zcsync verify` is a diff that reads all there is, or, with
 * --repair, such a push.
 *
 *     words -> push_opts -> plan: sessions
 *     for each session: a child, or a connection (net/reach.h) -> progress ->
 *         zc_push_run
 *     report: items and troubles meanwhile, totals and exit code at the end
 */
#include "cli/ask.h"
#include "cli/ask_daemon.h"
#include "cli/cli.h"
#include "cli/ls.h"
#include "cli/plan.h"
#include "cli/plan_check.h"
#include "cli/pull.h"
#include "cli/pull_plan.h"
#include "cli/push_opts.h"
#include "cli/push_places.h"
#include "cli/push_table.h"
#include "cli/report.h"
#include "cli/run.h"
#include "cli/security.h"
#include "cli/signals.h"
#include "daemon/remote.h"
#include "daemon/serve.h"
#include "sender/session.h"

#include <sys/stat.h>

#define ASK_TIMEOUT_S 60 /* for zcsyncd to answer */

struct run {
    const struct zc_push_args *args;
    const struct zc_plan *plan;
    struct zc_report *report;
    struct zc_trust *trust; /* NULL: DEST is local */
    pid_t child;            /* the receiver, where it is */
    struct zc_remote remote;
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
                                 .role = ZC_ROLE_SENDER,
                                 .compress = r->args->compress.how,
                                 .contimeout_s = r->args->contimeout_s,
                                 .timeout_s = r->args->opt.timeout_s,
                                 .local = start_child,
                                 .local_arg = r,
                                 .remote = zc_remote_start,
                                 .explain = zc_remote_explain,
                                 .remote_arg = &r->remote};
    return zc_trust_reach(r->trust, &way, r->plan->dest_text, out, r->err);
}

struct session {
    struct run *run;
    struct zc_reached *peer;
    const struct zc_options *opt;
};

static enum zc_exit push_over(void *arg, const struct zc_events *events,
                              struct zc_stats *stats)
{
    const struct session *s = arg;
    const struct zc_source source = zc_source_path(s->opt->src,
                                                   &s->opt->require);
    enum zc_exit code = zc_push_run(s->peer->t, &source, s->opt, events, stats,
                                    zc_signals_stop(), s->run->err);
    zc_reached_end(s->peer); /* which may wait, and so the user sees for what */
    return code;
}

static enum zc_exit run_session(struct run *r,
                                const struct zc_plan_session *session,
                                enum zc_pass pass)
{
    const struct zc_endpoint *dest = &r->plan->dest;
    struct zc_options opt = r->args->opt;
    bool local = dest->kind == ZC_AT_LOCAL;
    zc_run_options(&opt, pass);
    opt.src = session->src;
    opt.only = session->names ? session->names : r->args->files;
    opt.single_file = session->single_file;
    opt.earlier = r->plan->earlier.v;
    opt.n_earlier = (size_t)(session - r->plan->sessions.v);
    opt.own = dest->kind == ZC_AT_SSH;
    opt.share = dest->kind == ZC_AT_DAEMON ? dest->share : "";
    opt.path = local ? "" : dest->path;
    opt.path_is_dir = r->plan->dest_is_dir;
    if (zc_push_args_fake(r->args, false, local, &opt, r->err))
        return r->err->code;
    zc_plan_ask(r->plan, &opt);
    zc_report_session(r->report, session->src,
                      session->single_file ? NULL
                      : local              ? dest->path
                                           : r->plan->dest_text,
                      local ? "" : r->plan->dest_text);

    struct zc_reached peer;
    if (reach_dest(r, &peer))
        return r->err->code;
    return zc_run_session(r->args, r->report, pass, push_over,
                          &(struct session){r, &peer, &opt});
}

static enum zc_exit run_one(void *arg, size_t i, enum zc_pass pass)
{
    struct run *r = arg;
    struct stat st;
    const struct zc_endpoint *dest = &r->plan->dest;
    if (pass == ZC_PASS_DELETE && dest->kind == ZC_AT_LOCAL &&
        stat(dest->path, &st))
        return ZC_EXIT_OK;
    return run_session(r, &r->plan->sessions.v[i], pass);
}

static enum zc_exit run_all(struct run *r)
{
    if (r->plan->dest.kind == ZC_AT_DAEMON) {
        r->trust = zc_trust_new(&r->args->security, zc_signals_stop(), r->err);
        if (!r->trust)
            return r->err->code;
    }
    return zc_run_passes(r->args, r->plan->sessions.len, run_one, r, r->err);
}

static enum zc_exit run_plan(const struct zc_push_args *args,
                             struct zc_report *report, struct zc_err *err)
{
    struct zc_plan plan;
    struct run r = {.args = args,
                    .plan = &plan,
                    .report = report,
                    .remote = {.args = &args->remote,
                                .accept_new = args->security.accept_new,
                                .ask = zc_ask_for_ssh,
                                .stop = zc_signals_stop()},
                    .err = err};
    bool ok = !zc_plan_make(&plan, args, err) &&
              !zc_plan_check(&plan, args, err);
    enum zc_exit code = ok ? run_all(&r) : err->code;
    zc_trust_free(r.trust);
    zc_plan_fini(&plan);
    return code;
}

/* SRC is at a peer, and DEST is here. */
static bool is_pull(const struct zc_push_args *args)
{
    struct zc_endpoint e;
    struct zc_err ignored;
    const char *below;
    if ((args->as == ZC_AS_PUSH && !args->list_only) ||
        zc_pull_parse_src(args, args->operands.v[0], &e, &below, &ignored))
        return false;
    bool remote = e.kind != ZC_AT_LOCAL;
    zc_endpoint_fini(&e);
    return remote;
}

static int run_command(enum zc_push_as as, int argc, char **argv)
{
    struct zc_push_args args;
    struct zc_err err;
    int code;
    const char *name = zc_push_opt_table(as)->command;
    if (zc_push_args_parse(&args, as, argc, argv, &err)) {
        code = zc_cli_usage(name, &err);
    } else if (args.help) {
        char *word = (char *)name;
        code = zc_cmd_help(1, &word);
    } else if (args.ask) {
        code = zc_cli_ask_daemon(name, args.control, ZC_CONTROL_VERIFY,
                                 args.operands.v[0], ASK_TIMEOUT_S);
    } else if (args.list_only && zc_ls_means_shares(args.operands.v[0])) {
        code = zc_ls_run(&args);
    } else {
        code = zc_run_command(&args, is_pull(&args) ? zc_pull_all : run_plan);
    }
    zc_push_args_fini(&args);
    return code;
}

int zc_cmd_push(int argc, char **argv)
{
    return run_command(ZC_AS_PUSH, argc, argv);
}

int zc_cmd_diff(int argc, char **argv)
{
    return run_command(ZC_AS_DIFF, argc, argv);
}

int zc_cmd_verify(int argc, char **argv)
{
    return run_command(ZC_AS_VERIFY, argc, argv);
}

int zc_cmd_pull(int argc, char **argv)
{
    return run_command(ZC_AS_PULL, argc, argv);
}
