// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses, as sockets have them and as users write them; see address.h. */
#include "net/address.h"

#include "net/unix.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

/* --- of sockets --- */

/* An IPv4 address in its IPv6 clothes (::ffff:192.0.2.1) becomes plain. */
static void plain(union zc_address *a)
{
    if (a->any.sa_family != AF_INET6 ||
        !IN6_IS_ADDR_V4MAPPED(&a->v6.sin6_addr))
        return;
    struct sockaddr_in v4 = {.sin_family = AF_INET,
                             .sin_port = a->v6.sin6_port};
    memcpy(&v4.sin_addr, a->v6.sin6_addr.s6_addr + 12, sizeof v4.sin_addr);
    a->v4 = v4;
}

bool zc_address_loopback(const union zc_address *a)
{
    if (a->any.sa_family == AF_INET)
        return ntohl(a->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    return a->any.sa_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
}

bool zc_address_same_host(const union zc_address *a, const union zc_address *b)
{
    if (a->any.sa_family != b->any.sa_family)
        return false;
    if (a->any.sa_family == AF_INET)
        return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
    return a->any.sa_family == AF_INET6 &&
           IN6_ARE_ADDR_EQUAL(&a->v6.sin6_addr, &b->v6.sin6_addr);
}

void zc_address_text(const union zc_address *a, char *text, size_t size)
{
    char host[INET6_ADDRSTRLEN + 32], port[8];
    if (getnameinfo(&a->any, sizeof *a, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV))
        snprintf(text, size, "unknown address");
    else if (a->any.sa_family == AF_INET6)
        snprintf(text, size, "[%s]:%s", host, port);
    else
        snprintf(text, size, "%s:%s", host, port);
}

static int address_of(int fd, int (*get)(int, struct sockaddr *, socklen_t *),
                      union zc_address *a)
{
    socklen_t n = sizeof *a;
    memset(a, 0, sizeof *a);
    if (get(fd, &a->any, &n))
        return -1;
    plain(a);
    return 0;
}

static int get_here(int fd, struct sockaddr *a, socklen_t *n)
{
    return getsockname(fd, a, n);
}

static int get_there(int fd, struct sockaddr *a, socklen_t *n)
{
    return getpeername(fd, a, n);
}

int zc_address_here(int fd, union zc_address *a)
{
    return address_of(fd, get_here, a);
}

int zc_address_there(int fd, union zc_address *a)
{
    return address_of(fd, get_there, a);
}

/* --- as text --- */

bool zc_addr_is_v6(const char *s, size_t n)
{
    struct in6_addr v6;
    char plain[INET6_ADDRSTRLEN];
    const char *zone = memchr(s, '%', n);
    size_t len = zone ? (size_t)(zone - s) : n;

    if (len >= sizeof plain)
        return false;
    memcpy(plain, s, len);
    plain[len] = '\0';
    return inet_pton(AF_INET6, plain, &v6) == 1;
}

static bool port_ok(const char *port)
{
    size_t n = strlen(port);
    if (strspn(port, "0123456789") == n)
        return n && n <= 5 && atoi(port) <= UINT16_MAX;
    return true; /* a service name: getaddrinfo knows */
}

/* Cuts SPEC (written to) into *HOST and *PORT, which point into it; a part that
 * is not there is left alone. False when it makes no sense. */
static bool addr_cut(char *spec, char **host, char **port)
{
    char *rest = spec;
    if (*spec == '[') {
        rest = strchr(spec, ']');
        if (!rest || rest == spec + 1)
            return false;
        *host = spec + 1;
        *rest++ = '\0';
        if (!zc_addr_is_v6(*host, strlen(*host)))
            return false;
    } else if (*spec && !spec[strspn(spec, "0123456789")]) {
        *port = spec;
        return port_ok(spec);
    } else {
        rest = spec + strcspn(spec, ":");
        if (rest != spec)
            *host = spec;
    }
    if (!*rest)
        return true;
    if (*rest != ':' || strchr(rest + 1, ':') || !rest[1])
        return false;
    *rest = '\0';
    *port = rest + 1;
    return port_ok(*port);
}

int zc_addr_split(const char *spec, char **host, char **port,
                  struct zc_err *err)
{
    return zc_addr_split_with(spec, ZC_DEFAULT_PORT, host, port, err);
}

int zc_addr_split_with(const char *spec, const char *default_port, char **host,
                       char **port, struct zc_err *err)
{
    zc_auto_free char *copy = strdup(spec);
    char *h = NULL, *p = (char *)default_port;

    *host = *port = NULL;
    if (!copy)
        return zc_err_nomem(err);
    if (*copy == '/' && strlen(copy) > ZC_UNIX_PATH_MAX)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "\"%.512s\" is longer than %zu bytes, the most that "
                          "the path of a socket may have", spec,
                          ZC_UNIX_PATH_MAX);
    if (*copy == '/')
        h = copy;
    else if (!*copy || !addr_cut(copy, &h, &p))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "\"%.512s\" is no address: write ADDR:PORT, ADDR or "
                          "PORT, with IPv6 addresses in brackets", spec);
    *host = h ? strdup(h) : NULL;
    *port = strdup(p);
    if (!*port || (h && !*host)) {
        free(*host);
        free(*port);
        *host = *port = NULL;
        return zc_err_nomem(err);
    }
    return 0;
}
