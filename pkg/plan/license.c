#include "plan/license.h"

#include "core/buf.h"

#include <string.h>

/* Letters beside digits that names of licences have: "bigscience-bloom-rail-1.0", "gpl-3.0+". */
#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+_-"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

bool license_is_card(const char *path)
{
    return text_equal_fold(path, "README.md");
}

bool license_is_text(const char *path)
{
    static const char *const names[] = {"LICENSE", "LICENSE.txt", "LICENSE.md",
                                        "LICENCE", "LICENCE.txt", "COPYING"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (text_equal_fold(path, names[i]))
            return true;
    return false;
}

/* What stands behind a key of the front matter, over all of its lines. */
enum card_value {
    CARD_NOTHING,    /* there is no such key, or it has no value */
    CARD_NAMES,      /* names that are known as such */
    CARD_UNREADABLE, /* anything else that YAML has */
};

static void trim(const char **text, size_t *size)
{
    while (*size > 0 && strchr(" \t\r\n", **text) != NULL) {
        ++*text;
        --*size;
    }
    while (*size > 0 && strchr(" \t\r\n", (*text)[*size - 1]) != NULL)
        --*size;
}

/* A scalar of one line, plain or in quotes. */
static enum card_value add_scalar(struct buf *values, const char *text, size_t size)
{
    static const char *const nothing[] = {"", "~", "null", "Null", "NULL", NULL};

    trim(&text, &size);
    bool has_quotes = size > 0 && (*text == '"' || *text == '\'');
    if (has_quotes && (size < 2 || memchr(text + 1, *text, size - 1) != text + size - 1))
        return CARD_UNREADABLE;
    CLEANUP(text) char *value = has_quotes ? xstrndup(text + 1, size - 2) : xstrndup(text, size);
    if (text_is_among(value, nothing))
        return CARD_NOTHING;
    if (!text_is_one_line(value) || strpbrk(value, "\\[]{}") != NULL ||
        (!has_quotes && (strchr("&*!|>%@`?:-,", value[0]) != NULL || strstr(value, ": ") != NULL ||
                         text_ends_with(value, ":"))))
        return CARD_UNREADABLE;
    buf_addf(values, "%s%s", values->size > 0 ? ", " : "", value);
    return CARD_NAMES;
}

/* What has to be a name, and has more beside it. */
static bool add_item(struct buf *values, const char *text, size_t size)
{
    return add_scalar(values, text, size) == CARD_NAMES;
}

/* "[mit, x11]", which may go over lines. */
static enum card_value add_flow_list(struct buf *values, const char *text, size_t size)
{
    const char *end = text + size - 1;
    const char *at = text + 1;

    if (size < 2 || *end != ']')
        return CARD_UNREADABLE;
    for (;;) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *to = comma != NULL ? comma : end;
        size_t blanks = strspn(at, " \t\r\n");
        if (comma == NULL && at + blanks >= end)
            return values->size > 0 ? CARD_NAMES : CARD_NOTHING;
        if (!add_item(values, at, (size_t)(to - at)))
            return CARD_UNREADABLE;
        if (comma == NULL)
            return CARD_NAMES;
        at = comma + 1;
    }
}

/* "- mit", one a line. */
static enum card_value add_block_list(struct buf *values, const char *text, size_t size)
{
    const char *end = text + size;

    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *to = newline != NULL ? newline : end;
        text += strspn(text, " \t\r");
        size_t length = (size_t)(to - text);
        if (length == 1 ||
            (length > 1 && (memcmp(text, "- ", 2) != 0 || !add_item(values, text + 2, length - 2))))
            return CARD_UNREADABLE;
        text = to + (to < end);
    }
    return CARD_NAMES;
}

/* `text` is without comments. */
static enum card_value add_value(struct buf *values, const char *text)
{
    size_t size = strlen(text);

    trim(&text, &size);
    if (size > 0 && *text == '[')
        return add_flow_list(values, text, size);
    if (size > 1 && strncmp(text, "- ", 2) == 0)
        return add_block_list(values, text, size);
    return add_scalar(values, text, size);
}

/* A line up to its comment. */
static void add_line(struct buf *out, const char *line, size_t size)
{
    char quote = '\0';

    for (size_t i = 0; i < size; i++) {
        bool is_first = i == 0 || strchr(" \t,[", line[i - 1]) != NULL;
        if (quote == '\0' && line[i] == '#' && (i == 0 || is_blank(line[i - 1])))
            size = i;
        else if (quote != '\0' && line[i] == quote)
            quote = '\0';
        else if (quote == '\0' && is_first && strchr("\"'", line[i]) != NULL)
            quote = line[i];
    }
    buf_add(out, line, size);
    buf_add_text(out, "\n");
}

/* Behind "name:", "name :" or "'name':" at the beginning of the line; NULL: it is another's. */
static const char *after_key(const char *line, const char *name)
{
    bool has_quotes = *line == '"' || *line == '\'';
    const char *at = line + has_quotes;

    if (!text_starts_with(at, name))
        return NULL;
    at += strlen(name);
    if (has_quotes && *at++ != *line)
        return NULL;
    at += strspn(at, " \t");
    return *at == ':' ? at + 1 : NULL;
}

static bool ends_front_matter(const char *line, size_t size)
{
    return size >= 3 && strncmp(line, "---", 3) == 0 && strspn(line + 3, " \t\r") == size - 3;
}

