// SPDX-License-Identifier: GPL-2.0-or-later
/* Sums of counters, and how they are told; see totals.h. */
#include "cli/totals.h"

#include <inttypes.h>

void zc_totals_add(struct zc_totals *t, const struct zc_stats *s)
{
    t->scanned += atomic_load(&s->scanned);
    t->scanned_bytes += atomic_load(&s->scanned_bytes);
    t->need_files += atomic_load(&s->need_files);
    t->need_bytes += atomic_load(&s->need_bytes);
    t->done_files += atomic_load(&s->done_files);
    t->done_bytes += atomic_load(&s->done_bytes);
    t->wire_out += atomic_load(&s->wire_out);
    t->wire_in += atomic_load(&s->wire_in);
    t->wire_plain += atomic_load(&s->wire_plain);
    t->changed_meta += atomic_load(&s->changed_meta);
    t->created += atomic_load(&s->created);
    t->replaced += atomic_load(&s->replaced);
    t->deleted += atomic_load(&s->deleted);
    t->files += atomic_load(&s->files);
    t->dirs += atomic_load(&s->dirs);
    t->symlinks += atomic_load(&s->symlinks);
    t->devices += atomic_load(&s->devices);
    t->specials += atomic_load(&s->specials);
    t->retries += atomic_load(&s->retries);
    t->zerocopy_calls += atomic_load(&s->zerocopy_calls);
    t->zerocopy_copied += atomic_load(&s->zerocopy_copied);
    t->troubles += atomic_load(&s->troubles);
    t->owners_left |= atomic_load(&s->owners_left);
    t->alternates_missing |= atomic_load(&s->alternates_missing);
}

/* "(reg: 5, dir: 2)": the kinds there are any of. */
static void print_kinds(const struct zc_totals *t, enum zc_text_style style,
                        FILE *to)
{
    const struct {
        const char *name;
        uint64_t n;
    } kinds[] = {
        {"reg", t->files},   {"dir", t->dirs},         {"link", t->symlinks},
        {"dev", t->devices}, {"special", t->specials},
    };
    const char *before = " (";
    for (size_t i = 0; i < ZC_ARRAY_LEN(kinds); i++) {
        char n[ZC_TEXT_MAX];
        if (!kinds[i].n)
            continue;
        fprintf(to, "%s%s: %s", before, kinds[i].name,
                zc_text_count(n, kinds[i].n, style));
        before = ", ";
    }
    fputs(*before == ',' ? ")\n" : "\n", to);
}

static bool was_compressed(const struct zc_totals *t)
{
    return t->compress && t->wire_plain != t->wire_out + t->wire_in;
}

void zc_totals_print_stats(const struct zc_totals *t, enum zc_text_style style,
                           FILE *to)
{
    uint64_t files = t->dry_run ? t->need_files : t->done_files;
    uint64_t bytes = t->dry_run ? t->need_bytes : t->done_bytes;
    uint64_t all = t->files + t->dirs + t->symlinks + t->devices + t->specials;
    const struct {
        const char *name;
        uint64_t n;
        const char *unit;
    } rows[] = {
        {"Number of created files", t->created, ""},
        {"Number of deleted files", t->deleted, ""},
        {"Number of regular files transferred", files, ""},
        {"Number of files with only metadata changed", t->changed_meta, ""},
        {"Number of files read again because they changed", t->retries, ""},
        {"Total file size", t->scanned_bytes, " bytes"},
        {"Total transferred file size", bytes, " bytes"},
        {"Total bytes sent", t->wire_out, ""},
        {"Total bytes received", t->wire_in, ""},
    };
    char n[ZC_TEXT_MAX];
    fprintf(to, "\nNumber of files: %s", zc_text_count(n, all, style));
    print_kinds(t, style, to);
    for (size_t i = 0; i < ZC_ARRAY_LEN(rows); i++)
        fprintf(to, "%s: %s%s\n", rows[i].name,
                zc_text_count(n, rows[i].n, style), rows[i].unit);
    if (was_compressed(t))
        fprintf(to, "Total bytes before compression: %s\n",
                zc_text_count(n, t->wire_plain, style));
    if (t->zerocopy_calls) {
        fprintf(to, "Number of sends without a copy: %s",
                zc_text_count(n, t->zerocopy_calls, style));
        fprintf(to, " (copied after all: %s)\n",
                zc_text_count(n, t->zerocopy_copied, style));
    }
}

static double per_second(double n, double seconds)
{
    return n / ZC_MAX(seconds, 0.001);
}

void zc_totals_print_sent(const struct zc_totals *t, enum zc_text_style style,
                          FILE *to)
{
    char a[ZC_TEXT_MAX], b[ZC_TEXT_MAX], c[ZC_TEXT_MAX];
    double wire = (double)t->wire_out + (double)t->wire_in;
    fprintf(to, "\nsent %s bytes  received %s bytes  %s bytes/sec\n",
            zc_text_count(a, t->wire_out, style),
            zc_text_count(b, t->wire_in, style),
            zc_text_rate(c, per_second(wire, t->seconds), style));
    if (was_compressed(t))
        fprintf(to, "compressed to %.1f %% of %s bytes\n",
                100 * wire / ZC_MAX((double)t->wire_plain, 1.0),
                zc_text_count(a, t->wire_plain, style));
    fprintf(to, "total size is %s  speedup is %s%s\n",
            zc_text_count(a, t->scanned_bytes, style),
            zc_text_rate(b, (double)t->scanned_bytes / ZC_MAX(wire, 1.0),
                         ZC_TEXT_COMMAS),
            t->dry_run ? " (DRY RUN)" : "");
}

