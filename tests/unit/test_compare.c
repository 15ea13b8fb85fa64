// SPDX-License-Identifier: GPL-2.0-or-later
/* src/receiver/compare.c: what is decided about an entry, over a real
 * directory; and act.c: what is done about it, or in a dry run not. */
#include "tap.h"

#include "receiver/act.h"
#include "receiver/choices.h"
#include "receiver/compare.h"
#include "receiving.h"
#include "session/events.h"
#include "session/hash.h"

#include <sys/sysmacros.h>
#include <sys/xattr.h>

static struct receiving t;
static struct zc_rdir *root;
static struct zc_rlist *list;

static void start(uint32_t flags, unsigned keep)
{
    receiving_start(&t, flags, keep);
    root = top_at(&t, "");
    list = list_of(&t, root);
}

static void end(void)
{
    receiving_end(&t);
    sh("rm -rf dst");
}

/* All that can be seen of "dst". */
static void snapshot(char out[64])
{
    FILE *p = popen("find dst -printf '%p %y %m %s %T@ %C@ %i %l\\n' | sort | "
                    "md5sum", "r");
    if (!p || !fgets(out, 64, p))
        diag("no snapshot");
    if (p)
        pclose(p);
}

static struct zc_cmp cmp_of(const struct zc_entry *e, uint32_t index)
{
    struct zc_cmp c = {.dir = root,
                       .list = list,
                       .dirfd = t.r.root_fd,
                       .ref = {list->id, index},
                       .e = e};
    zc_entry_name(e, c.name);
    c.exists = !zc_stat_at(c.dirfd, c.name, &c.st);
    return c;
}

static struct zc_decision decide(const struct zc_entry *e)
{
    struct zc_decision v;
    struct zc_cmp c = cmp_of(e, 0);
    zc_compare_entry(&t.w, &c, &v);
    return v;
}

static bool leaves(const struct zc_entry *e)
{
    struct zc_cmp c = cmp_of(e, 0);
    return zc_choices_leave(&t.r, e, c.exists ? &c.st : NULL);
}

#define decides(e, act, items, needs, keeps, what)                            \
    do {                                                                      \
        struct zc_decision v_ = decide(e);                                    \
        ok(v_.action == (act) && v_.item == (unsigned)(items) &&              \
               v_.need == (unsigned)(needs) && v_.stays == (keeps),           \
           "%s", what) ||                                                     \
            (diag("action %d, item %#x, need %#x, stays %d", v_.action,       \
                  v_.item, v_.need, v_.stays),                                \
             0);                                                              \
    } while (0)

#define NONE ZC_ACTION_NONE
#define ASK ZC_ACTION_ASK
#define DATA ZC_ITEM_DATA
#define NEW ZC_ITEM_NEW

static void test_files(void)
{
    char before[64], after[64];
    start(0, ZC_KEEP_ALL);
    sh("echo hello > dst/a; chmod 640 dst/a; mkdir dst/d; echo > dst/d/f");
    snapshot(before);
    struct zc_entry e = entry_as(&t, "a");
    decides(&e, NONE, 0, 0, true, "the same file");
    e.size++;
    decides(&e, ASK, DATA | ZC_ITEM_SIZE, ZC_NEED_DATA, false, "another size");
    e = entry_as(&t, "a");
    e.mtime_ns ^= 1;
    decides(&e, ASK, DATA | ZC_ITEM_TIME, ZC_NEED_DATA, false, "a nanosecond");
    e = entry_as(&t, "a");
    e.mode ^= 0222;
    decides(&e, ZC_ACTION_DRESS, ZC_ITEM_PERMS, 0, true, "another mode");
    e.uid++;
    e.gid++;
    decides(&e, ZC_ACTION_DRESS, ZC_ITEM_PERMS | ZC_ITEM_OWNER | ZC_ITEM_GROUP,
            0, true, "another owner and group as well");
    e.size++;
    decides(&e, ASK,
            DATA | ZC_ITEM_SIZE | ZC_ITEM_PERMS | ZC_ITEM_OWNER |
                ZC_ITEM_GROUP,
            ZC_NEED_DATA, false, "and another size");
    e = entry_of("new", S_IFREG | 0644);
    decides(&e, ASK, DATA | NEW, ZC_NEED_DATA, false, "a new file");
    snapshot(after);
    is_str(after, before, "nothing was done about any of them");
    end();

    start(0, ZC_KEEP_ALL & ~(ZC_KEEP_PERMS | ZC_KEEP_TIMES | ZC_KEEP_OWNER));
    sh("echo hello > dst/a");
    e = entry_as(&t, "a");
    e.mode ^= 0222;
    e.uid++;
    decides(&e, NONE, 0, 0, true, "what is not kept does not matter");
    e.mtime_s++;
    decides(&e, ASK, DATA | ZC_ITEM_TIME, ZC_NEED_DATA, false,
            "but that the time tells of");
    end();
}

