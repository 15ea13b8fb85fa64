// SPDX-License-Identifier: GPL-2.0-or-later
/* From the configuration of a mirror to zc_mirror_run; see watcher.h. */
#include "daemon/watcher.h"

#include "base/log.h"
#include "daemon/forker.h"
#include "daemon/process.h"
#include "daemon/remote.h"
#include "daemon/sandbox.h"
#include "net/compress.h"
#include "net/dial.h"
#include "net/reach.h"
#include "mirror/mirror.h"
#include "session/changes.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

/* What one destination's connect needs. */
struct dest {
    const struct zc_watcher *watcher;
    const struct zc_conf_dest *to;
    struct zc_forker *forker; /* of all local ones */
    bool beside; /* it is the second connection */
    struct zc_remote_args ssh;
    struct zc_remote remote;
    uint64_t said; /* of what was last said of who is there */
    atomic_bool stop; /* never: the process is ended */
};

/* Asked while there is a session, too: keys come and go at a reload. */
static bool is_trusted(void *arg, const char *key)
{
    const struct dest *d = arg;
    const struct zc_watcher *w = d->watcher;
    return zc_peer_keys_have(w->keys, (size_t)(d->to - w->mirror->to.v), key);
}

/* The handshake's question, for a destination with a key. */
static int check_key(void *arg, const uint8_t key[ZC_KEY_SIZE],
                     struct zc_err *err)
{
    const struct dest *d = arg;
    char text[ZC_KEY_TEXT_SIZE];
    zc_key_text(key, text);
    if (is_trusted(arg, text))
        return 0;
    return zc_err_set(err, ZC_EXIT_START, 0,
                      "%s has the key %s, and not the 'public key' of its "
                      "[peer]: somebody may be posing as that host",
                      d->to->at.host, text);
}

/* With a key: sealed, and no other way. Without: there is nobody to ask whether
 * to trust one, so it is plain, on this machine or by `security = plain`. */
static int secure(void *arg, const struct zc_transport *t,
                  struct zc_security *sec, struct zc_err *err)
{
    struct dest *d = arg;
    const struct zc_watcher *w = d->watcher;
    *sec = (struct zc_security){.no_ktls = !w->conf->ktls, .arg = d};
    if (d->to->peer) {
        sec->identity = w->identity;
        sec->trust = check_key;
        return 0;
    }
    if (!w->conf->plain && !zc_dial_loopback(t))
        return zc_err_set(err, ZC_EXIT_START, 0,
                          "%s (%s) is another machine, and no key is known for "
                          "it: write a [peer] with its 'public key' (or "
                          "'security = plain', to send unencrypted)",
                          d->to->at.host, t->peer);
    sec->plain = true;
    sec->plain_only = "no [peer] with its 'public key' is named";
    return 0;
}

/* Once, however often there is a try. */
static void say_who(struct dest *d, const struct zc_transport *t)
{
    char text[ZC_STATUS_TEXT];
    int n = snprintf(text, sizeof text, "%s, %s%s%s", t->peer, t->security,
                     t->peer_key[0] ? ", key " : "", t->peer_key);
    uint64_t hash = XXH3_64bits(text, ZC_MIN((size_t)n, sizeof text - 1));
    if (hash == d->said)
        return;
    d->said = hash;
    zc_log(ZC_LOG_INFO, "%s: %s", d->to->text, text);
}

static int reach_dest(void *arg, struct zc_reached *out, struct zc_err *err)
{
    struct dest *d = arg;
    const struct zc_conf_mirror *m = d->watcher->mirror;
    const struct zc_reach way = {.at = &d->to->at,
                                 .role = ZC_ROLE_SENDER,
                                 .compress = zc_compress_limited(
                                     m->compress, m->push.bwlimit),
                                 .contimeout_s = m->contimeout_s,
                                 .timeout_s = m->push.timeout_s,
                                 .local = d->beside ? zc_forker_reach_beside
                                                    : zc_forker_reach,
                                 .local_arg = d->forker,
                                 .remote = zc_remote_start,
                                 .explain = zc_remote_explain,
                                 .remote_arg = &d->remote,
                                 .secure = secure,
                                 .secure_arg = d};
    if (zc_reach(&way, out, err))
        return -1;
    struct zc_transport *t = out->t;
    /* PEER of PEER::SHARE, and not the address that it has here. */
    size_t n = strstr(d->to->text, "::") ? strcspn(d->to->text, ":") : 0;
    if (d->to->at.kind == ZC_AT_DAEMON && n)
        snprintf(t->host, sizeof t->host, "%.*s", (int)n, d->to->text);
    if (d->to->at.kind != ZC_AT_LOCAL)
        say_who(d, t);
    return 0;
}

/* D is one of M. There is nobody to ask: what would be asked is a reason not to
 * connect, and in the log. */
static void init_dest(struct dest *d, const struct zc_watcher *w,
                      const struct zc_conf_dest *to, struct zc_forker *forker)
{
    const struct zc_conf_mirror *m = w->mirror;
    d->watcher = w;
    d->to = to;
    d->forker = forker;
    d->ssh = (struct zc_remote_args){.command = m->ssh.command,
                                     .config = m->ssh.config,
                                     .identity = m->ssh.identity,
                                     .data = m->ssh.data};
    d->ssh.lines.v = (const char **)m->ssh.options.v;
    d->ssh.lines.len = m->ssh.options.len;
    d->remote = (struct zc_remote){.args = &d->ssh, .stop = &d->stop};
}

/* Receivers are the forker's, which is not held to this. What ssh and -e start may
 * need anything. */
