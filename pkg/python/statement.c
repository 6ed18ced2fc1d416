#include "python/parser_internal.h"

#include <string.h>

#define TARGETS_LIMIT 16 /* of a = b = … = value */

/* The scopes around the blocks that are open, whether a block has the cases of a `match`, … */
struct blocks {
    uint32_t outer[PYTHON_DEPTH_LIMIT];
    bool has_cases[PYTHON_DEPTH_LIMIT];
    bool is_main[PYTHON_DEPTH_LIMIT]; /* of `if __name__ == "__main__":` */
    size_t count;
};

static bool at_line_end(const struct parser *parser)
{
    switch (parser_kind(parser)) {
    case TOKEN_END:
    case TOKEN_NEWLINE:
    case TOKEN_INDENT:
    case TOKEN_DEDENT:
        return true;
    default:
        return false;
    }
}

/* An expression, or whatever token stands there: reading goes on in any case. */
static uint32_t read_anything(struct parser *parser)
{
    uint32_t start = parser->at;
    uint32_t node = parse_expression(parser);

    if (parser->at == start && parser_kind(parser) != TOKEN_END)
        parser->at++;
    return node;
}

/*
 * The default of click's option that is a decorator and goes to this parameter; 0: none, or a
 * variable of the environment may be in its place.
 */
static uint32_t find_click_default(struct parser *parser, uint32_t token)
{
    const struct module *module = parser->module;

    for (size_t i = 0; i < parser->decorator_count; i++) {
        uint32_t call = parser->decorators[i];
        const struct node *called = &module->nodes[module->nodes[call].child];
        struct name name = module_name(module, called->last);
        if (module->nodes[call].kind != NODE_CALL ||
            (!name_is(name, "option") && !name_is(name, "argument")))
            continue;
        CLEANUP(text) char *option = parser_option_name(parser, call);
        if (option != NULL && name_is(parser_name(parser, token), option))
            return module_keyword(module, call, "envvar") == 0
                       ? module_keyword(module, call, "default")
                       : 0;
    }
    return 0;
}

static void bind_parameter(struct parser *parser, uint32_t scope, uint32_t token, uint32_t position,
                           uint32_t value)
{
    struct module *module = parser->module;
    uint32_t parent = module->scopes[scope].parent;
    bool is_self = position == 0 && value == 0 && module->scopes[parent].kind == SCOPE_CLASS;
    if (value == 0 && !is_self)
        value = find_click_default(parser, token);
    module_bind(module, scope, parser_name(parser, token),
                (struct binding){
                    .kind = is_self ? BINDING_SELF : BINDING_PARAMETER,
                    .node = value,
                    .scope = is_self ? parent : parser->scope,
                    .token = token,
                    .function = scope,
                    .position = position,
                });
}

void parse_parameters(struct parser *parser, uint32_t scope, const char *closing)
{
    bool is_annotated = closing[0] == ')';
    uint32_t position = 0;

    while (!parser_at_closing(parser) && !at_line_end(parser) && !parser_is(parser, closing)) {
        uint32_t token = parser->at;
        if (parser_kind(parser) != TOKEN_NAME) {
            bool is_star = parser_accept(parser, "*") || parser_accept(parser, "**");
            position = is_star ? UINT32_MAX : position; /* by its name alone */
            if (!is_star && !parser_accept(parser, ",") && !parser_accept(parser, "/"))
                read_anything(parser);
            continue;
        }
        parser->at++;
        if (is_annotated && parser_accept(parser, ":"))
            read_anything(parser);
        uint32_t value = parser_accept(parser, "=") ? parse_expression(parser) : 0;
        bind_parameter(parser, scope, token, position, value);
        position += position < UINT32_MAX;
    }
}

/* Type parameters: def f[T: int](…). */
static void skip_type_parameters(struct parser *parser)
{
    if (parser_is(parser, "["))
        parse_expression(parser);
}

/* At the name behind `def` or `class`: its scope, bound to this name. */
static uint32_t open_scope(struct parser *parser, enum scope_kind kind, enum binding_kind binding)
{
    uint32_t token = ++parser->at;
    uint32_t scope = module_add_scope(
        parser->module, (struct scope){.kind = kind, .parent = parser->scope, .name = token});

    if (parser_kind(parser) == TOKEN_NAME) {
        parser->at++;
        module_bind(parser->module, parser->scope, parser_name(parser, token),
                    (struct binding){.kind = binding, .scope = scope, .token = token});
    }
    skip_type_parameters(parser);
    parser->body = scope;
    return scope;
}

