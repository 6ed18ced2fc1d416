#include "python/module_internal.h"

#include "core/text.h"

/*
 * Texts with places for others: "…%s…" % values (language reference, "printf-style String
 * Formatting") and "…{}…".format(values) ("Format String Syntax"), where each place is plain.
 */

/* A number that is printed as it is written. */
static bool is_decimal(const char *text)
{
    return text[strspn(text, "0123456789")] == '\0' && (text[0] != '0' || text[1] == '\0');
}

/* Appends a value that stands for itself in a text. */
static bool add_value(struct module *module, struct place place, unsigned depth,
                      struct python_value *out, struct buf *text)
{
    CLEANUP(python_value) struct python_value value = PYTHON_VALUE_INIT;

    if (place.node == 0)
        return false;
    module_evaluate_at(module, place, depth + 1, &value);
    bool is_number = value.kind == PYTHON_NUMBER && is_decimal(value.text);
    if ((value.kind != PYTHON_TEXT || value.variable != NULL) && !is_number)
        return false;
    buf_add_text(text, value.text);
    out->is_default = out->is_default || value.is_default;
    out->is_given = out->is_given || value.is_given;
    return text->size <= PYTHON_TEXT_LIMIT;
}

/* The values on the right of a '%': those of a tuple one after the other, or the only one. */
static uint32_t first_value(const struct module *module, uint32_t right)
{
    bool is_tuple = module->nodes[right].kind == NODE_LIST &&
                    *module_name(module, module->nodes[right].first).text != '[';

    return is_tuple ? module->nodes[right].child : right;
}

void module_evaluate_percent(struct module *module, struct place place, unsigned depth,
                             struct python_value *out)
{
    CLEANUP(python_value) struct python_value format = PYTHON_VALUE_INIT;
    CLEANUP(buf) struct buf text = BUF_INIT;
    uint32_t left = module->nodes[place.node].child;
    uint32_t right = module->nodes[left].next;
    uint32_t next = first_value(module, right);

    module_evaluate_at(module, (struct place){left, place.scope}, depth + 1, &format);
    if (format.kind != PYTHON_TEXT || format.variable != NULL)
        return;
    for (const char *at = format.text; *at != '\0'; at++) {
        if (*at != '%') {
            buf_add(&text, at, 1);
            continue;
        }
        at++;
        if (*at == '%')
            buf_add(&text, at, 1);
        else if ((*at != 's' && *at != 'd') ||
                 !add_value(module, (struct place){next, place.scope}, depth, out, &text))
            return;
        else
            next = next == right ? 0 : module->nodes[next].next;
    }
    if (next == 0)
        module_set_text(module, out, PYTHON_TEXT, &text);
}

/* The argument that a place "", "0" or "name" stands for; 0: none. */
static uint32_t find_argument(const struct module *module, uint32_t call, const char *place,
                              size_t *next)
{
    if (*place == '\0')
        return module_positional(module, call, (*next)++);
    if (*place >= '0' && *place <= '9')
        return place[1] == '\0' ? module_positional(module, call, (size_t)(*place - '0')) : 0;
    return module_keyword(module, call, place);
}

/* A text that is being filled in. */
struct filling {
    struct module *module;
    struct place call;
    unsigned depth;
    size_t next; /* of the arguments without a keyword */
    struct python_value *out;
    struct buf text;
};

/* What is behind a place at `at`, whose value is appended; NULL: it is not plain, or not known. */
static const char *fill_place(struct filling *filling, const char *at)
{
    const char *end = strchr(at, '}');

    if (end == NULL)
        return NULL;
    CLEANUP(text) char *name = xstrndup(at + 1, (size_t)(end - at) - 1);
    struct place value = {find_argument(filling->module, filling->call.node, name, &filling->next),
                          filling->call.scope};
    if (!add_value(filling->module, value, filling->depth, filling->out, &filling->text))
        return NULL;
    return end + 1;
}

static bool fill_format(struct filling *filling, const char *format)
{
    for (const char *at = format; at != NULL;) {
        size_t size = strcspn(at, "{}");
        buf_add(&filling->text, at, size);
        at += size;
        if (*at == '\0')
            return true;
        if (at[0] == at[1]) {
            buf_add(&filling->text, at, 1);
            at += 2;
        } else if (*at == '}') {
            return false;
        } else {
            at = fill_place(filling, at);
        }
    }
    return false;
}

bool module_evaluate_format(struct module *module, struct place call, unsigned depth,
                            struct python_value *out)
{
    CLEANUP(python_value) struct python_value format = PYTHON_VALUE_INIT;
    struct filling filling = {.module = module, .call = call, .depth = depth, .out = out};
    const struct node *called = &module->nodes[module->nodes[call.node].child];

    if (called->kind != NODE_ATTRIBUTE || !name_is(module_name(module, called->last), "format"))
        return false;
    module_evaluate_at(module, (struct place){called->child, call.scope}, depth + 1, &format);
    if (format.kind != PYTHON_TEXT || format.variable != NULL)
        return false;
    out->is_default = format.is_default;
    out->is_given = format.is_given;
    if (fill_format(&filling, format.text))
        module_set_text(module, out, PYTHON_TEXT, &filling.text);
    buf_release(&filling.text);
    return true;
}
