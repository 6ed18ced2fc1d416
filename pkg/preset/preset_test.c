#include "preset/preset_internal.h"

#include "core/file.h"
#include "core/text.h"
#include "layout/layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SHA "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"
#define LIST(presets) "{\"version\": 1, \"presets\": [" presets "]}"
#define ITEMS(items) "\"summary\": \"s\", \"layout\": \"dir\", \"items\": [" items "]}"
#define PRESET(name, items) "{\"name\": \"" name "\", " ITEMS(items)
#define ITEM "{\"origin\": \"org/name\"}"

struct world {
    struct presets presets;
    struct notes notes;
    struct error err;
    struct strings files;
};

static int enter(void **state)
{
    struct world *world = xcalloc(1, sizeof(*world));

    *state = world;
    return 0;
}

static int leave(void **state)
{
    struct world *world = *state;

    for (size_t i = 0; i < world->files.count; i++)
        unlink(world->files.items[i]);
    strings_release(&world->files);
    presets_release(&world->presets);
    notes_release(&world->notes);
    error_release(&world->err);
    free(world);
    return 0;
}

static void add_file(struct world *world, const char *text)
{
    char path[] = "/tmp/inlay-preset-XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    strings_add(&world->files, path);
}

static int read_list(struct world *world)
{
    return presets_read((const char *const *)world->files.items, &world->notes, &world->presets,
                        &world->err);
}

static const struct preset *find(struct world *world, const char *text)
{
    const struct preset *preset = NULL;

    if (presets_find(&world->presets, text, &preset, &world->err) < 0)
        fail_msg("%s: %s", text, world->err.text);
    return preset;
}

static void the_built_in_list_is_there(void **state)
{
    struct world *world = *state;

    assert_int_equal(read_list(world), 0);
    assert_true(world->presets.count >= 180);
    const struct preset *preset = find(world, "tiktoken:gpt-4");
    assert_string_equal(preset->name, "tiktoken:cl100k_base");
    assert_string_equal(preset->layout, "tiktoken");
    assert_int_equal(preset->item_count, 1);
    assert_string_equal(
        preset->items[0].origin.name,
        "https://openaipublic.blob.core.windows.net/encodings/cl100k_base.tiktoken");
    assert_string_equal(digest_format_hex(&preset->items[0].origin.digest).text, SHA);
    preset = find(world, "chroma:all-MiniLM-L6-v2");
    assert_true(preset->items[0].origin.unpacks);
    preset = find(world, "fastembed:BAAI/bge-small-en-v1.5");
    assert_string_equal(preset->items[0].origin.name, "Qdrant/bge-small-en-v1.5-onnx-Q");
    assert_string_equal(preset->items[0].include.items[0], "model_optimized.onnx");
    assert_true(strings_has(&preset->items[0].optional, "tokenizer.json"));
    preset = find(world, "easyocr:en");
    assert_int_equal(preset->item_count, 2);
    assert_string_equal(preset->items[1].origin.member, "english_g2.pth");
}

static void every_built_in_preset_says_where_it_was_read(void **state)
{
    struct world *world = *state;

    assert_int_equal(read_list(world), 0);
    for (size_t i = 0; i < world->presets.count; i++) {
        const struct preset *preset = &world->presets.items[i];
        assert_non_null(preset->evidence);
        assert_true(i == 0 || strcmp(world->presets.items[i - 1].name, preset->name) < 0);
    }
}

static void every_built_in_preset_has_its_layout(void **state)
{
    struct world *world = *state;

    assert_int_equal(read_list(world), 0);
    for (size_t i = 0; i < world->presets.count; i++) {
        const struct preset *preset = &world->presets.items[i];
        if (layout_find(preset->layout) == NULL)
            fail_msg("%s: the layout %s is not there", preset->name, preset->layout);
    }
}

