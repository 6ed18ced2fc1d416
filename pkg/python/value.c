#include "python/module_internal.h"

#include "core/text.h"

#define SOURCE_LIMIT 80
#define BYTES_PER_STEP 32

/* Long texts count for several steps, so that a text which many calls name has an end. */
void module_set_text(struct module *module, struct python_value *out, enum python_kind kind,
                     struct buf *text)
{
    unsigned cost = (unsigned)(text->size / BYTES_PER_STEP);

    if (text->size > PYTHON_TEXT_LIMIT || cost > module->value_steps || cost > module->steps)
        return;
    module->value_steps -= cost;
    module->steps -= cost;
    out->kind = kind;
    out->text = buf_take(text);
    if (out->text == NULL)
        out->text = xstrdup("");
}

/* Of a text, or of a variable's default, which the text then hangs on: on one at most. */
static bool take_variable(struct python_value *value, struct python_value *out)
{
    bool has_text =
        value->kind == PYTHON_TEXT || (value->kind == PYTHON_VARIABLE && value->text != NULL);

    if (value->variable == NULL || !has_text)
        return has_text;
    if (out->variable != NULL)
        return strcmp(out->variable, value->variable) == 0;
    out->variable = TAKE(value->variable);
    return true;
}

/* Appends the value of an expression that is a text. */
static bool add_text(struct module *module, struct place place, unsigned depth,
                     struct python_value *out, struct buf *text)
{
    CLEANUP(python_value) struct python_value value = PYTHON_VALUE_INIT;

    module_evaluate_at(module, place, depth + 1, &value);
    if (!take_variable(&value, out))
        return false;
    buf_add_text(text, value.text);
    out->is_default = out->is_default || value.is_default;
    out->is_given = out->is_given || value.is_given;
    return text->size <= PYTHON_TEXT_LIMIT;
}

static void evaluate_text(struct module *module, struct place place, unsigned depth,
                          struct python_value *out)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    for (uint32_t i = module->nodes[place.node].child; i != 0; i = module->nodes[i].next) {
        const struct node *node = &module->nodes[i];
        struct place part = {node->kind == NODE_HOLE ? node->child : i, place.scope};
        if (node->kind == NODE_PIECE) {
            if (module->tokens.items[node->first].size > 4 * PYTHON_TEXT_LIMIT ||
                !token_decode(&module->tokens, node->first, &text))
                return;
        } else if (!add_text(module, part, depth, out, &text)) {
            return;
        }
    }
    module_set_text(module, out, PYTHON_TEXT, &text);
}

static void evaluate_sum(struct module *module, struct place place, unsigned depth,
                         struct python_value *out)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    for (uint32_t i = module->nodes[place.node].child; i != 0; i = module->nodes[i].next)
        if (!add_text(module, (struct place){i, place.scope}, depth, out, &text))
            return;
    module_set_text(module, out, PYTHON_TEXT, &text);
}

static bool is_empty(const struct python_value *value)
{
    bool is_text = value->kind == PYTHON_TEXT || value->kind == PYTHON_VARIABLE;

    return value->kind == PYTHON_NONE ||
           (is_text && (value->text == NULL || value->text[0] == '\0'));
}

static void move_value(struct python_value *to, struct python_value *from)
{
    python_value_release(to);
    *to = *from;
    *from = (struct python_value)PYTHON_VALUE_INIT;
}

/* The next operand of `or`: it stands for an empty one, and is the default of a variable. */
static void take_operand(struct python_value *result, struct python_value *value)
{
    if (result->kind != PYTHON_VARIABLE) {
        move_value(result, value);
    } else if (value->kind == PYTHON_TEXT && value->variable == NULL) {
        free(result->text);
        result->text = TAKE(value->text);
    } else if (value->kind != PYTHON_NONE) {
        python_value_release(result);
    }
}

/* a or b: the first that is not empty. */
static void evaluate_or(struct module *module, struct place place, unsigned depth,
                        struct python_value *out)
{
    CLEANUP(python_value) struct python_value result = PYTHON_VALUE_INIT;

