#include "auth/auth_internal.h"
#include "auth/folder_test_internal.h"

/* A file that knows `user` for r.example. */
static void put_login(const char *folder, const char *path, const char *user)
{
    CLEANUP(text) char *pair = xasprintf("%s:pass", user);
    CLEANUP(text) char *auth = base64_encode(pair, strlen(pair));
    CLEANUP(text) char *json = xasprintf("{\"auths\":{\"r.example\":{\"auth\":\"%s\"}}}", auth);

    folder_put(folder, path, json, false);
}

static int find(const struct auth_options *options, const char *host, struct credential *out,
                struct error *err)
{
    struct credential_finder *credentials = credential_finder_new(options);
    struct credential_query query = {host, "team/app"};
    int result = credential_finder_find(credentials, &query, false, out, err);

    credential_finder_free(credentials);
    return result;
}

static void check_user(const struct auth_options *options, const char *user)
{
    CLEANUP(credential) struct credential found = CREDENTIAL_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (find(options, "r.example", &found, &err) < 0)
        fail_msg("%s", err.text);
    if (user == NULL)
        assert_true(credential_is_empty(&found));
    else if (found.user == NULL || strcmp(found.user, user) != 0)
        fail_msg("'%s', expected '%s'", found.user, user);
}

static char *variable_path(const char *folder, const char *path)
{
    return xasprintf("%s/%s", folder, path);
}

static void a_home_that_may_not_be_entered_has_no_login(void **state)
{
    const char *folder = *state;
    const struct auth_options options = {.authfile = NULL};
    const char *const closed[] = {".docker", ".config"};
    uid_t uid = geteuid();

    folder_be_home(folder);
    put_login(folder, ".docker/config.json", "home-docker");
    put_login(folder, ".config/containers/auth.json", "home-podman");
    assert_int_equal(chmod(folder, 0755), 0);
    for (size_t i = 0; i < ARRAY_SIZE(closed); i++) {
        CLEANUP(text) char *path = variable_path(folder, closed[i]);
        assert_int_equal(chmod(path, 0), 0);
    }
    if (uid == 0 && seteuid(65534) < 0)
        skip();
    check_user(&options, NULL);
    assert_int_equal(seteuid(uid), 0);
    for (size_t i = 0; i < ARRAY_SIZE(closed); i++) {
        CLEANUP(text) char *path = variable_path(folder, closed[i]);
        assert_int_equal(chmod(path, 0755), 0);
    }
    check_user(&options, "home-podman");
}

static void the_first_place_that_knows_the_host_wins(void **state)
{
    const char *folder = *state;
    struct auth_options options = {.authfile = NULL};
    CLEANUP(text) char *named = variable_path(folder, "named.json");
    CLEANUP(text) char *docker = variable_path(folder, "docker");
    CLEANUP(text) char *config = variable_path(folder, "config");
    CLEANUP(text) char *option = variable_path(folder, "option.json");
    CLEANUP(text) char *line = xasprintf("r.example=%s/line", folder);
    const char *const creds[] = {line, NULL};

    /* From the last place to the first; each one stands before those above it. */
    folder_be_home(folder);
    check_user(&options, NULL);
    folder_put(folder, ".dockercfg", "{\"r.example\":{\"auth\":\"b2xkOnBhc3M=\"}}", false);
    check_user(&options, "old");
    put_login(folder, ".docker/config.json", "home-docker");
    check_user(&options, "home-docker");
    put_login(folder, ".config/containers/auth.json", "home-containers");
    check_user(&options, "home-containers");
    setenv("XDG_CONFIG_HOME", config, 1);
    check_user(&options, "home-docker");
    put_login(folder, "config/containers/auth.json", "config-containers");
    check_user(&options, "config-containers");
    put_login(folder, "run/containers/auth.json", "runtime");
    check_user(&options, "runtime");
    setenv("DOCKER_CONFIG", docker, 1);
    check_user(&options, "runtime");
    put_login(folder, "docker/config.json", "docker");
    check_user(&options, "docker");
    setenv("DOCKER_AUTH_CONFIG", "{\"auths\":{\"r.example\":{\"auth\":\"dmFyOnBhc3M=\"}}}", 1);
    check_user(&options, "var");
    setenv("REGISTRY_AUTH_FILE", named, 1);
    check_user(&options, "var");
    put_login(folder, "named.json", "named");
    check_user(&options, "named");
    put_login(folder, "option.json", "option");
    options.authfile = option;
    check_user(&options, "option");
    folder_put(folder, "line", "line:pass\n", false);
    options.creds = creds;
    check_user(&options, "line");
}