/* An inode with other names that are not of the same file. */
static void test_other_names(void)
{
    start(0, ZC_KEEP_ALL);
    sh("echo hello > dst/a; ln dst/a dst/b");
    struct zc_entry e = entry_as(&t, "a");
    decides(&e, NONE, 0, 0, true, "the same file, with another name");
    e.mode ^= 0222;
    decides(&e, ASK, ZC_ITEM_PERMS, ZC_NEED_META, true,
            "another mode: it is set apart, and the other name stays");
    end();

    start(0, ZC_KEEP_ALL & ~ZC_KEEP_HARD_LINKS);
    sh("echo hello > dst/a; ln dst/a dst/b");
    e = entry_as(&t, "a");
    decides(&e, NONE, 0, 0, true, "the same, without hard links");
    e = entry_as(&t, "b");
    decides(&e, NONE, 0, 0, true, "nor does it matter whose inode it is");
    end();
}

static void test_update(void)
{
    start(ZC_OPEN_UPDATE, ZC_KEEP_ALL);
    sh("echo hello > dst/a");
    struct zc_entry e = entry_as(&t, "a");
    e.size++;
    e.mtime_s--;
    ok(leaves(&e), "-u: what is newer here stays");
    e.mtime_s += 2;
    ok(!leaves(&e), "what is older does not");
    decides(&e, ASK, DATA | ZC_ITEM_SIZE | ZC_ITEM_TIME, ZC_NEED_DATA, false,
            "what is older does not");
    e = entry_of("a", S_IFLNK | 0777);
    e.target = "x";
    e.target_len = 1;
    ok(!leaves(&e), "nor what is of another type");
    decides(&e, ZC_ACTION_MAKE, DATA | NEW, 0, false, "it is replaced");
    end();
}

