#include "rootfs/rootfs.h"

#include "image/image.h"
#include "oci/reference.h"
#include "store/store.h"
#include "testing/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#define CHECK(call_, err_)                                                                         \
    do {                                                                                           \
        if ((call_) < 0)                                                                           \
            fail_msg("%s: %s", #call_, (err_).text);                                               \
    } while (false)

#define IMAGES 50u

/* An image that was drawn, as inlay and as umoci see it. */
struct drawn {
    unsigned seed;
    const char *unpacked; /* by umoci */
    struct rootfs *rootfs;
    size_t compared;
};

static void run(char *command)
{
    static char shell[] = "sh", option[] = "-c";
    char *const arguments[] = {shell, option, command, NULL};
    pid_t pid = 0;
    int status = 0;

    assert_int_equal(posix_spawnp(&pid, shell, NULL, NULL, arguments, environ), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("this has not gone well: %s", command);
}

static unsigned number(const char *name, unsigned otherwise)
{
    const char *value = getenv(name);

    return value != NULL ? (unsigned)strtoul(value, NULL, 10) : otherwise;
}

static enum rootfs_type type_of(const struct stat *status)
{
    if (S_ISDIR(status->st_mode))
        return ROOTFS_FOLDER;
    if (S_ISREG(status->st_mode))
        return ROOTFS_FILE;
    return S_ISLNK(status->st_mode) ? ROOTFS_LINK : ROOTFS_OTHER;
}

/* The content of a file, or what a link says. */
static void read_there(const char *path, const struct stat *status, struct buf *out)
{
    char part[4096];
    ssize_t size = 0;

    if (S_ISLNK(status->st_mode)) {
        size = readlink(path, part, sizeof(part));
        assert_true(size >= 0);
        buf_add(out, part, (size_t)size);
        return;
    }
    CLEANUP(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    while ((size = read(fd, part, sizeof(part))) > 0)
        buf_add(out, part, (size_t)size);
    assert_int_equal(size, 0);
}

static void compare_entry(const struct drawn *drawn, const struct rootfs_entry *entry)
{
    CLEANUP(text) char *path = xasprintf("%s/%s", drawn->unpacked, entry->path);
    CLEANUP(buf) struct buf content = BUF_INIT;
    struct stat status;

    if (lstat(path, &status) < 0)
        fail_msg("image %u: umoci has no '%s'", drawn->seed, entry->path);
    if (type_of(&status) != entry->type || status.st_uid != entry->uid ||
        status.st_gid != entry->gid)
        fail_msg("image %u: '%s' is %d of %u:%u, by umoci %d of %u:%u", drawn->seed, entry->path,
                 (int)entry->type, entry->uid, entry->gid, (int)type_of(&status), status.st_uid,
                 status.st_gid);
    if (entry->type != ROOTFS_LINK && (status.st_mode & 07777) != entry->mode)
        fail_msg("image %u: '%s' is %o, by umoci %o", drawn->seed, entry->path, entry->mode,
                 status.st_mode & 07777);
    if (entry->type != ROOTFS_LINK && entry->type != ROOTFS_FILE)
        return;
    read_there(path, &status, &content);
    if (entry->type == ROOTFS_LINK) {
        assert_string_equal(entry->target, buf_text(&content));
        return;
    }
    struct digest digest = digest_of(DIGEST_SHA256, buf_text(&content), content.size);
    if (entry->size != content.size || !digest_equal(&digest, &entry->sha256))
        fail_msg("image %u: '%s' has another content than by umoci", drawn->seed, entry->path);
}

static size_t count_there(const char *path)
{
    DIR *folder = opendir(path);
    size_t count = 0;

    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count - 2; /* without "." and ".." */
}

/* A folder and all below it; as many entries as umoci has, so that none is left out either. */
static void compare_folder(struct drawn *drawn, const char *folder)
{
    CLEANUP(text) char *path = xasprintf("%s/%s", drawn->unpacked, folder);
    CLEANUP(error) struct error err = ERROR_INIT;
    struct rootfs_entry *entries = NULL;
    size_t count = 0;

    CHECK(rootfs_list(drawn->rootfs, folder, &entries, &count, &err), err);
    if (count_there(path) != count)
        fail_msg("image %u: '/%s' has %zu entries, by umoci %zu", drawn->seed, folder, count,
                 count_there(path));
    for (size_t i = 0; i < count; i++) {
        compare_entry(drawn, &entries[i]);
        if (entries[i].type == ROOTFS_FOLDER)
            compare_folder(drawn, entries[i].path);
    }
    drawn->compared += count;
    rootfs_entries_free(entries, count);
}

static void compare_image(struct store *store, struct drawn *drawn)
{
    CLEANUP(text) char *tag = xasprintf("%u", drawn->seed);
    CLEANUP(document) struct document manifest = DOCUMENT_INIT;
    CLEANUP(buf) struct buf config = BUF_INIT;
    CLEANUP(image) struct image *image = NULL;
    CLEANUP(rootfs) struct rootfs *rootfs = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct rootfs_options options = {.store = store};
    struct rootfs_layer *layers = NULL;
    struct descriptor what = DESCRIPTOR_INIT;

    CHECK(store_read_document(store, tag, &manifest, &err), err);
    CHECK(document_config(&manifest, &what, &err), err);
    CHECK(store_read_blob(store, &what, &config, &err), err);
    CHECK(image_open(&manifest, &config, &image, &err), err);
    CHECK(rootfs_layers_of(image, &layers, &options.layer_count, &err), err);
    for (size_t i = 0; i < options.layer_count; i++)
        layers[i].hash_contents = true;
    options.layers = layers;
    CHECK(rootfs_open(&options, &rootfs, &err), err);
    drawn->rootfs = rootfs;
    compare_folder(drawn, "");
    free(layers);
}

static struct store *open_store(const char *folder)
{
    CLEANUP(text) char *text = xasprintf("oci:%s/images", folder);
    CLEANUP(reference) struct reference reference = REFERENCE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct store *store = NULL;

    CHECK(reference_parse(text, &reference, &err), err);
    CHECK(store_open(&reference, &(struct store_context){.http = NULL}, &store, &err), err);
    return store;
}

/* INLAY_TEST_IMAGES of them, the first drawn from INLAY_TEST_SEED. */
static void the_merged_tree_is_what_umoci_unpacks(void **state)
{
    char *folder = folder_make();
    unsigned first = number("INLAY_TEST_SEED", 1), count = number("INLAY_TEST_IMAGES", IMAGES);
    CLEANUP(text)
    char *draw = xasprintf("python3 fuzz/draw_images.py %s/images %u %u", folder, first, count);
    size_t compared = 0;

    (void)state;
    run(draw);
    CLEANUP(store) struct store *store = open_store(folder);
    for (unsigned i = first; i < first + count; i++) {
        CLEANUP(text) char *bundle = xasprintf("%s/%u", folder, i);
        CLEANUP(text) char *unpacked = xasprintf("%s/rootfs", bundle);
        CLEANUP(text)
        char *unpack = xasprintf("umoci unpack --image %s/images:%u-gzip %s >%s/log 2>&1 || "
                                 "{ tail -n 1 %s/log; false; }",
                                 folder, i, bundle, folder, folder);
        struct drawn drawn = {.seed = i, .unpacked = unpacked};
        run(unpack);
        compare_image(store, &drawn);
        compared += drawn.compared;
        assert_int_equal(folder_clear(bundle), 0);
    }
    assert_true(compared > count);
    folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_merged_tree_is_what_umoci_unpacks),
    };

    if (geteuid() != 0) {
        puts("skipped: only root can unpack other users' files");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
