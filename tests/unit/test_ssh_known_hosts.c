// SPDX-License-Identifier: GPL-2.0-or-later
/* known_hosts: patterns, hashed names, markers, lines that make no sense, and
 * adding to the file. */
#include "ssh/known_hosts.h"
#include "ssh/pattern.h"

#include "tap.h"

#include "scratch.h"

#include <pwd.h>
#include <sodium.h>
#include <unistd.h>

static struct zc_err err;

/* A key of TYPE, all its other bytes N. */
static size_t make_key(uint8_t *key, const char *type, int n)
{
    size_t len = strlen(type);
    memset(key, 0, 4);
    key[3] = (uint8_t)len;
    memcpy(key + 4, type, len);
    memset(key + 4 + len, n, 32);
    return 4 + len + 32;
}

static const char *key_text(const char *type, int n)
{
    static char text[4][256];
    static unsigned turn;
    uint8_t key[128];
    char *out = text[turn++ % 4];
    int at = snprintf(out, 256, "%s ", type);
    sodium_bin2base64(out + at, 256 - (size_t)at, key, make_key(key, type, n),
                      sodium_base64_VARIANT_ORIGINAL);
    return out;
}

static struct zc_known_hosts_look look(const char *name, const char *lines,
                                       const char *type, int n)
{
    static uint8_t key[128];
    struct zc_known_hosts_look l = {.name = name, .key = key,
                                    .key_len = make_key(key, type, n)};
    zc_known_hosts_scan(&l, "F", lines, strlen(lines));
    return l;
}

static void test_patterns(void)
{
    static const struct {
        const char *pattern, *text;
        bool yes;
    } all[] = {
        {"web", "web", true},         {"web", "web2", false},
        {"web2", "web", false},       {"*", "", true},
        {"*", "any", true},           {"w*b", "wb", true},
        {"w*b", "wabab", true},       {"w*b", "waba", false},
        {"?eb", "web", true},         {"?eb", "eb", false},
        {"*a*a*a*b", "aaaaaaaaaaaaaa", false},
        {"*.example.com", "a.example.com", true},
        {"*.example.com", "example.com", false},
        {"192.0.2.?", "192.0.2.77", false},
        {"WEB", "web", true},
    };
    for (size_t i = 0; i < ZC_ARRAY_LEN(all); i++)
        ok(zc_ssh_glob(all[i].pattern, strlen(all[i].pattern), all[i].text,
                       true) == all[i].yes, "%s %s %s", all[i].pattern,
           all[i].yes ? "is" : "is not", all[i].text);
    static const char list[] = "*.example.com,!bad.example.com,x";
    ok(zc_ssh_pattern_list(list, sizeof list - 1, "a.example.com", true),
       "a list");
    ok(!zc_ssh_pattern_list(list, sizeof list - 1, "bad.example.com", true),
       "but not those with !");
    ok(zc_ssh_pattern_list(list, sizeof list - 1, "x", true), "its last");
    ok(!zc_ssh_pattern_list("!a", 2, "b", true), "no is no yes for others");
    ok(!zc_ssh_pattern_list("", 0, "", true), "nothing is nobody");
}

static void test_lines(void)
{
    char text[2048];
    struct zc_known_hosts_look l;
    snprintf(text, sizeof text,
             "# web ssh-ed25519 AAAA\n\nweb,192.0.2.1 %s comment\n"
             "*.example.com %s\r\n",
             key_text("ssh-ed25519", 1), key_text("ssh-rsa", 2));
    l = look("web", text, "ssh-ed25519", 1);
    ok(l.same.file && l.same.line == 3, "the key of a host");
    ok(!l.changed.file && !l.other.file, "and nothing else");
    l = look("192.0.2.1", text, "ssh-ed25519", 1);
    ok(l.same.line == 3, "by its address");
    l = look("web", text, "ssh-ed25519", 9);
    ok(!l.same.file && l.changed.line == 3, "another key of that kind");
    l = look("web", text, "ecdsa-sha2-nistp256", 1);
    ok(!l.same.file && !l.changed.file && l.other.line == 3,
       "a key of another kind");
    l = look("a.example.com", text, "ssh-rsa", 2);
    ok(l.same.line == 4, "a pattern, a line that ends as DOS has it");
    l = look("nobody", text, "ssh-rsa", 2);
    ok(!l.same.file && !l.changed.file && !l.other.file && !l.type_count,
       "a host that is not there");

    snprintf(text, sizeof text, "@revoked * %s\n@cert-authority web %s\nweb %s",
             key_text("ssh-ed25519", 1), key_text("ssh-rsa", 2),
             key_text("ssh-rsa", 3));
    l = look("web", text, "ssh-ed25519", 1);
    ok(l.revoked.line == 1, "a revoked key");
    l = look("web", text, "ssh-ed25519", 2);
    ok(!l.revoked.file && l.authority.line == 2, "another one is not");
    l = look("web", text, "ssh-rsa", 2);
    ok(!l.same.file && l.changed.line == 3,
       "an authority's key is nobody's own; the last line needs no end");
    l = look("other", text, "ssh-ed25519", 1);
    ok(l.revoked.line == 1 && !l.authority.file, "revoked for all");

    l = (struct zc_known_hosts_look){.name = "web"};
    zc_known_hosts_scan(&l, "F", text, strlen(text));
    ok(l.type_count == 1 && !strcmp(l.types[0], "ssh-rsa"),
       "the kinds that are known");
}

