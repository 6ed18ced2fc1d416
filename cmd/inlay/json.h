#ifndef INLAY_JSON_H
#define INLAY_JSON_H

#include "core/text.h"
#include "oci/document.h"
#include "oci/start.h"

/* Parts of what --json prints; the caller owns them. */

/* null for NULL. Paths of an image may be any bytes, and JSON is UTF-8: other bytes become '?'. */
json_t *text_to_json(const char *text);
json_t *strings_to_json(const struct strings *strings);
/* Adds "entrypoint" and "cmd", lists of words, of what is set. */
void start_to_json(const struct container_start *start, json_t *object);

/* The whole document, and a line feed: on standard output, or added to `result` unless that is
 * NULL. */
void json_say(const json_t *document, struct buf *result);

#endif
