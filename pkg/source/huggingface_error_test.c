#include "source/source_internal.h"

#include "core/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TOKEN "hf_abcdefghijklmnopqrstuvwxyz01234567"
#define BAD_TOKEN "Invalid credentials in Authorization header"

struct refusal {
    int status;
    enum error_kind kind;
    const char *token;
    const char *code;    /* X-Error-Code; NULL: none */
    const char *message; /* X-Error-Message; NULL: none */
    const char *body;    /* NULL: empty */
    const char *text;    /* all of it */
};

static void add_header(struct http_response *response, const char *name, const char *value)
{
    if (value == NULL)
        return;
    response->headers =
        xrealloc(response->headers, response->header_count + 1, sizeof(struct http_header));
    response->headers[response->header_count++] =
        (struct http_header){.name = xstrdup(name), .value = xstrdup(value)};
}

static void check_refusal(const struct refusal *refusal, const struct origin *model,
                          const char *path)
{
    CLEANUP(http_response) struct http_response response = {.status = refusal->status};
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct hub_question question = {
        .endpoint = "https://hub.example",
        .model = model,
        .path = path,
        .token = refusal->token,
    };

    response.url = xstrdup("https://hub.example/api/x?secret=1");
    add_header(&response, "x-error-code", refusal->code);
    add_header(&response, "x-error-message", refusal->message);
    add_header(&response, "content-type",
               refusal->body != NULL ? "text/plain; charset=utf-8" : NULL);
    if (refusal->body != NULL)
        buf_add_text(&response.body, refusal->body);
    assert_int_equal(hub_refusal(&question, &response, &err), -1);
    assert_string_equal(err.text, refusal->text);
    assert_int_equal(err.kind, refusal->kind);
    assert_null(strstr(err.text, TOKEN));
    assert_null(strstr(err.text, "secret"));
}

static void hub_refusal_says_what_to_do_about_a_model(void **state)
{
    static const struct refusal cases[] = {
        {401, ERROR_DENIED, NULL, "RepoNotFound", NULL, NULL,
         "'acme/tiny' does not exist, or is private or gated: check the name, or set HF_TOKEN (or "
         "HF_TOKEN_PATH) to a token that may read it"},
        {401, ERROR_DENIED, NULL, NULL, "Invalid username or password.", NULL,
         "'acme/tiny' does not exist, or is private or gated: check the name, or set HF_TOKEN (or "
         "HF_TOKEN_PATH) to a token that may read it"},
        {404, ERROR_NOT_FOUND, TOKEN, "RepoNotFound", NULL, NULL,
         "'acme/tiny' does not exist, or is private or gated: check the name, and that the token "
         "in HF_TOKEN or the token file may read it"},
        {401, ERROR_DENIED, TOKEN, NULL, BAD_TOKEN, NULL,
         "the token in HF_TOKEN or the token file is not valid (wrong or expired), and the hub "
         "then refuses public models too: replace it or unset it"},
        {401, ERROR_DENIED, NULL, NULL, BAD_TOKEN, NULL,
         "'acme/tiny' does not exist, or is private or gated: check the name, or set HF_TOKEN (or "
         "HF_TOKEN_PATH) to a token that may read it"},
        {401, ERROR_DENIED, NULL, "GatedRepo", NULL, NULL,
         "'acme/tiny' is gated: ask for access at https://hub.example/acme/tiny, then set "
         "HF_TOKEN (or HF_TOKEN_PATH) to a token of that account"},
        {403, ERROR_DENIED, TOKEN, "GatedRepo", NULL, NULL,
         "'acme/tiny' is gated: ask for access at https://hub.example/acme/tiny with the account "
         "of the token in HF_TOKEN or the token file, and see that the token may read gated "
         "repos"},
        {404, ERROR_NOT_FOUND, NULL, "RevisionNotFound", NULL, NULL,
         "'acme/tiny' has no revision 'v9'"},
        {403, ERROR_DENIED, NULL, NULL, "Access to this resource is disabled.", NULL,
         "the hub has disabled 'acme/tiny' for everyone: use another model"},
        {403, ERROR_DENIED, TOKEN, NULL, "fine-grained token lacks 'public gated repos'", NULL,
         "the token in HF_TOKEN or the token file may not read 'acme/tiny', give it that "
         "permission: 'fine-grained token lacks 'public gated repos''"},
        {403, ERROR_DENIED, NULL, NULL, NULL, NULL,
         "the hub at 'https://hub.example' lets nobody read 'acme/tiny' without a token: set "
         "HF_TOKEN (or HF_TOKEN_PATH)"},
    };
    char id[] = "acme/tiny";
    char revision[] = "v9";
    const struct origin model = {.kind = ORIGIN_HUB_MODEL, .name = id, .revision = revision};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_refusal(&cases[i], &model, NULL);
}

