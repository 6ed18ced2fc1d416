#include "python/module_internal.h"

#include "core/text.h"

#define DOTTED_LIMIT 32    /* parts of a dotted name */
#define ENTRIES_LIMIT 1024 /* of a dictionary that is looked into, or arguments of a call */
#define NAME_LIMIT 4096    /* bytes of a dotted name, about */
#define PASSED_LIMIT 32    /* calls of a function whose arguments are looked at */

static struct found nothing(void)
{
    return (struct found){.kind = FOUND_NOTHING};
}

static bool is_none(const struct module *module, uint32_t node)
{
    const struct node *item = &module->nodes[node];

    return item->kind == NODE_NAME && name_is(module_name(module, item->first), "None");
}

static bool step(struct module *module, unsigned depth)
{
    if (depth > FOLLOW_LIMIT || module->steps == 0 || module->value_steps == 0)
        return false;
    module->steps--;
    module->value_steps--;
    return true;
}

static struct name keyword_of(const struct module *module, const struct node *argument)
{
    return argument->has_keyword ? module_name(module, argument->first) : (struct name){NULL, 0};
}

uint32_t module_keyword(const struct module *module, uint32_t call, const char *keyword)
{
    uint32_t i = module->nodes[module->nodes[call].child].next;

    for (size_t tries = 0; i != 0 && tries < ENTRIES_LIMIT; i = module->nodes[i].next, tries++)
        if (module->nodes[i].has_keyword && name_is(keyword_of(module, &module->nodes[i]), keyword))
            return module->nodes[i].child;
    return 0;
}

uint32_t module_positional(const struct module *module, uint32_t call, size_t position)
{
    uint32_t i = module->nodes[module->nodes[call].child].next;

    while (i != 0 && !module->nodes[i].has_keyword && position-- > 0)
        i = module->nodes[i].next;
    return i != 0 && !module->nodes[i].has_keyword ? module->nodes[i].child : 0;
}

/* Of the names that are imported, the first import; 0: none. */
static uint32_t find_import(const struct module *module, const struct symbol *symbol)
{
    uint32_t i = symbol->first;

    for (size_t tries = 0; i != 0 && tries < STEPS_PER_VALUE; tries++) {
        if (module->bindings[i].kind == BINDING_IMPORT)
            return i;
        i = module->bindings[i].next;
    }
    return 0;
}

/* The tokens of a.b.c, the last part first; *root is what stands in front of them. */
static size_t dotted_parts(const struct module *module, uint32_t node, uint32_t *parts,
                           uint32_t *root)
{
    size_t count = 0;

    for (; module->nodes[node].kind == NODE_ATTRIBUTE && count < DOTTED_LIMIT;
         node = module->nodes[node].child)
        parts[count++] = module->nodes[node].last;
    *root = node;
    return count;
}

static bool is_builtin(struct name name)
{
    static const char names[] =
        " abs aiter all anext any ascii bin bool breakpoint bytearray bytes callable chr"
        " classmethod compile complex delattr dict dir divmod enumerate eval exec filter float"
        " format frozenset getattr globals hasattr hash help hex id input int isinstance"
        " issubclass iter len list locals map max memoryview min next object oct open ord pow"
        " print property range repr reversed round set setattr slice sorted staticmethod str sum"
        " super tuple type vars zip __import__ ";
    CLEANUP(text) char *spaced = xasprintf(" %.*s ", (int)name.size, name.text);

    return strstr(names, spaced) != NULL;
}

/* The name that a dotted one begins with. */
static bool add_root(struct module *module, struct place place, struct buf *out)
{
    struct name name = module_name(module, module->nodes[place.node].first);
    const struct symbol *symbol = module_lookup(module, place.scope, name);
    uint32_t import = symbol != NULL ? find_import(module, symbol) : 0;

    if (import != 0) {
        buf_add_text(out, module->dotted[module->bindings[import].dotted]);
        return true;
    }
    if (symbol == NULL && module->star_count == 1 && !is_builtin(name) &&
        !text_ends_with(buf_text(out), ".")) {
        buf_addf(out, "%s.", module->imports[module->star_import].module);
        buf_add(out, name.text, name.size);
        return true;
    }
    if (symbol != NULL && symbol->first == symbol->last && out->size < NAME_LIMIT &&
        step(module, 0)) {
        const struct binding *binding = &module->bindings[symbol->first];
        enum node_kind kind = module->nodes[binding->node].kind;
        CLEANUP(buf) struct buf alias = BUF_INIT;
        struct place value = {binding->node, binding->scope};
        bool is_name = kind == NODE_NAME || kind == NODE_ATTRIBUTE;
        if (binding->kind == BINDING_VALUE && is_name && binding->node != place.node &&
            module_dotted(module, value, &alias)) {
            buf_add(out, alias.data, alias.size);
            return true;
        }
    }
    buf_add(out, name.text, name.size);
    return false;
}

