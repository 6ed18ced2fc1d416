#include "core/json_limit.h"

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

int json_check_size(const void *data, size_t size, size_t values_max, struct error *err)
{
    const char *text = data;
    size_t values = 1;

    for (size_t at = 0; at < size;) {
        values += precedes_value(text[at]) ? 1 : 0;
        at = text[at] == '"' ? skip_text(text, at, size) : at + 1;
        if (values > values_max)
            return error_set(err, ERROR_UNSUPPORTED,
                             "it has more than %zu values, the most that is read", values_max);
    }
    return 0;
}
