// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A session whose roles are swapped: who dials receives, and who was dialled
 * sends one of its shares (src/session/, sender/session.c, receiver/open.c), over
 * a socket pair.
 */
#include "tap.h"

#include "proto/hello.h"
#include "receiver/receive.h"
#include "scratch.h"
#include "sender/serve.h"
#include "session/told.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const uint8_t key[1][ZC_KEY_SIZE] = {{1, 2, 3}};
static struct zc_err err;

static bool sh(const char *words)
{
    return system(words) == 0;
}

/* The same by an independent program. */
static bool equal(const char *src, const char *dst)
{
    char line[512];
    snprintf(line, sizeof line,
             "rsync -aHAX --checksum -n -i --delete --exclude=/.zcsync %s/ %s/ "
             "2>&1", src, dst);
    FILE *p = popen(line, "r");
    bool same = true;
    while (p && fgets(line, sizeof line, p)) {
        diag("differs: %s", line);
        same = false;
    }
    return p && pclose(p) == 0 && same;
}

/* What is asked for. */
static const char *wanted = "src";

/* Says by its exit code whether it was called as it should be. */
static int confine(const struct zc_tree_access *trees, size_t n,
                   struct zc_err *e)
{
    struct stat here, root;
    if (n != 1 || trees->access != ZC_ACCESS_READ || fstat(trees->fd, &root) ||
        stat(wanted, &here) || here.st_ino != root.st_ino)
        return zc_err_set(e, ZC_EXIT_START, 0, "confined to the wrong thing");
    return 0;
}

/* The end that has the shares: accepts, and sends. Its exit code: the
 * round's. */
static _Noreturn void sharer(struct zc_transport *t, bool confined)
{
    const struct zc_share shares[] = {
        {.name = "s", .path = "src", .read_only = true, .readable = true},
        {.name = "closed", .path = "src"},
        {.name = "keyed", .path = "src", .readable = true, .keys = key,
         .n_keys = 1}};
    const struct zc_accept_options opt = {.shares = shares,
                                          .n_shares = ZC_ARRAY_LEN(shares),
                                          .confine = confined ? confine : NULL};
    struct zc_err why = {0};
    int code = zc_source_run(t, &opt, &why) ? (int)why.code : 0;
    if (code)
        diag("sharer: %s", why.text);
    zc_transport_free(t);
    _exit(code);
}

static struct zc_told_verdict verdict;
static struct zc_stats stats;
static unsigned n_items;

static void count_item(void *arg, const struct zc_item *item)
{
    (void)arg;
    (void)item;
    n_items++;
}

/* What the sharer tells. */
static int hear(void *arg, unsigned type, struct zc_bytes body)
{
    const struct zc_events events = {.item = count_item};
    struct zc_err e;
    (void)arg;
    return zc_told_take(type, body, &events, &stats, &verdict, &e);
}

/* Pulls what OPT says into DEST: our result, the sharer's exit code in *CODE. */
static int pull(const struct zc_options *opt, const char *dest, bool confined,
                int *code)
{
    struct zc_transport *ours, *theirs;
    int status;
    memset(&err, 0, sizeof err);
    if (zc_transport_pair(&ours, &theirs, &err))
        return -2;
    pid_t child = fork();
    if (child == 0) {
        zc_transport_free(ours);
        sharer(theirs, confined);
    }
    zc_transport_free(theirs);
    const struct zc_pull how = {.dest = dest, .tell = hear};
    int r = zc_receive_from(ours, opt, &how, &err);
    zc_transport_free(ours);
    waitpid(child, &status, 0);
    *code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (r)
        diag("puller: %s", err.text);
    return r;
}

static struct zc_options options(const char *share, const char *path)
{
    struct zc_options opt;
    zc_options_init(&opt);
    opt.share = share;
    opt.path = path;
    return opt;
}

static void make_source(void)
{
    ok(sh("mkdir -p src/sub/deep && cd src && echo a >a && ln a sub/b && "
          "ln -s a link && mkfifo fifo && chmod 640 a && "
          "head -c 3000000 /dev/urandom >big && truncate -s 5M sparse && "
          "printf x | dd of=sparse bs=1 seek=2M conv=notrunc status=none && "
          "setfattr -n user.x -v 1 a 2>/dev/null; "
          "for i in $(seq 300); do echo $i >sub/deep/$i; done; "
          "touch -d '2001-02-03 04:05:06.123456789' sub a"),
       "a source");
}

static void test_whole(void)
{
    struct zc_options opt = options("s", "");
    int code;
    is_int(pull(&opt, "dst", true, &code), 0, "who dialled receives");
    is_int(code, 0, "and who was dialled sends, confined to reading its share");
    ok(equal("src", "dst"), "the whole share is there");
    struct stat st;
    ok(!stat("dst/sparse", &st) && st.st_blocks * 512 < 1 << 20,
       "holes included");

    sh("echo changed >src/a; rm src/sub/deep/7; echo mine >dst/mine");
    is_int(pull(&opt, "dst", false, &code), 0, "again");
    ok(sh("test -e dst/mine && test -e dst/sub/deep/7"),
       "nothing is deleted unless it was asked for");
    opt.del = true;
    is_int(pull(&opt, "dst", false, &code), 0, "with deletions");
    ok(equal("src", "dst"), "and equal again");
}

