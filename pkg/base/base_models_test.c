#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Whether the base has a model, by the records of earlier runs alone. */

#define COMMIT_1 "1111111111111111111111111111111111111111"
#define COMMIT_2 "2222222222222222222222222222222222222222"

struct record_case {
    const char *model, *commit, *kind;
    uint64_t files;
};

#define RECORDS_MOST 3

struct question_case {
    struct record_case records[RECORDS_MOST];
    struct base_question question;
    bool expected;
};

static struct image_layer *make_layers(const struct record_case *records, size_t *count)
{
    struct image_layer *layers = xcalloc(RECORDS_MOST, sizeof(*layers));

    for (*count = 0; *count < RECORDS_MOST && records[*count].model != NULL; (*count)++)
        layers[*count].record = (struct layer_record){
            .kind = xstrdup(records[*count].kind),
            .model = xstrdup(records[*count].model),
            .commit = xstrdup(records[*count].commit),
            .layout = xstrdup("huggingface"),
            .files = records[*count].files,
        };
    return layers;
}

static void the_base_has_what_the_loader_asks_for(void **state)
{
    static const struct question_case cases[] = {
        /* any revision of it, by its name */
        {{{"a/b", COMMIT_1, "small", 2}}, {.name = "a/b"}, true},
        {{{"a/b", COMMIT_1, "small", 2}}, {.name = "a/c"}, false},
        {{{.model = NULL}}, {.name = "a/b"}, false},
        /* the commit of the revision; without it main is what was injected */
        {{{"a/b", COMMIT_1, "small", 2}}, {"a/b", .ref = "main", .pin = COMMIT_1}, true},
        {{{"a/b", COMMIT_1, "small", 2}}, {"a/b", .ref = "main", .pin = COMMIT_2}, false},
        {{{"a/b", COMMIT_1, "small", 2}}, {"a/b", .ref = "main"}, true},
        {{{"a/b", COMMIT_1, "small", 2}}, {"a/b", .ref = "v9"}, false},
        {{{"a/b", COMMIT_1, "small", 2}}, {"a/b", .ref = "1111111"}, true},
        {{{"a/b", COMMIT_1, "small", 2}}, {"a/b", .ref = "111111"}, false},
        /* weights: all files of all layers, or a large one */
        {{{"a/b", COMMIT_1, "small", 2}, {"a/b", COMMIT_1, "medium", 1}},
         {"a/b", .ref = "main", .wants_weights = true, .all_files = 3},
         true},
        {{{"a/b", COMMIT_1, "small", 2}, {"a/b", COMMIT_1, "medium", 1}},
         {"a/b", .ref = "main", .wants_weights = true, .all_files = 4},
         false},
        {{{"a/b", COMMIT_1, "small", 2}, {"a/b", COMMIT_2, "medium", 1}},
         {"a/b", .ref = "main", .pin = COMMIT_1, .wants_weights = true, .all_files = 3},
         false},
        {{{"a/b", COMMIT_1, "large", 1}, {"a/b", COMMIT_1, "small", 1}},
         {"a/b", .ref = "main", .wants_weights = true, .all_files = SIZE_MAX},
         true},
        {{{"a/b", COMMIT_1, "small", 1}, {"a/c", COMMIT_1, "large", 1}},
         {"a/b", .ref = "main", .wants_weights = true, .all_files = SIZE_MAX},
         false},
        /* a folder of it: the large file may be of another one */
        {{{"a/b", COMMIT_1, "large", 1}, {"a/b", COMMIT_1, "small", 1}},
         {"a/b", .ref = "main", .wants_weights = true, .wants_part = true, .all_files = 4},
         false},
        {{{"a/b", COMMIT_1, "large", 1}, {"a/b", COMMIT_1, "small", 3}},
         {"a/b", .ref = "main", .wants_weights = true, .wants_part = true, .all_files = 4},
         true},
        /* by a version that did not tell files */
        {{{"a/b", COMMIT_1, "small", 0}},
         {"a/b", .ref = "main", .wants_weights = true, .all_files = 4},
         true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct base_question question = cases[i].question;
        struct base_platform platforms[2] = {{0}};
        struct base base = {.platforms = platforms, .platform_count = 1};
        question.layout = layout_find("huggingface");
        platforms[0].own.layers = make_layers(cases[i].records, &platforms[0].own.layer_count);
        if (base_has_model(&base, &question) != cases[i].expected)
            fail_msg("case %zu: expected %d", i, cases[i].expected);
        base.platform_count = 2; /* the other one has nothing */
        assert_false(base_has_model(&base, &question));
        own_parts_release(&platforms[0].own);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_base_has_what_the_loader_asks_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
