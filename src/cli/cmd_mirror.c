// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `zcsync mirror`: one SRC and its DESTs, watched and kept equal by
 * mirror/mirror.h, until a signal.
 *
 *     words -> push_opts -> plan: each DEST is checked as push would
 *     forker (local receivers), then threads
 */
#include "base/clock.h"
#include "base/log.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/pausing.h"
#include "cli/plan.h"
#include "cli/plan_check.h"
#include "cli/push_opts.h"
#include "cli/report.h"
#include "cli/run.h"
#include "cli/security.h"
#include "cli/signals.h"
#include "daemon/forker.h"
#include "daemon/snapshot.h"
#include "mirror/mirror.h"
#include "session/glance.h"

#include <fcntl.h>
#include <string.h>

struct mirror;

struct dest {
    struct mirror *mirror;
    struct zc_plan plan;
    char *words[2]; /* SRC and DEST, its operands */
    struct zc_push_args args;
    struct zc_remote remote;
};

struct mirror {
    const struct zc_push_args *args;
    struct dest *dests;
    struct zc_mirror_peer *peers;
    size_t n;
    struct zc_forker *forker; /* NULL: there is no local DEST */
    struct zc_trust *trust;   /* NULL: there is no other */
    struct zc_report *report;
    struct zc_mirror_status *status;
    pthread_mutex_t asking;
};

/* --- what is told --- */

/* The DEST to be named in a line, where there are several. */
static const char *label(const struct mirror *m, size_t peer)
{
    return m->n > 1 || m->args->json ? m->peers[peer].name : NULL;
}

static void on_item(void *arg, size_t peer, const struct zc_item *item)
{
    struct mirror *m = arg;
    zc_report_mirror_item(m->report, label(m, peer), item);
}

static void on_trouble(void *arg, size_t peer, enum zc_trouble kind,
                       const char *what, const char *path, int eno)
{
    struct mirror *m = arg;
    zc_report_mirror_trouble(m->report, label(m, peer), kind, what, path, eno);
}

static void on_changed(void *arg, size_t peer, unsigned state,
                       const char *path, const char *text)
{
    struct mirror *m = arg;
    bool own = peer == ZC_MIRROR_ITSELF;
    zc_report_mirror_state(m->report, own ? NULL : m->peers[peer].name,
                           own ? zc_mirror_state_text(state)
                               : zc_peer_state_text(state),
                           path, text);
}

/* What V says of one DEST, into SUM, which is about several. */
static void add_view(struct zc_progress_view *sum,
                     const struct zc_progress_view *v, bool first)
{
    if (first) {
        *sum = *v;
        return;
    }
    sum->done_bytes += v->done_bytes;
    sum->need_bytes += v->need_bytes;
    sum->done_files += v->done_files;
    sum->need_files += v->need_files;
    sum->scanned = ZC_MAX(sum->scanned, v->scanned);
    sum->scan_done &= v->scan_done;
    sum->finishing &= v->finishing;
    sum->rate += v->rate;
    sum->eta = sum->eta < 0 || v->eta < 0 ? -1 : ZC_MAX(sum->eta, v->eta);
}

/* For the progress line: what is under way, if anything is. */
static bool look(void *arg, struct zc_progress_view *sum)
{
    const struct mirror *m = arg;
    struct zc_snapshot snap = {0};
    uint64_t at = (uint64_t)zc_clock_wall_ns();
    bool any = false;
    const struct zc_snap_mirror *own = zc_snapshot_add(&snap, m->status);
    for (size_t i = 0; own && i < own->peers.len; i++) {
        struct zc_progress_view v;
        if (!zc_snapshot_progress(&own->peers.v[i], at, &v))
            continue;
        add_view(sum, &v, !any);
        any = true;
    }
    zc_snapshot_fini(&snap);
    return any;
}

/* --- DESTs --- */

