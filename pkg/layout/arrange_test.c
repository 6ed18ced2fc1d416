#include "layout/layout.h"

#include "testing/golden.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define COMMIT "3f0c6d0c1d3b4e5f60718293a4b5c6d7e8f90123"
#define POINTER "d1ca116d6733584c13cb8bb50b21d5b5b81ee28f"
#define ENVIRONMENT(...)                                                                           \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static void add(struct plan *plan, const char *path, const char *content)
{
    struct plan_file file = {.path = (char *)(uintptr_t)path, .size = strlen(content)};

    file.digest = digest_of(DIGEST_GIT_SHA1, content, strlen(content));
    memcpy(file.blob_id, digest_format_hex(&file.digest).text, GIT_OID_HEX + 1);
    plan_add(plan, &file);
}

static void add_large(struct plan *plan, const char *path, const char *content)
{
    struct plan_file file = {.path = (char *)(uintptr_t)path, .size = strlen(content)};

    file.digest = digest_of(DIGEST_SHA256, content, strlen(content));
    memcpy(file.blob_id, POINTER, sizeof(POINTER));
    plan_add(plan, &file);
}

/* Folders in folders, both kinds of digest, contents that occur twice, an empty file. */
static void fill(struct plan *plan, const char *revision)
{
    plan->origin.name = xstrdup("acme/tiny-embed");
    plan->origin.revision = xstrdup(revision);
    plan->pin = xstrdup(COMMIT);
    add(plan, "config.json", "{\"a\":1}\n");
    add(plan, "1_Pooling/config.json", "{\"a\":1}\n");
    add(plan, "modules.json", "{}");
    add(plan, "a/b/c.txt", "hello");
    add(plan, "a/b/d.txt", "Hello, World!");
    add(plan, "a-b/\xc3\xa9 \"x\".txt", "");
    add_large(plan, "model.safetensors", "hello");
    add_large(plan, "onnx/model.onnx", "hello");
    plan_sort(plan);
}

static void dump(const struct plan *plan, const struct tree *tree, struct buf *out)
{
    static const char *const types[] = {"folder", "file", "text", "link"};

    buf_addf(out, "place %s\n", tree->place);
    for (size_t i = 0; i < tree->count; i++) {
        const struct tree_entry *entry = &tree->entries[i];
        buf_addf(out, "%s %04o %u:%u %s", entry->above ? "above" : types[entry->type],
                 (unsigned)entry->mode, (unsigned)entry->uid, (unsigned)entry->gid, entry->path);
        if (entry->newest)
            buf_add_text(out, " newest");
        if (entry->type == TREE_FILE)
            buf_addf(out, " -> %s", plan->files[entry->file].path);
        else if (entry->text != NULL && strchr(entry->text, '\n') != NULL)
            buf_addf(out, " -> (%zu bytes)", strlen(entry->text));
        else if (entry->text != NULL)
            buf_addf(out, " -> %s", entry->text);
        buf_add_text(out, "\n");
    }
}

static const struct tree_entry *find(const struct tree *tree, const char *end)
{
    for (size_t i = 0; i < tree->count; i++)
        if (text_ends_with(tree->entries[i].path, end))
            return &tree->entries[i];
    return NULL;
}

struct arrange_case {
    const char *golden, *layout, *revision;
    bool as_main;
    enum origin_kind type;
    struct home home;
};

/* Compares the trees with testdata/golden/layout/. */
static void check_cases(const struct arrange_case *cases, size_t case_count)
{
    for (size_t i = 0; i < case_count; i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(tree) struct tree tree = TREE_INIT;
        CLEANUP(buf) struct buf text = BUF_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        fill(&plan, cases[i].revision);
        plan.origin.kind = cases[i].type;
        bool is_main = cases[i].as_main || strcmp(cases[i].revision, "main") == 0;
        struct layout_request request = {layout_find(cases[i].layout),
                                         &plan,
                                         &cases[i].home,
                                         cases[i].as_main,
                                         is_main,
                                         "/srv//models/",
                                         NULL};
        if (layout_arrange(&request, &tree, &err) < 0)
            fail_msg("%s: %s", cases[i].golden, err.text);
        dump(&plan, &tree, &text);
        CLEANUP(text) char *golden = xasprintf("layout/%s", cases[i].golden);
        check_golden(golden, &text);
    }
}

static void trees_are_byte_for_byte_what_loaders_expect(void **state)
{
    const struct arrange_case cases[] = {
        {"main.txt",
         NULL,
         "main",
         false,
         ORIGIN_HUB_MODEL,
         {.path = "/root", .uid = 0, .gid = 0, .environment = NULL}},
        {"commit_as_main.txt",
         NULL,
         COMMIT,
         true,
         ORIGIN_HUB_MODEL,
         {.path = "/home/app", .uid = 1000, .gid = 1001, .environment = NULL}},
        {"pull_request.txt",
         NULL,
         "refs/pr/1",
         false,
         ORIGIN_HUB_DATASET,
         {.path = "/root", .uid = 0, .gid = 0, .environment = ENVIRONMENT("HF_HUB_CACHE=/")}},
        {"sentence_transformers.txt",
         "sentence-transformers",
         "main",
         false,
         ORIGIN_HUB_MODEL,
         {.path = "/home/app", .uid = 1000, .gid = 1001, .environment = NULL}},
    };

    (void)state;
    check_cases(cases, ARRAY_SIZE(cases));
}

