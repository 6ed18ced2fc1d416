#include "settings/settings.h"

#include "core/file.h"
#include "core/nearest.h"
#include "settings/settings_internal.h"

#include <string.h>
#include <unistd.h>

#define FILE_SIZE_MAX ((size_t)64 * 1024)
#define FILE_VARIABLE "INLAY_CONFIG"
#define VARIABLE_PREFIX "INLAY_"

const struct setting setting_rows[] = {
    {.name = "hub_endpoint",
     .variable = "INLAY_HUB_ENDPOINT",
     .option = "hub-endpoint",
     .form = SETTING_TEXT,
     .others = {"HF_ENDPOINT"},
     .others_are_alike = true,
     .built_in = "https://huggingface.co"},
    {.name = "hub_cache",
     .variable = "INLAY_HUB_CACHE",
     .option = "hub-cache",
     .form = SETTING_PATH_AUTO},
    {.name = "download_cache",
     .variable = "INLAY_DOWNLOAD_CACHE",
     .option = "download-cache",
     .form = SETTING_PATH},
    {.name = "layer_cache",
     .variable = "INLAY_LAYER_CACHE",
     .option = "layer-cache",
     .form = SETTING_REPOSITORY},
    {.name = "authfile",
     .variable = "INLAY_AUTHFILE",
     .option = "authfile",
     .form = SETTING_PATH,
     .others = {"REGISTRY_AUTH_FILE", "DOCKER_AUTH_CONFIG", "DOCKER_CONFIG"}},
    {.name = "tls_ca", .variable = "INLAY_TLS_CA", .option = "tls-ca", .form = SETTING_PATH},
    {.name = "cert_dir", .variable = "INLAY_CERT_DIR", .option = "cert-dir", .form = SETTING_PATH},
    {.name = "insecure", .variable = "INLAY_INSECURE", .option = "insecure", .form = SETTING_TEXTS},
    {.name = "jobs",
     .variable = "INLAY_JOBS",
     .option = "jobs",
     .form = SETTING_NUMBER,
     .built_in = "4"},
    {.name = "connections",
     .variable = "INLAY_CONNECTIONS",
     .option = "connections",
     .form = SETTING_NUMBER,
     .built_in = "8"},
    {.name = "chunk_size",
     .variable = "INLAY_CHUNK_SIZE",
     .option = "chunk-size",
     .form = SETTING_TEXT},
    {.name = "limit_rate",
     .variable = "INLAY_LIMIT_RATE",
     .option = "limit-rate",
     .form = SETTING_TEXT},
    {.name = "retries",
     .variable = "INLAY_RETRIES",
     .option = "retries",
     .form = SETTING_NUMBER,
     .built_in = "5"},
    {.name = "timeout",
     .variable = "INLAY_TIMEOUT",
     .option = "timeout",
     .form = SETTING_NUMBER,
     .built_in = "60"},
    {.name = "progress",
     .variable = "INLAY_PROGRESS",
     .option = "progress",
     .form = SETTING_TEXT,
     .built_in = "auto"},
    {.name = NULL},
};

_Static_assert(ARRAY_SIZE(setting_rows) <= SETTING_ROWS_MAX, "SETTING_ROWS_MAX is too small");

/* Variables of the name's kind that are no settings. */
static const char *const other_variables[] = {FILE_VARIABLE, "INLAY_DEBUG", NULL};

void settings_release(struct settings *settings)
{
    for (size_t i = 0; i < SETTING_ROWS_MAX; i++)
        strings_release(&settings->values[i].texts);
    for (size_t i = 0; i < settings->problem_count; i++)
        free(settings->problems[i].text);
    free(settings->problems);
    free(settings->file);
    *settings = (struct settings)SETTINGS_INIT;
}

const char *settings_variable(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && *value != '\0' ? value : NULL;
}

const struct setting *setting_find(const char *name)
{
    for (const struct setting *row = setting_rows; row->name != NULL; row++)
        if (strcmp(row->name, name) == 0)
            return row;
    return NULL;
}

char *settings_near(const char *name)
{
    struct nearest nearest = nearest_begin(name);

    for (const struct setting *row = setting_rows; row->name != NULL; row++)
        nearest_consider(&nearest, row->name);
    return nearest_format(&nearest);
}

/* What is near a variable; NULL: nothing, and then it is one of another program, or of a test. */
static const char *near_variable(const char *name)
{
    /* A letter or two; what is part of a name means something else: INLAY_CACHE. */
    struct nearest nearest = {.typed = name, .worst = 2};

    for (const struct setting *row = setting_rows; row->name != NULL; row++) {
        if (strcmp(name, row->variable) == 0)
            return NULL;
        nearest_consider(&nearest, row->variable);
    }
    return nearest.count > 0 ? nearest.names[0] : NULL;
}

