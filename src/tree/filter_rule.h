/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the filter: what filter.c (matching) and filter_parse.c (reading
 * rules) share. Nobody else includes this.
 */
#ifndef ZC_TREE_FILTER_RULE_H
#define ZC_TREE_FILTER_RULE_H

#include "base/err.h"
#include "base/vec.h"
#include "tree/wildmatch.h"

enum { ZC_SIDE_SENDER = 1, ZC_SIDE_RECEIVER = 2, ZC_SIDE_BOTH = 3 };

enum zc_filter_match { /* the table in filter.c */
    ZC_MATCH_NAME_IS,
    ZC_MATCH_NAME_ENDS,
    ZC_MATCH_NAME_STARTS,
    ZC_MATCH_NAME_WILD,
    ZC_MATCH_PATH_IS,
    ZC_MATCH_PATH_ENDS,
    ZC_MATCH_PATH_WILD,
    ZC_MATCH_TAIL_WILD,
};

struct zc_filter_rule {
    /* From the rule's prefix. */
    bool include;
    bool negated;
    uint8_t sides; /* ZC_SIDE_*; never 0 */
    /* From the pattern, by zc_filter_append. */
    bool dir_only;
    bool dir_slash; /* a directory is matched with a slash behind it too */
    uint8_t flags;  /* PATH_WILD: ZC_WILD_* */
    enum zc_filter_match how;
    char *pattern; /* owned; as given, but for a slash at its end */
    size_t len;
    const char *text; /* the literal part, inside `pattern` */
    size_t text_len;
    size_t elements;      /* TAIL_WILD: how many the pattern has */
    struct zc_wild *wild; /* owned; NULL: no wildcards */
};

struct zc_filter {
    ZC_VEC(struct zc_filter_rule) rules;
};

/* Appends RULE with PATTERN (copied); fields from the pattern are filled in
 * here. -1 and a sentence that does not name the rule. */
int zc_filter_append(struct zc_filter *f, const char *pattern,
                     struct zc_filter_rule rule, struct zc_err *err);
void zc_filter_clear(struct zc_filter *f);

#endif
