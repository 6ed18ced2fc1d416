#include "plan/plan_internal.h"

#include "core/buf.h"

#include <string.h>

#define LISTED_MAX 40

/* Each file of a plan, looked at once. */
struct parsed {
    const struct plan *plan;
    struct weights_file *files;
};

static void parsed_release(struct parsed *parsed)
{
    for (size_t i = 0; i < parsed->plan->count; i++)
        weights_file_release(&parsed->files[i]);
    free(parsed->files);
}
CLEANUP_RELEASE(parsed)

static struct parsed parse_all(const struct plan *plan)
{
    struct parsed parsed = {plan, xcalloc(plan->count, sizeof(*parsed.files))};

    for (size_t i = 0; i < plan->count; i++)
        weights_file_parse(plan->files[i].path, &parsed.files[i]);
    return parsed;
}

/* The weights that a repo has of one format and variant. */
struct stock {
    char *name; /* as --weights takes it: "onnx:fp16" */
    uint64_t size;
};

struct stocks {
    struct stock *items;
    size_t count;
};

static void stocks_release(struct stocks *stocks)
{
    for (size_t i = 0; i < stocks->count; i++)
        free(stocks->items[i].name);
    free(stocks->items);
    *stocks = (struct stocks){NULL, 0};
}
CLEANUP_RELEASE(stocks)

static int compare_stocks(const void *a, const void *b)
{
    return strcmp(((const struct stock *)a)->name, ((const struct stock *)b)->name);
}

/* Makes one of those of the same name; the list is sorted. */
static void join_stocks(struct stocks *stocks)
{
    size_t count = 0;

    for (size_t i = 0; i < stocks->count; i++) {
        struct stock *item = &stocks->items[i];
        struct stock *last = count > 0 ? &stocks->items[count - 1] : NULL;
        if (last == NULL || strcmp(last->name, item->name) != 0) {
            stocks->items[count++] = *item;
            continue;
        }
        if (!u64_add(last->size, item->size, &last->size))
            last->size = UINT64_MAX;
        free(item->name);
    }
    stocks->count = count;
}

/* What is kept of this format, or of all (FORMAT_NONE). */
static void find_stocks(const struct parsed *parsed, const bool *keep, enum format format,
                        struct stocks *out)
{
    out->items = xcalloc(parsed->plan->count, sizeof(*out->items));
    for (size_t i = 0; i < parsed->plan->count; i++) {
        const struct weights_file *file = &parsed->files[i];
        if (!keep[i] || !file->is_weights || file->format == FORMAT_OTHER ||
            (format != FORMAT_NONE && file->format != format))
            continue;
        out->items[out->count++] = (struct stock){
            .name = xasprintf("%s%s%s", format_name(file->format),
                              *file->variant != '\0' ? ":" : "", file->variant),
            .size = parsed->plan->files[i].size,
        };
    }
    if (out->count > 0)
        qsort(out->items, out->count, sizeof(*out->items), compare_stocks);
    join_stocks(out);
}

static void format_stocks(const struct stocks *stocks, struct buf *out)
{
    for (size_t i = 0; i < stocks->count && i < LISTED_MAX; i++)
        buf_addf(out, "%s%s (%s)", i > 0 ? ", " : "", stocks->items[i].name,
                 text_format_size(stocks->items[i].size).text);
    if (stocks->count > LISTED_MAX)
        buf_addf(out, ", and %zu more", stocks->count - LISTED_MAX);
}

static int refuse_missing(const struct parsed *parsed, const char *text, const bool *keep,
                          struct error *err)
{
    const char *model = parsed->plan->origin.name;
    CLEANUP(stocks) struct stocks stocks = {NULL, 0};
    CLEANUP(buf) struct buf list = BUF_INIT;

