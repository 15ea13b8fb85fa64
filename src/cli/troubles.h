/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What could not be done in a run, gathered by its cause, so that a thousand
 * entries are not a thousand lines of the log. Not locked inside.
 */
#ifndef ZC_CLI_TROUBLES_H
#define ZC_CLI_TROUBLES_H

#include "base/vec.h"
#include "session/events.h"

/* Troubles with the same cause. */
struct zc_trouble_group {
    enum zc_trouble kind;
    int eno;
    uint64_t count;
    char *what;
    char *first; /* the path of the first, where only a line is written for all;
                    NULL: memory */
};

/* Zeroed at first. */
struct zc_troubles {
    ZC_VEC(struct zc_trouble_group) groups;
};

void zc_troubles_fini(struct zc_troubles *t);

/* One more: PATH as it is shown (NULL: memory). True when it is to be told on its
 * own, now (zc_trouble_log). */
bool zc_troubles_add(struct zc_troubles *t, enum zc_trouble kind,
                     const char *what, const char *path, int eno);

/* At the end: a line for those that were not, cause by cause. */
void zc_troubles_log(const struct zc_troubles *t);

/* A line about one. */
void zc_trouble_log(enum zc_trouble kind, const char *what, const char *path,
                    int eno);

/* ": Permission denied", or nothing where there is no errno behind it. OUT. */
#define ZC_TROUBLE_REASON 160
const char *zc_trouble_reason(char out[ZC_TROUBLE_REASON], int eno);

#endif
