#pragma once

/*
 * "dorad doctor": looks at every source as a poll would, and at what the rules would make
 * of it, before anything is stored. Nothing here writes to the database or needs one.
 */
#include <stdio.h>

#include "collector/rest/rest.h"

struct doctor_options {
	const struct config *config;
	const struct rest_transport *transport;
	GTimeSpan span; /* how far back is looked */
	gint64 now;
	GCancellable *cancellable;
	FILE *out;
};

/* Examines one source and writes what it found. Returns how many things are wrong: what
 * would fail a poll, and rules that match nothing. */
guint doctor_source(const struct doctor_options *options,
		    const struct config_source *source);
