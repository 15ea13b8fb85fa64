// SPDX-License-Identifier: GPL-2.0-or-later
/* One change as a line of text; see itemize.h. */
#include "base/text.h"
#include "cli/itemize.h"
#include "fs/keep.h"
#include "net/endpoint.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ESCAPES "nfilbLMBUGotphm%"

/* rsync's other ones. */
static const struct {
    char letter;
    const char *why_not;
} refused[] = {
    {'a', "the address of the other host is not told, %h is its name"},
    {'c', "there are no checksums of blocks"},
    {'C', "what is known of a file is no checksum that other programs make"},
    {'P', "where a share is, its host keeps to itself"},
    {'u', "who we are to the other host is said by a key"},
};

static char update_column(const struct zc_item *item)
{
    if (item->flags & ZC_ITEM_HARD_LINK)
        return 'h';
    if (!(item->flags & (ZC_ITEM_NEW | ZC_ITEM_DATA)))
        return '.';
    if (!S_ISREG(item->mode))
        return 'c';
    return item->flags & ZC_ITEM_RECEIVED ? '>' : '<';
}

static char type_column(uint32_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return 'd';
    case S_IFLNK:
        return 'L';
    case S_IFBLK:
    case S_IFCHR:
        return 'D';
    case S_IFIFO:
    case S_IFSOCK:
        return 'S';
    default:
        return 'f';
    }
}

void zc_itemize(char out[ZC_ITEMIZE_SIZE], const struct zc_item *item,
                unsigned keep)
{
    unsigned f = item->flags;
    if (f & ZC_ITEM_DELETED) {
        memcpy(out, "*deleting  ", ZC_ITEMIZE_SIZE);
        return;
    }
    bool reg = S_ISREG(item->mode);
    bool content = f & (reg ? ZC_ITEM_CHECKSUM : ZC_ITEM_DATA);
    out[0] = update_column(item);
    out[1] = type_column(item->mode);
    out[2] = content ? 'c' : '.';
    out[3] = (f & ZC_ITEM_SIZE) && !S_ISLNK(item->mode) ? 's' : '.';
    out[4] = !(f & ZC_ITEM_TIME) ? '.' : keep & ZC_KEEP_TIMES ? 't' : 'T';
    out[5] = f & ZC_ITEM_PERMS ? 'p' : '.';
    out[6] = f & ZC_ITEM_OWNER ? 'o' : '.';
    out[7] = f & ZC_ITEM_GROUP ? 'g' : '.';
    out[8] = '.'; /* u: times of access and creation are not kept */
    out[9] = f & ZC_ITEM_ACL ? 'a' : '.';
    out[10] = f & ZC_ITEM_XATTR ? 'x' : '.';
    out[11] = '\0';
    if (f & ZC_ITEM_NEW)
        memset(out + 2, '+', 9);
    else if (out[0] != '<' && out[0] != '>' && strspn(out + 2, ".") == 9)
        memset(out + 2, ' ', 9);
}

/* The name as listings show it: escaped, "./" for the root, a slash after a
 * directory. */
static void put_name(struct zc_buf *out, const struct zc_item *item)
{
    zc_text_name(out, *item->path ? item->path : ".");
    if (S_ISDIR(item->mode))
        zc_buf_put_str(out, "/");
}

/* Where an escape starts, past its '%': the letter, its width and style. */
struct escape {
    char letter;
    bool left;
    int width;
    enum zc_text_style style;
};

#define WIDTH_MAX 4096

/* Reads the escape after the '%' at P; returns what follows it. */
static const char *read_escape(const char *p, struct escape *e)
{
    *e = (struct escape){.style = ZC_TEXT_PLAIN};
    for (; *p == '\''; p++)
        e->style = ZC_MIN(e->style + 1, ZC_TEXT_KIBI);
    if (*p == '-') {
        e->left = true;
        p++;
    }
    for (; *p >= '0' && *p <= '9'; p++)
        e->width = ZC_MIN(e->width * 10 + (*p - '0'), WIDTH_MAX);
    for (; *p == '\''; p++)
        e->style = ZC_MIN(e->style + 1, ZC_TEXT_KIBI);
    e->letter = *p;
    return *p ? p + 1 : p;
}

static int refuse(const char *option, char letter, struct zc_err *err)
{
    for (size_t i = 0; i < ZC_ARRAY_LEN(refused); i++)
        if (refused[i].letter == letter)
            return zc_err_set(err, ZC_EXIT_USAGE, 0,
                              "%s: %%%c is not supported: %s", option, letter,
                              refused[i].why_not);
    return zc_err_set(err, ZC_EXIT_USAGE, 0,
                      "%s: there is no %%%c, as zcsync(1) lists them", option,
                      letter);
}

