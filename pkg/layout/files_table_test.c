#include "core/buf.h"
#include "core/file.h"
#include "layout/layout.h"
#include "plan/contents.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/*
 * The table in docs/files.md: what is taken of well-known repos, out of the listings in
 * testdata/listings.json. INLAY_WRITE_GOLDEN=1 writes it; it changes with the automatic choice
 * only.
 */

#define LISTINGS "listings.json"
#define PAGE "../docs/files.md"
#define BEGIN "<!-- made by layout_files_table_test -->\n"
#define END "<!-- end of the table -->\n"
#define LISTINGS_MAX (4 * MIB)
#define LARGE ((uint64_t)1000 * 1000)
#define GLOBS_MAX 8
#define NAMES_MAX 6
#define REPOS_MIN 40

static void fill_plan(json_t *repo, struct plan *plan)
{
    const char *path;
    json_t *size;

    plan->origin.name = xstrdup(json_string_value(json_object_get(repo, "model")));
    plan->origin.revision = xstrdup("main");
    json_object_foreach(json_object_get(repo, "files"), path, size)
    {
        CLEANUP(text) char *own = xstrdup(path);
        assert_true(json_is_integer(size));
        plan_add(plan,
                 &(struct plan_file){.path = own, .size = (uint64_t)json_integer_value(size)});
    }
    plan_sort(plan);
}

static void fill_contents(json_t *repo, struct plan_contents *contents)
{
    const char *path;
    json_t *value;

    json_object_foreach(json_object_get(repo, "contents"), path, value)
    {
        char *text = json_dumps(value, JSON_COMPACT);
        assert_non_null(text);
        plan_contents_add(contents, path, text, strlen(text));
        free(text);
    }
}

/* `globs` has room for GLOBS_MAX and a NULL; NULL if there are none. */
static const char *const *read_globs(json_t *list, const char **globs)
{
    assert_true(json_array_size(list) <= GLOBS_MAX);
    for (size_t i = 0; i < json_array_size(list); i++)
        globs[i] = json_string_value(json_array_get(list, i));
    return json_array_size(list) > 0 ? globs : NULL;
}

/* One name for all shards of the same weights. Caller frees. */
static char *shared_name(const char *path)
{
    const char *of = strstr(path, "-of-0");
    const char *number = of;

    while (number != NULL && number > path && number[-1] >= '0' && number[-1] <= '9')
        number--;
    if (of == NULL)
        return xstrdup(path);
    return xasprintf("%.*s*%s", (int)(number - path), path, of);
}

static bool is_large_weights(const struct plan_file *file)
{
    static const char *const others[] = {".json", ".model", ".txt", ".jpg",
                                         ".jpeg", ".png",   ".xml"};

    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        if (text_ends_with(file->path, others[i]))
            return false;
    return file->size >= LARGE;
}

static void add_names(const struct plan *plan, struct buf *out)
{
    CLEANUP(strings) struct strings names = STRINGS_INIT;

    for (size_t i = 0; i < plan->count; i++) {
        if (!is_large_weights(&plan->files[i]))
            continue;
        CLEANUP(text) char *name = shared_name(plan->files[i].path);
        if (!strings_has(&names, name))
            strings_add(&names, name);
    }
    for (size_t i = 0; i < names.count && i < NAMES_MAX; i++)
        buf_addf(out, "%s`%s`", i > 0 ? ", " : "", names.items[i]);
    if (names.count > NAMES_MAX)
        buf_addf(out, " and %zu more", names.count - NAMES_MAX);
}

/* "it has 9 GGUF quantisations" of the whole message. */
static void add_refusal(const struct error *err, struct buf *out)
{
    const char *what = strstr(err->text, "' has ");

    assert_non_null(what);
    buf_addf(out, "refused: it %.*s", (int)strcspn(what + 2, ","), what + 2);
}

static void add_options(json_t *use, struct buf *out)
{
    static const char *const names[] = {"layout", "weights", "also", "include"};
    size_t before = out->size;

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        json_t *value = json_object_get(use, names[i]);
        if (json_is_string(value))
            buf_addf(out, "%s`--%s %s`", out->size > before ? " " : "", names[i],
                     json_string_value(value));
        for (size_t k = 0; k < json_array_size(value); k++)
            buf_addf(out, "%s`--%s '%s'`", out->size > before ? " " : "", names[i],
                     json_string_value(json_array_get(value, k)));
    }
}

