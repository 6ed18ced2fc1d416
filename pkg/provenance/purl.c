#include "provenance/provenance_internal.h"

#include <string.h>

static void encode(struct buf *out, const char *text, const char *more)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_~:";

    for (; *text != '\0'; text++) {
        if (strchr(plain, *text) != NULL || strchr(more, *text) != NULL)
            buf_add(out, text, 1);
        else
            buf_addf(out, "%%%02X", (unsigned)(unsigned char)*text);
    }
}

void purl_encode(struct buf *out, const char *text)
{
    encode(out, text, "/");
}

void purl_encode_part(struct buf *out, const char *text)
{
    encode(out, text, "");
}

/* What stands behind the last '/'. */
static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* purl-spec, types, "oci": the name is the last part of the repository. */
static char *purl_of_image(const struct reference *reference, const struct digest *digest)
{
    CLEANUP(buf) struct buf purl = BUF_INIT;

    buf_add_text(&purl, "pkg:oci/");
    purl_encode_part(&purl, last_part(reference->repository));
    buf_addf(&purl, "@%s?repository_url=", digest_format(digest).text);
    purl_encode(&purl, reference->registry);
    buf_add_text(&purl, "/");
    purl_encode(&purl, reference->repository);
    if (reference->tag != NULL) {
        buf_add_text(&purl, "&tag=");
        purl_encode_part(&purl, reference->tag);
    }
    return buf_take(&purl);
}

/* Where a layout lies on this machine is nobody's business, and differs from run to run. */
static char *name_of_image(const struct reference *reference)
{
    struct reference shown = *reference;
    const char *part = reference->path != NULL ? last_part(reference->path) : "";
    CLEANUP(text) char *path = xstrdup(*part != '\0' ? part : "-");

    if (reference->path != NULL)
        shown.path = path;
    return reference_format(&shown, false);
}

void provenance_image_set(struct provenance_image *image, const struct reference *reference,
                          const struct digest *digest)
{
    bool has_purl = reference->kind == REFERENCE_REGISTRY && digest->algorithm != DIGEST_NONE;

    provenance_image_release(image);
    image->name = name_of_image(reference);
    image->purl = has_purl ? purl_of_image(reference, digest) : NULL;
    image->digest = *digest;
}

void provenance_image_release(struct provenance_image *image)
{
    free(image->name);
    free(image->purl);
    *image = (struct provenance_image)PROVENANCE_IMAGE_INIT;
}

/* purl-spec, types, "huggingface": it is for models alone. */
static char *purl_of_hub_model(const char *name, const char *pin)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    buf_add_text(&text, "pkg:huggingface/");
    purl_encode(&text, name);
    buf_addf(&text, "@%s", pin);
    return buf_take(&text);
}

/* purl-spec, types, "generic", with the qualifier "vcs_url" as SPDX has it: git+URL@COMMIT. */
static char *purl_of_dataset(const char *name, const char *pin)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    buf_add_text(&text, "pkg:generic/");
    purl_encode(&text, name);
    buf_addf(&text, "@%s?vcs_url=", pin);
    purl_encode(&text, "git+");
    purl_encode(&text, origin_traits(ORIGIN_HUB_DATASET)->uri);
    purl_encode(&text, name);
    purl_encode(&text, "@");
    buf_add_text(&text, pin);
    return buf_take(&text);
}

char *purl_of_model(const struct origin *origin, const char *pin)
{
    if (origin->kind == ORIGIN_HUB_MODEL)
        return purl_of_hub_model(origin->name, pin);
    return origin->kind == ORIGIN_HUB_DATASET ? purl_of_dataset(origin->name, pin) : NULL;
}

char *uri_of_model(const struct origin *origin, const char *pin)
{
    const struct origin_traits *traits = origin_traits(origin->kind);
    CLEANUP(buf) struct buf text = BUF_INIT;

    if (origin->kind == ORIGIN_HUB_MODEL)
        return purl_of_hub_model(origin->name, pin);
    if (traits->grammar == GRAMMAR_URL)
        return text_display_url(origin->name);
    if (traits->uri == NULL)
        return NULL;
    buf_add_text(&text, traits->uri);
    encode(&text, origin->name, "/@");
    if (origin->kind == ORIGIN_HUB_DATASET) /* a page that has this state of it */
        buf_addf(&text, "/tree/%s", pin);
    else if (origin_has_tag(origin->kind) && origin->revision != NULL)
        buf_addf(&text, ":%s", origin->revision);
    return buf_take(&text);
}

bool origin_of_kept(const struct provenance_kept *kept, struct origin *out)
{
    const char *name;

    if (kept->source != NULL) /* its name may be of the Hub's form all the same */
        return false;
    out->kind = origin_from_record(kept->name, &name);
    out->name = xstrdup(name);
    return true;
}

char *uri_of_kept(const struct provenance_kept *kept)
{
    CLEANUP(origin) struct origin origin = ORIGIN_INIT;

    return origin_of_kept(kept, &origin) ? uri_of_model(&origin, kept->pin) : NULL;
}

char *provenance_ask(const struct origin *origin)
{
    return origin_is_local(origin->kind) ? origin_join(origin->kind, last_part(origin->name))
                                         : origin_format(origin);
}
