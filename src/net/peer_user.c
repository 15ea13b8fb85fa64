// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The owner of the other socket; see peer_user.h.
 *
 * A TCP connection inside of one network namespace has two sockets, with the
 * same addresses the other way round, and inet_diag finds each by them. What is
 * not to be believed:
 *
 *   no such socket       it is elsewhere, or was closed
 *   inode 0              an orphan: its owner has closed it, and what the kernel
 *                        gives as its uid is 0 then. So it is asked twice, as
 *                        that may happen between reading the one and the other
 *   a listening socket   that is what a lookup falls back to
 *   uid 65534            in a user namespace: somebody who has no number here
 */
#include "net/peer_user.h"

#include "base/util.h"
#include "fs/proctext.h"
#include "net/address.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define STATE_LISTEN 10 /* TCP_LISTEN of the kernel's net/tcp_states.h */
#define OVERFLOW_UID 65534

/* --- asking --- */

static void put(const union zc_address *a, __be16 *port, __be32 out[4])
{
    if (a->any.sa_family == AF_INET) {
        *port = a->v4.sin_port;
        memcpy(out, &a->v4.sin_addr, sizeof a->v4.sin_addr);
    } else {
        *port = a->v6.sin6_port;
        memcpy(out, &a->v6.sin6_addr, sizeof a->v6.sin6_addr);
    }
}

/* Asks the kernel over NL for the socket whose own address is SRC and whose
 * peer is DST. False: there is none, or no answer. */
static bool find(int nl, const union zc_address *src, const union zc_address *dst,
                 struct inet_diag_msg *found)
{
    struct {
        struct nlmsghdr h;
        struct inet_diag_req_v2 r;
    } q = {.h = {.nlmsg_len = sizeof q,
                 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                 .nlmsg_flags = NLM_F_REQUEST},
           .r = {.sdiag_family = (__u8)src->any.sa_family,
                 .sdiag_protocol = IPPROTO_TCP,
                 .idiag_states = ~0u,
                 .id = {.idiag_cookie = {INET_DIAG_NOCOOKIE,
                                         INET_DIAG_NOCOOKIE}}}};
    put(src, &q.r.id.idiag_sport, q.r.id.idiag_src);
    put(dst, &q.r.id.idiag_dport, q.r.id.idiag_dst);
    if (src->any.sa_family == AF_INET6)
        q.r.id.idiag_if = src->v6.sin6_scope_id;

    union {
        struct nlmsghdr h;
        char room[4096];
    } a;
    struct sockaddr_nl from = {0};
    socklen_t from_n = sizeof from;
    if (send(nl, &q, sizeof q, 0) != sizeof q)
        return false;
    /* The answer is there when send returns. */
    ssize_t n = recvfrom(nl, &a, sizeof a, MSG_DONTWAIT,
                         (struct sockaddr *)&from, &from_n);
    if (n < (ssize_t)NLMSG_LENGTH(sizeof *found) || from.nl_pid != 0 ||
        a.h.nlmsg_type != SOCK_DIAG_BY_FAMILY)
        return false;
    memcpy(found, NLMSG_DATA(&a.h), sizeof *found);
    return found->idiag_state != STATE_LISTEN &&
           found->id.idiag_sport == q.r.id.idiag_sport &&
           found->id.idiag_dport == q.r.id.idiag_dport;
}

/* --- what comes of it --- */

static enum zc_peer_user is_user(uint32_t who, uint32_t *uid)
{
    if (who == OVERFLOW_UID && zc_proctext_sees_all_users() != 1)
        return ZC_PEER_UNKNOWN;
    *uid = who;
    return ZC_PEER_USER;
}

/* Both ends must be here. */
static bool is_from_here(const union zc_address *here, const union zc_address *there)
{
    if (there->any.sa_family == AF_INET)
        return ntohl(there->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET ||
               there->v4.sin_addr.s_addr == here->v4.sin_addr.s_addr;
    return IN6_IS_ADDR_LOOPBACK(&there->v6.sin6_addr) ||
           IN6_ARE_ADDR_EQUAL(&there->v6.sin6_addr, &here->v6.sin6_addr);
}

static enum zc_peer_user tcp_user(int nl, const union zc_address *here,
                                  const union zc_address *there, uint32_t *uid)
{
    struct inet_diag_msg a, b, ours;
    if (find(nl, there, here, &a) && a.idiag_inode &&
        find(nl, there, here, &b) && b.idiag_inode == a.idiag_inode &&
        b.idiag_uid == a.idiag_uid)
        return is_user(a.idiag_uid, uid);
    /* Where the kernel finds our own end it would have found the other. */
    return is_from_here(here, there) && find(nl, here, there, &ours)
               ? ZC_PEER_GONE
               : ZC_PEER_UNKNOWN;
}

bool zc_peer_cred(int fd, struct ucred *who)
{
    socklen_t n = sizeof *who;
    return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, who, &n) &&
           n == sizeof *who;
}

enum zc_peer_user zc_peer_user(int fd, uint32_t *uid)
{
    union zc_address here, there;
    if (zc_address_here(fd, &here) || zc_address_there(fd, &there))
        return errno == ENOTCONN ? ZC_PEER_GONE : ZC_PEER_UNKNOWN;
    if (here.any.sa_family == AF_UNIX) {
        struct ucred c;
        return zc_peer_cred(fd, &c) ? is_user(c.uid, uid) : ZC_PEER_UNKNOWN;
    }
    if (here.any.sa_family != there.any.sa_family ||
        (here.any.sa_family != AF_INET && here.any.sa_family != AF_INET6))
        return ZC_PEER_UNKNOWN;
    zc_auto_close int nl = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
                                  NETLINK_SOCK_DIAG);
    return nl < 0 ? ZC_PEER_UNKNOWN : tcp_user(nl, &here, &there, uid);
}
