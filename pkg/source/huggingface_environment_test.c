#include "source/hub_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static char acme_tiny[] = "acme/tiny";
static char main_branch[] = "main";
static const struct origin model = {
    .kind = ORIGIN_HUB_MODEL, .name = acme_tiny, .revision = main_branch};

static int open_with(const char *endpoint, const char *token, struct source **out,
                     struct error *err)
{
    static const struct source_context context = {.http = NULL};
    static const struct hub_server nowhere = {.port = 1};

    hub_server_enter(&nowhere, token);
    if (endpoint != NULL)
        setenv("HF_ENDPOINT", endpoint, 1);
    else
        unsetenv("HF_ENDPOINT");
    return source_open_huggingface(&context, &model, out, err);
}

static void an_endpoint_must_be_the_url_of_a_hub(void **state)
{
    static const struct {
        const char *endpoint, *text; /* NULL: fine */
    } cases[] = {
        {NULL, NULL},
        {"https://huggingface.co", NULL},
        {"HTTP://localhost:8080///", NULL},
        {"https://mirror.example/hf/", NULL},
        {"http://[::1]:8080", NULL},
        {"", "HF_ENDPOINT is set and empty: unset it, or set it to the URL of a hub"},
        {"huggingface.co",
         "HF_ENDPOINT is 'huggingface.co', expected a URL that begins with http:// or https://"},
        {"ftp://hub.example",
         "HF_ENDPOINT is 'ftp://hub.example', expected a URL that begins with http:// or https://"},
        {"https://me:hunter2@hub.example",
         "HF_ENDPOINT 'https://hub.example' has a user name in it: take it out, and set HF_TOKEN"},
        {"https://hub.example/?k=hunter2",
         "HF_ENDPOINT 'https://hub.example/' has a blank, control character, '?' or '#' in it, "
         "expected a URL like https://huggingface.co"},
        {"https://hub.example ",
         "HF_ENDPOINT 'https://hub.example ' has a blank, control character, '?' or '#' in it, "
         "expected a URL like https://huggingface.co"},
        {"https://", "HF_ENDPOINT is 'https://', expected a URL like https://huggingface.co"},
        {"https:///", "HF_ENDPOINT is 'https:///', expected a URL like https://huggingface.co"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(source) struct source *source = NULL;
        CLEANUP(error) struct error err = ERROR_INIT;
        int result = open_with(cases[i].endpoint, NULL, &source, &err);
        if (cases[i].text == NULL) {
            assert_int_equal(result, 0);
            continue;
        }
        assert_int_equal(result, -1);
        assert_int_equal(err.kind, ERROR_USAGE);
        assert_string_equal(err.text, cases[i].text);
        assert_null(source);
    }
}

static void a_token_that_fits_into_no_header_is_refused_and_not_shown(void **state)
{
    static const char *const tokens[] = {"two words", "two\x01words", "two\xc3\xa4words"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(tokens); i++) {
        CLEANUP(source) struct source *source = NULL;
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(open_with("https://hub.example", tokens[i], &source, &err), -1);
        assert_non_null(strstr(err.text, "the token in 'HF_TOKEN'"));
        assert_null(strstr(err.text, "words"));
        assert_null(source);
    }
}

static void slashes_at_the_end_of_the_endpoint_are_dropped_and_a_path_is_kept(void **state)
{
    struct hub_server hub;
    CLEANUP(http) struct http *http = hub_server_http(NULL);
    CLEANUP(source) struct source *source = NULL;
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    hub_server_start(&hub);
    hub_server_enter(&hub, NULL);
    CLEANUP(text) char *endpoint = xasprintf("http://127.0.0.1:%u/hf//", hub.port);
    setenv("HF_ENDPOINT", endpoint, 1);
    const struct source_context context = {.http = http};
    assert_int_equal(source_open_huggingface(&context, &model, &source, &err), 0);
    assert_int_equal(source_list(source, &plan, &err), -1);
    assert_int_equal(
        hub_server_count(&hub, "GET /hf/api/models/acme/tiny/revision/main HTTP/1.1\r\n"), 1);
    hub_server_stop(&hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_endpoint_must_be_the_url_of_a_hub),
        cmocka_unit_test(a_token_that_fits_into_no_header_is_refused_and_not_shown),
        cmocka_unit_test(slashes_at_the_end_of_the_endpoint_are_dropped_and_a_path_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