static void with_docker_config_the_home_folder_is_not_docker_s(void **state)
{
    struct auth_options options = {.authfile = NULL};

    folder_be_home(*state);
    put_login(*state, ".docker/config.json", "home-docker");
    setenv("DOCKER_CONFIG", "/nonexistent", 1);
    check_user(&options, NULL);
}

static void the_one_file_that_was_named_is_the_only_one(void **state)
{
    CLEANUP(text) char *option = variable_path(*state, "option.json");
    struct auth_options options = {.authfile = option};
    CLEANUP(credential) struct credential found = CREDENTIAL_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    folder_be_home(*state);
    put_login(*state, ".docker/config.json", "home-docker");
    assert_int_equal(find(&options, "r.example", &found, &err), -1);
    assert_int_equal(err.kind, ERROR_LOCAL);
    CLEANUP(text)
    char *text =
        xasprintf("looking for the credentials of 'r.example': '%s' does not exist", option);
    assert_string_equal(err.text, text);
    folder_put(*state, "option.json", "{}", false);
    check_user(&options, NULL);
}

/* Knows bob at r.example, and counts how often it was asked. */
static const char helper_script[] =
    "#!/bin/sh\n"
    "read -r server\n"
    "echo \"$server\" >>\"$HOME/asked\"\n"
    "[ \"$server\" = r.example ] || { echo credentials not found in native keychain; exit 1; }\n"
    "echo '{\"Username\":\"helped\",\"Secret\":\"pass\"}'\n";

static void a_file_is_read_in_the_order_of_docker(void **state)
{
    static const struct {
        const char *json, *host, *user;
    } cases[] = {
        {"{\"credHelpers\":{\"r.example\":\"x\"},\"auths\":{\"r.example/team\":{\"auth\":"
         "\"Ym9iOnBhc3M=\"}}}",
         "r.example", "helped"},
        {"{\"credHelpers\":{\"s.example\":\"x\"},\"credsStore\":\"x\",\"auths\":{\"s.example\":"
         "{\"auth\":\"Ym9iOnBhc3M=\"}}}",
         "s.example", NULL}, /* the helper of a host is alone, and knows nothing here */
        {"{\"credsStore\":\"x\",\"auths\":{\"r.example/team\":{\"auth\":\"Ym9iOnBhc3M=\"}}}",
         "r.example", "bob"},
        {"{\"credsStore\":\"x\",\"auths\":{\"r.example\":{\"auth\":\"Ym9iOnBhc3M=\"}}}",
         "r.example", "helped"},
        {"{\"credsStore\":\"x\",\"auths\":{\"s.example\":{\"auth\":\"Ym9iOnBhc3M=\"}}}",
         "s.example", "bob"},
        {"{\"credsStore\":\"x\"}", "s.example", NULL},
        {"{\"credsStore\":\"x\",\"auths\":{\"r.example\":{}}}", "r.example", "helped"},
    };
    struct auth_options options = {.authfile = NULL};

    folder_be_home(*state);
    folder_put(*state, "bin/docker-credential-x", helper_script, true);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(credential) struct credential found = CREDENTIAL_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        folder_put(*state, ".docker/config.json", cases[i].json, false);
        if (find(&options, cases[i].host, &found, &err) < 0)
            fail_msg("%s", err.text);
        if ((cases[i].user == NULL) != (found.user == NULL) ||
            (found.user != NULL && strcmp(cases[i].user, found.user) != 0))
            fail_msg("%s: '%s', expected '%s'", cases[i].json, found.user, cases[i].user);
    }
}

