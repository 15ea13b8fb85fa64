// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys as text, and identity files: what is made, what is refused, and that
 * nothing is ever made by halves or over something else.
 */
#include "net/keys.h"

#include "../tap.h"
#include "hex.h"
#include "scratch.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define PREFIX "zcsync-private-key-v1:"
#define TEXT (ZC_KEY_TEXT_SIZE - 1)

/* RFC 7748, section 6.1: the two private keys, and their public keys. */
static const char *const rfc7748[2][2] = {
    {"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
     "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"},
    {"5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
     "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"},
};

static struct zc_err err;
static int root; /* the scratch directory */

/* ---- Public keys as text ------------------------------------------------ */

static bool parses(const char *text, size_t n)
{
    uint8_t key[ZC_KEY_SIZE];
    return zc_key_parse(text, n, key);
}

static void texts(void)
{
    uint8_t key[ZC_KEY_SIZE], again[ZC_KEY_SIZE];
    char text[ZC_KEY_TEXT_SIZE + 1] = "", changed[ZC_KEY_TEXT_SIZE + 1];

    unhex(rfc7748[0][1], key, sizeof key);
    zc_key_text(key, text);
    is_str(text, "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=",
           "a key is 44 characters of base64");
    ok(zc_key_parse(text, TEXT, again) && zc_key_equal(key, again),
       "... and is read again");
    for (size_t n = 0; n < TEXT; n++)
        if (parses(text, n))
            ok(false, "%zu characters of it are no key", n);
    text[TEXT] = '=';
    ok(!parses(text, TEXT + 1), "nor are 45");
    text[TEXT] = '\n';
    ok(!parses(text, TEXT + 1), "nor a line of it");
    memcpy(changed, text, sizeof changed);
    changed[TEXT - 2] = 'p';
    ok(!parses(changed, TEXT), "the unused bits must be zero");
    changed[TEXT - 2] = 'o';
    changed[22] = '\0';
    ok(!parses(changed, TEXT), "no NUL within");
    changed[22] = ' ';
    ok(!parses(changed, TEXT), "no space within");
    changed[22] = '_';
    ok(!parses(changed, TEXT), "no other alphabet");
    int taken = 0;
    for (int c = 0; c < 256; c++) {
        changed[22] = (char)c;
        taken += parses(changed, TEXT);
    }
    is_int(taken, 64, "of all bytes 64 are characters of base64");
    again[31] ^= 1;
    ok(!zc_key_equal(key, again), "other keys are not equal");
}

static void small_order(void)
{
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000080",
    };
    for (size_t i = 0; i < ZC_ARRAY_LEN(points); i++) {
        uint8_t key[ZC_KEY_SIZE];
        char text[ZC_KEY_TEXT_SIZE];
        unhex(points[i], key, sizeof key);
        zc_key_text(key, text);
        ok(!parses(text, TEXT), "%s: a point of small order is no key", text);
    }
}

/* ---- The text of an identity file --------------------------------------- */

static char good[ZC_KEY_TEXT_SIZE + 40]; /* a line, without its end */

static void make_good_line(void)
{
    uint8_t secret[ZC_KEY_SIZE];
    unhex(rfc7748[0][0], secret, sizeof secret);
    strcpy(good, PREFIX);
    zc_key_text(secret, good + strlen(good));
}

/* The public key that comes of TEXT, in hex: NULL if it is refused. */
static const char *parse(const char *text, size_t n)
{
    static char hex[2 * ZC_KEY_SIZE + 1];
    memset(&err, 0, sizeof err);
    struct zc_identity *id = zc_identity_parse("FILE", text, n, &err);
    if (!id)
        return NULL;
    sodium_bin2hex(hex, sizeof hex, id->public_key, ZC_KEY_SIZE);
    zc_identity_free(id);
    return hex;
}

