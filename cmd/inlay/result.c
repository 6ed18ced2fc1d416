#include "result.h"

#include "core/text.h"
#include "json.h"
#include "result_files.h"

#include <stdio.h>
#include <string.h>

/* "NAME:TAG" of each tag that shows the image, the first one first. */
static void list_names(const struct result *result, struct strings *out)
{
    const struct strings *more = &result->options->more_targets;
    struct reference other = *result->target;

    if (result->manifest == NULL)
        return;
    for (size_t i = 0; i <= more->count; i++) {
        CLEANUP(text) char *name = reference_format(&other, false);
        strings_add(out, name);
        if (i < more->count)
            other.tag = more->items[i];
    }
}

static void format_document(const struct result *result, const struct strings *names,
                            struct buf *out)
{
    json_auto_t *document = json_pack("{s:i, s:o}", "version", 1, "image",
                                      text_to_json(names->count > 0 ? names->items[0] : NULL));

    json_object_set_new(document, "tags", strings_to_json(names));
    if (result->manifest != NULL) {
        const struct descriptor *manifest = result->manifest;
        json_object_set_new(document, "digest", json_string(digest_format(&manifest->digest).text));
        json_object_set_new(document, "media_type", json_string(manifest->media_type));
        json_object_set_new(document, "size", json_integer((json_int_t)manifest->size));
    } else {
        json_object_set_new(document, "digest", json_null());
    }
    json_object_update(document, result->more);
    json_to_buf(document, out);
    buf_add_text(out, "\n");
}

int result_say(const struct result *result, struct buf *out, struct error *err)
{
    const struct reference *target = result->target;
    bool is_taken = target->path != NULL && strcmp(target->path, "-") == 0;
    FILE *stream = is_taken ? stderr : stdout;
    CLEANUP(strings) struct strings names = STRINGS_INIT;
    CLEANUP(buf) struct buf text = BUF_INIT;

    list_names(result, &names);
    if (options_has(result->options, "json"))
        format_document(result, &names, &text);
    else
        for (size_t i = 0; i < names.count; i++)
            buf_addf(&text, "%s@%s\n", names.items[i],
                     digest_format(&result->manifest->digest).text);
    int written = names.count > 0 ? result_files_write(result, &names, err) : 0;
    if (out != NULL) {
        buf_add(out, buf_text(&text), text.size);
        return written;
    }
    if (fputs(buf_text(&text), stream) >= 0 && fflush(stream) == 0)
        return written;
    error_release(err);
    if (names.count == 0)
        return error_set(err, ERROR_LOCAL, "the result could not be written to standard output");
    return error_set(err, ERROR_LOCAL,
                     "%s@%s is published, but could not be written to standard %s", names.items[0],
                     digest_format(&result->manifest->digest).text, is_taken ? "error" : "output");
}
