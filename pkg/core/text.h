#ifndef INLAY_CORE_TEXT_H
#define INLAY_CORE_TEXT_H

#include "core/base.h"
#include "core/error.h"

/* Small questions about strings, and numbers out of them. No locale is consulted. */

bool text_starts_with(const char *text, const char *prefix);
bool text_ends_with(const char *text, const char *suffix);
/* ASCII letters compare alike in either case. */
bool text_equal_fold(const char *a, const char *b);
/* Whether `part` is in `text`; ASCII letters compare alike in either case. */
bool text_contains_fold(const char *text, const char *part);
/*
 * How many bytes have to be added, removed, replaced or swapped with their neighbour; ASCII letters
 * are alike in either case.
 */
size_t text_distance(const char *a, const char *b);
/* Well-formed UTF-8 (RFC 3629): no surrogates, no overlong forms. */
bool text_is_utf8(const char *text);
/*
 * Columns that a text of UTF-8 takes on a terminal: two for characters of East Asia and for symbols
 * such as emoji, one for all others.
 */
size_t text_width(const char *text);
/* Those of the character that begins there; 0 within one. */
size_t text_width_at(const char *at);
/* Whether there is something in it, and no control character. */
bool text_is_one_line(const char *text);
/* Whether it is one of these; `list` ends with NULL. */
bool text_is_among(const char *text, const char *const *list);
/* A copy of a text that may not be there: NULL for NULL. Caller frees. */
char *text_copy(const char *text);
/*
 * Whether a path is the folder or lies in it, and whether it lies in it: both absolute or both
 * without a leading '/', and without needless parts. In "/" and in "" lies everything.
 */
bool path_is_inside(const char *path, const char *folder);
bool path_is_below(const char *path, const char *folder);
/* "FOLDER/NAME", and NAME alone in "". Caller frees. */
char *path_join(const char *folder, const char *name);
/* Exactly `size` lower-case hex digits. */
bool text_is_hex(const char *text, size_t size);
/*
 * Replaces by '?', in place, what does more than be read: control characters, those that change the
 * direction of others or end a line, what begins a command to the runners of CI systems ("##[",
 * "##vso[", "::" at the start), and each byte that is no part of UTF-8, which a terminal with
 * another encoding may obey (0x9b begins a control sequence in ISO 8859).
 */
void text_mask(char *text);
/* The URL without user, query and fragment, for messages. Caller frees. */
char *text_display_url(const char *url);
/* "1.2 GB" in powers of ten, as registries and hubs count. */
struct text_size {
    char text[16];
};
struct text_size text_format_size(uint64_t size);
/* What a noun has behind it for so many: "s", or "". */
const char *text_plural(size_t count);

/* All of `text` must be decimal digits; ERROR_USAGE if not, or if the number is above `max`. */
int parse_u64(const char *text, uint64_t max, uint64_t *out, struct error *err) MUST_CHECK;

/* A list of strings that it owns, NULL-terminated once something is in it. */
struct strings {
    char **items;
    size_t count;
};

#define STRINGS_INIT                                                                               \
    {                                                                                              \
        NULL, 0                                                                                    \
    }

void strings_add(struct strings *strings, const char *text);
/* Adds a copy of each of them. */
void strings_add_all(struct strings *strings, const struct strings *more);
/* The same of those that are not there yet. */
void strings_add_missing(struct strings *strings, const struct strings *more);
void strings_addf(struct strings *strings, const char *format, ...) PRINTF_FORMAT(2, 3);
bool strings_has(const struct strings *strings, const char *text);
/* As messages list what there is to choose from: "a, b or c", with `quote` around each. Caller
 * frees.
 */
char *strings_format_choice(const struct strings *strings, const char *quote);
void strings_release(struct strings *strings);
CLEANUP_RELEASE(strings)

#endif
