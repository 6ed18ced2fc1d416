#include "placement/placement_test_internal.h"

/* placement_find() alone: an image in memory, models made by hand. */

static void the_environment_and_the_user_decide_on_the_place(void **state)
{
    static const struct {
        const char *environment, *place;
    } cases[] = {
        {"", "/home/app/.cache/huggingface/hub"},
        {",\"XDG_CACHE_HOME=/var/cache\"", "/var/cache/huggingface/hub"},
        {",\"HF_HOME=/models\"", "/models/hub"},
        {",\"HF_HOME=/models\",\"HF_HUB_CACHE=/hub\"", "/hub"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(notes) struct notes notes = NOTES_INIT;
        CLEANUP(placement) struct placement placement = {0};
        CLEANUP(text) char *members = xasprintf(APP, cases[i].environment);
        CLEANUP(bench) struct bench *bench = bench_of(members);
        struct placement_options options = {0};
        struct placement_base base = base_of(bench);
        if (placement_find(&options, &base, &bench->models, &placement, &notes, &err) < 0)
            fail_msg("%s", err.text);
        assert_int_equal(placement.user.uid, 1000);
        assert_string_equal(placement.models[0].tree.place, cases[i].place);
        assert_string_equal(placement.assignments.items[0], "HF_HUB_OFFLINE=1");
        assert_false(placement.models[0].needs_ancestors);
    }
}

static void other_loaders_have_places_and_variables_of_their_own(void **state)
{
    static const struct {
        const char *layout, *file, *config, *place;
        const char *assignments[3];
        const char *warning; /* NULL: none */
    } cases[] = {
        {"tesseract-js",
         "eng.traineddata",
         "\"WorkingDir\":\"/srv/app\"",
         "/srv/app",
         {NULL},
         NULL},
        {"tiktoken",
         "r50k_base.tiktoken",
         "\"Env\":[\"HOME=/h\"]",
         "/h/.cache/tiktoken",
         {"TIKTOKEN_CACHE_DIR=/h/.cache/tiktoken", NULL},
         NULL},
        {"tiktoken",
         "r50k_base.tiktoken",
         "\"Env\":[\"DATA_GYM_CACHE_DIR=/g\",\"HOME=/h\"]",
         "/g",
         {NULL},
         NULL},
        {"fastembed",
         "x",
         "\"Env\":[\"HOME=/h\"]",
         "/h/.cache/fastembed",
         {"FASTEMBED_CACHE_PATH=/h/.cache/fastembed", "HF_HUB_OFFLINE=1", NULL},
         NULL},
        {"paddlex",
         "x",
         "\"Env\":[\"HOME=/h\"]",
         "/h/.paddlex",
         {"PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK=True", NULL},
         NULL},
        {"flashrank", "m/x", "\"Env\":[\"HOME=/h\"]", "/tmp", {NULL}, "mount /tmp anew"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(notes) struct notes notes = NOTES_INIT;
        CLEANUP(placement) struct placement placement = {0};
        CLEANUP(text) char *members = xasprintf(PLAIN ",\"config\":{%s}", cases[i].config);
        CLEANUP(bench) struct bench *bench = bench_of(members);
        struct placement_options options = {0};
        struct placement_base base = base_of(bench);
        size_t count = 0;
        bench->models.items[0].layout = layout_find(cases[i].layout);
        free(bench->models.items[0].plan.files[0].path);
        bench->models.items[0].plan.files[0].path = xstrdup(cases[i].file);
        if (placement_find(&options, &base, &bench->models, &placement, &notes, &err) < 0)
            fail_msg("%s: %s", cases[i].layout, err.text);
        assert_string_equal(placement.models[0].tree.place, cases[i].place);
        for (; cases[i].assignments[count] != NULL; count++)
            assert_true(strings_has(&placement.assignments, cases[i].assignments[count]));
        assert_int_equal(placement.assignments.count, count);
        assert_true(cases[i].warning == NULL || has_warning(&notes, cases[i].warning));
    }
}

static void a_package_that_the_base_lacks_is_told(void **state)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(notes) struct notes notes = NOTES_INIT;
    CLEANUP(placement) struct placement placement = {0};
    CLEANUP(bench) struct bench *bench = bench_of(PLAIN);
    struct placement_options options = {0};
    struct placement_base base = base_of(bench);

    (void)state;
    bench->models.items[0].layout = layout_find("rapidocr");
    assert_int_equal(placement_find(&options, &base, &bench->models, &placement, &notes, &err), -1);
    assert_int_equal(err.kind, ERROR_NOT_FOUND);
    assert_non_null(strstr(err.text,
                           "'org/name': the layout 'rapidocr' puts files into the package "
                           "'rapidocr', which the image does not have"));
}

static void a_place_in_a_volume_is_told(void **state)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(notes) struct notes notes = NOTES_INIT;
    CLEANUP(placement) struct placement placement = {0};
    CLEANUP(bench)
    struct bench *bench = bench_of(PLAIN ",\"config\":{\"Volumes\":{\"/root\":{}}}");
    struct placement_options options = {0};
    struct placement_base base = base_of(bench);

    (void)state;
    assert_int_equal(placement_find(&options, &base, &bench->models, &placement, &notes, &err), 0);
    assert_true(has_warning(&notes, "lies in the image's volume '/root'"));
}

