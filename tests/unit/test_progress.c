// SPDX-License-Identifier: GPL-2.0-or-later
/* cli/progress.c: the line, the time left, and the thread that draws. */
#include "cli/progress.h"
#include "base/clock.h"
#include "../tap.h"

#include <string.h>

static const char *line(unsigned width, const struct zc_progress_view *v)
{
    static char out[256];
    zc_progress_line(out, sizeof out, width, v);
    return out;
}

static void test_line(void)
{
    struct zc_progress_view v = {
        .done_bytes = 400 * ZC_MIB,
        .need_bytes = 800 * ZC_MIB,
        .done_files = 812,
        .need_files = 2301,
        .scanned = 12345,
        .rate = 100.0 * ZC_MIB,
        .eta = 4,
    };
    is_str(line(100, &v),
           "400 MiB  812 files  100 MiB/s  (scanning: 12,345 entries)",
           "no total and no time before the scan is done");
    v.scan_done = true;
    is_str(line(100, &v),
           "400 MiB of 800 MiB  50%  812 of 2,301 files  100 MiB/s  0:04 left",
           "all of it");
    is_str(line(50, &v), "400 MiB of 800 MiB  50%  100 MiB/s  0:04 left",
           "50 columns");
    is_str(line(20, &v), "50%  0:04 left", "20 columns");
    v.eta = -1;
    is_str(line(100, &v),
           "400 MiB of 800 MiB  50%  812 of 2,301 files  100 MiB/s",
           "no time when nobody knows");
    v.done_bytes = v.need_bytes;
    is_str(line(100, &v),
           "800 MiB of 800 MiB  99%  812 of 2,301 files  100 MiB/s",
           "not 100%% before the last file is confirmed");
    v.done_files = v.need_files;
    v.finishing = true;
    is_str(line(100, &v),
           "800 MiB of 800 MiB  100%  2,301 of 2,301 files  writing to disk",
           "finishing");

    struct zc_progress_view nothing = {.scan_done = true, .scanned = 5};
    is_str(line(80, &nothing), "nothing to send", "nothing to send");
    struct zc_progress_view empty = {
        .scan_done = true, .need_files = 4, .done_files = 1, .eta = -1};
    is_str(line(80, &empty), "0 B of 0 B  25%  1 of 4 files  0 B/s",
           "empty files count");

    struct zc_progress_view compares = {.compares = true,
                                        .scanned = 1234,
                                        .done_files = 1,
                                        .done_bytes = 2048,
                                        .need_files = 1,
                                        .eta = -1};
    is_str(line(80, &compares),
           "2.00 KiB  1 file  0 B/s  (comparing: 1,234 entries)", "comparing");

    bool fits = true;
    v.eta = 1e9;
    v.need_bytes = v.done_bytes = UINT64_MAX;
    v.need_files = v.done_files = UINT64_MAX;
    for (int state = 0; state < 4; state++) {
        v.scan_done = state & 1;
        v.finishing = state & 2;
        for (unsigned width = 0; width < 300; width++)
            fits &= strlen(line(width, &v)) <= ZC_MAX(width, 1u) - 1;
    }
    ok(fits, "shorter than the terminal is wide, whatever the width");
}

/* Small files, then big ones, then small ones again, at a file cost of 100 us
 * and 1 GB/s. The time left is never far from the truth once both kinds were
 * seen. */