bool module_dotted(struct module *module, struct place place, struct buf *out)
{
    uint32_t parts[DOTTED_LIMIT];
    uint32_t root;
    size_t count = dotted_parts(module, place.node, parts, &root);
    bool is_imported = false;

    if (module->nodes[root].kind == NODE_NAME)
        is_imported = add_root(module, (struct place){root, place.scope}, out);
    while (count-- > 0) {
        struct name part = module_name(module, parts[count]);
        buf_addf(out, ".%.*s", (int)part.size, part.text);
    }
    return is_imported;
}

char *module_called(struct module *module, struct place call)
{
    CLEANUP(buf) struct buf name = BUF_INIT;

    (void)module_dotted(module, (struct place){module->nodes[call.node].child, call.scope}, &name);
    return xstrdup(buf_text(&name));
}

/* Field("x"), field(default="x"), typer.Option("x"): what stands for a default holds it. */
static struct place unwrap_default(const struct module *module, struct place place)
{
    static const char *const wrappers[] = {"Field", "field", "Option", "Argument", "Query", "Form"};
    const struct node *node = &module->nodes[place.node];

    if (node->kind != NODE_CALL)
        return place;
    struct name name = module_name(module, module->nodes[node->child].last);
    for (size_t i = 0; i < ARRAY_SIZE(wrappers); i++) {
        if (!name_is(name, wrappers[i]))
            continue;
        uint32_t value = module_keyword(module, place.node, "default");
        if (value == 0)
            value = module_positional(module, place.node, 0);
        return (struct place){value, place.scope};
    }
    return place;
}

/* Does every call of the function in this file give this parameter something? */
static bool is_always_given(const struct module *module, const struct binding *parameter)
{
    const struct scope *function = &module->scopes[parameter->function];

    return function->calls > 0 &&
           (parameter->position < function->given || parameter->named == function->calls);
}

/* Does every call of the function in this file give this parameter a text that is known there? */
static bool is_passed_text(struct module *module, const struct binding *parameter, unsigned depth)
{
    uint32_t calls = parameter->function != 0 ? module->scopes[parameter->function].calls : 0;

    if (calls == 0 || parameter->passed_count != calls || calls > PASSED_LIMIT)
        return false;
    for (uint32_t i = parameter->passed; i != 0; i = module->passed[i].next) {
        const struct place place = {module->passed[i].node, module->passed[i].scope};
        struct found found = module_find(module, place, depth + 1);
        if (found.kind != FOUND_EXPRESSION || found.is_default ||
            module->nodes[found.place.node].kind != NODE_TEXT)
            return false;
    }
    return true;
}

struct found module_find_binding(struct module *module, const struct binding *binding,
                                 unsigned depth)
{
    struct place place = {binding->node, binding->scope};

    switch (binding->kind) {
    case BINDING_PARAMETER:
        if (is_passed_text(module, binding, depth))
            return (struct found){.kind = FOUND_PASSED, .binding = binding};
        place = unwrap_default(module, place);
        if (place.node == 0)
            return nothing();
        struct found found = module_find(module, place, depth + 1);
        found.is_default = true;
        found.is_given = found.is_given || is_always_given(module, binding);
        return found;
    case BINDING_VALUE:
        return place.node != 0 ? module_find(module, place, depth + 1) : nothing();
    case BINDING_LOOP:
        return (struct found){.kind = FOUND_LOOP, .place = place};
    case BINDING_SELF:
        return (struct found){.kind = FOUND_INSTANCE, .class_scope = binding->scope};
    case BINDING_CLASS:
        return (struct found){.kind = FOUND_CLASS, .class_scope = binding->scope};
    case BINDING_FUNCTION:
        return (struct found){.kind = FOUND_FUNCTION, .class_scope = binding->scope};
    case BINDING_IMPORT:
        return (struct found){.kind = FOUND_IMPORT};
    }
    return nothing();
}

struct found module_find_symbol(struct module *module, const struct symbol *symbol, unsigned depth)
{
    const struct binding *only = NULL;

