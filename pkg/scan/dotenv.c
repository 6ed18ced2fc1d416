#include "core/buf.h"
#include "scan/scan_internal.h"

#include <string.h>

/* Of values that name each other: they would double with each line. */
#define VALUE_LIMIT ((size_t)64 << 10)
#define FILE_LIMIT ((size_t)1 << 20)

/*
 * Files of variables that the application loads by python-dotenv's load_dotenv(). The grammar is
 * that of python-dotenv 1.2.4 (dotenv/parser.py, dotenv/variables.py); blanks are those of ASCII
 * alone.
 */

#define BLANKS " \t\f\v"
#define FILE_NAME ".env"

static const char *skip(const char *at, const char *letters)
{
    return at + strspn(at, letters);
}

/* What a backslash stands for in front of this letter; '\0': for itself. */
static char unescape(char letter, char quote)
{
    static const char from[] = "abfnrtv\\'\"";
    static const char to[] = "\a\b\f\n\r\t\v\\'\"";
    const char *found = letter != '\0' ? strchr(from, letter) : NULL;

    if (found == NULL || (quote == '\'' && letter != '\\' && letter != '\''))
        return '\0';
    return to[found - from];
}

/* Behind the closing quote; NULL: there is none. */
static const char *read_quoted(const char *at, struct buf *out)
{
    char quote = *at++;

    for (; *at != '\0' && *at != quote; at++) {
        char letter = (char)(*at == '\\' ? unescape(at[1], quote) : '\0');
        if (*at == '\\' && at[1] == '\0')
            return NULL;
        if (letter != '\0')
            buf_add(out, &letter, 1);
        else
            buf_add(out, at, *at == '\\' ? 2 : 1);
        at += *at == '\\';
    }
    return *at == quote ? at + 1 : NULL;
}

/* To the end of the line, without a comment that stands behind a blank, and blanks before it. */
static const char *read_unquoted(const char *at, struct buf *out)
{
    size_t line = strcspn(at, "\r\n");
    size_t size = 0;

    for (bool is_behind_blank = false; size < line; size++) {
        if (at[size] == '#' && is_behind_blank)
            break;
        is_behind_blank = strchr(BLANKS, at[size]) != NULL;
    }
    while (size > 0 && strchr(BLANKS, at[size - 1]) != NULL)
        size--;
    buf_add(out, at, size);
    return at + line;
}

static const char *read_value(const char *at, struct buf *out)
{
    const char *value = skip(at + 1, BLANKS); /* behind '=' */

    if (value > at + 1 && *value == '#')
        return value;
    return *value == '\'' || *value == '"' ? read_quoted(value, out) : read_unquoted(value, out);
}

/* Behind the line; NULL: something else stands there. */
static const char *read_end(const char *at)
{
    const char *comment = skip(at, BLANKS);

    if (*comment == '#')
        at = comment + strcspn(comment, "\r\n");
    at = skip(at, BLANKS);
    if (*at == '\0')
        return at;
    if (*at != '\r' && *at != '\n')
        return NULL;
    return at + (text_starts_with(at, "\r\n") ? 2 : 1);
}

/* Behind the key; NULL: there is none. */
static const char *read_key(const char *at, struct buf *out)
{
    bool is_quoted = *at == '\'';
    size_t size = strcspn(at + is_quoted, is_quoted ? "'" : "=#\r\n" BLANKS);

    if (size == 0 || (is_quoted && at[1 + size] != '\''))
        return NULL;
    buf_add(out, at + is_quoted, size);
    return at + size + (is_quoted ? 2 : 0);
}

/*
 * One binding, or none in an empty line and in one that is passed over; `value` is empty, too,
 * where there is none. Returns what is behind. *is_set: key and value are there.
 */
static const char *read_binding(const char *text, struct buf *key, struct buf *value, bool *is_set)
{
    const char *at = skip(text, BLANKS "\r\n");
    bool has_value = false;

    *is_set = false;
    if (*at == '\0')
        return at;
    if (text_starts_with(at, "export") && strchr(BLANKS, at[6]) != NULL && at[6] != '\0')
        at = skip(at + 6, BLANKS);
    const char *reached = at;
    const char *next = *at == '#' ? at : read_key(at, key);
    if (next != NULL) {
        reached = at = skip(next, BLANKS);
        has_value = *at == '=';
        next = has_value ? read_value(at, value) : at;
    }
    const char *end = next != NULL ? read_end(next) : NULL;
    if (end == NULL) /* it is no binding: the rest of the line is passed over */
        return reached + strcspn(reached, "\r\n");
    *is_set = has_value && key->size > 0;
    return end;
}

/* The value of NAME so far, of the file or of the image. */
static const char *find_value(const struct dotenv_options *options, const struct strings *values,
                              const char *name)
{
    const char *own = NULL;
    size_t size = strlen(name);

    for (size_t i = 0; i < values->count; i++)
        if (strncmp(values->items[i], name, size) == 0 && values->items[i][size] == '=')
            own = values->items[i] + size + 1;
    for (size_t i = options->environment->count; i > 0 && (own == NULL || !options->overrides);
         i--) {
        const char *set = options->environment->items[i - 1];
        if (strncmp(set, name, size) == 0 && set[size] == '=')
            return set + size + 1;
    }
    return own;
}

