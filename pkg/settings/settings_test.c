#include "settings/settings.h"

#include "core/file.h"
#include "testing/folder.h"

#include <string.h>

/* What decides is set anew by each test. */
static int clear_environment(void **state)
{
    static const char *const others[] = {"XDG_CONFIG_HOME", "HOME", "INLAY_CONFIG", NULL};

    for (const struct setting *row = setting_rows; row->name != NULL; row++) {
        unsetenv(row->variable);
        for (const char *const *name = row->others; *name != NULL; name++)
            unsetenv(*name);
    }
    for (const char *const *name = others; *name != NULL; name++)
        unsetenv(*name);
    *state = folder_make();
    return 0;
}

static int clear_folder(void **state)
{
    folder_remove(*state);
    return 0;
}

static const struct setting_value *value_of(const struct settings *settings, const char *name)
{
    const struct setting *row = setting_find(name);

    assert_non_null(row);
    return &settings->values[row - setting_rows];
}

/* "origin from: texts" */
static void check_value(const struct settings *settings, const char *name, const char *expected)
{
    static const char *const origins[] = {"built-in", "file", "others", "variable"};
    const struct setting_value *value = value_of(settings, name);
    CLEANUP(buf) struct buf actual = BUF_INIT;

    buf_addf(&actual, "%s %s:", origins[value->origin], value->from != NULL ? value->from : "-");
    for (size_t i = 0; i < value->texts.count; i++)
        buf_addf(&actual, " %s", value->texts.items[i]);
    assert_string_equal(buf_text(&actual), expected);
}

static void write_file(const char *folder, const char *text)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *inlay = xasprintf("%s/inlay", folder);
    CLEANUP(text) char *file = xasprintf("%s/config.json", inlay);

    assert_int_equal(file_make_folders(inlay, &err), 0);
    assert_int_equal(file_replace_private(file, text, strlen(text), &err), 0);
}

static void a_variable_wins_over_those_of_others_and_they_over_the_file(void **state)
{
    CLEANUP(settings) struct settings settings = SETTINGS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    setenv("XDG_CONFIG_HOME", *state, 1);
    assert_int_equal(settings_read(&settings, &err), 0);
    assert_false(settings.has_file);
    check_value(&settings, "hub_endpoint", "built-in -:");
    write_file(*state, "{\"hub_endpoint\": \"https://file.example\", \"jobs\": 8}");
    assert_int_equal(settings_read(&settings, &err), 0);
    assert_true(settings.has_file);
    check_value(&settings, "hub_endpoint", "file -: https://file.example");
    check_value(&settings, "jobs", "file -: 8");
    setenv("HF_ENDPOINT", "", 1); /* says nothing */
    assert_int_equal(settings_read(&settings, &err), 0);
    check_value(&settings, "hub_endpoint", "file -: https://file.example");
    setenv("HF_ENDPOINT", "https://others.example", 1);
    assert_int_equal(settings_read(&settings, &err), 0);
    check_value(&settings, "hub_endpoint", "others HF_ENDPOINT: https://others.example");
    setenv("INLAY_HUB_ENDPOINT", "https://ours.example", 1);
    assert_int_equal(settings_read(&settings, &err), 0);
    check_value(&settings, "hub_endpoint", "variable INLAY_HUB_ENDPOINT: https://ours.example");
    setenv("INLAY_HUB_ENDPOINT", "", 1); /* what is built in, in place of all of them */
    setenv("INLAY_INSECURE", "localhost:5000,r.example", 1);
    assert_int_equal(settings_read(&settings, &err), 0);
    check_value(&settings, "hub_endpoint", "variable INLAY_HUB_ENDPOINT:");
    check_value(&settings, "insecure", "variable INLAY_INSECURE: localhost:5000 r.example");
}

static void the_file_is_where_variables_say(void **state)
{
    const char *folder = *state;
    CLEANUP(settings) struct settings settings = SETTINGS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *config = xasprintf("%s/.config", folder);
    CLEANUP(text) char *named = xasprintf("%s/inlay/config.json", folder);

    assert_int_equal(settings_read(&settings, &err), 0); /* neither HOME nor anything */
    assert_null(settings.file);
    write_file(config, "{\"jobs\": 1}");
    write_file(folder, "{\"jobs\": 2}");
    setenv("HOME", folder, 1);
    setenv("XDG_CONFIG_HOME", "relative", 1); /* is none */
    assert_int_equal(settings_read(&settings, &err), 0);
    check_value(&settings, "jobs", "file -: 1");
    setenv("INLAY_CONFIG", named, 1);
    assert_int_equal(settings_read(&settings, &err), 0);
    assert_string_equal(settings.file, named);
    check_value(&settings, "jobs", "file -: 2");
    setenv("INLAY_CONFIG", "", 1);
    assert_int_equal(settings_read(&settings, &err), 0);
    assert_null(settings.file);
    setenv("INLAY_CONFIG", "/nowhere/config.json", 1);
    assert_int_equal(settings_read(&settings, &err), -1);
    assert_int_equal(err.kind, ERROR_NOT_FOUND);
    assert_string_equal(err.text, "the configuration: '/nowhere/config.json' does not exist");
}

