#include "plan/license.h"

#include "core/buf.h"

#include <string.h>

/* Letters beside digits that names of licences have: "bigscience-bloom-rail-1.0", "gpl-3.0+". */
#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+_-"

/* Front matter is a page; more lines of it are not looked at. */
#define CARD_LINES_MAX 2000

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

/* A scalar without its quotes, comment and blanks; caller frees. */
static char *scalar(const char *text, size_t size)
{
    while (size > 0 && (*text == ' ' || *text == '\t')) {
        text++;
        size--;
    }
    if (size > 0 && (*text == '"' || *text == '\'')) {
        const char *end = memchr(text + 1, *text, size - 1);
        return end != NULL ? xstrndup(text + 1, (size_t)(end - text) - 1) : xstrdup("");
    }
    for (size_t i = 1; i < size; i++)
        if (text[i] == '#' && (text[i - 1] == ' ' || text[i - 1] == '\t'))
            size = i;
    while (size > 0 && strchr(" \t\r", text[size - 1]) != NULL)
        size--;
    return xstrndup(text, size);
}

static void add_value(struct buf *values, const char *text, size_t size)
{
    CLEANUP(text) char *value = scalar(text, size);

    if (text_is_one_line(value))
        buf_addf(values, "%s%s", values->size > 0 ? ", " : "", value);
}

/* "[mit, x11]", or one scalar. */
static void add_values(struct buf *values, const char *text, size_t size)
{
    CLEANUP(text) char *value = scalar(text, size);
    const char *at = value + 1;

    if (value[0] != '[') {
        add_value(values, text, size);
        return;
    }
    while (*at != '\0' && *at != ']') {
        size_t length = strcspn(at, ",]");
        add_value(values, at, length);
        at += length + (at[length] == ',');
    }
}

/* One key of the front matter that is looked for. */
struct card_key {
    const char *name; /* with its colon */
    struct buf *values;
};

/* Takes a line of front matter; `open` is the key whose list goes on. */
static void take_line(const char *line, size_t size, const struct card_key *keys,
                      const struct card_key **open)
{
    size_t blanks = strspn(line, " ");

    if (*open != NULL && blanks + 2 < size && strncmp(line + blanks, "- ", 2) == 0) {
        add_value((*open)->values, line + blanks + 2, size - blanks - 2);
        return;
    }
    *open = NULL;
    for (const struct card_key *key = keys; key->name != NULL; key++) {
        size_t length = strlen(key->name);
        if (size < length || strncmp(line, key->name, length) != 0)
            continue;
        add_values(key->values, line + length, size - length);
        *open = key;
    }
}

static bool ends_front_matter(const char *line, size_t size)
{
    return size >= 3 && strncmp(line, "---", 3) == 0 && strspn(line + 3, " \t\r") == size - 3;
}

void license_read_card(const char *text, struct plan *plan)
{
    CLEANUP(buf) struct buf license = BUF_INIT;
    CLEANUP(buf) struct buf name = BUF_INIT;
    const struct card_key keys[] = {{"license:", &license}, {"license_name:", &name}, {NULL, NULL}};
    const struct card_key *open = NULL;
    const char *line = text_starts_with(text, "\xef\xbb\xbf") ? text + 3 : text;

    if (!ends_front_matter(line, strcspn(line, "\n")))
        return;
    for (unsigned i = 0; i < CARD_LINES_MAX; i++) {
        line += strcspn(line, "\n");
        if (*line == '\0')
            return; /* it has no end: it is none */
        size_t size = strcspn(++line, "\n");
        if (ends_front_matter(line, size))
            break;
        take_line(line, size, keys, &open);
    }
    if (license.size == 0)
        return;
    free(plan->license);
    free(plan->license_name);
    plan->license = buf_take(&license);
    plan->license_name = name.size > 0 ? buf_take(&name) : NULL;
}

void license_read_text(const char *text, struct plan *plan)
{
    /* The first whose words are all in it; what is more exact comes first. */
    static const struct {
        const char *license, *words, *more;
    } texts[] = {
        {"apache-2.0", "Apache License", "Version 2.0"},
        {"agpl-3.0", "GNU AFFERO GENERAL PUBLIC LICENSE", "Version 3"},
        {"lgpl-3.0", "GNU LESSER GENERAL PUBLIC LICENSE", "Version 3"},
        {"gpl-3.0", "GNU GENERAL PUBLIC LICENSE", "Version 3"},
        {"gpl-2.0", "GNU GENERAL PUBLIC LICENSE", "Version 2"},
        {"mpl-2.0", "Mozilla Public License", "Version 2.0"},
        {"cc0-1.0", "CC0 1.0", "Universal"},
        {"cc-by-nc-sa-4.0", "Attribution-NonCommercial-ShareAlike 4.0", "International"},
        {"cc-by-nc-4.0", "Attribution-NonCommercial 4.0", "International"},
        {"cc-by-sa-4.0", "Attribution-ShareAlike 4.0", "International"},
        {"cc-by-4.0", "Attribution 4.0", "International"},
        {"bsd-3-clause", "Redistribution and use in source and binary forms", "Neither the name"},
        {"mit", "Permission is hereby granted, free of charge", "THE SOFTWARE IS PROVIDED"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(texts) && plan->license == NULL; i++)
        if (text_contains_fold(text, texts[i].words) && text_contains_fold(text, texts[i].more))
            plan->license = xstrdup(texts[i].license);
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
        return refuse(plan, title, "--deny-license names: take another model, or allow it", err);
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
