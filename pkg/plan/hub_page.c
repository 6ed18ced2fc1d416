#include "plan/hub_page.h"

#include "core/text.h"
#include "plan/origin_internal.h"

#include <string.h>

/* What stands behind the name of a repo. */
struct view {
    const char *word;
    bool is_folder, is_file;
};

static const struct view views[] = {
    {"tree", true, false},   {"blob", false, false},   {"resolve", false, true},
    {"raw", false, true},    {"commit", false, false}, {"commits", true, false},
    {"blame", false, false},
};

/* First parts of addresses that are no owner of models. */
static const char *const others[] = {
    "api",     "blog",  "chat",     "collections", "docs",          "enterprise",
    "join",    "learn", "login",    "models",      "organizations", "papers",
    "pricing", "posts", "settings", "spaces",      "tasks",         NULL,
};

static bool skip_text(const char **text, const char *prefix)
{
    if (!text_starts_with(*text, prefix))
        return false;
    *text += strlen(prefix);
    return true;
}

static bool skip_host(const char **text)
{
    static const char *const hosts[] = {"huggingface.co/", "www.huggingface.co/", "hf.co/"};

    bool has_scheme = skip_text(text, "https://") || skip_text(text, "http://");
    for (size_t i = 0; i < ARRAY_SIZE(hosts); i++)
        if (skip_text(text, hosts[i]))
            return has_scheme || strchr(*text, '/') != NULL; /* "hf.co/x" may be a model */
    return false;
}

/* The next part of a path, with the '/' behind it skipped; caller frees. */
static char *take_part(const char **at)
{
    size_t size = strcspn(*at, "/");
    char *part = xstrndup(*at, size);

    *at += size + ((*at)[size] == '/');
    return part;
}

static int digit(char letter)
{
    static const char digits[] = "0123456789abcdef";
    const char *found =
        strchr(digits, letter >= 'A' && letter <= 'F' ? letter + 'a' - 'A' : letter);

    return letter != '\0' && found != NULL ? (int)(found - digits) : -1;
}

/* "%2F" is '/', in place. */
static void decode(char *text)
{
    char *out = text;

    for (; *text != '\0'; text++) {
        int high = *text == '%' ? digit(text[1]) : -1;
        int low = high >= 0 ? digit(text[2]) : -1;
        if (low < 0) {
            *out++ = *text;
            continue;
        }
        *out++ = (char)(high * 16 + low);
        text += 2;
    }
    *out = '\0';
}

static const struct view *find_view(const char *word)
{
    for (size_t i = 0; i < ARRAY_SIZE(views); i++)
        if (strcmp(views[i].word, word) == 0)
            return &views[i];
    return NULL;
}

/* What `at` shows of the repo `name`; `kind` is "" or "datasets/". */
static void fill(const char *kind, const char *name, const char *at, struct hub_page *out)
{
    CLEANUP(text) char *word = take_part(&at);
    const struct view *view = find_view(word);
    CLEANUP(text) char *revision = take_part(&at);

    decode(revision);
    if (view == NULL ||
        revision[0] == '\0') { /* /discussions, /edit/main and others are its pages */
        out->model = xasprintf("%s%s", kind, name);
        return;
    }
    out->model = xasprintf("%s%s@%s", kind, name, revision);
    if (*at == '\0')
        return;
    out->path = xstrdup(at);
    decode(out->path);
    for (size_t size = strlen(out->path); size > 0 && out->path[size - 1] == '/'; size--)
        out->path[size - 1] = '\0';
    out->is_folder = view->is_folder;
    out->is_file = view->is_file;
}

bool hub_page_parse(const char *text, struct hub_page *out)
{
    CLEANUP(hub_page) struct hub_page page = HUB_PAGE_INIT;

    if (!skip_host(&text))
        return false;
    CLEANUP(text) char *copy = xstrndup(text, strcspn(text, "?#"));
    const char *at = copy;
    bool is_dataset = skip_text(&at, "datasets/");
    CLEANUP(text) char *owner = take_part(&at);
    if (text_is_among(owner, others))
        return false;
    const char *behind = at;
    CLEANUP(text) char *repo = take_part(&behind);
    bool has_owner = repo[0] != '\0' && find_view(repo) == NULL; /* "gpt2/tree/main" has none */
    if (has_owner)
        at = behind;
    CLEANUP(text) char *name = has_owner ? xasprintf("%s/%s", owner, repo) : xstrdup(owner);
    if (hub_name_complaint(name) != NULL)
        return false;
    fill(is_dataset ? "datasets/" : "", name, at, &page);
    hub_page_release(out);
    *out = page;
    page = (struct hub_page)HUB_PAGE_INIT;
    return true;
}

void hub_page_release(struct hub_page *page)
{
    free(page->model);
    free(page->path);
    *page = (struct hub_page)HUB_PAGE_INIT;
}
