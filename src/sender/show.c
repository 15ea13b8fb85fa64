// SPDX-License-Identifier: GPL-2.0-or-later
/* The answer to LOOK; see show.h. */
#include "sender/show.h"

#include "base/relpath.h"
#include "fs/fake.h"
#include "fs/meta.h"
#include "fs/staging.h"
#include "session/told.h"
#include "tree/names.h"

#include <string.h>
#include <sys/stat.h>

/* Sent when there is so much of it. */
#define PART ((size_t)64 << 10)

struct show {
    struct zc_conn *c;
    unsigned keep; /* ZC_KEEP_FAKE, or nothing */
    struct zc_buf out;
    bool trouble;
};

static int flush(struct show *s, size_t least, struct zc_err *err)
{
    return s->out.len < least ? 0 : zc_conn_send(s->c, &s->out, err);
}

/* --- shares --- */

static uint8_t uses(const struct zc_share *share, const uint8_t *key)
{
    bool push = !share->read_only &&
                zc_share_allows(share, key, ZC_ROLE_RECEIVER);
    bool pull = zc_share_allows(share, key, ZC_ROLE_SENDER);
    return (uint8_t)((push ? ZC_SHARE_PUSH : 0) | (pull ? ZC_SHARE_PULL : 0));
}

static int show_shares(struct show *s, const struct zc_accept_options *opt,
                       struct zc_err *err)
{
    for (size_t i = 0; i < opt->n_shares; i++) {
        const struct zc_share *share = &opt->shares[i];
        if (!zc_share_visible(share, opt->peer_key) ||
            (!opt->peer_key &&
             zc_share_admits(share, &opt->plain) == ZC_ADMIT_NO))
            continue;
        const struct zc_msg_share m = {
            uses(share, opt->peer_key),
            {(const uint8_t *)share->name, strlen(share->name)}};
        zc_share_encode(&s->out, &m);
        if (flush(s, PART, err))
            return -1;
    }
    return 0;
}

/* --- a directory --- */

static void cannot(struct show *s, const char *what, const char *name, int eno)
{
    s->trouble = true;
    zc_told_trouble(&s->out, ZC_TROUBLE_SOURCE, what, name, eno);
}

/* NAME in DIRFD, unless it is gone by now. */
static void show_name(struct show *s, int dirfd, const char *name)
{
    struct zc_stat st;
    size_t n;
    int mounted = zc_stat_mounted(dirfd, name, &st);
    if (mounted < 0 || (!mounted && zc_stat_kept(s->keep, dirfd, name, &st))) {
        if (errno != ENOENT)
            cannot(s, "look at it", name, errno);
        return;
    }
    zc_auto_free char *target = S_ISLNK(st.mode)
                                    ? zc_symlink_kept(s->keep, dirfd, name, &n)
                                    : NULL;
    /* What is made of an odd time is another matter. */
    const struct zc_item item = {
        .flags = ZC_ITEM_NEW,
        .mode = st.mode,
        .path = name,
        .size = st.size,
        .mtime_s = st.mtime_s,
        .mtime_ns = st.mtime_ns < 1000000000 ? st.mtime_ns : 0,
        .uid = st.uid,
        .gid = st.gid,
        .link_target = target,
    };
    zc_told_item(&s->out, &item);
}

static int show_dir(struct show *s, int dirfd, bool top, struct zc_err *err)
{
    struct zc_names names;
    int r = 0;
    if (zc_names_read(dirfd, &names)) {
        cannot(s, "read the directory", "", errno);
        return 0;
    }
    if (names.too_long)
        cannot(s, "tell of all that is in it: names have more than 255 bytes",
               "", ENAMETOOLONG);
    for (size_t i = 0; i < names.len && !r; i++) {
        const char *name = zc_names_at(&names, i);
        bool ours = zc_name_is_nest(name, names.v[i].len) ||
                    (!strcmp(name, ZC_STAGING_NAME) &&
                     (top || zc_staging_at_top(dirfd)));
        if (!ours)
            show_name(s, dirfd, name);
        r = flush(s, PART, err);
    }
    zc_names_fini(&names);
    return r;
}

int zc_show(struct zc_conn *c, const struct zc_terms *t,
            const struct zc_accept_options *opt, int root_fd,
            struct zc_err *err)
{
    struct show s = {
        .c = c,
        .keep = t->open.walk & ZC_WALK_FAKE ? ZC_KEEP_FAKE : 0,
        .out = ZC_BUF_INIT};
    int r = 0;
    if (root_fd < 0)
        r = show_shares(&s, opt, err);
    else if (t->source_name)
        show_name(&s, root_fd, t->source_name);
    else
        r = show_dir(&s, root_fd, !opt->own && !t->open.path.n, err);
    zc_verdict_encode(&s.out, &(struct zc_msg_verdict){
                                  s.trouble ? ZC_EXIT_PARTIAL : ZC_EXIT_OK,
                                  {NULL, 0}});
    if (!r)
        r = flush(&s, 0, err);
    zc_buf_fini(&s.out);
    return r;
}
