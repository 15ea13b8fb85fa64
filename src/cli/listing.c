// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines of a listing; see listing.h. */
#include "cli/listing.h"

#include "base/text.h"
#include "cli/itemize.h"

#include <string.h>
#include <sys/stat.h>

/* "" is the directory that is listed. */
static const char *shown(const struct zc_item *item)
{
    return *item->path ? item->path : ".";
}

static void put_json(struct zc_buf *out, const struct zc_item *item)
{
    char text[ZC_TEXT_MAX];
    zc_buf_put_str(out, "{\"type\":\"entry\"");
    zc_text_json_field(out, "name", shown(item));
    zc_buf_printf(out,
                  ",\"kind\":\"%s\",\"size\":%llu,\"mode\":\"%04o\","
                  "\"uid\":%u,\"gid\":%u,\"mtime\":\"%s\"",
                  zc_text_kind(item->mode), (unsigned long long)item->size,
                  item->mode & 07777, item->uid, item->gid,
                  zc_text_utc(text, item->mtime_s, item->mtime_ns));
    if (item->link_target)
        zc_text_json_field(out, "link_target", item->link_target);
    zc_buf_put_str(out, "}");
}

/* As ls -l has it. */
static char type_letter(uint32_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return 'd';
    case S_IFLNK:
        return 'l';
    case S_IFBLK:
        return 'b';
    case S_IFCHR:
        return 'c';
    case S_IFIFO:
        return 'p';
    case S_IFSOCK:
        return 's';
    default:
        return '-';
    }
}

static void put_text(struct zc_buf *out, const struct zc_item *item)
{
    struct zc_item sized = *item; /* of a symlink it is its target's length */
    if (S_ISLNK(item->mode) && item->link_target)
        sized.size = strlen(item->link_target);
    zc_buf_u8(out, (uint8_t)type_letter(item->mode));
    const struct zc_item_about nothing = {"", "", 0};
    zc_item_format(out, "%B %14'l ", &sized, &nothing);
    zc_text_time(out, item->mtime_s, "%Y/%m/%d %H:%M:%S ");
    zc_text_name(out, shown(item));
    if (item->link_target) {
        zc_buf_put_str(out, " -> ");
        zc_text_name(out, item->link_target);
    }
}

void zc_listing_put(struct zc_buf *out, const struct zc_item *item, bool json)
{
    if (json)
        put_json(out, item);
    else
        put_text(out, item);
}
