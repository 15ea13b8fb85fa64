// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tree of --files-from; see fileset.h.
 *
 * Lines are only cleaned and kept until all are there. Sorted with the slash
 * before every other byte, the paths below a directory stand together and in
 * the order in which a tree is walked, so the tree is built in one pass: each
 * path shares some elements with the one before it and adds the rest. There is
 * no recursion: a list may name paths of any depth.
 */
#include "tree/fileset.h"

#include "base/relpath.h"
#include "base/vec.h"
#include "tree/lines.h"

#include <assert.h>
#include <string.h>

struct zc_fileset_node {
    ZC_VEC(struct zc_fileset_node *) children;
    bool listed, recurses;
    char name[];
};

struct line {
    char *path;
    bool recurses;
};

struct zc_fileset {
    struct zc_fileset_node *root;          /* NULL until sorted */
    ZC_VEC(struct zc_fileset_node *) all;  /* owns the nodes */
    ZC_VEC(struct line) lines;             /* until sorted */
};

struct zc_fileset *zc_fileset_new(void)
{
    return calloc(1, sizeof(struct zc_fileset));
}

static void free_lines(struct zc_fileset *s)
{
    for (size_t i = 0; i < s->lines.len; i++)
        free(s->lines.v[i].path);
    zc_vec_fini(&s->lines);
}

void zc_fileset_free(struct zc_fileset *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->all.len; i++) {
        zc_vec_fini(&s->all.v[i]->children);
        free(s->all.v[i]);
    }
    zc_vec_fini(&s->all);
    free_lines(s);
    free(s);
}

/* Copies the N bytes at PATH to OUT without "." and empty elements. Returns
 * the length, or -1 and why not. */
static ssize_t clean(char *out, const char *path, size_t n, const char **why)
{
    size_t len = 0;
    for (const char *end = path + n; path < end;) {
        const char *slash = memchr(path, '/', (size_t)(end - path));
        size_t part = (size_t)((slash ? slash : end) - path);
        if (part == 2 && memcmp(path, "..", 2) == 0) {
            *why = "\"..\" is not allowed in it";
            return -1;
        }
        bool nothing = part == 0 || (part == 1 && *path == '.');
        if (!nothing && !zc_name_ok(path, part)) {
            *why = "a name in it is too long or holds a NUL";
            return -1;
        }
        if (!nothing) {
            if (len)
                out[len++] = '/';
            memcpy(out + len, path, part);
            len += part;
        }
        path += part + (slash != NULL);
    }
    return (ssize_t)len;
}

/* True when the line asks for what is below its path: "dir/", "dir/.". */
static bool asks_for_content(const char *path, size_t n)
{
    if (n && path[n - 1] == '.')
        n--;
    return n && path[n - 1] == '/';
}

int zc_fileset_add(struct zc_fileset *s, const char *path, size_t n,
                   struct zc_err *err)
{
    assert(!s->root);
    const char *why = "it is empty";
    char *out = malloc(n + 1);
    if (!out)
        return zc_err_nomem(err);
    ssize_t len = n ? clean(out, path, n, &why) : -1;
    bool content = asks_for_content(path, n);
    if (len == 0 && content) {
        why = "it is the whole tree, which needs no list";
        len = -1;
    }
    if (len <= 0) {
        free(out);
        if (len == 0) /* "." alone: the root, which is sent in any case */
            return 0;
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "the listed path \"%.*s\" cannot be sent: %s",
                          (int)ZC_MIN(n, (size_t)300), path, why);
    }
    out[len] = '\0';
    struct line line = {out, content};
    if (zc_vec_push(&s->lines, line)) {
        free(out);
        return zc_err_nomem(err);
    }
    return 0;
}

static int add_line(void *arg, const char *line, size_t n, struct zc_err *err)
{
    return zc_fileset_add(arg, line, n, err);
}

int zc_fileset_read(struct zc_fileset *s, const char *file, bool nul_ended,
                    struct zc_err *err)
{
    if (zc_lines_read(file, nul_ended, add_line, s, err))
        return -1;
    return zc_fileset_sort(s) ? zc_err_nomem(err) : 0;
}

/* By bytes, but with the slash before all others (an end before that). */
static int compare(const void *va, const void *vb)
{
    const struct line *la = va, *lb = vb;
    const unsigned char *a = (const unsigned char *)la->path;
    const unsigned char *b = (const unsigned char *)lb->path;
    while (*a && *a == *b) {
        a++;
        b++;
    }
    int ca = *a == '/' ? 0 : *a, cb = *b == '/' ? 0 : *b;
    return ca != cb ? ca - cb : (*a != 0) - (*b != 0);
}

