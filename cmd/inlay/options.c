#include "options.h"

#include "auth/auth.h"
#include "core/text.h"
#include "session.h"

#include <stddef.h>
#include <string.h>

#define SHARDS_MAX 1024
#define JOBS_MAX 64
#define DAYS_MAX 36500
#define TIMEOUT_MAX 86400
#define RETRIES_MAX 100
/* A chunk is held in memory. */
#define CHUNK_LEAST (512 * KIB)
#define CHUNK_MOST (64 * MIB)

static int set_max_size(const struct option_input *in, struct error *err)
{
    return option_set_size(in, 0, "size; expected bytes, such as 500M, 20G or 1T", err);
}

static int set_limit_rate(const struct option_input *in, struct error *err)
{
    return option_set_size(
        in, KIB, "rate; expected bytes a second, at least 1K, such as 500K, 20M or 1G", err);
}

static int set_chunk_size(const struct option_input *in, struct error *err)
{
    return option_set_size(in, CHUNK_LEAST, "size of 512K to 64M, such as 16M", err);
}

static int set_companions(const struct option_input *in, struct error *err)
{
    enum inject_companions wanted =
        strcmp(in->row->name, "companions") == 0 ? INJECT_COMPANIONS_ALL : INJECT_COMPANIONS_NONE;
    enum inject_companions *companions = &in->options->companions;

    if (*companions != INJECT_COMPANIONS_SMALL && *companions != wanted)
        return error_set(err, ERROR_USAGE,
                         "--companions and --no-companions exclude each other; leave one out");
    *companions = wanted;
    return 0;
}

/* The first --to, or one more tag in the same place. */
static int set_target(const struct option_input *in, struct error *err)
{
    CLEANUP(reference) struct reference more = REFERENCE_INIT;

    if (in->options->target.kind == REFERENCE_NONE)
        return session_parse_target("--to", in->value, &in->options->target, err);
    if (session_parse_target("--to", in->value, &more, err) < 0)
        return -1;
    if (!reference_is_same_place(&more, &in->options->target) || more.tag == NULL)
        return error_set(err, ERROR_USAGE,
                         "--to '%s' is in another place than the first; several --to are tags of "
                         "one repository, layout or archive",
                         in->value);
    if (!strings_has(&in->options->more_targets, more.tag) &&
        (in->options->target.tag == NULL || strcmp(in->options->target.tag, more.tag) != 0))
        strings_add(&in->options->more_targets, more.tag);
    return 0;
}

static int set_one_target(const struct option_input *in, struct error *err)
{
    if (options_count(in->options, in->row->name) > 1)
        return error_set(err, ERROR_USAGE, "--to is given twice, as '%s' and '%s'",
                         options_list(in->options, in->row->name)[0], in->value);
    return session_parse_target("--to", in->value, &in->options->target, err);
}

static int set_platform(const struct option_input *in, struct error *err)
{
    struct options *options = in->options;
    struct oci_platform platform;

    if (oci_platform_parse(in->value, &platform, err) < 0)
        return error_wrap(err, "--platform");
    options->platforms =
        xrealloc(options->platforms, options->platform_count + 1, sizeof(*options->platforms));
    options->platforms[options->platform_count++] = platform;
    return 0;
}

/* It is for all models of the call, so a second one cannot be meant for some of them. */
static int set_layout(const struct option_input *in, struct error *err)
{
    const struct layout *layout = layout_find(in->value);
    const struct layout *before = in->options->layout;

    if (layout == NULL) {
        layout_refuse_name(in->value, err);
        return error_wrap(err, "--layout");
    }
    if (before != NULL && before != layout)
        return error_set(err, ERROR_USAGE,
                         "--layout is for all models, and is given twice, as %s and %s; write "
                         "MODEL,layout=%s for one of them",
                         before->name, layout->name, layout->name);
    in->options->layout = layout;
    return 0;
}

