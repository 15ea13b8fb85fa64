// SPDX-License-Identifier: GPL-2.0-or-later
/* src/receiver/basis.c: bytes of a new version from a file that is here. */
#include "tap.h"

#include "receiver/basis.h"
#include "receiving.h"

static struct receiving t;
static struct zc_rdir *root;
static int new;

static int copy(const char *name, uint64_t from, uint64_t offset,
                uint64_t length)
{
    struct zc_segment s = {.kind = ZC_SEGMENT_COPY,
                           .offset = offset,
                           .length = length,
                           .from = from};
    return zc_basis_copy(&t.r, &root->shelf, name, new, &s);
}

static bool has(off_t at, const char *want)
{
    char got[64];
    ssize_t n = (ssize_t)strlen(want);
    return pread(new, got, (size_t)n, at) == n &&
           !memcmp(got, want, (size_t)n);
}

int main(void)
{
    scratch();
    receiving_start(&t, 0, ZC_KEEP_ALL);
    root = top_at(&t, "");
    sh("printf 'the old version' > dst/a; mkdir dst/d; ln -s a dst/link");
    new = open("new", O_RDWR | O_CREAT | O_EXCL, 0600);

    is_int(copy("a", 0, 0, 7), 0, "its beginning");
    ok(has(0, "the old"), "is the new one's");
    is_int(copy("a", 8, 100, 7), 0, "its end, somewhere else");
    ok(has(100, "version"), "is there");
    ok(has(0, "the old"), "and nothing else was touched");
    is_int(copy("a", 0, 200, 0), 0, "nothing");
    is_int(copy("a", 8, 0, 8), -1, "a byte more than there is");
    is_int(errno, ESTALE, "it is not what it was");
    is_int(copy("gone", 0, 0, 1), -1, "a file that is not there");
    is_int(errno, ENOENT, "says so");
    is_int(copy("link", 0, 0, 1), -1, "a symlink is not followed");
    is_int(copy("d", 0, 0, 1), -1, "a directory has no bytes");

    close(new);
    receiving_end(&t);
    return done_testing();
}
