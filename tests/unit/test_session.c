// SPDX-License-Identifier: GPL-2.0-or-later
/* src/sender/session.c, names.c and src/receiver/names.c: rounds of a mirror, one
 * after the other over one session, against a receiver in a child process. */
#include "tap.h"

#include "base/util.h"
#include "scratch.h"
#include "receiver/receive.h"
#include "sender/session.h"
#include "session/glance.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

static struct zc_session *session;
static struct zc_stats stats;
static unsigned troubles;
static char trouble_path[4096];

static void on_trouble(void *arg, enum zc_trouble kind, const char *what,
                       const char *path, int eno)
{
    (void)arg;
    (void)kind;
    diag("trouble: %s: %s: %s", path, what, strerror(eno));
    snprintf(trouble_path, sizeof trouble_path, "%s", path);
    troubles++;
}

static unsigned not_renamed;

static void on_not_renamed(void *arg, const char *to)
{
    (void)arg;
    (void)to;
    not_renamed++;
}

/* Whose keys the share has, and who the peer has proved to be. */
static struct {
    const uint8_t (*keys)[ZC_KEY_SIZE];
    size_t n_keys;
    const uint8_t *peer_key;
} who;

static pid_t start_receiver(struct zc_transport *t,
                            struct zc_transport *other)
{
    pid_t pid = fork();
    if (pid)
        return pid;
    const struct zc_share share = {.name = "",
                                   .path = "dst",
                                   .keys = who.keys,
                                   .n_keys = who.n_keys};
    const struct zc_accept_options opt = {.shares = &share,
                                           .n_shares = 1,
                                           .peer_key = who.peer_key,
                                           .embedded = true};
    struct zc_err err = {0};
    zc_transport_free(other);
    int r = zc_receive_run(t, &opt, &err);
    if (r)
        diag("receiver: %s", err.text);
    zc_transport_free(t);
    _exit(r ? 1 : 0);
}

/* WORDS: a shell command. */
static bool sh(const char *words)
{
    return system(words) == 0;
}

/* The same by an independent program. */
static bool equal(void)
{
    FILE *p = popen("rsync -aHAX --checksum -n -i --delete "
                    "--exclude=/.zcsync src/ dst/ 2>&1", "r");
    char line[512];
    bool same = true;
    while (p && fgets(line, sizeof line, p)) {
        diag("differs: %s", line);
        same = false;
    }
    if (!same)
        sh("stat -c '# %n: %y, changed %z' src dst dst/.zcsync >&2");
    return p && pclose(p) == 0 && same;
}

static enum zc_exit round_of(const struct zc_round *r)
{
    struct zc_err err = {0};
    enum zc_exit code = zc_session_round(session, r, &err);
    if (code)
        diag("round: %s", err.text);
    return code;
}

/* One directory's names; each word may end in =BITS (default: DATA). */
#define NAMES_MAX 16
static enum zc_exit names_in(const char *dir, struct zc_round_name *names,
                             size_t n, const struct zc_round_rename *rename)
{
    struct zc_round_dir d = {.path = dir, .names = names, .n = n};
    struct zc_round r = {.dirs = &d, .n_dirs = 1};
    if (rename) {
        r.renames = rename;
        r.n_renames = 1;
    }
    return round_of(&r);
}

#define D ZC_CHANGE_DATA
#define M ZC_CHANGE_META
#define N ZC_CHANGE_NAME
#define DEEP (ZC_CHANGE_NAME | ZC_CHANGE_DEEP)

#define check(dir, what, ...)                                               \
    do {                                                                    \
        struct zc_round_name v_[] = {__VA_ARGS__};                          \
        is_int(names_in(dir, v_, sizeof v_ / sizeof *v_, NULL), 0, what);   \
        ok(equal(), what ": equal");                                        \
    } while (0)

static void test_names(void)
{
    sh("echo hello > src/a; mkdir src/d; echo one > src/d/one");
    is_int(round_of(&(struct zc_round){.all = true}), 0, "the whole tree");
    ok(equal(), "equal");

    sh("echo new > src/new");
    check("", "a new file", {"new", N | D});
    sh("echo more >> src/d/one; echo two > src/d/two");
    check("d", "a changed and a new file", {"one", D}, {"two", D});
    sh("rm src/d/one");
    check("d", "one goes", {"one", N});
    sh("touch src/empty");
    check("", "an empty one", {"empty", D});
    sh("chmod 600 src/a; touch -d 2001-01-01 src/a; chmod 711 src/d");
    check("", "metadata of a file and a directory", {"a", M}, {"d", M});
    sh("mkdir -p src/n/e/s/t; echo x > src/n/e/s/t/x; ln -s x src/n/l");
    check("", "a tree", {"n", DEEP});
    sh("rm -r src/n; echo file > src/n");
    check("", "a file in a directory's place", {"n", D});
    sh("rm src/n; mkdir -p src/n/m; echo y > src/n/m/y");
    check("", "and back", {"n", DEEP});
    sh("rm -r src/n; ln -s /etc src/n");
    check("", "a symlink in its place", {"n", N});
    sh("rm src/n");
    check("", "which goes", {"n", N});
    sh("printf abcd > src/a; touch -d 2001-01-01 src/a");
    check("", "before", {"a", D});
    sh("printf dcba > src/a; touch -d 2001-01-01 src/a");
    check("", "same size, same time, other bytes", {"a", D});
    if (setxattr("src/a", "user.x", "1", 1, 0) == 0)
        check("", "an attribute", {"a", M});
    else
        skip(2, "no user attributes here");
    sh("touch -d 2003-03-03 src");
    check("", "the root's time", {"", M});
}

