#include "project/project_internal.h"

#include <string.h>

/* More than the members of an object that are options. */
#define OPTIONS_MOST 12

/* In the order in which they are written, up to one without a name. */
const struct member model_members[] = {
    {"layout", "layout", MEMBER_TEXT},
    {"weights", "weights", MEMBER_TEXT},
    {"include", "include", MEMBER_TEXTS},
    {"exclude", "exclude", MEMBER_TEXTS},
    {"also", "also", MEMBER_TEXTS},
    {"as", "as", MEMBER_TEXT},
    {"name", "name", MEMBER_TEXT},
    {"path", "path", MEMBER_TEXT},
    {"executable", "executable", MEMBER_TEXTS},
    {"unpack", "unpack", MEMBER_FLAG},
    {NULL, NULL, MEMBER_TEXT},
};
const struct member place_members[] = {
    {"user", "user", MEMBER_TEXT},
    {"home", "home", MEMBER_TEXT},
    {"shared", "shared", MEMBER_FLAG_TEXT},
    {"owner", "owner", MEMBER_TEXT},
    {"group_writable", "group-writable", MEMBER_FLAG},
    {"cache_dir", "cache-dir", MEMBER_TEXT},
    {"env", "env", MEMBER_VARIABLES},
    {NULL, NULL, MEMBER_TEXT},
};

void project_options_add(struct project_options *options, const char *name, const char *value)
{
    options->items = xrealloc(options->items, options->count + 1, sizeof(*options->items));
    options->items[options->count++] = (struct project_option){name, text_copy(value)};
}

void project_options_release(struct project_options *options)
{
    for (size_t i = 0; i < options->count; i++)
        free(options->items[i].value);
    free(options->items);
    *options = (struct project_options){NULL, 0};
}

void project_options_copy(const struct project_options *from, struct project_options *to)
{
    for (size_t i = 0; i < from->count; i++)
        project_options_add(to, from->items[i].name, from->items[i].value);
}

const char *project_options_find(const struct project_options *options, const char *name)
{
    const char *found = NULL;

    for (size_t i = 0; i < options->count; i++)
        if (strcmp(options->items[i].name, name) == 0)
            found = options->items[i].value;
    return found;
}

bool project_options_equal(const struct project_options *a, const struct project_options *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct project_option *one = &a->items[i], *other = &b->items[i];
        if (strcmp(one->name, other->name) != 0 || (one->value == NULL) != (other->value == NULL) ||
            (one->value != NULL && strcmp(one->value, other->value) != 0))
            return false;
    }
    return true;
}

/* NAME=VALUE for each; a name with '=' would be another one. */
static int take_variables(const json_t *object, const char *at, const char *name,
                          struct strings *out, struct error *err)
{
    json_t *variables = json_object_get(object, name);
    CLEANUP(text) char *place = members_place(at, name);
    const char *variable;
    json_t *value;

    if (variables != NULL && !json_is_object(variables))
        return error_set(err, ERROR_CORRUPT, "'%s' is not what it has to be, expected an object",
                         place);
    json_object_foreach(variables, variable, value)
    {
        if (variable[0] == '\0' || strchr(variable, '=') != NULL || !json_is_string(value))
            return error_set(err, ERROR_CORRUPT,
                             "'%s.%s' is not what it has to be, expected a variable and its text",
                             place, variable);
        strings_addf(out, "%s=%s", variable, json_string_value(value));
    }
    return 0;
}

static int parse_member(const json_t *object, const char *at, const struct member *member,
                        struct project_options *out, struct error *err)
{
    bool is_flag =
        member->form == MEMBER_FLAG || (member->form == MEMBER_FLAG_TEXT &&
                                        json_is_boolean(json_object_get(object, member->name)));
    CLEANUP(strings) struct strings texts = STRINGS_INIT;
    CLEANUP(text) char *text = NULL;
    bool flag = false;

    if (is_flag && members_take_flag(object, at, member->name, &flag, err) < 0)
        return -1;
    if (flag)
        project_options_add(out, member->option, NULL);
    if (member->form == MEMBER_TEXTS &&
        members_take_texts(object, at, member->name, &texts, err) < 0)
        return -1;
    if (member->form == MEMBER_VARIABLES &&
        take_variables(object, at, member->name, &texts, err) < 0)
        return -1;
    for (size_t i = 0; i < texts.count; i++)
        project_options_add(out, member->option, texts.items[i]);
    if (is_flag || member->form == MEMBER_TEXTS || member->form == MEMBER_VARIABLES)
        return 0;
    if (members_take_text(object, at, member->name, false, &text, err) < 0)
        return -1;
    if (text != NULL)
        project_options_add(out, member->option, text);
    return 0;
}

int options_take(json_t *object, const char *at, const struct member *members, const char *first,
                 struct project_options *out, struct error *err)
{
    const char *known[OPTIONS_MOST + 2] = {NULL};
    size_t count = 0;

    _Static_assert(ARRAY_SIZE(model_members) <= OPTIONS_MOST + 1 &&
                       ARRAY_SIZE(place_members) <= OPTIONS_MOST + 1,
                   "OPTIONS_MOST is too small");
    if (first != NULL)
        known[count++] = first;
    for (const struct member *member = members; member->name != NULL; member++)
        known[count++] = member->name;
    if (members_check(object, at, known, err) < 0)
        return -1;
    for (const struct member *member = members; member->name != NULL; member++)
        if (parse_member(object, at, member, out, err) < 0)
            return -1;
    return 0;
}

/* The value of a variable is behind the first '='. */
static json_t *format_variables(const struct strings *assignments)
{
    json_t *variables = json_object();

    for (size_t i = 0; i < assignments->count; i++) {
        const char *assignment = assignments->items[i];
        size_t size = strcspn(assignment, "=");
        CLEANUP(text) char *name = xstrndup(assignment, size);
        json_object_set_new(variables, name, json_string(assignment + size + 1));
    }
    return variables;
}

static void format_member(const struct project_options *options, const struct member *member,
                          json_t *to)
{
    CLEANUP(strings) struct strings values = STRINGS_INIT;
    bool is_given = false;

    for (size_t i = 0; i < options->count; i++) {
        if (strcmp(options->items[i].name, member->option) != 0)
            continue;
        is_given = true;
        if (options->items[i].value != NULL)
            strings_add(&values, options->items[i].value);
    }
    if (!is_given)
        return;
    if (values.count == 0)
        members_set_flag(to, member->name, true);
    else if (member->form == MEMBER_TEXTS)
        members_set_texts(to, member->name, &values);
    else if (member->form == MEMBER_VARIABLES)
        json_object_set_new(to, member->name, format_variables(&values));
    else
        members_set_text(to, member->name, values.items[values.count - 1]);
}

void options_format(const struct project_options *options, const struct member *members, json_t *to)
{
    for (const struct member *member = members; member->name != NULL; member++)
        format_member(options, member, to);
}
