#include "rootfs/toc_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_footer(const uint8_t *data, size_t size)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    uint64_t offset = 0;
    size_t footer_size = 0;

    if (stargz_parse_footer(data, size, &offset, &footer_size, &err) < 0) {
        if (err.kind != ERROR_UNSUPPORTED || offset != 0)
            abort();
    } else if (offset == 0 || footer_size > size || footer_size > STARGZ_FOOTER_MAX) {
        abort();
    }
}

static void check_member(const uint8_t *data, size_t size)
{
    CLEANUP(reader) struct reader *tar = memory_reader_new(data, size);
    CLEANUP(reader) struct reader *member = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    uint64_t said = 0;

    if (stargz_open_member(tar, &said, &member, &err) < 0)
        return;
    if (reader_read_all(member, size, &bytes, &err) == 0 && bytes.size != said)
        abort();
}

static void check_values(const char *text)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    struct toc table = {.format = TOC_CHUNKED};
    int64_t seconds = 0;
    uint32_t nanoseconds = 0;

    if (toc_parse_time(text, &seconds, &nanoseconds, &err) == 0 && nanoseconds > 999999999)
        abort();
    (void)!toc_parse_base64(text, &bytes, &err);
    if (toc_parse_position(text, 1000, &table, &err) == 0 &&
        (table.size == 0 || table.offset + table.size > 1000))
        abort();
}

/* Footers, the tar around a table, and the values in annotations and entries. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(text) char *text = xstrndup((const char *)data, size);

    check_footer(data, size);
    check_member(data, size);
    check_values(text);
    return 0;
}
