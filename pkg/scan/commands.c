#include "core/buf.h"
#include "scan/application_internal.h"
#include "scan/scan_internal.h"

#include <string.h>

/*
 * Programs that take a model on their command line: the image's ENTRYPOINT and CMD, and the lines
 * of its scripts.
 */
struct command_rule {
    const char *program;  /* the name of the program, or of the module behind `-m` */
    const char *verb;     /* the word behind it; NULL: any */
    const char *flags;    /* that the model is behind, '|' between them; "": none */
    bool is_positional;   /* the model may stand behind the verb by itself */
    const char *variable; /* of the environment, that it reads too; NULL: none */
    const char *layout;   /* NULL: the Hub's cache */
    const char *loader;
    const char *prefix; /* in front of the model, as inlay names it; NULL: none */
};

static const struct command_rule rules[] = {
    {"vllm", "serve", "--model", true, NULL, NULL, "vllm", NULL},
    {"vllm.entrypoints.openai.api_server", NULL, "--model", false, NULL, NULL, "vllm", NULL},
    {"vllm.entrypoints.api_server", NULL, "--model", false, NULL, NULL, "vllm", NULL},
    {"text-generation-launcher", NULL, "--model-id", false, "MODEL_ID", NULL,
     "text-generation-inference", NULL},
    {"text-embeddings-router", NULL, "--model-id", false, "MODEL_ID", "tei",
     "text-embeddings-inference", NULL},
    {"llama-server", NULL, "-hf|-hfr|--hf-repo", false, "LLAMA_ARG_HF_REPO", "llama-cpp",
     "llama.cpp", NULL},
    {"llama-cli", NULL, "-hf|-hfr|--hf-repo", false, "LLAMA_ARG_HF_REPO", "llama-cpp", "llama.cpp",
     NULL},
    {"infinity_emb", "v2", "--model-id|--model-name-or-path", false, "INFINITY_MODEL_ID", NULL,
     "infinity-emb", NULL},
    {"sglang.launch_server", NULL, "--model-path|--model", false, NULL, NULL, "sglang", NULL},
    {"lmdeploy", "serve", "", false, NULL, NULL, "lmdeploy", NULL},
    {"fastchat.serve.model_worker", NULL, "--model-path", false, NULL, NULL, "fschat", NULL},
    {"huggingface-cli", "download", "", true, NULL, NULL, "huggingface-hub", NULL},
    {"hf", "download", "", true, NULL, NULL, "huggingface-hub", NULL},
    {"ollama", "run", "", true, NULL, "ollama", "ollama", "ollama://"},
    {"ollama", "pull", "", true, NULL, "ollama", "ollama", "ollama://"},
};

/* Words of one command. */
struct words {
    struct strings list;
    const char *place; /* "CMD", "/start.sh:3"; borrowed */
    const char *file;  /* NULL: none; borrowed */
    bool sure;
};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* The value behind one of the flags, as "--flag value" or "--flag=value". */
static const char *flag_value(const struct words *words, size_t from, const char *flags)
{
    for (size_t i = from; i < words->list.count; i++) {
        const char *word = words->list.items[i];
        for (const char *flag = flags; *flag != '\0';) {
            size_t size = strcspn(flag, "|");
            bool fits = strncmp(word, flag, size) == 0;
            if (fits && word[size] == '=')
                return word + size + 1;
            if (fits && word[size] == '\0' && i + 1 < words->list.count)
                return words->list.items[i + 1];
            flag += size + (flag[size] == '|');
        }
    }
    return NULL;
}

static void add_quantization(struct scan_finding *finding, const char *quantization)
{
    if (*quantization != '\0')
        finding->weights = xasprintf("gguf:%s", quantization);
}

static void add_model(struct scan *scan, const struct words *words, const struct command_rule *rule,
                      const char *text, const char *place)
{
    CLEANUP(scan_finding) struct scan_finding finding = SCAN_FINDING_INIT;
    CLEANUP(error) struct error err = ERROR_INIT; /* only whether it is a name matters */
    CLEANUP(text) char *name = xstrdup(text);
    bool is_of_hub = rule->prefix == NULL;
    char *colon = is_of_hub ? strchr(name, ':') : NULL;

    if (colon != NULL)
        *colon = '\0';
    if (is_of_hub &&
        (scan_is_local(scan, words->file, name) || origin_check_hub_name(name, &err) < 0)) {
        scan_add_note(scan->out, "%s: %s is given '%s', which is a path: nothing is downloaded",
                      place, rule->program, text);
        return;
    }
    const struct offline_rule *asks = scan_offline_command_rule(rule->program);
    if (asks != NULL)
        scan_offline_command(scan, asks, place, flag_value(words, 0, asks->argument));
    if (colon != NULL)
        add_quantization(&finding, colon + 1);
    const char *revision = flag_value(words, 0, "--revision");
    finding.model = xasprintf("%s%s%s%s", is_of_hub ? "" : rule->prefix, name,
                              revision != NULL && is_of_hub ? "@" : "",
                              revision != NULL && is_of_hub ? revision : "");
    finding.layout = text_copy(rule->layout);
    finding.loader = xstrdup(rule->loader);
    finding.version = text_copy(scan_version(scan, PACKAGE_PYTHON, rule->loader));
    finding.sure = words->sure;
    finding.reason = xasprintf("%s is started with it", rule->program);
    strings_add(&finding.places, place);
    scan_add_placed(scan, NULL, NULL, &finding);
}