    if (find_import(module, symbol) != 0)
        return (struct found){.kind = FOUND_IMPORT};
    for (uint32_t i = symbol->first; i != 0; i = module->bindings[i].next) {
        const struct binding *binding = &module->bindings[i];
        if (!step(module, depth))
            return nothing();
        if (binding->kind == BINDING_VALUE && is_none(module, binding->node))
            continue;
        if (only != NULL)
            return (struct found){.kind = FOUND_SEVERAL, .symbol = symbol};
        only = binding;
    }
    return module_find_binding(module, only != NULL ? only : &module->bindings[symbol->first],
                               depth);
}

static bool is_settings(struct module *module, uint32_t class_scope, unsigned depth)
{
    uint32_t base = module->scopes[class_scope].bases;

    for (; base != 0 && step(module, depth); base = module->nodes[base].next) {
        struct place place = {module->nodes[base].child, module->scopes[class_scope].parent};
        struct name last = module_name(module, module->nodes[place.node].last);
        if (name_is(last, "BaseSettings"))
            return true;
        struct found found = module_find(module, place, depth + 1);
        if (found.kind == FOUND_CLASS && is_settings(module, found.class_scope, depth + 1))
            return true;
    }
    return false;
}

/* In the classes of this file that a class is made from. */
static struct found find_inherited(struct module *module, const struct found *object,
                                   struct name name, unsigned depth)
{
    uint32_t base = module->scopes[object->class_scope].bases;

    for (; base != 0 && step(module, depth); base = module->nodes[base].next) {
        struct place place = {module->nodes[base].child,
                              module->scopes[object->class_scope].parent};
        struct found found = module_find(module, place, depth + 1);
        if (found.kind != FOUND_CLASS)
            continue;
        found = module_find_attribute(module, &found, name, depth + 1);
        if (found.kind != FOUND_NOTHING)
            return found;
    }
    return nothing();
}

struct found module_find_attribute(struct module *module, const struct found *object,
                                   struct name name, unsigned depth)
{
    const struct symbol *symbol = module_symbol(module, object->class_scope, name);
    CLEANUP(text) char *keyword = xstrndup(name.text, name.size);
    uint32_t given = object->kind == FOUND_INSTANCE && object->place.node != 0
                         ? module_keyword(module, object->place.node, keyword)
                         : 0;

    if (!step(module, depth))
        return nothing();
    if (given != 0)
        return module_find(module, (struct place){given, object->place.scope}, depth + 1);
    bool is_field = symbol != NULL && module->bindings[symbol->first].kind == BINDING_VALUE;
    if ((symbol == NULL || is_field) && is_settings(module, object->class_scope, depth + 1))
        return (struct found){
            .kind = FOUND_SETTING,
            .place = {is_field ? module->bindings[symbol->first].node : 0, object->class_scope},
            .class_scope = object->class_scope,
            .field = name};
    if (symbol == NULL)
        return find_inherited(module, object, name, depth);
    const struct binding *binding = &module->bindings[symbol->first];
    struct place place = {binding->node, binding->scope};
    struct place inner = unwrap_default(module, place);
    if (is_field && symbol->first == symbol->last && inner.node != place.node)
        return inner.node != 0 ? module_find(module, inner, depth + 1) : nothing();
    return module_find_symbol(module, symbol, depth);
}

/* What argparse's parse_args() returned, or the first of what parse_known_args() did. */
static bool is_parsed_arguments(const struct module *module, const struct found *found)
{
    const struct node *call = &module->nodes[found->place.node];
    struct name name = module_name(module, module->nodes[call->child].last);

    return found->kind == FOUND_EXPRESSION && call->kind == NODE_CALL &&
           (name_is(name, "parse_args") || name_is(name, "parse_known_args"));
}

/* parse_known_args()[0] */
static bool is_first_of_known(const struct module *module, const struct found *found, uint32_t key)
{
    struct name digits = module_name(module, module->nodes[key].first);

    return is_parsed_arguments(module, found) && module->nodes[key].kind == NODE_NUMBER &&
           name_is(digits, "0");
}

static struct found find_member(struct module *module, struct place place, unsigned depth)
{
    const struct node *node = &module->nodes[place.node];
    struct name name = module_name(module, node->last);
    struct found object = module_find(module, (struct place){node->child, place.scope}, depth + 1);

    if (object.kind == FOUND_INSTANCE || object.kind == FOUND_CLASS)
        return module_find_attribute(module, &object, name, depth + 1);
    if (!is_parsed_arguments(module, &object))
        return (struct found){.kind = FOUND_EXPRESSION, .place = place};
    const struct symbol *option = module_symbol(module, SCOPE_OPTIONS, name);
    return option != NULL ? module_find_symbol(module, option, depth + 1) : nothing();
}

