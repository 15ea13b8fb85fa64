/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking what is there, by LOOK: zcsync-protocol(7), "LOOK". One thread. */
#ifndef ZC_SESSION_LOOK_H
#define ZC_SESSION_LOOK_H

#include "net/transport.h"
#include "proto/msg.h"
#include "session/events.h"

/*
 * Asks WHAT over T, over which hands have been shaken as receiver. For each answer
 * SHARE, or the `item` of EVENTS, is called, and `trouble` for what could not be
 * looked at; all of it is the peer's word. The exit code; with any but 0 and 23 ERR
 * holds the sentence.
 */
enum zc_exit zc_look(struct zc_transport *t, const struct zc_msg_look *what,
                     void (*share)(void *arg, const char *name, unsigned uses),
                     const struct zc_events *events, struct zc_err *err);

#endif
