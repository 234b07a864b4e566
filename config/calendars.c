#include "config/calendars.h"

#include "config/calendar_days.h"
#include "config/calendar_file.h"
#include "config/fault.h"

#define YEAR 366 /* days */

static void add_days(struct calendar *calendar, char *const *days, unsigned n,
		     const char *name)
{
	for (unsigned i = 0; i < n; i++) {
		g_autofree char *why = NULL; /* the format has been checked */

		calendar_days(calendar, days[i], name, &why);
	}
}

/* Such a calendar is one of meetings, or of something else: nothing would ever be judged.
 */
static void check_rest(const struct config_calendar *row, unsigned i, gint32 today,
		       const struct tree *tree, GPtrArray *faults)
{
	g_autofree char *key = g_strdup_printf("calendars[%u]", i);
	gint32 masked = 0;
	guint line;

	for (gint32 day = today; day < today + YEAR; day++)
		masked += calendar_masks(row->calendar, day);
	if (masked <= YEAR / 2)
		return;
	node_at(tree->root, key, &line);
	fault_add(faults, line, key,
		  "masks %d of the next %d days, expected at most half of them", masked,
		  YEAR);
}

/* Of several reasons for a day the first stays: files have names of their own. */
static void make(struct config_calendar *row, unsigned i, gint32 today,
		 const struct tree *tree, GPtrArray *faults)
{
	row->calendar = calendar_new();
	for (unsigned k = 0; k < row->n_files; k++) {
		g_autofree char *key = g_strdup_printf("calendars[%u].files[%u]", i, k);
		g_autoptr(GError) error = NULL;
		guint line;

		if (calendar_file(row->calendar, row->files[k], today, &error))
			continue;
		node_at(tree->root, key, &line);
		fault_add(faults, line, key, "%s", error->message);
	}
	add_days(row->calendar, row->freezes, row->n_freezes, "freeze");
	add_days(row->calendar, row->days, row->n_days, "holiday");
	check_rest(row, i, today, tree, faults);
}

/* What recurs without an end is followed for some years around today, whatever the
 * zone. */
void config_calendars(struct config *config, const struct tree *tree, GPtrArray *faults)
{
	gint32 today = (gint32)(g_get_real_time() / G_TIME_SPAN_DAY);

	for (unsigned i = 0; i < config->n_calendars; i++)
		make(&config->calendars[i], i, today, tree, faults);
}
