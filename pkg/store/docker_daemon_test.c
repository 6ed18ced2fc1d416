#include "store/docker_archive_test_internal.h"

#include <sys/un.h>

/* An engine for one request: it says `answer`, after the request's end, and is gone. */
struct engine {
    char *socket;
    pid_t pid;
};

static bool has_whole_request(const struct buf *request)
{
    const char *head = strstr(buf_text(request), "\r\n\r\n");

    if (head == NULL)
        return false;
    if (strstr(buf_text(request), "chunked") == NULL)
        return true;
    return request->size > 5 && memcmp(request->data + request->size - 5, "0\r\n\r\n", 5) == 0;
}

/* One request; an empty answer is none. */
static void serve_one(int listener, const struct buf *answer, const char *request_path)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf request = BUF_INIT;
    char part[65536];
    int peer = accept(listener, NULL, NULL);
    ssize_t got = 1;

    while (got > 0 && !has_whole_request(&request)) {
        got = read(peer, part, sizeof(part));
        if (got > 0)
            buf_add(&request, part, (size_t)got);
    }
    CHECK(file_replace(request_path, request.data, request.size, &err), err);
    CHECK(fd_write(peer, "the answer", answer->data, answer->size, &err), err);
    shutdown(peer, SHUT_WR);
    close(peer);
}

static void serve(int listener, const struct buf *answer, const char *request_path)
{
    serve_one(listener, answer, request_path);
    _exit(0);
}

/* Starts it in the world's folder, and lets DOCKER_HOST name it; what it was asked is in a file. */
static void engine_start(const struct world *world, const struct buf *answer, struct engine *out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    CLEANUP(text) char *request = xasprintf("%s/request", world->folder);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    out->socket = xasprintf("%s/engine.sock", world->folder);
    assert_true(strlen(out->socket) < sizeof(address.sun_path));
    memcpy(address.sun_path, out->socket, strlen(out->socket));
    unlink(out->socket);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 4), 0);
    out->pid = fork();
    assert_true(out->pid >= 0);
    if (out->pid == 0)
        serve(listener, answer, request);
    close(listener);
    CLEANUP(text) char *host = xasprintf("unix://%s", out->socket);
    setenv("DOCKER_HOST", host, 1);
}

static void engine_stop(struct engine *engine)
{
    wait_for(engine->pid);
    unlink(engine->socket);
    free(engine->socket);
    unsetenv("DOCKER_HOST");
}

