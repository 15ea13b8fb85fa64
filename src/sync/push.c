// SPDX-License-Identifier: GPL-2.0-or-later
/* One push: a session of one round, about the whole tree. */
#include "sync/push.h"

#include "sync/sender.h"

enum zc_exit zc_push_run(struct zc_transport *t,
                         const struct zc_push_options *opt,
                         const struct zc_push_events *events,
                         struct zc_push_stats *stats, const atomic_bool *stop,
                         struct zc_err *err)
{
    static const struct zc_round everything = {.all = true};
    struct zc_session *s = zc_session_open(t, opt, events, stats, err);
    if (!s)
        return err->code;
    enum zc_exit code = zc_session_run(s, &everything, stop, err);
    zc_session_close(s);
    return code;
}
