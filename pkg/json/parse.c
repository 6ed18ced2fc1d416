#include "json/parse.h"

/* Where a text that begins at `at` ends: behind its quote, or at the end of the data. */
static size_t skip_text(const char *data, size_t at, size_t size)
{
    for (at++; at < size && data[at] != '"'; at++)
        if (data[at] == '\\')
            at++;
    return at < size ? at + 1 : size;
}

/* Behind each of these a value begins, but for empty lists and objects, which count for two. */
static bool precedes_value(char c)
{
    return c == '[' || c == '{' || c == ',' || c == ':';
}

/*
 * Whether the document that `text` begins with has more values. What is no JSON is not noticed, and
 * the parser does not get further than to there.
 */
static bool has_more_values(const char *text, size_t size, size_t values_max)
{
    size_t values = 1, depth = 0;

    for (size_t at = 0; at < size;) {
        char c = text[at];
        values += precedes_value(c) ? 1 : 0;
        if (values > values_max)
            return true;
        depth += c == '[' || c == '{' ? 1 : 0;
        if ((c == ']' || c == '}') && (depth == 0 || --depth == 0))
            return false;
        at = c == '"' ? skip_text(text, at, size) : at + 1;
    }
    return false;
}

static const char *explain(const json_error_t *why)
{
    switch (json_error_code(why)) {
    case json_error_premature_end_of_input:
        return "it ends too early";
    case json_error_end_of_input_expected:
        return "there is something behind its end";
    case json_error_duplicate_key:
        return "a member stands twice";
    case json_error_invalid_utf8:
        return "it is not UTF-8";
    case json_error_numeric_overflow:
        return "a number is too large";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "a text has a NUL";
    case json_error_stack_overflow:
        return "it is too deep";
    default:
        return "something else was expected there";
    }
}

/* JSON has it, and the parser cannot hold it. */
static bool is_beyond_parser(const json_error_t *why)
{
    switch (json_error_code(why)) {
    case json_error_numeric_overflow:
    case json_error_null_character:
    case json_error_null_byte_in_key:
    case json_error_stack_overflow:
        return true;
    default:
        return false;
    }
}

static const char *name_of(const struct json_rules *rules)
{
    return rules->name != NULL ? rules->name : "it";
}

int json_check_values(const void *data, size_t size, const struct json_rules *rules,
                      struct error *err)
{
    size_t values_max = rules->values_max > 0 ? rules->values_max : JSON_VALUES_MAX;

    if (!has_more_values(data, size, values_max))
        return 0;
    return error_set(err, ERROR_UNSUPPORTED, "%s has more than %zu values, the most that is read",
                     name_of(rules), values_max);
}

static int parse(const void *data, size_t size, const struct json_rules *rules, json_t **out,
                 json_error_t *why, struct error *err)
{
    if (json_check_values(data, size, rules, err) < 0)
        return -1;
    *out = json_loadb(data, size, rules->flags, why);
    if (*out != NULL)
        return 0;
    CLEANUP(text) char *column = rules->is_rewritten ? NULL : xasprintf(", column %d", why->column);
    return error_set(err, ERROR_CORRUPT, "%s %s, at line %d%s: %s", name_of(rules),
                     is_beyond_parser(why) ? "cannot be read" : "is not JSON", why->line,
                     column != NULL ? column : "", explain(why));
}

int json_parse(const void *data, size_t size, const struct json_rules *rules, json_t **out,
               struct error *err)
{
    json_error_t why;

    return parse(data, size, rules, out, &why, err);
}

int json_parse_first(const void *data, size_t size, json_t **out, size_t *used, struct error *err)
{
    static const struct json_rules rules = {.flags = JSON_DISABLE_EOF_CHECK};
    json_error_t why;

    if (parse(data, size, &rules, out, &why, err) < 0)
        return -1;
    *used = (size_t)why.position;
    return 0;
}

json_t *json_parse_or_null(const void *data, size_t size)
{
    static const struct json_rules rules = {.flags = 0};
    CLEANUP(error) struct error ignored = ERROR_INIT;
    json_t *json = NULL;

    return json_parse(data, size, &rules, &json, &ignored) == 0 ? json : NULL;
}
