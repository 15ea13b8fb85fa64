// SPDX-License-Identifier: GPL-2.0-or-later
/* cli/opt.c with a table of its own, and push's table (cli/push_table.c). */
#include "cli/opt.h"
#include "cli/push_opts.h"
#include "fs/meta.h"
#include "net/compress.h"
#include "../tap.h"

#include <stdio.h>
#include <string.h>

static const struct zc_opt rows[] = {
    {.help = "Heading:"},
    {.letter = 'a', .name = "alpha", .help = "one\ntwo"},
    {.letter = 'n', .name = "neg", .negatable = true, .help = "n"},
    {.letter = 'f', .name = "file", .value = "FILE", .help = "f"},
    {.name = "size", .value = "N", .negatable = true, .help = "s"},
    {.letter = 'D', .negatable = true, .help = "d"},
    {.name = "other", .not_for = 2, .help = "not for command 2"},
};
static const struct zc_opt_refused refused[] = {
    {'z', "zip", "why"}, {'w', "whole", "it is odd"}, {0, NULL, NULL}};
static const struct zc_opt_table table = {.command = "test",
                                          .as = 2,
                                          .rows = rows,
                                          .n_rows = ZC_ARRAY_LEN(rows),
                                          .refused = refused};

/* Writes what was taken: "alpha neg- file=x". */
static int take(void *arg, const struct zc_opt *opt, const char *spelled,
                const char *value, bool on, struct zc_err *err)
{
    char *out = arg;
    (void)spelled;
    (void)err;
    sprintf(out + strlen(out), "%s%s%s%s%s", *out ? " " : "",
            opt->name ? opt->name : "D", on ? "" : "-", value ? "=" : "",
            value ? value : "");
    return 0;
}

#define PARSE(...)                                                          \
    parse((char *[]){__VA_ARGS__, NULL})

/* What was taken, then "|" and the operands; or "error: " and the sentence. */
static const char *parse(char **argv)
{
    static char out[2048];
    zc_operands operands = {0};
    struct zc_err err = {0};
    int argc = 0;
    while (argv[argc])
        argc++;
    out[0] = '\0';
    if (zc_opt_parse(&table, argc, argv, take, out, &operands, &err)) {
        snprintf(out, sizeof out, "error: %s", err.text);
        is_int(err.code, ZC_EXIT_USAGE, "it is a usage error");
    } else {
        strcat(out, "|");
        for (size_t i = 0; i < operands.len; i++)
            sprintf(out + strlen(out), "%s%s", i ? " " : "", operands.v[i]);
    }
    zc_vec_fini(&operands);
    return out;
}

static void test_parse(void)
{
    is_str(PARSE("-a", "x"), "alpha|x", "a letter");
    is_str(PARSE("--alpha", "--neg"), "alpha neg|", "names");
    is_str(PARSE("-anD"), "alpha neg D|", "a cluster");
    is_str(PARSE("--no-neg", "--no-n", "--no-D"), "neg- neg- D-|",
           "--no-NAME and --no-LETTER");
    is_str(PARSE("--file=x", "--file", "y"), "file=x file=y|", "values");
    is_str(PARSE("-fx", "-f", "y", "-afz"), "file=x file=y alpha file=z|",
           "values of a letter");
    is_str(PARSE("--file="), "file=|", "an empty value");
    is_str(PARSE("--file", "--alpha"), "file=--alpha|",
           "a value may look like an option");
    is_str(PARSE("--no-size", "--size=3"), "size- size=3|",
           "an option with a value, negated");
    is_str(PARSE("x", "-a", "y", "-", "z"), "alpha|x y - z",
           "options and operands mix, - is an operand");
    is_str(PARSE("-a", "--", "-n", "--", "--x"), "alpha|-n -- --x",
           "-- ends the options");
}

