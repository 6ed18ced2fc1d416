#ifndef INLAY_STORE_STORE_TEST_INTERNAL_H
#define INLAY_STORE_STORE_TEST_INTERNAL_H

#include "core/file.h"
#include "store/store_internal.h"
#include "testing/folder.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* What the tests of this module share. Everything here fails the test by itself. */

#define CHECK(call_, err_) check_success(call_, &(err_), #call_)
/* The call must be refused with this kind and a text that holds `words_`; empties `err_`. */
#define CHECK_REFUSED(call_, err_, kind_, words_)                                                  \
    check_refused(call_, &(err_), kind_, words_, #call_)

static inline void check_success(int result, const struct error *err, const char *call)
{
    if (result < 0)
        fail_msg("%s: %s", call, err->text);
}

static inline void check_refused(int result, struct error *err, enum error_kind kind,
                                 const char *words, const char *call)
{
    if (result >= 0)
        fail_msg("%s went well", call);
    if (err->kind != kind || strstr(err->text, words) == NULL)
        fail_msg("%s: kind %d, \"%s\"; expected kind %d, \"%s\"", call, (int)err->kind, err->text,
                 (int)kind, words);
    error_release(err);
}

/* Number of entries, hidden ones too; -1 if there is no such folder. */
static inline int folder_count(const char *path)
{
    DIR *folder = opendir(path);
    int count = -2; /* "." and ".." */

    if (folder == NULL)
        return -1;
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static inline void file_write(const char *path, const char *text)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    CHECK(file_replace(path, text, strlen(text), &err), err);
}

static inline char *file_text(const char *path)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    struct buf bytes = BUF_INIT;

    CHECK(file_read(path, DOCUMENT_LIMIT, &bytes, &err), err);
    return buf_take(&bytes);
}

/* `size` bytes that look random and are the same for the same seed. */
static inline void buf_fill(struct buf *out, size_t size, uint64_t seed)
{
    buf_clear(out);
    for (size_t i = 0; i < size; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        unsigned char byte = (unsigned char)(seed >> 56);
        buf_add(out, &byte, 1);
    }
}

static inline struct descriptor describe(const struct buf *bytes)
{
    struct descriptor blob = {.media_type = "application/octet-stream", .size = bytes->size};

    blob.digest = digest_of(DIGEST_SHA256, buf_text(bytes), bytes->size);
    return blob;
}

static inline void put_blob(struct store *store, const struct buf *bytes, struct descriptor *out)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(writer) struct writer *writer = NULL;

    CHECK(store_create_blob(store, bytes->size, out, &writer, &err), err);
    CHECK(writer_write(writer, buf_text(bytes), bytes->size, &err), err);
    CHECK(writer_finish(writer, &err), err);
}

static inline bool blob_is_there(struct store *store, const struct descriptor *blob)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    bool is_there = false;

    CHECK(store_has_blob(store, blob, &is_there, &err), err);
    return is_there;
}

/* Writes config and layer of a small image and fills `out` with a manifest that names them. */
static inline void put_image(struct store *store, const char *label, struct buf *out)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf config = BUF_INIT;
    CLEANUP(buf) struct buf layer = BUF_INIT;
    struct descriptor config_blob = {.media_type = "application/vnd.oci.image.config.v1+json"};
    struct descriptor layer_blob = {.media_type = "application/vnd.oci.image.layer.v1.tar"};

    buf_addf(&config, "{\"architecture\":\"amd64\",\"os\":\"linux\",\"author\":\"%s\"}", label);
    buf_addf(&layer, "the layer of %s", label);
    CHECK(store_write_blob(store, &config, &config_blob, &err), err);
    CHECK(store_write_blob(store, &layer, &layer_blob, &err), err);
    json_auto_t *manifest =
        json_pack("{s:i, s:s, s:o, s:[o]}", "schemaVersion", 2, "mediaType",
                  "application/vnd.oci.image.manifest.v1+json", "config",
                  descriptor_to_json(&config_blob), "layers", descriptor_to_json(&layer_blob));
    json_to_buf(manifest, out);
}

/* http, auth and a folder of their own for stores; nothing of this user's settings is used. */
struct world {
    char *folder;
    struct http *http;
    struct auth *auth;
    unsigned stores;     /* how many were opened, for their names */
    unsigned short port; /* of the registry; 0: there is none */
    pid_t pid;
};

static inline void world_init(struct world *world)
{
    static const struct http_options options = {
        .user_agent = "inlay-test", .retries = 1, .retry_wait_ms = 10};

    *world = (struct world){.folder = folder_make()};
    setenv("HOME", world->folder, 1);
    setenv("DOCKER_CONFIG", world->folder, 1);
    setenv("no_proxy", "*", 1);
    unsetenv("REGISTRY_AUTH_FILE");
    unsetenv("DOCKER_AUTH_CONFIG");
    unsetenv("XDG_RUNTIME_DIR");
    unsetenv("XDG_CONFIG_HOME");
    world->http = http_new(&options);
    world->auth = auth_new(&(struct auth_options){.http = world->http});
}

static inline struct store_context world_context(const struct world *world)
{
    return (struct store_context){.http = world->http, .auth = world->auth};
}

/* A loopback socket on a free port that listens; *port is in host order. */
static inline int listen_locally(unsigned short *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static inline unsigned short free_port(void)
{
    unsigned short port = 0;

    close(listen_locally(&port));
    return port;
}

static inline bool answers(unsigned short port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(0x7f000001)};
    CLEANUP(fd) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
}

