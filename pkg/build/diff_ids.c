#include "build/build_internal.h"
#include "build/layer_bytes.h"
#include "core/workers.h"

/* What the layers of a plan unpack to, as far as that is known without a target. */

/* What the jobs share. */
struct measuring {
    const struct run_context *run;
    const struct build_plan *plan;
    const size_t *numbers; /* of the layers that are packed */
    unsigned threads;
    struct digest *out; /* one a layer of the plan */
};

static bool is_known(const char *memo, const struct planned_layer *layer, struct digest *out)
{
    struct image_layer built = {.record = {.kind = NULL}};

    *out = (struct digest)DIGEST_INIT;
    if (layer->fate != LAYER_BUILT && !layer->is_claim)
        *out = layer->diff_id;
    else if (layer_memo_read(memo, LAYER_MEMO_PROVEN, &layer->recipe->digest, &built))
        *out = built.diff_id;
    image_layer_release(&built);
    return out->algorithm != DIGEST_NONE;
}

static int measure(const struct measuring *measuring, size_t number, const struct cancel *cancel,
                   struct error *err)
{
    const struct planned_layer *layer = &measuring->plan->layers[number];
    struct image_layer made = {.record = {.kind = NULL}};
    struct layer_bytes bytes = {
        .layer = layer,
        .source = layer->placed != NULL ? layer->placed->model->from : NULL,
        .threads = measuring->threads,
        .cancel = cancel,
        .progress = measuring->run->progress,
    };

    int result = layer_bytes_measure(&bytes, &made, err);
    if (result == 0) {
        planned_layer_describe(layer, &made.record);
        layer_memo_write(measuring->run, &made);
        measuring->out[number] = made.diff_id;
    }
    image_layer_release(&made);
    return result;
}

static int run_job(void *arg, size_t number, const struct cancel *cancel, struct error *err)
{
    const struct measuring *measuring = arg;
    const struct planned_layer *layer = &measuring->plan->layers[measuring->numbers[number]];
    const struct progress *progress = measuring->run->progress;
    CLEANUP(text) char *title = planned_layer_title(layer);

    progress_begin(progress, title, layer->recipe->content_size);
    int result = measure(measuring, measuring->numbers[number], cancel, err);
    progress_end(progress);
    return result < 0 ? planned_layer_wrap(layer, err) : 0;
}

int diff_ids_find(const struct run_context *run, const struct diff_ids_wanted *wanted,
                  const struct build_plan *plan, struct digest *out, struct error *err)
{
    size_t *numbers = xcalloc(plan->layer_count, sizeof(*numbers));
    struct measuring measuring = {
        .run = run,
        .plan = plan,
        .numbers = numbers,
        .threads = layer_bytes_threads(plan, run->jobs),
        .out = out,
    };
    uint64_t total = 0;
    size_t count = 0;

    for (size_t i = 0; i < plan->layer_count; i++) {
        const struct recipe *recipe = plan->layers[i].recipe;
        if (is_known(run->memo, &plan->layers[i], &out[i]) || wanted->wants == NULL ||
            !wanted->wants(wanted->arg, &recipe->digest))
            continue;
        numbers[count++] = i;
        total += recipe->content_size;
    }
    if (count > 0)
        progress_expect(run->progress, total);
    int result = workers_run(run->jobs, count, run_job, &measuring, run->cancel, err);
    free(numbers);
    return result;
}
