#include "copy/copy.h"
#include "core/text.h"
#include "result_files.h"
#include "session.h"

#include <inttypes.h>
#include <string.h>

/* What `inlay copy` opens. */
struct copying {
    struct session session;
    struct reference from;
    struct reference target;
    struct store *from_store;
    struct store *target_store;
};

static void copying_release(struct copying *copying)
{
    store_free(copying->target_store);
    store_free(copying->from_store);
    session_release(&copying->session);
    reference_release(&copying->from);
    reference_release(&copying->target);
}
CLEANUP_RELEASE(copying)

static int copying_parse(struct copying *out, const struct options *options, struct error *err)
{
    if (options->platform_count > 1)
        return error_set(err, ERROR_USAGE,
                         "--platform is given twice, the second time as '%s'; leave it out for "
                         "all platforms",
                         options_list(options, "platform")[1]);
    if (session_parse_image(options, "FROM", options->names[0], &out->from, err) < 0)
        return -1;
    if (session_parse_target("TO", options->names[1], &out->target, err) < 0)
        return -1;
    return result_files_check(options, &out->target, err);
}

static int run_copy(const struct command_context *context, struct options *options,
                    struct error *err)
{
    CLEANUP(copying) struct copying copying = {.from = REFERENCE_INIT, .target = REFERENCE_INIT};
    struct session *session = &copying.session;
    struct copy_result result;

    const struct tag_state *expected = NULL;

    if (copying_parse(&copying, options, err) < 0 ||
        session_find_expected(options, &copying.target, &expected, err) < 0)
        return -1;
    if (session_open(session, context, options, err) < 0)
        return -1;
    if (store_open(&copying.from, &session->stores, &copying.from_store, err) < 0 ||
        store_open_target(&copying.target, &session->stores, &copying.target_store, err) < 0)
        return -1;

    CLEANUP(text) char *version = reference_version(&copying.from);
    const struct copy_options copy = {
        .from = copying.from_store,
        .from_version = version,
        .target = copying.target_store,
        .target_version = copying.target.tag,
        .expected = expected,
        .platform = options->platforms,
        .force = options_has(options, "force"),
        .jobs = (unsigned)options_number(options, "jobs"),
        .log = session->stores.log,
        .cancel = context->cancel,
        .progress = render_progress(session->render),
    };
    if (copy_run(&copy, &result, err) < 0)
        return -1;
    render_finish(session->render);
    if (result.was_there)
        log_info(session->stores.log, "done: already there");
    else
        log_info(session->stores.log, "done: moved %s, in %" PRIu64 " s",
                 text_format_size(result.moved).text, render_seconds(session->render));
    json_auto_t *more = json_pack("{s:b, s:{s:I}}", "was_there", (int)result.was_there, "moved",
                                  "image", (json_int_t)result.moved);
    const struct result said = {options, &copying.target, copying.target_store, &result.manifest,
                                more};
    return result_say(&said, context->result, err);
}

static const struct argument_help arguments[] = {
    ARGUMENT_HELP_IMAGE("FROM, TO", "stdin or stdout"),
    {"", NULL, "TO names no digest; until the end it shows what it showed."},
    {NULL, NULL, NULL},
};

const struct command copy_command = {
    .id = COMMAND_COPY,
    .name = "copy",
    .summary = "copy an image as it is, from any place to any other",
    .usage = "FROM TO [OPTION…]",
    .about =
        "Copies an image as it is, byte for byte and so with its digest, and an index with all "
        "that "
        "is in it. Artifacts, such as charts and signatures, are copied as images are. What TO "
        "has already, or can take from a neighbour, does not move.",
    .names = {"FROM", "TO"},
    .arguments = arguments,
    .examples = {"docker.io/library/python:3.12 oci:images:python",
                 "oci:images:python docker-daemon:python:3.12",
                 "python:3.12 oci-archive:python.tar --platform linux/arm64"},
    .environment = ENVIRONMENT_NETWORK,
    .result = "Prints TO@DIGEST on standard output, or on standard error if the image goes there.",
    .run = run_copy,
};