static void test_refuse(void)
{
    const char *see = "(see 'zcsync test --help')";
    char want[256];

    snprintf(want, sizeof want, "error: unknown option --nope %s", see);
    is_str(PARSE("--nope=1"), want, "unknown name");
    snprintf(want, sizeof want, "error: unknown option -Q %s", see);
    is_str(PARSE("-aQ"), want, "unknown letter");
    snprintf(want, sizeof want, "error: option --alpha takes no value %s", see);
    is_str(PARSE("--alpha=1"), want, "a value too many");
    snprintf(want, sizeof want, "error: option --no-size takes no value %s",
             see);
    is_str(PARSE("--no-size=1"), want, "a value for a negated option");
    snprintf(want, sizeof want, "error: option --file needs a value %s", see);
    is_str(PARSE("--file"), want, "a value missing");
    snprintf(want, sizeof want, "error: option -f needs a value %s", see);
    is_str(PARSE("-af"), want, "a value missing in a cluster");
    snprintf(want, sizeof want,
             "error: option --no-alpha: this one has no --no- form %s", see);
    is_str(PARSE("--no-alpha"), want, "not negatable");
    is_str(PARSE("-az"), "error: option -z is not supported: why",
           "refused by letter");
    is_str(PARSE("--zip=9"), "error: option --zip is not supported: why",
           "refused by name");
    is_str(PARSE("--no-zip"),
           "error: option --no-zip is not supported: it is so anyway",
           "refused though negated");
    is_str(PARSE("--whole"),
           "error: option --whole is not supported: it is odd", "and why");
    is_str(PARSE("--other"),
           "error: option --other has no meaning for 'zcsync test'",
           "an option of another command");
    is_str(PARSE("--alph"), "error: unknown option --alph; is --alpha meant? (see 'zcsync test "
                            "--help')",
           "no abbreviations");
}

static void test_help(void)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    zc_opt_print(&table, to);
    fclose(to);
    is_str(text,
           "\nHeading:\n"
           "  -a, --alpha                one\n"
           "                             two\n"
           "  -n, --[no-]neg             n\n"
           "  -f, --file=FILE            f\n"
           "      --[no-]size=N          s\n"
           "  -D, --no-D                 d\n",
           "--help shows the table, without the other command's");
    free(text);
}

static void test_number(void)
{
    struct zc_err err;
    uint64_t n = 7;
    is_int(zc_opt_number("--x", "0", 10, &n, &err), 0, "0");
    is_int(n, 0, "is 0");
    is_int(zc_opt_number("--x", "10", 10, &n, &err), 0, "the limit");
    is_int(n, 10, "is it");
    is_int(zc_opt_number("--x", "11", 10, &n, &err), -1, "more");
    is_str(err.text, "--x: 11 is more than the limit of 10", "says so");
    static const char *const bad[] = {"", " 1", "+1", "-1", "1k", "0x1", "1.5"};
    for (size_t i = 0; i < ZC_ARRAY_LEN(bad); i++)
        is_int(zc_opt_number("--x", bad[i], 10, &n, &err), -1, "'%s'", bad[i]);
    is_int(zc_opt_number("--x", "99999999999999999999999", UINT64_MAX, &n,
                         &err),
           -1, "more than 64 bits");
}

#define PUSH(...)                                                           \
    parse_as(ZC_AS_PUSH, (char *[]){__VA_ARGS__, "SRC", "DEST", NULL})

static struct zc_push_args args;
static struct zc_err args_err;

static int parse_as(enum zc_push_as as, char **argv)
{
    int argc = 0;
    while (argv[argc])
        argc++;
    zc_push_args_fini(&args);
    return zc_push_args_parse(&args, as, argc, argv, &args_err);
}

struct filled {
    bool flag;
    unsigned count, seconds;
    const char *text;
};