/* The hashes that are a part of the URL, as the loader reads it there. */
static void checksums_agree_with_urls(void **state)
{
    struct world *world = *state;
    size_t count = 0;

    assert_int_equal(read_list(world), 0);
    for (size_t i = 0; i < world->presets.count; i++) {
        const struct preset *preset = &world->presets.items[i];
        if (!text_starts_with(preset->name, "whisper:") && !text_starts_with(preset->name, "clip:"))
            continue;
        const struct origin *origin = &preset->items[0].origin;
        assert_non_null(strstr(origin->name, digest_format_hex(&origin->digest).text));
        count++;
    }
    assert_true(count >= 20);
}

static void names_that_are_none_are_left_to_sources(void **state)
{
    static const char *const names[] = {
        "org/name",
        "gpt2",
        "hf://silero-vad",
        "silero-vad@v1",
        "dir:whisper",
        "file:base",
        "https://host/a:b",
        "ms://whisper/base",
        "ollama://base:7b",
        "org/name@a:bc",
        "oci-model://r/x:tag",
        "C:\\model",
        "org/name:tag",
        "",
        ":",
        "datasets/whisper/b",
    };
    struct world *world = *state;

    assert_int_equal(read_list(world), 0);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        assert_null(find(world, names[i]));
    assert_non_null(find(world, "silero-vad"));
}

static void names_that_look_like_presets_are_told_the_nearest(void **state)
{
    static const struct {
        const char *name;
        const char *said;
    } cases[] = {
        {"whisper:bsae", "'whisper:bsae' is no preset; near it: whisper:base; "},
        {"whisper:Base", "'whisper:Base' is no preset; near it: whisper:base, whisper:base.en"},
        {"whisper:large-v4", "near it: whisper:large-v1, whisper:large-v2, whisper:large-v3; "},
        {"tiktoken:gpt-4x", "near it: tiktoken:gpt-4, "},
        {"fastembed:bge-small", "near it: fastembed:BAAI/bge-small-en, "},
        {"wisper:base",
         "'wisper:base' is no preset; near it: whisper:base; 'inlay presets whisper'"},
        {"whisper:xxxxxxxxxxxxxxxxxxxx",
         "'whisper:xxxxxxxxxxxxxxxxxxxx' is no preset; 'inlay presets whisper' lists them"},
        {"unknown:word", "'unknown:word' is no preset, and a name of the Hub has no ':'; "},
        {"llama3:8b", "other sources are named as in 'ollama://name:tag'"},
        {"whisper:", "'whisper:' is no preset; 'inlay presets whisper' lists them"},
    };
    struct world *world = *state;

    assert_int_equal(read_list(world), 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct preset *preset = NULL;
        assert_int_equal(presets_find(&world->presets, cases[i].name, &preset, &world->err), -1);
        assert_int_equal(world->err.kind, ERROR_USAGE);
        if (strstr(world->err.text, cases[i].said) == NULL)
            fail_msg("%s: %s", cases[i].name, world->err.text);
    }
}

static void words_are_looked_for_in_any_case(void **state)
{
    struct world *world = *state;

    assert_int_equal(read_list(world), 0);
    const struct preset *preset = find(world, "chroma:all-MiniLM-L6-v2");
    assert_true(preset_matches(preset, "minilm"));
    assert_true(preset_matches(preset, "CHROMA:default"));
    assert_true(preset_matches(preset, "amazonaws"));
    assert_true(preset_matches(preset, "embeddings"));
    assert_true(preset_matches(preset, ""));
    assert_false(preset_matches(preset, "whisper"));
}

