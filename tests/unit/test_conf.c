// SPDX-License-Identifier: GPL-2.0-or-later
/* zcsync.conf: what a good file comes to, line by line what is wrong with bad
 * ones, and that libinih misreads nothing. The sentences are in tests/t/300. */
#include "tap.h"

#include "base/buf.h"
#include "daemon/conf.h"
#include "daemon/conf_table.h"
#include "fs/meta.h"
#include "scratch.h"

static struct zc_err err;

static struct zc_conf *parse(const char *text)
{
    struct zc_conf *c = zc_conf_parse("f", text, strlen(text), &err);
    if (!c)
        diag("%s", err.text);
    return c;
}

static void refused(const char *text, size_t n, const char *want)
{
    struct zc_conf *c = zc_conf_parse("f", text, n, &err);
    ok(!c, "refused: %s", want);
    is_int(err.code, ZC_EXIT_USAGE, "with the exit code of usage");
    is_str(err.text, want, "and with the sentence");
    zc_conf_free(c);
}

#define bad(text, want) refused((text), sizeof(text) - 1, (want))

/* The text of the only mirror, to be freed. */
static char *mirror_text(const char *keys)
{
    char text[4096];
    snprintf(text, sizeof text, "[mirror m]\npath = /a\nto = /b\n%s", keys);
    struct zc_conf *c = parse(text);
    char *out = c ? strdup(c->mirrors.v[0].text) : NULL;
    zc_conf_free(c);
    return out;
}

static bool same_mirror(const char *a, const char *b)
{
    char *x = mirror_text(a), *y = mirror_text(b);
    bool same = x && y && strcmp(x, y) == 0;
    if (!x || !y)
        ok(0, "both are taken: %s | %s", a, b);
    free(x);
    free(y);
    return same;
}

static void test_empty(void)
{
    struct zc_conf *c = parse("");
    ok(c, "an empty file is taken");
    is_str(c->file, "f", "its name is kept");
    is_str(c->listen, NULL, "listen: left to the daemon");
    ok(!c->plain, "not in plain");
    is_str(c->control, ZC_CONTROL_DEFAULT, "the control socket's default");
    is_str(c->control_group, NULL, "no group named");
    is_int(c->max_connections, 64, "64 connections");
    is_int(c->timeout_s, 60, "a minute of silence");
    is_int(c->peers.len + c->shares.len + c->mirrors.len, 0, "nothing else");
    zc_conf_free(c);
}

static void test_daemon(void)
{
    struct zc_conf *c = parse("[daemon]\nlisten = [::]:99\nsecurity = plain\n"
                              "control = /run//x/./c/\ncontrol group = adm\n"
                              "max connections = 3\ntimeout = 9\n");
    is_str(c->listen, "[::]:99", "listen");
    ok(c->plain, "security = plain");
    is_str(c->control, "/run/x/c", "control, in its shortest form");
    is_str(c->control_group, "adm", "control group");
    is_int(c->max_connections, 3, "max connections");
    is_int(c->timeout_s, 9, "timeout");
    zc_conf_free(c);
    const char *fine[] = {"none", "8730", "127.0.0.9", "localhost:1",
                          "[::1]:8730"};
    for (size_t i = 0; i < ZC_ARRAY_LEN(fine); i++) {
        char text[100];
        snprintf(text, sizeof text, "[daemon]\nlisten = %s", fine[i]);
        c = parse(text);
        ok(c, "listen = %s needs no security", fine[i]);
        is_str(c ? c->listen : NULL, fine[i], "and is kept as it is");
        zc_conf_free(c);
    }
}

