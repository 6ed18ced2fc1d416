#include "scan/scan_internal.h"

#include <string.h>

/*
 * JavaScript and TypeScript, as far as calls of transformers.js and tesseract.js need it: a file
 * becomes names, texts and marks (ECMA-262, "Lexical Grammar"); comments and regular expressions
 * are passed over, templates with holes are no texts. Constants that are bound once to a text are
 * followed.
 */
enum token_kind {
    TOKEN_END,
    TOKEN_NAME,
    TOKEN_TEXT,
    TOKEN_MARK,
    TOKEN_OTHER, /* a number, a template with holes */
};

struct token {
    enum token_kind kind;
    char *text; /* of names and texts; marks are one letter */
    unsigned line;
};

struct tokens {
    struct token *items;
    size_t count;
};

struct reader {
    const char *at;
    unsigned line;
    struct tokens *out;
};

static void tokens_release(struct tokens *tokens)
{
    for (size_t i = 0; i < tokens->count; i++)
        free(tokens->items[i].text);
    free(tokens->items);
    *tokens = (struct tokens){NULL, 0};
}
CLEANUP_RELEASE(tokens)

static void add_token(struct reader *reader, enum token_kind kind, const char *text, size_t size)
{
    struct tokens *out = reader->out;

    if (out->count % 256 == 0)
        out->items = xrealloc(out->items, out->count + 256, sizeof(*out->items));
    out->items[out->count++] = (struct token){kind, xstrndup(text, size), reader->line};
}

