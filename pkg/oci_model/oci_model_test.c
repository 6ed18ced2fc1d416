#include "oci_model/oci_model.h"

#include "testing/tars.h"

#include <stddef.h>

#define FILEPATH "org.cncf.model.filepath"
#define KITOPS "application/vnd.kitops.modelkit."
#define MODELPACK "application/vnd.cncf.model."
#define MODELPACK_CONFIG MODELPACK "config.v1+json"

static char name[] = "r.example/m:1";
static char as[] = "acme/tiny";
static const struct origin asked = {.kind = ORIGIN_OCI_MODEL, .name = name, .as = as};

/* A layer: an uncompressed tar, or a file with its path. */
struct layer_made {
    const char *path; /* NULL: `items` are a tar */
    const char *data;
    struct item items[6];
};

/* A store that the source takes over; what is put into it is made before. */
static struct descriptor put_layer_made(struct store *store, const struct layer_made *layer,
                                        const char *type)
{
    CLEANUP(buf) struct buf tar = BUF_INIT;

    if (layer->path != NULL)
        return put_blob(store, layer->data, MODELPACK "weight.v1.raw");
    tar_items(&tar, layer->items, ARRAY_SIZE(layer->items));
    struct descriptor blob = put_tar(store, &tar);
    memcpy(blob.media_type, type, strlen(type) + 1);
    return blob;
}

static void add_descriptor(struct buf *out, const struct descriptor *blob, const char *path)
{
    buf_addf(out, "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu", blob->media_type,
             digest_format(&blob->digest).text, (unsigned long long)blob->size);
    if (path != NULL)
        buf_addf(out, ",\"annotations\":{\"" FILEPATH "\":\"%s\"}", path);
    buf_add_text(out, "}");
}

static struct descriptor put_layers(struct store *store, const char *version,
                                    const struct descriptor *config,
                                    const struct layer_made *layers, size_t count,
                                    const char *tar_type)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    buf_add_text(&text,
                 "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_OCI_MANIFEST "\",\"config\":");
    add_descriptor(&text, config, NULL);
    buf_add_text(&text, ",\"layers\":[");
    for (size_t i = 0; i < count; i++) {
        struct descriptor blob = put_layer_made(store, &layers[i], tar_type);
        buf_add_text(&text, i > 0 ? "," : "");
        add_descriptor(&text, &blob, layers[i].path);
    }
    buf_add_text(&text, "]}");
    return put_manifest(store, version, buf_text(&text), MEDIA_TYPE_OCI_MANIFEST);
}

static struct descriptor put_artifact(struct store *store, const char *version,
                                      const struct layer_made *layers, size_t count)
{
    struct descriptor config = put_blob(store, "{}", MODELPACK_CONFIG);

    return put_layers(store, version, &config, layers, count, MODELPACK "code.v1.tar");
}

/* An image of tars. */
static struct descriptor put_car(struct store *store, const char *version, const char *platform,
                                 const struct layer_made *layers, size_t count)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    buf_addf(&text, "{%s,\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[", platform);
    for (size_t i = 0; i < count; i++) {
        struct descriptor blob = put_layer_made(store, &layers[i], MEDIA_TYPE_OCI_LAYER);
        buf_addf(&text, "%s\"%s\"", i > 0 ? "," : "", digest_format(&blob.digest).text);
    }
    buf_add_text(&text, "]}}");
    struct descriptor config = put_blob(store, buf_text(&text), MEDIA_TYPE_OCI_CONFIG);
    return put_layers(store, version, &config, layers, count, MEDIA_TYPE_OCI_LAYER);
}

static struct source *open_model(struct store *store, const char *version)
{
    return oci_model_adopt(
        &(struct oci_model_options){.store = store, .version = version, .origin = &asked});
}