int zc_item_format_check(const char *option, const char *format,
                         struct zc_err *err)
{
    for (const char *p = format; (p = strchr(p, '%'));) {
        struct escape e;
        p = read_escape(p + 1, &e);
        if (!e.letter)
            return zc_err_set(err, ZC_EXIT_USAGE, 0,
                              "%s: '%%' at the end of '%s' (write %%%% for a "
                              "percent sign)",
                              option, format);
        if (!strchr(ESCAPES, e.letter))
            return refuse(option, e.letter, err);
    }
    return 0;
}

bool zc_item_format_has(const char *format, const char *letters)
{
    for (const char *p = format; (p = strchr(p, '%'));) {
        struct escape e;
        p = read_escape(p + 1, &e);
        if (e.letter && strchr(letters, e.letter))
            return true;
    }
    return false;
}

/* %h and %m: nothing where PLACE is on this machine. */
static void put_place(struct zc_buf *out, char letter, const char *place)
{
    struct zc_endpoint at;
    struct zc_err ignored;
    if (zc_endpoint_parse(place, &at, &ignored))
        return;
    const char *text = letter == 'h' ? at.host : at.share;
    if (text)
        zc_text_name(out, text);
    zc_endpoint_fini(&at);
}

static void put_escape(struct zc_buf *out, const struct escape *e,
                       const struct zc_item *item,
                       const struct zc_item_about *about)
{
    const char *src = about->src;
    char text[ZC_TEXT_MAX], columns[ZC_ITEMIZE_SIZE];
    bool sent = (item->flags & ZC_ITEM_DATA) && S_ISREG(item->mode);
    switch (e->letter) {
    case 'f':
        zc_text_name(out, src);
        if (*src && src[strlen(src) - 1] != '/')
            zc_buf_put_str(out, "/");
        put_name(out, item);
        return;
    case 'n':
        put_name(out, item);
        return;
    case 'i':
        zc_itemize(columns, item, about->keep);
        zc_buf_put_str(out, columns);
        return;
    case 'l':
        zc_buf_put_str(out, zc_text_count(text, item->size, e->style));
        return;
    case 'b':
        zc_buf_put_str(out, zc_text_count(text, sent ? item->size : 0,
                                          e->style));
        return;
    case 'L':
        if (item->hard_link_to) {
            zc_buf_put_str(out, " => ");
            zc_text_name(out, item->hard_link_to);
        } else if (item->link_target) {
            zc_buf_put_str(out, " -> ");
            zc_text_name(out, item->link_target);
        }
        return;
    case 'M':
        zc_text_time(out, item->mtime_s, "%Y/%m/%d-%H:%M:%S");
        return;
    case 'B':
        zc_buf_put_str(out, zc_text_perms(text, item->mode));
        return;
    case 'U':
        zc_buf_printf(out, "%u", item->uid);
        return;
    case 'G':
        zc_buf_printf(out, "%u", item->gid);
        return;
    case 'o':
        zc_buf_put_str(out, item->flags & ZC_ITEM_DELETED    ? "del."
                            : item->flags & ZC_ITEM_RECEIVED ? "recv"
                                                             : "send");
        return;
    case 't':
        zc_text_time(out, time(NULL), "%Y/%m/%d %H:%M:%S");
        return;
    case 'h':
    case 'm':
        put_place(out, e->letter, about->place);
        return;
    case 'p':
        zc_buf_printf(out, "%d", (int)getpid());
        return;
    case '%':
        zc_buf_put_str(out, "%");
        return;
    }
}

void zc_item_format(struct zc_buf *out, const char *format,
                    const struct zc_item *item,
                    const struct zc_item_about *about)
{
    for (const char *p = format; *p;) {
        size_t plain = strcspn(p, "%");
        zc_buf_put(out, p, plain);
        p += plain;
        if (!*p)
            return;
        struct escape e;
        p = read_escape(p + 1, &e);
        struct zc_buf piece = ZC_BUF_INIT;
        put_escape(&piece, &e, item, about);
        zc_buf_printf(out, "%*s", e.left || (size_t)e.width <= piece.len
                                      ? 0
                                      : e.width - (int)piece.len, "");
        zc_buf_put(out, piece.data, piece.len);
        zc_buf_printf(out, "%*s", e.left && (size_t)e.width > piece.len
                                      ? e.width - (int)piece.len
                                      : 0, "");
        zc_buf_fini(&piece);
    }
}
