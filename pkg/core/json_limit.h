#ifndef INLAY_CORE_JSON_LIMIT_H
#define INLAY_CORE_JSON_LIMIT_H

#include "core/error.h"

/*
 * JSON (RFC 8259) from outside, before it is parsed: a parsed value takes up to 300 bytes, and its
 * text as few as two. ERROR_UNSUPPORTED for a text of more than `values_max` values, names of
 * members included. What is no JSON is not noticed: the parser tells.
 */
int json_check_size(const void *data, size_t size, size_t values_max, struct error *err) MUST_CHECK;

#endif
