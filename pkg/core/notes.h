#ifndef INLAY_CORE_NOTES_H
#define INLAY_CORE_NOTES_H

#include "core/log.h"
#include "core/text.h"

/*
 * What a step has to tell people, as values: whoever runs the step decides what becomes of them.
 * A note that is there already is not added again, so that platforms which agree are told once.
 * Belongs to one thread.
 */
struct note {
    enum log_level level; /* LOG_WARN or LOG_INFO */
    bool is_fact;         /* whoever shows what came of the step shows this as well */
    char *text;
};

struct notes {
    const struct log *log; /* each note goes there at once, too; NULL: nowhere */
    struct note *items;
    size_t count;
};

#define NOTES_INIT                                                                                 \
    {                                                                                              \
        NULL, NULL, 0                                                                              \
    }

void notes_warn(struct notes *notes, const char *format, ...) PRINTF_FORMAT(2, 3);
void notes_info(struct notes *notes, const char *format, ...) PRINTF_FORMAT(2, 3);
/* The same of what stands in the result of the step, too: where the base is, whose the files are.
 */
void notes_fact(struct notes *notes, const char *format, ...) PRINTF_FORMAT(2, 3);
void notes_release(struct notes *notes);
CLEANUP_RELEASE(notes)

#endif
