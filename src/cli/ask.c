// SPDX-License-Identifier: GPL-2.0-or-later
/* Asking on /dev/tty; see ask.h. */
#include "cli/ask.h"

#include "base/io.h"

#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <termios.h>

#define LINE_MAX_BYTES 256
#define LOOK_MS 200 /* how often the stop flag is looked at */

static bool say(int fd, const char *text)
{
    return zc_io_write(fd, text, strlen(text)) == 0;
}

/* A line from the terminal, cut to SIZE, without its newline and the blanks
 * around it. False: its end, or the stop. */
static bool read_line(int fd, char *line, size_t size, atomic_bool *stop)
{
    size_t n = 0;
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        char c;
        int r = poll(&p, 1, LOOK_MS);
        if (atomic_load(stop))
            return false;
        if (r <= 0)
            continue;
        ssize_t got = read(fd, &c, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        if (c == '\n')
            break;
        if (n + 1 < size && (n || (c != ' ' && c != '\t')))
            line[n++] = c;
    }
    while (n && (line[n - 1] == ' ' || line[n - 1] == '\t'))
        n--;
    line[n] = '\0';
    return true;
}

static enum zc_answer ask(int fd, const char *question, const char *other,
                          atomic_bool *stop)
{
    char line[LINE_MAX_BYTES];
    if (atomic_load(stop))
        return ZC_ANSWER_STOPPED;
    /* What was typed before the question is no answer to it. */
    tcflush(fd, TCIFLUSH);
    if (!say(fd, question))
        return ZC_ANSWER_NO_TERMINAL;
    while (read_line(fd, line, sizeof line, stop)) {
        if (strcasecmp(line, "yes") == 0 || strcmp(line, other) == 0)
            return ZC_ANSWER_YES;
        if (strcasecmp(line, "no") == 0)
            return ZC_ANSWER_NO;
        if (!say(fd, "Please type yes, no, or the key you expect: "))
            break;
    }
    return atomic_load(stop) ? ZC_ANSWER_STOPPED : ZC_ANSWER_NO;
}

enum zc_answer zc_ask(const char *question, const char *other,
                      atomic_bool *stop)
{
    zc_auto_close int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return ZC_ANSWER_NO_TERMINAL;
    return ask(fd, question, other, stop);
}

/* Typed without being shown, if that can be had. */
static char *read_answer(int fd, const char *question, bool hidden,
                         atomic_bool *stop)
{
    struct termios had, quiet;
    char *line = malloc(LINE_MAX_BYTES);
    bool changed = hidden && tcgetattr(fd, &had) == 0;
    if (changed) {
        quiet = had;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        quiet.c_lflag |= ECHONL;
        tcsetattr(fd, TCSAFLUSH, &quiet);
    }
    bool got = line && say(fd, question) &&
               read_line(fd, line, LINE_MAX_BYTES, stop);
    if (changed)
        tcsetattr(fd, TCSAFLUSH, &had);
    if (got)
        return line;
    if (line)
        sodium_memzero(line, LINE_MAX_BYTES);
    free(line);
    return NULL;
}

/* The line that is typed then, without blanks around it, on the heap; HIDDEN: it
 * is not shown, and is to be wiped. NULL: there is nobody to ask, or *STOP was
 * set. */
static char *ask_line(const char *question, bool hidden, atomic_bool *stop)
{
    zc_auto_close int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || (stop && atomic_load(stop)))
        return NULL;
    tcflush(fd, TCIFLUSH);
    return read_answer(fd, question, hidden, stop);
}

char *zc_ask_for_ssh(struct zc_remote *r, enum zc_ssh_question kind,
                     const char *text)
{
    if (r->asking)
        pthread_mutex_lock(r->asking);
    char *answer = ask_line(text, kind == ZC_SSH_SECRET, r->stop);
    if (r->asking)
        pthread_mutex_unlock(r->asking);
    return answer;
}
