/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of zc_meta_apply that makes a file's attributes equal to a set:
 * called by that only, which decides what comes before, between and after.
 */
#ifndef ZC_FS_XATTR_JOB_H
#define ZC_FS_XATTR_JOB_H

#include "base/buf.h"
#include "fs/idmap.h"
#include "fs/keep.h"

/* Capabilities come in a phase of their own, as they are the last thing that a
 * change of owner or mode may take away. */
enum zc_xattr_phase { ZC_XATTR_ALL_BUT_CAPABILITY, ZC_XATTR_CAPABILITY };

struct zc_xattr_job {
    int fd; /* may be O_PATH */
    uint32_t mode; /* of the file as it is */
    unsigned keep; /* which namespaces to make equal */
    const uint8_t *want; /* a valid set */
    size_t want_len;
    struct zc_idmap *ids; /* maps ids inside ACLs; NULL: they stay */
    bool restricted; /* security.* and trusted.* stay as they are */
    struct zc_meta_report *report;
    bool *changed;

    struct zc_buf have; /* the set the file had at the start */
    /* What zc_meta_apply has to know for the mode: */
    bool mode_touched; /* the mode may not be what it was */
    bool opened_up;    /* u+rw was added to be allowed to write */
    bool acl_refused;  /* an access ACL could not be set; then ... */
    uint32_t group_perms; /* ... the owning group may do this (0-7) */
};

/* Looks at what the file has. 0, or -1 with the reason in the report. */
int zc_xattr_job_start(struct zc_xattr_job *job);
/* Sets, replaces and removes; failures go to the report. */
void zc_xattr_job_run(struct zc_xattr_job *job, enum zc_xattr_phase phase);
void zc_xattr_job_fini(struct zc_xattr_job *job);

#endif
