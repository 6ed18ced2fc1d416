#ifndef INLAY_PYTHON_MODULE_INTERNAL_H
#define INLAY_PYTHON_MODULE_INTERNAL_H

#include "python/python.h"
#include "python/tokens_internal.h"

#include <string.h>

/*
 * A module as a tree: expressions as nodes, and what names are bound to, scope by scope. Indexes
 * instead of pointers; 0 is no node, no scope's parent, no binding.
 */

enum node_kind {
    NODE_OTHER, /* nothing that is looked into */
    NODE_NAME,
    NODE_NUMBER,
    NODE_TEXT,      /* adjacent literals: children NODE_PIECE and NODE_HOLE */
    NODE_PIECE,     /* one token that token_decode() takes */
    NODE_HOLE,      /* child: its expression; none if it is formatted */
    NODE_ATTRIBUTE, /* child: the object; the name is the last token */
    NODE_CALL,      /* children: what is called, then NODE_ARGUMENT */
    NODE_ARGUMENT, /* child: the value; the first token is the keyword, "*" or "**" if it has one */
    NODE_SUBSCRIPT, /* children: the object, the index */
    NODE_LIST,
    NODE_DICT,   /* children: key, value, key, value, …; without what is unpacked */
    NODE_SUM,    /* children: operands of + */
    NODE_FORMAT, /* children: what is on the left and on the right of one % */
    NODE_OR,
    NODE_CHOICE, /* children: the values, without the conditions */
};

struct node {
    uint8_t kind;
    bool has_keyword;     /* of a NODE_ARGUMENT */
    uint32_t first, last; /* tokens */
    uint32_t child, next;
};

enum scope_kind { SCOPE_MODULE, SCOPE_FUNCTION, SCOPE_CLASS };

struct scope {
    enum scope_kind kind;
    uint32_t parent;
    uint32_t name;  /* token of a class or function; 0 */
    uint32_t bases; /* of a class: first of the NODE_ARGUMENTs */
    uint32_t calls; /* of a function, in this file */
    uint32_t given; /* so many parameters each of them gives by position */
};

enum binding_kind {
    BINDING_VALUE,     /* node, or 0: not known; evaluated in `scope` */
    BINDING_PARAMETER, /* node is the default, or 0 */
    BINDING_SELF,      /* the first parameter of a method; `scope` is the class */
    BINDING_LOOP,      /* node is what is looped over */
    BINDING_IMPORT,    /* index of `dotted` */
    BINDING_CLASS,     /* `scope` is its own */
    BINDING_FUNCTION,
};

struct binding {
    enum binding_kind kind;
    uint32_t node;
    uint32_t scope;
    uint32_t dotted;
    uint32_t token;              /* where the name stands */
    uint32_t next;               /* of the same symbol */
    uint32_t function, position; /* of a parameter: its scope, and the place there, from 0 */
    uint32_t named;              /* so many calls give it by its name */
    uint32_t passed;             /* the first of what calls give it; index of `passed` */
    uint32_t passed_count;
};

/* What a call gives to a parameter. */
struct passed {
    uint32_t node, scope;
    uint32_t next; /* to the same parameter */
};

/* A name in the text, or a constant. */
struct name {
    const char *text;
    size_t size;
};

struct symbol {
    struct name name;
    uint32_t scope;
    uint32_t first, last; /* bindings */
    bool is_redirected;   /* by `global` or `nonlocal`, to the scope `redirect` */
    uint32_t redirect;
};

/* An expression in its scope. */
struct place {
    uint32_t node, scope;
};

/* object[key] = value. */
struct entry_site {
    uint32_t object, key, value, scope;
};

#define FOLLOW_LIMIT 24 /* names that stand for names, and expressions in expressions */
#define STEPS_PER_VALUE 1024

struct module {
    struct tokens tokens;
    struct node *nodes;
    size_t node_count, node_capacity;
    struct scope *scopes;
    size_t scope_count, scope_capacity;
    struct binding *bindings;
    size_t binding_count, binding_capacity;
    struct symbol *symbols;
    size_t symbol_count, symbol_capacity;
    uint32_t *slots; /* a hash table of symbols, +1 */
    size_t slot_count;
    struct place *calls; /* in the order in which they end */
    size_t call_count, call_capacity;
    struct passed *passed; /* the first is none */
    size_t passed_count, passed_capacity;
    struct entry_site *entries;
    size_t entry_count, entry_capacity;
    struct python_import *imports;
    size_t import_count, import_capacity;
    char **dotted; /* what names are imported from */
    size_t dotted_count, dotted_capacity;
    uint32_t main_first;  /* the tokens of the block of `if __name__ == "__main__":`, … */
    uint32_t main_end;    /* … up to this one; 0: there is none */
    size_t star_count;    /* of `from … import *` */
    size_t star_import;   /* the last of them, in `imports` */
    uint64_t steps;       /* that following names may still take, in this file */
    unsigned value_steps; /* and for the value at hand */
};

/* The scopes that every module has. */
#define SCOPE_TOP 0
#define SCOPE_OPTIONS 1 /* of argparse: "model" for add_argument("--model") */
#define SCOPE_CHANGED 2 /* names whose entries are set: CONFIG["x"] = … */

