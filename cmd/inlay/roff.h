#ifndef INLAY_ROFF_H
#define INLAY_ROFF_H

#include "core/buf.h"

/*
 * Text as man(7) and groff(7) want it: what they would take for requests, escapes and typographic
 * quotes or dashes is escaped, and what is not ASCII is written as \[uXXXX].
 */

/* Within a line; `is_start`: it begins one. */
void roff_add(struct buf *out, const char *text, bool is_start);
/* In bold or italics: 'B', 'I'. */
void roff_add_font(struct buf *out, char font, const char *text);
/* As lines: a sentence begins a new one, and a line feed breaks it. */
void roff_add_prose(struct buf *out, const char *text);
/* As it stands, line by line. */
void roff_add_lines(struct buf *out, const char *text);

#endif