static void accepted(const char *before, const char *after, const char *what)
{
    char text[4096];
    int n = snprintf(text, sizeof text, "%s%s%s", before, good, after);
    is_str(parse(text, (size_t)n), rfc7748[0][1], "taken: %s", what);
}

/* Refused as no identity file, without a word of the key. */
static void refused(const char *text, size_t n, const char *what)
{
    ok(!parse(text, n) && err.code == ZC_EXIT_USAGE &&
           !strncmp(err.text, "FILE", 4) && !strstr(err.text, good + 22 + 5) &&
           !strchr(err.text, '\n'),
       "%s: %s", what, err.text);
}

static void refused_text(const char *format, const char *what)
{
    char text[4096];
    int n = snprintf(text, sizeof text, format, good, good);
    refused(text, (size_t)n, what);
}

static void identities(void)
{
    char line[256];
    accepted("", "\n", "the line alone");
    accepted("", "", "... without its end");
    accepted("# comment\n\n#\n", "\n\n# more\n", "comments, empty lines");
    accepted("# comment\r\n", "\r\n\r\n", "lines that end in CRLF");

    refused("", 0, "empty");
    refused_text("# only a comment\n", "no key");
    refused_text("%.40s\n", "half a key");
    refused_text("%s=\n", "something behind the key");
    refused_text("%s \n", "a space behind the key");
    refused_text(" %s\n", "a space before it");
    refused_text("%s\nx\n", "garbage behind it");
    refused_text("x\n%s\n", "garbage before it");
    refused_text("%s\n%s\n", "two keys");
    refused_text("zcsync-private-key-v2:%.0s\n", "another version");
    refused_text("zcsync-private-key-v%.0s\n", "no version");
    refused_text("hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=\n",
                 "a public key");
    refused_text("-----BEGIN OPENSSH PRIVATE KEY-----\n", "a key of ssh's");

    memcpy(line, good, sizeof good);
    line[40] = '\0';
    refused(line, strlen(good), "a NUL in the key");
    strcpy(line, good);
    line[strlen(line)] = '\0';
    refused(line, strlen(good) + 1, "a NUL behind it");
    line[strlen(good) - 1] = 'A';
    refused(line, strlen(good), "no padding");
    for (size_t n = 0; n < strlen(good); n++)
        if (parse(good, n))
            ok(false, "%zu bytes of a file are no identity", n);
    is_str(parse(good, strlen(good)), rfc7748[0][1], "but all of them are");
}

static void vectors(void)
{
    for (int i = 0; i < 2; i++) {
        char line[100] = PREFIX;
        uint8_t secret[ZC_KEY_SIZE];
        unhex(rfc7748[i][0], secret, sizeof secret);
        zc_key_text(secret, line + strlen(line));
        is_str(parse(line, strlen(line)), rfc7748[i][1],
               "RFC 7748, 6.1: the public key of %s", i ? "Bob" : "Alice");
    }
}

/* ---- Making files ------------------------------------------------------- */

static int save(const char *path)
{
    memset(&err, 0, sizeof err);
    struct zc_identity *id = zc_identity_new(&err);
    int r = id ? zc_identity_save(id, path, &err) : -2;
    zc_identity_free(id);
    return r;
}

static int mode_of(const char *path)
{
    struct stat st;
    return lstat(path, &st) ? -1 : (int)(st.st_mode & 07777);
}

static unsigned entries(const char *path)
{
    unsigned n = 0;
    DIR *dir = opendir(path);
    while (dir && readdir(dir))
        n++;
    if (dir)
        closedir(dir);
    return n - 2;
}

static bool loads(const char *path)
{
    memset(&err, 0, sizeof err);
    struct zc_identity *id = zc_identity_load(path, &err);
    zc_identity_free(id);
    return id;
}

