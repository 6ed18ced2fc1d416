#include "stream/reader_fuzz_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    reader_fuzz_check(unpack_reader_new, data, size, true);
    return 0;
}
