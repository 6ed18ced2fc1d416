#include "store/registry_internal.h"

#include "core/clock.h"

#include <inttypes.h>

#define WAIT_MS 500u
#define WAIT_DOUBLINGS 7u
/* A session that has not moved in so many tries may be what is wrong. */
#define SESSION_TRIES 3u

/* What is produced again goes the way of the blob, and not of its writer. */
struct replay_writer {
    struct writer base;
    struct registry_blob *blob;
    bool is_broken; /* it is the registry that has said no */
};

static int replay_write(struct writer *writer, const void *data, size_t size, struct error *err)
{
    struct replay_writer *replay = CONTAINER_OF(writer, struct replay_writer, base);

    if (registry_blob_put(replay->blob, data, size, err) == 0)
        return 0;
    replay->is_broken = true;
    return -1;
}

static int replay_finish(struct writer *writer, struct error *err)
{
    (void)writer;
    (void)err;
    return 0;
}

static void replay_free(struct writer *writer)
{
    (void)writer;
}

/* Brings what lies between the session and the writer; *is_broken tells whose fault it is. */
static int replay(struct registry_blob *blob, bool *is_broken, struct error *err)
{
    static const struct writer_ops ops = {
        .write = replay_write, .finish = replay_finish, .free = replay_free};
    struct replay_writer out = {.base = {&ops}, .blob = blob};
    uint64_t offset = blob->session.offset;

    *is_broken = true;
    if (blob->is_committed || offset >= blob->passed || blob->held_size > 0 || blob->spool >= 0)
        return 0;
    int result = blob->replay.write(blob->replay.arg, offset, blob->passed, &out.base, err);
    *is_broken = out.is_broken;
    return result;
}

/* It has moved: what was tried before does not count. */
static void begin_counting(struct registry_blob *blob)
{
    blob->tries = 1;
    blob->session.waited_ms = 0;
}

/* The registry has the first bytes of the blob: in chunks the next break costs one at most. */
static void go_on(struct registry_blob *blob, uint64_t offset)
{
    struct registry_session *session = &blob->session;
    uint64_t most = registry_resume_size(session->registry);

    registry_blob_drop(blob);
    session->offset = offset;
    session->is_resumed = true;
    blob->way = WAY_CHUNKS;
    blob->held_most = (size_t)most;
    if (blob->size != SIZE_UNKNOWN && blob->size - offset < most && blob->size > offset)
        blob->held_most = (size_t)(blob->size - offset);
    if (offset > blob->reached && http_is_progress(offset - blob->reached, blob->since_ms))
        begin_counting(blob);
    if (offset > blob->reached) {
        blob->reached = offset;
        blob->since_ms = clock_ms();
    }
}

/* The session may be what is wrong; another has its turn before the tries end. */
static bool is_given_up(const struct registry_blob *blob)
{
    unsigned tries = blob->tries;

    return tries > SESSION_TRIES ||
           (tries > 1 && tries == http_retries(blob->session.registry->http));
}

/* Whether the session can go on; false, without an error, if the blob has to be begun anew. */
static bool find_session(struct registry_blob *blob, bool was_stream)
{
    struct registry_session *session = &blob->session;
    CLEANUP(error) struct error why = ERROR_INIT; /* what broke is told, and not this */
    uint64_t most = registry_resume_size(session->registry);
    uint64_t offset = 0;

    if (session->location == NULL || blob->replay.write == NULL || is_given_up(blob) || most == 0 ||
        registry_refuses_patch(session->registry) ||
        (blob->way != WAY_STREAM && blob->way != WAY_CHUNKS))
        return false;
    if (registry_session_ask(session, &offset, &why) < 0) {
        log_debug(session->registry->log, "the upload cannot go on: %s", why.text);
        return false;
    }
    if (offset == 0 && was_stream && blob->passed > most)
        registry_learn_loss(session->registry);
    if (offset == 0 || offset > blob->passed)
        return false;
    go_on(blob, offset);
    return true;
}

