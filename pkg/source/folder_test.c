#include "source/folder_test_internal.h"

/* What `git write-tree` says of the files of put_files(). */
#define TREE "92553190f8e2c470b3a876fb284719d021b2fa89"

static void put_link(const char *folder, const char *path, const char *target)
{
    CLEANUP(text) char *name = xasprintf("%s/%s", folder, path);

    assert_int_equal(symlink(target, name), 0);
}

static void put_files(const char *folder)
{
    CLEANUP(text) char *zeros = xcalloc(1, (size_t)MIB);

    put_text(folder, "model/sub/a", "{}");
    put_text(folder, "model/a/b/c.txt", "hello");
    put_text(folder, "model/.gitattributes", "");
    put_text(folder, "model/a.b", "{}");
    put_text(folder, "model/a-b", "{}");
    put_text(folder, "model/a0", "x");
    put_text(folder, "model/na me", "hello");
    put(folder, "model/large.bin", zeros, (size_t)MIB);
    put_text(folder, "model/.git/config", "x");
}

static int list(const char *folder, struct source **source, struct plan *plan, struct error *err)
{
    CLEANUP(text) char *path = xasprintf("%s/model/../model", folder);
    const struct origin origin = {.kind = ORIGIN_FOLDER, .name = path};
    const struct source_context context = {.http = NULL};

    if (source_open(&context, &origin, source, err) < 0)
        return -1;
    return source_list(*source, plan, err);
}

static void the_pin_is_the_tree_that_git_makes_of_the_files(void **state)
{
    const char *folder = *state;
    CLEANUP(text) char *changed = xasprintf("%s/model/a0", folder);
    CLEANUP(text) char *expected = xasprintf("%s/model", folder);

    put_files(folder);
    for (int i = 0; i < 2; i++) {
        CLEANUP(source) struct source *source = NULL;
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(list(folder, &source, &plan, &err), 0);
        assert_string_equal(plan.pin, TREE);
        assert_string_equal(plan.origin.name, expected);
        if (plan.count != 8 || plan.files == NULL)
            fail_msg("%zu files", plan.count);
        assert_true(plan.files != NULL && strcmp(plan.files[5].path, "large.bin") == 0);
        assert_string_equal(
            digest_format(&plan.files[5].digest).text,
            "sha256:30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58");
        assert_int_equal(chmod(changed, 0777), 0); /* content alone decides */
    }
}

/* "dir:." says nothing of the name that the image would have. */
static void a_folder_whose_own_name_cannot_be_recorded_is_refused(void **state)
{
    static const char *const names[] = {"a\nb", "a\xff"};
    const char *folder = *state;
    CLEANUP(text) char *link = xasprintf("%s/model", folder);

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        CLEANUP(text) char *file = xasprintf("%s/f", names[i]);
        CLEANUP(source) struct source *source = NULL;
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        put_text(folder, file, "x");
        put_link(folder, "model", names[i]);
        assert_int_equal(list(folder, &source, &plan, &err), -1);
        assert_int_equal(err.kind, ERROR_USAGE);
        assert_non_null(strstr(err.text, "rename it"));
        assert_null(strchr(err.text, '\n'));
        assert_int_equal(unlink(link), 0);
    }
}

static void links_that_stay_inside_are_what_they_lead_to(void **state)
{
    static const char *const paths[] = {"absolute", "again/c.txt", "b/c.txt", "file", "z"};
    const char *folder = *state;
    CLEANUP(text) char *inside = xasprintf("%s/model/z", folder);
    CLEANUP(source) struct source *source = NULL;
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    put_text(folder, "model/b/c.txt", "hello");
    put_text(folder, "model/z", "last");
    put_link(folder, "model/again", "b");
    put_link(folder, "model/file", "again/../z");
    put_link(folder, "model/absolute", inside);
    assert_int_equal(list(folder, &source, &plan, &err), 0);
    assert_int_equal(plan.count, ARRAY_SIZE(paths));
    for (size_t i = 0; i < plan.count; i++)
        assert_string_equal(plan.files[i].path, paths[i]);

    CLEANUP(reader) struct reader *reader = NULL;
    CLEANUP(buf) struct buf content = BUF_INIT;
    assert_int_equal(source_open_file(source, &plan, &plan.files[1], NULL, &reader, &err), 0);
    assert_int_equal(reader_read_all(reader, 100, &content, &err), 0);
    assert_string_equal(buf_text(&content), "hello");
}

