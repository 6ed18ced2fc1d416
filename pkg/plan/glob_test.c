#include "plan/plan.h"

#include "core/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

static void glob_matches_as_fnmatch_on_the_whole_path(void **state)
{
    static const struct {
        const char *glob, *path;
        bool matches;
    } cases[] = {
        {"*.json", "config.json", true},
        {"*.json", "1_Pooling/config.json", true},
        {"*.json", "a/b/c.json", true},
        {"*.json", "config.jsonl", false},
        {"*/config.json", "1_Pooling/config.json", true},
        {"*/config.json", "config.json", false},
        {"**/*.json", "a/b/c.json", true},
        {"**/*.json", "1_Pooling/config.json", true},
        {"**/*.json", "config.json", false},
        {"1_Pooling/**", "1_Pooling/config.json", true},
        {"1_Pooling/", "1_Pooling/config.json", true},
        {"1_Pooling/*", "1_Pooling/a/b", true},
        {"1_Pooling", "1_Pooling/config.json", false},
        {"onnx/", "onnx", false},
        {"onnx/", "onnxx/a", false},
        {"onnx\\", "onnx/a", true},
        {"onnx/*", "onnx\\a", true},
        {"*.bin", "pytorch_model.bin", true},
        {"*.bin", "Model.BIN", false},
        {".*", ".gitattributes", true},
        {".*", ".git/x", true},
        {".*", "a/.hidden", false},
        {"*", ".hidden", true},
        {"*", "", true},
        {"", "", true},
        {"", "a", false},
        {"/config.json", "config.json", false},
        {"./config.json", "config.json", false},
        {"config.json", "config.json", true},
        {"config.jso", "config.json", false},
        {"config.json?", "config.json", false},
        {"a?c", "a/c", true},
        {"a?c",
         "a\xc3\xa9"
         "c",
         true},
        {"a?c", "ac", false},
        {"a?c",
         "a\xff"
         "c",
         true},
        {"*.{bin,json}", "a.bin", false},
        {"*.{bin,json}", "a.{bin,json}", true},
        {"a*b*c", "a-b-b-c", true},
        {"a*b*c", "a-b-b-", false},
        {"*a", "aaab", false},
        {"*ab", "aaab", true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (glob_matches(cases[i].glob, cases[i].path) != cases[i].matches)
            fail_msg("'%s' on '%s'", cases[i].glob, cases[i].path);
}

static void glob_sets_are_those_of_fnmatch(void **state)
{
    static const struct {
        const char *glob, *path;
        bool matches;
    } cases[] = {
        {"[abc]", "b", true},
        {"[abc]", "d", false},
        {"[a-c]x", "bx", true},
        {"[a-c]", "-", false},
        {"[!a-c]", "d", true},
        {"[!a-c]", "b", false},
        {"[!a]", "/", true},
        {"[]]", "]", true},
        {"[!]]", "]", false},
        {"[!]]", "a", true},
        {"[]-a]", "_", true},
        {"[a-]", "-", true},
        {"[-a]", "-", true},
        {"[a-c-e]", "-", true},
        {"[a-c-e]", "d", false},
        {"[c-a]", "b", false},
        {"[!c-a]", "b", true},
        {"[^a]", "^", true},
        {"[^a]", "b", false},
        {"[*]", "*", true},
        {"[*]", "a", false},
        {"[[]a", "[a", true},
        {"a[", "a[", true},
        {"[ab", "[ab", true},
        {"[!", "[!", true},
        {"[]", "[]", true},
        {"[a/", "[a/b", true},
        {"[\xc3\xa0-\xc3\xa9]", "\xc3\xa5", true},
        {"[\xc3\xa0-\xc3\xa9]", "\xc3\xb5", false},
        {"[\\]", "/", true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (glob_matches(cases[i].glob, cases[i].path) != cases[i].matches)
            fail_msg("'%s' on '%s'", cases[i].glob, cases[i].path);
}

static char *repeat(const char *text, size_t times, const char *end)
{
    CLEANUP(buf) struct buf out = BUF_INIT;

    for (size_t i = 0; i < times; i++)
        buf_add_text(&out, text);
    buf_add_text(&out, end);
    return buf_take(&out);
}

static void glob_with_many_stars_takes_no_time(void **state)
{
    static const char *const pieces[] = {"*a", "*?", "*[", "*[a-c]"};
    CLEANUP(text) char *path = repeat("a", 4000, "");

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
        CLEANUP(text) char *glob = repeat(pieces[i], 1000, "b");
        clock_t begin = clock();
        assert_false(glob_matches(glob, path));
        assert_true(clock() - begin < 2 * CLOCKS_PER_SEC);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(glob_matches_as_fnmatch_on_the_whole_path),
        cmocka_unit_test(glob_sets_are_those_of_fnmatch),
        cmocka_unit_test(glob_with_many_stars_takes_no_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