static void test_choices(void)
{
    start(0, ZC_KEEP_ALL);
    sh("echo hello > dst/a; mkdir dst/d");
    struct zc_entry file = entry_as(&t, "a"), dir = entry_as(&t, "d");
    struct zc_entry none = entry_of("none", S_IFREG | 0644);
    ok(!leaves(&file) && !leaves(&dir) && !leaves(&none), "nothing is left");
    t.r.apply = ZC_APPLY_EXISTING;
    ok(!leaves(&file) && !leaves(&dir) && leaves(&none),
       "--existing: what is not here");
    t.r.apply = ZC_APPLY_IGNORE_EXISTING;
    ok(leaves(&file) && !leaves(&dir) && !leaves(&none),
       "--ignore-existing: what is here, but directories");
    struct zc_entry other = entry_of("a", S_IFDIR | 0755);
    ok(leaves(&other), "whatever it is");
    t.r.apply = ZC_APPLY_ONLY_DELETE;
    ok(leaves(&file) && !leaves(&dir) && leaves(&none),
       "where only deleting is left, all but directories that are here");
    dir.mode ^= 0222;
    decides(&dir, ZC_ACTION_DIR, 0, ZC_NEED_DESCEND, true,
            "which are gone into as they are");
    file.mtime_s += 3;
    t.r.apply = ZC_APPLY_SIZE_ONLY;
    decides(&file, ZC_ACTION_DRESS, ZC_ITEM_TIME, 0, true,
            "--size-only: another time is set");
    t.r.apply = ZC_APPLY_WINDOW;
    t.r.terms.open.window = 2;
    decides(&file, ASK, DATA | ZC_ITEM_TIME, ZC_NEED_DATA, false,
            "--modify-window: too far apart");
    t.r.terms.open.window = 3;
    decides(&file, NONE, 0, 0, true, "the same");
    t.r.flags = ZC_OPEN_UPDATE;
    ok(!leaves(&file), "newer by as many seconds");
    t.r.terms.open.window = 4;
    ok(leaves(&file), "not newer by as many");
    file.mtime_s -= 6;
    t.r.terms.open.window = 0;
    ok(leaves(&file), "older");
    t.r.flags = 0;
    t.r.apply = ZC_APPLY_IGNORE_TIMES;
    file = entry_as(&t, "a");
    decides(&file, ASK, DATA, ZC_NEED_DATA, false, "-I: the same file");
    end();
}

static void test_checksum(void)
{
    uint8_t want[ZC_HASH_SIZE];
    start(ZC_OPEN_CHECKSUM, ZC_KEEP_ALL);
    sh("echo hello > dst/a");
    struct zc_entry e = entry_as(&t, "a");
    decides(&e, ASK, 0, ZC_NEED_CHECK, true, "-c: the hash will tell");
    zc_auto_close int fd = open("dst/a", O_RDONLY);
    ok(!zc_rworker_hash(&t.w, fd, 6, want) &&
           !memcmp(decide(&e).hash, want, sizeof want),
       "which is that of the file here");
    e.mtime_s++;
    decides(&e, ASK, ZC_ITEM_TIME, ZC_NEED_CHECK, true,
            "whatever the time is");
    e.size++;
    decides(&e, ASK, DATA | ZC_ITEM_SIZE | ZC_ITEM_TIME | ZC_ITEM_CHECKSUM,
            ZC_NEED_DATA, false, "another size cannot be the same");
    end();
}

/* vfat: two seconds. */
static void test_coarse_clock(void)
{
    start(0, ZC_KEEP_ALL);
    sh("echo hello > dst/a; touch -d @1000000000 dst/a");
    struct zc_entry e = entry_as(&t, "a");
    e.mtime_s++;
    e.mtime_ns = 500;
    decides(&e, ASK, DATA | ZC_ITEM_TIME, ZC_NEED_DATA, false,
            "a second later, by a fine clock");
    root->shelf.vol->time_step = 2000000000;
    decides(&e, NONE, 0, 0, true, "by a coarse one it is the same");
    e.mtime_s += 2;
    decides(&e, ASK, DATA | ZC_ITEM_TIME, ZC_NEED_DATA, false,
            "three seconds are not");
    end();
}

/* --- types --------------------------------------------------------------- */

