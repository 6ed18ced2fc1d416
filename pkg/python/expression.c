#include "python/parser_internal.h"

/* Calls and scopes since these counts belong to what is being read. */
struct mark {
    size_t calls, scopes;
};

static struct mark mark(const struct parser *parser)
{
    return (struct mark){parser->module->call_count, parser->module->scope_count};
}

/* A comprehension's element stands before its scope: it is moved there. */
static uint32_t make_comprehension_scope(struct parser *parser, struct mark since)
{
    struct module *module = parser->module;
    uint32_t scope =
        module_add_scope(module, (struct scope){.kind = SCOPE_FUNCTION, .parent = parser->scope});

    for (size_t i = since.calls; i < module->call_count; i++)
        if (module->calls[i].scope == parser->scope)
            module->calls[i].scope = scope;
    for (size_t i = since.scopes; i < scope; i++)
        if (module->scopes[i].parent == parser->scope)
            module->scopes[i].parent = scope;
    return scope;
}

/* Behind an element: `for x in … if …`, any number of them. False: there is none. */
static bool parse_comprehension(struct parser *parser, struct mark since)
{
    uint32_t outer = parser->scope;
    uint32_t start = parser->at;

    if (!parser_is(parser, "for") && !parser_is(parser, "async"))
        return false;
    parser->scope = make_comprehension_scope(parser, since);
    for (;;) {
        parser_accept(parser, "async");
        if (!parser_accept(parser, "for"))
            break;
        uint32_t target = parse_targets(parser);
        uint32_t over = parser_accept(parser, "in") ? parse_or(parser) : 0;
        parser_bind_target(parser, target, BINDING_LOOP, over);
        while (parser_accept(parser, "if"))
            parse_or(parser);
    }
    parser->scope = outer;
    return parser->at > start;
}

/* One element of a bracket, with a star or without. Moves on whatever stands there. */
static uint32_t parse_element(struct parser *parser)
{
    uint32_t start = parser->at;
    bool unpacked = parser_accept(parser, "*") || parser_accept(parser, "**");
    uint32_t node = parse_expression(parser);

    if (parser->at == start && parser_kind(parser) != TOKEN_END)
        parser->at++;
    if (node == 0 || unpacked)
        return parser_make(parser, NODE_OTHER, start, 0);
    return node;
}

static uint32_t parse_parenthesis(struct parser *parser, const char *closing)
{
    uint32_t first = parser->at++;
    struct children children = {0};
    bool is_list = closing[0] == ']';
    bool is_other = false;

    while (!parser_at_closing(parser)) {
        struct mark since = mark(parser);
        uint32_t element = parse_element(parser);
        if (parser_accept(parser, "as")) /* with (a as b, …) */
            parser_bind_target(parser, parse_targets(parser), BINDING_VALUE, element);
        parser_append(parser, &children, element);
        is_other = parse_comprehension(parser, since) || is_other;
        is_list = parser_accept(parser, ",") || is_list;
    }
    parser_accept(parser, closing);
    if (is_other)
        return parser_make(parser, NODE_OTHER, first, 0);
    if (children.count == 1 && !is_list)
        return children.first;
    return parser_make(parser, NODE_LIST, first, children.first);
}

static uint32_t parse_braces(struct parser *parser)
{
    uint32_t first = parser->at++;
    struct children children = {0};
    bool is_dict = parser_at_closing(parser);
    bool is_other = false;

    while (!parser_at_closing(parser)) {
        struct mark since = mark(parser);
        bool unpacked = parser_is(parser, "**");
        uint32_t key = parse_element(parser);
        if (parser_accept(parser, ":")) {
            parser_append(parser, &children, key);
            parser_append(parser, &children, parse_element(parser));
            is_dict = true;
        } else if (unpacked) {
            is_dict = true;
        } else {
            parser_append(parser, &children, key);
        }
        is_other = parse_comprehension(parser, since) || is_other;
        parser_accept(parser, ",");
    }
    parser_accept(parser, "}");
    return parser_make(parser,
                       is_other  ? NODE_OTHER
                       : is_dict ? NODE_DICT
                                 : NODE_LIST,
                       first, is_other ? 0 : children.first);
}