static void test_fill(void)
{
    static const struct zc_opt own[] = {
        {.letter = 'f', .negatable = true,
         ZC_OPT_INTO(FLAG, struct filled, flag)},
        {.letter = 'v', .negatable = true,
         ZC_OPT_INTO(COUNT, struct filled, count)},
        {.name = "time", .value = "SECONDS", .negatable = true,
         ZC_OPT_INTO(SECONDS, struct filled, seconds)},
        {.name = "text", .value = "TEXT", .negatable = true,
         ZC_OPT_INTO(TEXT, struct filled, text)},
    };
    const struct zc_opt_table t = {
        .command = "test", .rows = own, .n_rows = ZC_ARRAY_LEN(own)};
    struct filled f = {0};
    zc_operands operands = {0};
    struct zc_err err = {0};
    char *on[] = {"-fvv", "--time=31622400", "--text", "x"};
    is_int(zc_opt_parse(&t, ZC_ARRAY_LEN(on), on, zc_opt_fill, &f, &operands,
                        &err), 0, "fields");
    ok(f.flag && f.count == 2 && f.seconds == 31622400, "... with numbers");
    is_str(f.text, "x", "... and a word");
    char *off[] = {"--no-f", "--no-v", "--no-time", "--no-text"};
    is_int(zc_opt_parse(&t, ZC_ARRAY_LEN(off), off, zc_opt_fill, &f, &operands,
                        &err), 0, "... and taken back");
    ok(!f.flag && !f.count && !f.seconds && !f.text, "... all of them");
    char *long_time[] = {"--time=31622401"};
    is_int(zc_opt_parse(&t, 1, long_time, zc_opt_fill, &f, &operands, &err), -1,
           "more than a year");
    is_str(err.text, "--time: 31622401 is more than the limit of 31622400",
           "... says so");
    zc_vec_fini(&operands);
}

static void test_push_keep(void)
{
    is_int(PUSH("-v"), 0, "push -v");
    is_int(args.opt.keep, ZC_KEEP_ALL, "everything is kept by default");
    is_int(args.operands.len, 2, "two operands");
    ok(args.opt.want_items, "-v wants items");
    is_int(PUSH("--no-perms", "--no-A", "--no-D", "--no-hard-links"), 0,
           "some not");
    is_int(args.opt.keep,
           ZC_KEEP_ALL & ~(ZC_KEEP_PERMS | ZC_KEEP_ACLS | ZC_KEEP_DEVICES |
                           ZC_KEEP_SPECIALS | ZC_KEEP_HARD_LINKS),
           "all but those");
    is_int(PUSH("--no-p", "--no-X", "-a"), 0, "-a after --no-p");
    is_int(args.opt.keep, ZC_KEEP_ALL & ~ZC_KEEP_XATTRS,
           "-a brings back what it stands for, as in rsync");
    is_int(PUSH("-rlptgoDHAXS"), 0, "all the letters");
    is_int(args.opt.keep, ZC_KEEP_ALL | ZC_KEEP_MAKE_HOLES,
           "change nothing, but that zeros become holes");
    is_int(PUSH("--no-o", "--no-g", "--chown=root"), 0, "--chown=USER");
    is_int(args.opt.keep, ZC_KEEP_ALL & ~ZC_KEEP_GROUP, "implies --owner");
}

