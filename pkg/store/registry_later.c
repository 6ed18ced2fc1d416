#include "store/registry_internal.h"

#include "core/ahead.h"
#include "core/clock.h"

#include <string.h>

#define TRIES_MOST 2u
#define AGAIN_WAIT_MS 1000u
/* Of a run that has failed: what is on its way is left to end for so long. */
#define RELEASE_WAIT_MS 2000u
#define RELEASE_POLL_MS 5u

/* A small blob that is sent while its caller does something else. */
struct later_blob {
    struct registry_blob *blob;
    struct digest digest;
    struct ahead ahead;
    atomic_bool is_over;
};

/* Other bytes have arrived: they are in memory still. */
static int send_again(struct registry_blob *blob, struct error *err)
{
    struct registry_session *session = &blob->session;
    struct registry *registry = session->registry;

    log_again(registry->log, err->text, AGAIN_WAIT_MS, TRIES_MOST, TRIES_MOST);
    error_release(err);
    if (cancel_wait(registry->cancel, AGAIN_WAIT_MS, err) < 0)
        return -1;
    registry_session_cancel(session);
    session->offset = 0;
    return registry_session_begin(session, err);
}

static int send_blob(struct registry_blob *blob, struct error *err)
{
    bool is_again = false;

    while (registry_blob_end(blob, err) < 0) {
        if (err->kind == ERROR_CORRUPT && !is_again) {
            is_again = true;
            if (send_again(blob, err) < 0)
                return registry_blob_explain(blob, err);
            continue;
        }
        if (registry_blob_recover(blob, true, err) < 0)
            return registry_blob_explain(blob, err);
    }
    return 0;
}

static int send_later(void *arg, struct error *err)
{
    struct later_blob *later = arg;
    int result = send_blob(later->blob, err);

    atomic_store(&later->is_over, true);
    return result;
}

/* Takes all of it; what its caller owns is not needed any more. */
static struct registry_blob *take_blob(struct registry_blob *blob, const struct digest *digest)
{
    struct registry_blob *own = xcalloc(1, sizeof(*own));

    *own = *blob;
    own->digest = digest;
    own->replay = (struct blob_replay){.write = NULL};
    own->session.cancel = NULL;
    own->session.name = NULL;
    blob->session.location = NULL;
    blob->answer = (struct http_response)HTTP_RESPONSE_INIT;
    blob->held = NULL;
    blob->held_size = 0;
    return own;
}

/* The lock is held. */
static struct later_blob *add_later(struct registry *registry, struct registry_blob *blob)
{
    if (!registry->writes_later || registry->later_count == REGISTRY_LATER_MOST)
        return NULL;
    struct later_blob *later = xcalloc(1, sizeof(*later));
    later->digest = *blob->digest;
    later->blob = take_blob(blob, &later->digest);
    registry->later[registry->later_count++] = later;
    return later;
}

bool registry_blob_leave(struct registry_blob *blob)
{
    struct registry *registry = blob->session.registry;

    if (!registry_blob_is_kept(blob, true) || blob->spool >= 0 || blob->session.offset > 0 ||
        blob->held_size > REGISTRY_HELD_MOST)
        return false;
    /* What ends the caller's job does not end this: it outlives the job. */
    const struct cancel *job = cancel_enter(NULL);
    pthread_mutex_lock(&registry->lock);
    struct later_blob *later = add_later(registry, blob);
    if (later != NULL)
        ahead_begin(&later->ahead, send_later, later, registry->cancel);
    pthread_mutex_unlock(&registry->lock);
    cancel_enter(job);
    return later != NULL;
}

static void free_later(struct later_blob *later)
{
    ahead_release(&later->ahead);
    registry_blob_free(&later->blob->base);
    free(later);
}

/* The oldest, which is the caller's then; NULL: there is none. */
static struct later_blob *next_later(struct registry *registry)
{
    struct later_blob *next = NULL;

    pthread_mutex_lock(&registry->lock);
    if (registry->later_count > 0) {
        next = registry->later[0];
        registry->later_count--;
        memmove(registry->later, registry->later + 1,
                registry->later_count * sizeof(struct later_blob *));
    }
    pthread_mutex_unlock(&registry->lock);
    return next;
}

int registry_settle(struct store *store, struct error *err)
{
    struct registry *registry = registry_of(store);
    struct later_blob *later;
    int result = 0;

    while ((later = next_later(registry)) != NULL) {
        CLEANUP(error) struct error why = ERROR_INIT;
        int ended = ahead_join(&later->ahead, &why);
        if (ended < 0 && result == 0)
            result = error_move(err, &why);
        free_later(later);
    }
    return result;
}

size_t registry_unsettled(struct store *store)
{
    struct registry *registry = registry_of(store);

    pthread_mutex_lock(&registry->lock);
    size_t count = registry->later_count;
    pthread_mutex_unlock(&registry->lock);
    return count;
}

void registry_later_release(struct registry *registry)
{
    uint64_t until_ms = clock_ms() + RELEASE_WAIT_MS;
    struct later_blob *later;

    while ((later = next_later(registry)) != NULL) {
        CLEANUP(error) struct error ignored = ERROR_INIT; /* it is ended then */
        while (!atomic_load(&later->is_over) && clock_ms() < until_ms &&
               cancel_wait(registry->cancel, RELEASE_POLL_MS, &ignored) == 0)
            continue;
        free_later(later);
    }
}
