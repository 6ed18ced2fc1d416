#include "completions.h"
#include "core/file.h"
#include "core/text.h"
#include "oci/document.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OCI "oci:"

/* A path that is being typed, and what is to be listed for it. */
struct listing {
    struct completions *completions;
    const char *prefix; /* what stands before paths: "dir:" */
    const char *path;   /* what is typed behind it */
    bool files;         /* files, too */
    bool layouts;       /* layouts are completions, and behind their colon stands a tag */
    bool only_layouts;
};

static bool is_layout(int folder, const char *name)
{
    CLEANUP(text) char *path = path_join(name, "oci-layout");

    return faccessat(folder, path, R_OK, 0) == 0;
}

static void add_entry(const struct listing *listing, DIR *folder, const char *name)
{
    const char *slash = strrchr(listing->path, '/');
    size_t above = slash != NULL ? (size_t)(slash + 1 - listing->path) : 0;
    struct stat status;
    CLEANUP(text)
    char *text = xasprintf("%s%.*s%s", listing->prefix, (int)above, listing->path, name);
    bool is_hidden = name[0] == '.' && listing->path[above] != '.';

    if (is_hidden || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
        fstatat(dirfd(folder), name, &status, 0) < 0)
        return;
    bool is_folder = S_ISDIR(status.st_mode);
    if (listing->layouts && is_folder && is_layout(dirfd(folder), name)) {
        CLEANUP(text) char *layout = xasprintf("%s:", text);
        completions_add(listing->completions, layout, "an OCI layout");
        return;
    }
    if (listing->only_layouts || (!is_folder && !listing->files))
        return;
    CLEANUP(text) char *whole = xasprintf("%s%s", text, is_folder ? "/" : "");
    completions_add(listing->completions, whole, is_folder ? "a folder" : "");
}

static void add_entries(const struct listing *listing)
{
    const char *slash = strrchr(listing->path, '/');
    size_t above = slash != NULL ? (size_t)(slash + 1 - listing->path) : 0;
    CLEANUP(text)
    char *name = above > 0 ? xstrndup(listing->path, above) : xstrdup(".");
    DIR *folder = opendir(name);
    const struct dirent *entry;

    if (folder == NULL)
        return;
    while ((entry = readdir(folder)) != NULL)
        add_entry(listing, folder, entry->d_name);
    closedir(folder);
}

void completions_add_paths(struct completions *completions, const char *prefix, bool files)
{
    if (text_starts_with(completions->word, prefix))
        add_entries(&(struct listing){completions, prefix, completions->word + strlen(prefix),
                                      files, false, false});
}

/* Of the layout in this folder; nothing if its index cannot be read. */
static void add_tags(struct completions *completions, const char *folder)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* then there is nothing to offer */
    CLEANUP(text) char *path = path_join(folder, "index.json");
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    json_auto_t *index = NULL;
    json_t *entry;
    size_t i;

    if (file_read(path, DOCUMENT_LIMIT, &bytes, &ignored) < 0 ||
        json_from_buf(&bytes, path, &index, &ignored) < 0)
        return;
    json_array_foreach(json_object_get(index, "manifests"), i, entry)
    {
        const char *tag = json_string_value(json_object_get(json_object_get(entry, "annotations"),
                                                            "org.opencontainers.image.ref.name"));
        if (tag == NULL)
            continue;
        CLEANUP(text) char *text = xasprintf(OCI "%s:%s", folder, tag);
        completions_add(completions, text, "");
    }
}

void completions_add_layouts(struct completions *completions)
{
    bool has_prefix = text_starts_with(completions->word, OCI);
    const char *path = has_prefix ? completions->word + strlen(OCI) : completions->word;
    const char *colon = strchr(path, ':');

    if (has_prefix && colon != NULL) {
        CLEANUP(text) char *folder = xstrndup(path, (size_t)(colon - path));
        add_tags(completions, folder);
        return;
    }
    if (has_prefix)
        add_entries(&(struct listing){completions, OCI, path, false, true, false});
    else if (text_starts_with(OCI, completions->word))
        add_entries(&(struct listing){completions, OCI, "", false, true, true});
}
