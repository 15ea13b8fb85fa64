// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A receiver keeps its share, a process that shakes hands keeps nothing, and one
 * that only sends changes nothing. Four layers, each of which holds by itself, put
 * in place in this order because each one may take away what the one before needs:
 *
 *   no_new_privs   nothing this process starts can gain rights
 *   Landlock       which files can be opened, made, removed, renamed
 *   capabilities   what root may still do: keep metadata
 *   seccomp        which system calls exist
 *
 * What Landlock does not cover (as of Linux 6.18): changing mode, owner, times
 * or attributes of a file by its path, and connecting to Unix sockets. There
 * fs/rootdir.h and ordinary permissions are the guard.
 */
#include "daemon/sandbox.h"

#include "base/log.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#ifndef TCP_ULP
#define TCP_ULP 31
#endif
#ifndef SOL_TLS
#define SOL_TLS 282
#endif

enum who {
    NOBODY,
    RECEIVER,
    SENDER,
};

/* Landlock: landlock(7). Debian 12's header ends with ABI 2. */

#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)
#endif
#ifndef LANDLOCK_ACCESS_NET_BIND_TCP
#define LANDLOCK_ACCESS_NET_BIND_TCP (1ULL << 0)
#define LANDLOCK_ACCESS_NET_CONNECT_TCP (1ULL << 1)
#endif
#ifndef LANDLOCK_SCOPE_SIGNAL
#define LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define LANDLOCK_SCOPE_SIGNAL (1ULL << 1)
#endif

/* struct landlock_ruleset_attr as of ABI 6; older kernels take it as long as
 * the fields they do not know are zero. */
struct ruleset {
    uint64_t fs, net, scoped;
};

#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
/* Rights that make sense for something that is not a directory: the kernel
 * refuses a rule for a file that has others. */
#define FS_ON_FILE                                                   \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |    \
     LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_TRUNCATE |    \
     LANDLOCK_ACCESS_FS_IOCTL_DEV)
/* What no receiver needs, not even in its share. */
#define FS_NEVER (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_IOCTL_DEV)
/* A link must not be a way to more rights: there has to be as much that may be done
 * with a file by its old name as by the new one. Of names none can be made there,
 * nor removed. */
#define FS_LINK                                                      \
    (FS_READ | LANDLOCK_ACCESS_FS_REFER | LANDLOCK_ACCESS_FS_WRITE_FILE | \
     LANDLOCK_ACCESS_FS_TRUNCATE)

/* Everything that the running ABI can refuse. */
static struct ruleset ruleset_of_abi(int abi)
{
    /* ABI 1: EXECUTE (bit 0) to MAKE_SYM; ABI 2: REFER (bit 13), too. */
    struct ruleset r = {.fs = LANDLOCK_ACCESS_FS_REFER - 1};
    if (abi >= 2)
        r.fs |= LANDLOCK_ACCESS_FS_REFER;
    if (abi >= 3)
        r.fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
    if (abi >= 4)
        r.net = LANDLOCK_ACCESS_NET_BIND_TCP | LANDLOCK_ACCESS_NET_CONNECT_TCP;
    if (abi >= 5)
        r.fs |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
    if (abi >= 6)
        r.scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL;
    return r;
}

static int allow_beneath(int ruleset, int fd, uint64_t access)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = access,
                                              .parent_fd = fd};
    return (int)syscall(SYS_landlock_add_rule, ruleset,
                        LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

/*
 * What turning names into ids and back reads, directly (passwd and group) or
 * through a plug-in of nsswitch.conf(5), which has to be loaded first; the time
 * zone for messages; the number of CPUs; locks. Rules bind to inodes: a passwd
 * file that is replaced during the session is not seen any more, see
 * zc_idmap_outdated.
 */
static const char *const read_only_paths[] = {
    "/etc/passwd",        "/etc/group",
    "/etc/nsswitch.conf", "/etc/localtime",
    "/etc/ld.so.cache",   "/usr/lib",
    "/usr/lib64",         "/lib",
    "/lib64",             "/var/lib/sss",
    "/var/lib/extrausers", "/run/systemd/userdb",
    "/etc/userdb",        "/sys/devices/system/cpu",
    "/proc/locks", /* who is in the way */
#if SANITIZED
    "/proc", /* the leak check at exit looks at its own threads and maps */
#endif
};

static uint64_t rights_of(enum zc_access access)
{
    switch (access) {
    case ZC_ACCESS_TIDY:
        return LANDLOCK_ACCESS_FS_REMOVE_DIR;
    case ZC_ACCESS_READ:
        return FS_READ;
    case ZC_ACCESS_LINK:
        return FS_LINK;
    case ZC_ACCESS_WRITE:
        return ~(uint64_t)FS_NEVER;
    }
    return 0;
}

/* Adds the rules to the ruleset, which knows of the rights in KNOWN. 0, or -1 and
 * errno. */
static int add_trees(int ruleset, const struct zc_tree_access *trees, size_t n,
                     uint64_t known)
{
    for (size_t i = 0; i < n; i++)
        if (allow_beneath(ruleset, trees[i].fd,
                          known & rights_of(trees[i].access)))
            return -1;
    return 0;
}

static int add_read_only(int ruleset)
{
    struct stat st;
    for (size_t i = 0; i < ZC_ARRAY_LEN(read_only_paths); i++) {
        zc_auto_close int fd = open(read_only_paths[i], O_PATH | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st))
            continue; /* not on this system */
        uint64_t access = S_ISDIR(st.st_mode) ? FS_READ : FS_READ & FS_ON_FILE;
        if (allow_beneath(ruleset, fd, access))
            return -1;
    }
    return 0;
}

