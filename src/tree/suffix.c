// SPDX-License-Identifier: GPL-2.0-or-later
/* Suffixes of compressed formats; see suffix.h. */
#include "tree/suffix.h"

#include <fnmatch.h>
#include <string.h>
#include <strings.h>

/* Archives, packages and images of them, pictures, sound and films. What is
 * missing is learned: a few hundred kilobytes show that they do not shrink. */
static const char known[] =
    "7z/aac/ace/apk/avif/br/bz2/cab/deb/docx/ear/epub/flac/gif/gpg/gz/heic/"
    "jar/jpe/jpeg/jpg/jxl/lz/lz4/lzma/lzo/m2ts/m4[abrv]/mkv/mov/mp[34]/mpeg/"
    "mpg/odp/ods/odt/og[agv]/opus/png/pptx/rar/rpm/rz/squashfs/sz/t[bgx]z/tbz2/"
    "tlz/tzst/vob/war/web[mp]/whl/wm[av]/xlsx/xpi/xz/z/zip/zst";

/* PATTERN has N bytes. */
static bool is_like(const char *pattern, size_t n, const char *suffix)
{
    char copy[64];
    if (!memchr(pattern, '[', n))
        return strlen(suffix) == n && !strncasecmp(pattern, suffix, n);
    if (n >= sizeof copy)
        return false;
    memcpy(copy, pattern, n);
    copy[n] = '\0';
    return !fnmatch(copy, suffix, FNM_CASEFOLD | FNM_NOESCAPE);
}

bool zc_suffix_is_dense(const char *list, const char *name)
{
    const char *suffix = strrchr(name, '.');
    if (!suffix || !*++suffix)
        return false;
    for (list = list ? list : known; *list; list += *list == '/') {
        size_t n = strcspn(list, "/");
        const char *item = list;
        list += n;
        if (n && *item == '.') { /* some write the dot as well */
            item++;
            n--;
        }
        if (n && is_like(item, n, suffix))
            return true;
    }
    return false;
}

/* --- learned --- */

/* NAME's, in lower case; false: none that is learned. */
static bool suffix_of(const char *name, char out[ZC_SUFFIX_SIZE])
{
    const char *suffix = strrchr(name, '.');
    size_t n = suffix ? strlen(++suffix) : 0;
    if (!n || n >= ZC_SUFFIX_SIZE)
        return false;
    for (size_t i = 0; i <= n; i++)
        out[i] = suffix[i] >= 'A' && suffix[i] <= 'Z' ? (char)(suffix[i] | 0x20)
                                                      : suffix[i];
    return true;
}

static struct zc_suffix_seen *find(struct zc_suffixes *s, const char *suffix)
{
    for (size_t i = 0; i < ZC_SUFFIXES_MAX; i++)
        if (!strcmp(s->v[i].suffix, suffix))
            return &s->v[i];
    return NULL;
}

bool zc_suffixes_skip(struct zc_suffixes *s, const char *name)
{
    char suffix[ZC_SUFFIX_SIZE];
    if (!suffix_of(name, suffix))
        return false;
    pthread_mutex_lock(&s->lock);
    struct zc_suffix_seen *seen = find(s, suffix);
    bool skip = seen && seen->hard >= ZC_SUFFIX_SURE &&
                ++seen->skipped % ZC_SUFFIX_AGAIN;
    pthread_mutex_unlock(&s->lock);
    return skip;
}

void zc_suffixes_learn(struct zc_suffixes *s, const char *name, bool shrank)
{
    char suffix[ZC_SUFFIX_SIZE];
    if (!suffix_of(name, suffix))
        return;
    pthread_mutex_lock(&s->lock);
    struct zc_suffix_seen *seen = find(s, suffix);
    if (!seen && !shrank) {
        seen = &s->v[s->next++ % ZC_SUFFIXES_MAX];
        *seen = (struct zc_suffix_seen){0};
        memcpy(seen->suffix, suffix, sizeof suffix);
    }
    if (seen && shrank)
        seen->hard = seen->skipped = 0;
    else if (seen && seen->hard < ZC_SUFFIX_SURE)
        seen->hard++;
    pthread_mutex_unlock(&s->lock);
}