static void test_peers_and_shares(void)
{
    struct zc_conf *c = parse("[peer a]\naddress = h\n"
                              "[peer b]\naddress = 10.0.0.1:99\n"
                              "[peer c]\naddress = [2001:db8::1]:7\n"
                              "[peer d]\naddress = [::1]\n"
                              "\n[share x y]\npath = /x y/\n"
                              "[share s]\nread only = yes\npath = /\n"
                              "fake super = yes\n");
    is_int(c->peers.len, 4, "four peers");
    is_str(c->peers.v[0].name, "a", "name");
    is_str(c->peers.v[0].host, "h", "host");
    is_str(c->peers.v[0].port, "8730", "the default port");
    is_int(c->peers.v[1].line, 3, "line");
    is_str(c->peers.v[1].host, "10.0.0.1", "an address");
    is_str(c->peers.v[1].port, "99", "with a port");
    is_str(c->peers.v[2].host, "2001:db8::1", "IPv6");
    is_str(c->peers.v[2].port, "7", "with a port");
    is_str(c->peers.v[3].host, "::1", "IPv6 without");
    is_int(c->shares.len, 2, "two shares");
    is_str(c->shares.v[0].name, "x y", "a name with a blank");
    is_str(c->shares.v[0].path, "/x y", "a path with one");
    ok(!c->shares.v[0].read_only, "not read only by default");
    is_str(c->shares.v[1].path, "/", "the root");
    ok(c->shares.v[1].read_only, "read only");
    ok(c->shares.v[1].fake_super && !c->shares.v[0].fake_super, "fake super");
    is_int(c->shares.v[1].line, 12, "line");
    is_int(c->shares.v[1].keep_s, 0, "nothing is kept by default");
    zc_conf_free(c);
}

static void test_keep(void)
{
    static const struct {
        const char *text;
        unsigned seconds;
    } v[] = {
        {"30 days", 30 * 86400}, {"1 day", 86400},   {"2 weeks", 14 * 86400},
        {"12 hours", 12 * 3600}, {"30d", 30 * 86400}, {"2w", 14 * 86400},
        {"90m", 5400},           {"3\tdays", 3 * 86400}, {"no", 0},
    };
    for (size_t i = 0; i < ZC_ARRAY_LEN(v); i++) {
        char text[100];
        snprintf(text, sizeof text, "[share s]\npath = /s\nkeep = %s\n",
                 v[i].text);
        struct zc_conf *c = parse(text);
        is_int(c->shares.v[0].keep_s, v[i].seconds, "keep = %s", v[i].text);
        zc_conf_free(c);
    }
    struct zc_conf *c = parse("[share s]\npath = /s\nkeep size = 2K\n");
    is_int(c->shares.v[0].keep_size, 2048, "keep size");
    zc_conf_free(c);
}

#define KEY_1 "UIKGeTXKt3OFZ1f45YB3+fh1KUPaRZu/XMtPYanyR0A="
#define KEY_2 "fLC/7+WBIFIZtEZHZMeqd8a2OOwawFRSBRM2Wgs4vCo="

static void test_keys(void)
{
    char text[ZC_KEY_TEXT_SIZE];
    struct zc_conf *c = parse("");
    ok(!c->identity && c->ktls, "no identity; ktls");
    is_int(c->max_unauthenticated, 128, "128 unauthenticated");
    is_int(c->max_unauthenticated_per_address, 32, "32 of an address");
    ok(!zc_conf_sealed_only(c), "without an identity plain will do");
    zc_conf_free(c);
    c = parse("[share s]\npath = /s\npeers = b , a,c\n"
              "[mirror m]\npath = /m\nto = b::x, h::y, zcsync://h2:9/z\n"
              "[daemon]\nidentity = /etc//k\nktls = no\n"
              "max unauthenticated = 5\nmax unauthenticated per address = 4\n"
              "[peer a]\npublic key = " KEY_1 "\n"
              "[peer b]\naddress = h2\npublic key = " KEY_2 "\n"
              "[peer c]\npublic key = " KEY_1 "\n");
    is_str(c->identity, "/etc/k", "identity");
    ok(!c->ktls, "ktls = no");
    is_int(c->max_unauthenticated, 5, "max unauthenticated");
    is_int(c->max_unauthenticated_per_address, 4, "per address");
    ok(!c->peers.v[0].host && c->peers.v[0].keys.len == 1,
       "a peer without address");
    is_int(c->shares.v[0].keys.len, 2, "two keys of three peers");
    zc_key_text(c->shares.v[0].keys.v[0].key, text);
    is_str(text, KEY_2, "in their order");
    ok(zc_conf_sealed_only(c), "all that connects is sealed");
    const struct zc_conf_mirror *m = &c->mirrors.v[0];
    ok(m->to.v[0].peer == &c->peers.v[1], "a destination has its peer's keys");
    is_str(m->to.v[0].at.host, "h2", "and its address");
    ok(!m->to.v[1].peer, "a host that is no peer has none");
    ok(!m->to.v[2].peer, "nor has another port of a peer's host");
    zc_conf_free(c);
}

