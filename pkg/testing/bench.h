#ifndef INLAY_TESTING_BENCH_H
#define INLAY_TESTING_BENCH_H

/* A model in a folder, images in memory, and what was said. */

#include "core/file.h"
#include "core/notes.h"
#include "source/source.h"
#include "testing/images.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COMMIT_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define COMMIT_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define WEIGHTS_SIZE ((size_t)2 * 1024 * 1024)

struct model_choice;

/* A folder with a small model in it, a store with a base in it, and what was said. */
struct bench {
    char folder[32];
    struct store *store;
    struct model_choice *choices; /* of model_bench.h; NULL until they are asked for */
    struct buf said;
    pthread_mutex_t lock; /* of `said`: jobs speak at the same time */
    struct log log;
};

static inline void say(void *arg, enum log_level level, const char *line)
{
    struct bench *bench = arg;

    (void)level;
    pthread_mutex_lock(&bench->lock);
    buf_addf(&bench->said, "%s\n", line);
    pthread_mutex_unlock(&bench->lock);
}

static inline void write_file(const struct bench *bench, const char *name, const void *data,
                              size_t size)
{
    CLEANUP(text) char *path = xasprintf("%s/%s", bench->folder, name);
    CLEANUP(error) struct error err = ERROR_INIT;

    if (file_replace(path, data, size, &err) < 0)
        fail_msg("%s", err.text);
}

static inline int bench_open(void **state)
{
    struct bench *bench = xcalloc(1, sizeof(*bench));
    CLEANUP(text) char *weights = xcalloc(WEIGHTS_SIZE, 1);
    CLEANUP(error) struct error err = ERROR_INIT;

    strncpy(bench->folder, "/tmp/inlay-inject-XXXXXX", sizeof(bench->folder) - 1);
    if (mkdtemp(bench->folder) == NULL)
        return -1;
    for (size_t i = 0; i < WEIGHTS_SIZE; i++)
        weights[i] = (char)(i * 7 % 253);
    CLEANUP(text) char *pooling = xasprintf("%s/1_Pooling", bench->folder);
    if (file_make_folders(pooling, &err) < 0)
        return -1;
    write_file(bench, "config.json", "{\"a\":1}\n", 8);
    write_file(bench, "1_Pooling/config.json", "{\"a\":1}\n", 8);
    write_file(bench, "model.safetensors", weights, WEIGHTS_SIZE);
    write_file(bench, "pytorch_model.bin", weights, WEIGHTS_SIZE - 1);
    bench->store = store_new_memory();
    bench->log = (struct log){.level = LOG_INFO, .write = say, .arg = bench};
    pthread_mutex_init(&bench->lock, NULL);
    *state = bench;
    return 0;
}

static inline int bench_close(void **state)
{
    static const char *const names[] = {"config.json",       "1_Pooling/config.json",
                                        "model.safetensors", "pytorch_model.bin",
                                        "1_Pooling",         ""};
    struct bench *bench = *state;

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        CLEANUP(text) char *path = xasprintf("%s/%s", bench->folder, names[i]);
        remove(path);
    }
    store_free(bench->store);
    free(bench->choices);
    buf_release(&bench->said);
    pthread_mutex_destroy(&bench->lock);
    free(bench);
    return 0;
}

static inline struct source *open_model(const struct bench *bench, const char *id,
                                        const char *revision, const char *commit)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *own_id = xstrdup(id);
    CLEANUP(text) char *own_revision = xstrdup(revision);
    const struct origin model = {
        .kind = ORIGIN_HUB_MODEL, .name = own_id, .revision = own_revision};
    struct source *source = NULL;

    if (source_open_directory(bench->folder, &model, commit, &source, &err) < 0)
        fail_msg("%s", err.text);
    return source;
}

static inline char *notes_text(const struct notes *notes)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    for (size_t i = 0; i < notes->count; i++)
        buf_addf(&text, "%s%s\n", notes->items[i].level == LOG_WARN ? "warning: " : "",
                 notes->items[i].text);
    return buf_take(&text);
}

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

#endif
