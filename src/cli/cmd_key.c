// SPDX-License-Identifier: GPL-2.0-or-later
/* `zcsync key`: show our public key; trust, forget and list those of peers. */
#include "base/log.h"
#include "cli/cli.h"
#include "cli/security.h"
#include "net/known_peers.h"

#include <string.h>

/* What is done: bits for the table. */
enum key_verb { SHOW = 1, TRUST = 2, FORGET = 4, LIST = 8 };

struct key_args {
    const char *file, *known;
    char *own_known; /* the same, when it is not given */
    bool replace, help;
    zc_operands operands;
};

static const struct zc_opt rows[] = {
    {.help = "Options:"},
    {.letter = 'f',
     .name = "file",
     .value = "FILE",
     ZC_OPT_INTO(TEXT, struct key_args, file),
     .not_for = TRUST | FORGET | LIST,
     .help = "show: the file of the private key (default\n"
             "~/.config/zcsync/" ZC_IDENTITY_NAME ")"},
    {.name = "known-peers",
     .value = "FILE",
     ZC_OPT_INTO(TEXT, struct key_args, known),
     .not_for = SHOW,
     .help = "trust, forget, list: the file of the peers' keys\n"
             "(default ~/.config/zcsync/" ZC_KNOWN_PEERS_NAME ")"},
    {.name = "replace",
     ZC_OPT_INTO(FLAG, struct key_args, replace),
     .not_for = SHOW | FORGET | LIST,
     .help = "trust: also when another key is known"},
    {.name = "help", ZC_OPT_INTO(FLAG, struct key_args, help),
     .help = "show this"},
};

static int show(struct key_args *a, struct zc_err *err);
static int trust(struct key_args *a, struct zc_err *err);
static int forget(struct key_args *a, struct zc_err *err);
static int list(struct key_args *a, struct zc_err *err);

static const struct verb {
    const char *name;
    enum key_verb bit;
    size_t operands;
    const char *usage; /* of the operands */
    int (*run)(struct key_args *a, struct zc_err *err);
} verbs[] = {
    {"show", SHOW, 0, "", show},
    {"trust", TRUST, 2, " NAME PUBKEY", trust},
    {"forget", FORGET, 1, " NAME", forget},
    {"list", LIST, 0, "", list},
};

static struct zc_opt_table table_for(unsigned as)
{
    return (struct zc_opt_table){.command = "key", .as = as, .rows = rows,
                                 .n_rows = ZC_ARRAY_LEN(rows)};
}

void zc_help_key(FILE *to)
{
    struct zc_opt_table all = table_for(0);
    fputs("usage: zcsync key show [-f FILE]\n"
          "       zcsync key trust [--replace] NAME PUBKEY\n"
          "       zcsync key forget NAME\n"
          "       zcsync key list\n\n"
          "Prints our public key, or looks after the keys of peers: NAME is\n"
          "the host as it is written in DEST (HOST, or HOST:PORT when it is\n"
          "not the default port), PUBKEY what 'zcsync key show' prints there.\n",
          to);
    zc_opt_print(&all, to);
}

static int show(struct key_args *a, struct zc_err *err)
{
    char text[ZC_KEY_TEXT_SIZE];
    struct zc_identity *id;
    if (zc_security_identity(a->file, &id, err))
        return -1;
    if (!id) {
        zc_auto_free char *own = zc_security_path(ZC_IDENTITY_NAME, err);
        return own ? zc_err_set(err, ZC_EXIT_START, 0,
                                "there is no %s yet: 'zcsync keygen' makes it",
                                own)
                   : -1;
    }
    zc_key_text(id->public_key, text);
    puts(text);
    zc_identity_free(id);
    return 0;
}

static int find_known(struct key_args *a, struct zc_err *err)
{
    if (!a->known)
        a->known = a->own_known = zc_security_path(ZC_KNOWN_PEERS_NAME, err);
    return a->known ? 0 : -1;
}

static int trust(struct key_args *a, struct zc_err *err)
{
    const char *host = a->operands.v[0], *text = a->operands.v[1];
    char name[ZC_KNOWN_PEER_NAME];
    uint8_t key[ZC_KEY_SIZE];
    if (zc_known_peer_name(host, strlen(host), name, err) ||
        find_known(a, err))
        return -1;
    if (!zc_key_parse(text, strlen(text), key))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "'%.100s' is not a public key: 44 characters of "
                          "base64, as 'zcsync key show' prints them",
                          text);
    return zc_known_peers_add(a->known, name, key, a->replace, err);
}

static int forget(struct key_args *a, struct zc_err *err)
{
    const char *host = a->operands.v[0];
    char name[ZC_KNOWN_PEER_NAME];
    if (zc_known_peer_name(host, strlen(host), name, err) ||
        find_known(a, err))
        return -1;
    return zc_known_peers_remove(a->known, name, err);
}

static int list(struct key_args *a, struct zc_err *err)
{
    char text[ZC_KEY_TEXT_SIZE];
    if (find_known(a, err))
        return -1;
    struct zc_known_peers *k = zc_known_peers_load(a->known, err);
    if (!k)
        return -1;
    for (size_t i = 0; i < k->v.len; i++) {
        zc_key_text(k->v.v[i].key, text);
        printf("%s %s\n", k->v.v[i].name, text);
    }
    zc_known_peers_free(k);
    return 0;
}

static const struct verb *find(const char *word)
{
    for (size_t i = 0; i < ZC_ARRAY_LEN(verbs); i++)
        if (strcmp(verbs[i].name, word) == 0)
            return &verbs[i];
    return NULL;
}

static int run(struct key_args *a, int argc, char **argv, struct zc_err *err)
{
    const struct verb *v = argc ? find(argv[0]) : NULL;
    if (argc && !v && strcmp(argv[0], "--help") == 0) {
        a->help = true;
        return 0;
    }
    if (!v)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          argc ? "'%.100s' is none of show, trust, forget and "
                                 "list (see 'zcsync key --help')"
                               : "show, trust, forget or list is missing (see "
                                 "'zcsync key --help')%s",
                          argc ? argv[0] : "");
    struct zc_opt_table table = table_for(v->bit);
    if (zc_opt_parse(&table, argc - 1, argv + 1, zc_opt_fill, a, &a->operands,
                     err))
        return -1;
    if (a->help)
        return 0;
    if (a->operands.len != v->operands)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "it is 'zcsync key %s%s' (see 'zcsync key --help')",
                          v->name, v->usage);
    return v->run(a, err);
}

int zc_cmd_key(int argc, char **argv)
{
    struct key_args a = {0};
    struct zc_err err;
    int code;
    if (run(&a, argc, argv, &err))
        code = zc_cli_usage("key", &err);
    else if (a.help)
        code = zc_cmd_help(1, &(char *){"key"});
    else
        code = zc_cli_written();
    free(a.own_known);
    zc_vec_fini(&a.operands);
    return code;
}
