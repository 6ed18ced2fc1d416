#include "plan/plan.h"

#include <string.h>

/*
 * The next character: a UTF-8 sequence, or a byte that belongs to none, which then stands for a
 * lone surrogate and so equals nothing but itself.
 */
static uint32_t next_character(const char **at)
{
    const unsigned char *bytes = (const unsigned char *)*at;
    size_t size = 1;

    if (bytes[0] >= 0xc2 && bytes[0] <= 0xf4)
        size = bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : 2;
    uint32_t character = size == 1 ? bytes[0] : bytes[0] & (0x7fU >> size);
    for (size_t i = 1; i < size; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            size = 1;
            break;
        }
        character = character << 6 | (bytes[i] & 0x3fU);
    }
    *at += size;
    if (size == 1 && bytes[0] >= 0x80)
        return 0xdc00U | bytes[0];
    return character == '\\' ? '/' : character;
}

/* The ']' that ends the set which '[' at `open` begins; NULL if that '[' stands for itself. */
static const char *set_end(const char *open, const char *last_end)
{
    const char *at = open + 1;

    if (*at == '!')
        at++;
    if (*at == ']')
        at++;
    return last_end != NULL && at <= last_end ? strchr(at, ']') : NULL;
}

static bool set_has(const char *at, const char *end, uint32_t character)
{
    bool is_negated = *at == '!';
    bool found = false;

    if (is_negated)
        at++;
    while (at < end) {
        uint32_t low = next_character(&at);
        uint32_t high = low;
        if (*at == '-' && at + 1 < end) {
            at++;
            high = next_character(&at);
        }
        found = found || (character >= low && character <= high);
    }
    return found != is_negated;
}

/* Moves `glob` and `path` over one character if the glob, which is not at a '*', allows it. */
static bool step(const char **glob, const char **path, const char *last_end)
{
    const char *end = **glob == '[' ? set_end(*glob, last_end) : NULL;
    const char *begin = *glob;

    if (*begin == '\0')
        return false;
    uint32_t character = next_character(path);
    if (end != NULL) {
        *glob = end + 1;
        return set_has(begin + 1, end, character);
    }
    uint32_t expected = next_character(glob);
    return *begin == '?' || expected == character;
}

/*
 * Only the last '*' passed is ever tried again: whatever an earlier one could take as well, the
 * last one can take too. So the work is bounded by the product of the two lengths.
 */
bool glob_matches(const char *glob, const char *path)
{
    const char *last_end = strrchr(glob, ']');
    const char *retry_glob = NULL;
    const char *retry_path = NULL;
    size_t size = strlen(glob);
    bool is_folder = size > 0 && (glob[size - 1] == '/' || glob[size - 1] == '\\');

    while (*path != '\0') {
        if (*glob == '*') {
            retry_glob = ++glob;
            retry_path = path;
            continue;
        }
        if (*glob == '\0' && is_folder)
            return true;
        if (step(&glob, &path, last_end))
            continue;
        if (retry_glob == NULL)
            return false;
        next_character(&retry_path);
        glob = retry_glob;
        path = retry_path;
    }
    while (*glob == '*')
        glob++;
    return *glob == '\0';
}
