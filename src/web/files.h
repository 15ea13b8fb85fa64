/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of the status page, put into the program when it is built
 * (src/web/local.mk makes the table of src/web/page.* and icon.svg). Constant;
 * any thread. */
#ifndef ZC_WEB_FILES_H
#define ZC_WEB_FILES_H

#include <stddef.h>

struct zc_web_file {
    const char *path; /* "/page.css" */
    const char *type; /* of its content */
    const unsigned char *bytes;
    size_t size;
};

extern const struct zc_web_file zc_web_files[];
extern const size_t zc_web_n_files;

#endif
