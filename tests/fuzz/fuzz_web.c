// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who may look at the status page: a line for a Host header, one for
 * Authorization, and the rest as the file of a token. No name that is not
 * listed is let in, and only who knows the token.
 */
#include "web/door.h"

#include <ctype.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The next line of *DATA on the heap, up to a NUL. */
static char *next_line(const uint8_t **data, size_t *size)
{
    const uint8_t *end = size ? memchr(*data, '\n', *size) : NULL;
    size_t n = end ? (size_t)(end - *data) : *size;
    char *line = strndup((const char *)*data, n);
    *data += end ? n + 1 : n;
    *size -= end ? n + 1 : n;
    return line;
}

/* No address has a letter behind f. */
static bool is_name(const char *host)
{
    for (const char *p = host; *p; p++)
        if (isalpha((unsigned char)*p) && tolower((unsigned char)*p) > 'f')
            return true;
    return false;
}

static bool begins(const char *host, const char *name)
{
    return strncasecmp(host, name, strlen(name)) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zc_web_door door = {.names = "ours.example, other"};
    struct zc_err err;
    zc_auto_free char *host = next_line(&data, &size);
    zc_auto_free char *authorization = next_line(&data, &size);
    if (!host || !authorization)
        return 0;
    if (zc_web_host_ok(&door, host) && is_name(host) &&
        !begins(host, "localhost") && !begins(host, "ours.example") &&
        !begins(host, "other"))
        abort();
    (void)zc_web_names_ok(host);
    if (!zc_web_token_ok(&door, authorization))
        abort();
    if (zc_web_token_parse(&door.token, "token", (const char *)data, size,
                           &err) == 0 &&
        zc_web_token_ok(&door, authorization) &&
        strlen(authorization) < ZC_WEB_TOKEN_MIN)
        abort();
    return 0;
}
