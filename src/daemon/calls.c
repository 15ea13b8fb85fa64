// SPDX-License-Identifier: GPL-2.0-or-later
/* Which system calls there are, by seccomp(2); see calls.h. */
#include "daemon/calls.h"

#include "base/log.h"
#include "daemon/sanitized.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#ifndef TCP_ULP
#define TCP_ULP 31
#endif
#ifndef SOL_TLS
#define SOL_TLS 282
#endif

/* For those who work with files: everything but what they never do. A
 * list of what they do would break with the next C library. */

static const char *const refused[] = {
    /* other programs, other processes */
    "execve", "execveat", "process_vm_readv", "process_vm_writev",
    "process_madvise", "pidfd_getfd", "kcmp",
#if !ZC_SANITIZED
    "ptrace", /* the leak check stops the other threads with it */
#endif
    /* mounts and roots */
    "mount", "umount", "umount2", "move_mount", "fsopen", "fsmount",
    "fsconfig", "fspick", "open_tree", "open_tree_attr", "mount_setattr",
    "pivot_root", "chroot", "setns", "unshare", "swapon", "swapoff",
    "quotactl", "quotactl_fd",
    /* the kernel itself */
    "bpf", "perf_event_open", "kexec_load", "kexec_file_load", "init_module",
    "finit_module", "delete_module", "create_module", "reboot", "acct",
    "syslog", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex",
    "sethostname", "setdomainname", "iopl", "ioperm", "userfaultfd",
    "keyctl", "add_key", "request_key",
    /* by path and, before Landlock's ABI 3, not held to the share */
    "truncate", "truncate64",
};

/* A receiver has no need of ways around the checks on paths and system calls. */
static const char *const refused_receivers[] = {
    "open_by_handle_at", "fanotify_init",
};

/* System calls that no filter sees. */
static const char *const rings[] = {
    "io_uring_setup", "io_uring_enter", "io_uring_register",
};

/* A sender does not do what Landlock does not cover. */
static const char *const refused_senders[] = {
    "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "lchown", "fchown",
    "fchownat", "utime", "utimes", "futimesat", "utimensat",
    "utimensat_time64", "setxattr", "lsetxattr", "fsetxattr", "setxattrat",
    "removexattr", "lremovexattr", "fremovexattr", "removexattrat",
    "file_setattr", "fallocate", "mknod", "mknodat",
};

/*
 * For shaking hands the list of what is done is short: bytes, time, randomness,
 * memory. What is not on it fails, and the handshake with it, so that a C
 * library that does something else is noticed and not killed. A sanitizer does
 * so much else that it gets the list above.
 */
static const char *const isolated[] = {
    "read", "write", "readv", "writev", "recvfrom", "sendto", "sendmsg",
    "getsockopt", "shutdown", "close", "poll", "ppoll", "ppoll_time64",
    "restart_syscall",
    "clock_gettime", "clock_gettime64", "gettimeofday", "time", "getrandom",
    "brk", "mmap", "mmap2", "munmap", "mremap", "mprotect", "madvise", "mlock",
    "mlock2", "munlock", "futex", "futex_time64", "rt_sigprocmask",
    "rt_sigreturn", "sigreturn", "getpid", "gettid", "exit", "exit_group",
};

/* And whoever goes on accepting connections. */
static const char *const serving[] = {
    "accept4", "epoll_ctl", "epoll_wait", "epoll_pwait", "setsockopt",
};

/* And whoever is passed what it reads. */
static const char *const merging[] = {"accept4", "recvmsg"};

static int allow(scmp_filter_ctx ctx, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int nr = seccomp_syscall_resolve_name(names[i]);
        int r = nr < 0 ? 0 : seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0);
        if (r)
            return r;
    }
    return 0;
}

static int allow_isolated_and(scmp_filter_ctx ctx, const char *const *names,
                              size_t n)
{
    int r = allow(ctx, isolated, ZC_ARRAY_LEN(isolated));
    return r ? r : allow(ctx, names, n);
}

static int add_serving_rules(scmp_filter_ctx ctx)
{
    return allow_isolated_and(ctx, serving, ZC_ARRAY_LEN(serving));
}

static int add_merging_rules(scmp_filter_ctx ctx)
{
    return allow_isolated_and(ctx, merging, ZC_ARRAY_LEN(merging));
}

