#ifndef INLAY_PYTHON_PYTHON_TEST_INTERNAL_H
#define INLAY_PYTHON_PYTHON_TEST_INTERNAL_H

#include "python/python.h"

#include "core/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/*
 * Results as text, for tables: "x" a text, "x"? one that a caller may replace, $V and $V="x" a
 * variable, [a, b] a list, each[a, b] the variable of a loop, f() what a call returns, @a.b another
 * module's name, <source> what is not known.
 */
static inline void describe_value(const struct python_value *value, struct buf *out)
{
    switch (value->kind) {
    case PYTHON_UNKNOWN:
        buf_addf(out, "<%s>", value->source != NULL ? value->source : "");
        break;
    case PYTHON_TEXT:
        buf_addf(out, "\"%s\"", value->text);
        break;
    case PYTHON_VARIABLE:
        buf_addf(out, "$%s", value->variable);
        if (value->text != NULL)
            buf_addf(out, "=\"%s\"", value->text);
        break;
    case PYTHON_NUMBER:
    case PYTHON_BOOL:
        buf_add_text(out, value->text);
        break;
    case PYTHON_NONE:
        buf_add_text(out, "None");
        break;
    case PYTHON_LIST:
    case PYTHON_EACH:
        buf_add_text(out, value->kind == PYTHON_EACH ? "each[" : "[");
        for (size_t i = 0; i < value->item_count; i++) {
            buf_add_text(out, i > 0 ? ", " : "");
            describe_value(&value->items[i], out);
        }
        buf_add_text(out, "]");
        break;
    case PYTHON_CALL:
        buf_addf(out, "%s()", value->text);
        break;
    case PYTHON_NAME:
        buf_addf(out, "@%s", value->text);
        break;
    }
    buf_add_text(out, value->is_given ? "!" : value->is_default ? "?" : "");
}

static inline void describe_call(const struct python_call *call, struct buf *out)
{
    if (call->method_of != NULL)
        buf_addf(out, "%s: ", call->method_of);
    buf_addf(out, "%s(", call->name);
    for (size_t i = 0; i < call->argument_count; i++) {
        buf_add_text(out, i > 0 ? ", " : "");
        if (call->arguments[i].keyword != NULL)
            buf_addf(out, "%s=", call->arguments[i].keyword);
        describe_value(&call->arguments[i].value, out);
    }
    buf_add_text(out, ")");
}

static inline void describe_assignments(const struct python_assignments *assignments,
                                        struct buf *out)
{
    for (size_t i = 0; i < assignments->count; i++) {
        buf_addf(out, "%s%s=", i > 0 ? "; " : "", assignments->items[i].variable);
        describe_value(&assignments->items[i].value, out);
    }
}

static inline void read_text(const char *text, struct python_file *out)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    if (python_read(text, strlen(text), out, &err) < 0)
        fail_msg("%s\nis refused: %s", text, err.text);
}

/* One call with these arguments is in the source; calls that other rules make are beside it. */
static inline void expect_call(const char *text, const char *expected)
{
    CLEANUP(python_file) struct python_file file = PYTHON_FILE_INIT;
    CLEANUP(buf) struct buf all = BUF_INIT;

    read_text(text, &file);
    for (size_t i = 0; i < file.call_count; i++) {
        CLEANUP(buf) struct buf call = BUF_INIT;
        describe_call(&file.calls[i], &call);
        if (strcmp(buf_text(&call), expected) == 0)
            return;
        buf_addf(&all, "  %s\n", buf_text(&call));
    }
    fail_msg("%s\nhas no call\n  %s\nbut\n%s", text, expected, buf_text(&all));
}

struct example {
    const char *text, *expected;
};

static inline void expect_calls(const struct example *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect_call(cases[i].text, cases[i].expected);
}

#endif
