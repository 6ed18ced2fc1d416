#include "python/module_internal.h"

/* The function that a call runs, and how many of its parameters the call does not name. */
static uint32_t find_function(const struct module *module, struct place call, uint32_t *hidden)
{
    static const struct name init = {"__init__", 8};
    const struct node *called = &module->nodes[module->nodes[call.node].child];
    const struct symbol *symbol =
        called->kind == NODE_NAME
            ? module_lookup(module, call.scope, module_name(module, called->first))
            : NULL;

    *hidden = 0;
    if (symbol != NULL && module->bindings[symbol->first].kind == BINDING_CLASS) {
        symbol = module_symbol(module, module->bindings[symbol->first].scope, init);
        *hidden = 1; /* self */
    }
    if (symbol == NULL || symbol->first != symbol->last ||
        module->bindings[symbol->first].kind != BINDING_FUNCTION)
        return 0;
    return module->bindings[symbol->first].scope;
}

static void note_keyword(struct module *module, uint32_t function, struct name keyword)
{
    const struct symbol *symbol = module_symbol(module, function, keyword);

    if (symbol != NULL)
        module->bindings[symbol->first].named++;
}

void module_note_arguments(struct module *module)
{
    for (size_t i = 0; i < module->call_count; i++) {
        uint32_t position = 0;
        uint32_t function = find_function(module, module->calls[i], &position);
        uint32_t argument = module->nodes[module->nodes[module->calls[i].node].child].next;
        for (; function != 0 && argument != 0; argument = module->nodes[argument].next) {
            const struct node *node = &module->nodes[argument];
            if (node->has_keyword)
                note_keyword(module, function, module_name(module, node->first));
            else
                position++;
        }
        struct scope *scope = &module->scopes[function];
        if (function != 0 && (scope->calls++ == 0 || position < scope->given))
            scope->given = position;
    }
}