static void saved(void)
{
    struct zc_identity *id = zc_identity_new(&err), *again;
    char text[200] = "", secret[ZC_KEY_TEXT_SIZE];

    mode_t mask = umask(0);
    is_int(zc_identity_save(id, "a/b/key", &err), 0, "a key is saved");
    umask(mask);
    is_int(mode_of("a/b/key"), 0600, "... for its owner only");
    is_int(mode_of("a"), 0700, "... and so is a directory that it needed");
    is_int(mode_of("a/b"), 0700, "... and another");
    again = zc_identity_load("a/b/key", &err);
    ok(again && zc_key_equal(id->public_key, again->public_key) &&
           zc_key_equal(id->secret, again->secret), "... and loaded");
    zc_identity_free(again);

    int fd = open("a/b/key", O_RDONLY);
    ok(fd >= 0 && read(fd, text, sizeof text - 1) > 0, "a file of text");
    close(fd);
    zc_key_text(id->secret, secret);
    char *line = strchr(text, '\n');
    ok(text[0] == '#' && strstr(text, "zcsync identity") && line &&
           !strncmp(line + 1, PREFIX, strlen(PREFIX)) &&
           !strncmp(line + 1 + strlen(PREFIX), secret, TEXT) &&
           !strcmp(line + 1 + strlen(PREFIX) + TEXT, "\n"),
       "... a comment that says what it is, and the line with the key");
    zc_identity_free(id);

    mask = umask(0777);
    is_int(save("masked"), 0, "a umask that takes everything");
    umask(mask);
    is_int(mode_of("masked"), 0600, "... changes nothing");
    char path[sizeof scratch_path + 20];
    snprintf(path, sizeof path, "%s//absolute", scratch_path);
    is_int(save(path), 0, "an absolute path");
    ok(loads("absolute"), "... is where it belongs");
    is_int(save("./here"), 0, "a path with a dot");
    unlink("masked");
    unlink("absolute");
    unlink("here");
}

static void not_saved(const char *path, const char *what)
{
    ok(save(path) == -1 && err.code == ZC_EXIT_START && strstr(err.text, path),
       "%s: %s", what, err.text);
}

static void exclusive(void)
{
    mkdir("x", 0755);
    write_file(root, "x/file", "precious");
    mkdir("x/dir", 0755);
    ok(symlink("nowhere", "x/dangling") == 0 && symlink("/", "x/link") == 0,
       "things in the way");
    not_saved("x/file", "a file");
    not_saved("x/dir", "a directory");
    not_saved("x/dangling", "a link to nothing");
    not_saved("x/link", "a link to a directory");
    not_saved("x/file/key", "a file for a directory");
    not_saved("x/new/", "no name");
    not_saved("", "nothing");
    ok(access("x/nowhere", F_OK) && access("nowhere", F_OK),
       "no link was followed");
    struct stat st;
    ok(stat("x/file", &st) == 0 && st.st_size == 8, "the file is as it was");
    is_int(entries("x"), 5, "and nothing else was left behind");
}

static int save_race(void *start)
{
    char go;
    if (read(*(int *)start, &go, 1) != 0)
        return 9;
    return save("race/key") == 0 ? 0 : err.code;
}

static void races(void)
{
    enum { N = 8 };
    pid_t pids[N];
    int start[2], won = 0, lost = 0;
    mkdir("race", 0700);
    if (pipe(start))
        return;
    fflush(stdout);
    for (int i = 0; i < N; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            close(start[1]);
            _exit(save_race(&start[0]));
        }
    }
    close(start[0]);
    close(start[1]);
    for (int i = 0; i < N; i++) {
        int status = -1;
        waitpid(pids[i], &status, 0);
        won += WIFEXITED(status) && WEXITSTATUS(status) == 0;
        lost += WIFEXITED(status) && WEXITSTATUS(status) == ZC_EXIT_START;
    }
    is_int(won, 1, "of eight that make the same file at once one does");
    is_int(lost, N - 1, "... and the others are told");
    ok(loads("race/key"), "... and it is whole");
    is_int(entries("race"), 1, "... and alone");
}