static int add_isolated_rules(scmp_filter_ctx ctx)
{
    int r = allow(ctx, isolated, ZC_ARRAY_LEN(isolated));
    if (r)
        return r;
    /* Kernel TLS, for the last words to a peer that has shaken hands. */
    const struct scmp_arg_cmp tls = SCMP_CMP64(1, SCMP_CMP_EQ, SOL_TLS, 0);
    const struct scmp_arg_cmp ulp[] = {
        SCMP_CMP64(1, SCMP_CMP_EQ, IPPROTO_TCP, 0),
        SCMP_CMP64(2, SCMP_CMP_EQ, TCP_ULP, 0)};
    r = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), 1,
                               &tls);
    return r ? r
             : seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW,
                                      SCMP_SYS(setsockopt), 2, ulp);
}

static int refuse(scmp_filter_ctx ctx, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int nr = seccomp_syscall_resolve_name(names[i]);
        /* Below 0: not on this CPU, or newer than this libseccomp. */
        int r = nr < 0 ? 0
                       : seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), nr, 0);
        if (r)
            return r;
    }
    return 0;
}

static int add_sender_rules(scmp_filter_ctx ctx)
{
    int r = refuse(ctx, refused, ZC_ARRAY_LEN(refused));
    return r ? r
             : refuse(ctx, refused_senders, ZC_ARRAY_LEN(refused_senders));
}

static int add_ringless_sender_rules(scmp_filter_ctx ctx)
{
    int r = add_sender_rules(ctx);
    return r ? r : refuse(ctx, rings, ZC_ARRAY_LEN(rings));
}

static int add_receiver_rules(scmp_filter_ctx ctx)
{
    uint32_t eperm = SCMP_ACT_ERRNO(EPERM);
    int r = refuse(ctx, refused, ZC_ARRAY_LEN(refused));
    if (!r)
        r = refuse(ctx, refused_receivers, ZC_ARRAY_LEN(refused_receivers));
    if (!r)
        r = refuse(ctx, rings, ZC_ARRAY_LEN(rings));
    if (r)
        return r;
    const struct scmp_arg_cmp not_unix = SCMP_CMP64(0, SCMP_CMP_NE, AF_UNIX, 0);
    r = seccomp_rule_add_array(ctx, eperm, SCMP_SYS(socket), 1, &not_unix);
    return r ? r
             : seccomp_rule_add_array(ctx, eperm, SCMP_SYS(socketpair), 1,
                                      &not_unix);
}

typedef int add_rules_fn(scmp_filter_ctx ctx);

/* Who may call what: ADD says what is refused; ONLY: what is allowed. */
static const struct rules {
    add_rules_fn *add;
    bool only;
} rules[] = {
    [ZC_CALLS_RECEIVE] = {add_receiver_rules, false},
    [ZC_CALLS_SEND] = {add_ringless_sender_rules, false},
    [ZC_CALLS_SEND_BY_RING] = {add_sender_rules, false},
    [ZC_CALLS_ISOLATED] = {add_isolated_rules, true},
    [ZC_CALLS_ISOLATED_SERVER] = {add_serving_rules, true},
    [ZC_CALLS_ISOLATED_MERGER] = {add_merging_rules, true},
};

int zc_calls_restrict(enum zc_calls to, struct zc_err *err)
{
    const struct rules *who = &rules[to];
    if (prctl(PR_GET_SECCOMP) < 0) {
        zc_log(ZC_LOG_DEBUG, "sandbox: no seccomp here");
        return 0;
    }
    if (who->only && ZC_SANITIZED)
        who = &rules[ZC_CALLS_RECEIVE];
    scmp_filter_ctx ctx =
        seccomp_init(who->only ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_ALLOW);
    if (!ctx)
        return zc_err_nomem(err);
    int r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
    if (r == -EOPNOTSUPP)
        r = 0; /* before Linux 3.17; there are no other threads anyway */
    if (!r)
        r = who->add(ctx);
    if (!r)
        r = seccomp_load(ctx);
    seccomp_release(ctx);
    if (r)
        return zc_err_set(err, ZC_EXIT_START, -r,
                          "could not load the seccomp filter");
    return 0;
}