static struct zc_fileset_node *new_node(struct zc_fileset *s, const char *name,
                                        size_t n)
{
    struct zc_fileset_node *node = calloc(1, sizeof *node + n + 1);
    if (!node)
        return NULL;
    memcpy(node->name, name, n);
    if (zc_vec_push(&s->all, node)) {
        free(node);
        return NULL;
    }
    return node;
}

/* The child of PARENT with that name: the last one it got, or a new one. */
static struct zc_fileset_node *enter(struct zc_fileset *s,
                                     struct zc_fileset_node *parent,
                                     const char *name, size_t n)
{
    if (parent->children.len) {
        struct zc_fileset_node *last =
            parent->children.v[parent->children.len - 1];
        if (strlen(last->name) == n && memcmp(last->name, name, n) == 0)
            return last;
    }
    struct zc_fileset_node *node = new_node(s, name, n);
    if (!node || zc_vec_push(&parent->children, node))
        return NULL;
    return node;
}

int zc_fileset_sort(struct zc_fileset *s)
{
    assert(!s->root);
    struct zc_fileset_node *root = new_node(s, "", 0);
    if (!root)
        return -1;
    if (s->lines.len)
        qsort(s->lines.v, s->lines.len, sizeof *s->lines.v, compare);
    for (size_t i = 0; i < s->lines.len; i++) {
        struct zc_fileset_node *node = root;
        const char *at = s->lines.v[i].path;
        for (;;) {
            size_t n = strcspn(at, "/");
            node = enter(s, node, at, n);
            if (!node)
                return -1;
            if (!at[n])
                break;
            at += n + 1;
        }
        node->listed = true;
        node->recurses |= s->lines.v[i].recurses;
    }
    free_lines(s);
    s->root = root;
    return 0;
}

void zc_fileset_recurse(struct zc_fileset *s)
{
    for (size_t i = 0; i < s->all.len; i++)
        s->all.v[i]->recurses |= s->all.v[i]->listed;
}

const struct zc_fileset_node *const *
zc_fileset_children(const struct zc_fileset *s,
                    const struct zc_fileset_node *node, size_t *n)
{
    if (!node)
        node = s->root;
    *n = node->children.len;
    return (const struct zc_fileset_node *const *)node->children.v;
}

const struct zc_fileset_node *
zc_fileset_child(const struct zc_fileset *s, const struct zc_fileset_node *node,
                 const char *name, size_t n)
{
    size_t low = 0, high;
    const struct zc_fileset_node *const *v = zc_fileset_children(s, node, &high);
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = zc_name_cmp(v[mid]->name, strlen(v[mid]->name), name, n);
        if (!order)
            return v[mid];
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

const char *zc_fileset_name(const struct zc_fileset_node *node)
{
    return node->name;
}

bool zc_fileset_recurses(const struct zc_fileset_node *node)
{
    return node->recurses;
}

bool zc_fileset_listed(const struct zc_fileset_node *node)
{
    return node->listed;
}

/* How far a walk has come in a node, and how long its path is. */
struct step {
    const struct zc_fileset_node *node;
    size_t at, path_len;
};

static void encode_node(const struct zc_fileset_node *node,
                        const struct zc_buf *path, struct zc_buf *out)
{
    if (!node->listed)
        return;
    zc_buf_put(out, path->data, path->len);
    zc_buf_put_str(out, node->recurses ? "/" : "");
    zc_buf_u8(out, 0);
}

int zc_fileset_encode(const struct zc_fileset *s, struct zc_buf *out)
{
    ZC_VEC(struct step) steps = {0};
    struct zc_buf path = ZC_BUF_INIT;
    struct step first = {s->root, 0, 0};
    int bad = zc_vec_push(&steps, first);
    while (!bad && steps.len) {
        struct step *top = &steps.v[steps.len - 1];
        if (top->at == top->node->children.len) {
            steps.len--;
            continue;
        }
        struct step next = {top->node->children.v[top->at++], 0, 0};
        path.len = top->path_len;
        zc_buf_put_str(&path, path.len ? "/" : "");
        zc_buf_put_str(&path, next.node->name);
        next.path_len = path.len;
        encode_node(next.node, &path, out);
        bad = zc_vec_push(&steps, next) || path.failed;
    }
    zc_vec_fini(&steps);
    zc_buf_fini(&path);
    return bad || out->failed ? -1 : 0;
}
