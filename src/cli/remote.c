// SPDX-License-Identifier: GPL-2.0-or-later
/* zcsync over a remote shell; see remote.h. */
#include "cli/remote.h"

#include "daemon/process.h"
#include "net/command.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define SHELL "ssh"
#define COMMAND "zcsync"

/* Of a shell, and of ssh(1): there is no such program. */
#define NOT_FOUND 127
/* Of ssh(1): it could not connect, and has said why. */
#define SSH_FAILED 255

int zc_remote_check(const struct zc_remote_args *a, struct zc_err *err)
{
    zc_words w = {0};
    int r = a->rsh ? zc_words_split(&w, a->rsh, err) : 0;
    if (!r && a->rsh && !w.len)
        r = zc_err_set(err, ZC_EXIT_USAGE, 0, "-e: there is no program in it");
    if (!r && a->command && !a->command[strspn(a->command, " \t\n")])
        r = zc_err_set(err, ZC_EXIT_USAGE, 0,
                       "--remote-command: there is no program in it");
    zc_words_fini(&w);
    return r;
}

static int add_words(zc_words *w, const struct zc_remote_args *a,
                     const struct zc_endpoint *at, struct zc_err *err)
{
    if (zc_words_split(w, a->rsh ? a->rsh : SHELL, err))
        return -1;
    if ((at->user &&
         (zc_words_add(w, "-l") || zc_words_add(w, at->user))) ||
        zc_words_add(w, at->host) ||
        zc_words_add_plain(w, a->command ? a->command : COMMAND) ||
        zc_words_add(w, "serve") || zc_words_add(w, "--stdio"))
        return zc_err_nomem(err);
    return 0;
}

static void end(void *arg)
{
    struct zc_remote *r = arg;
    if (r->pid > 0)
        r->status = zc_process_wait(r->pid);
    r->pid = 0;
}

int zc_remote_start(void *arg, const struct zc_endpoint *at,
                    struct zc_reached *out, struct zc_err *err)
{
    struct zc_remote *r = arg;
    zc_words w = {0};
    snprintf(r->host, sizeof r->host, "%s", at->host);
    if (!add_words(&w, r->args, at, err))
        out->t = zc_command_start(&w, at->host, &r->pid, err);
    zc_words_fini(&w);
    if (!out->t)
        return -1;
    snprintf(out->t->host, sizeof out->t->host, "%s", at->host);
    out->end = end;
    out->arg = r;
    return 0;
}

void zc_remote_explain(void *arg, struct zc_err *err)
{
    struct zc_remote *r = arg;
    const char *command = r->args->command ? r->args->command : COMMAND;
    end(r);
    if (err->code == ZC_EXIT_SIGNAL || !WIFEXITED(r->status))
        return;
    int code = WEXITSTATUS(r->status);
    if (code == NOT_FOUND)
        zc_err_set(err, ZC_EXIT_START, 0,
                   "there is no %.100s on %s: 'apt install zcsync' there, or say "
                   "where it is with --remote-command=PATH", command, r->host);
    else if (code == SSH_FAILED)
        zc_err_set(err, ZC_EXIT_START, 0, "%s could not be reached by %.100s",
                   r->host, r->args->rsh ? r->args->rsh : SHELL);
}
