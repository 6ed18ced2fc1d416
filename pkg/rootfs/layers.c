#include "rootfs/toc_internal.h"

#include "core/clock.h"
#include "core/text.h"
#include "core/workers.h"
#include "store/store.h"

#include <inttypes.h>
#include <string.h>

#define ATTEMPTS 3
#define ATTEMPT_WAIT_MS 1000
/* Of the listings that one answer needs, all together. */
#define MEMORY_LIMIT ((size_t)1024 * 1024 * 1024)

enum slot_state {
    SLOT_UNREAD,
    SLOT_RUNNING, /* belongs to the thread that reads it */
    SLOT_READ,
    SLOT_BROKEN,
};

/* What is known of one layer. */
struct slot {
    struct rootfs_layer layer; /* its annotations are gone: they are in `table` */
    struct toc table;
    enum slot_state state;
    struct listing *listing; /* SLOT_READ */
    struct error error;      /* SLOT_BROKEN */
    bool is_remembered;      /* came from the memo */
    bool is_asked_for;
};

struct layers {
    struct store *store;                      /* borrowed */
    const struct cancel *cancel;              /* borrowed; may be NULL */
    const struct log *log;                    /* borrowed; may be NULL */
    const struct progress *progress;          /* borrowed; may be NULL */
    const struct sandbox *sandbox;            /* borrowed; may be NULL */
    char *memo;                               /* NULL: nothing is kept */
    const struct rootfs_selection *selection; /* borrowed; NULL: none */
    struct layers *known;                     /* borrowed; NULL: none */
    size_t jobs;
    size_t count;
    struct cancel stop; /* of the running threads; child of `cancel` */
    atomic_uint_fast64_t fetched;
    pthread_t *threads;
    size_t thread_count;
    pthread_mutex_t lock; /* guards the following */
    pthread_cond_t changed;
    size_t asked; /* the slots before this one were asked for */
    struct slot *slots;
};

/* One thread's work on one slot. */
struct job {
    struct layers *layers;
    struct rootfs_layer layer;
    struct toc table; /* TOC_NONE once it has turned out to be of no use */
    struct scan_wanted wanted;
    const struct cancel *cancel;
    struct listing *listing;
    bool is_remembered;
};

/* Annotations that promise what is not known here are no reason to refuse the image. */
static void slot_init(struct slot *slot, const struct rootfs_layer *layer, const struct log *log)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    slot->layer = *layer;
    slot->layer.stargz_toc = slot->layer.chunked_checksum = slot->layer.chunked_position = NULL;
    if (toc_promise(layer, &slot->table, &err) < 0)
        log_debug(log, "the table of contents of the layer %s is not used: %s",
                  digest_format(&layer->blob.digest).text, err.text);
}

void layers_set_known(struct layers *layers, struct layers *known)
{
    layers->known = known;
}

int layers_open(const struct rootfs_options *options, struct layers **out, struct error *err)
{
    for (size_t i = 0; i < options->layer_count; i++)
        if (layer_check(&options->layers[i], err) < 0)
            return error_wrap(err, "layer %zu of %zu", i + 1, options->layer_count);

    struct layers *layers = xcalloc(1, sizeof(*layers));
    layers->store = options->store;
    layers->cancel = options->cancel;
    layers->log = options->log;
    layers->progress = options->progress;
    layers->selection = options->selection;
    layers->sandbox = options->sandbox;
    layers->memo = options->memo != NULL ? xstrdup(options->memo) : NULL;
    layers->jobs = options->jobs > 0 ? options->jobs : WORKERS_DEFAULT;
    layers->count = options->layer_count;
    layers->stop.parent = options->cancel;
    layers->slots = xcalloc(layers->count, sizeof(*layers->slots));
    for (size_t i = 0; i < layers->count; i++)
        slot_init(&layers->slots[i], &options->layers[layers->count - 1 - i], layers->log);
    layers->threads = xcalloc(layers->jobs, sizeof(*layers->threads));
    pthread_mutex_init(&layers->lock, NULL);
    clock_condition_init(&layers->changed);
    *out = layers;
    return 0;
}

