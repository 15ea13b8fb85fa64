/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A filter rule as text, taken apart; inside the filter, for filter_parse.c, which
 * does what it says. Functions of memory; any thread.
 */
#ifndef ZC_TREE_RULE_H
#define ZC_TREE_RULE_H

#include "tree/filter_rule.h"

/* How much of a rule an error shows, so that the reason fits behind it. */
#define ZC_RULE_SHOWN "%.300s"

/* What a rule says. */
struct zc_rule_said {
    char kind; /* + - . : ! */
    bool include, negated, perishable;
    bool side_in_name; /* H, S, P, R */
    bool cvs_words;    /* "-C" */
    bool exclude_self;
    struct zc_filter_how how; /* . and : */
    uint8_t sides; /* 0: not given */
    const char *arg; /* in the text of the rule: pattern or file */
};

/* RULE cannot be, for WHY. -1 with a sentence that shows it. */
int zc_rule_refuse(struct zc_err *err, const char *rule, const char *why);

/* RULE as --filter has it, into *P, where what is not said is as the caller has
 * left it. FROM_PEER: as it may cross. -1 with a sentence. */
int zc_rule_read(struct zc_rule_said *p, const char *rule, bool from_peer,
                 struct zc_err *err);
/* RULE as --exclude and --include have it: nothing is wrong. Likewise. */
void zc_rule_read_prefixed(struct zc_rule_said *p, const char *rule);

#endif
