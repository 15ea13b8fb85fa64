// SPDX-License-Identifier: GPL-2.0-or-later
/* `zcsync keygen`: a new private key in a file, its public key on standard
 * output. */
#include "base/log.h"
#include "cli/cli.h"
#include "cli/security.h"

#include <string.h>

struct keygen_args {
    const char *file;
    bool help;
};

static const struct zc_opt rows[] = {
    {.help = "Options:"},
    {.letter = 'f',
     .name = "file",
     .value = "FILE",
     ZC_OPT_INTO(TEXT, struct keygen_args, file),
     .help = "where it is kept (default\n"
             "~/.config/zcsync/" ZC_IDENTITY_NAME ")"},
    {.name = "help", ZC_OPT_INTO(FLAG, struct keygen_args, help),
     .help = "show this"},
};

static const struct zc_opt_table table = {
    .command = "keygen", .rows = rows, .n_rows = ZC_ARRAY_LEN(rows)};

void zc_help_keygen(FILE *to)
{
    fputs("usage: zcsync keygen [-f FILE]\n\n"
          "Makes a new pair of keys. The private one goes into FILE, which\n"
          "must not be there yet and is readable for its owner only. The\n"
          "public one is printed, now and by 'zcsync key show': peers are\n"
          "told it, with 'zcsync key trust', --peer-key or in zcsync.conf.\n",
          to);
    zc_opt_print(&table, to);
}

static int keygen(const char *file, struct zc_err *err)
{
    char text[ZC_KEY_TEXT_SIZE];
    struct zc_identity *id = zc_identity_new(err);
    int r = id ? zc_identity_save(id, file, err) : -1;
    if (r == 0) {
        zc_key_text(id->public_key, text);
        puts(text);
        if (isatty(STDERR_FILENO))
            fprintf(stderr, "zcsync: above is the public key; the private one "
                            "is in %s\n", file);
    }
    zc_identity_free(id);
    return r;
}

int zc_cmd_keygen(int argc, char **argv)
{
    struct keygen_args a = {0};
    zc_operands operands = {0};
    zc_auto_free char *own = NULL;
    struct zc_err err;
    int r = zc_opt_parse(&table, argc, argv, zc_opt_fill, &a, &operands, &err);
    if (r == 0 && a.help) {
        zc_vec_fini(&operands);
        return zc_cmd_help(1, &(char *){"keygen"});
    }
    if (r == 0 && operands.len)
        r = zc_err_set(&err, ZC_EXIT_USAGE, 0,
                       "takes no argument, but got '%s' (see 'zcsync keygen "
                       "--help')", operands.v[0]);
    zc_vec_fini(&operands);
    if (r == 0 && !a.file)
        r = (a.file = own = zc_security_path(ZC_IDENTITY_NAME, &err)) ? 0 : -1;
    if (r == 0)
        r = keygen(a.file, &err);
    return r ? zc_cli_usage("keygen", &err) : zc_cli_written();
}
