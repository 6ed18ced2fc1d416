#include "pack/pack_internal.h"

#include "pack/folders.h"

#include "testing/golden.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define GOLDEN "pack/"
#define LONG_NAME                                                                                  \
    "a-name-of-a-file-that-is-so-long-that-it-has-no-room-in-the-hundred-bytes-that-a-"            \
    "plain-header-offers-for-it-and-so-needs-a-record-of-its-own"

static const struct recipes_options plain = {.layers_max = PACK_LAYERS_MAX};

static const char contents[][16] = {"hello", "", "{\"a\":1}\n"};

static void add_file(struct plan *plan, const char *path, const char *content)
{
    struct plan_file file = {
        .path = xstrdup(path),
        .size = strlen(content),
        .digest = digest_of(DIGEST_SHA256, content, strlen(content)),
    };

    plan_add(plan, &file);
    free(file.path);
}

static void add_sized(struct plan *plan, const char *path, uint64_t size)
{
    struct plan_file file = {.path = xstrdup(path), .size = size};

    file.digest = digest_of(DIGEST_SHA256, path, strlen(path));
    plan_add(plan, &file);
    free(file.path);
}

static void add_entry(struct tree *tree, enum tree_type type, const char *path, size_t file,
                      const char *text)
{
    static const uint32_t modes[] = {
        [TREE_FOLDER] = 0755, [TREE_FILE] = 0644, [TREE_TEXT] = 0644, [TREE_LINK] = 0777};
    struct tree_entry entry = {
        .type = type,
        .path = xstrdup(path),
        .mode = modes[type],
        .uid = 1000,
        .gid = 1001,
        .file = file,
        .text = text != NULL ? xstrdup(text) : NULL,
    };

    tree_add(tree, &entry);
}

static int open_content(void *arg, const struct plan_file *file, struct reader **out,
                        struct error *err)
{
    const struct plan *plan = arg;
    size_t i = (size_t)(file - plan->files);

    (void)err;
    *out = memory_reader_new(contents[i], strlen(contents[i]));
    return 0;
}

static void pack(const struct recipe *recipe, const struct plan *plan, struct buf *out)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(writer) struct writer *memory = memory_writer_new(out, MIB);
    union {
        const struct plan *from;
        void *to;
    } arg = {.from = plan};

    if (recipe_write_tar(recipe, open_content, arg.to, memory, NULL, &err) < 0)
        fail_msg("%s", err.text);
}

/* A small model with everything that an ordinary one has, and names that are not ordinary. */
static void make_small(struct plan *plan, struct tree *tree)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    add_file(plan, "a.txt", contents[0]);
    add_file(plan, "empty", contents[1]);
    add_file(plan, "x.json", contents[2]);
    add_entry(tree, TREE_FOLDER, "home/m", 0, NULL);
    add_entry(tree, TREE_FOLDER, "home/m/blobs", 0, NULL);
    add_entry(tree, TREE_FILE, "home/m/blobs/one", 0, NULL);
    add_entry(tree, TREE_FILE, "home/m/blobs/empty", 1, NULL);
    add_entry(tree, TREE_FILE, "home/m/blobs/na\xc3\xafve \xe6\xa8\xa1", 2, NULL);
    add_entry(tree, TREE_TEXT, "home/m/refs", 0, "0123456789abcdef0123456789abcdef01234567");
    add_entry(tree, TREE_LINK, "home/m/link", 0, "../blobs/one");
    add_entry(tree, TREE_LINK, "home/m/" LONG_NAME, 0, "../" LONG_NAME);
    assert_int_equal(tree_sort(tree, &err), 0);
}

static void a_tar_is_its_golden_bytes(void **state)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(tree) struct tree tree = TREE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf tar = BUF_INIT;
    CLEANUP(buf) struct buf digest = BUF_INIT;
    struct recipe *recipes;
    size_t count;

    (void)state;
    make_small(&plan, &tree);
    assert_int_equal(recipes_cut(&tree, &plan, &plain, &recipes, &count, &err), 0);
    assert_int_equal(count, 1);
    pack(&recipes[0], &plan, &tar);
    assert_int_equal(tar.size, recipes[0].tar_size);
    check_golden(GOLDEN "small.tar", &tar);
    buf_addf(&digest, "%s\n", digest_format(&recipes[0].digest).text);
    check_golden(GOLDEN "small.recipe", &digest);
    recipes_free(recipes, count);
}