static bool is_name(char letter)
{
    return letter == '_' || letter == '$' || (letter >= 'a' && letter <= 'z') ||
           (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           (unsigned char)letter >= 0x80;
}

static void skip_comment(struct reader *reader)
{
    bool is_block = reader->at[1] == '*';

    reader->at += 2;
    while (*reader->at != '\0' && (is_block || *reader->at != '\n')) {
        if (is_block && text_starts_with(reader->at, "*/")) {
            reader->at += 2;
            return;
        }
        reader->line += *reader->at++ == '\n';
    }
}

/* Texts with escapes other than of quotes name no models: they become TOKEN_OTHER. */
static void read_text(struct reader *reader)
{
    char quote = *reader->at++;
    const char *start = reader->at;
    bool is_plain = true;

    while (*reader->at != '\0' && *reader->at != quote && (*reader->at != '\n' || quote == '`')) {
        is_plain = is_plain && *reader->at != '\\' && !text_starts_with(reader->at, "${");
        reader->line += *reader->at == '\n';
        reader->at += *reader->at == '\\' && reader->at[1] != '\0' ? 2 : 1;
    }
    add_token(reader, is_plain ? TOKEN_TEXT : TOKEN_OTHER, start, (size_t)(reader->at - start));
    reader->at += *reader->at == quote;
}

/* Behind a value '/' divides; elsewhere it begins a regular expression. */
static bool begins_expression(const struct reader *reader)
{
    const struct token *last =
        reader->out->count > 0 ? &reader->out->items[reader->out->count - 1] : NULL;

    return last == NULL || (last->kind == TOKEN_MARK && strchr(")]}", last->text[0]) == NULL);
}

static void skip_expression(struct reader *reader)
{
    bool in_class = false;

    for (reader->at++; *reader->at != '\0' && *reader->at != '\n'; reader->at++) {
        if (*reader->at == '\\' && reader->at[1] != '\0') {
            reader->at++;
        } else if (*reader->at == '/' && !in_class) {
            reader->at++;
            break;
        } else {
            in_class = *reader->at == '[' || (in_class && *reader->at != ']');
        }
    }
    add_token(reader, TOKEN_OTHER, "", 0);
}

static void read_token(struct reader *reader)
{
    const char *at = reader->at;
    size_t size = 0;

    while (is_name(at[size]))
        size++;
    if (size > 0) {
        add_token(reader, *at >= '0' && *at <= '9' ? TOKEN_OTHER : TOKEN_NAME, at, size);
        reader->at += size;
    } else if (*at == '\'' || *at == '"' || *at == '`') {
        read_text(reader);
    } else if (at[0] == '/' && (at[1] == '/' || at[1] == '*')) {
        skip_comment(reader);
    } else if (*at == '/' && begins_expression(reader)) {
        skip_expression(reader);
    } else {
        if (strchr(" \t\r\n", *at) == NULL)
            add_token(reader, TOKEN_MARK, at, 1);
        reader->line += *at == '\n';
        reader->at++;
    }
}

static void read_tokens(const struct application_file *file, struct tokens *out)
{
    struct reader reader = {.at = file->text, .line = 1, .out = out};

    while (*reader.at != '\0')
        read_token(&reader);
}

static const struct token *token_at(const struct tokens *tokens, size_t at)
{
    static const struct token end = {TOKEN_END, NULL, 0};

    return at < tokens->count ? &tokens->items[at] : &end;
}

static bool is_mark(const struct tokens *tokens, size_t at, char letter)
{
    const struct token *token = token_at(tokens, at);

    return token->kind == TOKEN_MARK && token->text[0] == letter;
}

static bool is_word(const struct tokens *tokens, size_t at, const char *word)
{
    const struct token *token = token_at(tokens, at);

    return token->kind == TOKEN_NAME && strcmp(token->text, word) == 0;
}

/* process.env.NAME, maybe with `?? 'default'` or `|| 'default'` behind it. */
static const char *variable_text(const struct scan *scan, const struct tokens *tokens, size_t at)
{
    const char *where = NULL;

    if (!is_word(tokens, at, "process") || !is_word(tokens, at + 2, "env") ||
        token_at(tokens, at + 4)->kind != TOKEN_NAME)
        return NULL;
    const char *value = scan_variable(scan, token_at(tokens, at + 4)->text, &where);
    if (value != NULL)
        return value;
    bool has_default = (is_mark(tokens, at + 5, '?') && is_mark(tokens, at + 6, '?')) ||
                       (is_mark(tokens, at + 5, '|') && is_mark(tokens, at + 6, '|'));
    const struct token *fallback = token_at(tokens, at + 7);
    return has_default && fallback->kind == TOKEN_TEXT ? fallback->text : NULL;
}

/* What `const NAME = …` says, if the file binds the name once. */
static const char *constant(const struct scan *scan, const struct tokens *tokens, const char *name)
{
    const char *found = NULL;

    for (size_t i = 0; i < tokens->count; i++) {
        if (!is_word(tokens, i, name) || !is_mark(tokens, i + 1, '=') ||
            is_mark(tokens, i + 2, '=') || is_mark(tokens, i + 2, '>') ||
            (i > 0 && is_mark(tokens, i - 1, '.')))
            continue;
        const struct token *value = token_at(tokens, i + 2);
        const char *text =
            value->kind == TOKEN_TEXT ? value->text : variable_text(scan, tokens, i + 2);
        if (text == NULL || (found != NULL && strcmp(found, text) != 0))
            return NULL;
        found = text;
    }
    return found;
}

/* The text of the argument, or of the option, that begins there; NULL: it is not known. */
static const char *argument_text(const struct scan *scan, const struct tokens *tokens, size_t at)
{
    const struct token *token = token_at(tokens, at);

    if (token->kind == TOKEN_TEXT)
        return token->text;
    if (is_word(tokens, at, "process"))
        return variable_text(scan, tokens, at);
    /* A field of the class around it: `static model = 'org/name'`. */
    if (is_word(tokens, at, "this") && is_mark(tokens, at + 1, '.')) {
        at += 2;
        token = token_at(tokens, at);
    }
    if (token->kind == TOKEN_NAME && (is_mark(tokens, at + 1, ',') ||
                                      is_mark(tokens, at + 1, ')') || is_mark(tokens, at + 1, '}')))
        return constant(scan, tokens, token->text);
    return NULL;
}

/* Where argument `number` of the call, whose '(' is at `open`, begins; 0: there is none. */
static size_t find_argument(const struct tokens *tokens, size_t open, unsigned number)
{
    unsigned depth = 0;

    for (size_t i = open; i < tokens->count; i++) {
        const struct token *token = &tokens->items[i];
        char letter = (char)(token->kind == TOKEN_MARK ? token->text[0] : '\0');
        if (letter != '\0' && strchr("([{", letter) != NULL)
            depth++;
        if (letter != '\0' && strchr(")]}", letter) != NULL && --depth == 0)
            return 0;
        bool begins = (i == open || (letter == ',' && depth == 1));
        if (begins && number-- == 0)
            return is_mark(tokens, i + 1, ')') ? 0 : i + 1;
    }
    return 0;
}

/* What stands behind `key:` within the call's brackets; 0: it is not there. */
static size_t find_option(const struct tokens *tokens, size_t open, const char *key)
{
    unsigned depth = 0;

    for (size_t i = open; i < tokens->count; i++) {
        const struct token *token = &tokens->items[i];
        char letter = (char)(token->kind == TOKEN_MARK ? token->text[0] : '\0');
        if (letter == '(')
            depth++;
        if (letter == ')' && --depth == 0)
            return 0;
        if (is_word(tokens, i, key) && is_mark(tokens, i + 1, ':'))
            return i + 2;
    }
    return 0;
}

/* A file of JavaScript and the package of transformers.js that it imports. */
struct script {
    struct scan *scan;
    const struct application_file *file;
    struct tokens tokens;
    const char *package; /* NULL: none */
    bool is_old;         /* @xenova/transformers */
};

static const char *find_import(const struct tokens *tokens, const char *const *names)
{
    for (size_t i = 0; i < tokens->count; i++)
        for (const char *const *name = names; *name != NULL; name++)
            if (tokens->items[i].kind == TOKEN_TEXT && strcmp(tokens->items[i].text, *name) == 0)
                return *name;
    return NULL;
}

static void finish(const struct script *script, struct scan_finding *finding, const char *package,
                   const char *what, unsigned line)
{
    struct scan *scan = script->scan;
    bool installed = application_find_package(scan->application, PACKAGE_NODE, package) != NULL;

    finding->loader = xstrdup(package);
    finding->version = text_copy(scan_version(scan, PACKAGE_NODE, package));
    /* A folder that npm has not been in has no packages to tell by. */
    finding->sure = !scan_is_test(script->file->path) &&
                    (installed || scan->application->is_folder ||
                     scan->application->entrypoint.count + scan->application->command.count == 0);
    finding->reason = xasprintf("%s() is called with it%s", what,
                                installed ? "" : "; the package is not installed");
    strings_addf(&finding->places, "%s:%u", script->file->path, line);
    scan_add_finding(scan->out, finding);
}

static void add_model(const struct script *script, const char *model, const char *what, size_t open)
{
    CLEANUP(scan_finding) struct scan_finding finding = SCAN_FINDING_INIT;
    CLEANUP(error) struct error err = ERROR_INIT; /* only whether it is a name matters */
    const struct tokens *tokens = &script->tokens;
    size_t dtype = script->is_old ? 0 : find_option(tokens, open, "dtype");
    const char *precision = dtype > 0 ? argument_text(script->scan, tokens, dtype) : "fp32";
    unsigned line = tokens->items[open].line;

    if (scan_is_local(script->scan, script->file->path, model) ||
        origin_check_hub_name(model, &err) < 0)
        return;
    if (precision == NULL) {
        scan_add_unresolved(script->scan->out,
                            "%s:%u: the dtype of '%s' is no text, and its files go by that",
                            script->file->path, line, model);
        return;
    }
    size_t revision = find_option(tokens, open, "revision");
    const char *named = revision > 0 ? argument_text(script->scan, tokens, revision) : "main";
    if (named == NULL || strcmp(named, "main") != 0) {
        scan_add_unresolved(script->scan->out,
                            "%s:%u: '%s' is asked for at %s%s%s, which the loader keeps beside its "
                            "main, and inlay bakes main alone",
                            script->file->path, line, model,
                            named != NULL ? "the revision '" : "a revision that only a start tells",
                            named != NULL ? named : "", named != NULL ? "'" : "");
        return;
    }
    size_t quantized = find_option(tokens, open, "quantized");
    if (script->is_old)
        precision = quantized > 0 && is_word(tokens, quantized, "false") ? "fp32" : "q8";
    finding.model = xstrdup(model);
    finding.layout = xstrdup(script->is_old ? "xenova-transformers" : "transformers-js");
    finding.weights = xasprintf("onnx:%s", precision);
    finish(script, &finding, script->package, what, line);
}

static void add_pipeline(const struct script *script, size_t open)
{
    const struct tokens *tokens = &script->tokens;
    size_t first = find_argument(tokens, open, 0);
    size_t second = find_argument(tokens, open, 1);
    const char *task = first > 0 ? argument_text(script->scan, tokens, first) : NULL;
    bool is_default =
        second == 0 || is_word(tokens, second, "null") || is_word(tokens, second, "undefined");

    const char *model = is_default ? NULL : argument_text(script->scan, tokens, second);
    if (is_default && task != NULL)
        model = scan_task_model_js(task);
    if (model != NULL)
        add_model(script, model, "pipeline", open);
    else if (task == NULL)
        scan_add_unresolved(script->scan->out, "%s:%u: the model of pipeline() is not told here",
                            script->file->path, tokens->items[open].line);
    else if (is_default)
        scan_add_unresolved(script->scan->out,
                            "%s:%u: pipeline('%s') names no model, and no default of this task is "
                            "known",
                            script->file->path, tokens->items[open].line, task);
    else
        scan_add_unresolved(script->scan->out,
                            "%s:%u: the model of pipeline('%s') is not told here",
                            script->file->path, tokens->items[open].line, task);
}

static void add_pretrained(const struct script *script, size_t open)
{
    size_t first = find_argument(&script->tokens, open, 0);
    const char *model = first > 0 ? argument_text(script->scan, &script->tokens, first) : NULL;

    if (model != NULL)
        add_model(script, model, "from_pretrained", open);
    else if (first > 0)
        scan_add_unresolved(script->scan->out,
                            "%s:%u: the model of from_pretrained() is not told here",
                            script->file->path, script->tokens.items[open].line);
}

static void add_worker(const struct script *script, size_t open)
{
    size_t first = find_argument(&script->tokens, open, 0);
    const char *language = first > 0 ? argument_text(script->scan, &script->tokens, first) : "eng";
    CLEANUP(scan_finding) struct scan_finding finding = SCAN_FINDING_INIT;
    const char *preset =
        language != NULL ? scan_preset(script->scan, "tesseract-js", language) : NULL;

    if (preset == NULL) {
        scan_add_unresolved(script->scan->out,
                            "%s:%u: the language of createWorker() has no preset of inlay's",
                            script->file->path, script->tokens.items[open].line);
        return;
    }
    finding.model = xstrdup(preset);
    finish(script, &finding, "tesseract.js", "createWorker", script->tokens.items[open].line);
}

static void scan_script(struct scan *scan, const struct application_file *file)
{
    static const char *const transformers[] = {"@huggingface/transformers", "@xenova/transformers",
                                               NULL};
    static const char *const tesseract[] = {"tesseract.js", NULL};
    CLEANUP(tokens) struct tokens tokens = {NULL, 0};

    if (strstr(file->text, "transformers") == NULL && strstr(file->text, "tesseract.js") == NULL)
        return;
    read_tokens(file, &tokens);
    struct script script = {.scan = scan, .file = file, .tokens = tokens};
    script.package = find_import(&tokens, transformers);
    script.is_old = script.package == transformers[1];
    bool reads_text = find_import(&tokens, tesseract) != NULL;
    for (size_t i = 0; i < tokens.count; i++) {
        bool is_method = i > 0 && is_mark(&tokens, i - 1, '.');
        if (!is_mark(&tokens, i + 1, '('))
            continue;
        if (script.package != NULL && is_word(&tokens, i, "pipeline"))
            add_pipeline(&script, i + 1);
        if (script.package != NULL && is_method && is_word(&tokens, i, "from_pretrained"))
            add_pretrained(&script, i + 1);
        if (reads_text && is_word(&tokens, i, "createWorker"))
            add_worker(&script, i + 1);
    }
}

void scan_javascript(struct scan *scan)
{
    static const char *const suffixes[] = {".js", ".mjs", ".cjs", ".jsx",
                                           ".ts", ".mts", ".cts", ".tsx"};

    for (size_t i = 0; i < scan->application->file_count && !cancel_is_requested(scan->cancel);
         i++) {
        const struct application_file *file = &scan->application->files[i];
        for (size_t k = 0; k < ARRAY_SIZE(suffixes); k++)
            if (text_ends_with(file->path, suffixes[k])) {
                scan_script(scan, file);
                break;
            }
    }
}
