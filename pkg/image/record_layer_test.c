#include "image/image_test_internal.h"

#include "oci/media_type.h"

#define COMMIT "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/*
 * Images in letters, from the bottom up: a layer is a letter, equal letters are equal layers. In
 * the history an upper case letter is the record of that layer of inlay's (F is the folders'), the
 * same behind `=` that of a layer that another entry has, any other letter a layer of somebody
 * else's, and `.` an entry without a layer.
 */

static struct digest digest_of_letters(const char *letters, size_t count)
{
    return digest_of(DIGEST_SHA256, letters, count);
}

/* Of the layers `letters`, as image-spec, config.md, has it. */
static struct digest chain_of_letters(const char *letters)
{
    struct digest chain = digest_of_letters(letters, strlen(letters) > 0);

    for (size_t i = 1; i < strlen(letters); i++) {
        struct digest layer = digest_of_letters(&letters[i], 1);
        CLEANUP(text)
        char *pair = xasprintf("%s %s", digest_format(&chain).text, digest_format(&layer).text);
        chain = digest_of(DIGEST_SHA256, pair, strlen(pair));
    }
    return chain;
}

/* `base`: the layers of which the folders' record notes the ChainID; NULL: it notes nothing. */
static json_t *make_record(char letter, const char *base)
{
    struct digest digest = digest_of_letters(&letter, 1);
    const char *diff_id = digest_format(&digest).text;
    json_t *record =
        json_pack("{s:i, s:s, s:s, s:s}", "inlay", 1, "kind", letter == 'F' ? "folders" : "small",
                  "recipe", diff_id, "diff_id", diff_id);

    if (letter != 'F') {
        json_object_set_new(record, "model", json_string("org/name"));
        json_object_set_new(record, "commit", json_string(COMMIT));
        json_object_set_new(record, "layout", json_string("huggingface"));
        json_object_set_new(record, "place", json_string("/opt/hf/hub"));
    } else if (base != NULL) {
        struct digest chain = chain_of_letters(base);
        json_object_set_new(record, "base",
                            json_pack("{s:s}", "chain_id", digest_format(&chain).text));
    }
    return record;
}

static json_t *make_history(const char *letters, const char *base)
{
    json_t *history = json_array();

    for (const char *at = letters; *at != '\0'; at++) {
        json_t *entry = json_object();
        bool shared = *at == '=';
        at += shared;
        if (*at == '.' || shared)
            json_object_set_new(entry, "empty_layer", json_true());
        if (*at >= 'A' && *at <= 'Z') {
            json_auto_t *record = make_record(*at, base);
            CLEANUP(buf) struct buf comment = BUF_INIT;
            json_to_buf(record, &comment);
            json_object_set_new(entry, "comment", json_string(buf_text(&comment)));
        }
        json_array_append_new(history, entry);
    }
    return history;
}

static struct image *make_image(const char *layers, const char *history, const char *base)
{
    struct digest nothing = digest_of_letters("", 0);
    json_t *list = json_array();
    json_t *diff_ids = json_array();
    json_auto_t *config = json_pack("{s:s, s:s, s:{s:s, s:o}}", "os", "linux", "architecture",
                                    "amd64", "rootfs", "type", "layers", "diff_ids", diff_ids);
    json_auto_t *manifest =
        json_pack("{s:i, s:s, s:{s:s, s:s, s:i}, s:o}", "schemaVersion", 2, "mediaType",
                  MEDIA_TYPE_OCI_MANIFEST, "config", "mediaType", MEDIA_TYPE_OCI_CONFIG, "digest",
                  digest_format(&nothing).text, "size", 0, "layers", list);
    CLEANUP(buf) struct buf manifest_bytes = BUF_INIT;
    CLEANUP(buf) struct buf config_bytes = BUF_INIT;

    for (const char *at = layers; *at != '\0'; at++) {
        struct digest digest = digest_of_letters(at, 1);
        const char *text = digest_format(&digest).text;
        json_array_append_new(diff_ids, json_string(text));
        json_array_append_new(list, json_pack("{s:s, s:s, s:i}", "mediaType", MEDIA_TYPE_OCI_LAYER,
                                              "digest", text, "size", 1));
    }
    if (history != NULL)
        json_object_set_new(config, "history", make_history(history, base));
    json_to_buf(manifest, &manifest_bytes);
    json_to_buf(config, &config_bytes);
    return image_of_texts(buf_text(&manifest_bytes), buf_text(&config_bytes));
}

/* The numbers of inlay's layers, in the order of the records. */
static char *numbers_of(const struct image *image)
{
    CLEANUP(buf) struct buf text = BUF_INIT;
    struct image_layer *own = NULL;
    size_t count = 0;

    image_own_layers(image, &own, &count);
    for (size_t i = 0; i < count; i++)
        buf_addf(&text, "%zu", own[i].number);
    image_layers_free(own, count);
    return buf_take(&text);
}

/* Are these all layers that the image has? */
static void check_layers(const struct image *image, const char *expected, const char *what)
{
    struct digest *diff_ids = NULL;
    size_t count = 0;
    CLEANUP(error) struct error err = ERROR_INIT;

    assert_int_equal(image_diff_ids(image, &diff_ids, &count, &err), 0);
    if (expected == NULL) {
        fail_msg("%s: there is nothing to expect", what);
        return;
    }
    bool same = count == strlen(expected) && image_layer_count(image) == count;
    for (size_t i = 0; same && i < count; i++) {
        struct digest wanted = digest_of_letters(&expected[i], 1);
        same = digest_equal(&diff_ids[i], &wanted);
    }
    free(diff_ids);
    if (!same)
        fail_msg("%s: the stripped image does not have the layers '%s'", what, expected);
}

