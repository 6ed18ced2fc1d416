#include "source/hub_cache_internal.h"

#include "core/file.h"
#include "core/text.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REF_LIMIT 4096
#define TREE_LIMIT ((size_t)(256 * MIB))
#define ABBREVIATION_LEAST 4 /* git's */

char *hub_cache_repo_name(const struct origin *origin)
{
    CLEANUP(buf) struct buf out = BUF_INIT;

    buf_addf(&out, "%s--", hub_type_folder(origin->kind));
    for (const char *at = origin->name; *at != '\0'; at++)
        buf_add_text(&out, *at == '/' ? "--" : (char[]){*at, '\0'});
    return buf_take(&out);
}

struct hub_cache *hub_cache_new(const char *root, const struct origin *origin,
                                const struct log *log)
{
    struct hub_cache *cache = xcalloc(1, sizeof(*cache));
    CLEANUP(text) char *name = hub_cache_repo_name(origin);

    cache->root = xstrdup(root);
    cache->repo = xasprintf("%s/%s", root, name);
    cache->log = log;
    return cache;
}

void hub_cache_free(struct hub_cache *cache)
{
    if (cache == NULL)
        return;
    free(cache->root);
    free(cache->repo);
    free(cache);
}

/* A revision is a path below refs/; it must not lead out of it. */
static bool is_path_below(const char *revision)
{
    CLEANUP(text) char *framed = xasprintf("/%s/", revision);

    return *revision != '\0' && strstr(framed, "/../") == NULL && strstr(framed, "//") == NULL;
}

static int read_ref(const struct hub_cache *cache, const char *revision, struct plan_commit *out,
                    struct error *err)
{
    CLEANUP(text) char *path = xasprintf("%s/refs/%s", cache->repo, revision);
    CLEANUP(buf) struct buf content = BUF_INIT;
    CLEANUP(error) struct error why = ERROR_INIT;
    struct stat status;

    if (!is_path_below(revision) || (stat(path, &status) == 0 && S_ISDIR(status.st_mode)))
        return 0; /* "refs" of "refs/pr/1" is a folder */
    if (file_read(path, REF_LIMIT, &content, &why) < 0)
        return why.kind == ERROR_NOT_FOUND ? 0 : error_move(err, &why);
    CLEANUP(text) char *commit = buf_take(&content);
    commit[strcspn(commit, "\r\n")] = '\0';
    if (!hub_revision_is_commit(commit))
        return error_set(err, ERROR_CORRUPT, "'%s' is no commit, expected 40 hex digits", path);
    memcpy(out->text, commit, sizeof(out->text));
    return 0;
}

/* Takes the commit that `name` begins with, unless there is another already. */
static int take_commit(const char *name, const char *abbreviation, struct plan_commit *out,
                       struct error *err)
{
    CLEANUP(text) char *commit = xstrndup(name, GIT_OID_HEX);

    if (!text_starts_with(commit, abbreviation) || !hub_revision_is_commit(commit) ||
        strcmp(commit, out->text) == 0)
        return 0;
    if (out->text[0] != '\0')
        return error_set(err, ERROR_NOT_FOUND,
                         "'%s' may be the commit %s or %s: write more of its digits", abbreviation,
                         out->text, commit);
    memcpy(out->text, commit, sizeof(out->text));
    return 0;
}

static int find_commit(const struct hub_cache *cache, const char *folder, const char *abbreviation,
                       struct plan_commit *out, struct error *err)
{
    CLEANUP(text) char *path = xasprintf("%s/%s", cache->repo, folder);
    DIR *stream = opendir(path);
    const struct dirent *entry;
    int result = 0;

    if (stream == NULL && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (stream == NULL)
        return error_set_errno(err, errno, "reading the folder '%s'", path);
    while (result == 0 && (entry = readdir(stream)) != NULL)
        result = take_commit(entry->d_name, abbreviation, out, err);
    closedir(stream);
    return result;
}

int hub_cache_resolve(const struct hub_cache *cache, const char *revision, struct plan_commit *out,
                      struct error *err)
{
    struct plan_commit found = {""};
    size_t size = strlen(revision);

