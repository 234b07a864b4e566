#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "collector/alerts_inside.h"
#include "collector/rest/request.h"
#include "metrics/bucket.h"
#include "sinks/alert_words.h"

bool alerts_number(const struct command *command, int argc, char **argv, bool may,
		   gint64 *number)
{
	*number = 0;
	if (may && argc == 1)
		return true;
	if (argc == 2 &&
	    g_ascii_string_to_signed(argv[1], 10, 1, G_MAXINT64, number, NULL))
		return true;
	fprintf(stderr, "dorad %s: expected a number%s%s%s\n", command->name,
		argc == 2 ? ", found \"" : "", argc == 2 ? argv[1] : "",
		argc == 2 ? "\"" : "");
	return false;
}

int alerts_missing(const struct command *command, const char *what, gint64 number)
{
	fprintf(stderr, "dorad %s: there is no %s %" G_GINT64_FORMAT "\n", command->name,
		what, number);
	return EXIT_DATA;
}

/* ---- words ---- */

char *alerts_date(gint64 instant, const char *time_zone)
{
	_cleanup_(zone_unrefp) struct zone *zone = zone_open(
		time_zone ? time_zone : "UTC", NULL);
	GDate date;

	if (instant == INSTANT_NONE)
		return g_strdup("-");
	if (!zone)
		return instant_format(instant);
	g_date_clear(&date, 1);
	g_date_set_dmy(&date, 1, G_DATE_JANUARY, 1970);
	g_date_set_julian(&date, g_date_get_julian(&date) +
					 (guint32)zone_local_day(zone, instant));
	return g_strdup_printf("%04d-%02d-%02d", g_date_get_year(&date),
			       (int)g_date_get_month(&date), g_date_get_day(&date));
}

char *alerts_shown_date(const struct alert_row *row, gint64 instant)
{
	return instant == INSTANT_NONE ? g_strdup("-")
				       : alert_iso_date(alert_shown_day(row, instant));
}

char *alerts_scope_words(const struct alert_row *row)
{
	const char *name = row->service ? row->service
			   : row->team	? row->team
			   : row->org	? row->org
					: row->name;
	const char *kind = row->service ? NULL
			   : row->team	? "team"
			   : row->org	? "org"
					: "dorad";
	const char *environment = alert_environment(row);

	if (kind && environment)
		return g_strdup_printf("%s (%s, %s)", name, kind, environment);
	return kind || environment
		       ? g_strdup_printf("%s (%s)", name, kind ? kind : environment)
		       : g_strdup(name);
}

char *alerts_change(const struct alert_row *row)
{
	const struct shift *shift = &row->shift;
	g_autofree char *value = alert_guarded(row, shift->after.rate);
	g_autofree char *limit = alert_guarded(row, shift->before.rate);

	if (row->kind == WATCH_REGRESSION && !isnan(shift->ratio))
		return g_strdup_printf("%.2g×", shift->ratio);
	if (row->kind == WATCH_GUARDRAIL)
		return g_strdup_printf("%s, %s %s", value,
				       shift->after.rate < shift->before.rate ? "at least"
									      : "at most",
				       limit);
	if (row->kind == WATCH_INCIDENT)
		return g_strdup_printf("open for %s, 95 %% at most %s", value, limit);
	return g_strdup("");
}

char *alerts_evidence(const struct alert_row *row)
{
	const char *strength;

	if (row->kind != WATCH_REGRESSION || isnan(row->shift.score))
		return g_strdup("");
	strength = shift_strength(row->shift.score);
	return g_strdup_printf("%.*f : 1%s%s", row->shift.score < log(10) ? 1 : 0,
			       MIN(exp(row->shift.score), 1e6), strength ? ", " : "",
			       strength ? strength : "");
}