static void a_tar_does_not_depend_on_locale_or_umask(void **state)
{
    static const char *const locales[] = {"C", "POSIX", "C.UTF-8"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(locales); i++) {
        mode_t before = umask((mode_t)(i * 077));
        setlocale(LC_ALL, locales[i]);
        a_tar_is_its_golden_bytes(state);
        setlocale(LC_ALL, "C");
        umask(before);
    }
}

static void links_are_their_golden_bytes(void **state)
{
    CLEANUP(tree) struct tree links = TREE_INIT;
    CLEANUP(recipe) struct recipe recipe = {0};
    CLEANUP(recipe) struct recipe none = {0};
    CLEANUP(buf) struct buf tar = BUF_INIT;
    CLEANUP(buf) struct buf digest = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(links_cut(&links, &none, &err), 0);
    assert_int_equal(none.count, 0);
    add_entry(&links, TREE_FOLDER, "home/hub/.locks/models--m", 0, NULL);
    add_entry(&links, TREE_LINK, "home/hub/models--m", 0, "../../usr/share/models/models--m");
    assert_int_equal(links_cut(&links, &recipe, &err), 0);
    assert_int_equal(recipe.kind, RECIPE_LINKS);
    pack(&recipe, NULL, &tar);
    assert_int_equal(tar.size, recipe.tar_size);
    check_golden(GOLDEN "links.tar", &tar);
    buf_addf(&digest, "%s\n", digest_format(&recipe.digest).text);
    check_golden(GOLDEN "links.recipe", &digest);
}

static void folders_of_the_base_are_stated_as_they_are(void **state)
{
    char name[] = "user.note";
    char value[] = {1, 0, 'x', (char)0xff};
    struct xattr xattr = {name, value, sizeof(value)};
    char paths[][16] = {"home", "home/app", "home/app/made"};
    struct tree_entry folders[] = {
        {.path = paths[0], .mode = 01777, .above = true, .time_s = 1300000000},
        {.path = paths[1],
         .mode = 0750,
         .uid = 1000,
         .gid = 300000,
         .above = true,
         .time_s = 1400000000,
         .time_ns = 500000000,
         .xattrs = &xattr,
         .xattr_count = 1},
        {.path = paths[2],
         .mode = 0755,
         .uid = 1000,
         .gid = 1000,
         .above = true,
         .time_s = PACK_TIME},
    };
    const struct tree_entry *entries[] = {&folders[0], &folders[1], &folders[2]};
    CLEANUP(recipe) struct recipe recipe = {0};
    CLEANUP(buf) struct buf tar = BUF_INIT;
    CLEANUP(buf) struct buf digest = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(recipe_of_entries(RECIPE_FOLDERS, entries, ARRAY_SIZE(entries), &recipe, &err),
                     0);
    pack(&recipe, NULL, &tar);
    assert_int_equal(tar.size, recipe.tar_size);
    check_golden(GOLDEN "folders.tar", &tar);
    buf_addf(&digest, "%s\n", digest_format(&recipe.digest).text);
    check_golden(GOLDEN "folders.recipe", &digest);
    folders[1].xattr_count = 0;
    CLEANUP(recipe) struct recipe other = {0};
    assert_int_equal(recipe_of_entries(RECIPE_FOLDERS, entries, ARRAY_SIZE(entries), &other, &err),
                     0);
    assert_false(digest_equal(&recipe.digest, &other.digest));
}

