// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds the command that is meant; see cli.h. */
#include "cli/cli.h"
#include "base/fds.h"
#include "base/log.h"
#include "base/near.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>

const struct zc_command zc_commands[] = {
    {"push", "[OPTION]... SRC... DEST", "make DEST equal to SRC", zc_cmd_push,
     zc_help_push,
     "zcsync push -i --delete /home/ /backup/home"},
    {"pull", "[OPTION]... SRC... DEST", "make DEST equal to SRC of a peer",
     zc_cmd_pull, zc_help_pull,
     "zcsync pull --delete web2::www/ /srv/www"},
    {"diff", "[OPTION]... SRC... DEST", "tell what push would change",
     zc_cmd_diff, zc_help_diff,
     "zcsync diff --delete /home/ /backup/home"},
    {"verify", "[OPTION]... SRC... DEST", "read all again, and compare it",
     zc_cmd_verify, zc_help_verify,
     "zcsync verify --cold /home/ /backup/home"},
    {"ls", "[OPTION]... PLACE", "list shares or a directory of a peer",
     zc_cmd_ls, zc_help_ls,
     "zcsync ls web2::www/htdocs"},
    {"mirror", "[OPTION]... SRC DEST...", "keep DEST equal to SRC",
     zc_cmd_mirror, zc_help_mirror,
     "zcsync mirror --exclude='*.tmp' /srv/www /backup/www web2::www"},
    {"serve", "[OPTION]... NAME=PATH...", "receive pushes into directories",
     zc_cmd_serve, zc_help_serve,
     "zcsync serve --listen 10.77.0.2:8730 --peer-key web1 www=/srv/www"},
    {"status", "[OPTION]... [MIRROR]...", "tell what zcsyncd is doing",
     zc_cmd_status, zc_help_status,
     "zcsync status www"},
    {"wait", "[OPTION]... [MIRROR[@PEER]]", "wait until peers have it all",
     zc_cmd_wait, zc_help_wait,
     "zcsync wait --timeout=60 www@web2"},
    {"rescan", "[OPTION]... MIRROR[@PEER] [PATH]", "compare something now",
     zc_cmd_rescan, zc_help_rescan,
     "zcsync rescan --wait www /srv/www/uploads"},
    {"pause", "[OPTION]... MIRROR[@PEER]", "let go of a destination",
     zc_cmd_pause, zc_help_pause,
     "zcsync pause www@/backup/www"},
    {"resume", "[OPTION]... MIRROR[@PEER]", "go on with it", zc_cmd_resume,
     zc_help_resume,
     "zcsync resume www@/backup/www"},
    {"release", "[OPTION]... MIRROR[@PEER]", "let a mass deletion through",
     zc_cmd_release, zc_help_release,
     "zcsync release www@web2"},
    {"restore", "[OPTION]... SHARE [PATH]", "bring back what a share lost",
     zc_cmd_restore, zc_help_restore,
     "zcsync restore --from=2026-11-30 www htdocs/index.html"},
    {"bench", "[OPTION]...", "tell how fast bytes can be moved here",
     zc_cmd_bench, zc_help_bench,
     "zcsync bench --size=1G --plot=bench.svg"},
    {"keygen", "[-f FILE]", "make a pair of keys", zc_cmd_keygen,
     zc_help_keygen,
     "zcsync keygen"},
    {"key", "show|trust|forget|list...", "our key, and those of peers",
     zc_cmd_key, zc_help_key,
     "zcsync key trust web2 rk9zo1O5...="},
    {"check-config", "[FILE]", "tell whether zcsync.conf is right",
     zc_cmd_check_config, zc_help_check_config,
     "zcsync check-config /etc/zcsync/zcsync.conf"},
    {"help", "[COMMAND]", "explain a command", zc_cmd_help, zc_help_help,
     "zcsync help push"},
    {"version", "", "print the version", zc_cmd_version, zc_help_version,
     "zcsync version"},
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
    struct zc_near near = {.name = word};
    for (const struct zc_command *c = zc_commands; c->name; c++)
        zc_near_consider(&near, c->name);
    if (word[0] == '-')
        zc_log(ZC_LOG_ERROR,
               "option %s stands before a command: see 'zcsync help', or try "
               "'zcsync push %s ...'",
               word, word);
    else if (near.is)
        zc_log(ZC_LOG_ERROR,
               "unknown command '%s'; is '%s' meant? (see 'zcsync help')", word,
               near.is);
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
    if (argc == 3 && strcmp(argv[2], "--version") == 0)
        return zc_cmd_version(0, NULL);
    return c->run(argc - 2, argv + 2);
}
