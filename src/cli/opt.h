/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of a command: one table feeds the parser, --help and the words
 * in which an option is refused.
 *
 * Letters may be clustered (-ain); values stand as --name=VALUE, --name VALUE,
 * -fVALUE or -f VALUE; negatable options also answer to --no-NAME and, as in
 * rsync, to --no-LETTER. Options and operands mix freely; "--" ends the
 * options; "-" is an operand. The functions keep no state: any thread.
 */
#ifndef ZC_CLI_OPT_H
#define ZC_CLI_OPT_H

#include "base/err.h"
#include "base/vec.h"

#include <stddef.h>
#include <stdio.h>

/* What an option is to zc_opt_fill. */
enum zc_opt_kind {
    ZC_OPT_FLAG,    /* bool: whether it is on */
    ZC_OPT_TEXT,    /* const char *: its value, a word of ARGV; NULL after
                       --no- */
    ZC_OPT_SECONDS, /* unsigned, up to a year, which fits in milliseconds
                       everywhere; 0 after --no- */
    ZC_OPT_COUNT,   /* unsigned: how many times it was said; 0 after --no- */
    ZC_OPT_OWN      /* from here on `id` is for the command */
};

/* Of a row: what it says goes into FIELD, of the kind KIND, of struct TYPE. */
#define ZC_OPT_INTO(kind, type, field)                                       \
    .id = ZC_OPT_##kind, .data = offsetof(type, field)

struct zc_opt {
    char letter;       /* 0: none */
    const char *name;  /* long name without dashes; NULL: only a letter */
    const char *value; /* what --help calls its value; NULL: takes none */
    bool negatable;
    bool optional;     /* the value may be left out, and is only taken from
                          --name=VALUE */
    int id;            /* enum zc_opt_kind, or for the command that owns the
                          table */
    uint64_t data;     /* likewise; of a kind the offset of a field */
    const char *help;  /* lines parted by '\n'. A row with neither letter nor
                          name is a heading */
    unsigned not_for; /* commands that refuse it: bits of the table's `as` */
    const char *why_not; /* the reason, behind "...: "; NULL: it is obvious */
};

/* An option of rsync's that zcsync refuses by name. */
struct zc_opt_refused {
    char letter;
    const char *name;
    const char *why; /* behind "... is not supported: " */
};

/* Rows that several tables have. */
struct zc_opt_part {
    const struct zc_opt *rows;
    size_t n;
};

struct zc_opt_table {
    const char *command; /* "push" */
    const char *program; /* for messages; NULL: "zcsync COMMAND" */
    unsigned as;         /* its bit, where commands share rows */
    const struct zc_opt *rows;
    size_t n_rows;
    const struct zc_opt_part *parts; /* more of them; up to one that has no rows.
                                        NULL: none */
    /* Up to a row without letter and name; NULL: none. */
    const struct zc_opt_refused *refused;
};

/* Takes one option: VALUE is NULL where it has none or was negated, ON is false
 * for --no-. SPELLED is how the user wrote it, for messages. -1 with a
 * sentence. */
typedef int zc_opt_take_fn(void *arg, const struct zc_opt *opt,
                           const char *spelled, const char *value, bool on,
                           struct zc_err *err);

/* A zc_opt_take_fn for the rows with a kind: ARG is the struct that has their
 * fields. */
int zc_opt_fill(void *arg, const struct zc_opt *opt, const char *spelled,
                const char *value, bool on, struct zc_err *err);

typedef ZC_VEC(char *) zc_operands;

/* Calls TAKE for each option in ARGV (ARGC words, none of them a program name)
 * and collects the operands, which stay words of ARGV. -1 with a sentence
 * (ZC_EXIT_USAGE). */
int zc_opt_parse(const struct zc_opt_table *t, int argc, char **argv,
                 zc_opt_take_fn *take, void *arg, zc_operands *operands,
                 struct zc_err *err);

/* The table as --help shows it. */
void zc_opt_print(const struct zc_opt_table *t, FILE *to);

/* A whole number from 0 to MAX. -1 with a sentence naming SPELLED. */
int zc_opt_number(const char *spelled, const char *value, uint64_t max,
                  uint64_t *out, struct zc_err *err);

#endif