/* At the "{" in an f-string. */
static uint32_t parse_hole(struct parser *parser)
{
    uint32_t first = parser->at++;
    uint32_t value = parse_list(parser);
    bool is_plain = parser_is(parser, "}");

    if (!parser_enter(parser))
        value = 0;
    while (!parser_at_closing(parser)) {
        if (parser_is(parser, "{"))
            parse_hole(parser); /* in its format */
        else
            parser->at++;
    }
    parser->depth--;
    parser_accept(parser, "}");
    return parser_make(parser, NODE_HOLE, first, is_plain ? value : 0);
}

static void parse_fstring(struct parser *parser, struct children *children)
{
    parser->at++;
    while (parser_kind(parser) != TOKEN_FSTRING_END && parser_kind(parser) != TOKEN_END) {
        uint32_t first = parser->at;
        if (parser_is(parser, "{")) {
            parser_append(parser, children, parse_hole(parser));
            continue;
        }
        parser->at++;
        parser_append(parser, children, parser_make(parser, NODE_PIECE, first, 0));
    }
    if (parser_kind(parser) == TOKEN_FSTRING_END)
        parser->at++;
}

/* Literals beside each other. */
static uint32_t parse_text(struct parser *parser)
{
    uint32_t first = parser->at;
    struct children children = {0};

    for (;;) {
        uint32_t piece = parser->at;
        if (parser_kind(parser) == TOKEN_FSTRING_START) {
            parse_fstring(parser, &children);
        } else if (parser_kind(parser) == TOKEN_STRING) {
            parser->at++;
            parser_append(parser, &children, parser_make(parser, NODE_PIECE, piece, 0));
        } else {
            return parser_make(parser, NODE_TEXT, first, children.first);
        }
    }
}

static uint32_t parse_lambda(struct parser *parser)
{
    uint32_t first = parser->at++;
    uint32_t outer = parser->scope;
    uint32_t scope = module_add_scope(parser->module, (struct scope){
                                                          .kind = SCOPE_FUNCTION,
                                                          .parent = outer,
                                                      });

    parse_parameters(parser, scope, ":");
    parser_accept(parser, ":");
    parser->scope = scope;
    parse_expression(parser);
    parser->scope = outer;
    return parser_make(parser, NODE_OTHER, first, 0);
}

static uint32_t parse_yield(struct parser *parser)
{
    uint32_t first = parser->at++;

    parser_accept(parser, "from");
    parse_list(parser);
    return parser_make(parser, NODE_OTHER, first, 0);
}

static uint32_t parse_atom(struct parser *parser)
{
    uint32_t first = parser->at;

    switch (parser_kind(parser)) {
    case TOKEN_STRING:
    case TOKEN_FSTRING_START:
        return parse_text(parser);
    case TOKEN_NAME:
        parser->at++;
        return parser_make(parser, NODE_NAME, first, 0);
    case TOKEN_NUMBER:
        parser->at++;
        return parser_make(parser, NODE_NUMBER, first, 0);
    case TOKEN_OPERATOR:
        if (parser_is(parser, "("))
            return parse_parenthesis(parser, ")");
        if (parser_is(parser, "["))
            return parse_parenthesis(parser, "]");
        if (parser_is(parser, "{"))
            return parse_braces(parser);
        return parser_accept(parser, "...") ? parser_make(parser, NODE_OTHER, first, 0) : 0;
    case TOKEN_KEYWORD:
    case TOKEN_END:
    case TOKEN_NEWLINE:
    case TOKEN_INDENT:
    case TOKEN_DEDENT:
    case TOKEN_FSTRING_TEXT:
    case TOKEN_FSTRING_RAW:
    case TOKEN_FSTRING_END:
        break;
    }
    return 0;
}