static const struct {
    const char *layers, *history, *base; /* as make_record() has it */
    const char *numbers, *stripped;      /* NULL: it cannot be told */
} record_cases[] = {
    {"bLF", "bLF", "b", "23", "b"},
    {"bLF", "LF", "b", "23", "b"}, /* a base without history */
    {"bLF", "bbbLF", "b", "23", "b"},
    {"bcLF", ".b.LF.", "bc", "34", "bc"},
    {"bLF", NULL, NULL, "", "bLF"},
    /* The base has the layer, or all of them, and takes them away again. */
    {"bLLF", "blLF", "bL", "34", "bL"},
    {"bLwLF", "blwLF", "bLw", "45", "bLw"},
    {"bLFwLF", "blfwLF", "bLFw", "56", "bLFw"},
    {"bLFLF", "blfLF", "bLF", "45", "bLF"},
    {"bLFwLF", "LF", "bLFw", "56", "bLFw"},
    {"bLFLF", "bLF", "bLF", "45", "bLF"},
    {"bLFwLF", "bLF", NULL, "56", "bLFw"}, /* a record that notes nothing of the base */
    {"LLF", "lLF", "L", "23", "L"},
    {"FwLF", "fwLF", "Fw", "34", "Fw"},
    {"bLbLF", "LF", "bLb", "45", "bLb"},
    {"bbLF", "bbLF", "bb", "34", "bb"},
    /* Others have put layers on top, with history or without. */
    {"bLFx", "bLFx", "b", "23", "bx"},
    {"bLFx", "bLF", "b", "23", "bx"},
    {"bLFL", "bLFl", "b", "23", "bL"},
    {"bLFL", "bLF", "b", "23", "bL"},
    {"bLFwL", "bLF.wl", "b", "23", "bwL"},
    {"bLFLF", "bLFlf", "b", "23", "bLF"},
    {"bLFLF", "bLF", "b", "23", "bLF"},
    {"bLFwLF", "LF", "b", "23", "bwLF"},
    {"bLwLFLx", "blwLFlx", "bLw", "45", "bLwLx"},
    {"bLFxLF", "bLFx", "b", "23", "bxLF"},
    {"bLFLF", "bxyzLF", "b", "23", "bLF"}, /* more history than layers */
    /* Records and layers that somebody copied to the top. */
    {"bLFLF", "blfLF", "b", "45", "bLF"},
    {"bLFL", "bLFL", "b", "234", "b"},
    {"bLFLF", "bLFLF", "b", "2345", "b"},
    {"bLFwLF", "bLFwLF", "b", "2356", "bw"},
    {"bLFLF", "LFLF", "b", "2345", "b"},
    /* Models that share a layer, and equal layers among inlay's own. */
    {"bLKMF", "bLK=LMF", "b", "23245", "b"},
    {"bLLKMF", "blLK=LMF", "bL", "34356", "bL"},
    {"bLKMFL", "bLK=LMFl", "b", "23245", "bL"},
    {"bFLFF", "bFLFF", "b", "2345", "b"},
    /* Not in a row any more: by the diff_id where it is the only one. */
    {"bLxF", "bLxF", "b", "24", "bx"},
    {"bFL", "bLF", "b", "32", "b"},
    {"bLLxF", "blLxF", "b", "35", "bLx"},
    {"bLLxF", "bLF", "b", "05", NULL},
    {"bL", "bLF", "b", "2", NULL},
    /* Both would do, and nothing tells which. */
    {"bLFxLFy", "LF", NULL, "00", NULL},
};

static void a_record_tells_inlays_layer_from_equal_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(record_cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(image)
        struct image *image =
            make_image(record_cases[i].layers, record_cases[i].history, record_cases[i].base);
        CLEANUP(text)
        char *what = xasprintf("layers %s, history %s", record_cases[i].layers,
                               record_cases[i].history != NULL ? record_cases[i].history : "none");
        CLEANUP(text) char *numbers = numbers_of(image);
        if (strcmp(numbers, record_cases[i].numbers) != 0)
            fail_msg("%s: inlay's are '%s', not '%s'", what, numbers, record_cases[i].numbers);
        bool stripped = image_strip(image, &err) == 0;
        if (stripped != (record_cases[i].stripped != NULL))
            fail_msg("%s: %s", what, stripped ? "stripped" : err.text);
        check_layers(image, stripped ? record_cases[i].stripped : record_cases[i].layers, what);
        free(numbers);
        numbers = numbers_of(image);
        assert_string_equal(numbers, stripped ? "" : record_cases[i].numbers);
    }
}

static void a_layer_that_cannot_be_told_is_named(void **state)
{
    static const struct {
        const char *layers, *history, *complaint;
    } cases[] = {
        {"bLFxLFy", "LF", "several times, and its history does not tell which one inlay put there"},
        {"bF", "bLF", "names a layer of inlay's that the image does not have"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(image) struct image *image = make_image(cases[i].layers, cases[i].history, NULL);
        assert_int_equal(image_strip(image, &err), -1);
        assert_int_equal(err.kind, ERROR_CORRUPT);
        assert_non_null(strstr(err.text, cases[i].complaint));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_tells_inlays_layer_from_equal_ones),
        cmocka_unit_test(a_layer_that_cannot_be_told_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
