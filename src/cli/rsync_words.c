// SPDX-License-Identifier: GPL-2.0-or-later
/* rsync's words for what is to be told; see rsync_words.h. */
#include "cli/rsync_words.h"

#include "base/util.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NOTHING SIZE_MAX

struct word {
    const char *name;
    size_t at; /* of an int in struct zc_info */
};

static const struct word info_words[] = {
    {"name", offsetof(struct zc_info, name)},
    {"del", offsetof(struct zc_info, del)},
    {"progress", offsetof(struct zc_info, progress)},
    {"stats", offsetof(struct zc_info, stats)},
    {"backup", NOTHING},
    {"copy", NOTHING},
    {"flist", NOTHING},
    {"misc", NOTHING},
    {"mount", NOTHING},
    {"nonreg", NOTHING},
    {"remove", NOTHING},
    {"skip", NOTHING},
    {"symsafe", NOTHING},
};

static const struct word debug_words[] = {
    {"acl", NOTHING},   {"backup", NOTHING},   {"bind", NOTHING},
    {"chdir", NOTHING}, {"connect", NOTHING},  {"cmd", NOTHING},
    {"del", NOTHING},   {"deltasum", NOTHING}, {"dup", NOTHING},
    {"exit", NOTHING},  {"filter", NOTHING},   {"flist", NOTHING},
    {"fuzzy", NOTHING}, {"genr", NOTHING},     {"hash", NOTHING},
    {"hlink", NOTHING}, {"iconv", NOTHING},    {"io", NOTHING},
    {"nstr", NOTHING},  {"own", NOTHING},      {"proto", NOTHING},
    {"recv", NOTHING},  {"send", NOTHING},     {"time", NOTHING},
};

static void set(struct zc_info *info, const struct word *w, int level)
{
    if (w->at != NOTHING)
        *(int *)((char *)info + w->at) = level;
}

/* The word of N bytes, with its level taken off. False: there is none. */
static bool take_word(const char *text, size_t n, const struct word *words,
                      size_t n_words, struct zc_info *info)
{
    size_t letters = strcspn(text, "0123456789,");
    int level = letters == n ? 1 : atoi(text + letters);
    if (letters + strspn(text + letters, "0123456789") != n || n - letters > 3)
        return false;
    bool all = letters == 3 && strncasecmp(text, "all", 3) == 0;
    bool none = letters == 4 && strncasecmp(text, "none", 4) == 0;
    bool found = all || none;
    for (size_t i = 0; i < n_words; i++) {
        const struct word *w = &words[i];
        bool it = strlen(w->name) == letters &&
                  strncasecmp(text, w->name, letters) == 0;
        if (it || all || none)
            set(info, w, none ? 0 : level);
        found |= it;
    }
    return found;
}

static int take(const char *option, const char *text, const struct word *words,
                size_t n_words, struct zc_info *info, struct zc_err *err)
{
    for (;; text++) {
        size_t n = strcspn(text, ",");
        if (n && !take_word(text, n, words, n_words, info))
            return zc_err_set(err, ZC_EXIT_USAGE, 0,
                              "%s: '%.*s' is none of rsync's words for it",
                              option, (int)ZC_MIN(n, (size_t)100), text);
        text += n;
        if (!*text)
            return 0;
    }
}

int zc_info_take(const char *words, struct zc_info *info, struct zc_err *err)
{
    return take("--info", words, info_words, ZC_ARRAY_LEN(info_words), info,
                err);
}

int zc_debug_take(const char *words, struct zc_err *err)
{
    struct zc_info nothing;
    return take("--debug", words, debug_words, ZC_ARRAY_LEN(debug_words),
                &nothing, err);
}