/* The first word behind `from` that is no flag, nor what may be the value of one. */
static const char *positional(const struct words *words, size_t from)
{
    return from < words->list.count && words->list.items[from][0] != '-' ? words->list.items[from]
                                                                         : NULL;
}

static void apply(struct scan *scan, const struct words *words, const struct command_rule *rule,
                  size_t at)
{
    const char *where = NULL;
    const char *model = flag_value(words, at, rule->flags);
    const struct server_words server = {&words->list, at,          rule->program, rule->loader,
                                        words->place, words->file, words->sure};

    scan_server_models(scan, &server);

    if (model == NULL && rule->is_positional)
        model = positional(words, at);
    if (model != NULL && strchr(model, '$') != NULL) {
        scan_add_unresolved(scan->out, "%s: %s is given '%s', which only a start tells",
                            words->place, rule->program, model);
        return;
    }
    if (model != NULL) {
        add_model(scan, words, rule, model, words->place);
        return;
    }
    model = rule->variable != NULL ? scan_variable(scan, rule->variable, &where) : NULL;
    if (model == NULL)
        return;
    CLEANUP(text) char *place = xasprintf("ENV %s", rule->variable);
    add_model(scan, words, rule, model, place);
}

static void find_programs(struct scan *scan, const struct words *words)
{
    for (size_t i = 0; i < words->list.count; i++) {
        const char *name = base_name(words->list.items[i]);
        const char *next = i + 1 < words->list.count ? words->list.items[i + 1] : "";
        for (size_t k = 0; k < ARRAY_SIZE(rules); k++) {
            const struct command_rule *rule = &rules[k];
            if (strcmp(rule->program, name) != 0)
                continue;
            if (rule->verb == NULL)
                apply(scan, words, rule, i + 1);
            else if (strcmp(rule->verb, next) == 0)
                apply(scan, words, rule, i + 2);
        }
    }
}

