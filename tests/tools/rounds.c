// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A mirror's sender without a watcher: one session, the rounds written here.
 *
 *     rounds ADDR:PORT SHARE SRC
 *
 * SRC is as evil-receiver.c expects it. First the whole tree, then twice all
 * names in its top directory, as changed. Ends with the code of the first round
 * that failed (the brake, 25, only counts at the end), and its sentence.
 */
#include "net/dial.h"
#include "net/handshake.h"
#include "sender/session.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct zc_round_name names[] = {
    {"a-dir", ZC_CHANGE_NAME | ZC_CHANGE_DEEP},
    {"b-small", ZC_CHANGE_DATA},
    {"c-big", ZC_CHANGE_DATA},
    {"d-link", ZC_CHANGE_NAME},
    {"e-small", ZC_CHANGE_DATA},
    {"gone", ZC_CHANGE_NAME},
};
static const struct zc_round_dir top = {
    .path = "", .names = names, .n = ZC_ARRAY_LEN(names)};
static const struct zc_round_rename renames[] = {{"old", "b-small", false}};

static const struct zc_round rounds[] = {
    {.all = true},
    {.dirs = &top, .n_dirs = 1},
    {.renames = renames, .n_renames = 1, .dirs = &top, .n_dirs = 1,
     .sync = true},
};

static int run(struct zc_session *s, struct zc_err *err)
{
    int worst = 0;
    for (size_t i = 0; i < ZC_ARRAY_LEN(rounds); i++) {
        enum zc_exit code = zc_session_round(s, &rounds[i], err);
        if (code)
            fprintf(stderr, "zcsync-rounds: round %zu: %s\n", i + 1,
                    err->text);
        if (code && code != ZC_EXIT_MAX_DELETE)
            return (int)code;
        worst = code ? (int)code : worst;
    }
    return worst;
}

int main(int argc, char **argv)
{
    struct zc_err err = {0};
    struct zc_options opt;
    static struct zc_stats stats;
    char host[64], port[16];
    if (argc != 4 || sscanf(argv[1], "%63[0-9.]:%15[0-9]", host, port) != 2) {
        fprintf(stderr, "usage: rounds ADDR:PORT SHARE SRC\n");
        return 1;
    }
    signal(SIGPIPE, SIG_IGN);
    zc_options_init(&opt);
    opt.share = argv[2];
    opt.path = "";
    const struct zc_source source = zc_source_path(argv[3], NULL);
    opt.del = opt.rounds = true;
    opt.timeout_s = 3;
    struct zc_transport *t = zc_dial(host, port, 10, &err);
    struct zc_session *s = NULL;
    int code = (int)err.code;
    if (t) {
        zc_transport_set_timeout(t, opt.timeout_s);
        t = zc_shake(t, ZC_ROLE_SENDER, true, &zc_security_plain, &err);
        code = (int)err.code;
    }
    if (t) {
        s = zc_session_open(t, &source, &opt, NULL, &stats, &err);
        code = (int)err.code;
    }
    if (s)
        code = run(s, &err);
    else
        fprintf(stderr, "zcsync-rounds: %s\n", err.text);
    zc_session_close(s);
    zc_transport_free(t);
    return code;
}