/* A mirror to TO beside [peer web2], which has that ADDRESS (NULL: none) and a
 * key, in a daemon that has one, too. */
static struct zc_conf *beside_peer(const char *address, const char *to)
{
    char text[1000];
    snprintf(text, sizeof text,
             "[mirror m]\npath = /a\nto = %s\n[daemon]\nidentity = /k\n"
             "security = plain\n[peer web1]\naddress = 10.0.0.1\n"
             "[peer web2]\npublic key = " KEY_1 "\n%s%s\n", to,
             address ? "address = " : "", address ? address : "");
    return zc_conf_parse("f", text, strlen(text), &err);
}

/* A peer that has a key is not spoken to in plain because it is written in
 * another way. */
static void test_peer_without_its_name(void)
{
    static const struct {
        const char *address, *to, *write;
    } its[] = {
        {"127.0.0.1:18740", "zcsync://127.0.0.1:18740/s", "web2::s"},
        {"127.0.0.1:18740", "zcsync://127.0.0.1:18740/s/a/b", "web2::s/a/b"},
        {"127.0.0.1", "127.0.0.1::s", "web2::s"},
        {"127.0.0.1", "zcsync://localhost/s", "web2::s"},
        {"localhost:9", "zcsync://[::1]:9/s", "web2::s"},
        {"10.0.0.2", "zcsync://10.0.0.2:08730/s", "web2::s"},
        {"10.0.0.2", "zcsync://[::ffff:10.0.0.2]/s", "web2::s"},
        {"[2001:db8::1]:7", "zcsync://[2001:DB8:0::1]:7/s", "web2::s"},
        {"h2.example.com", "H2.Example.com.::s", "web2::s"},
        {"10.0.0.2", "zcsync://web2/s", "web2::s"},
        {"10.0.0.2", "zcsync://web2:9/s", "web2::s"},
        {"10.0.0.2", "WEB2::s", "web2::s"},
        {NULL, "zcsync://web2/s", "web2::s"},
        {"10.0.0.1", "web1::s", "web2::s"}, /* one host, two peers */
    }, others[] = {
        {"127.0.0.1:18740", "zcsync://127.0.0.1:18741/s", NULL},
        {"127.0.0.1:18740", "zcsync://127.0.0.2:18740/s", NULL},
        {"127.0.0.1:18740", "zcsync://localhost/s", NULL},
        {"10.0.0.2", "zcsync://localhost/s", NULL},
        {"[2001:db8::1]:7", "zcsync://[2001:db8::2]:7/s", NULL},
        {"10.0.0.2", "zcsync://web1/s", NULL},
        {"10.0.0.2", "zcsync://web/s", NULL},
        {"10.0.0.2", "web1::s", NULL},
        {"10.0.0.2", "/10.0.0.2", NULL},
    };
    char want[500];
    for (size_t i = 0; i < ZC_ARRAY_LEN(its); i++) {
        struct zc_conf *c = beside_peer(its[i].address, its[i].to);
        snprintf(want, sizeof want, "f:3: to: '%s' is [peer web2], which has a "
                                    "public key: write %s",
                 its[i].to, its[i].write);
        ok(!c, "%s is a peer with a key", its[i].to);
        is_str(err.text, want, "and the sentence says how to write it");
        zc_conf_free(c);
    }
    for (size_t i = 0; i < ZC_ARRAY_LEN(others); i++) {
        struct zc_conf *c = beside_peer(others[i].address, others[i].to);
        ok(c && !c->mirrors.v[0].to.v[0].peer, "%s is not %s: %s",
           others[i].to, others[i].address, c ? "" : err.text);
        zc_conf_free(c);
    }
}

/* What --help says of the limits is what holds. */
static void test_limits_told(void)
{
    static const char *const names[] = {
        "max connections", "max unauthenticated",
        "max unauthenticated per address"};
    const char *near;
    struct zc_conf *c = parse("");
    const unsigned values[] = {c->max_connections, c->max_unauthenticated,
                               c->max_unauthenticated_per_address};
    for (size_t i = 0; i < ZC_ARRAY_LEN(names); i++) {
        char text[20];
        snprintf(text, sizeof text, "%u", values[i]);
        is_str(zc_conf_find_key(ZC_CONF_DAEMON, names[i], &near)->def, text,
               "the default of %s is in the table", names[i]);
    }
    zc_conf_free(c);
}