static void read_def(struct parser *parser)
{
    uint32_t scope = open_scope(parser, SCOPE_FUNCTION, BINDING_FUNCTION);

    if (parser_accept(parser, "(")) {
        parse_parameters(parser, scope, ")");
        parser_accept(parser, ")");
    }
    parser->decorator_count = 0;
    if (parser_accept(parser, "->"))
        parse_expression(parser);
}

static void read_class(struct parser *parser)
{
    uint32_t scope = open_scope(parser, SCOPE_CLASS, BINDING_CLASS);

    parser->decorator_count = 0;
    if (parser_is(parser, "(")) {
        uint32_t bases = parse_arguments(parser);
        parser->module->scopes[scope].bases = bases;
    }
}

static void read_for(struct parser *parser)
{
    parser->at++;
    uint32_t target = parse_targets(parser);
    uint32_t over = parser_accept(parser, "in") ? parse_list(parser) : 0;
    parser_bind_target(parser, target, BINDING_LOOP, over);
}

/* `with a as b, c as d`, `except E as e`. */
static void read_as(struct parser *parser)
{
    bool is_except = parser_is(parser, "except");

    parser->at++;
    if (is_except)
        parser_accept(parser, "*");
    do {
        uint32_t value = parse_expression(parser);
        if (parser_accept(parser, "as"))
            parser_bind_target(parser, parse_targets(parser), BINDING_VALUE, is_except ? 0 : value);
    } while (parser_accept(parser, ","));
}

static void read_return(struct parser *parser)
{
    static const struct name name = {"return", 6};

    parser->at++;
    uint32_t value = parse_list(parser);
    module_bind(parser->module, parser->scope, name,
                (struct binding){.kind = BINDING_VALUE, .node = value, .scope = parser->scope});
}

static void read_global(struct parser *parser)
{
    bool is_global = parser_is(parser, "global");
    uint32_t target = is_global ? SCOPE_TOP : parser->module->scopes[parser->scope].parent;

    parser->at++;
    for (; parser_kind(parser) == TOKEN_NAME; parser_accept(parser, ",")) {
        module_redirect(parser->module, parser->scope, parser_name(parser, parser->at), target);
        parser->at++;
    }
}

/* Statements whose expressions alone matter: if, while, raise, … */
static void read_list(struct parser *parser)
{
    parser->at++;
    parse_list(parser);
}

static void bind_import(struct parser *parser, uint32_t token, char *dotted)
{
    struct module *module = parser->module;

    GROW(module->dotted, module->dotted_count, module->dotted_capacity);
    module->dotted[module->dotted_count] = dotted;
    module_bind(module, parser->scope, parser_name(parser, token),
                (struct binding){
                    .kind = BINDING_IMPORT,
                    .dotted = (uint32_t)module->dotted_count++,
                    .scope = parser->scope,
                    .token = token,
                });
}

/* Appends "a.b.c", with the dots in front of a relative one. */
static void read_dotted(struct parser *parser, struct buf *out)
{
    while (parser_is(parser, ".") || parser_is(parser, "...") ||
           parser_kind(parser) == TOKEN_NAME) {
        struct name part = parser_name(parser, parser->at++);
        buf_add(out, part.text, part.size);
    }
}

static void note_import(struct parser *parser, const char *module_name, struct name name)
{
    struct module *module = parser->module;
    const struct token *token = &module->tokens.items[parser->at - 1];

    GROW(module->imports, module->import_count, module->import_capacity);
    module->imports[module->import_count++] = (struct python_import){
        .module = xstrdup(module_name),
        .name = name.size > 0 ? xstrndup(name.text, name.size) : NULL,
        .line = token->line,
        .cell = token->cell,
    };
}

static void read_import(struct parser *parser)
{
    parser->at++;
    do {
        CLEANUP(buf) struct buf dotted = BUF_INIT;
        uint32_t first = parser->at;
        read_dotted(parser, &dotted);
        if (parser->at == first)
            return;
        note_import(parser, buf_text(&dotted), (struct name){NULL, 0});
        if (parser_accept(parser, "as") && parser_kind(parser) == TOKEN_NAME)
            bind_import(parser, parser->at++, xstrdup(buf_text(&dotted)));
        else
            bind_import(parser, first,
                        xstrndup(buf_text(&dotted), parser_name(parser, first).size));
    } while (parser_accept(parser, ","));
}

