/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A command on another host over SSH, as ssh(1) would run it: with the user's
 * ssh_config, agent, keys and known_hosts. What it reads and writes goes
 * through one stream socket; a thread per hop stands between that and libssh2,
 * so whoever uses the socket may block as he likes, and raw (splice(2),
 * sendfile(2)).
 *
 *     caller <-- socket pair --> pump thread <-- libssh2 --> the network
 *
 * (in place of the network: the socket pair of the hop before, or that of a
 * ProxyCommand).
 *
 * Nothing is printed: questions and remarks go through callbacks.
 */
#ifndef ZC_SSH_SSH_H
#define ZC_SSH_SSH_H

#include "base/err.h"
#include "base/log.h"

#include <stdatomic.h>

/* [USER@]HOST, as the user wrote it; brackets around IPv6 taken off. */
struct zc_ssh_place {
    const char *user; /* NULL: the configuration's, or the local user's name */
    const char *host;
};

enum zc_ssh_question {
    ZC_SSH_YES_NO, /* the answer is "yes" or it is a no */
    ZC_SSH_SECRET, /* a password: not shown while it is typed */
    ZC_SSH_PLAIN,
};

/* What the command line or zcsyncd's configuration adds. Zeroed: nothing. What
 * is pointed to must live until zc_ssh_open returns; STOP, ARG and the
 * callbacks until zc_ssh_end does. */
struct zc_ssh_options {
    const char *port;        /* -p */
    const char *jump;        /* -J */
    const char *config_file; /* -F: instead of the user's and the system's */
    const char *const *identity_files; /* -i */
    size_t identity_file_count;
    const char *const *lines; /* -o: "Key=value" or "Key value" */
    size_t line_count;
    bool accept_new;  /* keys of unknown hosts are taken and noted */
    bool own_reader;  /* ssh_config is read by us even where ssh(1) is there */
    unsigned contimeout_s; /* to connect and shake hands; 0: ConnectTimeout */
    unsigned timeout_s; /* without a sign of life the link is dead; 0: as
                           ServerAliveInterval says */
    atomic_bool *stop; /* opening ends when it is set; NULL: with any signal */

    /* Asks whoever is at the terminal: an answer on the heap, which is wiped
     * before it is freed, or NULL: there is none. The caller's thread. NULL:
     * there is nobody to ask. */
    char *(*ask)(void *arg, enum zc_ssh_question kind, const char *text);
    /* A sentence for the user or the log. The caller's thread. May be NULL. */
    void (*say)(void *arg, enum zc_log_level level, const char *sentence);
    /* A line that the command wrote to its stderr, without its end; control
     * bytes and all. The pump's thread. May be NULL. */
    void (*remote_line)(void *arg, const char *line);
    /* Something that is no trouble, as of zc_ssh_lanes. The pump's thread. May be
     * NULL. */
    void (*remark)(void *arg, const char *sentence);
    void *arg;
};

struct zc_ssh;

/*
 * Runs COMMAND (the remote shell takes it apart) at PLACE. *FD is then the
 * caller's: a connected, blocking stream socket; shutdown(2) of its sending
 * side is the command's end of input, and end of file means that its output has
 * ended or that the connection is lost, which zc_ssh_end tells.
 *
 * NULL with one sentence that names the host: ZC_EXIT_SOCKET, _CONTIMEOUT,
 * _START (host key, authentication, no command), _USAGE (ssh_config),
 * _SIGNAL (*STOP was set, or a signal came).
 */
struct zc_ssh *zc_ssh_open(const struct zc_ssh_place *place,
                           const struct zc_ssh_options *options,
                           const char *command, int *fd, struct zc_err *err);

/* The numeric address that the TCP connection to PLACE has reached, no brackets
 * around it; NULL when it went through a jump host or a ProxyCommand. */
const char *zc_ssh_address(const struct zc_ssh *s);

/* Whether PLACE is so far away that the window of one channel holds up what is sent
 * there. A jump host's would, whatever is done about it: no. */
bool zc_ssh_far(const struct zc_ssh *s);

/*
 * What is written to the stream from now on goes over several channels (net/lanes.h),
 * each with a COMMAND of its own, which are opened as there is much to send. All that
 * was written before has been answered. -1 with a sentence: memory.
 */
int zc_ssh_lanes(struct zc_ssh *s, const char *command, struct zc_err *err);

#define ZC_SSH_STDERR_KEPT 1024

struct zc_ssh_ended {
    int status;      /* exit status of the command; -1: unknown, or a signal */
    char signal[16]; /* "TERM"; "": none */
    char said[ZC_SSH_STDERR_KEPT]; /* the last whole lines of its stderr, with
                                      '\n' between them; "": none */
};

/*
 * Waits until the command has ended and the thread with it, but no longer than
 * WAIT_S seconds (then the connection is closed), and frees S. The caller has
 * closed its FD, or shut it down, before. *ENDED may be NULL. -1 with a
 * sentence when the connection was lost (ZC_EXIT_SOCKET) or silent for too long
 * (ZC_EXIT_TIMEOUT) before the command had ended; *ENDED is filled in anyway.
 */
int zc_ssh_end(struct zc_ssh *s, unsigned wait_s, struct zc_ssh_ended *ended,
               struct zc_err *err);

#endif
