#include "oci/document.h"
#include "oci/member.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static json_t *parse(const char *text)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    json_t *json = NULL;

    buf_add_text(&bytes, text);
    if (json_from_buf(&bytes, "it", &json, &err) < 0)
        fail_msg("'%s': %s", text, err.text);
    return json;
}

static void check_text(const json_t *json, const char *before, const char *expected)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    json_to_buf(json, &text);
    if (expected == NULL || strcmp(buf_text(&text), expected) != 0)
        fail_msg("'%s' becomes '%s', expected '%s'", before, buf_text(&text),
                 expected != NULL ? expected : "(nothing)");
}

static void a_member_is_found_as_go_finds_it(void **state)
{
    static const struct {
        const char *text, *name;
        const char *value; /* NULL: it is not there */
    } cases[] = {
        {"{\"rootfs\":1}", "rootfs", "1"},
        {"{\"rootfS\":1}", "rootfs", "1"},
        {"{\"ROOTFS\":1}", "rootfs", "1"},
        {"{\"mediatype\":1}", "mediaType", "1"},
        {"{\"RepoTags\":1,\"repoTags\":2}", "RepoTags", "2"},
        {"{\"repoTags\":1,\"RepoTags\":2}", "RepoTags", "2"},
        {"{\"Env\":1,\"Env\":2}", "Env", "2"},
        {"{\"Env\":1,\"env\":2,\"Env\":3}", "Env", "3"},
        {"{\"env\":1,\"Env\":2,\"env\":3}", "Env", "3"},
        {"{\"Env\":1,\"\\u0065nv\":2}", "Env", "2"},
        {"{\"Env\":1,\"env\":null}", "Env", "null"},
        {"{\"layer\\u017f\":1}", "layers", "1"},  /* U+017F, the long s */
        {"{\"layer\xC5\xBF\":1}", "Layers", "1"}, /* the same in UTF-8 */
        {"{\"\\u212aey\":1}", "key", "1"},        /* U+212A, the sign of Kelvin */
        {"{\"\xE2\x84\xAA"
         "ey\":1}",
         "Key", "1"},
        {"{\"os\":1,\"o\\u017f\":2}", "os", "2"},
        {"{\"layers \":1,\"layer\":2,\"layerss\":3,\"\":4}", "layers", NULL},
        {"{\"l\xC3\xA4yers\":1,\"lay\\u0000ers\":2}", "layers", NULL},
        {"{\"\\u0131d\":1,\"\\u0130d\":2}", "id", NULL}, /* Turkish letters fold to no other */
        {"{\"\\u0001\\u0002d1;Env\":1}", "Env", NULL},
        {"[\"Env\"]", "Env", NULL},
        {"{}", "Env", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        json_auto_t *json = parse(cases[i].text);
        json_t *value = member_get(json, cases[i].name);
        if (cases[i].value == NULL && value != NULL)
            fail_msg("'%s' has '%s'", cases[i].text, cases[i].name);
        if (cases[i].value == NULL)
            continue;
        CLEANUP(text) char *found = json_dumps(value, JSON_ENCODE_ANY);
        if (found == NULL || strcmp(found, cases[i].value) != 0)
            fail_msg("'%s' has '%s' as %s", cases[i].text, cases[i].name, found);
    }
}

static void null_is_no_text_and_leaves_the_one_before_it(void **state)
{
    static const struct {
        const char *text, *value;
    } cases[] = {
        {"{\"User\":\"a\"}", "a"},
        {"{\"user\":\"\"}", ""},
        {"{\"User\":\"a\",\"user\":\"b\"}", "b"},
        {"{\"User\":\"a\",\"user\":null}", "a"},
        {"{\"User\":\"a\",\"User\":null}", "a"},
        {"{\"User\":null}", NULL},
        {"{\"User\":7}", NULL},
        {"{\"User\":1.0}", NULL}, /* a number that the library cannot hold is no text, either */
        {"{\"User\":\"a\",\"user\":7}", NULL},
        {"{}", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        json_auto_t *json = parse(cases[i].text);
        const char *value = member_text(json, "User");
        if (value == NULL || cases[i].value == NULL ? value != cases[i].value
                                                    : strcmp(value, cases[i].value) != 0)
            fail_msg("'%s' has '%s'", cases[i].text, value);
    }
}

static void what_is_set_goes_to_the_member_that_counts(void **state)
{
    static const struct {
        const char *before, *after;
    } cases[] = {
        {"{\"a\":1}", "{\"a\":1,\"Env\":9}"},
        {"{\"env\":1,\"a\":1}", "{\"env\":9,\"a\":1}"},
        {"{\"ENV\":null,\"a\":1}", "{\"ENV\":9,\"a\":1}"},
        {"{\"Env\":1,\"env\":2,\"a\":1}", "{\"Env\":1,\"env\":9,\"a\":1}"},
        {"{\"Env\":1,\"a\":1,\"Env\":2}", "{\"Env\":1,\"a\":1,\"Env\":9}"},
        {"{\"Environment\":1}", "{\"Environment\":1,\"Env\":9}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        json_auto_t *json = parse(cases[i].before);
        member_set_new(json, "Env", json_integer(9));
        check_text(json, cases[i].before, cases[i].after);
        assert_int_equal(json_integer_value(member_get(json, "Env")), 9);
    }
}

static void a_member_is_removed_in_every_case(void **state)
{
    static const struct {
        const char *before, *after;
    } cases[] = {
        {"{\"data\":1,\"a\":1}", "{\"a\":1}"},
        {"{\"Data\":1,\"a\":1,\"data\":2,\"DATA\":3}", "{\"a\":1}"},
        {"{\"data\":1,\"data\":2,\"a\":1}", "{\"a\":1}"},
        {"{\"date\":1}", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        json_auto_t *json = parse(cases[i].before);
        bool was_there = member_del(json, "data");
        assert_int_equal(was_there, cases[i].after != NULL);
        check_text(json, cases[i].before, was_there ? cases[i].after : cases[i].before);
    }
}

/* The right values are those of encoding/json for a struct and a map[string]string. */
static void objects_that_go_reads_into_one_are_one(void **state)
{
    static const struct {
        const char *before, *after;
        bool is_map;
    } cases[] = {
        {"{\"c\":{\"a\":1}}", "{\"c\":{\"a\":1}}", false},
        {"{\"c\":{\"a\":1},\"x\":0,\"C\":{\"b\":2}}", "{\"x\":0,\"C\":{\"a\":1,\"b\":2}}", false},
        {"{\"c\":{\"a\":1},\"c\":{\"b\":2}}", "{\"c\":{\"a\":1,\"b\":2}}", false},
        {"{\"c\":{\"a\":1},\"C\":{\"b\":2},\"c\":{\"d\":3}}", "{\"c\":{\"a\":1,\"b\":2,\"d\":3}}",
         false},
        /* nothing is lost: the last one of a name counts, and the others are there before it */
        {"{\"c\":{\"a\":1},\"C\":{\"a\":2}}", "{\"C\":{\"a\":1,\"a\":2}}", true},
        {"{\"c\":{\"a\":1},\"C\":null}", "{\"C\":{\"a\":1}}", false},
        {"{\"c\":{\"a\":1},\"C\":null}", "{\"C\":null}", true},
        {"{\"c\":null,\"C\":{\"a\":1}}", "{\"C\":{\"a\":1}}", true},
        {"{\"c\":{\"a\":1},\"C\":null,\"c\":{\"b\":2}}", "{\"c\":{\"b\":2}}", true},
        {"{\"c\":{\"a\":1},\"C\":7}", "{\"C\":7}", false}, /* which whoever reads it refuses */
        {"{\"a\":1}", "{\"a\":1}", true},
        {"[1]", "[1]", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        json_auto_t *json = parse(cases[i].before);
        member_unify(json, "c", cases[i].is_map);
        check_text(json, cases[i].before, cases[i].after);
    }
}

static void the_last_member_of_a_name_counts_after_objects_became_one(void **state)
{
    json_auto_t *json = parse("{\"config\":{\"User\":\"a\",\"Env\":[1]},"
                              "\"Config\":{\"user\":\"b\",\"User\":\"c\",\"User\":null}}");
    (void)state;

    member_unify(json, "config", false);
    assert_string_equal(member_text(member_get(json, "config"), "User"), "c");
    assert_int_equal(json_array_size(member_get(member_get(json, "config"), "Env")), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_is_found_as_go_finds_it),
        cmocka_unit_test(null_is_no_text_and_leaves_the_one_before_it),
        cmocka_unit_test(what_is_set_goes_to_the_member_that_counts),
        cmocka_unit_test(a_member_is_removed_in_every_case),
        cmocka_unit_test(objects_that_go_reads_into_one_are_one),
        cmocka_unit_test(the_last_member_of_a_name_counts_after_objects_became_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