static void trees_are_byte_for_byte_what_the_caller_decides(void **state)
{
    const struct arrange_case cases[] = {
        {"hf_home.txt",
         NULL,
         COMMIT,
         false,
         ORIGIN_HUB_MODEL,
         {.path = "/home/app",
          .uid = 1000,
          .gid = 1001,
          .environment = ENVIRONMENT("HF_HOME=/opt/hf")}},
        {"dir.txt",
         "dir",
         "main",
         false,
         ORIGIN_HUB_MODEL,
         {.path = "/home/app", .uid = 1000, .gid = 1001}},
        {"owner.txt",
         NULL,
         "main",
         false,
         ORIGIN_HUB_MODEL,
         {.path = "/home/app", .uid = 1000, .gid = 1001, .owner = &(struct tree_owner){7, 8}}},
        {"group_writable.txt",
         NULL,
         "main",
         false,
         ORIGIN_HUB_MODEL,
         {.path = "/home/app", .uid = 1000, .gid = 1001, .group_writable = true}},
    };

    (void)state;
    check_cases(cases, ARRAY_SIZE(cases));
}

/* Links get their targets where they are placed. */
static void check_shared(const char *golden, const struct layout *layout, const char *folder)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(tree) struct tree tree = TREE_INIT;
    CLEANUP(tree) struct tree links = TREE_INIT;
    CLEANUP(buf) struct buf text = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct home home = {.path = "/home/app", .uid = 1000, .gid = 1001, .group_writable = true};
    struct layout_request request = {layout, &plan, &home, false, true, "/srv//models/", NULL};

    fill(&plan, "main");
    if (layout_arrange(&request, &tree, &err) < 0 ||
        tree_share(&request, layout, folder, &tree, &links, &err) < 0)
        fail_msg("%s: %s", golden, err.text);
    dump(&plan, &tree, &text);
    dump(&plan, &links, &text);
    check_golden(golden, &text);
}

static void a_shared_tree_is_roots_and_leaves_links(void **state)
{
    struct layout plain = *layout_find("dir"); /* whose files lie in the place itself */

    (void)state;
    plain.name = "plain";
    plain.takes_path = false;
    plain.base = LAYOUT_IN_ROOT;
    plain.below = "/srv/models";
    check_shared("layout/shared_huggingface.txt", layout_find(NULL), "/usr//share/models/");
    check_shared("layout/shared_sentence_transformers.txt", layout_find("sentence-transformers"),
                 "/usr/share/models");
    check_shared("layout/shared_plain.txt", &plain, "/models");
}

static void a_shared_folder_that_cannot_be_is_refused(void **state)
{
    static const struct {
        const char *layout, *folder, *complaint;
    } cases[] = {
        {NULL, "/", "--shared '/' cannot be a folder of models"},
        {NULL, "/a/../b", "--shared '/a/../b' cannot be"},
        {NULL, "models", "--shared 'models' cannot be"},
        {"dir", "/models", "the layout 'dir' is told its folder by --path"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(tree) struct tree tree = TREE_INIT;
        CLEANUP(tree) struct tree links = TREE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct home home = {.path = "/root"};
        const struct layout *layout = layout_find(cases[i].layout);
        struct layout_request request = {layout, &plan, &home, false, true, "/m", NULL};
        fill(&plan, "main");
        assert_int_equal(layout_arrange(&request, &tree, &err), 0);
        assert_int_equal(tree_share(&request, layout, cases[i].folder, &tree, &links, &err), -1);
        assert_int_equal(err.kind, ERROR_USAGE);
        if (strstr(err.text, cases[i].complaint) == NULL)
            fail_msg("'%s' does not say '%s'", err.text, cases[i].complaint);
        assert_null(links.place);
    }
}

static void the_list_of_a_commits_files_keeps_its_bytes(void **state)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(tree) struct tree tree = TREE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct home home = {.path = "/root"};
    struct layout_request request = {layout_find(NULL), &plan, &home, false, true, NULL, NULL};

    (void)state;
    fill(&plan, "main");
    assert_int_equal(layout_arrange(&request, &tree, &err), 0);
    const struct tree_entry *list = find(&tree, "/trees/" COMMIT ".json");
    assert_non_null(list);
    assert_int_equal(list->mode, 0644);
    CLEANUP(buf) struct buf text = BUF_INIT;
    buf_add_text(&text, list->text);
    check_golden("layout/trees.json", &text);
}

