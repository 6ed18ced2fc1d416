#include "remove/remove.h"

#include "testing/inject_bench.h"

#define NO_DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static struct origin name_model(const char *id, const char *revision)
{
    return (struct origin){.kind = ORIGIN_HUB_MODEL,
                           .name = xstrdup(id),
                           .revision = revision != NULL ? xstrdup(revision) : NULL};
}

static struct remove_options make_removal(struct bench *bench, const char *image,
                                          const char *target)
{
    return (struct remove_options){
        .image = bench->store,
        .image_version = image,
        .target = bench->store,
        .target_version = target,
        .log = &bench->log,
    };
}

static int try_to_take(struct remove_options *options, const char *id, const char *revision,
                       struct remove_result *result, struct error *err)
{
    CLEANUP(origin) struct origin model = name_model(id, revision);

    options->models = &model;
    options->model_count = 1;
    return remove_run(options, result, err);
}

/* Removes one model; the digest that the tag shows then. */
static struct digest take(struct remove_options *options, const char *id, const char *revision)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(document) struct document shown = DOCUMENT_INIT;
    struct remove_result result = {0};

    if (try_to_take(options, id, revision, &result, &err) < 0)
        fail_msg("%s", err.text);
    read_document(options->target, options->target_version, &shown);
    assert_true(digest_equal(&shown.descriptor.digest, &result.manifest.digest));
    return result.manifest.digest;
}

static void refuse_to_take(struct remove_options *options, const char *id, const char *revision,
                           enum error_kind kind, const char *complaint)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    struct remove_result result = {0};

    assert_int_equal(try_to_take(options, id, revision, &result, &err), -1);
    if (strstr(err.text, complaint) == NULL || err.kind != kind)
        fail_msg("\"%s\" (%d), expected \"%s\" (%d)", err.text, (int)err.kind, complaint,
                 (int)kind);
}

static void expect_digest(const struct digest *found, const struct digest *expected)
{
    assert_string_equal(digest_format(found).text, digest_format(expected).text);
}

/* A base that nobody would write like that: only its own bytes have its digest. */
static struct descriptor put_odd_image(struct store *store, const char *version,
                                       const char *members)
{
    CLEANUP(buf) struct buf config = BUF_INIT;
    CLEANUP(buf) struct buf manifest = BUF_INIT;
    struct descriptor layer = put_empty_layer(store);
    struct digest_text digest = digest_format(&layer.digest);

    buf_addf(&config,
             "{ %s, \"x\":0.10, \"rootfs\":{\"type\":\"layers\",\"diff_ids\":[ \"%s\" ]}}\n",
             members, digest.text);
    struct descriptor blob = put_blob(store, buf_text(&config), MEDIA_TYPE_OCI_CONFIG);
    buf_addf(&manifest,
             "{\n \"schemaVersion\": 2,\n \"config\": {\"mediaType\":\"%s\",\"digest\":\"%s\","
             "\"size\":%llu},\n \"layers\": [{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":"
             "%llu}],\n \"subject\": {\"mediaType\":\"%s\",\"digest\":\"" NO_DIGEST
             "\",\"size\":0}, \"annotations\": {\"a\":\"b\"}\n}",
             blob.media_type, digest_format(&blob.digest).text, (unsigned long long)blob.size,
             layer.media_type, digest.text, (unsigned long long)layer.size,
             MEDIA_TYPE_OCI_MANIFEST);
    return put_manifest(store, version, buf_text(&manifest), MEDIA_TYPE_OCI_MANIFEST);
}

static void what_stays_is_as_if_it_had_been_injected_alone(void **state)
{
    static const char *const layouts[] = {"huggingface", "sentence-transformers"};
    struct bench *bench = *state;
    CLEANUP(source) struct source *one = open_model(bench, "org/one", "main", COMMIT_A);
    CLEANUP(source) struct source *two = open_model(bench, "org/two", "main", COMMIT_B);
    CLEANUP(text) char *modules = xasprintf("%s/modules.json", bench->folder);

    write_file(bench, "modules.json", "[]", 2);
    for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
        struct inject_options options = make_options(bench, &one, 1);
        put_image(bench->store, "base", PLAIN, 1);
        options.target.version = "one";
        bench_choices(bench)[0].layout = layout_find(NULL);
        struct inject_result only_one = inject(&options);
        options.models.sources = &two;
        bench_choices(bench)[0].layout = layout_find(layouts[i]);
        options.target.version = "two";
        struct inject_result only_two = inject(&options);
        options.base.version = "one";
        options.target.version = "both";
        inject(&options);

        struct remove_options removal = make_removal(bench, "both", "out");
        struct digest left = take(&removal, "org/two", NULL);
        expect_digest(&left, &only_one.manifest.digest);
        left = take(&removal, "org/one", NULL);
        expect_digest(&left, &only_two.manifest.digest);
    }
    remove(modules);
}

