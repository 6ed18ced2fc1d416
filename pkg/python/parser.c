#include "python/parser_internal.h"

#include <string.h>

/* Lambdas and conditions in each other count as brackets do, some for each. */
#define NESTING_LIMIT ((size_t)4 * PYTHON_DEPTH_LIMIT)

void parser_append(struct parser *parser, struct children *children, uint32_t node)
{
    if (node == 0)
        return;
    if (children->last != 0)
        parser->module->nodes[children->last].next = node;
    else
        children->first = node;
    children->last = node;
    children->count++;
}

uint32_t parser_make(struct parser *parser, enum node_kind kind, uint32_t first, uint32_t child)
{
    struct module *module = parser->module;

    GROW(module->nodes, module->node_count, module->node_capacity);
    module->nodes[module->node_count] = (struct node){
        .kind = (uint8_t)kind,
        .first = first,
        .last = parser->at > first ? parser->at - 1 : first,
        .child = child,
    };
    return (uint32_t)module->node_count++;
}

bool parser_enter(struct parser *parser)
{
    if (++parser->depth <= NESTING_LIMIT)
        return true;
    if (!parser->is_too_deep)
        parser->deep_token = parser->at;
    parser->is_too_deep = true;
    parser->at = (uint32_t)parser->module->tokens.count - 1;
    return false;
}

bool parser_is(const struct parser *parser, const char *spelling)
{
    return token_is(&parser->module->tokens, parser->at, spelling);
}

enum token_kind parser_kind(const struct parser *parser)
{
    return parser->module->tokens.items[parser->at].kind;
}

bool parser_accept(struct parser *parser, const char *spelling)
{
    if (!parser_is(parser, spelling))
        return false;
    parser->at++;
    return true;
}

bool parser_at_closing(const struct parser *parser)
{
    const struct token *token = &parser->module->tokens.items[parser->at];

    return token->kind == TOKEN_END ||
           (token->kind == TOKEN_OPERATOR && token->size == 1 &&
            strchr(")]}", parser->module->tokens.text[token->start]) != NULL);
}

bool parser_at_any(const struct parser *parser, const char *const *spellings)
{
    enum token_kind kind = parser_kind(parser);

    if (kind != TOKEN_OPERATOR && kind != TOKEN_KEYWORD)
        return false;
    for (size_t i = 0; spellings[i] != NULL; i++)
        if (parser_is(parser, spellings[i]))
            return true;
    return false;
}

struct name parser_name(const struct parser *parser, uint32_t token)
{
    return module_name(parser->module, token);
}

void parser_bind(struct parser *parser, uint32_t token, enum binding_kind kind, uint32_t node)
{
    module_bind(parser->module, parser->scope, parser_name(parser, token),
                (struct binding){
                    .kind = kind,
                    .node = node,
                    .scope = parser->scope,
                    .token = token,
                });
}

/* `self.name`, where the first parameter of a method is called so. */
static bool bind_attribute(struct parser *parser, const struct node *target, struct binding binding)
{
    struct module *module = parser->module;
    const struct node *object = &module->nodes[target->child];

    if (object->kind != NODE_NAME)
        return false;
    const struct symbol *symbol =
        module_lookup(module, parser->scope, parser_name(parser, object->first));
    if (symbol == NULL || module->bindings[symbol->first].kind != BINDING_SELF)
        return false;
    binding.token = target->last;
    module_bind(module, module->bindings[symbol->first].scope, parser_name(parser, target->last),
                binding);
    return true;
}

static void bind_entry(struct parser *parser, const struct node *target, uint32_t value)
{
    struct module *module = parser->module;
    const struct node *object = &module->nodes[target->child];

    GROW(module->entries, module->entry_count, module->entry_capacity);
    module->entries[module->entry_count++] = (struct entry_site){
        .object = target->child, .key = object->next, .value = value, .scope = parser->scope};
    if (object->kind == NODE_NAME)
        module_bind(module, SCOPE_CHANGED, parser_name(parser, object->first),
                    (struct binding){.kind = BINDING_VALUE});
}

/* One name, attribute or entry; another expression binds nothing. */
static void bind_one(struct parser *parser, uint32_t target, enum binding_kind kind, uint32_t value)
{
    const struct node *node = &parser->module->nodes[target];
    struct binding binding = {.kind = kind, .node = value, .scope = parser->scope};

    if (node->kind == NODE_NAME)
        parser_bind(parser, node->first, kind, value);
    else if (node->kind == NODE_ATTRIBUTE)
        bind_attribute(parser, node, binding);
    else if (node->kind == NODE_SUBSCRIPT)
        bind_entry(parser, node, value);
}