    if (read_ref(cache, revision, &found, err) < 0)
        return -1;
    if (found.text[0] == '\0' && size >= ABBREVIATION_LEAST && size <= GIT_OID_HEX &&
        text_is_hex(revision, size) &&
        (find_commit(cache, "snapshots", revision, &found, err) < 0 ||
         find_commit(cache, "trees", revision, &found, err) < 0))
        return -1;
    *out = found;
    return 0;
}

int hub_cache_list(const struct hub_cache *cache, const char *commit, struct plan *plan,
                   struct error *err)
{
    CLEANUP(text) char *path = xasprintf("%s/trees/%s.json", cache->repo, commit);
    CLEANUP(buf) struct buf text = BUF_INIT;
    CLEANUP(plan) struct plan listed = PLAN_INIT;
    CLEANUP(error) struct error why = ERROR_INIT;

    if (file_read(path, TREE_LIMIT, &text, &why) == 0 &&
        hub_tree_parse(text.data, text.size, &listed, &why) == 0) {
        plan_release(plan);
        *plan = listed;
        listed = (struct plan)PLAN_INIT;
        return 0;
    }
    if (why.kind != ERROR_NOT_FOUND) /* as the clients do */
        log_warn(cache->log, "'%s' is passed over: %s", path, why.text);
    return hub_snapshot_list(cache->repo, commit, plan, err);
}

/* Where the content may be: the blob, and the snapshot of a cache without links. */
static char *find_content(const struct hub_cache *cache, const char *commit,
                          const struct plan_file *file, struct stat *status)
{
    CLEANUP(text)
    char *blob = xasprintf("%s/blobs/%s", cache->repo, digest_format_hex(&file->digest).text);
    CLEANUP(text) char *plain = xasprintf("%s/snapshots/%s/%s", cache->repo, commit, file->path);

    if (stat(blob, status) == 0)
        return TAKE(blob);
    return stat(plain, status) == 0 ? TAKE(plain) : NULL;
}

bool hub_cache_has(const struct hub_cache *cache, const char *commit, const struct plan_file *file)
{
    struct stat status;
    CLEANUP(text) char *path = find_content(cache, commit, file, &status);

    return path != NULL && S_ISREG(status.st_mode) && (uint64_t)status.st_size == file->size;
}

/* Reads all of it: what is damaged has to be known before its first bytes are somewhere else. */
static int verify_content(const char *path, const struct plan_file *file,
                          const struct cancel *cancel, struct error *err)
{
    CLEANUP(reader) struct reader *content = NULL;
    CLEANUP(text) char *data = xcalloc(1, (size_t)(256 * KIB));
    ssize_t part;

    if (file_reader_open(path, 0, SIZE_UNKNOWN, &content, err) < 0)
        return -1;
    CLEANUP(reader)
    struct reader *verify = verify_reader_new(content, path, file->size, &file->digest);
    do {
        if (cancel_check(cancel, err) < 0)
            return -1;
        part = reader_read(verify, data, (size_t)(256 * KIB), err);
    } while (part > 0);
    return part < 0 ? -1 : 0;
}

int hub_cache_open(const struct hub_cache *cache, const char *commit, const struct plan_file *file,
                   const struct cancel *cancel, struct reader **out, struct error *err)
{
    struct stat status;
    CLEANUP(text) char *path = find_content(cache, commit, file, &status);

    if (path == NULL) {
        *out = NULL;
        return 0;
    }
    if (verify_content(path, file, cancel, err) < 0)
        return -1;
    return file_reader_open(path, 0, SIZE_UNKNOWN, out, err);
}

int hub_cache_open_part(const struct hub_cache *cache, const char *commit,
                        const struct plan_file *file, uint64_t offset, struct reader **out,
                        struct error *err)
{
    struct stat status;
    CLEANUP(text) char *path = find_content(cache, commit, file, &status);

    if (path == NULL) {
        *out = NULL;
        return 0;
    }
    return file_reader_open(path, offset, SIZE_UNKNOWN, out, err);
}
