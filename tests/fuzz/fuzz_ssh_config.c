// SPDX-License-Identifier: GPL-2.0-or-later
/* ssh_config by our own reader, and what `ssh -G` writes. What is taken has
 * values that make sense; what is not has a sentence with file and line. */
#include "ssh/config.h"
#include "ssh/hop.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
    if (!truth)
        abort();
}

/* TEXT as one jump host, and each that is between commas. */
static void hops(const char *text)
{
    struct zc_ssh_hop h;
    for (const char *at = text; at; at = strchr(at, ',')) {
        at += *at == ',';
        char *copy = strdup(at);
        must(copy != NULL);
        copy[at == text ? strlen(copy) : strcspn(copy, ",")] = '\0';
        if (zc_ssh_hop_parse(copy, &h)) {
            must(*h.host && *h.host != '-' && !strpbrk(h.host, "/@[]"));
            must(!h.user || (*h.user && !strchr(h.user, '/')));
            must(!h.port || (*h.port && !strpbrk(h.port, "/@")));
        }
        free(copy);
    }
}

static void look(struct zc_ssh_config *c)
{
    must(c->port <= 65535 && c->identity_files.len <= ZC_SSH_WORDS_MAX &&
         c->user_known_hosts.len <= ZC_SSH_WORDS_MAX);
    must(!c->proxy_jump || !c->proxy_command);
    for (size_t i = 0; i < c->identity_files.len; i++) {
        must(strlen(c->identity_files.v[i]) <= ZC_SSH_VALUE_MAX);
        free(zc_ssh_expand(c, c->identity_files.v[i], true, NULL));
    }
    if (c->proxy_jump)
        hops(c->proxy_jump);
    if (c->proxy_command)
        free(zc_ssh_expand(c, c->proxy_command, false, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zc_err err = {0};
    struct zc_ssh_config c = {.host = strdup("web")};
    if (zc_ssh_config_parse(&c, "F", (const char *)data, size, &err))
        must(!strncmp(err.text, "F:", 2) && err.code == ZC_EXIT_USAGE);
    else
        look(&c);
    zc_ssh_config_fini(&c);
    c = (struct zc_ssh_config){.host = strdup("web")};
    if (zc_ssh_config_take(&c, (const char *)data, size, &err) == 0)
        look(&c);
    zc_ssh_config_fini(&c);
    return 0;
}
