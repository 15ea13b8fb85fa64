/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * known_hosts of OpenSSH, see sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. A line is
 *
 *     [@MARKER] HOSTS KEYTYPE KEY [COMMENT]
 *
 * HOSTS are patterns with commas between them, or one name hashed with
 * HMAC-SHA1 (|1|SALT|HASH). What makes no sense is passed over, as ssh(1) does:
 * a line of some newer kind must not keep anybody from a host that another line
 * knows. libssh2 has a reader too, which takes @revoked for a host's name and
 * knows no patterns.
 *
 * Nothing here but _load and _add touches the disk.
 */
#ifndef ZC_SSH_KNOWN_HOSTS_H
#define ZC_SSH_KNOWN_HOSTS_H

#include "base/buf.h"
#include "base/err.h"

#define ZC_KNOWN_HOSTS_MAX (16 * ZC_MIB) /* bytes in a file */
#define ZC_KNOWN_HOST_LINE 32768         /* longer ones are passed over */
#define ZC_SSH_KEY_TYPE_MAX 64           /* with NUL */
#define ZC_KNOWN_HOST_TYPES 8
/* "[HOST]:PORT" with NUL */
#define ZC_KNOWN_HOST_NAME 280

struct zc_known_host_at {
    const char *file; /* the caller's; NULL: nowhere */
    unsigned line;    /* from 1 */
};

struct zc_known_hosts_look {
    /* What is asked, set by the caller; the rest zeroed. */
    const char *name;   /* see zc_known_host_name */
    const uint8_t *key; /* the host's; NULL: only TYPES are wanted */
    size_t key_len;
    /* The first line for NAME that ... */
    struct zc_known_host_at same;      /* ... has KEY */
    struct zc_known_host_at changed;   /* ... another key of KEY's type */
    struct zc_known_host_at other;     /* ... only a key of another type */
    struct zc_known_host_at revoked;   /* ... is marked @revoked, with KEY */
    struct zc_known_host_at authority; /* ... is marked @cert-authority */
    /* Types of the keys that NAME is known by. */
    char types[ZC_KNOWN_HOST_TYPES][ZC_SSH_KEY_TYPE_MAX];
    unsigned type_count;
};

/* How HOST (no brackets) at PORT is called there: in lower case, and in
 * brackets unless PORT is 22 or 0. */
void zc_known_host_name(const char *host, unsigned port,
                        char name[ZC_KNOWN_HOST_NAME]);

/* Looks at the N bytes of FILE; L collects over several files. */
void zc_known_hosts_scan(struct zc_known_hosts_look *l, const char *file,
                         const char *bytes, size_t n);

/* The first string of a key in SSH's format (RFC 4253, 6.6). False: none. */
bool zc_ssh_key_type(const uint8_t *key, size_t n,
                     char type[ZC_SSH_KEY_TYPE_MAX]);

/* "SHA256:...", as ssh-keygen -l has it. */
#define ZC_SSH_PRINT_SIZE 64
void zc_ssh_key_print(const uint8_t *key, size_t n,
                      char print[ZC_SSH_PRINT_SIZE]);

/* All of FILE into BYTES, which is empty when there is no such file. */
int zc_known_hosts_load(const char *file, struct zc_buf *bytes,
                        struct zc_err *err);

/* Adds a line to FILE, which is made (0600, its directory 0700) when it is not
 * there. HASHED hides NAME. -1 with a sentence. */
int zc_known_hosts_add(const char *file, const char *name, const uint8_t *key,
                       size_t n, bool hashed, struct zc_err *err);

#endif