static void test_push_values(void)
{
    is_int(PUSH("--bwlimit=1.5m", "--timeout=3", "--contimeout", "4"), 0,
           "values");
    is_int(args.opt.bwlimit, 1536 * 1024, "--bwlimit");
    is_int(args.opt.timeout_s, 3, "--timeout");
    is_int(args.contimeout_s, 4, "--contimeout");
    is_int(PUSH("--bwlimit=100", "--timeout=3", "--no-timeout"), 0, "again");
    is_int(args.opt.bwlimit, 102400, "--bwlimit counts KiB");
    is_int(args.opt.timeout_s, 0, "--no-timeout");
    is_int(PUSH("--bwlimit=fast"), -1, "nonsense in --bwlimit");
    is_int(PUSH("--chown=u:g"), 0, "--chown=u:g");
    is_str(args.opt.chown_user, "u", "user");
    is_str(args.opt.chown_group, "g", "group");
    is_int(PUSH("--chown=:g"), 0, "--chown=:g");
    is_str(args.opt.chown_user, NULL, "no user");
    is_str(args.opt.chown_group, "g", "group");
    is_int(PUSH("--chown=:"), -1, "--chown=:");
    is_int(PUSH("--fsync=file", "--max-delete=0"), 0, "--fsync=file");
    is_int(args.opt.fsync, ZC_FSYNC_FILE, "is taken");
    is_int(args.opt.max_delete, 0, "--max-delete=0 is not the default");
    is_int(PUSH("--fsync=often"), -1, "nonsense in --fsync");
    is_int(PUSH("--info=progress2"), 0, "--info=progress2");
    is_int(args.progress, ZC_SHOW_ON, "is --progress");
    is_int(PUSH("--info=progress2,Stats3,skip2,name0"), 0, "words of rsync's");
    ok(args.stats && args.info.name == 0 && args.info.del < 0, "are taken");
    is_int(PUSH("--info=all"), 0, "all of them");
    ok(args.stats && args.info.name == 1 && args.info.del == 1, "at once");
    is_int(PUSH("--stats", "--info=none"), 0, "none of them");
    ok(!args.stats && args.progress == ZC_SHOW_OFF, "puts them out");
    is_int(PUSH("--info=stats3,other"), -1, "another word");
    is_str(args_err.text, "--info: 'other' is none of rsync's words for it",
           "is named");
    is_int(PUSH("--debug=all4,hlink,NONE"), 0, "--debug");
    is_int(PUSH("--debug=del,2"), -1, "a level of nothing");
    is_int(PUSH("-W", "--no-whole-file", "-B4096", "--no-i-r", "-s", "-8"), 0,
           "what is so anyway");
    ok(!PUSH("--outbuf") && args.list_only,
       "a value is taken where rsync wants one: there is one operand less");
    is_int(PUSH("-hh"), 0, "-hh");
    is_int(args.style, ZC_TEXT_KIBI, "counts in steps of 1024");
    is_int(PUSH("--exclude=*.o", "-f", "+ *.c", "-f- x"), 0, "filters");
    ok(args.opt.filter && zc_filter_hides(args.opt.filter, "a.o", false),
       "take part");
}

static void test_push_compress(void)
{
    is_int(PUSH("-v"), 0, "nothing said");
    is_int(args.compress.how, ZC_COMPRESS_OFF, "is off");
    is_int(PUSH("-az"), 0, "-az");
    is_int(args.compress.how, ZC_COMPRESS_AUTO, "is auto");
    is_int(PUSH("-z", "--no-z"), 0, "--no-z");
    is_int(args.compress.how, ZC_COMPRESS_OFF, "is off");
    is_int(PUSH("--compress=zstd:9"), 0, "a level");
    is_int(args.compress.how, 9, "is taken");
    is_int(PUSH("--zc=zstd"), 0, "--zc alone");
    is_int(args.compress.how, ZC_COMPRESS_LEVEL, "is zstd");
    is_int(PUSH("-z", "--zl=22"), 0, "rsync's last level");
    is_int(args.compress.how, ZC_COMPRESS_LEVEL_MAX, "is our last");
    is_int(PUSH("--zl=7", "-z"), 0, "a level before -z");
    is_int(args.compress.how, 7, "is kept");
    is_int(PUSH("-z", "--zc=none"), 0, "none");
    is_int(args.compress.how, ZC_COMPRESS_OFF, "is off");
    is_int(PUSH("-z", "--zl=0"), 0, "level 0");
    is_int(args.compress.how, ZC_COMPRESS_OFF, "is off");
    is_int(PUSH("--zc=lz4"), 0, "something else");
    is_int(args.compress.how, ZC_COMPRESS_AUTO, "is auto");
    is_str(args.compress.instead, "lz4", "and remembered");
    is_int(PUSH("-z", "--bwlimit=100"), 0, "with a limit");
    is_int(args.compress.how, ZC_COMPRESS_LEVEL, "it is always");
    is_int(PUSH("-z", "--skip-compress=gz/x"), 0, "a list");
    is_str(args.opt.skip_compress, "gz/x", "is taken");
    is_int(PUSH("--compress=9"), -1, "nonsense");
}

