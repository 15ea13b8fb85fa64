// SPDX-License-Identifier: GPL-2.0-or-later
/* See logfile.h. */
#include "cli/logfile.h"

#include "base/log.h"
#include "cli/itemize.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FORMAT "%i %n%L"

struct zc_logfile {
    FILE *out;
    char *path;
    const char *format;
    bool all; /* also what changes metadata only */
    bool names_deletions;
    int eno; /* why a line could not be written */
    struct zc_buf line;
};

struct zc_logfile *zc_logfile_open(const char *path, const char *format,
                                   struct zc_err *err)
{
    struct zc_logfile *l = calloc(1, sizeof *l);
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY,
                  0666);
    if (l && fd >= 0 && (l->out = fdopen(fd, "a")) &&
        (l->path = strdup(path))) {
        setlinebuf(l->out);
        l->format = format && *format ? format : FORMAT;
        l->all = zc_item_format_has(l->format, "i");
        l->names_deletions = zc_item_format_has(l->format, "io");
        return l;
    }
    zc_err_set(err, ZC_EXIT_FILEIO, errno, "cannot open the log file %s", path);
    if (l && l->out)
        fclose(l->out);
    else
        zc_close(&fd);
    free(l);
    return NULL;
}

void zc_logfile_close(struct zc_logfile *l)
{
    if (!l)
        return;
    if (fclose(l->out) && !l->eno)
        l->eno = errno;
    if (l->eno)
        zc_log(ZC_LOG_WARN, "the log file %s lacks lines: %s", l->path,
               strerror(l->eno));
    zc_buf_fini(&l->line);
    free(l->path);
    free(l);
}

static void begin(struct zc_logfile *l)
{
    char date[64];
    struct tm tm;
    time_t now = time(NULL);
    if (!localtime_r(&now, &tm) ||
        !strftime(date, sizeof date, "%Y/%m/%d %H:%M:%S", &tm))
        strcpy(date, "-");
    zc_buf_reset(&l->line);
    zc_buf_printf(&l->line, "%s [%d] ", date, (int)getpid());
}

static void end(struct zc_logfile *l)
{
    zc_buf_put_str(&l->line, "\n");
    errno = 0;
    if (l->line.failed ||
        fwrite(l->line.data, 1, l->line.len, l->out) != l->line.len)
        l->eno = l->eno ? l->eno : errno ? errno : ENOMEM;
}

void zc_logfile_item(struct zc_logfile *l, const struct zc_item *item,
                     const char *label, const struct zc_item_about *about)
{
    const unsigned transfer = ZC_ITEM_NEW | ZC_ITEM_DATA | ZC_ITEM_HARD_LINK |
                              ZC_ITEM_DELETED;
    bool deleted = item->flags & ZC_ITEM_DELETED;
    if (!l || (!l->all && !(item->flags & transfer)))
        return;
    begin(l);
    if (label)
        zc_buf_printf(&l->line, "%s: ", label);
    zc_item_format(&l->line,
                   deleted && !l->names_deletions ? "deleting %n" : l->format,
                   item, about);
    end(l);
}

void zc_logfile_line(struct zc_logfile *l, const char *fmt, ...)
{
    va_list ap;
    if (!l)
        return;
    zc_auto_free char *text = NULL;
    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        text = NULL;
    va_end(ap);
    begin(l);
    zc_buf_put_str(&l->line, text ? text : "");
    end(l);
}