/* ${NAME} and ${NAME:-default}, wherever they stand. Caller frees. */
static char *interpolate(const struct dotenv_options *options, const struct strings *values,
                         const char *text)
{
    CLEANUP(buf) struct buf out = BUF_INIT;

    while (*text != '\0') {
        const char *name = text_starts_with(text, "${") ? text + 2 : NULL;
        const char *end = name != NULL ? name + strcspn(name, "}:") : NULL;
        bool has_default = end != NULL && text_starts_with(end, ":-");
        const char *behind = has_default ? strchr(end, '}') : end;
        if (behind == NULL || *behind != '}') {
            buf_add(&out, text++, 1);
            continue;
        }
        CLEANUP(text) char *variable = xstrndup(name, (size_t)(end - name));
        const char *value = find_value(options, values, variable);
        if (value != NULL && out.size + strlen(value) > VALUE_LIMIT)
            break;
        if (value != NULL)
            buf_add_text(&out, value);
        else if (has_default)
            buf_add(&out, end + 2, (size_t)(behind - end - 2));
        text = behind + 1;
    }
    return buf_take(&out);
}

void dotenv_read(const char *text, const struct dotenv_options *options, struct strings *out)
{
    const char *at = text + (text_starts_with(text, "\xef\xbb\xbf") ? 3 : 0);
    size_t total = 0;

    while (*at != '\0' && total < FILE_LIMIT) {
        CLEANUP(buf) struct buf key = BUF_INIT;
        CLEANUP(buf) struct buf value = BUF_INIT;
        bool is_set = false;
        at = read_binding(at, &key, &value, &is_set);
        if (!is_set)
            continue;
        CLEANUP(text)
        char *whole = options->interpolates ? interpolate(options, out, buf_text(&value))
                                            : xstrdup(buf_text(&value));
        total += key.size + strlen(whole);
        strings_addf(out, "%s=%s", buf_text(&key), whole);
    }
}

/* The file of that name in this folder or the nearest above it; NULL: there is none. */
static const struct application_file *find_above(const struct scan *scan, const char *path)
{
    CLEANUP(text) char *folder = xstrdup(path);

    for (char *slash; (slash = strrchr(folder, '/')) != NULL;) {
        slash[1] = '\0';
        CLEANUP(text) char *name = xasprintf("%s" FILE_NAME, folder);
        const struct application_file *file = application_find_file(scan->application, name);
        if (file != NULL)
            return file;
        slash[0] = '\0';
    }
    return scan->application->is_folder ? application_find_file(scan->application, FILE_NAME)
                                        : NULL;
}

/* A path that the call names: from the working directory on. */
static const struct application_file *find_named(const struct scan *scan, const char *path)
{
    const char *folder = scan->application->working_dir;
    bool is_below = path[0] != '/' && !scan->application->is_folder && folder != NULL;

    while (text_starts_with(path, "./"))
        path += 2;
    CLEANUP(text)
    char *whole = xasprintf("%s%s%s", is_below && strcmp(folder, "/") != 0 ? folder : "",
                            is_below ? "/" : "", path);
    return application_find_file(scan->application, whole);
}

/* Path(__file__).parent / ".env" and the like lead to what load_dotenv() finds by itself. */
static bool names_default(const struct python_value *path)
{
    if (path == NULL || path->kind == PYTHON_NONE)
        return true;
    if (path->kind == PYTHON_CALL && text_ends_with(path->text, "find_dotenv"))
        return true;
    return path->source != NULL && (strstr(path->source, FILE_NAME "\"") != NULL ||
                                    strstr(path->source, FILE_NAME "'") != NULL);
}

static bool is_said(const struct python_value *value, const char *what)
{
    return value != NULL && value->kind == PYTHON_BOOL && strcmp(value->text, what) == 0;
}

static void add_settings(struct scan *scan, const char *path, const struct python_file *file,
                         const struct python_call *call, const struct strings *values,
                         bool overrides)
{
    for (size_t i = 0; i < values->count && !scan_is_test(path); i++) {
        const char *equals = strchr(values->items[i], '=');
        struct scan_setting setting = {.line = call->line, .cell = call->cell};
        if (equals == NULL || equals[1] == '\0')
            continue;
        setting.name = xstrndup(values->items[i], (size_t)(equals - values->items[i]));
        setting.value = xstrdup(equals + 1);
        setting.file = xstrdup(path);
        setting.yields = !overrides;
        scan_list_imports(file, &setting.imports);
        scan_add_setting(scan, &setting);
    }
}

void scan_dotenv_call(struct scan *scan, const char *path, const struct python_file *python,
                      const struct python_call *call)
{
    const struct python_value *named = scan_argument(call, "dotenv_path", 0);
    const struct application_file *file = NULL;
    const struct dotenv_options options = {
        .environment = &scan->application->environment,
        .overrides = is_said(scan_argument(call, "override", 3), "True"),
        .interpolates = !is_said(scan_argument(call, "interpolate", 4), "False"),
    };
    CLEANUP(strings) struct strings values = STRINGS_INIT;

    if (scan_argument(call, "stream", 1) != NULL)
        return;
    if (named != NULL && named->kind == PYTHON_TEXT && named->variable == NULL)
        file = find_named(scan, named->text);
    else if (names_default(named))
        file = find_above(scan, path);
    if (file == NULL)
        return;
    dotenv_read(file->text, &options, &values);
    strings_add_all(options.overrides ? &scan->overriding : &scan->variables, &values);
    add_settings(scan, path, python, call, &values, options.overrides);
}

bool scan_loads_dotenv(const struct python_call *call)
{
    return strcmp(call->name, "dotenv.load_dotenv") == 0 ||
           strcmp(call->name, "dotenv.main.load_dotenv") == 0;
}