static void test_big(void)
{
    sh("head -c 3000000 /dev/urandom > src/big; touch -d 2002-02-02 src/big");
    check("", "a big file", {"big", D});
    sh("printf x | dd of=src/big bs=1 seek=1000000 conv=notrunc 2>/dev/null; "
       "touch -d 2002-02-02 src/big");
    check("", "changed, of the same size and time", {"big", D});
    sh("touch -d 2002-02-03 src/big");
    uint64_t sent = atomic_load(&stats.sent_bytes);
    check("", "only touched", {"big", M});
    is_int(atomic_load(&stats.sent_bytes), sent, "sends no bytes");
    sent = atomic_load(&stats.sent_bytes);
    sh("head -c 100000 /dev/urandom >> src/big");
    check("", "a big file grows", {"big", ZC_CHANGE_WRITING});
    is_int(atomic_load(&stats.sent_bytes), sent + 100000,
           "only its tail is sent");
    sh("printf y | dd of=src/big bs=1 seek=7 conv=notrunc 2>/dev/null; "
       "echo more >> src/big");
    check("", "grown, and not the same before", {"big", D});
    sh("truncate -s 40M src/sparse; echo end >> src/sparse");
    check("", "a sparse file", {"sparse", D});
}

static void test_links(void)
{
    sh("echo l > src/l1; ln src/l1 src/l2");
    check("", "two names of a new file", {"l1", N | D}, {"l2", N});
    sh("echo more >> src/l2");
    check("", "written through one of them", {"l1", M}, {"l2", D});
    sh("ln src/l1 src/d/l3");
    struct zc_round_name top[] = {{"l1", M}, {"l2", M}}, in[] = {{"l3", N}};
    struct zc_round_dir dirs[] = {{"", false, top, 2}, {"d", false, in, 1}};
    is_int(round_of(&(struct zc_round){.dirs = dirs, .n_dirs = 2}), 0,
           "a third one in another directory");
    ok(equal(), "equal");
}

static void test_renames(void)
{
    struct zc_round_name v[] = {{"big", N}, {"bigger", N}};
    struct zc_round_rename file = {"big", "bigger", false};
    uint64_t sent = atomic_load(&stats.sent_bytes);
    sh("mv src/big src/bigger");
    is_int(names_in("", v, 2, &file), 0, "a big file renamed");
    ok(equal(), "equal");
    is_int(atomic_load(&stats.sent_bytes), sent, "no bytes were sent");

    sh("mkdir -p src/t/u; for i in 1 2 3 4 5; do echo $i > src/t/u/$i; done");
    check("", "a tree", {"t", DEEP});
    struct zc_round_name w[] = {{"t", N}, {"tt", N}};
    struct zc_round_rename dir = {"t", "tt", true};
    uint64_t scanned = atomic_load(&stats.scanned);
    sh("mv src/t src/tt");
    is_int(names_in("", w, 2, &dir), 0, "a tree renamed");
    ok(equal(), "equal");
    ok(atomic_load(&stats.scanned) <= scanned + 2, "nothing in it was listed");

    sh("rm -r dst/tt; mv src/tt src/t");
    struct zc_round_rename back = {"tt", "t", true};
    is_int(not_renamed, 0, "all of it was done");
    is_int(names_in("", w, 2, &back), 0, "what the peer has not");
    is_int(not_renamed, 1, "cannot be renamed");
    ok(equal(), "and is sent instead");
    not_renamed = 0;
    sh("mkdir src/old dst/old; mv src/t src/tt; mkdir dst/tt");
    is_int(names_in("", w, 2, &dir), 0, "nor onto something else");
    is_int(not_renamed, 1, "which is told");
    not_renamed = 0;
    check("", "so that it is looked at", {"old", DEEP}, {"tt", DEEP});
}