/* The text of the one mirror, to a peer with that KEY, in a daemon with those
 * keys. */
static char *keyed_text(const char *daemon, const char *key)
{
    char text[1000];
    snprintf(text, sizeof text,
             "[daemon]\n%s\n[peer p]\naddress = h\n%s\n"
             "[mirror m]\npath = /a\nto = p::b\n", daemon, key);
    struct zc_conf *c = parse(text);
    char *out = c ? strdup(c->mirrors.v[0].text) : strdup("");
    zc_conf_free(c);
    return out;
}

static void test_key_texts(void)
{
    static const char *const other[][2] = {
        {"identity = /k\nktls = no", "public key = " KEY_1},
        {"identity = /k", ""},
        {"identity = /k\nsecurity = plain", "public key = " KEY_1},
    };
    char *one = keyed_text("identity = /k", "public key = " KEY_1);
    char *same = keyed_text("max connections = 3\nidentity = //k/",
                            "public key = " KEY_1);
    is_str(same, one, "the same keys: the same mirror");
    free(same);
    same = keyed_text("identity = /l",
                      "public key = " KEY_2 "\npublic key = " KEY_1);
    is_str(same, one, "which they are, and where ours is, it is told");
    free(same);
    for (size_t i = 0; i < ZC_ARRAY_LEN(other); i++) {
        char *text = keyed_text(other[i][0], other[i][1]);
        ok(*text && strcmp(text, one) != 0, "%s, %s: another one",
           other[i][0], other[i][1]);
        free(text);
    }
    free(one);
    ok(same_mirror("", ""), "a local one has nothing to do with keys");
}

static void test_mirror_defaults(void)
{
    struct zc_conf *c = parse("[mirror m]\npath = /a\nto = /b/\n");
    struct zc_conf_mirror *m = &c->mirrors.v[0];
    is_str(m->name, "m", "name");
    is_str(m->path, "/a", "path");
    ok(m->push.src == m->path, "it is the source");
    is_int(m->to.len, 1, "one destination");
    is_str(m->to.v[0].text, "/b/", "as written");
    is_int(m->to.v[0].at.kind, ZC_AT_LOCAL, "local");
    is_str(m->to.v[0].at.path, "/b", "its path");
    is_int(m->push.keep, ZC_KEEP_ALL, "all is kept");
    ok(m->push.del, "deletions are on");
    ok(m->push.max_delete == ZC_MAX_DELETE_DEFAULT, "the brake's default");
    ok(!m->push.force_delete && !m->push.checksum && !m->push.dry_run &&
           !m->push.one_file_system && !m->push.numeric_ids,
       "what is off by default");
    is_int(m->push.fsync, ZC_FSYNC_BEHIND, "fsync = behind");
    is_int(m->push.bwlimit, 0, "no limit");
    is_int(m->push.timeout_s, 60, "a minute of silence");
    is_int(m->contimeout_s, 30, "half a minute to connect");
    ok(!m->push.filter && !m->push.chmod && !m->push.chown_user, "no rules");
    is_int(m->watch, ZC_WATCH_AUTO, "watch = auto");
    is_int(m->rescan_s, 60, "rescan = 60");
    is_int(m->compare_s, 86400, "compare = daily");
    is_int(m->drain_s, 5, "drain = 5");
    is_int(m->compress, 0, "compress = off");
    is_int(m->line, 1, "line");
    zc_conf_free(c);
}

