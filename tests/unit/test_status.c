// SPDX-License-Identifier: GPL-2.0-or-later
/* src/mirror/status.c: texts are of one piece while they are being written, by
 * this process or another. */
#include "tap.h"

#include "base/clock.h"
#include "mirror/status.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define ROUNDS 10000

static struct zc_mirror_status *new_status(void)
{
    void *p = mmap(NULL, sizeof(struct zc_mirror_status),
                   PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

static void test_states(void)
{
    struct zc_mirror_status *m = new_status();
    struct zc_peer_status *p = &m->peers[3];

    is_str(zc_mirror_state_text(ZC_MIRROR_WATCHING), "watching", "watching");
    is_str(zc_mirror_state_text(ZC_MIRROR_STOPPED), "stopped", "stopped");
    is_str(zc_mirror_state_text(999), "unknown", "a state from the future");
    is_str(zc_peer_state_text(ZC_PEER_IN_SYNC), "in sync", "in sync");
    is_str(zc_peer_state_text(ZC_PEER_BLOCKED), "blocked", "blocked");
    is_str(zc_peer_state_text(~0U), "unknown", "no state at all");

    zc_mirror_set_state(m, ZC_MIRROR_STARTING);
    ok(m->since > 0, "the first state has a beginning, even if it is state 0");
    m->since = 5;
    zc_mirror_set_state(m, ZC_MIRROR_STARTING);
    is_int(m->since, 5, "the same state again does not begin anew");
    zc_mirror_set_state(m, ZC_MIRROR_GONE);
    ok(m->state == ZC_MIRROR_GONE && m->since > 5, "another one does");
    zc_peer_set_state(p, ZC_PEER_BEHIND);
    ok(p->state == ZC_PEER_BEHIND && p->since > 0, "so do those of peers");
    p->since = 7;
    zc_peer_set_state(p, ZC_PEER_BEHIND);
    is_int(p->since, 7, "likewise");
    munmap(m, sizeof *m);
}

static void test_texts(void)
{
    struct zc_mirror_status *m = new_status();
    struct zc_peer_status *p = &m->peers[0];
    char path[ZC_STATUS_TEXT], text[ZC_STATUS_TEXT];
    char longer[ZC_STATUS_TEXT + 100];

    zc_mirror_get_text(m, text, NULL);
    is_str(text, "", "no text at first");
    zc_mirror_set_text(m, "the source is not there");
    zc_mirror_get_text(m, text, NULL);
    is_str(text, "the source is not there", "a text");
    zc_mirror_set_text(m, NULL);
    zc_mirror_get_text(m, text, NULL);
    is_str(text, "the source is not there", "NULL leaves it");

    zc_peer_set_text(p, "a/b", "no room");
    zc_peer_set_text(p, NULL, "read-only");
    zc_peer_get_text(p, path, text, NULL);
    is_str(path, "a/b", "one of two changed: the path");
    is_str(text, "read-only", "and the text");
    unsigned seq = p->seq;
    zc_peer_set_text(p, "a/b", "read-only");
    is_int(p->seq, seq, "the same again disturbs nobody");

    char security[ZC_STATUS_SECURITY], key[ZC_STATUS_SECURITY];
    zc_peer_get_security(p, security, key, NULL);
    ok(!*security && !*key, "no connection: neither security nor key");
    zc_peer_set_security(p, "AES-256-GCM", "abc=");
    zc_peer_get_security(p, security, key, NULL);
    is_str(security, "AES-256-GCM", "the security of a connection");
    is_str(key, "abc=", "and its key");
    is_int(p->seq, seq + 2, "readers saw it as one change");
    zc_peer_set_security(p, "AES-256-GCM", "abc=");
    is_int(p->seq, seq + 2, "the same again is none");

    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    zc_peer_set_text(p, longer, "");
    zc_peer_get_text(p, path, text, NULL);
    is_int(strlen(path), ZC_STATUS_TEXT - 1, "a long one is cut");
    is_str(text, "", "a text is taken away");
    memcpy(longer + ZC_STATUS_TEXT - 2, "\xc3\xa9", 2);
    zc_mirror_set_text(m, longer);
    zc_mirror_get_text(m, text, NULL);
    is_int(strlen(text), ZC_STATUS_TEXT - 2, "not within a character");

    int patience = 3;
    atomic_store(&p->seq, 1);
    zc_peer_get_text(p, path, text, &patience);
    is_int(patience, 0, "who died while he wrote is waited for");
    zc_peer_get_security(p, security, key, &patience);
    zc_mirror_get_note(m, text, &patience);
    is_int(patience, 0, "once, for all that is read");
    munmap(m, sizeof *m);
}

static void write_texts(struct zc_peer_status *p)
{
    char path[ZC_STATUS_TEXT], text[ZC_STATUS_TEXT];
    for (int i = 0; i < ROUNDS; i++) {
        size_t n = (size_t)(i % 400);
        memset(path, 'a' + i % 26, sizeof path);
        memset(text, 'a' + i % 26, sizeof text);
        path[n] = text[n] = '\0';
        zc_peer_set_text(p, path, text);
        /* Nobody writes without a pause, and readers need one. */
        for (int64_t end = zc_clock_ns() + 20000; zc_clock_ns() < end;)
            ;
    }
    atomic_store(&p->rounds, 1);
}

/* One letter throughout, and both of one length. */
static bool of_one_piece(const char *path, const char *text)
{
    return strcmp(path, text) == 0 && strspn(path, (char[]){*path, 0}) ==
                                          strlen(path);
}

static bool read_texts(struct zc_peer_status *p)
{
    char path[ZC_STATUS_TEXT], text[ZC_STATUS_TEXT];
    bool good = true;
    while (!atomic_load(&p->rounds) && good) {
        zc_peer_get_text(p, path, text, NULL);
        good = of_one_piece(path, text);
    }
    return good;
}

static void *reader_main(void *arg)
{
    return read_texts(arg) ? arg : NULL;
}

static void test_at_once(void)
{
    struct zc_mirror_status *m = new_status();
    struct zc_peer_status *p = &m->peers[0];
    pthread_t reader;
    void *good = NULL;
    pid_t pid = fork();
    if (pid == 0)
        _exit(read_texts(p) ? 0 : 1);
    if (pthread_create(&reader, NULL, reader_main, p) == 0) {
        write_texts(p);
        pthread_join(reader, &good);
    }
    int status = -1;
    waitpid(pid, &status, 0);
    ok(good, "a thread reads whole texts");
    is_int(status, 0, "and so does another process");

    p->seq = 3; /* its writer was killed */
    char path[ZC_STATUS_TEXT], text[ZC_STATUS_TEXT];
    zc_peer_get_text(p, path, text, NULL);
    ok(true, "a writer that died holds up no reader");
    zc_peer_set_text(p, "next", "writer");
    zc_peer_get_text(p, path, text, NULL);
    ok(strcmp(path, "next") == 0 && !(p->seq & 1), "nor the next writer");
    munmap(m, sizeof *m);
}

int main(void)
{
    test_states();
    test_texts();
    test_at_once();
    return done_testing();
}
