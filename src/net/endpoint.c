// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading SRC and DEST. The colons decide:
 *
 *   zcsync://HOST[:PORT]/SHARE[/SUB]
 *   zcsync://[/SOCKET]/SHARE[/SUB]
 *   no colon, or a slash before the first one      local
 *   HOST::SHARE[/SUB]
 *   [USER@]HOST:PATH
 *   ssh://[USER@]HOST[:PORT]/PATH
 *
 * where the colons inside [2001:db8::1] do not count.
 */
#include "net/endpoint.h"

#include "base/relpath.h"
#include "net/address.h"
#include "net/unix.h"

#include <string.h>

static const char scheme[] = "zcsync://";
static const char ssh_scheme[] = "ssh://";

/* The functions below return NULL, or what is wrong with the text: the end of
 * the sentence. */
static const char no_memory[] = "out of memory";
static const char no_user[] = "a daemon takes no user name";

bool zc_share_name_ok(const char *name, size_t n)
{
    if (!zc_name_ok(name, n))
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)name[i];
        if (c < 0x20 || c == 0x7f || c == ':')
            return false;
    }
    return true;
}

/* Host and user names end up in messages and in the arguments of ssh: nothing
 * that could be taken for an option, nothing that a terminal would obey. */
static bool host_ok(const char *s, size_t n)
{
    if (n == 0 || n > ZC_NAME_MAX || *s == '-')
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c <= 0x20 || c == 0x7f || strchr("/[]", c))
            return false;
    }
    return true;
}

static bool port_ok(const char *s, size_t n)
{
    unsigned v = 0;
    if (n == 0 || n > 5)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
        v = v * 10 + (unsigned)(s[i] - '0');
    }
    return v > 0 && v <= UINT16_MAX;
}

/* Where the host (brackets included) at the start of S ends: at the first ':'
 * or '/' outside brackets, or at the NUL. */
static size_t host_span(const char *s)
{
    size_t inside = *s == '[' ? strcspn(s, "]/") : 0;
    return inside + strcspn(s + inside, ":/");
}

/* Copies the host of N bytes at S to *HOST, its brackets taken off. */
static const char *take_host(const char *s, size_t n, char **host)
{
    if (n > 2 && s[0] == '[' && s[n - 1] == ']') {
        s++;
        n -= 2;
        if (!zc_addr_is_v6(s, n))
            return "brackets are for IPv6 addresses";
    }
    if (!host_ok(s, n) || memchr(s, '@', n))
        return "the host's name is not valid";
    *host = strndup(s, n);
    return *host ? NULL : no_memory;
}

/* ":PORT" at *S, which moves behind it, to *PORT; NULL where there is none. */
static const char *take_port(const char **s, char **port)
{
    if (**s != ':')
        return NULL;
    const char *digits = *s + 1;
    size_t n = strcspn(digits, "/");
    if (!port_ok(digits, n))
        return "the port must be a number from 1 to 65535";
    *s = digits + n;
    *port = strndup(digits, n);
    return *port ? NULL : no_memory;
}

/* Copies PATH to E without its trailing slashes. */
static const char *take_path(const char *path, struct zc_endpoint *e)
{
    size_t n = strlen(path);
    e->trailing_slash = n && path[n - 1] == '/';
    while (n > 1 && path[n - 1] == '/')
        n--;
    e->path = strndup(path, n);
    return e->path ? NULL : no_memory;
}

/* SHARE[/SUB] */
static const char *take_share(const char *s, struct zc_endpoint *e)
{
    size_t n = strcspn(s, "/");
    if (n == 0)
        return "it names no share";
    if (!zc_share_name_ok(s, n))
        return "the share's name is not valid";
    e->share = strndup(s, n);
    if (!e->share)
        return no_memory;

    const char *why = take_path(s[n] ? s + n + 1 : "", e);
    if (why)
        return why;
    if (s[n] && !s[n + 1])
        e->trailing_slash = true; /* "SHARE/" */
    if (*e->path && !zc_relpath_ok(e->path, strlen(e->path)))
        return "the path below the share must be plain names joined by "
               "single slashes";
    return NULL;
}

/* [/PATH]/SHARE[/SUB]: a socket of this machine. */
static const char *take_socket(const char *s, struct zc_endpoint *e)
{
    size_t n = strcspn(s + 1, "]");
    if (!s[1 + n])
        return "the bracket is not closed";
    if (n > ZC_UNIX_PATH_MAX)
        return "the path of the socket is too long";
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[1 + i] < 0x20 || s[1 + i] == 0x7f)
            return "the path of the socket is not valid";
    e->host = strndup(s + 1, n);
    e->port = strdup(ZC_DEFAULT_PORT);
    if (!e->host || !e->port)
        return no_memory;
    s += 1 + n + 1;
    if (*s == ':')
        return "a socket with a path has no port";
    return take_share(*s == '/' ? s + 1 : "", e);
}