static int set_environment(const struct option_input *in, struct error *err)
{
    if (in->value[0] == '=' || strchr(in->value, '=') == NULL || !text_is_utf8(in->value))
        return error_set(err, ERROR_USAGE, "--env '%s' is not NAME=VALUE", in->value);
    return 0;
}

static int set_compression(const struct option_input *in, struct error *err)
{
    if (compression_parse(in->value, &in->options->inject.compression, err) < 0)
        return error_wrap(err, "--compression");
    return 0;
}

static int set_hub_name(const struct option_input *in, struct error *err)
{
    return origin_check_hub_name(in->value, err) == 0 ? 0 : error_wrap(err, "--as");
}

static int set_file_name(const struct option_input *in, struct error *err)
{
    return options_check_file_name(in->value, err) == 0 ? 0 : error_wrap(err, "--name");
}

static int set_weights(const struct option_input *in, struct error *err)
{
    return plan_check_weights(in->value, err) == 0 ? 0 : error_wrap(err, "--weights");
}

static int set_authfile(const struct option_input *in, struct error *err)
{
    return auth_check_authfile(in->value, err) == 0 ? 0 : error_wrap(err, "--authfile");
}

static int set_creds(const struct option_input *in, struct error *err)
{
    size_t from_stdin = 0;

    if (auth_check_creds(in->value, err) < 0)
        return error_wrap(err, "--creds");
    for (const char *const *each = options_list(in->options, in->row->name); *each != NULL; each++)
        from_stdin += text_ends_with(*each, "=-");
    if (from_stdin > 1)
        return error_set(err, ERROR_USAGE, "--creds wants to read standard input twice");
    return 0;
}

/* HOST or HOST:PORT; a URL is none. */
static int set_insecure(const struct option_input *in, struct error *err)
{
    if (*in->value == '\0' || strpbrk(in->value, "/@ ") != NULL)
        return error_set(err, ERROR_USAGE,
                         "--insecure '%s' is not a host; expected HOST or HOST:PORT", in->value);
    return 0;
}

static int set_picture(const struct option_input *in, struct error *err)
{
    if (text_ends_with(in->value, ".svg") || text_ends_with(in->value, ".html"))
        return 0;
    return error_set(err, ERROR_USAGE,
                     "--picture '%s' ends neither in .svg nor in .html, which decide on the kind "
                     "of picture",
                     in->value);
}

static int set_expected(const struct option_input *in, struct error *err)
{
    if (tag_state_parse(in->value, &in->options->expected, err) < 0)
        return error_wrap(err, "--expect");
    return 0;
}

#define TAG_MOVERS (COMMAND_INJECT | COMMAND_REMOVE | COMMAND_COPY)
#define IMAGE_MAKERS (COMMAND_INJECT | COMMAND_PLAN)
#define MODEL_PLACERS (IMAGE_MAKERS | COMMAND_LAYER)
#define PROJECT_READERS (MODEL_PLACERS | COMMAND_LOCK)
#define WORKERS                                                                                    \
    (PROJECT_READERS | COMMAND_INIT | COMMAND_REMOVE | COMMAND_VERIFY | COMMAND_COPY | COMMAND_SCAN)
#define NETWORK_USERS (WORKERS | COMMAND_INSPECT)
#define EVERYBODY                                                                                  \
    (NETWORK_USERS | COMMAND_CACHE | COMMAND_PRESETS | COMMAND_LAYOUTS | COMMAND_VERSION)

/* The function that sets it, and which member of struct options. */
#define INTO(function, place) .set = (function), .member = offsetof(struct options, place)

#define RESULT "The result:"
#define MODELS "What a model is:"
#define FILES "Which files:"
#define RULES "What is refused, before weights move:"
#define IMAGES "Which images of an index:"
#define PLACE "Where, and whose:"
#define READER "What is checked:"
#define PRUNE "What 'prune' removes; it needs one of these:"
#define REUSE "No byte twice:"
#define WORK "How it works:"
#define REGISTRY "Registries; logins of docker, skopeo and podman are found by themselves:"
#define COMMON ""

