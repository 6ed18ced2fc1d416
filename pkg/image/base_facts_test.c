#include "image/image_test_internal.h"

#include "oci/media_type.h"

#define DIGEST_A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* An image with layers of these diff_ids, and this history. */
static struct image *open_image(const char *diff_ids, const char *layers, const char *history)
{
    CLEANUP(buf) struct buf config = BUF_INIT;
    CLEANUP(buf) struct buf manifest = BUF_INIT;

    buf_addf(&config,
             "{\"os\":\"linux\",\"architecture\":\"amd64\",\"history\":[%s],\"rootfs\":{\"type\":"
             "\"layers\",\"diff_ids\":[%s]}}",
             history, diff_ids);
    buf_addf(&manifest,
             "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_OCI_MANIFEST
             "\",\"config\":{\"mediaType\":\"" MEDIA_TYPE_OCI_CONFIG "\",\"digest\":\"" DIGEST_A
             "\",\"size\":%zu},\"layers\":[%s]}",
             config.size, layers);
    return image_of_texts(buf_text(&manifest), buf_text(&config));
}

static void the_chain_id_is_that_of_the_specification(void **state)
{
    /* sha256sum of "DIGEST_A DIGEST_B", and of that one with DIGEST_A behind it. */
    static const struct {
        const char *diff_ids;
        const char *layers;
        const char *chain_id;
    } cases[] = {
        {"", "", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"\"" DIGEST_A "\"", "{}", DIGEST_A},
        {"\"" DIGEST_A "\",\"" DIGEST_B "\"", "{},{}",
         "sha256:ccd722928bd92476ba1745586fed6e45a102504185ad88cd89e01ff116fd146c"},
        {"\"" DIGEST_A "\",\"" DIGEST_B "\",\"" DIGEST_A "\"", "{},{},{}",
         "sha256:406364a4bd8d39df8107071d4494fa73814420337124657ec5999b072e5d3352"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buf) struct buf layers = BUF_INIT;
        struct digest chain_id;
        for (const char *at = cases[i].layers; *at != '\0'; at++)
            if (*at == '{')
                buf_addf(&layers,
                         "%s{\"mediaType\":\"" MEDIA_TYPE_OCI_LAYER "\",\"digest\":\"" DIGEST_A
                         "\",\"size\":1}",
                         layers.size > 0 ? "," : "");
        CLEANUP(image) struct image *image = open_image(cases[i].diff_ids, buf_text(&layers), "");
        image_chain_id(image, &chain_id);
        assert_string_equal(digest_format(&chain_id).text, cases[i].chain_id);
    }
}

/* The history entry of a folders layer that notes `base`. Caller frees. */
static char *history_of(const char *base)
{
    CLEANUP(text)
    char *comment = xasprintf("{\"inlay\":1,\"kind\":\"folders\",\"base\":%s}", base);
    json_auto_t *entry = json_pack("{s:s}", "comment", comment);

    return json_dumps(entry, JSON_COMPACT);
}