static void test_types(void)
{
    start(0, ZC_KEEP_ALL);
    sh("cd dst; echo > file; ln -s target link; mkfifo fifo; mkdir empty full "
       "full/x");
    struct zc_entry e = entry_of("link", S_IFREG | 0644);
    decides(&e, ASK, DATA | NEW, ZC_NEED_DATA, false,
            "a file in a symlink's place");
    e.name = "full";
    decides(&e, ZC_ACTION_REFUSE, 0, 0, false,
            "in that of a directory that is not empty");
    struct zc_decision v = decide(&e);
    ok(v.op == ZC_OP_REPLACE_DIR && v.eno == ENOTEMPTY, "which has a reason");
    e = entry_of("empty", S_IFREG | 0644);
    decides(&e, ASK, DATA | NEW, ZC_NEED_DATA, false, "in an empty one's");
    e = entry_of("file", S_IFDIR | 0755);
    decides(&e, ZC_ACTION_DIR, NEW, ZC_NEED_DESCEND, false,
            "a directory in a file's place");
    e = entry_of("fifo", S_IFSOCK | 0755);
    decides(&e, ZC_ACTION_MAKE, DATA | NEW, 0, false,
            "a socket in a fifo's place");
    end();

    start(ZC_OPEN_DELETE, ZC_KEEP_ALL);
    sh("mkdir -p dst/full/x");
    e = entry_of("full", S_IFREG | 0644);
    decides(&e, ASK, DATA | NEW, ZC_NEED_DATA, false,
            "with --delete a directory may go");
    is_int(t.parts.deletions.count, 2, "and counts as deleted");
    end();

    start(0, 0);
    e = entry_of("x", S_IFLNK | 0777);
    decides(&e, NONE, 0, 0, false, "a symlink, where none are kept");
    e = entry_of("x", S_IFCHR | 0666);
    decides(&e, NONE, 0, 0, false, "a device");
    e = entry_of("x", S_IFIFO | 0666);
    decides(&e, NONE, 0, 0, false, "a fifo");
    end();
}

static void test_specials(void)
{
    start(0, ZC_KEEP_ALL);
    sh("cd dst; ln -s target link; mkfifo fifo");
    struct zc_entry e = entry_as(&t, "link");
    e.target = "target";
    e.target_len = 6;
    decides(&e, NONE, 0, 0, true, "the same symlink");
    e.target_len = 5;
    decides(&e, ZC_ACTION_MAKE, DATA, 0, false, "another target");
    e.target_len = 6;
    e.mtime_s++;
    decides(&e, ZC_ACTION_DRESS, ZC_ITEM_TIME, 0, true, "another time");
    e = entry_as(&t, "fifo");
    e.mode ^= 0222;
    decides(&e, ZC_ACTION_DRESS, ZC_ITEM_PERMS, 0, true, "a fifo's mode");
    if (mknod("dst/null", S_IFCHR | 0600, makedev(1, 3)) == 0) {
        e = entry_as(&t, "null");
        e.rdev_major = 1;
        e.rdev_minor = 3;
        decides(&e, NONE, 0, 0, true, "the same device");
        e.rdev_minor = 5;
        decides(&e, ZC_ACTION_MAKE, DATA, 0, false, "another");
    } else {
        skip(2, "devices need root");
    }
    e = entry_of("new", S_IFIFO | 0644);
    e.flags = ZC_ENTRY_XATTRS;
    decides(&e, ASK, DATA | NEW, ZC_NEED_META, false,
            "a new one with attributes, which have to come first");
    end();
}

static void test_dirs(void)
{
    start(0, ZC_KEEP_ALL);
    sh("mkdir dst/d");
    struct zc_entry e = entry_as(&t, "d");
    decides(&e, ZC_ACTION_DIR, 0, ZC_NEED_DESCEND, true, "a directory");
    e.mode ^= 0022;
    decides(&e, ZC_ACTION_DIR, ZC_ITEM_PERMS, ZC_NEED_DESCEND, true,
            "another mode");
    e = entry_of("new", S_IFDIR | 0755);
    e.flags = ZC_ENTRY_XATTRS;
    decides(&e, ZC_ACTION_DIR, NEW, ZC_NEED_DESCEND | ZC_NEED_META, false,
            "a new one with attributes");
    root->state = ZC_RD_FAILED;
    e = entry_of("new", S_IFREG | 0644);
    decides(&e, NONE, 0, 0, false, "a file in one that could not be made");
    e = entry_of("new", S_IFDIR | 0755);
    decides(&e, ZC_ACTION_DIR, NEW, ZC_NEED_DESCEND, false,
            "a directory in one, whose list is awaited");
    root->shallow = true;
    decides(&e, NONE, 0, 0, false, "but not in a mirror's round");
    end();
}

