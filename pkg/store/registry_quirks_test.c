#include "core/clock.h"
#include "store/registry_internal.h"
#include "store/store_test_internal.h"

static void layers_over_a_known_limit_are_refused_with_registry_and_limit(void **state)
{
    static const struct {
        const char *name;
        uint64_t most;
        const char *complaint; /* of one byte more; NULL: there is none */
    } cases[] = {
        {"ghcr.io/o/app", UINT64_C(10000000000),
         "'ghcr.io' takes layers of 10.0 GB at most, and one would have 10.0 GB"},
        {"GHCR.IO/o/app", UINT64_C(10000000000), "takes layers of 10.0 GB at most"},
        {"123456789012.dkr.ecr.eu-west-1.amazonaws.com/app", 52000 * MIB,
         "'123456789012.dkr.ecr.eu-west-1.amazonaws.com' takes layers of 54.5 GB at most"},
        {"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/app", 52000 * MIB, "--force"},
        {"public.ecr.aws/x/app", 10000 * MIB, "'public.ecr.aws' takes layers of 10.5 GB"},
        {"acme.azurecr.io/app", 200 * GIB, "'acme.azurecr.io' takes layers of 214.7 GB"},
        {"quay.io/o/app", UINT64_C(20000000000), "use --force to try all the same"},
        {"o/app", UINT64_MAX - 1, NULL},
        {"notghcr.io/o/app", UINT64_MAX - 1, NULL},
        {"ghcr.io.example.com/o/app", UINT64_MAX - 1, NULL},
        {"europe-docker.pkg.dev/p/r/app", UINT64_MAX - 1, NULL},
        {"localhost:5000/app", UINT64_MAX - 1, NULL},
    };
    const struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(store) struct store *store = open_text(world, cases[i].name);
        CHECK(store_check_blob_size(store, cases[i].most, &err), err);
        if (cases[i].complaint != NULL)
            CHECK_REFUSED(store_check_blob_size(store, cases[i].most + 1, &err), err,
                          ERROR_UNSUPPORTED, cases[i].complaint);
    }
}

static void only_registries_have_such_limits(void **state)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(store) struct store *store = store_new_memory();

    (void)state;
    CHECK(store_check_blob_size(store, UINT64_MAX - 1, &err), err);
}

static void add_header(struct http_response *response, const char *name, const char *value)
{
    response->headers = xcalloc(1, sizeof(*response->headers));
    response->headers[0] = (struct http_header){xstrdup(name), xstrdup(value)};
    response->header_count = 1;
}

static void chunks_are_sent_where_a_registry_asks_for_them(void **state)
{
    static const struct {
        const char *value;
        uint64_t chunk;
    } cases[] = {
        {"1", 4 * MIB},
        {"5242880", 5 * MIB},
        {"67108864", 64 * MIB},
        {"67108865", SIZE_UNKNOWN}, /* more than is held in memory: one body is longer still */
        {"0", SIZE_UNKNOWN},
        {"-1", SIZE_UNKNOWN},
        {"many", SIZE_UNKNOWN},
    };
    const struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(store) struct store *store = open_text(world, "r.io/a");
        CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
        add_header(&response, "OCI-Chunk-Min-Length", cases[i].value);
        registry_learn_minimum(registry_of(store), &response);
        assert_int_equal(registry_chunk_size(registry_of(store)), cases[i].chunk);
    }
}