void settings_list_unknown(struct strings *out, struct strings *expected)
{
    for (char **variable = environ; *variable != NULL; variable++) {
        CLEANUP(text) char *name = xstrndup(*variable, strcspn(*variable, "="));
        if (!text_starts_with(name, VARIABLE_PREFIX) || text_is_among(name, other_variables))
            continue;
        const char *near = near_variable(name);
        if (near == NULL)
            continue;
        strings_add(out, name);
        strings_add(expected, near);
    }
}

char *setting_display(const char *value)
{
    const char *at = strrchr(value, '@');
    const char *colon = strchr(value, ':');

    if (strstr(value, "://") != NULL)
        return text_display_url(value);
    if (at == NULL || text_starts_with(at, "@sha256:") || colon == NULL || colon > at)
        return xstrdup(value);
    return xasprintf("…%s", at); /* USER:PASSWORD@HOST */
}

/* The parts of a list: "a,b". */
static void split(const char *list, struct strings *out)
{
    while (*list != '\0') {
        size_t size = strcspn(list, ",");
        if (size > 0)
            strings_addf(out, "%.*s", (int)size, list);
        list += size + strspn(list + size, ",");
    }
}

static void take_variable(const struct setting *row, const char *text, struct setting_value *out)
{
    strings_release(&out->texts);
    out->origin = SETTING_VARIABLE;
    out->from = row->variable;
    if (row->form == SETTING_TEXTS)
        split(text, &out->texts);
    else if (*text != '\0')
        strings_add(&out->texts, text);
}

static void take_others(const struct setting *row, struct setting_value *out)
{
    for (const char *const *name = row->others; *name != NULL; name++) {
        const char *value = settings_variable(*name);
        if (value == NULL)
            continue;
        strings_release(&out->texts);
        out->origin = SETTING_OTHERS;
        out->from = *name;
        strings_add(&out->texts, value);
        return;
    }
}

static void take_environment(struct settings *settings)
{
    for (size_t i = 0; setting_rows[i].name != NULL; i++) {
        const char *value = getenv(setting_rows[i].variable);
        if (value != NULL)
            take_variable(&setting_rows[i], value, &settings->values[i]);
        else
            take_others(&setting_rows[i], &settings->values[i]);
    }
}

/* NULL: there is no place for one. Caller frees. */
static char *find_file(void)
{
    const char *named = getenv(FILE_VARIABLE);
    const char *config = settings_variable("XDG_CONFIG_HOME");
    const char *home = settings_variable("HOME");

    if (named != NULL)
        return *named != '\0' && strcmp(named, "/dev/null") != 0 ? xstrdup(named) : NULL;
    if (config != NULL && config[0] == '/') /* a relative one is none: XDG Base Directory */
        return xasprintf("%s/inlay/config.json", config);
    return home != NULL && home[0] == '/' ? xasprintf("%s/.config/inlay/config.json", home) : NULL;
}

/* Whether one that nobody names is there, as far as this user can see. */
static bool is_there(const char *file)
{
    return settings_variable(FILE_VARIABLE) != NULL || access(file, F_OK) == 0;
}

void settings_add_problem(struct settings *settings, size_t row, struct error *why)
{
    struct settings_problem problem = {.kind = why->kind, .row = row};

    problem.text = TAKE(why->text);
    settings->problems =
        xrealloc(settings->problems, settings->problem_count + 1, sizeof(*settings->problems));
    settings->problems[settings->problem_count++] = problem;
    error_release(why);
}

static void read_file(struct settings *settings)
{
    CLEANUP(buf) struct buf text = BUF_INIT;
    CLEANUP(error) struct error why = ERROR_INIT;

    if (file_read_trusted(settings->file, FILE_SIZE_MAX, &text, &why) < 0) {
        error_wrap(&why, "the configuration");
        settings_add_problem(settings, SETTING_ROWS_MAX, &why);
        return;
    }
    settings->has_file = true;
    settings_parse(buf_text(&text), text.size, settings);
    for (size_t i = 0; i < settings->problem_count; i++) {
        char *bare = settings->problems[i].text;
        settings->problems[i].text = xasprintf("'%s': %s", settings->file, bare);
        free(bare);
    }
}

void settings_read_all(struct settings *out)
{
    struct settings settings = SETTINGS_INIT;

    settings.file = find_file();
    if (settings.file != NULL && is_there(settings.file))
        read_file(&settings);
    take_environment(&settings);
    settings_release(out);
    *out = settings;
}

int settings_read(struct settings *out, struct error *err)
{
    CLEANUP(settings) struct settings settings = SETTINGS_INIT;

    settings_read_all(&settings);
    if (settings.problem_count > 0)
        return error_set(err, settings.problems[0].kind, "%s", settings.problems[0].text);
    settings_release(out);
    *out = settings;
    settings = (struct settings)SETTINGS_INIT;
    return 0;
}
