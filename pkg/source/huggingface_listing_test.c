#include "source/source_internal.h"

#include "core/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SHA1 "0187f3b09d66cef7911083ad49f890f5a6589589"
#define SHA256 "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
/* Of the pointer to SHA256 with 5 bytes, by git hash-object. */
#define POINTER "d1ca116d6733584c13cb8bb50b21d5b5b81ee28f"
#define COMMIT "3f0c6d0c1d3b4e5f60718293a4b5c6d7e8f90123"
#define XET "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00"
#define FILE_OF(members) "[{\"type\": \"file\", \"path\": \"f\", " members "}]"

static void listing_page_parse_reads_every_form_of_a_file(void **state)
{
    static const struct {
        const char *page;
        uint64_t size;
        const char *digest;
        const char *blob_id; /* NULL: SHA1 */
    } cases[] = {
        {FILE_OF("\"oid\": \"" SHA1 "\", \"size\": 8"), 8, SHA1, NULL},
        {FILE_OF("\"oid\": \"" SHA1 "\", \"size\": 0, \"lfs\": null"), 0, SHA1, NULL},
        {FILE_OF("\"oid\": \"" POINTER "\", \"size\": 126, \"lfs\": {\"oid\": \"" SHA256
                 "\", \"size\": 5, \"pointerSize\": 126}"),
         5, "sha256:" SHA256, POINTER},
        {FILE_OF("\"oid\": \"" SHA1 "\", \"size\": 5, \"lfs\": {\"oid\": \"" SHA256
                 "\", \"size\": 5, \"pointerSize\": 140}"),
         5, "sha256:" SHA256, NULL},
        {FILE_OF("\"oid\": \"" SHA1 "\", \"size\": 5, \"lfs\": {\"oid\": \"" SHA256
                 "\", \"size\": 9007199254740993}, \"xetHash\": \"" XET "\""),
         9007199254740993, "sha256:" SHA256, NULL},
        {FILE_OF("\"oid\": \"" SHA1 "\", \"size\": 5, \"xetHash\": \"redacted\""), 5, SHA1, NULL},
        {FILE_OF("\"oid\": \"" SHA1 "\", \"size\": 5, \"xetHash\": \"" XET "00\""), 5, SHA1, NULL},
        {FILE_OF("\"oid\": \"" SHA1 "\", \"size\": 5, \"xetHash\": null"), 5, SHA1, NULL},
        {FILE_OF("\"oid\": \"" SHA1 "\", \"size\": 5, \"xetHash\": 7, \"new\": [1.5]"), 5, SHA1,
         NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(strings) struct strings folders = STRINGS_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(
            listing_page_parse(cases[i].page, strlen(cases[i].page), &plan, &folders, &err), 0);
        assert_int_equal(plan.count, 1);
        const struct plan_file *file = &plan.files[0];
        assert_string_equal(file->path, "f");
        assert_true(file->size == cases[i].size);
        assert_string_equal(digest_format(&file->digest).text, cases[i].digest);
        assert_string_equal(file->blob_id, cases[i].blob_id != NULL ? cases[i].blob_id : SHA1);
    }
}

static void listing_page_parse_tells_files_from_folders(void **state)
{
    static const char page[] =
        "[{\"type\": \"directory\", \"oid\": \"" SHA1 "\", \"size\": 0, \"path\": \"d\"},"
        " {\"type\": \"unknown\", \"path\": \"u\"},"
        " {\"type\": \"file\", \"oid\": \"" SHA1 "\", \"size\": 8, \"path\": \"d/f\"}]";
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(strings) struct strings folders = STRINGS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(listing_page_parse(page, strlen(page), &plan, &folders, &err), 0);
    assert_int_equal(plan.count, 1);
    assert_string_equal(plan.files[0].path, "d/f");
    assert_int_equal(folders.count, 1);
    assert_string_equal(folders.items[0], "d");
    assert_int_equal(listing_page_parse("[]", 2, &plan, &folders, &err), 0);
    assert_int_equal(plan.count, 1);
}

static void listing_page_parse_says_what_is_wrong_with_a_page(void **state)
{
    static const struct {
        const char *page, *complaint;
    } cases[] = {
        {"", "the answer is not JSON"},
        {"<html><body>Log in</body></html>", "the answer is not JSON"},
        {"[{\"type\": \"file\"", "the answer is not JSON"},
        {"[] []", "the answer is not JSON"},
        {"[{\"path\": \"a\", \"path\": \"b\"}]", "the answer is not JSON"},
        {FILE_OF("\"oid\": \"" SHA1 "\", \"size\": 99999999999999999999"),
         "the answer cannot be read, at line 1"},
        {"[{\"type\": \"file\", \"path\": \"a\\u0000b\"}]", "the answer cannot be read"},
        {"[{\"type\": \"file\", \"path\": \"\xff\"}]", "the answer is not JSON"},
        {"{\"error\": \"x\"}", "not a JSON array"},
        {"[7]", "no 'type'"},
        {"[{\"path\": \"f\"}]", "no 'type'"},
        {"[{\"type\": 7}]", "no 'type'"},
        {"[{\"type\": \"file\", \"size\": 1}]", "no 'path'"},
        {FILE_OF("\"oid\": \"" SHA1 "\""), "the size of 'f' is missing"},
        {FILE_OF("\"oid\": \"" SHA1 "\", \"size\": \"8\""), "the size of 'f' is missing or not"},
        {FILE_OF("\"oid\": \"" SHA1 "\", \"size\": 8.5"), "the size of 'f' is missing or not"},
        {FILE_OF("\"oid\": \"" SHA1 "\", \"size\": -1"), "the size of 'f' is -1"},
        {FILE_OF("\"size\": 8"), "the hash ('oid') of 'f' is missing"},
        {FILE_OF("\"size\": 8, \"oid\": 7"), "the hash ('oid') of 'f' is missing"},
        {FILE_OF("\"size\": 8, \"oid\": \"abc\""), "the hash of 'f'"},
        {FILE_OF("\"size\": 8, \"oid\": \"" SHA256 "\""), "the hash of 'f'"},
        {FILE_OF("\"size\": 8, \"oid\": \"" SHA1 "\", \"lfs\": true"), "'lfs' of 'f'"},
        {FILE_OF("\"size\": 8, \"oid\": \"" SHA1 "\", \"lfs\": {}"), "the hash ('oid') of 'f'"},
        {FILE_OF("\"size\": 8, \"oid\": \"" SHA1 "\", \"lfs\": {\"oid\": \"" SHA1 "\"}"),
         "the hash of 'f'"},
        {FILE_OF("\"size\": 8, \"oid\": \"" SHA1 "\", \"lfs\": {\"oid\": \"" SHA256 "\"}"),
         "the size of 'f' is missing"},
        {FILE_OF("\"size\": 8, \"oid\": \"" SHA1 "\", \"lfs\": {\"oid\": \"" SHA256
                 "\", \"size\": -5}"),
         "the size of 'f' is -5"},
        {FILE_OF("\"size\": 5, \"oid\": \"" SHA1 "\", \"lfs\": {\"oid\": \"" SHA256
                 "\", \"size\": 5, \"pointerSize\": 126}"),
         "the hash ('oid') of 'f' is " SHA1 ", expected " POINTER},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(strings) struct strings folders = STRINGS_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(
            listing_page_parse(cases[i].page, strlen(cases[i].page), &plan, &folders, &err), -1);
        assert_int_equal(err.kind, ERROR_CORRUPT);
        assert_non_null(strstr(err.text, cases[i].complaint));
        assert_int_equal(plan.count, 0);
    }
}

static void hub_info_parse_reads_the_commit_and_who_may_read(void **state)
{
    static const struct {
        const char *text, *id;
        bool is_gated, is_private, is_disabled;
    } cases[] = {
        {"{\"sha\": \"" COMMIT "\"}", NULL, false, false, false},
        {"{\"id\": \"a/b\", \"sha\": \"" COMMIT "\", \"gated\": false, \"private\": false}", "a/b",
         false, false, false},
        {"{\"sha\": \"" COMMIT "\", \"gated\": \"auto\", \"private\": true}", NULL, true, true,
         false},
        {"{\"sha\": \"" COMMIT "\", \"gated\": true, \"disabled\": true}", NULL, true, false, true},
        {"{\"id\": null, \"sha\": \"" COMMIT "\", \"siblings\": [{}]}", NULL, false, false, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(hub_info) struct hub_info info = HUB_INFO_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(hub_info_parse(cases[i].text, strlen(cases[i].text), &info, &err), 0);
        assert_string_equal(info.commit, COMMIT);
        assert_true((info.id == NULL) == (cases[i].id == NULL));
        if (info.id != NULL)
            assert_string_equal(info.id, cases[i].id);
        assert_int_equal(info.is_gated, cases[i].is_gated);
        assert_int_equal(info.is_private, cases[i].is_private);
        assert_int_equal(info.is_disabled, cases[i].is_disabled);
    }
}

static void hub_info_parse_reads_the_license(void **state)
{
    static const struct {
        const char *rest, *license;
    } cases[] = {
        {"", NULL},
        {", \"cardData\": {\"license\": \"mit\"}, \"tags\": [\"license:other\"]", "mit"},
        {", \"tags\": [\"onnx\", \"license:apache-2.0\"]", "apache-2.0"},
        {", \"cardData\": {\"license\": [\"mit\"]}, \"tags\": {}", "mit"},
        {", \"cardData\": {\"license\": [\"mit\", 1, \"x11\"]}", "mit, x11"},
        {", \"cardData\": {\"license\": [], \"license_name\": {}}", NULL},
        {", \"cardData\": {\"license\": \"a\\nb\"}", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(hub_info) struct hub_info info = HUB_INFO_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(text) char *text = xasprintf("{\"sha\": \"" COMMIT "\"%s}", cases[i].rest);
        assert_int_equal(hub_info_parse(text, strlen(text), &info, &err), 0);
        if (cases[i].license == NULL)
            assert_null(info.license);
        else
            assert_string_equal(info.license, cases[i].license);
    }
}

static char *join(const struct strings *texts)
{
    CLEANUP(buf) struct buf out = BUF_INIT;

    for (size_t i = 0; i < texts->count; i++)
        buf_addf(&out, "%s;", texts->items[i]);
    return buf_take(&out);
}

static void hub_info_parse_reads_what_the_card_says_of_a_models_making(void **state)
{
    static const struct {
        const char *rest, *datasets, *base_models, *task;
    } cases[] = {
        {"", "", "", NULL},
        {", \"pipeline_tag\": \"fill-mask\", \"cardData\": {\"base_model\": \"a/b\", \"datasets\": "
         "[\"c/d\", \"squad\", \"c/d\"]}",
         "c/d;squad;", "a/b;", "fill-mask"},
        {", \"cardData\": {\"base_model\": [\"a/b\", \"c/d\"], \"datasets\": \"e\"}", "e;",
         "a/b;c/d;", NULL},
        {", \"pipeline_tag\": \"a\\nb\", \"cardData\": {\"base_model\": {\"a\": 1}, \"datasets\": "
         "[1, \"a\\nb\", null]}",
         "", "", NULL},
        {", \"pipeline_tag\": 7, \"cardData\": []", "", "", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(hub_info) struct hub_info info = HUB_INFO_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(text) char *text = xasprintf("{\"sha\": \"" COMMIT "\"%s}", cases[i].rest);
        assert_int_equal(hub_info_parse(text, strlen(text), &info, &err), 0);
        CLEANUP(text) char *datasets = join(&info.card.datasets);
        CLEANUP(text) char *base_models = join(&info.card.base_models);
        assert_string_equal(datasets, cases[i].datasets);
        assert_string_equal(base_models, cases[i].base_models);
        if (cases[i].task == NULL)
            assert_null(info.card.task);
        else
            assert_string_equal(info.card.task, cases[i].task);
    }
}

static void hub_info_parse_wants_a_commit_of_40_hex_digits(void **state)
{
    static const struct {
        const char *text, *complaint;
    } cases[] = {
        {"", "the answer is not JSON"},
        {"<!doctype html>", "the answer is not JSON"},
        {"[]", "not a JSON object"},
        {"{}", "names no commit"},
        {"{\"sha\": null}", "names no commit"},
        {"{\"sha\": \"main\"}", "the commit is 'main', expected 40 hex digits"},
        {"{\"sha\": \"3F0C6D0C1D3B4E5F60718293A4B5C6D7E8F90123\"}", "expected 40 hex digits"},
        {"{\"sha\": \"" SHA256 "\"}", "expected 40 hex digits"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(hub_info) struct hub_info info = HUB_INFO_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(hub_info_parse(cases[i].text, strlen(cases[i].text), &info, &err), -1);
        assert_int_equal(err.kind, ERROR_CORRUPT);
        assert_non_null(strstr(err.text, cases[i].complaint));
        assert_string_equal(info.commit, "");
    }
}

static void link_find_reads_links_as_the_standard_has_them(void **state)
{
    static const struct {
        const char *header, *target;
    } cases[] = {
        {"<https://h/p?cursor=a%3D,b>; rel=\"next\"", "https://h/p?cursor=a%3D,b"},
        {"<u>; rel=next", "u"},
        {"<u> ;REL = \"prev NEXT\"", "u"},
        {"<a>; rel=\"prev\", <b>; rel=\"next\"", "b"},
        {"<a>; rel=prev,<b>;title=\"x, <c>; rel=next\";rel=next", "b"},
        {"<a>; title=\"say \\\"x\\\"\"; rel=next", "a"},
        {", ,<a>; crossorigin; rel=next", "a"},
        {"<a>; rel=first; rel=next", NULL},
        {"<a>; rel=\"xet-auth\", <b>; rel=\"nextish\"", NULL},
        {"<a>; rel*=next", NULL},
        {"<a>", NULL},
        {"<a; rel=next", NULL},
        {"a; rel=next", NULL},
        {"<a> rel=next", NULL},
        {"<a>; rel=\"next", "a"},
        {"<>; rel=next", ""},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(text) char *target = http_link_find(cases[i].header, "next");
        assert_true((target == NULL) == (cases[i].target == NULL));
        if (target != NULL)
            assert_string_equal(target, cases[i].target);
    }
}

static const struct {
    const char *endpoint, *url, *links[2], *next, *complaint;
} next_pages[] = {
    {"https://h", "https://h/t?a=1", {NULL, NULL}, NULL, NULL},
    {"https://h", "https://h/t?a=1", {"<https://h/x>; rel=prev", NULL}, NULL, NULL},
    {"https://h",
     "https://h/t?a=1",
     {"<https://h/t?a=1&cursor=a+b%2c%3D>; rel=\"next\"", NULL},
     "https://h/t?a=1&cursor=a+b%2c%3D",
     NULL},
    {"https://h",
     "https://h/t",
     {"<x>; rel=\"xet-auth\"", "<https://other/t?c=a+b%2c>; rel=next"},
     "https://h/t?c=a+b%2c",
     NULL},
    {"https://h",
     "https://h/a/t?a=1",
     {"</a/t?cursor=2>; rel=next", NULL},
     "https://h/a/t?cursor=2",
     NULL},
    {"http://h", "http://h/t", {"<HTTP://h/t?c>; rel=next", NULL}, "HTTP://h/t?c", NULL},
    /* What stands before a mirror may take off TLS, a port, or a path. */
    {"https://h", "https://h/t", {"<http://h/t?c>; rel=next", NULL}, "https://h/t?c", NULL},
    {"http://h:81", "http://h:81/t", {"<http://h/t?c>; rel=next", NULL}, "http://h:81/t?c", NULL},
    {"https://h/m/hub",
     "https://h/m/hub/api/t",
     {"<https://origin/api/t?c>; rel=next", NULL},
     "https://h/m/hub/api/t?c",
     NULL},
    {"https://h/m",
     "https://h/m/api/t",
     {"</api/t?c>; rel=next", NULL},
     "https://h/m/api/t?c",
     NULL},
    {"https://h/m", "https://h/m/api/t", {"</mm?c>; rel=next", NULL}, "https://h/m/mm?c", NULL},
    {"https://h/m",
     "https://h/m/api/t",
     {"<http://inside:8080/m/api/t?c>; rel=next", NULL},
     "https://h/m/api/t?c",
     NULL},
    {"https://h/m",
     "https://h/m/api/t",
     {"<https://h/m/api/t?c>; rel=next", NULL},
     "https://h/m/api/t?c",
     NULL},
    /* The endpoint redirects to where the listing is, and the pages go on there. */
    {"https://h",
     "https://real/t",
     {"<https://real/t?c>; rel=next", NULL},
     "https://real/t?c",
     NULL},
    {"https://h", "https://real/t", {"<http://third/t?c>; rel=next", NULL}, "https://h/t?c", NULL},
    {"https://h",
     "https://h/t",
     {"<file:///etc/passwd>; rel=next", NULL},
     NULL,
     "the link to the next page: "},
};

static void listing_next_page_stays_with_the_endpoint(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(next_pages); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(text) char *next = NULL;
        CLEANUP(text) char *url = xstrdup(next_pages[i].url);
        struct http_header headers[2];
        struct http_response response = {.status = 200, .url = url, .headers = headers};
        for (; response.header_count < 2 && next_pages[i].links[response.header_count] != NULL;
             response.header_count++)
            headers[response.header_count] =
                (struct http_header){.name = xstrdup("link"),
                                     .value = xstrdup(next_pages[i].links[response.header_count])};
        int result = listing_next_page(&response, next_pages[i].endpoint, &next, &err);
        for (size_t j = 0; j < response.header_count; j++) {
            free(headers[j].name);
            free(headers[j].value);
        }
        assert_int_equal(err.kind,
                         next_pages[i].complaint != NULL ? ERROR_UNSUPPORTED : ERROR_NONE);
        assert_int_equal(result, next_pages[i].complaint != NULL ? -1 : 0);
        assert_true((next == NULL) == (next_pages[i].next == NULL));
        if (next != NULL)
            assert_string_equal(next, next_pages[i].next);
        if (next_pages[i].complaint != NULL)
            assert_non_null(strstr(err.text, next_pages[i].complaint));
    }
}

static void a_commit_is_40_lower_case_hex_digits_only(void **state)
{
    (void)state;
    assert_true(hub_revision_is_commit("3f0c6d0c1d3b4e5f60718293a4b5c6d7e8f90123"));
    assert_false(hub_revision_is_commit("3F0c6d0c1d3b4e5f60718293a4b5c6d7e8f90123"));
    assert_false(hub_revision_is_commit("3f0c6d0"));
    assert_false(hub_revision_is_commit("3f0c6d0c1d3b4e5f60718293a4b5c6d7e8f901234"));
    assert_false(hub_revision_is_commit("main"));
}

/* A page of empty objects would take 1.3 GB. */
static void an_answer_of_values_alone_is_refused_before_it_is_parsed(void **state)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(strings) struct strings folders = STRINGS_INIT;
    CLEANUP(hub_info) struct hub_info info = HUB_INFO_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf text = BUF_INIT;

    (void)state;
    buf_add_text(&text, "[{}");
    while (text.size + 4 < PAGE_LIMIT)
        buf_add_text(&text, ",{}");
    buf_add_text(&text, "]");
    assert_int_equal(listing_page_parse(buf_text(&text), text.size, &plan, &folders, &err), -1);
    assert_non_null(strstr(err.text, "more than 500000 values"));
    assert_int_equal(hub_info_parse(buf_text(&text), text.size, &info, &err), -1);
    assert_non_null(strstr(err.text, "more than 500000 values"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_commit_is_40_lower_case_hex_digits_only),
        cmocka_unit_test(listing_page_parse_reads_every_form_of_a_file),
        cmocka_unit_test(listing_page_parse_tells_files_from_folders),
        cmocka_unit_test(listing_page_parse_says_what_is_wrong_with_a_page),
        cmocka_unit_test(hub_info_parse_reads_the_commit_and_who_may_read),
        cmocka_unit_test(hub_info_parse_reads_the_license),
        cmocka_unit_test(hub_info_parse_reads_what_the_card_says_of_a_models_making),
        cmocka_unit_test(hub_info_parse_wants_a_commit_of_40_hex_digits),
        cmocka_unit_test(link_find_reads_links_as_the_standard_has_them),
        cmocka_unit_test(listing_next_page_stays_with_the_endpoint),
        cmocka_unit_test(an_answer_of_values_alone_is_refused_before_it_is_parsed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
