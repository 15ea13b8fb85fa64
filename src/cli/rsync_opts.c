// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Options of rsync 3.5 that zcsync does not have yet: each is refused by name,
 * so that no script believes in one that was ignored. Take out what is built.
 */
#include "cli/rsync_opts.h"


#define NO_BATCH \
    "there are no batches, as each DEST is compared by itself; 'push -n -i' " \
    "tells what would be sent"

const struct zc_opt_refused zc_rsync_opts[] = {
    {'b', "backup", NULL},
    {0, "backup-dir", NULL},
    {0, "suffix", NULL},
    {0, "old-dirs", NULL},
    {0, "old-d", NULL},
    {0, "insecure-links", NULL},
    {0, "munge-links", NULL},
    {0, "confine-root", NULL},
    {0, "copy-devices", NULL},
    {0, "write-devices", NULL},
    {0, "drop-D", NULL},
    {'U', "atimes", NULL},
    {'N', "crtimes", NULL},
    {0, "remove-sent-files", "--remove-source-files is there"},
    {0, "partial-dir", "what is kept of a file that came in part is kept in the "
                       "staging folder"},
    {'T', "temp-dir",
     "a new version gets its name at once, so it is made where DEST is"},
    {'y', "fuzzy", NULL},
    {0, "compress-threads", NULL},
    {0, "copy-as", NULL},
    {0, "daemon", "'zcsync serve' is there"},
    {0, "server", NULL},
    {0, NULL, NULL},
};

const struct zc_opt_refused zc_rsync_never[] = {
    {0, "sockopts", "zcsync sets what its connections need, and the system's "
                    "settings hold for all else"},
    {0, "protocol", "zcsync does not speak rsync's protocol, and agrees on its "
                    "own by itself"},
    {0, "iconv", "names are bytes, and arrive as they are"},
    {0, "write-batch", NO_BATCH},
    {0, "only-write-batch", NO_BATCH},
    {0, "read-batch", NO_BATCH},
    {0, "early-input", "there is no script at a daemon that would read it"},
    {0, "password-file", "zcsync proves who it is with keys instead of "
                         "passwords: 'zcsync keygen' makes one, and 'zcsync "
                         "key trust' tells the other host"},
    {0, NULL, NULL},
};
