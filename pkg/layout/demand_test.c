#include "layout/demand.h"

#include "core/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define COMMIT "1234567aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OTHER "7654321bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* Words with ' ' between them. */
static void split(const char *words, struct strings *out)
{
    while (*words != '\0') {
        size_t size = strcspn(words, " ");
        CLEANUP(text) char *word = xstrndup(words, size);
        strings_add(out, word);
        words += size + (words[size] == ' ');
    }
}

struct example {
    const char *asked;    /* as origin_parse() takes it */
    const char *revision; /* of the demand */
    const char *layout;
    const char *weights;
    const char
        *reads; /* "": a person asks; "any": a loader; "torch": one that reads these formats */
    const char *there, *as; /* the image's: its layout */
    const char *refs, *paths;
    enum layout_answer answer;
    const char *lacking;
};

static void check(const struct example *example)
{
    static const char *const torch[] = {"safetensors", "pytorch", NULL};
    CLEANUP(origin) struct origin origin = ORIGIN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(strings) struct strings refs = STRINGS_INIT;
    CLEANUP(strings) struct strings paths = STRINGS_INIT;
    const char *lacking = NULL;

    assert_int_equal(origin_parse(example->asked, &origin, &err), 0);
    split(example->refs, &refs);
    split(example->paths, &paths);
    const struct layout_demand demand = {
        .model = &origin,
        .revision = example->revision,
        .layout = example->layout,
        .weights = example->weights,
        .readable = strcmp(example->reads, "torch") == 0 ? torch : NULL,
        .by_loader = example->reads[0] != '\0',
    };
    const struct layout_state state = {.name = example->there,
                                       .layout = example->as,
                                       .commit = COMMIT,
                                       .refs = &refs,
                                       .paths = &paths};
    enum layout_answer answer = layout_answer(&demand, &state, &lacking);
    if (answer != example->answer)
        fail_msg("'%s' at '%s' for %s: %d", example->asked,
                 example->revision != NULL ? example->revision : "-", example->as, (int)answer);
    if (example->lacking == NULL)
        assert_null(lacking);
    else
        assert_string_equal(lacking, example->lacking);
}

#define HUB "huggingface"
#define ST "sentence-transformers"
#define TORCH "config.json model.safetensors"
#define ONNX "config.json onnx/model.onnx onnx/model_quantized.onnx"

