#include "oci/json_text_internal.h"

#include "core/text.h"
#include "oci/member.h"

#include <string.h>

#define MARK_ESCAPED "\\u0001\\u0002" /* as the serialiser writes JSON_MARK */
#define MARK_ESCAPED_SIZE 12
#define ESCAPE_SIZE ((size_t)6) /* of \uXXXX */
/* What is in the innermost object counts for the parser, too. */
#define DEPTH_LIMIT ((size_t)JSON_PARSER_MAX_DEPTH - 1)
#define INT64_DIGITS 19

/* An object or array that is open. */
struct level {
    json_t *seen; /* of an object: the names so far; NULL: an array */
    size_t duplicates;
};

struct scan {
    const char *at;
    const char *end;
    struct buf *out;
    struct level *levels;
    size_t depth;
    bool wants_key;
    bool has_duplicates;
};

static size_t span_digits(const char *text, const char *end)
{
    size_t size = 0;

    while (text + size < end && text[size] >= '0' && text[size] <= '9')
        size++;
    return size;
}

/* The size of the number that begins at `text` (RFC 8259, section 6); 0 if it is none. */
static size_t number_size(const char *text, const char *end, bool *is_integer)
{
    const char *at = text + (text < end && *text == '-');
    size_t digits = span_digits(at, end);

    *is_integer = true;
    if (digits == 0 || (digits > 1 && *at == '0'))
        return 0;
    at += digits;
    if (at < end && *at == '.') {
        *is_integer = false;
        digits = span_digits(at + 1, end);
        if (digits == 0)
            return 0;
        at += 1 + digits;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        *is_integer = false;
        at++;
        at += at < end && (*at == '+' || *at == '-');
        digits = span_digits(at, end);
        if (digits == 0)
            return 0;
        at += digits;
    }
    return (size_t)(at - text);
}

/* Would the library write these digits again as they are? */
static bool is_int64(const char *text, size_t size)
{
    bool negative = text[0] == '-';
    const char *digits = text + negative;
    const char *limit = negative ? "9223372036854775808" : "9223372036854775807";

    size -= negative;
    if (negative && size == 1 && digits[0] == '0')
        return false; /* -0 */
    return size < INT64_DIGITS || (size == INT64_DIGITS && memcmp(digits, limit, size) <= 0);
}

static void scan_number(struct scan *scan)
{
    bool is_integer = false;
    size_t size = number_size(scan->at, scan->end, &is_integer);

    if (size == 0 || scan->wants_key || (is_integer && is_int64(scan->at, size))) {
        size = size > 0 ? size : 1; /* what is no number the parser refuses */
        buf_add(scan->out, scan->at, size);
    } else {
        buf_add_text(scan->out, "\"" MARK_ESCAPED "n");
        buf_add(scan->out, scan->at, size);
        buf_add_text(scan->out, "\"");
    }
    scan->at += size;
}

/* The code unit of the escape \uXXXX at `text`; -1 if there is none. */
static int code_unit(const char *text, const char *end)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    int unit = 0;

    if ((size_t)(end - text) < ESCAPE_SIZE || text[0] != '\\' || text[1] != 'u')
        return -1;
    for (size_t i = 2; i < ESCAPE_SIZE; i++) {
        const char *digit = text[i] != '\0' ? strchr(digits, text[i]) : NULL;
        if (digit == NULL)
            return -1;
        unit = unit << 4 | (int)((digit - digits) & 15);
    }
    return unit;
}

