#ifndef INLAY_TESTING_INJECT_BENCH_H
#define INLAY_TESTING_INJECT_BENCH_H

/* For tests that inject. */

#include "inject/inject.h"
#include "testing/model_bench.h"

static inline struct inject_options make_options(struct bench *bench, struct source *const *sources,
                                                 size_t count)
{
    assert_true(count <= BENCH_MODELS_MAX);
    return (struct inject_options){
        .models = {.sources = sources, .choices = bench_choices(bench), .count = count},
        .base = {.store = bench->store, .version = "base", .name = "registry.example.com/base:1"},
        .target = {.store = bench->store, .version = "out"},
        .run = {.log = &bench->log},
    };
}

static inline struct inject_result inject(const struct inject_options *options)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    struct inject_result result = {0};

    if (inject_run(options, &result, &err) < 0)
        fail_msg("%s", err.text);
    return result;
}

static inline void refuse(const struct inject_options *options, enum error_kind kind,
                          const char *complaint)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    struct inject_result result = {0};

    assert_int_equal(inject_run(options, &result, &err), -1);
    if (strstr(err.text, complaint) == NULL || err.kind != kind)
        fail_msg("\"%s\" (%d), expected \"%s\" (%d)", err.text, (int)err.kind, complaint,
                 (int)kind);
}

#endif
