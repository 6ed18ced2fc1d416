#include "core/buf.h"
#include "json/parse.h"
#include "scan/scan_internal.h"

#include <jansson.h>
#include <string.h>

/*
 * Values of config files under keys that are called like models. JSON is read as such; of YAML,
 * TOML and INI only lines are: `key: value` and `key = value`, whose indentation and [sections]
 * make paths. Lists, flows, anchors and texts of several lines are not understood, which is enough
 * for guesses.
 */

#define DEPTH_LIMIT 32

void config_values_release(struct config_values *values)
{
    for (size_t i = 0; i < values->count; i++) {
        free(values->items[i].key);
        free(values->items[i].value);
    }
    free(values->items);
    *values = (struct config_values){NULL, 0};
}

static const char *last_part(const char *key)
{
    const char *dot = strrchr(key, '.');

    return dot != NULL ? dot + 1 : key;
}

static void add_value(struct config_values *values, const char *path, const char *key,
                      const char *value)
{
    if (!scan_names_model(last_part(key)) || !scan_looks_like_model(value))
        return;
    values->items = xrealloc(values->items, values->count + 1, sizeof(*values->items));
    values->items[values->count++] = (struct config_value){path, xstrdup(key), xstrdup(value)};
}

static void add_json(struct config_values *values, const char *path, const char *key, json_t *json,
                     unsigned depth)
{
    const char *name;
    json_t *member;

    if (json_is_string(json))
        add_value(values, path, key, json_string_value(json));
    if (!json_is_object(json) || depth == 0)
        return;
    json_object_foreach(json, name, member)
    {
        CLEANUP(text) char *inner = xasprintf("%s%s%s", key, *key != '\0' ? "." : "", name);
        add_json(values, path, inner, member, depth - 1);
    }
}

static void read_json(struct config_values *values, const struct application_file *file)
{
    json_auto_t *json = json_parse_or_null(file->text, file->size);

    if (json != NULL)
        add_json(values, file->path, "", json, DEPTH_LIMIT);
}

/* Keys that a line is below, by their indentation. */
struct outline {
    char *keys[DEPTH_LIMIT];
    size_t indents[DEPTH_LIMIT];
    size_t count;
};

static void outline_cut(struct outline *outline, size_t indent)
{
    while (outline->count > 0 && outline->indents[outline->count - 1] >= indent)
        free(outline->keys[--outline->count]);
}

static void outline_push(struct outline *outline, size_t indent, const char *key)
{
    if (outline->count == DEPTH_LIMIT)
        return;
    outline->indents[outline->count] = indent;
    outline->keys[outline->count++] = xstrdup(key);
}

static char *outline_path(const struct outline *outline, const char *key)
{
    CLEANUP(buf) struct buf path = BUF_INIT;

    for (size_t i = 0; i < outline->count; i++)
        buf_addf(&path, "%s.", outline->keys[i]);
    buf_add_text(&path, key);
    return buf_take(&path);
}

/* Cuts blanks from both ends, in place. */
static char *trim(char *text)
{
    size_t size;

    text += strspn(text, " \t\r");
    size = strlen(text);
    while (size > 0 && strchr(" \t\r", text[size - 1]) != NULL)
        text[--size] = '\0';
    return text;
}

/* The text without its quotes, or without a comment behind it; in place. */
static char *unquote(char *value)
{
    char quote = value[0];

    if (quote == '"' || quote == '\'') {
        char *end = strchr(value + 1, quote);
        if (end == NULL)
            return value;
        *end = '\0';
        return value + 1;
    }
    char *comment = strstr(value, " #");
    if (comment != NULL)
        *comment = '\0';
    return trim(value);
}

/* `line` is a copy that may be written to. */
static void read_line(struct config_values *values, const char *path, char *line,
                      struct outline *outline)
{
    size_t indent = strspn(line, " \t");
    char *text = trim(line);

    if (text[0] == '\0' || text[0] == '#' || text[0] == ';')
        return;
    if (text[0] == '[') {
        char *end = strchr(text, ']');
        outline_cut(outline, 0);
        if (end != NULL)
            *end = '\0';
        outline_push(outline, 0, trim(text + strspn(text, "[")));
        /* Keys of the section are not indented, and below it. */
        outline->indents[0] = 0;
        return;
    }
    if (text_starts_with(text, "- ")) {
        indent += 2;
        text = trim(text + 2);
    }
    size_t size = strcspn(text, ":=");
    if (text[size] == '\0' || size == 0)
        return;
    char mark = text[size];
    text[size] = '\0';
    char *key = unquote(trim(text));
    char *value = unquote(trim(text + size + 1));
    if (text_starts_with(key, "export "))
        key = trim(key + strlen("export "));
    outline_cut(outline, mark == ':' ? indent : indent + 1);
    CLEANUP(text) char *inner = outline_path(outline, key);
    if (value[0] == '\0')
        outline_push(outline, indent, key);
    else
        add_value(values, path, inner, value);
}

static void read_lines(struct config_values *values, const struct application_file *file)
{
    struct outline outline = {.count = 0};

    for (const char *at = file->text; *at != '\0';) {
        size_t size = strcspn(at, "\n");
        CLEANUP(text) char *line = xstrndup(at, size);
        read_line(values, file->path, line, &outline);
        at += size + (at[size] == '\n');
    }
    outline_cut(&outline, 0);
}

static bool has_suffix(const char *path, const char *const *suffixes)
{
    for (; *suffixes != NULL; suffixes++)
        if (text_ends_with(path, *suffixes))
            return true;
    return false;
}

/* Of tools, and of models themselves. */
static bool is_passed_over(const char *path)
{
    static const char *const names[] = {
        "/package.json",          "/package-lock.json", "/tsconfig.json",
        "/pnpm-lock.yaml",        "/yarn.lock",         "/uv.lock",
        "/poetry.lock",           "/pyproject.toml",    "/tokenizer.json",
        "/tokenizer_config.json", "/mkdocs.yml",        NULL};
    CLEANUP(text) char *absolute = xasprintf("/%s", path);

    return has_suffix(absolute, names) || strstr(absolute, "/.github/") != NULL;
}

void scan_read_configs(struct scan *scan)
{
    static const char *const lines[] = {".yaml", ".yml", ".toml",       ".ini", ".cfg",
                                        ".conf", ".env", ".properties", NULL};
    static const char *const json[] = {".json", NULL};

    for (size_t i = 0; i < scan->application->file_count && !cancel_is_requested(scan->cancel);
         i++) {
        const struct application_file *file = &scan->application->files[i];
        if (is_passed_over(file->path) || strstr(file->path, "-packages/") != NULL)
            continue;
        if (has_suffix(file->path, json))
            read_json(&scan->configs, file);
        else if (has_suffix(file->path, lines))
            read_lines(&scan->configs, file);
    }
}

void scan_configs(struct scan *scan)
{
    for (size_t i = 0; i < scan->configs.count; i++) {
        const struct config_value *value = &scan->configs.items[i];
        CLEANUP(scan_finding) struct scan_finding finding = SCAN_FINDING_INIT;
        if (scan_is_local(scan, value->path, value->value) ||
            scan_has_model(scan->out, value->value))
            continue;
        finding.model = xstrdup(value->value);
        finding.loader = xstrdup("");
        finding.reason = xasprintf("the key %s looks as if it named a model", value->key);
        strings_addf(&finding.places, "%s: %s", value->path, value->key);
        scan_add_finding(scan->out, &finding);
    }
}
