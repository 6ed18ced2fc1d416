#include "json/parse.h"
#include "core/buf.h"
#include "settings/settings_internal.h"

#include <jansson.h>
#include <string.h>

#define VALUES_MAX ((size_t)1000)
#define TEXTS_MAX ((size_t)100)
#define OCI_PREFIX "oci:"

static int refuse(const struct setting *row, const char *expected, struct error *err)
{
    return error_set(err, ERROR_CORRUPT, "'%s' is not what it has to be, expected %s", row->name,
                     expected);
}

/* A secret would lie in a file that is read aloud, copied and kept under version control. */
static int refuse_secret(const char *name, struct error *err)
{
    static const char *const words[] = {"token", "password",   "passwd", "secret",
                                        "creds", "credential", "login",  "auths"};

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (text_contains_fold(name, words[i]))
            return error_set(err, ERROR_REFUSED,
                             "'%s' looks like a secret, and no secret stands in this file: the "
                             "Hub's token belongs into HF_TOKEN or where 'hf auth login' puts it, "
                             "the login of a registry where 'docker login' or 'skopeo login' put "
                             "it, or behind --creds",
                             name);
    return 0;
}

static int check_name(const char *name, struct error *err)
{
    if (strcmp(name, "$schema") == 0 || setting_find(name) != NULL)
        return 0;
    if (refuse_secret(name, err) < 0)
        return -1;
    CLEANUP(text) char *near = settings_near(name);
    return error_set(err, ERROR_CORRUPT,
                     "the member '%s' is not known%s; 'inlay config' lists all of them", name,
                     near);
}

static int take_path(const struct setting *row, const char *prefix, const char *path,
                     struct strings *out, struct error *err)
{
    const char *home = settings_variable("HOME");
    bool is_in_home = path[0] == '~' && path[1] == '/';

    if (is_in_home && home == NULL)
        return error_set(err, ERROR_LOCAL, "'%s' is '%s', and HOME is not set", row->name, path);
    if (!is_in_home && path[0] != '/')
        return refuse(row,
                      "a path that begins with '/' or '~/': a file of this kind has no folder "
                      "that others would be seen from",
                      err);
    strings_addf(out, "%s%s%s", prefix, is_in_home ? home : "", is_in_home ? path + 1 : path);
    return 0;
}

static int take_text(const struct setting *row, const char *text, struct strings *out,
                     struct error *err)
{
    bool is_folder = text_starts_with(text, OCI_PREFIX);

    bool is_auto = row->form == SETTING_PATH_AUTO && strcmp(text, "auto") == 0;

    if (row->form == SETTING_PATH || (row->form == SETTING_PATH_AUTO && !is_auto))
        return take_path(row, "", text, out, err);
    if (row->form == SETTING_REPOSITORY && is_folder)
        return take_path(row, OCI_PREFIX, text + strlen(OCI_PREFIX), out, err);
    strings_add(out, text);
    return 0;
}

static bool is_one_line(const json_t *value)
{
    return json_is_string(value) && text_is_one_line(json_string_value(value));
}

static int take_list(const struct setting *row, json_t *list, struct strings *out,
                     struct error *err)
{
    json_t *value;
    size_t i;

    if (!json_is_array(list) || json_array_size(list) > TEXTS_MAX)
        return refuse(row, "a list of texts", err);
    json_array_foreach(list, i, value)
    {
        if (!is_one_line(value))
            return refuse(row, "a list of texts of one line each", err);
        strings_add(out, json_string_value(value));
    }
    return 0;
}

static int take_member(const struct setting *row, json_t *value, struct strings *out,
                       struct error *err)
{
    switch (row->form) {
    case SETTING_TEXTS:
        return take_list(row, value, out, err);
    case SETTING_NUMBER:
        if (!json_is_integer(value) || json_integer_value(value) < 0)
            return refuse(row, "a whole number, without quotes", err);
        strings_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return 0;
    case SETTING_TEXT:
    case SETTING_PATH:
    case SETTING_PATH_AUTO:
    case SETTING_REPOSITORY:
        break;
    }
    if (!is_one_line(value))
        return refuse(row, "one line of text", err);
    return take_text(row, json_string_value(value), out, err);
}

/* A value that is wrong does not hold. */
static void take_members(json_t *document, struct settings *out)
{
    for (size_t i = 0; setting_rows[i].name != NULL; i++) {
        CLEANUP(error) struct error why = ERROR_INIT;
        json_t *value = json_object_get(document, setting_rows[i].name);
        struct setting_value *into = &out->values[i];
        if (value == NULL)
            continue;
        strings_release(&into->texts);
        into->origin = SETTING_FILE;
        if (take_member(&setting_rows[i], value, &into->texts, &why) == 0)
            continue;
        strings_release(&into->texts);
        into->origin = SETTING_BUILT_IN;
        settings_add_problem(out, i, &why);
    }
}

static int load(const char *text, size_t size, json_t **out, struct error *err)
{
    static const struct json_rules rules = {.values_max = VALUES_MAX,
                                            .flags = JSON_REJECT_DUPLICATES};
    json_auto_t *document = NULL;

    if (json_parse(text, size, &rules, &document, err) < 0)
        return -1;
    if (!json_is_object(document))
        return error_set(err, ERROR_CORRUPT, "it is no configuration: expected an object");
    *out = json_incref(document);
    return 0;
}

void settings_parse(const char *text, size_t size, struct settings *out)
{
    CLEANUP(error) struct error why = ERROR_INIT;
    json_auto_t *document = NULL;
    const char *name;
    json_t *value;

    if (load(text, size, &document, &why) < 0) {
        settings_add_problem(out, SETTING_ROWS_MAX, &why);
        return;
    }
    json_object_foreach(document, name, value)
    {
        if (check_name(name, &why) < 0)
            settings_add_problem(out, SETTING_ROWS_MAX, &why);
    }
    take_members(document, out);
}
