/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filter rules as rsync(1) has them ("FILTER RULES"): the first rule that
 * matches decides, no match means include. `*` and `?` and [classes] stop at a
 * slash, `**` does not; a leading `/` anchors at the root of the transfer; a
 * trailing `/` matches directories only; a pattern with a slash in it (or with
 * `**`) is matched against the whole path, else against the last name;
 * a directory name followed by a slash and three stars matches the directory and
 * all that is in it.
 *
 * Kinds: `-` exclude, `+` include, `P` protect, `R` risk, `H` hide, `S` show,
 * `!` clear, `.` merge a file (read by the one who parses); long names too
 * (exclude, include, ...); modifiers `/` (match against the absolute path: not
 * supported, refused), `!` (negated match), `s` and `r` (sender or receiver
 * side only). Per-directory merge files (`:`) and `C` are refused by name.
 *
 * A set is built by one thread and then only read, by any number.
 */
#ifndef ZC_TREE_FILTER_H
#define ZC_TREE_FILTER_H

#include "base/buf.h"
#include "base/err.h"

struct zc_filter;

struct zc_filter *zc_filter_new(void); /* NULL: out of memory */
void zc_filter_free(struct zc_filter *f);
bool zc_filter_empty(const struct zc_filter *f);

/* One rule in --filter syntax. -1 and a sentence (ZC_EXIT_USAGE) that names the
 * rule. */
int zc_filter_add(struct zc_filter *f, const char *rule, struct zc_err *err);
/* --exclude=PATTERN, --include=PATTERN; the pattern may start with "- " or
 * "+ " or be "!", as in rsync. */
int zc_filter_add_exclude(struct zc_filter *f, const char *pattern,
                          struct zc_err *err);
int zc_filter_add_include(struct zc_filter *f, const char *pattern,
                          struct zc_err *err);
/* --exclude-from, --include-from: a pattern a line, "-" is standard input,
 * blank lines and lines starting with ';' or '#' are skipped; with NUL_ENDED
 * (-0) entries end in NUL and nothing is skipped but empty ones. */
int zc_filter_add_file(struct zc_filter *f, const char *path, bool include,
                       bool nul_ended, struct zc_err *err);

/* --delete-excluded: rules that are not for one side only are for the sender's,
 * and protect nothing. */
void zc_filter_unprotect(struct zc_filter *f);

/* The rules as text for the peer, one per NUL-ended string (patterns may hold
 * newlines), merge files and clears already resolved. */
void zc_filter_encode(const struct zc_filter *f, struct zc_buf *out);
/* The other way round: bytes from a peer. At most ZC_FILTER_RULES_MAX rules
 * of at most ZC_FILTER_RULE_MAX bytes; never reads files (a merge rule is an
 * error). */
#define ZC_FILTER_RULES_MAX 20000
#define ZC_FILTER_RULE_MAX 8192
/* A pattern that leaves room for its prefix in a rule of the wire. */
#define ZC_FILTER_PATTERN_MAX (ZC_FILTER_RULE_MAX - 8)
struct zc_filter *zc_filter_decode(const uint8_t *bytes, size_t n,
                                   struct zc_err *err);

/* True: the sender does not look at PATH (relative to the root, no leading
 * slash). Its parents are known not to be hidden. */
bool zc_filter_hides(const struct zc_filter *f, const char *path, bool is_dir);
/* True: the receiver neither changes nor deletes PATH when the sender does not
 * have it. */
bool zc_filter_protects(const struct zc_filter *f, const char *path,
                        bool is_dir);
/* True: when the directory FROM gets the path TO, some name below it may be
 * judged otherwise than before, on either side, so that it cannot be moved with
 * all that is in it. False is certain. The directory's own name is not asked
 * about. */
bool zc_filter_differs(const struct zc_filter *f, const char *from,
                       const char *to);

#endif
