#include "named_here.h"

#include "core/text.h"
#include "oci/reference.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REGISTRY_SCHEME "docker://"

/* What stands at a path. */
enum found_here { FOUND_NOTHING, FOUND_FILE, FOUND_LAYOUT, FOUND_FOLDER };

static enum found_here look(const char *path)
{
    CLEANUP(text) char *mark = xasprintf("%s/oci-layout", path);
    struct stat status;

    if (stat(path, &status) < 0)
        return FOUND_NOTHING;
    if (S_ISREG(status.st_mode))
        return FOUND_FILE;
    if (!S_ISDIR(status.st_mode))
        return FOUND_NOTHING;
    return access(mark, F_OK) == 0 ? FOUND_LAYOUT : FOUND_FOLDER;
}

static bool is_named_as_archive(const char *name)
{
    static const char *const ends[] = {".tar", ".tar.gz", ".tgz", ".tar.zst"};

    for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
        if (text_ends_with(name, ends[i]))
            return true;
    return false;
}

/* Has a prefix, or is a path that nobody takes for a name of Docker Hub. */
static bool is_written_otherwise(const char *text)
{
    if (text_starts_with(text, REGISTRY_SCHEME) || strchr("./~-", text[0]) != NULL ||
        strcmp(text, reference_traits(REFERENCE_SCRATCH)->prefix) == 0)
        return true;
    for (size_t i = REFERENCE_NONE + 1; i < REFERENCE_SCRATCH; i++) {
        const char *prefix = reference_traits((enum reference_kind)i)->prefix;
        if (prefix[0] != '\0' && text_starts_with(text, prefix))
            return true;
    }
    return false;
}

/* Where ':TAG' or '@DIGEST' begins; the end of the text where it has neither. */
static const char *find_version(const char *text)
{
    const char *slash = strrchr(text, '/');
    const char *last = slash != NULL ? slash : text;

    return last + strcspn(last, ":@");
}

/* How the name of Docker Hub would be written; "" where there can be none. Caller frees. */
static char *format_hub_name(const char *name, const char *version)
{
    CLEANUP(reference) struct reference reference = REFERENCE_INIT;
    CLEANUP(error) struct error ignored = ERROR_INIT;
    CLEANUP(text) char *text = xasprintf("%s%s", name, version);

    if (reference_parse(text, &reference, &ignored) < 0)
        return xstrdup("");
    return xasprintf(", or " REGISTRY_SCHEME "%s for that of Docker Hub", text);
}

/* Whether the name is one of Docker Hub, or none, and then nothing that a registry has. */
static bool may_be_here(const char *text)
{
    CLEANUP(reference) struct reference reference = REFERENCE_INIT;
    CLEANUP(error) struct error ignored = ERROR_INIT;

    if (is_written_otherwise(text))
        return false;
    return reference_parse(text, &reference, &ignored) < 0 ||
           strcmp(reference.registry, "docker.io") == 0;
}

static int refuse_archive(const char *name, const char *version, const char *what,
                          struct error *err)
{
    CLEANUP(text) char *hub = format_hub_name(name, version);

    return error_set(err, ERROR_USAGE,
                     "'%s' is %s; expected oci-archive:%s%s or docker-archive:%s%s for an image in "
                     "it%s",
                     name, what, name, version, name, version, hub);
}

static int refuse_folder(const char *name, enum image_use use, struct error *err)
{
    CLEANUP(text) char *hub = format_hub_name(name, "");

    if (use == IMAGE_SCANNED)
        return error_set(err, ERROR_USAGE,
                         "'%s' is a folder here; expected dir:%s for the sources in it%s", name,
                         name, hub);
    if (use == IMAGE_WRITTEN)
        return error_set(err, ERROR_USAGE,
                         "'%s' is a folder here; expected oci:%s:TAG for an OCI layout in it%s",
                         name, name, hub);
    return error_set(err, ERROR_USAGE,
                     "'%s' is a folder here, and no OCI layout; expected the name of an image%s",
                     name, hub);
}

static int refuse_layout(const char *name, const char *version, enum image_use use,
                         struct error *err)
{
    CLEANUP(text) char *hub = format_hub_name(name, version);
    const char *shown = use == IMAGE_WRITTEN && version[0] == '\0' ? ":TAG" : version;

    return error_set(err, ERROR_USAGE,
                     "'%s' is an OCI layout here; expected oci:%s%s for an image in it%s", name,
                     name, shown, hub);
}

int named_here_refuse(const char *text, enum image_use use, struct error *err)
{
    const char *version = find_version(text);
    CLEANUP(text) char *name = xstrndup(text, (size_t)(version - text));
    bool has_version = version[0] != '\0';

    for (size_t size = strlen(name); size > 1 && name[size - 1] == '/'; size--)
        name[size - 1] = '\0';
    if (name[0] == '\0' || !may_be_here(text))
        return 0;
    enum found_here found = look(name);
    if (found == FOUND_LAYOUT)
        return refuse_layout(name, version, use, err);
    if (found == FOUND_FOLDER)
        return has_version ? 0 : refuse_folder(name, use, err);
    if (is_named_as_archive(name))
        return refuse_archive(name, version,
                              found == FOUND_FILE ? "a file here" : "a file by its name", err);
    return found == FOUND_FILE && !has_version ? refuse_archive(name, version, "a file here", err)
                                               : 0;
}
