// SPDX-License-Identifier: GPL-2.0-or-later
/* Items, troubles and the end of a run; see report.h. */
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/vec.h"
#include "cli/itemize.h"
#include "cli/listing.h"
#include "cli/logfile.h"
#include "cli/pipe.h"
#include "cli/report.h"
#include "cli/signals.h"
#include "cli/totals.h"
#include "cli/troubles.h"

#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIFFERENT 1 /* exit code of diff, as of diff(1) */
#define PATH_SHOWN 1400 /* bytes of a path that fit in a line of the log */
#define OUT_BUFFER (64 * 1024)
#define FLUSH_NS (ZC_NSEC_PER_SEC / 5)

struct zc_report {
    const struct zc_push_args *args;
    atomic_bool *stop;
    struct zc_progress *progress;
    const char *src, *dest, *place;
    const char *label; /* of the lines: the DEST they are about, or NULL */
    bool tty_out; /* items share the terminal with the progress line */
    int64_t flushed_ns;
    int out_errno; /* why standard output failed */
    uint64_t items;
    struct zc_troubles troubles;
    struct zc_totals totals;
    struct zc_buf line; /* reused */
    struct zc_logfile *log; /* NULL: none */
};

struct zc_report *zc_report_new(const struct zc_push_args *args,
                                atomic_bool *stop)
{
    struct zc_report *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->args = args;
    r->stop = stop;
    r->src = r->dest = r->place = "";
    r->tty_out = isatty(STDOUT_FILENO);
    /* Lives as long as stdout does. glibc sizes only buffers it is given. */
    static char buffer[OUT_BUFFER];
    if (!r->tty_out)
        setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    r->totals.dry_run = args->opt.dry_run;
    r->totals.compress = args->compress.how;
    return r;
}

void zc_report_free(struct zc_report *r)
{
    if (!r)
        return;
    zc_troubles_fini(&r->troubles);
    zc_buf_fini(&r->line);
    zc_logfile_close(r->log);
    free(r);
}

int zc_report_open_log(struct zc_report *r, struct zc_err *err)
{
    const struct zc_push_args *a = r->args;
    if (!a->log_file)
        return 0;
    r->log = zc_logfile_open(a->log_file, a->log_file_format, err);
    return r->log ? 0 : -1;
}

void zc_report_session(struct zc_report *r, const char *src, const char *dest,
                       const char *place)
{
    r->place = place;
    r->src = src;
    r->dest = dest;
}

void zc_report_set_progress(struct zc_report *r, struct zc_progress *p)
{
    r->progress = p;
}

void zc_report_add(struct zc_report *r, const struct zc_stats *stats)
{
    zc_totals_add(&r->totals, stats);
}

static void output_failed(struct zc_report *r)
{
    if (!r->out_errno)
        r->out_errno = errno ? errno : EIO;
    if (r->args->opt.dry_run)
        atomic_store(r->stop, true);
}

static void flush_out(struct zc_report *r)
{
    errno = 0;
    if (fflush(stdout))
        output_failed(r);
}

/* Writes r->line and a newline. A reader at the other end of a pipe gets it
 * soon, but not with a system call a line; and no write ends within a line,
 * where a message on standard error could fall between. */
static void put_line(struct zc_report *r)
{
    zc_buf_put_str(&r->line, "\n");
    if (r->out_errno || r->line.failed)
        return;
    if (r->tty_out)
        zc_progress_pause(r->progress);
    if (!r->tty_out && __fpending(stdout) + r->line.len > OUT_BUFFER)
        flush_out(r);
    errno = 0;
    if (fwrite(r->line.data, 1, r->line.len, stdout) != r->line.len)
        output_failed(r);
    int64_t now = zc_clock_ns();
    if (now - r->flushed_ns >= FLUSH_NS) {
        r->flushed_ns = now;
        flush_out(r);
    }
    if (r->tty_out)
        zc_progress_resume(r->progress);
}

/* --- items --- */

static const char *action_name(const struct zc_item *item)
{
    if (item->flags & ZC_ITEM_DELETED)
        return "delete";
    if (item->flags & ZC_ITEM_UNCHANGED)
        return "none";
    if (item->flags & ZC_ITEM_HARD_LINK)
        return "hard-link";
    if (item->flags & ZC_ITEM_NEW)
        return "create";
    return item->flags & ZC_ITEM_DATA ? "update" : "metadata";
}

