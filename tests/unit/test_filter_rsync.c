// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Filter rules against rsync itself: random lists of rules on a fixed tree;
 * what zc_filter_hides and zc_filter_protects say must be what rsync sends and
 * deletes. A failure prints the rules; ZC_TEST_SEED and ZC_TEST_ROUNDS in the
 * environment repeat it or look further.
 */
#include "tap.h"
#include "tree/filter.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define RULES_MAX 6
#define RULE_MAX 128
#define LIST_MAX 65536

struct rules {
    char text[RULES_MAX][RULE_MAX];
    int n;
};

static uint64_t seed;

static unsigned rnd(unsigned n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

#define pick(array) ((array)[rnd(ZC_ARRAY_LEN(array))])

/* The tree: every name below every directory, three deep. */

static const char *const dir_names[] = {"a", "foo", "ab"};
static const char *const file_names[] = {"b",     "a.o",  "foo.c", "bar",
                                         "x[y",   "-",    "b\\c",  "*",
                                         "fo o",  "a]",   "?",     "[ab]"};
static char paths[2000][64]; /* directories end in a slash */
static int n_paths;

static void list_tree(const char *dir, int depth)
{
    for (size_t i = 0; i < ZC_ARRAY_LEN(file_names); i++)
        snprintf(paths[n_paths++], sizeof paths[0], "%s%s", dir,
                 file_names[i]);
    for (size_t i = 0; depth < 3 && i < ZC_ARRAY_LEN(dir_names); i++) {
        char *sub = paths[n_paths++];
        snprintf(sub, sizeof paths[0], "%s%s/", dir, dir_names[i]);
        list_tree(sub, depth + 1);
    }
}

static bool make_tree(const char *root)
{
    for (int i = 0; i < n_paths; i++) {
        char path[512];
        int n = snprintf(path, sizeof path, "%s/%s", root, paths[i]);
        if (path[n - 1] == '/') {
            if (mkdir(path, 0755))
                return false;
        } else {
            FILE *f = fopen(path, "w");
            if (!f || fclose(f))
                return false;
        }
    }
    return true;
}

/* Rules */

static void add_text(char *out, const char *s)
{
    size_t n = strlen(out);
    snprintf(out + n, RULE_MAX - n, "%s", s);
}

/* A pattern from nowhere. */
static void invent(char *out)
{
    static const char *const bits[] = {
        "a",     "b",      "foo",   "*",     "*",         "**",          "/",
        "?",     "[ab]",   "[!a]",  "[^/]",  "[/b]",      "\\",          ".o",
        "[a-",   "]",      "\\*",   "[]a]",  "[a-f]",     "[[:foo:]]",   "/",
        "[b-]",  "[x[y]",  "***",   "-",     "[[:alpha:]]", "[![:punct:]]",
        "bar",   "[\\]a]", "[f-\\o]", "\\[", "[[:]",      "[a-c-f]",     "[",
        "[[:alpha]", "[--b]", "[!]]", "ab", ".", "a/", "foo/", "/**",
    };
    if (rnd(3) == 0)
        add_text(out, "/");
    for (unsigned n = 1 + rnd(5); n; n--)
        add_text(out, pick(bits));
    if (rnd(6) == 0)
        add_text(out, "/");
}

/* A pattern that has to do with a path of the tree. */
static void derive(char *out)
{
    static const char *const wild[] = {"*", "?", "**", "[a-z]", "***", "[!/]"};
    if (rnd(3) == 0)
        add_text(out, pick(((const char *const[]){"/", "**/", "*/", "**"})));
    const char *path = paths[rnd((unsigned)n_paths)];
    for (const char *slash; rnd(2) && (slash = strchr(path, '/')) && slash[1];)
        path = slash + 1;
    for (; *path; path++) {
        if (rnd(6) == 0)
            add_text(out, pick(wild));
        else if (rnd(8))
            add_text(out, ((char[]){*path, '\0'}));
    }
    if (rnd(6) == 0)
        add_text(out, pick(((const char *const[]){"/***", "/**", "/*", "/"})));
}

static void make_rules(struct rules *r)
{
    static const char *const kinds[] = {
        "- ", "- ",  "- ",  "+ ",        "+ ",        "-! ",
        "-s", "+r ", "-r ", "+s ",       "H ",        "S ",
        "P ", "R ",  "-_",  "exclude ",  "include,! ", "hide,! ",
        "-,sr ",     "protect ",         "risk_",     "show ",
        "- ", "-x",  "",    "exclude",   "P!_",
    };
    r->n = 1 + (int)rnd(RULES_MAX);
    for (int i = 0; i < r->n; i++) {
        char *out = r->text[i];
        *out = '\0';
        if (rnd(30) == 0) {
            add_text(out, rnd(2) ? "!" : "clear");
            continue;
        }
        const char *kind = pick(kinds);
        /* Forms that are errors only now and then. */
        if (strlen(kind) < 2 || !strchr(" _", kind[strlen(kind) - 1]))
            kind = rnd(8) ? "- " : "-q ";
        add_text(out, kind);
        if (rnd(2))
            invent(out);
        else
            derive(out);
    }
}

/* Both answers, as sorted lines */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_lines(char *text)
{
    static char *lines[2000], copy[LIST_MAX];
    size_t n = 0;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *at = strtok(copy, "\n"); at; at = strtok(NULL, "\n"))
        lines[n++] = at;
    qsort(lines, n, sizeof *lines, by_text);
    *text = '\0';
    for (size_t i = 0; i < n; i++)
        text += sprintf(text, "%s\n", lines[i]);
}

typedef bool question(const struct zc_filter *f, const char *path,
                      bool is_dir);

