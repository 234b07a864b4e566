#pragma once

/*
 * How often an operator hears the same thing: at once when it is new or has changed, then
 * ever more rarely, and once when it is over.
 */
#include <glib.h>
#include <stdbool.h>

struct complaint {
	char *text;  /* what was said last, digits blotted out; NULL: all is well */
	gint64 next; /* steady: when it may be repeated */
	GTimeSpan pause;
	gint64 since; /* wall clock of the first */
	guint n;      /* times it happened */
};

void complaint_clear(struct complaint *complaint);

/* It happened (again). True if it should be said: it differs from the last in more than
 * its numbers, or was last said long enough ago (10 min, doubling up to 6 h). */
bool complaint_raise(struct complaint *complaint, const char *text, gint64 steady,
		     gint64 wall);
/* It is over. True if there was anything to be over. n and since are valid until the next
 * call. */
bool complaint_settle(struct complaint *complaint);
