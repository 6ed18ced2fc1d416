#include "core/text.h"

#include "picture/picture_internal.h"

#include <string.h>

/* U+FFFE and U+FFFF, which XML does not have. */
static bool is_no_character(const char *at)
{
    const unsigned char *bytes = (const unsigned char *)at;

    return bytes[0] == 0xef && bytes[1] == 0xbf && (bytes[2] == 0xbe || bytes[2] == 0xbf);
}

static void add_character(struct buf *out, const char *at)
{
    switch (*at) {
    case '&':
        buf_add_text(out, "&amp;");
        return;
    case '<':
        buf_add_text(out, "&lt;");
        return;
    case '>':
        buf_add_text(out, "&gt;");
        return;
    case '"':
        buf_add_text(out, "&quot;");
        return;
    case '\'':
        buf_add_text(out, "&#39;");
        return;
    default:
        buf_add(out, at, 1);
    }
}

/* As terminals get it, and as XML may have it. */
static char *clean(const char *text)
{
    char *copy = xstrdup(text);

    text_mask(copy);
    for (char *at = copy; *at != '\0'; at++)
        if (is_no_character(at)) {
            *at = '?';
            memmove(at + 1, at + 3, strlen(at + 3) + 1);
        }
    return copy;
}

void picture_add_text(struct buf *out, const char *text)
{
    CLEANUP(text) char *shown = clean(text);

    for (const char *at = shown; *at != '\0'; at++)
        add_character(out, at);
}

void picture_add_fitted(struct buf *out, const char *text, size_t columns)
{
    CLEANUP(text) char *shown = clean(text);
    size_t wanted = text_width(shown);
    size_t room = wanted > columns && columns > 0 ? columns - 1 : columns;
    size_t used = 0;

    for (const char *at = shown; *at != '\0'; at++) {
        used += text_width_at(at);
        if (used > room)
            break;
        add_character(out, at);
    }
    if (wanted > columns)
        buf_add_text(out, "…");
}
