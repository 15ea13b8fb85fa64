// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Options of rsync 3.5 that zcsync does not have: each is refused by name and with
 * the reason, so that no script believes in one that was ignored. The manual page
 * has them, too.
 */
#include "cli/rsync_opts.h"

#define NO_BATCH \
    "there are no batches, as each DEST is compared by itself; 'push -n -i' " \
    "tells what would be sent"
#define ONE_DIR "-d (--dirs) is there"

const struct zc_opt_refused zc_rsync_opts[] = {
    {'U', "atimes", "whoever reads a file changes that time, so copies would "
                    "never stay the same"},
    {'N', "crtimes", "Linux lets nobody set when a file was made"},
    {0, "copy-devices", "the bytes of a device change without a sign, so nobody "
                        "can tell whether a copy is of one moment; copy a "
                        "snapshot of it to a file, and push that"},
    {0, "write-devices", "no new version can be put in the place of a device in "
                         "one step"},
    {0, "drop-D", "--no-D leaves devices, sockets and fifos out, at both ends"},
    {0, "insecure-links", "symlinks of others are not followed on the way to "
                          "SRC, DEST and lists, and nothing allows that"},
    {0, "munge-links", "symlinks arrive as they are, and none leads zcsync out "
                       "of DEST; --safe-links leaves out those that lead away"},
    {0, "confine-root", "what a peer reaches is the directory of a share, and "
                        "nothing else"},
    {'y', "fuzzy", "a file is compared with the one of its name; a mirror sends "
                   "a rename as one"},
    {0, "partial-dir", "what is kept of a file that came in part is kept in the "
                       "staging folder"},
    {'T', "temp-dir",
     "a new version gets its name at once, so it is made where DEST is"},
    {0, "copy-as", "'sudo -u USER zcsync' does that, here and by "
                   "--remote-command"},
    {0, "remove-sent-files", "--remove-source-files is there"},
    {0, "old-dirs", ONE_DIR},
    {0, "old-d", ONE_DIR},
    {0, "daemon", "'zcsync serve' is there"},
    {0, "server", "'zcsync serve --stdio' is there"},
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
