#include "mistakes.h"

#include "command.h"
#include "core/text.h"
#include "oci/reference.h"

#include <string.h>

struct mistake {
    const char *names; /* with '|' between them */
    unsigned commands; /* bits of enum command_id: where it is one */
    const char *instead;
};

#define MAKERS (COMMAND_INJECT | COMMAND_PLAN)
#define TARGETED (MAKERS | COMMAND_REMOVE)
#define PLACERS (MAKERS | COMMAND_LAYER)
#define ALL (~0U)

static const struct mistake options[] = {
    {"-t|--tag|--dest|--destination|--target", TARGETED | COMMAND_INIT,
     "the result is named by --to TARGET"},
    {"-t|--tag|--dest|--destination|--target|--to", COMMAND_COPY, "TO is the second argument"},
    {"-o|--output|--output-file", TARGETED,
     "the result is named by --to: NAME:TAG, oci:DIR:TAG, oci-archive:FILE or docker-archive:FILE"},
    {"--push", TARGETED, "--to NAME:TAG writes to the registry by itself"},
    {"--load", TARGETED, "--to docker-daemon:NAME:TAG is an image of the Docker engine"},
    {"--oci-layout", TARGETED, "an OCI layout is named oci:DIR:TAG"},
    {"-b|--base|--base-image|--from|--image|--append", TARGETED, "BASE is the first argument"},
    {"-m|--model|--models|--repo|--repo-id", ALL,
     "models are arguments: ORG/NAME or ORG/NAME@REVISION"},
    {"--revision|--rev|--branch|--commit", ALL,
     "a revision stands behind the model: ORG/NAME@REVISION"},
    {"--repo-type|--dataset", ALL, "a dataset is named datasets/ORG/NAME"},
    {"--token|--hf-token", ALL, "the hub's token is that of 'hf auth login', or HF_TOKEN"},
    {"-n|--dry-run|--check-only", COMMAND_INJECT, "'inlay plan' says what 'inlay inject' would do"},
    {"-f|--file|--config", PLACERS | COMMAND_LOCK, "--project FILE goes by an inlay.json"},
    {"-u|--user-name|--username|-p|--password|--src-creds|--dest-creds|--registry-token", ALL,
     "logins of docker, skopeo and podman are used by themselves, or --creds HOST=FILE"},
    {"--tls-verify|--src-tls-verify|--dest-tls-verify|--plain-http|--allow-insecure|"
     "--insecure-registry|--no-verify-ssl|-k",
     ALL, "--insecure HOST takes plain http and certificates of anybody"},
    {"--ca|--cacert|--ca-file|--registry-ca", ALL, "--tls-ca FILE names authorities"},
    {"--arch|--os|--override-arch|--override-os|--platforms|--variant", ALL,
     "--platform OS/ARCH names one"},
    {"-a|--all|--multi-arch|--recursive", COMMAND_COPY, "an index is copied with all its images"},
    {"--local-dir|--dir|--target-dir", PLACERS,
     "--layout dir --path PATH puts the files into a folder"},
    {"--allow-patterns|--filter|--files|--filename|--hf-file", PLACERS,
     "--include GLOB and --exclude GLOB choose files"},
    {"--ignore-patterns", PLACERS, "--exclude GLOB leaves files out"},
    {"-e|--set-env", PLACERS, "--env NAME=VALUE sets a variable"},
    {"--chown", PLACERS, "--owner UID[:GID] says whose the files are"},
    {"--cache-from", MAKERS, "--reuse-from IMAGE takes layers of an image"},
    {"--cache-to|--cache-repo|--cache", MAKERS, "--layer-cache REPO keeps layers"},
    {"--max-workers|--workers|--parallel|--concurrency|--image-parallel-copies|-j", ALL,
     "--jobs N says how many layers are in flight"},
    {"--format|--raw|--output|-o|--config", COMMAND_INSPECT | COMMAND_VERIFY | COMMAND_SCAN,
     "--json writes one JSON document"},
    {"--debug|--log-level|--trace-level", ALL, "--verbose tells requests, retries and digests"},
    {"-s|--silent|--no-progress", ALL, "--quiet leaves progress out"},
    {"--local-files-only", PLACERS, "--offline asks no hub"},
    {"--frozen|--frozen-lockfile", MAKERS, "--locked goes by inlay.lock.json"},
    {"--frozen|--frozen-lockfile", COMMAND_LOCK, "--check says whether the lock is up to date"},
    {NULL, 0, NULL},
};

static const struct mistake commands[] = {
    {"build|bake|add|append|create|import|mutate", ALL, "'inlay inject' adds models to an image"},
    {"push|pull|cp|clone|mirror|sync|save|load|export|tag|retag|promote", ALL,
     "'inlay copy' copies an image from any place to any other"},
    {"ls|list|show|info|manifest|models|images|history", ALL,
     "'inlay inspect' says which models an image carries"},
    {"rm|rmi|delete|del|uninject|eject", ALL, "'inlay remove' takes models out of an image"},
    {"download|fetch", ALL, "'inlay inject' takes models from the hub by itself"},
    {"login|logout|auth", ALL,
     "logins of docker, skopeo, podman and 'hf auth login' are used by themselves"},
    {"check|validate|test", ALL, "'inlay verify' says whether an image's user can read its models"},
    {"search", ALL, "'inlay presets' searches short names of models"},
    {"dry-run|preview|diff", ALL, "'inlay plan' says what 'inlay inject' would do"},
    {"update|upgrade", ALL, "'inlay lock --update' moves to what the hub has now"},
    {"prune|gc", ALL, "'inlay cache prune' removes downloaded files"},
    {"whoami|status|ping", ALL, "'inlay doctor [IMAGE]' says which login counts, and what answers"},
    {"run|start|exec|serve", ALL, "inlay makes images; docker, podman or a cluster runs them"},
    {"-v|-q|--verbose|--quiet|--json", ALL,
     "a command stands first, and its options behind it; -V says the version"},
    {NULL, 0, NULL},
};