static void files_of_ones_own_add_and_replace(void **state)
{
    struct world *world = *state;

    add_file(world, LIST(PRESET(
                        "whisper:base",
                        "{\"origin\": \"https://mirror/base.pt#sha256=" SHA
                        "\", \"file_name\": \"b.pt\"}") "," PRESET("our-model",
                                                                   "{\"origin\": \"our/model@v1\", "
                                                                   "\"include\": "
                                                                   "[\"*.onnx\"], \"optional\": "
                                                                   "[\"*.json\"]}")));
    add_file(world, LIST("{\"name\": \"tiktoken:cl\", \"aliases\": [\"tiktoken:gpt-4\", "
                         "\"our-model\"], " ITEMS(ITEM)));
    assert_int_equal(read_list(world), 0);
    const struct preset *preset = find(world, "whisper:base");
    assert_string_equal(preset->items[0].origin.name, "https://mirror/base.pt");
    assert_string_equal(preset->items[0].origin.file_name, "b.pt");
    assert_string_equal(preset->file, world->files.items[0]);
    assert_string_equal(find(world, "our-model")->name, "tiktoken:cl");
    assert_string_equal(find(world, "tiktoken:gpt-4")->name, "tiktoken:cl");
    assert_string_equal(find(world, "tiktoken:gpt-3.5-turbo")->name, "tiktoken:cl100k_base");

    assert_int_equal(world->notes.count, 3);
    CLEANUP(text)
    char *replaced =
        xasprintf("the preset 'whisper:base' is that of '%s', in place of the one built in",
                  world->files.items[0]);
    assert_string_equal(world->notes.items[0].text, replaced);
    CLEANUP(text)
    char *twice = xasprintf("the preset 'our-model' is that of '%s', in place of that of '%s'",
                            world->files.items[1], world->files.items[0]);
    bool found = false;
    for (size_t i = 0; i < world->notes.count; i++)
        found = found || strcmp(world->notes.items[i].text, twice) == 0;
    assert_true(found);
}

struct refused_list {
    const char *text;
    const char *said;
};

static void check_refused(const struct refused_list *refused)
{
    CLEANUP(presets) struct presets list = PRESETS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    assert_int_equal(presets_parse(refused->text, strlen(refused->text), "FILE", &list, &err), -1);
    assert_int_equal(err.kind, ERROR_CORRUPT);
    assert_int_equal(list.count, 0);
    if (strstr(err.text, refused->said) == NULL || !text_starts_with(err.text, "'FILE'"))
        fail_msg("%s: %s", refused->text, err.text);
}