void layers_free(struct layers *layers)
{
    if (layers == NULL)
        return;
    layers_stop(layers);
    for (size_t i = 0; i < layers->count; i++)
        listing_free(layers->slots[i].listing);
    pthread_cond_destroy(&layers->changed);
    pthread_mutex_destroy(&layers->lock);
    free(layers->threads);
    free(layers->slots);
    free(layers->memo);
    free(layers);
}

static void count_fetched(void *arg, uint64_t size)
{
    struct layers *layers = arg;

    atomic_fetch_add(&layers->fetched, size);
}

static int job_scan(struct job *job, struct error *err)
{
    struct layers *layers = job->layers;
    const struct layer_request request = {
        .store = layers->store,
        .sandbox = layers->sandbox,
        .layer = &job->layer,
        .wanted = job->wanted,
        .selection = layers->selection,
        .cancel = job->cancel,
        .count = count_fetched,
        .count_arg = layers,
        .progress = layers->progress,
    };

    return layer_read(&request, &job->listing, err);
}

static struct memo_key job_key(const struct job *job)
{
    const struct rootfs_selection *selection = job->layers->selection;

    return (struct memo_key){
        .content = job->layer.diff_id,
        .blob = job->layer.blob.digest,
        .selection = selection != NULL ? selection->name : NULL,
    };
}

/* A memo is a help and never a hindrance: what is wrong with one is only logged. */
static void job_save(const struct job *job)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct layers *layers = job->layers;
    const struct memo_key key = job_key(job);

    if (layers->memo != NULL && !job->layer.hash_contents &&
        memo_save(layers->memo, &key, job->listing, &err) < 0)
        log_debug(layers->log, "what a layer holds is not remembered: %s", err.text);
}

/* The listing of the same layer, with hashes if they are wanted. */
static struct listing *known_listing(struct layers *known, const struct rootfs_layer *layer)
{
    struct listing *found = NULL;

    if (known == NULL)
        return NULL;
    pthread_mutex_lock(&known->lock);
    for (size_t i = 0; i < known->count && found == NULL; i++) {
        const struct slot *slot = &known->slots[i];
        if (slot->state == SLOT_READ && (slot->layer.hash_contents || !layer->hash_contents) &&
            digest_equal(&slot->layer.diff_id, &layer->diff_id) &&
            digest_equal(&slot->layer.blob.digest, &layer->blob.digest))
            found = listing_share(slot->listing);
    }
    pthread_mutex_unlock(&known->lock);
    return found != NULL ? found : known_listing(known->known, layer);
}

static bool job_remember(struct job *job)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct layers *layers = job->layers;
    const struct memo_key key = job_key(job);

    if (job->wanted.path != NULL)
        return false;
    if (layers->selection == NULL)
        job->listing = known_listing(layers->known, &job->layer);
    if (job->listing != NULL)
        return true;
    if (layers->memo == NULL || job->layer.hash_contents)
        return false;
    if (memo_load(layers->memo, &key, &job->listing, &err) == 0) {
        job->is_remembered = true;
        return true;
    }
    if (err.kind != ERROR_NOT_FOUND)
        log_debug(layers->log, "what was remembered of a layer is ignored: %s", err.text);
    return false;
}

/* Leaves the listing NULL if there is no table, or none that can be used. */
static int job_read_table(struct job *job, struct error *err)
{
    struct layers *layers = job->layers;
    const struct toc_request request = {
        .store = layers->store,
        .blob = &job->layer.blob,
        .table = &job->table,
        .wanted = job->wanted,
        .memo = layers->memo,
        .cancel = job->cancel,
        .log = layers->log,
        .sandbox = layers->sandbox,
        .count = count_fetched,
        .count_arg = layers,
    };

    if (job->table.format == TOC_NONE || job->layer.hash_contents || layers->selection != NULL)
        return 0;
    if (toc_find(&request, &job->listing, &job->is_remembered, err) < 0)
        return -1;
    if (job->listing == NULL)
        job->table.format = TOC_NONE;
    return 0;
}

