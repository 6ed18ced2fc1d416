#ifndef INLAY_DOCTOR_DOCTOR_H
#define INLAY_DOCTOR_DOCTOR_H

#include "core/cancel.h"
#include "core/error.h"
#include "oci/reference.h"
#include "plan/origin.h"

struct http;
struct source_context;
struct store_context;

/*
 * The use case doctor: whether what other commands need is there, before they need it. Nothing is
 * changed: an upload that is opened to see whether it may be is ended, and files have no name.
 */

/* A folder that is written to. */
struct doctor_folder {
    const char *name; /* "download cache" */
    const char *path; /* need not be there yet, unless `has_to_exist` */
    const char *hint; /* what to do if it cannot be written: "--download-cache names another" */
    bool has_to_exist;
};

enum doctor_state {
    DOCTOR_OK,
    DOCTOR_WARNING,
    DOCTOR_FAILED,
    DOCTOR_SKIPPED, /* not looked at, since another check has failed or nothing is there to see */
};

/* What the caller has looked at itself; it comes first in the report. */
struct doctor_note {
    const char *check;
    enum doctor_state state;
    enum error_kind kind; /* DOCTOR_FAILED; else ERROR_NONE */
    const char *text;
};

/* All borrowed. */
struct doctor_options {
    struct http *http;                    /* required, as the next three; one that gives up soon */
    const struct source_context *sources; /* of these */
    const struct store_context *stores;
    const struct cancel *cancel;
    const struct reference *image; /* NULL: none */
    const char *version;           /* of the image, as reference_version(); NULL: the only one */
    const struct origin *models;
    size_t model_count;
    bool asks_hub; /* of the Hub's health; or else that is not looked at */
    const struct doctor_folder *folders;
    size_t folder_count;
    const struct doctor_note *notes;
    size_t note_count;
    int64_t now_s; /* seconds since 1970 */
};

struct doctor_finding {
    const char *check; /* "hub", "push", …: docs/doctor.md lists them */
    enum doctor_state state;
    enum error_kind kind; /* DOCTOR_FAILED; else ERROR_NONE */
    char *text;           /* what was found, and what to do */
};

struct doctor_report {
    struct doctor_finding *items; /* in the order of the checks */
    size_t count;
};

#define DOCTOR_REPORT_INIT                                                                         \
    {                                                                                              \
        NULL, 0                                                                                    \
    }

/* "ok", "warning", "failed", "skipped" */
const char *doctor_state_name(enum doctor_state state);
/* What is wrong is in the report; fails only if it is canceled. */
int doctor_run(const struct doctor_options *options, struct doctor_report *out,
               struct error *err) MUST_CHECK;
void doctor_report_release(struct doctor_report *report);
CLEANUP_RELEASE(doctor_report)

#endif
