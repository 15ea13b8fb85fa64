// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A filter rule as text; see rule.h. The syntax is that of rsync(1), "FILTER
 * RULES IN DEPTH" and after; see filter.h for what is left out.
 *
 *     RULE[,][MODIFIERS] [PATTERN or FILE]     one space or '_' in between
 */
#include "tree/rule.h"

#include <string.h>

int zc_rule_refuse(struct zc_err *err, const char *rule, const char *why)
{
    return zc_err_set(err, ZC_EXIT_USAGE, 0,
                      "filter rule \"" ZC_RULE_SHOWN "\": %s", rule, why);
}

/* The length of the rule's name, and its one-letter form in *KIND; 0 when it
 * is none. A long name must end where a name can end. */
static size_t read_name(const char *rule, char *kind)
{
    static const struct {
        const char *name;
        char kind;
    } names[] = {
        {"exclude", '-'},   {"include", '+'}, {"merge", '.'},
        {"dir-merge", ':'}, {"hide", 'H'},    {"show", 'S'},
        {"protect", 'P'},   {"risk", 'R'},    {"clear", '!'},
    };
    for (size_t i = 0; i < ZC_ARRAY_LEN(names); i++) {
        size_t n = strlen(names[i].name);
        if (strncmp(rule, names[i].name, n) == 0 && strchr(" _,", rule[n])) {
            *kind = names[i].kind;
            return n;
        }
    }
    *kind = *rule;
    return *rule && strchr("-+.:HSPR!", *rule) ? 1 : 0;
}

static void set_kind(struct zc_rule_said *p, char kind)
{
    p->kind = kind;
    switch (kind) {
    case 'S':
    case 'H':
        p->sides = ZC_SIDE_SENDER;
        break;
    case 'R':
    case 'P':
        p->sides = ZC_SIDE_RECEIVER;
        break;
    default:
        break;
    }
    p->side_in_name = p->sides != 0;
    p->include = strchr("+SR", kind) != NULL;
}

/* C: as .cvsignore is read, or what CVS ignores anyway. */
static const char *set_cvs(struct zc_rule_said *p)
{
    if (p->kind == '-')
        p->cvs_words = true;
    else if (strchr(".:", p->kind))
        p->how = (struct zc_filter_how){
            .bare = true, .words = true, .cvs = true, .no_inherit = true};
    else
        return "the modifier 'C' is for '-', '.' and ':'";
    return NULL;
}

/* A modifier for files of rules alone. False: it is none. */
static bool set_reading(struct zc_rule_said *p, char modifier)
{
    struct zc_filter_how *how = &p->how;
    switch (modifier) {
    case '-':
    case '+':
        if (how->bare)
            return false;
        how->bare = true;
        how->include = modifier == '+';
        return true;
    case 'e':
        p->exclude_self = true;
        return true;
    case 'n':
        how->no_inherit = true;
        return true;
    case 'w':
        how->words = true;
        return true;
    case 'D': /* on the wire: see zc_filter_unprotect */
        how->unprotect = true;
        return true;
    default:
        return false;
    }
}

/* One modifier. NULL, or why it cannot be. */
static const char *set_modifier(struct zc_rule_said *p, char modifier,
                                bool from_peer)
{
    bool file = strchr(".:", p->kind);
    switch (modifier) {
    case '!':
        p->negated = true;
        return file ? "a merge file cannot be negated" : NULL;
    case 's':
    case 'r':
        p->sides |= modifier == 's' ? ZC_SIDE_SENDER : ZC_SIDE_RECEIVER;
        return p->side_in_name ? "it names its side twice" : NULL;
    case 'p':
        p->perishable = true;
        return NULL;
    case 'C':
        return set_cvs(p);
    case '/':
        return "the modifier '/' (match absolute paths) is not supported";
    case 'x':
        return "the modifier 'x' (xattr names) is not supported";
    default:
        if (file && (modifier != 'D' || from_peer) && set_reading(p, modifier))
            return NULL;
        return "it has a modifier that rsync does not know either";
    }
}

int zc_rule_read(struct zc_rule_said *p, const char *rule, bool from_peer,
                 struct zc_err *err)
{
    char kind;
    size_t at = read_name(rule, &kind);
    if (!at)
        return zc_rule_refuse(err, rule, "it starts with no rule that is known");
    set_kind(p, kind);
    at += rule[at] == ',';
    if (kind == '!') {
        if (rule[at])
            return zc_rule_refuse(err, rule, "nothing may follow a clear");
        return 0;
    }
    for (; rule[at] && rule[at] != ' ' && rule[at] != '_'; at++) {
        const char *why = set_modifier(p, rule[at], from_peer);
        if (why)
            return zc_rule_refuse(err, rule, why);
    }
    p->arg = rule + at + (rule[at] != '\0');
    return 0;
}

void zc_rule_read_prefixed(struct zc_rule_said *p, const char *rule)
{
    p->arg = rule;
    if (strcmp(rule, "!") == 0) {
        p->kind = '!';
    } else if ((*rule == '-' || *rule == '+') && rule[1] == ' ') {
        p->include = *rule == '+';
        p->arg += 2;
    }
}
