/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sender's session that lasts: opened once, then round after round over the
 * same connection. `zcsync push` is a session of one round; a mirror keeps one
 * per peer and sends a round when something has changed.
 *
 * A session belongs to one thread (it has others of its own); zc_session_stop
 * may be called by any.
 */
#ifndef ZC_SENDER_SESSION_H
#define ZC_SENDER_SESSION_H

#include "net/transport.h"
#include "sender/round.h"
#include "session/accept.h"
#include "session/events.h"
#include "session/options.h"
#include "session/source.h"

struct zc_session;

/* Opens SOURCE, and what OPT says over T, which has shaken hands (the caller's;
 * it must outlive the session). What SOURCE points to, OPT, EVENTS and STATS
 * must outlive it, too. NULL with a sentence. */
struct zc_session *zc_session_open(struct zc_transport *t,
                                   const struct zc_source *source,
                                   const struct zc_options *opt,
                                   const struct zc_events *events,
                                   struct zc_stats *stats, struct zc_err *err);

/* The same where the peer has dialled and opens one of our shares, to receive
 * what is in it. OPT's shares must outlive the session, too. A peer that is
 * refused is told why. The session is of one round. NULL with ZC_EXIT_OK: the peer
 * wanted to know what is there, and has been told. */
struct zc_session *zc_session_accept(struct zc_transport *t,
                                     const struct zc_accept_options *opt,
                                     const struct zc_events *events,
                                     struct zc_stats *stats,
                                     struct zc_err *err);

/* What it is on, for those who have something to say besides. */
struct zc_conn *zc_session_conn(struct zc_session *s);

/*
 * One round. Blocks until the peer has confirmed its end. 0: all of it is
 * applied (and durable, as far as asked for), but for the troubles reported;
 * what vanished meanwhile is not reported, as another change will tell.
 * ZC_EXIT_MAX_DELETE: the brake held, ERR says why, everything but deletions is
 * applied and the session goes on. Anything else: ERR says why, and the session
 * is good for nothing but zc_session_close.
 */
enum zc_exit zc_session_round(struct zc_session *s,
                              const struct zc_round *round,
                              struct zc_err *err);

/*
 * Sends what is small among NAMES (dirs only) while a round is under way, from
 * another thread than the session's; one at a time, and none when the session is
 * closed. A favour: whatever becomes of them, they have to be in a later round.
 * Returns at once where no round is under way.
 */
void zc_session_overtake(struct zc_session *s, const struct zc_round *names);

/* Of the round that is over, with fsync=behind: what was sent in earlier rounds
 * is on stable storage there, up to and with the last of which this was true. */
bool zc_session_synced(struct zc_session *s);

/* True when the peer has hung up, or said something, between rounds: the next
 * round will fail, and say why. */
bool zc_session_broken(struct zc_session *s);

/* The round under way, or the next, fails with ZC_EXIT_SIGNAL. */
void zc_session_stop(struct zc_session *s);
void zc_session_close(struct zc_session *s); /* NULL is fine */

/*
 * Runs one push of SOURCE over T (still the caller's afterwards). STATS must be
 * zeroed. *STOP (may be NULL) is looked at all the time: when it becomes true
 * the run ends with ZC_EXIT_SIGNAL. Returns the exit code; unless it is 0, 23 or
 * 24, ERR holds the sentence. For 23 and 24 the troubles were all reported.
 */
enum zc_exit zc_push_run(struct zc_transport *t,
                         const struct zc_source *source,
                         const struct zc_options *opt,
                         const struct zc_events *events,
                         struct zc_stats *stats, const atomic_bool *stop,
                         struct zc_err *err);

#endif
