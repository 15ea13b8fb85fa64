// SPDX-License-Identifier: GPL-2.0-or-later
/* fs/disguise.c: the forms of `rsync --fake-super`, as rsync 3.5 writes them. */
#include "fs/acl.h"
#include "fs/disguise.h"
#include "tap.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static bool parses(const char *text)
{
    struct zc_disguise d;
    return zc_disguise_parse(text, strlen(text), &d);
}

static void test_stat(void)
{
    char out[ZC_DISGUISE_STAT_SIZE];
    struct zc_disguise d = {S_IFCHR | 0640, 5, 6, makedev(1, 3)};
    is_int(zc_disguise_format(out, &d), strlen("20640 1,3 5:6"), "a length");
    is_str(out, "20640 1,3 5:6", "a device");
    ok(zc_disguise_parse("104755 0,0 4294967294:7", 23, &d), "a file");
    ok(d.mode == (S_IFREG | 04755) && d.uid == 4294967294u && d.gid == 7 &&
           !d.rdev, "its fields");
    ok(!parses(""), "nothing");
    ok(!parses("100644 0,0 1"), "too little");
    ok(!parses("100644 0,0 1:2 3"), "too much");
    ok(!parses("644 0,0 1:2"), "no type");
    ok(!parses("1100644 0,0 1:2"), "more than a mode");
    ok(!zc_disguise_parse("100644 0,0 1:2\0x", 16, &d), "a NUL");
    ok(!zc_disguise_parse("100644 0,0 1:2x", 0, &d), "no byte of it");
    ok(zc_disguise_parse("100644 0,0 1:2x", 14, &d) && d.gid == 2,
       "bytes behind it are not read");
    static const char *const odd[] = {
        "100644 0,0 -1:2",  "100644 0,0 1:-1",  "100644 0,0 +1:2",
        "100644 -1,0 1:2",  "100644 0,-1 1:2",  "-100644 0,0 1:2",
        " 100644 0,0 1:2",  "100644  0,0 1:2",  "100644 0, 0 1:2",
        "100644\t0,0 1:2",  "100644 0,0 1: 2",  "100644 0,0 1:2\n",
        "100644 0,0 4294967295:2", "100644 0,0 1:4294967295",
        "100644 0,0 4294967297:2", "100644 99999999999999999999,0 1:2",
        "100649 0,0 1:2",   "0x81a4 0,0 1:2",   "100644 0,0 1:2:",
        "100644 0,0 :2",    "100644 0,0 1:",    "100644 ,0 1:2"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        ok(!parses(odd[i]), "'%s'", odd[i]);
    char longer[200];
    memset(longer, '1', sizeof longer);
    ok(!zc_disguise_parse(longer, sizeof longer, &d), "far too much");
}

static const char *on_disk(const char *name)
{
    static char out[ZC_DISGUISE_NAME_SIZE];
    return zc_disguise_name(out, name, strlen(name)) ? NULL : out;
}

static void test_names(void)
{
    char longest[256];
    is_str(on_disk("user.x"), "user.x", "what anybody may have");
    is_str(on_disk("security.capability"), "user.rsync.security.capability",
           "what only root may");
    is_str(on_disk(ZC_ACL_ACCESS), "user.rsync.%aacl", "an ACL");
    is_str(on_disk(ZC_ACL_DEFAULT), "user.rsync.%dacl", "a default one");
    ok(!on_disk("user.rsync.%stat") && errno == EOPNOTSUPP,
       "what would be taken for ours");
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    memcpy(longest, "trusted.", 8);
    ok(!on_disk(longest) && errno == ENAMETOOLONG, "what has no room");
    is_str(zc_disguise_seen("user.rsync.trusted.t"), "trusted.t", "and back");
    is_str(zc_disguise_seen("user.rsync.%dacl"), ZC_ACL_DEFAULT, "an ACL");
    is_str(zc_disguise_seen("user.x"), "user.x", "itself");
    ok(!zc_disguise_seen("user.rsync.%stat"), "ours");
    ok(!zc_disguise_seen("security.selinux"), "what is really there");
    ok(!zc_disguise_seen("user.rsync.user.x"), "nor two of one name");
}

/* "u::7 u:33:7 g::5 m::1 o::0" in the order of the entries */
static const char *acl_text(const struct zc_buf *b)
{
    static char out[200];
    struct zc_rd r = zc_rd_init(b->data + 4, b->len - 4);
    *out = '\0';
    while (zc_rd_left(&r)) {
        unsigned tag = zc_rd_u16(&r), perms = zc_rd_u16(&r);
        uint32_t id = zc_rd_u32(&r);
        snprintf(out + strlen(out), sizeof out - strlen(out), "%x:%d:%u ", tag,
                 (int)id, perms);
    }
    return out;
}

static void test_acl(void)
{
    /* As rsync has written it for user::rwx user:33:rwx group::r-x mask::--x
     * other::--x. */
    static const uint8_t blob[] = {0x80, 0, 0, 0, 5,  0, 0, 0, 1, 0, 0, 0,
                                   0x80, 0, 0, 0, 33, 0, 0, 0, 7, 0, 0, 0x80};
    struct zc_buf acl = ZC_BUF_INIT, again = ZC_BUF_INIT;
    is_int(zc_disguise_acl(&acl, blob, sizeof blob, 0711), 0, "rsync's");
    is_str(acl_text(&acl), "1:-1:7 2:33:7 4:-1:5 10:-1:1 20:-1:1 ",
           "what it leaves out is in the mode");
    is_int(zc_disguise_acl_blob(&again, acl.data, acl.len), 0, "and back");
    is_int(again.len, sizeof blob, "as long");
    ok(again.data[0] == 7 && !memcmp(again.data + 4, blob + 4, 8) &&
           again.data[12] == 1 && !memcmp(again.data + 16, blob + 16, 8),
       "nothing is left out");
    zc_buf_reset(&acl);
    is_int(zc_disguise_acl(&acl, blob, 16, 0), 0, "nobody is named");
    zc_buf_reset(&acl);
    is_int(zc_disguise_acl(&acl, blob, 15, 0), -1, "cut off");
    is_int(zc_disguise_acl(&acl, blob, 20, 0), -1, "in the middle");
    is_int(zc_disguise_acl_blob(&again, blob, 7), -1, "no ACL");
    zc_buf_fini(&acl);
    zc_buf_fini(&again);
}

int main(void)
{
    test_stat();
    test_names();
    test_acl();
    return done_testing();
}
