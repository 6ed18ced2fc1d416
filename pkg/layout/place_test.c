#include "layout/layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define COMMIT "3f0c6d0c1d3b4e5f60718293a4b5c6d7e8f90123"
#define ENVIRONMENT(...)                                                                           \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static void fill(struct plan *plan)
{
    struct plan_file file = {.path = (char *)(uintptr_t) "modules.json", .size = 2};

    plan->origin.name = xstrdup("acme/tiny");
    plan->origin.revision = xstrdup("main");
    plan->pin = xstrdup(COMMIT);
    file.digest = digest_of(DIGEST_GIT_SHA1, "{}", 2);
    plan_add(plan, &file);
}

static int arrange(const char *layout, const struct home *home, struct tree *out, struct error *err)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    struct layout_request request = {.layout = layout_find(layout), .plan = &plan, .home = home};

    fill(&plan);
    return layout_arrange(&request, out, err);
}

static void the_environment_of_the_image_decides_on_the_place(void **state)
{
    const struct {
        const char *layout, *home;
        const char *const *environment;
        const char *place;
    } cases[] = {
        {"huggingface", "/root", NULL, "/root/.cache/huggingface/hub"},
        {"huggingface", "/home/app/", NULL, "/home/app/.cache/huggingface/hub"},
        {"huggingface", "/", NULL, "/.cache/huggingface/hub"},
        {"huggingface", "/root", ENVIRONMENT("XDG_CACHE_HOME=/x"), "/x/huggingface/hub"},
        {"huggingface", "/root", ENVIRONMENT("XDG_CACHE_HOME=/x", "HF_HOME=/h"), "/h/hub"},
        {"huggingface", "/root", ENVIRONMENT("HUGGINGFACE_HUB_CACHE=/o", "HF_HOME=/h"), "/o"},
        {"huggingface", "/root",
         ENVIRONMENT("HUGGINGFACE_HUB_CACHE=/o", "HF_HUB_CACHE=/n", "HF_HOME="), "/n"},
        {"huggingface", "/root", ENVIRONMENT("HF_HUB_CACHE=//a/./b//c/."), "/a/b/c"},
        {"huggingface", "/root", ENVIRONMENT("HF_HUB_CACHE=/"), "/"},
        {"huggingface", "/root", ENVIRONMENT("HF_HOME=/./"), "/hub"},
        {"huggingface", "/home/app", ENVIRONMENT("HF_HOME=~"), "/home/app/hub"},
        {"huggingface", "/home/app", ENVIRONMENT("HF_HOME=~/models/"), "/home/app/models/hub"},
        {"huggingface", "/", ENVIRONMENT("HF_HUB_CACHE=~/m"), "/m"},
        {"huggingface", "/root", ENVIRONMENT("HF_HUB_CACHE=/a/~b..c"), "/a/~b..c"},
        {"huggingface", "/root", ENVIRONMENT("HF_HUB_CACHE=/a\\..\\b"), "/a\\..\\b"},
        {"sentence-transformers", "/root", NULL, "/root/.cache/torch/sentence_transformers"},
        {"sentence-transformers", "/root", ENVIRONMENT("XDG_CACHE_HOME=/x", "HF_HOME=/h"),
         "/x/torch/sentence_transformers"},
        {"sentence-transformers", "/root", ENVIRONMENT("XDG_CACHE_HOME=/x", "TORCH_HOME=~/t"),
         "/root/t/sentence_transformers"},
        {"sentence-transformers", "/root",
         ENVIRONMENT("SENTENCE_TRANSFORMERS_HOME=/s/", "TORCH_HOME=/t"), "/s"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(tree) struct tree tree = TREE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct home home = {.path = cases[i].home, .environment = cases[i].environment};
        if (arrange(cases[i].layout, &home, &tree, &err) < 0)
            fail_msg("case %zu: %s", i, err.text);
        assert_string_equal(tree.place, cases[i].place);
    }
}

static void a_place_that_cannot_be_known_is_refused(void **state)
{
    const struct {
        const char *layout, *home;
        const char *const *environment;
        const char *complaint;
    } cases[] = {
        {"huggingface", "/root", ENVIRONMENT("HF_HOME="),
         "HF_HOME is '' in the image, which loaders take for their working directory; set it to an "
         "absolute path there"},
        {"huggingface", "/root", ENVIRONMENT("HF_HUB_CACHE=models", "HF_HOME=/h"),
         "HF_HUB_CACHE is 'models' in the image, which is relative"},
        {"huggingface", "/root", ENVIRONMENT("HF_HOME=~app/x"), "HF_HOME is '~app/x'"},
        {"huggingface", "/root", ENVIRONMENT("HF_HOME=$HOME/x"),
         "HF_HOME is '$HOME/x' in the image, and the Hub's clients expand '$' since version 0.30"},
        {"huggingface", "/root", ENVIRONMENT("HF_HOME=/a/${B}"), "expand '$'"},
        {"huggingface", "/root", ENVIRONMENT("XDG_CACHE_HOME=/a/../b"),
         "XDG_CACHE_HOME is '/a/../b' in the image, and a part of it is '..'"},
        {"huggingface", "/root", ENVIRONMENT("HF_HOME=/a/.wh.b"), "begins with '.wh.'"},
        {"huggingface", "/root", ENVIRONMENT("HF_HOME=/a\x01"), "HF_HOME is '/a?'"},
        {"huggingface", "/root", ENVIRONMENT("HF_HOME=/a\xff"), "not clean UTF-8"},
        {"huggingface", "", NULL, "HOME is '' in the image"},
        {"huggingface", "app", NULL, "HOME is 'app' in the image"},
        {"sentence-transformers", "/root", ENVIRONMENT("SENTENCE_TRANSFORMERS_HOME=~/s"),
         "SENTENCE_TRANSFORMERS_HOME is '~/s'"},
        {"sentence-transformers", "/root", ENVIRONMENT("TORCH_HOME="), "TORCH_HOME is ''"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(tree) struct tree tree = TREE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct home home = {.path = cases[i].home, .environment = cases[i].environment};
        assert_int_equal(arrange(cases[i].layout, &home, &tree, &err), -1);
        assert_int_equal(err.kind, ERROR_UNSUPPORTED);
        if (strstr(err.text, cases[i].complaint) == NULL)
            fail_msg("'%s' does not say '%s'", err.text, cases[i].complaint);
        assert_null(tree.place);
        assert_int_equal(tree.count, 0);
    }
}

static void variables_that_lead_elsewhere_are_named(void **state)
{
    const struct {
        const char *layout;
        const char *const *environment;
        const char *names[5];
        const char *paths[5];
    } cases[] = {
        {"huggingface", NULL, {NULL}, {NULL}},
        {"huggingface", ENVIRONMENT("HF_HOME=/h", "TORCH_HOME=/t"), {NULL}, {NULL}},
        {"huggingface",
         ENVIRONMENT("TRANSFORMERS_CACHE=/t", "SENTENCE_TRANSFORMERS_HOME=",
                     "PYTORCH_PRETRAINED_BERT_CACHE=/b", "PYTORCH_TRANSFORMERS_CACHE=/c"),
         {"SENTENCE_TRANSFORMERS_HOME", "TRANSFORMERS_CACHE", "PYTORCH_TRANSFORMERS_CACHE",
          "PYTORCH_PRETRAINED_BERT_CACHE"},
         {"", "/t", "/c", "/b"}},
        {"huggingface",
         ENVIRONMENT("HF_HUB_CACHE=/models", "TRANSFORMERS_CACHE=//models/./",
                     "SENTENCE_TRANSFORMERS_HOME=models"),
         {"SENTENCE_TRANSFORMERS_HOME"},
         {""}},
        {"huggingface",
         ENVIRONMENT("TRANSFORMERS_CACHE=/a//b/./c/", "SENTENCE_TRANSFORMERS_HOME=/../x"),
         {"SENTENCE_TRANSFORMERS_HOME", "TRANSFORMERS_CACHE"},
         {"", "/a/b/c"}},
        {"huggingface",
         ENVIRONMENT("TRANSFORMERS_CACHE=/t", "TRANSFORMERS_CACHE=/root/.cache/huggingface/hub"),
         {NULL},
         {NULL}},
        {"huggingface", ENVIRONMENT("TRANSFORMERS_CACHE=/t", "HF_HOME="), {NULL}, {NULL}},
        {"huggingface",
         ENVIRONMENT("FASTEMBED_CACHE_PATH=/f", "LLAMA_INDEX_CACHE_DIR=/l", "HF_HOME=/h",
                     "HF_HUB_CACHE=/c"),
         {"FASTEMBED_CACHE_PATH", "LLAMA_INDEX_CACHE_DIR", "HF_HOME"},
         {"/f", "/l", "/h/hub"}},
        {"huggingface", ENVIRONMENT("HF_HOME=~/h"), {NULL}, {NULL}},
        {"fastembed", ENVIRONMENT("HF_HOME=/h", "HF_HUB_CACHE=/c"), {NULL}, {NULL}},
        {"sentence-transformers", ENVIRONMENT("TRANSFORMERS_CACHE=/t"), {NULL}, {NULL}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(strings) struct strings names = STRINGS_INIT;
        CLEANUP(strings) struct strings paths = STRINGS_INIT;
        struct home home = {.path = "/root", .environment = cases[i].environment};
        size_t count = 0;
        layout_alternates(layout_find(cases[i].layout), &home, &names, &paths);
        while (cases[i].names[count] != NULL)
            count++;
        assert_int_equal(names.count, count);
        assert_int_equal(paths.count, count);
        for (size_t j = 0; j < count; j++) {
            assert_string_equal(names.items[j], cases[i].names[j]);
            assert_string_equal(paths.items[j], cases[i].paths[j]);
        }
    }
}

static void folders_above_belong_to_the_user_from_home_and_variable_down(void **state)
{
    static const struct {
        const char *home, *variable, *folder;
        uint32_t uid, mode;
    } cases[] = {
        {"/home/app", "HF_HUB_CACHE=/home/app/.cache/hub", "home", 0, 0755},
        {"/home/app", "HF_HUB_CACHE=/home/app/.cache/hub", "home/app", 1000, 0755},
        {"/home/app", "HF_HUB_CACHE=/home/app/.cache/hub", "home/app/.cache", 1000, 0755},
        {"/home/app", "HF_HUB_CACHE=/home/app/.cache/hub", "home/app/.cache/hub/.locks", 1000,
         0755},
        {"/home/app", "HF_HUB_CACHE=/home/app2/hub", "home/app2", 0, 0755},
        {"/home/app", "HF_HUB_CACHE=/home/app2/hub", "home/app2/hub", 1000, 0755},
        {"/home/app", "HF_HUB_CACHE=/home", "home", 0, 0755},
        {"/root", "HF_HUB_CACHE=/root/hub", "root", 1000, 0700},
        {"/home/app", "HF_HUB_CACHE=/root/hub", "root", 0, 0700},
        {"/home/app", "HF_HUB_CACHE=/srv/root/hub", "srv/root", 0, 0755},
        {"/", "HF_HUB_CACHE=/opt/hub", "opt", 1000, 0755},
        {"/home/app", "HF_HOME=/models/hf", "models", 0, 0755},
        {"/home/app", "HF_HOME=/models/hf", "models/hf", 1000, 0755},
        {"/home/app", "HF_HOME=/models/hf", "models/hf/hub", 1000, 0755},
        {"/home/app", "HF_HOME=/home/./", "home", 0, 0755},
        {"/home/app", "HF_HOME=/home/./", "home/hub", 1000, 0755},
        {"/home/app", "HF_HOME=/", "hub", 1000, 0755},
        {"/home/app", "XDG_CACHE_HOME=/var/cache/app/", "var/cache", 0, 0755},
        {"/home/app", "XDG_CACHE_HOME=/var/cache/app/", "var/cache/app", 1000, 0755},
        {"/home/app", "XDG_CACHE_HOME=/var/cache/app/", "var/cache/app/huggingface", 1000, 0755},
        {"not absolute", "HF_HOME=/opt/hf", "opt/hf", 1000, 0755},
        {"not absolute", "HF_HUB_CACHE=/opt/hub", "opt", 0, 0755},
        {"not absolute", "HF_HUB_CACHE=/opt/hub", "opt/hub", 1000, 0755},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(tree) struct tree tree = TREE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct home home = {
            .path = cases[i].home,
            .uid = 1000,
            .gid = 1000,
            .environment = ENVIRONMENT(cases[i].variable),
        };
        size_t found = 0;
        assert_int_equal(arrange("huggingface", &home, &tree, &err), 0);
        for (size_t j = 0; j < tree.count; j++) {
            const struct tree_entry *entry = &tree.entries[j];
            if (strcmp(entry->path, cases[i].folder) != 0)
                continue;
            found++;
            assert_true(entry->above);
            assert_int_equal(entry->uid, cases[i].uid);
            assert_int_equal(entry->gid, cases[i].uid);
            assert_int_equal(entry->mode, cases[i].mode);
        }
        assert_int_equal(found, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_environment_of_the_image_decides_on_the_place),
        cmocka_unit_test(a_place_that_cannot_be_known_is_refused),
        cmocka_unit_test(variables_that_lead_elsewhere_are_named),
        cmocka_unit_test(folders_above_belong_to_the_user_from_home_and_variable_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
