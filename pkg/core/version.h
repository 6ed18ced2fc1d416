#ifndef INLAY_CORE_VERSION_H
#define INLAY_CORE_VERSION_H

/*
 * Compares versions of packages by their numbers, up to the first part that begins with none:
 * negative, 0 or positive. "4.57" is "4.57.0"; what stands behind a number ("rc1", "+cpu") and all
 * after that does not count.
 */
int version_compare(const char *a, const char *b);

#endif