    for (uint32_t i = module->nodes[place.node].child; i != 0; i = module->nodes[i].next) {
        CLEANUP(python_value) struct python_value value = PYTHON_VALUE_INIT;
        if (result.kind != PYTHON_UNKNOWN && !is_empty(&result))
            break;
        module_evaluate_at(module, (struct place){i, place.scope}, depth + 1, &value);
        take_operand(&result, &value);
        if (result.kind == PYTHON_UNKNOWN)
            return;
    }
    move_value(out, &result);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_value(const struct python_value *a, const struct python_value *b)
{
    return a->kind == b->kind && a->kind != PYTHON_UNKNOWN && a->kind != PYTHON_LIST &&
           a->kind != PYTHON_EACH && same_text(a->text, b->text) &&
           same_text(a->variable, b->variable);
}

/* Takes one of the values that an expression may have; false once they differ. */
static bool merge(struct python_value *out, struct python_value *value, bool is_first)
{
    if (is_first) {
        move_value(out, value);
        return true;
    }
    if (same_value(out, value))
        return true;
    python_value_release(out);
    return false;
}

static void evaluate_choice(struct module *module, struct place place, unsigned depth,
                            struct python_value *out)
{
    uint32_t first = module->nodes[place.node].child;

    for (uint32_t i = first; i != 0; i = module->nodes[i].next) {
        CLEANUP(python_value) struct python_value value = PYTHON_VALUE_INIT;
        module_evaluate_at(module, (struct place){i, place.scope}, depth + 1, &value);
        if (!merge(out, &value, i == first))
            return;
    }
}

static void evaluate_several(struct module *module, const struct symbol *symbol, unsigned depth,
                             struct python_value *out)
{
    bool is_first = true;

    for (uint32_t i = symbol->first; i != 0; i = module->bindings[i].next) {
        CLEANUP(python_value) struct python_value value = PYTHON_VALUE_INIT;
        struct found found = module_find_binding(module, &module->bindings[i], depth + 1);
        module_evaluate_found(module, &found, depth + 1, &value);
        if (value.kind == PYTHON_NONE)
            continue;
        if (!merge(out, &value, is_first))
            return;
        is_first = false;
        if (out->kind == PYTHON_UNKNOWN || module->value_steps == 0) {
            python_value_release(out);
            return;
        }
    }
}

static void evaluate_list(struct module *module, struct place place, unsigned depth,
                          struct python_value *out)
{
    size_t count = 0;

    for (uint32_t i = module->nodes[place.node].child; i != 0; i = module->nodes[i].next)
        if (++count > PYTHON_LIST_LIMIT)
            return;
    out->kind = PYTHON_LIST;
    out->items = xcalloc(count, sizeof(*out->items));
    for (uint32_t i = module->nodes[place.node].child; i != 0; i = module->nodes[i].next) {
        struct python_value *item = &out->items[out->item_count++];
        module_evaluate_at(module, (struct place){i, place.scope}, depth + 1, item);
        item->source = module_source(module, i);
    }
}

/* A variable of the environment, whose name and default are expressions. */
static void evaluate_variable(struct module *module, struct place name, struct place value,
                              unsigned depth, struct python_value *out)
{
    CLEANUP(python_value) struct python_value variable = PYTHON_VALUE_INIT;
    CLEANUP(python_value) struct python_value text = PYTHON_VALUE_INIT;

    module_evaluate_at(module, name, depth + 1, &variable);
    if (variable.kind != PYTHON_TEXT || variable.variable != NULL)
        return;
    module_evaluate_at(module, value, depth + 1, &text);
    out->kind = PYTHON_VARIABLE;
    out->variable = TAKE(variable.text);
    if (text.kind == PYTHON_TEXT && text.variable == NULL)
        out->text = TAKE(text.text);
}

static void evaluate_call(struct module *module, struct place place, unsigned depth,
                          struct python_value *out)
{
    CLEANUP(text) char *name = module_called(module, place);
    uint32_t first = module_positional(module, place.node, 0);
    uint32_t second = module_positional(module, place.node, 1);

    if (strcmp(name, "os.getenv") == 0 || strcmp(name, "os.environ.get") == 0) {
        if (first == 0)
            first = module_keyword(module, place.node, "key");
        if (second == 0)
            second = module_keyword(module, place.node, "default");
        evaluate_variable(module, (struct place){first, place.scope},
                          (struct place){second, place.scope}, depth, out);
    } else if (strcmp(name, "str") == 0 && first != 0 && second == 0) {
        module_evaluate_at(module, (struct place){first, place.scope}, depth + 1, out);
        if (out->kind != PYTHON_TEXT && out->kind != PYTHON_VARIABLE)
            python_value_release(out);
    } else if (!module_evaluate_format(module, place, depth, out)) {
        out->kind = PYTHON_CALL;
        out->text = TAKE(name);
    }
}

static void evaluate_entry(struct module *module, struct place place, unsigned depth,
                           struct python_value *out)
{
    CLEANUP(buf) struct buf name = BUF_INIT;
    uint32_t object = module->nodes[place.node].child;

