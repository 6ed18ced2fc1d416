#include "json/members.h"

#include "core/nearest.h"
#include "json/parse.h"

#include <string.h>

/* Letters that may be wrong in a name that is still recognised. */
#define NEAR_MOST 2

int members_parse(const char *text, size_t size, const char *what, json_t **out, struct error *err)
{
    static const struct json_rules rules = {.flags = JSON_REJECT_DUPLICATES};
    json_auto_t *json = NULL;

    if (json_parse(text, size, &rules, &json, err) < 0)
        return -1;
    if (!json_is_object(json))
        return error_set(err, ERROR_CORRUPT, "it is no %s: expected an object", what);
    *out = TAKE(json);
    return 0;
}

int members_check_version(const json_t *object, int newest, struct error *err)
{
    const json_t *version = json_object_get(object, "version");

    if (version == NULL)
        return error_set(err, ERROR_CORRUPT,
                         "'version' is missing; this inlay writes \"version\": %d", newest);
    if (!json_is_integer(version) || json_integer_value(version) < 1)
        return error_set(err, ERROR_CORRUPT, "'version' is not what it has to be, expected %d",
                         newest);
    if (json_integer_value(version) > newest)
        return error_set(err, ERROR_UNSUPPORTED,
                         "it has version %" JSON_INTEGER_FORMAT " of the format, this inlay knows "
                         "version %d; a newer inlay reads it",
                         json_integer_value(version), newest);
    return 0;
}

char *members_place(const char *at, const char *name)
{
    return xasprintf("%s%s%s", at, at[0] != '\0' ? "." : "", name);
}

static int refuse(const char *at, const char *name, const char *expected, struct error *err)
{
    CLEANUP(text) char *place = members_place(at, name);

    return error_set(err, ERROR_CORRUPT, "'%s' is not what it has to be, expected %s", place,
                     expected);
}

static int refuse_missing(const char *at, const char *name, struct error *err)
{
    CLEANUP(text) char *place = members_place(at, name);

    return error_set(err, ERROR_CORRUPT, "'%s' is missing", place);
}

static int refuse_unknown(const char *at, const char *name, const char *const *known,
                          struct error *err)
{
    CLEANUP(text) char *place = members_place(at, name);
    struct nearest nearest = {.typed = name, .worst = NEAR_MOST};

    for (; *known != NULL; known++)
        nearest_consider(&nearest, *known);
    if (nearest.count == 0)
        return error_set(err, ERROR_CORRUPT, "the member '%s' is not known", place);
    return error_set(err, ERROR_CORRUPT, "the member '%s' is not known; did you mean '%s'?", place,
                     nearest.names[0]);
}

int members_check(json_t *object, const char *at, const char *const *known, struct error *err)
{
    const char *name;
    json_t *value;

    if (!json_is_object(object) && at[0] == '\0')
        return error_set(err, ERROR_CORRUPT, "it is not an object");
    if (!json_is_object(object))
        return error_set(err, ERROR_CORRUPT, "'%s' is not what it has to be, expected an object",
                         at);
    json_object_foreach(object, name, value)
    {
        if (!text_is_among(name, known))
            return refuse_unknown(at, name, known, err);
    }
    return 0;
}

static bool is_one_line(const json_t *value)
{
    return json_is_string(value) && text_is_one_line(json_string_value(value));
}

int members_take_text(const json_t *object, const char *at, const char *name, bool is_needed,
                      char **out, struct error *err)
{
    const json_t *value = json_object_get(object, name);

    if (value == NULL)
        return is_needed ? refuse_missing(at, name, err) : 0;
    if (!is_one_line(value))
        return refuse(at, name, "one line of text", err);
    *out = xstrdup(json_string_value(value));
    return 0;
}

int members_take_texts(const json_t *object, const char *at, const char *name, struct strings *out,
                       struct error *err)
{
    json_t *list = json_object_get(object, name);
    json_t *value;
    size_t i;

    if (list == NULL)
        return 0;
    if (json_array_size(list) == 0)
        return refuse(at, name, "a list of texts with something in it", err);
    json_array_foreach(list, i, value)
    {
        if (!is_one_line(value))
            return refuse(at, name, "a list of texts of one line each", err);
        strings_add(out, json_string_value(value));
    }
    return 0;
}

int members_take_flag(const json_t *object, const char *at, const char *name, bool *out,
                      struct error *err)
{
    const json_t *value = json_object_get(object, name);

    if (value == NULL)
        return 0;
    if (!json_is_boolean(value))
        return refuse(at, name, "true or false", err);
    *out = json_is_true(value);
    return 0;
}

int members_take_number(const json_t *object, const char *at, const char *name, uint64_t *out,
                        struct error *err)
{
    const json_t *value = json_object_get(object, name);

    if (value == NULL)
        return refuse_missing(at, name, err);
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return refuse(at, name, "a number, 0 or more", err);
    *out = (uint64_t)json_integer_value(value);
    return 0;
}

int members_take_list(const json_t *object, const char *at, const char *name, bool is_needed,
                      json_t **out, struct error *err)
{
    json_t *list = json_object_get(object, name);

    if (list == NULL)
        return is_needed ? refuse_missing(at, name, err) : 0;
    if (!json_is_array(list))
        return refuse(at, name, "a list", err);
    *out = list;
    return 0;
}

void members_set_text(json_t *object, const char *name, const char *text)
{
    if (text != NULL)
        json_object_set_new(object, name, json_string(text));
}

void members_set_texts(json_t *object, const char *name, const struct strings *texts)
{
    json_t *list = texts->count > 0 ? json_array() : NULL;

    for (size_t i = 0; i < texts->count; i++)
        json_array_append_new(list, json_string(texts->items[i]));
    if (list != NULL)
        json_object_set_new(object, name, list);
}

void members_set_flag(json_t *object, const char *name, bool flag)
{
    if (flag)
        json_object_set_new(object, name, json_true());
}

void members_format(const json_t *document, struct buf *out)
{
    char *text = json_dumps(document, JSON_INDENT(2));

    if (text == NULL)
        abort(); /* all of its texts are UTF-8 */
    buf_add_text(out, text);
    buf_add_text(out, "\n");
    free(text);
}
