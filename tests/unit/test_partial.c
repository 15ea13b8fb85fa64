// SPDX-License-Identifier: GPL-2.0-or-later
/* src/fs/partial.c: what is kept of files that came in part. */
#include "tap.h"

#include "fs/partial.h"
#include "scratch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int folder, session;

static bool sh(const char *words)
{
    return system(words) == 0;
}

/* SESSION/p-KEY of PATH, with N blocks of data. */
static void came(const char *path, int n)
{
    char tmp[ZC_PARTIAL_TMP_SIZE], bytes[4096];
    zc_partial_tmp(path, tmp);
    int fd = openat(session, tmp, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    memset(bytes, *path, sizeof bytes);
    for (int i = 0; i < n; i++)
        if (write(fd, bytes, sizeof bytes) != sizeof bytes)
            abort();
    close(fd);
}

/* The first byte of what is kept of PATH; 0: nothing. */
static char kept(const char *path, struct zc_stat *st)
{
    char c = 0;
    int dir = openat(folder, ZC_PARTIALS, O_RDONLY | O_DIRECTORY);
    int fd = zc_partial_open(dir, path, st);
    if (fd >= 0 && read(fd, &c, 1) != 1)
        c = '?';
    if (fd >= 0)
        close(fd);
    close(dir);
    return c;
}

int main(void)
{
    struct zc_stat st;
    char key[2][ZC_PARTIAL_KEY_SIZE];
    scratch();
    sh("mkdir -p folder/session");
    folder = open("folder", O_RDONLY | O_DIRECTORY);
    session = open("folder/session", O_RDONLY | O_DIRECTORY);
    zc_partial_key("a/b", key[0]);
    zc_partial_key("a/c", key[1]);
    is_int((long)strlen(key[0]), 32, "a key");
    ok(strcmp(key[0], key[1]), "another path, another key");

    zc_partials_salvage(folder, session);
    is_int(faccessat(folder, ZC_PARTIALS, F_OK, 0), -1, "nothing to be kept");
    came("a/b", 4);
    came("empty", 0);
    sh("echo x >folder/session/1; echo x >folder/session/p-odd; "
       "mkdir folder/session/p-00000000000000000000000000000000");
    zc_partials_salvage(folder, session);
    ok(kept("a/b", &st) == 'a', "a file that came in part");
    is_int(st.mode & 07777, 0600, "is nobody else's");
    is_int(kept("empty", &st), 0, "one of which nothing has come");
    ok(sh("test $(ls folder/partial | wc -l) = 1"), "and nothing else");
    ok(sh("test -e folder/session/1"), "what is none of ours stays");

    came("a/b", 3);
    sh("tr a z <folder/session/p-* >x 2>/dev/null");
    zc_partials_salvage(folder, session);
    kept("a/b", &st);
    is_int((long)st.size, 4 * 4096, "less than there was is not kept");
    came("a/b", 3);
    sh("fallocate -n -l 10M folder/session/p-*");
    zc_partials_salvage(folder, session);
    kept("a/b", &st);
    is_int((long)st.size, 4 * 4096, "nor with more that is only allocated");
    came("a/b", 3);
    sh("fallocate -o 12288 -l 10M folder/session/p-*");
    zc_partials_salvage(folder, session);
    kept("a/b", &st);
    is_int((long)st.size, 4 * 4096, "wherever that is");
    came("a/b", 5);
    zc_partials_salvage(folder, session);
    kept("a/b", &st);
    is_int((long)st.size, 5 * 4096, "more is");

    sh("mkdir folder/partial/dir 2>/dev/null; ln -s /etc/passwd folder/partial/"
       "11111111111111111111111111111111; echo >folder/partial/odd");
    const struct zc_partial_limits usual = {0, 0, false};
    zc_partials_prune(folder, &usual, time(NULL));
    ok(kept("a/b", &st) == 'a', "a new one stays");
    ok(sh("test ! -e folder/partial/odd -a ! -L folder/partial/1*"),
       "what cannot be one goes");
    zc_partials_prune(folder, &usual, time(NULL) + 6 * 86400);
    ok(kept("a/b", &st) == 'a', "it stays for a week");
    const struct zc_partial_limits month = {30 * 86400, 0, false};
    const struct zc_partial_limits hour = {3600, 0, false},
                                   small = {86400, 1, false},
                                   large = {86400, 10 << 20, false},
                                   none = {0, 0, true};
    zc_partials_prune(folder, &month, time(NULL) + 29 * 86400);
    zc_partials_prune(folder, &hour, time(NULL) + 3500);
    zc_partials_prune(folder, &large, time(NULL));
    ok(kept("a/b", &st) == 'a', "or as long, and as big, as may be");
    sh("cd folder && cp -a partial partial.kept");
    const struct zc_partial_limits *too_little[] = {&hour, &small, &none};
    for (size_t i = 0; i < 3; i++) {
        zc_partials_prune(folder, too_little[i],
                          time(NULL) + (i == 0 ? 3700 : 0));
        is_int(kept("a/b", &st), 0, "and not where that is too much: %zu", i);
        sh("cd folder && cp -a partial.kept/. partial");
    }
    sh("rm -r folder/partial.kept");
    zc_partials_prune(folder, &usual, time(NULL) + 8 * 86400);
    is_int(kept("a/b", &st), 0, "and no longer");

    sh("rmdir folder/partial/dir; cd folder/partial && "
       "for i in $(seq -f %032.0f 1 1005); do echo >$i; done");
    zc_partials_prune(folder, &usual, time(NULL));
    ok(sh("test $(ls folder/partial | wc -l) = 1000"), "there are not too many");
    zc_partials_prune(-1, &usual, time(NULL));
    ok(1, "there need be none");
    return done_testing();
}
