#include "auth/auth_internal.h"

#include "core/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const variables[] = {
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN",
    "HF_TOKEN_PATH",
    "HF_HOME",
    "XDG_CACHE_HOME",
    "HOME",
};

/* The files that a case may name; all in a temporary folder that is the working directory. */
static const struct {
    const char *path, *content;
} files[] = {
    {"path/t", "from-path\n"},
    {"hf/token", "  from-hf-home \r\n"},
    {"xdg/huggingface/token", "from-xdg"},
    {"home/.cache/huggingface/token", "from-home\n\n"},
    {"home/mine/token", "from-tilde"},
    {"empty/token", " \n"},
    {"strange/token", "two words"},
};

static int make_files(void **state)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    char *folder = xstrdup("/tmp/inlay-hub-token-XXXXXX");

    *state = folder;
    if (mkdtemp(folder) == NULL || chdir(folder) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        CLEANUP(text)
        char *parent =
            xstrndup(files[i].path, (size_t)(strrchr(files[i].path, '/') - files[i].path));
        if (file_make_folders(parent, &err) < 0 ||
            file_replace(files[i].path, files[i].content, strlen(files[i].content), &err) < 0)
            return -1;
    }
    return mkdir("folder", 0755) < 0 || mkdir("folder/token", 0755) < 0 ? -1 : 0;
}

static int remove_files(void **state)
{
    static const char *const folders[] = {
        "path",
        "hf",
        "xdg/huggingface",
        "xdg",
        "home/.cache/huggingface",
        "home/.cache",
        "home/mine",
        "home",
        "empty",
        "strange",
        "folder/token",
        "folder",
    };

    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        unlink(files[i].path);
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
        rmdir(folders[i]);
    int result = chdir("/") < 0 || rmdir(*state) < 0 ? -1 : 0;
    free(*state);
    return result;
}

/* Sets exactly the variables of `settings`: "NAME=value" each. */
static void set_environment(const char *const *settings)
{
    for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
        unsetenv(variables[i]);
    for (; *settings != NULL; settings++) {
        const char *sign = strchr(*settings, '=');
        CLEANUP(text) char *name = xstrndup(*settings, (size_t)(sign - *settings));
        setenv(name, sign + 1, 1);
    }
}

static void the_first_place_that_has_a_token_counts(void **state)
{
    static const struct {
        const char *settings[6];
        const char *token;
    } cases[] = {
        {{"HF_TOKEN=a", "HUGGING_FACE_HUB_TOKEN=b", "HF_HOME=hf"}, "a"},
        {{"HF_TOKEN=", "HUGGING_FACE_HUB_TOKEN=b", "HF_HOME=hf"}, "b"},
        {{"HF_TOKEN= \n", "HF_HOME=hf"}, "from-hf-home"},
        {{"HF_TOKEN= a\nb\r\n"}, "ab"},
        {{"HF_TOKEN_PATH=path/t", "HF_HOME=hf"}, "from-path"},
        {{"HF_TOKEN_PATH=path/none", "HF_HOME=hf"}, NULL},
        {{"HF_HOME=hf", "XDG_CACHE_HOME=xdg", "HOME=home"}, "from-hf-home"},
        {{"XDG_CACHE_HOME=xdg", "HOME=home"}, "from-xdg"},
        {{"HF_HOME=", "XDG_CACHE_HOME=", "HOME=home"}, "from-home"},
        {{"HF_HOME=~/mine", "HOME=home"}, "from-tilde"},
        {{"HF_HOME=none", "HOME=home"}, NULL},
        {{"HF_HOME=empty"}, NULL},
        {{NULL}, NULL},
        {{"HF_HUB_DISABLE_IMPLICIT_TOKEN=1", "HF_HOME=hf"}, NULL},
        {{"HF_HUB_DISABLE_IMPLICIT_TOKEN=Yes", "HF_HOME=hf"}, NULL},
        {{"HF_HUB_DISABLE_IMPLICIT_TOKEN=1", "HF_TOKEN=a", "HF_HOME=hf"}, "a"},
        {{"HF_HUB_DISABLE_IMPLICIT_TOKEN=2", "HF_HOME=hf"}, "from-hf-home"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(text) char *token = NULL;
        CLEANUP(error) struct error err = ERROR_INIT;
        set_environment(cases[i].settings);
        assert_int_equal(auth_hub_token(&token, &err), 0);
        if (cases[i].token == NULL)
            assert_null(token);
        else
            assert_string_equal(token, cases[i].token);
    }
}

static void a_token_that_cannot_be_used_is_reported_without_it(void **state)
{
    static const struct {
        const char *settings[2];
        const char *text;
    } cases[] = {
        {{"HF_HOME=folder"}, "reading the hub's token: "},
        {{"HF_HOME=strange"},
         "the token in 'strange/token' has characters that no token has; correct or remove it"},
        {{"HF_TOKEN=two words"},
         "the token in 'HF_TOKEN' has characters that no token has; correct or remove it"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(text) char *token = NULL;
        CLEANUP(error) struct error err = ERROR_INIT;
        set_environment(cases[i].settings);
        assert_int_equal(auth_hub_token(&token, &err), -1);
        assert_null(token);
        assert_int_equal(err.kind, ERROR_LOCAL);
        assert_memory_equal(err.text, cases[i].text, strlen(cases[i].text));
        assert_null(strstr(err.text, "two words"));
    }
}

/* Being root is put aside for the time of the call. */
static int find_as_somebody(char **token, struct error *err)
{
    uid_t uid = geteuid();

    if (uid == 0 && seteuid(65534) < 0)
        skip();
    int result = auth_hub_token(token, err);
    assert_int_equal(seteuid(uid), 0);
    return result;
}

static void a_home_that_may_not_be_entered_has_no_token(void **state)
{
    CLEANUP(text) char *home = xasprintf("HOME=%s/home", (const char *)*state);
    CLEANUP(text) char *file = xasprintf("HF_TOKEN_PATH=%s/home/mine/token", (const char *)*state);
    const char *const by_home[] = {home, NULL};
    const char *const by_file[] = {file, NULL};
    CLEANUP(text) char *token = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;

    assert_int_equal(chmod(*state, 0755), 0);
    assert_int_equal(chmod("home", 0), 0);
    set_environment(by_home);
    assert_int_equal(find_as_somebody(&token, &err), 0);
    assert_null(token);
    set_environment(by_file);
    assert_int_equal(find_as_somebody(&token, &err), -1);
    assert_int_equal(err.kind, ERROR_LOCAL);
    error_release(&err);

    /* One that is there and may not be read is no such case. */
    assert_int_equal(chmod("home", 0755), 0);
    assert_int_equal(chmod("home/.cache/huggingface/token", 0), 0);
    set_environment(by_home);
    assert_int_equal(find_as_somebody(&token, &err), -1);
    assert_int_equal(err.kind, ERROR_LOCAL);
    assert_non_null(strstr(err.text, "/home/.cache/huggingface/token': Permission denied"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_home_that_may_not_be_entered_has_no_token),
        cmocka_unit_test(the_first_place_that_has_a_token_counts),
        cmocka_unit_test(a_token_that_cannot_be_used_is_reported_without_it),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
