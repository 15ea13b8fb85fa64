// SPDX-License-Identifier: GPL-2.0-or-later
/* Opening, checking and replacing listening sockets; see listeners.h. */
#include "daemon/listeners.h"

#include "base/log.h"
#include "net/address.h"
#include "net/dial.h"
#include "net/unix.h"
#include "session/share.h"

#include <fcntl.h>
#include <string.h>

void zc_listeners_close(struct zc_listeners *l)
{
    for (size_t i = 0; i < l->v.len; i++) {
        zc_close(&l->v.v[i].fd);
        if (*l->v.v[i].bound == '/')
            zc_unix_unlink(l->v.v[i].bound);
    }
    zc_vec_fini(&l->v);
    free(l->spec);
    l->spec = NULL;
}

static int check(const struct zc_listener *one, const struct zc_conf *conf,
                 struct zc_err *err)
{
    return one->loopback ? 0 : zc_conf_check_reach(conf, one->bound, err);
}

/* Who of those without keys is let in. */
static void tell_plain(const struct zc_listener *one,
                       const struct zc_conf_share *c)
{
    char text[400];
    const struct zc_share s = {.n_users = c->users.len,
                               .any_user = c->any_user,
                               .trust = c->trust};
    zc_share_say(&s, one->loopback, text, sizeof text);
    zc_log(ZC_LOG_INFO, "share %s: %s", c->name, text);
}

static void tell(const struct zc_listener *one, const struct zc_conf *conf)
{
    if (one->absent)
        zc_log(ZC_LOG_WARN, "listening on %s, an address that this host does not "
                            "have yet", one->bound);
    else
        zc_log(ZC_LOG_INFO, "listening on %s", one->bound);
    for (size_t i = 0; i < conf->shares.len; i++)
        if (!zc_conf_share_keyed(&conf->shares.v[i]))
            tell_plain(one, &conf->shares.v[i]);
    if (!one->loopback && !zc_conf_sealed_only(conf))
        zc_log(ZC_LOG_WARN, "security = plain: whoever reaches %s may connect, "
                            "unencrypted, to the shares without keys",
               one->bound);
}

int zc_listeners_adopt(struct zc_listeners *l, struct zc_activated *a,
                       const struct zc_conf *conf, struct zc_err *err)
{
    l->passed = a->n_listen > 0;
    for (; a->n_listen > 0; a->n_listen--, a->listen++) {
        struct zc_listener one = {.fd = a->listen[0]};
        if (zc_listen_adopt(one.fd, one.bound, sizeof one.bound,
                            &one.loopback))
            return zc_err_set(err, ZC_EXIT_SOCKET, errno,
                              "descriptor %d, which was passed in", one.fd);
        if (check(&one, conf, err))
            return -1;
        if (zc_vec_push(&l->v, one))
            return zc_err_nomem(err);
        tell(&one, conf);
    }
    return 0;
}

static int check_all(const struct zc_listeners *l, const struct zc_conf *conf,
                     struct zc_err *err)
{
    for (size_t i = 0; i < l->v.len; i++)
        if (check(&l->v.v[i], conf, err))
            return -1;
    return 0;
}

/* Opens SPEC into L, which is empty. */
static int open_spec(struct zc_listeners *l, const char *spec,
                     struct zc_err *err)
{
    zc_auto_free char *host = NULL, *port = NULL;
    struct zc_listener one;
    if (zc_addr_split(spec, &host, &port, err))
        return -1;
    one.fd = zc_listen_early(host, port, one.bound, sizeof one.bound,
                             &one.loopback, &one.absent, err);
    if (one.fd < 0)
        return -1;
    l->spec = strdup(spec);
    if (!l->spec || zc_vec_push(&l->v, one)) {
        zc_close(&one.fd);
        if (*one.bound == '/')
            zc_unix_unlink(one.bound);
        zc_listeners_close(l);
        return zc_err_nomem(err);
    }
    /* A connection that is reset between poll and accept must not block us. */
    if (fcntl(one.fd, F_SETFL, O_NONBLOCK)) {
        zc_err_set(err, ZC_EXIT_SOCKET, errno, "could not set up %s",
                   one.bound);
        zc_listeners_close(l);
        return -1;
    }
    return 0;
}

static int open_checked(struct zc_listeners *l, const char *spec,
                        const struct zc_conf *conf, struct zc_err *err)
{
    if (open_spec(l, spec, err))
        return -1;
    if (check_all(l, conf, err) == 0)
        return 0;
    zc_listeners_close(l);
    return -1;
}

/* Puts the sockets of NEXT into L's place. */
static void replace(struct zc_listeners *l, struct zc_listeners *next,
                    const struct zc_conf *conf)
{
    zc_listeners_close(l);
    *l = *next;
    for (size_t i = 0; i < l->v.len; i++)
        tell(&l->v.v[i], conf);
}

/* What is open stays open where CONF still allows it. */
static void keep(struct zc_listeners *l, const struct zc_conf *conf)
{
    struct zc_err why;
    if (check_all(l, conf, &why) == 0)
        return;
    zc_log(ZC_LOG_ERROR, "%s; it is closed", why.text);
    zc_listeners_close(l);
}

int zc_listeners_configure(struct zc_listeners *l, const struct zc_conf *conf,
                           struct zc_err *err)
{
    const char *spec = conf->listen ? conf->listen : ZC_DEFAULT_PORT;
    struct zc_listeners next = {0};
    struct zc_err ignored;

    if (l->passed) {
        keep(l, conf);
        return 0;
    }
    if (conf->shares.len == 0 || strcmp(spec, "none") == 0) {
        zc_listeners_close(l);
        return 0;
    }
    if (l->spec && strcmp(spec, l->spec) == 0) {
        keep(l, conf);
        return 0;
    }
    if (open_checked(&next, spec, conf, err) == 0) {
        replace(l, &next, conf);
        return 0;
    }
    if (l->spec)
        keep(l, conf);
    if (!l->spec)
        return -1;
    /* The old socket may be what is in the way of the new one (127.0.0.1 and
     * all addresses, on the same port). */
    zc_auto_free char *old = l->spec;
    l->spec = NULL;
    zc_listeners_close(l);
    int r = open_checked(&next, spec, conf, err);
    if (r == 0 || open_checked(&next, old, conf, &ignored) == 0)
        replace(l, &next, conf);
    return r;
}
