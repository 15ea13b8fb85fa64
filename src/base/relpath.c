// SPDX-License-Identifier: GPL-2.0-or-later
/* Checks on names; see relpath.h. */
#include "base/relpath.h"

#include <string.h>

bool zc_name_ok(const char *name, size_t n)
{
    if (n == 0 || n > ZC_NAME_MAX)
        return false;
    if (name[0] == '.' && (n == 1 || (n == 2 && name[1] == '.')))
        return false;
    return !memchr(name, '/', n) && !memchr(name, '\0', n);
}

bool zc_relpath_ok(const char *path, size_t n)
{
    for (;;) {
        const char *slash = memchr(path, '/', n);
        size_t len = slash ? (size_t)(slash - path) : n;
        if (!zc_name_ok(path, len))
            return false;
        if (!slash)
            return true;
        path += len + 1;
        n -= len + 1;
    }
}

char *zc_relpath_join(const char *dir, const char *name)
{
    size_t d = strlen(dir), n = strlen(name);
    char *path = malloc(d + n + 2);
    if (!path)
        return NULL;
    memcpy(path, dir, d);
    if (d && path[d - 1] != '/')
        path[d++] = '/';
    memcpy(path + d, name, n + 1);
    return path;
}

const char *zc_path_split(const char *path, char **dir)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        *dir = strdup(".");
    else
        *dir = strndup(path, slash == path ? 1 : (size_t)(slash - path));
    return slash ? slash + 1 : path;
}

int zc_name_cmp(const char *a, size_t alen, const char *b, size_t blen)
{
    int c = memcmp(a, b, ZC_MIN(alen, blen));
    return c ? c : (alen > blen) - (alen < blen);
}

int zc_relpath_cmp(const char *a, const char *b)
{
    const unsigned char *x = (const void *)a, *y = (const void *)b;
    while (*x && *x == *y)
        x++, y++;
    int p = *x == '/' ? 1 : *x ? *x + 1 : 0;
    int q = *y == '/' ? 1 : *y ? *y + 1 : 0;
    return p - q;
}

bool zc_relpath_flatten(char *path)
{
    char *out = path, *rest = path, *part;
    while ((part = strsep(&rest, "/"))) {
        size_t n = strlen(part);
        if (!n || !strcmp(part, "."))
            continue;
        if (!strcmp(part, "..")) {
            if (out == path)
                return false;
            do
                out--;
            while (out > path && *out != '/');
            continue;
        }
        if (out > path)
            *out++ = '/';
        memmove(out, part, n);
        out += n;
    }
    *out = '\0';
    return true;
}

bool zc_name_is_nest(const char *name, size_t n)
{
    const size_t prefix = sizeof ZC_NEST_PREFIX - 1;
    if (n != prefix + ZC_NEST_DIGITS || memcmp(name, ZC_NEST_PREFIX, prefix))
        return false;
    for (size_t i = prefix; i < n; i++)
        if (!memchr("0123456789abcdef", name[i], 16))
            return false;
    return true;
}

static bool is_up(const char *at, size_t n)
{
    return n == 2 && at[0] == '.' && at[1] == '.';
}

bool zc_target_stays(const char *target, size_t depth)
{
    if (!*target || *target == '/')
        return false;
    if (strcmp(target, "..") == 0)
        return depth > 0;
    for (; strncmp(target, "../", 3) == 0; depth--) {
        if (!depth)
            return false;
        target += 3;
        target += strspn(target, "/");
    }
    for (size_t n; *target; target += n + strspn(target + n, "/")) {
        n = strcspn(target, "/");
        if (is_up(target, n))
            return false;
    }
    return true;
}
