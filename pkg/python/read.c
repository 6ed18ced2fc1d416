#include "python/module_internal.h"

#include "core/text.h"

/* Encodings that are read as UTF-8 (PEP 263), with '-' for '_'. */
static const char *const encodings[] = {"utf-8", "utf8", "utf-8-sig", "ascii", "us-ascii"};

/* PEP 263: the encoding that a comment in a line names. Caller frees; NULL: none. */
static char *line_encoding(const char *line, size_t size)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    CLEANUP(text) char *text = xstrndup(line, size);
    const char *at = text + strspn(text, " \t\f");

    if (*at != '#')
        return NULL;
    while ((at = strstr(at, "coding")) != NULL) {
        at += strlen("coding");
        if (*at != ':' && *at != '=')
            continue;
        at++;
        at += strspn(at, " \t");
        char *name = xstrndup(at, strspn(at, allowed));
        for (char *dash = strchr(name, '_'); dash != NULL; dash = strchr(dash, '_'))
            *dash = '-';
        return name;
    }
    return NULL;
}

static bool is_ascii(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text >= 0x80)
            return false;
    return true;
}

/* In one of the first two lines; where all bytes are ASCII, the encoding does not matter. */
static int check_encoding(const char *text, struct error *err)
{
    const char *line = text;

    for (int i = 0; i < 2; i++) {
        size_t size = strcspn(line, "\r\n");
        CLEANUP(text) char *name = line_encoding(line, size);
        if (name != NULL) {
            for (size_t known = 0; known < ARRAY_SIZE(encodings); known++)
                if (text_equal_fold(name, encodings[known]))
                    return 0;
            if (is_ascii(text))
                return 0;
            return error_set(err, ERROR_UNSUPPORTED,
                             "line %d: it is encoded in '%s'; UTF-8 is what is read", i + 1, name);
        }
        line += size;
        line += line[0] == '\r' && line[1] == '\n' ? 2 : line[0] != '\0';
    }
    return 0;
}

/* The text's bytes, in lines that are all UTF-8. */
static int check_lines(char *text, size_t size, struct error *err)
{
    unsigned line = 1;

    for (char *start = text; start < text + size; line++) {
        char *end = strchrnul(start, '\n');
        char kept = *end;
        *end = '\0';
        bool is_utf8 = text_is_utf8(start);
        *end = kept;
        if (!is_utf8)
            return error_set(err, ERROR_CORRUPT, "line %u: the bytes are no UTF-8", line);
        start = end + 1;
    }
    return 0;
}

static int check_size(const char *text, size_t size, struct error *err)
{
    unsigned line = 1;

    if (size > PYTHON_SIZE_LIMIT)
        return error_set(err, ERROR_UNSUPPORTED, "it has %zu bytes, %zu are the most that are read",
                         size, PYTHON_SIZE_LIMIT);
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\0')
            return error_set(err, ERROR_CORRUPT, "line %u: a NUL byte is no source", line);
        line += text[i] == '\n';
    }
    return 0;
}

int python_read(const char *text, size_t size, struct python_file *out, struct error *err)
{
    CLEANUP(module) struct module module;
    struct token_run run = {.start = 0};

    module_init(&module);
    if (check_size(text, size, err) < 0)
        return -1;
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        size -= 3;
    }
    CLEANUP(text) char *copy = xcalloc(size + 1, 1);
    memcpy(copy, text, size);
    if (check_encoding(copy, err) < 0 || check_lines(copy, size, err) < 0)
        return -1;
    module.tokens.text = copy;
    run.end = size;
    if (tokens_add(&module.tokens, &run, err) < 0)
        return -1;
    tokens_append(&module.tokens, (struct token){.kind = TOKEN_END});
    if (module_parse(&module, err) < 0)
        return -1;
    *out = (struct python_file)PYTHON_FILE_INIT;
    module_report(&module, out);
    return 0;
}

void python_value_release(struct python_value *value)
{
    free(value->text);
    free(value->variable);
    free(value->source);
    for (size_t i = 0; i < value->item_count; i++)
        python_value_release(&value->items[i]);
    free(value->items);
    *value = (struct python_value)PYTHON_VALUE_INIT;
}

static void assignments_release(struct python_assignments *assignments)
{
    for (size_t i = 0; i < assignments->count; i++) {
        free(assignments->items[i].variable);
        python_value_release(&assignments->items[i].value);
    }
    free(assignments->items);
}

static void call_release(struct python_call *call)
{
    for (size_t i = 0; i < call->argument_count; i++) {
        free(call->arguments[i].keyword);
        python_value_release(&call->arguments[i].value);
    }
    free(call->arguments);
    free(call->name);
    free(call->method_of);
}

void python_file_release(struct python_file *file)
{
    for (size_t i = 0; i < file->call_count; i++)
        call_release(&file->calls[i]);
    free(file->calls);
    for (size_t i = 0; i < file->import_count; i++) {
        free(file->imports[i].module);
        free(file->imports[i].name);
    }
    free(file->imports);
    assignments_release(&file->environment);
    assignments_release(&file->constants);
    for (size_t i = 0; i < file->command_count; i++)
        free(file->commands[i].text);
    free(file->commands);
    strings_release(&file->skipped);
    *file = (struct python_file)PYTHON_FILE_INIT;
}
