#include "core/buf.h"
#include "scan/yaml_internal.h"

#include <string.h>

/*
 * The part of YAML that manifests of containers are written in: mappings and lists by their
 * indentation, lists and mappings in brackets, plain, quoted and block scalars. Anchors, tags and
 * the like are passed over. Whatever the text, the result is some outline of it.
 */

#define NODES_MAX ((size_t)20 * 1000)
#define DEPTH_MAX 64
#define LINES_MAX 200 /* that brackets and quotes reach over */

struct reader {
    struct yaml *out;
    const char *at; /* the next line */
    unsigned line;  /* its number */
    size_t indents[DEPTH_MAX];
    size_t nodes[DEPTH_MAX];
    size_t depth;
    size_t last; /* the scalar that a line without a key goes on with; 0: none */
};

void yaml_release(struct yaml *yaml)
{
    for (size_t i = 0; i < yaml->count; i++) {
        free(yaml->nodes[i].key);
        free(yaml->nodes[i].text);
    }
    free(yaml->nodes);
    *yaml = (struct yaml){NULL, 0};
}

/* Takes over `key`. The root, which is 0, where there are too many. */
static size_t add_node(struct reader *reader, size_t parent, char *key, unsigned line)
{
    struct yaml *out = reader->out;

    if (out->count == NODES_MAX) {
        free(key);
        return 0;
    }
    if ((out->count & (out->count - 1)) == 0)
        out->nodes = xrealloc(out->nodes, out->count * 2 + 1, sizeof(*out->nodes));
    out->nodes[out->count] = (struct yaml_node){.parent = parent, .key = key, .line = line};
    return out->count++;
}

static void set_text(struct reader *reader, size_t node, const char *text)
{
    if (node == 0)
        return;
    free(reader->out->nodes[node].text);
    reader->out->nodes[node].text = xstrdup(text);
}

static void push(struct reader *reader, size_t indent, size_t node)
{
    if (reader->depth == DEPTH_MAX)
        return;
    reader->indents[reader->depth] = indent;
    reader->nodes[reader->depth++] = node;
}

static size_t top(const struct reader *reader)
{
    return reader->depth > 0 ? reader->nodes[reader->depth - 1] : 0;
}

/* The next line without its end and what is blank there; NULL: there is none. Caller frees. */
static char *next_line(struct reader *reader)
{
    size_t size = strcspn(reader->at, "\n");

    if (*reader->at == '\0')
        return NULL;
    char *line = xstrndup(reader->at, size);
    reader->at += size + (reader->at[size] == '\n');
    reader->line++;
    while (size > 0 && strchr(" \t\r", line[size - 1]) != NULL)
        line[--size] = '\0';
    return line;
}

/* Reads a quoted scalar; what is behind it, or the end of the text if it has no end. */
static const char *read_quoted(const char *at, struct buf *out)
{
    char quote = *at++;

    for (; *at != '\0'; at++) {
        if (*at == quote && quote == '\'' && at[1] == quote)
            at++;
        else if (*at == quote)
            return at + 1;
        if (quote == '"' && *at == '\\' && at[1] != '\0') {
            at++;
            buf_add(out, *at == 'n' ? "\n" : *at == 't' ? "\t" : at, 1);
        } else {
            buf_add(out, at, 1);
        }
    }
    return at;
}

/* A plain scalar up to one of `ends`, or to a comment. */
static const char *read_plain(const char *at, const char *ends, struct buf *out)
{
    size_t size = strcspn(at, ends);
    const char *comment = memmem(at, size, " #", 2);

    if (comment != NULL)
        size = (size_t)(comment - at);
    const char *end = at + size;
    while (size > 0 && strchr(" \t", at[size - 1]) != NULL)
        size--;
    buf_add(out, at, size);
    return end;
}

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

/* "[a, 'b', {c: d}]", "{a: b}": whole, with brackets in it down to `depth`. */
static const char *read_flow(struct reader *reader, size_t parent, const char *at, unsigned depth)
{
    bool is_list = *at == '[';

    at = skip_blanks(at + 1);
    while (*at != '\0' && strchr("]}", *at) == NULL && reader->out->count < NODES_MAX) {
        CLEANUP(buf) struct buf text = BUF_INIT;
        bool is_key = false;
        size_t node = is_list ? add_node(reader, parent, NULL, reader->line) : 0;
        if (!is_list) {
            at = *at == '"' || *at == '\'' ? read_quoted(at, &text) : read_plain(at, ":,]}", &text);
            is_key = *(at = skip_blanks(at)) == ':';
            node = add_node(reader, parent, xstrdup(buf_text(&text)), reader->line);
            buf_clear(&text);
            at = is_key ? skip_blanks(at + 1) : at;
        }
        if ((*at == '[' || *at == '{') && depth > 0)
            at = read_flow(reader, node, at, depth - 1);
        else if (is_list || is_key)
            at = *at == '"' || *at == '\'' ? read_quoted(at, &text) : read_plain(at, ",]}", &text);
        set_text(reader, node, buf_text(&text));
        at = skip_blanks(at);
        at += strcspn(at, ",]}");
        at = skip_blanks(at + (*at == ','));
    }
    return at + (*at != '\0');
}

/* Whether all brackets, or the quotes that the value begins with, are closed. */
static bool is_whole(const char *value)
{
    unsigned open = 0;
    char quote = '\0';

    for (const char *at = value; *at != '\0'; at++) {
        if (quote != '\0') {
            at += quote == '"' && *at == '\\' && at[1] != '\0';
            if (*at == quote)
                quote = '\0';
        } else if (*at == '"' || *at == '\'') {
            quote = *at;
        } else if (strchr("[{", *at) != NULL) {
            open++;
        } else if (strchr("]}", *at) != NULL && open > 0) {
            open--;
        }
    }
    return open == 0 && quote == '\0';
}