static void put_json_item(struct zc_report *r, const struct zc_item *item)
{
    char text[ZC_TEXT_MAX], columns[ZC_ITEMIZE_SIZE];
    struct zc_buf *out = &r->line;
    zc_itemize(columns, item, r->args->opt.keep);
    zc_buf_printf(out, "{\"type\":\"item\",\"action\":\"%s\"",
                  action_name(item));
    if (r->label)
        zc_text_json_field(out, "destination", r->label);
    zc_text_json_field(out, "path", *item->path ? item->path : ".");
    zc_buf_printf(out, ",\"kind\":\"%s\"", zc_text_kind(item->mode));
    if (!(item->flags & ZC_ITEM_DELETED)) {
        zc_buf_printf(out, ",\"itemize\":\"%s\",\"size\":%llu", columns,
                      (unsigned long long)item->size);
        zc_buf_printf(out, ",\"mode\":\"%04o\",\"uid\":%u,\"gid\":%u",
                      item->mode & 07777, item->uid, item->gid);
        zc_buf_printf(out, ",\"mtime\":\"%s\"",
                      zc_text_utc(text, item->mtime_s, item->mtime_ns));
    }
    if (item->link_target)
        zc_text_json_field(out, "link_target", item->link_target);
    if (item->hard_link_to)
        zc_text_json_field(out, "hard_link_to", item->hard_link_to);
    zc_buf_put_str(out, "}");
}

static struct zc_item_about about(const struct zc_report *r)
{
    return (struct zc_item_about){.src = r->src,
                                  .place = r->label ? r->label : r->place,
                                  .keep = r->args->opt.keep};
}

/* Something happened to the entry itself, not only to its metadata. */
static bool is_transfer(const struct zc_item *item)
{
    return item->flags & (ZC_ITEM_NEW | ZC_ITEM_DATA | ZC_ITEM_HARD_LINK |
                          ZC_ITEM_DELETED);
}

/* The lines that rsync prints for the same options. */
static void put_text_item(struct zc_report *r, const struct zc_item *item)
{
    const struct zc_push_args *a = r->args;
    bool deleted = item->flags & ZC_ITEM_DELETED;
    bool names = a->info.name < 0 ? a->verbose > 0 : a->info.name > 0;
    bool asked = deleted && a->info.del > 0;
    const char *format = a->out_format        ? a->out_format
                         : a->itemize         ? "%i %n%L"
                         : names || asked     ? "%n%L"
                                              : NULL;
    if (!format || (deleted && a->info.del == 0))
        return;
    bool all = item->flags & ZC_ITEM_UNCHANGED ||
               zc_item_format_has(format, "i") || a->verbose > 1 ||
               (!a->out_format && S_ISDIR(item->mode));
    if (!all && !is_transfer(item))
        return;
    if (deleted && !zc_item_format_has(format, "io"))
        format = "deleting %n";
    if (r->label)
        zc_buf_printf(&r->line, "%s: ", r->label);
    const struct zc_item_about what = about(r);
    zc_item_format(&r->line, format, item, &what);
    put_line(r);
}

static void on_item(void *arg, const struct zc_item *item)
{
    struct zc_report *r = arg;
    if (!item->flags)
        return;
    bool changed = !(item->flags & ZC_ITEM_UNCHANGED);
    r->items += changed;
    const struct zc_item_about what = about(r);
    if (changed)
        zc_logfile_item(r->log, item, r->label, &what);
    if (r->args->quiet)
        return;
    zc_buf_reset(&r->line);
    if (r->args->list_only) {
        zc_listing_put(&r->line, item, r->args->json);
        put_line(r);
        return;
    }
    if (!r->args->json) {
        put_text_item(r, item);
        return;
    }
    put_json_item(r, item);
    put_line(r);
}

/* --- troubles --- */

/* PATH as a message shows it: below SRC or DEST, and the middle left out when
 * the reason would not fit in the line after it. On the heap, or NULL. */
