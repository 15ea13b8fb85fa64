// SPDX-License-Identifier: GPL-2.0-or-later
/* --stop-at: the next such time. */
#include "cli/stop_time.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

static struct zc_err err;

/* The time as text, when it was 2026-11-30 12:34:56 UTC. */
static const char *at(const char *text)
{
    static char out[32];
    const time_t now = 1796042096;
    time_t t;
    struct tm tm;
    err.text[0] = '\0';
    if (zc_stop_at(text, now, &t, &err))
        return "refused";
    strftime(out, sizeof out, "%Y-%m-%dT%H:%M:%S", gmtime_r(&t, &tm));
    return out;
}

int main(void)
{
    setenv("TZ", "UTC", 1);
    is_str(at("2030-01-02T03:04"), "2030-01-02T03:04:00", "all of it");
    is_str(at("30-1-2T3:4"), "2030-01-02T03:04:00", "short");
    is_str(at("2030/01/02"), "2030-01-02T00:00:00", "a date");
    is_str(at("12-24T18:00"), "2026-12-24T18:00:00", "this year");
    is_str(at("01-02T03:04"), "2027-01-02T03:04:00", "next year");
    is_str(at("30T13:00"), "2026-11-30T13:00:00", "this month");
    is_str(at("5"), "2026-12-05T00:00:00", "next month");
    is_str(at("12:35"), "2026-11-30T12:35:00", "today");
    is_str(at("12:34"), "2026-12-01T12:34:00", "tomorrow");
    is_str(at("T23:59"), "2026-11-30T23:59:00", "with a T");
    is_str(at(":40"), "2026-11-30T12:40:00", "this hour");
    is_str(at(":05"), "2026-11-30T13:05:00", "the next hour");
    static const char *const bad[] = {
        "",      "soon",  "24:00",      "12:60",  "13-01T00:00", "0-1T00:00",
        "12:5x", "1-2-3-4", "2026-1-1T1", "T",     "1T",          "-1:30",
        "12:",   "32T00:00"};
    for (size_t i = 0; i < ZC_ARRAY_LEN(bad); i++)
        is_str(at(bad[i]), "refused", "'%s'", bad[i]);
    is_str(at("2026-11-30T12:34"), "refused", "what is over");
    is_str(err.text, "--stop-at: 2026-11-30T12:34 is over", "is told");
    time_t t;
    is_int(zc_stop_after("90", 1000, &t, &err), 0, "--stop-after");
    is_int(t, 1000 + 5400, "is in minutes");
    is_int(zc_stop_after("0", 1000, &t, &err), -1, "none");
    is_int(zc_stop_after("1h", 1000, &t, &err), -1, "with a unit");
    return done_testing();
}
