// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ssh_config(5) where there is no ssh(1) to ask: the keys of config.c, Host,
 * Include, and of Match what asks for nothing but names. What a block says
 * counts when its line matches; what another Match asks for is passed over,
 * with a remark.
 *
 * Order is all: what the user has typed, then his file, then the system's, and
 * of each key the first value.
 */
#include "ssh/config.h"

#include "base/buf.h"
#include "base/io.h"
#include "ssh/pattern.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define FILE_MAX_BYTES (1 << 20)
#define DEPTH_MAX 16
#define SYSTEM_DIR "/etc/ssh"

struct reader {
    struct zc_ssh_config *c;
    const struct zc_ssh_options *o; /* NULL: from memory, nothing included */
    const char *file;
    unsigned line;
    unsigned depth;
    bool system; /* the system's file, or one that it includes */
    bool check;  /* others must not be able to write it */
    bool active; /* the lines here count */
};

static int read_file(struct reader *r, const char *file, bool must,
                     struct zc_err *err);

/* --- words --- */

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f';
}

/* Takes a word off *P into OUT (as long as *P is): quotes of both kinds keep
 * blanks, a backslash takes away the meaning of a quote, of another backslash
 * and, outside of quotes, of a blank. 1, 0 at the end or a comment, -1 for a
 * quote without its end. */
static int next_word(const char **p, char *out)
{
    const char *s = *p;
    char quote = '\0';
    while (blank(*s))
        s++;
    if (!*s || *s == '#')
        return 0;
    for (; *s && (quote || !blank(*s)); s++) {
        if (*s == '\\' && s[1] && (strchr("\"'\\", s[1]) ||
                                   (!quote && s[1] == ' ')))
            *out++ = *++s;
        else if (quote ? *s == quote : *s == '"' || *s == '\'')
            quote = quote ? '\0' : *s;
        else
            *out++ = *s;
    }
    *out = '\0';
    *p = s;
    return quote ? -1 : 1;
}

static int split(const char *text, struct zc_ssh_words *w, struct zc_err *err)
{
    zc_auto_free char *word = malloc(strlen(text) + 1);
    int r = word ? 0 : -1;
    while (!r && w->len < ZC_SSH_WORDS_MAX) {
        int got = next_word(&text, word);
        if (got < 0)
            return zc_err_set(err, ZC_EXIT_USAGE, 0, "a quote without its end");
        if (!got)
            return 0;
        r = zc_ssh_words_add(w, word, strlen(word));
    }
    return r ? zc_err_nomem(err) : 0;
}

/* --- blocks --- */

/* ssh(1) stops at the first pattern with `!` that matches. */
static bool host_block(const struct zc_ssh_words *w, const char *host)
{
    bool found = false;
    for (size_t i = 0; i < w->len; i++) {
        const char *p = w->v[i];
        bool not = *p == '!';
        p += not;
        if (zc_ssh_glob(p, strlen(p), host, false)) {
            if (not)
                return false;
            found = true;
        }
    }
    return found;
}

static void remark(struct reader *r, const char *what)
{
    struct zc_err e;
    if (!r->o || !r->o->say)
        return;
    zc_err_set(&e, ZC_EXIT_OK, 0, "%s:%u: passed over, as \"Match %.100s\" is "
               "for ssh(1) to judge", r->file, r->line, what);
    r->o->say(r->o->arg, ZC_LOG_INFO, e.text);
}

/* What CRITERION compares its patterns with; NULL: it is none of ours. */
static const char *match_subject(struct reader *r, const char *criterion,
                                 struct zc_ssh_me *me)
{
    const struct zc_ssh_config *c = r->c;
    if (!strcasecmp(criterion, "host"))
        return c->hostname ? c->hostname : c->host;
    if (!strcasecmp(criterion, "originalhost"))
        return c->host;
    zc_ssh_me(me);
    if (!strcasecmp(criterion, "localuser"))
        return me->user;
    if (!strcasecmp(criterion, "user"))
        return c->user ? c->user : me->user;
    return NULL;
}

