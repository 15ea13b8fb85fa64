// SPDX-License-Identifier: GPL-2.0-or-later
/* From the configuration of a mirror to zc_live_run; see watcher.h. */
#include "daemon/watcher.h"

#include "base/log.h"
#include "daemon/forker.h"
#include "daemon/process.h"
#include "net/dial.h"
#include "sync/live.h"

#include <stdio.h>

/* What one destination's connect needs. */
struct dest {
    const struct zc_conf_mirror *mirror;
    const struct zc_endpoint *at;
    struct zc_forker *forker; /* of all local ones */
};

static struct zc_transport *connect_dest(void *arg, struct zc_err *err)
{
    const struct dest *d = arg;
    struct zc_transport *t;
    if (d->at->kind == ZC_AT_LOCAL)
        t = zc_forker_connect(d->forker, d->at->path, err);
    else
        t = zc_dial(d->at->host, d->at->port, d->mirror->contimeout_s, err);
    if (t && d->mirror->push.timeout_s)
        zc_transport_set_timeout(t, d->mirror->push.timeout_s);
    return t;
}

static int run(const struct zc_watcher *w, struct dest *dests,
               struct zc_live_peer *peers, struct zc_err *err)
{
    const struct zc_conf_mirror *m = w->mirror;
    struct zc_forker *forker = NULL;
    struct zc_live_options opt = {
        .name = m->name,
        .unique = true,
        .push = m->push,
        .watch = m->watch,
        .rescan_s = m->rescan_s,
        .peers = peers,
        .n_peers = m->to.len,
        .status = w->status,
        .stop_fd = w->stop_fd,
        .control_fd = w->control_fd,
        .drain_s = m->drain_s,
    };
    for (size_t i = 0; i < m->to.len; i++) {
        const struct zc_conf_dest *to = &m->to.v[i];
        if (to->at.kind == ZC_AT_LOCAL && !forker) {
            forker = zc_forker_new(err);
            if (!forker)
                return -1;
        }
        dests[i] = (struct dest){m, &to->at, forker};
        peers[i] = (struct zc_live_peer){
            .name = to->text,
            .connect = connect_dest,
            .arg = &dests[i],
            .share = to->at.share ? to->at.share : "",
            .path = to->at.kind == ZC_AT_LOCAL ? "" : to->at.path,
        };
    }
    int r = zc_live_run(&opt, err);
    zc_forker_free(forker);
    return r;
}

void zc_watcher_describe(const struct zc_conf_mirror *m,
                         struct zc_mirror_status *status)
{
    snprintf(status->name, sizeof status->name, "%s", m->name);
    snprintf(status->source, sizeof status->source, "%s", m->path);
    size_t n = ZC_MIN(m->to.len, (size_t)ZC_STATUS_PEERS_MAX);
    for (size_t i = 0; i < n; i++)
        snprintf(status->peers[i].name, sizeof status->peers[i].name, "%s",
                 m->to.v[i].text);
    status->n_peers = (uint32_t)n;
}

_Noreturn void zc_watcher_main(const struct zc_watcher *w)
{
    const struct zc_conf_mirror *m = w->mirror;
    struct zc_err err = {0};
    char name[80];

    /* A Ctrl-C in the terminal reaches all of us; the parent decides. SIGTERM
     * is left alone: whoever sends it to this one process means it. */
    zc_process_set_signal(SIGINT, SIG_IGN);
    zc_process_set_signal(SIGHUP, SIG_IGN);
    zc_process_set_signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_SETMASK, w->mask, NULL);
    zc_process_die_with(w->parent, SIGKILL);
    snprintf(name, sizeof name, "zcsync:%.60s", m->name);
    zc_process_name(name);
    zc_process_close_others((const int[]){w->stop_fd, w->control_fd}, 2);
    zc_process_raise_nofile();

    struct dest *dests = calloc(m->to.len, sizeof *dests);
    struct zc_live_peer *peers = calloc(m->to.len, sizeof *peers);
    int r = dests && peers ? run(w, dests, peers, &err) : zc_err_nomem(&err);
    free(peers);
    free(dests);
    if (r == 0)
        _exit(0);
    zc_log(ZC_LOG_ERROR, "mirror %s: %s", m->name, err.text);
    zc_mirror_set_text(w->status, err.text);
    _exit(err.code ? err.code : ZC_EXIT_MEMORY);
}
