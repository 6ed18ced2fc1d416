#include "rootfs/rootfs.h"

#include "core/text.h"

#include <string.h>

/*
 * Where a package is installed: the folders in which interpreters look, in the order in which the
 * image's environment has them do so, and then those that images often have.
 */

struct search {
    struct rootfs *rootfs;
    const struct rootfs_package_request *request;
    const char *name; /* without "python:" */
    struct strings *out;
};

/* An image may have anything in the way of a path that is merely tried. */
static int forgive(struct error *why, struct error *err)
{
    if (why->kind == ERROR_UNSUPPORTED || why->kind == ERROR_NOT_FOUND)
        return 0;
    return error_move(err, why);
}

static int try_folder(const struct search *search, const char *path, struct error *err)
{
    CLEANUP(error) struct error why = ERROR_INIT;
    struct rootfs_entry *way = NULL;
    size_t count = 0;

    if (rootfs_walk(search->rootfs, path, &way, &count, &why) < 0)
        return forgive(&why, err);
    if (count > 0 && way[count - 1].type == ROOTFS_FOLDER) {
        CLEANUP(text) char *found = xasprintf("/%s", way[count - 1].path);
        if (!strings_has(search->out, found))
            strings_add(search->out, found);
    }
    rootfs_entries_free(way, count);
    return 0;
}

/* Names in a folder that begin so; none if it is no folder. */
static int list_names(const struct search *search, const char *folder, const char *prefix,
                      struct strings *out, struct error *err)
{
    CLEANUP(error) struct error why = ERROR_INIT;
    struct rootfs_entry *entries = NULL;
    size_t count = 0;

    if (rootfs_list(search->rootfs, folder, &entries, &count, &why) < 0)
        return forgive(&why, err);
    for (size_t i = 0; i < count; i++) {
        const char *slash = strrchr(entries[i].path, '/');
        const char *name = slash != NULL ? slash + 1 : entries[i].path;
        if (text_starts_with(name, prefix))
            strings_add(out, name);
    }
    rootfs_entries_free(entries, count);
    return 0;
}

/* Of one installation of Python, virtual environments included. */
static int try_python(const struct search *search, const char *prefix, struct error *err)
{
    static const char *const libraries[] = {"lib", "lib64"};
    static const char *const sites[] = {"site-packages", "dist-packages"};

    for (size_t i = 0; i < ARRAY_SIZE(libraries); i++) {
        CLEANUP(strings) struct strings versions = STRINGS_INIT;
        CLEANUP(text) char *library = xasprintf("%s/%s", prefix, libraries[i]);
        if (list_names(search, library, "python3", &versions, err) < 0)
            return -1;
        for (size_t k = 0; k < 2 * versions.count; k++) {
            CLEANUP(text)
            char *path = xasprintf("%s/%s/%s/%s", library, versions.items[k / 2],
                                   sites[k % ARRAY_SIZE(sites)], search->name);
            if (try_folder(search, path, err) < 0)
                return -1;
        }
    }
    return 0;
}

static const char *variable(const struct search *search, const char *name)
{
    const char *const *environment = search->request->environment;
    size_t size = strlen(name);
    const char *value = NULL;

    for (; environment != NULL && *environment != NULL; environment++)
        if (strncmp(*environment, name, size) == 0 && (*environment)[size] == '=')
            value = *environment + size + 1;
    return value;
}

/* The system's Python looks into the user's own packages first. */
static void add_prefix(const struct search *search, const char *prefix, struct strings *out)
{
    CLEANUP(text) char *user = xasprintf("%s/.local", search->request->home);

    if ((strcmp(prefix, "/usr") == 0 || strcmp(prefix, "/usr/local") == 0) &&
        !strings_has(out, user))
        strings_add(out, user);
    if (!strings_has(out, prefix))
        strings_add(out, prefix);
}

/* "/opt/venv" for "/opt/venv/bin" in PATH. */
static void add_path_prefixes(const struct search *search, struct strings *out)
{
    const char *path = variable(search, "PATH");

    while (path != NULL && *path != '\0') {
        size_t size = strcspn(path, ":");
        CLEANUP(text) char *folder = xstrndup(path, size);
        if (folder[0] == '/' && text_ends_with(folder, "/bin")) {
            CLEANUP(text) char *prefix = xstrndup(folder, strlen(folder) - strlen("/bin"));
            add_prefix(search, prefix, out);
        }
        path += size + (path[size] == ':');
    }
}

static int add_pyenv(const struct search *search, const char *home, struct strings *out,
                     struct error *err)
{
    CLEANUP(strings) struct strings versions = STRINGS_INIT;
    CLEANUP(text) char *folder = xasprintf("%s/.pyenv/versions", home);

