// SPDX-License-Identifier: GPL-2.0-or-later
/* daemon/waits.c: who is waited for, and whose answers count. No mirror has a
 * process here. */
#include "daemon/waits.h"

#include "daemon/conf.h"

#include "../tap.h"
#include "scratch.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static struct zc_err err;
static struct zc_mirrors *mirrors;
static struct zc_control *control;
static struct zc_conf *conf;

static void answer(struct zc_waits *w, const char *mirror, uint64_t id)
{
    const struct zc_mirror_answer a = {.id = id, .done = 1};
    zc_waits_answer(w, mirror, &a);
}

int main(void)
{
    static const char text[] = "[mirror a]\npath = /a\nto = /b\n"
                               "[mirror b]\npath = /c\nto = /d\n";
    const struct zc_mirrors_events mirror_events = {0};
    const struct zc_control_events control_events = {0};
    const struct zc_control_request one = {.verb = ZC_CONTROL_WAIT, .what = "b"},
                                    all = {.verb = ZC_CONTROL_WAIT};
    sigset_t mask;
    close(scratch());
    sigemptyset(&mask);
    conf = zc_conf_parse("conf", text, sizeof text - 1, &err);
    mirrors = zc_mirrors_new(&mirror_events, &mask);
    control = zc_control_new("control", NULL, -1, &control_events, &err);
    struct zc_waits *w = zc_waits_new(&mirrors, &control, &conf);
    if (!conf || !mirrors || !control || !w)
        skip_all("%s", err.text);

    ok(!zc_waits_add(w, 1, &one, &err) && zc_waits_clients(w) == 1,
       "somebody waits for a mirror");
    answer(w, "a", 1);
    is_int(zc_waits_clients(w), 1, "what another one answers is nothing to him");
    answer(w, "b", 2);
    is_int(zc_waits_clients(w), 1, "nor is an answer to another question");
    answer(w, "b", 1);
    is_int(zc_waits_clients(w), 0, "that mirror's own answer is");

    ok(!zc_waits_add(w, 2, &all, &err), "somebody waits for all");
    answer(w, "a", 2);
    answer(w, "a", 3);
    is_int(zc_waits_clients(w), 1, "one mirror cannot answer for two");
    answer(w, "b", 3);
    is_int(zc_waits_clients(w), 0, "each has to");

    zc_waits_free(w);
    zc_mirrors_free(mirrors);
    zc_control_free(control);
    zc_conf_free(conf);
    return done_testing();
}
