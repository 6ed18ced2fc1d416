#include "scan/application_internal.h"

#include "json/parse.h"

#include <jansson.h>
#include <string.h>

/*
 * A Dockerfile, as far as it says how the image of its last stage is started: ENV, ARG with their
 * defaults, ENTRYPOINT, CMD, and FROM where it names an earlier stage (Dockerfile reference). What
 * a base image of elsewhere sets is not known.
 */
#define VARIABLES_MAX 1000
#define VALUE_MAX 4096
#define VARIABLES_SIZE_MAX ((size_t)256 * 1024)
#define DOCUMENTS_MAX 100

struct variables {
    struct strings list; /* NAME=value */
    size_t size;         /* their bytes */
    bool has_more;       /* which had no room */
};

struct stage {
    char *name;               /* NULL: none */
    const struct stage *base; /* an earlier one; NULL: an image */
    struct variables environment, arguments;
    struct strings entrypoint, command;
    bool has_entrypoint, has_command; /* else those of its base */
};

struct dockerfile {
    struct stage stages[APPLICATION_STAGES_MAX];
    size_t count;
    bool has_more;              /* stages, which are not read */
    struct variables arguments; /* in front of the first FROM */
    char escape;
    size_t documents_left; /* that may still be looked for */
};

static void stage_release(struct stage *stage)
{
    free(stage->name);
    strings_release(&stage->environment.list);
    strings_release(&stage->arguments.list);
    strings_release(&stage->entrypoint);
    strings_release(&stage->command);
}

static void dockerfile_free(struct dockerfile *dockerfile)
{
    if (dockerfile == NULL)
        return;
    for (size_t i = 0; i < dockerfile->count; i++)
        stage_release(&dockerfile->stages[i]);
    strings_release(&dockerfile->arguments.list);
    free(dockerfile);
}
CLEANUP_FREE(dockerfile)

static char **find_variable(const struct variables *variables, const char *name, size_t size)
{
    const struct strings *list = &variables->list;

    for (size_t i = 0; i < list->count; i++)
        if (strncmp(list->items[i], name, size) == 0 && list->items[i][size] == '=')
            return &list->items[i];
    return NULL;
}

/* NULL: not set. */
static const char *value_of(const struct variables *variables, const char *name, size_t size)
{
    char **item = find_variable(variables, name, size);

    return item != NULL ? *item + size + 1 : NULL;
}

static void set_variable(struct variables *variables, const char *name, size_t size,
                         const char *value)
{
    char **item = find_variable(variables, name, size);
    size_t before = item != NULL ? strlen(*item) : 0;
    CLEANUP(text) char *text = xasprintf("%.*s=%s", (int)size, name, value);
    size_t after = variables->size - before + strlen(text);

    if (size == 0)
        return;
    if (after > VARIABLES_SIZE_MAX || (item == NULL && variables->list.count == VARIABLES_MAX)) {
        variables->has_more = true;
        return;
    }
    variables->size = after;
    if (item == NULL) {
        strings_add(&variables->list, text);
        return;
    }
    free(*item);
    *item = TAKE(text);
}