static bool is_name(char letter)
{
    return letter == '_' || (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9');
}

/* $NAME, ${NAME}, ${NAME:-default}; what is not known stays as it is. Returns what is behind. */
static const char *expand(const struct scan *scan, const char *at, struct buf *out)
{
    bool braced = at[1] == '{';
    const char *name = at + 1 + braced;
    const char *end = name;
    const char *where = NULL;

    while (is_name(*end))
        end++;
    const char *behind = braced ? strchr(end, '}') : end;
    if (end == name || behind == NULL) {
        buf_add(out, at, 1);
        return at + 1;
    }
    CLEANUP(text) char *variable = xstrndup(name, (size_t)(end - name));
    const char *value = scan_variable(scan, variable, &where);
    bool has_default = braced && (text_starts_with(end, ":-") || *end == '-');
    if (value != NULL)
        buf_add_text(out, value);
    else if (has_default)
        buf_add(out, end + strcspn(end, "-") + 1, (size_t)(behind - end - strcspn(end, "-") - 1));
    else
        buf_add(out, at, (size_t)(behind + braced - at));
    return behind + braced;
}

/* One word of a line of a shell (POSIX, 2.2 "Quoting"); NULL: the command ends. */
static const char *next_word(const struct scan *scan, const char *at, struct buf *out, bool *ends)
{
    char quote = '\0';

    at += strspn(at, " \t");
    *ends = *at == '\0' || *at == '#' || strchr(";&|()", *at) != NULL;
    if (*ends)
        return at;
    while (*at != '\0' && (quote != '\0' || strchr(" \t;&|()", *at) == NULL)) {
        if (*at == '\\' && quote != '\'' && at[1] != '\0') {
            buf_add(out, at + 1, 1);
            at += 2;
        } else if (*at == '$' && quote != '\'') {
            at = expand(scan, at, out);
        } else if (quote == '\0' ? *at == '\'' || *at == '"' : *at == quote) {
            quote = (char)(quote == '\0' ? *at : '\0');
            at++;
        } else {
            buf_add(out, at++, 1);
        }
    }
    return at;
}

/* NAME=value in front of a command, or by itself. */
static bool is_assignment(const char *word)
{
    const char *at = word;

    while (is_name(*at))
        at++;
    return *at == '=' && at > word;
}

/* What a script that is started sets counts in what it starts. */
static void add_assignment(struct scan *scan, const struct words *like, const char *word)
{
    const char *value = strchr(word, '=') + 1;
    struct scan_setting setting = {.name = xstrndup(word, (size_t)(value - 1 - word)),
                                   .value = xstrdup(value)};

    strings_add(&scan->variables, word);
    if (like->sure && *value != '\0' && strchr(value, '$') == NULL)
        scan_add_setting(scan, &setting);
    free(setting.name);
    free(setting.value);
}

static void read_command_line(struct scan *scan, const char *text, const struct words *like)
{
    while (*text != '\0') {
        struct words words = *like;
        bool ends = false;
        words.list = (struct strings)STRINGS_INIT;
        while (!ends) {
            CLEANUP(buf) struct buf word = BUF_INIT;
            text = next_word(scan, text, &word, &ends);
            if (ends)
                break;
            if (words.list.count == 0 && is_assignment(buf_text(&word)))
                add_assignment(scan, like, buf_text(&word));
            else if (strcmp(buf_text(&word), "export") != 0 || words.list.count > 0)
                strings_add(&words.list, buf_text(&word));
        }
        find_programs(scan, &words);
        strings_release(&words.list);
        if (*text == '#')
            return;
        text += *text != '\0';
    }
}

void scan_command_line(struct scan *scan, const char *path, const char *place, const char *text,
                       bool sure)
{
    const struct words like = {.place = place, .file = path, .sure = sure};

    read_command_line(scan, text, &like);
}

/* A line with the ones that it is continued in; returns how many they were. */
static size_t join_lines(const char **at, struct buf *out)
{
    size_t count = 0;
    bool goes_on = true;

    while (goes_on && **at != '\0') {
        size_t size = strcspn(*at, "\n");
        goes_on = size > 0 && (*at)[size - 1] == '\\';
        buf_add(out, *at, goes_on ? size - 1 : size);
        *at += size + ((*at)[size] == '\n');
        count++;
    }
    return count;
}

/* Whether the command line, or a script that it starts, has this file's name in it. */
static bool is_started(const struct scan *scan, const char *path)
{
    const struct strings *lists[] = {&scan->application->entrypoint, &scan->application->command};
    const char *name = base_name(path);

    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        for (size_t k = 0; k < lists[i]->count; k++)
            if (strstr(lists[i]->items[k], name) != NULL)
                return true;
    return false;
}

/* "command=PROGRAM…" of supervisord, where blanks may stand around the '='. */
static const char *skip_command_key(const char *line)
{
    static const char key[] = "command";
    const char *at = line;

    if (!text_starts_with(at, key))
        return line;
    at += strlen(key);
    at += strspn(at, " \t");
    return *at == '=' ? at + 1 : line;
}

static void read_script(struct scan *scan, const struct application_file *file)
{
    bool is_supervisor = strcmp(base_name(file->path), "supervisord.conf") == 0;
    unsigned line = 1;

    for (const char *at = file->text; *at != '\0';) {
        CLEANUP(buf) struct buf text = BUF_INIT;
        CLEANUP(text) char *place = xasprintf("%s:%u", file->path, line);
        line += (unsigned)join_lines(&at, &text);
        const struct words like = {
            .place = place, .file = file->path, .sure = is_started(scan, file->path)};
        read_command_line(scan, is_supervisor ? skip_command_key(buf_text(&text)) : buf_text(&text),
                          &like);
    }
}

/* CMD ["a", "b"], CMD a b; of a folder, whose image is not made yet. */
static void read_instruction(struct scan *scan, const struct application_file *file,
                             const char *text, unsigned line)
{
    CLEANUP(text) char *place = xasprintf("%s:%u", file->path, line);
    CLEANUP(text) char *copy = xstrdup(text + strcspn(text, " \t"));
    const struct words like = {.place = place, .file = file->path, .sure = true};

    /* The array's marks are blanks for a shell. */
    if (copy[strspn(copy, " \t")] == '[')
        for (char *at = copy; *at != '\0'; at++)
            if (strchr("[],", *at) != NULL)
                *at = ' ';
    read_command_line(scan, copy, &like);
}

/* FROM [--platform=…] IMAGE [AS NAME]: the image that a stage is made of, also behind others. */
static void read_from(const char *text, struct strings *names, struct strings *bases)
{
    CLEANUP(strings) struct strings words = STRINGS_INIT;

    for (const char *at = text + strcspn(text, " \t"); *at != '\0';) {
        at += strspn(at, " \t");
        size_t size = strcspn(at, " \t");
        CLEANUP(text) char *word = xstrndup(at, size);
        if (size > 0 && !text_starts_with(word, "--"))
            strings_add(&words, word);
        at += size;
    }
    const char *base = words.count > 0 ? words.items[0] : "";
    for (size_t i = names->count; i > 0; i--)
        if (text_equal_fold(names->items[i - 1], base)) {
            base = bases->items[i - 1];
            break;
        }
    CLEANUP(text) char *own = xstrdup(base); /* it may move when the list grows */
    strings_add(names, words.count == 3 ? words.items[2] : "");
    strings_add(bases, own);
}

/* The instructions that say what an image starts, of its last stage. */
struct start {
    struct buf text;     /* those that there are, one behind the other */
    unsigned line;       /* of the last one; of FROM, if there is none */
    bool has_entrypoint; /* else that of its base counts */
};

static void read_start(struct scan *scan, const struct application_file *file,
                       const struct start *start, const char *base)
{
    const char *entrypoint = start->has_entrypoint ? NULL : scan_server_entrypoint(base);
    const char *text = buf_text(&start->text);
    bool is_continued = text_starts_with(text + strspn(text, " \t[\""), "-");

    if (start->text.size > 0 || entrypoint != NULL) {
        CLEANUP(text)
        char *line = xasprintf("CMD %s%s", entrypoint != NULL ? entrypoint : "", text);
        read_instruction(scan, file, line, start->line);
    }
    if (entrypoint == NULL && !start->has_entrypoint && is_continued)
        scan_add_unresolved(scan->out,
                            "%s:%u: CMD goes on with the ENTRYPOINT of '%s', which is not known "
                            "here: scan the image that is built",
                            file->path, start->line, base);
}

static void read_dockerfile(struct scan *scan, const struct application_file *file)
{
    CLEANUP(strings) struct strings names = STRINGS_INIT;
    CLEANUP(strings) struct strings bases = STRINGS_INIT;
    struct start start = {.text = BUF_INIT};
    unsigned line = 1;

    for (const char *at = file->text; *at != '\0' && !cancel_is_requested(scan->cancel);) {
        CLEANUP(buf) struct buf buf = BUF_INIT;
        unsigned first = line;
        line += (unsigned)join_lines(&at, &buf);
        const char *text = buf_text(&buf) + strspn(buf_text(&buf), " \t");
        bool is_entrypoint = text_starts_with(text, "ENTRYPOINT ");
        if (text_starts_with(text, "ENV ") && strchr(text, '=') != NULL)
            read_instruction(scan, file, text, first);
        if (text_starts_with(text, "FROM ") && names.count == APPLICATION_STAGES_MAX) {
            scan_add_skipped(scan->out, "%s:%u: only its first %d stages are read", file->path,
                             first, APPLICATION_STAGES_MAX);
            buf_release(&start.text);
            return; /* none of them is the image's */
        }
        if (text_starts_with(text, "FROM ")) {
            read_from(text, &names, &bases);
            buf_clear(&start.text);
            start.line = first;
            start.has_entrypoint = false;
        }
        if (!is_entrypoint && !text_starts_with(text, "CMD "))
            continue;
        /* Together they are one command line. */
        buf_add_text(&start.text, text + strcspn(text, " \t"));
        start.line = first;
        start.has_entrypoint = start.has_entrypoint || is_entrypoint;
    }
    read_start(scan, file, &start, bases.count > 0 ? bases.items[bases.count - 1] : "");
    buf_release(&start.text);
}

/* Of the image itself; `sh -c "a b"` is a line of a shell. */
static void read_image_command(struct scan *scan)
{
    const struct application *application = scan->application;
    struct words words = {.place = application->command.count > 0 ? "CMD" : "ENTRYPOINT",
                          .sure = true};

    strings_add_all(&words.list, &application->entrypoint);
    strings_add_all(&words.list, &application->command);
    for (size_t i = 0; i < words.list.count; i++)
        if (strpbrk(words.list.items[i], " \t") != NULL)
            read_command_line(scan, words.list.items[i], &words);
    find_programs(scan, &words);
    strings_release(&words.list);
}

void scan_commands(struct scan *scan)
{
    const struct application *application = scan->application;
    bool is_image =
        !application->is_folder && application->entrypoint.count + application->command.count > 0;

    for (size_t i = 0; i < application->file_count; i++) {
        const struct application_file *file = &application->files[i];
        const char *name = base_name(file->path);
        if (text_starts_with(name, "Dockerfile") || text_ends_with(name, ".Dockerfile")) {
            if (!is_image)
                read_dockerfile(scan, file);
        } else if (text_ends_with(name, ".sh") || strcmp(name, "Procfile") == 0 ||
                   strcmp(name, "supervisord.conf") == 0 ||
                   text_starts_with(file->text, "#!/bin/")) {
            read_script(scan, file);
        }
    }
    if (is_image)
        read_image_command(scan);
}
