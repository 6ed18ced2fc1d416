#include "doctor/doctor.h"

#include "doctor/doctor_internal.h"

#include <stdarg.h>
#include <stdio.h>

const char *doctor_state_name(enum doctor_state state)
{
    switch (state) {
    case DOCTOR_OK:
        return "ok";
    case DOCTOR_WARNING:
        return "warning";
    case DOCTOR_FAILED:
        return "failed";
    case DOCTOR_SKIPPED:
        break;
    }
    return "skipped";
}

static struct doctor_finding *add(struct doctor *doctor, const char *check, char *text)
{
    struct doctor_report *report = &doctor->report;

    report->items = xrealloc(report->items, report->count + 1, sizeof(*report->items));
    report->items[report->count] = (struct doctor_finding){.check = check, .text = text};
    return &report->items[report->count++];
}

void doctor_add(struct doctor *doctor, const char *check, enum doctor_state state,
                const char *format, ...)
{
    char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        out_of_memory();
    va_end(arguments);
    text_mask(text); /* servers have their words in it */
    struct doctor_finding *finding = add(doctor, check, text);
    finding->state = state;
    finding->kind = state == DOCTOR_FAILED ? ERROR_LOCAL : ERROR_NONE;
}

void doctor_add_error(struct doctor *doctor, const char *check, struct error *err, const char *hint)
{
    enum error_kind kind = err->kind;

    doctor_add(doctor, check, DOCTOR_FAILED, "%s%s%s", err->text, hint != NULL ? "; " : "",
               hint != NULL ? hint : "");
    doctor->report.items[doctor->report.count - 1].kind = kind;
    error_release(err);
}

void doctor_report_release(struct doctor_report *report)
{
    for (size_t i = 0; i < report->count; i++)
        free(report->items[i].text);
    free(report->items);
    *report = (struct doctor_report)DOCTOR_REPORT_INIT;
}

int doctor_run(const struct doctor_options *options, struct doctor_report *out, struct error *err)
{
    struct doctor doctor = {.options = options};

    for (size_t i = 0; i < options->note_count; i++) {
        const struct doctor_note *note = &options->notes[i];
        doctor_add(&doctor, note->check, note->state, "%s", note->text);
        doctor.report.items[doctor.report.count - 1].kind = note->kind;
    }
    if (options->asks_hub)
        doctor_check_hub(&doctor);
    doctor_check_models(&doctor);
    if (options->image != NULL)
        doctor_check_image(&doctor);
    for (size_t i = 0; i < options->folder_count; i++)
        doctor_check_folder(&doctor, &options->folders[i]);
    if (cancel_check(options->cancel, err) < 0) {
        doctor_report_release(&doctor.report);
        return -1;
    }
    *out = doctor.report;
    return 0;
}