    find_stocks(parsed, keep, FORMAT_NONE, &stocks);
    format_stocks(&stocks, &list);
    if (stocks.count == 0)
        return error_set(err, ERROR_NOT_FOUND,
                         "'%s' has no weights in the format '%s', nor in any other known one; "
                         "choose files by --include",
                         model, text);
    return error_set(err, ERROR_NOT_FOUND, "'%s' has no weights in the format '%s'; it has %s",
                     model, text, buf_text(&list));
}

static bool is_weights_of(const struct weights_file *file, enum format format, const char *variant)
{
    return file->is_weights && file->format == format &&
           (variant == NULL || format_variant_equals(format, file->variant, variant));
}

static bool has_weights(const struct parsed *parsed, const bool *keep, enum format format,
                        const char *variant)
{
    for (size_t i = 0; i < parsed->plan->count; i++)
        if (keep[i] && is_weights_of(&parsed->files[i], format, variant))
            return true;
    return false;
}

/* What there is in the variant that is asked for, "": the plain one. */
static void find_bases(const struct parsed *parsed, const bool *keep, enum format format,
                       const char *variant, struct strings *out)
{
    for (size_t i = 0; i < parsed->plan->count; i++)
        if (keep[i] && is_weights_of(&parsed->files[i], format, variant))
            strings_add(out, parsed->files[i].base);
    set_sort(out);
}

/*
 * Of weights that there are in the variant asked for, the others are left out; what there is of no
 * such variant is taken plain, as loaders do it.
 */
static void choose_variant(const struct parsed *parsed, enum format format, const char *variant,
                           bool *keep)
{
    CLEANUP(strings) struct strings with = STRINGS_INIT;
    CLEANUP(strings) struct strings plain = STRINGS_INIT;

    find_bases(parsed, keep, format, variant, &with);
    find_bases(parsed, keep, format, "", &plain);
    for (size_t i = 0; i < parsed->plan->count; i++) {
        const struct weights_file *file = &parsed->files[i];
        if (!keep[i] || file->format != format || *file->base == '\0')
            continue;
        bool has_it = set_has(&with, file->base);
        if (has_it || set_has(&plain, file->base))
            keep[i] = format_variant_equals(format, file->variant, has_it ? variant : "");
    }
}

/* Each GGUF file, or each set of shards, is of one quantisation. */
static void choose_quantisation(const struct parsed *parsed, const char *variant, bool *keep)
{
    for (size_t i = 0; i < parsed->plan->count; i++)
        if (is_weights_of(&parsed->files[i], FORMAT_GGUF, NULL))
            keep[i] = keep[i] && is_weights_of(&parsed->files[i], FORMAT_GGUF, variant);
}

static bool is_torch(enum format format)
{
    return format == FORMAT_SAFETENSORS || format == FORMAT_PYTORCH;
}

static void find_folders(const struct parsed *parsed, const bool *keep, enum format format,
                         struct strings *out)
{
    for (size_t i = 0; i < parsed->plan->count; i++) {
        if (!keep[i] || !is_weights_of(&parsed->files[i], format, NULL))
            continue;
        CLEANUP(text) char *folder = path_folder(parsed->plan->files[i].path);
        strings_add(out, folder);
    }
    set_sort(out);
}

/*
 * Files of other formats are left out. torch's two are one as far as a folder lacks the one that is
 * asked for; small modules of sentence-transformers are torch's beside any format.
 */
static void drop_other_formats(const struct parsed *parsed, const struct plan_contents *contents,
                               enum format format, bool *keep)
{
    CLEANUP(strings) struct strings folders = STRINGS_INIT;
    CLEANUP(strings) struct strings small = STRINGS_INIT;

    find_folders(parsed, keep, format, &folders);
    contents_find_small_modules(parsed->plan, contents, &small);
    for (size_t i = 0; i < parsed->plan->count; i++) {
        const char *path = parsed->plan->files[i].path;
        enum format own = parsed->files[i].format;
        if (!keep[i] || own == FORMAT_NONE || own == format)
            continue;
        CLEANUP(text) char *folder = path_folder(path);
        if (is_torch(own) && is_torch(format))
            keep[i] = !set_has(&folders, folder);
        else
            keep[i] = is_torch(own) && set_has(&small, folder);
    }
}

