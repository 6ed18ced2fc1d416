#ifndef INLAY_DOCTOR_DOCTOR_INTERNAL_H
#define INLAY_DOCTOR_DOCTOR_INTERNAL_H

#include "core/text.h"
#include "doctor/doctor.h"

/* What the checks share. */
struct doctor {
    const struct doctor_options *options;
    struct doctor_report report;
};

void doctor_add(struct doctor *doctor, const char *check, enum doctor_state state,
                const char *format, ...) PRINTF_FORMAT(4, 5);
/* What went wrong, with what to do behind it; `hint` may be NULL. `err` is empty afterwards. */
void doctor_add_error(struct doctor *doctor, const char *check, struct error *err,
                      const char *hint);
/*
 * Whether a server answers, by one request: reachability, proxy, certificate and clock become
 * findings. False: it does not, and nothing else need be asked of it; `hint` says what to do.
 */
bool doctor_check_server(struct doctor *doctor, const char *check, const char *url,
                         const char *hint);
void doctor_check_hub(struct doctor *doctor);
void doctor_check_models(struct doctor *doctor);
void doctor_check_image(struct doctor *doctor);
void doctor_check_folder(struct doctor *doctor, const struct doctor_folder *folder);

#endif
