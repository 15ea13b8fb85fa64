// SPDX-License-Identifier: GPL-2.0-or-later
/* What the command line and zcsync.conf have in common; see options.h. */
#include "session/options.h"

#include "base/relpath.h"
#include "fs/keep.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const fsync_names[] = {
    [ZC_FSYNC_NONE] = "none",
    [ZC_FSYNC_BATCH] = "batch",
    [ZC_FSYNC_FILE] = "file",
    [ZC_FSYNC_BEHIND] = "behind",
};

static const char *const delta_names[] = {
    [ZC_DELTA_AUTO] = "auto",
    [ZC_DELTA_ALIGNED] = "aligned",
    [ZC_DELTA_OFF] = "off",
};

void zc_options_init(struct zc_options *o)
{
    *o = (struct zc_options){
        .keep = ZC_KEEP_ALL,
        .max_delete = ZC_MAX_DELETE_DEFAULT,
        .max_size = UINT64_MAX,
        .fsync = ZC_FSYNC_BATCH,
        .window_s = -1,
        .clone = true,
    };
}

int zc_options_chown(struct zc_options *o, char **owned, const char *value,
                     struct zc_err *err)
{
    char *copy = strdup(value);
    if (!copy)
        return zc_err_nomem(err);
    free(*owned);
    *owned = copy;
    char *colon = strchr(copy, ':');
    if (colon)
        *colon++ = '\0';
    o->chown_user = *copy ? copy : NULL;
    o->chown_group = colon && *colon ? colon : NULL;
    if (!o->chown_user && !o->chown_group)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "'%.300s' names neither a user nor a group", value);
    return 0;
}

int zc_options_check_walk(unsigned walk, struct zc_err *err)
{
    const unsigned follow = ZC_WALK_COPY_LINKS | ZC_WALK_COPY_UNSAFE |
                            ZC_WALK_COPY_DIRLINKS;
    if (!(walk & ZC_WALK_FAKE) || !(walk & follow))
        return 0;
    return zc_err_set(err, ZC_EXIT_USAGE, 0,
                      "symlinks that were written with --fake-super lead "
                      "nowhere, and cannot be followed (-L, -k, "
                      "--copy-unsafe-links)");
}

void zc_options_settle(struct zc_options *o)
{
    if (o->max_size != UINT64_MAX || o->min_size)
        o->walk |= ZC_WALK_SIZES;
    if (o->window_s >= 0)
        o->apply |= ZC_APPLY_WINDOW;
    if (o->usermap || o->groupmap)
        o->apply |= ZC_APPLY_ID_RULES;
    if (o->delta == ZC_DELTA_ALIGNED)
        o->walk |= ZC_WALK_ALIGNED;
    if (o->delta_always)
        o->walk |= ZC_WALK_DELTA_ALWAYS;
    o->owners_asked |= o->chown_user || o->chown_group || o->usermap ||
                       o->groupmap;
    if (o->chown_user)
        o->keep |= ZC_KEEP_OWNER;
    if (o->chown_group)
        o->keep |= ZC_KEEP_GROUP;
}

int zc_options_backups(struct zc_options *o, char **rule, struct zc_err *err)
{
    *rule = NULL;
    if (o->backup_dir)
        o->apply |= ZC_APPLY_BACKUP;
    if (!(o->apply & ZC_APPLY_BACKUP)) {
        o->suffix = NULL;
        return 0;
    }
    if (!o->suffix)
        o->suffix = o->backup_dir ? "" : "~";
    if (strchr(o->suffix, '/') || strlen(o->suffix) > ZC_NAME_MAX)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "suffix: '%.300s' cannot be the end of a name",
                          o->suffix);
    if (o->backup_dir && !*o->backup_dir)
        return zc_err_set(err, ZC_EXIT_USAGE, 0, "backup-dir: DIR is empty");
    if (!*o->suffix && !o->backup_dir)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "suffix: it cannot be empty without a directory for "
                          "backups");
    if (o->backup_dir || !o->del || o->del_excluded)
        return 0;
    if (asprintf(rule, "P *%s", o->suffix) >= 0)
        return 0;
    *rule = NULL;
    return zc_err_nomem(err);
}

int zc_options_window(struct zc_options *o, const char *text)
{
    char *end;
    bool below = *text == '-';
    errno = 0;
    unsigned long n = strtoul(text + below, &end, 10);
    if (!isdigit((unsigned char)text[below]) || *end || errno ||
        (!below && n > ZC_WINDOW_MAX))
        return -1;
    o->window_s = below && n ? -1 : (int)n;
    return 0;
}

/* Which of the N NAMES TEXT is; -1: none. */
static int find_name(const char *const names[], size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(text, names[i]) == 0)
            return (int)i;
    return -1;
}

int zc_delta_parse(const char *text, enum zc_delta *delta)
{
    int i = find_name(delta_names, ZC_ARRAY_LEN(delta_names), text);
    if (i >= 0)
        *delta = (enum zc_delta)i;
    return i < 0 ? -1 : 0;
}

const char *zc_delta_name(enum zc_delta delta)
{
    return delta_names[delta];
}

int zc_fsync_parse(const char *text, enum zc_fsync *mode)
{
    int i = find_name(fsync_names, ZC_ARRAY_LEN(fsync_names), text);
    if (i >= 0)
        *mode = (enum zc_fsync)i;
    return i < 0 ? -1 : 0;
}

const char *zc_fsync_name(enum zc_fsync mode)
{
    return fsync_names[mode];
}

void zc_options_rescan(unsigned *rescan_s, unsigned *compare_s)
{
    if (*compare_s == ZC_COMPARE_UNSAID)
        *compare_s = *rescan_s ? *rescan_s : ZC_COMPARE_S;
    if (!*rescan_s)
        *rescan_s = ZC_RESCAN_S;
}