int format_choose(const struct plan *plan, const struct plan_selection *selection, bool *keep,
                  struct error *err)
{
    enum format format = FORMAT_NONE;
    const char *variant = NULL;
    CLEANUP(parsed) struct parsed parsed = parse_all(plan);

    if (format_parse(selection->format, &format, &variant, err) < 0)
        return -1;
    if (!has_weights(&parsed, keep, format, variant))
        return refuse_missing(&parsed, selection->format, keep, err);
    drop_other_formats(&parsed, selection->contents, format, keep);
    if (variant == NULL && format == FORMAT_GGUF)
        return 0;
    if (format == FORMAT_GGUF) {
        choose_quantisation(&parsed, variant, keep);
        return 0;
    }
    choose_variant(&parsed, format, variant != NULL ? variant : "", keep);
    if (is_torch(format))
        choose_variant(&parsed, format == FORMAT_PYTORCH ? FORMAT_SAFETENSORS : FORMAT_PYTORCH,
                       variant != NULL ? variant : "", keep);
    return 0;
}

int format_check(const struct plan *plan, const char *text, const bool *keep, struct error *err)
{
    enum format format = FORMAT_NONE;
    const char *variant = NULL;
    const char *lost = NULL;
    CLEANUP(parsed) struct parsed parsed = parse_all(plan);

    if (format_parse(text, &format, &variant, err) < 0)
        return -1;
    if (has_weights(&parsed, keep, format, variant))
        return 0;
    for (size_t i = 0; i < plan->count && lost == NULL; i++)
        if (is_weights_of(&parsed.files[i], format, variant))
            lost = plan->files[i].path;
    return error_set(
        err, ERROR_NOT_FOUND,
        "of the weights of '%s' in the format '%s' none is selected: '%s' is excluded, "
        "or nothing that loads this repo reads it; choose files by --include",
        plan->origin.name, text, lost != NULL ? lost : "");
}

/* Whether something is kept in several precisions. */
static bool is_undecided(const struct parsed *parsed, const bool *keep)
{
    CLEANUP(strings) struct strings kept = STRINGS_INIT; /* the base before the variant */

    for (size_t i = 0; i < parsed->plan->count; i++)
        if (keep[i] && is_weights_of(&parsed->files[i], FORMAT_ONNX, NULL))
            strings_addf(&kept, "%s\n%s", parsed->files[i].base, parsed->files[i].variant);
    set_sort(&kept);
    for (size_t i = 1; i < kept.count; i++) {
        const char *one = kept.items[i - 1];
        size_t base_size = strcspn(one, "\n") + 1;
        if (strncmp(one, kept.items[i], base_size) == 0 && strcmp(one, kept.items[i]) != 0)
            return true;
    }
    return false;
}

int onnx_check(const struct plan *plan, enum plan_weights prefer, bool *keep, struct error *err)
{
    CLEANUP(parsed) struct parsed parsed = parse_all(plan);
    CLEANUP(stocks) struct stocks stocks = {NULL, 0};
    CLEANUP(buf) struct buf list = BUF_INIT;

    find_stocks(&parsed, keep, FORMAT_ONNX, &stocks);
    if (stocks.count < 2 || !is_undecided(&parsed, keep))
        return 0;
    if (prefer == PLAN_KEEP_ONNX && has_weights(&parsed, keep, FORMAT_ONNX, "")) {
        choose_variant(&parsed, FORMAT_ONNX, "", keep);
        return 0;
    }
    format_stocks(&stocks, &list);
    return error_set(err, ERROR_UNSUPPORTED,
                     "'%s' has ONNX weights in %zu precisions, and a loader takes one of them: %s; "
                     "choose one, as in --weights %s",
                     plan->origin.name, stocks.count, buf_text(&list), stocks.items[0].name);
}