static void test_doubt(void)
{
    sh("mkdir src/w; for i in 1 2 3; do echo $i > src/w/$i; done; "
       "mkdir -p src/w/sub; echo s > src/w/sub/s");
    check("", "a directory", {"w", DEEP});
    sh("rm src/w/2; echo 4 > src/w/4; echo 33 > src/w/3");
    struct zc_round_dir whole = {.path = "w", .whole = true};
    is_int(round_of(&(struct zc_round){.dirs = &whole, .n_dirs = 1}), 0,
           "all its names");
    ok(equal(), "equal");
    sh("rm -r dst/w; echo 5 > src/w/5");
    troubles = 0;
    struct zc_round_name v[] = {{"5", D}};
    is_int(names_in("w", v, 1, NULL), 0, "in a directory that is not there");
    is_int(troubles, 1, "is told once");
    is_str(trouble_path, "w", "of the directory");
    check("", "and made good", {"w", DEEP});
    is_int(names_in("nowhere/at/all", v, 1, NULL), 0,
           "a directory that is gone here");
    is_int(round_of(&(struct zc_round){.all = true, .sync = true}), 0,
           "the whole tree again, synced");
    ok(equal(), "equal");
    is_int(names_in(".zcsync", v, 1, NULL), 0, "the staging folder");
    ok(equal(), "is left alone");
}

/* Many in one round. */
static void test_many(void)
{
    static struct zc_round_name v[5000];
    static char names[5000][12];
    sh("mkdir src/many; touch src/many/x");
    check("", "a directory", {"many", DEEP});
    sh("cd src/many && seq -w 5000 | xargs touch && "
       "seq -w 5000 | sed 's/.*/echo & > &/' | sh");
    for (int i = 0; i < 5000; i++) {
        snprintf(names[i], sizeof names[i], "%04d", i + 1);
        v[i] = (struct zc_round_name){names[i], N | D};
    }
    is_int(names_in("many", v, 5000, NULL), 0, "5000 new files");
    ok(equal(), "equal");
    sh("rm -r src/many/[0-4]*");
    is_int(names_in("many", v, 5000, NULL), 0, "most of them go");
    ok(equal(), "equal");
}

/* Opens the share called NAME; "" when that worked, or why it did not. */
static const char *open_as(const char *name)
{
    static struct zc_err err;
    struct zc_transport *ours, *theirs;
    struct zc_options opt;
    memset(&err, 0, sizeof err);
    if (zc_transport_pair(&ours, &theirs, &err))
        return err.text;
    pid_t child = start_receiver(theirs, ours);
    zc_transport_free(theirs);
    zc_options_init(&opt);
    const struct zc_source source = zc_source_path("src", NULL);
    opt.share = name;
    opt.path = "";
    zc_session_close(zc_session_open(ours, &source, &opt, NULL, &stats, &err));
    zc_transport_free(ours);
    waitpid(child, NULL, 0);
    if (err.text[0])
        is_int(err.code, ZC_EXIT_START, "the exit code");
    return err.text;
}

/* A share with keys is for them, one without is for plain connections, and for
 * everybody else it is not there. */
static void test_visible(void)
{
    static const uint8_t keys[2][ZC_KEY_SIZE] = {{1}, {2}}, third[32] = {3};
    const char *absent = "there is no share named ";
    is_str(open_as("x"), "there is no share named x", "none of that name");
    is_str(open_as(""), "", "no keys, plain");
    who.keys = keys;
    who.n_keys = 2;
    is_str(open_as(""), absent, "keys, plain: it is not there");
    for (size_t i = 0; i < 2; i++) {
        who.peer_key = keys[i];
        is_str(open_as(""), "", "one of its keys");
        is_str(open_as("x"), "there is no share named x", "another share");
    }
    who.peer_key = third;
    char text[ZC_KEY_TEXT_SIZE];
    zc_key_text(third, text);
    const char *why = open_as("x");
    ok(strstr(why, "does not know the key") && strstr(why, text), "%s", why);
    who.n_keys = 0;
    ok(strstr(open_as(""), "does not know the key"), "sealed, no keys");
    memset(&who, 0, sizeof who);
}

/* A part of the tree is in doubt, and most of it has gone unseen: that is not
 * most of the tree. */
static void test_brake(void)
{
    sh("rm -rf src/many && mkdir src/part src/rest && cd src/rest && "
       "seq 400 | xargs touch && cd ../part && seq 150 | xargs touch");
    is_int(round_of(&(struct zc_round){.all = true}), 0, "two directories");
    ok(equal(), "equal");
    sh("cd src/part && seq 140 | xargs rm");
    check("", "most of one in doubt went", {"part", DEEP});
    sh("cd src/rest && seq 390 | xargs rm");
    struct zc_round_name v[] = {{"rest", DEEP | ZC_CHANGE_UNSEEN}};
    is_int(names_in("", v, 1, NULL), ZC_EXIT_MAX_DELETE,
           "most of all is too much");
    v[0].what = DEEP;
    is_int(names_in("", v, 1, NULL), 0, "unless all of it was seen to go");
    ok(equal(), "equal");
    sh("cd src/rest && seq 390 | xargs touch");
    is_int(round_of(&(struct zc_round){.all = true}), 0, "it is back");
    ok(equal(), "equal");
}