static size_t count_children(const struct module *module, uint32_t child)
{
    size_t count = 0;

    for (; child != 0; child = module->nodes[child].next)
        count++;
    return count;
}

/* The first of what a call of argparse's parse_known_args() returns is what parse_args() does. */
static bool is_known_arguments(const struct parser *parser, uint32_t value)
{
    const struct module *module = parser->module;
    const struct node *called = &module->nodes[module->nodes[value].child];

    return module->nodes[value].kind == NODE_CALL &&
           name_is(module_name(module, called->last), "parse_known_args");
}

void parser_bind_target(struct parser *parser, uint32_t target, enum binding_kind kind,
                        uint32_t value)
{
    struct module *module = parser->module;

    if (module->nodes[target].kind != NODE_LIST) {
        bind_one(parser, target, kind, value);
        return;
    }
    uint32_t item = module->nodes[target].child;
    uint32_t part = 0;
    if (kind == BINDING_VALUE && module->nodes[value].kind == NODE_LIST &&
        count_children(module, item) == count_children(module, module->nodes[value].child))
        part = module->nodes[value].child;
    if (!parser_enter(parser))
        return;
    if (kind == BINDING_VALUE && item != 0 && is_known_arguments(parser, value)) {
        parser_bind_target(parser, item, BINDING_VALUE, value);
        item = module->nodes[item].next;
    }
    for (; item != 0; item = module->nodes[item].next) {
        parser_bind_target(parser, item, BINDING_VALUE, part);
        part = module->nodes[part].next;
    }
    parser->depth--;
}

/* The spelling of a text of one literal without escapes; false: another expression. */
static bool plain_text(const struct parser *parser, uint32_t node, struct buf *out)
{
    const struct node *text = &parser->module->nodes[node];
    const struct node *piece = &parser->module->nodes[text->child];

    return text->kind == NODE_TEXT && text->child != 0 && piece->kind == NODE_PIECE &&
           piece->next == 0 && token_decode(&parser->module->tokens, piece->first, out);
}

/*
 * "model_name" for the names ("-m", "--model-name"), as argparse and click make it; for
 * ("--model", "name"), as click has it, "name". NULL: not known.
 */
char *parser_option_name(struct parser *parser, uint32_t call)
{
    CLEANUP(buf) struct buf text = BUF_INIT;
    uint32_t explicit = module_keyword(parser->module, call, "dest");

    if (explicit != 0)
        return plain_text(parser, explicit, &text) ? buf_take(&text) : NULL;
    for (size_t i = 0;; i++) {
        uint32_t node = module_positional(parser->module, call, i);
        if (node == 0)
            break;
        CLEANUP(buf) struct buf name = BUF_INIT;
        if (!plain_text(parser, node, &name))
            return NULL;
        bool is_plain = !text_starts_with(buf_text(&name), "-");
        if (i > 0 && text_starts_with(buf_text(&text), "--") && !is_plain)
            continue;
        buf_clear(&text);
        buf_add_text(&text, buf_text(&name));
        if (is_plain)
            break;
    }
    if (text.size == 0)
        return NULL;
    char *name = xstrdup(buf_text(&text) + strspn(buf_text(&text), "-"));
    for (char *dash = strchr(name, '-'); dash != NULL; dash = strchr(dash, '-'))
        *dash = '_';
    return name;
}

void parser_note_option(struct parser *parser, uint32_t call)
{
    struct module *module = parser->module;
    const struct node *called = &module->nodes[module->nodes[call].child];

    if (called->kind != NODE_ATTRIBUTE ||
        !name_is(parser_name(parser, called->last), "add_argument"))
        return;
    char *destination = parser_option_name(parser, call);
    if (destination == NULL)
        return;
    GROW(module->dotted, module->dotted_count, module->dotted_capacity);
    module->dotted[module->dotted_count++] = destination;
    module_bind(module, SCOPE_OPTIONS, (struct name){destination, strlen(destination)},
                (struct binding){
                    .kind = BINDING_PARAMETER,
                    .node = module_keyword(module, call, "default"),
                    .scope = parser->scope,
                });
}
