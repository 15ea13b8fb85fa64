// SPDX-License-Identifier: GPL-2.0-or-later
/* Words of a remote shell, and programs as transports (net/command.c). */
#include "tap.h"

#include "net/command.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static struct zc_err err;

static void splits(const char *text, const char *want)
{
    zc_words w = {0};
    char got[500] = "";
    int r = zc_words_split(&w, text, &err);
    for (size_t i = 0; i < w.len; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "<%s>", w.v[i]);
    is_int(r, want ? 0 : -1, "\"%s\"", text);
    if (want)
        is_str(got, want, "is %s", want);
    zc_words_fini(&w);
}

static void test_words(void)
{
    splits("", "");
    splits(" \t\n", "");
    splits("ssh", "<ssh>");
    splits("  ssh  -p 2222 ", "<ssh><-p><2222>");
    splits("'a b' c", "<a b><c>");
    splits("\"a b\"c d", "<a bc><d>");
    splits("'it''s'", "<it's>");
    splits("\"say \"\"x\"\"\"", "<say \"x\">");
    splits("'\"'", "<\">");
    splits("''", "<>");
    splits("-oX='a b' y", "<-oX=a b><y>");
    splits("'open", NULL);
    splits("x \"", NULL);

    zc_words w = {0};
    is_int(zc_words_add_plain(&w, " sudo  'a b' "), 0, "words without quotes");
    ok(w.len == 3 && !strcmp(w.v[1], "'a"), "are parted at blanks alone");
    zc_words_fini(&w);
}

static struct zc_transport *start(const char *text, pid_t *pid)
{
    zc_words w = {0};
    zc_words_split(&w, text, &err);
    struct zc_transport *t = zc_command_start(&w, "box", pid, &err);
    zc_words_fini(&w);
    return t;
}

static void test_programs(void)
{
    char bytes[4] = "abc";
    struct iovec iov = {bytes, 3};
    pid_t pid;
    int status;
    struct zc_transport *t = start("cat", &pid);
    ok(t && !zc_transport_send(t, &iov, 1), "bytes go to a program");
    memset(bytes, 0, sizeof bytes);
    ok(t && zc_transport_recv(t, bytes, 3) == 3 && !strcmp(bytes, "abc"),
       "and come from it");
    ok(t && t->socket, "over a socket, so that they may be spliced");
    zc_transport_free(t);
    waitpid(pid, &status, 0);
    ok(WIFEXITED(status) && WEXITSTATUS(status) == 0,
       "which ends with its connection");

    t = start("sh -c 'kill -PIPE $$; exit 3'", &pid);
    ok(t && zc_transport_recv(t, bytes, 1) == 0, "one that is gone has an end");
    zc_transport_free(t);
    waitpid(pid, &status, 0);
    ok(WIFSIGNALED(status), "signals are its own, whatever we ignore");

    ok(!start("/no/such/program", &pid), "one that is not there is not started");
    ok(strstr(err.text, "/no/such/program"), "and named: %s", err.text);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    test_words();
    test_programs();
    return done_testing();
}
