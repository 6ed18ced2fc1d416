#include "inject/copy.h"
#include "core/text.h"
#include "session.h"

#include <getopt.h>
#include <string.h>

/* The command line of `inlay copy`, and what it opens. */
struct copying {
    struct session session;
    struct session_options options;
    struct reference from;
    struct reference target;
    struct oci_platform platform; /* only if `has_platform` */
    bool has_platform;
    bool force;
    unsigned jobs;
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

enum argument {
    OPTION_PLATFORM = 256,
    OPTION_JOBS,
    OPTION_FORCE,
};

static int take_option(struct copying *out, int option, char **argv, struct error *err)
{
    switch (option) {
    case OPTION_PLATFORM:
        if (out->has_platform)
            return error_set(err, ERROR_USAGE,
                             "--platform is given twice, the second time as '%s'; leave it out for "
                             "all platforms",
                             optarg);
        out->has_platform = true;
        if (oci_platform_parse(optarg, &out->platform, err) < 0)
            return error_wrap(err, "--platform");
        return 0;
    case OPTION_JOBS:
        return session_parse_jobs(optarg, &out->jobs, err);
    case OPTION_FORCE:
        out->force = true;
        return 0;
    default:
        return session_take_option(&out->options, option, argv, "copy", err);
    }
}

static int copying_parse(struct copying *out, int argc, char **argv, struct error *err)
{
    static const struct option options[] = {
        {"platform", required_argument, NULL, OPTION_PLATFORM},
        {"jobs", required_argument, NULL, OPTION_JOBS},
        {"force", no_argument, NULL, OPTION_FORCE},
        SESSION_OPTIONS,
        {NULL, 0, NULL, 0},
    };
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, SESSION_SHORT_OPTIONS, options, NULL)) != -1)
        if (take_option(out, option, argv, err) < 0)
            return -1;
    if (optind == argc)
        return error_set(err, ERROR_USAGE, "no FROM is named; see 'inlay copy --help'");
    if (optind + 1 == argc)
        return error_set(err, ERROR_USAGE, "no TO is named; see 'inlay copy --help'");
    if (optind + 2 < argc)
        return error_set(err, ERROR_USAGE, "'%s' is one argument too many; see 'inlay copy --help'",
                         argv[optind + 2]);
    if (session_parse_image(&out->options, "FROM", argv[optind], &out->from, err) < 0)
        return -1;
    return session_parse_target("TO", argv[optind + 1], &out->target, err);
}

static int run_copy(const struct command_context *context, int argc, char **argv, struct error *err)
{
    CLEANUP(copying) struct copying copying = {.from = REFERENCE_INIT, .target = REFERENCE_INIT};
    struct session *session = &copying.session;
    struct copy_result result;

    if (copying_parse(&copying, argc, argv, err) < 0)
        return -1;
    session_open(session, context, &copying.options);
    if (store_open(&copying.from, &session->stores, &copying.from_store, err) < 0 ||
        store_open_target(&copying.target, &session->stores, &copying.target_store, err) < 0)
        return -1;

    CLEANUP(text) char *version = reference_version(&copying.from);
    struct copy_options options = {
        .from = copying.from_store,
        .from_version = version,
        .target = copying.target_store,
        .target_version = copying.target.tag,
        .platform = copying.has_platform ? &copying.platform : NULL,
        .force = copying.force,
        .jobs = copying.jobs,
        .log = session->stores.log,
        .cancel = context->cancel,
        .progress = render_progress(session->render),
    };
    if (copy_run(&options, &result, err) < 0)
        return -1;
    if (result.was_there)
        log_info(session->stores.log, "done: already there");
    else
        log_info(session->stores.log, "done: moved %s", text_format_size(result.moved).text);
    return session_say_target(&copying.target, &result.manifest.digest, err);
}

static const char help[] =
    "Usage: inlay copy FROM TO [OPTION…]\n"
    "\n"
    "Copies an image as it is, byte for byte and so with its digest, and an index with all that "
    "is\n"
    "in it: every platform, attestations, other indexes. Artifacts, such as charts and "
    "signatures,\n"
    "are copied as images are. What TO has already, or can take from a neighbour, does not move.\n"
    "\n"
    "  FROM, TO  [docker://]NAME[:TAG][@DIGEST]     an image in a registry\n"
    "            oci:DIR[:TAG][@DIGEST]             an image in an OCI layout\n"
    "            oci-archive:FILE[:TAG][@DIGEST]    the same in a tar; '-' is stdin or stdout\n"
    "            docker-archive:FILE[:NAME[:TAG]]   what 'docker save' writes, in the same way\n"
    "            docker-daemon:NAME[:TAG]           an image of a Docker engine\n"
    "            TO names no digest; until the end it shows what it showed.\n"
    "\n"
    "  --platform OS/ARCH[/VARIANT]  the one image of an index that is for it, without the index\n"
    "  --jobs N                      blobs in flight, 1 to 64 (4)\n"
    "  --force                       try layers that are too large for TO's registry\n" SESSION_HELP
    "\n"
    "Environment: HTTPS_PROXY, http_proxy, NO_PROXY; SSL_CERT_FILE; DOCKER_HOST.\n"
    "\n"
    "Prints TO@DIGEST on standard output, or on standard error if the image goes there. Exit\n"
    "status: 0 done, 2 usage, 3 not found, 4 denied, 5 unreachable, 6 unsupported, 7 corrupt, 8\n"
    "this machine, 130 interrupted, 1 a defect.\n";

const struct command copy_command = {
    .name = "copy",
    .summary = "copy an image as it is, from any place to any other",
    .help = help,
    .run = run_copy,
};
