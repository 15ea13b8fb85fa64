// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What ssh(1) makes of its configuration: `ssh -G HOST` prints one "key value"
 * a line, keys in lower case, and tells on stderr what it does not understand.
 */
#include "ssh/config.h"

#include "base/buf.h"
#include "ssh/child.h"

#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>

#define OUTPUT_MAX (1 << 20)
#define ASK_SECONDS 60 /* a Match exec may take its time */

/* Pushes the strings up to a NULL. */
static int push(struct zc_ssh_words *argv, ...)
{
    va_list list;
    const char *s;
    int r = 0;
    va_start(list, argv);
    while (!r && (s = va_arg(list, const char *)))
        r = zc_ssh_words_add(argv, s, strlen(s));
    va_end(list);
    return r;
}

static int arguments(struct zc_ssh_words *argv,
                     const struct zc_ssh_place *place,
                     const struct zc_ssh_options *o)
{
    int r = push(argv, "ssh", "-T", "-G", NULL);
    if (o->config_file)
        r |= push(argv, "-F", o->config_file, NULL);
    if (place->user)
        r |= push(argv, "-l", place->user, NULL);
    if (o->port)
        r |= push(argv, "-p", o->port, NULL);
    if (o->jump)
        r |= push(argv, "-J", o->jump, NULL);
    for (size_t i = 0; i < o->identity_file_count; i++)
        r |= push(argv, "-i", o->identity_files[i], NULL);
    for (size_t i = 0; i < o->line_count; i++)
        r |= push(argv, "-o", o->lines[i], NULL);
    if (o->accept_new)
        r |= push(argv, "-o", "StrictHostKeyChecking=accept-new", NULL);
    r |= push(argv, "--", place->host, NULL);
    return r || zc_vec_push(argv, NULL) ? -1 : 0;
}

/* The words of LINE (changed), a key's value. */
static int take_value(struct zc_ssh_config *c, const char *key, char *line,
                      struct zc_err *err)
{
    const char *words[ZC_SSH_WORDS_MAX] = {line};
    size_t count = 1;
    if (strstr(key, "knownhostsfile")) {
        char *save = NULL;
        count = 0;
        for (char *w = strtok_r(line, " ", &save);
             w && count < ZC_SSH_WORDS_MAX; w = strtok_r(NULL, " ", &save))
            words[count++] = w;
        if (!count)
            return 0;
    }
    return *line ? zc_ssh_config_set(c, key, words, count, err) : 0;
}

int zc_ssh_config_take(struct zc_ssh_config *c, const char *bytes, size_t n,
                       struct zc_err *err)
{
    zc_auto_free char *copy = malloc(n + 1);
    char *save = NULL;
    if (!copy)
        return zc_err_nomem(err);
    memcpy(copy, bytes, n);
    copy[n] = '\0';
    for (char *l = strtok_r(copy, "\n", &save); l;
         l = strtok_r(NULL, "\n", &save)) {
        char *value = l + strcspn(l, " ");
        if (*value)
            *value++ = '\0';
        if (take_value(c, l, value, err))
            return zc_err_prefix(err, "ssh -G %s", c->host);
    }
    return 0;
}

static int failed(const char *host, struct zc_buf *said, struct zc_err *err)
{
    zc_buf_put(said, "", 1);
    char *text = said->failed ? "" : (char *)said->data;
    text[strcspn(text, "\r\n")] = '\0';
    return zc_err_set(err, ZC_EXIT_USAGE, 0, "ssh -G %s: %.500s", host,
                      *text ? text : "failed without a reason");
}

/* Another program of that name (dropbear's) knows no -G, and says nothing of a
 * host then. */
static bool is_openssh(const struct zc_buf *out, const struct zc_buf *said)
{
    return memmem(out->data, out->len, "hostname ", 9) ||
           !memmem(said->data, said->len, "ropbear", 7);
}

static int not_run(const char *host, int why, struct zc_err *err)
{
    if (why == ENOENT)
        return 1;
    if (why == ECANCELED)
        return zc_err_set(err, ZC_EXIT_SIGNAL, 0,
                          "interrupted while connecting to %s", host);
    return zc_err_set(err, ZC_EXIT_START, why, "ssh -G %s", host);
}

int zc_ssh_config_ask(struct zc_ssh_config *c, const struct zc_ssh_place *place,
                      const struct zc_ssh_options *o, struct zc_err *err)
{
    struct zc_ssh_words argv = {0};
    struct zc_buf out = ZC_BUF_INIT, said = ZC_BUF_INIT;
    int status = 0, r;
    if (arguments(&argv, place, o)) {
        r = zc_err_nomem(err);
    } else {
        int why = zc_ssh_run(argv.v, OUTPUT_MAX, ASK_SECONDS, o->stop, &out,
                             &said, &status);
        if (why)
            r = not_run(place->host, why, err);
        else if (!is_openssh(&out, &said))
            r = 1;
        else if (!WIFEXITED(status) || WEXITSTATUS(status))
            r = failed(place->host, &said, err);
        else
            r = zc_ssh_config_take(c, (const char *)out.data, out.len, err);
    }
    zc_ssh_words_fini(&argv);
    zc_buf_fini(&out);
    zc_buf_fini(&said);
    return r;
}