static char *shown_path(const struct zc_report *r, enum zc_trouble kind,
                        const char *path)
{
    bool here = kind == ZC_TROUBLE_SOURCE || kind == ZC_TROUBLE_VANISHED;
    const char *base = here ? r->src : r->dest;
    size_t n = base ? strlen(base) : 0;
    const char *slash = n && *path && base[n - 1] != '/' ? "/" : "";
    char *whole, *cut;
    if (!n && !*path)
        path = ".";
    if (asprintf(&whole, "%s%s%s", n ? base : "", slash, path) < 0)
        return NULL;
    n = strlen(whole);
    if (n <= PATH_SHOWN)
        return whole;
    const int half = PATH_SHOWN / 2;
    if (asprintf(&cut, "%.*s[...]%s", half, whole, whole + n - half) < 0)
        cut = NULL;
    free(whole);
    return cut;
}

static void put_json_trouble(struct zc_report *r, enum zc_trouble kind,
                             const char *what, const char *path, int eno)
{
    static const char *const names[] = {
        [ZC_TROUBLE_SOURCE] = "source",
        [ZC_TROUBLE_VANISHED] = "vanished",
        [ZC_TROUBLE_DEST] = "destination",
        [ZC_TROUBLE_META] = "metadata",
    };
    char why[128];
    zc_buf_reset(&r->line);
    zc_buf_printf(&r->line, "{\"type\":\"trouble\",\"kind\":\"%s\"",
                  names[kind]);
    if (r->label)
        zc_text_json_field(&r->line, "destination", r->label);
    zc_text_json_field(&r->line, "path", *path ? path : ".");
    zc_text_json_field(&r->line, "what", what);
    zc_buf_printf(&r->line, ",\"errno\":%d", eno);
    if (eno)
        zc_text_json_field(&r->line, "error", zc_err_reason(eno, why, sizeof why));
    zc_buf_put_str(&r->line, "}");
    put_line(r);
}

static void on_trouble(void *arg, enum zc_trouble kind, const char *what,
                       const char *path, int eno)
{
    struct zc_report *r = arg;
    if (r->args->json)
        put_json_trouble(r, kind, what, path, eno);

    char *shown = shown_path(r, kind, path);
    if (r->log) {
        char why[ZC_TROUBLE_REASON];
        zc_logfile_line(r->log, "could not %s %s%s", what, shown ? shown : path,
                        zc_trouble_reason(why, eno));
    }
    if (zc_troubles_add(&r->troubles, kind, what, shown, eno)) {
        flush_out(r); /* in the order in which it happened */
        zc_trouble_log(kind, what, shown ? shown : path, eno);
    }
    free(shown);
}

struct zc_events zc_report_events(struct zc_report *r)
{
    return (struct zc_events){
        .item = on_item, .trouble = on_trouble, .arg = r};
}

/* --- a mirror --- */

void zc_report_mirror_item(struct zc_report *r, const char *dest,
                           const struct zc_item *item)
{
    r->label = dest;
    on_item(r, item);
    flush_out(r);
}

void zc_report_mirror_trouble(struct zc_report *r, const char *dest,
                              enum zc_trouble kind, const char *what,
                              const char *path, int eno)
{
    if (!r->args->json)
        return;
    r->label = dest;
    put_json_trouble(r, kind, what, path, eno);
    flush_out(r);
}

void zc_report_mirror_state(struct zc_report *r, const char *dest,
                            const char *state, const char *path,
                            const char *text)
{
    if (!r->args->json)
        return;
    zc_buf_reset(&r->line);
    zc_buf_printf(&r->line, "{\"type\":\"state\",\"state\":\"%s\"", state);
    if (dest)
        zc_text_json_field(&r->line, "destination", dest);
    if (*path)
        zc_text_json_field(&r->line, "path", path);
    if (*text)
        zc_text_json_field(&r->line, "text", text);
    zc_buf_put_str(&r->line, "}");
    put_line(r);
    flush_out(r);
}

/* --- the end --- */

static void put_json_summary(struct zc_report *r, int code,
                             const char *sentence)
{
    zc_buf_reset(&r->line);
    zc_buf_printf(&r->line, "{\"type\":\"summary\",\"exit\":%d", code);
    if (*sentence)
        zc_text_json_field(&r->line, "error", sentence);
    zc_totals_json(&r->totals, &r->line);
    zc_buf_put_str(&r->line, "}");
    put_line(r);
}

