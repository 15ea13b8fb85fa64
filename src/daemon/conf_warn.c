// SPDX-License-Identifier: GPL-2.0-or-later
/* Second thoughts about zcsync.conf; see conf_warn.h. */
#include "daemon/conf_warn.h"

#include "base/io.h"
#include "base/relpath.h"
#include "daemon/conf_ini.h"
#include "web/door.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct warner {
    const struct zc_conf *c;
    void (*tell)(void *arg, const char *sentence);
    void *arg;
};

static ZC_PRINTF(3, 4) void warn(const struct warner *w, unsigned line,
                                 const char *fmt, ...)
{
    char text[ZC_ERR_TEXT_MAX];
    struct zc_err err;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    zc_conf_bad(&err, w->c->file, line, "warning: %.900s", text);
    w->tell(w->arg, err.text);
}

/* --- remarks behind values --- */

static int see_section(void *arg, const char *kind, const char *name,
                       unsigned line, struct zc_err *err)
{
    (void)arg, (void)kind, (void)name, (void)line, (void)err;
    return 0;
}

/* Other programs take that for a remark. */
static int see_key(void *arg, const char *key, const char *value, unsigned line,
                   struct zc_err *err)
{
    (void)err;
    for (const char *p = value; (p = strpbrk(p, ";#")); p++)
        if (p > value && (p[-1] == ' ' || p[-1] == '\t')) {
            warn(arg, line,
                 "'%.100s' is part of the value of '%s': a remark has a line "
                 "of its own", p, key);
            break;
        }
    return 0;
}

static void check_remarks(struct warner *w)
{
    const struct zc_conf_ini ini = {w->c->file, see_section, see_key, w};
    zc_auto_free char *bytes = malloc(ZC_CONF_FILE_MAX + 1);
    zc_auto_close int fd = open(w->c->file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t n = fd < 0 || !bytes
                    ? -1
                    : zc_io_read(fd, bytes, ZC_CONF_FILE_MAX + 1);
    struct zc_err err;
    if (n >= 0)
        (void)zc_conf_ini_read(&ini, bytes, (size_t)n, &err);
}

/* --- what is not there --- */

static void check_dir(const struct warner *w, unsigned line, const char *what,
                      const char *path)
{
    struct stat st;
    if (stat(path, &st))
        warn(w, line, "%s %s: %m", what, path);
    else if (!S_ISDIR(st.st_mode))
        warn(w, line, "%s %s: is no directory", what, path);
}

/* One without a slash is looked for where zcsyncd looks, which may be elsewhere. */
static void check_command(const struct warner *w, unsigned line,
                          const struct zc_conf_on_change *c)
{
    if (c->command && strchr(c->words.v[0], '/') &&
        faccessat(AT_FDCWD, c->words.v[0], X_OK, AT_EACCESS))
        warn(w, line, "on change %s: %m", c->words.v[0]);
}

/* DEST is made when it is missing, and its parent is not. */
static void check_local(const struct warner *w, const struct zc_conf_mirror *m,
                        const char *path)
{
    zc_auto_free char *dir = NULL;
    struct stat st;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return;
    if (stat(path, &st) == 0)
        check_dir(w, m->to_line, "destination", path);
    else if (zc_path_split(path, &dir) && dir)
        check_dir(w, m->to_line, "the parent of a destination", dir);
}

/* A host that is no [peer] is no mistake where everything is plain. */
static void check_peer(const struct warner *w, const struct zc_conf_mirror *m,
                       const struct zc_conf_dest *d)
{
    const char *host = d->at.host;
    bool own = strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
               strcmp(host, "::1") == 0 || *host == '/';
    if (d->peer || own)
        return;
    bool by_name = strstr(d->text, "::") && strncmp(d->text, "zcsync://", 9);
    int n = by_name ? (int)strcspn(d->text, ":") : 0;
    bool known = false;
    for (size_t i = 0; by_name && i < w->c->peers.len; i++) {
        const char *name = w->c->peers.v[i].name;
        known |= strlen(name) == (size_t)n && !strncmp(name, d->text, (size_t)n);
    }
    if (!w->c->plain)
        warn(w, m->to_line,
             "%s: no [peer] with its 'public key' is known, so nothing is sent "
             "there if that is another machine", d->text);
    else if (by_name && !known)
        warn(w, m->to_line,
             "%s: there is no [peer %.*s], so that is the name of a host",
             d->text, n, d->text);
}

static void check_mirror(const struct warner *w, const struct zc_conf_mirror *m)
{
    check_dir(w, m->line, "path", m->path);
    check_command(w, m->line, &m->on_change);
    for (size_t i = 0; i < m->to.len; i++) {
        const struct zc_conf_dest *d = &m->to.v[i];
        if (d->at.kind == ZC_AT_LOCAL)
            check_local(w, m, d->at.path);
        else if (d->at.kind == ZC_AT_DAEMON)
            check_peer(w, m, d);
    }
}

static void check_token(const struct warner *w)
{
    const struct zc_conf_web *web = &w->c->web;
    struct zc_web_token token;
    struct zc_err err;
    if (zc_conf_web_wanted(w->c) && web->token_file &&
        zc_web_token_load(&token, web->token_file, &err))
        warn(w, web->line, "token file: %s", err.text);
}

void zc_conf_warn(const struct zc_conf *c,
                  void (*tell)(void *arg, const char *sentence), void *arg)
{
    struct warner w = {c, tell, arg};
    check_remarks(&w);
    if (c->identity && access(c->identity, F_OK))
        warn(&w, 1, "identity %s: %m ('zcsync keygen -f' makes it)",
             c->identity);
    check_token(&w);
    for (size_t i = 0; i < c->shares.len; i++) {
        const struct zc_conf_share *s = &c->shares.v[i];
        check_dir(&w, s->line, "path", s->path);
        check_command(&w, s->line, &s->on_change);
    }
    for (size_t i = 0; i < c->mirrors.len; i++)
        check_mirror(&w, &c->mirrors.v[i]);
}