/* Files that ASK does not exclude, in directories that it does not. */
static void ask_us(const struct zc_filter *f, question *ask, char *out)
{
    const char *skipped = NULL; /* a directory that is excluded */
    *out = '\0';
    for (int i = 0; i < n_paths; i++) {
        char path[64];
        size_t n = (size_t)snprintf(path, sizeof path, "%s", paths[i]);
        if (skipped && strncmp(path, skipped, strlen(skipped)) == 0)
            continue;
        bool is_dir = path[n - 1] == '/';
        if (is_dir)
            path[n - 1] = '\0';
        if (!ask(f, path, is_dir)) {
            if (!is_dir)
                out += sprintf(out, "%s\n", path);
        } else if (is_dir) {
            skipped = paths[i];
        }
    }
}

/* Runs rsync; the files that lines with MARK name. Returns its exit code. */
static int ask_rsync(const struct rules *r, const char *from, const char *to,
                     const char *mark, char *out)
{
    char filter[RULES_MAX][RULE_MAX + 16];
    const char *args[RULES_MAX + 12] = {"rsync", "-rn", "--delete", "-8",
                                        "--out-format=%i %n"};
    int n = 5, fd[2];
    for (int i = 0; i < r->n; i++) {
        snprintf(filter[i], sizeof filter[i], "--filter=%s", r->text[i]);
        args[n++] = filter[i];
    }
    args[n++] = from;
    args[n++] = to;
    if (pipe(fd))
        return -1;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(fd[1], STDOUT_FILENO);
        if (!freopen("/dev/null", "w", stderr))
            _exit(126);
        close(fd[0]);
        close(fd[1]);
        execvp("rsync", (char *const *)args);
        _exit(127);
    }
    close(fd[1]);
    FILE *in = fdopen(fd[0], "r");
    char line[512];
    *out = '\0';
    while (fgets(line, sizeof line, in)) {
        size_t len = strlen(line);
        if (strncmp(line, mark, strlen(mark)) == 0 && len > 1 &&
            line[len - 2] != '/')
            out += sprintf(out, "%s", line + 12);
    }
    fclose(in);
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void diff_lists(const char *what, char *ours, char *theirs)
{
    char *a, *b;
    char *x = strtok_r(ours, "\n", &a), *y = strtok_r(theirs, "\n", &b);
    for (int shown = 0; (x || y) && shown < 8;) {
        int c = !x ? 1 : !y ? -1 : strcmp(x, y);
        if (c) {
            diag("%s only by %s: %s", what, c < 0 ? "us" : "rsync",
                 c < 0 ? x : y);
            shown++;
        }
        if (c <= 0)
            x = strtok_r(NULL, "\n", &a);
        if (c >= 0)
            y = strtok_r(NULL, "\n", &b);
    }
}

static bool same(const char *what, char *ours, char *theirs)
{
    sort_lines(ours);
    sort_lines(theirs);
    if (strcmp(ours, theirs) == 0)
        return true;
    diff_lists(what, ours, theirs);
    return false;
}

static bool one_round(const char *full, const char *empty)
{
    static char ours[LIST_MAX], theirs[LIST_MAX];
    struct rules r;
    struct zc_err err = {0};
    make_rules(&r);
    struct zc_filter *f = zc_filter_new();
    int rc = 0;
    for (int i = 0; i < r.n && rc == 0; i++)
        rc = zc_filter_add(f, r.text[i], &err);

    int exit_code = ask_rsync(&r, full, empty, ">f", theirs);
    bool good;
    if (rc || exit_code) {
        good = (rc != 0) == (exit_code == 1);
    } else {
        /* What crosses the wire must mean the same. */
        struct zc_buf wire = ZC_BUF_INIT;
        zc_filter_encode(f, &wire);
        struct zc_filter *peer = zc_filter_decode(wire.data, wire.len, &err);
        zc_buf_fini(&wire);
        ask_us(peer, zc_filter_hides, ours);
        good = same("sent", ours, theirs);
        ask_rsync(&r, empty, full, "*deleting", theirs);
        ask_us(f, zc_filter_protects, ours);
        good = same("deleted", ours, theirs) && good;
        zc_filter_free(peer);
    }
    zc_filter_free(f);
    for (int i = 0; !good && i < r.n; i++)
        diag("rule: %s", r.text[i]);
    if (!good && (rc || exit_code))
        diag("we: %s; rsync: exit %d", rc ? err.text : "fine", exit_code);
    return good;
}

int main(void)
{
    const char *text = getenv("ZC_TEST_ROUNDS");
    int rounds = text ? atoi(text) : 40, bad = 0;
    text = getenv("ZC_TEST_SEED");
    uint64_t first = text ? strtoull(text, NULL, 0) : (uint64_t)getpid();
    if (system("rsync --version >/dev/null 2>&1") != 0)
        skip_all("rsync is not installed");

    const char *tmp = getenv("TMPDIR");
    char dir[256], full[300], empty[300];
    snprintf(dir, sizeof dir, "%s/zc-filter-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(dir))
        skip_all("no temporary directory: %s", strerror(errno));
    snprintf(full, sizeof full, "%s/full/", dir);
    snprintf(empty, sizeof empty, "%s/empty/", dir);
    list_tree("", 0);
    ok(mkdir(full, 0755) == 0 && mkdir(empty, 0755) == 0 && make_tree(full),
       "a tree of %d names", n_paths);
    diag("ZC_TEST_SEED=%llu", (unsigned long long)first);
    for (int i = 0; i < rounds; i++) {
        seed = first + (uint64_t)i * 7919;
        bad += !one_round(full, empty);
    }
    is_int(bad, 0, "%d random lists of rules do what they do in rsync",
           rounds);
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return done_testing();
}
