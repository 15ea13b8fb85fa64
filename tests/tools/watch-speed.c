// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long it takes to watch a tree, and how much memory:
 *
 *     watch-speed [--make] DIRECTORY [inotify|fanotify]
 *
 * --make makes 200 directories with 500 in each first.
 */
#include "base/clock.h"
#include "watch/watch.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static size_t resident_kib(void)
{
    char line[256];
    size_t kib = 0;
    FILE *f = fopen("/proc/self/status", "re");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "VmRSS: %zu", &kib) == 1)
            break;
    if (f)
        fclose(f);
    return kib;
}

static void make_tree(const char *top)
{
    char path[4096];
    mkdir(top, 0755);
    for (int i = 0; i < 200; i++) {
        snprintf(path, sizeof path, "%s/directory-%d", top, i);
        mkdir(path, 0755);
        for (int j = 0; j < 500; j++) {
            snprintf(path, sizeof path, "%s/directory-%d/directory-%d", top, i,
                     j);
            mkdir(path, 0755);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc > 2 && !strcmp(argv[1], "--make")) {
        make_tree(argv[2]);
        argc--;
        argv++;
    }
    if (argc < 2) {
        fprintf(stderr, "usage: watch-speed [--make] DIRECTORY "
                        "[inotify|fanotify]\n");
        return 1;
    }
    struct zc_watch_options opt = {.root = argv[1], .kind = ZC_WATCH_INOTIFY};
    if (argc > 2 && !strcmp(argv[2], "fanotify"))
        opt.kind = ZC_WATCH_FANOTIFY;
    struct zc_watch_events none = {0};
    struct zc_err err;
    size_t rss = resident_kib(), heap = mallinfo2().uordblks;
    int64_t start = zc_clock_ns();
    struct zc_watch *w = zc_watch_new(&opt, &none, &err);
    if (!w) {
        fprintf(stderr, "watch-speed: %s\n", err.text);
        return 1;
    }
    while (!zc_watch_scan(w, 1000))
        ;
    int64_t ns = zc_clock_ns() - start;
    struct zc_watch_stats stats;
    zc_watch_get_stats(w, &stats);
    struct mallinfo2 m = mallinfo2();
    double n = (double)stats.dirs;
    printf("%llu directories, %llu watches: %.3f s, %.1f us each; "
           "%.0f bytes of heap each, %.0f of RSS\n",
           (unsigned long long)stats.dirs, (unsigned long long)stats.watches,
           (double)ns / 1e9, (double)ns / 1e3 / n,
           (double)(m.uordblks + m.hblkhd - heap) / n,
           (double)(resident_kib() - rss) * 1024 / n);
    zc_watch_free(w);
    return 0;
}