void zc_totals_log(const struct zc_totals *t, struct zc_logfile *log)
{
    zc_logfile_line(log,
                    "sent %" PRIu64 " bytes  received %" PRIu64
                    " bytes  total size %" PRIu64,
                    t->wire_out, t->wire_in, t->scanned_bytes);
}

static void print_part(FILE *to, uint64_t n, const char *what)
{
    char text[ZC_TEXT_MAX];
    if (n)
        fprintf(to, ", %s %s", zc_text_count(text, n, ZC_TEXT_COMMAS), what);
}

void zc_totals_print_line(const struct zc_totals *t, FILE *to)
{
    char a[ZC_TEXT_MAX], b[ZC_TEXT_MAX], c[ZC_TEXT_MAX];
    uint64_t files = t->dry_run ? t->need_files : t->done_files;
    uint64_t bytes = t->dry_run ? t->need_bytes : t->done_bytes;
    if (t->dry_run)
        fputs("dry run: ", to);
    if (!files && !t->created && !t->replaced && !t->deleted &&
        !t->changed_meta && !t->troubles)
        fprintf(to, "nothing to do, all %s entries are equal",
                zc_text_count(a, t->scanned, ZC_TEXT_COMMAS));
    else if (t->dry_run)
        fprintf(to, "%s %s to send, %s",
                zc_text_count(a, files, ZC_TEXT_COMMAS),
                files == 1 ? "file" : "files", zc_text_size(b, (double)bytes));
    else
        fprintf(to, "%s %s sent, %s in %.1f s, %s/s",
                zc_text_count(a, files, ZC_TEXT_COMMAS),
                files == 1 ? "file" : "files", zc_text_size(b, (double)bytes),
                t->seconds,
                zc_text_size(c, per_second((double)bytes, t->seconds)));
    print_part(to, t->created, "created");
    print_part(to, t->replaced, "replaced");
    print_part(to, t->changed_meta, "with only metadata changed");
    print_part(to, t->deleted, t->dry_run ? "to delete" : "deleted");
    print_part(to, t->troubles, t->troubles == 1 ? "trouble" : "troubles");
    fputc('\n', to);
}

void zc_totals_print_compared(const struct zc_totals *t, uint64_t n, FILE *to)
{
    char a[ZC_TEXT_MAX], b[ZC_TEXT_MAX], c[ZC_TEXT_MAX];
    fprintf(to, "%s %s compared, %s in %.1f s",
            zc_text_count(a, t->done_files, ZC_TEXT_COMMAS),
            t->done_files == 1 ? "file" : "files",
            zc_text_size(b, (double)t->done_bytes), t->seconds);
    fprintf(to, "; of %s entries %s %s",
            zc_text_count(a, t->scanned, ZC_TEXT_COMMAS),
            n ? zc_text_count(c, n, ZC_TEXT_COMMAS) : "none",
            n > 1 ? "differ" : "differs");
    print_part(to, t->troubles, t->troubles == 1 ? "trouble" : "troubles");
    fputc('\n', to);
}

void zc_totals_json(const struct zc_totals *t, struct zc_buf *out)
{
    const struct {
        const char *name;
        uint64_t n;
    } members[] = {
        {"entries", t->scanned},
        {"files", t->files},
        {"dirs", t->dirs},
        {"symlinks", t->symlinks},
        {"devices", t->devices},
        {"specials", t->specials},
        {"total_bytes", t->scanned_bytes},
        {"files_to_send", t->need_files},
        {"bytes_to_send", t->need_bytes},
        {"files_sent", t->done_files},
        {"bytes_sent", t->done_bytes},
        {"created", t->created},
        {"replaced", t->replaced},
        {"deleted", t->deleted},
        {"metadata_changed", t->changed_meta},
        {"retries", t->retries},
        {"zerocopy_calls", t->zerocopy_calls},
        {"zerocopy_copied", t->zerocopy_copied},
        {"troubles", t->troubles},
        {"wire_out", t->wire_out},
        {"wire_in", t->wire_in},
        {"wire_plain", t->wire_plain},
    };
    zc_buf_printf(out, ",\"dry_run\":%s,\"seconds\":%.3f",
                  t->dry_run ? "true" : "false", t->seconds);
    if (t->owners_left)
        zc_buf_put_str(out, ",\"owners_left\":true");
    if (t->alternates_missing)
        zc_buf_put_str(out, ",\"alternates_missing\":true");
    for (size_t i = 0; i < ZC_ARRAY_LEN(members); i++)
        zc_buf_printf(out, ",\"%s\":%" PRIu64, members[i].name, members[i].n);
}
