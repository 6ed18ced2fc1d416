#include "core/text.h"
#include "pickle/pickle.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

struct bytes {
    const unsigned char *data;
    size_t size;
};

/* Nobody asks for what is not in the file. */
static int read_bytes(void *arg, uint64_t offset, size_t size, struct buf *out, struct error *err)
{
    const struct bytes *bytes = arg;

    (void)err;
    if (offset > bytes->size || size > bytes->size - offset)
        abort();
    buf_add(out, bytes->data + offset, size);
    return 0;
}

/* The name decides where the content does not. */
static void scan_as(const char *path, const unsigned char *data, size_t size)
{
    struct bytes bytes = {data, size};
    const struct pickle_input in = {size, read_bytes, &bytes};
    CLEANUP(pickle_findings) struct pickle_findings findings = PICKLE_FINDINGS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (pickle_scan(path, &in, &findings, &err) < 0)
        abort();
    CLEANUP(text) char *text = pickle_findings_format(&findings);
    if (!text_is_one_line(text))
        abort();
    for (size_t i = 0; i < findings.count; i++)
        if (!text_is_utf8(findings.imports[i].name) && findings.imports[i].name[0] == '\0')
            abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static const char *const paths[] = {"model.bin", "a.npz",  "a.h5",
                                        "a.keras",   "a.nemo", "config.json"};

    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        scan_as(paths[i], data, size);
    return 0;
}