static void answer_with(struct buf *out, const char *status, const void *body, size_t size)
{
    buf_clear(out);
    buf_addf(out, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", status, size);
    buf_add(out, body, size);
}

static char *request_text(const struct world *world)
{
    CLEANUP(text) char *path = xasprintf("%s/request", world->folder);

    return file_text(path);
}

static void an_image_is_read_from_the_engine(void **state)
{
    static const char *const references[] = {"docker-daemon:app:1", "docker-daemon:sha256:" ZEROS};
    const struct world *world = *state;
    struct image image;
    CLEANUP(text) char *path = tar_path(world);
    CLEANUP(buf) struct buf tar = BUF_INIT;
    CLEANUP(buf) struct buf answer = BUF_INIT;

    image_init(&image, "amd64");
    CLEANUP(text) char *manifest = manifest_text("c", "\"other:name\"", "\"l\",\"l\"");
    const struct member members[] = {A_FILE("c", image.config), A_FILE("l", LAYER),
                                     A_FILE("manifest.json", manifest), THE_END};
    tar_make(path, ARCHIVE_FORMAT_TAR_USTAR, members);
    file_text_to(path, &tar);
    answer_with(&answer, "200 OK", tar.data, tar.size);
    for (size_t i = 0; i < ARRAY_SIZE(references); i++) {
        CLEANUP(document) struct document found = DOCUMENT_INIT;
        CLEANUP(reference) struct reference reference = REFERENCE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct engine engine;
        CHECK(reference_parse(references[i], &reference, &err), err);
        CLEANUP(text) char *version = reference_version(&reference);
        engine_start(world, &answer, &engine);
        CLEANUP(store) struct store *store = open_text(world, references[i]);
        read_whole(store, version, &found);
        engine_stop(&engine);
        CLEANUP(text) char *request = request_text(world);
        CLEANUP(text)
        char *line =
            xasprintf("GET /images/%s/get HTTP/1.1\r\n", references[i] + strlen("docker-daemon:"));
        assert_true(text_starts_with(request, line));
    }
    free(image.config);
}

static void an_image_that_the_engine_lacks_is_told_in_its_words(void **state)
{
    static const char body[] = "{\"message\":\"No such image: app:1\"}";
    const struct world *world = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(document) struct document found = DOCUMENT_INIT;
    CLEANUP(buf) struct buf answer = BUF_INIT;
    struct engine engine;

    answer_with(&answer, "404 Not Found", body, strlen(body));
    engine_start(world, &answer, &engine);
    CLEANUP(store) struct store *store = open_text(world, "docker-daemon:app:1");
    CHECK_REFUSED(store_read_document(store, "docker.io/library/app:1", &found, &err), err,
                  ERROR_NOT_FOUND,
                  "does not give the image 'app:1' (status 404): No such image: "
                  "app:1");
    engine_stop(&engine);
}

/* Writes an image to the engine that answers so. */
static int load_into(const struct world *world, const char *status, const char *body,
                     struct error *err)
{
    CLEANUP(buf) struct buf answer = BUF_INIT;
    CLEANUP(buf) struct buf manifest = BUF_INIT;
    struct engine engine;

    answer_with(&answer, status, body, strlen(body));
    engine_start(world, &answer, &engine);
    CLEANUP(store) struct store *store = open_target_text(world, "docker-daemon:app:1");
    put_image(store, "one", &manifest);
    int result =
        store_write_manifest(store, "docker.io/library/app:1", MANIFEST_TYPE, &manifest, err);
    if (result == 0)
        result = store_finish(store, err);
    engine_stop(&engine);
    return result;
}

static void a_load_is_done_when_the_engine_says_so(void **state)
{
    static const struct {
        const char *status, *body, *complaint;
    } cases[] = {
        {"200 OK", "{\"stream\":\"Loaded image: app:1\\n\"}\n", NULL},
        {"200 OK", "", NULL},
        {"200 OK", "Loaded image: app:1\n", NULL},
        {"200 OK",
         "{\"stream\":\"…\"}\r\n{\"errorDetail\":{\"message\":\"invalid diffID\"},"
         "\"error\":\"invalid diffID\"}\r\n",
         "it does not load the image: invalid diffID"},
        {"200 OK", "{\"errorDetail\":{\"message\":\"no space\"}}", "no space"},
        {"500 Internal Server Error", "{\"message\":\"layers from manifest don't match\"}",
         "(status 500): layers from manifest don't match"},
    };
    const struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        int result = load_into(world, cases[i].status, cases[i].body, &err);
        if (cases[i].complaint == NULL)
            CHECK(result, err);
        else
            CHECK_REFUSED(result, err, ERROR_UNSUPPORTED, cases[i].complaint);
        CLEANUP(text) char *request = request_text(world);
        assert_true(text_starts_with(request, "POST /images/load?quiet=1 HTTP/1.1\r\n"));
        assert_non_null(strstr(request, "Content-Type: application/x-tar\r\n"));
    }
}

/* An engine that does not answer the load, and then is asked for the image, until it is stopped. */
static pid_t start_mute(const struct world *world, const struct buf *answer)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    CLEANUP(text) char *path = xasprintf("%s/engine.sock", world->folder);
    CLEANUP(text) char *host = xasprintf("unix://%s", path);
    CLEANUP(text) char *load = xasprintf("%s/load", world->folder);
    CLEANUP(text) char *question = xasprintf("%s/question", world->folder);
    const struct buf none = BUF_INIT;
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, path, strlen(path));
    unlink(path);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 4), 0);
    setenv("DOCKER_HOST", host, 1);
    pid_t pid = fork();
    if (pid == 0) {
        serve_one(listener, &none, load);
        for (;;)
            serve_one(listener, answer, question);
    }
    close(listener);
    return pid;
}