static void test_eta(void)
{
    const double file_s = 100e-6, byte_s = 1e-9;
    const struct {
        double files, size;
    } phases[] = {{50000, 4096}, {100, 100e6}, {50000, 4096}};
    double total = 0, worst = 0, now = 0, files = 0, bytes = 0;
    double left_files = 0, left_bytes = 0;
    struct zc_eta e = {0};

    for (size_t i = 0; i < ZC_ARRAY_LEN(phases); i++) {
        left_files += phases[i].files;
        left_bytes += phases[i].files * phases[i].size;
    }
    total = left_files * file_s + left_bytes * byte_s;
    is_int(zc_eta_left(&e, left_files, left_bytes), -1, "unknown at first");
    for (size_t i = 0; i < ZC_ARRAY_LEN(phases); i++) {
        double per_file = file_s + phases[i].size * byte_s;
        double step = 0.2 / per_file; /* files a tick */
        for (double done = 0; done < phases[i].files; done += step) {
            double n = ZC_MIN(step, phases[i].files - done);
            files += n;
            bytes += n * phases[i].size;
            left_files -= n;
            left_bytes -= n * phases[i].size;
            now += n * per_file;
            zc_eta_see(&e, files, bytes, now);
            double off = zc_eta_left(&e, left_files, left_bytes) -
                         (total - now);
            if (i > 0 && done > step)
                worst = ZC_MAX(worst, off < 0 ? -off : off);
        }
    }
    ok(worst < total * 0.1, "the time left is off by %.2f of %.1f s at most",
       worst, total);
    ok(zc_eta_left(&e, 0, 0) < 0.001, "nothing left, no time left");

    double before = zc_eta_left(&e, 0, 10e9), rate = e.rate;
    for (int i = 0; i < 20; i++)
        zc_eta_see(&e, files, bytes, now += 0.2);
    ok(e.rate < rate / 2, "the rate falls in a stall");
    ok(zc_eta_left(&e, 0, 10e9) == before, "the time is kept for a while");
    for (int i = 0; i < 60; i++)
        zc_eta_see(&e, files, bytes, now += 0.2);
    ok(zc_eta_left(&e, 0, 10e9) < 0, "then nobody knows");
    zc_eta_see(&e, files, bytes + 1e9, now += 1);
    ok(zc_eta_left(&e, 0, 10e9) > 0, "until it goes on");

    struct zc_eta one = {0};
    zc_eta_see(&one, 0, 500e6, 0.5);
    ok(one.rate > 0.99e9 && one.rate < 1.01e9,
       "the first rate is a plain average");
}

static size_t count(const char *text, char c)
{
    size_t n = 0;
    for (; *text; text++)
        n += *text == c;
    return n;
}

/* Pauses P when more than SINCE bytes were drawn (waits for that, but not for
 * ever): how many there are. */
static size_t drawn_from(struct zc_progress *p, size_t since, size_t *size,
                         FILE *out)
{
    for (int tries = 0; tries < 200; tries++) {
        zc_progress_pause(p);
        fflush(out);
        if (*size > since)
            return *size;
        zc_progress_resume(p);
        zc_clock_sleep_ns(50 * 1000000LL);
    }
    zc_progress_pause(p);
    return *size;
}

static void test_thread(void)
{
    struct zc_stats stats;
    char *text = NULL;
    size_t size;
    memset(&stats, 0, sizeof stats);
    atomic_store(&stats.scan_done, true);
    atomic_store(&stats.need_files, 2);
    atomic_store(&stats.need_bytes, 2000);
    atomic_store(&stats.done_files, 1);
    atomic_store(&stats.done_bytes, 1000);
    atomic_store(&stats.sent_bytes, 5000);

    FILE *out = open_memstream(&text, &size);
    struct zc_progress *p = zc_progress_start(out, false, &stats);
    ok(p, "a thread for a pipe");
    zc_clock_sleep_ns(1200 * 1000000LL);
    zc_progress_pause(p);
    zc_progress_resume(p);
    atomic_store(&stats.done_files, 2);
    zc_progress_stop(p);
    fclose(out);
    ok(count(text, '\n') >= 2, "a line a second, and one at the end");
    is_int(count(text, '\r'), 0, "and nothing for a terminal");
    ok(strstr(text, "99%") && strstr(text, "1.95 KiB of 1.95 KiB"),
       "bytes sent count, but no more than there are: %s", text);
    ok(strstr(text, "100%"), "100%% in the end");
    free(text);

    text = NULL;
    out = open_memstream(&text, &size);
    p = zc_progress_start(out, true, &stats);
    size_t drawn = drawn_from(p, 0, &size, out);
    ok(drawn > 2 && text[drawn - 1] == '\r' && text[drawn - 2] == ' ',
       "the line is off while something else is printed");
    zc_clock_sleep_ns(500 * 1000000LL);
    fflush(out);
    is_int(size, drawn, "and stays off");
    zc_progress_resume(p);
    ok(drawn_from(p, drawn, &size, out) > drawn, "then it is back");
    zc_progress_resume(p);
    zc_progress_stop(p);
    fclose(out);
    is_int(text[size - 1], '\r', "and off at the end");
    is_int(count(text, '\n'), 0, "no newline in place");
    free(text);
    zc_progress_stop(NULL);
    zc_progress_pause(NULL);
    zc_progress_resume(NULL);
}

int main(void)
{
    test_line();
    test_eta();
    test_thread();
    return done_testing();
}