/* Whether the one-line summary is wanted: somebody sits there, and nothing else
 * says how it went. */
static bool wants_line(const struct zc_push_args *a)
{
    return !a->verbose && !a->stats && !a->list_only &&
           (!a->diff || a->as == ZC_AS_VERIFY) &&
           a->progress != ZC_SHOW_OFF && isatty(STDERR_FILENO);
}

/* The line for whoever sits there. What verify has repaired is said to all: it
 * may have been SRC that was damaged. */
static void print_line(const struct zc_report *r)
{
    const struct zc_push_args *a = r->args;
    char n[ZC_TEXT_MAX];
    if (a->repair && r->items && !a->opt.dry_run)
        zc_log(ZC_LOG_WARN, "%s %s differed, and DEST has what SRC has now",
               zc_text_count(n, r->items, ZC_TEXT_COMMAS),
               r->items == 1 ? "entry" : "entries");
    if (!wants_line(a))
        return;
    if (a->diff)
        zc_totals_print_compared(&r->totals, r->items, stderr);
    else
        zc_totals_print_line(&r->totals, stderr);
}

static void print_totals(struct zc_report *r)
{
    const struct zc_push_args *a = r->args;
    if (a->quiet)
        return;
    if (a->stats)
        zc_totals_print_stats(&r->totals, a->style, stdout);
    if (a->stats || a->verbose)
        zc_totals_print_sent(&r->totals, a->style, stdout);
}

/* Whoever read has seen enough, which says nothing of what was done; what was
 * only to be told ended for that reason. */
static int reader_gone(const struct zc_report *r, enum zc_exit code, int result)
{
    bool stopped = code == ZC_EXIT_SIGNAL && !zc_signals_name();
    if (r->args->diff && r->items && (stopped || code == ZC_EXIT_OK))
        return DIFFERENT;
    return stopped ? zc_pipe_die() : result;
}

int zc_report_finish(struct zc_report *r, enum zc_exit code,
                     const struct zc_err *err, double seconds)
{
    const struct zc_push_args *a = r->args;
    const char *sentence = "";
    bool done = code == ZC_EXIT_OK || code == ZC_EXIT_PARTIAL ||
                code == ZC_EXIT_VANISHED;
    r->totals.seconds = seconds;
    if (code == ZC_EXIT_PARTIAL)
        sentence = "not everything could be done";
    else if (code == ZC_EXIT_VANISHED)
        sentence = "some source files vanished or kept changing";
    else if (code != ZC_EXIT_OK)
        sentence = err->text;
    bool told = done && r->troubles.groups.len; /* each trouble had its line */
    bool differs = a->diff && code == ZC_EXIT_OK && r->items;
    int result = differs ? DIFFERENT : (int)code;

    zc_troubles_log(&r->troubles);
    if (r->totals.owners_left && !a->quiet)
        zc_log(ZC_LOG_WARN, ZC_OWNERS_LEFT_NOTE);
    if (r->totals.alternates_missing && !a->quiet)
        zc_log(ZC_LOG_WARN, ZC_ALTERNATES_NOTE);
    if (*sentence)
        zc_logfile_line(r->log, "%s (code %d)", sentence, result);
    zc_totals_log(&r->totals, r->log);
    if (a->json)
        put_json_summary(r, result, sentence);
    else if (done)
        print_totals(r);
    flush_out(r);
    if (done && !a->json && !a->quiet)
        print_line(r);
    if (*sentence && !told)
        zc_log(ZC_LOG_ERROR, "%s", sentence);
    if (!r->out_errno || (*sentence && !done))
        return result;
    char why[ZC_TROUBLE_REASON];
    if (r->out_errno == EPIPE)
        return reader_gone(r, code, result);
    zc_log(ZC_LOG_ERROR, "standard output%s",
           zc_trouble_reason(why, r->out_errno));
    return code == ZC_EXIT_OK || code == ZC_EXIT_SIGNAL ? ZC_EXIT_FILEIO
                                                        : result;
}