/* Dies when it has written ten bytes, or, told to go on, learns of it. */
static int save_cut(void *ignore)
{
    struct rlimit ten = {10, 10}, none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGXFSZ, ignore ? SIG_IGN : SIG_DFL);
    setrlimit(RLIMIT_FSIZE, &ten);
    return save("cut/key") == -1 && err.eno == EFBIG ? 7 : 8;
}

static void cut(void)
{
    mkdir("cut", 0700);
    is_int(in_child(save_cut, NULL), 100 + SIGXFSZ, "killed while writing");
    is_int(entries("cut"), 0, "... leaves nothing");
    is_int(in_child(save_cut, &cut), 7, "no room");
    is_int(entries("cut"), 0, "... leaves nothing either");
}

/* openat(2) with O_TMPFILE fails, as on NFS. */
static bool become_without_tmpfile(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                 offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_TMPFILE & ~O_DIRECTORY, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static int save_without_tmpfile(void *unused)
{
    (void)unused;
    mkdir("nfs", 0700);
    if (!become_without_tmpfile())
        return 98;
    if (open(".", O_TMPFILE | O_WRONLY, 0600) >= 0 || errno != EOPNOTSUPP)
        return 1;
    if (save("nfs/key") || mode_of("nfs/key") != 0600 || !loads("nfs/key"))
        return 2;
    if (save("nfs/key") != -1 || err.code != ZC_EXIT_START)
        return 3;
    return entries("nfs") == 1 ? 0 : 4;
}

static void without_tmpfile(void)
{
    int r = in_child(save_without_tmpfile, NULL);
    if (r == 98)
        skip(1, "no seccomp filters here");
    else
        is_int(r, 0, "a file system without O_TMPFILE");
}

static int save_unwritable(void *unused)
{
    (void)unused;
    become_nobody();
    return save("locked/key") == -1 && err.eno == EACCES &&
           save("locked/new/key") == -1 && err.eno == EACCES ? 0 : 1;
}

/* ---- Loading files ------------------------------------------------------ */

static void not_loaded(const char *path, enum zc_exit code, const char *what)
{
    ok(!loads(path) && err.code == code && strstr(err.text, path) &&
           !strstr(err.text, good + 22),
       "%s: %s", what, err.text);
}

static void modes(void)
{
    static const mode_t open_to_others[] = {0640, 0604, 0620, 0602,
                                            0610, 0601, 0666};
    write_file(root, "id", good);
    for (size_t i = 0; i < ZC_ARRAY_LEN(open_to_others); i++) {
        chmod("id", open_to_others[i]);
        not_loaded("id", ZC_EXIT_START, "open to others");
    }
    chmod("id", 0400);
    ok(loads("id"), "mode 0400 will do");
    chmod("id", 0600);
    ok(loads("id"), "mode 0600 will do");
}

static int load_as_nobody(void *path)
{
    become_nobody();
    return loads(path) ? 0 : err.code;
}

static void owners(void)
{
    if (geteuid() != 0) {
        skip(3, "needs root");
        return;
    }
    ok(chown("id", NOBODY, 0) == 0, "a file of somebody else's");
    not_loaded("id", ZC_EXIT_START, "... even for root");
    is_int(in_child(load_as_nobody, "id"), 0, "... but for its owner");
    ok(chown("id", 0, 0) == 0, "a file of root's");
    is_int(in_child(load_as_nobody, "id"), ZC_EXIT_START,
           "... cannot be read by others");
}

static void kinds(void)
{
    ok(symlink("id", "link") == 0 && loads("link"), "a link to a good file");
    chmod("id", 0644);
    not_loaded("link", ZC_EXIT_START, "a link to one that is open to others");
    chmod("id", 0600);
    ok(symlink("loop", "loop") == 0 && mkfifo("fifo", 0600) == 0 &&
           symlink("fifo", "link-to-fifo") == 0, "other kinds");
    not_loaded("loop", ZC_EXIT_START, "a link to itself");
    not_loaded("fifo", ZC_EXIT_START, "a FIFO, without waiting");
    not_loaded("link-to-fifo", ZC_EXIT_START, "a link to one");
    not_loaded("a", ZC_EXIT_START, "a directory");
    not_loaded("/dev/null", ZC_EXIT_START, "a device");
    not_loaded("not-there", ZC_EXIT_START, "nothing");
    is_int(err.eno, ENOENT, "... and the caller can tell");
}

static void contents(void)
{
    char text[5000];
    memset(text, '#', sizeof text);
    memcpy(text + 100, "\n", 1);
    memcpy(text + 101, good, strlen(good));
    memcpy(text + 101 + strlen(good), "\n", 1);
    text[4096] = '\0';
    write_file(root, "id", text);
    ok(loads("id"), "4096 bytes, most of them comments");
    text[4096] = '#';
    text[4097] = '\0';
    write_file(root, "id", text);
    not_loaded("id", ZC_EXIT_USAGE, "one more");
    write_file(root, "id", "");
    not_loaded("id", ZC_EXIT_USAGE, "an empty file");
    write_file(root, "id", "zcsync-private-key-v9:xyz\n");
    not_loaded("id", ZC_EXIT_USAGE, "another version");
}

/* ---- In memory ---------------------------------------------------------- */

static int write_secret(void *id)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGSEGV, SIG_DFL);
    ((struct zc_identity *)id)->secret[0] ^= 1;
    return 0;
}

