#include "command.h"
#include "core/digest.h"
#include "core/memory.h"
#include "http/http.h"
#include "json.h"
#include "oci/document.h"
#include "options.h"
#include "pack/pack.h"
#include "sandbox/sandbox.h"
#include "stream/stream.h"

#include <stdio.h>
#include <string.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#define LIBRARIES 7

struct library {
    const char *name;
    const char *version; /* of what runs, not of what was there at the build */
};

static const char *libc_version(void)
{
#ifdef __GLIBC__
    return gnu_get_libc_version();
#else
    return NULL; /* musl does not say */
#endif
}

static void list_libraries(struct library out[LIBRARIES])
{
    const struct library libraries[LIBRARIES] = {
        {"libcurl", http_library_version()},
        {"openssl", digest_library_version()},
        {"libarchive", pack_library_version()},
        {"zlib", stream_zlib_version()},
        {"zstd", stream_zstd_version()},
        {"jansson", jansson_version_str()},
        {"glibc", libc_version()},
    };

    memcpy(out, libraries, sizeof(libraries));
}

static void list_features(struct strings *out)
{
    http_list_features(out);
    pack_list_features(out);
}

static const char *commit(void)
{
    return *INLAY_COMMIT != '\0' ? INLAY_COMMIT : NULL;
}

static void format_json(struct buf *out)
{
    json_auto_t *libraries = json_object();
    CLEANUP(strings) struct strings features = STRINGS_INIT;
    const struct sandbox_barriers barriers = sandbox_find_barriers();
    struct library list[LIBRARIES];

    list_libraries(list);
    list_features(&features);
    for (size_t i = 0; i < LIBRARIES; i++)
        json_object_set_new(libraries, list[i].name, text_to_json(list[i].version));
    json_auto_t *document =
        json_pack("{s:s, s:s?, s:O, s:o, s:o, s:{s:i, s:b}}", "version", INLAY_VERSION, "commit",
                  commit(), "libraries", libraries, "tls", text_to_json(http_tls_version()),
                  "features", strings_to_json(&features), "sandbox", "landlock",
                  (int)barriers.landlock, "seccomp", barriers.seccomp);
    json_to_buf(document, out);
    buf_add_text(out, "\n");
}

static void format_text(struct buf *out)
{
    CLEANUP(strings) struct strings features = STRINGS_INIT;
    struct library list[LIBRARIES];
    const char *tls = http_tls_version();
    const struct sandbox_barriers barriers = sandbox_find_barriers();
    CLEANUP(text) char *sandbox = sandbox_format_barriers(&barriers);

    list_libraries(list);
    list_features(&features);
    buf_addf(out, "inlay " INLAY_VERSION "\n");
    if (commit() != NULL)
        buf_addf(out, "%-10s  %s\n", "commit", commit());
    for (size_t i = 0; i < LIBRARIES; i++)
        if (list[i].version != NULL)
            buf_addf(out, "%-10s  %s\n", list[i].name, list[i].version);
    buf_addf(out, "%-10s  %s\n%-10s ", "TLS", tls != NULL ? tls : "none", "features");
    for (size_t i = 0; i < features.count; i++)
        buf_addf(out, " %s", features.items[i]);
    buf_addf(out, "\n%-10s  %s\n", "sandbox", sandbox);
}

static int run_version(const struct command_context *context, struct options *options,
                       struct error *err)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    (void)context;
    if (options->name_count > 0)
        return error_set(err, ERROR_USAGE,
                         "'%s' is one argument too many; see 'inlay version --help'",
                         options->names[0]);
    if (options_has(options, "json"))
        format_json(&text);
    else
        format_text(&text);
    fputs(buf_text(&text), stdout);
    return 0;
}

const struct command version_command = {
    .id = COMMAND_VERSION,
    .name = "version",
    .summary = "say which version this is, and which libraries it runs with",
    .usage = "[--json]",
    .about =
        "Says the version, the commit where the build knows it, the libraries as they run, "
        "which need not be those of the build, what of theirs there is, and what the kernel has "
        "to shut the parsing of layers off with.",
    .examples = {"--json"},
    .run = run_version,
};