/* They share the layer of the weights, whichever is named first. */
static void one_of_two_revisions_leaves_the_other_whole(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *old = open_model(bench, "org/name", "v1", COMMIT_A);
    CLEANUP(source) struct source *new = open_model(bench, "org/name", "main", COMMIT_B);
    struct source *both[] = {old, new};
    struct source *reversed[] = {new, old};
    struct inject_options options = make_options(bench, &old, 1);
    struct remove_options removal = make_removal(bench, "both", "out");

    put_image(bench->store, "base", PLAIN, 1);
    struct inject_result only_old = inject(&options);
    options.models.sources = &new;
    struct inject_result only_new = inject(&options);
    options.models.count = 2;
    options.target.version = "both";
    options.models.sources = both;
    struct inject_result together = inject(&options);
    options.models.sources = reversed;
    struct inject_result other_order = inject(&options);
    expect_digest(&other_order.manifest.digest, &together.manifest.digest);
    struct digest left = take(&removal, "org/name", "bbbbbbb");
    expect_digest(&left, &only_old.manifest.digest);
    left = take(&removal, "org/name", COMMIT_A);
    expect_digest(&left, &only_new.manifest.digest);
}

static void created_and_environment_stay_as_they_were_set(void **state)
{
    static const char *const chosen[] = {"X=y", NULL};
    struct bench *bench = *state;
    CLEANUP(source) struct source *one = open_model(bench, "org/one", "main", COMMIT_A);
    CLEANUP(source) struct source *two = open_model(bench, "org/two", "main", COMMIT_A);
    struct source *both[] = {one, two};
    struct inject_options options = make_options(bench, both, 1);
    struct remove_options removal = make_removal(bench, "both", "out");

    put_image(bench->store, "base", PLAIN, 1);
    options.created = "2020-02-02T02:02:02Z";
    options.placement.environment = chosen;
    struct inject_result only_one = inject(&options);
    options.models.count = 2;
    options.target.version = "both";
    inject(&options);
    struct digest left = take(&removal, "org/two", NULL);
    expect_digest(&left, &only_one.manifest.digest);
}

static void without_a_model_left_the_base_is_there_byte_for_byte(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
    CLEANUP(source) struct source *other = open_model(bench, "org/other", "main", COMMIT_A);
    struct inject_options options = make_options(bench, &model, 1);
    struct remove_options removal = make_removal(bench, "out", "out"); /* in place */
    struct descriptor base = put_odd_image(bench->store, "base", PLAIN);

    inject(&options);
    options.models.sources = &other;
    options.base.version = "out";
    inject(&options);
    take(&removal, "org/name", NULL);
    struct digest left = take(&removal, "org/other", "aaaaaaa");
    expect_digest(&left, &base.digest);
    assert_non_null(strstr(buf_text(&bench->said), "the result is the base, byte for byte"));
}

/* What the image says of its base leads to a repository; this one has `arg` as its base. */
static int open_base(void *arg, const char *base_name, struct store **out, struct error *err)
{
    assert_string_equal(base_name, "registry.example.com/base:1");
    if (arg == NULL)
        return error_set(err, ERROR_UNREACHABLE, "nobody answers");
    *out = store_new_memory();
    put_odd_image(*out, NULL, arg);
    return 0;
}

