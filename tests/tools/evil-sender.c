// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hostile sender.
 *
 *     evil-sender ADDR:PORT SHARE ATTACK   does it and prints how it ended
 *     evil-sender --list                   "ATTACK EXPECTED" for each
 *
 * Prints one line: "refused CODE SENTENCE" (the receiver said ERROR), "closed"
 * (it hung up), "finished CODE", or "tolerated" when the session was still open
 * some time after the attack. EXPECTED is "refused" where only one of the first
 * two is right, "finished" where the round has to come to its end, "any" where
 * the receiver may also live with what it got: the test then looks at what it
 * made of it.
 *
 * The share is expected to hold a symlink `planted` to a directory outside, and
 * what evil-rounds.h says.
 */
#include "evil-delta.h"
#include "evil-digests.h"
#include "evil-files.h"
#include "evil-links.h"
#include "evil-lists.h"
#include "evil-open.h"
#include "evil-rounds.h"
#include "evil-sender.h"
#include "evil-streams.h"

#include <arpa/inet.h>

static const struct {
    const struct attack *v;
    size_t n;
} tables[] = {
    {open_attacks, ZC_ARRAY_LEN(open_attacks)},
    {list_attacks, ZC_ARRAY_LEN(list_attacks)},
    {file_attacks, ZC_ARRAY_LEN(file_attacks)},
    {delta_attacks, ZC_ARRAY_LEN(delta_attacks)},
    {digest_attacks, ZC_ARRAY_LEN(digest_attacks)},
    {link_attacks, ZC_ARRAY_LEN(link_attacks)},
    {stream_attacks, ZC_ARRAY_LEN(stream_attacks)},
    {round_attacks, ZC_ARRAY_LEN(round_attacks)},
};

static int show_all(void)
{
    for (size_t i = 0; i < ZC_ARRAY_LEN(tables); i++)
        evil_show(tables[i].v, tables[i].n);
    return 0;
}

static const struct attack *find(const char *name)
{
    const struct attack *a = NULL;
    for (size_t i = 0; !a && i < ZC_ARRAY_LEN(tables); i++)
        a = evil_find(tables[i].v, tables[i].n, name);
    if (!a)
        fprintf(stderr, "evil-sender: no attack is called %s\n", name);
    return a;
}

int main(int argc, char **argv)
{
    static struct evil e = {.fd = -1};
    char host[64];
    unsigned port;

    if (argc == 2 && strcmp(argv[1], "--list") == 0)
        return show_all();
    if (argc != 4 || sscanf(argv[1], "%63[0-9.]:%u", host, &port) != 2) {
        fprintf(stderr, "usage: evil-sender ADDR:PORT SHARE ATTACK | --list\n");
        return 2;
    }
    server.sin_family = AF_INET;
    server.sin_port = htons((uint16_t)port);
    inet_pton(AF_INET, host, &server.sin_addr);
    share = argv[2];
    const struct attack *a = find(argv[3]);
    if (!a)
        return 2;
    a->run(&e, a->arg);

    /* What does the receiver say? It may have hung up while we were sending. */
    while (!e.outcome[0])
        if (!evil_recv(&e))
            break;
    puts(e.outcome[0] ? e.outcome : "tolerated");
    close(e.fd);
    zc_buf_fini(&e.out);
    return 0;
}
