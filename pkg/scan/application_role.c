#include "scan/application_internal.h"

#include "plan/plan.h"

#include <string.h>

/* Part of a path. */
struct slice {
    const char *data;
    size_t size;
};

static bool slice_is(struct slice slice, const char *text)
{
    return strlen(text) == slice.size && memcmp(slice.data, text, slice.size) == 0;
}

static bool slice_ends_with(struct slice slice, const char *suffix)
{
    size_t size = strlen(suffix);

    return size <= slice.size && memcmp(slice.data + slice.size - size, suffix, size) == 0;
}

static bool slice_starts_with(struct slice slice, const char *prefix)
{
    size_t size = strlen(prefix);

    return size <= slice.size && memcmp(slice.data, prefix, size) == 0;
}

static struct slice first_part(const char *path)
{
    return (struct slice){path, strcspn(path, "/")};
}

/* What follows a part, without the '/'. */
static const char *behind(struct slice part)
{
    return part.data + part.size + (part.data[part.size] == '/');
}

static bool slice_is_any(struct slice slice, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_is(slice, texts[i]))
            return true;
    return false;
}

static bool is_site(struct slice part)
{
    return slice_is(part, "site-packages") || slice_is(part, "dist-packages");
}

/* Whoever has such a folder, nothing that an application says is in it. */
static bool is_dead(struct slice part)
{
    static const char *const names[] = {
        "__pycache__",    ".git",        ".hg",           ".svn",  ".cache",
        ".npm",           ".cargo",      ".rustup",       ".tox",  ".nox",
        ".mypy_cache",    ".ruff_cache", ".pytest_cache", ".nvm",  ".ipynb_checkpoints",
        ".terraform",     ".gradle",     ".m2",           ".yarn", ".pnpm-store",
        ".vscode-server",
    };

    return slice_is_any(part, names, ARRAY_SIZE(names));
}

/* Installations by others, of which only the packages count. */
static bool is_installation(struct slice part)
{
    static const char *const names[] = {
        "node_modules", ".venv",      "venv",       ".pyenv",    "conda-meta", "miniconda",
        "miniconda3",   "miniforge3", "mambaforge", "anaconda3", "micromamba", ".conda",
    };

    return is_site(part) || slice_is_any(part, names, ARRAY_SIZE(names)) ||
           slice_ends_with(part, ".dist-info") || slice_ends_with(part, ".egg-info");
}

/* The standard library: "lib/python3.11". */
static bool is_library(struct slice above, struct slice part)
{
    return (slice_is(above, "lib") || slice_is(above, "lib64")) &&
           (slice_is(part, "python3") || slice_starts_with(part, "python3.") ||
            slice_starts_with(part, "python2."));
}

/* Folders of an image that belong to the system. */
static bool is_of_the_system(const char *path)
{
    static const char *const folders[] = {
        "bin",
        "boot",
        "dev",
        "lib",
        "lib32",
        "lib64",
        "libx32",
        "proc",
        "run",
        "sbin",
        "sys",
        "tmp",
        "etc",
        "opt/conda",
        "opt/nvidia",
        "opt/intel",
        "opt/rocm",
        "usr/bin",
        "usr/sbin",
        "usr/lib",
        "usr/lib32",
        "usr/lib64",
        "usr/libx32",
        "usr/libexec",
        "usr/share",
        "usr/include",
        "usr/games",
        "usr/local/lib",
        "var/lib",
        "usr/local/lib64",
        "usr/local/share",
        "usr/local/include",
        "var/cache",
        "usr/local/go",
        "usr/local/man",
        "usr/local/sbin",
        "var/log",
        "var/spool",
        "var/backups",
        "var/tmp",
    };

    for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
        if (path_is_inside(path, folders[i]))
            return true;
    return text_starts_with(path, "usr/local/cuda");
}

/* Files that rules ask for, wherever they lie. */
static bool is_asked_for(const char *path)
{
    static const char *const globs[] = {
        "*-packages/fastembed/*.py",
        "*-packages/rapidocr/default_models.yaml",
        "*-packages/rapidocr_onnxruntime/config.yaml",
        "etc/supervisor*.conf",
    };

    for (size_t i = 0; i < ARRAY_SIZE(globs); i++)
        if (glob_matches(globs[i], path))
            return true;
    return false;
}

/* What is said by the folders above a file. */
struct location {
    struct slice above;     /* the folder that it is in */
    struct slice over;      /* the one above that */
    const char *in_site;    /* behind the last site-packages/; NULL: none */
    const char *in_modules; /* behind the last node_modules/; NULL: none */
    bool is_dead;
    bool is_installed;
    struct slice name;
};

static struct location location_of(const char *path)
{
    struct location at = {.in_site = NULL};
    struct slice part = first_part(path);