static bool key_of_child(uint8_t key[ZC_KEY_SIZE])
{
    int fds[2];
    if (pipe(fds))
        return false;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        struct zc_identity *id = zc_identity_new(NULL);
        _exit(!id || write(fds[1], id->secret, ZC_KEY_SIZE) != ZC_KEY_SIZE);
    }
    close(fds[1]);
    bool ok = pid > 0 && read(fds[0], key, ZC_KEY_SIZE) == ZC_KEY_SIZE;
    close(fds[0]);
    if (pid > 0)
        waitpid(pid, NULL, 0);
    return ok;
}

static int free_in_child(void *id)
{
    zc_identity_free(id);
    return 0;
}

static int secret_is_gone(void *arg)
{
    const struct zc_identity *id = arg;
    return !sodium_is_zero(id->secret, ZC_KEY_SIZE);
}

static void memory(void)
{
    uint8_t keys[2][ZC_KEY_SIZE];
    struct zc_identity *id = zc_identity_new(&err);
    ok(key_of_child(keys[0]) && key_of_child(keys[1]) &&
           !zc_key_equal(keys[0], keys[1]) &&
           !zc_key_equal(keys[0], id->secret),
       "no two processes make the same key");
    is_int(in_child(write_secret, id), 100 + SIGSEGV, "a secret is read-only");
    is_int(in_child(free_in_child, id), 0, "a child may free it");
    ok(!sodium_is_zero(id->secret, ZC_KEY_SIZE), "... and it is still here");
    is_int(in_child(secret_is_gone, id), 1, "a child has it");
    zc_identity_keep(id);
    is_int(in_child(secret_is_gone, id), 0, "unless it is kept");
    ok(!sodium_is_zero(id->secret, ZC_KEY_SIZE), "... and it is still here");
    zc_identity_free(id);
    zc_identity_free(NULL);
}

int main(void)
{
    if (sodium_init() < 0)
        skip_all("libsodium cannot start");
    root = scratch();
    make_good_line();
    texts();
    small_order();
    identities();
    vectors();
    saved();
    exclusive();
    races();
    cut();
    without_tmpfile();
    mkdir("locked", 0555);
    is_int(in_child(save_unwritable, NULL), 0, "a directory that is locked");
    modes();
    owners();
    kinds();
    contents();
    memory();
    return done_testing();
}