static void test_partial(void)
{
    is_int(PUSH("-a"), 0, "nothing said");
    is_int(args.opt.apply & ZC_APPLY_NO_PARTIAL, 0, "keeps what came in part");
    is_int(PUSH("--no-partial"), 0, "--no-partial");
    ok(args.opt.apply & ZC_APPLY_NO_PARTIAL, "does not");
    is_int(PUSH("--no-partial", "-P"), 0, "-P");
    is_int(args.opt.apply & ZC_APPLY_NO_PARTIAL, 0, "does");
    ok(args.progress, "and shows how far it is");
    is_int(PUSH("--no-partial", "--partial"), 0, "--partial");
    is_int(args.opt.apply & ZC_APPLY_NO_PARTIAL, 0, "the last one counts");
    is_int(PUSH("-W"), 0, "-W");
    is_int(args.opt.delta, ZC_DELTA_OFF, "is --delta=off");
    is_int(PUSH("-W", "--no-whole-file"), 0, "--no-whole-file");
    ok(args.opt.delta == ZC_DELTA_AUTO && args.opt.delta_always,
       "is --delta=auto, here, too");
    is_int(PUSH("--delta=aligned"), 0, "--delta");
    ok(args.opt.delta == ZC_DELTA_ALIGNED && !args.opt.delta_always, "is taken");
    is_int(PUSH("--delta=7"), -1, "nonsense is not");
}

static void test_push_refused(void)
{
    static char *const some[] = {"-y", "-T", "--copy-devices", "-U", "-N"};
    char want[128];
    for (size_t i = 0; i < ZC_ARRAY_LEN(some); i++) {
        is_int(PUSH(some[i]), -1, "%s", some[i]);
        snprintf(want, sizeof want, "option %s is not supported: ", some[i]);
        ok(strncmp(args_err.text, want, strlen(want)) == 0, "is named: %s",
           args_err.text);
        is_int(args_err.code, ZC_EXIT_USAGE, "exit 1");
    }
    is_int(parse_as(ZC_AS_DIFF, (char *[]){"a", NULL}), -1, "DEST missing");
    is_int(parse_as(ZC_AS_PUSH, (char *[]){"a", NULL}), 0, "which push lists");
    ok(args.list_only && args.opt.dry_run, "and does nothing else");
    is_int(parse_as(ZC_AS_PUSH, (char *[]){NULL}), -1, "SRC and DEST missing");
    is_int(parse_as(ZC_AS_PUSH, (char *[]){"-h", NULL}), 0, "-h alone");
    ok(args.help, "is --help");
    is_int(parse_as(ZC_AS_DIFF, (char *[]){"--bwlimit=1", "a", "b", NULL}), -1,
           "diff --bwlimit");
    is_int(parse_as(ZC_AS_DIFF, (char *[]){"--delete", "a", "b", NULL}), 0,
           "diff --delete");
    ok(args.opt.dry_run && args.itemize && args.opt.force_delete,
       "diff is -n -i, and has nothing to brake");
    is_int(parse_as(ZC_AS_MIRROR, (char *[]){"-n", "a", "b", NULL}), -1,
           "mirror -n");
    is_int(parse_as(ZC_AS_MIRROR, (char *[]){"a", "b", "c", NULL}), 0,
           "mirror to two places");
    ok(args.opt.del, "which deletes");
    is_int(parse_as(ZC_AS_MIRROR, (char *[]){"--no-delete", "a", "b", NULL}), 0,
           "mirror --no-delete");
    ok(!args.opt.del, "which does not");
}

int main(void)
{
    test_parse();
    test_refuse();
    test_help();
    test_number();
    test_fill();
    test_push_keep();
    test_push_values();
    test_push_compress();
    test_partial();
    test_push_refused();
    zc_push_args_fini(&args);
    return done_testing();
}
