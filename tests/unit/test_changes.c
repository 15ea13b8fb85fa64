// SPDX-License-Identifier: GPL-2.0-or-later
/* What has changed: which paths count, and how they are told. */
#include "session/changes.h"
#include "tap.h"

#include <fcntl.h>
#include <string.h>

static struct zc_filter *patterns(const char *const *v)
{
    struct zc_filter *f = zc_filter_new();
    struct zc_err err;
    for (; *v; v++)
        is_int(zc_filter_add_exclude(f, *v, &err), 0, "pattern %s", *v);
    return f;
}

static void test_match(void)
{
    static const char *const v[] = {"+ *.tmp", "*.conf", "/web/", "a/b", NULL};
    static const struct {
        const char *path;
        bool yes;
    } paths[] = {
        {"x.conf", true},      {"d/x.conf", true}, {"x.conf/below", true},
        {"x.conf.tmp", false}, {"web", true},      {"web/a/b/c", true},
        {"d/web/x", false},    {"webs", false},    {"d/a/b", true},
        {"a/b/c", true},       {"a", false},       {"b", false},
        {"other", false},      {"y.tmp", false},
    };
    struct zc_filter *f = patterns(v);
    for (size_t i = 0; i < ZC_ARRAY_LEN(paths); i++) {
        ok(zc_changes_match(f, paths[i].path) == paths[i].yes, "%s",
           paths[i].path);
        ok(zc_changes_match(NULL, paths[i].path), "anything, without patterns");
    }
    zc_filter_free(f);
}

/* All that is in the pipe FD is the N bytes at WANT. */
static void came(int fd, const char *want, size_t n, const char *what)
{
    char got[256];
    ssize_t r = read(fd, got, sizeof got);
    ok(r == (ssize_t)n && !memcmp(got, want, n), "%s", what);
}
#define CAME(fd, want, what) came(fd, want, sizeof(want) - 1, what)

static void test_told(void)
{
    static const char *const v[] = {"*.c", NULL};
    struct zc_changes_pipe to;
    struct zc_changes c;
    struct zc_filter *f = patterns(v);
    int p[2];
    if (pipe(p))
        return;
    fcntl(p[0], F_SETFL, O_NONBLOCK);
    zc_changes_pipe_init(&to, p[1]);
    zc_changes_init(&c, &to, f);
    zc_changes_begin(&to, "www");
    CAME(p[0], "www\0", "the name");
    zc_changes_add(&c, "b.c");
    zc_changes_add(&c, "x");
    zc_changes_add(&c, "");
    zc_changes_add(&c, "a.c");
    is_int(read(p[0], (char[1]){0}, 1), -1, "nothing before the end of a round");
    zc_changes_flush(&c);
    CAME(p[0], "b.c\0a.c\0\0", "a round");
    zc_changes_flush(&c);
    is_int(read(p[0], (char[1]){0}, 1), -1, "nothing of one without changes");
    char *many = malloc(60001);
    memset(many, 'd', 60000);
    strcpy(many + 59998, ".c");
    for (int i = 0; i < 100; i++)
        zc_changes_add(&c, many);
    free(many);
    zc_changes_flush(&c);
    CAME(p[0], "/\0\0", "too many are anything");
    zc_changes_add(&c, "z.c");
    zc_changes_flush(&c);
    CAME(p[0], "z.c\0\0", "and then it begins anew");
    zc_changes_end(&to);
    CAME(p[0], ".\0", "the end");
    zc_changes_fini(&c);
    zc_filter_free(f);
    close(p[0]);
    close(p[1]);
}

int main(void)
{
    test_match();
    test_told();
    return done_testing();
}