static void hub_refusal_passes_on_the_words_of_the_hub(void **state)
{
    static const struct refusal cases[] = {
        {503, ERROR_UNREACHABLE, NULL, NULL, NULL, NULL,
         "the hub at 'https://hub.example' answers 503 when asked for 'acme/tiny'; try again "
         "later"},
        {429, ERROR_UNREACHABLE, NULL, NULL, "slow down", NULL,
         "the hub at 'https://hub.example' answers 429 when asked for 'acme/tiny': 'slow down'; "
         "try again later"},
        {500, ERROR_UNREACHABLE, TOKEN, NULL, NULL, "{\"error\": \"broken disk\"}",
         "the hub at 'https://hub.example' answers 500 when asked for 'acme/tiny': 'broken "
         "disk'; try again later"},
        {400, ERROR_UNSUPPORTED, NULL, NULL, NULL, "{\"error\": [\"one\", \"two\"]}",
         "the hub at 'https://hub.example' answers 400 when asked for 'acme/tiny', expected 200: "
         "'one'"},
        {400, ERROR_UNSUPPORTED, NULL, NULL, NULL, "{\"errors\": [{\"message\": \"m\\u00e4h\"}]}",
         "the hub at 'https://hub.example' answers 400 when asked for 'acme/tiny', expected 200: "
         "'m\xc3\xa4h'"},
        {400, ERROR_UNSUPPORTED, NULL, NULL, NULL, "{\"error\": 7}",
         "the hub at 'https://hub.example' answers 400 when asked for 'acme/tiny', expected 200"},
        {501, ERROR_UNSUPPORTED, NULL, NULL, NULL, "plain words\r\n",
         "the hub at 'https://hub.example' answers 501 when asked for 'acme/tiny', expected 200: "
         "'plain words'"},
        {404, ERROR_NOT_FOUND, NULL, NULL, NULL, NULL,
         "the hub at 'https://hub.example' has no 'acme/tiny' at revision 'v9' (status 404)"},
        {418, ERROR_UNSUPPORTED, TOKEN, NULL, "you sent Bearer " TOKEN, NULL,
         "the hub at 'https://hub.example' answers 418 when asked for 'acme/tiny', expected 200: "
         "its words repeat the token and are withheld"},
        {418, ERROR_UNSUPPORTED, TOKEN, NULL, "line\nand\033[2J", NULL,
         "the hub at 'https://hub.example' answers 418 when asked for 'acme/tiny', expected 200: "
         "'line?and?[2J'"},
        {418, ERROR_UNSUPPORTED, TOKEN, NULL, "\xff", NULL,
         "the hub at 'https://hub.example' answers 418 when asked for 'acme/tiny', expected 200"},
    };
    char id[] = "acme/tiny";
    char revision[] = "v9";
    const struct origin model = {.kind = ORIGIN_HUB_MODEL, .name = id, .revision = revision};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_refusal(&cases[i], &model, NULL);
}