static void the_base_is_looked_for_where_it_may_be(void **state)
{
    char same[] = PLAIN;
    char others[] = PLAIN ",\"y\":1";
    struct {
        bool with_open, in_target;
        char *base; /* of the repository that base.name names */
        const char *said;
    } cases[] = {
        {true, false, same, "byte for byte"},
        {false, true, NULL, "byte for byte"},
        {true, false, NULL, "cannot be used: nobody answers"},
        {true, false, others, "cannot be used"},
        {false, false, NULL, "cannot be used"},
    };
    struct bench *bench = *state;
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(store) struct store *elsewhere = store_new_memory();
        CLEANUP(store) struct store *target = store_new_memory();
        CLEANUP(document) struct document shown = DOCUMENT_INIT;
        struct inject_options options = make_options(bench, &model, 1);
        struct remove_options removal = make_removal(bench, "out", "left");
        bool whole = strcmp(cases[i].said, "byte for byte") == 0;
        struct descriptor base = put_odd_image(bench->store, "base", PLAIN);
        buf_clear(&bench->said);
        options.target.store = elsewhere;
        inject(&options);
        removal.image = elsewhere;
        removal.target = cases[i].in_target ? bench->store : target;
        removal.open_base = cases[i].with_open ? open_base : NULL;
        removal.open_arg = cases[i].base;
        struct digest left = take(&removal, "org/name", NULL);
        if (digest_equal(&left, &base.digest) != whole ||
            strstr(buf_text(&bench->said), cases[i].said) == NULL)
            fail_msg("case %zu: %s", i, buf_text(&bench->said));
        read_document(removal.target, "left", &shown);
        assert_int_equal(json_array_size(json_object_get(shown.json, "layers")), 1);
        assert_null(strstr(buf_text(&shown.bytes), "inlay"));
        assert_null(strstr(buf_text(&shown.bytes), "opencontainers.image.base"));
    }
}

static void add_entry(struct buf *index, const struct descriptor *entry, const char *members)
{
    buf_addf(index, "%s {\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu%s}",
             index->data[index->size - 1] == '[' ? "" : ",", entry->media_type,
             digest_format(&entry->digest).text, (unsigned long long)entry->size, members);
}

#define OS(os, architecture)                                                                       \
    ",\"platform\":{\"os\":\"" os "\",\"architecture\":\"" architecture "\"}"
#define INDEX_BEGIN                                                                                \
    "{ \"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_OCI_INDEX "\",\"manifests\":["

/* Two platforms for Linux, one that is not, and an attestation. */
static struct descriptor put_index(struct store *store, const char *version)
{
    CLEANUP(buf) struct buf index = BUF_INIT;
    CLEANUP(text) char *about = NULL;
    struct descriptor amd64 = put_odd_image(store, NULL, PLAIN);
    struct descriptor arm64 =
        put_odd_image(store, NULL, "\"os\":\"linux\",\"architecture\":\"arm64\"");
    struct descriptor windows =
        put_image(store, NULL, "\"os\":\"windows\",\"architecture\":\"amd64\"", 1);
    struct descriptor attestation =
        put_image(store, NULL, "\"os\":\"unknown\",\"architecture\":\"unknown\"", 1);

    about = xasprintf(",\"annotations\":{\"vnd.docker.reference.type\":\"attestation-manifest\","
                      "\"vnd.docker.reference.digest\":\"%s\"}",
                      digest_format(&amd64.digest).text);
    buf_add_text(&index, INDEX_BEGIN);
    add_entry(&index, &amd64, OS("linux", "amd64"));
    add_entry(&index, &arm64, OS("linux", "arm64"));
    add_entry(&index, &windows, OS("windows", "amd64"));
    add_entry(&index, &attestation, about);
    buf_add_text(&index, "],\"x\":1}");
    return put_manifest(store, version, buf_text(&index), MEDIA_TYPE_OCI_INDEX);
}

static void an_index_comes_back_with_its_attestations(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
    CLEANUP(store) struct store *target = store_new_memory();
    struct inject_options options = make_options(bench, &model, 1);
    struct remove_options removal = make_removal(bench, "out", "left");
    CLEANUP(document) struct document index = DOCUMENT_INIT;
    struct descriptor *entries;
    size_t count;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct descriptor base = put_index(bench->store, "base");

    inject(&options);
    removal.target = target;
    struct digest left = take(&removal, "org/name", NULL);
    expect_digest(&left, &base.digest);
    read_document(target, "left", &index);
    assert_int_equal(document_children(&index, &entries, &count, &err), 0);
    assert_int_equal(count, 4);
    for (size_t i = 0; i < count; i++) { /* everything that it names came along */
        CLEANUP(buf) struct buf config = BUF_INIT;
        read_config(target, digest_format(&entries[i].digest).text, &config);
    }
    free(entries);
}