static bool is_name(char letter)
{
    return letter == '_' || (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9');
}

static size_t name_size(const char *text)
{
    size_t size = 0;

    while (is_name(text[size]))
        size++;
    return size;
}

/* Where variables are looked up; the second is the older. */
struct scope {
    const struct variables *environment, *arguments;
};

/* $NAME, ${NAME}, ${NAME:-text}, ${NAME:+text}; returns what is behind. */
static const char *expand(const struct scope *scope, const char *at, struct buf *out)
{
    bool braced = at[1] == '{';
    const char *name = at + 1 + braced;
    size_t size = name_size(name);
    const char *end = name + size;
    const char *behind = braced ? strchr(end, '}') : end;

    if (size == 0 || behind == NULL) {
        buf_add(out, at, 1);
        return at + 1;
    }
    const char *value = value_of(scope->environment, name, size);
    if (value == NULL)
        value = value_of(scope->arguments, name, size);
    bool is_set = value != NULL && (*value != '\0' || *end != ':');
    const char *mark = end + (*end == ':');
    size_t rest = behind > mark ? (size_t)(behind - mark - 1) : 0;
    if (braced && *mark == '+')
        buf_add(out, mark + 1, is_set ? rest : 0);
    else if (braced && *mark == '-' && !is_set)
        buf_add(out, mark + 1, rest);
    else if (value != NULL)
        buf_add_text(out, value);
    return behind + braced;
}

/* One word, up to a blank or to the end, without its quotes; returns what is behind. */
static const char *read_word(const struct dockerfile *dockerfile, const struct scope *scope,
                             const char *at, struct buf *out)
{
    char quote = '\0';

    while (*at != '\0' && (quote != '\0' || strchr(" \t", *at) == NULL)) {
        if (*at == dockerfile->escape && quote != '\'' && at[1] != '\0') {
            buf_add(out, at + 1, 1);
            at += 2;
        } else if (*at == '$' && quote != '\'') {
            at = expand(scope, at, out);
        } else if (quote == '\0' ? *at == '\'' || *at == '"' : *at == quote) {
            quote = (char)(quote == '\0' ? *at : '\0');
            at++;
        } else {
            buf_add(out, at++, 1);
        }
        if (out->size > VALUE_MAX)
            break;
    }
    return at + strcspn(at, " \t");
}

/* The whole of a line, as `ENV NAME some text` has it. */
static void read_rest(const struct dockerfile *dockerfile, const struct scope *scope,
                      const char *at, struct buf *out)
{
    while (*at != '\0' && out->size <= VALUE_MAX) {
        size_t blanks = strspn(at, " \t");
        buf_add(out, at, blanks);
        at = read_word(dockerfile, scope, at + blanks, out);
    }
}

/* ENV NAME=value…, ENV NAME value; a value that is too long is left out. */
static void read_env(const struct dockerfile *dockerfile, struct stage *stage, const char *at)
{
    const struct scope scope = {&stage->environment, &stage->arguments};
    size_t size = name_size(at);

    if (at[size] == ' ' || at[size] == '\t') {
        CLEANUP(buf) struct buf value = BUF_INIT;
        read_rest(dockerfile, &scope, at + size + strspn(at + size, " \t"), &value);
        if (value.size <= VALUE_MAX)
            set_variable(&stage->environment, at, size, buf_text(&value));
        return;
    }
    while (*at != '\0') {
        CLEANUP(buf) struct buf value = BUF_INIT;
        const char *name = at;
        size = name_size(at);
        at = read_word(dockerfile, &scope, at + size + (at[size] == '='), &value);
        if (name[size] == '=' && value.size <= VALUE_MAX)
            set_variable(&stage->environment, name, size, buf_text(&value));
        at += strspn(at, " \t");
    }
}

/* ARG NAME[=default]…; one without a default has that of the beginning of the file. */
static void read_arg(const struct dockerfile *dockerfile, const struct variables *environment,
                     struct variables *arguments, const char *at)
{
    const struct scope scope = {environment, arguments};

    while (*at != '\0') {
        CLEANUP(buf) struct buf value = BUF_INIT;
        size_t size = name_size(at);
        const char *name = at;
        const char *global = value_of(&dockerfile->arguments, name, size);
        at = read_word(dockerfile, &scope, at + size + (at[size] == '='), &value);
        if (name[size] == '=' && value.size <= VALUE_MAX)
            set_variable(arguments, name, size, buf_text(&value));
        else if (global != NULL && arguments != &dockerfile->arguments)
            set_variable(arguments, name, size, global);
        at += strspn(at, " \t");
    }
}

/* FROM [--platform=…] IMAGE [AS NAME] */
static void read_from(struct dockerfile *dockerfile, const char *at)
{
    static const struct variables none = {.list = STRINGS_INIT};
    const struct scope scope = {&none, &dockerfile->arguments};
    CLEANUP(strings) struct strings words = STRINGS_INIT;

    while (*at != '\0') {
        CLEANUP(buf) struct buf word = BUF_INIT;
        at = read_word(dockerfile, &scope, at, &word);
        if (!text_starts_with(buf_text(&word), "--"))
            strings_add(&words, buf_text(&word));
        at += strspn(at, " \t");
    }
    dockerfile->has_more = dockerfile->count == APPLICATION_STAGES_MAX;
    if (dockerfile->has_more || words.count == 0)
        return;
    struct stage *stage = &dockerfile->stages[dockerfile->count];
    if (words.count == 3)
        stage->name = xstrdup(words.items[2]);
    for (size_t i = dockerfile->count++; i > 0; i--) {
        const struct stage *earlier = &dockerfile->stages[i - 1];
        if (earlier->name == NULL || !text_equal_fold(earlier->name, words.items[0]))
            continue;
        stage->base = earlier;
        strings_add_all(&stage->environment.list, &earlier->environment.list);
        stage->environment.size = earlier->environment.size;
        stage->environment.has_more = earlier->environment.has_more;
        return;
    }
}

/* ["a", "b"], or a line of a shell. */
static void read_start(struct strings *out, bool *is_said, const char *at)
{
    json_auto_t *list = json_parse_or_null(at, strlen(at));
    json_t *word;
    size_t i;

    *is_said = true;
    strings_release(out);
    if (!json_is_array(list)) {
        strings_add(out, "/bin/sh");
        strings_add(out, "-c");
        strings_add(out, at);
        return;
    }
    json_array_foreach(list, i, word)
    {
        if (json_is_string(word))
            strings_add(out, json_string_value(word));
    }
}

/* "ENV " of "env  A=b"; NULL: another instruction. Returns what is behind it. */
static const char *behind_keyword(const char *line, const char *keyword)
{
    size_t size = strlen(keyword);
    CLEANUP(text) char *word = xstrndup(line, size);

    if (!text_equal_fold(word, keyword) || (line[size] != ' ' && line[size] != '\t'))
        return NULL;
    return line + size + strspn(line + size, " \t");
}

static void read_instruction(struct dockerfile *dockerfile, const char *line)
{
    struct stage *stage = dockerfile->count > 0 ? &dockerfile->stages[dockerfile->count - 1] : NULL;
    static const struct variables none = {.list = STRINGS_INIT};
    const char *rest = behind_keyword(line, "FROM");

    if (rest != NULL)
        read_from(dockerfile, rest);
    else if ((rest = behind_keyword(line, "ARG")) != NULL)
        read_arg(dockerfile, stage != NULL ? &stage->environment : &none,
                 stage != NULL ? &stage->arguments : &dockerfile->arguments, rest);
    else if (stage == NULL)
        return;
    else if ((rest = behind_keyword(line, "ENV")) != NULL)
        read_env(dockerfile, stage, rest);
    else if ((rest = behind_keyword(line, "ENTRYPOINT")) != NULL)
        read_start(&stage->entrypoint, &stage->has_entrypoint, rest);
    else if ((rest = behind_keyword(line, "CMD")) != NULL)
        read_start(&stage->command, &stage->has_command, rest);
}

/* One line of the file without blanks at its ends; returns what is behind it. */
static const char *take_line(const char *at, struct buf *out)
{
    size_t size = strcspn(at, "\n");
    const char *behind = at + size + (at[size] == '\n');
    size_t blanks = strspn(at, " \t");

    blanks = blanks < size ? blanks : size;
    while (size > blanks && strchr(" \t\r", at[size - 1]) != NULL)
        size--;
    buf_add(out, at + blanks, size - blanks);
    return behind;
}

/* The lines of a here-document, of which RUN and COPY have some: RUN <<EOF. */
static const char *skip_here_document(struct dockerfile *dockerfile, const char *line,
                                      const char *at)
{
    const char *mark = strstr(line, " <<");
    bool may_have = behind_keyword(line, "RUN") != NULL || behind_keyword(line, "COPY") != NULL;

    if (mark == NULL || !may_have || dockerfile->documents_left == 0)
        return at;
    dockerfile->documents_left--;
    mark += strlen(" <<");
    mark += strspn(mark, "-'\"");
    CLEANUP(text) char *word = xstrndup(mark, name_size(mark));
    for (const char *next = at; *word != '\0' && *next != '\0';) {
        CLEANUP(buf) struct buf text = BUF_INIT;
        next = take_line(next, &text);
        if (strcmp(buf_text(&text), word) == 0)
            return next;
    }
    return at; /* it has no end */
}

/* A line with those that it is continued in; comments between them are none of it. */
static const char *join_lines(const struct dockerfile *dockerfile, const char *at, struct buf *out)
{
    bool goes_on = true;

    while (goes_on && *at != '\0') {
        CLEANUP(buf) struct buf line = BUF_INIT;
        at = take_line(at, &line);
        if (out->size > 0 && (line.size == 0 || line.data[0] == '#'))
            continue;
        goes_on =
            line.size > 0 && line.data[line.size - 1] == dockerfile->escape && line.data[0] != '#';
        buf_add(out, buf_text(&line), line.size - goes_on);
    }
    return at;
}

static void read_text(struct dockerfile *dockerfile, const char *at)
{
    static const char escape[] = "escape=`";

    for (size_t i = 0; at[0] == '#' && i < 10; i++) { /* directives stand in front of all else */
        CLEANUP(buf) struct buf line = BUF_INIT;
        at = take_line(at, &line);
        const char *text = buf_text(&line) + 1;
        if (text_starts_with(text + strspn(text, " "), escape))
            dockerfile->escape = '`';
    }
    while (*at != '\0' && !dockerfile->has_more) {
        CLEANUP(buf) struct buf line = BUF_INIT;
        at = join_lines(dockerfile, at, &line);
        read_instruction(dockerfile, buf_text(&line));
        at = skip_here_document(dockerfile, buf_text(&line), at);
    }
}

static bool is_dockerfile(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;

    return strcmp(name, "Dockerfile") == 0 || strcmp(name, "Containerfile") == 0;
}

/* That of the folder itself, or the only one in it. */
static const struct application_file *choose(const struct application *application)
{
    const struct application_file *found = NULL;
    size_t count = 0;

    for (size_t i = 0; i < application->file_count; i++) {
        const struct application_file *file = &application->files[i];
        if (!is_dockerfile(file->path))
            continue;
        if (strchr(file->path, '/') == NULL)
            return file;
        found = file;
        count++;
    }
    return count == 1 ? found : NULL;
}

/* What an image of the stage is and starts. */
static void take_stage(const struct stage *stage, struct application *application)
{
    const struct stage *entry = stage;
    const struct stage *command = stage;

    while (!entry->has_entrypoint && entry->base != NULL)
        entry = entry->base;
    while (!command->has_command && command->base != NULL)
        command = command->base;
    strings_add_all(&application->environment, &stage->environment.list);
    strings_add_all(&application->entrypoint, &entry->entrypoint);
    strings_add_all(&application->command, &command->command);
    if (stage->environment.has_more || stage->arguments.has_more)
        strings_addf(&application->skipped,
                     "%s: its variables are more than %d, or than %zu KiB: the rest is not read",
                     application->dockerfile, VARIABLES_MAX, VARIABLES_SIZE_MAX / 1024);
}

void application_read_dockerfile(struct application *application)
{
    const struct application_file *file = choose(application);

    if (file == NULL)
        return;
    CLEANUP(dockerfile) struct dockerfile *dockerfile = xcalloc(1, sizeof(*dockerfile));
    dockerfile->escape = '\\';
    dockerfile->documents_left = DOCUMENTS_MAX;
    read_text(dockerfile, file->text);
    application->dockerfile = xstrdup(file->path);
    if (dockerfile->count == 0 || dockerfile->has_more)
        return;
    take_stage(&dockerfile->stages[dockerfile->count - 1], application);
}
