#include "roff.h"

#include <string.h>

static const struct {
    char byte;
    const char *escape;
} escapes[] = {
    {'\\', "\\e"}, {'-', "\\-"}, {'\'', "\\(aq"}, {'`', "\\(ga"}, {'^', "\\(ha"}, {'~', "\\(ti"},
};

/* The character that begins there, which is well-formed, and its size. */
static size_t decode(const char *at, uint32_t *out)
{
    unsigned char first = (unsigned char)at[0];
    size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

    *out = size == 1 ? first : first & (0x7fU >> size);
    for (size_t i = 1; i < size; i++)
        *out = *out << 6 | ((unsigned char)at[i] & 0x3fU);
    return size;
}

static size_t add_character(struct buf *out, const char *at)
{
    uint32_t code = 0;
    size_t size = decode(at, &code);

    for (size_t i = 0; i < ARRAY_SIZE(escapes); i++)
        if (escapes[i].byte == at[0]) {
            buf_add_text(out, escapes[i].escape);
            return 1;
        }
    if (size > 1)
        buf_addf(out, "\\[u%04X]", (unsigned)code);
    else
        buf_add(out, at, 1);
    return size;
}

void roff_add(struct buf *out, const char *text, bool is_start)
{
    if (is_start && *text == '.')
        buf_add_text(out, "\\&");
    while (*text != '\0')
        text += add_character(out, text);
}

void roff_add_font(struct buf *out, char font, const char *text)
{
    buf_addf(out, "\\f%c", font);
    roff_add(out, text, false);
    buf_add_text(out, "\\fR");
}

void roff_add_prose(struct buf *out, const char *text)
{
    bool is_start = true;

    while (*text != '\0') {
        bool is_sentence = text[0] == '.' && text[1] == ' ';
        if (text[0] == '\n') {
            buf_add_text(out, "\n.br");
        } else if (is_start && text[0] == '.') {
            buf_add_text(out, "\\&");
        }
        text += add_character(out, text);
        if (is_sentence) {
            buf_add_text(out, "\n");
            text += strspn(text, " ");
        }
        is_start = is_sentence || text[-1] == '\n';
    }
    buf_add_text(out, "\n");
}

void roff_add_lines(struct buf *out, const char *text)
{
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        CLEANUP(text) char *line = xstrndup(text, size);
        roff_add(out, line, true);
        buf_add_text(out, "\n");
        text += size + (text[size] != '\0');
    }
}
