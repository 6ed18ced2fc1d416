#include "python/module_internal.h"

#include "core/text.h"
#include "json/parse.h"

#include <jansson.h>

/* One with plots has a number for each point. */
#define VALUES_MAX ((size_t)300000)

#define CELLS_LIMIT 60000

struct notebook {
    struct buf text; /* of all code cells, a line end behind each */
    struct token_run *runs;
    size_t run_count, run_capacity;
    size_t cell_count; /* of any kind */
};

static void notebook_release(struct notebook *notebook)
{
    buf_release(&notebook->text);
    free(notebook->runs);
    *notebook = (struct notebook){.run_count = 0};
}
CLEANUP_RELEASE(notebook)

/* Cells whose first line is one of these magics run Python all the same. */
static bool runs_python(const char *text)
{
    static const char *const magics[] = {"time", "timeit", "capture", "prun"};
    const char *at = text + strspn(text, " \t\r\n");

    if (!text_starts_with(at, "%%"))
        return true;
    size_t size = strcspn(at + 2, " \t\r\n");
    for (size_t i = 0; i < ARRAY_SIZE(magics); i++)
        if (strlen(magics[i]) == size && strncmp(at + 2, magics[i], size) == 0)
            return true;
    return false;
}

/* Cells whose lines are all a shell's. */
static bool runs_shell(const char *text)
{
    const char *at = text + strspn(text, " \t\r\n");

    return text_starts_with(at, "%%bash") || text_starts_with(at, "%%sh") ||
           text_starts_with(at, "%%!");
}

/* A text, or a list of lines. */
static void add_source(const json_t *source, struct buf *out)
{
    const json_t *line;
    size_t i;

    if (json_is_string(source))
        buf_add_text(out, json_string_value(source));
    json_array_foreach(source, i, line)
    {
        if (json_is_string(line))
            buf_add_text(out, json_string_value(line));
    }
}

static void add_cell(struct notebook *notebook, const json_t *cell)
{
    const char *type = json_string_value(json_object_get(cell, "cell_type"));
    const json_t *source = json_object_get(cell, "source");
    size_t start = notebook->text.size;

    notebook->cell_count++;
    if (type == NULL || strcmp(type, "code") != 0)
        return;
    add_source(source != NULL ? source : json_object_get(cell, "input"), &notebook->text);
    if (notebook->text.size == start)
        return;
    bool is_shell = runs_shell(notebook->text.data + start);
    if (!is_shell && !runs_python(notebook->text.data + start))
        return;
    GROW(notebook->runs, notebook->run_count, notebook->run_capacity);
    notebook->runs[notebook->run_count++] = (struct token_run){
        .start = start,
        .end = notebook->text.size,
        .cell = (unsigned)notebook->cell_count,
        .skip_magics = true,
        .is_shell = is_shell,
    };
    buf_add(&notebook->text, "\n", 1);
}

static int add_cells(struct notebook *notebook, const json_t *cells, struct error *err)
{
    const json_t *cell;
    size_t i;

    if (!json_is_array(cells))
        return error_set(err, ERROR_CORRUPT, "it is no notebook: 'cells' is not there");
    if (json_array_size(cells) > CELLS_LIMIT - notebook->cell_count)
        return error_set(err, ERROR_UNSUPPORTED, "it has more than %d cells", CELLS_LIMIT);
    json_array_foreach(cells, i, cell) add_cell(notebook, cell);
    return 0;
}

/* nbformat 4 has cells, nbformat 3 worksheets with cells. */
static int collect_cells(struct notebook *notebook, const json_t *root, struct error *err)
{
    const json_t *worksheets = json_object_get(root, "worksheets");
    const json_t *worksheet;
    size_t i;

    if (!json_is_array(worksheets))
        return add_cells(notebook, json_object_get(root, "cells"), err);
    json_array_foreach(worksheets, i, worksheet)
    {
        if (add_cells(notebook, json_object_get(worksheet, "cells"), err) < 0)
            return -1;
    }
    return 0;
}

/* Each line of a shell's cell, with those that a backslash joins to it; the magic is none. */
static void add_shell_lines(struct tokens *tokens, const struct token_run *run)
{
    const char *end = tokens->text + run->end;
    unsigned line = 1;

    for (const char *at = tokens->text + run->start; at < end; line++) {
        struct token command = {
            .cell = (uint16_t)run->cell, .line = line, .start = (uint32_t)(at - tokens->text)};
        const char *start = at;
        while (at < end && (*at != '\n' || (at > start && at[-1] == '\\')))
            line += *at++ == '\n';
        command.size = (uint32_t)(at - start);
        if (*start != '%')
            tokens_add_command(tokens, command);
        at += at < end;
    }
}

int python_read_notebook(const char *text, size_t size, struct python_file *out, struct error *err)
{
    CLEANUP(module) struct module module;
    CLEANUP(notebook) struct notebook notebook = {.run_count = 0};
    CLEANUP(strings) struct strings skipped = STRINGS_INIT;
    static const struct json_rules rules = {.values_max = VALUES_MAX};
    json_auto_t *root = NULL;

    module_init(&module);
    if (size > PYTHON_SIZE_LIMIT)
        return error_set(err, ERROR_UNSUPPORTED, "it has %zu bytes, %zu are the most that are read",
                         size, PYTHON_SIZE_LIMIT);
    if (json_parse(text, size, &rules, &root, err) < 0 || collect_cells(&notebook, root, err) < 0)
        return -1;
    module.tokens.text = buf_text(&notebook.text);
    for (size_t i = 0; i < notebook.run_count; i++) {
        CLEANUP(error) struct error cell_err = ERROR_INIT;
        if (notebook.runs[i].is_shell)
            add_shell_lines(&module.tokens, &notebook.runs[i]);
        else if (tokens_add(&module.tokens, &notebook.runs[i], &cell_err) < 0)
            strings_add(&skipped, cell_err.text);
    }
    tokens_append(&module.tokens, (struct token){.kind = TOKEN_END});
    if (module_parse(&module, err) < 0)
        return -1;
    *out = (struct python_file)PYTHON_FILE_INIT;
    out->skipped = skipped;
    skipped = (struct strings)STRINGS_INIT;
    module_report(&module, out);
    return 0;
}