static void an_index_whose_base_is_gone_keeps_what_it_has(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
    CLEANUP(store) struct store *elsewhere = store_new_memory();
    struct inject_options options = make_options(bench, &model, 1);
    struct remove_options removal = make_removal(bench, "out", "left");
    CLEANUP(document) struct document index = DOCUMENT_INIT;

    put_index(bench->store, "base");
    options.target.store = elsewhere;
    inject(&options);
    removal.image = removal.target = elsewhere;
    take(&removal, "org/name", NULL);
    read_document(elsewhere, "left", &index);
    assert_int_equal(json_array_size(json_object_get(index.json, "manifests")), 3);
    assert_int_equal(json_integer_value(json_object_get(index.json, "x")), 1);
    assert_non_null(strstr(buf_text(&bench->said), "cannot be used"));
}

static void only_what_has_the_model_is_edited(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
    CLEANUP(store) struct store *target = store_new_memory();
    struct inject_options options = make_options(bench, &model, 1);
    struct remove_options removal = make_removal(bench, "mixed", "left");
    CLEANUP(buf) struct buf index = BUF_INIT;
    CLEANUP(buf) struct buf outer = BUF_INIT;
    CLEANUP(buf) struct buf expected = BUF_INIT;
    struct descriptor base = put_odd_image(bench->store, "base", PLAIN);
    struct inject_result with = inject(&options);
    struct descriptor without =
        put_image(bench->store, NULL, "\"os\":\"linux\",\"architecture\":\"arm64\"", 2);
    CLEANUP(text)
    char *about = xasprintf(",\"annotations\":{\"vnd.docker.reference.type\":"
                            "\"attestation-manifest\",\"vnd.docker.reference.digest\":\"%s\"}",
                            digest_format(&with.manifest.digest).text);
    CLEANUP(text)
    char *about_other = xasprintf(",\"annotations\":{\"vnd.docker.reference.type\":"
                                  "\"attestation-manifest\",\"vnd.docker.reference.digest\":"
                                  "\"%s\"}",
                                  digest_format(&without.digest).text);

    /* In an index in an index, with an attestation of each. */
    buf_add_text(&index, INDEX_BEGIN);
    add_entry(&index, &with.manifest, OS("linux", "amd64"));
    add_entry(&index, &without, OS("linux", "arm64"));
    add_entry(&index, &without, about);
    add_entry(&index, &without, about_other);
    buf_add_text(&index, "]}");
    struct descriptor inner =
        put_manifest(bench->store, NULL, buf_text(&index), MEDIA_TYPE_OCI_INDEX);
    buf_add_text(&outer, INDEX_BEGIN);
    add_entry(&outer, &inner, "");
    buf_add_text(&outer, "]}");
    put_manifest(bench->store, "mixed", buf_text(&outer), MEDIA_TYPE_OCI_INDEX);

    removal.target = target;
    take(&removal, "org/name", NULL);
    CLEANUP(document) struct document left = DOCUMENT_INIT;
    CLEANUP(document) struct document left_inner = DOCUMENT_INIT;
    read_document(target, "left", &left);
    const json_t *entry = json_array_get(json_object_get(left.json, "manifests"), 0);
    read_document(target, json_string_value(json_object_get(entry, "digest")), &left_inner);
    const json_t *entries = json_object_get(left_inner.json, "manifests");
    assert_int_equal(json_array_size(entries), 3);
    assert_string_equal(json_string_value(json_object_get(json_array_get(entries, 0), "digest")),
                        digest_format(&base.digest).text);
    assert_string_equal(json_string_value(json_object_get(json_array_get(entries, 1), "digest")),
                        digest_format(&without.digest).text);
    assert_non_null(strstr(buf_text(&bench->said), "dropping 1 attestation manifest:"));
    read_config(target, digest_format(&without.digest).text, &expected);
}

