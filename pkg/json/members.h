#ifndef INLAY_JSON_MEMBERS_H
#define INLAY_JSON_MEMBERS_H

#include "core/buf.h"
#include "core/text.h"

#include <jansson.h>

/*
 * Members of a strict format, which people write: all are known, and each is what it has to be.
 * `at` is where the object is in the document, such as "models[2]", and "" of the document itself;
 * what is wrong is ERROR_CORRUPT and named from there.
 */

/* Parses a document without members that stand twice. `what` is what it should be: "project". */
int members_parse(const char *text, size_t size, const char *what, json_t **out,
                  struct error *err) MUST_CHECK;
/* Of a whole document: its number of the format, up to `newest`; ERROR_UNSUPPORTED above that. */
int members_check_version(const json_t *object, int newest, struct error *err) MUST_CHECK;
/* An object without members but those in `known`, which ends with NULL. */
int members_check(json_t *object, const char *at, const char *const *known,
                  struct error *err) MUST_CHECK;
/* "at.name", or "name" of the document. Caller frees. */
char *members_place(const char *at, const char *name);

/* A member of one line of text; *out stays NULL if it may be left out, and is. Caller frees. */
int members_take_text(const json_t *object, const char *at, const char *name, bool is_needed,
                      char **out, struct error *err) MUST_CHECK;
/* A list of such, with something in it, or no member. */
int members_take_texts(const json_t *object, const char *at, const char *name, struct strings *out,
                       struct error *err) MUST_CHECK;
/* true or false; left out: false. */
int members_take_flag(const json_t *object, const char *at, const char *name, bool *out,
                      struct error *err) MUST_CHECK;
/* Not negative. */
int members_take_number(const json_t *object, const char *at, const char *name, uint64_t *out,
                        struct error *err) MUST_CHECK;
/* A list, maybe an empty one; *out stays NULL if it may be left out, and is. Borrowed. */
int members_take_list(const json_t *object, const char *at, const char *name, bool is_needed,
                      json_t **out, struct error *err) MUST_CHECK;

/* Adds the member if there is something to add. */
void members_set_text(json_t *object, const char *name, const char *text);
void members_set_texts(json_t *object, const char *name, const struct strings *texts);
void members_set_flag(json_t *object, const char *name, bool flag);
/* Two blanks a level, a line feed at the end; members in their order. Appends to `out`. */
void members_format(const json_t *document, struct buf *out);

#endif