    if (module_dotted(module, (struct place){object, place.scope}, &name) &&
        strcmp(buf_text(&name), "os.environ") == 0)
        evaluate_variable(module, (struct place){module->nodes[object].next, place.scope},
                          (struct place){0, 0}, depth, out);
}

static void evaluate_name(struct module *module, struct place place, struct python_value *out)
{
    struct name name = module_name(module, module->nodes[place.node].first);
    CLEANUP(buf) struct buf text = BUF_INIT;

    if (module->nodes[place.node].kind == NODE_NAME && name_is(name, "None")) {
        out->kind = PYTHON_NONE;
        return;
    }
    bool is_bool = name_is(name, "True") || name_is(name, "False");
    if (module->nodes[place.node].kind == NODE_NAME && is_bool) {
        buf_add(&text, name.text, name.size);
        module_set_text(module, out, PYTHON_BOOL, &text);
    } else if (module_dotted(module, place, &text)) {
        module_set_text(module, out, PYTHON_NAME, &text);
    }
}

static void evaluate_expression(struct module *module, struct place place, unsigned depth,
                                struct python_value *out)
{
    const struct node *node = &module->nodes[place.node];

    switch ((enum node_kind)node->kind) {
    case NODE_TEXT:
        evaluate_text(module, place, depth, out);
        break;
    case NODE_SUM:
        evaluate_sum(module, place, depth, out);
        break;
    case NODE_FORMAT:
        module_evaluate_percent(module, place, depth, out);
        break;
    case NODE_OR:
        evaluate_or(module, place, depth, out);
        break;
    case NODE_CHOICE:
        evaluate_choice(module, place, depth, out);
        break;
    case NODE_LIST:
        evaluate_list(module, place, depth, out);
        break;
    case NODE_CALL:
        evaluate_call(module, place, depth, out);
        break;
    case NODE_SUBSCRIPT:
        evaluate_entry(module, place, depth, out);
        break;
    case NODE_NAME:
    case NODE_ATTRIBUTE:
        evaluate_name(module, place, out);
        break;
    case NODE_NUMBER: {
        struct name number = module_name(module, node->first);
        out->kind = PYTHON_NUMBER;
        out->text = xstrndup(number.text, number.size);
        break;
    }
    case NODE_OTHER:
    case NODE_DICT:
    case NODE_PIECE:
    case NODE_HOLE:
    case NODE_ARGUMENT:
        break;
    }
}

/* The text of a keyword of a call, as `Field(alias="X")` has it. Caller frees; NULL: none. */
static char *keyword_text(struct module *module, struct place call, const char *keyword,
                          unsigned depth)
{
    CLEANUP(python_value) struct python_value value = PYTHON_VALUE_INIT;

    if (module->nodes[call.node].kind != NODE_CALL)
        return NULL;
    struct place place = {module_keyword(module, call.node, keyword), call.scope};
    module_evaluate_at(module, place, depth + 1, &value);
    return value.kind == PYTHON_TEXT ? TAKE(value.text) : NULL;
}

/* What stands in front of the names of all variables of the settings. Caller frees; NULL: nothing.
 */
static char *settings_prefix(struct module *module, uint32_t class_scope, unsigned depth)
{
    static const struct name config = {"model_config", 12};
    static const struct name inner = {"Config", 6};
    static const struct name prefix = {"env_prefix", 10};
    const struct symbol *symbol = module_symbol(module, class_scope, config);

    if (symbol != NULL) {
        const struct binding *binding = &module->bindings[symbol->first];
        return keyword_text(module, (struct place){binding->node, binding->scope}, "env_prefix",
                            depth);
    }
    symbol = module_symbol(module, class_scope, inner);
    if (symbol == NULL || module->bindings[symbol->first].kind != BINDING_CLASS)
        return NULL;
    symbol = module_symbol(module, module->bindings[symbol->first].scope, prefix);
    if (symbol == NULL)
        return NULL;
    CLEANUP(python_value) struct python_value value = PYTHON_VALUE_INIT;
    const struct binding *binding = &module->bindings[symbol->first];
    module_evaluate_at(module, (struct place){binding->node, binding->scope}, depth + 1, &value);
    return value.kind == PYTHON_TEXT ? TAKE(value.text) : NULL;
}

/* pydantic reads the variables in either case; people write them in capitals. */
static char *setting_variable(struct module *module, const struct found *found, unsigned depth)
{
    static const char *const aliases[] = {"validation_alias", "alias", "env"};
    CLEANUP(text) char *name = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(aliases) && name == NULL; i++)
        name = keyword_text(module, found->place, aliases[i], depth);
    if (name == NULL) {
        CLEANUP(text) char *prefix = settings_prefix(module, found->class_scope, depth);
        name = xasprintf("%s%.*s", prefix != NULL ? prefix : "", (int)found->field.size,
                         found->field.text);
    }
    for (char *at = name; *at != '\0'; at++)
        if (*at >= 'a' && *at <= 'z')
            *at = (char)(*at - 'a' + 'A');
    return TAKE(name);
}