/* WHO is a sender: everything can be read; nobody: nothing can be reached. */
static int enter_landlock(enum who who, const struct zc_tree_access *trees,
                          size_t n, struct zc_err *err)
{
    int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
                           LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < (who == RECEIVER ? 2 : 1)) {
        /* ABI 1 refuses every rename from one directory to another, which is
         * how a file leaves the staging folder. */
        zc_log(ZC_LOG_DEBUG, "sandbox: no Landlock here that allows renames");
        return 0;
    }
    struct ruleset want = ruleset_of_abi(abi);
    if (who == SENDER)
        want = (struct ruleset){.fs = want.fs & ~FS_READ};
    zc_auto_close int fd = (int)syscall(SYS_landlock_create_ruleset, &want,
                                        sizeof want, 0);
    if (fd < 0)
        return zc_err_set(err, ZC_EXIT_START, errno,
                          "could not make a Landlock ruleset");
    if (add_trees(fd, trees, n, want.fs) ||
        (who == RECEIVER && add_read_only(fd)))
        return zc_err_set(err, ZC_EXIT_START, errno,
                          "could not add a Landlock rule");
    if (syscall(SYS_landlock_restrict_self, fd, 0))
        return zc_err_set(err, ZC_EXIT_START, errno,
                          "could not enter the Landlock ruleset");
    return 0;
}

/* Capabilities: capabilities(7). */

static const struct {
    cap_value_t cap;
    bool sends; /* and not only receives */
} kept[] = {
    {CAP_CHOWN, false},
    {CAP_FSETID, false},
    {CAP_MKNOD, false},
    {CAP_SETFCAP, false},
    {CAP_LINUX_IMMUTABLE, false}, /* --fileflags */
    {CAP_FOWNER, true},           /* O_NOATIME on others' files */
    {CAP_DAC_OVERRIDE, true},     /* write into what others own: sockets, too */
    {CAP_DAC_READ_SEARCH, true},  /* read it, and linkat(2) by fd */
    {CAP_SYS_ADMIN, true},        /* trusted.* and security.*; fanotify */
    {CAP_LEASE, true},            /* F_SETLEASE on others' files */
    {CAP_SYS_RESOURCE, true},     /* pipes above the limit, reserved blocks */
};

static bool keeps(enum who who, cap_value_t c)
{
    for (size_t i = 0; i < ZC_ARRAY_LEN(kept); i++)
        if (kept[i].cap == c)
            return who == RECEIVER || (who == SENDER && kept[i].sends);
    return false;
}

/* Takes all but what WHO keeps out of the bounding set, which only a process with
 * CAP_SETPCAP can do. Without it no_new_privs still stands in front of every way
 * to get them back. */
static int drop_bounding(enum who who)
{
    for (cap_value_t c = 0; c < cap_max_bits(); c++)
        if (!keeps(who, c) && cap_get_bound(c) > 0 && cap_drop_bound(c))
            return errno == EPERM ? 0 : -1;
    return 0;
}

