// SPDX-License-Identifier: GPL-2.0-or-later
/* zcsync over a remote shell; see remote.h. */
#include "daemon/remote.h"

#include "base/log.h"
#include "daemon/process.h"
#include "net/command.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define COMMAND "zcsync"

/* Of a shell, and of ssh(1): there is no such program. */
#define NOT_FOUND 127
/* Of ssh(1): it could not connect, and has said why. */
#define SSH_FAILED 255

/* Seconds for the command to end, when its connection has. */
#define END_S 10

static const char *command_of(const struct zc_remote_args *a)
{
    return a->command ? a->command : COMMAND;
}

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

/* --- by a program of the user's --- */

static int add_words(zc_words *w, const struct zc_remote_args *a,
                     const struct zc_endpoint *at, struct zc_err *err)
{
    if (zc_words_split(w, a->rsh, err))
        return -1;
    if ((at->user &&
         (zc_words_add(w, "-l") || zc_words_add(w, at->user))) ||
        zc_words_add(w, at->host) || zc_words_add_plain(w, command_of(a)) ||
        zc_words_add(w, "serve") || zc_words_add(w, "--stdio"))
        return zc_err_nomem(err);
    return 0;
}

static struct zc_transport *start_shell(struct zc_remote *r,
                                        const struct zc_endpoint *at,
                                        struct zc_err *err)
{
    struct zc_transport *t = NULL;
    zc_words w = {0};
    if (at->port) {
        zc_err_set(err, ZC_EXIT_USAGE, 0,
                   "%s is asked for at port %s: with -e that is for its command "
                   "to say, as -e 'ssh -p %s'", at->host, at->port, at->port);
        return NULL;
    }
    if (!add_words(&w, r->args, at, err))
        t = zc_command_start(&w, at->host, &r->pid, err);
    zc_words_fini(&w);
    return t;
}

/* --- over SSH --- */

static char *ask(void *arg, enum zc_ssh_question kind, const char *text)
{
    struct zc_remote *r = arg;
    return r->ask(r, kind, text);
}

static void say(void *arg, enum zc_log_level level, const char *sentence)
{
    (void)arg;
    zc_log(level, "%s", sentence);
}

static void remote_line(void *arg, const char *line)
{
    const struct zc_remote *r = arg;
    zc_log(ZC_LOG_WARN, "%s: %s", r->host, line);
}

static void remark(void *arg, const char *sentence)
{
    (void)arg;
    zc_log(ZC_LOG_INFO, "%s", sentence);
}

/* The command, whose standard streams are the transport. */
static struct zc_transport *open_channel(struct zc_remote *r,
                                         const struct zc_reach *how,
                                         bool direct, struct zc_err *err)
{
    const struct zc_endpoint *at = how->at;
    const struct zc_ssh_place place = {at->user, at->host};
    const struct zc_ssh_options opt = {
        .port = at->port,
        .jump = r->args->jump,
        .config_file = r->args->config,
        .lines = r->args->lines.v,
        .line_count = r->args->lines.len,
        .identity_files = &r->args->identity,
        .identity_file_count = r->args->identity != NULL,
        .accept_new = r->accept_new,
        .contimeout_s = how->contimeout_s, /* 0: as ssh_config says */
        .timeout_s = how->timeout_s,       /* likewise */
        .stop = r->stop,
        .ask = r->ask ? ask : NULL,
        .say = say,
        .remote_line = remote_line,
        .remark = remark,
        .arg = r,
    };
    zc_auto_free char *command = NULL;
    if (asprintf(&command, "%s serve --stdio%s", command_of(r->args),
                 direct ? " --direct" : "") < 0) {
        command = NULL;
        zc_err_nomem(err);
        return NULL;
    }
    int fd;
    r->ssh = zc_ssh_open(&place, &opt, command, &fd, err);
    if (!r->ssh)
        return NULL;
    struct zc_transport *t = zc_transport_new_fds(fd, fd, at->host);
    if (!t) {
        close(fd);
        zc_err_nomem(err);
        return NULL;
    }
    snprintf(t->security, sizeof t->security, "SSH");
    return t;
}