static void what_an_image_records_of_the_same_base_is_believed(void **state)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(notes) struct notes notes = NOTES_INIT;
    CLEANUP(placement) struct placement placement = {0};
    CLEANUP(text) char *members = xasprintf(APP, "");
    CLEANUP(bench) struct bench *bench = bench_of(members);
    struct placement_options options = {0};
    struct placement_base base = base_of(bench);
    struct own_parts recorded = {0};
    const struct image_base_facts user = {
        .user_asked = (char[]){"1000:1000"},
        .home_asked = (char[]){"/home/app"},
        .uid = 77,
        .gid = 78,
        .home = (char[]){"/srv"},
        .user_from = (char[]){"a record"},
        .home_from = (char[]){"a record"},
    };

    (void)state;
    image_chain_id(bench->image, &recorded.facts.chain_id);
    image_base_facts_set_user(&recorded.facts, &user);
    known_bases_add(&bench->known, &recorded);
    own_parts_release(&recorded);
    assert_int_equal(placement_find(&options, &base, &bench->models, &placement, &notes, &err), 0);
    assert_int_equal(placement.user.uid, 77);
    assert_string_equal(placement.models[0].tree.place, "/srv/.cache/huggingface/hub");
}

static void a_layer_of_the_same_model_in_the_same_place_is_replaced(void **state)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(notes) struct notes notes = NOTES_INIT;
    CLEANUP(placement) struct placement placement = {0};
    CLEANUP(text) char *members = xasprintf(APP, "");
    CLEANUP(bench) struct bench *bench = bench_of(members);
    struct placement_options options = {0};
    struct placement_base base = base_of(bench);
    struct image_layer layer = {.record = {.model = (char[]){"org/name"},
                                           .layout = (char[]){"huggingface"},
                                           .place = (char[]){"/home/app/.cache/huggingface/hub"}}};

    (void)state;
    assert_int_equal(placement_find(&options, &base, &bench->models, &placement, &notes, &err), 0);
    assert_true(placement_replaces(&placement, &layer));
    layer.record.place = (char[]){"/elsewhere"};
    assert_false(placement_replaces(&placement, &layer));
    layer.record = (struct layer_record){.kind = (char[]){"folders"}};
    assert_true(placement_replaces(&placement, &layer));
}

static const char *target_of(const struct tree *tree, const char *path)
{
    for (size_t i = 0; i < tree->count; i++)
        if (strcmp(tree->entries[i].path, path) == 0)
            return tree->entries[i].text;
    return NULL;
}

