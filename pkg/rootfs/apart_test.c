#include "rootfs/rootfs_test_internal.h"

#include "rootfs/memo_test_internal.h"
#include "sandbox/sandbox.h"

#include <signal.h>

/* The same layer is read by this process and by another one, which is this program, too. */

#define WORD "__read-layer"
#define CRASH "__crash"

static enum rootfs_interest choose(const char *path)
{
    return strncmp(path, "kept", 4) == 0 ? ROOTFS_KEPT : ROOTFS_IGNORED;
}

static const struct rootfs_selection selection = {"kept-1", choose, 100, 1000};
static const struct rootfs_selection stranger = {"other-1", choose, 100, 1000};
static const struct rootfs_selection *const selections[] = {&selection, NULL};

/* What comes of a scan, as text: all that a listing says, or the error. */
static void scan_text(const char *word, const struct scan_request *scan, const struct buf *blob,
                      struct buf *out)
{
    const struct sandbox sandbox = {.program = "/proc/self/exe", .word = word != NULL ? word : ""};
    CLEANUP(reader) struct reader *reader = memory_reader_new(buf_text(blob), blob->size);
    CLEANUP(listing) struct listing *listing = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct digest digest = DIGEST_INIT;

    if (scan_apart(word != NULL ? &sandbox : NULL, scan, reader, &listing, &digest, &err) < 0)
        buf_addf(out, "%d: %s", (int)err.kind, err.text);
    else
        assert_int_equal(told_give(listing, &digest, memo_add_part, out, &err), 0);
}

static void check_same(const struct scan_request *scan, const struct buf *blob, const char *words)
{
    CLEANUP(buf) struct buf here = BUF_INIT;
    CLEANUP(buf) struct buf apart = BUF_INIT;

    scan_text(NULL, scan, blob, &here);
    scan_text(WORD, scan, blob, &apart);
    assert_int_equal(here.size, apart.size);
    assert_memory_equal(buf_text(&here), buf_text(&apart), here.size);
    if (words != NULL && strstr(buf_text(&here), words) == NULL)
        fail_msg("\"%s\", expected \"%s\"", buf_text(&here), words);
}

static void fill(struct buf *tar)
{
    static const struct item folder = {
        .name = "folder/", .type = '5', .pax = "SCHILY.xattr.user.x=a value", .uid = 1000};
    static const struct item accent = {
        .name = "x", .pax = "path=\xc3\xa4/\xcc\x88", .data = "1", .size = 1};
    CLEANUP(buf) struct buf rest = BUF_INIT;

    tar_add(tar, &folder);
    tar_add(tar, &accent);
    layer_tar("etc/ etc/passwd=root:x:0:0::/root:/bin/sh etc/link->passwd kept=123 hard=>kept "
              "lost=>nothing fifo| a/.wh.gone a/.wh..wh..opq sticky/:1777:5:6:7 kept=1234",
              &rest);
    buf_add(tar, rest.data, rest.size);
}

static void a_layer_says_the_same_in_another_process(void **state)
{
    static const char *const filters[] = {"gzip", "zstd"};
    static const char *const paths[] = {"kept"};
    const struct strings linked = {.items = (char **)(uintptr_t)paths, .count = 1};
    const struct scan_request requests[] = {
        {.algorithm = DIGEST_SHA256},
        {.algorithm = DIGEST_SHA512, .hash_contents = true},
        {.algorithm = DIGEST_SHA256, .wanted = {"kept", 3}},
        {.algorithm = DIGEST_SHA256, .selection = &selection},
        {.algorithm = DIGEST_SHA256, .selection = &selection, .linked = &linked},
    };
    const struct scan_request as_it_is = {.algorithm = DIGEST_NONE};
    CLEANUP(buf) struct buf tar = BUF_INIT;

    (void)state;
    fill(&tar);
    check_same(&as_it_is, &tar, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
        check_same(&requests[i], &tar, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
        CLEANUP(buf) struct buf blob = BUF_INIT;
        packed(&tar, filters[i], &blob);
        check_same(&requests[1], &blob, NULL);
        check_same(&as_it_is, &blob, "not a tar");
        blob.size -= 9;
        check_same(&requests[1], &blob, "in the middle");
    }
}

static void what_is_wrong_with_a_layer_is_the_same_in_another_process(void **state)
{
    static const struct {
        const char *layer;
        const char *words;
    } cases[] = {
        {"../../etc/passwd=x", "leads out of the image"},
        {"a/.wh...=", "which names no file"},
        {"a=>.", "expected a file"},
    };
    const struct scan_request scan = {.algorithm = DIGEST_SHA256};
    CLEANUP(buf) struct buf garbage = BUF_INIT;
    CLEANUP(buf) struct buf bzip2 = BUF_INIT;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buf) struct buf tar = BUF_INIT;
        layer_tar(cases[i].layer, &tar);
        check_same(&scan, &tar, cases[i].words);
    }
    while (garbage.size < 3000000)
        buf_add_text(&garbage, "this is no tar, but so long that it is not read to its end ");
    check_same(&scan, &garbage, "it is not a tar");
    buf_add(&bzip2, "BZh9\x31\x41\x59\x26\x53\x59", 10);
    check_same(&scan, &bzip2, "bzip2");
}