static void a_helper_is_asked_again_only_if_its_answer_was_refused(void **state)
{
    struct auth_options options = {.authfile = NULL};
    struct credential_query query = {"r.example", "team/app"};

    folder_be_home(*state);
    folder_put(*state, "bin/docker-credential-x", helper_script, true);
    folder_put(*state, ".docker/config.json", "{\"credsStore\":\"x\"}", false);
    struct credential_finder *credentials = credential_finder_new(&options);
    static const struct {
        bool fresh;
        const char *asked;
    } steps[] = {
        {false, "r.example\n"},
        {false, "r.example\n"},
        {true, "r.example\nr.example\n"},
        {false, "r.example\nr.example\n"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        CLEANUP(credential) struct credential found = CREDENTIAL_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(credential_finder_find(credentials, &query, steps[i].fresh, &found, &err),
                         0);
        assert_string_equal(found.password, "pass");
        CLEANUP(text) char *asked = folder_get(*state, "asked");
        assert_string_equal(asked, steps[i].asked);
    }
    credential_finder_free(credentials);
}

static void the_hub_is_asked_for_by_its_old_address(void **state)
{
    struct auth_options options = {.authfile = NULL};
    CLEANUP(credential) struct credential found = CREDENTIAL_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    folder_be_home(*state);
    folder_put(*state, "bin/docker-credential-x", helper_script, true);
    folder_put(*state, ".docker/config.json", "{\"credsStore\":\"x\"}", false);
    assert_int_equal(find(&options, "registry-1.docker.io", &found, &err), 0);
    CLEANUP(text) char *asked = folder_get(*state, "asked");
    assert_string_equal(asked, "https://index.docker.io/v1/\n");
}

static void the_closest_of_several_creds_is_taken(void **state)
{
    const char *folder = *state;
    CLEANUP(text) char *host = xasprintf("r.example=%s/host", folder);
    CLEANUP(text) char *team = xasprintf("r.example/team=%s/team", folder);
    CLEANUP(text) char *other = xasprintf("s.example=%s/other", folder);
    const char *const creds[] = {host, team, other, NULL};
    struct auth_options options = {.creds = creds};

    folder_be_home(folder);
    folder_put(folder, "host", "host:pass", false);
    folder_put(folder, "team", "team:pass", false);
    check_user(&options, "team");
}

static void add_line(void *arg, enum log_level level, const char *line)
{
    if (level == LOG_WARN)
        buf_addf(arg, "%s\n", line);
}

/* Asks for the logins of these hosts, and tells of those that nobody asked for. */
static void ask_all(const struct auth_options *options, const char *const *hosts)
{
    struct credential_finder *credentials = credential_finder_new(options);

    for (; *hosts != NULL; hosts++) {
        CLEANUP(credential) struct credential found = CREDENTIAL_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        const struct credential_query query = {*hosts, "team/app"};
        assert_int_equal(credential_finder_find(credentials, &query, false, &found, &err), 0);
    }
    credential_finder_tell_idle(credentials);
    credential_finder_free(credentials);
}

static void a_login_that_nobody_asks_for_is_told_where_another_is_missing(void **state)
{
    static const struct {
        const char *hosts[3];
        const char *line;
    } cases[] = {
        {{"r.example"}, ""},
        {{"r.example", "s.example"}, ""},
        {{NULL}, ""},
        {{"t.example"},
         "--creds has a login for 'r.example', which did not ask for one; 't.example' did\n"
         "--creds has a login for 's.example', which did not ask for one; 't.example' did\n"},
        {{"r.example", "t.example"},
         "--creds has a login for 's.example', which did not ask for one; 't.example' did\n"},
    };
    const char *folder = *state;
    CLEANUP(text) char *first = xasprintf("r.example=%s/first", folder);
    CLEANUP(text) char *second = xasprintf("s.example=%s/second", folder);
    const char *const creds[] = {first, second, NULL};

    folder_be_home(folder);
    folder_put(folder, "first", "ann:pass", false);
    folder_put(folder, "second", "bob:pass", false);
    assert_int_equal(chmod(strchr(first, '=') + 1, 0600), 0);
    assert_int_equal(chmod(strchr(second, '=') + 1, 0600), 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buf) struct buf lines = BUF_INIT;
        const struct log log = {LOG_WARN, add_line, &lines};
        ask_all(&(struct auth_options){.creds = creds, .log = &log}, cases[i].hosts);
        assert_string_equal(buf_text(&lines), cases[i].line);
    }
}

