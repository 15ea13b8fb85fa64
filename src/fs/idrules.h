/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --usermap and --groupmap of rsync(1): FROM:TO, FROM:TO... FROM is a name of the
 * sender's, with the wildcards * ? [ or without, an id, or two as LOW-HIGH;
 * nothing stands for ids without a name. TO is a name or an id here. The first
 * that matches counts. Built by one thread, and then only read.
 */
#ifndef ZC_FS_IDRULES_H
#define ZC_FS_IDRULES_H

#include "base/err.h"

#define ZC_IDRULES_MAX 10000

enum zc_id_kind { ZC_ID_USER, ZC_ID_GROUP };
/* Who is called NAME here: 0 and *ID, or -1. */
typedef int zc_idrules_who_fn(enum zc_id_kind kind, const char *name,
                              uint32_t *id);

/* TEXT as rules for ids of KIND, their TO as WHO knows them (idmap.h:
 * zc_id_lookup; NULL: nobody is asked). NULL and a sentence (ZC_EXIT_USAGE). */
struct zc_idrules *zc_idrules_parse(const char *text, enum zc_id_kind kind,
                                    zc_idrules_who_fn *who,
                                    struct zc_err *err);
void zc_idrules_free(struct zc_idrules *rules);
/* Whether TEXT can be rules, but for whom this host may know. -1 and a sentence.
 */
int zc_idrules_check(const char *text, struct zc_err *err);

/* The sender's ID is called NAME ("": nothing): true when a rule says which local
 * id that is. RULES may be NULL. */
bool zc_idrules_find(const struct zc_idrules *rules, const char *name,
                     uint32_t id, uint32_t *local);

/* Rule I, of ids: true, and the first of them, and whom they become. RULES may be
 * NULL. *MORE: there is a rule I. */
bool zc_idrules_ids(const struct zc_idrules *rules, size_t i, bool *more,
                    uint32_t *from, uint32_t *local);

/* True when the first rule is for whoever there is, who becomes *LOCAL. RULES may be
 * NULL. */
bool zc_idrules_for_all(const struct zc_idrules *rules, uint32_t *local);

#endif
