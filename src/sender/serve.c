// SPDX-License-Identifier: GPL-2.0-or-later
/* One pull, at the end that has the files; see serve.h. */
#include "sender/serve.h"

#include "base/clock.h"
#include "sender/session.h"
#include "sender/teller.h"

#include <string.h>

/* How long the peer gets to hang up first. */
#define LINGER_NS (2 * ZC_NSEC_PER_SEC)

static enum zc_exit send_all(struct zc_session *s, struct zc_teller *teller,
                             unsigned timeout_s, struct zc_err *err)
{
    static const struct zc_round everything = {.all = true};
    if (zc_teller_start(teller, zc_session_conn(s), err))
        return err->code;
    enum zc_exit code = zc_session_round(s, &everything, err);
    return zc_teller_end(teller, code, timeout_s, err);
}

int zc_source_run(struct zc_transport *t, const struct zc_accept_options *opt,
                  struct zc_err *err)
{
    struct zc_stats stats;
    struct zc_teller teller;
    memset(&stats, 0, sizeof stats);
    zc_teller_init(&teller, &stats, !opt->own);
    const struct zc_events events = zc_teller_events(&teller);
    enum zc_exit code = ZC_EXIT_START;
    struct zc_session *s = zc_session_accept(t, opt, &events, &stats, err);
    if (s) {
        code = send_all(s, &teller, opt->timeout_s, err);
        zc_transport_linger(t, LINGER_NS);
        zc_session_close(s);
    }
    zc_teller_fini(&teller);
    if (!s && err->code == ZC_EXIT_OK) {
        zc_transport_linger(t, LINGER_NS);
        return 0;
    }
    if (code == ZC_EXIT_PARTIAL)
        zc_err_set(err, code, 0, "not everything could be sent");
    if (code == ZC_EXIT_VANISHED)
        zc_err_set(err, code, 0, "some files vanished or kept changing");
    return code == ZC_EXIT_OK ? 0 : -1;
}
