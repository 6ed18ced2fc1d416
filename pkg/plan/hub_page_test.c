#include "plan/hub_page.h"

#include "core/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HUB "https://huggingface.co/"

static void an_address_is_taken_as_what_it_shows(void **state)
{
    static const struct {
        const char *text, *model, *path;
        bool is_folder, is_file;
    } cases[] = {
        {HUB "acme/tiny", "acme/tiny", NULL, false, false},
        {HUB "acme/tiny/", "acme/tiny", NULL, false, false},
        {HUB "gpt2", "gpt2", NULL, false, false},
        {HUB "gpt2/tree/main", "gpt2@main", NULL, false, false},
        {"http://hf.co/acme/tiny?library=x#y", "acme/tiny", NULL, false, false},
        {"hf.co/acme/tiny", "acme/tiny", NULL, false, false},
        {"huggingface.co/acme/tiny/tree/main", "acme/tiny@main", NULL, false, false},
        {HUB "acme/tiny/tree/v1.0", "acme/tiny@v1.0", NULL, false, false},
        {HUB "acme/tiny/tree/refs%2Fpr%2F1", "acme/tiny@refs/pr/1", NULL, false, false},
        {HUB "acme/tiny/tree/main/onnx/", "acme/tiny@main", "onnx", true, false},
        {HUB "acme/tiny/blob/main/a%20b.json", "acme/tiny@main", "a b.json", false, false},
        {HUB "acme/tiny/resolve/main/d/w.bin?download=true", "acme/tiny@main", "d/w.bin", false,
         true},
        {HUB "datasets/acme/words/blob/main/w.csv", "datasets/acme/words@main", "w.csv", false,
         false},
        {HUB "acme/tiny/discussions/3", "acme/tiny", NULL, false, false},
        {HUB "acme/tiny/commit/0123456789012345678901234567890123456789",
         "acme/tiny@0123456789012345678901234567890123456789", NULL, false, false},
        {HUB "docs/hub", NULL, NULL, false, false},
        {HUB "spaces/acme/demo", NULL, NULL, false, false},
        {HUB, NULL, NULL, false, false},
        {HUB "ac me/tiny", NULL, NULL, false, false},
        {"https://example.com/acme/tiny", NULL, NULL, false, false},
        {"acme/tiny", NULL, NULL, false, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(hub_page) struct hub_page page = HUB_PAGE_INIT;
        bool is_page = hub_page_parse(cases[i].text, &page);
        if (is_page != (cases[i].model != NULL))
            fail_msg("%s: %s", cases[i].text, is_page ? page.model : "none");
        if (!is_page)
            continue;
        assert_string_equal(page.model, cases[i].model);
        assert_int_equal(page.path != NULL, cases[i].path != NULL);
        if (page.path != NULL)
            assert_string_equal(page.path, cases[i].path);
        assert_int_equal(page.is_folder, cases[i].is_folder);
        assert_int_equal(page.is_file, cases[i].is_file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_taken_as_what_it_shows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
