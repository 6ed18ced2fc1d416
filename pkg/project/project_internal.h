#ifndef INLAY_PROJECT_PROJECT_INTERNAL_H
#define INLAY_PROJECT_PROJECT_INTERNAL_H

#include "core/buf.h"
#include "core/text.h"
#include "json/members.h"
#include "project/project.h"

#include <jansson.h>

/* The newest format of a lock. */
#define LOCK_VERSION 1

/* What the value of a member is, and how it becomes that of an option. */
enum member_form {
    MEMBER_TEXT,
    MEMBER_TEXTS,     /* the option, once for each */
    MEMBER_FLAG,      /* the option without a value, or nothing */
    MEMBER_FLAG_TEXT, /* true as above, or a text */
    MEMBER_VARIABLES, /* an object of texts: the option with NAME=VALUE, once for each */
};

struct member {
    const char *name;
    const char *option;
    enum member_form form;
};

/* In the order in which they are written, up to one without a name. */
extern const struct member model_members[];
extern const struct member place_members[];

/* All members of the table; `first`, which may be NULL, is known besides. Appends to `out`. */
int options_take(json_t *object, const char *at, const struct member *members, const char *first,
                 struct project_options *out, struct error *err) MUST_CHECK;
void options_format(const struct project_options *options, const struct member *members,
                    json_t *to);

#endif