static int drop_others(enum who who)
{
    int result = -1;
    cap_t had = cap_get_proc(), want = cap_init();
    if (!had || !want)
        goto out;
    for (size_t i = 0; i < ZC_ARRAY_LEN(kept); i++) {
        const cap_value_t *cap = &kept[i].cap;
        cap_flag_value_t on = CAP_CLEAR;
        if (!keeps(who, *cap) ||
            cap_get_flag(had, *cap, CAP_PERMITTED, &on) || on != CAP_SET)
            continue;
        if (cap_set_flag(want, CAP_PERMITTED, 1, cap, CAP_SET) ||
            cap_set_flag(want, CAP_EFFECTIVE, 1, cap, CAP_SET))
            goto out;
    }
    /* Inheritable comes out empty, and with it the ambient set. */
    result = cap_set_proc(want);
out:;
    int keep = errno;
    if (had)
        cap_free(had);
    if (want)
        cap_free(want);
    errno = keep;
    return result;
}

static int drop_capabilities(enum who who, struct zc_err *err)
{
    if (drop_bounding(who) || drop_others(who))
        return zc_err_set(err, ZC_EXIT_START, errno,
                          "could not drop capabilities");
    return 0;
}

/* seccomp, for those who work with files: everything but what they never do. A
 * list of what they do would break with the next C library. */

static const char *const refused[] = {
    /* other programs, other processes */
    "execve", "execveat", "process_vm_readv", "process_vm_writev",
    "process_madvise", "pidfd_getfd", "kcmp",
#if !SANITIZED
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

static int add_serving_rules(scmp_filter_ctx ctx)
{
    int r = allow(ctx, isolated, ZC_ARRAY_LEN(isolated));
    return r ? r : allow(ctx, serving, ZC_ARRAY_LEN(serving));
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

/* ADD says what is refused; ONLY: what is allowed. */
static int enter_seccomp(bool only, add_rules_fn *add, struct zc_err *err)
{
    if (prctl(PR_GET_SECCOMP) < 0) {
        zc_log(ZC_LOG_DEBUG, "sandbox: no seccomp here");
        return 0;
    }
    if (only && SANITIZED) {
        only = false;
        add = add_receiver_rules;
    }
    scmp_filter_ctx ctx =
        seccomp_init(only ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_ALLOW);
    if (!ctx)
        return zc_err_nomem(err);
    int r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
    if (r == -EOPNOTSUPP)
        r = 0; /* before Linux 3.17; there are no other threads anyway */
    if (!r)
        r = add(ctx);
    if (!r)
        r = seccomp_load(ctx);
    seccomp_release(ctx);
    if (r)
        return zc_err_set(err, ZC_EXIT_START, -r,
                          "could not load the seccomp filter");
    return 0;
}

static int no_new_privs(struct zc_err *err)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return zc_err_set(err, ZC_EXIT_START, errno,
                          "could not set no_new_privs");
    return 0;
}

int zc_sandbox_enter(const struct zc_tree_access *trees, size_t n,
                     struct zc_err *err)
{
    return no_new_privs(err) || enter_landlock(RECEIVER, trees, n, err) ||
                   drop_capabilities(RECEIVER, err) ||
                   enter_seccomp(false, add_receiver_rules, err)
               ? -1
               : 0;
}

int zc_sandbox_send(int state, bool uring, struct zc_err *err)
{
    const struct zc_tree_access own = {state, ZC_ACCESS_WRITE};
    return no_new_privs(err) ||
                   enter_landlock(SENDER, &own, state >= 0, err) ||
                   drop_capabilities(SENDER, err) ||
                   enter_seccomp(false,
                                 uring ? add_sender_rules
                                       : add_ringless_sender_rules, err)
               ? -1
               : 0;
}

/* The standard streams lead to the log, or to whatever those of the daemon lead
 * to. A sanitizer's report is let through. */
static int mute(int null, struct zc_err *err)
{
    for (int fd = STDIN_FILENO; fd <= (SANITIZED ? 1 : 2); fd++)
        if (dup2(null, fd) < 0)
            return zc_err_set(err, ZC_EXIT_START, errno,
                              "could not put away the standard streams");
    return 0;
}

static int isolate(add_rules_fn *add, struct zc_err *err)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return zc_err_set(err, ZC_EXIT_START, errno,
                          "could not open /dev/null");
    /* No core dump and no ptrace by others of this user: it holds a key. */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    int r = no_new_privs(err) || enter_landlock(NOBODY, NULL, 0, err) ||
            drop_capabilities(NOBODY, err) || mute(null, err);
    if (null > STDERR_FILENO)
        close(null);
    return r || enter_seccomp(true, add, err) ? -1 : 0;
}

int zc_sandbox_isolate(struct zc_err *err)
{
    return isolate(add_isolated_rules, err);
}

int zc_sandbox_isolate_server(struct zc_err *err)
{
    return isolate(add_serving_rules, err);
}
