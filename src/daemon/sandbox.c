// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A receiver keeps its share, a process that shakes hands keeps nothing, and one
 * that only sends changes nothing. Four layers, each of which holds by itself, put
 * in place in this order because each one may take away what the one before needs:
 *
 *   no_new_privs   nothing this process starts can gain rights
 *   Landlock       which files can be opened, made, removed, renamed
 *   capabilities   what root may still do: keep metadata
 *   seccomp        which system calls exist (calls.c)
 *
 * What Landlock does not cover (as of Linux 6.18): changing mode, owner, times
 * or attributes of a file by its path, and connecting to Unix sockets. There
 * fs/rootdir.h and ordinary permissions are the guard.
 */
#include "daemon/sandbox.h"

#include "base/log.h"
#include "daemon/calls.h"
#include "daemon/sanitized.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

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
#if ZC_SANITIZED
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
                   zc_calls_restrict(ZC_CALLS_RECEIVE, err)
               ? -1
               : 0;
}

int zc_sandbox_send(int state, bool uring, struct zc_err *err)
{
    const struct zc_tree_access own = {state, ZC_ACCESS_WRITE};
    return no_new_privs(err) ||
                   enter_landlock(SENDER, &own, state >= 0, err) ||
                   drop_capabilities(SENDER, err) ||
                   zc_calls_restrict(uring ? ZC_CALLS_SEND_BY_RING
                                           : ZC_CALLS_SEND, err)
               ? -1
               : 0;
}

/* The standard streams lead to the log, or to whatever those of the daemon lead
 * to. A sanitizer's report is let through. */
static int mute(int null, struct zc_err *err)
{
    for (int fd = STDIN_FILENO; fd <= (ZC_SANITIZED ? 1 : 2); fd++)
        if (dup2(null, fd) < 0)
            return zc_err_set(err, ZC_EXIT_START, errno,
                              "could not put away the standard streams");
    return 0;
}

static int isolate(enum zc_calls calls, struct zc_err *err)
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
    return r || zc_calls_restrict(calls, err) ? -1 : 0;
}

int zc_sandbox_isolate(struct zc_err *err)
{
    return isolate(ZC_CALLS_ISOLATED, err);
}

int zc_sandbox_isolate_server(struct zc_err *err)
{
    return isolate(ZC_CALLS_ISOLATED_SERVER, err);
}

int zc_sandbox_isolate_merger(struct zc_err *err)
{
    return isolate(ZC_CALLS_ISOLATED_MERGER, err);
}
