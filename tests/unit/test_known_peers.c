// SPDX-License-Identifier: GPL-2.0-or-later
/* known_peers: names, lines right and wrong, and the file, which several
 * processes change at a time. */
#include "net/known_peers.h"

#include "tap.h"

#include "scratch.h"

#include <signal.h>
#include <sys/resource.h>

static struct zc_err err;

/* Base64 of 32 bytes, the last of which is N. */
static const char *key_text(unsigned n)
{
    static char text[4][ZC_KEY_TEXT_SIZE];
    static unsigned turn;
    uint8_t key[ZC_KEY_SIZE] = {9, 8, 7};
    key[30] = (uint8_t)n;
    char *out = text[turn++ % 4];
    zc_key_text(key, out);
    return out;
}

static const uint8_t *key_of(unsigned n)
{
    static uint8_t key[ZC_KEY_SIZE];
    const char *text = key_text(n);
    if (!zc_key_parse(text, strlen(text), key))
        diag("%s is no key", text);
    return key;
}

static void named(const char *text, const char *want)
{
    char name[ZC_KNOWN_PEER_NAME] = "";
    if (zc_known_peer_name(text, strlen(text), name, &err))
        ok(false, "\"%s\": %s", text, err.text);
    else
        is_str(name, want, "\"%s\"", text);
}

static void not_named(const char *text)
{
    char name[ZC_KNOWN_PEER_NAME];
    is_int(zc_known_peer_name(text, strlen(text), name, &err), -1,
           "\"%s\" is refused", text);
    is_int(err.code, ZC_EXIT_USAGE, "as a slip of the user's");
}

static void test_names(void)
{
    char name[ZC_KNOWN_PEER_NAME];
    char longest[256], text[300];
    named("web2", "web2");
    named("WEB2.Example.COM", "web2.example.com");
    named("web2:8730", "web2");
    named("[web2]:8730", "web2");
    named("web2:9000", "[web2]:9000");
    named("[web2]:9000", "[web2]:9000");
    named("[web2]:09000", "[web2]:9000");
    named("192.0.2.1", "192.0.2.1");
    named("2001:DB8::1", "2001:db8::1");
    named("[2001:db8::1]", "2001:db8::1");
    named("[2001:db8::1]:8730", "2001:db8::1");
    named("[fe80::1%Eth0]:9000", "[fe80::1%Eth0]:9000");
    named("FE80::1%Eth0", "fe80::1%Eth0");
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    snprintf(text, sizeof text, "[%s]:65535", longest);
    named(text, text);

    static const char *const wrong[] = {
        "",         "[",          "[]",        "[web2]",     "[web2]:",
        "[web2]:0", "[web2]9000", "web2:",     "web2:65536", "web2:1x",
        ":9000",    "-web2",      "#web2",     "we b2",      "a/b",
        "me@web2",  "a:b:c",      "[a:b]:1",   "[web2]:1:2", "web2:+1",
        "we\tb2",   "we\x1b[2J",  "[[::1]]:1", "web2::www"};
    for (size_t i = 0; i < ZC_ARRAY_LEN(wrong); i++)
        not_named(wrong[i]);
    snprintf(text, sizeof text, "%sb", longest);
    not_named(text);

    is_int(zc_known_peer_name_at("Web2", "8730", name, &err), 0, "a host");
    is_str(name, "web2", "with the default port");
    is_int(zc_known_peer_name_at("::1", "9", name, &err), 0, "an address");
    is_str(name, "[::1]:9", "with another port");
    is_int(zc_known_peer_name_at("a:b", "9", name, &err), -1, "no address");
}

static struct zc_known_peers *parse(const char *text)
{
    struct zc_known_peers *k = zc_known_peers_parse("f", text, strlen(text),
                                                    &err);
    if (!k)
        diag("%s", err.text);
    return k;
}