static void note_star(struct parser *parser, const char *module_name)
{
    struct module *module = parser->module;

    note_import(parser, module_name, (struct name){"*", 1});
    module->star_count++;
    module->star_import = module->import_count - 1;
}

/* One name behind `from x import`. */
static void read_imported(struct parser *parser, const char *module_name)
{
    struct name name = parser_name(parser, parser->at);
    const char *dot = module_name[strspn(module_name, ".")] == '\0' ? "" : ".";
    uint32_t token = parser->at++;

    note_import(parser, module_name, name);
    if (parser_accept(parser, "as") && parser_kind(parser) == TOKEN_NAME)
        token = parser->at++;
    bind_import(parser, token, xasprintf("%s%s%.*s", module_name, dot, (int)name.size, name.text));
}

static void read_from(struct parser *parser)
{
    CLEANUP(buf) struct buf dotted = BUF_INIT;

    parser->at++;
    read_dotted(parser, &dotted);
    if (!parser_accept(parser, "import"))
        return;
    parser_accept(parser, "(");
    do {
        if (parser_accept(parser, "*"))
            note_star(parser, buf_text(&dotted));
        else if (parser_kind(parser) == TOKEN_NAME)
            read_imported(parser, buf_text(&dotted));
    } while (parser_accept(parser, ","));
    parser_accept(parser, ")");
}

/* Behind the first `=`: the last of the lists is the value of all others. */
static void read_assigned(struct parser *parser, uint32_t target)
{
    uint32_t targets[TARGETS_LIMIT] = {target};
    size_t count = 1;
    uint32_t value = parse_list(parser);

    while (parser_accept(parser, "=")) {
        if (count < TARGETS_LIMIT)
            targets[count++] = value;
        value = parse_list(parser);
    }
    for (size_t i = 0; i < count; i++)
        parser_bind_target(parser, targets[i], BINDING_VALUE, value);
}

/* An assignment of any kind, or an expression by itself. */
static void read_simple(struct parser *parser)
{
    static const char *const augmented[] = {
        "+=", "-=", "*=", "/=", "//=", "%=", "@=", "&=", "|=", "^=", ">>=", "<<=", "**=", NULL};
    uint32_t target = parse_list(parser);

    if (target == 0)
        return;
    if (parser_accept(parser, ":"))
        parse_expression(parser);
    if (parser_accept(parser, "=")) {
        read_assigned(parser, target);
    } else if (parser_at_any(parser, augmented)) {
        parser->at++;
        parse_list(parser);
        parser_bind_target(parser, target, BINDING_VALUE, 0);
    }
}

/* `match` and `case` are keywords where the line ends as a block's first line does. */
static bool begins_block(const struct parser *parser)
{
    const struct module *module = parser->module;
    uint32_t i = parser->at;

    while (module->tokens.items[i].kind != TOKEN_NEWLINE &&
           module->tokens.items[i].kind != TOKEN_END)
        i++;
    return i > parser->at + 2 && token_is(&module->tokens, i - 1, ":");
}

/* A pattern looks like an expression and is none: it binds its names, and calls nothing. */
static void read_case(struct parser *parser)
{
    size_t depth = 0;

    for (parser->at++; !at_line_end(parser); parser->at++) {
        bool is_open = parser_is(parser, "(") || parser_is(parser, "[") || parser_is(parser, "{");
        if (depth == 0 && (parser_is(parser, ":") || parser_is(parser, "if")))
            break;
        depth += is_open;
        depth -= depth > 0 && parser_at_closing(parser);
        if (parser_kind(parser) != TOKEN_NAME ||
            token_is(&parser->module->tokens, parser->at - 1, "."))
            continue;
        parser->at++;
        bool is_other = parser_is(parser, ".") || parser_is(parser, "(") || parser_is(parser, "=");
        parser->at--;
        if (!is_other)
            parser_bind(parser, parser->at, BINDING_VALUE, 0);
    }
    if (parser_accept(parser, "if"))
        parse_expression(parser);
}

