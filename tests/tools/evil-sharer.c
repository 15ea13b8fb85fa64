// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hostile sharer: takes one connection of `zcsync pull` and sends what ATTACK
 * says.
 *
 *     evil-sharer ATTACK    prints "listening ADDR:PORT", then serves
 *     evil-sharer --list    "ATTACK CODES" for each: the exit codes of pull that
 *                           are right, as a pattern
 *
 * Those attacks of a sender that has dialled (evil-sender.c) that want to get out
 * of DEST are among them: "sender-ATTACK". They end without a VERDICT, so whatever
 * a receiver makes of them, a pull has failed. What DEST is expected to hold is said in evil-sender.c, too.
 */
#include "evil-files.h"
#include "evil-links.h"
#include "evil-pull.h"
#include "evil-sender.h"

static const struct {
    const struct attack *v;
    size_t n;
} tables[] = {
    {file_attacks, ZC_ARRAY_LEN(file_attacks)},
    {link_attacks, ZC_ARRAY_LEN(link_attacks)},
};

static int show_all(void)
{
    evil_show(pull_attacks, ZC_ARRAY_LEN(pull_attacks));
    for (size_t i = 0; i < ZC_ARRAY_LEN(tables); i++)
        for (size_t k = 0; k < tables[i].n; k++)
            printf("sender-%s [1-9].*\n", tables[i].v[k].name);
    return 0;
}

static const struct attack *find(const char *name)
{
    const struct attack *a = evil_find(pull_attacks,
                                       ZC_ARRAY_LEN(pull_attacks), name);
    size_t n = strncmp(name, "sender-", 7) == 0 ? ZC_ARRAY_LEN(tables) : 0;
    for (size_t i = 0; !a && i < n; i++)
        a = evil_find(tables[i].v, tables[i].n, name + 7);
    return a;
}

static int start_listening(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&at, sizeof at) ||
        listen(listener, 1) ||
        getsockname(listener, (struct sockaddr *)&at, &n))
        return -1;
    printf("listening 127.0.0.1:%u\n", ntohs(at.sin_port));
    return fflush(stdout);
}

int main(int argc, char **argv)
{
    static struct evil e = {.fd = -1};
    if (argc == 2 && strcmp(argv[1], "--list") == 0)
        return show_all();
    const struct attack *a = argc == 2 ? find(argv[1]) : NULL;
    if (!a) {
        fprintf(stderr, "usage: evil-sharer ATTACK | --list\n");
        return 2;
    }
    if (start_listening()) {
        perror("evil-sharer");
        return 2;
    }
    share = "s";
    a->run(&e, a->arg);
    while (!e.outcome[0])
        if (!evil_recv(&e))
            break;
    puts(e.outcome[0] ? e.outcome : "tolerated");
    zc_buf_fini(&e.out);
    return 0;
}