static void test_options(void)
{
    struct zc_options opt = options("s", "sub");
    int code;
    is_int(pull(&opt, "part", false, &code), 0, "a directory of a share");
    ok(sh("test -e part/deep/1 && test ! -e part/a"), "alone");

    opt.dry_run = true;
    is_int(pull(&opt, "none", false, &code), 0, "a dry run");
    ok(access("none", F_OK), "makes nothing");
    opt.dry_run = false;

    struct zc_filter *filter = zc_filter_new();
    ok(filter && !zc_filter_add(filter, "- *5", &err), "a filter");
    opt.filter = filter;
    opt.keep &= ~(unsigned)ZC_KEEP_TIMES;
    is_int(pull(&opt, "some", false, &code), 0, "pulled with it");
    ok(sh("test -e some/deep/4 && test ! -e some/deep/5 && "
          "test ! some/deep/4 -ot part"),
       "the sender hides what it hides, and times are not kept");
    zc_filter_free(filter);
}

static void test_files(void)
{
    struct zc_options opt = options("s", "a");
    int code;
    sh("mkdir -p files && echo mine >files/other");
    is_int(pull(&opt, "files", true, &code), 0, "a file, into a directory");
    ok(sh("cmp src/a files/a && test -e files/other"), "is there");
    opt.new_name = "b";
    is_int(pull(&opt, "files/b", false, &code), 0, "under a new name");
    ok(sh("cmp src/a files/b && test ! src/a -nt files/b && "
          "test $(ls files | wc -l) = 3"), "with its times, and nothing else");
    opt.path = "sub";
    is_int(pull(&opt, "files/b2", false, &code), 0,
           "a name for a file, of what is a directory");
    ok(sh("test -e files/b2/deep/1"), "is that directory's");
    opt = options("s", "link");
    is_int(pull(&opt, "files", false, &code), 0, "a symlink");
    ok(sh("test $(readlink files/link) = a"), "as a symlink");
    opt = options("s", "");
    opt.only_names = (struct zc_bytes){(const uint8_t *)"sub/b\0sub/deep/9", 17};
    is_int(pull(&opt, "listed", false, &code), 0, "listed names");
    ok(sh("cd listed && test $(find . -type f | wc -l) = 2 && "
          "cmp ../src/a sub/b && cmp ../src/sub/deep/9 sub/deep/9"),
       "are there, and nothing else");
}

/* Symlinks that are followed at the sharer's do not lead out of what was asked
 * for. */
static void test_followed(void)
{
    struct zc_options opt = options("s", "followed");
    int code;
    opt.walk = ZC_WALK_COPY_LINKS;
    wanted = "src/followed";
    sh("mkdir -p src/followed/dir/in secret && echo s >secret/s && "
       "echo f >src/followed/dir/in/f && cd src/followed && "
       "ln -s dir/in/f file && ln -s dir/in to-dir && ln -s ../../file dir/in/up");
    is_int(pull(&opt, "behind", true, &code), 0, "what symlinks lead to");
    ok(sh("cd behind && cmp file dir/in/f && test ! -L file && "
          "cmp to-dir/up dir/in/f && test -z \"$(find . -type l)\""),
       "comes instead of them");
    sh("cd src/followed && ln -s ../../secret/s out && ln -s ../a beside && "
       "ln -s $PWD/../../secret absolute && ln -s ../../secret dir/in/deep");
    is_int(pull(&opt, "behind", true, &code), 0, "those that lead out");
    is_int(code, ZC_EXIT_PARTIAL, "end no session");
    ok(sh("cd behind && test ! -e out && test ! -e beside && "
          "test ! -e absolute && test ! -e dir/in/deep && cmp file dir/in/f"),
       "and bring nothing");
    opt.walk = ZC_WALK_COPY_UNSAFE | ZC_WALK_COPY_DIRLINKS;
    is_int(pull(&opt, "unsafe", true, &code), 0, "those alone");
    ok(sh("cd unsafe && test -L file && test -d to-dir -a ! -L to-dir && "
          "test ! -e out && test ! -e absolute && "
          "test \"$(readlink dir/in/up)\" = ../../file"),
       "bring nothing, either");
    sh("rm -r src/followed");
    wanted = "src";
}

static void test_told(void)
{
    struct zc_options opt = options("s", "sub");
    int code;
    verdict.there = false;
    n_items = 0;
    opt.want_items = true;
    is_int(pull(&opt, "told", false, &code), 0, "somebody who wants to know");
    ok(verdict.there && verdict.code == 0, "hears the verdict");
    ok(n_items >= 302, "and of each entry");
    is_int(atomic_load(&stats.created), 302, "and how many were made");
}

static void refused(const char *share, const char *path, const char *why,
                    const char *what)
{
    struct zc_options opt = options(share, path);
    int code;
    is_int(pull(&opt, "refused", false, &code), -1, "%s is refused", what);
    ok(strstr(err.text, why), "with the sharer's reason: %s", err.text);
    ok(access("refused", F_OK), "nothing was made");
}

static void test_refusals(void)
{
    struct zc_options opt = options("s", "");
    int code;
    refused("other", "", "there is no share named other", "no such share");
    refused("keyed", "", "there is no share named keyed", "one for others");
    refused("s", "nothing", "cannot open nothing in share s",
            "a directory that is not there");
    refused("s", "link/x", "cannot open link/x in share s",
            "what is behind a symlink");
    refused("closed", "", "may not be read", "a share that is not for reading");
    refused("s", ".zcsync", "reserved", "the staging folder");
    is_int(pull(&opt, "src", false, &code), -1,
           "a share pulled into itself is refused");
    ok(strstr(err.text, "same directory"), "%s", err.text);
    opt.path = "sub";
    is_int(pull(&opt, "dst/missing/parent", false, &code), -1,
           "so is a DEST that cannot be made");
    ok(code == ZC_EXIT_SELECT, "which the sharer is told, too");
}

int main(void)
{
    if (!sh("command -v rsync >/dev/null"))
        skip_all("needs rsync");
    signal(SIGPIPE, SIG_IGN);
    scratch();
    make_source();
    test_whole();
    test_options();
    test_files();
    test_followed();
    test_told();
    test_refusals();
    return done_testing();
}
