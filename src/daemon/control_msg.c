// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines and frames of the control socket; see control_msg.h. */
#include "daemon/control_msg.h"

#include <string.h>

static const char *const verbs[ZC_CONTROL_VERBS] = {
    [ZC_CONTROL_STATUS] = "status",   [ZC_CONTROL_WAIT] = "wait",
    [ZC_CONTROL_PAUSE] = "pause",     [ZC_CONTROL_RESUME] = "resume",
    [ZC_CONTROL_RELEASE] = "release", [ZC_CONTROL_RESCAN] = "rescan",
    [ZC_CONTROL_VERIFY] = "verify",
};

const char *zc_control_verb_name(enum zc_control_verb verb)
{
    return verbs[verb];
}

/* Takes the word at *P, which ends at a space or at END. */
static size_t word(const char **p, const char *end, const char **start)
{
    *start = *p;
    while (*p < end && **p != ' ')
        (*p)++;
    size_t n = (size_t)(*p - *start);
    if (*p < end)
        (*p)++;
    return n;
}

static bool is(const char *p, size_t n, const char *text)
{
    return n == strlen(text) && memcmp(p, text, n) == 0;
}

static enum zc_control_verb find_verb(const char *p, size_t n)
{
    unsigned v = 0;
    while (v < ZC_CONTROL_VERBS && !is(p, n, verbs[v]))
        v++;
    return (enum zc_control_verb)v;
}

/* Whether VERB goes with so many bytes of MIRROR[@PEER]. */
static bool goes_with(enum zc_control_verb verb, size_t n)
{
    if (verb == ZC_CONTROL_STATUS)
        return n == 0;
    return verb == ZC_CONTROL_WAIT || n > 0;
}

/* "3:www dir/name" in the N bytes at P. False: it is none. */
static bool take_rescan(const char *p, size_t n, struct zc_control_request *r)
{
    size_t len = 0, at = 0;
    for (; at < n && p[at] >= '0' && p[at] <= '9' && len <= n; at++)
        len = 10 * len + (size_t)(p[at] - '0');
    if (at == 0 || at == n || p[at++] != ':' || len == 0 || len > n - at)
        return false;
    memcpy(r->what, p + at, len);
    at += len;
    if (at == n)
        return true;
    if (p[at++] != ' ' || at == n)
        return false;
    memcpy(r->path, p + at, n - at);
    return true;
}

int zc_control_parse(const char *line, size_t n,
                     struct zc_control_request *r, struct zc_err *err)
{
    const char *p = line, *end = line + n, *w;
    memset(r, 0, sizeof *r);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            return zc_err_set(err, ZC_EXIT_STREAM, 0,
                              "the request has a control byte in it");
    size_t len = word(&p, end, &w);
    if (!is(w, len, "zcsync"))
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "the request is none of zcsync's");
    len = word(&p, end, &w);
    if (!is(w, len, "1"))
        return zc_err_set(err, ZC_EXIT_PROTOCOL, 0,
                          "this zcsyncd speaks version %d of the control "
                          "protocol: restart it after an update",
                          ZC_CONTROL_VERSION);
    len = word(&p, end, &w);
    size_t rest = (size_t)(end - p);
    r->verb = find_verb(w, len);
    bool rescan = r->verb == ZC_CONTROL_RESCAN;
    if (r->verb == ZC_CONTROL_VERBS || !goes_with(r->verb, rest) ||
        rest >= sizeof r->what || (rescan && !take_rescan(p, rest, r)))
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "the request asks for nothing that zcsyncd knows");
    if (!rescan)
        memcpy(r->what, p, rest);
    return 0;
}

void zc_control_put(struct zc_buf *out, enum zc_control_type type,
                    const void *body, size_t n)
{
    zc_buf_u32(out, (uint32_t)n);
    zc_buf_u32(out, type);
    zc_buf_put(out, body, n);
}

void zc_control_put_waiting(struct zc_buf *out, const char *mirror,
                            const char *text)
{
    size_t name = strlen(mirror), n = strlen(text);
    zc_buf_u32(out, (uint32_t)(4 + name + n));
    zc_buf_u32(out, ZC_CONTROL_ANSWER_WAITING);
    zc_buf_u32(out, (uint32_t)name);
    zc_buf_put(out, mirror, name);
    zc_buf_put(out, text, n);
}

void zc_control_put_error(struct zc_buf *out, enum zc_exit code,
                          const char *text)
{
    size_t n = strlen(text);
    zc_buf_u32(out, (uint32_t)(4 + n));
    zc_buf_u32(out, ZC_CONTROL_ANSWER_ERROR);
    zc_buf_u32(out, code);
    zc_buf_put(out, text, n);
}

int zc_control_head(const uint8_t head[ZC_CONTROL_HEAD],
                    enum zc_control_type *type, size_t *n)
{
    struct zc_rd in = zc_rd_init(head, ZC_CONTROL_HEAD);
    *n = zc_rd_u32(&in);
    uint32_t t = zc_rd_u32(&in);
    *type = (enum zc_control_type)t;
    return t < ZC_CONTROL_ANSWER_STATUS || t > ZC_CONTROL_ANSWER_ERROR ||
                   *n > ZC_CONTROL_BODY_MAX
               ? -1
               : 0;
}

int zc_control_get_waiting(const void *body, size_t n, char **mirror,
                           char **text)
{
    struct zc_rd in = zc_rd_init(body, n);
    uint32_t len = zc_rd_u32(&in);
    const char *name = (const char *)zc_rd_bytes(&in, len);
    size_t rest = zc_rd_left(&in);
    const char *why = (const char *)zc_rd_bytes(&in, rest);
    if (in.bad)
        return -1;
    *mirror = strndup(name ? name : "", len);
    *text = strndup(why ? why : "", rest);
    if (*mirror && *text)
        return 0;
    free(*mirror);
    free(*text);
    return -1;
}

void zc_control_get_error(const void *body, size_t n, struct zc_err *err)
{
    struct zc_rd in = zc_rd_init(body, n);
    uint32_t code = zc_rd_u32(&in);
    size_t rest = zc_rd_left(&in);
    const char *text = (const char *)zc_rd_bytes(&in, rest);
    if (in.bad || code == 0 || code > 255)
        code = ZC_EXIT_STREAM;
    zc_err_set(err, (enum zc_exit)code, 0, "%.*s", text ? (int)rest : 0,
               text ? text : "");
}