/* Whether a line goes on with the value of the key before it. */
static bool goes_on(const char *line)
{
    return strchr(" \t\r\n#]", line[0]) != NULL ||
           (line[0] == '-' && strchr(" \t\r\n", line[1]) != NULL);
}

/* `matter` are the lines between the two of "---". */
static enum card_value read_key(const char *matter, const char *name, struct buf *values)
{
    CLEANUP(buf) struct buf text = BUF_INIT;
    bool is_open = false;

    for (const char *line = matter; *line != '\0';) {
        size_t size = strcspn(line, "\n");
        const char *value = after_key(line, name);
        if (value != NULL && text.size > 0)
            return CARD_UNREADABLE; /* it stands twice */
        if (value != NULL)
            add_line(&text, value, size - (size_t)(value - line));
        else if (is_open && goes_on(line))
            add_line(&text, line, size);
        is_open = value != NULL || (is_open && goes_on(line));
        line += size + (line[size] == '\n');
    }
    return add_value(values, buf_text(&text));
}

/* NULL: there is none. Caller frees. */
static char *take_front_matter(const char *card)
{
    const char *start = text_starts_with(card, "\xef\xbb\xbf") ? card + 3 : card;
    const char *line = start + strcspn(start, "\n");

    if (*line == '\0' || !ends_front_matter(start, (size_t)(line - start)))
        return NULL;
    start = ++line;
    while (!ends_front_matter(line, strcspn(line, "\n"))) {
        line += strcspn(line, "\n");
        if (*line++ == '\0')
            return NULL; /* it has no end: it is none */
    }
    return xstrndup(start, (size_t)(line - start));
}

/* Its keys do not begin their lines, as those of a mapping between braces. */
static bool is_indented(const char *matter)
{
    while (*matter == '#' || *matter == '\n' || *matter == '\r') {
        matter += strcspn(matter, "\n");
        matter += *matter == '\n';
    }
    return strchr(" \t{", *matter) != NULL && *matter != '\0';
}

bool license_read_card(const char *text, struct plan *plan)
{
    CLEANUP(buf) struct buf license = BUF_INIT;
    CLEANUP(buf) struct buf name = BUF_INIT;
    CLEANUP(text) char *matter = take_front_matter(text);

    if (matter == NULL)
        return false;
    if (is_indented(matter))
        return true;
    enum card_value found = read_key(matter, "license", &license);
    if (found != CARD_NAMES)
        return found == CARD_UNREADABLE;
    bool has_name = read_key(matter, "license_name", &name) == CARD_NAMES;
    free(plan->license);
    free(plan->license_name);
    plan->license = buf_take(&license);
    plan->license_name = has_name ? buf_take(&name) : NULL;
    return true;
}

char *license_format(const struct plan *plan)
{
    if (plan->license == NULL)
        return xstrdup(LICENSE_UNKNOWN);
    if (plan->license_name == NULL)
        return xstrdup(plan->license);
    return xasprintf("%s (%s)", plan->license, plan->license_name);
}

static bool has_name(const char *const *list, const char *name)
{
    for (; list != NULL && *list != NULL; list++)
        if (text_equal_fold(*list, name))
            return true;
    return false;
}

static int refuse(const struct plan *plan, const char *title, const char *why, struct error *err)
{
    CLEANUP(text) char *license = license_format(plan);

    return error_set(err, ERROR_REFUSED, "'%s' is under the licence '%s', which %s", title, license,
                     why);
}

/* One of its licences; `name` is what the card calls it besides, or NULL. */
static int check_one(const struct plan *plan, const char *title, const char *license,
                     const struct license_rules *rules, struct error *err)
{
    const char *name = plan->license_name != NULL ? plan->license_name : license;
    bool is_denied = has_name(rules->denied, license) || has_name(rules->denied, name);
    bool is_allowed = has_name(rules->allowed, license) || has_name(rules->allowed, name);

    if (is_denied)
        return refuse(plan, title,
                      "--deny-license names: take another model, or leave it out of --deny-license",
                      err);
    if (rules->allowed != NULL && !is_allowed)
        return refuse(plan, title,
                      "--allow-license does not name: take another model, or add it there", err);
    return 0;
}

int license_check(const struct plan *plan, const char *title, const struct license_rules *rules,
                  struct error *err)
{
    const char *at = plan->license != NULL ? plan->license : LICENSE_UNKNOWN;

    while (*at != '\0') {
        size_t size = strcspn(at, ",");
        CLEANUP(text) char *license = xstrndup(at, size);
        if (check_one(plan, title, license, rules, err) < 0)
            return -1;
        at += size;
        at += strspn(at, ", ");
    }
    return 0;
}

int license_list_parse(const char *text, struct strings *out, struct error *err)
{
    for (const char *at = text;; at++) {
        size_t size = strcspn(at, ",");
        CLEANUP(text) char *name = xstrndup(at, size);
        if (size == 0 || strspn(name, NAME_LETTERS) != size)
            return error_set(err, ERROR_USAGE,
                             "'%s' is no list of licences; expected names as the Hub has them, "
                             "such as mit,apache-2.0,unknown",
                             text);
        strings_add(out, name);
        at += size;
        if (*at == '\0')
            return 0;
    }
}
