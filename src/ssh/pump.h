/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The thread between a channel of a session and a socket. Nothing that it calls
 * waits, but for one poll(2): it carries both directions, and a reader that is
 * slow holds up what he reads and nothing else.
 *
 *     socket -> up -> channel_write -> OUT of the link -> the network
 *     socket <- down <- channel_read <- IN of the link <- the network
 *
 * What cannot go on fills what is before it, back to whoever sends: UP is not
 * read further, or the remote's window is not opened further.
 */
#ifndef ZC_SSH_PUMP_H
#define ZC_SSH_PUMP_H

#include "ssh/link.h"
#include "ssh/ssh.h"

/* A link of 1 Gbit/s with a round trip of 100 ms has 12 MB on the way. */
#define ZC_SSH_WINDOW (16u << 20)

struct zc_ssh_pump;

struct zc_ssh_pump_setup {
    struct zc_ssh_link *link;
    LIBSSH2_CHANNEL *channel;
    unsigned timeout_s; /* the link is dead when nothing comes; 0: never */
    unsigned alive_s;   /* silence after which the peer is asked; 0: never */
    void (*remote_line)(void *arg, const char *line); /* may be NULL */
    void (*remark)(void *arg, const char *sentence);  /* may be NULL */
    void *arg;
};

/* Starts it; *FD is the other end of its socket. From now on it has the link
 * for itself. NULL with a sentence. */
struct zc_ssh_pump *zc_ssh_pump_start(const struct zc_ssh_pump_setup *setup,
                                      int *fd, struct zc_err *err);

/* As zc_ssh_lanes. */
int zc_ssh_pump_lanes(struct zc_ssh_pump *p, const char *command,
                      struct zc_err *err);

/* Waits until the channel has been closed, but no longer than WAIT_S seconds,
 * and frees P. As zc_ssh_end. */
int zc_ssh_pump_end(struct zc_ssh_pump *p, unsigned wait_s,
                    struct zc_ssh_ended *ended, struct zc_err *err);

#endif