static void test_mirror_values(void)
{
    struct zc_conf *c = parse(
        "[mirror m]\npath = /a\nto = /b\nexclude = *.o\ninclude = *.c\n"
        "filter = P keep\ndelete = no\nmax delete = 0\nforce delete = yes\n"
        "checksum = yes\none file system = yes\nsafe links = yes\nmax size = 1.5K-1\nmin size = 1KB\nnumeric ids = yes\n"
        "owner = no\ngroup = no\nacls = no\nsparse = no\nchown = u\n"
        "fileflags = yes\n"
        "chmod = F600\nfsync = none\nbwlimit = 1.5M\nwatch = fanotify\n"
        "rescan = 1\nconnect timeout = 2\ntimeout = 3\ndrain = 0\n"
        "compress = zstd:5\nskip compress = gz/x\n");
    struct zc_conf_mirror *m = &c->mirrors.v[0];
    ok(!m->push.del && m->push.force_delete && m->push.checksum &&
           m->push.one_file_system && m->push.numeric_ids, "flags");
    is_int(m->push.walk, ZC_WALK_SAFE_LINKS | ZC_WALK_SIZES,
           "safe links, and sizes");
    is_int(m->push.max_size, 1535, "max size");
    is_int(m->push.min_size, 1000, "min size");
    is_int(m->push.max_delete, 0, "max delete");
    is_int(m->push.keep,
           (ZC_KEEP_ALL & ~(ZC_KEEP_GROUP | ZC_KEEP_ACLS | ZC_KEEP_SPARSE)) |
               ZC_KEEP_FLAGS,
           "what is kept; chown goes before owner = no");
    is_str(m->push.chown_user, "u", "chown");
    is_str(m->push.chown_group, NULL, "no group");
    is_int(zc_chmod_apply(m->push.chmod, S_IFREG | 0644), S_IFREG | 0600,
           "chmod");
    is_int(m->push.fsync, ZC_FSYNC_NONE, "fsync");
    is_int(m->push.bwlimit, 3 * 512 * 1024, "bwlimit");
    is_int(m->watch, ZC_WATCH_FANOTIFY, "watch");
    is_int(m->rescan_s, 1, "rescan");
    is_int(m->compare_s, 1, "and everything is compared as often");
    is_int(m->contimeout_s, 2, "connect timeout");
    is_int(m->push.timeout_s, 3, "timeout");
    is_int(m->drain_s, 0, "drain");
    is_int(m->compress, 5, "compress");
    is_str(m->push.skip_compress, "gz/x", "skip compress");
    ok(zc_filter_hides(m->push.filter, "x.o", false), "exclude");
    ok(!zc_filter_hides(m->push.filter, "x.c", false), "include");
    ok(zc_filter_protects(m->push.filter, "keep", false), "filter");
    zc_conf_free(c);

    c = parse("[mirror m]\npath = /a\nto = /b\ninclude = a.o\nexclude = *.o\n");
    ok(!zc_filter_hides(c->mirrors.v[0].filter, "a.o", false) &&
           zc_filter_hides(c->mirrors.v[0].filter, "b.o", false),
       "rules keep their order");
    zc_conf_free(c);
}

static void test_destinations(void)
{
    struct zc_conf *c = parse("[mirror m]\npath = /a\n"
                              "to = p::s,\t q::s/x , zcsync://p:9/t, /b c\n"
                              "[peer p]\naddress = [::1]:77\n");
    struct zc_conf_mirror *m = &c->mirrors.v[0];
    is_int(m->to.len, 4, "four destinations");
    is_str(m->to.v[0].text, "p::s", "as written");
    is_str(m->to.v[0].at.host, "::1", "a peer that is defined later");
    is_str(m->to.v[0].at.port, "77", "with its port");
    is_str(m->to.v[0].at.share, "s", "the share");
    is_str(m->to.v[1].at.host, "q", "no peer: a host");
    is_str(m->to.v[1].at.port, "8730", "with the default port");
    is_str(m->to.v[1].at.path, "x", "and a path");
    is_str(m->to.v[2].at.host, "p", "a URL names a host");
    is_str(m->to.v[2].at.port, "9", "and its port");
    is_str(m->to.v[3].at.path, "/b c", "a local path");
    zc_conf_free(c);
}