static const char *take_url(const char *s, struct zc_endpoint *e)
{
    e->kind = ZC_AT_DAEMON;
    if (strncmp(s, "[/", 2) == 0)
        return take_socket(s, e);
    size_t n = host_span(s);
    if (memchr(s, '@', n))
        return no_user;
    const char *why = take_host(s, n, &e->host);
    if (why)
        return why;
    s += n;
    why = take_port(&s, &e->port);
    if (!why && !e->port && !(e->port = strdup(ZC_DEFAULT_PORT)))
        why = no_memory;
    return why ? why : take_share(*s == '/' ? s + 1 : "", e);
}

static const char *take_daemon(const char *s, size_t host_len,
                               struct zc_endpoint *e)
{
    e->kind = ZC_AT_DAEMON;
    if (memchr(s, '@', host_len))
        return no_user;
    const char *why = take_host(s, host_len, &e->host);
    if (why)
        return why;
    e->port = strdup(ZC_DEFAULT_PORT);
    return e->port ? take_share(s + host_len + 2, e) : no_memory;
}

/* [USER@]HOST of LEN bytes; AT is the '@' that ends USER, or NULL. */
static const char *take_login(const char *s, const char *at, size_t len,
                              struct zc_endpoint *e)
{
    if (at) {
        if (!host_ok(s, (size_t)(at - s)))
            return "the user's name is not valid";
        e->user = strndup(s, (size_t)(at - s));
        if (!e->user)
            return no_memory;
        len -= (size_t)(at + 1 - s);
        s = at + 1;
    }
    return take_host(s, len, &e->host);
}

/* [USER@]HOST:PATH; likewise. */
static const char *take_ssh(const char *s, const char *at, size_t len,
                            struct zc_endpoint *e)
{
    e->kind = ZC_AT_SSH;
    const char *path = s + len + 1;
    size_t digits = strspn(path, "0123456789");
    if (digits && strncmp(path + digits, "::", 2) == 0)
        return "a port is written zcsync://HOST:PORT/SHARE";
    const char *why = take_login(s, at, len, e);
    return why ? why : take_path(*path ? path : ".", e);
}

/* [USER@]HOST[:PORT]/PATH: from the root, as no directory is said to begin in;
 * but "/~" and "/~USER" are homes. */
static const char *take_ssh_url(const char *s, struct zc_endpoint *e)
{
    e->kind = ZC_AT_SSH;
    const char *at = memrchr(s, '@', strcspn(s, "/["));
    const char *host = at ? at + 1 : s;
    size_t len = (size_t)(host - s) + host_span(host);
    const char *why = take_login(s, at, len, e);
    s += len;
    if (!why)
        why = take_port(&s, &e->port);
    if (!why && *s != '/')
        why = "there is no path behind the host";
    return why ? why : take_path(s[1] == '~' ? s + 1 : s, e);
}

static const char *parse(const char *text, struct zc_endpoint *e)
{
    if (!*text)
        return "it is empty";
    if (strncmp(text, "rsync://", 8) == 0)
        return "that is a daemon of rsync's, which zcsync does not speak to; "
               "zcsync's own is zcsync://HOST/SHARE or HOST::SHARE, and "
               "HOST:PATH goes over SSH";
    if (strncmp(text, scheme, sizeof scheme - 1) == 0)
        return take_url(text + sizeof scheme - 1, e);
    if (strncmp(text, ssh_scheme, sizeof ssh_scheme - 1) == 0)
        return take_ssh_url(text + sizeof ssh_scheme - 1, e);

    /* The '@' of a user stands before the host's first colon, or before the
     * bracket of an IPv6 address. */
    size_t before = strcspn(text, ":/[");
    const char *at = memrchr(text, '@', before);
    const char *host = at ? at + 1 : text;
    size_t len = (size_t)(host - text) + host_span(host);
    if (text[len] != ':') {
        e->kind = ZC_AT_LOCAL;
        return take_path(text, e);
    }
    if (text[len + 1] == ':')
        return take_daemon(text, len, e);
    return take_ssh(text, at, len, e);
}

int zc_endpoint_parse(const char *text, struct zc_endpoint *e,
                      struct zc_err *err)
{
    memset(e, 0, sizeof *e);
    const char *why = parse(text, e);
    if (!why)
        return 0;
    zc_endpoint_fini(e);
    if (why == no_memory)
        return zc_err_nomem(err);
    return zc_err_set(err, ZC_EXIT_USAGE, 0,
                      "cannot make sense of \"%.512s\": %s", text, why);
}

void zc_endpoint_fini(struct zc_endpoint *e)
{
    free(e->user);
    free(e->host);
    free(e->port);
    free(e->share);
    free(e->path);
    memset(e, 0, sizeof *e);
}
