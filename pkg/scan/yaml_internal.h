#ifndef INLAY_SCAN_YAML_INTERNAL_H
#define INLAY_SCAN_YAML_INTERNAL_H

#include "core/text.h"

/* A file of YAML as an outline: parents before children. */
struct yaml_node {
    size_t parent; /* 0: the root, of which there is one for all documents */
    char *key;     /* NULL: an item of a list, and the root */
    char *text;    /* a scalar without its quotes; NULL: none, or none that is understood */
    unsigned line; /* from 1 */
};

struct yaml {
    struct yaml_node *nodes; /* the first is the root */
    size_t count;
};

/* No text is refused. *out is zeroed before. */
void yaml_read(const char *text, struct yaml *out);
void yaml_release(struct yaml *yaml);
CLEANUP_RELEASE(yaml)
/* The first child of this key; 0: there is none. */
size_t yaml_child(const struct yaml *yaml, size_t parent, const char *key);

#endif