    for (; part.data[part.size] == '/'; part = first_part(behind(part))) {
        at.is_dead = at.is_dead || is_dead(part);
        at.is_installed = at.is_installed || is_installation(part) || is_library(at.above, part);
        if (is_site(part))
            at.in_site = behind(part);
        if (slice_is(part, "node_modules"))
            at.in_modules = behind(part);
        at.over = at.above;
        at.above = part;
    }
    at.name = part;
    return at;
}

/* "NAME/package.json" or "@SCOPE/NAME/package.json". */
static bool is_module(const char *path)
{
    struct slice part = first_part(path);

    if (slice_starts_with(part, "@"))
        part = first_part(behind(part));
    return strcmp(behind(part), "package.json") == 0 && !slice_starts_with(part, ".");
}

/* METADATA right in a folder of packages, or anywhere with `pip install --target`. */
static bool is_python_package(const struct location *at)
{
    if (slice_ends_with(at->above, ".dist-info"))
        return slice_is(at->name, "METADATA") &&
               (at->in_site == NULL || at->in_site == at->above.data);
    if (slice_ends_with(at->above, ".egg-info"))
        return slice_is(at->name, "PKG-INFO") && at->in_site == at->above.data;
    return slice_ends_with(at->name, ".egg-info") && at->in_site == at->name.data;
}

static bool is_source(struct slice name)
{
    static const char *const ends[] = {".py",  ".pyi", ".ipynb", ".js",  ".mjs", ".cjs",
                                       ".jsx", ".ts",  ".mts",   ".cts", ".tsx"};

    for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
        if (slice_ends_with(name, ends[i]))
            return true;
    return false;
}

static bool is_config(const struct location *at)
{
    static const char *const ends[] = {".yaml",       ".yml",  ".toml",      ".json", ".ini",
                                       ".cfg",        ".conf", ".env",       ".sh",   ".bash",
                                       ".properties", ".lock", ".dockerfile"};
    static const char *const names[] = {"Pipfile",          "Procfile",      "Modelfile",
                                        "Dockerfile",       "Containerfile", "entrypoint",
                                        "docker-entrypoint"};
    struct slice name = at->name;

    for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
        if (slice_ends_with(name, ends[i]))
            return !slice_is(name, "pyvenv.cfg");
    if (slice_starts_with(name, "Dockerfile.") || slice_starts_with(name, ".env."))
        return true;
    if (slice_ends_with(name, ".txt"))
        return slice_starts_with(name, "requirements") || slice_starts_with(name, "constraints") ||
               slice_ends_with(name, "requirements.txt") || slice_is(at->above, "requirements");
    return slice_is_any(name, names, ARRAY_SIZE(names));
}

enum application_role application_role(enum application_root root, const char *path)
{
    const struct location at = location_of(path);

    if (at.is_dead)
        return ROLE_NONE;
    if (is_python_package(&at))
        return ROLE_PYTHON;
    if (at.in_modules != NULL && is_module(at.in_modules))
        return ROLE_NODE;
    if (slice_is(at.above, "conda-meta"))
        return slice_ends_with(at.name, ".json") ? ROLE_CONDA : ROLE_NONE;
    bool is_left_out = at.is_installed || (root == ROOT_IMAGE && is_of_the_system(path));
    if (is_left_out && !is_asked_for(path))
        return ROLE_NONE;
    if (is_source(at.name))
        return ROLE_SOURCE;
    return is_config(&at) ? ROLE_CONFIG : ROLE_NONE;
}

/* Names of modules, and what pnpm puts between; only other modules lie in a module. */
static bool enters_modules(const char *path)
{
    struct slice part = first_part(path);

    if (slice_starts_with(part, "@") || slice_is(part, ".pnpm"))
        part = first_part(behind(part));
    return *behind(part) == '\0';
}

bool application_enters(const char *path)
{
    static const char *const packages[] = {"fastembed", "rapidocr", "rapidocr_onnxruntime"};
    CLEANUP(text) char *inside = xasprintf("%s/", path);
    const struct location at = location_of(inside);

    if (at.is_dead)
        return false;
    if (at.in_site != NULL && *at.in_site != '\0' &&
        (at.in_modules == NULL || at.in_modules < at.in_site)) {
        struct slice part = first_part(at.in_site);
        return slice_ends_with(part, ".dist-info") || slice_ends_with(part, ".egg-info") ||
               slice_is_any(part, packages, ARRAY_SIZE(packages));
    }
    if (at.in_modules != NULL && *at.in_modules != '\0') {
        size_t size = strlen(at.in_modules); /* without the '/' that was added */
        CLEANUP(text) char *rest = xstrndup(at.in_modules, size - 1);
        return enters_modules(rest);
    }
    return true;
}