/* 2000 bytes, and then the end of the connection. */
struct dying {
    struct reader base;
    const struct buf *bytes;
    bool is_dead;
};

static ssize_t dying_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct dying *dying = CONTAINER_OF(reader, struct dying, base);

    if (dying->is_dead)
        return error_set(err, ERROR_UNREACHABLE, "the connection broke");
    dying->is_dead = true;
    size = dying->bytes->size < size ? dying->bytes->size : size;
    memcpy(data, dying->bytes->data, size);
    return (ssize_t)size;
}

static void dying_free(struct reader *reader)
{
    (void)reader;
}

static void what_the_stream_says_is_what_is_told_unless_the_layer_was_wrong_before(void **state)
{
    static const struct reader_ops ops = {dying_read, dying_free};
    const struct sandbox sandbox = {.program = "/proc/self/exe", .word = WORD};
    const struct scan_request scan = {.algorithm = DIGEST_SHA256};
    CLEANUP(buf) struct buf tar = BUF_INIT;
    CLEANUP(buf) struct buf garbage = BUF_INIT;
    CLEANUP(listing) struct listing *listing = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct digest digest = DIGEST_INIT;

    (void)state;
    fill(&tar);
    tar.size = 2048;
    struct dying early = {.base.ops = &ops, .bytes = &tar};
    CHECK_REFUSED(scan_apart(&sandbox, &scan, &early.base, &listing, &digest, &err), err,
                  ERROR_UNREACHABLE, "the connection broke");
    while (garbage.size < 2048)
        buf_add_text(&garbage, "this is no tar ");
    struct dying late = {.base.ops = &ops, .bytes = &garbage};
    CHECK_REFUSED(scan_apart(&sandbox, &scan, &late.base, &listing, &digest, &err), err,
                  ERROR_CORRUPT, "it is not a tar");
}

static void a_process_that_crashes_is_an_error_of_the_layer(void **state)
{
    const struct scan_request scan = {.algorithm = DIGEST_SHA256};
    CLEANUP(buf) struct buf tar = BUF_INIT;
    CLEANUP(buf) struct buf said = BUF_INIT;

    (void)state;
    fill(&tar);
    scan_text(CRASH, &scan, &tar, &said);
    assert_non_null(strstr(buf_text(&said), "has crashed (signal 11)"));
}

static void without_a_process_the_layer_is_read_here(void **state)
{
    const struct scan_request scan = {.algorithm = DIGEST_SHA256};
    CLEANUP(buf) struct buf tar = BUF_INIT;
    CLEANUP(buf) struct buf here = BUF_INIT;
    CLEANUP(buf) struct buf other = BUF_INIT;

    (void)state;
    fill(&tar);
    scan_text(NULL, &scan, &tar, &here);
    scan_text("__none", &scan, &tar, &other);
    assert_int_equal(here.size, other.size);
    assert_memory_equal(here.data, other.data, here.size);
}

