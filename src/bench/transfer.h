/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One transfer that is measured: a process that sends a file, one that receives
 * it into a new file without a name, a connection between them, and nothing
 * else of a session. What is compared with it is moved in the same way by other
 * calls. For one thread.
 */
#ifndef ZC_BENCH_TRANSFER_H
#define ZC_BENCH_TRANSFER_H

#include "base/err.h"
#include "move/mover.h"

/* What lies between the two. */
enum zc_bench_over {
    ZC_BENCH_TCP,    /* on this machine */
    ZC_BENCH_UNIX,   /* as between push and its embedded receiver */
    ZC_BENCH_SEALED, /* TCP, encrypted by zcsync and not by the kernel */
};
#define ZC_BENCH_OVER_NAMES "tcp, unix, sealed"

/* One of ZC_BENCH_OVER_NAMES: -1 for anything else. */
int zc_bench_over_parse(const char *name, enum zc_bench_over *over);
/* In sentences: "TCP on this machine". */
const char *zc_bench_over_text(enum zc_bench_over over);
/* What a mover would see of such a connection, to ask zc_mover_can. */
const struct zc_transport *zc_bench_over_like(enum zc_bench_over over);

/* Sends what there is to send of the first SIZE bytes of FD. -1 and errno. */
typedef int zc_bench_send_fn(struct zc_transport *t, int fd, uint64_t size);

struct zc_bench_transfer {
    enum zc_bench_over over;
    enum zc_mover_kind send, recv;
    int fd; /* what is sent: SIZE bytes of it */
    uint64_t size;
    /* Not by a mover: SIZE bytes come of SOURCE bytes of FD. NULL: by one. */
    zc_bench_send_fn *send_with;
    uint64_t source;
    const char *dir; /* where the new file is made */
    bool count;      /* system calls, which slows it down beyond use */
    bool cold;       /* what is sent comes from the disk */
};

struct zc_bench_side {
    double cpu_s;    /* user and system, all threads (getrusage(2)) */
    uint64_t faults; /* pages that were mapped when touched (ru_minflt) */
    uint64_t calls;  /* into the kernel; with COUNT */
    bool other;      /* the file was not for this mover: read + write did it */
};

struct zc_bench_result {
    double seconds; /* from the first byte to the receiver's word that all is
                       in the file; not on the disk */
    struct zc_bench_side send, recv;
    double cached_source, cached_copy; /* parts of them in the page cache */
    bool counted; /* false: no process may be traced here */
};

/* -1 with a sentence. */
int zc_bench_transfer(const struct zc_bench_transfer *what,
                      struct zc_bench_result *out, struct zc_err *err);

/* A file in DIR that has no name, or has lost it again; -1 and errno. */
int zc_bench_nameless(const char *dir);

#endif