static void each_file_that_others_may_read_is_told_once(void **state)
{
    static const char *const hosts[] = {"r.example", "s.example", "r.example", NULL};
    const char *folder = *state;
    CLEANUP(text) char *first = variable_path(folder, "first");
    CLEANUP(text) char *second = variable_path(folder, "second");
    CLEANUP(text) char *of_r = xasprintf("r.example=%s", first);
    CLEANUP(text) char *of_s = xasprintf("s.example=%s", second);
    const char *const creds[] = {of_r, of_s, NULL};
    CLEANUP(buf) struct buf lines = BUF_INIT;
    const struct log log = {LOG_WARN, add_line, &lines};
    CLEANUP(text)
    char *expected = xasprintf("'%s' holds a password and may be read by others (mode 0644); "
                               "'chmod 600' it, or mount it with mode 0400\n"
                               "'%s' holds a password and may be read by others (mode 0640); "
                               "'chmod 600' it, or mount it with mode 0400\n",
                               first, second);

    folder_be_home(folder);
    folder_put(folder, "first", "ann:pass", false);
    folder_put(folder, "second", "bob:pass", false);
    assert_int_equal(chmod(first, 0644), 0);
    assert_int_equal(chmod(second, 0640), 0);
    ask_all(&(struct auth_options){.creds = creds, .log = &log}, hosts);
    assert_string_equal(buf_text(&lines), expected);
}

static void an_authfile_without_an_entry_is_filled_by_the_tool_that_can(void **state)
{
    const char *folder = *state;
    CLEANUP(text) char *path = xasprintf("%s/mine.json", folder);
    CLEANUP(text)
    char *provenance =
        xasprintf("'%s' has no credentials for 'r.example': 'skopeo login --authfile %s "
                  "r.example' or --creds r.example=FILE gives some",
                  path, path);
    struct auth_options options = {.authfile = path};
    CLEANUP(credential) struct credential found = CREDENTIAL_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    folder_be_home(folder);
    assert_int_equal(auth_check_authfile(path, &err), -1);
    assert_int_equal(err.kind, ERROR_LOCAL);
    assert_true(text_ends_with(err.text, "mine.json' does not exist"));
    error_release(&err);
    folder_put(folder, "mine.json", "{}", false);
    assert_int_equal(auth_check_authfile(path, &err), 0);
    assert_int_equal(find(&options, "r.example", &found, &err), 0);
    assert_string_equal(found.provenance, provenance);
}

static void a_password_in_the_place_of_a_file_is_not_repeated(void **state)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(auth_check_creds("r.example=bob:s3cr3tpw", &err), -1);
    assert_int_equal(err.kind, ERROR_LOCAL);
    assert_null(strstr(err.text, "s3cr3tpw"));
    assert_non_null(strstr(err.text, "there is no such file for 'r.example'; expected HOST=FILE"));
}

