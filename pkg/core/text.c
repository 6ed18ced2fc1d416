#include "core/text.h"

#include "core/buf.h"

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

bool text_is_one_line(const char *text)
{
    if (text[0] == '\0')
        return false;
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    return true;
}

bool text_is_among(const char *text, const char *const *list)
{
    while (*list != NULL && strcmp(*list, text) != 0)
        list++;
    return *list != NULL;
}

char *text_copy(const char *text)
{
    return text != NULL ? xstrdup(text) : NULL;
}

static size_t folder_size(const char *folder)
{
    return strcmp(folder, "/") == 0 ? 0 : strlen(folder);
}

bool path_is_inside(const char *path, const char *folder)
{
    size_t size = folder_size(folder);

    return size == 0 ||
           (strncmp(path, folder, size) == 0 && (path[size] == '/' || path[size] == '\0'));
}

bool path_is_below(const char *path, const char *folder)
{
    size_t size = folder_size(folder);

    return size == 0 || (strncmp(path, folder, size) == 0 && path[size] == '/');
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

bool text_contains_fold(const char *text, const char *part)
{
    for (;; text++) {
        size_t i = 0;
        while (part[i] != '\0' && fold(text[i]) == fold(part[i]))
            i++;
        if (part[i] == '\0')
            return true;
        if (*text == '\0')
            return false;
    }
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void costs_cleanup(size_t **costs)
{
    free(*costs);
}

/*
 * Levenshtein's, where two neighbours that are swapped count once. A row for each byte of `a`; of
 * the last three, which lie behind each other and take turns.
 */
size_t text_distance(const char *a, const char *b)
{
    size_t size = strlen(b);
    size_t width = size + 1;
    size_t count = strlen(a);
    CLEANUP(costs) size_t *rows = xcalloc(3 * width, sizeof(*rows));

    for (size_t i = 0; i <= size; i++)
        rows[i] = i;
    for (size_t k = 1; k <= count; k++) {
        const size_t *last = &rows[(k - 1) % 3 * width];
        const size_t *before = &rows[(k + 1) % 3 * width];
        size_t *row = &rows[k % 3 * width];
        row[0] = k;
        for (size_t i = 1; i <= size; i++) {
            bool is_swapped = k > 1 && i > 1 && fold(a[k - 1]) == fold(b[i - 2]) &&
                              fold(a[k - 2]) == fold(b[i - 1]);
            size_t replaced = last[i - 1] + (fold(a[k - 1]) != fold(b[i - 1]) ? 1 : 0);
            row[i] = least(replaced, least(row[i - 1], last[i]) + 1);
            if (is_swapped)
                row[i] = least(row[i], before[i - 2] + 1);
        }
    }
    return rows[count % 3 * width + size];
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

char *path_join(const char *folder, const char *name)
{
    return xasprintf("%s%s%s", folder, folder[0] != '\0' ? "/" : "", name);
}

bool text_is_hex(const char *text, size_t size)
{
    return strlen(text) == size && strspn(text, "0123456789abcdef") == size;
}

/* How many bytes the character has if it changes how others are shown; else 0. */
static size_t control_size(const unsigned char *at)
{
    if (*at < 0x20 || *at == 0x7f)
        return 1;
    if (*at == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0) /* C1 controls */
        return 2;
    if (*at == 0xd8 && at[1] == 0x9c) /* U+061C, the first of those that change the direction */
        return 2;
    if (*at != 0xe2 || at[1] == '\0')
        return 0;
    bool changes = (at[1] == 0x80 && (at[2] == 0x8e || at[2] == 0x8f)) || /* U+200E, U+200F */
                   (at[1] == 0x80 && at[2] >= 0xa8 && at[2] <= 0xae) ||   /* U+2028 to U+202E */
                   (at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9);     /* U+2066 to U+2069 */
    return changes ? 3 : 0;
}

/* What a runner of Azure Pipelines or GitHub obeys wherever it stands in a line of the log. */
static bool is_command(const char *text)
{
    return text_starts_with(text, "##[") || text_starts_with(text, "##vso[");
}

void text_mask(char *text)
{
    size_t blank = strspn(text, " ");

    if (text_starts_with(text + blank, "::")) /* the same at the start of a line */
        text[blank] = '?';
    for (unsigned char *at = (unsigned char *)text; *at != '\0';) {
        size_t size = utf8_sequence(at);
        size_t masked = is_command((const char *)at) || size == 0 ? 1 : control_size(at);
        memset(at, '?', masked);
        at += masked > 0 ? masked : size;
    }
}

const char *text_plural(size_t count)
{
    return count == 1 ? "" : "s";
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

size_t text_width_at(const char *at)
{
    unsigned char byte = (unsigned char)*at;

    if ((byte & 0xc0) == 0x80)
        return 0;
    if (byte == 0xe1) /* U+1100 to U+117F, Hangul */
        return ((unsigned char)at[1] & 0xfe) == 0x84 ? 2 : 1;
    return byte >= 0xe3 ? 2 : 1; /* from U+3000 on */
}

size_t text_width(const char *text)
{
    size_t width = 0;

    for (; *text != '\0'; text++)
        width += text_width_at(text);
    return width;
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

void strings_add_all(struct strings *strings, const struct strings *more)
{
    for (size_t i = 0; i < more->count; i++)
        strings_add(strings, more->items[i]);
}

void strings_addf(struct strings *strings, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    int size = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (size < 0)
        out_of_memory();
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

char *strings_format_choice(const struct strings *strings, const char *quote)
{
    CLEANUP(buf) struct buf list = BUF_INIT;

    for (size_t i = 0; i < strings->count; i++) {
        const char *joint = i == 0 ? "" : i + 1 < strings->count ? ", " : " or ";
        buf_addf(&list, "%s%s%s%s", joint, quote, strings->items[i], quote);
    }
    return buf_take(&list);
}

void strings_add_missing(struct strings *strings, const struct strings *more)
{
    for (size_t i = 0; i < more->count; i++)
        if (!strings_has(strings, more->items[i]))
            strings_add(strings, more->items[i]);
}

void strings_release(struct strings *strings)
{
    for (size_t i = 0; i < strings->count; i++)
        free(strings->items[i]);
    free(strings->items);
    *strings = (struct strings)STRINGS_INIT;
}

char *text_display_url(const char *url)
{
    struct buf out = BUF_INIT;
    const char *scheme_end = strstr(url, "://");
    size_t whole = strcspn(url, "?#");

    if (scheme_end != NULL && (size_t)(scheme_end - url) < whole) {
        size_t start = (size_t)(scheme_end - url) + 3;
        size_t end = start + strcspn(url + start, "/?#");
        const char *user_end = memrchr(url + start, '@', end - start);
        buf_add(&out, url, start);
        url = user_end != NULL ? user_end + 1 : url + start;
        whole = strcspn(url, "?#");
    }
    buf_add(&out, url, whole);
    return buf_take(&out);
}
