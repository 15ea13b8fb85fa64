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
 * side only), `p` (perishable). `:` names a file of rules that is read in each
 * directory; what comes of that is a set of rules for each directory that has
 * one (zc_filter_enter), made from that of the directory above it.
 *
 * A set is built by one thread and then only read, by any number.
 */
#ifndef ZC_TREE_FILTER_H
#define ZC_TREE_FILTER_H

#include "base/buf.h"
#include "base/err.h"

struct zc_filter;

struct zc_filter *zc_filter_new(void); /* NULL: out of memory */
struct zc_filter *zc_filter_ref(const struct zc_filter *f); /* F, or NULL */
void zc_filter_free(struct zc_filter *f); /* one reference less */
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

/* There are files to be read in each directory. F may be NULL. */
bool zc_filter_has_merges(const struct zc_filter *f);
/* One of them is called NAME. */
bool zc_filter_is_merge(const struct zc_filter *f, const char *name);

/* How the files in a directory are read. */
struct zc_filter_reading {
    bool below;   /* others have asked for what is there: no symlinks */
    bool nesting; /* rules in them may name further files for each directory */
};
/* The rules of the directory PATH, open as DIRFD, where those of the directory
 * that it is in are F: a reference to F itself where it has no file of rules and
 * inherits all. NULL with a sentence: rules that cannot be read, or understood. */
struct zc_filter *zc_filter_enter(const struct zc_filter *f, int dirfd,
                                  const char *path,
                                  const struct zc_filter_reading *how,
                                  struct zc_err *err);
/* What a directory without files of rules has that is in one with the rules F: F
 * itself but for what nobody inherits. NULL: memory. */
struct zc_filter *zc_filter_inherited(const struct zc_filter *f);
/* What SRC, a path, inherits from the directories above it, by rules that ask for
 * that (": /.rsync-filter"). Likewise. */
struct zc_filter *zc_filter_above(const struct zc_filter *f, const char *src,
                                  struct zc_err *err);

/* The rules of a directory for the peer, who has those without any directory:
 * what stands in place of each dir-merge rule, rules as below, and an empty one
 * behind them. */
void zc_filter_encode_dir(const struct zc_filter *f, struct zc_buf *out);
/* The other way round; BASE are those without any directory. NULL with a
 * sentence. */
struct zc_filter *zc_filter_decode_dir(const struct zc_filter *base,
                                       const uint8_t *bytes, size_t n,
                                       struct zc_err *err);

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
/* The same of a directory, or one that leads to it: nothing is known of its parents.
 * Without memory it is. */
bool zc_filter_hides_way(const struct zc_filter *f, const char *path);
/* As zc_filter_hides, whatever the files of rules say that F names and that were not read:
 * they come first in their places. */
bool zc_filter_surely_hides(const struct zc_filter *f, const char *path,
                            bool is_dir);
/* True: the receiver neither changes nor deletes PATH when the sender does not
 * have it. */
bool zc_filter_protects(const struct zc_filter *f, const char *path,
                        bool is_dir);
/* The same where the directory that it is in is to be deleted, too: what is
 * perishable protects nothing then. */
bool zc_filter_protects_in_doomed(const struct zc_filter *f, const char *path,
                                  bool is_dir);
/* True: when the directory FROM gets the path TO, some name below it may be
 * judged otherwise than before, on either side, so that it cannot be moved with
 * all that is in it. False is certain. The directory's own name is not asked
 * about. */
bool zc_filter_differs(const struct zc_filter *f, const char *from,
                       const char *to);

#endif
