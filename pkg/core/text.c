#include "core/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool text_starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends_with(const char *text, const char *suffix)
{
    size_t size = strlen(text);
    size_t tail = strlen(suffix);

    return size >= tail && memcmp(text + size - tail, suffix, tail) == 0;
}

static int fold(char character)
{
    return character >= 'A' && character <= 'Z' ? character - 'A' + 'a' : character;
}

bool text_equal_fold(const char *a, const char *b)
{
    while (*a != '\0' && fold(*a) == fold(*b)) {
        a++;
        b++;
    }
    return fold(*a) == fold(*b);
}

/* How many bytes the sequence at `at` has; 0 if it is not well-formed (RFC 3629, section 4). */
static size_t utf8_sequence(const unsigned char *at)
{
    size_t size = 2;
    unsigned char low = 0x80;
    unsigned char high = 0xbf;

    if (at[0] < 0x80)
        return 1;
    if (at[0] < 0xc2 || at[0] > 0xf4)
        return 0;
    if (at[0] >= 0xe0)
        size = at[0] >= 0xf0 ? 4 : 3;
    if (at[0] == 0xe0)
        low = 0xa0;
    else if (at[0] == 0xed)
        high = 0x9f;
    else if (at[0] == 0xf0)
        low = 0x90;
    else if (at[0] == 0xf4)
        high = 0x8f;
    if (at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < size; i++)
        if (at[i] < 0x80 || at[i] > 0xbf)
            return 0;
    return size;
}

bool text_is_utf8(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    while (*at != '\0') {
        size_t size = utf8_sequence(at);
        if (size == 0)
            return false;
        at += size;
    }
    return true;
}

bool text_is_hex(const char *text, size_t size)
{
    return strlen(text) == size && strspn(text, "0123456789abcdef") == size;
}

void text_mask(char *text)
{
    for (unsigned char *at = (unsigned char *)text; *at != '\0'; at++) {
        if (*at < 0x20 || *at == 0x7f)
            *at = '?';
        else if (*at == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0) /* C1 controls in UTF-8 */
            at[0] = at[1] = '?';
    }
}

struct text_size text_format_size(uint64_t size)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    struct text_size out;
    double value = (double)size;
    size_t unit = 0;

    while (value >= 999.95 && unit + 1 < ARRAY_SIZE(units)) {
        value /= 1000;
        unit++;
    }
    snprintf(out.text, sizeof(out.text), unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
    return out;
}

int parse_u64(const char *text, uint64_t max, uint64_t *out, struct error *err)
{
    uint64_t value = 0;

    if (*text == '\0')
        return error_set(err, ERROR_USAGE, "'' is not a number");
    for (const char *at = text; *at != '\0'; at++) {
        if (*at < '0' || *at > '9')
            return error_set(err, ERROR_USAGE, "'%s' is not a number", text);
        if (__builtin_mul_overflow(value, 10, &value) ||
            !u64_add(value, (uint64_t)(*at - '0'), &value) || value > max)
            return error_set(err, ERROR_USAGE, "'%s' is above %" PRIu64, text, max);
    }
    *out = value;
    return 0;
}

void strings_add(struct strings *strings, const char *text)
{
    strings->items = xrealloc(strings->items, strings->count + 2, sizeof(char *));
    strings->items[strings->count++] = xstrdup(text);
    strings->items[strings->count] = NULL;
}

void strings_addf(struct strings *strings, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    int size = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (size < 0)
        abort();
    strings_add(strings, text);
    free(text);
}

bool strings_has(const struct strings *strings, const char *text)
{
    for (size_t i = 0; i < strings->count; i++)
        if (strcmp(strings->items[i], text) == 0)
            return true;
    return false;
}

void strings_release(struct strings *strings)
{
    for (size_t i = 0; i < strings->count; i++)
        free(strings->items[i]);
    free(strings->items);
    *strings = (struct strings)STRINGS_INIT;
}
