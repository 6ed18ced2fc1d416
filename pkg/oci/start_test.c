#include "oci/start.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void start_words_are_one_word_or_a_list(void **state)
{
    static const struct {
        const char *text;
        const char *shown; /* NULL: refused, */
        const char *why;   /* saying this */
    } cases[] = {
        {"inlay", "ENTRYPOINT [\"inlay\"]", NULL},
        {"/usr/bin/a,b", "ENTRYPOINT [\"/usr/bin/a,b\"]", NULL},
        {"[\"python3\", \"-m\", \"my app\"]", "ENTRYPOINT [\"python3\", \"-m\", \"my app\"]", NULL},
        {" [\"\"]", "ENTRYPOINT [\"\"]", NULL},
        {"[]", "ENTRYPOINT []", NULL},
        {"", NULL, "it is empty"},
        {"python3 -m app", NULL, "no shell takes it apart"},
        {"['a']", NULL, "is no list in JSON"},
        {"[\"a\", 1]", NULL, "item 2 of"},
        {"[\"a\\u0000b\"]", NULL, "is no list in JSON"},
        {"\xff", NULL, "UTF-8"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(container_start) struct container_start start = {0};
        int result = start_words_parse(cases[i].text, &start.entrypoint, &err);
        if (cases[i].shown == NULL) {
            assert_int_equal(result, -1);
            assert_int_equal(err.kind, ERROR_USAGE);
            assert_non_null(strstr(err.text, cases[i].why));
            assert_false(container_start_is_set(&start));
            continue;
        }
        assert_int_equal(result, 0);
        CLEANUP(text) char *shown = container_start_format(&start);
        assert_string_equal(shown, cases[i].shown);
    }
}

static void set_words(struct start_words *words, const char *text)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    if (text != NULL)
        assert_int_equal(start_words_parse(text, words, &err), 0);
}

static void a_new_entrypoint_leaves_no_command_of_another_program(void **state)
{
    static const struct {
        const char *was[2], *over[2], *expected;
    } cases[] = {
        {{NULL, NULL}, {NULL, NULL}, ""},
        {{NULL, NULL}, {"new", NULL}, "ENTRYPOINT [\"new\"] CMD []"},
        {{"old", "a"}, {NULL, NULL}, "ENTRYPOINT [\"old\"] CMD [\"a\"]"},
        {{"old", "a"}, {NULL, "b"}, "ENTRYPOINT [\"old\"] CMD [\"b\"]"},
        {{"old", "a"}, {"new", NULL}, "ENTRYPOINT [\"new\"] CMD []"},
        {{"old", "a"}, {"new", "b"}, "ENTRYPOINT [\"new\"] CMD [\"b\"]"},
        {{NULL, NULL}, {NULL, "b"}, "CMD [\"b\"]"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(container_start) struct container_start start = {0};
        CLEANUP(container_start) struct container_start over = {0};
        set_words(&start.entrypoint, cases[i].was[0]);
        set_words(&start.command, cases[i].was[1]);
        set_words(&over.entrypoint, cases[i].over[0]);
        set_words(&over.command, cases[i].over[1]);
        container_start_override(&start, &over);
        CLEANUP(text) char *shown = container_start_format(&start);
        assert_string_equal(shown, cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_words_are_one_word_or_a_list),
        cmocka_unit_test(a_new_entrypoint_leaves_no_command_of_another_program),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
