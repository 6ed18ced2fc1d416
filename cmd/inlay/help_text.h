#ifndef INLAY_HELP_TEXT_H
#define INLAY_HELP_TEXT_H

#include "core/buf.h"

/* Text of the help, set for a terminal. Columns are those of text_width(). */

#define HELP_COLUMNS 80

void help_add_spaces(struct buf *out, size_t count);
/* One cell of `width`, and the gap of two columns behind it. */
void help_add_cell(struct buf *out, const char *text, size_t width);
/*
 * From column `left` on, where the line has come to, and with a line feed at the end. Lines go on
 * below the column in which the text began; a line feed in it begins a new line.
 */
void help_add_wrapped(struct buf *out, size_t left, const char *text);
/* An empty line, and the text from the left margin on. */
void help_add_paragraph(struct buf *out, const char *text);

#endif
