#include "placement/placement_test_internal.h"

/* Models of earlier calls: which of them a call replaces, and what it may not do to the others. */

/* A layer of a model that an earlier call has put in. */
static struct image_layer *keep(struct bench *bench, const char *model, const char *layout,
                                const char *place)
{
    struct image_layer *own = xcalloc(1, sizeof(*own));

    own->record = (struct layer_record){
        .kind = xstrdup("small"),
        .model = xstrdup(model),
        .commit = xstrdup(COMMIT),
        .layout = xstrdup(layout),
        .place = xstrdup(place),
    };
    bench->own.layers = own;
    bench->own.layer_count = 1;
    return own;
}

/* The folder of a model in a tree that several loaders read is there once. */
static void a_layer_of_the_same_folder_is_replaced_whichever_loader_it_was_for(void **state)
{
    static const struct {
        const char *environment, *layout, *recorded, *place;
        bool replaced;
    } cases[] = {
        {"", "hf-hub", "huggingface", "/home/app/.cache/huggingface/hub", true},
        {"", "huggingface", "tei", "/home/app/.cache/huggingface/hub", true},
        {"", "llama-cpp", "hf-hub", "/home/app/.cache/huggingface/hub", true},
        {"", "hf-hub", "huggingface", "/elsewhere", false},
        {"", "fastembed", "huggingface", "/home/app/.cache/huggingface/hub", false},
        {",\"FLAIR_CACHE_ROOT=/f\"", "flair", "huggingface", "/f/models/name", true},
        {",\"FLAIR_CACHE_ROOT=/f\"", "flair", "huggingface", "/f/models", false},
        {"", "hf-hub", "dir", "/home/app/.cache/huggingface/hub", false},
        {"", "hf-hub", "of-tomorrow", "/home/app/.cache/huggingface/hub", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(notes) struct notes notes = NOTES_INIT;
        CLEANUP(placement) struct placement placement = {0};
        CLEANUP(text) char *members = xasprintf(APP, cases[i].environment);
        CLEANUP(text) char *recorded = xstrdup(cases[i].recorded);
        CLEANUP(text) char *place = xstrdup(cases[i].place);
        CLEANUP(bench) struct bench *bench = bench_of(members);
        struct placement_options options = {0};
        struct placement_base base = base_of(bench);
        struct image_layer layer = {
            .record = {.model = (char[]){"org/name"}, .layout = recorded, .place = place}};
        bench->models.items[0].layout = layout_find(cases[i].layout);
        assert_int_equal(placement_find(&options, &base, &bench->models, &placement, &notes, &err),
                         0);
        if (placement_replaces(&placement, &layer) != cases[i].replaced)
            fail_msg("case %zu", i);
    }
}

static void the_folder_of_a_model_that_stays_is_not_written_to(void **state)
{
    static const struct {
        const char *layout, *recorded, *model, *place, *also;
        const char *complaint; /* NULL: it goes, with a warning */
    } cases[] = {
        {"huggingface", "fastembed", "org/name", "/f", NULL, NULL},
        {"huggingface", "huggingface", "org/other", "/h", "/f", ""},
        {"fastembed", "huggingface", "org/name", "/h", "/f",
         "'org/name@main' would write '/f/models--org--name', and /f/models--org--name is a link "
         "to "
         "'org/name' in the cache"},
        {"fastembed", "huggingface", "org--name", "/f", NULL,
         "/f/models--org--name is the folder of 'org--name' in the cache"},
        {"fastembed", "hf-hub", "org/name", "/elsewhere", NULL, ""},
    };
    static const char environment[] = ",\"FASTEMBED_CACHE_PATH=/f\"";

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(notes) struct notes notes = NOTES_INIT;
        CLEANUP(placement) struct placement placement = {0};
        CLEANUP(text) char *members = xasprintf(APP, environment);
        CLEANUP(bench) struct bench *bench = bench_of(members);
        struct placement_options options = {0};
        struct placement_base base = base_of(bench);
        const char *complaint = cases[i].complaint;
        struct image_layer *own = keep(bench, cases[i].model, cases[i].recorded, cases[i].place);
        if (cases[i].also != NULL)
            strings_add(&own->record.also, cases[i].also);
        bench->models.items[0].layout = layout_find(cases[i].layout);
        int result = placement_find(&options, &base, &bench->models, &placement, &notes, &err);
        bool is_refused = complaint != NULL && *complaint != '\0';
        if (result != (is_refused ? -1 : 0) || (is_refused && strstr(err.text, complaint) == NULL))
            fail_msg("case %zu: %s", i, err.text);
        assert_int_equal(has_warning(&notes, "no link to the model from /f, where 'org/name' lies"),
                         complaint == NULL);
    }
}

static void what_leads_away_from_models_that_stay_is_refused(void **state)
{
    static const struct {
        const char *model, *layout, *assignment, *complaint;
    } cases[] = {
        {"org/kept", "huggingface", "HF_HUB_CACHE=/srv",
         "HF_HUB_CACHE=/srv makes loaders look in /srv, and not where models of earlier calls are: "
         "'org/kept' in /home/app/.cache/huggingface/hub; name them in this call too"},
        {"org/kept", "huggingface", "HF_HOME=/srv", "look in /srv/hub"},
        {"org/kept", "huggingface", "HOME=/srv", "look in /srv/.cache/huggingface/hub"},
        {"org/kept", "huggingface", "TRANSFORMERS_CACHE=/srv", "TRANSFORMERS_CACHE=/srv makes"},
        {"org/kept", "huggingface", "HF_HUB_CACHE=/home/app/.cache//huggingface/hub", NULL},
        {"org/kept", "huggingface", "TRANSFORMERS_CACHE=relative", NULL},
        {"org/kept", "huggingface", "OTHER=/srv", NULL},
        {"org/kept", "huggingface", "FASTEMBED_CACHE_PATH=/srv", NULL},
        {"org/kept", "dir", "HF_HUB_CACHE=/srv", NULL},
        {"org/kept", "of-tomorrow", "HF_HUB_CACHE=/srv", NULL},
        {"org/name", "huggingface", "HF_HUB_CACHE=/srv", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(notes) struct notes notes = NOTES_INIT;
        CLEANUP(placement) struct placement placement = {0};
        CLEANUP(text) char *members = xasprintf(APP, "");
        CLEANUP(bench) struct bench *bench = bench_of(members);
        const char *const environment[] = {cases[i].assignment, NULL};
        struct placement_options options = {.environment = environment};
        struct placement_base base = base_of(bench);
        const struct image_layer *own =
            keep(bench, cases[i].model, cases[i].layout, "/home/app/.cache/huggingface/hub");
        int result = placement_find(&options, &base, &bench->models, &placement, &notes, &err);
        if (result < 0 &&
            (cases[i].complaint == NULL || strstr(err.text, cases[i].complaint) == NULL))
            fail_msg("%s: %s", cases[i].assignment, err.text);
        assert_int_equal(result, cases[i].complaint == NULL ? 0 : -1);
        assert_true(result < 0 || placement_replaces(&placement, own) ==
                                      (strcmp(cases[i].model, "org/name") == 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_layer_of_the_same_folder_is_replaced_whichever_loader_it_was_for),
        cmocka_unit_test(the_folder_of_a_model_that_stays_is_not_written_to),
        cmocka_unit_test(what_leads_away_from_models_that_stay_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