static void test_top(void)
{
    struct zc_decision v;
    start(0, ZC_KEEP_ALL);
    struct zc_entry e = entry_as(&t, "");
    struct zc_cmp c = cmp_of(&e, 0);
    zc_compare_top(&t.w, &c, &v);
    ok(v.action == ZC_ACTION_DIR && v.need == ZC_NEED_DESCEND && !v.item,
       "the root");
    e.mode ^= 0022;
    zc_compare_top(&t.w, &c, &v);
    is_int(v.item, ZC_ITEM_PERMS, "its mode");
    root->implied = true;
    zc_compare_top(&t.w, &c, &v);
    is_int(v.item, 0, "does not matter where it is only implied");
    root->shallow = true;
    zc_compare_top(&t.w, &c, &v);
    is_int(v.need, 0, "a mirror's own lists follow without being asked for");
    c.exists = false;
    zc_compare_top(&t.w, &c, &v);
    ok(v.action == ZC_ACTION_REFUSE && v.eno == ENOENT,
       "one that is not there");
    end();
}

/* --- attributes ---------------------------------------------------------- */

/* What a source would say that has NAME with the attributes that it has. */
static void take_digest(struct zc_entry *e, const char *name)
{
    struct zc_buf set = ZC_BUF_INIT;
    zc_xattr_read(t.r.root_fd, name, ZC_KEEP_ALL, &set);
    struct zc_digest d = zc_xattr_digest(set.data, set.len, t.r.ids);
    e->flags |= ZC_ENTRY_XATTRS;
    memcpy(e->xattr_digest, d.b, sizeof d.b);
    zc_buf_fini(&set);
}

static void test_xattrs(void)
{
    start(0, ZC_KEEP_ALL);
    sh("echo 1 > dst/a; cp -p dst/a dst/b; mkdir dst/d");
    if (setxattr("dst/a", "user.x", "1", 1, 0) ||
        setxattr("dst/d", "user.x", "1", 1, 0)) {
        skip(7, "no extended attributes here: %s", strerror(errno));
        end();
        return;
    }
    struct zc_entry e = entry_as(&t, "a");
    take_digest(&e, "a");
    decides(&e, NONE, 0, 0, true, "the same attributes");
    setxattr("dst/a", "user.x", "2", 1, 0);
    decides(&e, ASK, ZC_ITEM_XATTR, ZC_NEED_META, true, "another value");
    e = entry_as(&t, "a");
    decides(&e, ASK, ZC_ITEM_XATTR, ZC_NEED_META, true,
            "some that the source has not");
    setxattr("dst/b", "user.x", "1", 1, 0);
    e = entry_as(&t, "b");
    take_digest(&e, "b");
    removexattr("dst/b", "user.x");
    decides(&e, ASK, ZC_ITEM_XATTR, ZC_NEED_META, true,
            "some that are not here");
    e.size++;
    decides(&e, ASK, DATA | ZC_ITEM_SIZE | ZC_ITEM_XATTR, ZC_NEED_DATA, false,
            "which come along with the bytes, where these differ");
    e = entry_as(&t, "d");
    decides(&e, ZC_ACTION_DIR, ZC_ITEM_XATTR, ZC_NEED_DESCEND | ZC_NEED_META,
            true, "a directory's");
    t.r.keep &= ~(ZC_KEEP_ACLS | ZC_KEEP_XATTRS);
    decides(&e, ZC_ACTION_DIR, 0, ZC_NEED_DESCEND, true,
            "which do not matter when they are not kept");
    end();
}

/* --- hard links ---------------------------------------------------------- */

