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

/* Parameters of all functions, in the order of these and of their places there. */
struct parameters {
    uint32_t *bindings;
    size_t count;
};

static int compare_parameters(const void *a, const void *b, void *context)
{
    const struct binding *bindings = context;
    const struct binding *one = &bindings[*(const uint32_t *)a];
    const struct binding *other = &bindings[*(const uint32_t *)b];

    if (one->function != other->function)
        return one->function < other->function ? -1 : 1;
    return one->position < other->position ? -1 : one->position > other->position;
}

static void find_parameters(struct module *module, struct parameters *out)
{
    out->bindings = xcalloc(module->binding_count + 1, sizeof(*out->bindings));
    for (uint32_t i = 0; i < module->binding_count; i++)
        if (module->bindings[i].kind == BINDING_PARAMETER && module->bindings[i].function != 0)
            out->bindings[out->count++] = i;
    if (out->count > 0)
        qsort_r(out->bindings, out->count, sizeof(*out->bindings), compare_parameters,
                module->bindings);
}

/* NULL: there is none at this place. */
static struct binding *parameter_at(const struct module *module,
                                    const struct parameters *parameters, uint32_t function,
                                    uint32_t position)
{
    size_t low = 0, high = parameters->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct binding *binding = &module->bindings[parameters->bindings[middle]];
        if (binding->function == function && binding->position == position)
            return binding;
        if (binding->function < function ||
            (binding->function == function && binding->position < position))
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static struct binding *parameter_called(const struct module *module, uint32_t function,
                                        struct name keyword)
{
    const struct symbol *symbol = module_symbol(module, function, keyword);

    return symbol != NULL ? &module->bindings[symbol->first] : NULL;
}

static void note_passed(struct module *module, struct binding *parameter, uint32_t node,
                        uint32_t scope)
{
    if (parameter == NULL)
        return;
    if (module->passed_count == 0) {
        GROW(module->passed, module->passed_count, module->passed_capacity);
        module->passed[module->passed_count++] = (struct passed){0, 0, 0};
    }
    GROW(module->passed, module->passed_count, module->passed_capacity);
    module->passed[module->passed_count] = (struct passed){node, scope, parameter->passed};
    parameter->passed = (uint32_t)module->passed_count++;
    parameter->passed_count++;
}

/* Returns how many parameters the call gives by their place. */
static uint32_t note_call(struct module *module, const struct parameters *parameters,
                          struct place call, uint32_t function, uint32_t position)
{
    uint32_t argument = module->nodes[module->nodes[call.node].child].next;
    bool is_unpacked = false;

    for (; argument != 0; argument = module->nodes[argument].next) {
        const struct node *node = &module->nodes[argument];
        struct name keyword =
            node->has_keyword ? module_name(module, node->first) : (struct name){NULL, 0};
        struct binding *parameter = node->has_keyword ? parameter_called(module, function, keyword)
                                    : is_unpacked
                                        ? NULL
                                        : parameter_at(module, parameters, function, position);
        is_unpacked = is_unpacked || (node->has_keyword && *keyword.text == '*');
        if (node->has_keyword && parameter != NULL)
            parameter->named++;
        position += !node->has_keyword;
        note_passed(module, parameter, node->child, call.scope);
    }
    return position;
}

void module_note_arguments(struct module *module)
{
    struct parameters parameters = {NULL, 0};

    find_parameters(module, &parameters);
    for (size_t i = 0; i < module->call_count; i++) {
        uint32_t hidden = 0;
        uint32_t function = find_function(module, module->calls[i], &hidden);
        if (function == 0)
            continue;
        uint32_t given = note_call(module, &parameters, module->calls[i], function, hidden);
        struct scope *scope = &module->scopes[function];
        if (scope->calls++ == 0 || given < scope->given)
            scope->given = given;
    }
    free(parameters.bindings);
}

static void move_value(struct python_value *value, struct python_value *out)
{
    python_value_release(out);
    *out = *value;
    *value = (struct python_value)PYTHON_VALUE_INIT;
}

void module_evaluate_passed(struct module *module, const struct found *found, unsigned depth,
                            struct python_value *out)
{
    CLEANUP(python_value) struct python_value value = {.kind = PYTHON_EACH};
    bool is_known = true;
    bool is_same = true;

    value.items = xcalloc(found->binding->passed_count, sizeof(*value.items));
    value.item_count = found->binding->passed_count;
    size_t at = value.item_count;
    for (uint32_t i = found->binding->passed; i != 0 && at > 0; i = module->passed[i].next) {
        struct python_value *item = &value.items[--at];
        *item = (struct python_value)PYTHON_VALUE_INIT;
        module_evaluate_at(module, (struct place){module->passed[i].node, module->passed[i].scope},
                           depth + 1, item);
        is_known = is_known && item->kind == PYTHON_TEXT && item->variable == NULL;
        is_same =
            is_same && is_known && strcmp(item->text, value.items[value.item_count - 1].text) == 0;
    }
    if (is_known && is_same)
        move_value(&value.items[0], out);
    else if (is_known)
        move_value(&value, out);
}
