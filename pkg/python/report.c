#include "python/module_internal.h"

void module_begin_value(struct module *module)
{
    module->value_steps = STEPS_PER_VALUE;
}

/* The call that made what a method is called on. Caller frees; NULL: not known. */
static char *maker_of(struct module *module, struct place call)
{
    const struct node *called = &module->nodes[module->nodes[call.node].child];

    if (called->kind != NODE_ATTRIBUTE)
        return NULL;
    struct found object = module_find(module, (struct place){called->child, call.scope}, 0);
    bool is_call = object.kind == FOUND_EXPRESSION || object.kind == FOUND_INSTANCE;
    if (!is_call || module->nodes[object.place.node].kind != NODE_CALL)
        return NULL;
    return module_called(module, object.place);
}

static void report_argument(struct module *module, uint32_t node, uint32_t scope,
                            struct python_argument *out)
{
    const struct node *argument = &module->nodes[node];

    if (argument->has_keyword) {
        struct name keyword = module_name(module, argument->first);
        out->keyword = xstrndup(keyword.text, keyword.size);
    }
    module_evaluate(module, (struct place){argument->child, scope}, &out->value);
}

static void report_call(struct module *module, struct place call, struct python_call *out)
{
    const struct token *token = &module->tokens.items[module->nodes[call.node].first];
    uint32_t arguments = module->nodes[module->nodes[call.node].child].next;

    module_begin_value(module);
    *out = (struct python_call){.line = token->line, .cell = token->cell};
    uint32_t first = module->nodes[call.node].first;
    out->is_in_main = first >= module->main_first && first < module->main_end;
    out->name = module_called(module, call);
    out->method_of = maker_of(module, call);
    for (uint32_t i = arguments; i != 0; i = module->nodes[i].next)
        out->argument_count++;
    out->arguments = xcalloc(out->argument_count, sizeof(*out->arguments));
    struct python_argument *argument = out->arguments;
    for (uint32_t i = arguments; i != 0; i = module->nodes[i].next)
        report_argument(module, i, call.scope, argument++);
}

static int compare_calls(const void *a, const void *b, void *context)
{
    const struct node *nodes = context;
    const struct node *one = &nodes[((const struct place *)a)->node];
    const struct node *other = &nodes[((const struct place *)b)->node];

    if (one->first != other->first)
        return one->first < other->first ? -1 : 1;
    return one->last < other->last ? -1 : one->last > other->last;
}

static void report_calls(struct module *module, struct python_file *out)
{
    out->calls = xcalloc(module->call_count, sizeof(*out->calls));
    if (module->call_count > 0)
        qsort_r(module->calls, module->call_count, sizeof(*module->calls), compare_calls,
                module->nodes);
    for (size_t i = 0; i < module->call_count; i++)
        report_call(module, module->calls[i], &out->calls[out->call_count++]);
}

void module_add_assignment(struct python_assignments *assignments, size_t *capacity, char *variable,
                           struct python_value *value, const struct token *token)
{
    GROW(assignments->items, assignments->count, *capacity);
    assignments->items[assignments->count++] = (struct python_assignment){
        .variable = variable,
        .value = *value,
        .line = token->line,
        .cell = token->cell,
    };
    *value = (struct python_value)PYTHON_VALUE_INIT;
}

static void report_variable(struct module *module, struct place key, uint32_t value_node,
                            struct python_assignments *out, size_t *capacity)
{
    CLEANUP(python_value) struct python_value name = PYTHON_VALUE_INIT;
    CLEANUP(python_value) struct python_value value = PYTHON_VALUE_INIT;
    const struct token *token = &module->tokens.items[module->nodes[key.node].first];

    module_evaluate(module, key, &name);
    if (name.kind != PYTHON_TEXT || name.variable != NULL)
        return;
    module_evaluate(module, (struct place){value_node, key.scope}, &value);
    module_add_assignment(out, capacity, TAKE(name.text), &value, token);
}

