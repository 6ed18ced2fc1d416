#ifndef INLAY_TRACE_H
#define INLAY_TRACE_H

#include "core/error.h"
#include "core/secrets.h"
#include "http/http.h"

/*
 * A file of all requests of a run and their times, in the Trace Event Format (JSON Array Format),
 * as chrome://tracing and ui.perfetto.dev open it. Written as requests end, so that a run that is
 * killed has one, too: the format does not ask for the last bracket.
 */
struct trace;

/* The file is made, or emptied; `secrets` is borrowed, and may be NULL. ERROR_LOCAL. */
int trace_open(const char *path, struct secrets *secrets, struct trace **out,
               struct error *err) MUST_CHECK;
/* http_options.note_trip, with the trace as `arg`; safe in several threads. */
void trace_note(void *arg, const struct http_trip *trip);
/* Ends it; ERROR_LOCAL if not all of it could be written. */
int trace_close(struct trace *trace, struct error *err) MUST_CHECK;

#endif
