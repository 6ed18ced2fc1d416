#include "command.h"
#include "configuration.h"
#include "json.h"
#include "table.h"

#include <stdio.h>
#include <string.h>

/* In the order of enum setting_origin. */
static const char *const origin_names[] = {"built-in", "file", "variable", "variable"};

/* What there is to say of one setting. */
struct shown {
    size_t row;    /* of the table */
    char *text;    /* "a, b", without secrets; NULL: nothing holds */
    char *problem; /* NULL: nothing is wrong with it */
};

struct shown_list {
    struct shown items[SETTING_ROWS_MAX];
    size_t count;
};

static void shown_list_release(struct shown_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].text);
        free(list->items[i].problem);
    }
}
CLEANUP_RELEASE(shown_list)

static void display(const struct setting *setting, const struct setting_value *value,
                    struct strings *out)
{
    if (value->texts.count == 0 && setting->built_in != NULL)
        strings_add(out, setting->built_in);
    for (size_t i = 0; i < value->texts.count; i++) {
        /* Of logins nothing but that there are some. */
        CLEANUP(text)
        char *text = strcmp(value->from != NULL ? value->from : "", "DOCKER_AUTH_CONFIG") == 0
                         ? xstrdup("…")
                         : setting_display(value->texts.items[i]);
        strings_add(out, text);
    }
}

/* Fails for none of them: what is wrong with each is told beside it. */
static void list(const struct settings *settings, struct options *options, struct shown_list *out)
{
    for (size_t i = 0; setting_rows[i].name != NULL; i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(strings) struct strings texts = STRINGS_INIT;
        struct shown *shown = &out->items[out->count++];
        shown->row = i;
        display(&setting_rows[i], &settings->values[i], &texts);
        shown->text = texts.count > 0 ? table_join(&texts) : NULL;
        /* What others' variables have, if it is of another kind, is for those to look at. */
        if ((settings->values[i].origin != SETTING_OTHERS || setting_rows[i].others_are_alike) &&
            configuration_check(settings, i, options, &err) < 0)
            shown->problem = TAKE(err.text);
    }
    for (size_t i = 0; i < settings->problem_count; i++) {
        const struct settings_problem *problem = &settings->problems[i];
        if (problem->row == SETTING_ROWS_MAX || out->items[problem->row].problem != NULL)
            continue;
        out->items[problem->row].problem = xstrdup(problem->text);
    }
}

static const char *name_origin(const struct settings *settings, const struct shown *shown)
{
    const struct setting_value *value = &settings->values[shown->row];

    switch (value->origin) {
    case SETTING_FILE:
        return settings->file;
    case SETTING_OTHERS:
    case SETTING_VARIABLE:
        return value->from;
    case SETTING_BUILT_IN:
        break;
    }
    return shown->text != NULL ? "built in" : "";
}

/* Names of members come from a file. */
static void print_wrong(const char *text)
{
    CLEANUP(text) char *shown = xstrdup(text);

    text_mask(shown);
    printf("wrong: %s\n", shown);
}

static void print_text(const struct settings *settings, const struct shown_list *list)
{
    CLEANUP(table) struct table table = {.columns = 3};
    CLEANUP(strings) struct strings unknown = STRINGS_INIT;
    CLEANUP(strings) struct strings expected = STRINGS_INIT;

    printf("file: %s%s\n", settings->file != NULL ? settings->file : "none",
           settings->file != NULL && !settings->has_file ? " (there is none)" : "");
    table_add(&table, "SETTING");
    table_add(&table, "VALUE");
    table_add(&table, "FROM");
    for (size_t i = 0; i < list->count; i++) {
        const struct shown *shown = &list->items[i];
        table_add(&table, setting_rows[shown->row].name);
        table_add(&table, shown->text != NULL ? shown->text : "-");
        table_add(&table, name_origin(settings, shown));
    }
    table_print(&table, table.columns);
    for (size_t i = 0; i < settings->problem_count; i++)
        if (settings->problems[i].row == SETTING_ROWS_MAX)
            print_wrong(settings->problems[i].text);
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].problem != NULL)
            print_wrong(list->items[i].problem);
    settings_list_unknown(&unknown, &expected);
    for (size_t i = 0; i < unknown.count; i++)
        printf("not read: %s; did you mean %s?\n", unknown.items[i], expected.items[i]);
}

static json_t *shown_to_json(const struct settings *settings, const struct shown *shown)
{
    CLEANUP(strings) struct strings texts = STRINGS_INIT;
    const struct setting *setting = &setting_rows[shown->row];
    const struct setting_value *value = &settings->values[shown->row];
    bool is_file = value->origin == SETTING_FILE;

    display(setting, value, &texts);
    return json_pack("{s:s, s:o, s:s, s:o, s:o, s:s, s:s}", "name", setting->name, "values",
                     strings_to_json(&texts), "from", origin_names[value->origin], "where",
                     text_to_json(is_file ? settings->file : value->from), "problem",
                     text_to_json(shown->problem), "option", setting->option, "variable",
                     setting->variable);
}

