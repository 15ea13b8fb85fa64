// SPDX-License-Identifier: GPL-2.0-or-later
/* Jump hosts, taken apart; see hop.h. */
#include "ssh/hop.h"

#include <string.h>

bool zc_ssh_hop_parse(char *text, struct zc_ssh_hop *h)
{
    *h = (struct zc_ssh_hop){0};
    if (!strncmp(text, "ssh://", 6))
        text += 6;
    text[strcspn(text, "/")] = '\0';
    char *at = strrchr(text, '@');
    if (at) {
        *at = '\0';
        h->user = text;
        text = at + 1;
    }
    char *rest = text;
    if (*text == '[') {
        h->host = text + 1;
        rest = strchr(text, ']');
        if (!rest)
            return false;
        *rest++ = '\0';
    } else {
        h->host = text;
        rest += strcspn(text, ":");
        if (*rest && strchr(rest + 1, ':')) /* IPv6 without brackets */
            rest += strlen(rest);
    }
    if (*rest == ':') {
        *rest = '\0';
        h->port = rest + 1;
    } else if (*rest) {
        return false;
    }
    return *h->host && *h->host != '-' && !strpbrk(h->host, "[]") &&
           (!h->user || *h->user) && (!h->port || *h->port);
}
