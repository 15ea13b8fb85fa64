// SPDX-License-Identifier: GPL-2.0-or-later
/* When to stop; see stop_time.h. */
#include "cli/stop_time.h"

#include "cli/opt.h"

#include <string.h>

#define UNSAID (-1)

struct when {
    int year, month, day, hour, minute; /* UNSAID where left out */
};

/* Up to four digits at *P; UNSAID: there is none. */
static int number(const char **p)
{
    int n = 0, digits = 0;
    for (; **p >= '0' && **p <= '9' && digits < 4; digits++)
        n = n * 10 + *(*p)++ - '0';
    return digits ? n : UNSAID;
}

static bool read_date(const char **p, struct when *w)
{
    int parts[3], n = 0;
    do {
        if (n == 3 || (parts[n] = number(p)) == UNSAID)
            return false;
        n++;
    } while ((**p == '-' || **p == '/') && (*p)++);
    w->day = parts[n - 1];
    w->month = n > 1 ? parts[n - 2] : UNSAID;
    w->year = n > 2 ? parts[0] + (parts[0] < 100 ? 2000 : 0) : UNSAID;
    return w->day >= 1 && w->day <= 31 && w->month <= 12 && w->month != 0;
}

static bool read_time(const char **p, struct when *w)
{
    w->hour = number(p);
    if (*(*p)++ != ':')
        return false;
    w->minute = number(p);
    return w->hour <= 23 && w->minute >= 0 && w->minute <= 59;
}

static bool read_when(const char *text, struct when *w)
{
    const char *p = text;
    *w = (struct when){UNSAID, UNSAID, UNSAID, UNSAID, UNSAID};
    if (!strchr(text, ':') || strpbrk(text, "T-/")) {
        if (*p != 'T' && !read_date(&p, w))
            return false;
        if (!*p) { /* the beginning of that day */
            w->hour = w->minute = 0;
            return true;
        }
        if (*p++ != 'T')
            return false;
    }
    return read_time(&p, w) && !*p;
}

/* W in the STEP-th hour, day, month or year from NOW, whichever of them W is the
 * first to leave out. */
static time_t resolve(const struct when *w, const struct tm *now, int step)
{
    struct tm tm = *now;
    tm.tm_sec = 0;
    tm.tm_isdst = -1;
    tm.tm_min = w->minute;
    if (w->hour != UNSAID)
        tm.tm_hour = w->hour;
    if (w->day != UNSAID)
        tm.tm_mday = w->day;
    if (w->month != UNSAID)
        tm.tm_mon = w->month - 1;
    if (w->year != UNSAID)
        tm.tm_year = w->year - 1900;
    else if (w->month != UNSAID)
        tm.tm_year += step;
    else if (w->day != UNSAID)
        tm.tm_mon += step;
    else if (w->hour != UNSAID)
        tm.tm_mday += step;
    else
        tm.tm_hour += step;
    return mktime(&tm);
}

int zc_stop_at(const char *text, time_t now, time_t *at, struct zc_err *err)
{
    struct when w;
    struct tm tm;
    if (!read_when(text, &w) || !localtime_r(&now, &tm))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--stop-at: '%.100s' is no time such as "
                          "2030-12-31T23:59, 31T23:59, 23:59 or :30", text);
    *at = resolve(&w, &tm, 0);
    if (*at <= now && w.year == UNSAID)
        *at = resolve(&w, &tm, 1);
    if (*at > now)
        return 0;
    return zc_err_set(err, ZC_EXIT_USAGE, 0, "--stop-at: %.100s is over", text);
}

int zc_stop_after(const char *text, time_t now, time_t *at, struct zc_err *err)
{
    uint64_t minutes;
    if (zc_opt_number("--stop-after", text, 366 * 24 * 60, &minutes, err))
        return -1;
    if (!minutes)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--stop-after: it takes a minute at least");
    *at = now + (time_t)minutes * 60;
    return 0;
}