static void evaluate_setting(struct module *module, const struct found *found, unsigned depth,
                             struct python_value *out)
{
    CLEANUP(python_value) struct python_value value = PYTHON_VALUE_INIT;
    struct binding binding = {
        .kind = BINDING_PARAMETER, .node = found->place.node, .scope = found->place.scope};
    struct found given = module_find_binding(module, &binding, depth + 1);

    module_evaluate_found(module, &given, depth + 1, &value);
    if (value.kind != PYTHON_TEXT && value.kind != PYTHON_UNKNOWN && value.kind != PYTHON_NONE) {
        move_value(out, &value);
        return;
    }
    out->kind = PYTHON_VARIABLE;
    out->variable = setting_variable(module, found, depth);
    out->text = value.variable == NULL ? TAKE(value.text) : NULL;
}

void module_evaluate_found(struct module *module, const struct found *found, unsigned depth,
                           struct python_value *out)
{
    switch (found->kind) {
    case FOUND_EXPRESSION:
        evaluate_expression(module, found->place, depth, out);
        break;
    case FOUND_LOOP:
        module_evaluate_at(module, found->place, depth + 1, out);
        if (out->kind == PYTHON_LIST)
            out->kind = PYTHON_EACH;
        else
            python_value_release(out);
        break;
    case FOUND_SEVERAL:
        evaluate_several(module, found->symbol, depth, out);
        break;
    case FOUND_PASSED:
        module_evaluate_passed(module, found, depth, out);
        break;
    case FOUND_SETTING:
        evaluate_setting(module, found, depth, out);
        break;
    case FOUND_INSTANCE:
        if (found->place.node != 0) {
            out->kind = PYTHON_CALL;
            out->text = module_called(module, found->place);
        }
        break;
    case FOUND_NOTHING:
    case FOUND_IMPORT:
    case FOUND_CLASS:
    case FOUND_FUNCTION:
        break;
    }
    out->is_default = out->is_default || (found->is_default && out->kind != PYTHON_UNKNOWN);
    out->is_given = out->is_given || (found->is_given && out->kind != PYTHON_UNKNOWN);
}

void module_evaluate_at(struct module *module, struct place place, unsigned depth,
                        struct python_value *out)
{
    struct found found = module_find(module, place, depth);

    if (found.kind == FOUND_IMPORT)
        evaluate_name(module, place, out);
    else
        module_evaluate_found(module, &found, depth, out);
    if (out->kind == PYTHON_UNKNOWN)
        python_value_release(out);
}

void module_evaluate(struct module *module, struct place place, struct python_value *out)
{
    module->value_steps = STEPS_PER_VALUE;
    module_evaluate_at(module, place, 0, out);
    out->source = module_source(module, place.node);
}

char *module_source(const struct module *module, uint32_t node)
{
    const struct token *first = &module->tokens.items[module->nodes[node].first];
    const struct token *last = &module->tokens.items[module->nodes[node].last];
    const char *at = module->tokens.text + first->start;
    const char *end = module->tokens.text + last->start + last->size;
    CLEANUP(buf) struct buf out = BUF_INIT;

    for (; at < end && out.size < SOURCE_LIMIT; at++) {
        bool is_space = *at == ' ' || *at == '\t' || *at == '\n' || *at == '\r' || *at == '\f';
        if (!is_space)
            buf_add(&out, at, 1);
        else if (out.size > 0 && out.data[out.size - 1] != ' ')
            buf_add(&out, " ", 1);
    }
    if (at < end) /* not in the middle of a character */
        while (out.size > 0 && ((unsigned char)*at & 0xc0) == 0x80) {
            at--;
            out.data[--out.size] = '\0';
        }
    return xstrdup(buf_text(&out));
}