static void lists_that_are_none_are_refused(void **state)
{
    static const struct refused_list cases[] = {
        {"{\"version\": 1,\n  \"presets\": [}", "it is not JSON, at line 2, column "},
        {"{\"version\": 1", "it ends too early"},
        {"{\"version\": 1, \"version\": 1, \"presets\": []}", "a member stands twice"},
        {LIST("") "x", "there is something behind its end"},
        {"[]", "it is no list of presets: expected an object"},
        {"{\"presets\": []}", "'version' is missing; this inlay writes \"version\": 1"},
        {"{\"version\": 1}", "'presets' is missing"},
        {"{\"version\": 1, \"presets\": {}}",
         "'presets' is not what it has to be, expected a list"},
        {"{\"version\": 1, \"presets\": [], \"more\": 1}", "the member 'more' is not known"},
        {LIST("7"), "preset 1: it is not an object"},
        {LIST("{\"summary\": \"s\"}"), "preset 1: 'name' is missing"},
        {LIST("{\"name\": 1}"),
         "preset 1: 'name' is not what it has to be, expected one line of text"},
        {LIST("{\"name\": \"x:y\", \"sumary\": 1}"),
         "preset 'x:y': the member 'sumary' is not known; did you mean 'summary'?"},
        {LIST(PRESET("a b", ITEM)), "'a b' cannot be a preset's name; expected 'FAMILY:NAME'"},
        {LIST(PRESET("a:", ITEM)), "'a:' cannot be a preset's name"},
        {LIST(PRESET("org/name", ITEM)), "'org/name' cannot be a preset's name"},
        {LIST(PRESET("dir:x", ITEM)), "'dir:x' cannot be a preset's name: it names a source"},
        {LIST(PRESET("ms://x", ITEM)), "'ms://x' cannot be a preset's name"},
        {LIST("{\"name\": \"a:b\", \"aliases\": [\"-\"], " ITEMS(ITEM)),
         "'-' cannot be a preset's"},
        {LIST("{\"name\": \"a:b\", \"aliases\": [\"a:b\"], " ITEMS(ITEM)),
         "'a:b' stands there twice"},
        {LIST(PRESET("a:b", ITEM) "," PRESET("a:b", ITEM)), "'a:b' stands there twice"},
        {LIST(PRESET("a:b", "")), "preset 'a:b': 'items' is not a list with something in it"},
        {LIST(PRESET("a:b", "{}")), "preset 'a:b': 'items[0].origin' is missing"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_refused(&cases[i]);
}

static void items_that_are_none_are_refused(void **state)
{
    static const struct refused_list cases[] = {
        {LIST(PRESET("a:b", ITEM ", {\"origin\": \"a b\"}")),
         "'items[1].origin': 'a b' does not name a model"},
        {LIST(PRESET("a:b", "{\"origin\": \"https://h/f\"}")), "its origin has no '#sha256=HEX'"},
        {LIST(PRESET("a:b", "{\"origin\": \"dir:/x\"}")), "its origin is on one machine only"},
        {LIST(PRESET("a:b", "{\"origin\": \"a/b\", \"include\": []}")),
         "'items[0].include' is not what it has to be, expected a list"},
        {LIST(PRESET("a:b", "{\"origin\": \"a/b\", \"include\": [1]}")),
         "expected a list of texts of one line each"},
        {LIST(PRESET("a:b", "{\"origin\": \"a/b\", \"optional\": [\"x\"]}")),
         "'optional' is for an"},
        {LIST(PRESET("a:b", "{\"origin\": \"a/b\", \"unpack\": 1}")),
         "'items[0].unpack' is not what it has to be, expected true or false"},
        {LIST(PRESET("a:b", "{\"origin\": \"a/b\", \"unpack\": true}")),
         "'unpack' is for the file of a URL"},
        {LIST(PRESET("a:b", "{\"origin\": \"a/b\", \"file_name\": \"x\"}")),
         "'file_name' is for the"},
        {LIST(
             PRESET("a:b", "{\"origin\": \"https://h/f#sha256=" SHA "\", \"file_name\": \"a/b\"}")),
         "'file_name' has a '/'"},
        {LIST(PRESET("a:b",
                     "{\"origin\": \"https://h/f#sha256=" SHA "&member=x\", \"unpack\": true}")),
         "'unpack' is for all of an archive"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_refused(&cases[i]);
}

static void newer_formats_and_missing_files_are_told_apart(void **state)
{
    struct world *world = *state;
    const char *const missing[] = {"/nonexistent/presets.json", NULL};

    assert_int_equal(presets_read(missing, &world->notes, &world->presets, &world->err), -1);
    assert_int_equal(world->err.kind, ERROR_NOT_FOUND);
    add_file(world, "{\"version\": 2, \"presets\": {}, \"more\": 1}");
    assert_int_equal(read_list(world), -1);
    assert_int_equal(world->err.kind, ERROR_UNSUPPORTED);
    assert_non_null(strstr(world->err.text, "it has version 2 of the format, this inlay knows "
                                            "version 1"));
    assert_int_equal(world->presets.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_built_in_list_is_there, enter, leave),
        cmocka_unit_test_setup_teardown(every_built_in_preset_says_where_it_was_read, enter, leave),
        cmocka_unit_test_setup_teardown(every_built_in_preset_has_its_layout, enter, leave),
        cmocka_unit_test_setup_teardown(checksums_agree_with_urls, enter, leave),
        cmocka_unit_test_setup_teardown(names_that_are_none_are_left_to_sources, enter, leave),
        cmocka_unit_test_setup_teardown(names_that_look_like_presets_are_told_the_nearest, enter,
                                        leave),
        cmocka_unit_test_setup_teardown(words_are_looked_for_in_any_case, enter, leave),
        cmocka_unit_test_setup_teardown(files_of_ones_own_add_and_replace, enter, leave),
        cmocka_unit_test_setup_teardown(items_that_are_none_are_refused, enter, leave),
        cmocka_unit_test_setup_teardown(lists_that_are_none_are_refused, enter, leave),
        cmocka_unit_test_setup_teardown(newer_formats_and_missing_files_are_told_apart, enter,
                                        leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