/* A receiver that says no more than it must, and waits for two lists. */
static _Noreturn void hear_lists(struct zc_transport *t, uint8_t glance)
{
    struct zc_conn c;
    struct zc_frame f;
    struct zc_bytes body;
    struct zc_slab *slab;
    struct zc_buf out = ZC_BUF_INIT;
    struct zc_err err;
    struct zc_msg_list m = {0};
    alarm(60);
    zc_opened_encode(&out, &(struct zc_msg_opened){.host_id = {1},
                                                   .glance = glance});
    if (zc_conn_init(&c, t, &err) || zc_conn_send(&c, &out, &err))
        _exit(1);
    for (uint32_t next = 0; next < 2;) {
        if (zc_conn_recv(&c, false, &f, &body, &slab, &err))
            _exit(1);
        if (f.type == ZC_FRAME_LIST &&
            (zc_list_decode(body, &m, &err) || m.list != next++))
            _exit(1);
    }
    _exit(m.count == 1 && m.dir.list == 0 && m.dir.index == 0 ? 0 : 1);
}

/* What is in the root is told without being asked for where there are no digests,
 * or nothing that they could be compared with. */
static void test_unasked(bool digests)
{
    struct zc_transport *ours, *theirs;
    struct zc_options opt;
    struct zc_err err = {0};
    int status;
    if (zc_transport_pair(&ours, &theirs, &err))
        skip_all("%s", err.text);
    sh("echo one > src/one");
    pid_t child = fork();
    if (child == 0) {
        zc_transport_free(ours);
        hear_lists(theirs, digests ? ZC_GLANCE_EMPTY : 0);
    }
    zc_transport_free(theirs);
    ours->features = digests ? ZC_FEATURE_DIGESTS : 0;
    zc_options_init(&opt);
    opt.share = opt.path = "";
    const struct zc_source source = zc_source_path("src", NULL);
    const struct zc_events events = {.trouble = on_trouble};
    zc_push_run(ours, &source, &opt, &events, &stats, NULL, &err);
    zc_transport_free(ours);
    waitpid(child, &status, 0);
    is_int(status, 0, "the list of the root waits for no answer");
    sh("rm -rf src/* dst/*");
}

static void test_empty(void)
{
    int fd = open("dst", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ok(zc_glance_empty(-1), "a directory that is not there is empty");
    ok(zc_glance_empty(fd), "and one with nothing in it");
    sh("mkdir dst/.zcsync dst/lost+found");
    ok(zc_glance_empty(fd), "or what is nobody's");
    sh("touch dst/.x");
    ok(!zc_glance_empty(fd), "but for a file");
    close(fd);
    sh("rm -rf dst/* dst/.x dst/.zcsync");
}

int main(void)
{
    struct zc_transport *ours, *theirs;
    struct zc_err err = {0};
    signal(SIGPIPE, SIG_IGN);
    if (!sh("rsync --version > /dev/null"))
        skip_all("needs rsync, to compare");
    scratch();
    if (mkdir("src", 0755) || mkdir("dst", 0755))
        return 1;
    test_visible();
    for (int batch = 0; batch < 2; batch++) {
        if (zc_transport_pair(&ours, &theirs, &err))
            return 1;
        pid_t child = start_receiver(theirs, ours);
        zc_transport_free(theirs);
        struct zc_options opt;
        zc_options_init(&opt);
        const struct zc_source source = zc_source_path("src", NULL);
        opt.share = opt.path = "";
        opt.del = opt.rounds = true;
        opt.fsync = batch ? ZC_FSYNC_BATCH : ZC_FSYNC_NONE;
        const struct zc_events events = {.trouble = on_trouble,
                                         .not_renamed = on_not_renamed};
        session = zc_session_open(ours, &source, &opt, &events, &stats, &err);
        ok(session, "a session: %s", err.text);
        if (!session)
            break;
        test_names();
        test_big();
        test_links();
        test_renames();
        test_doubt();
        test_many();
        test_brake();
        ok(!zc_session_broken(session), "the session holds");
        zc_session_close(session);
        zc_transport_free(ours);
        int status;
        waitpid(child, &status, 0);
        is_int(status, 0, "the receiver ends well");
        ok(access("dst/.zcsync", F_OK), "and leaves nothing behind");
        sh("rm -rf src/* dst/*");
    }
    test_unasked(false);
    test_unasked(true);
    test_empty();
    return done_testing();
}