static void a_loader_finds_what_it_asks_for_alone(void **state)
{
    static const struct example cases[] = {
        /* Without a revision it asks for main. */
        {"a/m", NULL, HUB, NULL, "any", "a/m", HUB, "main", TORCH, LAYOUT_MEETS, NULL},
        {"a/m", NULL, HUB, NULL, "any", "a/m", HUB, "v2", TORCH, LAYOUT_LACKS_REVISION, NULL},
        {"a/m", NULL, HUB, NULL, "any", "a/m", HUB, "", TORCH, LAYOUT_LACKS_REVISION, NULL},
        {"a/m", "main", HUB, NULL, "any", "a/m", HUB, "v2 v3", TORCH, LAYOUT_LACKS_REVISION, NULL},
        {"a/m", "v3", HUB, NULL, "any", "a/m", HUB, "main", TORCH, LAYOUT_LACKS_REVISION, NULL},
        {"a/m", "v3", HUB, NULL, "any", "a/m", HUB, "main v3", TORCH, LAYOUT_MEETS, NULL},
        /* A whole commit needs no ref; a part of one is a ref's name. */
        {"a/m", COMMIT, HUB, NULL, "any", "a/m", HUB, "main", TORCH, LAYOUT_MEETS, NULL},
        {"a/m", OTHER, HUB, NULL, "any", "a/m", HUB, "main", TORCH, LAYOUT_LACKS_REVISION, NULL},
        {"a/m", "1234567", HUB, NULL, "any", "a/m", HUB, "main", TORCH, LAYOUT_LACKS_REVISION,
         NULL},
        {"a/m", "1234567", HUB, NULL, "any", "a/m", HUB, "1234567 main", TORCH, LAYOUT_MEETS, NULL},
        /* Another layout will do whose loader looks there, too. */
        {"a/m", NULL, HUB, NULL, "any", "a/m", "hf-hub", "main", TORCH, LAYOUT_MEETS, NULL},
        {"a/m", NULL, HUB, NULL, "any", "a/m", "fastembed", "main", TORCH, LAYOUT_LACKS_PLACE,
         NULL},
        {"a/m", NULL, HUB, NULL, "any", "a/m", ST, "", TORCH, LAYOUT_LACKS_PLACE, NULL},
        {"a/m", NULL, ST, NULL, "any", "a/m", HUB, "main", TORCH, LAYOUT_LACKS_PLACE, NULL},
        /* Plain files are one state of a model. */
        {"a/m", NULL, ST, NULL, "any", "a/m", ST, "", TORCH, LAYOUT_MEETS, NULL},
        {"m", NULL, ST, NULL, "any", "sentence-transformers/m", ST, "", TORCH, LAYOUT_MEETS, NULL},
        {"a/m", NULL, HUB, NULL, "any", "a/other", HUB, "main", TORCH, LAYOUT_IS_OTHER, NULL},
        /* Formats of weights: the one that is named, else those that it reads. */
        {"a/m", NULL, HUB, "gguf:Q8_0", "any", "a/m", HUB, "main", "m-Q4_K_M.gguf",
         LAYOUT_LACKS_FILES, "gguf:Q8_0"},
        {"a/m", NULL, HUB, NULL, "torch", "a/m", HUB, "main", ONNX, LAYOUT_LACKS_FILES,
         "safetensors"},
        {"a/m", NULL, HUB, NULL, "torch", "a/m", HUB, "main", TORCH " onnx/model.onnx",
         LAYOUT_MEETS, NULL},
        {"a/m", NULL, HUB, NULL, "torch", "a/m", HUB, "main", "config.json pytorch_model.bin",
         LAYOUT_MEETS, NULL},
        {"a/m", NULL, HUB, NULL, "torch", "a/m", HUB, "main", "config.json tokenizer.json",
         LAYOUT_MEETS, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check(&cases[i]);
}

static void a_person_asks_for_a_record(void **state)
{
    static const struct example cases[] = {
        {"a/m", NULL, NULL, NULL, "", "a/m", HUB, "v2", TORCH, LAYOUT_MEETS, NULL},
        {"a/m", "main", NULL, NULL, "", "a/m", HUB, "v2", TORCH, LAYOUT_LACKS_REVISION, NULL},
        {"a/m", "1234567", NULL, NULL, "", "a/m", HUB, "main", TORCH, LAYOUT_MEETS, NULL},
        {"a/m", "123456", NULL, NULL, "", "a/m", HUB, "main", TORCH, LAYOUT_LACKS_REVISION, NULL},
        {"a/m", "1234567", NULL, NULL, "", "a/m", ST, "", TORCH, LAYOUT_MEETS, NULL},
        {"a/m", NULL, HUB, NULL, "", "a/m", "hf-hub", "main", TORCH, LAYOUT_LACKS_PLACE, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check(&cases[i]);
}

static void what_is_not_known_is_not_missed(void **state)
{
    CLEANUP(origin) struct origin origin = ORIGIN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(strings) struct strings files = STRINGS_INIT;
    const struct layout_demand demand = {
        .model = &origin, .revision = "v2", .files = &files, .by_loader = true};
    const struct layout_state there = {.name = "a/m", .layout = HUB, .commit = COMMIT};
    const char *lacking = NULL;

    (void)state;
    strings_add(&files, "*.onnx");
    assert_int_equal(origin_parse("a/m@v2", &origin, &err), 0);
    assert_int_equal(layout_answer(&demand, &there, &lacking), LAYOUT_MEETS);
}

static void what_has_no_commits_goes_by_its_checksum(void **state)
{
    static const char url[] = "https://x.org/m.bin#sha256="
                              "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    static const char right[] =
        "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    static const char wrong[] =
        "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    CLEANUP(origin) struct origin origin = ORIGIN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    const char *lacking = NULL;

    (void)state;
    assert_int_equal(origin_parse(url, &origin, &err), 0);
    for (unsigned by_loader = 0; by_loader < 2; by_loader++) {
        const struct layout_demand demand = {
            .model = &origin, .layout = "whisper", .by_loader = by_loader != 0};
        const struct layout_state one = {
            .name = "https://x.org/m.bin", .layout = "whisper", .commit = right};
        const struct layout_state other = {
            .name = "https://x.org/m.bin", .layout = "whisper", .commit = wrong};
        assert_int_equal(layout_answer(&demand, &one, &lacking), LAYOUT_MEETS);
        assert_int_equal(layout_answer(&demand, &other, &lacking), LAYOUT_LACKS_REVISION);
    }
}

static void a_call_that_names_its_folder_is_answered_there(void **state)
{
    static const struct {
        const char *layout, *place, *as, *at;
        enum layout_answer answer;
    } cases[] = {
        {"hub-dir", "/x", "hub-dir", "/x", LAYOUT_MEETS},
        {"hub-dir", "/x", "hub-dir", "/y", LAYOUT_LACKS_PLACE},
        {"hub-dir", "/x", HUB, "/root/.cache/huggingface/hub", LAYOUT_LACKS_PLACE},
        /* It is the same tree, whichever way it came there. */
        {"hub-dir", "/x", HUB, "/x", LAYOUT_MEETS},
        {"hub-dir", "/x", "fastembed", "/x", LAYOUT_MEETS},
        {"hub-dir", "/x", "dir", "/x", LAYOUT_LACKS_PLACE},
        {"hub-dir", "/x", ST, "/x", LAYOUT_LACKS_PLACE},
        {"hub-dir", "~/x", "hub-dir", "/home/app/x", LAYOUT_MEETS},
        {"hub-dir", "~/x", "hub-dir", "/home/app/y", LAYOUT_LACKS_PLACE},
        {"dir", "/x/a_m", "dir", "/x/a_m", LAYOUT_MEETS},
        {"dir", "/x/a_m", ST, "/x", LAYOUT_MEETS},
        {"dir", "/x", "whisper", "/x", LAYOUT_MEETS},
        {HUB, NULL, "hub-dir", "/x", LAYOUT_LACKS_PLACE},
        {"hub-dir", "/x", "hub-dir", NULL, LAYOUT_MEETS}, /* not known */
        {"hub-dir", "/x", HUB, "/usr/share/models", LAYOUT_LACKS_PLACE},
        {"hub-dir", "/link", HUB, "/usr/share/models", LAYOUT_MEETS},
    };
    CLEANUP(origin) struct origin origin = ORIGIN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(strings) struct strings links = STRINGS_INIT;

    (void)state;
    strings_add(&links, "/link");
    assert_int_equal(origin_parse("a/m", &origin, &err), 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *lacking = NULL;
        const struct layout_demand demand = {.model = &origin,
                                             .layout = cases[i].layout,
                                             .place = cases[i].place,
                                             .by_loader = true};
        const struct layout_state there = {.name = "a/m",
                                           .layout = cases[i].as,
                                           .commit = COMMIT,
                                           .place = cases[i].at,
                                           .links = &links};
        if (layout_answer(&demand, &there, &lacking) != cases[i].answer)
            fail_msg("%s in %s, %s in %s", cases[i].layout, cases[i].place, cases[i].as,
                     cases[i].at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loader_finds_what_it_asks_for_alone),
        cmocka_unit_test(a_person_asks_for_a_record),
        cmocka_unit_test(what_is_not_known_is_not_missed),
        cmocka_unit_test(what_has_no_commits_goes_by_its_checksum),
        cmocka_unit_test(a_call_that_names_its_folder_is_answered_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