static void what_cannot_be_taken_is_named(void **state)
{
    static const struct {
        const char *target; /* of "model/a/link" */
        enum error_kind kind;
        const char *complaint;
    } cases[] = {
        {"../../beside", ERROR_UNSUPPORTED,
         "the link 'a/link' leads to '../../beside', outside the folder '"},
        {"/etc/passwd", ERROR_UNSUPPORTED,
         "the link 'a/link' leads to '/etc/passwd', outside the folder '"},
        {"../../model-2/f", ERROR_UNSUPPORTED, "', outside the folder '"},
        {"..", ERROR_UNSUPPORTED, "the link 'a/link' in '"},
        {".", ERROR_UNSUPPORTED, "' leads to a folder that it lies in"},
        {"link", ERROR_UNSUPPORTED, "' leads to itself by 'link'"},
        {"absent", ERROR_NOT_FOUND, "' leads to 'absent', which is not there"},
        {"../pipe", ERROR_UNSUPPORTED, "' is a special file, expected regular files and folders"},
    };
    const char *folder = *state;
    CLEANUP(text) char *link = xasprintf("%s/model/a/link", folder);
    CLEANUP(text) char *pipe = xasprintf("%s/model/pipe", folder);

    put_text(folder, "beside", "x");
    put_text(folder, "model-2/f", "x");
    put_text(folder, "model/a/f", "x");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(source) struct source *source = NULL;
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        if (strcmp(cases[i].target, "../pipe") == 0)
            assert_int_equal(mkfifo(pipe, 0600), 0);
        put_link(folder, "model/a/link", cases[i].target);
        assert_int_equal(list(folder, &source, &plan, &err), -1);
        assert_int_equal(err.kind, cases[i].kind);
        assert_non_null(strstr(err.text, cases[i].complaint));
        assert_int_equal(unlink(link), 0);
    }
}

static void a_link_that_leads_elsewhere_later_is_not_followed(void **state)
{
    const char *folder = *state;
    CLEANUP(text) char *link = xasprintf("%s/model/link", folder);
    CLEANUP(source) struct source *source = NULL;
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(reader) struct reader *reader = NULL;

    put_text(folder, "model/f", "x");
    put_link(folder, "model/link", "f");
    assert_int_equal(list(folder, &source, &plan, &err), 0);
    assert_int_equal(unlink(link), 0);
    put_link(folder, "model/link", "/etc/passwd");
    assert_int_equal(source_open_file(source, &plan, &plan.files[1], NULL, &reader, &err), -1);
    assert_int_equal(err.kind, ERROR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "outside the folder"));
}

static void a_folder_has_to_be_there_and_not_be_everything(void **state)
{
    static const struct {
        const char *path;
        enum error_kind kind;
        const char *text;
    } cases[] = {
        {"/nonexistent/x", ERROR_NOT_FOUND,
         "'/nonexistent/x' does not exist, expected a folder of files"},
        {"/dev/null", ERROR_LOCAL,
         "'/dev/null' is not a folder; a single file is named 'file:PATH'"},
        {"/tmp/..", ERROR_USAGE,
         "'dir:/tmp/..' is all of this machine, expected the folder of a model"},
    };
    const struct source_context context = {.http = NULL};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(text) char *path = xstrdup(cases[i].path);
        const struct origin origin = {.kind = ORIGIN_FOLDER, .name = path};
        CLEANUP(source) struct source *source = NULL;
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(source_open(&context, &origin, &source, &err), -1);
        assert_int_equal(err.kind, cases[i].kind);
        assert_string_equal(err.text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_pin_is_the_tree_that_git_makes_of_the_files,
                                        folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(links_that_stay_inside_are_what_they_lead_to, folder_setup,
                                        folder_teardown),
        cmocka_unit_test_setup_teardown(a_folder_whose_own_name_cannot_be_recorded_is_refused,
                                        folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_taken_is_named, folder_setup,
                                        folder_teardown),
        cmocka_unit_test_setup_teardown(a_link_that_leads_elsewhere_later_is_not_followed,
                                        folder_setup, folder_teardown),
        cmocka_unit_test(a_folder_has_to_be_there_and_not_be_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