static void headers_of_huge_files_are_their_golden_bytes(void **state)
{
    static const struct {
        uint64_t size;
        const char *golden;
    } cases[] = {
        {8 * GIB - 1, GOLDEN "header-8GiB-less-1"},
        {9 * GIB, GOLDEN "header-9GiB"},
        {70 * GIB, GOLDEN "header-70GiB"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(tree) struct tree tree = TREE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf header = BUF_INIT;
        CLEANUP(writer) struct writer *memory = memory_writer_new(&header, MIB);
        struct recipe *recipes;
        size_t count;
        add_sized(&plan, "model.safetensors", cases[i].size);
        add_entry(&tree, TREE_FILE, "root/blobs/model", 0, NULL);
        assert_int_equal(recipes_cut(&tree, &plan, &plain, &recipes, &count, &err), 0);
        assert_int_equal(count, 1);
        assert_int_equal(tar_write_header(&recipes[0], recipes[0].entries[0], memory, &err), 0);
        check_golden(cases[i].golden, &header);
        uint64_t padded = (cases[i].size + 511) / 512 * 512;
        assert_int_equal(recipes[0].tar_size, header.size + padded + 1024);
        recipes_free(recipes, count);
    }
}

/* Cuts `large` files of 64 MiB, `medium` of 1 MiB and one small one; writes "kind:files …". */
static void cut(size_t large, size_t medium, unsigned most, struct buf *out)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(tree) struct tree tree = TREE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct recipes_options options = {.layers_max = most};
    struct recipe *recipes;
    size_t count;

    for (size_t i = 0; i < large + medium + 1; i++) {
        CLEANUP(text) char *path = xasprintf("f%03zu", i);
        CLEANUP(text) char *blob = xasprintf("m/blob%03zu", 999 - i);
        uint64_t size = i < large ? 64 * MIB : i < large + medium ? MIB : MIB - 1;
        add_sized(&plan, path, size);
        add_entry(&tree, TREE_FILE, blob, i, NULL);
    }
    assert_int_equal(tree_sort(&tree, &err), 0);
    assert_int_equal(recipes_cut(&tree, &plan, &options, &recipes, &count, &err), 0);
    for (size_t i = 0; i < count; i++)
        buf_addf(out, "%s%s:%zu", i > 0 ? " " : "", recipe_kind_name(recipes[i].kind),
                 recipes[i].count);
    recipes_free(recipes, count);
}

static void a_model_is_cut_by_the_size_of_its_files(void **state)
{
    static const struct {
        size_t large, medium;
        unsigned most;
        const char *expected;
    } cases[] = {
        {0, 0, 48, "small:1"},
        {0, 5, 48, "medium:5 small:1"},
        {2, 1, 48, "large:1 large:1 medium:1 small:1"},
        {5, 0, 6, "large:1 large:1 large:1 large:2 small:1"},
        {7, 3, 3, "large:7 medium:3 small:1"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buf) struct buf found = BUF_INIT;
        cut(cases[i].large, cases[i].medium, cases[i].most, &found);
        assert_string_equal(buf_text(&found), cases[i].expected);
    }
}

static void a_model_of_many_files_stays_within_its_layers(void **state)
{
    CLEANUP(buf) struct buf found = BUF_INIT;
    size_t layers = 1;

    (void)state;
    cut(200, 1, PACK_LAYERS_MAX, &found);
    for (const char *at = buf_text(&found); *at != '\0'; at++)
        layers += *at == ' ';
    assert_int_equal(layers, PACK_LAYERS_MAX);
}

static void a_large_file_is_the_same_layer_for_every_user(void **state)
{
    struct digest digests[2];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(tree) struct tree tree = TREE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct recipe *recipes;
        size_t count;
        add_sized(&plan, "model.safetensors", 64 * MIB);
        add_entry(&tree, TREE_FILE, "opt/blobs/model", 0, NULL);
        tree.entries[0].uid = i == 0 ? 0 : 1234;
        assert_int_equal(recipes_cut(&tree, &plan, &plain, &recipes, &count, &err), 0);
        digests[i] = recipes[0].digest;
        recipes_free(recipes, count);
    }
    assert_true(digest_equal(&digests[0], &digests[1]));
}

/* Everything that decides on a layer's bytes must change the recipe's digest. */
static void a_recipe_digest_tells_apart_what_differs(void **state)
{
    struct digest digests[7];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(digests); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(tree) struct tree tree = TREE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct recipe *recipes;
        size_t count;
        add_file(&plan, "f", i == 1 ? "other" : "hello");
        add_entry(&tree, TREE_FILE, i == 2 ? "m/g" : "m/f", 0, NULL);
        add_entry(&tree, TREE_LINK, "m/l", 0, i == 3 ? "g" : "f");
        tree.entries[0].mode = i == 4 ? 0600 : 0644;
        tree.entries[0].uid = i == 5 ? 1 : 0;
        tree.entries[1].gid = i == 6 ? 1 : 0;
        assert_int_equal(recipes_cut(&tree, &plan, &plain, &recipes, &count, &err), 0);
        digests[i] = recipes[0].digest;
        recipes_free(recipes, count);
        for (size_t k = 0; k < i; k++)
            assert_false(digest_equal(&digests[k], &digests[i]));
    }
}

