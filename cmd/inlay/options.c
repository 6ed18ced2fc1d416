#include "option_setters.h"

#include <stddef.h>

#define SHARDS_MAX 1024
#define JOBS_MAX 64
#define DAYS_MAX 36500
#define TIMEOUT_MAX 86400
#define RETRIES_MAX 100

#define TAG_MOVERS (COMMAND_INJECT | COMMAND_REMOVE | COMMAND_COPY)
#define IMAGE_MAKERS (COMMAND_INJECT | COMMAND_PLAN)
#define MODEL_PLACERS (IMAGE_MAKERS | COMMAND_LAYER)
#define PROJECT_READERS (MODEL_PLACERS | COMMAND_LOCK)
#define HUB_USERS (PROJECT_READERS | COMMAND_VERIFY)
#define WORKERS                                                                                    \
    (PROJECT_READERS | COMMAND_INIT | COMMAND_REMOVE | COMMAND_VERIFY | COMMAND_COPY | COMMAND_SCAN)
#define LAYER_READERS (WORKERS & ~COMMAND_COPY)
#define NETWORK_USERS (WORKERS | COMMAND_INSPECT)
#define CONNECTORS (NETWORK_USERS | COMMAND_DOCTOR)
#define TELLERS                                                                                    \
    (CONNECTORS | COMMAND_CACHE | COMMAND_PRESETS | COMMAND_LAYOUTS | COMMAND_CONFIG |             \
     COMMAND_VERSION)
#define EVERYBODY (TELLERS | COMMAND_COMPLETION)

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
#define GENERAL "In general:"