static struct zc_entry linked(const char *name)
{
    struct zc_entry e = exists(name) ? entry_as(&t, name)
                                     : entry_of(name, S_IFREG | 0644);
    e.flags |= ZC_ENTRY_HARD_LINK;
    e.link_dev = 7;
    e.link_ino = 42;
    e.link_count = 9;
    return e;
}

static void settle(const char *name, bool ok)
{
    struct zc_hardlink_key key = {true, 7, 42};
    zc_hardlink_settle(&t.w, key, root, name, ok);
}

static void test_hardlinks(void)
{
    start(0, ZC_KEEP_ALL);
    sh("cd dst; echo 1 > a; ln a b; echo 2 > c; mkdir full full/x");
    struct zc_entry e = linked("a");
    decides(&e, NONE, 0, 0, true, "the leader, the same file");
    e = linked("b");
    decides(&e, ZC_ACTION_WAIT, ZC_ITEM_HARD_LINK, ZC_NEED_PENDING, false,
            "another name waits for it");
    e = linked("new");
    decides(&e, ZC_ACTION_WAIT, ZC_ITEM_HARD_LINK | NEW, ZC_NEED_PENDING,
            false, "and a new one");
    settle("", false);
    settle("a", true);
    e = linked("b");
    decides(&e, NONE, 0, 0, true, "a name of its inode already");
    e = linked("c");
    struct zc_decision v = decide(&e);
    ok(v.action == ZC_ACTION_LINK && v.item == ZC_ITEM_HARD_LINK && v.group &&
           !v.leads,
       "a name of another");
    zc_hardlink_put(&t.r, v.group);
    e = linked("full");
    e.mode = S_IFREG | 0644;
    decides(&e, ZC_ACTION_REFUSE, 0, 0, false,
            "a directory that is not empty");
    end();

    start(0, ZC_KEEP_ALL);
    e = linked("new");
    v = decide(&e);
    ok(v.leads && v.action == ASK && v.need == ZC_NEED_DATA,
       "a leader that is new is asked for");
    e = entry_of("other", S_IFREG | 0644);
    ok(!decide(&e).leads, "a file with one name leads nothing");
    end();
}

/* --- rounds of a mirror -------------------------------------------------- */

static void test_shallow(void)
{
    start(0, ZC_KEEP_ALL);
    root->shallow = true;
    sh("cd dst; mkdir d; head -c 65536 /dev/zero | tr '\\0' x > log; "
       "truncate -s 65536 sparse; echo 1 > small");
    struct zc_entry e = entry_as(&t, "d");
    decides(&e, NONE, 0, 0, true, "a directory is not gone into");
    e.flags |= ZC_ENTRY_DEEP;
    decides(&e, ZC_ACTION_DIR, 0, ZC_NEED_DESCEND, true,
            "unless it is wanted");
    e = entry_as(&t, "d");
    e.mode ^= 0022;
    decides(&e, ZC_ACTION_DIR, ZC_ITEM_PERMS, 0, true,
            "its metadata matter all the same");

    e = entry_as(&t, "log");
    decides(&e, NONE, 0, 0, true, "the same file");
    e.mtime_s++;
    decides(&e, ASK, ZC_ITEM_TIME, ZC_NEED_CHECK, true,
            "another time: most likely it was touched");
    e = entry_as(&t, "log");
    e.flags |= ZC_ENTRY_CHANGED;
    decides(&e, ASK, 0, ZC_NEED_CHECK, true,
            "the same time, but bytes that may have changed");
    e.size++;
    decides(&e, ASK, DATA | ZC_ITEM_SIZE, ZC_NEED_FROM, false,
            "it has grown: perhaps at its end");
    is_int(decide(&e).from, 65536, "what is here would be its beginning");
    e = entry_as(&t, "sparse");
    e.flags |= ZC_ENTRY_CHANGED;
    e.size++;
    decides(&e, ASK, DATA | ZC_ITEM_SIZE, ZC_NEED_DATA, false,
            "holes are not worth that");
    e = entry_as(&t, "small");
    e.flags |= ZC_ENTRY_CHANGED;
    e.size++;
    decides(&e, ASK, DATA | ZC_ITEM_SIZE, ZC_NEED_DATA, false,
            "nor are small files");

    e = entry_as(&t, "small");
    e.flags |= ZC_ENTRY_EAGER;
    e.size++;
    decides(&e, NONE, 0, 0, false, "one that comes unasked");
    t.r.flags |= ZC_OPEN_WANT_ITEMS;
    decides(&e, ZC_ACTION_TELL, DATA | ZC_ITEM_SIZE, 0, false,
            "is told of, if anybody wants to know");
    end();
}

