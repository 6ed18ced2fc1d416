#include "python/module_internal.h"

#define INSTANCES_LIMIT 64

/* An object of a class of this file, at the module level. */
struct instance {
    struct name name;
    struct found found;
};

struct constants {
    struct module *module;
    struct python_assignments *out;
    size_t capacity;
    struct instance instances[INSTANCES_LIMIT];
    size_t instance_count;
};

static void add(struct constants *constants, const struct found *found, char *variable,
                const struct symbol *symbol)
{
    struct module *module = constants->module;
    CLEANUP(text) char *name = variable;
    CLEANUP(python_value) struct python_value value = PYTHON_VALUE_INIT;
    const struct binding *binding = &module->bindings[symbol->first];

    module_evaluate_found(module, found, 0, &value);
    if (value.kind != PYTHON_TEXT && value.kind != PYTHON_VARIABLE && value.kind != PYTHON_LIST)
        return;
    value.source = module_source(module, binding->node);
    module_add_assignment(constants->out, &constants->capacity, TAKE(name), &value,
                          &module->tokens.items[binding->token]);
}

static void add_top(struct constants *constants, const struct symbol *symbol)
{
    module_begin_value(constants->module);
    struct found found = module_find_symbol(constants->module, symbol, 0);

    if (found.kind == FOUND_INSTANCE && constants->instance_count < INSTANCES_LIMIT)
        constants->instances[constants->instance_count++] = (struct instance){symbol->name, found};
    add(constants, &found, xstrndup(symbol->name.text, symbol->name.size), symbol);
}

static void add_attribute_of(struct constants *constants, const struct found *object,
                             struct name prefix, const struct symbol *symbol)
{
    module_begin_value(constants->module);
    struct found found = module_find_attribute(constants->module, object, symbol->name, 0);

    add(constants, &found,
        xasprintf("%.*s.%.*s", (int)prefix.size, prefix.text, (int)symbol->name.size,
                  symbol->name.text),
        symbol);
}

/* An attribute of a class at the module level: of the class, and of its objects. */
static void add_attribute(struct constants *constants, const struct symbol *symbol)
{
    const struct module *module = constants->module;
    const struct scope *scope = &module->scopes[symbol->scope];
    struct found class_found = {.kind = FOUND_CLASS, .class_scope = symbol->scope};

    add_attribute_of(constants, &class_found, module_name(module, scope->name), symbol);
    for (size_t i = 0; i < constants->instance_count; i++)
        if (constants->instances[i].found.class_scope == symbol->scope)
            add_attribute_of(constants, &constants->instances[i].found,
                             constants->instances[i].name, symbol);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct python_assignment *)a)->variable,
                  ((const struct python_assignment *)b)->variable);
}

void module_report_constants(struct module *module, struct python_file *out)
{
    struct constants constants = {.module = module, .out = &out->constants};

    for (size_t i = 0; i < module->symbol_count; i++) {
        const struct symbol *symbol = &module->symbols[i];
        if (symbol->scope == SCOPE_TOP && symbol->first != 0)
            add_top(&constants, symbol);
    }
    for (size_t i = 0; i < module->symbol_count; i++) {
        const struct symbol *symbol = &module->symbols[i];
        const struct scope *scope = &module->scopes[symbol->scope];
        bool is_attribute = scope->kind == SCOPE_CLASS && scope->parent == SCOPE_TOP;
        if (is_attribute && symbol->first != 0)
            add_attribute(&constants, symbol);
    }
    if (out->constants.count > 0)
        qsort(out->constants.items, out->constants.count, sizeof(*out->constants.items),
              compare_names);
}
