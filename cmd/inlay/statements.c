#include "statements.h"

#include "core/file.h"

#include <string.h>

void statements_release(struct statements *statements)
{
    for (size_t i = 0; i < statements->count; i++)
        statement_release(&statements->items[i]);
    free(statements->items);
    strings_release(&statements->names);
    *statements = (struct statements){.items = NULL};
}

static int add(struct statements *statements, const char *name, const struct buf *bytes,
               struct error *err)
{
    struct statement statement = STATEMENT_INIT;

    if (statement_parse(bytes, &statement, err) < 0)
        return -1;
    statements->items =
        xrealloc(statements->items, statements->count + 1, sizeof(*statements->items));
    statements->items[statements->count++] = statement;
    strings_add(&statements->names, name);
    return 0;
}

static int read_file(const char *path, struct statements *out, struct error *err)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;

    if (file_read(path, REFERRER_LIMIT, &bytes, err) < 0)
        return -1;
    CLEANUP(text) char *name = xasprintf("'%s'", path);
    return add(out, name, &bytes, err) < 0 ? error_wrap(err, "'%s'", path) : 0;
}

/* What others state of the image in the same form says nothing of its models. */
static int read_one(struct store *store, const struct digest *image,
                    const struct descriptor *manifest, const struct log *log,
                    struct statements *out, struct error *err)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(error) struct error why = ERROR_INIT;
    struct digest_text name = digest_format(&manifest->digest);

    if (store_read_referrer(store, image, PROVENANCE_MEDIA_TYPE, manifest, &bytes, err) < 0)
        return -1;
    if (add(out, name.text, &bytes, &why) == 0)
        return 0;
    if (why.kind != ERROR_UNSUPPORTED) {
        error_wrap(&why, "the statement %s", name.text);
        return error_move(err, &why);
    }
    log_info(log, "passed over: the statement %s: %s", name.text, why.text);
    return 0;
}

static int read_attached(struct store *store, const struct document *image, const struct log *log,
                         struct statements *out, struct error *err)
{
    const struct digest *digest = &image->descriptor.digest;
    struct descriptor *found = NULL;
    size_t count = 0;
    int result = 0;

    if (store_list_referrers(store, digest, PROVENANCE_MEDIA_TYPE, &found, &count, err) < 0)
        return -1;
    for (size_t i = 0; i < count && result == 0; i++)
        result = read_one(store, digest, &found[i], log, out, err);
    free(found);
    if (result < 0 || out->count > 0)
        return result;
    return error_set(err, ERROR_NOT_FOUND,
                     "'%s' has no statement of inlay's about %s; 'inlay inject --provenance' "
                     "attaches one",
                     store->name, digest_format(digest).text);
}

/* What a statement is about has to have a digest that is the same wherever it is read. */
static int refuse_place(const struct reference *image, struct error *err)
{
    const struct reference_traits *traits = reference_traits(image->kind);

    if (!traits->lacks_manifests)
        return 0;
    return error_set(err, ERROR_UNSUPPORTED,
                     "--provenance: a statement names the digest of an image's manifest, and %s "
                     "keeps no manifest; compare the image in a registry, an OCI layout or an OCI "
                     "archive",
                     traits->title);
}

int statements_read(const struct options *line, const struct reference *reference,
                    struct store *store, const struct log *log, struct statements *out,
                    struct error *err)
{
    const char *const *files = options_list(line, "provenance");
    CLEANUP(text) char *version = reference_version(reference);
    CLEANUP(document) struct document image = DOCUMENT_INIT;

    if (files == NULL)
        return 0;
    if (refuse_place(reference, err) < 0 || store_read_document(store, version, &image, err) < 0)
        return -1;
    for (; *files != NULL; files++) {
        int result = **files != '\0' ? read_file(*files, out, err)
                                     : read_attached(store, &image, log, out, err);
        if (result < 0)
            return error_wrap(err, "--provenance");
    }
    return 0;
}
