// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds the command that is meant; see cli.h. */
#include "cli/cli.h"
#include "base/fds.h"
#include "base/log.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>

const struct zc_command zc_commands[] = {
    {"push", "[OPTION]... SRC... DEST", "make DEST equal to SRC", zc_cmd_push,
     zc_help_push},
    {"pull", "[OPTION]... SRC... DEST", "make DEST equal to SRC of a peer",
     zc_cmd_pull, zc_help_pull},
    {"diff", "[OPTION]... SRC... DEST", "tell what push would change",
     zc_cmd_diff, zc_help_diff},
    {"mirror", "[OPTION]... SRC DEST...", "keep DEST equal to SRC",
     zc_cmd_mirror, zc_help_mirror},
    {"serve", "[OPTION]... NAME=PATH...", "receive pushes into directories",
     zc_cmd_serve, zc_help_serve},
    {"status", "[OPTION]... [MIRROR]...", "tell what zcsyncd is doing",
     zc_cmd_status, zc_help_status},
    {"wait", "[OPTION]... [MIRROR[@PEER]]", "wait until peers have it all",
     zc_cmd_wait, zc_help_wait},
    {"rescan", "[OPTION]... MIRROR[@PEER] [PATH]", "compare something now",
     zc_cmd_rescan, zc_help_rescan},
    {"pause", "[OPTION]... MIRROR[@PEER]", "let go of a destination",
     zc_cmd_pause, zc_help_pause},
    {"resume", "[OPTION]... MIRROR[@PEER]", "go on with it", zc_cmd_resume,
     zc_help_resume},
    {"release", "[OPTION]... MIRROR[@PEER]", "let a mass deletion through",
     zc_cmd_release, zc_help_release},
    {"keygen", "[-f FILE]", "make a pair of keys", zc_cmd_keygen,
     zc_help_keygen},
    {"key", "show|trust|forget|list...", "our key, and those of peers",
     zc_cmd_key, zc_help_key},
    {"check-config", "[FILE]", "tell whether zcsync.conf is right",
     zc_cmd_check_config, zc_help_check_config},
    {"help", "[COMMAND]", "explain a command", zc_cmd_help, zc_help_help},
    {"version", "", "print the version", zc_cmd_version, zc_help_version},
    {.name = "verify"},
    {.name = "bench"},
    {.name = NULL},
};

int zc_cli_usage(const char *name, const struct zc_err *err)
{
    /* Files named on the command line speak for themselves. */
    if (err->code != ZC_EXIT_USAGE) {
        zc_log(ZC_LOG_ERROR, "%s", err->text);
        return err->code;
    }
    char prefix[64];
    snprintf(prefix, sizeof prefix, "zcsync %s", name);
    zc_log_init(prefix, false);
    zc_log(ZC_LOG_ERROR, "%s", err->text);
    zc_log_init("zcsync", false);
    return err->code;
}

static const struct zc_command *find(const char *name)
{
    for (const struct zc_command *c = zc_commands; c->name; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

/* Without a command: options of the program itself, or of a user who comes
 * from rsync. */
static int no_command(const char *word)
{
    if (word[0] == '-')
        zc_log(ZC_LOG_ERROR,
               "option %s stands before a command: see 'zcsync help', or try "
               "'zcsync push %s ...'",
               word, word);
    else
        zc_log(ZC_LOG_ERROR,
               "unknown command '%s': see 'zcsync help', or try 'zcsync push "
               "SRC... DEST'",
               word);
    return ZC_EXIT_USAGE;
}

static void open_standard_fds(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

void zc_cli_begin(void)
{
    open_standard_fds();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* above RLIMIT_FSIZE a write is EFBIG then */
    zc_fds_raise();
}

int zc_cli_main(int argc, char **argv)
{
    zc_cli_begin();
    zc_log_init("zcsync", false);
    if (argc < 2) {
        zc_log(ZC_LOG_ERROR, "usage: zcsync push [OPTION]... SRC... DEST (see "
                             "'zcsync help' for more)");
        return ZC_EXIT_USAGE;
    }
    const char *word = argv[1];
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
        word = "version";
    else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        word = "help";
    const struct zc_command *c = find(word);
    if (!c)
        return no_command(word);
    if (!c->run) {
        zc_log(ZC_LOG_ERROR, "%s is not supported yet", word);
        return ZC_EXIT_USAGE;
    }
    return c->run(argc - 2, argv + 2);
}