    if (list_names(search, folder, "", &versions, err) < 0)
        return -1;
    for (size_t i = 0; i < versions.count; i++) {
        CLEANUP(text) char *prefix = xasprintf("%s/%s", folder, versions.items[i]);
        add_prefix(search, prefix, out);
    }
    return 0;
}

static int find_python(const struct search *search, struct error *err)
{
    static const char *const usual[] = {"/opt/venv", "/app/.venv", "/app/venv",  "/venv",
                                        "/.venv",    "/opt/conda", "/usr/local", "/usr"};
    CLEANUP(strings) struct strings prefixes = STRINGS_INIT;
    const char *venv = variable(search, "VIRTUAL_ENV");
    const char *working_dir = search->request->working_dir;

    if (venv != NULL && venv[0] == '/')
        add_prefix(search, venv, &prefixes);
    add_path_prefixes(search, &prefixes);
    CLEANUP(text) char *hidden = xasprintf("%s/.venv", working_dir);
    CLEANUP(text) char *plain = xasprintf("%s/venv", working_dir);
    add_prefix(search, hidden, &prefixes);
    add_prefix(search, plain, &prefixes);
    for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
        add_prefix(search, usual[i], &prefixes);
    if (add_pyenv(search, search->request->home, &prefixes, err) < 0 ||
        add_pyenv(search, "/root", &prefixes, err) < 0)
        return -1;
    for (size_t i = 0; i < prefixes.count; i++)
        if (try_python(search, prefixes.items[i], err) < 0)
            return -1;
    return 0;
}

/* pnpm has packages that nobody asked for directly in a folder of its own: org+name@version. */
static int try_pnpm(const struct search *search, const char *modules, struct error *err)
{
    CLEANUP(strings) struct strings names = STRINGS_INIT;
    CLEANUP(text) char *folder = xasprintf("%s/.pnpm", modules);
    CLEANUP(text) char *prefix = xasprintf("%s@", search->name);

    for (char *at = prefix; *at != '\0'; at++)
        if (*at == '/')
            *at = '+';
    if (list_names(search, folder, prefix, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.count; i++) {
        CLEANUP(text)
        char *path = xasprintf("%s/%s/node_modules/%s", folder, names.items[i], search->name);
        if (try_folder(search, path, err) < 0)
            return -1;
    }
    return 0;
}

static int try_modules(const struct search *search, const char *modules, struct error *err)
{
    CLEANUP(text) char *path = xasprintf("%s/%s", modules, search->name);

    if (try_folder(search, path, err) < 0)
        return -1;
    return try_pnpm(search, modules, err);
}

/* As Node looks for what a program in the working directory asks for. */
static int find_node(const struct search *search, struct error *err)
{
    static const char *const usual[] = {"/app/node_modules", "/usr/src/app/node_modules",
                                        "/usr/local/lib/node_modules", "/usr/lib/node_modules"};
    CLEANUP(text) char *folder = xstrdup(search->request->working_dir);

    for (char *slash = NULL;; *slash = '\0') {
        CLEANUP(text) char *modules = xasprintf("%s/node_modules", folder);
        if (try_modules(search, modules, err) < 0)
            return -1;
        slash = strrchr(folder, '/');
        if (slash == NULL)
            break;
    }
    for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
        if (try_modules(search, usual[i], err) < 0)
            return -1;
    return 0;
}

int rootfs_find_package(struct rootfs *rootfs, const struct rootfs_package_request *request,
                        struct strings *out, struct error *err)
{
    const char *colon = strchr(request->package, ':');
    const struct search search = {rootfs, request, colon + 1, out};

    if (text_starts_with(request->package, "node:"))
        return find_node(&search, err);
    return find_python(&search, err);
}

int rootfs_find_python_version(struct rootfs *rootfs, const char *folder, char **out,
                               struct error *err)
{
    static const char info[] = ".dist-info";
    const struct search search = {.rootfs = rootfs};
    const char *slash = strrchr(folder, '/');
    CLEANUP(text) char *site = xstrndup(folder, (size_t)(slash - folder));
    CLEANUP(text) char *prefix = xasprintf("%s-", slash + 1);
    CLEANUP(strings) struct strings names = STRINGS_INIT;

    *out = NULL;
    if (list_names(&search, site, prefix, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.count && *out == NULL; i++) {
        const char *version = names.items[i] + strlen(prefix);
        if (text_ends_with(version, info))
            *out = xstrndup(version, strlen(version) - strlen(info));
    }
    return 0;
}
