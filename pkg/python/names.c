#include "python/module_internal.h"

#include <string.h>

void module_init(struct module *module)
{
    *module = (struct module){0};
    module->nodes = xcalloc(1, sizeof(*module->nodes));
    module->node_count = module->node_capacity = 1;
    module->bindings = xcalloc(1, sizeof(*module->bindings));
    module->binding_count = module->binding_capacity = 1;
    for (uint32_t i = 0; i <= SCOPE_CHANGED; i++)
        module_add_scope(module, (struct scope){.kind = SCOPE_MODULE});
}

void module_release(struct module *module)
{
    tokens_release(&module->tokens);
    free(module->nodes);
    free(module->scopes);
    free(module->bindings);
    free(module->symbols);
    free(module->slots);
    free(module->calls);
    free(module->entries);
    free(module->passed);
    for (size_t i = 0; i < module->import_count; i++) {
        free(module->imports[i].module);
        free(module->imports[i].name);
    }
    free(module->imports);
    for (size_t i = 0; i < module->dotted_count; i++)
        free(module->dotted[i]);
    free(module->dotted);
    *module = (struct module){0};
}

uint32_t module_add_scope(struct module *module, struct scope scope)
{
    GROW(module->scopes, module->scope_count, module->scope_capacity);
    module->scopes[module->scope_count] = scope;
    return (uint32_t)module->scope_count++;
}

/* FNV-1a. */
static uint32_t hash(uint32_t scope, struct name name)
{
    uint32_t value = (2166136261U ^ scope) * 16777619U;

    for (size_t i = 0; i < name.size; i++)
        value = (value ^ (unsigned char)name.text[i]) * 16777619U;
    return value ^ value >> 15;
}

/* The slot that the symbol has or would have; there always is an empty one. */
static size_t find_slot(const struct module *module, uint32_t scope, struct name name)
{
    size_t slot = hash(scope, name) & (module->slot_count - 1);

    for (; module->slots[slot] != 0; slot = (slot + 1) & (module->slot_count - 1)) {
        const struct symbol *symbol = &module->symbols[module->slots[slot] - 1];
        if (symbol->scope == scope && symbol->name.size == name.size &&
            memcmp(symbol->name.text, name.text, name.size) == 0)
            break;
    }
    return slot;
}

static void grow_slots(struct module *module)
{
    free(module->slots);
    module->slot_count = module->slot_count > 0 ? module->slot_count * 2 : 256;
    module->slots = xcalloc(module->slot_count, sizeof(*module->slots));
    for (size_t i = 0; i < module->symbol_count; i++) {
        const struct symbol *symbol = &module->symbols[i];
        size_t slot = find_slot(module, symbol->scope, symbol->name);
        module->slots[slot] = (uint32_t)i + 1;
    }
}

static struct symbol *make_symbol(struct module *module, uint32_t scope, struct name name)
{
    if (module->symbol_count * 2 >= module->slot_count)
        grow_slots(module);
    size_t slot = find_slot(module, scope, name);
    if (module->slots[slot] == 0) {
        GROW(module->symbols, module->symbol_count, module->symbol_capacity);
        module->symbols[module->symbol_count++] = (struct symbol){.name = name, .scope = scope};
        module->slots[slot] = (uint32_t)module->symbol_count;
    }
    return &module->symbols[module->slots[slot] - 1];
}

void module_bind(struct module *module, uint32_t scope, struct name name, struct binding binding)
{
    struct symbol *symbol = make_symbol(module, scope, name);

    if (symbol->is_redirected)
        symbol = make_symbol(module, symbol->redirect, name);
    GROW(module->bindings, module->binding_count, module->binding_capacity);
    uint32_t index = (uint32_t)module->binding_count++;
    module->bindings[index] = binding;
    if (symbol->first == 0)
        symbol->first = index;
    else
        module->bindings[symbol->last].next = index;
    symbol->last = index;
}

void module_redirect(struct module *module, uint32_t scope, struct name name, uint32_t target)
{
    struct symbol *symbol = make_symbol(module, scope, name);

    if (scope == target || symbol->first != 0)
        return;
    symbol->is_redirected = true;
    symbol->redirect = target;
}

const struct symbol *module_symbol(const struct module *module, uint32_t scope, struct name name)
{
    if (module->slot_count == 0)
        return NULL;
    uint32_t index = module->slots[find_slot(module, scope, name)];
    if (index == 0)
        return NULL;
    const struct symbol *symbol = &module->symbols[index - 1];
    if (symbol->is_redirected)
        return module_symbol(module, symbol->redirect, name);
    return symbol->first != 0 ? symbol : NULL;
}

/* A class around a function is not looked into (language reference, "Resolution of names"). */
const struct symbol *module_lookup(const struct module *module, uint32_t scope, struct name name)
{
    const struct symbol *symbol = module_symbol(module, scope, name);

    while (symbol == NULL && scope != SCOPE_TOP) {
        scope = module->scopes[scope].parent;
        if (module->scopes[scope].kind != SCOPE_CLASS)
            symbol = module_symbol(module, scope, name);
    }
    return symbol;
}