static void test_lines(void)
{
    char text[1000];
    snprintf(text, sizeof text,
             "# mine\n\n  \t\nweb2 %s\n \t[WEB2]:9000\t %s \t\r\n#web3 x\n"
             "fe80::1%%eth0 %s",
             key_text(1), key_text(2), key_text(3));
    struct zc_known_peers *k = parse(text);
    ok(k, "a good file is taken");
    if (!k)
        return;
    is_int(k->v.len, 3, "three peers");
    is_str(k->v.v[0].name, "web2", "a name");
    is_int(k->v.v[0].line, 4, "its line");
    ok(zc_key_equal(k->v.v[0].key, key_of(1)), "its key");
    const struct zc_known_peer *p = zc_known_peers_find(k, "[web2]:9000");
    ok(p && p->line == 5 && zc_key_equal(p->key, key_of(2)), "another port");
    p = zc_known_peers_find(k, "fe80::1%eth0");
    ok(p && p->line == 7, "the last line needs no newline");
    ok(!zc_known_peers_find(k, "web3"), "a comment is none");
    ok(!zc_known_peers_find(k, "web"), "nor is the beginning of a name");
    zc_known_peers_free(k);
    k = parse("");
    ok(k && k->v.len == 0, "an empty file is fine");
    zc_known_peers_free(k);
    zc_known_peers_free(NULL);
}

static void refused(const char *text, size_t n, const char *want)
{
    struct zc_known_peers *k = zc_known_peers_parse("f", text, n, &err);
    ok(!k, "refused: %s", want);
    is_int(err.code, ZC_EXIT_USAGE, "with the exit code of usage");
    is_str(err.text, want, "and with the sentence");
    zc_known_peers_free(k);
}

static void test_errors(void)
{
    char text[1000];
#define bad(want, ...)                                                       \
    do {                                                                     \
        int n_ = snprintf(text, sizeof text, __VA_ARGS__);                   \
        refused(text, (size_t)n_, want);                                     \
    } while (0)
    bad("f:2: there is no key after the name", "#\nweb2 \n");
    bad("f:1: something follows the key", "web2 %s x", key_text(1));
    bad("f:1: 'a@b' is not the name of a host: write HOST or [HOST]:PORT",
        "a@b %s", key_text(1));
    bad("f:1: 'abc' is not a public key: 44 characters of base64", "web2 abc");
    bad("f:1: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' is not a public "
        "key: 44 characters of base64",
        "web2 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    bad("f:3: web2 is there already, in line 1", "web2 %s\n\n[WEB2]:8730 %s\n",
        key_text(1), key_text(1));
    bad("f:1: there is a control character (0x1b) in the line", "a\x1b b");
    refused("a\0b c\n", 6, "f:1: there is a control character (0x00) in the "
                           "line");
    char *big = malloc(ZC_KNOWN_PEERS_MAX + 1);
    memset(big, '\n', ZC_KNOWN_PEERS_MAX + 1);
    refused(big, ZC_KNOWN_PEERS_MAX + 1, "f: the file is larger than 1 MiB");
    free(big);
#undef bad
}

