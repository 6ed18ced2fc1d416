#include "help_text.h"

#include "core/text.h"
#include "table.h"

#include <string.h>

#define GAP 2 /* between columns */

/* Text that is wrapped: lines go on below the column in which it began. */
struct wrapping {
    struct buf *out;
    size_t left; /* where lines begin */
    size_t at;   /* where the line has come to */
};

void help_add_spaces(struct buf *out, size_t count)
{
    buf_addf(out, "%*s", (int)count, "");
}

void help_add_cell(struct buf *out, const char *text, size_t width)
{
    buf_add_text(out, text);
    help_add_spaces(out, width - text_width(text) + GAP);
}

static void add_word(struct wrapping *wrapping, const char *word, size_t size)
{
    CLEANUP(text) char *text = xasprintf("%.*s", (int)size, word);
    size_t width = text_width(text);
    bool is_first = wrapping->at <= wrapping->left;

    if (!is_first && wrapping->at + 1 + width > HELP_COLUMNS) {
        buf_add_text(wrapping->out, "\n");
        help_add_spaces(wrapping->out, wrapping->left);
        wrapping->at = wrapping->left;
        is_first = true;
    }
    buf_addf(wrapping->out, "%s%s", is_first ? "" : " ", text);
    wrapping->at += width + (is_first ? 0 : 1);
}

void help_add_wrapped(struct buf *out, size_t left, const char *text)
{
    struct wrapping wrapping = {out, left, left};

    while (*text != '\0') {
        size_t size = strcspn(text, " \n");
        if (size > 0)
            add_word(&wrapping, text, size);
        text += size;
        if (*text == '\n') {
            buf_add_text(out, "\n");
            help_add_spaces(out, left);
            wrapping.at = left;
        }
        text += *text != '\0';
    }
    buf_add_text(out, "\n");
}

void help_add_paragraph(struct buf *out, const char *text)
{
    buf_add_text(out, "\n");
    help_add_wrapped(out, 0, text);
}
