#ifndef INLAY_OCI_JSON_TEXT_INTERNAL_H
#define INLAY_OCI_JSON_TEXT_INTERNAL_H

#include "core/buf.h"

#include <jansson.h>

/*
 * JSON allows what the library cannot hold (RFC 8259): NUL and lone surrogates in strings, numbers
 * that are no int64, and members of the same name. A pass before the parser replaces them by
 * strings that it can hold, and a pass behind the serialiser puts the original bytes back. The
 * replacements begin with JSON_MARK, whose first character is replaced itself wherever a document
 * has it, so that none can be forged.
 *
 *   in the document                     in the parsed value
 *   \u0000, \uD800 without its other    MARK "u" and the four digits
 *   \u0001                              MARK "p"
 *   1.0, 1e5, 18446744073709551616      a string: MARK "n" and the number as it stands
 *   a member whose name comes again     name: MARK "d", a number, ";" and the name
 */
#define JSON_MARK "\x01\x02"

/* Replaces what the parser cannot hold. *duplicates: json_number_duplicates() is to be called. */
int json_text_encode(const struct buf *bytes, const char *name, struct buf *out, bool *duplicates,
                     struct error *err) MUST_CHECK;
/* Puts the original bytes back into what the serialiser wrote. */
void json_text_decode(struct buf *text);

/*
 * A new object with the members of all of `objects`, in their order. Of members of the same name
 * the last one has the name, and those before it are marked. The caller owns it.
 */
json_t *json_concat(json_t *const *objects, size_t count);
/* The pass over a parsed value that has members of the same name: the last one gets the name. */
json_t *json_number_duplicates(json_t *json);

#endif
