// SPDX-License-Identifier: GPL-2.0-or-later
/* ssh_config: what our own reader makes of it, what `ssh -G` writes, and what
 * stands for something else. */
#include "ssh/config.h"

#include "tap.h"

#include <stdio.h>

static struct zc_err err;

static int parse(struct zc_ssh_config *c, const char *host, const char *text)
{
    *c = (struct zc_ssh_config){.host = strdup(host)};
    err.text[0] = '\0';
    return zc_ssh_config_parse(c, "F", text, strlen(text), &err);
}

static void reads(const char *host, const char *text, const char *key,
                  const char *want)
{
    struct zc_ssh_config c;
    char got[2048] = "-";
    if (parse(&c, host, text))
        snprintf(got, sizeof got, "%s", err.text);
    else if (!strcmp(key, "hostname") && c.hostname)
        snprintf(got, sizeof got, "%s", c.hostname);
    else if (!strcmp(key, "user") && c.user)
        snprintf(got, sizeof got, "%s", c.user);
    else if (!strcmp(key, "proxycommand") && c.proxy_command)
        snprintf(got, sizeof got, "%s", c.proxy_command);
    else if (!strcmp(key, "proxyjump") && c.proxy_jump)
        snprintf(got, sizeof got, "%s", c.proxy_jump);
    else if (!strcmp(key, "port"))
        snprintf(got, sizeof got, "%u", c.port);
    else if (!strcmp(key, "timeout"))
        snprintf(got, sizeof got, "%u", c.connect_timeout_s);
    else if (!strcmp(key, "strict"))
        snprintf(got, sizeof got, "%d", (int)c.strict);
    else if (!strcmp(key, "ids")) {
        *got = '\0';
        for (size_t i = 0; i < c.identity_files.len; i++)
            snprintf(got + strlen(got), sizeof got - strlen(got), "%s|",
                     c.identity_files.v[i]);
    } else if (!strcmp(key, "known")) {
        *got = '\0';
        for (size_t i = 0; i < c.user_known_hosts.len; i++)
            snprintf(got + strlen(got), sizeof got - strlen(got), "%s|",
                     c.user_known_hosts.v[i]);
    }
    is_str(got, want, "%s: %s", host, key);
    zc_ssh_config_fini(&c);
}

static void test_lines(void)
{
    reads("a", "HostName b", "hostname", "b");
    reads("a", "  hostname=b  ", "hostname", "b");
    reads("a", "HOSTNAME = \"b\" # why", "hostname", "b");
    reads("a", "# HostName b\n\nHostName c\r\n", "hostname", "c");
    reads("a", "HostName b\nHostName c", "hostname", "b");
    reads("a", "User 'me and you'", "user", "me and you");
    reads("a", "User \"me \\\"x\\\"\"", "user", "me \"x\"");
    reads("a", "ProxyCommand nc -X \"a b\" %h %p # not a comment",
          "proxycommand", "nc -X \"a b\" %h %p # not a comment");
    reads("a", "ProxyJump b\nProxyCommand c", "proxycommand", "-");
    reads("a", "ProxyCommand c\nProxyJump b", "proxyjump", "-");
    reads("a", "IdentityFile x\nIdentityFile \"y z\"", "ids", "x|y z|");
    reads("a", "UserKnownHostsFile x \"y z\"\nUserKnownHostsFile no", "known",
          "x|y z|");
    reads("a", "ConnectTimeout 1m30s", "timeout", "90");
    reads("a", "ConnectTimeout none", "timeout", "0");
    reads("a", "StrictHostKeyChecking accept-new", "strict", "3");
    reads("a", "StrictHostKeyChecking off", "strict", "2");
    reads("a", "ForwardX11 yes\nNoSuchThing at all\nUser u", "user", "u");
}

