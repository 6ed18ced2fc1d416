#include "core/buf.h"
#include "scan/scan_internal.h"
#include "scan/yaml_internal.h"

#include <string.h>

/* Of the environment of a container. */
#define NAME_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-."

/*
 * What containers of Compose files and Kubernetes manifests start: `command`, `entrypoint` and
 * `args`, with the ENTRYPOINT of known servers' images in front and their own variables.
 */

/* A file that is being read. */
struct manifest {
    struct scan *scan;
    const struct application_file *file;
    const struct yaml *yaml;
    bool is_compose; /* else of Kubernetes */
};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static bool is_yaml(const char *path)
{
    return text_ends_with(path, ".yaml") || text_ends_with(path, ".yml");
}

/* compose.yaml, docker-compose.prod.yml */
static bool is_compose(const char *path)
{
    const char *name = base_name(path);

    return text_starts_with(name, "compose.") || text_starts_with(name, "docker-compose.") ||
           text_starts_with(name, "compose-") || text_starts_with(name, "docker-compose-");
}

static bool is_kubernetes(const char *text)
{
    return strstr(text, "containers:") != NULL && strstr(text, "apiVersion:") != NULL &&
           strstr(text, "kind:") != NULL;
}

static const char *text_of(const struct yaml *yaml, size_t node)
{
    return node != 0 && yaml->nodes[node].text != NULL ? yaml->nodes[node].text : "";
}

/* Where it stands last in the text; the text's begin if it does not. */
static const char *last_of(const char *text, const char *part)
{
    const char *last = text;

    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
        last = at;
    return last;
}

/* As a word of a shell, in which variables are still expanded. Templates are not known. */
static void add_word(struct buf *out, const char *text)
{
    const char *last_template = last_of(text, "}}");

    buf_add_text(out, out->size > 0 ? " \"" : "\"");
    for (const char *at = text; *at != '\0'; at++) {
        /* $(NAME), of Kubernetes */
        bool is_reference = at[0] == '$' && at[1] == '(';
        size_t size = is_reference ? strspn(at + 2, NAME_LETTERS) : 0;
        const char *template =
            at[0] == '{' && at[1] == '{' && at < last_template ? strstr(at, "}}") : NULL;
        if (template != NULL) {
            buf_add_text(out, "${template}");
            at = template + 1;
        } else if (is_reference && at[2 + size] == ')') {
            buf_addf(out, "${%.*s}", (int)size, at + 2);
            at += size + 2;
        } else if (strchr("\"\\`", *at) != NULL) {
            buf_addf(out, "\\%c", *at);
        } else {
            buf_add(out, at, 1);
        }
    }
    buf_add_text(out, "\"");
}

/* A text of several lines as one, with `between` where each ends and does not go on. */
static void add_lines(struct buf *out, const char *text, const char *between)
{
    for (const char *at = text; *at != '\0'; at++)
        if (at[0] == '\\' && at[1] == '\n')
            at++;
        else
            buf_add(out, *at == '\n' ? between : at, 1);
}

/* A command as a line of a shell: a text is one, the items of a list are words of it. */
static void add_command(const struct manifest *manifest, size_t node, struct buf *out)
{
    const struct yaml *yaml = manifest->yaml;

    if (*text_of(yaml, node) != '\0') {
        buf_add_text(out, " ");
        add_lines(out, text_of(yaml, node), " ");
        return;
    }
    for (size_t i = node + 1; i < yaml->count && yaml->nodes[i].parent >= node; i++)
        if (yaml->nodes[i].parent == node && yaml->nodes[i].text != NULL)
            add_word(out, text_of(yaml, i));
}

/* ["vllm", "serve"], whose marks are blanks for a shell. */
static void add_entrypoint(const char *array, struct buf *out)
{
    CLEANUP(text) char *copy = xstrdup(array);

    for (char *at = copy; *at != '\0'; at++)
        if (strchr("[],\"", *at) != NULL)
            *at = ' ';
    buf_add_text(out, copy);
}

/* `sh -c "a b"`: each item is a line by itself, too. */
static void read_items(const struct manifest *manifest, size_t node, const char *place, bool sure)
{
    const struct yaml *yaml = manifest->yaml;

    for (size_t i = node + 1; node != 0 && i < yaml->count && yaml->nodes[i].parent >= node; i++) {
        const char *text = text_of(yaml, i);
        CLEANUP(buf) struct buf lines = BUF_INIT;
        if (yaml->nodes[i].parent != node || strpbrk(text, " \t\n") == NULL)
            continue;
        add_lines(&lines, text, ";");
        scan_command_line(manifest->scan, manifest->file->path, place, buf_text(&lines), sure);
    }
}