static void what_was_found_or_not_is_told_without_secrets(void **state)
{
    const char *folder = *state;
    struct auth_options options = {.authfile = NULL};
    CLEANUP(text) char *line = xasprintf("r.example=%s/line", folder);
    const char *const creds[] = {line, NULL};
    static const struct {
        const char *path, *content;
        bool creds;
        const char *provenance; /* %s: the folder */
    } cases[] = {
        {NULL, NULL, false,
         "there are no credentials for 'r.example': 'docker login r.example', 'skopeo login "
         "r.example' or --creds r.example=FILE gives some"},
        {".docker/config.json", "{}", false,
         "'%s/.docker/config.json' has no credentials for 'r.example': 'docker login r.example', "
         "'skopeo login r.example' or --creds r.example=FILE gives some"},
        {"run/containers/auth.json", "", false,
         "'%s/run/containers/auth.json', '%s/.docker/config.json' have no credentials for "
         "'r.example': 'docker login r.example', 'skopeo login r.example' or --creds "
         "r.example=FILE gives some"},
        {".docker/config.json", "{\"auths\":{\"https://r.example\":{\"auth\":\"Ym9iOnBhc3M=\"}}}",
         false,
         "the credentials of 'bob' come from '%s/.docker/config.json', key 'https://r.example'"},
        {".docker/config.json",
         "{\"auths\":{\"r.example\":{\"auth\":\"Ym9iOg==\",\"identitytoken\":\"pass\"}}}", false,
         "the identity token comes from '%s/.docker/config.json', key 'r.example'"},
        {".docker/config.json", "{\"auths\":{\"r.example\":{\"registrytoken\":\"pass\"}}}", false,
         "the registry token comes from '%s/.docker/config.json', key 'r.example'"},
        {"line", "ann:pass", true,
         "the credentials of 'ann' come from '%s/line', which --creds names for 'r.example'"},
    };

    folder_be_home(folder);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(credential) struct credential found = CREDENTIAL_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf provenance = BUF_INIT;
        if (cases[i].path != NULL)
            folder_put(folder, cases[i].path, cases[i].content, false);
        options.creds = cases[i].creds ? creds : NULL;
        assert_int_equal(find(&options, "r.example", &found, &err), 0);
        for (const char *at = cases[i].provenance; *at != '\0'; at++) {
            bool mark = at[0] == '%' && at[1] == 's';
            buf_add(&provenance, mark ? folder : at, mark ? strlen(folder) : 1);
            at += mark ? 1 : 0;
        }
        assert_string_equal(found.provenance, buf_text(&provenance));
    }
}

static void a_place_that_cannot_be_used_is_an_error_that_names_it(void **state)
{
    const char *folder = *state;
    struct auth_options options = {.authfile = NULL};
    CLEANUP(text) char *line = xasprintf("r.example=%s/line", folder);
    const char *const creds[] = {line, NULL};
    static const struct {
        const char *path, *content;
        bool creds;
        const char *complaint;
    } cases[] = {
        {".docker/config.json", "{\"auths\":{\"r.example\":{\"auth\":SECRET", false,
         "/.docker/config.json' is not JSON, at line 1, column "},
        {".docker/config.json", "{\"credsStore\":\"gone\"}", false,
         "/.docker/config.json' says that 'docker-credential-gone' has the credentials for "
         "'r.example', and there is no such program in PATH"},
        {".docker/config.json", "{\"credsStore\":\"a/b\"}", false,
         "/.docker/config.json' names the credential helper 'a/b', which is not the name"},
        {"line", "SECRET", true, "/line', which --creds names for 'r.example'"},
    };

    folder_be_home(folder);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(credential) struct credential found = CREDENTIAL_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        folder_put(folder, cases[i].path, cases[i].content, false);
        options.creds = cases[i].creds ? creds : NULL;
        assert_int_equal(find(&options, "r.example", &found, &err), -1);
        assert_int_equal(err.kind, ERROR_LOCAL);
        assert_true(text_starts_with(err.text, "looking for the credentials of 'r.example': "));
        if (strstr(err.text, cases[i].complaint) == NULL || strstr(err.text, "SECRET") != NULL)
            fail_msg("'%s' does not say '%s'", err.text, cases[i].complaint);
    }
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_authfile_without_an_entry_is_filled_by_the_tool_that_can,
                                        folder_setup, folder_teardown),
        cmocka_unit_test(a_password_in_the_place_of_a_file_is_not_repeated),
        IN_FOLDER(the_first_place_that_knows_the_host_wins),
        IN_FOLDER(a_home_that_may_not_be_entered_has_no_login),
        IN_FOLDER(with_docker_config_the_home_folder_is_not_docker_s),
        IN_FOLDER(the_one_file_that_was_named_is_the_only_one),
        IN_FOLDER(a_file_is_read_in_the_order_of_docker),
        IN_FOLDER(a_helper_is_asked_again_only_if_its_answer_was_refused),
        IN_FOLDER(the_hub_is_asked_for_by_its_old_address),
        IN_FOLDER(the_closest_of_several_creds_is_taken),
        IN_FOLDER(a_login_that_nobody_asks_for_is_told_where_another_is_missing),
        IN_FOLDER(each_file_that_others_may_read_is_told_once),
        IN_FOLDER(what_was_found_or_not_is_told_without_secrets),
        IN_FOLDER(a_place_that_cannot_be_used_is_an_error_that_names_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
