// SPDX-License-Identifier: GPL-2.0-or-later
/* Suffixes of compressed formats; see suffix.h. */
#include "tree/suffix.h"

#include "base/util.h"

#include <fnmatch.h>
#include <string.h>
#include <strings.h>

/* Archives, packages and images of them, pictures, sound and films. What is
 * missing costs little: a few hundred kilobytes show that they do not shrink. */
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
