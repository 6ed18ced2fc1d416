#include "python/python.h"

#include "core/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

/*
 * What is read of a file, as one line of JSON. With INLAY_PYTHON_FILES, a file with a path a line,
 * the program prints the lines of those files and nothing else: testdata/python_judge.py compares
 * them with what CPython's own parser says.
 */
#define LIST_LIMIT ((size_t)64 * 1024 * 1024)

static json_t *text_to_json(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}

static json_t *value_to_json(const struct python_value *value)
{
    static const char *const kinds[] = {
        [PYTHON_UNKNOWN] = "unknown", [PYTHON_TEXT] = "text", [PYTHON_VARIABLE] = "variable",
        [PYTHON_NUMBER] = "number",   [PYTHON_NONE] = "none", [PYTHON_BOOL] = "bool",
        [PYTHON_LIST] = "list",       [PYTHON_EACH] = "each", [PYTHON_CALL] = "call",
        [PYTHON_NAME] = "name",
    };

    return json_pack("[s, o]", kinds[value->kind], text_to_json(value->text));
}

/* [NAME, LINE, CELL, [[KEYWORD, KIND, TEXT], …]] */
static json_t *call_to_json(const struct python_call *call)
{
    json_t *arguments = json_array();

    for (size_t i = 0; i < call->argument_count; i++) {
        json_t *argument = value_to_json(&call->arguments[i].value);
        json_array_insert_new(argument, 0, text_to_json(call->arguments[i].keyword));
        json_array_append_new(arguments, argument);
    }
    return json_pack("[s, i, i, o]", call->name, (int)call->line, (int)call->cell, arguments);
}

static json_t *import_to_json(const struct python_import *import)
{
    return json_pack("[s, o, i, i]", import->module, text_to_json(import->name), (int)import->line,
                     (int)import->cell);
}

static json_t *file_to_json(const struct python_file *file)
{
    json_t *calls = json_array();
    json_t *imports = json_array();
    json_t *constants = json_object();

    for (size_t i = 0; i < file->call_count; i++)
        json_array_append_new(calls, call_to_json(&file->calls[i]));
    for (size_t i = 0; i < file->import_count; i++)
        json_array_append_new(imports, import_to_json(&file->imports[i]));
    for (size_t i = 0; i < file->constants.count; i++)
        json_object_set_new(constants, file->constants.items[i].variable,
                            value_to_json(&file->constants.items[i].value));
    return json_pack("{s:o, s:o, s:o}", "calls", calls, "imports", imports, "constants", constants);
}

/* The reading of one file, or {"error": …}. */
static json_t *read_text(const char *path, const char *text, size_t size)
{
    CLEANUP(python_file) struct python_file file = PYTHON_FILE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    bool is_notebook = text_ends_with(path, ".ipynb");
    int result = is_notebook ? python_read_notebook(text, size, &file, &err)
                             : python_read(text, size, &file, &err);

    return result < 0 ? json_pack("{s:s}", "error", err.text) : file_to_json(&file);
}

static void print_reading(const char *path)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    json_t *reading = file_read(path, PYTHON_SIZE_LIMIT, &bytes, &err) < 0
                          ? json_pack("{s:s}", "error", err.text)
                          : read_text(path, buf_text(&bytes), bytes.size);

    json_object_set_new(reading, "file", json_string(path));
    json_dumpf(reading, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
    putchar('\n');
    json_decref(reading);
}

static int print_readings(const char *list)
{
    CLEANUP(buf) struct buf paths = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (file_read(list, LIST_LIMIT, &paths, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    for (const char *at = buf_text(&paths); *at != '\0';) {
        size_t size = strcspn(at, "\n");
        CLEANUP(text) char *path = xstrndup(at, size);
        print_reading(path);
        at += size + (at[size] == '\n');
    }
    return 0;
}

static void a_reading_says_all_that_a_judge_compares(void **state)
{
    static const char text[] = "from a import b as c\nX = 'x'\nc.d(X, 1, k=None, *z)\n";

    (void)state;
    json_t *reading = read_text("a.py", text, sizeof(text) - 1);
    char *line = json_dumps(reading, JSON_COMPACT);
    assert_string_equal(line, "{\"calls\":[[\"a.b.d\",3,0,[[null,\"text\",\"x\"],"
                              "[null,\"number\",\"1\"],[\"k\",\"none\",null],"
                              "[\"*\",\"unknown\",null]]]],\"imports\":[[\"a\",\"b\",1,0]],"
                              "\"constants\":{\"X\":[\"text\",\"x\"]}}");
    free(line);
    json_decref(reading);
    reading = read_text("a.py", "(", 1);
    assert_string_equal(json_string_value(json_object_get(reading, "error")),
                        "line 1: a bracket or an f-string has no end");
    json_decref(reading);
}

int main(void)
{
    const char *list = getenv("INLAY_PYTHON_FILES");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reading_says_all_that_a_judge_compares),
    };

    return list != NULL ? print_readings(list) : cmocka_run_group_tests(tests, NULL, NULL);
}
