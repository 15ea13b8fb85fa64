// SPDX-License-Identifier: GPL-2.0-or-later
/* Asking the kernel about an interface; see card.h. */
#include "bench/card.h"

#include "base/util.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* The value of COMMAND, as SIOCETHTOOL has it; -1 where it has none. */
static int ask(int fd, const char *name, unsigned command)
{
    struct ethtool_value value = {.cmd = command};
    struct ifreq r = {.ifr_data = (void *)&value};
    snprintf(r.ifr_name, sizeof r.ifr_name, "%s", name);
    return ioctl(fd, SIOCETHTOOL, &r) ? -1 : value.data != 0;
}

bool zc_bench_card_named(const char *name, struct zc_bench_card *card)
{
    zc_auto_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    *card = (struct zc_bench_card){0};
    snprintf(card->name, sizeof card->name, "%s", name);
    if (fd < 0)
        return false;
    int gathers = ask(fd, name, ETHTOOL_GSG);
    card->known = gathers >= 0;
    card->gathers = gathers > 0;
    card->checksums = ask(fd, name, ETHTOOL_GTXCSUM) > 0;
    card->segments = ask(fd, name, ETHTOOL_GTSO) > 0;
    return card->known;
}

static bool same_address(const struct sockaddr *a, const struct sockaddr *b)
{
    if (!a || a->sa_family != b->sa_family)
        return false;
    if (a->sa_family == AF_INET)
        return ((const struct sockaddr_in *)a)->sin_addr.s_addr ==
               ((const struct sockaddr_in *)b)->sin_addr.s_addr;
    return a->sa_family == AF_INET6 &&
           !memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr,
                   &((const struct sockaddr_in6 *)b)->sin6_addr, 16);
}

bool zc_bench_card_of(int fd, struct zc_bench_card *card)
{
    struct sockaddr_storage mine;
    struct ifaddrs *all, *at;
    socklen_t n = sizeof mine;
    *card = (struct zc_bench_card){0};
    if (getsockname(fd, (struct sockaddr *)&mine, &n) || getifaddrs(&all))
        return false;
    for (at = all; at; at = at->ifa_next)
        if (same_address(at->ifa_addr, (struct sockaddr *)&mine))
            break;
    bool known = at && zc_bench_card_named(at->ifa_name, card);
    freeifaddrs(all);
    return known;
}
