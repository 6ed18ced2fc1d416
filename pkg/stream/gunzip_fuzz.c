#include "stream/reader_fuzz_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    reader_fuzz_check(gunzip_reader_new, data, size, false);
    return 0;
}