static uint32_t parse_argument(struct parser *parser)
{
    uint32_t first = parser->at;
    bool has_keyword = parser_accept(parser, "*") || parser_accept(parser, "**");

    if (parser_kind(parser) == TOKEN_NAME && !has_keyword) {
        parser->at++;
        has_keyword = parser_accept(parser, "=");
        if (!has_keyword)
            parser->at--;
    }
    struct mark since = mark(parser);
    uint32_t value = parse_element(parser);
    if (parse_comprehension(parser, since))
        value = parser_make(parser, NODE_OTHER, first, 0);
    uint32_t argument = parser_make(parser, NODE_ARGUMENT, first, value);
    parser->module->nodes[argument].has_keyword = has_keyword;
    return argument;
}

uint32_t parse_arguments(struct parser *parser)
{
    struct children children = {0};

    parser->at++;
    while (!parser_at_closing(parser)) {
        parser_append(parser, &children, parse_argument(parser));
        parser_accept(parser, ",");
    }
    parser_accept(parser, ")");
    return children.first;
}

static uint32_t parse_call(struct parser *parser, uint32_t first, uint32_t called)
{
    struct module *module = parser->module;
    uint32_t arguments = parse_arguments(parser);

    module->nodes[called].next = arguments;
    uint32_t call = parser_make(parser, NODE_CALL, first, called);
    GROW(module->calls, module->call_count, module->call_capacity);
    module->calls[module->call_count++] = (struct place){call, parser->scope};
    parser_note_option(parser, call);
    return call;
}

static uint32_t parse_subscript(struct parser *parser, uint32_t first, uint32_t object)
{
    struct children children = {0};
    bool is_index = true;

    parser->at++;
    while (!parser_at_closing(parser)) {
        if (parser_accept(parser, ":") || parser_accept(parser, ","))
            is_index = false;
        else
            parser_append(parser, &children, parse_element(parser));
    }
    parser_accept(parser, "]");
    if (!is_index || children.count != 1)
        return parser_make(parser, NODE_OTHER, first, 0);
    parser->module->nodes[object].next = children.first;
    return parser_make(parser, NODE_SUBSCRIPT, first, object);
}

/* An atom with what follows it: attributes, calls, subscripts. They begin with its parenthesis. */
static uint32_t parse_primary(struct parser *parser)
{
    uint32_t first = parser->at;
    uint32_t node = parse_atom(parser);

    while (node != 0) {
        if (parser_is(parser, "(")) {
            node = parse_call(parser, first, node);
        } else if (parser_is(parser, "[")) {
            node = parse_subscript(parser, first, node);
        } else if (parser_accept(parser, ".")) {
            if (parser_kind(parser) == TOKEN_NAME || parser_kind(parser) == TOKEN_KEYWORD)
                parser->at++;
            node = parser_make(parser, NODE_ATTRIBUTE, first, node);
        } else {
            break;
        }
    }
    return node;
}

static uint32_t parse_unary(struct parser *parser)
{
    static const char *const signs[] = {"+", "-", "~", NULL};
    uint32_t first = parser->at;
    bool is_signed = false;

    for (;;) {
        if (parser_at_any(parser, signs))
            is_signed = true;
        else if (!parser_is(parser, "await"))
            break;
        parser->at++;
    }
    uint32_t node = parse_primary(parser);
    return is_signed ? parser_make(parser, NODE_OTHER, first, 0) : node;
}

static uint32_t parse_product(struct parser *parser)
{
    static const char *const operators[] = {"*", "/", "//", "%", "@", "**", NULL};
    uint32_t first = parser->at;
    uint32_t node = parse_unary(parser);
    uint32_t right = 0;
    size_t count = 0;
    bool is_percent = true;

    for (; node != 0 && parser_at_any(parser, operators); count++) {
        is_percent = is_percent && parser_is(parser, "%");
        parser->at++;
        right = parse_unary(parser);
    }
    if (count == 0)
        return node;
    if (count > 1 || !is_percent || right == 0)
        return parser_make(parser, NODE_OTHER, first, 0);
    parser->module->nodes[node].next = right;
    return parser_make(parser, NODE_FORMAT, first, node);
}