/* "PATH=CONTENT" of every file, read through all that verifies it. */
static void read_model(struct source *source, const struct plan *plan, struct buf *out)
{
    for (size_t i = 0; i < plan->count; i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(reader) struct reader *reader = NULL;
        if (source_open_file(source, plan, &plan->files[i], NULL, &reader, &err) < 0)
            fail_msg("%s", err.text);
        buf_addf(out, "%s=", plan->files[i].path);
        if (reader_read_all(reader, 1000, out, &err) < 0)
            fail_msg("%s", err.text);
        buf_add_text(out, " ");
    }
}

static void check_model(struct store *store, const char *version, const char *pin,
                        const char *expected)
{
    CLEANUP(source) struct source *source = open_model(store, version);
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf text = BUF_INIT;

    if (source_list(source, &plan, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(plan.pin, pin);
    assert_int_equal(plan.origin.kind, ORIGIN_OCI_MODEL);
    assert_string_equal(plan.origin.name, name);
    assert_string_equal(plan.origin.as, as);
    read_model(source, &plan, &text);
    assert_string_equal(buf_text(&text), expected);
}

static void check_refused(struct store *store, const char *version, enum error_kind kind,
                          const char *words)
{
    CLEANUP(source) struct source *source = open_model(store, version);
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    assert_int_equal(source_list(source, &plan, &err), -1);
    if (err.kind != kind || strstr(err.text, words) == NULL)
        fail_msg("kind %d, \"%s\"; expected kind %d, \"%s\"", (int)err.kind, err.text, (int)kind,
                 words);
}

static void the_files_of_an_artifact_are_its_layers_and_those_in_its_tars(void **state)
{
    static const struct layer_made layers[] = {
        {.path = "w/model.bin", .data = "weights"},
        {.items = {{"w/a.json", '0', 0644, 0, "old"}, {"./b", '0', 0644, 0, "bee"}}},
        {.path = "empty", .data = ""},
        {.items = {{"w/a.json", '0', 0644, 0, "new"}, {"w/link", '2', 0777, 0, "../b"}}},
        {.path = "empty", .data = ""},
    };
    struct store *store = store_new_memory();
    struct descriptor manifest = put_artifact(store, "1", layers, ARRAY_SIZE(layers));

    (void)state;
    check_model(store, "1", digest_format(&manifest.digest).text,
                "b=bee empty= w/a.json=new w/link=bee w/model.bin=weights ");
}

static void the_files_of_an_image_are_those_below_models(void **state)
{
    static const struct layer_made layers[] = {
        {.items = {{"models/", '5', 0755, 0, NULL},
                   {"models/gone", '0', 0644, 0, "gone"},
                   {"models/sub/b", '0', 0600, 7, "bee"},
                   {"etc/passwd", '0', 0644, 0, "root"}}},
        {.items = {{"models/.wh.gone", '0', 0644, 0, NULL},
                   {"models/model.file", '2', 0777, 0, "/models/sub/b"},
                   {"models/again", '2', 0777, 0, "sub"},
                   {"models/hard", '0', 0644, 0, "new"}}},
    };
    struct store *store = store_new_memory();
    struct descriptor manifest = put_car(store, "1", PLAIN, layers, ARRAY_SIZE(layers));

    (void)state;
    check_model(store, "1", digest_format(&manifest.digest).text,
                "again/b=bee hard=new model.file=bee sub/b=bee ");
}

static void links_and_other_things_that_are_no_files_are_refused(void **state)
{
    static const struct {
        struct item item;
        const char *words;
    } cases[] = {
        {{"models/x", '2', 0777, 0, "../etc/passwd"},
         "'/models/x' is a link to '../etc/passwd', which leads out of '/models'"},
        {{"models/x", '2', 0777, 0, "/models-b"}, "leads out of '/models'"},
        {{"models/x", '2', 0777, 0, "none"}, "'/models/x' is a link to 'none', which is not there"},
        {{"models/d/x", '2', 0777, 0, ".."}, "links lead from '/models' back to it"},
        {{"models/x", '2', 0777, 0, "x"}, "perhaps in a circle"},
        {{"models/x", '6', 0644, 0, NULL}, "'/models/x' is a special file"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct store *store = store_new_memory();
        const struct layer_made layer = {.items = {{"models/a", '0', 0644, 0, "a"},
                                                   {"models-b/a", '0', 0644, 0, "a"},
                                                   cases[i].item}};
        put_car(store, "1", PLAIN, &layer, 1);
        check_refused(store, "1", ERROR_UNSUPPORTED, cases[i].words);
    }
}

/* Entries with their platforms: "linux/amd64"; "": none. */
static void put_entries(struct store *store, const struct descriptor *entries,
                        const char *const *platforms, size_t count)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    buf_add_text(&text,
                 "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_OCI_INDEX "\",\"manifests\":[");
    for (size_t i = 0; i < count; i++) {
        const char *slash = strchr(platforms[i], '/');
        buf_addf(&text, "%s{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu", i > 0 ? "," : "",
                 entries[i].media_type, digest_format(&entries[i].digest).text,
                 (unsigned long long)entries[i].size);
        if (slash != NULL)
            buf_addf(&text, ",\"platform\":{\"os\":\"%.*s\",\"architecture\":\"%s\"}",
                     (int)(slash - platforms[i]), platforms[i], slash + 1);
        buf_add_text(&text, "}");
    }
    buf_add_text(&text, "]}");
    put_manifest(store, "all", buf_text(&text), MEDIA_TYPE_OCI_INDEX);
}

static void of_an_index_the_image_that_most_have_or_the_only_model_is_taken(void **state)
{
    static const struct {
        const char *platforms[3]; /* of two images and an artifact; NULL: left out */
        const char *expected;     /* or words of the refusal */
        bool is_refused;
    } cases[] = {
        {{"linux/arm64", "linux/amd64", ""}, "f=second ", false},
        {{"linux/amd64", "linux/amd64", NULL}, "f=first ", false},
        {{"linux/arm64", "linux/s390x", NULL}, "f=first ", false},
        {{"windows/amd64", "linux/s390x", NULL}, "f=second ", false},
        {{"windows/amd64", "windows/amd64", ""}, "f=third ", false},
        {{"", "", ""}, "its index names 3 models; name one of @sha256:", true},
        {{"windows/amd64", NULL, NULL}, "neither an image for Linux nor a model", true},
    };
    static const struct layer_made first = {.items = {{"models/f", '0', 0644, 0, "first"}}};
    static const struct layer_made second = {.items = {{"models/f", '0', 0644, 0, "second"}}};
    static const struct layer_made third = {.path = "f", .data = "third"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct store *store = store_new_memory();
        const struct descriptor entries[] = {
            put_car(store, NULL, PLAIN, &first, 1),
            put_car(store, NULL, PLAIN, &second, 1),
            put_artifact(store, NULL, &third, 1),
        };
        size_t count = 0;
        while (count < ARRAY_SIZE(entries) && cases[i].platforms[count] != NULL)
            count++;
        put_entries(store, entries, cases[i].platforms, count);
        if (cases[i].is_refused) {
            check_refused(store, "all", ERROR_UNSUPPORTED, cases[i].expected);
            continue;
        }
        size_t taken = strstr(cases[i].expected, "first") != NULL    ? 0
                       : strstr(cases[i].expected, "second") != NULL ? 1
                                                                     : 2;
        check_model(store, "all", digest_format(&entries[taken].digest).text, cases[i].expected);
    }
}

static void what_holds_no_model_is_refused(void **state)
{
    static const struct layer_made other = {.items = {{"etc/x", '0', 0644, 0, "x"}}};
    static const struct layer_made file = {.items = {{"models", '0', 0644, 0, "x"}}};
    static const struct layer_made empty = {.items = {{"models/", '5', 0755, 0, NULL}}};
    static const struct layer_made up = {.path = "../up", .data = "x"};
    static const struct layer_made twice[] = {{.path = "a", .data = "1"},
                                              {.path = "a", .data = "2"}};

    (void)state;
    struct store *store = store_new_memory();
    put_car(store, "1", PLAIN, &other, 1);
    check_refused(store, "1", ERROR_UNSUPPORTED, "an image without the folder '/models'");
    store = store_new_memory();
    put_car(store, "1", PLAIN, &file, 1);
    check_refused(store, "1", ERROR_UNSUPPORTED, "an image without the folder '/models'");
    store = store_new_memory();
    put_car(store, "1", PLAIN, &empty, 1);
    check_refused(store, "1", ERROR_NOT_FOUND, "'r.example/m:1' has no files");
    store = store_new_memory();
    put_artifact(store, "1", &up, 1);
    check_refused(store, "1", ERROR_CORRUPT, "path '../up' has the part '..'");
    store = store_new_memory();
    put_artifact(store, "1", twice, ARRAY_SIZE(twice));
    check_refused(store, "1", ERROR_CORRUPT, "'a'");
    check_refused(store_new_memory(), "1", ERROR_NOT_FOUND, "the model 'r.example/m:1'");
}

static void a_modelkit_without_its_model_is_refused(void **state)
{
    static const struct {
        const char *kitfile, *words;
        enum error_kind kind;
    } cases[] = {
        {"{\"model\":{\"path\":\"jozu.ml/a/b:1\"}}", "takes the model from 'jozu.ml/a/b:1'",
         ERROR_UNSUPPORTED},
        {"{\"model\":", "the Kitfile is not JSON", ERROR_CORRUPT},
    };
    static const struct layer_made code = {.items = {{"x.py", '0', 0644, 0, "x"}}};

    (void)state;
    for (size_t i = 0; i <= ARRAY_SIZE(cases); i++) {
        struct store *store = store_new_memory();
        struct descriptor config = put_blob(store, i < ARRAY_SIZE(cases) ? cases[i].kitfile : "{}",
                                            KITOPS "config.v1+json");
        struct descriptor manifest =
            put_layers(store, "1", &config, &code, 1, KITOPS "code.v1.tar");
        if (i < ARRAY_SIZE(cases))
            check_refused(store, "1", cases[i].kind, cases[i].words);
        else
            check_model(store, "1", digest_format(&manifest.digest).text, "x.py=x ");
    }
}

/* A store whose next reader breaks in the middle of a file. */
struct fragile_store {
    struct store base;
    struct store *behind;
    bool breaks;
};

struct fragile_reader {
    struct reader base;
    struct reader *behind;
    size_t left; /* bytes until it breaks */
};

static ssize_t fragile_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct fragile_reader *fragile = CONTAINER_OF(reader, struct fragile_reader, base);

    if (fragile->left == 0)
        return error_set(err, ERROR_UNREACHABLE, "the connection broke");
    ssize_t part =
        reader_read(fragile->behind, data, size < fragile->left ? size : fragile->left, err);
    if (part > 0)
        fragile->left -= (size_t)part;
    return part;
}

static void fragile_reader_free(struct reader *reader)
{
    struct fragile_reader *fragile = CONTAINER_OF(reader, struct fragile_reader, base);

    reader_free(fragile->behind);
    free(fragile);
}

static int fragile_open_blob(struct store *store, const struct descriptor *blob, uint64_t offset,
                             uint64_t length, struct reader **out, struct error *err)
{
    static const struct reader_ops ops = {fragile_read, fragile_reader_free};
    struct fragile_store *fragile = CONTAINER_OF(store, struct fragile_store, base);
    struct reader *behind = NULL;

    if (fragile->behind->ops->open_blob(fragile->behind, blob, offset, length, &behind, err) < 0)
        return -1;
    struct fragile_reader *new = xcalloc(1, sizeof(*new));
    new->base.ops = &ops;
    new->behind = behind;
    new->left = fragile->breaks ? 30 : SIZE_MAX;
    fragile->breaks = false;
    *out = &new->base;
    return 0;
}

static int fragile_read_manifest(struct store *store, const char *version, struct buf *out,
                                 struct descriptor *what, struct error *err)
{
    struct store *behind = CONTAINER_OF(store, struct fragile_store, base)->behind;

    return behind->ops->read_manifest(behind, version, out, what, err);
}

static void fragile_free(struct store *store)
{
    struct fragile_store *fragile = CONTAINER_OF(store, struct fragile_store, base);

    store_free(fragile->behind);
    free(fragile);
}

static struct fragile_store *fragile_new(void)
{
    static const struct store_ops ops = {
        .read_manifest = fragile_read_manifest,
        .open_blob = fragile_open_blob,
        .free = fragile_free,
    };
    struct fragile_store *fragile = xcalloc(1, sizeof(*fragile));

    fragile->base.ops = &ops;
    fragile->base.name = xstrdup("fragile");
    fragile->behind = store_new_memory();
    return fragile;
}

/* The tar of `items` with gzip, as a layer. */
static struct descriptor put_packed(struct store *store, const struct item *items, size_t count)
{
    static const struct compression_choice gzip = {.kind = COMPRESSION_GZIP, .level = 6};
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf tar = BUF_INIT;
    CLEANUP(buf) struct buf packed = BUF_INIT;
    struct descriptor blob = {.media_type = KITOPS "model.v1.tar+gzip"};

    tar_items(&tar, items, count);
    CLEANUP(writer) struct writer *end = memory_writer_new(&packed, MIB);
    CLEANUP(writer) struct writer *pack = compress_writer_new(end, &gzip, 1);
    assert_int_equal(writer_write(pack, tar.data, tar.size, &err), 0);
    assert_int_equal(writer_finish(pack, &err), 0);
    assert_int_equal(store_write_blob(store, &packed, &blob, &err), 0);
    return blob;
}

static void a_connection_that_breaks_is_taken_up_where_it_broke(void **state)
{
    static const char text[] = "forty-two bytes or so, that are read again";
    static const struct item items[] = {{"first", '0', 0644, 0, "1"}, {"text", '0', 0644, 0, text}};
    CLEANUP(buf) struct buf manifest = BUF_INIT;

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct fragile_store *store = fragile_new();
        struct descriptor config = put_blob(store->behind, "{}", MODELPACK_CONFIG);
        struct descriptor layer = i == 0 ? put_blob(store->behind, text, MODELPACK "doc.v1.raw")
                                         : put_packed(store->behind, items, ARRAY_SIZE(items));
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf said = BUF_INIT;
        buf_clear(&manifest);
        buf_add_text(&manifest, "{\"schemaVersion\":2,\"config\":");
        add_descriptor(&manifest, &config, NULL);
        buf_add_text(&manifest, ",\"layers\":[");
        add_descriptor(&manifest, &layer, i == 0 ? "text" : NULL);
        buf_add_text(&manifest, "]}");
        put_manifest(store->behind, "1", buf_text(&manifest), MEDIA_TYPE_OCI_MANIFEST);
        CLEANUP(source) struct source *source = open_model(&store->base, "1");
        source->tries = 1;
        assert_int_equal(source_list(source, &plan, &err), 0);
        store->breaks = true;
        read_model(source, &plan, &said);
        assert_false(store->breaks);
        assert_string_equal(buf_text(&said) + (i == 0 ? 0 : strlen("first=1 ")),
                            "text=forty-two bytes or so, that are read again ");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_files_of_an_artifact_are_its_layers_and_those_in_its_tars),
        cmocka_unit_test(the_files_of_an_image_are_those_below_models),
        cmocka_unit_test(links_and_other_things_that_are_no_files_are_refused),
        cmocka_unit_test(of_an_index_the_image_that_most_have_or_the_only_model_is_taken),
        cmocka_unit_test(what_holds_no_model_is_refused),
        cmocka_unit_test(a_modelkit_without_its_model_is_refused),
        cmocka_unit_test(a_connection_that_breaks_is_taken_up_where_it_broke),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
