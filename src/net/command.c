// SPDX-License-Identifier: GPL-2.0-or-later
/* Programs as transports; see command.h. */
#include "net/command.h"

#include "net/spawn.h"

#include <string.h>
#include <sys/socket.h>

/* --- words --- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* The word at *AT, without its quotes, into OUT, which has room for it. -1: a
 * quote does not end. */
static int take_word(const char **at, char *out)
{
    const char *p = *at;
    char quote = '\0';
    for (; *p && (quote || !is_blank(*p)); p++) {
        bool is_quote = *p == '\'' || *p == '"';
        if (quote && *p == quote && p[1] == quote)
            *out++ = *p++;
        else if (quote && *p == quote)
            quote = '\0';
        else if (!quote && is_quote)
            quote = *p;
        else
            *out++ = *p;
    }
    *out = '\0';
    *at = p;
    return quote ? -1 : 0;
}

int zc_words_split(zc_words *w, const char *text, struct zc_err *err)
{
    for (const char *at = text;;) {
        while (is_blank(*at))
            at++;
        if (!*at)
            return 0;
        char *word = malloc(strlen(at) + 1);
        if (!word)
            return zc_err_nomem(err);
        if (take_word(&at, word)) {
            free(word);
            return zc_err_set(err, ZC_EXIT_USAGE, 0,
                              "a quote does not end in: %.200s", text);
        }
        if (zc_vec_push(w, word)) {
            free(word);
            return zc_err_nomem(err);
        }
    }
}

static int add(zc_words *w, const char *word, size_t n)
{
    char *copy = strndup(word, n);
    if (copy && !zc_vec_push(w, copy))
        return 0;
    free(copy);
    return -1;
}

int zc_words_add(zc_words *w, const char *word)
{
    return add(w, word, strlen(word));
}

int zc_words_add_plain(zc_words *w, const char *text)
{
    static const char blanks[] = " \t\n";
    for (const char *at = text + strspn(text, blanks); *at;
         at += strspn(at, blanks)) {
        size_t n = strcspn(at, blanks);
        if (add(w, at, n))
            return -1;
        at += n;
    }
    return 0;
}

void zc_words_fini(zc_words *w)
{
    for (size_t i = 0; i < w->len; i++)
        free(w->v[i]);
    zc_vec_fini(w);
}

/* --- the program --- */

/* With FD for its standard input and output. 0, or an errno. */
static int spawn(const zc_words *w, int fd, pid_t *pid)
{
    zc_auto_free char **argv = calloc(w->len + 1, sizeof *argv);
    if (!argv)
        return ENOMEM;
    memcpy(argv, w->v, w->len * sizeof *argv);
    return zc_spawn(argv, (const int[]){fd, fd, -1}, pid);
}

struct zc_transport *zc_command_start(const zc_words *w, const char *peer,
                                      pid_t *pid, struct zc_err *err)
{
    int p[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p)) {
        zc_err_set(err, ZC_EXIT_START, errno, "could not make a socket pair");
        return NULL;
    }
    zc_transport_grow_sndbuf(p[0]);
    zc_transport_grow_sndbuf(p[1]);
    int eno = spawn(w, p[1], pid);
    close(p[1]);
    if (eno) {
        close(p[0]);
        zc_err_set(err, ZC_EXIT_START, eno, "could not start %.200s",
                   w->v[0]);
        return NULL;
    }
    struct zc_transport *t = zc_transport_new_fds(p[0], p[0], peer);
    if (t)
        return t;
    zc_err_nomem(err);
    close(p[0]); /* which ends it */
    return NULL;
}