/* Makes room for one more element of an array. */
#define GROW(array, count, capacity)                                                               \
    ((array) = grow((array), (count), &(capacity), sizeof(*(array))))

static inline void *grow(void *array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return array;
    *capacity = *capacity > 0 ? *capacity * 2 : 64;
    return xrealloc(array, *capacity, size);
}

/* Reads the tokens, which end with TOKEN_END. ERROR_CORRUPT: nested too deep. */
int module_parse(struct module *module, struct error *err) MUST_CHECK;
void module_init(struct module *module);
void module_release(struct module *module);
CLEANUP_RELEASE(module)

/* arguments.c: notes which parameters the calls of this file give arguments to. */
void module_note_arguments(struct module *module);

/* names.c */
uint32_t module_add_scope(struct module *module, struct scope scope);
/* Binds a name in a scope, or where `global` and `nonlocal` sent it. */
void module_bind(struct module *module, uint32_t scope, struct name name, struct binding binding);
void module_redirect(struct module *module, uint32_t scope, struct name name, uint32_t target);
/* NULL: not bound in this scope. */
const struct symbol *module_symbol(const struct module *module, uint32_t scope, struct name name);
/* The same in the scopes around it, too, as names are resolved. */
const struct symbol *module_lookup(const struct module *module, uint32_t scope, struct name name);

/* A token's bytes. */
static inline struct name module_name(const struct module *module, uint32_t token)
{
    const struct token *item = &module->tokens.items[token];

    return (struct name){module->tokens.text + item->start, item->size};
}

/* follow.c: what an expression is in the end. */
enum found_kind {
    FOUND_NOTHING,
    FOUND_EXPRESSION, /* `place` */
    FOUND_LOOP,       /* the variable of a loop over `place` */
    FOUND_SEVERAL,    /* a symbol with several bindings */
    FOUND_IMPORT,
    FOUND_CLASS,    /* `class_scope` */
    FOUND_INSTANCE, /* of `class_scope`, made by the call `place`; its node is 0 for `self` */
    FOUND_FUNCTION, /* `class_scope` is its scope */
    FOUND_SETTING,  /* a field of pydantic's settings: `field`, and its default in `place` */
    FOUND_PASSED,   /* a parameter that all calls in this file give a text: `binding` */
};

struct found {
    enum found_kind kind;
    struct place place;
    uint32_t class_scope;
    bool is_default, is_given;
    const struct symbol *symbol;
    const struct binding *binding;
    struct name field;
};

struct found module_find(struct module *module, struct place place, unsigned depth);
struct found module_find_symbol(struct module *module, const struct symbol *symbol, unsigned depth);
/* What one binding is, not minding others of its symbol. */
struct found module_find_binding(struct module *module, const struct binding *binding,
                                 unsigned depth);
/* An attribute of a class or of an instance. */
struct found module_find_attribute(struct module *module, const struct found *object,
                                   struct name name, unsigned depth);
/*
 * Appends the dotted name of an expression, imports resolved, as struct python_call has it. False:
 * no import is at its beginning.
 */
bool module_dotted(struct module *module, struct place place, struct buf *out);
/* The same of what is called; NULL if the node is no call. Caller frees. */
char *module_called(struct module *module, struct place call);
/* The value of an argument of a call, by its keyword; 0: there is none. */
uint32_t module_keyword(const struct module *module, uint32_t call, const char *keyword);
/* The same by its position, from 0. */
uint32_t module_positional(const struct module *module, uint32_t call, size_t position);

static inline bool name_is(struct name name, const char *text)
{
    return strlen(text) == name.size && memcmp(name.text, text, name.size) == 0;
}

/* value.c */
void module_evaluate(struct module *module, struct place place, struct python_value *out);
void module_evaluate_found(struct module *module, const struct found *found, unsigned depth,
                           struct python_value *out);
/* The same with what has been spent before. */
void module_evaluate_at(struct module *module, struct place place, unsigned depth,
                        struct python_value *out);
/*
 * arguments.c, of FOUND_PASSED: one text, or each of those that the calls give, in their order;
 * nothing where one is not known.
 */
void module_evaluate_passed(struct module *module, const struct found *found, unsigned depth,
                            struct python_value *out);
/* A text of these bytes, which it takes over; nothing if it is too long. */
void module_set_text(struct module *module, struct python_value *out, enum python_kind kind,
                     struct buf *text);

/* format.c: "…%s…" % values, "…{}…".format(values); nothing where one of them is not known */
void module_evaluate_percent(struct module *module, struct place place, unsigned depth,
                             struct python_value *out);
/* False: the call is none of a text's format(). */
bool module_evaluate_format(struct module *module, struct place call, unsigned depth,
                            struct python_value *out);

/* The expression as written, cut. Caller frees. */
char *module_source(const struct module *module, uint32_t node);

/* report.c, constants.c */
void module_begin_value(struct module *module);
/* Takes name and value over. */
void module_add_assignment(struct python_assignments *assignments, size_t *capacity, char *variable,
                           struct python_value *value, const struct token *token);
void module_report_constants(struct module *module, struct python_file *out);
/* What a parsed module holds, moved to `out`. */
void module_report(struct module *module, struct python_file *out);

#endif
