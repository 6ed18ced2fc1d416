#include "source/members_test_internal.h"

#include <fcntl.h>
#include <unistd.h>

/* Archives from anybody: unpacked as they are, all of them and one member. */

struct memory_source {
    struct source base;
    const uint8_t *data;
    size_t size;
};

static int memory_open(struct source *source, const struct plan *plan, const struct plan_file *file,
                       const struct source_range *range, struct reader **out, struct error *err)
{
    const struct memory_source *memory = CONTAINER_OF(source, struct memory_source, base);

    (void)plan;
    (void)file;
    (void)err;
    if (range->offset > memory->size)
        abort();
    *out = memory_reader_new(memory->data + range->offset, memory->size - (size_t)range->offset);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct source_ops ops = {NULL, memory_open, NULL};
    struct memory_source memory = {.base.ops = &ops, .data = data, .size = size};
    CLEANUP(text) char *path = xstrdup("archive");
    struct plan_file file = {.path = path, .size = size};
    const struct plan plan = {.files = &file, .count = 1};
    CLEANUP(fd) int to = open("/dev/null", O_WRONLY | O_CLOEXEC);

    for (int i = 0; i < 2; i++) {
        CLEANUP(members) struct members members = {NULL, 0};
        CLEANUP(error) struct error err = ERROR_INIT;
        bool is_archive = false;
        const struct unpack_request request = {
            .source = &memory.base,
            .plan = &plan,
            .only = i == 1 ? "a" : NULL,
            .to = to,
            .limits = {MIB, MIB, 1000, 100},
        };
        if (unpack_archive(&request, &members, &is_archive, &err) == 0)
            check_members(&members);
    }
    return 0;
}