static int job_run(struct job *job, struct error *err)
{
    if (job_remember(job))
        return 0;
    if (job_read_table(job, err) < 0)
        return -1;
    if (job->listing != NULL)
        return 0;
    log_debug(job->layers->log, "reading the layer %s, %s",
              digest_format(&job->layer.blob.digest).text,
              text_format_size(job->layer.blob.size).text);
    for (unsigned attempt = 1; job_scan(job, err) < 0; attempt++) {
        if (err->kind == ERROR_NOT_FOUND) { /* which is for files that the image does not have */
            err->kind = ERROR_CORRUPT;
            return error_wrap(err, "the image is not complete");
        }
        if (err->kind != ERROR_UNREACHABLE || attempt == ATTEMPTS)
            return -1;
        log_again(job->layers->log, err->text, ATTEMPT_WAIT_MS * attempt, attempt + 1, ATTEMPTS);
        if (cancel_wait(job->cancel, ATTEMPT_WAIT_MS * attempt, err) < 0)
            return -1;
    }
    job_save(job);
    return 0;
}

/*
 * The topmost slot that is to be read now, or NULL. While layers are read for their hashes, those
 * below that are not may never be needed. The lock is held.
 */
static struct slot *layers_next(struct layers *layers)
{
    size_t end = layers->asked + layers->jobs - 1;

    for (size_t i = 0; layers->asked > 0 && i < end && i < layers->count; i++) {
        struct slot *slot = &layers->slots[i];
        bool hashed = layers->slots[layers->asked - 1].layer.hash_contents;
        if (slot->state == SLOT_UNREAD &&
            (i < layers->asked || slot->layer.hash_contents == hashed))
            return slot;
    }
    return NULL;
}

/* Waits for a change, or until it is time to look at who wants to stop. The lock is held. */
static void layers_wait(struct layers *layers)
{
    clock_wait(&layers->changed, &layers->lock, CANCEL_POLL_MS);
}

/* Reads the slot, which nobody else touches while it is running. The lock is held, save in between.
 */
static void slot_read(struct slot *slot, struct layers *layers)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    struct job job = {
        .layers = layers, .layer = slot->layer, .table = slot->table, .cancel = &layers->stop};

    slot->state = SLOT_RUNNING;
    pthread_mutex_unlock(&layers->lock);
    int result = job_run(&job, &err);
    pthread_mutex_lock(&layers->lock);
    slot->listing = job.listing;
    slot->table = job.table;
    slot->is_remembered = job.is_remembered;
    slot->state = SLOT_READ;
    if (result < 0 && err.kind == ERROR_CANCELED && cancel_is_requested(&layers->stop))
        slot->state = SLOT_UNREAD;
    else if (result < 0)
        slot->state = SLOT_BROKEN;
    if (slot->state == SLOT_BROKEN)
        error_move(&slot->error, &err);
    pthread_cond_broadcast(&layers->changed);
}

static void *layers_thread(void *arg)
{
    struct layers *layers = arg;

    pthread_mutex_lock(&layers->lock);
    while (!cancel_is_requested(&layers->stop)) {
        struct slot *slot = layers_next(layers);
        if (slot != NULL)
            slot_read(slot, layers);
        else
            layers_wait(layers);
    }
    pthread_mutex_unlock(&layers->lock);
    return NULL;
}

static void layers_start(struct layers *layers)
{
    size_t wanted = layers->jobs < layers->count ? layers->jobs : layers->count;

    while (layers->thread_count < wanted &&
           pthread_create(&layers->threads[layers->thread_count], NULL, layers_thread, layers) == 0)
        layers->thread_count++;
}

void layers_stop(struct layers *layers)
{
    cancel_request(&layers->stop);
    pthread_mutex_lock(&layers->lock);
    layers->asked = 0;
    pthread_cond_broadcast(&layers->changed);
    pthread_mutex_unlock(&layers->lock);
    for (size_t i = 0; i < layers->thread_count; i++)
        pthread_join(layers->threads[i], NULL);
    layers->thread_count = 0;
    for (size_t i = 0; i < layers->count; i++) {
        struct slot *slot = &layers->slots[i];
        if (slot->state == SLOT_BROKEN) /* who asks again shall get another try */
            slot->state = SLOT_UNREAD;
        error_release(&slot->error);
    }
    atomic_store(&layers->stop.requested, false);
}