static bool is_named(const char *names, const char *name)
{
    size_t wanted = strlen(name);

    while (*names != '\0') {
        size_t size = strcspn(names, "|");
        if (size == wanted && memcmp(names, name, size) == 0)
            return true;
        names += size + (names[size] == '|');
    }
    return false;
}

static const char *find(const struct mistake *rows, unsigned command, const char *name)
{
    for (; rows->names != NULL; rows++)
        if ((rows->commands & command) != 0 && is_named(rows->names, name))
            return rows->instead;
    return NULL;
}

const char *mistakes_option(unsigned command, const char *name)
{
    return find(options, command, name);
}

const char *mistakes_command(const char *name)
{
    return find(commands, ALL, name);
}

bool mistakes_is_image(const char *text)
{
    static const char *const schemes[] = {
        "docker://", "oci:", "oci-archive:", "docker-archive:", "docker-daemon:"};
    CLEANUP(reference) struct reference reference = REFERENCE_INIT;
    CLEANUP(error) struct error ignored = ERROR_INIT; /* then it is no image */
    const char *slash = strchr(text, '/');
    size_t first = strcspn(text, "/");

    for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
        if (text_starts_with(text, schemes[i]))
            return true;
    if (strcmp(text, "scratch") == 0)
        return true;
    if (strstr(text, "://") != NULL || reference_parse(text, &reference, &ignored) < 0)
        return false;
    bool has_host = slash != NULL &&
                    (memchr(text, ':', first) != NULL || text_starts_with(text, "localhost/") ||
                     (memchr(text, '.', first) != NULL && strchr(slash + 1, '/') != NULL));
    return has_host || (slash == NULL && text[first] == '\0' && strchr(text, ':') != NULL);
}

static int explain_tag(const char *text, struct error *err)
{
    const char *slash = strchr(text, '/');
    const char *colon = slash != NULL ? strchr(slash, ':') : NULL;

    if (colon == NULL || strchr(text, '@') != NULL || strchr(slash + 1, '/') != NULL ||
        !reference_is_tag(colon + 1))
        return -1;
    error_set(err, ERROR_USAGE,
              "MODEL '%s' has ':%s' behind its name; a revision stands behind '@': '%.*s@%s', and "
              "is main if left out",
              text, colon + 1, (int)(colon - text), text,
              strcmp(colon + 1, "latest") == 0 ? "main" : colon + 1);
    return 0;
}

/* "hf:org/name" */
static int explain_scheme(const char *text, struct error *err)
{
    static const char *const schemes[] = {"hf", "ms", "ollama", "oci-model"};
    size_t size = strcspn(text, ":");

    for (size_t i = 0; text[size] == ':' && i < ARRAY_SIZE(schemes); i++) {
        if (strlen(schemes[i]) != size || memcmp(schemes[i], text, size) != 0 ||
            text_starts_with(text + size, "://"))
            continue;
        const char *name = text + size + 1;
        error_set(err, ERROR_USAGE, "MODEL '%s' has no '//' behind its ':'; expected '%s://%s'",
                  text, schemes[i], name + strspn(name, "/"));
        return 0;
    }
    return -1;
}

/* "models--org--name" */
static int explain_folder(const char *text, struct error *err)
{
    static const char prefix[] = "models--";
    const char *name = text + strlen(prefix);

    if (!text_starts_with(text, prefix) || *name == '\0' || strpbrk(name, "/:@") != NULL)
        return -1;
    const char *dashes = strstr(name, "--");
    CLEANUP(text)
    char *model = dashes != NULL ? xasprintf("%.*s/%s", (int)(dashes - name), name, dashes + 2)
                                 : xstrdup(name);
    error_set(err, ERROR_USAGE,
              "MODEL '%s' is called as a folder in the Hub's cache; the model is '%s', and "
              "--hub-cache takes it from there",
              text, model);
    return 0;
}

/* "org/name/FILE" */
static int explain_file(const char *text, struct error *err)
{
    const char *name = text + (text_starts_with(text, "hf://") ? strlen("hf://") : 0);
    const char *repo = name + (text_starts_with(name, "datasets/") ? strlen("datasets/") : 0);
    const char *slash = strchr(repo, '/');
    const char *second = slash != NULL ? strchr(slash + 1, '/') : NULL;

    if (second == NULL || strchr("./~", text[0]) != NULL || strpbrk(name, ":@#,") != NULL ||
        strchr(second, '.') == NULL)
        return -1;
    error_set(err, ERROR_USAGE,
              "MODEL '%s' has the name of a file behind that of a repo; expected '%.*s' and "
              "--include '%s'",
              text, (int)(second - name), name, second + 1);
    return 0;
}

int mistakes_explain_model(const char *text, struct error *err)
{
    return explain_scheme(text, err) == 0 || explain_folder(text, err) == 0 ||
                   explain_file(text, err) == 0 || explain_tag(text, err) == 0
               ? 0
               : -1;
}