static void print_json(const struct settings *settings, const struct shown_list *list)
{
    json_auto_t *rows = json_array();
    json_auto_t *mistyped = json_array();
    json_auto_t *problems = json_array();
    CLEANUP(strings) struct strings unknown = STRINGS_INIT;
    CLEANUP(strings) struct strings expected = STRINGS_INIT;
    CLEANUP(buf) struct buf out = BUF_INIT;

    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(rows, shown_to_json(settings, &list->items[i]));
    settings_list_unknown(&unknown, &expected);
    for (size_t i = 0; i < unknown.count; i++)
        json_array_append_new(mistyped,
                              json_pack("{s:o, s:s}", "variable", text_to_json(unknown.items[i]),
                                        "nearest", expected.items[i]));
    for (size_t i = 0; i < settings->problem_count; i++)
        if (settings->problems[i].row == SETTING_ROWS_MAX)
            json_array_append_new(problems, text_to_json(settings->problems[i].text));
    json_auto_t *document = json_pack("{s:i, s:o, s:b, s:O, s:O, s:O}", "version", 1, "file",
                                      text_to_json(settings->file), "has_file", settings->has_file,
                                      "settings", rows, "unknown", mistyped, "problems", problems);
    json_to_buf(document, &out);
    printf("%s\n", buf_text(&out));
}

/*
 * The first that is wrong is how the command ends. Of one setting it is that, and what is wrong
 * with the file, which keeps the commands from going by it.
 */
static int judge(const struct settings *settings, const struct shown_list *list, const char *name,
                 struct error *err)
{
    for (size_t i = 0; i < settings->problem_count; i++) {
        const struct settings_problem *problem = &settings->problems[i];
        if (problem->row == SETTING_ROWS_MAX || name == NULL ||
            strcmp(name, setting_rows[problem->row].name) == 0)
            return error_set(err, problem->kind, "%s", problem->text);
    }
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].problem != NULL &&
            (name == NULL || strcmp(name, setting_rows[list->items[i].row].name) == 0))
            return error_set(err, ERROR_USAGE, "%s", list->items[i].problem);
    return 0;
}

/* Where print_text() has said what is wrong, that is not said again: the error names the settings.
 */
static int judge_told(const struct settings *settings, const struct shown_list *list,
                      struct error *err)
{
    CLEANUP(buf) struct buf names = BUF_INIT;
    bool is_file_wrong = false;

    if (judge(settings, list, NULL, err) == 0)
        return 0;
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].problem != NULL)
            buf_addf(&names, "%s%s", names.size > 0 ? ", " : "",
                     setting_rows[list->items[i].row].name);
    for (size_t i = 0; i < settings->problem_count; i++)
        is_file_wrong = is_file_wrong || settings->problems[i].row == SETTING_ROWS_MAX;
    if (is_file_wrong)
        buf_addf(&names, "%sthe file", names.size > 0 ? ", " : "");
    return error_set(err, err->kind, "mend what is wrong, as told above: %s", buf_text(&names));
}

/* For scripts: the value alone, a line each of several, if nothing is wrong. */
static int print_one(const struct shown_list *list, const char *name, bool in_json,
                     const struct settings *settings, struct error *err)
{
    const struct setting *setting = setting_find(name);

    if (setting == NULL) {
        CLEANUP(text) char *near = settings_near(name);
        return error_set(err, ERROR_USAGE, "'%s' is no setting%s; 'inlay config' lists all of them",
                         name, near);
    }
    struct shown_list one = {.items = {list->items[setting - setting_rows]}, .count = 1};
    CLEANUP(strings) struct strings texts = STRINGS_INIT;
    if (in_json) {
        print_json(settings, &one);
        return 0;
    }
    if (judge(settings, list, name, err) < 0)
        return -1;
    display(setting, &settings->values[setting - setting_rows], &texts);
    for (size_t i = 0; i < texts.count; i++)
        printf("%s\n", texts.items[i]);
    return 0;
}
static int run_config(const struct command_context *context, struct options *options,
                      struct error *err)
{
    CLEANUP(settings) struct settings settings = SETTINGS_INIT;
    CLEANUP(shown_list) struct shown_list list_of_all = {.count = 0};
    const char *name = options->name_count > 0 ? options->names[0] : NULL;
    bool in_json = options_has(options, "json");

    (void)context;
    settings_read_all(&settings);
    list(&settings, options, &list_of_all);
    if (name != NULL && print_one(&list_of_all, name, in_json, &settings, err) < 0)
        return -1;
    if (name == NULL && in_json)
        print_json(&settings, &list_of_all);
    if (name == NULL && !in_json) {
        print_text(&settings, &list_of_all);
        return judge_told(&settings, &list_of_all, err);
    }
    return judge(&settings, &list_of_all, name, err);
}

const struct command config_command = {
    .id = COMMAND_CONFIG,
    .goes_by = COMMAND_INJECT, /* has the options of all settings */
    .name = "config",
    .summary = "show what holds for options that are not given, and where it is from",
    .usage = "[NAME] [--json]",
    .about = "Shows the settings of this user and machine: where a command line leaves one of "
             "these options open, the project file counts, else a variable INLAY_…, one of other "
             "programs, the file, and what is built in. With NAME the value of this one alone.",
    .names = {"[NAME]"},
    .completed = {"SETTING"},
    .examples = {"--json", "layer_cache", "jobs --json"},
    .environment =
        "INLAY_CONFIG, a file in place of ~/.config/inlay/config.json (XDG_CONFIG_HOME); "
        "INLAY_…, one a setting",
    .result = "A line a setting: its value, and the variable or file that says so. Status 2 if a "
              "value is none that its option takes, 7 if the file is damaged.",
    .run = run_config,
};