static uint32_t parse_sum(struct parser *parser)
{
    uint32_t first = parser->at;
    struct children children = {0};
    bool is_other = false;

    parser_append(parser, &children, parse_product(parser));
    while (children.count > 0 && (parser_is(parser, "+") || parser_is(parser, "-"))) {
        is_other = parser_is(parser, "-") || is_other;
        parser->at++;
        parser_append(parser, &children, parse_product(parser));
    }
    if (children.count < 2)
        return children.first;
    return parser_make(parser, is_other ? NODE_OTHER : NODE_SUM, first,
                       is_other ? 0 : children.first);
}

/* Comparisons and what else yields no text; only where it begins and ends matters. */
static uint32_t parse_comparison(struct parser *parser)
{
    static const char *const operators[] = {"==", "!=", "<",  ">",  "<=",  ">=", "<>",  "|", "&",
                                            "^",  "<<", ">>", "in", "not", "is", "and", NULL};
    uint32_t first = parser->at;
    bool is_other = parser_is(parser, "not");
    uint32_t node = is_other ? 0 : parse_sum(parser);

    while ((node != 0 || is_other) && parser_at_any(parser, operators)) {
        while (parser_at_any(parser, operators))
            parser->at++;
        parse_sum(parser);
        is_other = true;
    }
    return is_other ? parser_make(parser, NODE_OTHER, first, 0) : node;
}

uint32_t parse_or(struct parser *parser)
{
    uint32_t first = parser->at;
    struct children children = {0};

    parser_append(parser, &children, parse_comparison(parser));
    while (children.count > 0 && parser_accept(parser, "or"))
        parser_append(parser, &children, parse_comparison(parser));
    if (children.count < 2)
        return children.first;
    return parser_make(parser, NODE_OR, first, children.first);
}

/* `value if condition else value`, any number of them. */
static uint32_t parse_choice(struct parser *parser)
{
    uint32_t first = parser->at;
    struct children children = {0};

    parser_append(parser, &children, parse_or(parser));
    while (children.count > 0 && parser_accept(parser, "if")) {
        parse_or(parser);
        if (!parser_accept(parser, "else"))
            return parser_make(parser, NODE_OTHER, first, 0);
        bool is_lambda = parser_is(parser, "lambda");
        parser_append(parser, &children, is_lambda ? parse_lambda(parser) : parse_or(parser));
    }
    if (children.count < 2)
        return children.first;
    return parser_make(parser, NODE_CHOICE, first, children.first);
}

uint32_t parse_expression(struct parser *parser)
{
    uint32_t first = parser->at;
    uint32_t node;

    if (!parser_enter(parser))
        return 0;
    if (parser_is(parser, "lambda"))
        node = parse_lambda(parser);
    else if (parser_is(parser, "yield"))
        node = parse_yield(parser);
    else
        node = parse_choice(parser);
    if (node != 0 && parser_accept(parser, ":=")) {
        node = parse_expression(parser);
        parser_bind(parser, first, BINDING_VALUE, node);
    }
    parser->depth--;
    return node;
}

static uint32_t parse_items(struct parser *parser, uint32_t (*parse)(struct parser *))
{
    uint32_t first = parser->at;
    struct children children = {0};
    bool is_list = false;

    for (;;) {
        uint32_t start = parser->at;
        bool unpacked = parser_accept(parser, "*");
        uint32_t node = parse(parser);
        if (node == 0)
            break;
        parser_append(parser, &children,
                      unpacked ? parser_make(parser, NODE_OTHER, start, 0) : node);
        is_list = is_list || unpacked;
        if (!parser_accept(parser, ","))
            break;
        is_list = true;
    }
    return is_list ? parser_make(parser, NODE_LIST, first, children.first) : children.first;
}

uint32_t parse_list(struct parser *parser)
{
    return parse_items(parser, parse_expression);
}

/* Without operators: `in` ends them. */
uint32_t parse_targets(struct parser *parser)
{
    return parse_items(parser, parse_sum);
}