/* --- acting -------------------------------------------------------------- */

/* The NEED item that acting on E makes: its bits, 0: none. */
static unsigned act(const struct zc_entry *e)
{
    struct zc_needs needs = {.w = &t.w};
    struct zc_cmp c = cmp_of(e, 1);
    struct zc_decision v;
    zc_compare_entry(&t.w, &c, &v);
    zc_act(&needs, &c, &v);
    unsigned what = needs.count ? needs.items.data[4] : 0; /* u32 index, u8 */
    zc_buf_fini(&needs.items);
    return what;
}

/* One of each kind: the same, to dress, to make, to ask for, a directory. */
static void act_on_all(unsigned what[5])
{
    struct zc_entry e = entry_as(&t, "a");
    what[0] = act(&e);
    e.mode = S_IFREG | 0600;
    what[1] = act(&e);
    e = entry_of("link", S_IFLNK | 0777);
    e.target = "x";
    e.target_len = 1;
    what[2] = act(&e);
    e = entry_of("new", S_IFREG | 0644);
    what[3] = act(&e);
    e = entry_of("dir", S_IFDIR | 0755);
    what[4] = act(&e);
}

static void test_act(void)
{
    char before[64], after[64];
    unsigned what[5];
    struct stat st;
    start(ZC_OPEN_DRY_RUN, ZC_KEEP_ALL);
    sh("echo hello > dst/a; chmod 644 dst/a");
    snapshot(before);
    act_on_all(what);
    snapshot(after);
    is_int(what[0], 0, "a dry run: nothing to be done");
    is_int(what[1], ZC_NEED_APPLIED, "to be dressed: told");
    is_int(what[2], ZC_NEED_APPLIED, "to be made: told");
    is_int(what[3], ZC_NEED_APPLIED, "to be asked for: told");
    is_int(what[4], ZC_NEED_DESCEND | ZC_NEED_APPLIED, "a directory: told");
    is_int(list->book.outstanding, 0, "nothing is asked for");
    is_str(after, before, "nothing is done");
    end();

    start(0, ZC_KEEP_ALL);
    sh("echo hello > dst/a; chmod 644 dst/a");
    act_on_all(what);
    is_int(what[0], 0, "otherwise: nothing to be done");
    is_int(what[1], ZC_NEED_APPLIED, "to be dressed: done, and told");
    ok(!stat("dst/a", &st) && (st.st_mode & 0777) == 0600, "with its mode");
    is_int(what[2], ZC_NEED_APPLIED, "to be made: done, and told");
    ok(exists("link"), "under its name");
    is_int(what[3], ZC_NEED_DATA, "to be asked for: asked for");
    is_int(list->book.outstanding, 1, "and outstanding");
    is_int(what[4], ZC_NEED_DESCEND | ZC_NEED_APPLIED,
           "a directory: its list is asked for");
    end();
}

int main(void)
{
    umask(022);
    scratch();
    test_files();
    test_other_names();
    test_update();
    test_choices();
    test_checksum();
    test_coarse_clock();
    test_types();
    test_specials();
    test_dirs();
    test_top();
    test_xattrs();
    test_hardlinks();
    test_shallow();
    test_act();
    return done_testing();
}