/* Replaces what is in `out` by a text of one literal; false: another expression. */
static bool literal_text(const struct module *module, uint32_t node, struct buf *out)
{
    const struct node *piece = &module->nodes[module->nodes[node].child];

    buf_clear(out);
    return module->nodes[node].kind == NODE_TEXT && piece->kind == NODE_PIECE && piece->next == 0 &&
           token_decode(&module->tokens, piece->first, out);
}

static uint32_t find_key(struct module *module, uint32_t dictionary, uint32_t key)
{
    CLEANUP(buf) struct buf wanted = BUF_INIT;
    CLEANUP(buf) struct buf text = BUF_INIT;
    uint32_t i = module->nodes[dictionary].child;
    uint32_t found = 0;

    if (!literal_text(module, key, &wanted))
        return 0;
    for (size_t tries = 0; i != 0 && tries < ENTRIES_LIMIT; tries++) {
        uint32_t value = module->nodes[i].next;
        if (tries % 4 == 0 && !step(module, 0))
            return 0;
        if (literal_text(module, i, &text) && strcmp(buf_text(&text), buf_text(&wanted)) == 0)
            found = value;
        i = module->nodes[value].next;
    }
    return i == 0 ? found : 0;
}

static uint32_t find_item(const struct module *module, uint32_t list, uint32_t index)
{
    struct name digits = module_name(module, module->nodes[index].first);
    uint32_t i = module->nodes[list].child;

    if (module->nodes[index].kind != NODE_NUMBER || digits.size != 1)
        return 0;
    for (char rest = digits.text[0]; rest > '0' && i != 0; rest--)
        i = module->nodes[i].next;
    return i;
}

static struct found find_entry(struct module *module, struct place place, unsigned depth)
{
    uint32_t object = module->nodes[place.node].child;
    uint32_t key = module->nodes[object].next;
    struct found found = module_find(module, (struct place){object, place.scope}, depth + 1);
    uint32_t value = 0;

    if (found.kind != FOUND_EXPRESSION)
        return (struct found){.kind = FOUND_EXPRESSION, .place = place};
    if (is_first_of_known(module, &found, key))
        return found;
    bool is_changed = module->nodes[object].kind == NODE_NAME &&
                      module_symbol(module, SCOPE_CHANGED,
                                    module_name(module, module->nodes[object].first)) != NULL;
    if (module->nodes[found.place.node].kind == NODE_DICT && !is_changed)
        value = find_key(module, found.place.node, key);
    else if (module->nodes[found.place.node].kind == NODE_LIST && !is_changed)
        value = find_item(module, found.place.node, key);
    if (value == 0)
        return (struct found){.kind = FOUND_EXPRESSION, .place = place};
    struct found entry = module_find(module, (struct place){value, found.place.scope}, depth + 1);
    entry.is_default = entry.is_default || found.is_default;
    entry.is_given = entry.is_given || found.is_given;
    return entry;
}

static struct found find_result(struct module *module, struct place place, unsigned depth)
{
    static const struct name name = {"return", 6};
    struct found called = module_find(
        module, (struct place){module->nodes[place.node].child, place.scope}, depth + 1);

    if (called.kind == FOUND_CLASS)
        return (struct found){
            .kind = FOUND_INSTANCE, .class_scope = called.class_scope, .place = place};
    const struct symbol *result =
        called.kind == FOUND_FUNCTION ? module_symbol(module, called.class_scope, name) : NULL;
    if (result != NULL && result->first == result->last) {
        struct found found = module_find_symbol(module, result, depth + 1);
        if (found.kind == FOUND_INSTANCE || found.kind == FOUND_EXPRESSION)
            return found;
    }
    return (struct found){.kind = FOUND_EXPRESSION, .place = place};
}

struct found module_find(struct module *module, struct place place, unsigned depth)
{
    const struct node *node = &module->nodes[place.node];

    if (place.node == 0 || !step(module, depth))
        return nothing();
    if (node->kind == NODE_ATTRIBUTE)
        return find_member(module, place, depth);
    if (node->kind == NODE_SUBSCRIPT)
        return find_entry(module, place, depth);
    if (node->kind == NODE_CALL)
        return find_result(module, place, depth);
    if (node->kind != NODE_NAME)
        return (struct found){.kind = FOUND_EXPRESSION, .place = place};
    const struct symbol *symbol =
        module_lookup(module, place.scope, module_name(module, node->first));
    if (symbol == NULL)
        return (struct found){.kind = FOUND_EXPRESSION, .place = place};
    return module_find_symbol(module, symbol, depth);
}