static void a_file_that_others_may_write_is_not_obeyed(void **state)
{
    CLEANUP(settings) struct settings settings = SETTINGS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *file = xasprintf("%s/inlay/config.json", (const char *)*state);

    setenv("XDG_CONFIG_HOME", *state, 1);
    write_file(*state, "{\"jobs\": 2}");
    static const mode_t bad[] = {0620, 0602, 0666};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_int_equal(chmod(file, bad[i]), 0);
        assert_int_equal(settings_read(&settings, &err), -1);
        assert_int_equal(err.kind, ERROR_LOCAL);
        assert_non_null(strstr(err.text, "'chmod go-w' takes that from them"));
    }
    assert_int_equal(chmod(file, 0644), 0);
    assert_int_equal(settings_read(&settings, &err), 0);
    check_value(&settings, "jobs", "file -: 2");
    if (geteuid() != 0)
        return;
    assert_int_equal(chown(file, 12345, 12345), 0);
    assert_int_equal(settings_read(&settings, &err), -1);
    assert_non_null(strstr(err.text, "belongs to the user 12345, expected 0"));
}

static void what_the_file_must_not_have_is_refused_with_its_name(void **state)
{
    static const struct {
        const char *text;
        enum error_kind kind;
        const char *complaint;
    } cases[] = {
        {"{}", ERROR_NONE, NULL},
        {"{\"$schema\": \"x\", \"jobs\": 0}", ERROR_NONE, NULL}, /* its option says the rest */
        {"", ERROR_CORRUPT, "it is not JSON"},
        {"[]", ERROR_CORRUPT, "expected an object"},
        {"{\"jobs\": 1, \"jobs\": 2}", ERROR_CORRUPT, "a member stands twice"},
        {"{\"job\": 1}", ERROR_CORRUPT, "the member 'job' is not known; near it: jobs;"},
        {"{\"zebra\": 1}", ERROR_CORRUPT, "the member 'zebra' is not known; 'inlay config'"},
        {"{\"jobs\": \"1\"}", ERROR_CORRUPT, "'jobs' is not what it has to be, expected a whole"},
        {"{\"jobs\": -1}", ERROR_CORRUPT, "'jobs' is not what it has to be, expected a whole"},
        {"{\"jobs\": 1.5}", ERROR_CORRUPT, "'jobs' is not what it has to be, expected a whole"},
        {"{\"insecure\": \"a\"}", ERROR_CORRUPT, "'insecure' is not what it has to be"},
        {"{\"insecure\": [1]}", ERROR_CORRUPT, "'insecure' is not what it has to be"},
        {"{\"progress\": \"a\\nb\"}", ERROR_CORRUPT, "'progress' is not what it has to be"},
        {"{\"tls_ca\": \"ca.pem\"}", ERROR_CORRUPT, "'tls_ca' is not what it has to be"},
        {"{\"tls_ca\": \"auto\"}", ERROR_CORRUPT, "'tls_ca' is not what it has to be"},
        {"{\"layer_cache\": \"oci:layers\"}", ERROR_CORRUPT, "'layer_cache' is not what it"},
        {"{\"hub_token\": \"hf_x\"}", ERROR_REFUSED, "belongs into HF_TOKEN"},
        {"{\"Password\": \"x\"}", ERROR_REFUSED, "'docker login'"},
        {"{\"creds\": [\"a=b\"]}", ERROR_REFUSED, "--creds"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(settings) struct settings settings = SETTINGS_INIT;
        settings_parse(cases[i].text, strlen(cases[i].text), &settings);
        assert_int_equal(settings.problem_count, cases[i].complaint != NULL ? 1 : 0);
        if (cases[i].complaint == NULL)
            continue;
        assert_int_equal(settings.problems[0].kind, cases[i].kind);
        if (strstr(settings.problems[0].text, cases[i].complaint) == NULL)
            fail_msg("'%s' lacks '%s'", settings.problems[0].text, cases[i].complaint);
    }
}

static void what_is_right_holds_beside_what_is_wrong(void **state)
{
    static const char text[] = "{\"jobs\": \"x\", \"retries\": 1, \"jbos\": 3, \"timout\": 4,"
                               " \"insecure\": [\"a\", 1]}";
    CLEANUP(settings) struct settings settings = SETTINGS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *file = xasprintf("%s/inlay/config.json", (const char *)*state);

    setenv("XDG_CONFIG_HOME", *state, 1);
    write_file(*state, text);
    settings_read_all(&settings);
    check_value(&settings, "retries", "file -: 1");
    check_value(&settings, "jobs", "built-in -:");
    check_value(&settings, "insecure", "built-in -:");
    assert_int_equal(settings.problem_count, 4);
    CLEANUP(text)
    char *unknown = xasprintf("'%s': the member 'jbos' is not known; near it: jobs; 'inlay config' "
                              "lists all of them",
                              file);
    assert_string_equal(settings.problems[0].text, unknown);
    assert_int_equal(settings.problems[0].row, SETTING_ROWS_MAX);
    assert_ptr_equal(&setting_rows[settings.problems[2].row], setting_find("insecure"));
    assert_ptr_equal(&setting_rows[settings.problems[3].row], setting_find("jobs"));
    assert_int_equal(settings_read(&settings, &err), -1); /* for a command that goes by them */
    assert_string_equal(err.text, unknown);
    check_value(&settings, "retries", "file -: 1"); /* as it was before */
}

static void paths_of_the_file_are_absolute_or_in_the_home(void **state)
{
    static const char text[] =
        "{\"hub_cache\": \"auto\", \"tls_ca\": \"~/ca.pem\", \"cert_dir\": \"/etc/x\","
        " \"layer_cache\": \"oci:~/layers\", \"insecure\": []}";
    CLEANUP(settings) struct settings settings = SETTINGS_INIT;

    (void)state;
    settings_parse(text, strlen(text), &settings);
    assert_int_equal(settings.problem_count, 2); /* and that of 'tls_ca' */
    assert_string_equal(settings.problems[0].text,
                        "'layer_cache' is '~/layers', and HOME is not set");
    settings_release(&settings);
    setenv("HOME", "/home/u", 1);
    settings_parse(text, strlen(text), &settings);
    assert_int_equal(settings.problem_count, 0);
    check_value(&settings, "hub_cache", "file -: auto");
    check_value(&settings, "tls_ca", "file -: /home/u/ca.pem");
    check_value(&settings, "cert_dir", "file -: /etc/x");
    check_value(&settings, "layer_cache", "file -: oci:/home/u/layers");
    check_value(&settings, "insecure", "file -:");
}

static void what_may_be_secret_in_a_value_is_not_shown(void **state)
{
    static const struct {
        const char *value, *shown;
    } cases[] = {
        {"https://u:p@h.example/x?token=t#f", "https://h.example/x"},
        {"u:p@r.example/layers", "…@r.example/layers"},
        {"r.example:5000/layers", "r.example:5000/layers"},
        {"r.example:5000/layers@sha256:00", "r.example:5000/layers@sha256:00"},
        {"/home/a@b/x", "/home/a@b/x"},
        {"8", "8"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(text) char *shown = setting_display(cases[i].value);
        assert_string_equal(shown, cases[i].shown);
    }
}

static void a_mistyped_variable_is_found_and_one_of_others_is_not(void **state)
{
    CLEANUP(strings) struct strings names = STRINGS_INIT;
    CLEANUP(strings) struct strings nearest = STRINGS_INIT;

    (void)state;
    setenv("INLAY_JOBBS", "1", 1);
    setenv("INLAY_VERSION", "0.1.0", 1);
    setenv("INLAY_JOBS", "1", 1);
    settings_list_unknown(&names, &nearest);
    unsetenv("INLAY_JOBBS");
    unsetenv("INLAY_VERSION");
    assert_int_equal(names.count, 1);
    assert_string_equal(names.items[0], "INLAY_JOBBS");
    assert_string_equal(nearest.items[0], "INLAY_JOBS");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, clear_environment, clear_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_variable_wins_over_those_of_others_and_they_over_the_file),
        TEST(the_file_is_where_variables_say),
        TEST(a_file_that_others_may_write_is_not_obeyed),
        TEST(what_the_file_must_not_have_is_refused_with_its_name),
        TEST(what_is_right_holds_beside_what_is_wrong),
        TEST(paths_of_the_file_are_absolute_or_in_the_home),
        TEST(what_may_be_secret_in_a_value_is_not_shown),
        TEST(a_mistyped_variable_is_found_and_one_of_others_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
