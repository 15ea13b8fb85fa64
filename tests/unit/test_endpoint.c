// SPDX-License-Identifier: GPL-2.0-or-later
/* SRC and DEST as users write them, right and wrong. */
#include "net/endpoint.h"

#include "net/address.h"

#include "../tap.h"

#include <stdio.h>
#include <string.h>

static struct zc_err err;

/* One line that shows everything: kind user host port share path slash. */
static void parses(const char *text, const char *want)
{
    static const char *const kinds[] = {"local", "daemon", "ssh"};
    struct zc_endpoint e;
    char got[1024];

    memset(&err, 0, sizeof err);
    if (zc_endpoint_parse(text, &e, &err)) {
        ok(false, "\"%s\": %s", text, err.text);
        return;
    }
    snprintf(got, sizeof got, "%s %s %s %s %s <%s>%s", kinds[e.kind],
             e.user ? e.user : "-", e.host ? e.host : "-",
             e.port ? e.port : "-", e.share ? e.share : "-", e.path,
             e.trailing_slash ? " slash" : "");
    is_str(got, want, "\"%s\"", text);
    zc_endpoint_fini(&e);
}

static void fails(const char *text, const char *why)
{
    struct zc_endpoint e;
    memset(&err, 0, sizeof err);
    is_int(zc_endpoint_parse(text, &e, &err), -1, "\"%s\" is refused", text);
    ok(err.code == ZC_EXIT_USAGE && strstr(err.text, text) &&
           strstr(err.text, why),
       "%s", err.text);
}

static void local(void)
{
    parses("dir", "local - - - - <dir>");
    parses("dir/", "local - - - - <dir> slash");
    parses("dir///", "local - - - - <dir> slash");
    parses("/", "local - - - - </> slash");
    parses("//", "local - - - - </> slash");
    parses(".", "local - - - - <.>");
    parses("./a:b", "local - - - - <./a:b>");
    parses("/srv/a::b", "local - - - - </srv/a::b>");
    parses("a/b:c/", "local - - - - <a/b:c> slash");
    parses("me@host", "local - - - - <me@host>");
    parses("me@x/y:z", "local - - - - <me@x/y:z>");
    parses("[dir]", "local - - - - <[dir]>");
    parses("[a/b]:c", "local - - - - <[a/b]:c>");
    parses("-x", "local - - - - <-x>");
    parses("zcsync:/", "ssh - zcsync - - </> slash");
    parses("\xff\x01\n", "local - - - - <\xff\x01\n>");
    fails("", "empty");
}

static void daemons(void)
{
    parses("web2::www", "daemon - web2 " ZC_DEFAULT_PORT " www <>");
    parses("web2::www/", "daemon - web2 " ZC_DEFAULT_PORT " www <> slash");
    parses("web2::www/a/b", "daemon - web2 " ZC_DEFAULT_PORT " www <a/b>");
    parses("web2::www/a/b//",
           "daemon - web2 " ZC_DEFAULT_PORT " www <a/b> slash");
    parses("192.0.2.1::a b", "daemon - 192.0.2.1 " ZC_DEFAULT_PORT " a b <>");
    parses("[2001:db8::1]::www/x",
           "daemon - 2001:db8::1 " ZC_DEFAULT_PORT " www <x>");
    parses("h::s/a:b::c", "daemon - h " ZC_DEFAULT_PORT " s <a:b::c>");
    parses("zcsync://web2/www", "daemon - web2 " ZC_DEFAULT_PORT " www <>");
    parses("zcsync://web2:99/www/x/", "daemon - web2 99 www <x> slash");
    parses("zcsync://[::1]:99/www", "daemon - ::1 99 www <>");
    parses("zcsync://[::1]/www", "daemon - ::1 " ZC_DEFAULT_PORT " www <>");
    parses("zcsync://[/run/z:1/sock]/s/x",
           "daemon - /run/z:1/sock " ZC_DEFAULT_PORT " s <x>");
    parses("zcsync://[/s]/[/s]", "daemon - /s " ZC_DEFAULT_PORT " [ <s]>");
    parses("zcsync://h/s/100%25", "daemon - h " ZC_DEFAULT_PORT " s <100%25>");

    fails("web2::", "names no share");
    fails("web2::/a", "names no share");
    fails("::www", "host's name");
    fails("me@web2::www", "user");
    fails("web2::www/../x", "plain names");
    fails("web2::www/a//b", "plain names");
    fails("web2::www//", "plain names");
    fails("web2::www/.", "plain names");
    fails("web2::..", "share's name");
    fails("web2::a:b", "share's name");
    fails("web2::a\x7f", "share's name");
    fails("web2::a\nb", "share's name");
    fails("zcsync://", "host's name");
    fails("zcsync:///www", "host's name");
    fails("zcsync://web2", "names no share");
    fails("zcsync://[/run/sock/s", "not closed");
    fails("zcsync://[/run/sock]:1/s", "no port");
    fails("zcsync://[/run/so\nck]/s", "not valid");
    fails("zcsync://[/run/sock]", "names no share");
    fails("zcsync://web2/", "names no share");
    fails("zcsync://web2:/www", "port");
    fails("zcsync://web2:0/www", "port");
    fails("zcsync://web2:65536/www", "port");
    fails("zcsync://web2:123456/www", "port");
    fails("zcsync://web2:x/www", "port");
    fails("zcsync://me@web2/www", "user");
    fails("zcsync://[::1/www", "host's name");
    fails("zcsync://-oProxy/www", "host's name");
    fails("[web2]::www", "brackets");
    fails("[]::www", "host's name");
    fails("we b2::www", "host's name");
}