static int reach_dest(void *arg, struct zc_reached *out, struct zc_err *err)
{
    struct dest *d = arg;
    const struct mirror *m = d->mirror;
    const struct zc_reach way = {.at = &d->plan.dest,
                                 .role = ZC_ROLE_SENDER,
                                 .compress = m->args->compress.how,
                                 .contimeout_s = m->args->contimeout_s,
                                 .timeout_s = m->args->opt.timeout_s,
                                 .local = zc_forker_reach,
                                 .local_arg = m->forker,
                                 .remote = zc_remote_start,
                                 .explain = zc_remote_explain,
                                 .remote_arg = &d->remote};
    return zc_trust_reach(m->trust, &way, d->words[1], out, err);
}

/* Before anything is done to a local DEST: is it what the user means? */
static int check_doubt(const struct dest *d, struct zc_err *err)
{
    const struct zc_plan *p = &d->plan;
    struct zc_options opt = d->args.opt;
    struct zc_msg_opened there = {0};
    struct zc_glance glance = ZC_GLANCE_INIT;
    opt.src = p->sessions.v[0].src;
    zc_plan_ask(p, &opt);
    if (!opt.ask || p->dest.kind != ZC_AT_LOCAL)
        return 0;
    zc_auto_close int fd = open(p->dest.path,
                                O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const struct zc_bytes name = {(const uint8_t *)opt.ask, strlen(opt.ask)};
    zc_glance_tell(fd, NULL, name, &glance, &there);
    int r = zc_glance_judge(&opt, &there, err);
    zc_glance_fini(&glance);
    return r;
}

static int plan_dest(struct mirror *m, size_t i, struct zc_err *err)
{
    struct dest *d = &m->dests[i];
    d->mirror = m;
    d->remote = (struct zc_remote){
        .args = &m->args->remote,
        .accept_new = m->args->security.accept_new,
        .ask = zc_ask_for_ssh,
        .stop = zc_signals_stop(),
        .asking = &m->asking,
    };
    d->args = *m->args;
    d->words[0] = m->args->operands.v[0];
    d->words[1] = m->args->operands.v[1 + i];
    d->args.operands = (zc_operands){d->words, 2, 2};
    if (zc_plan_make(&d->plan, &d->args, err) ||
        zc_plan_check(&d->plan, &d->args, err) || check_doubt(d, err))
        return -1;
    if (d->plan.sessions.v[0].names)
        return zc_err_set(err, ZC_EXIT_SELECT, 0,
                          "SRC %s is not a directory: only directories are "
                          "mirrored ('zcsync push' copies files)",
                          d->words[0]);
    for (size_t k = 0; k < i; k++)
        if (strcmp(m->dests[k].words[1], d->words[1]) == 0)
            return zc_err_set(err, ZC_EXIT_USAGE, 0, "DEST %s is given twice",
                              d->words[1]);
    bool local = d->plan.dest.kind == ZC_AT_LOCAL;
    m->peers[i] = (struct zc_mirror_peer){
        .name = d->words[1],
        .reach = reach_dest,
        .arg = d,
        .own = d->plan.dest.kind == ZC_AT_SSH,
        .share = d->plan.dest.kind == ZC_AT_DAEMON ? d->plan.dest.share : "",
        .path = local ? "" : d->plan.dest.path,
    };
    if (local && !m->forker)
        m->forker = zc_forker_new(&m->args->require_dest, err);
    return local && !m->forker ? -1 : 0;
}

/* What connections to other DESTs than local ones need. */
static int prepare_keys(struct mirror *m, struct zc_err *err)
{
    size_t remote = 0;
    for (size_t i = 0; i < m->n; i++)
        remote += m->dests[i].plan.dest.kind == ZC_AT_DAEMON;
    if (remote > 1 && m->args->security.peer_key)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--peer-key is for one DEST: tell the keys of "
                          "several with 'zcsync key trust'");
    if (remote == 0)
        return 0;
    m->trust = zc_trust_new(&m->args->security, zc_signals_stop(), err);
    return m->trust ? 0 : -1;
}

