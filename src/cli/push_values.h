/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values of options, as they stand on the command line. Each function fills in
 * what it is given and returns 0, or -1 with a sentence (ZC_EXIT_USAGE) that
 * names the option and quotes VALUE. SPELLED is how the user wrote the option,
 * where there are several. Plain memory: one thread at a time.
 */
#ifndef ZC_CLI_PUSH_VALUES_H
#define ZC_CLI_PUSH_VALUES_H

#include "cli/push_args.h"

/* Numbers. For bwlimit NULL is 0, as --no-bwlimit has it. */
int zc_value_bwlimit(const char *value, uint64_t *out, struct zc_err *err);
int zc_value_size(const char *spelled, const char *value, uint64_t *out,
                  struct zc_err *err);
int zc_value_window(struct zc_push_args *a, const char *value,
                    struct zc_err *err);

/* One of some words, or times. */
int zc_value_fsync(const char *value, enum zc_fsync *mode, struct zc_err *err);
int zc_value_delta(const char *value, enum zc_delta *delta, struct zc_err *err);
int zc_value_mover(const char *value, enum zc_mover_kind *mover,
                   struct zc_err *err);
int zc_value_ssh_data(const char *value, enum zc_direct_way *way,
                      struct zc_err *err);
int zc_value_watch(const char *value, enum zc_watch_kind *kind,
                   struct zc_err *err);
int zc_value_compare(const char *value, unsigned *every_s, struct zc_err *err);

int zc_value_port(struct zc_push_args *a, const char *value, struct zc_err *err);

/* These may be given several times: A has what they come to together. */
int zc_value_chown(struct zc_push_args *a, const char *value,
                   struct zc_err *err);
int zc_value_chmod(struct zc_push_args *a, const char *value,
                   struct zc_err *err);
int zc_value_require_mount(struct zc_push_args *a, const char *value,
                           struct zc_err *err);
int zc_value_require_file(struct zc_push_args *a, const char *value,
                          struct zc_err *err);

/* One more directory beside DEST, for KIND. */
int zc_value_alternate(struct zc_push_args *a, enum zc_alternate kind,
                       const char *spelled, const char *value,
                       struct zc_err *err);

#endif