static int lanes(void *arg, struct zc_err *err)
{
    struct zc_remote *r = arg;
    zc_auto_free char *command = NULL;
    if (asprintf(&command, "%s serve --stdio --lane", command_of(r->args)) < 0) {
        command = NULL;
        return zc_err_nomem(err);
    }
    return zc_ssh_lanes(r->ssh, command, err);
}

/* Data crosses a connection of its own where that is possible, which is known
 * only when both ends have tried. */
static int start_ssh(struct zc_remote *r, const struct zc_reach *how,
                     struct zc_reached *out, struct zc_err *err)
{
    bool only = r->args->data == ZC_DIRECT_ONLY;
    bool direct = r->args->data != ZC_DIRECT_NEVER;
    out->t = open_channel(r, how, direct, err);
    if (!out->t)
        return -1;
    /* The other way the window is ours, and big enough. */
    if (how->role == ZC_ROLE_SENDER && zc_ssh_far(r->ssh))
        out->lanes = lanes;
    if (!direct)
        return 0;
    struct zc_transport *own;
    if (zc_direct_reach(out->t, zc_ssh_address(r->ssh), how->role,
                        how->compress, only, &own, err)) {
        zc_transport_free(out->t);
        out->t = NULL;
        if (err->code == ZC_EXIT_STREAM)
            zc_remote_explain(r, err);
        return -1;
    }
    if (own) {
        r->channel = out->t;
        out->t = own;
        out->shaken = true;
    }
    zc_log(ZC_LOG_INFO, "%s: %s%s%s", r->host, own ? own->peer : "through SSH",
           own ? ", " : "", own ? own->security : "");
    return 0;
}

/* --- either --- */

/* Its exit status; -1: nobody knows. */
static int end_both(struct zc_remote *r)
{
    struct zc_err ignored;
    struct zc_ssh_ended ended;
    int status = -1;
    zc_transport_free(r->channel);
    r->channel = NULL;
    if (r->pid > 0) {
        status = zc_process_wait_for(r->pid, END_S);
        status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    if (r->ssh) {
        zc_ssh_end(r->ssh, END_S, &ended, &ignored);
        status = ended.status;
    }
    r->pid = 0;
    r->ssh = NULL;
    return status;
}

static void end(void *arg)
{
    end_both(arg);
}

int zc_remote_start(void *arg, const struct zc_reach *how,
                    struct zc_reached *out, struct zc_err *err)
{
    struct zc_remote *r = arg;
    const struct zc_endpoint *at = how->at;
    snprintf(r->host, sizeof r->host, "%s", at->host);
    if (r->args->rsh)
        out->t = start_shell(r, at, err);
    else
        start_ssh(r, how, out, err);
    out->end = end;
    out->arg = r;
    if (!out->t) {
        end(r);
        return -1;
    }
    snprintf(out->t->host, sizeof out->t->host, "%s", at->host);
    return 0;
}

void zc_remote_explain(void *arg, struct zc_err *err)
{
    struct zc_remote *r = arg;
    bool shell = r->args->rsh;
    int status = end_both(r);
    if (err->code == ZC_EXIT_SIGNAL)
        return;
    if (err->code == ZC_EXIT_PROTOCOL && status == ZC_EXIT_PROTOCOL) {
        /* It spoke, and both have found the same. */
        zc_err_prefix(err, "%s", r->host);
        return;
    }
    if (status == NOT_FOUND)
        zc_err_set(err, ZC_EXIT_START, 0,
                   "there is no %.100s on %s: 'apt install zcsync' there, or say "
                   "where it is with --remote-command=PATH",
                   command_of(r->args), r->host);
    else if (status == SSH_FAILED && shell)
        zc_err_set(err, ZC_EXIT_START, 0, "%s could not be reached by %.100s",
                   r->host, r->args->rsh);
    else if (status > 0)
        zc_err_set(err, ZC_EXIT_START, 0,
                   "%.100s on %s has ended with exit code %d before it spoke",
                   command_of(r->args), r->host, status);
}