static void what_was_noted_comes_back(void **state)
{
    CLEANUP(image_base_facts) struct image_base_facts facts = {0};
    CLEANUP(image_base_facts) struct image_base_facts again = {0};
    CLEANUP(image_base_facts)
    struct image_base_facts user = {
        .user_asked = xstrdup("app"),
        .home_asked = xstrdup(""),
        .uid = 1000,
        .gid = 1001,
        .home = xstrdup("/home/app"),
        .user_from = xstrdup("line 2 of /etc/passwd"),
        .home_from = xstrdup("line 2 of /etc/passwd"),
    };
    char place[] = "/root/x";
    char canonical[] = "var/root/x";
    char model[] = "org/name";
    struct image_path_walk walk = {place, canonical, 2, true, NULL};
    (void)state;

    facts.chain_id = digest_of(DIGEST_SHA256, "", 0);
    facts.has_root = true;
    facts.root = (struct image_root){0750, 0, UINT32_MAX};
    image_base_facts_set_user(&facts, &user);
    walk.model = model;
    image_base_facts_add(&facts, &walk);
    walk.model = NULL;
    image_base_facts_add(&facts, &walk);
    image_base_facts_add(&facts, &walk);
    assert_int_equal(facts.walk_count, 2);
    assert_null(facts.walks[0].model);

    json_auto_t *json = base_facts_to_json(&facts);
    CLEANUP(text) char *text = json_dumps(json, JSON_COMPACT);
    CLEANUP(text) char *history = history_of(text);
    CLEANUP(image) struct image *image = open_image("", "", history);
    image_own_base_facts(image, &again);
    assert_true(digest_equal(&again.chain_id, &facts.chain_id));
    assert_string_equal(again.user_asked, "app");
    assert_int_equal(again.uid, 1000);
    assert_int_equal(again.gid, 1001);
    assert_string_equal(again.home, "/home/app");
    assert_true(again.has_root);
    assert_int_equal(again.root.mode, 0750);
    assert_int_equal(again.root.uid, 0);
    assert_true(again.root.gid == UINT32_MAX);
    assert_int_equal(again.walk_count, 2);
    assert_string_equal(again.walks[1].model, "org/name");
    assert_string_equal(again.walks[1].canonical, "var/root/x");
    assert_int_equal(again.walks[1].existing, 2);
    assert_true(again.walks[1].removed);
}

static void a_note_that_does_not_hold_up_is_as_if_it_were_not_there(void **state)
{
    static const char *const cases[] = {
        "null",
        "{}",
        "{\"chain_id\":\"x\",\"ways\":[[\"/a\",\"a\",1,false]]}",
        "{\"chain_id\":\"" DIGEST_A "\",\"ways\":[[\"a\",\"a\",1,false]]}",
        "{\"chain_id\":\"" DIGEST_A "\",\"ways\":[[\"/a\",\"/a\",1,false]]}",
        "{\"chain_id\":\"" DIGEST_A "\",\"ways\":[[\"/a\",\"a/../b\",1,false]]}",
        "{\"chain_id\":\"" DIGEST_A "\",\"ways\":[[\"/a\",\"a//b\",1,false]]}",
        "{\"chain_id\":\"" DIGEST_A "\",\"ways\":[[\"/a\",\"a/\",1,false]]}",
        "{\"chain_id\":\"" DIGEST_A "\",\"ways\":[[\"/a\",\"a\",2,false]]}",
        "{\"chain_id\":\"" DIGEST_A "\",\"ways\":[[\"/a\",\"a\",-1,false]]}",
        "{\"chain_id\":\"" DIGEST_A "\",\"ways\":[[\"/a\",\"a\"]]}",
        "{\"chain_id\":\"" DIGEST_A "\",\"ways\":{\"a\":1}}",
        "{\"chain_id\":\"" DIGEST_A "\",\"root\":[448,0]}",
        "{\"chain_id\":\"" DIGEST_A "\",\"root\":[4096,0,0]}",
        "{\"chain_id\":\"" DIGEST_A "\",\"root\":[448,-1,0]}",
        "{\"chain_id\":\"" DIGEST_A "\",\"user\":[\"\",\"\",-1,0,\"/\",\"\",\"\"]}",
        "{\"chain_id\":\"" DIGEST_A "\",\"user\":[\"\",\"\",0,4294967296,\"/\",\"\",\"\"]}",
        "{\"chain_id\":\"" DIGEST_A "\",\"user\":[\"\",\"\",0,0,\"home\",\"\",\"\"]}",
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(image_base_facts) struct image_base_facts facts = {0};
        CLEANUP(text) char *history = history_of(cases[i]);
        CLEANUP(image) struct image *image = open_image("", "", history);
        image_own_base_facts(image, &facts);
        assert_int_equal(facts.walk_count, 0);
        assert_null(facts.user_asked);
        assert_false(facts.has_root);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_chain_id_is_that_of_the_specification),
        cmocka_unit_test(what_was_noted_comes_back),
        cmocka_unit_test(a_note_that_does_not_hold_up_is_as_if_it_were_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
