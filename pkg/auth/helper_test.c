#include "auth/auth_internal.h"
#include "auth/folder_test_internal.h"

#include <pthread.h>

static struct helper new_helper(const char *name)
{
    return (struct helper){.name = name, .server = "r.example", .named_by = "F"};
}

static void an_answer_is_a_user_with_a_secret_or_nobody(void **state)
{
    static const struct {
        int status;
        const char *answer;
        const char *user, *password, *identity;
        const char *complaint; /* NULL: none */
    } cases[] = {
        {0, "{\"ServerURL\":\"r.example\",\"Username\":\"bob\",\"Secret\":\"pass\"}\n", "bob",
         "pass", NULL, NULL},
        {0, "{\"username\":\"AWS\",\"SECRET\":\"p\"}", "AWS", "p", NULL, NULL},
        {0, "{\"Username\":\"AWS\",\"Secret\":\"p:q\"}", "AWS", "p:q", NULL, NULL},
        {0, "{\"Username\":\"<token>\",\"Secret\":\"idt\"}", NULL, NULL, "idt", NULL},
        {0, "{\"Username\":\"\",\"Secret\":\"\"}", NULL, NULL, NULL, NULL},
        {1, "credentials not found in native keychain\n", NULL, NULL, NULL, NULL},
        {1, "  credentials not found in native keychain", NULL, NULL, NULL, NULL},
        {1, "no credentials server URL\n", NULL, NULL, NULL,
         "'docker-credential-x', which 'F' names, ended with status 1 for 'r.example': 'no "
         "credentials server URL'"},
        {2, "", NULL, NULL, NULL,
         "'docker-credential-x', which 'F' names, ended with status 2 for 'r.example'"},
        {1, "{\"Username\":\"bob\",\"Secret\":\"SECRET\"}", NULL, NULL, NULL,
         "'docker-credential-x', which 'F' names, ended with status 1 for 'r.example'"},
        {1, "SECRET of bob\n", NULL, NULL, NULL,
         "'docker-credential-x', which 'F' names, ended with status 1 for 'r.example'"},
        {1, "\xff\xfe", NULL, NULL, NULL,
         "'docker-credential-x', which 'F' names, ended with status 1 for 'r.example'"},
        {0, "SECRET", NULL, NULL, NULL,
         "'docker-credential-x', which 'F' names, does not answer with 'Username' and 'Secret' in "
         "JSON"},
        {0, "{\"Secret\":\"SECRET\"}", NULL, NULL, NULL,
         "'docker-credential-x', which 'F' names, does not answer with 'Username' and 'Secret' in "
         "JSON"},
        {0, "{\"Username\":7,\"Secret\":\"SECRET\"}", NULL, NULL, NULL,
         "'docker-credential-x', which 'F' names, does not answer with 'Username' and 'Secret' in "
         "JSON"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(credential) struct credential credential = CREDENTIAL_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf answer = BUF_INIT;
        struct helper helper = new_helper("x");
        buf_add_text(&answer, cases[i].answer);
        int result = helper_parse(&helper, &answer, cases[i].status, &credential, &err);
        assert_int_equal(result, cases[i].complaint == NULL ? 0 : -1);
        if (cases[i].complaint != NULL) {
            assert_int_equal(err.kind, ERROR_LOCAL);
            assert_string_equal(err.text, cases[i].complaint);
        }
        const char *const expected[] = {cases[i].user, cases[i].password, cases[i].identity};
        const char *const found[] = {credential.user, credential.password,
                                     credential.identity_token};
        for (size_t j = 0; j < ARRAY_SIZE(expected); j++)
            if ((expected[j] == NULL) != (found[j] == NULL) ||
                (expected[j] != NULL && strcmp(expected[j], found[j]) != 0))
                fail_msg("%s: '%s', expected '%s'", cases[i].answer, found[j], expected[j]);
    }
}

static void a_helper_is_asked_by_its_standard_input_alone(void **state)
{
    static const char script[] = "#!/bin/sh\n"
                                 "tr '\\0' ' ' </proc/$$/cmdline >\"$HOME/cmdline\"\n"
                                 "cat >\"$HOME/question\"\n"
                                 "echo '{\"Username\":\"bob\",\"Secret\":\"pass\"}'\n";
    CLEANUP(credential) struct credential credential = CREDENTIAL_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct helper helper = new_helper("my.own_helper-1");

    folder_be_home(*state);
    folder_put(*state, "bin/docker-credential-my.own_helper-1", script, true);
    if (helper_ask(&helper, &credential, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(credential.user, "bob");
    assert_string_equal(credential.password, "pass");
    assert_string_equal(
        credential.provenance,
        "the credentials of 'bob' come from 'docker-credential-my.own_helper-1', which 'F' names");
    CLEANUP(text) char *question = folder_get(*state, "question");
    CLEANUP(text) char *cmdline = folder_get(*state, "cmdline");
    assert_string_equal(question, "r.example");
    assert_non_null(strstr(cmdline, "docker-credential-my.own_helper-1 get "));
    assert_null(strstr(cmdline, "r.example"));
}

static void a_helper_may_leave_its_question_or_a_child_behind(void **state)
{
    static const char *const scripts[] = {
        "#!/bin/sh\necho '{\"Username\":\"bob\",\"Secret\":\"pass\"}'\n",
        "#!/bin/sh\nsleep 30 2>/dev/null &\necho '{\"Username\":\"bob\",\"Secret\":\"pass\"}'\n",
    };

    folder_be_home(*state);
    for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
        CLEANUP(credential) struct credential credential = CREDENTIAL_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct helper helper = new_helper("x");
        folder_put(*state, "bin/docker-credential-x", scripts[i], true);
        time_t begin_s = auth_now_s();
        if (helper_ask(&helper, &credential, &err) < 0)
            fail_msg("%s", err.text);
        assert_string_equal(credential.password, "pass");
        assert_in_range(auth_now_s() - begin_s, 0, 10);
    }
}

static void a_helper_in_the_current_folder_is_not_run(void **state)
{
    static const char *const paths[] = {"",           ":/usr/bin",   "/usr/bin:", "/usr/bin::/bin",
                                        ".:/usr/bin", "bin:/usr/bin"};
    CLEANUP(text) char *before = getcwd(NULL, 0);

    folder_be_home(*state);
    folder_put(*state, "docker-credential-x", "#!/bin/sh\n:>ran\n", true);
    folder_put(*state, "bin/docker-credential-x", "#!/bin/sh\n:>ran\n", true);
    assert_int_equal(chdir(*state), 0);
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        CLEANUP(credential) struct credential credential = CREDENTIAL_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct helper helper = new_helper("x");
        setenv("PATH", paths[i], 1);
        assert_int_equal(helper_ask(&helper, &credential, &err), -1);
        assert_non_null(strstr(err.text, "there is no such program in PATH"));
        assert_int_equal(access("ran", F_OK), -1);
    }
    assert_int_equal(chdir(before), 0);
}

static void a_helper_that_cannot_answer_is_named(void **state)
{
    static const struct {
        const char *name, *script;
        const char *complaint;
    } cases[] = {
        {"gone", NULL,
         "'F' says that 'docker-credential-gone' has the credentials for 'r.example', and there is "
         "no such program in PATH"},
        {"../x", NULL,
         "'F' names the credential helper '../x', which is not the name of a program; expected "
         "letters, digits, '.', '_' and '-'"},
        {"x;y", NULL,
         "'F' names the credential helper 'x;y', which is not the name of a program; expected "
         "letters, digits, '.', '_' and '-'"},
        {"", NULL,
         "'F' names the credential helper '', which is not the name of a program; expected "
         "letters, digits, '.', '_' and '-'"},
        {"x", "#!/bin/sh\necho 'the keychain is locked'; exit 3\n",
         "'docker-credential-x', which 'F' names, ended with status 3 for 'r.example'"},
        {"x", "#!/bin/sh\nkill -9 $$\n",
         "'docker-credential-x', which 'F' names, ended with status 137 for 'r.example'"},
        {"x", "#!/bin/sh\nexec sleep 30\n",
         "'docker-credential-x', which 'F' names, has not answered for 'r.example' within 1 s"},
        {"x", "#!/bin/sh\nexec sleep 30 >&-\n",
         "'docker-credential-x', which 'F' names, has not answered for 'r.example' within 1 s"},
        {"x", "#!/bin/sh\nhead -c 2000000 /dev/zero\n",
         "the answer of 'docker-credential-x': more than 1048576 bytes, the most that is read of "
         "it"},
    };

    folder_be_home(*state);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(credential) struct credential credential = CREDENTIAL_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct helper helper = new_helper(cases[i].name);
        helper.timeout_s = cases[i].script != NULL && strstr(cases[i].script, "30") != NULL ? 1 : 0;
        if (cases[i].script != NULL)
            folder_put(*state, "bin/docker-credential-x", cases[i].script, true);
        assert_int_equal(helper_ask(&helper, &credential, &err), -1);
        assert_string_equal(err.text, cases[i].complaint);
        assert_true(credential_is_empty(&credential));
    }
}