static void test_blocks(void)
{
    static const char two[] = "Host a\n User one\nHost *\n User two\n";
    reads("a", two, "user", "one");
    reads("b", two, "user", "two");
    static const char not[] = "Host *.x !b.x\n User u\n";
    reads("a.x", not, "user", "u");
    reads("b.x", not, "user", "-");
    reads("a", "Host b \"a\"\nUser u", "user", "u");
    reads("a", "Match all\nUser u", "user", "u");
    reads("a", "Match host b,a\nUser u", "user", "u");
    reads("a", "HostName z\nMatch host z\nUser u", "user", "u");
    reads("a", "HostName z\nMatch originalhost z\nUser u", "user", "-");
    reads("a", "Match !host a\nUser u", "user", "-");
    reads("a", "Match exec true\nUser u\nMatch all\nPort 7", "user", "-");
    reads("a", "Match exec true\nUser u\nMatch all\nPort 7", "port", "7");
    reads("a", "Match\nUser u", "user", "-");
    reads("a", "Host\nUser u", "user", "-");
}

static void test_nonsense(void)
{
    reads("a", "\nPort x", "port", "F:2: \"x\" is no value for port");
    reads("a", "Port 0", "port", "F:1: \"0\" is no value for port");
    reads("a", "Port 65536", "port", "F:1: \"65536\" is no value for port");
    reads("a", "Port 99999999999999999999", "port",
          "F:1: \"99999999999999999999\" is no value for port");
    reads("a", "Port", "port", "F:1: port has no value");
    reads("a", "User \"x", "user", "F:1: a quote without its end");
    reads("a", "StrictHostKeyChecking perhaps", "strict",
          "F:1: \"perhaps\" is no value for stricthostkeychecking");
    reads("b", "Host a\nPort x", "port", "0");
    reads("a", "ConnectTimeout 99999999999d", "timeout",
          "F:1: \"99999999999d\" is no value for connecttimeout");
}

static void test_taken(void)
{
    static const char text[] =
        "user me\nhostname b\nport 2222\nidentityfile ~/.ssh/x y\n"
        "identityfile z\nuserknownhostsfile /a /b\nproxycommand nc %h %p\n"
        "stricthostkeychecking true\nconnecttimeout none\nforwardx11 no\n"
        "pubkeyauthentication unbound\nproxyjump";
    struct zc_ssh_config c = {.host = strdup("a")};
    is_int(zc_ssh_config_take(&c, text, sizeof text - 1, &err), 0, "ssh -G");
    is_str(c.hostname, "b", "its host");
    is_int(c.port, 2222, "its port");
    is_str(c.proxy_command, "nc %h %p", "a command is one");
    is_int(c.strict, ZC_SSH_STRICT_YES, "true is yes");
    ok(c.use_pubkey, "unbound is yes");
    ok(c.identity_files.len == 2 &&
           !strcmp(c.identity_files.v[0], "~/.ssh/x y"),
       "identity files");
    is_int(c.user_known_hosts.len, 2, "several files");
    zc_ssh_config_fini(&c);
}

static void expands(const char *text, bool file, const char *want)
{
    struct zc_ssh_config c = {.host = "alias", .hostname = "real", .port = 7,
                              .user = "them"};
    char *got = zc_ssh_expand(&c, text, file, &err);
    is_str(got, want, "\"%s\"", text);
    free(got);
}

static void test_expand(void)
{
    struct zc_ssh_me me;
    char want[ZC_SSH_VALUE_MAX + 100];
    zc_ssh_me(&me);
    expands("%h %n %p %r %%", false, "real alias 7 them %");
    expands("~/%h", false, "~/real");
    snprintf(want, sizeof want, "%s/.ssh/id", me.home);
    expands("~/.ssh/id", true, want);
    expands("%d/.ssh/id", true, want);
    snprintf(want, sizeof want, "/k/%s", me.user);
    expands("/k/%u", true, want);
    setenv("ZC_TEST_VALUE", "val", 1);
    expands("/k/${ZC_TEST_VALUE}/x$", true, "/k/val/x$");
    expands("/k/${ZC_TEST_UNSET}", true, NULL);
    ok(strstr(err.text, "${ZC_TEST_UNSET}"), "says what it is: %s", err.text);
    expands("%Q", true, NULL);
    expands("%", false, NULL);
    expands("~no-such-user-here/x", true, NULL);
}

int main(void)
{
    test_lines();
    test_blocks();
    test_nonsense();
    test_taken();
    test_expand();
    return done_testing();
}