static void hub_refusal_asks_for_the_org_where_a_bare_name_is_unknown(void **state)
{
    static const struct refusal cases[] = {
        {401, ERROR_DENIED, NULL, "RepoNotFound", NULL, NULL,
         "'all-MiniLM-L6-v2' does not exist, or is private or gated: check the name, or set "
         "HF_TOKEN (or HF_TOKEN_PATH) to a token that may read it; did you mean "
         "'sentence-transformers/all-MiniLM-L6-v2'?"},
        {404, ERROR_NOT_FOUND, TOKEN, "RepoNotFound", NULL, NULL,
         "'all-MiniLM-L6-v2' does not exist, or is private or gated: check the name, and that "
         "the token in HF_TOKEN or the token file may read it; did you mean "
         "'sentence-transformers/all-MiniLM-L6-v2'?"},
        {404, ERROR_NOT_FOUND, NULL, NULL, NULL, NULL,
         "the hub at 'https://hub.example' has no 'all-MiniLM-L6-v2' at revision 'main' (status "
         "404); did you mean 'sentence-transformers/all-MiniLM-L6-v2'?"},
    };
    char id[] = "all-MiniLM-L6-v2";
    char revision[] = "main";
    const struct origin model = {.kind = ORIGIN_HUB_MODEL, .name = id, .revision = revision};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_refusal(&cases[i], &model, NULL);
}

static void hub_refusal_names_the_file_and_the_page_of_a_dataset(void **state)
{
    static const struct refusal cases[] = {
        {404, ERROR_NOT_FOUND, NULL, "EntryNotFound", NULL, NULL,
         "'acme/rows' has no file 'a/b.csv' at revision 'main'"},
        {403, ERROR_DENIED, TOKEN, "GatedRepo", NULL, NULL,
         "'datasets/acme/rows' is gated: ask for access at https://hub.example/datasets/acme/rows "
         "with "
         "the account of the token in HF_TOKEN or the token file, and see that the token may read "
         "gated repos"},
        {404, ERROR_NOT_FOUND, NULL, "RepoNotFound", NULL, NULL,
         "'datasets/acme/rows' does not exist, or is private or gated: check the name, or set "
         "HF_TOKEN (or "
         "HF_TOKEN_PATH) to a token that may read it"},
    };
    char id[] = "acme/rows";
    char revision[] = "main";
    const struct origin model = {.kind = ORIGIN_HUB_DATASET, .name = id, .revision = revision};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_refusal(&cases[i], &model, "a/b.csv");
}

static void hub_refusal_tells_the_storage_from_the_hub(void **state)
{
    static const struct {
        int status;
        enum error_kind kind;
        const char *text;
    } cases[] = {
        {403, ERROR_UNREACHABLE,
         "'https://cdn.example/blob', where the hub sent this request, answers 403; try again "
         "later"},
        {503, ERROR_UNREACHABLE,
         "'https://cdn.example/blob', where the hub sent this request, answers 503; try again "
         "later"},
        {404, ERROR_NOT_FOUND,
         "'https://cdn.example/blob', where the hub sent this request, answers 404"},
        {400, ERROR_UNSUPPORTED,
         "'https://cdn.example/blob', where the hub sent this request, answers 400"},
    };
    char id[] = "acme/tiny";
    char revision[] = "main";
    const struct origin model = {.kind = ORIGIN_HUB_MODEL, .name = id, .revision = revision};
    const struct hub_question question = {"https://hub.example", &model, "f", TOKEN, NULL, false};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(http_response) struct http_response response = {.status = cases[i].status};
        CLEANUP(error) struct error err = ERROR_INIT;
        response.url = xstrdup("https://cdn.example/blob?Signature=abc");
        add_header(&response, "Content-Type", "application/xml");
        buf_add_text(&response.body, "<Error><Code>AccessDenied</Code></Error>");
        assert_int_equal(hub_refusal(&question, &response, &err), -1);
        assert_int_equal(err.kind, cases[i].kind);
        assert_string_equal(err.text, cases[i].text);
    }
}

