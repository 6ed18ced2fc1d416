#include "oci/descriptor.h"

#include <string.h>

int descriptor_set(struct descriptor *out, const char *media_type, const struct digest *digest,
                   uint64_t size, struct error *err)
{
    struct descriptor descriptor = {.digest = *digest, .size = size};
    size_t length = strlen(media_type);

    if (length >= sizeof(descriptor.media_type))
        return error_set(err, ERROR_CORRUPT, "descriptor: a media type of %zu bytes", length);
    memcpy(descriptor.media_type, media_type, length + 1);
    *out = descriptor;
    return 0;
}

int descriptor_from_json(const json_t *json, struct descriptor *out, struct error *err)
{
    const char *media_type;
    const char *text;
    json_int_t size;
    json_error_t why;
    struct digest digest;

    /* Unpacking changes nothing; the library asks for a pointer that it could write through. */
    if (json_unpack_ex((json_t *)(uintptr_t)json, &why, 0, "{s:s, s:s, s:I}", "mediaType",
                       &media_type, "digest", &text, "size", &size) < 0)
        return error_set(err, ERROR_CORRUPT, "descriptor: %s", why.text);
    if (size < 0)
        return error_set(err, ERROR_CORRUPT, "descriptor: size is %lld", (long long)size);
    if (digest_parse(text, &digest, err) < 0)
        return error_wrap(err, "descriptor");
    return descriptor_set(out, media_type, &digest, (uint64_t)size, err);
}

json_t *descriptor_to_json(const struct descriptor *descriptor)
{
    json_t *json = json_object();

    json_object_set_new(json, "mediaType", json_string(descriptor->media_type));
    json_object_set_new(json, "digest", json_string(digest_format(&descriptor->digest).text));
    json_object_set_new(json, "size", json_integer((json_int_t)descriptor->size));
    return json;
}