/* In the order of the help. */
const struct option_row option_rows[] = {
    {RESULT, "to", 0, "TARGET", IMAGE_MAKERS, .needed = COMMAND_INJECT,
     .help = "where the image goes; repeatable: several tags of one place", .set = set_target},
    {RESULT, "to", 0, "TARGET", COMMAND_REMOVE, .needed = COMMAND_REMOVE,
     .help = "where the image goes, maybe IMAGE itself", .set = set_one_target},
    {RESULT, "expect", 0, "DIGEST", TAG_MOVERS,
     .help = "refuse unless the tag shows this before, or the result already; 'none': unless there "
             "is no such tag. Of several tags the first.",
     .set = set_expected},
    {RESULT, "overwrite", 0, NULL, TAG_MOVERS,
     .help = "also what somebody else has written to the tag meanwhile"},
    {RESULT, "provenance", 0, "FILE", COMMAND_INJECT, .otherwise = "",
     .help = "says what the image was made of, in a statement of in-toto and SLSA, which is "
             "attached to it in a registry or OCI layout, or written to FILE"},
    {RESULT, "sbom", 0, "FILE", COMMAND_INJECT, .otherwise = "",
     .help = "the bill of materials of the image's models, in CycloneDX, in the same way"},
    {RESULT, "output", 'o', "FILE", COMMAND_LAYER, .needed = COMMAND_LAYER,
     .help = "where to. Several layers get a number: model.tar is model.1.tar, model.2.tar and so "
             "on from the bottom up. '-' is stdout, for one layer; the document then goes to "
             "stderr."},
    {RESULT, "base", 0, "IMAGE", COMMAND_LAYER,
     .help = "what they are for: its user, home and links decide on the place, and the layer that "
             "states the folders above the model as this image has them comes along. Without it, "
             "the user is root and the home /root. Written as BASE of 'inlay inject'."},
    {RESULT, "platform", 0, "OS/ARCH[/VARIANT]", COMMAND_LAYER, .help = "which image of an index",
     .set = set_platform},
    {RESULT, "platform", 0, "OS/ARCH[/VARIANT]", COMMAND_COPY,
     .help = "the one image of an index that is for it, without the index", .set = set_platform},
    {RESULT, "json", 0, NULL, EVERYBODY,
     .help = "for programs: one JSON document, and an error as JSON on standard error"},

    {RESULT, "tree", 0, NULL, COMMAND_INSPECT,
     .help = "the folders down to each model, with mode and owner, and the links to it"},

    {RESULT, "picture", 0, "FILE.svg|FILE.html", COMMAND_INSPECT | COMMAND_PLAN, .once = true,
     .help = "draws the layers to scale and the folders down to the models into this file; of a "
             "plan also what is new, reused and replaced",
     .set = set_picture},

    {RESULT, "scan", 0, "IMAGE|dir:PATH", COMMAND_INIT,
     .help = "what this application asks for and is sure, as 'inlay scan' tells; an image is the "
             "project's base, too"},
    {RESULT, "base", 0, "IMAGE", COMMAND_INIT, .help = "the project's base"},
    {RESULT, "to", 0, "TARGET", COMMAND_INIT, .help = "the project's target"},
    {RESULT, "project", 0, "FILE", COMMAND_INIT,
     .help = "what is written; inlay.json of the current folder, if left out"},
    {RESULT, "force", 0, NULL, COMMAND_INIT, .help = "in place of a file that is there"},
    {RESULT, "project", 0, "FILE", COMMAND_LOCK,
     .help = "the project file; inlay.json of the current folder, if left out"},
    {RESULT, "lock", 0, "FILE", COMMAND_LOCK,
     .help = "the lock; inlay.lock.json beside the project file, if left out"},
    {RESULT, "base", 0, "IMAGE", COMMAND_LOCK,
     .help = "the image that layers are written down for, in place of the project's base"},
    {RESULT, "update", 0, NULL, COMMAND_LOCK,
     .help = "moves forward to what the hub has now: each MODEL, or all; what is not named stays"},
    {RESULT, "check", 0, NULL, COMMAND_LOCK,
     .help = "writes nothing and asks nobody: whether the lock fits the project"},

    {RESULT, "presets", 0, "FILE", COMMAND_PRESETS,
     .help = "presets of one's own, too, which win over those of the same name; repeatable"},

    {MODELS, "scan", 0, NULL, IMAGE_MAKERS,
     .help = "what the application in BASE asks for and is sure, as 'inlay scan' tells, besides "
             "each MODEL; none need be named then"},
    {MODELS, "project", 0, "FILE", MODEL_PLACERS,
     .help = "goes by a project file: its models, besides those that are named, and what it says "
             "of base, target and place where the command line does not. Where no MODEL is named, "
             "inlay.json of the current folder, if there is one."},
    {MODELS, "set", 0, "NAME", MODEL_PLACERS,
     .help = "the models of this set of the project file, too; repeatable"},
    {MODELS, "locked", 0, NULL, MODEL_PLACERS,
     .help = "exactly the files that 'inlay lock' wrote down beside the project file, whatever the "
             "hub has by now: no listing is asked for, and other bytes are an error"},
    {MODELS, "lock", 0, "FILE", MODEL_PLACERS,
     .help = "the same by this lock; inlay.lock.json beside inlay.json, if left out"},
    {MODELS, "as", 0, "ORG/NAME", MODEL_PLACERS,
     .help = "under which name the application asks for it; for one MODEL that is not of the Hub",
     .set = set_hub_name},
    {MODELS, "name", 0, "FILE", MODEL_PLACERS,
     .help = "what the file is called in the image; for one MODEL that is a file or a URL",
     .set = set_file_name},
    {MODELS, "unpack", 0, NULL, MODEL_PLACERS,
     .help =
         "files and URLs are archives (tar, tar.gz, tar.bz2, tar.xz, tar.zst, zip), and what is "
         "in them is the model"},
    {MODELS, "unverified", 0, NULL, PROJECT_READERS,
     .help = "takes URLs without '#sha256=HEX', too, and says what it took"},

    {FILES, "presets", 0, "FILE", PROJECT_READERS | COMMAND_REMOVE,
     .help = "presets of one's own, too, as 'inlay presets' lists them; repeatable"},
    {FILES, "include", 0, "GLOB", MODEL_PLACERS,
     .help = "only files that match; '*' matches '/' too, as in 'hf download'; repeatable. In "
             "place of the automatic choice, which leaves out second copies of the same weights."},
    {FILES, "exclude", 0, "GLOB", MODEL_PLACERS, .help = "no files that match; repeatable"},
    {FILES, "weights", 0, "FORMAT[:VARIANT]", MODEL_PLACERS,
     .help = "the weights in this format, and what their loader wants besides: safetensors, "
             "pytorch, onnx, openvino, gguf, tensorflow, flax, mistral, coreml; a variant as in "
             "safetensors:fp16, onnx:q4f16, gguf:Q4_K_M",
     .set = set_weights},
    {FILES, "also", 0, "GLOB", MODEL_PLACERS,
     .help = "files that match, besides the automatic choice or --weights; repeatable"},
    {FILES, "all-files", 0, NULL, MODEL_PLACERS, .help = "everything in the repo",
     INTO(option_set_flag, all_files)},
    {FILES, "companions", 0, NULL, PROJECT_READERS,
     .help = "weights, too, that models make their loaders ask for besides: an adapter's base, a "
             "pipeline's models. Code and tokenizers come along anyway.",
     .set = set_companions},
    {FILES, "no-companions", 0, NULL, PROJECT_READERS,
     .help = "nothing but what is named: without code and tokenizers in other repos",
     .set = set_companions},

    {RULES, "allow-license", 0, "LIST", PROJECT_READERS,
     .help = "only models under these licences, as the Hub names them: mit,apache-2.0; 'unknown' "
             "is one that is not known. Repeatable.",
     .set = option_set_licenses},
    {RULES, "deny-license", 0, "LIST", PROJECT_READERS,
     .help = "no models under these licences; repeatable", .set = option_set_licenses},
    {RULES, "safe-only", 0, NULL, MODEL_PLACERS,
     .help = "no files that run code when they are loaded, such as pickles"},

    {IMAGES, "platform", 0, "OS/ARCH[/VARIANT]", IMAGE_MAKERS,
     .help = "only these, the others are left out; repeatable. All of them, if left out.",
     .set = set_platform},
    {IMAGES, "platform", 0, "OS/ARCH[/VARIANT]", COMMAND_SCAN | COMMAND_INIT,
     .help = "this one; the first that is for Linux, if left out", .set = set_platform},
    {IMAGES, "no-index", 0, NULL, IMAGE_MAKERS, .help = "the one image, without an index around it",
     INTO(option_set_flag, inject.base.no_index)},
    {IMAGES, "keep-attestations", 0, NULL, IMAGE_MAKERS,
     .help = "keeps those that stay true: of images that do not change",
     INTO(option_set_flag, inject.base.keep_attestations)},

    {PLACE, "layout", 0, "NAME", MODEL_PLACERS,
     .help = "how the loader wants them to lie: in the Hub's own cache (huggingface), if left out; "
             "chroma, tiktoken, whisper and others: 'inlay layouts' lists them",
     .set = set_layout},
    {PLACE, "path", 0, "PATH", MODEL_PLACERS, .help = "the model's folder, for --layout dir",
     INTO(option_set_image_path, path)},
    {PLACE, "user", 0, "USER", MODEL_PLACERS,
     .help = "whose home and files: USER[:GROUP], as in the image's /etc/passwd, or numbers, in "
             "place of the image's own user",
     INTO(option_set_text, inject.placement.user)},
    {PLACE, "home", 0, "PATH", MODEL_PLACERS, .help = "in place of that user's home",
     INTO(option_set_path, inject.placement.home)},
    {PLACE, "cache-dir", 0, "PATH", MODEL_PLACERS,
     .help = "in place of the cache below it; sets the variable that names it",
     INTO(option_set_path, inject.placement.cache_dir)},
    {PLACE, "shared", 0, "DIR", MODEL_PLACERS, .otherwise = "/usr/share/models",
     .help = "the models lie in DIR (/usr/share/models), root's and read-only: the same layers for "
             "every base and user. The cache of the user has links to them.",
     INTO(option_set_path, inject.placement.shared)},
    {PLACE, "owner", 0, "UID[:GID]", MODEL_PLACERS,
     .help = "whose the model's files are, in place of that user's", .set = option_set_owner},
    {PLACE, "group-writable", 0, NULL, MODEL_PLACERS,
     .help = "group 0, which may write: for platforms with random user ids",
     INTO(option_set_flag, inject.placement.group_writable)},
    {PLACE, "env", 0, "NAME=VALUE", IMAGE_MAKERS, .help = "sets a variable; repeatable",
     .set = set_environment},
    {PLACE, "env", 0, "NAME=VALUE", COMMAND_LAYER,
     .help = "as if the image set it; HOME, HF_HOME and others decide on the place; repeatable",
     .set = set_environment},
    {PLACE, "allow-online", 0, NULL, IMAGE_MAKERS, .help = "does not set HF_HUB_OFFLINE=1",
     INTO(option_set_flag, inject.placement.online)},
    {PLACE, "online", 0, NULL, IMAGE_MAKERS, .help = "the older name of --allow-online",
     INTO(option_set_flag, inject.placement.online)},

    {READER, "scan", 0, NULL, COMMAND_VERIFY,
     .help = "what the application in IMAGE asks for and is sure, as 'inlay scan' tells, has to be "
             "there, too"},
    {READER, "layout", 0, "NAME", COMMAND_VERIFY,
     .help = "the loader that each MODEL has to be there for; any, if left out", .set = set_layout},
    {READER, "presets", 0, "FILE", COMMAND_VERIFY,
     .help = "presets of one's own as MODEL, too; repeatable"},
    {FILES, "presets", 0, "FILE", COMMAND_SCAN | COMMAND_INIT,
     .help = "presets of one's own, too, by which models are named; repeatable"},
    {READER, "allow-none", 0, NULL, COMMAND_VERIFY,
     .help = "nothing is wrong with an image without models"},
    {READER, "no-companions", 0, NULL, COMMAND_VERIFY,
     .help = "what models make their loaders ask for besides may be missing: a note tells it"},
    {READER, "user", 0, "USER", COMMAND_VERIFY,
     .help = "who reads: USER[:GROUP], as in the image's /etc/passwd, or numbers, in place of the "
             "image's own user",
     INTO(option_set_text, inject.placement.user)},
    {READER, "home", 0, "PATH", COMMAND_VERIFY, .help = "in place of that user's home",
     INTO(option_set_path, inject.placement.home)},
    {READER, "policy", 0, "FILE", COMMAND_VERIFY, .once = true,
     .help = "refuses an image whose models do not meet the rules in this file: where they come "
             "from, licences, formats, files that run code"},
    {READER, "provenance", 0, "FILE", COMMAND_VERIFY, .otherwise = "",
     .help = "compares with the statement that 'inlay inject --provenance' has attached to the "
             "image, or with that in FILE"},
    {READER, "hub", 0, NULL, COMMAND_VERIFY,
     .help = "compares with what the Hub has at the models' commits, too"},

    {PRUNE, "older-than", 0, "DAYS", COMMAND_CACHE, .help = "what was not used for so long",
     .set = option_set_number, .most = DAYS_MAX},
    {PRUNE, "max-size", 0, "SIZE", COMMAND_CACHE,
     .help = "what was not used for longest, until no more than SIZE is left: 500M, 20G, 1T",
     .set = set_max_size},
    {PRUNE, "partial", 0, NULL, COMMAND_CACHE, .help = "downloads that have not come to their end"},

    {REUSE, "reuse-from", 0, "IMAGE", IMAGE_MAKERS,
     .help = "takes layers from this image, too; repeatable"},
    {REUSE, "layer-cache", 0, "REPO", IMAGE_MAKERS,
     .help = "a repository, or oci:DIR, that keeps layers: read and written"},
    {REUSE, "trust-records", 0, "KEY|all", IMAGE_MAKERS,
     .help =
         "does not read a layer to check it whose record this key has signed: an Ed25519 public "
         "key in PEM, or hmac:FILE, a secret; 'all': whoever has written it. Repeatable."},
    {REUSE, "sign-records", 0, "KEY", IMAGE_MAKERS, .once = true,
     .help = "signs the records of the layers: an Ed25519 private key in PEM, or hmac:FILE"},
    {REUSE, "check-reused", 0, NULL, IMAGE_MAKERS,
     .help = "reads every layer that is reused, also what TARGET's tag shows and this machine has "
             "written before",
     INTO(option_set_flag, inject.reuse.checks_all)},
    {REUSE, "download-cache", 0, "DIR", PROJECT_READERS,
     .help = "keeps the model's files in this folder, for the next time"},
    {REUSE, "hub-cache", 0, "DIR", PROJECT_READERS,
     .help = "takes files from this cache of the Hub's clients, and only the rest from the Hub; "
             "'auto': where they look on this machine. Nothing is written there."},
    {REUSE, "hub-cache", 0, "DIR", COMMAND_VERIFY,
     .help = "for --offline: the cache of the Hub's clients to go by; 'auto': where they look on "
             "this machine"},
    {REUSE, "offline", 0, NULL, PROJECT_READERS,
     .help = "asks no hub: models are what --hub-cache ('auto', if left out) and --download-cache "
             "have. Registries are asked all the same."},
    {REUSE, "offline", 0, NULL, COMMAND_VERIFY,
     .help = "with --hub: asks no hub, but goes by what --hub-cache ('auto', if left out) has. "
             "Registries are asked all the same."},
    {REUSE, "shard", 0, "K/N", COMMAND_INJECT,
     .help = "builds every N-th layer from the K-th on, and no image; a last run without it finds "
             "the layers of all",
     .set = option_set_shard, .most = SHARDS_MAX},

    {WORK, "compression", 0, "HOW", MODEL_PLACERS,
     .help = "none, gzip or zstd[:LEVEL], of the models' layers (none: weights shrink little, and "
             "every pull has to unpack them)",
     .set = set_compression},
    {WORK, "force", 0, NULL, IMAGE_MAKERS,
     .help = "layers above the limits that a registry is known to have, too",
     INTO(option_set_flag, inject.target.force)},
    {WORK, "force", 0, NULL, COMMAND_COPY,
     .help = "try layers that are too large for TO's registry"},
    {WORK, "jobs", 0, "N", WORKERS, .help = "layers, blobs and requests in flight, 1 to 64 (4)",
     .set = option_set_count, .most = JOBS_MAX},
    {WORK, "chunk-size", 0, "SIZE", IMAGE_MAKERS | COMMAND_COPY,
     .help =
         "layers go up in parts of 512K to 64M (whole; in parts of 16M once a connection broke)",
     .set = set_chunk_size, .most = CHUNK_MOST},
    {WORK, "connections", 0, "N", PROJECT_READERS,
     .help = "to the hub, for files; 1 to 64 (8); a layer always has one", .set = option_set_count,
     .most = PREFETCH_CONNECTIONS_MAX},

    {REGISTRY, "authfile", 0, "FILE", NETWORK_USERS,
     .help = "the one file with logins, in place of those", .set = set_authfile},
    {REGISTRY, "creds", 0, "HOST=FILE", NETWORK_USERS,
     .help = "USER:PASSWORD in FILE's first line; '-' is stdin; repeatable", .set = set_creds},
    {REGISTRY, "tls-ca", 0, "FILE", NETWORK_USERS,
     .help = "authorities that are trusted too, in PEM; a folder of them will do"},
    {REGISTRY, "cert-dir", 0, "DIR", NETWORK_USERS,
     .help = "its *.crt, *.cert and *.key, in place of those in certs.d"},
    {REGISTRY, "insecure", 0, "HOST", NETWORK_USERS,
     .help = "plain http and certificates of anybody; repeatable", .set = set_insecure},

    {COMMON, "limit-rate", 0, "RATE", NETWORK_USERS,
     .help = "bytes a second, received and sent, at most: 500K, 20M, 1G", .set = set_limit_rate},
    {COMMON, "timeout", 0, "SECONDS", NETWORK_USERS,
     .help = "a try is over when no byte has moved for so long (60; five times that while a server "
             "answers an upload)",
     .set = option_set_count, .most = TIMEOUT_MAX},
    {COMMON, "retries", 0, "N", NETWORK_USERS,
     .help = "how often a server is asked again that is down or busy, 0 to 100 (5)",
     .set = option_set_number, .most = RETRIES_MAX},
    {COMMON, "trace", 0, "FILE", NETWORK_USERS,
     .help = "writes all requests and their times, for chrome://tracing and ui.perfetto.dev"},
    {COMMON, "quiet", 'q', NULL, NETWORK_USERS, .help = "warnings and errors only"},
    {COMMON, "verbose", 'v', NULL, NETWORK_USERS, .help = "requests, retries and digests too"},
    {COMMON, "help", 'h', NULL, EVERYBODY, .help = "this text"},
    {.name = NULL},
};

_Static_assert(ARRAY_SIZE(option_rows) <= OPTION_ROWS_MAX, "OPTION_ROWS_MAX is too small");