static void ssh(void)
{
    parses("web2:dir", "ssh - web2 - - <dir>");
    parses("web2:/srv/www/", "ssh - web2 - - </srv/www> slash");
    parses("me@web2:dir", "ssh me web2 - - <dir>");
    parses("me@corp@web2:dir", "ssh me@corp web2 - - <dir>");
    parses("web2:", "ssh - web2 - - <.>");
    parses("me@[::1]:a:b", "ssh me ::1 - - <a:b>");
    parses("[::1]:a@b", "ssh - ::1 - - <a@b>");
    parses("c:a::b", "ssh - c - - <a::b>");

    parses("ssh://web2/srv/www/", "ssh - web2 - - </srv/www> slash");
    parses("ssh://me@web2:2222/srv", "ssh me web2 2222 - </srv>");
    parses("ssh://me@corp@[::1]:22/~", "ssh me@corp ::1 22 - <~>");
    parses("ssh://web2/~ann/x y", "ssh - web2 - - <~ann/x y>");
    parses("ssh://web2/", "ssh - web2 - - </> slash");
    parses("ssh:/srv", "ssh - ssh - - </srv>");
    fails("ssh://web2", "there is no path behind the host");
    fails("ssh://web2:0/srv", "the port must be a number");
    fails("ssh://web2:x/srv", "the port must be a number");
    fails("ssh:///srv", "the host's name is not valid");
    fails("ssh://-oX@web2/srv", "the user's name is not valid");
    fails("ssh://@web2/srv", "the user's name is not valid");
    fails("ssh://a b/srv", "the host's name is not valid");
    fails(":dir", "host's name");
    fails("@web2:dir", "user's name");
    fails("-x@web2:dir", "user's name");
    fails("-oProxyCommand=x:dir", "host's name");
    fails("me@:dir", "host's name");
    fails("me@-x:dir", "host's name");
    fails("[::1]x:dir", "host's name");
    fails("web2:8730::www", "zcsync://HOST:PORT");
}

static void long_ones(void)
{
    struct zc_endpoint e;
    char text[4096];
    memset(text, 'h', sizeof text);
    memcpy(text + sizeof text - 7, "::share", 7);
    text[sizeof text - 1] = '\0';
    memset(&err, 0, sizeof err);
    is_int(zc_endpoint_parse(text, &e, &err), -1, "a host of 4 KiB");
    ok(strstr(err.text, "host's name"), "is refused with the reason");

    memset(text, 'a', sizeof text);
    memcpy(text, "h::", 3);
    text[3 + 255] = '\0';
    is_int(zc_endpoint_parse(text, &e, &err), 0, "a share of 255 bytes");
    zc_endpoint_fini(&e);
    text[3 + 255] = 'a';
    text[3 + 256] = '\0';
    is_int(zc_endpoint_parse(text, &e, &err), -1, "but not of 256");
}

int main(void)
{
    local();
    daemons();
    ssh();
    long_ones();
    ok(zc_share_name_ok("a b.c", 5), "a share name with a space");
    ok(!zc_share_name_ok("", 0), "an empty one");
    ok(!zc_share_name_ok("a\0b", 3), "one with a NUL");
    return done_testing();
}