static const char *content(const char *file)
{
    static char text[100000];
    int fd = open(file, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    text[n < 0 ? 0 : n] = '\0';
    if (fd >= 0)
        close(fd);
    return text;
}

static int mode_of(const char *path)
{
    struct stat st;
    return lstat(path, &st) ? -1 : (int)(st.st_mode & 07777);
}

static int add(const char *name, unsigned key, bool replace)
{
    return zc_known_peers_add("d/e/known", name, key_of(key), replace, &err);
}

static void test_file(void)
{
    char want[1000], message[500];
    struct zc_known_peers *k = zc_known_peers_load("d/e/known", &err);
    ok(k && k->v.len == 0, "a file that is not there is empty");
    zc_known_peers_free(k);
    is_int(zc_known_peers_remove("d/e/known", "web2", &err), -1,
           "nothing can be taken out of it");
    is_str(err.text, "d/e/known: there is no key for web2", "it says");
    umask(0);
    is_int(add("web2", 1, false), 0, "the first key makes it");
    is_int(mode_of("d/e/known"), 0600, "with mode 0600");
    is_int(mode_of("d/e"), 0700, "and directories with 0700");
    umask(022);
    is_int(add("web2", 1, false), 0, "the same again is fine");
    snprintf(want, sizeof want, "web2 %s\n", key_text(1));
    is_str(content("d/e/known"), want, "and changes nothing");

    is_int(add("web2", 2, false), -1, "another key is refused");
    snprintf(message, sizeof message,
             "d/e/known:1: another key is known for web2: %s (--replace "
             "replaces it)", key_text(1));
    is_str(err.text, message, "with the line");
    is_int(err.code, ZC_EXIT_START, "as a matter of trust");
    is_str(content("d/e/known"), want, "nothing has changed");

    write_file(AT_FDCWD, "d/e/known", "# mine\nweb1 ");
    int fd = open("d/e/known", O_WRONLY | O_APPEND);
    dprintf(fd, "%s\n  web2   %s\n#end", key_text(7), key_text(1));
    close(fd);
    chmod("d/e/known", 0640);
    is_int(add("web2", 2, true), 0, "unless it is to be replaced");
    snprintf(want, sizeof want, "# mine\nweb1 %s\nweb2 %s\n#end", key_text(7),
             key_text(2));
    is_str(content("d/e/known"), want, "other lines stay as they were");
    is_int(mode_of("d/e/known"), 0640, "the mode, too");
    is_int(add("web3", 3, true), 0, "one more");
    snprintf(want + strlen(want), sizeof want - strlen(want), "\nweb3 %s\n",
             key_text(3));
    is_str(content("d/e/known"), want, "has a line of its own");

    is_int(symlink("d/e/known", "link"), 0, "through a symlink:");
    is_int(zc_known_peers_remove("link", "web2", &err), 0, "a key is removed");
    is_int(mode_of("link") & 0777, 0777, "it is still a symlink");
    snprintf(want, sizeof want, "# mine\nweb1 %s\n#end\nweb3 %s\n",
             key_text(7), key_text(3));
    is_str(content("d/e/known"), want, "the others are there");
    is_int(zc_known_peers_remove("link", "web2", &err), -1, "once only");

    k = zc_known_peers_load("link", &err);
    ok(k && k->v.len == 2, "what is there is read");
    zc_known_peers_free(k);
}

static void test_refused_files(void)
{
    write_file(AT_FDCWD, "broken", "web1\n");
    is_int(zc_known_peers_add("broken", "web2", key_of(1), true, &err), -1,
           "nothing is added to a file that makes no sense");
    is_str(err.text, "broken:1: there is no key after the name", "it says");
    is_str(content("broken"), "web1\n", "it is as it was");
    write_file(AT_FDCWD, "open", "");
    static const mode_t modes[] = {0602, 0620, 0666};
    for (size_t i = 0; i < ZC_ARRAY_LEN(modes); i++) {
        chmod("open", modes[i]);
        ok(!zc_known_peers_load("open", &err) && err.code == ZC_EXIT_START &&
               strstr(err.text, "open: others can write it (mode 06"),
           "a file that others can write is refused: %s", err.text);
        is_int(zc_known_peers_add("open", "web1", key_of(1), true, &err), -1,
               "and nothing is added to it");
    }
    chmod("open", 0644);
    struct zc_known_peers *k = zc_known_peers_load("open", &err);
    ok(k, "others may read it");
    zc_known_peers_free(k);
    mkdir("dir", 0700);
    ok(!zc_known_peers_load("dir", &err) && strstr(err.text, "dir: "),
       "a directory is refused: %s", err.text);
    mkfifo("fifo", 0600);
    ok(!zc_known_peers_load("fifo", &err) && strstr(err.text, "fifo: "),
       "a fifo is refused, and not waited for: %s", err.text);
}

static void test_owner(void)
{
    struct stat st;
    if (geteuid() != 0) {
        skip(10, "needs root");
        return;
    }
    write_file(AT_FDCWD, "theirs", "");
    is_int(chown("theirs", 4711, 0), 0, "a file of somebody else's");
    ok(!zc_known_peers_load("theirs", &err) && err.code == ZC_EXIT_START,
       "is refused");
    is_str(err.text, "theirs belongs to user 4711, who could add keys to it",
           "and the sentence says whose it is");
    is_int(chown("theirs", 0, 4712), 0, "root's, and of another group");
    chmod("theirs", 0640);
    is_int(zc_known_peers_add("theirs", "web1", key_of(1), true, &err), 0,
           "is fine");
    is_int(zc_known_peers_add("theirs", "web1", key_of(2), true, &err), 0,
           "a key is replaced");
    is_int(stat("theirs", &st), 0, "the new file is there");
    is_int(st.st_uid, 0, "its owner is as before");
    is_int(st.st_gid, 4712, "its group, too");
    is_int(st.st_mode & 07777, 0640, "and its mode");
}

/* The file system has room for ROOM bytes more in the file, as it were. */
static void no_room(const char *file, size_t room, const char *why)
{
    struct rlimit was, now;
    char before[1000];
    snprintf(before, sizeof before, "%s", content(file));
    getrlimit(RLIMIT_FSIZE, &was);
    now = was;
    now.rlim_cur = strlen(before) + room;
    setrlimit(RLIMIT_FSIZE, &now);
    errno = EPERM;
    int r = zc_known_peers_add(file, "web9", key_of(9), false, &err);
    setrlimit(RLIMIT_FSIZE, &was);
    is_int(r, -1, "no room but for %zu bytes: nothing is added", room);
    ok(strstr(err.text, why), "it says why: %s", err.text);
    is_str(content(file), before, "the file is as it was");
}

static void test_no_room(void)
{
    struct zc_known_peers *k;
    write_file(AT_FDCWD, "full", "");
    signal(SIGXFSZ, SIG_IGN);
    no_room("full", 10, strerror(ENOSPC));
    is_int(zc_known_peers_add("full", "web1", key_of(1), false, &err), 0,
           "with room it is added");
    no_room("full", 0, strerror(EFBIG));
    no_room("full", 1, strerror(ENOSPC));
    no_room("full", strlen("web9 ") + 44, strerror(ENOSPC));
    k = zc_known_peers_load("full", &err);
    ok(k && k->v.len == 1, "the file can still be read");
    zc_known_peers_free(k);
}

/* Adds 50 names and takes every second one out again. */
static int crowd(void *arg)
{
    char name[40];
    for (unsigned i = 0; i < 50; i++) {
        snprintf(name, sizeof name, "host%u-%u", *(unsigned *)arg, i);
        if (zc_known_peers_add("crowd", name, key_of(i), false, &err) ||
            (i % 2 && zc_known_peers_remove("crowd", name, &err))) {
            diag("%s: %s", name, err.text);
            return 1;
        }
    }
    return 0;
}

static void test_several(void)
{
    enum { N = 4 };
    pid_t pids[N];
    int bad = 0, status;
    for (unsigned i = 0; i < N; i++)
        if ((pids[i] = fork()) == 0)
            _exit(crowd(&i));
    for (unsigned i = 0; i < N; i++)
        bad += waitpid(pids[i], &status, 0) != pids[i] || status;
    is_int(bad, 0, "several processes change it at a time");
    struct zc_known_peers *k = zc_known_peers_load("crowd", &err);
    is_int(k ? (int)k->v.len : -1, N * 25, "and nothing is lost");
    zc_known_peers_free(k);
    is_int(system("test $(ls | grep -c 'crowd\\.') = 0"), 0,
           "no temporary file is left behind");
}

int main(void)
{
    int fd = scratch();
    test_names();
    test_lines();
    test_errors();
    test_file();
    test_refused_files();
    test_owner();
    test_no_room();
    test_several();
    close(fd);
    return done_testing();
}