/* What libinih would cut, join, split or pass over. */
static void test_lines(void)
{
    struct zc_conf *c;
    struct zc_buf b = ZC_BUF_INIT;
    char name[251] = {0}, path[3001] = {0};

    c = parse("\xef\xbb\xbf[share a]\r\npath = /x\r\n");
    is_str(c->shares.v[0].path, "/x", "a byte order mark, and CR LF");
    zc_conf_free(c);
    c = parse("  # x\n\t; y\n[ share\ta ]\npath=/x ; y # z");
    is_str(c->shares.v[0].name, "a", "blanks in a section's brackets");
    is_str(c->shares.v[0].path, "/x ; y # z", "no comment behind a value");
    zc_conf_free(c);

    memset(name, 'n', sizeof name - 1);
    memset(path, 'p', sizeof path - 1);
    for (size_t i = 0; i < sizeof path - 1; i += 50)
        memcpy(path + i, i % 100 ? "/ ; " : "/#:=", 4);
    zc_buf_printf(&b, "[share %s]\npath = %s\n", name, path);
    zc_buf_u8(&b, '\0');
    c = parse((char *)b.data);
    is_str(c->shares.v[0].name, name, "a long name");
    is_str(c->shares.v[0].path, path, "a long value, with all that is special");
    zc_conf_free(c);
    zc_buf_fini(&b);

    bad("[share a]\npath = /x\n  /y\n", "f:3: '/y' is not KEY = VALUE");
    c = parse(" \t[share a]\n path = /x\n\t read only = yes\n");
    is_str(c->shares.v[0].path, "/x", "a key behind blanks");
    ok(c->shares.v[0].read_only, "another one is not part of its value");
    zc_conf_free(c);
    bad("[share a]\npath = /x\0y\n", "f:2: there is a NUL byte in the line");
    bad("[share a]\npath = /x\ry\n",
        "f:2: there is a control character (0x0d) in the line");
    bad("[share a]\npath = /x\n[share b]", "f:3: [share b] has no key 'path'");
    bad("[daemon]\n[share]\n", "f:2: [share] needs a name: [share NAME]");
    bad("[share a]\npath: /x\n", "f:2: 'path: /x' is not KEY = VALUE");
    bad("[share a]\npath: /x=y\n", "f:2: 'path: /x' is not a key");
}

static void test_limits(void)
{
    size_t n = 1024 * 1024 + 1;
    char *big = malloc(n);
    memset(big, '\n', n);
    struct zc_conf *c = zc_conf_parse("f", big, n - 1, &err);
    ok(c, "a file of 1 MiB is taken");
    zc_conf_free(c);
    refused(big, n, "f: the file is larger than 1 MiB");
    memset(big, '#', 65537);
    refused(big, 65537, "f:1: the line is longer than 65536 bytes");
    memcpy(big, "[share a]\npath=", 15);
    memset(big + 15, '/', 65536 - 5);
    c = zc_conf_parse("f", big, 15 + 65536 - 5, &err);
    ok(!c && strstr(err.text, "longer than 4095 bytes"),
       "a line of 65536 bytes comes through, its path is too long");
    zc_conf_free(c);
    free(big);

    struct zc_buf b = ZC_BUF_INIT;
    zc_buf_put_str(&b, "[mirror m]\npath = /a\nto = /b");
    for (int i = 1; i < 64; i++)
        zc_buf_printf(&b, ", h%d::s", i);
    c = zc_conf_parse("f", (char *)b.data, b.len, &err);
    is_int(c ? c->mirrors.v[0].to.len : 0, 64, "64 destinations");
    zc_conf_free(c);
    zc_buf_put_str(&b, ", x::s");
    refused((char *)b.data, b.len,
            "f:3: to: there are more than 64 destinations");
    zc_buf_fini(&b);
}

static void test_text(void)
{
    ok(same_mirror("", "# x\n\nowner = yes\ncompare = daily\n"),
       "a default that is written down makes no difference");
    ok(same_mirror("modify window = -5\n", "modify window = -1\n"),
       "nor which negative number it is");
    ok(same_mirror("filter = - x\n", "exclude = x\n"),
       "nor does how a rule is spelled");
    ok(same_mirror("exclude = y\nfilter = !\nexclude = x\n", "exclude = x\n"),
       "nor one that was cleared");
    for (size_t i = 0; i < zc_conf_n_keys; i++) {
        const struct zc_conf_key *k = &zc_conf_keys[i];
        char line[100];
        if (k->section != ZC_CONF_MIRROR || k->required ||
            k->type >= ZC_CONF_EXCLUDE || strncmp(k->name, "on change ", 10) == 0)
            continue;
        const char *value = k->type == ZC_CONF_FSYNC   ? "none"
                            : k->type == ZC_CONF_WATCH ? "inotify"
                            : k->type == ZC_CONF_MOVER ? "mmap"
                            : k->type == ZC_CONF_SSH_DATA ? "tunnel"
                            : k->type == ZC_CONF_DELTA ? "aligned"
                            : k->type == ZC_CONF_COMPRESS ? "zstd:7"
                            : k->type == ZC_CONF_CHMOD ? "a+r"
                            : k->type == ZC_CONF_MOUNT ? "yes"
                            : k->type == ZC_CONF_IDMAP ? "1:2"
                            : k->type == ZC_CONF_PATH  ? "/7"
                            : k->type == ZC_CONF_SSH_OPTION ? "Port=7"
                            : !k->def                  ? "7"
                            : strcmp(k->def, "yes") == 0 ? "no"
                            : strcmp(k->def, "no") == 0  ? "yes"
                                                         : "7";
        snprintf(line, sizeof line, "%s = %s\n", k->name, value);
        ok(!same_mirror("", line), "another %s is another text", k->name);
        /* Who says how often to rescan says how often to compare, too. */
        if (!k->def || strcmp(k->name, "rescan") == 0)
            continue;
        snprintf(line, sizeof line, "%s = %s\n", k->name, k->def);
        ok(same_mirror("", line), "the default of %s is in the table",
           k->name);
    }
    ok(!same_mirror("exclude = a\nexclude = b\n", "exclude = b\nexclude = a\n"),
       "the order of rules matters");
    ok(!same_mirror("chown = u\n", "chown = :u\n"), "users are not groups");
    ok(same_mirror("on change = a\non change user = root\n"
                   "on change interval = 5\non change timeout = 6\n",
                   "on change = b c\n"),
       "what is run, and how, is not the mirror's");
    ok(!same_mirror("on change = a\non change pattern = x\n",
                    "on change = a\n"),
       "what it tells of, is");
}