/* In the order of the help. */
const struct option_row option_rows[] = {
    {RESULT, "to", 0, "TARGET", IMAGE_MAKERS, .common = IMAGE_MAKERS, .needed = COMMAND_INJECT,
     .brief = "where the image goes; repeatable: more of its tags",
     .help = "where the image goes; repeatable: several tags of one place",
     .set = option_set_target},
    {RESULT, "to", 0, "TARGET", COMMAND_REMOVE, .common = COMMAND_REMOVE, .needed = COMMAND_REMOVE,
     .help = "where the image goes, maybe IMAGE itself", .set = option_set_one_target},
    {RESULT, "expect", 0, "DIGEST", TAG_MOVERS, .common = COMMAND_REMOVE | COMMAND_COPY,
     .brief = "refuse unless the tag shows this before",
     .help = "refuse unless the tag shows this before, or the result already; 'none': unless there "
             "is no such tag. Of several tags the first.",
     .set = option_set_expected},
    {RESULT, "overwrite", 0, NULL, TAG_MOVERS,
     .help = "also what somebody else has written to the tag meanwhile"},
    {RESULT, "provenance", 0, "FILE", COMMAND_INJECT, .otherwise = "",
     .help = "says what the image was made of, in a statement of in-toto and SLSA, which is "
             "attached to it in a registry or OCI layout, or written to FILE"},
    {RESULT, "sbom", 0, "FILE", COMMAND_INJECT, .otherwise = "",
     .help = "the bill of materials of the image's models, in the same way"},
    {RESULT, "sbom-format", 0, "FORMAT", COMMAND_INJECT, .once = true,
     .help =
         "what --sbom makes: cyclonedx (1.6), or spdx3 (SPDX 3.0.1, with its classes for models "
         "and datasets)",
     .set = option_set_sbom_format},
    {RESULT, "digest-file", 0, "FILE", TAG_MOVERS, .once = true,
     .help = "writes the result's digest to FILE"},
    {RESULT, "metadata-file", 0, "FILE", TAG_MOVERS, .once = true,
     .help = "writes digest, descriptor and names to FILE, in JSON as BuildKit does"},
    {RESULT, "ci", 0, "FILE", TAG_MOVERS, .otherwise = "", .once = true,
     .help = "tells the CI system of the result: outputs and summary of a GitHub job; variables "
             "in FILE, or in inlay.env of a GitLab job"},
    {RESULT, "output", 'o', "FILE", COMMAND_LAYER, .common = COMMAND_LAYER,
     .brief = "where to; several layers: model.1.tar and so on", .needed = COMMAND_LAYER,
     .help = "where to. Several layers get a number: model.tar is model.1.tar, model.2.tar and so "
             "on from the bottom up. '-' is stdout, for one layer; the document then goes to "
             "stderr."},
    {RESULT, "base", 0, "IMAGE", COMMAND_LAYER, .common = COMMAND_LAYER,
     .brief = "what they are for: its user decides on the place",
     .help = "what they are for: its user, home and links decide on the place, and the layer that "
             "states the folders above the model as this image has them comes along. Without it, "
             "the user is root and the home /root. Written as BASE of 'inlay inject'."},
    {RESULT, "platform", 0, "OS/ARCH[/VARIANT]", COMMAND_LAYER, .common = COMMAND_LAYER,
     .help = "which image of an index", .set = option_set_platform},
    {RESULT, "platform", 0, "OS/ARCH[/VARIANT]", COMMAND_COPY, .common = COMMAND_COPY,
     .brief = "this image of an index alone",
     .help = "the one image of an index that is for it, without the index",
     .set = option_set_platform},
    {RESULT, "json", 0, NULL, TELLERS, .common = TELLERS & ~(COMMAND_INJECT | COMMAND_LAYER),
     .brief = "for programs: one JSON document",
     .help = "for programs: one JSON document, and an error as JSON on standard error"},

    {RESULT, "tree", 0, NULL, COMMAND_INSPECT, .common = COMMAND_INSPECT,
     .help = "the folders down to each model, with mode and owner, and the links to it"},

    {RESULT, "picture", 0, "FILE.svg|FILE.html", COMMAND_INSPECT | COMMAND_PLAN, .once = true,
     .common = COMMAND_INSPECT, .brief = "draws layers and folders into this file",
     .help = "draws the layers to scale and the folders down to the models into this file; of a "
             "plan also what is new, reused and replaced",
     .set = option_set_picture},

    {RESULT, "scan", 0, "IMAGE|dir:PATH", COMMAND_INIT, .common = COMMAND_INIT,
     .brief = "what this application is sure to ask for",
     .help = "what this application asks for and is sure, as 'inlay scan' tells; an image is the "
             "project's base, too"},
    {RESULT, "base", 0, "IMAGE", COMMAND_INIT, .common = COMMAND_INIT,
     .help = "the project's base"},
    {RESULT, "to", 0, "TARGET", COMMAND_INIT, .common = COMMAND_INIT,
     .help = "the project's target"},
    {RESULT, "project", 0, "FILE", COMMAND_INIT, .common = COMMAND_INIT,
     .brief = "inlay.json of the current folder, if left out",
     .help = "what is written; inlay.json of the current folder, if left out"},
    {RESULT, "force", 0, NULL, COMMAND_INIT, .common = COMMAND_INIT,
     .help = "in place of a file that is there"},
    {RESULT, "project", 0, "FILE", COMMAND_LOCK, .common = COMMAND_LOCK,
     .brief = "inlay.json of the current folder, if left out",
     .help = "the project file; inlay.json of the current folder, if left out"},
    {RESULT, "lock", 0, "FILE", COMMAND_LOCK, .common = COMMAND_LOCK,
     .brief = "inlay.lock.json beside the project file, if left out",
     .help = "the lock; inlay.lock.json beside the project file, if left out"},
    {RESULT, "base", 0, "IMAGE", COMMAND_LOCK,
     .help = "the image that layers are written down for, in place of the project's base"},
    {RESULT, "update", 0, NULL, COMMAND_LOCK, .common = COMMAND_LOCK,
     .brief = "moves to what the hub has now: each MODEL, or all",
     .help = "moves forward to what the hub has now: each MODEL, or all; what is not named stays"},
    {RESULT, "check", 0, NULL, COMMAND_LOCK, .common = COMMAND_LOCK,
     .brief = "whether the lock fits the project; writes nothing",
     .help = "writes nothing and asks nobody: whether the lock fits the project"},
    {RESULT, "diff-ids", 0, NULL, COMMAND_LOCK,
     .help = "reads models once whose layers nobody has built yet, so that the lock has the "
             "diff_id of each layer; nothing is written but the lock"},

    {RESULT, "presets", 0, "FILE", COMMAND_PRESETS, .common = COMMAND_PRESETS,
     .help = "presets of one's own, too, which win over those of the same name; repeatable"},

    {MODELS, "scan", 0, NULL, IMAGE_MAKERS,
     .help = "what the application in BASE asks for and is sure, as 'inlay scan' tells, besides "
             "each MODEL; none need be named then"},
    {MODELS, "project", 0, "FILE", MODEL_PLACERS, .common = COMMAND_INJECT | COMMAND_LAYER,
     .brief = "models, base, target and place as this file says",
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
     .set = option_set_hub_name},
    {MODELS, "name", 0, "FILE", MODEL_PLACERS,
     .help = "what the file is called in the image; for one MODEL that is a file or a URL",
     .set = option_set_file_name},
    {MODELS, "unpack", 0, NULL, MODEL_PLACERS,
     .help =
         "files and URLs are archives (tar, tar.gz, tar.bz2, tar.xz, tar.zst, zip), and what is "
         "in them is the model"},
    {MODELS, "unverified", 0, NULL, PROJECT_READERS,
     .help = "takes URLs without '#sha256=HEX', too, and says what it took"},

    {FILES, "presets", 0, "FILE", PROJECT_READERS | COMMAND_REMOVE,
     .help = "presets of one's own, too, as 'inlay presets' lists them; repeatable"},
    {FILES, "presets", 0, "FILE", COMMAND_SCAN | COMMAND_INIT, .common = COMMAND_SCAN,
     .help = "presets of one's own, too, by which models are named; repeatable"},
    {FILES, "include", 0, "GLOB", MODEL_PLACERS, .common = MODEL_PLACERS,
     .brief = "only files that match; repeatable",
     .help = "only files that match; '*' matches '/' too, as in 'hf download'; repeatable. In "
             "place of the automatic choice, which leaves out second copies of the same weights."},
    {FILES, "exclude", 0, "GLOB", MODEL_PLACERS, .help = "no files that match; repeatable"},
    {FILES, "weights", 0, "FORMAT[:VARIANT]", MODEL_PLACERS, .common = MODEL_PLACERS,
     .brief = "such as safetensors, onnx or gguf:Q4_K_M",
     .help = "the weights in this format, and what their loader wants besides: safetensors, "
             "pytorch, onnx, openvino, gguf, tensorflow, flax, mistral, coreml; a variant as in "
             "safetensors:fp16, onnx:q4f16, gguf:Q4_K_M",
     .set = option_set_weights},
    {FILES, "also", 0, "GLOB", MODEL_PLACERS,
     .help = "files that match, besides the automatic choice or --weights; repeatable"},
    {FILES, "all-files", 0, NULL, MODEL_PLACERS, .help = "everything in the repo",
     INTO(option_set_flag, all_files)},
    {FILES, "companions", 0, NULL, PROJECT_READERS,
     .help = "weights, too, that models make their loaders ask for besides: an adapter's base, a "
             "pipeline's models. Code and tokenizers come along anyway.",
     .set = option_set_companions},
    {FILES, "no-companions", 0, NULL, PROJECT_READERS,
     .help = "nothing but what is named: without code and tokenizers in other repos",
     .set = option_set_companions},

    {RULES, "allow-license", 0, "LIST", PROJECT_READERS,
     .help = "only models under these licences, as the Hub names them: mit,apache-2.0; 'unknown' "
             "is one that is not known. Repeatable.",
     .set = option_set_licenses},
    {RULES, "deny-license", 0, "LIST", PROJECT_READERS,
     .help = "no models under these licences; repeatable", .set = option_set_licenses},
    {RULES, "safe-only", 0, NULL, MODEL_PLACERS,
     .help = "no files that run code when they are loaded, such as pickles"},

    {IMAGES, "platform", 0, "OS/ARCH[/VARIANT]", IMAGE_MAKERS, .common = IMAGE_MAKERS,
     .brief = "only these images of an index; repeatable",
     .help = "only these, the others are left out; repeatable. All of them, if left out.",
     .set = option_set_platform},
    {IMAGES, "platform", 0, "OS/ARCH[/VARIANT]", COMMAND_SCAN | COMMAND_INIT,
     .common = COMMAND_SCAN | COMMAND_INIT, .brief = "this one; the first for Linux, if left out",
     .help = "this one; the first that is for Linux, if left out", .set = option_set_platform},
    {IMAGES, "no-index", 0, NULL, IMAGE_MAKERS, .help = "the one image, without an index around it",
     INTO(option_set_flag, inject.base.no_index)},
    {IMAGES, "keep-attestations", 0, NULL, IMAGE_MAKERS,
     .help = "keeps those that stay true: of images that do not change",
     INTO(option_set_flag, inject.base.keep_attestations)},

    {PLACE, "layout", 0, "NAME", MODEL_PLACERS, .common = MODEL_PLACERS,
     .brief = "the loader they are for, as 'inlay layouts' lists",
     .help = "how the loader wants them to lie: in the Hub's own cache (huggingface), if left out; "
             "chroma, tiktoken, whisper and others: 'inlay layouts' lists them",
     .set = option_set_layout},
    {PLACE, "path", 0, "PATH", MODEL_PLACERS, .help = "the folder, for --layout dir and hub-dir",
     INTO(option_set_image_path, path)},
    {PLACE, "user", 0, "USER", MODEL_PLACERS, .common = MODEL_PLACERS,
     .brief = "whose home and files, in place of the image's user",
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
     .set = option_set_environment},
    {PLACE, "env", 0, "NAME=VALUE", COMMAND_LAYER,
     .help = "as if the image set it; HOME, HF_HOME and others decide on the place; repeatable",
     .set = option_set_environment},
    {PLACE, "entrypoint", 0, "WORDS", IMAGE_MAKERS, .once = true,
     .help = "what containers start, in place of the base's entrypoint and command: one word, or a "
             "list as in a Dockerfile: '[\"python3\", \"-m\", \"app\"]'; [] is none",
     .set = option_set_entrypoint},
    {PLACE, "cmd", 0, "WORDS", IMAGE_MAKERS, .once = true,
     .help = "its arguments, or what is started if there is no entrypoint, in place of the base's",
     .set = option_set_command},
    {PLACE, "allow-online", 0, NULL, IMAGE_MAKERS, .help = "does not set HF_HUB_OFFLINE=1",
     INTO(option_set_flag, inject.placement.online)},
    {PLACE, "online", 0, NULL, IMAGE_MAKERS, .help = "the older name of --allow-online",
     INTO(option_set_flag, inject.placement.online)},

    {READER, "scan", 0, NULL, COMMAND_VERIFY,
     .help = "what the application in IMAGE asks for and is sure, as 'inlay scan' tells, has to be "
             "there, too"},
    {READER, "layout", 0, "NAME", COMMAND_VERIFY, .common = COMMAND_VERIFY,
     .brief = "the loader that each MODEL has to be there for",
     .help = "the loader that each MODEL has to be there for; any, if left out",
     .set = option_set_layout},
    {READER, "presets", 0, "FILE", COMMAND_VERIFY,
     .help = "presets of one's own as MODEL, too; repeatable"},
    {READER, "allow-none", 0, NULL, COMMAND_VERIFY, .common = COMMAND_VERIFY,
     .help = "nothing is wrong with an image without models"},
    {READER, "no-companions", 0, NULL, COMMAND_VERIFY,
     .help = "what models make their loaders ask for besides may be missing: a note tells it"},
    {READER, "user", 0, "USER", COMMAND_VERIFY, .common = COMMAND_VERIFY,
     .brief = "who reads, in place of the image's user",
     .help = "who reads: USER[:GROUP], as in the image's /etc/passwd, or numbers, in place of the "
             "image's own user",
     INTO(option_set_text, inject.placement.user)},
    {READER, "home", 0, "PATH", COMMAND_VERIFY, .help = "in place of that user's home",
     INTO(option_set_path, inject.placement.home)},
    {READER, "policy", 0, "FILE", COMMAND_VERIFY, .common = COMMAND_VERIFY,
     .brief = "refuses what does not meet the rules in this file", .once = true,
     .help = "refuses an image whose models do not meet the rules in this file: where they come "
             "from, licences, formats, files that run code"},
    {READER, "provenance", 0, "FILE", COMMAND_VERIFY, .common = COMMAND_VERIFY,
     .brief = "compares with the attached statement, or FILE", .otherwise = "",
     .help = "compares with the statement that 'inlay inject --provenance' has attached to the "
             "image, or with that in FILE"},
    {READER, "trust-records", 0, "KEY", COMMAND_VERIFY,
     .help = "refuses records of layers that no such key has signed: an Ed25519 public key in PEM, "
             "or hmac:FILE, a secret. Repeatable."},
    {READER, "hub", 0, NULL, COMMAND_VERIFY, .common = COMMAND_VERIFY,
     .brief = "compares with what the Hub has at these commits",
     .help = "compares with what the Hub has at the models' commits, too"},

    {PRUNE, "older-than", 0, "DAYS", COMMAND_CACHE, .common = COMMAND_CACHE,
     .help = "what was not used for so long", .set = option_set_number, .most = DAYS_MAX},
    {PRUNE, "max-size", 0, "SIZE", COMMAND_CACHE, .common = COMMAND_CACHE,
     .brief = "the oldest, until no more is left: 500M, 20G, 1T",
     .help = "what was not used for longest, until no more than SIZE is left: 500M, 20G, 1T",
     .set = option_set_max_size},
    {PRUNE, "partial", 0, NULL, COMMAND_CACHE, .common = COMMAND_CACHE,
     .help = "downloads that have not come to their end"},

    {REUSE, "reuse-from", 0, "IMAGE", IMAGE_MAKERS,
     .help = "takes layers from this image, too; repeatable"},
    {REUSE, "layer-cache", 0, "REPO", IMAGE_MAKERS,
     .help = "a repository, or oci:DIR, that keeps layers: read and written",
     .set = option_set_layer_cache},
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
    {REUSE, "download-cache", 0, "DIR", PROJECT_READERS, .common = MODEL_PLACERS,
     .brief = "keeps the model's files here, for the next time",
     .help = "keeps the model's files in this folder, for the next time"},
    {REUSE, "download-cache", 0, "DIR", COMMAND_DOCTOR, .common = COMMAND_DOCTOR,
     .help = "whether this folder can be written, too"},
    {REUSE, "hub-cache", 0, "DIR", PROJECT_READERS,
     .help = "takes files from this cache of the Hub's clients, and only the rest from the Hub; "
             "'auto': where they look on this machine. Nothing is written there."},
    {REUSE, "hub-cache", 0, "DIR", COMMAND_VERIFY,
     .help = "for --offline: the cache of the Hub's clients to go by; 'auto': where they look on "
             "this machine"},
    {REUSE, "offline", 0, NULL, PROJECT_READERS, .common = COMMAND_LOCK,
     .brief = "asks no hub, but goes by what this machine has",
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
     .help =
         "none, gzip, zstd[:LEVEL] or estargz, of the models' layers (none: weights shrink little, "
         "and every pull has to unpack them; estargz: for lazy pulling)",
     .set = option_set_compression},
    {WORK, "force", 0, NULL, IMAGE_MAKERS,
     .help = "layers above the limits that a registry is known to have, too",
     INTO(option_set_flag, inject.target.force)},
    {WORK, "force", 0, NULL, COMMAND_COPY,
     .help = "try layers that are too large for TO's registry"},
    {WORK, "jobs", 0, "N", WORKERS, .common = COMMAND_COPY,
     .help = "layers, blobs and requests in flight, 1 to 64 (4)", .set = option_set_count,
     .most = JOBS_MAX},
    {WORK, "chunk-size", 0, "SIZE", IMAGE_MAKERS | COMMAND_COPY,
     .help =
         "layers go up in parts of 512K to 64M (whole; in parts of 16M once a connection broke)",
     .set = option_set_chunk_size, .most = OPTION_CHUNK_MOST},
    {WORK, "hub-endpoint", 0, "URL", HUB_USERS | COMMAND_DOCTOR, .common = COMMAND_DOCTOR,
     .brief = "the hub, or its mirror",
     .help = "the hub, or its mirror, in place of HF_ENDPOINT, else https://huggingface.co",
     .set = option_set_hub_endpoint},
    {WORK, "connections", 0, "N", PROJECT_READERS,
     .help = "to the hub, for files; 1 to 64 (8); a layer always has one", .set = option_set_count,
     .most = PREFETCH_CONNECTIONS_MAX},

    {REGISTRY, "authfile", 0, "FILE", CONNECTORS,
     .common = COMMAND_REMOVE | COMMAND_INSPECT | COMMAND_COPY | COMMAND_DOCTOR,
     .help = "the one file with logins, in place of those", .set = option_set_authfile},
    {REGISTRY, "creds", 0, "HOST=FILE", CONNECTORS,
     .common = COMMAND_REMOVE | COMMAND_INSPECT | COMMAND_COPY | COMMAND_DOCTOR,
     .brief = "USER:PASSWORD in FILE's first line; '-': stdin",
     .help = "USER:PASSWORD in FILE's first line; '-' is stdin; repeatable",
     .set = option_set_creds},
    {REGISTRY, "tls-ca", 0, "FILE", CONNECTORS, .common = COMMAND_DOCTOR,
     .brief = "authorities that are trusted too, in PEM",
     .help = "authorities that are trusted too, in PEM; a folder of them will do"},
    {REGISTRY, "cert-dir", 0, "DIR", CONNECTORS,
     .help = "its *.crt, *.cert and *.key, in place of those in certs.d"},
    {REGISTRY, "insecure", 0, "HOST", CONNECTORS, .common = CONNECTORS & ~COMMAND_LAYER,
     .help = "plain http and certificates of anybody; repeatable", .set = option_set_insecure},

    {GENERAL, "no-sandbox", 0, NULL, LAYER_READERS,
     .help = "layers, archives and pickles are parsed in the process that has the credentials and "
             "the network: what one does that makes a parser misbehave is no longer kept from "
             "them"},
    {GENERAL, "limit-rate", 0, "RATE", NETWORK_USERS, .common = COMMAND_COPY,
     .help = "bytes a second, received and sent, at most: 500K, 20M, 1G",
     .set = option_set_limit_rate},
    {GENERAL, "timeout", 0, "SECONDS", NETWORK_USERS,
     .help = "a try is over when no byte has moved for so long (60; five times that while a server "
             "answers an upload)",
     .set = option_set_count, .most = TIMEOUT_MAX},
    {GENERAL, "timeout", 0, "SECONDS", COMMAND_DOCTOR, .common = COMMAND_DOCTOR,
     .help = "a server that says nothing for so long has not answered (5)", .set = option_set_count,
     .most = TIMEOUT_MAX},
    {GENERAL, "retries", 0, "N", NETWORK_USERS,
     .help = "how often a server is asked again that is down or busy, 0 to 100 (5)",
     .set = option_set_number, .most = RETRIES_MAX},
    {GENERAL, "trace", 0, "FILE", NETWORK_USERS & ~COMMAND_LOCK, .once = true,
     .help = "writes all requests and their times, for chrome://tracing and ui.perfetto.dev"},
    {GENERAL, "progress", 0, "HOW", NETWORK_USERS,
     .help = "tty, plain, json or none; 'auto': tty on a terminal, else plain",
     .set = option_set_progress},
    {GENERAL, "quiet", 'q', NULL, NETWORK_USERS, .common = NETWORK_USERS,
     .help = "warnings and errors only"},
    {GENERAL, "verbose", 'v', NULL, CONNECTORS,
     .common = COMMAND_REMOVE | COMMAND_INSPECT | COMMAND_COPY,
     .help = "requests, retries and digests too"},
    {GENERAL, "help", 'h', NULL, EVERYBODY, .help = "what people use most"},
    {GENERAL, "help-all", 0, NULL, EVERYBODY, .help = "all of it"},
    {.name = NULL},
};

_Static_assert(ARRAY_SIZE(option_rows) <= OPTION_ROWS_MAX, "OPTION_ROWS_MAX is too small");
