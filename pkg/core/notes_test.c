#include "core/buf.h"
#include "core/notes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void write_line(void *arg, enum log_level level, const char *line)
{
    buf_addf(arg, "%s %s\n", level == LOG_WARN ? "warn" : level == LOG_INFO ? "info" : "?", line);
}

static void a_note_is_kept_and_told_once(void **state)
{
    CLEANUP(buf) struct buf said = BUF_INIT;
    struct log log = {.level = LOG_INFO, .write = write_line, .arg = &said};
    CLEANUP(notes) struct notes notes = {.log = &log};

    (void)state;
    notes_info(&notes, "user: %u", 1000U);
    notes_warn(&notes, "user: %u", 1000U); /* another level is another note */
    notes_info(&notes, "user: %u", 1000U);
    notes_info(&notes, "user: %u", 0U);
    assert_int_equal(notes.count, 3);
    assert_string_equal(buf_text(&said), "info user: 1000\nwarn user: 1000\ninfo user: 0\n");
}

static void without_a_log_notes_are_values_alone(void **state)
{
    CLEANUP(notes) struct notes notes = NOTES_INIT;

    (void)state;
    notes_warn(&notes, "a\033b");
    assert_int_equal(notes.count, 1);
    assert_int_equal(notes.items[0].level, LOG_WARN);
    assert_string_equal(notes.items[0].text, "a?b"); /* they end on terminals */
    notes_info(&notes, "said");
    notes_fact(&notes, "shown");
    assert_int_equal(notes.count, 3);
    assert_int_equal(notes.items[2].level, LOG_INFO);
    assert_false(notes.items[1].is_fact);
    assert_true(notes.items[2].is_fact);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_note_is_kept_and_told_once),
        cmocka_unit_test(without_a_log_notes_are_values_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
