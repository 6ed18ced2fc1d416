#include "companion/companion_internal.h"

#include <string.h>

/*
 * pyannote's config.yaml names the models of a pipeline:
 *
 *   pipeline:
 *     name: pyannote.audio.pipelines.SpeakerDiarization
 *     params:
 *       segmentation: pyannote/segmentation-3.0
 *
 * Of YAML this reads mappings in block style whose values are plain or in quotes, on one line, as
 * its own are written; anything else says nothing. "$model/…" is the repository itself.
 */

#define DEPTH_MAX 4

struct level {
    size_t indent;
    const char *key;
    size_t size;
};

struct scanner {
    struct level levels[DEPTH_MAX];
    size_t depth;
};

static bool is_key(const struct level *level, const char *key)
{
    return level->size == strlen(key) && strncmp(level->key, key, level->size) == 0;
}

static bool is_at(const struct scanner *scanner, const char *first, const char *second,
                  const char *third)
{
    const char *const keys[] = {first, second, third};
    size_t depth = third != NULL ? 3 : 2;

    if (scanner->depth != depth)
        return false;
    for (size_t i = 0; i < depth; i++)
        if (!is_key(&scanner->levels[i], keys[i]))
            return false;
    return true;
}

/* The value behind a key, without quotes and comment; caller frees. */
static char *value_copy(const char *text, size_t size)
{
    size_t at = 0, end;

    while (at < size && text[at] == ' ')
        at++;
    bool is_quoted = at < size && (text[at] == '"' || text[at] == '\'');
    if (is_quoted) {
        const char *close = memchr(text + at + 1, text[at], size - at - 1);
        return close != NULL ? xstrndup(text + at + 1, (size_t)(close - text) - at - 1)
                             : xstrdup("");
    }
    for (end = at; end < size && !(text[end] == '#' && end > at && text[end - 1] == ' '); end++)
        ;
    while (end > at && (text[end - 1] == ' ' || text[end - 1] == '\r'))
        end--;
    return xstrndup(text + at, end - at);
}

/* Moves to the key of a line; its value, NULL if it is no key. Caller frees. */
static char *scan_line(struct scanner *scanner, const char *line, size_t size)
{
    size_t indent = 0;

    while (indent < size && line[indent] == ' ')
        indent++;
    if (indent == size || strchr("#-\t\r", line[indent]) != NULL)
        return NULL;
    const char *colon = memchr(line + indent, ':', size - indent);
    if (colon == NULL || (colon + 1 < line + size && colon[1] != ' ' && colon[1] != '\r'))
        return NULL;
    while (scanner->depth > 0 && scanner->levels[scanner->depth - 1].indent >= indent)
        scanner->depth--;
    if (scanner->depth == DEPTH_MAX)
        return NULL;
    scanner->levels[scanner->depth++] =
        (struct level){indent, line + indent, (size_t)(colon - line) - indent};
    return value_copy(colon + 1, size - (size_t)(colon + 1 - line));
}

/* The models of a pipeline, by what its parameters are called. */
static const char *const parameters[] = {"segmentation", "embedding", "plda"};

static void add_parameter(const struct search *search, const struct document *document,
                          const char *parameter, const char *value)
{
    CLEANUP(text) char *name = xstrndup(value, strcspn(value, "@"));
    CLEANUP(text) char *key = xasprintf("pipeline.params.%s", parameter);
    const char *revision = strchr(value, '@');

    if (value[0] == '\0' || strncmp(value, "$model", 6) == 0)
        return;
    mention_add(search, &(struct mention){
                            .kind = COMPANION_WEIGHTS,
                            .name = name,
                            .revision = revision != NULL ? revision + 1 : NULL,
                            .file = document->path,
                            .key = key,
                            .reason = "a model of the pipeline",
                        });
}

void read_pyannote(const struct search *search, const struct document *document)
{
    struct scanner scanner = {.depth = 0};
    char *values[ARRAY_SIZE(parameters)] = {NULL};
    const char *end = document->text + document->size;
    bool is_pyannote = false;

    for (const char *line = document->text; line < end;) {
        const char *feed = memchr(line, '\n', (size_t)(end - line));
        size_t size = (size_t)((feed != NULL ? feed : end) - line);
        CLEANUP(text) char *value = scan_line(&scanner, line, size);
        line += size + 1;
        if (value == NULL)
            continue;
        if (is_at(&scanner, "pipeline", "name", NULL))
            is_pyannote = strncmp(value, "pyannote.", 9) == 0;
        for (size_t i = 0; i < ARRAY_SIZE(parameters); i++)
            if (values[i] == NULL && is_at(&scanner, "pipeline", "params", parameters[i]))
                values[i] = TAKE(value);
    }
    for (size_t i = 0; i < ARRAY_SIZE(parameters); i++) {
        if (is_pyannote && values[i] != NULL)
            add_parameter(search, document, parameters[i], values[i]);
        free(values[i]);
    }
}