/* The value with the lines that its brackets or quotes reach to. Caller frees. */
static char *join_value(struct reader *reader, const char *value)
{
    CLEANUP(buf) struct buf whole = BUF_INIT;

    buf_add_text(&whole, value);
    for (unsigned lines = 0;
         lines < LINES_MAX && strchr("[{\"'", value[0]) != NULL && !is_whole(buf_text(&whole));
         lines++) {
        CLEANUP(text) char *line = next_line(reader);
        if (line == NULL)
            break;
        const char *more = skip_blanks(line);
        if (*more != '#')
            buf_addf(&whole, " %s", more);
    }
    return buf_take(&whole);
}

/* The lines of a block scalar, which are indented more than its key. */
static void read_block(struct reader *reader, size_t node, size_t indent, bool is_folded)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    while (*reader->at != '\0') {
        size_t blanks = strspn(reader->at, " ");
        bool is_empty = strchr("\n\r", reader->at[blanks]) != NULL;
        if (!is_empty && blanks <= indent)
            break;
        CLEANUP(text) char *line = next_line(reader);
        if (line != NULL)
            buf_addf(&text, "%s%s", skip_blanks(line), is_folded ? " " : "\n");
    }
    set_text(reader, node, buf_text(&text));
}

/* What stands behind a key or a '-', of a node that is indented so. */
static void read_value(struct reader *reader, size_t node, size_t indent, const char *value)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    while (value[0] == '&' || value[0] == '!') /* an anchor, a tag */
        value = skip_blanks(value + strcspn(value, " \t"));
    if (value[0] == '|' || value[0] == '>') {
        read_block(reader, node, indent, value[0] == '>');
        return;
    }
    if (value[0] == '\0' || value[0] == '#' || value[0] == '*')
        return;
    CLEANUP(text) char *whole = join_value(reader, value);
    if (whole[0] == '[' || (whole[0] == '{' && whole[1] != '{')) {
        (void)read_flow(reader, node, whole, DEPTH_MAX);
        return;
    }
    if (whole[0] == '"' || whole[0] == '\'')
        (void)read_quoted(whole, &text);
    else
        (void)read_plain(whole, "", &text);
    set_text(reader, node, buf_text(&text));
    reader->last = whole[0] == '"' || whole[0] == '\'' ? 0 : node;
}

/* Where the value behind "key:" begins; NULL: the line has no key. */
static const char *find_value(const char *line, char **key)
{
    CLEANUP(buf) struct buf name = BUF_INIT;
    const char *at = line;

    if (*at == '"' || *at == '\'') {
        at = skip_blanks(read_quoted(at, &name));
    } else {
        while (*at != '\0' && !(*at == ':' && (at[1] == ' ' || at[1] == '\0')) &&
               strchr("[]{}#", *at) == NULL)
            at++;
        buf_add(&name, line, (size_t)(at - line));
    }
    if (*at != ':' || (at[1] != ' ' && at[1] != '\0'))
        return NULL;
    *key = buf_take(&name);
    return skip_blanks(at + 1);
}

/* A line, or what is behind its '-', which is indented so. */
static void read_text(struct reader *reader, size_t indent, const char *text)
{
    char *key = NULL;
    bool is_item = text[0] == '-' && (text[1] == ' ' || text[1] == '\0');

    while (reader->depth > 0) {
        size_t above = reader->indents[reader->depth - 1];
        /* Items may stand right below their key. */
        if (above < indent ||
            (above == indent && is_item && reader->out->nodes[top(reader)].key != NULL))
            break;
        reader->depth--;
    }
    if (is_item) {
        const char *rest = skip_blanks(text + 1);
        push(reader, indent, add_node(reader, top(reader), NULL, reader->line));
        reader->last = 0;
        if (*rest != '\0' && reader->depth < DEPTH_MAX)
            read_text(reader, indent + (size_t)(rest - text), rest);
        return;
    }
    const char *value = find_value(text, &key);
    if (value == NULL && reader->last != 0) {
        struct yaml_node *last = &reader->out->nodes[reader->last];
        char *longer = xasprintf("%s %s", last->text, text);
        free(last->text);
        last->text = longer;
    } else if (value == NULL) {
        read_value(reader, top(reader), indent, text);
    } else {
        size_t node = add_node(reader, top(reader), key, reader->line);
        push(reader, indent, node);
        reader->last = 0;
        read_value(reader, node, indent, value);
    }
}

void yaml_read(const char *text, struct yaml *out)
{
    struct reader reader = {.out = out, .at = text};
    char *line = NULL;

    (void)add_node(&reader, 0, NULL, 0);
    while ((line = next_line(&reader)) != NULL) {
        size_t indent = strspn(line, " ");
        if (strncmp(line, "---", 3) == 0)
            reader.depth = 0;
        else if (line[indent] != '\0' && line[indent] != '#' && line[indent] != '\t')
            read_text(&reader, indent, line + indent);
        free(line);
    }
}

size_t yaml_child(const struct yaml *yaml, size_t parent, const char *key)
{
    /* What is not below it any more has a parent before it. */
    for (size_t i = parent + 1; i < yaml->count && yaml->nodes[i].parent >= parent; i++)
        if (yaml->nodes[i].parent == parent && yaml->nodes[i].key != NULL &&
            strcmp(yaml->nodes[i].key, key) == 0)
            return i;
    return 0;
}