static bool match_block(struct reader *r, const struct zc_ssh_words *w)
{
    struct zc_ssh_me me;
    bool all = true;
    for (size_t i = 0; i < w->len; i++) {
        const char *criterion = w->v[i];
        bool not = *criterion == '!';
        criterion += not;
        if (!strcasecmp(criterion, "all")) {
            all = all && !not;
            continue;
        }
        const char *subject = match_subject(r, criterion, &me);
        if (!subject || ++i == w->len) {
            remark(r, criterion);
            return false;
        }
        if (zc_ssh_pattern_list(w->v[i], strlen(w->v[i]), subject, false) ==
            not)
            all = false;
    }
    return all && w->len;
}

/* --- files within files --- */

static int include_one(struct reader *r, const char *file, struct zc_err *err)
{
    struct reader in = *r;
    in.depth++;
    if (in.depth > DEPTH_MAX)
        return zc_err_set(err, ZC_EXIT_USAGE, 0, "files are included more than "
                          "%d deep", DEPTH_MAX);
    return read_file(&in, file, false, err);
}

static int include_glob(struct reader *r, const char *pattern,
                        struct zc_err *err)
{
    glob_t g;
    int result = 0;
    int why = glob(pattern, 0, NULL, &g);
    if (why == GLOB_NOMATCH)
        return 0;
    if (why)
        return zc_err_set(err, ZC_EXIT_USAGE, 0, "could not look for \"%s\"",
                          pattern);
    for (size_t i = 0; i < g.gl_pathc && !result; i++)
        result = include_one(r, g.gl_pathv[i], err);
    globfree(&g);
    return result;
}

static int include(struct reader *r, const struct zc_ssh_words *w,
                   struct zc_err *err)
{
    int result = 0;
    for (size_t i = 0; i < w->len && !result && r->active && r->o; i++) {
        struct zc_buf b = ZC_BUF_INIT;
        zc_auto_free char *path = zc_ssh_expand(r->c, w->v[i], true, err);
        zc_auto_free char *base =
            zc_ssh_expand(r->c, r->system ? SYSTEM_DIR : "~/.ssh", true, err);
        if (!path || !base)
            return -1;
        if (*path != '/')
            zc_buf_printf(&b, "%s/", base);
        zc_buf_put(&b, path, strlen(path) + 1);
        result = b.failed ? zc_err_nomem(err)
                          : include_glob(r, (char *)b.data, err);
        zc_buf_fini(&b);
    }
    return result;
}

/* --- lines --- */

static int line_of_words(struct reader *r, const char *key, const char *value,
                         struct zc_err *err)
{
    struct zc_ssh_words w = {0};
    int result = split(value, &w, err);
    if (result)
        ;
    else if (!strcasecmp(key, "host"))
        r->active = host_block(&w, r->c->host);
    else if (!strcasecmp(key, "match"))
        r->active = match_block(r, &w);
    else if (!strcasecmp(key, "include"))
        result = include(r, &w, err);
    else if (r->active)
        result = zc_ssh_config_set(r->c, key, (const char *const *)w.v, w.len,
                                   err);
    zc_ssh_words_fini(&w);
    return result;
}

/* LINE is "Key value", "Key=value" or "Key = value" (changed). */
static int one_line(struct reader *r, char *line, struct zc_err *err)
{
    while (blank(*line))
        line++;
    if (!*line || *line == '#')
        return 0;
    size_t n = strlen(line);
    while (blank(line[n - 1]))
        line[--n] = '\0';
    char *value = line + strcspn(line, " \t\r\f=");
    char *end = value;
    while (blank(*value))
        value++;
    if (*value == '=')
        value++;
    while (blank(*value))
        value++;
    *end = '\0';
    if (zc_ssh_config_shape(line) == ZC_SSH_WORDS)
        return line_of_words(r, line, value, err);
    const char *whole = value;
    return r->active ? zc_ssh_config_set(r->c, line, &whole, 1, err) : 0;
}

