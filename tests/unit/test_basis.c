// SPDX-License-Identifier: GPL-2.0-or-later
/* src/receiver/basis.c: bytes of a new version from a file that is here. */
#include "tap.h"

#include "receiver/basis.h"
#include "session/copies.h"

#include <sys/stat.h>

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

    /* holes stay holes, at whatever offset */
    sh("truncate -s 3M dst/s && printf x | dd of=dst/s bs=1 seek=2000000 "
       "conv=notrunc status=none");
    int in = open("dst/s", O_RDONLY);
    new = open("sparse", O_RDWR | O_CREAT | O_EXCL, 0600);
    struct zc_segment s = {.kind = ZC_SEGMENT_COPY, .offset = 1 << 20,
                           .length = 3 << 20};
    struct stat st;
    is_int(zc_copy_range(in, new, &s), 0, "all of a file with holes");
    ok(has((1 << 20) + 2000000, "x"), "its data are there");
    fstat(new, &st);
    ok(st.st_blocks < 512, "and its holes, too");
    s.from = 1;
    is_int(zc_copy_range(in, new, &s), -1, "a byte more than there is");
    is_int(errno, ESTALE, "it is shorter than it was");
    close(in);

    close(new);
    receiving_end(&t);
    return done_testing();
}
