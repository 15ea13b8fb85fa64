// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Single words of command lines and configurations: sizes, intervals, times to stop at,
 * how to compress, suffixes; command lines of remote shells; and paths by the letter.
 * All readers get the whole input, up to a NUL. What is taken is within its bounds, and
 * the same again when it is written out.
 */
#include "base/relpath.h"
#include "base/size.h"
#include "cli/stop_time.h"
#include "cli/wrap.h"
#include "fs/room.h"
#include "net/command.h"
#include "net/compress.h"
#include "session/options.h"
#include "tree/suffix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define YEAR_S (366 * 86400)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
    if (!truth)
        abort();
}

static void sizes(const char *text)
{
    char again[32];
    uint64_t n, m;
    unsigned s, t;
    struct zc_min_free f;
    if (zc_size_parse(text, 1, &n) == 0) {
        snprintf(again, sizeof again, "%llu", (unsigned long long)n);
        must(zc_size_parse(again, 1, &m) == 0 && m == n);
        snprintf(again, sizeof again, "%llub", (unsigned long long)n);
        must(zc_size_parse(again, 1024, &m) == 0 && m == n);
    } else {
        must(errno == EINVAL || errno == ERANGE);
    }
    if (zc_interval_parse(text, &s) == 0) {
        snprintf(again, sizeof again, "%us", s);
        must(s <= YEAR_S);
        must(!s || (zc_interval_parse(again, &t) == 0 && s == t));
    }
    if (zc_min_free_parse(text, &f) == 0)
        must(f.hundredths <= 10000 && (!f.bytes || !f.hundredths));
}

static void choices(const char *text)
{
    char again[32];
    int how, same;
    enum zc_delta delta;
    enum zc_fsync fsync;
    if (zc_compress_parse(text, &how) == 0) {
        zc_compress_text(how, again, sizeof again);
        must(zc_compress_parse(again, &same) == 0 && how == same);
    }
    if (zc_delta_parse(text, &delta) == 0)
        must(!strcmp(zc_delta_name(delta), text));
    if (zc_fsync_parse(text, &fsync) == 0)
        must(!strcmp(zc_fsync_name(fsync), text));
}

static void times(const char *text)
{
    const time_t now = 1700000000;
    struct zc_err err = {0};
    time_t at;
    if (zc_stop_at(text, now, &at, &err))
        must(err.code == ZC_EXIT_USAGE && err.text[0]);
    else
        must(at > now);
    if (zc_stop_after(text, now, &at, &err))
        must(err.code == ZC_EXIT_USAGE && err.text[0]);
    else
        must(at >= now);
}

/* Appends WORD as one that is split off again. */
static void put_quoted(struct zc_buf *b, const char *word)
{
    zc_buf_put_str(b, b->len ? " '" : "'");
    for (; *word; word++) {
        zc_buf_u8(b, (uint8_t)*word);
        if (*word == '\'')
            zc_buf_u8(b, '\'');
    }
    zc_buf_u8(b, '\'');
}

static void words(const char *text)
{
    zc_words w = {0}, again = {0}, plain = {0};
    struct zc_err err = {0};
    struct zc_buf b = ZC_BUF_INIT;
    if (zc_words_split(&w, text, &err) == 0) {
        for (size_t i = 0; i < w.len; i++)
            put_quoted(&b, w.v[i]);
        zc_buf_u8(&b, 0);
        must(zc_words_split(&again, (char *)b.data, &err) == 0);
        must(w.len == again.len);
        for (size_t i = 0; i < w.len; i++)
            must(!strcmp(w.v[i], again.v[i]));
    } else {
        must(err.code == ZC_EXIT_USAGE && err.text[0]);
    }
    must(zc_words_add_plain(&plain, text) == 0);
    for (size_t i = 0; i < plain.len; i++)
        must(plain.v[i][0] && !strpbrk(plain.v[i], " \t\n"));
    zc_words_fini(&w);
    zc_words_fini(&again);
    zc_words_fini(&plain);
    zc_buf_fini(&b);
}

/* Does going to TARGET from DEPTH levels below the top ever leave it? */
static bool leaves(const char *target, long depth)
{
    if (*target == '/')
        return true;
    while (*target) {
        size_t n = strcspn(target, "/");
        if (n == 2 && !strncmp(target, "..", 2))
            depth--;
        else if (n && !(n == 1 && *target == '.'))
            depth++;
        if (depth < 0)
            return true;
        target += n + (target[n] == '/');
    }
    return false;
}

static void paths(const char *text)
{
    char *flat = strdup(text), *dir;
    must(flat != NULL);
    if (zc_relpath_flatten(flat)) {
        must(!*flat || strlen(flat) > ZC_NAME_MAX ||
             zc_relpath_ok(flat, strlen(flat)));
        must(strlen(flat) <= strlen(text));
    }
    for (size_t depth = 0; depth < 3; depth++)
        must(!zc_target_stays(text, depth) || !leaves(text, (long)depth));
    if (zc_relpath_ok(text, strlen(text))) {
        const char *name = zc_path_split(text, &dir);
        must(dir && zc_name_ok(name, strlen(name)));
        char *whole = zc_relpath_join(strcmp(dir, ".") ? dir : "", name);
        must(whole && !strcmp(whole, text));
        free(whole);
        free(dir);
    }
    must(zc_relpath_cmp(text, text) == 0);
    free(flat);
}

/* Lines that are broken at blanks have the same words. */
static void wrapped(const char *text, size_t n)
{
    struct zc_buf b = ZC_BUF_INIT;
    zc_wrap(&b, text, n, 20);
    size_t i = 0, k = 0;
    while (i < n || k < b.len) {
        while (i < n && (text[i] == ' ' || text[i] == '\n'))
            i++;
        while (k < b.len && (b.data[k] == ' ' || b.data[k] == '\n'))
            k++;
        if (i == n || k == b.len)
            break;
        must(text[i++] == (char)b.data[k++]);
    }
    must(i == n && k == b.len);
    zc_buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, ZC_MIN(size, (size_t)4096));
    if (!text)
        return 0;
    sizes(text);
    choices(text);
    times(text);
    words(text);
    paths(text);
    wrapped(text, strlen(text));
    (void)zc_suffix_is_dense(text, "a.gz");
    (void)zc_suffix_is_dense("gz/[bx]z/jp[e]g", text);
    free(text);
    return 0;
}
