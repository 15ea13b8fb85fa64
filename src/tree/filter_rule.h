/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the filter: what filter.c (matching), filter_parse.c (reading rules) and
 * filter_dir.c (those of a directory) share. Nobody else includes this. A set is
 * one thread's while it is made, and any thread's afterwards.
 */
#ifndef ZC_TREE_FILTER_RULE_H
#define ZC_TREE_FILTER_RULE_H

#include "base/err.h"
#include "base/vec.h"
#include "tree/wildmatch.h"

#include <stdatomic.h>

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

/*
 * What stands in a set: rules, and for each dir-merge rule a pair around those
 * that hold in the directory that the set is for, its own before inherited ones:
 *
 *     - *.o    MERGE .rules    - own    - inherited    MERGE_END    + *.c
 */
enum zc_filter_kind { ZC_FILTER_RULE, ZC_FILTER_MERGE, ZC_FILTER_MERGE_END };

/* How a file of rules is read. */
struct zc_filter_how {
    bool bare;       /* '-' or '+': its lines are patterns alone */
    bool include;    /* ... to include */
    bool words;      /* words, not lines, and no comments */
    bool cvs;        /* ... of which a lone "!" clears */
    bool no_inherit; /* it is not for the directories below */
    bool perishable; /* so are its rules */
    bool unprotect;  /* so are its rules; see zc_filter_unprotect */
    uint8_t sides;   /* of its rules, which may not name any then; 0: they may */
};

/* Never changes when it is in a set, but that it may be in several. */
struct zc_filter_rule {
    atomic_uint refs;
    enum zc_filter_kind kind;
    struct zc_filter_how how_read; /* MERGE: the file `pattern` */
    bool above; /* MERGE: in the directories above the root, too */
    /* From the rule's prefix. */
    bool include;
    bool negated;
    bool perishable; /* does not keep what it matches in a directory that goes */
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
    atomic_uint refs;
    unsigned merges; /* how many MERGE there are */
    ZC_VEC(struct zc_filter_rule *) rules;
};

/* Appends RULE with PATTERN (copied); fields from the pattern are filled in
 * here. -1 and a sentence that does not name the rule. */
int zc_filter_append(struct zc_filter *f, const char *pattern,
                     struct zc_filter_rule rule, struct zc_err *err);
/* Appends a pair for the file NAME. */
int zc_filter_append_merge(struct zc_filter *f, const char *name,
                           struct zc_filter_rule rule, struct zc_err *err);
/* Appends what is in another set, too. */
int zc_filter_share(struct zc_filter *f, struct zc_filter_rule *rule,
                    struct zc_err *err);
void zc_filter_clear(struct zc_filter *f);

/* Where a file of rules lies that is read for its directory. */
struct zc_filter_place {
    int dirfd;
    const char *path; /* relative to the root; what '/' is at */
    const char *rest; /* NULL: it is below the root; else what leads there */
    bool below;   /* no symlinks: others have asked for what is there */
    bool nesting; /* its rules may name files to be read in each directory */
    const struct zc_filter *known, *also; /* files that are read already */
};

/* Opens the file NAME at P. -1 and errno; ENOENT, too, when it is none. */
int zc_filter_open_at(const struct zc_filter_place *p, const char *name);

/* Adds the rules in the file FD of P to F, as HOW says; those that are anchored
 * get P's path in front. *CLEARED: there was a "!", so nothing is inherited. -1
 * with a sentence that does not say which file it is. */
int zc_filter_add_at(struct zc_filter *f, const struct zc_filter_place *p,
                     int fd, const struct zc_filter_how *how, bool *cleared,
                     struct zc_err *err);
/* The same from memory: N bytes at TEXT, which a NUL follows and which are used
 * up. */
int zc_filter_add_text(struct zc_filter *f, const struct zc_filter_place *p,
                       char *text, size_t n, const struct zc_filter_how *how,
                       bool *cleared, struct zc_err *err);

/* Adds a rule of N bytes, which a NUL follows, from a peer. */
int zc_filter_add_wire(struct zc_filter *f, const char *rule, size_t n,
                       struct zc_err *err);

/* What CVS ignores everywhere, and what the user has it ignore: words for a file
 * of rules. */
extern const char zc_filter_cvs_words[];

#endif