static void a_selection_that_nobody_knows_is_a_defect(void **state)
{
    const struct scan_request scan = {.algorithm = DIGEST_SHA256, .selection = &stranger};
    CLEANUP(buf) struct buf tar = BUF_INIT;
    CLEANUP(buf) struct buf said = BUF_INIT;

    (void)state;
    fill(&tar);
    scan_text(WORD, &scan, &tar, &said);
    assert_non_null(strstr(buf_text(&said), "ended with status 1"));
}

/* A record: mode, uid, gid, time, its fraction, size, target, attributes, offset, no digests. */
#define RECORD(path_, size_, target_, offset_, sha256_, has_content_)                              \
    "f\0" path_ "\0"                                                                               \
    "420\0"                                                                                        \
    "0\0"                                                                                          \
    "0\0"                                                                                          \
    "1\0"                                                                                          \
    "0\0" size_ "\0" target_ "\0"                                                                  \
    "0\0" offset_ "\0" sha256_ "\0"                                                                \
    "\0" has_content_ "\0"
#define NAMED(path_) RECORD(path_, "0", "", "0", "", "0")
#define END "e\0sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\0"
#define LIE(bytes_)                                                                                \
    {                                                                                              \
        bytes_, sizeof(bytes_) - 1                                                                 \
    }

static void nothing_is_believed_that_a_scan_cannot_say(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
    } lies[] = {
        LIE(""),
        LIE(NAMED("a")), /* no end */
        LIE(NAMED("../a") END),
        LIE(NAMED("/a") END),
        LIE(NAMED("a//b") END),
        LIE(NAMED("") END), /* the root is a folder */
        LIE(RECORD("a", "0", "", "0", "ab", "0") END),
        LIE(RECORD("a", "0", "", "-1", "", "0") END),
        LIE(RECORD("a", "0", "/b", "0", "", "0") END),
        LIE(RECORD("a", "99", "", "0", "", "1") END), /* less content than it says */
        LIE("w\0../a\0" END),
        LIE("q\0/\0" END),
        LIE("x\0a\0" END),
        LIE("e\0sha256:12\0"),
        LIE(END "w\0a\0"),
    };
    static const struct {
        const char *bytes;
        size_t size;
    } truth = LIE(NAMED("a") "w\0b\0q\0\0" END);
    CLEANUP(error) struct error err = ERROR_INIT;
    struct digest digest = DIGEST_INIT;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
        CLEANUP(reader) struct reader *reader = memory_reader_new(lies[i].bytes, lies[i].size);
        CLEANUP(listing) struct listing *listing = NULL;
        if (told_read(reader, &listing, &digest, &err) == 0 || err.kind != ERROR_CORRUPT)
            fail_msg("the lie %zu: %s", i, err.text != NULL ? err.text : "it is believed");
        error_release(&err);
    }
    CLEANUP(reader) struct reader *reader = memory_reader_new(truth.bytes, truth.size);
    CLEANUP(listing) struct listing *listing = NULL;
    CHECK(told_read(reader, &listing, &digest, &err), err);
    assert_int_equal(listing->count, 1);
    assert_int_equal(listing->whiteouts.count, 1);
    assert_int_equal(listing->opaque.count, 1);
}

static int crash(void)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct sandbox_barriers none = {0, false};

    sandbox_enter(false);
    if (sandbox_greet(&none, &err) == 0) {
        (void)signal(SIGSEGV, SIG_DFL); /* which a sanitizer takes for itself */
        raise(SIGSEGV);
    }
    return 1;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_layer_says_the_same_in_another_process),
        cmocka_unit_test(what_is_wrong_with_a_layer_is_the_same_in_another_process),
        cmocka_unit_test(what_the_stream_says_is_what_is_told_unless_the_layer_was_wrong_before),
        cmocka_unit_test(a_process_that_crashes_is_an_error_of_the_layer),
        cmocka_unit_test(without_a_process_the_layer_is_read_here),
        cmocka_unit_test(a_selection_that_nobody_knows_is_a_defect),
        cmocka_unit_test(nothing_is_believed_that_a_scan_cannot_say),
    };

    if (argc == 3 && strcmp(argv[1], WORD) == 0)
        return rootfs_serve_layer(selections);
    if (argc == 3 && strcmp(argv[1], CRASH) == 0)
        return crash();
    if (argc == 3) /* neither greets nor answers */
        return 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