static void *cancel_soon(void *arg)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    if (cancel_wait(NULL, 300, &err) == 0)
        cancel_request(arg);
    return NULL;
}

static void cancelling_ends_a_helper(void **state)
{
    static const char script[] = "#!/bin/sh\necho $$ >\"$HOME/id\"\nexec sleep 30\n";
    CLEANUP(credential) struct credential credential = CREDENTIAL_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct cancel cancel = {.parent = NULL};
    struct helper helper = new_helper("x");
    pthread_t thread;

    folder_be_home(*state);
    folder_put(*state, "bin/docker-credential-x", script, true);
    helper.cancel = &cancel;
    time_t begin_s = auth_now_s();
    pthread_create(&thread, NULL, cancel_soon, &cancel);
    assert_int_equal(helper_ask(&helper, &credential, &err), -1);
    pthread_join(thread, NULL);
    assert_int_equal(err.kind, ERROR_CANCELED);
    assert_in_range(auth_now_s() - begin_s, 0, 5);
    CLEANUP(text) char *id = folder_get(*state, "id");
    id[strcspn(id, "\n")] = '\0';
    CLEANUP(text) char *path = xasprintf("/proc/%s/cmdline", id);
    assert_true(*id == '\0' || access(path, F_OK) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_a_user_with_a_secret_or_nobody),
        cmocka_unit_test_setup_teardown(a_helper_is_asked_by_its_standard_input_alone, folder_setup,
                                        folder_teardown),
        cmocka_unit_test_setup_teardown(a_helper_may_leave_its_question_or_a_child_behind,
                                        folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(a_helper_in_the_current_folder_is_not_run, folder_setup,
                                        folder_teardown),
        cmocka_unit_test_setup_teardown(a_helper_that_cannot_answer_is_named, folder_setup,
                                        folder_teardown),
        cmocka_unit_test_setup_teardown(cancelling_ends_a_helper, folder_setup, folder_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