static void what_is_not_in_the_image_is_named_with_what_is(void **state)
{
    static const struct {
        const char *id, *revision;
        enum error_kind kind;
        const char *complaint;
    } cases[] = {
        {"org/none", NULL, ERROR_NOT_FOUND,
         "it does not have 'org/none'; it has org/name@" COMMIT_A ", org/name@" COMMIT_B},
        {"org/Name", NULL, ERROR_NOT_FOUND, "does not have 'org/Name'"},
        {"name", NULL, ERROR_NOT_FOUND, "does not have 'name'"},
        {"org/name", "ccccccc", ERROR_NOT_FOUND, "it does not have 'org/name@ccccccc'"},
        {"org/name", "main", ERROR_USAGE, "an image records commits, not branches"},
        {"org/name", "aaaaaa", ERROR_USAGE, "7 to 40 hex digits"},
        {"org/name", "AAAAAAA", ERROR_USAGE, "lower case"},
        {"org/name", COMMIT_A "a", ERROR_USAGE, "7 to 40 hex digits"},
    };
    struct bench *bench = *state;
    CLEANUP(source) struct source *one = open_model(bench, "org/name", "v1", COMMIT_A);
    CLEANUP(source) struct source *two = open_model(bench, "org/name", "main", COMMIT_B);
    struct source *both[] = {one, two};
    struct inject_options options = make_options(bench, both, 2);
    struct remove_options removal = make_removal(bench, "out", "left");
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(document) struct document none = DOCUMENT_INIT;

    put_image(bench->store, "base", PLAIN, 1);
    inject(&options);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        refuse_to_take(&removal, cases[i].id, cases[i].revision, cases[i].kind, cases[i].complaint);
    removal.image_version = "base";
    refuse_to_take(&removal, "org/name", NULL, ERROR_NOT_FOUND, "it carries no models");
    removal.image_version = "nowhere";
    refuse_to_take(&removal, "org/name", NULL, ERROR_NOT_FOUND, "'nowhere'");
    assert_int_equal(store_read_document(bench->store, "left", &none, &err), -1);
}

static void the_beginning_of_two_commits_is_not_enough(void **state)
{
    static const char similar[] = "aaaaaaaabbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    struct bench *bench = *state;
    CLEANUP(source) struct source *one = open_model(bench, "org/name", "v1", COMMIT_A);
    CLEANUP(source) struct source *two = open_model(bench, "org/name", "main", similar);
    struct source *both[] = {one, two};
    struct inject_options options = make_options(bench, both, 2);
    struct remove_options removal = make_removal(bench, "out", "left");
    struct descriptor base = put_image(bench->store, "base", PLAIN, 1);

    inject(&options);
    refuse_to_take(&removal, "org/name", "aaaaaaaa", ERROR_USAGE,
                   "'aaaaaaaa' is the beginning of several commits");
    struct digest left = take(&removal, "org/name", NULL); /* without one, all go */
    expect_digest(&left, &base.digest);
}

static void a_request_to_stop_leaves_the_tag_as_it_was(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
    struct inject_options options = make_options(bench, &model, 1);
    struct remove_options removal = make_removal(bench, "out", "out");
    struct cancel cancel = {.requested = true};
    CLEANUP(document) struct document after = DOCUMENT_INIT;

    put_image(bench->store, "base", PLAIN, 1);
    struct inject_result before = inject(&options);
    removal.cancel = &cancel;
    refuse_to_take(&removal, "org/name", NULL, ERROR_CANCELED, "stopped on request");
    read_document(bench->store, "out", &after);
    expect_digest(&after.descriptor.digest, &before.manifest.digest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(what_stays_is_as_if_it_had_been_injected_alone),
        BENCH_TEST(one_of_two_revisions_leaves_the_other_whole),
        BENCH_TEST(created_and_environment_stay_as_they_were_set),
        BENCH_TEST(without_a_model_left_the_base_is_there_byte_for_byte),
        BENCH_TEST(the_base_is_looked_for_where_it_may_be),
        BENCH_TEST(an_index_comes_back_with_its_attestations),
        BENCH_TEST(an_index_whose_base_is_gone_keeps_what_it_has),
        BENCH_TEST(only_what_has_the_model_is_edited),
        BENCH_TEST(what_is_not_in_the_image_is_named_with_what_is),
        BENCH_TEST(the_beginning_of_two_commits_is_not_enough),
        BENCH_TEST(a_request_to_stop_leaves_the_tag_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
