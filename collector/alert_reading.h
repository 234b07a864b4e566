#pragma once

/*
 * What the figure of a guardrail comes to over the window that ends with a day: that of
 * the window which dora.current has on the next one, of what was known by then.
 */
#include "collector/alert_scene.h"

struct alert_reading {
	double value; /* in published units; NAN: there is none */
	gint64 n;
};

struct alert_readings;
/* Reads what the days from first to last take. place, rail and environment (NULL: there
 * are no figures) have to live as long. NULL with *error. */
struct alert_readings *alert_readings_new(const struct alert_place *place,
					  const struct config_guardrail *rail,
					  const struct scope_environment *environment,
					  gint32 first, gint32 last, GError **error);
void alert_readings_free(struct alert_readings *readings); /* NULL is fine */
DEFINE_CLEANUP(struct alert_readings *, alert_readings_free);

/* The same whoever asks, and for however many days. */
struct alert_reading alert_reading_of(const struct alert_readings *readings, gint32 day);
