// SPDX-License-Identifier: GPL-2.0-or-later
/* --chmod: the modes below are what rsync makes of the same option. */
#include "tap.h"
#include "tree/chmod.h"

#include <string.h>
#include <sys/stat.h>

static const struct {
    const char *spec;
    uint32_t type, before, after;
} cases[] = {
    {"u+x", S_IFREG, 0644, 0744},
    {"a+x", S_IFREG, 0644, 0755},
    {"+x", S_IFREG, 0644, 0755}, /* umask 022 has no say over x */
    {"+w", S_IFREG, 0444, 0644}, /* but over w */
    {"-w", S_IFREG, 0777, 0577},
    {"=rw", S_IFREG, 04755, 04644},
    {"go-rwx", S_IFREG, 0777, 0700},
    {"ug=rw,o=", S_IFREG, 0755, 0660},
    {"u+x,g-r", S_IFREG, 0644, 0704},
    {"644", S_IFREG, 04755, 0644},
    {"7", S_IFREG, 0755, 0007},
    {"01777", S_IFDIR, 0755, 01777},
    {"D755,F644", S_IFREG, 0777, 0644},
    {"D755,F644", S_IFDIR, 0777, 0755},
    {"Dg+s,ug+w,Fo-w,+X", S_IFDIR, 0755, 02775},
    {"Dg+s,ug+w,Fo-w,+X", S_IFREG, 0646, 0664},
    {"Dg+s,ug+w,Fo-w,+X", S_IFREG, 0744, 0775},
    {"uD+w", S_IFDIR, 0555, 0755},
    {"F-x", S_IFIFO, 0755, 0644},
    {"u=rwX", S_IFREG, 0044, 0644},
    {"u=rwX", S_IFREG, 0070, 0770},
    {"u=rwX", S_IFDIR, 0044, 0744},
    {"a-x,u+X", S_IFREG, 0755, 0744}, /* X looks at the mode as it came */
    {"u+s", S_IFREG, 0755, 04755},
    {"g+s", S_IFREG, 0755, 02755},
    {"o+s", S_IFREG, 0755, 04755},
    {"a+s", S_IFREG, 0755, 06755},
    {"+s", S_IFREG, 0755, 04755},
    {"ug-s", S_IFREG, 07755, 01755},
    {"g=s", S_IFREG, 01777, 03707},
    {"u=s,g=s", S_IFREG, 01777, 07007},
    {"+t", S_IFDIR, 0755, 01755},
    {"ug=t", S_IFREG, 04755, 01005},
    {"u=g", S_IFREG, 04755, 0555},
    {"g=u", S_IFREG, 04755, 04775},
    {"g=u", S_IFREG, 02711, 0771},
    {"o=u", S_IFREG, 01750, 0757},
    {"g-o", S_IFREG, 0754, 0714},
    {"u-g,g=o", S_IFREG, 0754, 0244},
};

static uint32_t apply(const char *spec, uint32_t mode)
{
    struct zc_chmod *list = NULL;
    struct zc_err err;
    if (zc_chmod_add(&list, spec, &err)) {
        diag("%s", err.text);
        return 0;
    }
    mode = zc_chmod_apply(list, mode);
    zc_chmod_free(list);
    return mode;
}

static void test_bad(void)
{
    static const char *const bad[] = {
        "",    ",",   "u",    "u+x,",  ",u+x",  "x",
        "8",   "u+q", "u7",   "DF7",   "g=uo",  "g=u+x",
        "789", "10000", "go=ux", "u+x g", "+ugo", "0778",
        "D",   "u=7", "77 ",  "00000000000000000000010000",
    };
    for (size_t i = 0; i < ZC_ARRAY_LEN(bad); i++) {
        struct zc_chmod *list = NULL;
        struct zc_err err = {0};
        ok(zc_chmod_add(&list, bad[i], &err) == -1 && !list &&
               err.code == ZC_EXIT_USAGE && strstr(err.text, bad[i]),
           "\"%s\" is refused", bad[i]);
    }
}

static void test_list(void)
{
    struct zc_chmod *list = NULL;
    struct zc_err err;
    is_int(zc_chmod_apply(NULL, S_IFREG | 0644), S_IFREG | 0644,
           "no change at all");
    ok(!zc_chmod_add(&list, "u+x,g+x", &err) &&
           !zc_chmod_add(&list, "u-x", &err),
       "two options");
    is_int(zc_chmod_apply(list, S_IFREG | 0644), S_IFREG | 0654, "... add up");
    is_int(zc_chmod_apply(list, S_IFLNK | 0777), S_IFLNK | 0777,
           "a symlink is left alone");
    ok(zc_chmod_add(&list, "u+x,bad", &err) == -1, "a bad one");
    is_int(zc_chmod_apply(list, S_IFREG | 0644), S_IFREG | 0654,
           "... leaves the list as it was");
    zc_chmod_free(list);
    zc_chmod_free(NULL);
}

int main(void)
{
    umask(022);
    for (size_t i = 0; i < ZC_ARRAY_LEN(cases); i++)
        is_int(apply(cases[i].spec, cases[i].type | cases[i].before),
               cases[i].type | cases[i].after, "%s on %s %04o",
               cases[i].spec, S_ISDIR(cases[i].type) ? "a directory" : "a file",
               cases[i].before);
    test_bad();
    test_list();
    return done_testing();
}
