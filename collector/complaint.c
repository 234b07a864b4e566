#include "collector/complaint.h"

#define PAUSE_FIRST (10 * G_TIME_SPAN_MINUTE)
#define PAUSE_LAST (6 * G_TIME_SPAN_HOUR)

/* "timed out after 12.3 s" and "timed out after 12.4 s" are one complaint. */
static char *blotted(const char *text)
{
	char *blot = g_strdup(text);

	for (char *c = blot; *c; c++)
		if (g_ascii_isdigit(*c))
			*c = '#';
	return blot;
}

void complaint_clear(struct complaint *complaint)
{
	g_clear_pointer(&complaint->text, g_free);
	*complaint = (struct complaint){ 0 };
}

bool complaint_raise(struct complaint *complaint, const char *text, gint64 steady,
		     gint64 wall)
{
	g_autofree char *blot = blotted(text);

	if (!complaint->text) {
		complaint->since = wall;
		complaint->n = 0;
	}
	complaint->n++;
	if (g_strcmp0(blot, complaint->text) != 0) {
		g_free(complaint->text);
		complaint->text = g_steal_pointer(&blot);
		complaint->pause = PAUSE_FIRST;
	} else if (steady >= complaint->next) {
		complaint->pause = MIN(2 * complaint->pause, PAUSE_LAST);
	} else {
		return false;
	}
	complaint->next = steady + complaint->pause;
	return true;
}

bool complaint_settle(struct complaint *complaint)
{
	if (!complaint->text)
		return false;
	g_clear_pointer(&complaint->text, g_free);
	return true;
}
