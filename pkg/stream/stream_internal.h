#ifndef INLAY_STREAM_STREAM_INTERNAL_H
#define INLAY_STREAM_STREAM_INTERNAL_H

#include "stream/stream.h"

#define UNPACK_PART ((size_t)64 * 1024)

/*
 * May `taken` bytes become `made` bytes? ERROR_UNSUPPORTED beyond what stream.h allows, so that a
 * few bytes made to fill a disk end early.
 */
int unpack_check(uint64_t taken, uint64_t made, struct error *err) MUST_CHECK;

#endif