static bool is_high_surrogate(int unit)
{
    return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low_surrogate(int unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

/* One escape of a string, or as much as there is of it. */
static void scan_escape(struct scan *scan, struct buf *text)
{
    int unit = code_unit(scan->at, scan->end);
    size_t size = unit >= 0 ? ESCAPE_SIZE : scan->end - scan->at > 1 ? 2 : 1;

    if (is_high_surrogate(unit) && is_low_surrogate(code_unit(scan->at + size, scan->end)))
        size *= 2;
    else if (unit == 1)
        buf_add_text(text, MARK_ESCAPED "p");
    else if (unit == 0 || is_high_surrogate(unit) || is_low_surrogate(unit))
        buf_addf(text, MARK_ESCAPED "u%.4s", scan->at + 2);
    if (size == 2 * ESCAPE_SIZE || unit < 0 ||
        (unit > 1 && !is_high_surrogate(unit) && !is_low_surrogate(unit)))
        buf_add(text, scan->at, size);
    scan->at += size;
}

/* A string with its quotes. One that does not end the parser refuses. */
static void scan_string(struct scan *scan, struct buf *text)
{
    buf_add(text, scan->at++, 1);
    while (scan->at < scan->end && *scan->at != '"') {
        if (*scan->at == '\\')
            scan_escape(scan, text);
        else
            buf_add(text, scan->at++, 1);
    }
    if (scan->at < scan->end)
        buf_add(text, scan->at++, 1);
}

/* Marks a name that the object had before, since the parser would drop the earlier member. */
static void scan_key(struct scan *scan)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    scan_string(scan, &text);
    scan->wants_key = false;
    struct level *level = &scan->levels[scan->depth - 1];
    json_auto_t *key = json_loadb(buf_text(&text), text.size, JSON_DECODE_ANY, NULL);
    const char *name = json_string_value(key);
    if (name != NULL && json_object_get(level->seen, name) != NULL) {
        buf_addf(scan->out, "\"" MARK_ESCAPED "d%zu;", ++level->duplicates);
        buf_add(scan->out, text.data + 1, text.size - 1);
        scan->has_duplicates = true;
        return;
    }
    if (name != NULL)
        json_object_set_new(level->seen, name, json_null());
    buf_add(scan->out, text.data, text.size);
}

static void scan_open(struct scan *scan, bool is_object)
{
    scan->levels = xrealloc(scan->levels, scan->depth + 1, sizeof(*scan->levels));
    scan->levels[scan->depth++] = (struct level){is_object ? json_object() : NULL, 0};
    scan->wants_key = is_object;
}

static void scan_close(struct scan *scan)
{
    scan->wants_key = false;
    if (scan->depth > 0)
        json_decref(scan->levels[--scan->depth].seen);
}

static void scan_other(struct scan *scan)
{
    char letter = *scan->at;

    if (letter == '{' || letter == '[')
        scan_open(scan, letter == '{');
    else if (letter == '}' || letter == ']')
        scan_close(scan);
    else if (letter == ',')
        scan->wants_key = scan->depth > 0 && scan->levels[scan->depth - 1].seen != NULL;
    else if (letter == ':')
        scan->wants_key = false;
    /* The parser would pass over a NUL that stands behind a number. */
    buf_add(scan->out, letter != '\0' ? scan->at : "?", 1);
    scan->at++;
}

int json_text_encode(const struct buf *bytes, const char *name, struct buf *out, bool *duplicates,
                     struct error *err)
{
    struct scan scan = {.at = buf_text(bytes), .end = buf_text(bytes) + bytes->size, .out = out};

    while (scan.at < scan.end && scan.depth <= DEPTH_LIMIT) {
        if (*scan.at == '"' && scan.wants_key)
            scan_key(&scan);
        else if (*scan.at == '"')
            scan_string(&scan, out);
        else if (*scan.at == '-' || (*scan.at >= '0' && *scan.at <= '9'))
            scan_number(&scan);
        else
            scan_other(&scan);
    }
    bool too_deep = scan.depth > DEPTH_LIMIT;
    while (scan.depth > 0)
        scan_close(&scan);
    free(scan.levels);
    if (too_deep)
        return error_set(err, ERROR_UNSUPPORTED,
                         "%s has objects and arrays one in another, more than %zu; inlay reads no "
                         "deeper",
                         name, DEPTH_LIMIT);
    *duplicates = scan.has_duplicates;
    return 0;
}

/* How many bytes of a written string stand for something else, whose bytes go to `out`. */
static size_t decode_mark(const char *at, const char *end, struct buf *out)
{
    const char *code = at + MARK_ESCAPED_SIZE;

    if ((size_t)(end - at) <= MARK_ESCAPED_SIZE || memcmp(at, MARK_ESCAPED, MARK_ESCAPED_SIZE) != 0)
        return 0;
    if (*code == 'p') {
        buf_add_text(out, "\\u0001");
        return MARK_ESCAPED_SIZE + 1;
    }
    if (*code == 'u' && end - code > 4) {
        buf_addf(out, "\\u%.4s", code + 1);
        return MARK_ESCAPED_SIZE + 5;
    }
    size_t digits = span_digits(code + 1, end);
    if (*code == 'd' && code[1 + digits] == ';')
        return MARK_ESCAPED_SIZE + digits + 2;
    return 0;
}

/* The same for a string with its quotes that stands for a number. */
static size_t decode_number(const char *at, const char *end, struct buf *out)
{
    static const char start[] = "\"" MARK_ESCAPED "n";
    bool is_integer = false;

    if ((size_t)(end - at) < sizeof(start) || memcmp(at, start, sizeof(start) - 1) != 0)
        return 0;
    const char *number = at + sizeof(start) - 1;
    size_t size = number_size(number, end, &is_integer);
    if (size == 0 || number[size] != '"')
        return 0;
    buf_add(out, number, size);
    return sizeof(start) - 1 + size + 1;
}

void json_text_decode(struct buf *text)
{
    CLEANUP(buf) struct buf out = BUF_INIT;
    const char *at = buf_text(text);
    const char *end = at + text->size;

    if (strstr(at, MARK_ESCAPED) == NULL)
        return;
    while (at < end) {
        size_t size = *at == '\\'  ? decode_mark(at, end, &out)
                      : *at == '"' ? decode_number(at, end, &out)
                                   : 0;
        if (size == 0) {
            size = *at == '\\' && end - at > 1 ? 2 : 1;
            buf_add(&out, at, size);
        }
        at += size;
    }
    buf_clear(text);
    buf_add(text, buf_text(&out), out.size);
}

const char *json_plain_name(const char *name)
{
    static const char start[] = JSON_MARK "d";

    if (!text_starts_with(name, start))
        return name;
    const char *at = name + sizeof(start) - 1;
    at += strspn(at, "0123456789");
    return *at == ';' ? at + 1 : name;
}

json_t *json_concat(json_t *const *objects, size_t count)
{
    json_auto_t *left = json_object(); /* how many members of a name there are still to come */
    json_t *all = json_object();
    const char *name;
    json_t *value;

    for (size_t i = 0; i < count; i++)
        json_object_foreach(objects[i], name, value)
        {
            const char *plain = json_plain_name(name);
            json_int_t more = json_integer_value(json_object_get(left, plain));
            json_object_set_new(left, plain, json_integer(more + 1));
        }
    for (size_t i = 0; i < count; i++)
        json_object_foreach(objects[i], name, value)
        {
            const char *plain = json_plain_name(name);
            json_int_t more = json_integer_value(json_object_get(left, plain)) - 1;
            CLEANUP(text)
            char *marked = xasprintf(JSON_MARK "d%" JSON_INTEGER_FORMAT ";%s", more, plain);
            json_object_set(all, more > 0 ? marked : plain, value);
            json_object_set_new(left, plain, json_integer(more));
        }
    return all;
}

json_t *json_number_duplicates(json_t *json)
{
    size_t i;
    json_t *item;

    json_array_foreach(json, i, item)
        json_array_set_new(json, i, json_number_duplicates(json_incref(item)));
    if (!json_is_object(json))
        return json;
    json_t *numbered = json_concat(&json, 1);
    for (void *at = json_object_iter(numbered); at != NULL;
         at = json_object_iter_next(numbered, at))
        json_object_iter_set_new(numbered, at,
                                 json_number_duplicates(json_incref(json_object_iter_value(at))));
    json_decref(json);
    return numbered;
}
