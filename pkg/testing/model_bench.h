#ifndef INLAY_TESTING_MODEL_BENCH_H
#define INLAY_TESTING_MODEL_BENCH_H

/* For tests that ask for models. */

#include "models/request.h"
#include "testing/bench.h"

#define BENCH_MODELS_MAX 8

/* How each model is baked: for the Hub's cache, automatically. A test may change them. */
static inline struct model_choice *bench_choices(struct bench *bench)
{
    if (bench->choices != NULL)
        return bench->choices;
    bench->choices = xcalloc(BENCH_MODELS_MAX, sizeof(*bench->choices));
    for (size_t i = 0; i < BENCH_MODELS_MAX; i++)
        bench->choices[i].layout = layout_find(NULL);
    return bench->choices;
}

#endif