static int mirror_init(struct mirror *m, const struct zc_push_args *args,
                       struct zc_err *err)
{
    *m = (struct mirror){.args = args, .n = args->operands.len - 1};
    pthread_mutex_init(&m->asking, NULL);
    m->dests = calloc(m->n, sizeof *m->dests);
    m->peers = calloc(m->n, sizeof *m->peers);
    m->status = calloc(1, sizeof *m->status);
    m->report = zc_report_new(args, zc_signals_stop());
    if (!m->dests || !m->peers || !m->status || !m->report)
        return zc_err_nomem(err);
    if (zc_report_open_log(m->report, err))
        return -1;
    for (size_t i = 0; i < m->n; i++)
        if (plan_dest(m, i, err))
            return -1;
    return prepare_keys(m, err);
}

static void mirror_fini(struct mirror *m)
{
    zc_forker_free(m->forker);
    zc_trust_free(m->trust);
    for (size_t i = 0; m->dests && i < m->n; i++)
        zc_plan_fini(&m->dests[i].plan);
    zc_report_free(m->report);
    free(m->status);
    free(m->peers);
    free(m->dests);
}

/* --- the run --- */

static int run(struct mirror *m, int stop_fd, struct zc_err *err)
{
    const struct zc_push_args *a = m->args;
    int control;
    struct zc_pausing *pausing = zc_pausing_start(&control, err);
    if (!pausing)
        return -1;
    struct zc_mirror_options opt = {
        .name = a->operands.v[0],
        .push = a->opt,
        .watch = a->watch,
        .rescan_s = a->rescan_s,
        .compare_s = a->compare_s,
        .peers = m->peers,
        .n_peers = m->n,
        .status = m->status,
        .item = a->opt.want_items ? on_item : NULL,
        .trouble = on_trouble,
        .changed = on_changed,
        .arg = m,
        .stop_fd = stop_fd,
        .control_fd = control,
        .drain_s = a->drain_s,
    };
    opt.push.src = m->dests[0].plan.sessions.v[0].src;
    FILE *to = zc_run_progress_to(a);
    struct zc_progress *progress =
        to ? zc_progress_watch(to, isatty(fileno(to)), look, m) : NULL;
    zc_run_show_progress(m->report, progress);
    int r = zc_mirror_run(&opt, err);
    zc_run_show_progress(m->report, NULL);
    zc_progress_stop(progress);
    zc_pausing_stop(pausing);
    return r;
}

/* What goes to standard error: for somebody who sits there, or asked, also what
 * goes well. */
static enum zc_log_level log_level(const struct zc_push_args *a)
{
    if (a->verbose > 2)
        return ZC_LOG_DEBUG;
    if (a->verbose || (isatty(STDERR_FILENO) && !a->quiet))
        return ZC_LOG_INFO;
    return a->quiet ? ZC_LOG_ERROR : ZC_LOG_WARN;
}

/* SIGTERM is how a mirror is meant to end; anything else interrupts it. */
static int how_it_ended(void)
{
    const char *name = zc_signals_name();
    if (name && strcmp(name, "SIGTERM") == 0) {
        zc_log(ZC_LOG_INFO, "stopped by %s", name);
        return ZC_EXIT_OK;
    }
    zc_log(ZC_LOG_ERROR, "interrupted by signal %s", name ? name : "?");
    return ZC_EXIT_SIGNAL;
}

static int mirror(const struct zc_push_args *args)
{
    struct mirror m;
    struct zc_err err = {0};
    zc_log_level = log_level(args);
    int stop_fd = zc_signals_fd();
    if (stop_fd < 0) {
        zc_err_set(&err, ZC_EXIT_START, errno, "could not wait for signals");
        return zc_cli_usage("mirror", &err);
    }
    zc_signals_catch();
    zc_signals_graceful(true);
    int r = mirror_init(&m, args, &err);
    if (r == 0)
        r = run(&m, stop_fd, &err);
    mirror_fini(&m);
    if (r)
        return zc_cli_usage("mirror", &err);
    return how_it_ended();
}

int zc_cmd_mirror(int argc, char **argv)
{
    struct zc_push_args args;
    struct zc_err err;
    int code;
    if (zc_push_args_parse(&args, ZC_AS_MIRROR, argc, argv, &err)) {
        code = zc_cli_usage("mirror", &err);
    } else if (args.help) {
        char *name = "mirror";
        code = zc_cmd_help(1, &name);
    } else {
        code = mirror(&args);
    }
    zc_push_args_fini(&args);
    return code;
}
