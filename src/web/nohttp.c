// SPDX-License-Identifier: GPL-2.0-or-later
/* The status page where it was left out of the build; see web.h. */
#include "web/web.h"

struct zc_web *zc_web_new(const struct zc_web_conf *conf, struct zc_err *err)
{
    (void)conf;
    zc_err_set(err, ZC_EXIT_START, 0,
               "this zcsync was built without the status page");
    return NULL;
}

void zc_web_free(struct zc_web *w)
{
    (void)w;
}

int zc_web_run(struct zc_web *w, int end_fd, struct zc_err *err)
{
    (void)w;
    (void)end_fd;
    return zc_err_set(err, ZC_EXIT_START, 0,
                      "this zcsync was built without the status page");
}
