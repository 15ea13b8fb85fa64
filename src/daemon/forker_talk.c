// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests and answers, as packets; see forker_talk.h. */
#include "daemon/forker_talk.h"

#include "net/passfd.h"

#include <string.h>
#include <sys/socket.h>

int zc_forker_ask(int to, enum zc_forker_want want, const char *path)
{
    char packet[ZC_FORKER_REQUEST_MAX];
    size_t n = strlen(path) + 1;
    if (n + 1 > sizeof packet) {
        errno = ENAMETOOLONG;
        return -1;
    }
    packet[0] = (char)want;
    memcpy(packet + 1, path, n++);
    return send(to, packet, n, MSG_NOSIGNAL) == (ssize_t)n ? 0 : -1;
}

static bool starts(char c)
{
    return c == ZC_FORKER_START || c == ZC_FORKER_BESIDE;
}

/* Descriptors that come beside it are let go by recv(2). */
int zc_forker_hear(int from, char out[ZC_FORKER_REQUEST_MAX])
{
    ssize_t n;
    do
        n = recv(from, out, ZC_FORKER_REQUEST_MAX, MSG_TRUNC);
    while (n < 0 && errno == EINTR);
    if (n < 2 || n > ZC_FORKER_REQUEST_MAX ||
        memchr(out, '\0', (size_t)n) != out + n - 1)
        return -1;
    return starts(out[0]) || (out[0] == ZC_FORKER_END && starts(out[1])) ? 0
                                                                        : -1;
}

int zc_forker_answer(int to, int eno, int pass)
{
    return zc_passfd_send(to, &eno, sizeof eno, pass) < 0 ? -1 : 0;
}

int zc_forker_hear_answer(int from, int *fd)
{
    int eno, passed;
    ssize_t n;
    do
        n = zc_passfd_recv(from, &eno, sizeof eno, &passed);
    while (n < 0 && errno == EINTR);
    bool whole = n == sizeof eno && eno >= 0;
    if (whole && !eno && fd && passed >= 0) {
        *fd = passed;
        return 0;
    }
    zc_close(&passed);
    if (!whole)
        return -1;
    return !eno && fd ? EMFILE : eno; /* there was no room for it here */
}
