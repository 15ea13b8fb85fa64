// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A command on another host, its standard input and output ours, as ssh(1)
 * would run it, by src/ssh/:
 *
 *     sshpipe [OPTION...] [USER@]HOST COMMAND
 *     sshpipe [OPTION...] -G [USER@]HOST       what the configuration says
 *
 * -F, -i, -J, -o and -p are those of ssh(1); -n: by our own reader of
 * ssh_config; -N: keys of unknown hosts are taken; -c and -t: time-outs in
 * seconds, to connect and of the link; -a TEXT: the next answer to a question
 * (the first -a makes it so that there is somebody to ask; an empty one is no
 * answer); -w: seconds to wait for the end; -S: the stop flag is set after so
 * many milliseconds.
 *
 * Exits as the command does, or with the code of the sentence on stderr. Lines
 * there: "ask TEXT", "say TEXT", "remote TEXT", "signal NAME", "at ADDRESS".
 */
#include "base/clock.h"
#include "base/io.h"
#include "ssh/config.h"
#include "ssh/ssh.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define MOST 32
#define CHUNK 262144

static const char *answers[MOST];
static unsigned answer_count, answer_at;
static atomic_bool stop;

static char *on_ask(void *arg, enum zc_ssh_question kind, const char *text)
{
    (void)arg;
    fprintf(stderr, "ask %s%s\n",
            kind == ZC_SSH_SECRET  ? "(secret) "
            : kind == ZC_SSH_PLAIN ? "(plain) "
                                   : "",
            text);
    if (answer_at == answer_count || !*answers[answer_at])
        return NULL;
    return strdup(answers[answer_at++]);
}

static void on_say(void *arg, enum zc_log_level level, const char *sentence)
{
    (void)arg;
    (void)level;
    fprintf(stderr, "say %s\n", sentence);
}

static void on_line(void *arg, const char *line)
{
    (void)arg;
    fprintf(stderr, "remote %s\n", line);
}

static void *send_all(void *arg)
{
    int fd = *(int *)arg;
    static char chunk[CHUNK];
    ssize_t n;
    while ((n = read(0, chunk, sizeof chunk)) > 0)
        if (zc_io_write(fd, chunk, (size_t)n))
            return NULL;
    shutdown(fd, SHUT_WR);
    return NULL;
}

static void receive_all(int fd)
{
    static char chunk[CHUNK];
    ssize_t n;
    while ((n = read(fd, chunk, sizeof chunk)) > 0)
        if (zc_io_write(1, chunk, (size_t)n))
            return;
}

static void *stop_later(void *arg)
{
    zc_clock_sleep_ns(*(unsigned *)arg * 1000000LL);
    atomic_store(&stop, true);
    return NULL;
}

static int fail(const struct zc_err *err)
{
    fprintf(stderr, "sshpipe: %s\n", err->text);
    return err->code;
}

static int run(const struct zc_ssh_place *place,
               const struct zc_ssh_options *o, const char *command,
               unsigned wait_s)
{
    struct zc_err err = {0};
    struct zc_ssh_ended ended;
    pthread_t sender;
    static int fd; /* the sender may begin after we have returned */
    struct zc_ssh *s = zc_ssh_open(place, o, command, &fd, &err);
    if (!s)
        return fail(&err);
    fprintf(stderr, "at %s\n", zc_ssh_address(s) ? zc_ssh_address(s) : "-");
    if (pthread_create(&sender, NULL, send_all, &fd))
        return 99;
    receive_all(fd);
    shutdown(fd, SHUT_RDWR); /* the sender may still wait for its stdin */
    int r = zc_ssh_end(s, wait_s, &ended, &err);
    if (*ended.said)
        fprintf(stderr, "last said: %s\n", ended.said);
    if (r)
        return fail(&err);
    if (*ended.signal)
        fprintf(stderr, "signal %s\n", ended.signal);
    return ended.status < 0 ? 98 : ended.status;
}

static void show_words(const char *name, const struct zc_ssh_words *w)
{
    for (size_t i = 0; i < w->len; i++)
        printf("%s %s\n", name, w->v[i]);
}

static int show(const struct zc_ssh_place *place,
                const struct zc_ssh_options *o)
{
    struct zc_ssh_config c;
    struct zc_err err;
    if (zc_ssh_config_get(&c, place, o, &err)) {
        zc_ssh_config_fini(&c);
        return fail(&err);
    }
    printf("hostname %s\nport %u\nuser %s\n", c.hostname, c.port, c.user);
    printf("hostkeyalias %s\n", c.host_key_alias ? c.host_key_alias : "-");
    printf("identityagent %s\n", c.identity_agent ? c.identity_agent : "-");
    printf("proxyjump %s\n", c.proxy_jump ? c.proxy_jump : "-");
    printf("proxycommand %s\n", c.proxy_command ? c.proxy_command : "-");
    printf("connecttimeout %u\nalive %u %u\nprompts %u\nfamily %d\nstrict %d\n",
           c.connect_timeout_s, c.alive_interval_s, c.alive_count, c.prompts,
           c.family, (int)c.strict);
    printf("batch %d\nhash %d\nidentitiesonly %d\nuses %d %d %d\n", c.batch,
           c.hash_known_hosts, c.identities_only, c.use_pubkey,
           c.use_password, c.use_interactive);
    show_words("identityfile", &c.identity_files);
    show_words("userknownhostsfile", &c.user_known_hosts);
    show_words("globalknownhostsfile", &c.global_known_hosts);
    zc_ssh_config_fini(&c);
    return 0;
}

int main(int argc, char **argv)
{
    static const char *files[MOST], *lines[MOST];
    struct zc_ssh_options o = {.identity_files = files, .lines = lines,
                               .say = on_say, .remote_line = on_line,
                               .stop = &stop};
    static unsigned stop_ms;
    unsigned wait_s = 10;
    bool only_show = false;
    pthread_t stopper;
    int c;
    signal(SIGPIPE, SIG_IGN);
    while ((c = getopt(argc, argv, "F:i:J:o:p:nNGc:t:a:w:S:")) != -1) {
        if (c == 'F')
            o.config_file = optarg;
        else if (c == 'J')
            o.jump = optarg;
        else if (c == 'p')
            o.port = optarg;
        else if (c == 'i' && o.identity_file_count < MOST)
            files[o.identity_file_count++] = optarg;
        else if (c == 'o' && o.line_count < MOST)
            lines[o.line_count++] = optarg;
        else if (c == 'a' && answer_count < MOST)
            answers[answer_count++] = optarg;
        else if (c == 'n')
            o.own_reader = true;
        else if (c == 'N')
            o.accept_new = true;
        else if (c == 'G')
            only_show = true;
        else if (c == 'c')
            o.contimeout_s = (unsigned)atoi(optarg);
        else if (c == 't')
            o.timeout_s = (unsigned)atoi(optarg);
        else if (c == 'w')
            wait_s = (unsigned)atoi(optarg);
        else if (c == 'S') {
            stop_ms = (unsigned)atoi(optarg);
            if (pthread_create(&stopper, NULL, stop_later, &stop_ms))
                return 99;
        } else
            return 99;
    }
    if (argc - optind < 1 + !only_show)
        return 99;
    char *host = argv[optind], *at = strrchr(host, '@');
    struct zc_ssh_place place = {.host = host};
    if (at) {
        *at = '\0';
        place = (struct zc_ssh_place){.user = host, .host = at + 1};
    }
    if (answer_count)
        o.ask = on_ask;
    return only_show ? show(&place, &o)
                     : run(&place, &o, argv[optind + 1], wait_s);
}