static int parse(struct reader *r, const char *bytes, size_t n,
                 struct zc_err *err)
{
    const char *at = bytes, *end = bytes + n;
    for (r->line = 1; at < end; r->line++) {
        const char *nl = memchr(at, '\n', (size_t)(end - at));
        const char *to = nl ? nl : end;
        zc_auto_free char *line = strndup(at, (size_t)(to - at));
        if (!line)
            return zc_err_nomem(err);
        unsigned number = r->line;
        if (one_line(r, line, err))
            return zc_err_prefix(err, "%s:%u", r->file, number);
        at = to + 1;
    }
    return 0;
}

int zc_ssh_config_parse(struct zc_ssh_config *c, const char *file,
                        const char *bytes, size_t n, struct zc_err *err)
{
    struct reader r = {.c = c, .file = file, .active = true};
    return parse(&r, bytes, n, err);
}

/* --- files --- */

static int look_at(struct reader *r, int fd, const char *file,
                   struct zc_err *err)
{
    struct stat st;
    if (fstat(fd, &st))
        return zc_err_set(err, ZC_EXIT_USAGE, errno, "%s", file);
    if (r->check && ((st.st_uid && st.st_uid != getuid()) ||
                     st.st_mode & (S_IWGRP | S_IWOTH)))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "%s: others can write it, and so have commands run",
                          file);
    if (st.st_size > FILE_MAX_BYTES)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "%s is larger than 1 MiB, the most that is read",
                          file);
    return 0;
}

static int read_file(struct reader *r, const char *file, bool must,
                     struct zc_err *err)
{
    zc_auto_close int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return must ? zc_err_set(err, ZC_EXIT_USAGE, errno, "%s", file) : 0;
    zc_auto_free char *bytes = malloc(FILE_MAX_BYTES);
    if (!bytes)
        return zc_err_nomem(err);
    if (look_at(r, fd, file, err))
        return -1;
    ssize_t n = zc_io_read(fd, bytes, FILE_MAX_BYTES);
    if (n < 0)
        return zc_err_set(err, ZC_EXIT_USAGE, errno, "%s", file);
    r->file = file;
    return parse(r, bytes, (size_t)n, err);
}

static int read_files(struct reader *r, struct zc_err *err)
{
    if (r->o->config_file)
        return strcasecmp(r->o->config_file, "none")
                   ? read_file(r, r->o->config_file, true, err)
                   : 0;
    zc_auto_free char *own = zc_ssh_expand(r->c, "~/.ssh/config", true, err);
    if (!own)
        return -1;
    r->check = true;
    if (read_file(r, own, false, err))
        return -1;
    r->check = false;
    r->system = r->active = true;
    return read_file(r, SYSTEM_DIR "/ssh_config", false, err);
}

static int typed(struct reader *r, const char *key, const char *value,
                 struct zc_err *err)
{
    return value ? zc_ssh_config_set(r->c, key, &value, 1, err) : 0;
}

static int read_typed(struct reader *r, const struct zc_ssh_place *place,
                      struct zc_err *err)
{
    const struct zc_ssh_options *o = r->o;
    if (typed(r, "user", place->user, err) || typed(r, "port", o->port, err) ||
        typed(r, "proxyjump", o->jump, err))
        return -1;
    for (size_t i = 0; i < o->identity_file_count; i++)
        if (typed(r, "identityfile", o->identity_files[i], err))
            return -1;
    for (size_t i = 0; i < o->line_count; i++) {
        zc_auto_free char *line = strdup(o->lines[i]);
        if (!line)
            return zc_err_nomem(err);
        r->active = true;
        if (one_line(r, line, err))
            return zc_err_prefix(err, "-o %.200s", o->lines[i]);
    }
    r->active = true;
    return o->accept_new
               ? typed(r, "stricthostkeychecking", "accept-new", err)
               : 0;
}

int zc_ssh_config_read(struct zc_ssh_config *c,
                       const struct zc_ssh_place *place,
                       const struct zc_ssh_options *o, struct zc_err *err)
{
    struct reader r = {.c = c, .o = o, .file = "-o", .active = true};
    if (read_typed(&r, place, err) || read_files(&r, err))
        return -1;
    return 0;
}
