#include "source/members_test_internal.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/*
 * What a process tells of an archive that it was taken over by: KIND SIZE BYTES, one behind the
 * other. What comes of it are members with paths that are clean, and no more than the limits allow.
 */

static int take_all(struct unpacking *unpacking, const uint8_t *data, size_t size,
                    struct error *err)
{
    const struct archive_sink sink = unpacking_sink(unpacking);
    bool is_archive = false;

    for (size_t at = 0; at + 2 <= size;) {
        CLEANUP(buf) struct buf record = BUF_INIT;
        char kind = (char)data[at];
        size_t left = size - at - 2;
        size_t length = data[at + 1] < left ? data[at + 1] : left;
        buf_add(&record, data + at + 2, length);
        if (archive_take_record(kind, &record, &sink, &is_archive, err) < 0)
            return -1;
        at += 2 + length;
    }
    return is_archive ? 0 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(text) char *path = xstrdup("archive");
    struct plan_file file = {.path = path, .size = size};
    const struct plan plan = {.files = &file, .count = 1};
    CLEANUP(fd) int to = open("/dev/null", O_WRONLY | O_CLOEXEC);

    for (int i = 0; i < 2; i++) {
        CLEANUP(members) struct members members = {NULL, 0};
        CLEANUP(error) struct error err = ERROR_INIT;
        const struct unpack_request request = {
            .plan = &plan,
            .only = i == 1 ? "a" : NULL,
            .to = to,
            .limits = {100, 100, 1000, 10},
        };
        CLEANUP(unpacking) struct unpacking unpacking = {.request = &request};
        if (take_all(&unpacking, data, size, &err) == 0 &&
            unpacking_finish(&unpacking, &members, &err) == 0) {
            check_members(&members);
            if (unpacking.made > 100 || members.count > 10)
                abort();
        }
    }
    return 0;
}