static void a_load_without_an_answer_is_asked_for(void **state)
{
    const struct world *world = *state;
    CLEANUP(buf) struct buf config = BUF_INIT;

    buf_addf(&config, "{\"architecture\":\"amd64\",\"os\":\"linux\",\"author\":\"one\"}");
    struct digest id = digest_of(DIGEST_SHA256, config.data, config.size);
    CLEANUP(text) char *own = xasprintf("{\"Id\":\"%s\"}", digest_format(&id).text);
    const struct {
        const char *status, *body;
        bool is_there;
    } cases[] = {{"200 OK", own, true},
                 {"200 OK", "{\"Id\":\"sha256:" ZEROS "\"}", false},
                 {"500 Oops", "{}", false}};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf answer = BUF_INIT;
        CLEANUP(buf) struct buf manifest = BUF_INIT;
        answer_with(&answer, cases[i].status, cases[i].body, strlen(cases[i].body));
        pid_t pid = start_mute(world, &answer);
        CLEANUP(store) struct store *store = open_target_text(world, "docker-daemon:app:1");
        put_image(store, "one", &manifest);
        CHECK(
            store_write_manifest(store, "docker.io/library/app:1", MANIFEST_TYPE, &manifest, &err),
            err);
        int result = store_finish(store, &err);
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        unsetenv("DOCKER_HOST");
        if (cases[i].is_there)
            CHECK(result, err);
        else
            CHECK_REFUSED(result, err, ERROR_UNCERTAIN, "docker image inspect app:1");
    }
    CLEANUP(text) char *path = xasprintf("%s/question", world->folder);
    CLEANUP(text) char *question = file_text(path);
    assert_true(text_starts_with(question, "GET /images/app:1/json HTTP/1.1\r\n"));
}

static void an_engine_that_is_not_there_is_told_before_anything_moves(void **state)
{
    static const struct {
        const char *host, *complaint;
        enum error_kind kind;
    } cases[] = {
        {"unix:///no/such/socket",
         "there is no engine at '/no/such/socket'; start it, or name "
         "another with DOCKER_HOST",
         ERROR_UNREACHABLE},
        {"tcp://127.0.0.1:1", "the engine at 'tcp://127.0.0.1:1'", ERROR_UNREACHABLE},
    };
    const struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(document) struct document found = DOCUMENT_INIT;
        setenv("DOCKER_HOST", cases[i].host, 1);
        CLEANUP(store) struct store *target = open_target_text(world, "docker-daemon:app");
        CLEANUP(store) struct store *store = open_text(world, "docker-daemon:app");
        CHECK_REFUSED(store_probe_write(target, &err), err, cases[i].kind, cases[i].complaint);
        CHECK_REFUSED(store_read_document(store, NULL, &found, &err), err, cases[i].kind,
                      cases[i].complaint);
        unsetenv("DOCKER_HOST");
    }
}

static void settings_that_cannot_be_meant_are_refused(void **state)
{
    const struct world *world = *state;
    CLEANUP(text) char *empty = xasprintf("%s/certificates", world->folder);
    const struct {
        const char *host, *verify, *path, *complaint;
    } cases[] = {
        {"ssh://me@host", "", "", "DOCKER_HOST is 'ssh://…@host'; expected unix:///PATH or tcp://"},
        {"tcp://user:s3cret@host:1", "", "", "DOCKER_HOST is 'tcp://…@host:1'; expected"},
        {"unix://relative", "", "", "expected unix:///PATH"},
        {"tcp://", "", "", "expected unix:///PATH"},
        {"tcp://host:1/path", "", "", "expected unix:///PATH"},
        {"tcp://host:1", "1", "/no/such", "the folder '/no/such' (see DOCKER_CERT_PATH)"},
        {"tcp://host:1", "1", empty, "ca.pem' (see DOCKER_CERT_PATH)"},
    };

    assert_int_equal(mkdir(empty, 0777), 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(reference) struct reference reference = REFERENCE_INIT;
        struct store_context context = world_context(world);
        struct store *store = NULL;
        setenv("DOCKER_HOST", cases[i].host, 1);
        setenv("DOCKER_TLS_VERIFY", cases[i].verify, 1);
        setenv("DOCKER_CERT_PATH", cases[i].path, 1);
        CHECK(reference_parse("docker-daemon:app", &reference, &err), err);
        int result = store_open(&reference, &context, &store, &err);
        unsetenv("DOCKER_HOST");
        unsetenv("DOCKER_TLS_VERIFY");
        unsetenv("DOCKER_CERT_PATH");
        CHECK_REFUSED(result, err, cases[i].verify[0] != '\0' ? ERROR_LOCAL : ERROR_USAGE,
                      cases[i].complaint);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(an_image_is_read_from_the_engine),
        WORLD_TEST(an_image_that_the_engine_lacks_is_told_in_its_words),
        WORLD_TEST(a_load_is_done_when_the_engine_says_so),
        WORLD_TEST(a_load_without_an_answer_is_asked_for),
        WORLD_TEST(an_engine_that_is_not_there_is_told_before_anything_moves),
        WORLD_TEST(settings_that_cannot_be_meant_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