static int confine(const struct zc_conf_mirror *m, const char *state,
                   struct zc_err *err)
{
    for (size_t i = 0; i < m->to.len; i++)
        if (m->to.v[i].at.kind == ZC_AT_SSH)
            return 0;
    if (state)
        (void)mkdir(state, 0750);
    zc_auto_close int fd =
        state ? open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    return zc_sandbox_send(fd, m->push.mover == ZC_MOVER_URING, err);
}

/* What changes at the destinations, for `on change`. */
struct told {
    struct zc_changes_pipe pipe;
    struct zc_changes of[ZC_STATUS_PEERS_MAX];
};

static void on_item(void *arg, size_t peer, const struct zc_item *item)
{
    struct told *t = arg;
    if (!(item->flags & (ZC_ITEM_SAME | ZC_ITEM_UNCHANGED)))
        zc_changes_add(&t->of[peer], item->path);
}

static void on_renamed(void *arg, size_t peer, const char *from, const char *to)
{
    struct told *t = arg;
    zc_changes_add(&t->of[peer], from);
    zc_changes_add(&t->of[peer], to);
}

static void on_round(void *arg, size_t peer)
{
    struct told *t = arg;
    zc_changes_flush(&t->of[peer]);
}

static void begin_telling(const struct zc_watcher *w, struct told *t)
{
    zc_changes_pipe_init(&t->pipe, w->changes_fd);
    for (size_t i = 0; i < w->mirror->to.len; i++)
        zc_changes_init(&t->of[i], &t->pipe, w->mirror->on_change.patterns);
    w->mark(w->mark_arg, w->mirror->name, w->changes_number);
    zc_changes_begin(&t->pipe, w->mirror->name);
}

/* What has come to no end may have changed all the same. */
static void end_telling(const struct zc_watcher *w, struct told *t)
{
    for (size_t i = 0; i < w->mirror->to.len; i++) {
        zc_changes_flush(&t->of[i]);
        zc_changes_fini(&t->of[i]);
    }
    zc_changes_end(&t->pipe);
}

static int run(const struct zc_watcher *w, struct dest *dests,
               struct zc_mirror_peer *peers, struct zc_err *err)
{
    const struct zc_conf_mirror *m = w->mirror;
    struct zc_forker *forker = NULL;
    const struct zc_require elsewhere = zc_require_elsewhere(&m->push.require);
    struct zc_mirror_options opt = {
        .verify = {.every_s = m->verify_s,
                   .repair = m->verify_repair,
                   .cold = m->verify_cold,
                   .state = w->conf->state},
        .name = m->name,
        .unique = true,
        .push = m->push,
        .watch = m->watch,
        .holds = m->holds.len ? &m->holds : NULL,
        .rescan_s = m->rescan_s,
        .compare_s = m->compare_s,
        .peers = peers,
        .n_peers = m->to.len,
        .status = w->status,
        .stop_fd = w->stop_fd,
        .control_fd = w->control_fd,
        .drain_s = m->drain_s,
    };
    struct told told;
    bool tells = w->changes_fd >= 0 && m->on_change.command;
    if (tells) {
        begin_telling(w, &told);
        opt.push.want_items = true;
        opt.item = on_item;
        opt.renamed = on_renamed;
        opt.round = on_round;
        opt.arg = &told;
    }
    for (size_t i = 0; i < m->to.len; i++) {
        const struct zc_conf_dest *to = &m->to.v[i];
        if (to->at.kind == ZC_AT_LOCAL && !forker) {
            forker = zc_forker_new(&elsewhere, err);
            if (!forker)
                return -1;
        }
        init_dest(&dests[i], w, to, forker);
        init_dest(&dests[m->to.len + i], w, to, forker);
        dests[m->to.len + i].beside = true;
        peers[i] = (struct zc_mirror_peer){
            .name = to->text,
            .reach = reach_dest,
            .arg = &dests[i],
            .other_arg = &dests[m->to.len + i],
            .trusted = to->peer ? is_trusted : NULL,
            .paused = w->paused[i],
            .own = to->at.kind == ZC_AT_SSH,
            .share = to->at.share ? to->at.share : "",
            .path = to->at.kind == ZC_AT_LOCAL ? "" : to->at.path,
        };
    }
    int r = confine(m, w->conf->state, err) || zc_mirror_run(&opt, err) ? -1 : 0;
    zc_forker_free(forker);
    if (tells)
        end_telling(w, &told);
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

static bool has_keyed_dest(const struct zc_conf_mirror *m)
{
    for (size_t i = 0; i < m->to.len; i++)
        if (m->to.v[i].peer)
            return true;
    return false;
}

/* The private key is for connections that this process makes, if any, and not
 * for the processes it starts. */
static void take_identity(const struct zc_watcher *w)
{
    if (w->identity && has_keyed_dest(w->mirror))
        zc_identity_keep(w->identity);
    else
        zc_identity_free(w->identity);
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
    zc_process_close_others(
        (const int[]){w->stop_fd, w->control_fd, w->changes_fd}, 3);
    take_identity(w);

    struct dest *dests = calloc(2 * m->to.len, sizeof *dests);
    struct zc_mirror_peer *peers = calloc(m->to.len, sizeof *peers);
    int r = dests && peers ? run(w, dests, peers, &err) : zc_err_nomem(&err);
    free(peers);
    free(dests);
    if (r == 0)
        _exit(0);
    zc_log(ZC_LOG_ERROR, "mirror %s: %s", m->name, err.text);
    zc_mirror_set_text(w->status, err.text);
    _exit(err.code ? err.code : ZC_EXIT_MEMORY);
}