static void add_variable(struct strings *out, const char *name, const char *value)
{
    if (*name != '\0' && *value != '\0' && strchr(value, '$') == NULL &&
        strstr(value, "{{") == NULL)
        strings_addf(out, "%s=%s", name, value);
}

/* NAME=value, NAME: value, or items with `name` and `value`. */
static void read_environment(const struct manifest *manifest, size_t node, struct strings *out)
{
    const struct yaml *yaml = manifest->yaml;

    for (size_t i = node + 1; node != 0 && i < yaml->count && yaml->nodes[i].parent >= node; i++) {
        const char *text = text_of(yaml, i);
        const char *equals = strchr(text, '=');
        if (yaml->nodes[i].parent != node)
            continue;
        CLEANUP(text) char *name = equals != NULL ? xstrndup(text, (size_t)(equals - text)) : NULL;
        if (yaml->nodes[i].key != NULL)
            add_variable(out, yaml->nodes[i].key, text);
        else if (name != NULL)
            add_variable(out, name, equals + 1);
        else
            add_variable(out, text_of(yaml, yaml_child(yaml, i, "name")),
                         text_of(yaml, yaml_child(yaml, i, "value")));
    }
}

/* Its own variables count before all others, and for nothing else. */
static void run_container(const struct manifest *manifest, const struct strings *environment,
                          const size_t *commands, const char *line)
{
    struct scan *scan = manifest->scan;
    struct strings kept = scan->overriding;
    bool sure = scan->application->is_folder && !scan_is_test(manifest->file->path);
    const struct yaml_node *nodes = manifest->yaml->nodes;
    CLEANUP(text)
    char *place = xasprintf("%s:%u", manifest->file->path,
                            nodes[commands[0] != 0 ? commands[0] : commands[1]].line);

    scan->overriding = (struct strings)STRINGS_INIT;
    strings_add_all(&scan->overriding, &kept);
    strings_add_all(&scan->overriding, environment);
    scan_command_line(scan, manifest->file->path, place, line, sure);
    for (size_t i = 0; i < 2; i++)
        read_items(manifest, commands[i], place, sure);
    strings_release(&scan->overriding);
    scan->overriding = kept;
}

static bool begins_with_option(const char *line)
{
    return line[strspn(line, " \t\"")] == '-';
}

/* A node with `image` or `command`. */
static void read_container(const struct manifest *manifest, size_t node)
{
    const struct yaml *yaml = manifest->yaml;
    size_t image = yaml_child(yaml, node, "image");
    size_t entrypoint = yaml_child(yaml, node, manifest->is_compose ? "entrypoint" : "command");
    size_t command = yaml_child(yaml, node, manifest->is_compose ? "command" : "args");
    size_t variables = yaml_child(yaml, node, manifest->is_compose ? "environment" : "env");
    CLEANUP(strings) struct strings environment = STRINGS_INIT;
    CLEANUP(buf) struct buf line = BUF_INIT;

    const char *known = entrypoint == 0 ? scan_server_entrypoint(text_of(yaml, image)) : NULL;
    if (known != NULL)
        add_entrypoint(known, &line);
    if (entrypoint != 0)
        add_command(manifest, entrypoint, &line);
    if (command != 0)
        add_command(manifest, command, &line);
    read_environment(manifest, variables, &environment);
    /* What is built here runs the sources that are read here. */
    if (manifest->is_compose && yaml_child(yaml, node, "build") != 0)
        strings_add_all(&manifest->scan->variables, &environment);
    const size_t commands[] = {command, entrypoint != 0 ? entrypoint : image};
    if (line.size > 0 && !begins_with_option(buf_text(&line)))
        run_container(manifest, &environment, commands, buf_text(&line));
    else if (command != 0 && strstr(buf_text(&line), "--model") != NULL)
        scan_add_unresolved(manifest->scan->out,
                            "%s:%u: it goes on with the ENTRYPOINT of '%s', which is not known "
                            "here: scan that image",
                            manifest->file->path, yaml->nodes[command].line, text_of(yaml, image));
}

void scan_manifests(struct scan *scan)
{
    const struct application *application = scan->application;

    for (size_t i = 0; i < application->file_count && !cancel_is_requested(scan->cancel); i++) {
        const struct application_file *file = &application->files[i];
        CLEANUP(yaml) struct yaml yaml = {NULL, 0};
        struct manifest manifest = {scan, file, &yaml, is_compose(file->path)};
        if (!is_yaml(file->path) || (!manifest.is_compose && !is_kubernetes(file->text)))
            continue;
        yaml_read(file->text, &yaml);
        for (size_t node = 1; node < yaml.count; node++)
            read_container(&manifest, node);
    }
}
