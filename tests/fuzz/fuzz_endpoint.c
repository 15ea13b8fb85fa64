// SPDX-License-Identifier: GPL-2.0-or-later
/* SRC, DEST and listen addresses: whatever is accepted keeps the promises of
 * endpoint.h. */
#include "net/endpoint.h"

#include "base/relpath.h"
#include "net/address.h"

#include <string.h>

static void must(bool truth)
{
    if (!truth)
        abort();
}

static void endpoint(const char *text)
{
    struct zc_endpoint e;
    struct zc_err err = {0};

    if (zc_endpoint_parse(text, &e, &err)) {
        must(err.code == ZC_EXIT_USAGE && err.text[0]);
        return;
    }
    size_t n = strlen(e.path);
    must(n < 2 || e.path[n - 1] != '/');
    must((e.kind == ZC_AT_DAEMON) == (e.share != NULL));
    must(e.kind == ZC_AT_SSH || (e.kind == ZC_AT_DAEMON) == (e.port != NULL));
    must((e.kind == ZC_AT_LOCAL) == (e.host == NULL));
    if (e.host && *e.host == '/')
        must(e.kind == ZC_AT_DAEMON && strlen(e.host) < 108 &&
             !strpbrk(e.host, "]\n\x1b"));
    else if (e.host)
        must(*e.host && *e.host != '-' && !strpbrk(e.host, " /[]@\n\x1b"));
    if (e.user)
        must(e.kind == ZC_AT_SSH && *e.user && *e.user != '-');
    if (e.share) {
        must(zc_share_name_ok(e.share, strlen(e.share)));
        must(!n || zc_relpath_ok(e.path, n));
    } else {
        must(n > 0);
    }
    zc_endpoint_fini(&e);
}

static void address(const char *text)
{
    char *host, *port;
    if (zc_addr_split(text, &host, &port, NULL) == 0)
        must(*port && (!host || *host));
    free(host);
    free(port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    endpoint(text);
    address(text);
    free(text);
    return 0;
}
