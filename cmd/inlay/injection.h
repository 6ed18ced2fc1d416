#ifndef INLAY_INJECTION_H
#define INLAY_INJECTION_H

#include "inject/inject.h"
#include "session.h"

/*
 * What `inject`, `plan` and `layer` have in common: their command line, and all that inject_run()
 * wants.
 */
struct injection {
    struct session session;
    struct session_options how;
    struct inject_options options; /* complete; borrows from the rest */
    struct reference base;
    struct reference target; /* only if `has_target` */
    bool has_target;
    struct strings reuse_texts;
    struct reference *reuse; /* one a text */
    struct inject_image *reuse_images;
    char **reuse_versions;
    size_t reuse_count;
    struct reference cache; /* only if `cache_text` */
    const char *cache_text;
    struct store *cache_store;
    const char *download_text; /* of --download-cache; NULL: it was left out */
    struct cache *download_cache;
    struct strings more_targets; /* tags of the same place */
    bool json;
    const char *base_text; /* of --base; NULL: it was left out */
    const char *output;    /* of --output; NULL: it was left out */

    /* The rest is what `options` points to. */
    struct model_reference *models;
    struct source **sources;
    size_t model_count;
    struct store *base_store;
    struct store *target_store;
    struct strings include;
    struct strings exclude;
    struct strings environment;
    struct oci_platform *platforms;
    struct tree_owner owner;
    char *memo;
    char *version;
    char *name;
    char created[sizeof("2026-01-01T00:00:00Z")];
};

#define INJECTION_INIT                                                                             \
    {                                                                                              \
        .base = REFERENCE_INIT, .target = REFERENCE_INIT, .cache = REFERENCE_INIT                  \
    }

void injection_release(struct injection *injection);
CLEANUP_RELEASE(injection)

/* Who parses; as bits, who takes an option. */
enum injection_command {
    INJECTION_INJECT = 1,
    INJECTION_PLAN = 2,
    INJECTION_LAYER = 4,
};

/* What a command makes of the common command line. */
struct injection_style {
    const char *name;
    enum injection_command command; /* of LAYER, BASE is an option; without it, it is scratch */
};

/*
 * Parses everything that is on the command line, before any request, then opens stores and
 * sources. `injection` is INJECTION_INIT and stays where it is.
 */
int injection_open(struct injection *injection, const struct command_context *context,
                   const struct injection_style *style, int argc, char **argv,
                   struct error *err) MUST_CHECK;

/* The lines that tell of the common command line in help texts. */
#define INJECTION_HELP_NAMES INJECTION_HELP_PLACES INJECTION_HELP_MODEL
#define INJECTION_HELP_PLACES                                                                      \
    "  BASE, TARGET  [docker://]NAME[:TAG][@DIGEST]     an image in a registry\n"                  \
    "                oci:DIR[:TAG][@DIGEST]             an image in an OCI layout\n"               \
    "                oci-archive:FILE[:TAG][@DIGEST]    the same in a tar; '-' is stdin, stdout\n" \
    "                docker-archive:FILE[:NAME[:TAG]]   what 'docker save' writes\n"               \
    "                docker-daemon:NAME[:TAG]           an image of a Docker engine\n"             \
    "                scratch                            as BASE: nothing\n"                        \
    "                TARGET names a tag and no digest; until the end it shows what it showed.\n"
#define INJECTION_HELP_MODEL                                                                       \
    "  MODEL         [hf://][ORG/]NAME[@REVISION]       a model of the Hugging Face Hub; "         \
    "REVISION\n"                                                                                   \
    "                is a branch, a tag, a commit or refs/pr/N; main if left out.\n"               \
    "                datasets/ORG/NAME                  a dataset\n"
#define INJECTION_HELP_OPTIONS                                                                     \
    INJECTION_HELP_FILES                                                                           \
    "\n" INJECTION_HELP_IMAGES "\n"                                                                \
    "What the image becomes:\n" INJECTION_HELP_PLACE                                               \
    "  --env NAME=VALUE     sets a variable; repeatable\n"                                         \
    "  --online             does not set HF_HUB_OFFLINE=1\n"
#define INJECTION_HELP_FILES                                                                       \
    "Which files:\n"                                                                               \
    "  --include GLOB  only files that match; repeatable. In place of the automatic choice,\n"     \
    "                  which leaves out second copies of the same weights.\n"                      \
    "  --exclude GLOB  no files that match; repeatable\n"                                          \
    "  --all-files     everything in the repo\n"                                                   \
    "                  '*' matches '/' too, as in 'hf download'.\n"
#define INJECTION_HELP_IMAGES                                                                      \
    "Which images of an index:\n"                                                                  \
    "  --platform OS/ARCH[/VARIANT]  only these, the others are left out; repeatable. All of\n"    \
    "                                them, if left out.\n"                                         \
    "  --no-index                    the one image, without an index around it\n"                  \
    "  --keep-attestations           keeps those that stay true: of images that do not change\n"
#define INJECTION_HELP_PLACE                                                                       \
    "  --layout NAME        huggingface: the Hub's own cache (default)\n"                          \
    "                       sentence-transformers: its versions before 2.3, old LangChain\n"       \
    "                       dir: plain files in the folder that --path names\n"                    \
    "  --path PATH          the model's folder, for --layout dir\n"                                \
    "  --user USER          whose home and files: USER[:GROUP], as in the image's /etc/passwd,\n"  \
    "                       or numbers, in place of the image's own user\n"                        \
    "  --home PATH          in place of that user's home\n"                                        \
    "  --cache-dir PATH     in place of the cache below it; sets the variable that names it\n"     \
    "  --owner UID[:GID]    whose the model's files are, in place of that user's\n"                \
    "  --group-writable     group 0, which may write: for platforms with random user ids\n"
#define INJECTION_HELP_REUSE                                                                       \
    "No byte twice:\n"                                                                             \
    "  --reuse-from IMAGE    takes layers from this image, too; repeatable\n"                      \
    "  --layer-cache REPO    a repository, or oci:DIR, that keeps layers: read and written\n"
#define INJECTION_HELP_COMPRESSION                                                                 \
    "  --compression HOW     none, gzip or zstd[:LEVEL], of the models' layers (none: weights\n"   \
    "                        shrink little, and every pull has to unpack them)\n"
#define INJECTION_HELP_DOWNLOAD_CACHE                                                              \
    "  --download-cache DIR  keeps the model's files in this folder, for the next time\n"
#define INJECTION_HELP_ENVIRONMENT                                                                 \
    "Environment: HF_ENDPOINT, HF_TOKEN, HF_TOKEN_PATH, HF_HOME as the Hub's clients read them;\n" \
    "SOURCE_DATE_EPOCH; HTTPS_PROXY, http_proxy, NO_PROXY; SSL_CERT_FILE; DOCKER_HOST.\n"

#endif