static char *text_with_peer(const char *address)
{
    char text[200];
    snprintf(text, sizeof text, "[peer p]\naddress = %s\n[mirror m]\n"
             "path = /a\nto = p::s\n", address);
    struct zc_conf *c = parse(text);
    char *out = strdup(c->mirrors.v[0].text);
    zc_conf_free(c);
    return out;
}

static void put_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    if (!f || fputs(text, f) < 0 || fclose(f))
        diag("%s: %s", path, strerror(errno));
}

/* Things outside the section that count, too. */
static void test_text_of_others(void)
{
    char *a = text_with_peer("h:1"), *b = text_with_peer("h:2");
    char *c = text_with_peer("i:1"), *d = text_with_peer("h:1");
    ok(strcmp(a, b) != 0 && strcmp(a, c) != 0, "the peer's address counts");
    is_str(a, d, "the same address is the same");
    free(a);
    free(b);
    free(c);
    free(d);

    char path[4200], key[4300];
    snprintf(path, sizeof path, "%s/rules", scratch_path);
    snprintf(key, sizeof key, "exclude from = %s\n", path);
    char key2[4300];
    snprintf(key2, sizeof key2, "filter = merge %s\n", path);
    put_file(path, "*.o\n");
    a = mirror_text(key);
    put_file(path, "# spelled otherwise\n*.o\n");
    b = mirror_text(key);
    put_file(path, "*.c\n");
    c = mirror_text(key);
    is_str(a, b, "a comment in a file of rules does not count");
    ok(strcmp(a, c) != 0, "a rule in it does");
    put_file(path, "- *.c\n");
    d = mirror_text(key2);
    is_str(d, c, "merged rules are the same");
    free(a);
    free(b);
    free(c);
    free(d);
}

static void test_load(void)
{
    char path[4200], want[4300];
    snprintf(path, sizeof path, "%s/conf", scratch_path);
    ok(!zc_conf_load(path, &err), "a file that is not there");
    snprintf(want, sizeof want, "%s: No such file or directory", path);
    is_str(err.text, want, "is an error that names it");
    is_int(err.code, ZC_EXIT_USAGE, "of usage");
    ok(!zc_conf_load(scratch_path, &err), "nor is a directory taken");
    put_file(path, "[share a]\npath = /x\n");
    struct zc_conf *c = zc_conf_load(path, &err);
    ok(c, "a good file is");
    is_int(c ? c->shares.len : 0, 1, "with its share");
    zc_conf_free(c);
    zc_conf_free(NULL);
    ok(!zc_conf_parse("f", "x", 1, NULL), "nobody needs to take the sentence");
}

int main(void)
{
    scratch();
    test_empty();
    test_daemon();
    test_peers_and_shares();
    test_keep();
    test_keys();
    test_key_texts();
    test_peer_without_its_name();
    test_limits_told();
    test_mirror_defaults();
    test_mirror_values();
    test_destinations();
    test_lines();
    test_limits();
    test_text();
    test_text_of_others();
    test_load();
    return done_testing();
}
