#include "oci/descriptor.h"

#include "oci/member.h"

#include <string.h>

int descriptor_set(struct descriptor *out, const char *media_type, const struct digest *digest,
                   uint64_t size, struct error *err)
{
    struct descriptor descriptor = {.digest = *digest, .size = size};
    size_t length = strlen(media_type);

    if (length >= sizeof(descriptor.media_type))
        return error_set(err, ERROR_CORRUPT, "the descriptor has a media type of %zu bytes",
                         length);
    memcpy(descriptor.media_type, media_type, length + 1);
    *out = descriptor;
    return 0;
}

/* A text that has to be there. */
static int required_text(const json_t *json, const char *name, const char **out, struct error *err)
{
    *out = member_text(json, name);
    if (*out != NULL)
        return 0;
    return error_set(err, ERROR_CORRUPT, "the descriptor has no '%s' that is a text", name);
}

int descriptor_from_json(const json_t *json, struct descriptor *out, struct error *err)
{
    const json_t *size = member_get(json, "size");
    const char *media_type;
    const char *text;
    struct digest digest;

    if (!json_is_object(json))
        return error_set(err, ERROR_CORRUPT, "there is no descriptor, which is an object");
    if (required_text(json, "mediaType", &media_type, err) < 0 ||
        required_text(json, "digest", &text, err) < 0)
        return -1;
    if (!json_is_integer(size))
        return error_set(err, ERROR_CORRUPT,
                         "the descriptor has no 'size' that is an integer of 64 bits");
    if (json_integer_value(size) < 0)
        return error_set(err, ERROR_CORRUPT, "the descriptor's size is %" JSON_INTEGER_FORMAT,
                         json_integer_value(size));
    if (digest_parse(text, &digest, err) < 0)
        return error_wrap(err, "the descriptor");
    return descriptor_set(out, media_type, &digest, (uint64_t)json_integer_value(size), err);
}

json_t *descriptor_to_json(const struct descriptor *descriptor)
{
    json_t *json = json_object();

    json_object_set_new(json, "mediaType", json_string(descriptor->media_type));
    json_object_set_new(json, "digest", json_string(digest_format(&descriptor->digest).text));
    json_object_set_new(json, "size", json_integer((json_int_t)descriptor->size));
    return json;
}