static void add_row(json_t *repo, json_t *use, bool is_first, struct buf *out)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(plan_contents) struct plan_contents contents = PLAN_CONTENTS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    const char *include[GLOBS_MAX + 1] = {NULL};
    const char *also[GLOBS_MAX + 1] = {NULL};
    const struct layout *layout = layout_find(json_string_value(json_object_get(use, "layout")));

    assert_non_null(layout);
    fill_plan(repo, &plan);
    fill_contents(repo, &contents);
    struct plan_selection selection = {
        .include = read_globs(json_object_get(use, "include"), include),
        .also = read_globs(json_object_get(use, "also"), also),
        .format = json_string_value(json_object_get(use, "weights")),
        .weights = layout->weights,
        .contents = &contents,
    };
    CLEANUP(text) char *name = xasprintf("`%s`", plan.origin.name);
    buf_addf(out, "| %s | %s | ", is_first ? name : "",
             json_string_value(json_object_get(use, "for")));
    add_options(use, out);
    buf_add_text(out, " | ");
    if (plan_select(&plan, &selection, &err) < 0) {
        if (err.kind != ERROR_UNSUPPORTED)
            fail_msg("%s", err.text);
        add_refusal(&err, out);
        buf_add_text(out, " | | |\n");
        return;
    }
    add_names(&plan, out);
    buf_addf(out, " | %s | %s |\n", text_format_size(plan_size(&plan)).text,
             plan.left_out_size > 0 ? text_format_size(plan.left_out_size).text : "");
}

static void make_table(struct buf *out)
{
    CLEANUP(buf) struct buf text = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    json_error_t why;
    json_t *repo, *use;
    size_t i, k;

    if (file_read(LISTINGS, LISTINGS_MAX, &text, &err) < 0)
        fail_msg("%s", err.text);
    json_t *listings = json_loadb(buf_text(&text), text.size, JSON_REJECT_DUPLICATES, &why);
    if (listings == NULL)
        fail_msg("%s:%d: %s", LISTINGS, why.line, why.text);
    json_t *repos = json_object_get(listings, "repos");
    assert_true(json_array_size(repos) >= REPOS_MIN);
    buf_add_text(out, "| model | read by | options | weights that are taken | in all | left out |\n"
                      "| --- | --- | --- | --- | --- | --- |\n");
    json_array_foreach(repos, i, repo)
    {
        json_array_foreach(json_object_get(repo, "uses"), k, use) add_row(repo, use, k == 0, out);
    }
    json_decref(listings);
}

/* The first line in which they differ. */
static void fail_with_difference(const char *found, const char *expected)
{
    size_t line = 1;

    for (;;) {
        size_t found_size = strcspn(found, "\n");
        size_t expected_size = strcspn(expected, "\n");
        if (found_size != expected_size || memcmp(found, expected, found_size) != 0)
            fail_msg("%s, line %zu of the table:\n- %.*s\n+ %.*s\nINLAY_WRITE_GOLDEN=1 writes it",
                     PAGE, line, (int)expected_size, expected, (int)found_size, found);
        found += found_size + 1;
        expected += expected_size + 1;
        line++;
    }
}

static void the_page_shows_what_is_taken_of_well_known_repos(void **state)
{
    CLEANUP(buf) struct buf page = BUF_INIT;
    CLEANUP(buf) struct buf table = BUF_INIT;
    CLEANUP(buf) struct buf whole = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    if (file_read(PAGE, LISTINGS_MAX, &page, &err) < 0)
        fail_msg("%s", err.text);
    const char *begin = strstr(buf_text(&page), BEGIN);
    const char *end = strstr(buf_text(&page), END);
    assert_non_null(begin);
    assert_non_null(end);
    begin += strlen(BEGIN);
    make_table(&table);
    buf_addf(&whole, "%.*s%s%s", (int)(begin - buf_text(&page)), buf_text(&page), buf_text(&table),
             end);
    if (getenv("INLAY_WRITE_GOLDEN") != NULL)
        assert_int_equal(file_replace(PAGE, buf_text(&whole), whole.size, &err), 0);
    else if (strcmp(buf_text(&whole), buf_text(&page)) != 0)
        fail_with_difference(buf_text(&table), begin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_shows_what_is_taken_of_well_known_repos),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