static const struct {
    const char *keyword;
    void (*read)(struct parser *parser);
} statements[] = {
    {"def", read_def},         {"class", read_class}, {"for", read_for},
    {"with", read_as},         {"except", read_as},   {"return", read_return},
    {"import", read_import},   {"from", read_from},   {"global", read_global},
    {"nonlocal", read_global}, {"if", read_list},     {"elif", read_list},
    {"while", read_list},      {"else", read_list},   {"try", read_list},
    {"finally", read_list},    {"raise", read_list},  {"assert", read_list},
    {"del", read_list},        {"pass", read_list},   {"break", read_list},
    {"continue", read_list},
};

static void read_statement(struct parser *parser)
{
    parser_accept(parser, "async");
    if (parser_accept(parser, "@")) {
        uint32_t decorator = parse_expression(parser);
        if (decorator != 0 && parser->decorator_count < DECORATORS_LIMIT)
            parser->decorators[parser->decorator_count++] = decorator;
    }
    for (size_t i = 0; parser_kind(parser) == TOKEN_KEYWORD && i < ARRAY_SIZE(statements); i++) {
        if (parser_is(parser, statements[i].keyword)) {
            statements[i].read(parser);
            return;
        }
    }
    read_simple(parser);
}

/* A logical line: statements, and what follows the ':' of a block in the same line. */
static void read_line(struct parser *parser, bool has_cases)
{
    if (has_cases && parser_is(parser, "case"))
        read_case(parser);
    while (!at_line_end(parser)) {
        if (parser_accept(parser, ":")) {
            parser->scope = parser->body;
            continue;
        }
        if (parser_accept(parser, ";"))
            continue;
        read_statement(parser);
        while (!at_line_end(parser) && !parser_is(parser, ";") && !parser_is(parser, ":"))
            read_anything(parser); /* statements of Python 2, and what is no Python */
    }
}

static void read_block_end(struct parser *parser, struct blocks *blocks)
{
    if (blocks->count > 0) {
        parser->scope = blocks->outer[--blocks->count];
        if (blocks->is_main[blocks->count])
            parser->module->main_end = parser->at;
    }
    parser->at++;
}

static void read_block_begin(struct parser *parser, struct blocks *blocks, bool has_cases)
{
    parser->at++;
    blocks->has_cases[blocks->count] = has_cases;
    blocks->is_main[blocks->count] = false;
    blocks->outer[blocks->count++] = parser->scope;
    parser->scope = parser->body;
}

/* `if __name__ == "__main__":`, with a block below it. */
static bool begins_main(const struct parser *parser)
{
    const struct tokens *tokens = &parser->module->tokens;
    uint32_t at = parser->at;

    if (at + 5 >= tokens->count || !token_is(tokens, at, "if") ||
        !token_is(tokens, at + 1, "__name__") || !token_is(tokens, at + 2, "==") ||
        !token_is(tokens, at + 4, ":"))
        return false;
    CLEANUP(buf) struct buf text = BUF_INIT;
    return tokens->items[at + 3].kind == TOKEN_STRING && token_decode(tokens, at + 3, &text) &&
           strcmp(buf_text(&text), "__main__") == 0;
}

int module_parse(struct module *module, struct error *err)
{
    struct parser parser = {.module = module, .scope = SCOPE_TOP};
    struct blocks blocks = {.count = 0};

    while (parser_kind(&parser) != TOKEN_END) {
        bool in_match = blocks.count > 0 && blocks.has_cases[blocks.count - 1];
        bool is_match = parser_is(&parser, "match") && begins_block(&parser);
        bool is_main = blocks.count == 0 && module->main_end == 0 && begins_main(&parser);
        uint32_t scope = parser.scope;
        if (parser_kind(&parser) == TOKEN_DEDENT) {
            read_block_end(&parser, &blocks);
            continue;
        }
        parser.body = scope;
        parser.at += is_match;
        read_line(&parser, in_match);
        parser.scope = scope;
        if (parser_kind(&parser) == TOKEN_NEWLINE)
            parser.at++;
        if (parser_kind(&parser) != TOKEN_INDENT)
            continue;
        read_block_begin(&parser, &blocks, is_match);
        blocks.is_main[blocks.count - 1] = is_main;
        if (is_main)
            module->main_first = parser.at;
    }
    if (!parser.is_too_deep)
        return 0;
    const struct token *token = &module->tokens.items[parser.deep_token];
    return error_set(err, ERROR_CORRUPT, "line %u: expressions are nested too deep",
                     (unsigned)token->line);
}