/* What is here stays, in the way that it was to go; the rest is produced again. */
static int begin_anew(struct registry_blob *blob, bool is_kept, struct error *err)
{
    struct registry_session *session = &blob->session;

    writer_free(TAKE(blob->body));
    http_response_release(&blob->answer);
    registry_session_cancel(session);
    session->is_resumed = false;
    session->offset = 0;
    if (registry_session_begin(session, err) < 0)
        return -1;
    if (is_kept)
        return 0;
    registry_blob_drop(blob);
    registry_blob_choose_way(blob);
    return 0;
}

static unsigned wait_ms(unsigned tries)
{
    return WAIT_MS / 2 << (tries < WAIT_DOUBLINGS ? tries : WAIT_DOUBLINGS);
}

/* The answer to the last request may be all that was lost. */
static bool is_committed(struct registry_blob *blob)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* then it is sent again */
    const struct descriptor what = {.digest = *blob->digest};
    uint64_t begun_ms = clock_ms();
    bool is_there = false;

    if (what.digest.algorithm == DIGEST_NONE)
        return false;
    if (registry_has_blob(&blob->session.registry->base, &what, &is_there, &ignored) < 0)
        registry_session_note_wait(&blob->session, clock_ms() - begun_ms);
    return is_there;
}

/* Finds where the blob goes on, which people are told. */
static int find_place(struct registry_blob *blob, bool is_last, bool was_stream, bool is_kept,
                      const struct error *broken, struct error *err)
{
    struct registry_session *session = &blob->session;

    if (!is_kept && find_session(blob, was_stream)) {
        registry_session_tell(session, blob->passed, blob->tries + 1, broken);
        return 0;
    }
    if (is_last && is_committed(blob)) {
        blob->is_committed = true;
        return 0;
    }
    if (begin_anew(blob, is_kept, err) < 0)
        return -1;
    registry_session_tell(session, blob->passed, blob->tries + 1, broken);
    return 0;
}

/* Another job that has failed ends the wait, too. */
static int wait_before(struct registry_blob *blob, struct error *err)
{
    struct registry *registry = blob->session.registry;
    const struct cancel *cancel =
        blob->session.cancel != NULL ? blob->session.cancel : registry->cancel;

    if (cancel_wait(cancel, wait_ms(blob->tries), err) < 0)
        return -1;
    return registry_wait(registry, err);
}

static int find_again(struct registry_blob *blob, bool is_last, const struct error *broken,
                      struct error *err)
{
    bool was_stream = blob->way == WAY_STREAM && blob->body != NULL;
    bool is_kept = registry_blob_is_kept(blob, is_last);

    writer_free(TAKE(blob->body));
    if (wait_before(blob, err) < 0)
        return -1;
    blob->session.is_recovering = true;
    int result = find_place(blob, is_last, was_stream, is_kept, broken, err);
    blob->session.is_recovering = false;
    return result;
}

/* More tries help nobody; `err` says what the last one came to. */
static int give_up(const struct registry_blob *blob, struct error *err)
{
    uint64_t waited_ms = blob->session.waited_ms;

    if (blob->tries == http_retries(blob->session.registry->http))
        return error_wrap(err, "nothing has moved in %u tries", blob->tries + 1);
    return error_wrap(err, "nothing has moved in %" PRIu64 " s of waiting", waited_ms / 1000);
}

int registry_blob_recover(struct registry_blob *blob, bool is_last, struct error *err)
{
    struct registry *registry = blob->session.registry;

    for (;;) {
        CLEANUP(error) struct error broken = ERROR_INIT;
        bool is_broken = true;

        if (err->kind != ERROR_UNREACHABLE ||
            (blob->replay.write == NULL && !registry_blob_is_kept(blob, is_last)))
            return -1;
        if (blob->tries == http_retries(registry->http) ||
            http_has_waited(registry->http, blob->session.waited_ms))
            return give_up(blob, err);
        blob->tries++;
        error_move(&broken, err);
        if (find_again(blob, is_last, &broken, err) == 0 && replay(blob, &is_broken, err) == 0)
            return 0;
        if (!is_broken)
            return -1;
    }
}

void registry_set_replay(struct writer *blob, const struct blob_replay *replay)
{
    struct registry_blob *self = CONTAINER_OF(blob, struct registry_blob, base);

    self->replay = *replay;
    self->session.name = replay->name;
    self->session.cancel = replay->cancel;
}