static void an_incomplete_list_of_files_is_not_written(void **state)
{
    static const char *const wrong_ids[] = {"", "e69de29", POINTER};

    (void)state;
    for (size_t i = 0; i <= ARRAY_SIZE(wrong_ids); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(tree) struct tree tree = TREE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct home home = {.path = "/root"};
        struct layout_request request = {layout_find(NULL), &plan, &home, false, true, NULL, NULL};
        fill(&plan, "main");
        if (i < ARRAY_SIZE(wrong_ids))
            memcpy(plan.files[0].blob_id, wrong_ids[i], strlen(wrong_ids[i]) + 1);
        else
            strings_add(&plan.left_out, "tf_model.h5");
        assert_int_equal(layout_arrange(&request, &tree, &err), 0);
        assert_null(find(&tree, "/trees"));
        assert_non_null(find(&tree, "/refs/main"));
    }
}

static void a_bare_name_is_put_where_the_library_looks_for_it(void **state)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(tree) struct tree tree = TREE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct home home = {.path = "/root"};
    struct layout_request request = {
        layout_find("sentence-transformers"), &plan, &home, false, true, NULL, NULL};

    (void)state;
    fill(&plan, "main");
    free(plan.origin.name);
    plan.origin.name = xstrdup("all-MiniLM-L6-v2");
    assert_int_equal(layout_arrange(&request, &tree, &err), 0);
    assert_non_null(find(&tree, "/sentence-transformers_all-MiniLM-L6-v2/modules.json"));
}

static void set(char **text, const char *value)
{
    free(*text);
    *text = xstrdup(value);
}

static void wrong_digest(struct plan *plan)
{
    plan->files[0].digest = (struct digest)DIGEST_INIT;
}

static void two_sizes(struct plan *plan)
{
    plan->files[0].size++;
}

static void wrong_commit(struct plan *plan)
{
    set(&plan->pin, "main");
}

static void wrong_revision(struct plan *plan)
{
    set(&plan->origin.revision, "a/../../b");
}

static void whiteout_revision(struct plan *plan)
{
    set(&plan->origin.revision, ".wh.main");
}

static void wrong_id(struct plan *plan)
{
    set(&plan->origin.name, "a\x01"
                            "b");
}

static void no_modules(struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        if (strcmp(plan->files[i].path, "modules.json") == 0)
            set(&plan->files[i].path, "module.json");
}

static void dataset(struct plan *plan)
{
    plan->origin.kind = ORIGIN_HUB_DATASET;
}

static void file_and_folder(struct plan *plan)
{
    set(&plan->files[0].path, "a");
}

static void no_files(struct plan *plan)
{
    for (; plan->count > 0; plan->count--)
        free(plan->files[plan->count - 1].path);
}

static void plans_that_cannot_be_arranged_are_refused(void **state)
{
    static const struct {
        const char *layout;
        void (*spoil)(struct plan *plan);
        enum error_kind kind;
        const char *complaint;
    } cases[] = {
        {NULL, wrong_digest, ERROR_UNSUPPORTED, "'1_Pooling/config.json' has a digest of type non"},
        {NULL, two_sizes, ERROR_CORRUPT, "have one digest and two sizes"},
        {NULL, wrong_commit, ERROR_CORRUPT, "commit 'main' is not one"},
        {NULL, wrong_revision, ERROR_UNSUPPORTED, "revision 'a/../../b'"},
        {NULL, whiteout_revision, ERROR_UNSUPPORTED, "revision '.wh.main'"},
        {NULL, wrong_id, ERROR_UNSUPPORTED, "'models--a?b' cannot be the name of a folder"},
        {NULL, file_and_folder, ERROR_CORRUPT, "at the same time"},
        {NULL, no_files, ERROR_NOT_FOUND, "it has no files"},
        {"sentence-transformers", wrong_id, ERROR_UNSUPPORTED, "cannot be the name of a folder"},
        {"sentence-transformers", no_modules, ERROR_UNSUPPORTED,
         "it has no modules.json among its files, and sentence-transformers before 2.3 never loads "
         "such a model offline by its id"},
        {"sentence-transformers", dataset, ERROR_UNSUPPORTED,
         "it is a dataset, and the layout 'sentence-transformers' holds models"},
        {"sentence-transformers", file_and_folder, ERROR_CORRUPT, "at the same time"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(tree) struct tree tree = TREE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct home home = {.path = "/root"};
        struct layout_request request = {
            layout_find(cases[i].layout), &plan, &home, false, true, NULL, NULL};
        fill(&plan, "main");
        cases[i].spoil(&plan);
        assert_int_equal(layout_arrange(&request, &tree, &err), -1);
        assert_int_equal(err.kind, cases[i].kind);
        if (strstr(err.text, cases[i].complaint) == NULL)
            fail_msg("'%s' does not say '%s'", err.text, cases[i].complaint);
        assert_null(tree.entries);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_are_byte_for_byte_what_loaders_expect),
        cmocka_unit_test(trees_are_byte_for_byte_what_the_caller_decides),
        cmocka_unit_test(a_shared_tree_is_roots_and_leaves_links),
        cmocka_unit_test(a_shared_folder_that_cannot_be_is_refused),
        cmocka_unit_test(the_list_of_a_commits_files_keeps_its_bytes),
        cmocka_unit_test(an_incomplete_list_of_files_is_not_written),
        cmocka_unit_test(a_bare_name_is_put_where_the_library_looks_for_it),
        cmocka_unit_test(plans_that_cannot_be_arranged_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