/* And the compressor's version; what is beneath it, the tar, is the same. */
static void a_recipe_digest_tells_apart_how_it_is_compressed(void **state)
{
    static const char *const choices[] = {"none", "gzip", "zstd", "zstd:4"};
    struct digest digests[ARRAY_SIZE(choices)];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(tree) struct tree tree = TREE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct recipes_options options = plain;
        struct recipe *recipes;
        size_t count;
        add_sized(&plan, "large", 64 * MIB);
        add_file(&plan, "small", "hello");
        add_entry(&tree, TREE_FILE, "m/large", 0, NULL);
        add_entry(&tree, TREE_FILE, "m/small", 1, NULL);
        assert_int_equal(compression_parse(choices[i], &options.compression, &err), 0);
        assert_int_equal(recipes_cut(&tree, &plan, &options, &recipes, &count, &err), 0);
        assert_int_equal(count, 2);
        for (size_t k = 0; k < count; k++)
            assert_int_equal(recipes[k].compression.kind, options.compression.kind);
        assert_int_equal(recipes[0].tar_size, 64 * MIB + 512 + 1024);
        digests[i] = recipes[0].digest;
        recipes_free(recipes, count);
        for (size_t k = 0; k < i; k++)
            assert_false(digest_equal(&digests[k], &digests[i]));
    }
}

static int open_short(void *arg, const struct plan_file *file, struct reader **out,
                      struct error *err)
{
    (void)file;
    (void)err;
    *out = memory_reader_new(arg, strlen(arg));
    return 0;
}

static void content_of_another_size_is_refused(void **state)
{
    static const struct {
        const char *content, *complaint;
    } cases[] = {{"hell", "fewer bytes"}, {"hello!", "more bytes"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(tree) struct tree tree = TREE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf tar = BUF_INIT;
        CLEANUP(writer) struct writer *memory = memory_writer_new(&tar, MIB);
        CLEANUP(text) char *content = xstrdup(cases[i].content);
        struct recipe *recipes;
        size_t count;
        add_file(&plan, "f", "hello");
        add_entry(&tree, TREE_FILE, "m/f", 0, NULL);
        assert_int_equal(recipes_cut(&tree, &plan, &plain, &recipes, &count, &err), 0);
        assert_int_equal(recipe_write_tar(&recipes[0], open_short, content, memory, NULL, &err),
                         -1);
        assert_int_equal(err.kind, ERROR_CORRUPT);
        assert_non_null(strstr(err.text, cases[i].complaint));
        recipes_free(recipes, count);
    }
}

static void a_writer_that_fails_is_quoted(void **state)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(tree) struct tree tree = TREE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf tar = BUF_INIT;
    CLEANUP(writer) struct writer *memory = memory_writer_new(&tar, 700);
    CLEANUP(text) char *content = xstrdup("hello");
    struct recipe *recipes;
    size_t count;

    (void)state;
    add_file(&plan, "f", "hello");
    add_entry(&tree, TREE_FILE, "m/f", 0, NULL);
    assert_int_equal(recipes_cut(&tree, &plan, &plain, &recipes, &count, &err), 0);
    assert_int_equal(recipe_write_tar(&recipes[0], open_short, content, memory, NULL, &err), -1);
    assert_non_null(strstr(err.text, "more than 700 bytes"));
    recipes_free(recipes, count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tar_is_its_golden_bytes),
        cmocka_unit_test(links_are_their_golden_bytes),
        cmocka_unit_test(a_tar_does_not_depend_on_locale_or_umask),
        cmocka_unit_test(folders_of_the_base_are_stated_as_they_are),
        cmocka_unit_test(headers_of_huge_files_are_their_golden_bytes),
        cmocka_unit_test(a_model_is_cut_by_the_size_of_its_files),
        cmocka_unit_test(a_model_of_many_files_stays_within_its_layers),
        cmocka_unit_test(a_large_file_is_the_same_layer_for_every_user),
        cmocka_unit_test(a_recipe_digest_tells_apart_what_differs),
        cmocka_unit_test(a_recipe_digest_tells_apart_how_it_is_compressed),
        cmocka_unit_test(content_of_another_size_is_refused),
        cmocka_unit_test(a_writer_that_fails_is_quoted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
