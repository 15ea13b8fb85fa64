// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pulls; see pull.h.
 *
 *     words -> push_opts -> pull_plan: sessions
 *     for each session: a connection (net/reach.h), as receiver ->
 *         zc_puller_start: a child writes DEST -> progress
 */
#include "cli/pull.h"

#include "cli/ask.h"
#include "cli/pull_plan.h"
#include "cli/push_places.h"
#include "cli/security.h"
#include "cli/signals.h"
#include "daemon/puller.h"
#include "daemon/remote.h"
#include "fs/rootdir.h"

#include <sys/stat.h>
#include <unistd.h>

struct pull {
    const struct zc_push_args *args;
    const struct zc_pull_plan *plan;
    struct zc_report *report;
    struct zc_trust *trust; /* NULL: no SRC is at a daemon */
    struct zc_remote remote;
    struct zc_buf names; /* of --files-from, as they cross */
    struct zc_require require; /* of what a session is about; all borrowed */
    struct zc_err *err;
};

struct session {
    struct pull *pull;
    struct zc_reached *peer;
    struct zc_puller puller;
};

static enum zc_exit pull_over(void *arg, const struct zc_events *events,
                              struct zc_stats *stats)
{
    struct session *s = arg;
    enum zc_exit code = zc_puller_end(&s->puller, events, stats,
                                      zc_signals_stop(), s->pull->err);
    zc_reached_end(s->peer); /* which may wait, and so the user sees for what */
    return code;
}

static enum zc_exit run_session(struct pull *p,
                                const struct zc_pull_session *s,
                                enum zc_pass pass)
{
    struct zc_options opt = p->args->opt;
    struct zc_reached peer;
    zc_run_options(&opt, pass);
    if (zc_push_args_fake(p->args, true, false, &opt, p->err))
        return p->err->code;
    opt.own = s->at.kind == ZC_AT_SSH;
    opt.share = s->at.kind == ZC_AT_DAEMON ? s->at.share : "";
    opt.path = s->at.path;
    opt.new_name = s->new_name;
    opt.path_is_dir = !s->new_name;
    zc_doubt_ask(&p->plan->doubt, &opt);
    opt.ask_dest = s->dest;
    const struct zc_buf *names = s->names.len ? &s->names : &p->names;
    opt.only_names = (struct zc_bytes){names->data, names->len};
    opt.walk |= s->names.len ? ZC_WALK_NAMED : 0;
    zc_report_session(p->report, s->text, s->dest, s->text);
    const struct zc_reach way = {.at = &s->at,
                                 .role = ZC_ROLE_RECEIVER,
                                 .compress = p->args->compress.how,
                                 .contimeout_s = p->args->contimeout_s,
                                 .timeout_s = opt.timeout_s,
                                 .remote = zc_remote_start,
                                 .explain = zc_remote_explain,
                                 .remote_arg = &p->remote};
    if (zc_trust_reach(p->trust, &way, s->text, &peer, p->err))
        return p->err->code;
    const struct zc_pull how = {.dest = s->dest,
                                .require = &p->require,
                                .threads = opt.threads};
    struct session session = {.pull = p, .peer = &peer};
    /* Before there are threads that show progress. */
    if (zc_puller_start(&session.puller, peer.t, &opt, &how, p->err)) {
        zc_reached_end(&peer);
        return p->err->code;
    }
    return zc_run_session(p->args, p->report, pass, pull_over, &session);
}

/* DEST of several SRC, whose directories will be in it. A directory of no disk
 * would not be told from one that was made, so that is not done where something is
 * to be seen in it. */
static int make_dest(struct pull *p, const char *path)
{
    const struct zc_require *require = &p->args->require_dest;
    bool made, all = p->args->opt.apply & ZC_APPLY_MKPATH;
    enum zc_root_make make = zc_require_in_dir(require) ||
                                     p->args->opt.dry_run ? ZC_ROOT_MAKE_NONE
                             : all                        ? ZC_ROOT_MAKE_PATH
                                                          : ZC_ROOT_MAKE_LAST;
    p->require = zc_require_elsewhere(require);
    if (zc_require_check_paths(require, p->err))
        return -1;
    if (p->args->opt.dry_run && !zc_require_in_dir(require))
        return 0; /* it may not be there yet */
    zc_auto_close int fd = zc_root_open_dest(path, make, &made, p->err);
    return fd < 0 || zc_require_check(require, fd, path, p->err) ? -1 : 0;
}

static int prepare(struct pull *p, const struct zc_pull_plan *plan)
{
    bool keys = false;
    for (size_t i = 0; i < plan->sessions.len; i++)
        keys |= plan->sessions.v[i].at.kind == ZC_AT_DAEMON;
    if (keys && !(p->trust = zc_trust_new(&p->args->security,
                                          zc_signals_stop(), p->err)))
        return -1;
    if (p->args->files && zc_fileset_encode(p->args->files, &p->names))
        return zc_err_nomem(p->err);
    return plan->make ? make_dest(p, plan->make) : 0;
}

static enum zc_exit run_one(void *arg, size_t i, enum zc_pass pass)
{
    struct pull *p = arg;
    struct stat st;
    const struct zc_pull_session *s = &p->plan->sessions.v[i];
    if (pass == ZC_PASS_DELETE && stat(s->dest, &st))
        return ZC_EXIT_OK;
    return run_session(p, s, pass);
}

enum zc_exit zc_pull_all(const struct zc_push_args *args,
                         struct zc_report *report, struct zc_err *err)
{
    struct zc_pull_plan plan;
    struct pull p = {.args = args,
                     .plan = &plan,
                     .report = report,
                     .remote = {.args = &args->remote,
                                .accept_new = args->security.accept_new,
                                .ask = zc_ask_for_ssh,
                                .stop = zc_signals_stop()},
                     .names = ZC_BUF_INIT,
                     .require = args->require_dest,
                     .err = err};
    enum zc_exit code;
    if (zc_pull_plan_make(&plan, args, err) || prepare(&p, &plan))
        code = err->code;
    else
        code = zc_run_passes(args, plan.sessions.len, run_one, &p, err);
    zc_trust_free(p.trust);
    zc_pull_plan_fini(&plan);
    zc_buf_fini(&p.names);
    return code;
}
