#include "store/store_internal.h"

#include "core/clock.h"

#include <string.h>

/* A look at a tag that took no time is good for so long. */
#define FRESH_MS 25u

int tag_state_parse(const char *text, struct tag_state *out, struct error *err)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* what is expected says more */
    struct tag_state found = {.kind = TAG_NONE, .is_demanded = true};

    if (strcmp(text, "none") != 0) {
        found.kind = TAG_IMAGE;
        if (digest_parse(text, &found.digest, &ignored) < 0)
            return error_set(err, ERROR_USAGE, "'%s' is no digest; expected sha256:… or 'none'",
                             text);
    }
    *out = found;
    return 0;
}

static bool is_same(const struct tag_state *a, const struct tag_state *b)
{
    return a->kind == b->kind && (a->kind != TAG_IMAGE || digest_equal(&a->digest, &b->digest));
}

static char *format_state(const struct tag_state *state)
{
    return state->kind == TAG_IMAGE ? xstrdup(digest_format(&state->digest).text)
                                    : xstrdup("no image");
}

int tag_state_check(const struct store *store, const char *version,
                    const struct tag_state *expected, const struct tag_state *found,
                    struct error *err)
{
    CLEANUP(text) char *now = format_state(found);
    CLEANUP(text) char *before = format_state(expected);

    if (expected->kind == TAG_ANY || is_same(expected, found))
        return 0;
    if (expected->is_demanded)
        return error_set(err, ERROR_CONFLICT,
                         "--expect says %s, and '%s' of '%s' shows %s: it is left as it is; look "
                         "at that, and run again with the --expect that is true now",
                         before, version, store->name, now);
    return error_set(err, ERROR_CONFLICT,
                     "'%s' of '%s' shows %s, expected %s: somebody else has moved it, and it is "
                     "left as it is; run again to go by what it shows now, or replace that with "
                     "--overwrite",
                     version, store->name, now, before);
}

int tag_state_read(struct store *store, const char *version, struct tag_state *out,
                   struct error *err)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(error) struct error why = ERROR_INIT;
    struct descriptor what = DESCRIPTOR_INIT;

    if (store->ops->read_manifest(store, version, &bytes, &what, &why) == 0) {
        *out = (struct tag_state){.kind = TAG_IMAGE, .digest = what.digest};
        return 0;
    }
    if (why.kind != ERROR_NOT_FOUND)
        return error_move(err, &why);
    *out = (struct tag_state){.kind = TAG_NONE};
    return 0;
}

int store_read_tag(struct store *store, const char *version, struct tag_state *out,
                   struct error *err)
{
    if (store->ops->read_tag != NULL)
        return store->ops->read_tag(store, version, out, err);
    return tag_state_read(store, version, out, err);
}

/* The image cannot be read there, and yet it may be replaced. */
static bool may_be_replaced(enum error_kind why)
{
    return why == ERROR_DENIED || why == ERROR_CORRUPT || why == ERROR_UNSUPPORTED;
}

int store_note_tag(struct store *store, const char *version, const struct tag_state *expected,
                   struct notes *notes, struct tag_state *out, struct error *err)
{
    CLEANUP(error) struct error why = ERROR_INIT;
    struct tag_state found = {.kind = TAG_ANY};
    bool matters = expected == NULL || expected->kind != TAG_ANY;

    *out = found;
    if (version == NULL)
        return 0;
    if (store_read_tag(store, version, &found, &why) == 0) {
        *out = found;
        return 0;
    }
    if (why.kind == ERROR_CANCELED || (matters && expected != NULL)) {
        error_move(err, &why);
        return error_wrap(err, "what '%s' shows now", version);
    }
    if (matters && !may_be_replaced(why.kind)) {
        error_move(err, &why);
        return error_wrap(err, "what '%s' shows now (--overwrite does without)", version);
    }
    if (matters)
        notes_warn(
            notes,
            "what '%s' of '%s' shows cannot be read, so if somebody else moves it meanwhile, "
            "that is replaced unnoticed: %s",
            version, store->name, why.text);
    return 0;
}

static int read_ahead(void *arg, struct error *err)
{
    struct tag_look *look = arg;
    int result = store_read_tag(look->store, look->version, &look->found, err);

    look->ended_ms = clock_ms();
    return result;
}

void tag_look_begin(struct tag_look *look, const struct cancel *cancel)
{
    look->begun_ms = clock_ms();
    ahead_begin(&look->ahead, read_ahead, look, cancel);
}

void tag_look_release(struct tag_look *look)
{
    ahead_release(&look->ahead);
}

static bool is_fresh(const struct tag_look *look)
{
    uint64_t most_ms = 2 * (look->ended_ms - look->begun_ms);

    return clock_ms() - look->ended_ms <= (most_ms > FRESH_MS ? most_ms : FRESH_MS);
}

int tag_look_take(struct tag_look *look, struct tag_state *out, struct error *err)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* asked once more, it may be another */

    if (look->ahead.is_begun && ahead_join(&look->ahead, &ignored) == 0 && is_fresh(look)) {
        *out = look->found;
        return 0;
    }
    return store_read_tag(look->store, look->version, out, err);
}

int tag_state_ask(struct tag_look *look, const struct tag_state *expected, const struct digest *own,
                  bool *is_shown, struct error *err)
{
    struct tag_state found = {.kind = TAG_ANY};

    *is_shown = false;
    if (expected->kind == TAG_ANY)
        return 0;
    if (tag_look_take(look, &found, err) < 0)
        return error_wrap(err,
                          "what '%s' shows is looked at before it is written (--overwrite "
                          "does without)",
                          look->version);
    *is_shown = found.kind == TAG_IMAGE && digest_equal(&found.digest, own);
    return *is_shown ? 0 : tag_state_check(look->store, look->version, expected, &found, err);
}

int store_write_tag(struct store *store, const char *version, const char *media_type,
                    const struct buf *manifest, const struct tag_state *expected, struct error *err)
{
    struct digest own = digest_of(DIGEST_SHA256, buf_text(manifest), manifest->size);
    CLEANUP(tag_look) struct tag_look look = {.store = store, .version = version};
    bool is_shown = false;

    if (expected == NULL || expected->kind == TAG_ANY || version == NULL)
        return store_write_manifest(store, version, media_type, manifest, err);
    if (store_check_version(store, version, err) < 0)
        return -1;
    if (store->ops->write_tag != NULL)
        return store->ops->write_tag(store, version, media_type, manifest, expected, err);
    if (tag_state_ask(&look, expected, &own, &is_shown, err) < 0)
        return -1;
    return is_shown ? 0 : store_write_manifest(store, version, media_type, manifest, err);
}
