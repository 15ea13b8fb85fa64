// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * --chmod; see chmod.h. One comma-separated item is one change:
 *
 *     [D|F] [ugoa]* (+|-|=) [rwxXst]*     or one of u, g, o: copy from there
 *     [D|F] OCTAL
 *
 * As in rsync an 's' sets setuid when no class or 'o' alone is given, and
 * without a class the umask's bits are left alone.
 */
#include "tree/chmod.h"

#include <string.h>
#include <sys/stat.h>

#define MODE_BITS 07777u
#define ALL_CLASSES 0111u /* times rwx (0 to 7): those bits for every class */

struct zc_chmod {
    struct zc_chmod *next;
    char op;       /* + - = , or 0 for octal */
    char only;     /* D, F, or 0: both */
    char copy;     /* u, g, o: the class to copy from, or 0 */
    bool keep_x;   /* X: execute for directories and what has it already */
    uint32_t who;  /* of ALL_CLASSES, those that were named */
    uint32_t what; /* rwx, 0 to 7; the mode itself when it is octal */
    uint32_t special; /* setuid, setgid, sticky bits that were named */
    uint32_t masked;  /* bits that this change never touches (umask) */
};

/* There is no call that only reads it. */
static uint32_t read_umask(void)
{
    mode_t mask = umask(077);
    umask(mask);
    return mask & 0777u;
}

static const char *parse_who(struct zc_chmod *c, const char *at)
{
    for (;; at++) {
        switch (*at) {
        case 'D':
        case 'F':
            if (c->only && c->only != *at)
                return NULL;
            c->only = *at;
            break;
        case 'u':
            c->who |= 0100;
            break;
        case 'g':
            c->who |= 0010;
            break;
        case 'o':
            c->who |= 0001;
            break;
        case 'a':
            c->who |= ALL_CLASSES;
            break;
        default:
            return at;
        }
    }
}

static const char *parse_octal(struct zc_chmod *c, const char *at)
{
    if (c->who)
        return NULL;
    for (; *at >= '0' && *at <= '7'; at++) {
        c->what = c->what * 8 + (uint32_t)(*at - '0');
        if (c->what > MODE_BITS)
            return NULL;
    }
    return at;
}

/* The special bits of the classes in WHO that 's' or copying is about. */
static uint32_t id_bits(uint32_t who)
{
    return (who & 0100 ? S_ISUID : 0u) | (who & 0010 ? S_ISGID : 0u);
}

static const char *parse_perms(struct zc_chmod *c, const char *at)
{
    if (*at && strchr("ugo", *at)) {
        c->copy = *at;
        return at + 1;
    }
    for (;; at++) {
        switch (*at) {
        case 'r':
            c->what |= 4;
            break;
        case 'w':
            c->what |= 2;
            break;
        case 'X':
            c->keep_x = true;
            /* fallthrough */
        case 'x':
            c->what |= 1;
            break;
        case 's':
            c->special |= id_bits(c->who) ? id_bits(c->who) : S_ISUID;
            break;
        case 't':
            c->special |= S_ISVTX;
            break;
        default:
            return at;
        }
    }
}

/* Reads one item into C; NULL when it is none, else where it ends. */
static const char *parse_item(struct zc_chmod *c, const char *at)
{
    at = parse_who(c, at);
    if (!at)
        return NULL;
    if (*at >= '0' && *at <= '7') {
        at = parse_octal(c, at);
    } else if (*at && strchr("+-=", *at)) {
        c->op = *at;
        if (!c->who)
            c->masked = read_umask();
        at = parse_perms(c, at + 1);
    } else {
        return NULL;
    }
    return at && (*at == ',' || !*at) ? at : NULL;
}

int zc_chmod_add(struct zc_chmod **list, const char *spec, struct zc_err *err)
{
    struct zc_chmod *first = NULL, **tail = &first;
    for (const char *at = spec;; at++) {
        struct zc_chmod *c = calloc(1, sizeof *c);
        if (!c) {
            zc_chmod_free(first);
            return zc_err_nomem(err);
        }
        *tail = c;
        tail = &c->next;
        at = parse_item(c, at);
        if (!at) {
            zc_chmod_free(first);
            return zc_err_set(err, ZC_EXIT_USAGE, 0,
                              "\"%.300s\" is not a list of mode changes",
                              spec);
        }
        if (!*at)
            break;
    }
    while (*list)
        list = &(*list)->next;
    *list = first;
    return 0;
}

void zc_chmod_free(struct zc_chmod *list)
{
    while (list) {
        struct zc_chmod *next = list->next;
        free(list);
        list = next;
    }
}

/* The rwx bits of class CLASS in MODE. */
static uint32_t class_perms(uint32_t mode, char class)
{
    return mode >> (class == 'u' ? 6 : class == 'g' ? 3 : 0) & 7;
}

static uint32_t apply_one(const struct zc_chmod *c, uint32_t mode, bool is_dir,
                          bool had_x)
{
    if (!c->op)
        return (mode & ~MODE_BITS) | c->what;
    uint32_t who = c->who ? c->who : ALL_CLASSES;
    uint32_t what = c->copy ? class_perms(mode, c->copy) : c->what;
    uint32_t bits = (who * what & ~c->masked) | c->special;
    uint32_t gone = 0;
    if (c->op == '-') {
        gone = bits;
        bits = 0;
    } else if (c->op == '=') {
        gone = who * 7;
        if (c->copy)
            gone |= id_bits(who) | (who & 0001 ? S_ISVTX : 0u);
        else if (c->special)
            gone |= id_bits(c->who);
    }
    if (c->keep_x && !had_x && !is_dir)
        bits &= ~ALL_CLASSES;
    return (mode & ~gone) | bits;
}

uint32_t zc_chmod_apply(const struct zc_chmod *list, uint32_t mode)
{
    if (S_ISLNK(mode))
        return mode;
    bool is_dir = S_ISDIR(mode), had_x = mode & ALL_CLASSES;
    for (; list; list = list->next)
        if (!list->only || (list->only == 'D') == is_dir)
            mode = apply_one(list, mode, is_dir, had_x);
    return mode;
}
