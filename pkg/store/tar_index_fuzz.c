#include "store/archive_internal.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever a tar holds: what is found in it lies within it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"manifest.json", "oci-layout", "index.json", "a/b", "./a"};
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(tar_index) struct tar_index *index = NULL;
    int fd = memfd_create("tar", MFD_CLOEXEC);

    if (fd < 0 || fd_write(fd, "the tar", data, size, &err) < 0)
        abort();
    if (tar_index_open(fd, "the tar", NULL, &index, &err) < 0)
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        CLEANUP(buf) struct buf bytes = BUF_INIT;
        struct tar_range range = {0, 0};
        if (tar_index_find(index, names[i], &range, &err) < 0)
            continue;
        if (range.offset > size || range.size > size - range.offset)
            abort();
        if (tar_index_load(index, names[i], size, &bytes, &err) < 0 || bytes.size != range.size)
            abort();
    }
    return 0;
}
