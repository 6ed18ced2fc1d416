#ifndef INLAY_OCI_PLATFORM_H
#define INLAY_OCI_PLATFORM_H

#include "core/error.h"

#include <jansson.h>

/* Longer names than any in use. */
#define OCI_PLATFORM_PART 32

/*
 * What an image runs on, by Go's names (image-spec, image-index.md), normalised as containerd does
 * it, so that two that mean the same are equal: "x86_64" is amd64, "arm64/v8" is arm64, "arm" is
 * arm/v7. A plain value.
 */
struct oci_platform {
    char os[OCI_PLATFORM_PART]; /* "": not known */
    char architecture[OCI_PLATFORM_PART];
    char variant[OCI_PLATFORM_PART]; /* "": none */
};

/* OS/ARCH[/VARIANT], or an architecture alone, for Linux. ERROR_USAGE for anything else. */
int oci_platform_parse(const char *text, struct oci_platform *out, struct error *err) MUST_CHECK;
/*
 * ERROR_USAGE, with what was meant, if system or architecture are nearly one that Go has a name
 * for; what is like none may be new. `text` is what was typed, for the message.
 */
int oci_platform_check_spelling(const char *text, const struct oci_platform *platform,
                                struct error *err) MUST_CHECK;
/* From an object with `os`, `architecture` and maybe `variant`; what it lacks is "". */
void oci_platform_from_json(const json_t *json, struct oci_platform *out);
/* "linux/arm64"; the caller frees it. */
char *oci_platform_format(const struct oci_platform *platform);
bool oci_platform_equal(const struct oci_platform *a, const struct oci_platform *b);

#endif