static void test_nonsense(void)
{
    static const char *const lines[] = {
        "web", "web ssh-ed25519", "web ssh-ed25519 !!!!", "@revoked",
        "@revoked web", "web ssh-ed25519 AAAA", "|1| ssh-ed25519 AAAA",
        "|1|AAAA|BBBB ssh-ed25519 AAAA", "|2|x|y ssh-ed25519 AAAA", "   ",
        "web 1024 35 1234567890", "@other web ssh-ed25519 AAAA"};
    char text[40000];
    struct zc_known_hosts_look l;
    for (size_t i = 0; i < ZC_ARRAY_LEN(lines); i++) {
        snprintf(text, sizeof text, "%s\nweb %s\n", lines[i],
                 key_text("ssh-ed25519", 1));
        l = look("web", text, "ssh-ed25519", 1);
        ok(l.same.line == 2 && !l.changed.file, "passed over: %s", lines[i]);
    }
    memset(text, 'x', sizeof text);
    snprintf(text + 35000, 3000, "\nweb %s\n", key_text("ssh-ed25519", 1));
    l = look("web", text, "ssh-ed25519", 1);
    is_int(l.same.line, 2, "passed over: a line that is too long");
    snprintf(text, sizeof text, "web ssh-rsa %s\n",
             strchr(key_text("ssh-ed25519", 1), ' ') + 1);
    l = look("web", text, "ssh-ed25519", 1);
    ok(!l.same.file && !l.type_count, "a key of another kind than said");
}

static void test_names(void)
{
    char name[ZC_KNOWN_HOST_NAME];
    zc_known_host_name("Web.Example.COM", 22, name);
    is_str(name, "web.example.com", "the usual port");
    zc_known_host_name("web", 2222, name);
    is_str(name, "[web]:2222", "another port");
    zc_known_host_name("2001:DB8::1", 22, name);
    is_str(name, "2001:db8::1", "IPv6");
}

static bool known(const char *file, const char *name, const uint8_t *key,
                  size_t n)
{
    struct zc_buf b = ZC_BUF_INIT;
    struct zc_known_hosts_look l = {.name = name, .key = key, .key_len = n};
    if (zc_known_hosts_load(file, &b, &err) == 0)
        zc_known_hosts_scan(&l, file, (char *)b.data, b.len);
    zc_buf_fini(&b);
    return l.same.file;
}

static void test_file(void)
{
    uint8_t key[128];
    struct stat st;
    size_t n = make_key(key, "ssh-ed25519", 5);
    ok(!known("d/known", "web", key, n), "no file, nobody");
    is_int(zc_known_hosts_add("d/known", "web", key, n, false, &err), 0,
           "a file and its directory are made");
    ok(stat("d", &st) == 0 && (st.st_mode & 07777) == 0700, "for nobody else");
    ok(stat("d/known", &st) == 0 && (st.st_mode & 07777) == 0600,
       "nor the file");
    ok(known("d/known", "web", key, n), "the host is known");
    int fd = open("d/known", O_WRONLY | O_APPEND);
    ok(write(fd, "half a line", 11) == 11, "somebody leaves half a line");
    close(fd);
    is_int(zc_known_hosts_add("d/known", "[web]:2222", key, n, true, &err), 0,
           "another, hashed");
    ok(known("d/known", "web", key, n), "the first is known still");
    ok(known("d/known", "[web]:2222", key, n), "and the other");
    ok(system("grep -q 'web.*2222' d/known") != 0, "the name is not there");
    if (system("command -v ssh-keygen >/dev/null"))
        skip(2, "ssh-keygen is not installed");
    else if (!getpwuid(getuid()))
        skip(2, "ssh-keygen runs for users with a name only");
    else {
        is_int(system("ssh-keygen -F '[web]:2222' -f d/known >/dev/null"), 0,
               "ssh-keygen finds it");
        is_int(system("ssh-keygen -F web -f d/known >/dev/null"), 0,
               "and the other");
    }
    ok(known("/dev/null", "web", key, n) == false, "/dev/null is empty");
    is_int(zc_known_hosts_add("/dev/null", "web", key, n, true, &err), 0,
           "and takes what it gets");
    is_int(zc_known_hosts_add("no/such/dir/x", "web", key, n, true, &err), -1,
           "directories above are not made");
}

int main(void)
{
    scratch();
    test_patterns();
    test_lines();
    test_nonsense();
    test_names();
    test_file();
    return done_testing();
}