static size_t layers_memory(const struct layers *layers, size_t depth)
{
    size_t memory = 0;

    for (size_t i = 0; i <= depth; i++)
        memory += layers->slots[i].listing != NULL ? layers->slots[i].listing->memory : 0;
    return memory;
}

/* The lock is held. */
static int slot_wait(struct slot *slot, struct layers *layers, struct error *err)
{
    while (slot->state != SLOT_READ && slot->state != SLOT_BROKEN) {
        if (cancel_check(layers->cancel, err) < 0)
            return -1;
        if (layers->thread_count == 0 && slot->state == SLOT_UNREAD)
            slot_read(slot, layers); /* this machine gives no thread; then it is done here */
        else
            layers_wait(layers);
    }
    if (slot->state == SLOT_READ)
        return 0;
    return error_set(err, slot->error.kind, "%s", slot->error.text);
}

int layers_get(struct layers *layers, size_t depth, const struct listing **out, struct error *err)
{
    struct slot *slot = &layers->slots[depth];
    size_t number = layers->count - depth;

    pthread_mutex_lock(&layers->lock);
    bool is_read = slot->state == SLOT_READ;
    if (layers->asked <= depth)
        layers->asked = depth + 1;
    pthread_cond_broadcast(&layers->changed);
    pthread_mutex_unlock(&layers->lock);
    if (!is_read)
        layers_start(layers);
    pthread_mutex_lock(&layers->lock);
    int result = slot_wait(slot, layers, err);
    slot->is_asked_for = result == 0;
    size_t memory = layers_memory(layers, depth);
    pthread_mutex_unlock(&layers->lock);
    if (result < 0)
        return error_wrap(err, "layer %zu of %zu", number, layers->count);
    if (memory > MEMORY_LIMIT)
        return error_set(err, ERROR_UNSUPPORTED,
                         "the lists of the layers' files need more than %zu MiB, the most that is "
                         "given to one image",
                         MEMORY_LIMIT / (size_t)MIB);
    *out = slot->listing;
    return 0;
}

int layers_read_again(struct layers *layers, size_t depth, const struct scan_wanted *wanted,
                      struct error *err)
{
    struct slot *slot = &layers->slots[depth];
    struct job job = {.layers = layers,
                      .layer = slot->layer,
                      .table = slot->table,
                      .wanted = *wanted,
                      .cancel = layers->cancel};

    layers_stop(layers); /* no other layer is needed any more */
    if (job_run(&job, err) < 0)
        return error_wrap(err, "layer %zu of %zu", layers->count - depth, layers->count);
    listing_free(slot->listing);
    slot->listing = job.listing;
    slot->is_remembered = false;
    return 0;
}

/* Threads that read ahead look at it. */
static void set_hash_contents(struct layers *layers, size_t depth, bool wanted)
{
    pthread_mutex_lock(&layers->lock);
    layers->slots[depth].layer.hash_contents = wanted;
    pthread_mutex_unlock(&layers->lock);
}

int layers_hash(struct layers *layers, size_t depth, struct error *err)
{
    const struct scan_wanted none = {NULL, 0};

    if (layers->slots[depth].layer.hash_contents)
        return 0;
    set_hash_contents(layers, depth, true);
    if (layers_read_again(layers, depth, &none, err) == 0)
        return 0;
    set_hash_contents(layers, depth, false);
    return -1;
}

const struct descriptor *layers_blob(const struct layers *layers, size_t depth)
{
    return &layers->slots[depth].layer.blob;
}

size_t layers_count(const struct layers *layers)
{
    return layers->count;
}

bool layers_are_read(struct layers *layers)
{
    bool are = true;

    pthread_mutex_lock(&layers->lock);
    for (size_t i = 0; i < layers->count; i++)
        are = are && layers->slots[i].state == SLOT_READ;
    pthread_mutex_unlock(&layers->lock);
    return are;
}

uint64_t layers_fetched(const struct layers *layers)
{
    return atomic_load(&layers->fetched);
}

size_t layers_remembered(const struct layers *layers)
{
    size_t count = 0;

    for (size_t i = 0; i < layers->count; i++)
        count += layers->slots[i].is_remembered && layers->slots[i].is_asked_for;
    return count;
}
