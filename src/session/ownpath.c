// SPDX-License-Identifier: GPL-2.0-or-later
/* "~" and "~NAME"; see ownpath.h. */
#include "session/ownpath.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The home of NAME, or our own where it is empty. NULL: there is none. */
static const char *home_of(const char *name)
{
    const char *home = getenv("HOME");
    if (!*name && home && *home == '/')
        return home;
    const struct passwd *p = *name ? getpwnam(name) : getpwuid(getuid());
    return p ? p->pw_dir : NULL;
}

char *zc_own_path(const char *path, struct zc_err *err)
{
    char *out = NULL;
    if (*path != '~') {
        out = strdup(path);
        if (!out)
            zc_err_nomem(err);
        return out;
    }
    size_t n = strcspn(path, "/");
    zc_auto_free char *name = strndup(path + 1, n - 1);
    if (!name) {
        zc_err_nomem(err);
        return NULL;
    }
    const char *home = home_of(name);
    if (!home) {
        zc_err_set(err, ZC_EXIT_SELECT, 0,
                   *name ? "there is no user %.200s to have a home (write "
                           "./~%.200s for a file of that name)"
                         : "there is no home directory here", name, name);
        return NULL;
    }
    if (asprintf(&out, "%s%s", home, path + n) < 0) {
        zc_err_nomem(err);
        return NULL;
    }
    return out;
}