static void a_commit_that_is_gone_is_told_from_a_revision_that_never_was(void **state)
{
    static const char commit[] = "3f0c6d0c1d3b4e5f60718293a4b5c6d7e8f90123";
    static const struct {
        const char *revision, *commit, *text;
        bool is_pinned;
    } cases[] = {
        {"main", commit,
         "the hub at 'https://hub.example' does not have the commit "
         "3f0c6d0c1d3b4e5f60718293a4b5c6d7e8f90123 of 'acme/tiny' any more, which it is pinned to",
         true},
        {"main", commit,
         "the hub at 'https://hub.example' named the commit "
         "3f0c6d0c1d3b4e5f60718293a4b5c6d7e8f90123 for 'acme/tiny' at revision 'main', and now "
         "does "
         "not have it: it was removed meanwhile, or a mirror is not in step; try again later",
         false},
        {"main", NULL, "'acme/tiny' has no revision 'main'", false},
        {"a1b2c3", NULL,
         "'acme/tiny' has no revision 'a1b2c3'; of a commit it takes 7 digits at least, and all 40 "
         "are best",
         false},
        {commit, commit, "'acme/tiny' has no revision '3f0c6d0c1d3b4e5f60718293a4b5c6d7e8f90123'",
         false},
    };
    char id[] = "acme/tiny";

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(http_response) struct http_response response = {.status = 404};
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(text) char *revision = xstrdup(cases[i].revision);
        const struct origin model = {.kind = ORIGIN_HUB_MODEL, .name = id, .revision = revision};
        const struct hub_question question = {
            "https://hub.example", &model, NULL, NULL, cases[i].commit, cases[i].is_pinned};
        response.url = xstrdup("https://hub.example/api");
        add_header(&response, "X-Error-Code", "RevisionNotFound");
        assert_int_equal(hub_refusal(&question, &response, &err), -1);
        assert_int_equal(err.kind, ERROR_NOT_FOUND);
        assert_string_equal(err.text, cases[i].text);
    }
}

static void hub_refusal_gives_no_part_of_the_token_away(void **state)
{
    CLEANUP(http_response) struct http_response response = {.status = 400};
    CLEANUP(error) struct error err = ERROR_INIT;
    char id[] = "acme/tiny";
    char revision[] = "main";
    const struct origin model = {.kind = ORIGIN_HUB_MODEL, .name = id, .revision = revision};
    const struct hub_question question = {"https://hub.example", &model, NULL, TOKEN, NULL, false};
    CLEANUP(text) char *words = xasprintf("%280s " TOKEN, "x"); /* longer than what is quoted */

    (void)state;
    response.url = xstrdup("https://hub.example/api");
    add_header(&response, "X-Error-Message", words);
    assert_int_equal(hub_refusal(&question, &response, &err), -1);
    assert_null(strstr(err.text, "hf_"));
    assert_non_null(strstr(err.text, "repeat the token and are withheld"));
}

static void hub_refusal_quotes_the_request_and_cuts_long_words(void **state)
{
    CLEANUP(http_response) struct http_response response = {.status = 400};
    CLEANUP(error) struct error err = ERROR_INIT;
    char id[] = "acme/tiny";
    char revision[] = "main";
    const struct origin model = {.kind = ORIGIN_HUB_MODEL, .name = id, .revision = revision};
    const struct hub_question question = {"https://hub.example", &model, NULL, NULL, NULL, false};
    char words[1001];

    (void)state;
    for (size_t i = 0; i < 500; i++)
        memcpy(words + 2 * i, "\xc3\xa4", 2);
    words[1000] = '\0';
    words[0] = words[1] = 'x';
    words[2] = 'y'; /* what follows is cut within a character */
    memmove(words + 3, words + 4, 997);
    response.url = xstrdup("https://hub.example/api");
    add_header(&response, "X-Error-Message", words);
    add_header(&response, "X-Amz-Cf-Id", "third");
    add_header(&response, "X-Request-Id", "Root=1-2");
    assert_int_equal(hub_refusal(&question, &response, &err), -1);
    assert_non_null(strstr(err.text, ": 'xxy\xc3\xa4"));
    assert_non_null(strstr(err.text, "\xc3\xa4' (request 'Root=1-2')"));
    assert_true(text_is_utf8(err.text));
    assert_true(strlen(err.text) < 450);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hub_refusal_says_what_to_do_about_a_model),
        cmocka_unit_test(hub_refusal_passes_on_the_words_of_the_hub),
        cmocka_unit_test(hub_refusal_asks_for_the_org_where_a_bare_name_is_unknown),
        cmocka_unit_test(hub_refusal_names_the_file_and_the_page_of_a_dataset),
        cmocka_unit_test(hub_refusal_tells_the_storage_from_the_hub),
        cmocka_unit_test(a_commit_that_is_gone_is_told_from_a_revision_that_never_was),
        cmocka_unit_test(hub_refusal_gives_no_part_of_the_token_away),
        cmocka_unit_test(hub_refusal_quotes_the_request_and_cuts_long_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