/* In the child: becomes the registry, and ends with its parent. */
static inline void become_registry(const char *config, const char *output)
{
    int fd = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    execlp("docker-registry", "docker-registry", "serve", config, (char *)NULL);
    _exit(127);
}

/* Starts a docker-registry with its data in the world's folder. False if the program is absent. */
static inline bool world_start_registry(struct world *world)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *config = xasprintf("%s/registry.yml", world->folder);
    CLEANUP(text) char *output = xasprintf("%s/registry.log", world->folder);
    unsigned short port = free_port();
    CLEANUP(text)
    char *text = xasprintf("version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n"
                           "storage: {filesystem: {rootdirectory: %s/registry}}\n"
                           "http: {addr: '127.0.0.1:%u', secret: test}\n",
                           world->folder, port);
    int status = 0;

    file_write(config, text);
    world->pid = fork();
    assert_true(world->pid >= 0);
    if (world->pid == 0)
        become_registry(config, output);
    for (unsigned waited = 0; waited < 500 && !answers(port); waited++) {
        if (waitpid(world->pid, &status, WNOHANG) == world->pid) {
            world->pid = 0;
            return false;
        }
        CHECK(cancel_wait(NULL, 20, &err), err);
    }
    world->port = port;
    return true;
}

static inline void world_release(struct world *world)
{
    if (world->pid > 0) {
        kill(world->pid, SIGTERM);
        waitpid(world->pid, NULL, 0);
    }
    auth_free(world->auth);
    http_free(world->http);
    folder_remove(world->folder);
}

/* For cmocka: a world of its own for each test. */
static inline int world_setup(void **state)
{
    struct world *world = xcalloc(1, sizeof(*world));

    world_init(world);
    *state = world;
    return 0;
}

static inline int world_teardown(void **state)
{
    world_release(*state);
    free(*state);
    return 0;
}

static inline struct store *open_text(const struct world *world, const char *text)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(reference) struct reference reference = REFERENCE_INIT;
    struct store_context context = world_context(world);
    struct store *store = NULL;

    CHECK(reference_parse(text, &reference, &err), err);
    CHECK(store_open(&reference, &context, &store, &err), err);
    return store;
}

/*
 * The kinds of store, for tests that run once for each of them, always with stores that are new:
 * another repository, another folder.
 */
enum kind {
    KIND_MEMORY,
    KIND_OCI_DIR,
    KIND_REGISTRY,
    KIND_OCI_ARCHIVE, /* being written */
    KIND_DOCKER_ARCHIVE,
    KIND_COUNT,
};

struct subject {
    struct world *world;
    enum kind kind;
};

static inline struct store *open_target_text(const struct world *world, const char *text)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(reference) struct reference reference = REFERENCE_INIT;
    struct store_context context = world_context(world);
    struct store *store = NULL;

    CHECK(reference_parse(text, &reference, &err), err);
    CHECK(store_open_target(&reference, &context, &store, &err), err);
    return store;
}

static inline struct store *open_new(struct world *world, enum kind kind)
{
    unsigned number = world->stores++;
    CLEANUP(text) char *folder = xasprintf("oci:%s/layout-%u", world->folder, number);
    CLEANUP(text) char *oci = xasprintf("oci-archive:%s/oci-%u.tar", world->folder, number);
    CLEANUP(text)
    char *docker = xasprintf("docker-archive:%s/docker-%u.tar", world->folder, number);
    CLEANUP(text) char *repository = xasprintf("127.0.0.1:%u/test/%u", world->port, number);

    switch (kind) {
    case KIND_MEMORY:
        return store_new_memory();
    case KIND_OCI_DIR:
        return open_text(world, folder);
    case KIND_REGISTRY:
        if (world->port == 0) {
            print_message("the program docker-registry is absent\n");
            skip();
        }
        return open_text(world, repository);
    case KIND_OCI_ARCHIVE:
        return open_target_text(world, oci);
    case KIND_DOCKER_ARCHIVE:
        return open_target_text(world, docker);
    case KIND_COUNT:
        break;
    }
    abort();
}

static inline struct store *open_subject(void **state)
{
    const struct subject *subject = *state;

    return open_new(subject->world, subject->kind);
}

static inline void check_nothing_is_left(void **state, struct store *store)
{
    const struct subject *subject = *state;

    if (subject->kind != KIND_OCI_DIR)
        return;
    CLEANUP(text) char *blobs = xasprintf("%s/blobs/sha256", store->name + strlen("oci:"));
    assert_true(folder_count(blobs) <= 0); /* -1: not even the folder was needed */
}

/* A world, and a store of each kind in it, as EACH() names them. */
#define SUBJECTS(world)                                                                            \
    struct world world;                                                                            \
    struct subject memory = {&(world), KIND_MEMORY};                                               \
    struct subject folder = {&(world), KIND_OCI_DIR};                                              \
    struct subject registry = {&(world), KIND_REGISTRY};                                           \
    struct subject oci_archive = {&(world), KIND_OCI_ARCHIVE};                                     \
    struct subject docker_archive = {&(world), KIND_DOCKER_ARCHIVE}
#define EACH(test)                                                                                 \
    {"memory: " #test, test, NULL, NULL, &memory}, {"oci_dir: " #test, test, NULL, NULL, &folder}, \
        {"registry: " #test, test, NULL, NULL, &registry},                                         \
        {"oci_archive: " #test, test, NULL, NULL, &oci_archive},                                   \
    {                                                                                              \
        "docker_archive: " #test, test, NULL, NULL, &docker_archive                                \
    }

#endif
