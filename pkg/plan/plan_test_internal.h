#ifndef INLAY_PLAN_PLAN_TEST_INTERNAL_H
#define INLAY_PLAN_PLAN_TEST_INTERNAL_H

/* Repos by the paths of their files, and what a selection leaves out of them. */

#include "core/buf.h"
#include "plan/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* What is left out of a repo; paths are separated by blanks. */
struct choice {
    const char *what;
    const char *kept;
    const char *left_out;
};

static inline void add_paths(struct plan *plan, const char *paths)
{
    while (*paths != '\0') {
        size_t size = strcspn(paths, " ");
        CLEANUP(text) char *path = xstrndup(paths, size);
        struct plan_file file = {.path = path, .size = 10};
        plan_add(plan, &file);
        paths += size;
        paths += strspn(paths, " ");
    }
}

static inline char *join_paths(const struct plan *plan)
{
    CLEANUP(buf) struct buf out = BUF_INIT;

    for (size_t i = 0; i < plan->count; i++)
        buf_addf(&out, "%s%s", i > 0 ? " " : "", plan->files[i].path);
    return buf_take(&out);
}

static inline void check_choice(const struct choice *choice, const struct plan_selection *selection)
{
    CLEANUP(plan) struct plan expected = PLAN_INIT;
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    plan.origin.name = xstrdup("acme/model");
    plan.origin.revision = xstrdup("main");
    add_paths(&plan, choice->kept);
    add_paths(&plan, choice->left_out);
    plan_sort(&plan);
    add_paths(&expected, choice->kept);
    plan_sort(&expected);
    size_t total = plan.count;

    if (plan_select(&plan, selection, &err) < 0)
        fail_msg("%s: %s", choice->what, err.text);
    CLEANUP(text) char *kept = join_paths(&plan);
    CLEANUP(text) char *right = join_paths(&expected);
    if (strcmp(kept, right) != 0)
        fail_msg("%s: kept %s\ninstead of %s", choice->what, kept, right);
    assert_int_equal(plan.count + plan.left_out.count, total);
    assert_int_equal(plan.left_out_size, 10 * plan.left_out.count);
}

#endif
