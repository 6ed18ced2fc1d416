#ifndef INLAY_JSON_PARSE_H
#define INLAY_JSON_PARSE_H

#include "core/error.h"

#include <jansson.h>

/*
 * JSON (RFC 8259) of others. A parsed value takes up to 300 bytes of memory, and its text as few
 * as two, so that whoever parses says how many values there may be. Nothing else parses a document.
 */

/* Values of one document: 30 MB at most when it is parsed. Names of members count. */
#define JSON_VALUES_MAX ((size_t)100000)

struct json_rules {
    const char *name;  /* what the document is, for messages; NULL: "it" */
    size_t values_max; /* 0: JSON_VALUES_MAX */
    size_t flags;      /* of json_loadb() */
    bool is_rewritten; /* the text is not what arrived: messages tell the line, but no column */
};

/* Whether there are more values than these rules have it: ERROR_UNSUPPORTED. Parses nothing. */
int json_check_values(const void *data, size_t size, const struct json_rules *rules,
                      struct error *err) MUST_CHECK;

/*
 * Parses one document; ERROR_UNSUPPORTED above the most values. ERROR_CORRUPT says line, column and
 * what is wrong there, but no word of the document, which may be a secret. Caller frees *out.
 */
int json_parse(const void *data, size_t size, const struct json_rules *rules, json_t **out,
               struct error *err) MUST_CHECK;
/* The same for a document behind which more may follow: *used is how many of the bytes it took. */
int json_parse_first(const void *data, size_t size, json_t **out, size_t *used,
                     struct error *err) MUST_CHECK;
/* NULL for what json_parse() refuses, where nobody is told. Caller frees. */
json_t *json_parse_or_null(const void *data, size_t size);

#endif