static void a_shared_model_is_linked_from_where_its_loader_looks(void **state)
{
    static const struct {
        const char *environment, *looks, *link, *target;
    } cases[] = {
        {"", "/home/app/.cache/huggingface/hub",
         "home/app/.cache/huggingface/hub/models--org--name",
         "../../../../../usr/share/models/models--org--name"},
        {",\"HF_HUB_CACHE=/usr/hub\"", "/usr/hub", "usr/hub/models--org--name",
         "../share/models/models--org--name"},
        {",\"TRANSFORMERS_CACHE=/usr/st\"", "/home/app/.cache/huggingface/hub",
         "usr/st/models--org--name", "../share/models/models--org--name"},
        {",\"HF_HUB_CACHE=/usr/share/models\"", "/usr/share/models", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(notes) struct notes notes = NOTES_INIT;
        CLEANUP(placement) struct placement placement = {0};
        CLEANUP(text) char *members = xasprintf(APP, cases[i].environment);
        CLEANUP(bench) struct bench *bench = bench_of(members);
        struct placement_options options = {.shared = "/usr/share/models"};
        struct placement_base base = base_of(bench);
        if (placement_find(&options, &base, &bench->models, &placement, &notes, &err) < 0)
            fail_msg("%s", err.text);
        const struct placed_model *placed = &placement.models[0];
        assert_string_equal(placed->tree.place, "/usr/share/models");
        assert_string_equal(placed_model_looks(placed), cases[i].looks);
        for (size_t k = 0; k < placed->tree.count; k++) {
            assert_int_equal(placed->tree.entries[k].uid, 0);
            assert_true(text_starts_with(placed->tree.entries[k].path, "usr/share/models/"));
        }
        assert_true(cases[i].link != NULL || placed->tree.also.count == 0);
        for (size_t k = 0; k < placed->links.count; k++)
            assert_int_equal(placed->links.entries[k].uid, 1000);
        if (cases[i].link != NULL)
            assert_string_equal(target_of(&placed->links, cases[i].link), cases[i].target);
    }
}

/* Files in the place itself have a link each; the folders between are the user's. */
static void files_of_a_shared_model_without_a_folder_are_linked_each(void **state)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(notes) struct notes notes = NOTES_INIT;
    CLEANUP(placement) struct placement placement = {0};
    CLEANUP(text) char *members = xasprintf(APP, "");
    CLEANUP(bench) struct bench *bench = bench_of(members);
    struct layout plain = *layout_find("dir");
    struct placement_options options = {.shared = "/m"};
    struct placement_base base = base_of(bench);

    (void)state;
    plain.name = "plain";
    plain.takes_path = false;
    plain.below = "/plain";
    bench->models.items[0].layout = &plain;
    if (placement_find(&options, &base, &bench->models, &placement, &notes, &err) < 0)
        fail_msg("%s", err.text);
    const struct placed_model *placed = &placement.models[0];
    assert_string_equal(placed->tree.place, "/m/plain");
    assert_int_equal(placed->tree.count, 1);
    assert_int_equal(placed->links.count, 1);
    assert_string_equal(target_of(&placed->links, "home/app/plain/config.json"),
                        "../../../m/plain/config.json");
}

static void a_model_moves_between_its_place_and_a_shared_folder(void **state)
{
    static const struct {
        const char *shared, *place, *also;
        bool replaced;
    } cases[] = {
        {"/m", "/home/app/.cache/huggingface/hub", NULL, true},
        {"/m", "/m", "/home/app/.cache/huggingface/hub", true},
        {"/m", "/m", "/root/.cache/huggingface/hub", true},
        {"/m", "/other", "/home/app/.cache/huggingface/hub", true},
        {"/m", "/other", "/root/.cache/huggingface/hub", false},
        {NULL, "/m", "/home/app/.cache/huggingface/hub", true},
        {NULL, "/m", "/root/.cache/huggingface/hub", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(notes) struct notes notes = NOTES_INIT;
        CLEANUP(placement) struct placement placement = {0};
        CLEANUP(text) char *members = xasprintf(APP, "");
        CLEANUP(text) char *place = xstrdup(cases[i].place);
        CLEANUP(bench) struct bench *bench = bench_of(members);
        struct placement_options options = {.shared = cases[i].shared};
        struct placement_base base = base_of(bench);
        struct image_layer layer = {.record = {.kind = (char[]){"small"},
                                               .model = (char[]){"org/name"},
                                               .layout = (char[]){"huggingface"},
                                               .place = place}};
        if (cases[i].also != NULL)
            strings_add(&layer.record.also, cases[i].also);
        assert_int_equal(placement_find(&options, &base, &bench->models, &placement, &notes, &err),
                         0);
        if (placement_replaces(&placement, &layer) != cases[i].replaced)
            fail_msg("case %zu", i);
        strings_release(&layer.record.also);
    }
}

static void a_user_that_the_image_lacks_is_refused_and_nothing_is_left(void **state)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(notes) struct notes notes = NOTES_INIT;
    CLEANUP(placement) struct placement placement = {0};
    CLEANUP(bench) struct bench *bench = bench_of(PLAIN);
    struct placement_options options = {.user = "nobody"};
    struct placement_base base = base_of(bench);

    (void)state;
    assert_int_equal(placement_find(&options, &base, &bench->models, &placement, &notes, &err), -1);
    assert_non_null(strstr(err.text, "--user: "));
    assert_int_equal(placement.model_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_environment_and_the_user_decide_on_the_place),
        cmocka_unit_test(other_loaders_have_places_and_variables_of_their_own),
        cmocka_unit_test(a_package_that_the_base_lacks_is_told),
        cmocka_unit_test(a_place_in_a_volume_is_told),
        cmocka_unit_test(what_an_image_records_of_the_same_base_is_believed),
        cmocka_unit_test(a_layer_of_the_same_model_in_the_same_place_is_replaced),
        cmocka_unit_test(a_shared_model_is_linked_from_where_its_loader_looks),
        cmocka_unit_test(files_of_a_shared_model_without_a_folder_are_linked_each),
        cmocka_unit_test(a_model_moves_between_its_place_and_a_shared_folder),
        cmocka_unit_test(a_user_that_the_image_lacks_is_refused_and_nothing_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
