#pragma once

/*
 * "dorad doctor": looks at every source as a poll would, and at what the rules would make
 * of it, before anything is stored; and at every channel of alerts, without telling
 * anybody. Nothing here writes to the database, and only channels of NOTIFY need one.
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

/* Whether a channel of alerts would be told: it is reached, secrets can be read, and what
 * it says to a question that does no harm. Returns how many things are wrong. */
guint doctor_channel(const struct doctor_options *options,
		     const struct config_channel *channel);