/* os.environ.update({"X": …}, Y=…) */
static void report_update(struct module *module, struct place call, struct python_assignments *out,
                          size_t *capacity)
{
    uint32_t given = module_positional(module, call.node, 0);
    uint32_t argument = module->nodes[module->nodes[call.node].child].next;

    module_begin_value(module);
    struct found found = module_find(module, (struct place){given, call.scope}, 0);
    bool is_dict =
        found.kind == FOUND_EXPRESSION && module->nodes[found.place.node].kind == NODE_DICT;
    uint32_t key = is_dict ? module->nodes[found.place.node].child : 0;
    while (key != 0) {
        uint32_t value = module->nodes[key].next;
        report_variable(module, (struct place){key, found.place.scope}, value, out, capacity);
        key = module->nodes[value].next;
    }
    for (; argument != 0; argument = module->nodes[argument].next) {
        const struct node *node = &module->nodes[argument];
        struct name name = module_name(module, node->first);
        CLEANUP(python_value) struct python_value value = PYTHON_VALUE_INIT;
        if (!node->has_keyword || *name.text == '*')
            continue;
        module_evaluate(module, (struct place){node->child, call.scope}, &value);
        module_add_assignment(out, capacity, xstrndup(name.text, name.size), &value,
                              &module->tokens.items[node->first]);
    }
}

static void report_setting_call(struct module *module, struct place call, const char *name,
                                struct python_assignments *out, size_t *capacity)
{
    uint32_t key = module_positional(module, call.node, 0);
    uint32_t value = module_positional(module, call.node, 1);
    bool sets = strcmp(name, "os.environ.setdefault") == 0 || strcmp(name, "os.putenv") == 0;

    size_t before = out->count;
    if (sets && key != 0 && value != 0)
        report_variable(module, (struct place){key, call.scope}, value, out, capacity);
    else if (strcmp(name, "os.environ.update") == 0)
        report_update(module, call, out, capacity);
    if (out->count > before && strcmp(name, "os.environ.setdefault") == 0)
        out->items[before].yields = true;
}

static void report_environment(struct module *module, struct python_file *out)
{
    size_t capacity = 0;

    for (size_t i = 0; i < module->entry_count; i++) {
        CLEANUP(buf) struct buf name = BUF_INIT;
        const struct entry_site *site = &module->entries[i];
        module_begin_value(module);
        if (site->value == 0)
            continue;
        (void)module_dotted(module, (struct place){site->object, site->scope}, &name);
        if (strcmp(buf_text(&name), "os.environ") == 0)
            report_variable(module, (struct place){site->key, site->scope}, site->value,
                            &out->environment, &capacity);
    }
    for (size_t i = 0; i < module->call_count; i++)
        report_setting_call(module, module->calls[i], out->calls[i].name, &out->environment,
                            &capacity);
}

/* Lines that a backslash joins are one. */
static char *join_lines(const char *text, size_t size)
{
    char *line = xstrndup(text, size);

    for (char *at = line; (at = strchr(at, '\\')) != NULL; at++)
        if (at[1] == '\n' || at[1] == '\r')
            at[0] = at[1] = ' ';
    return line;
}

static void report_commands(const struct module *module, struct python_file *out)
{
    out->commands = xcalloc(module->tokens.command_count, sizeof(*out->commands));
    for (size_t i = 0; i < module->tokens.command_count; i++) {
        const struct token *token = &module->tokens.commands[i];
        out->commands[out->command_count++] = (struct python_command){
            .text = join_lines(module->tokens.text + token->start, token->size),
            .line = token->line,
            .cell = token->cell,
        };
    }
}

void module_report(struct module *module, struct python_file *out)
{
    module->steps = 100000 + 16 * (uint64_t)module->node_count;
    module_note_arguments(module);
    report_calls(module, out);
    report_environment(module, out);
    module_report_constants(module, out);
    report_commands(module, out);
    out->imports = TAKE(module->imports);
    out->import_count = module->import_count;
    module->import_count = 0;
}