static void what_a_refusal_teaches(void **state)
{
    static const struct {
        int status;
        bool is_put;
        bool refuses_patch;
        enum upload_retry retry;
        uint64_t size;
        uint64_t chunk;
        const char *body;
    } cases[] = {
        {413, false, false, UPLOAD_RETRY_SMALLER, GIB, 4 * MIB, NULL},
        {413, false, false, UPLOAD_RETRY_SMALLER, 4 * MIB, 512 * KIB, NULL},
        {413, false, false, UPLOAD_RETRY_SMALLER, MIB, 512 * KIB, NULL},
        {413, false, false, UPLOAD_RETRY_NONE, 512 * KIB, SIZE_UNKNOWN, NULL},
        {413, true, false, UPLOAD_RETRY_NONE, GIB, SIZE_UNKNOWN, NULL},
        {416, false, false, UPLOAD_RETRY_SMALLER, 5 * MIB, 4 * MIB, NULL},
        {411, false, false, UPLOAD_RETRY_SMALLER, SIZE_UNKNOWN, 4 * MIB, NULL},
        {400, false, false, UPLOAD_RETRY_SMALLER, SIZE_UNKNOWN, 4 * MIB, NULL},
        {400, false, false, UPLOAD_RETRY_NONE, GIB, SIZE_UNKNOWN, NULL},
        {405, false, true, UPLOAD_RETRY_ANEW, GIB, SIZE_UNKNOWN, NULL},
        {501, false, true, UPLOAD_RETRY_ANEW, GIB, SIZE_UNKNOWN, NULL},
        {405, true, false, UPLOAD_RETRY_NONE, GIB, SIZE_UNKNOWN, NULL},
        {404, false, false, UPLOAD_RETRY_ANEW, GIB, SIZE_UNKNOWN, NULL},
        {410, true, false, UPLOAD_RETRY_ANEW, GIB, SIZE_UNKNOWN, NULL},
        {400, false, false, UPLOAD_RETRY_ANEW, GIB, SIZE_UNKNOWN,
         "{\"errors\":[{\"code\":\"BLOB_UPLOAD_UNKNOWN\"}]}"},
        {400, true, false, UPLOAD_RETRY_NONE, GIB, SIZE_UNKNOWN,
         "{\"errors\":[{\"code\":\"DIGEST_INVALID\"}]}"},
        {429, false, false, UPLOAD_RETRY_ANEW, GIB, SIZE_UNKNOWN, NULL},
        {503, true, false, UPLOAD_RETRY_ANEW, GIB, SIZE_UNKNOWN, NULL},
        {403, false, false, UPLOAD_RETRY_NONE, GIB, SIZE_UNKNOWN, NULL},
    };
    const struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(store) struct store *store = open_text(world, "r.io/a");
        struct registry *registry = registry_of(store);
        CLEANUP(http_response) struct http_response response = {.status = cases[i].status};
        if (cases[i].body != NULL)
            buf_add_text(&response.body, cases[i].body);
        if (registry_learn_refusal(registry, &response, !cases[i].is_put, cases[i].size) !=
                cases[i].retry ||
            registry_chunk_size(registry) != cases[i].chunk ||
            registry_refuses_patch(registry) != cases[i].refuses_patch)
            fail_msg("case %zu", i);
    }
}

/* Jobs run side by side: the refusal of a larger body does not undo what another has learned. */
static void chunks_only_ever_become_smaller(void **state)
{
    const struct world *world = *state;
    CLEANUP(store) struct store *store = open_text(world, "r.io/a");
    struct registry *registry = registry_of(store);
    CLEANUP(http_response) struct http_response response = {.status = 413};

    assert_int_equal(registry_learn_refusal(registry, &response, true, 4 * MIB),
                     UPLOAD_RETRY_SMALLER);
    assert_int_equal(registry_learn_refusal(registry, &response, true, GIB), UPLOAD_RETRY_SMALLER);
    assert_int_equal(registry_chunk_size(registry), 512 * KIB);
    add_header(&response, "OCI-Chunk-Min-Length", "5242880");
    registry_learn_minimum(registry, &response);
    assert_int_equal(registry_chunk_size(registry), 512 * KIB);
}

static void a_registry_that_asks_to_wait_is_left_alone_for_so_long(void **state)
{
    const struct world *world = *state;
    CLEANUP(store) struct store *store = open_text(world, "r.io/a");
    struct registry *registry = registry_of(store);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(http_response) struct http_response response = {.status = 429};
    uint64_t begin_ms = clock_ms();

    CHECK(registry_wait(registry, &err), err);
    assert_in_range(clock_ms() - begin_ms, 0, 200);
    add_header(&response, "Retry-After", "1");
    registry_learn_wait(registry, &response);
    CHECK(registry_wait(registry, &err), err);
    assert_in_range(clock_ms() - begin_ms, 990, 3000);
}

#define ALONE(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(layers_over_a_known_limit_are_refused_with_registry_and_limit),
        cmocka_unit_test(only_registries_have_such_limits),
        ALONE(chunks_are_sent_where_a_registry_asks_for_them),
        ALONE(what_a_refusal_teaches),
        ALONE(chunks_only_ever_become_smaller),
        ALONE(a_registry_that_asks_to_wait_is_left_alone_for_so_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
