#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "collector/alerts_inside.h"
#include "collector/rest/request.h"
#include "metrics/bucket.h"

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

char *alerts_scope_words(const struct alert_row *row)
{
	if (row->service)
		return g_strdup(row->service);
	if (row->team)
		return g_strdup_printf("%s (team)", row->team);
	return row->org ? g_strdup_printf("%s (org)", row->org)
			: g_strdup_printf("%s (dorad)", row->name);
}

char *alerts_change(const struct alert_row *row)
{
	const struct shift *shift = &row->shift;

	if (row->kind == WATCH_REGRESSION && !isnan(shift->ratio))
		return g_strdup_printf("%.2g×", shift->ratio);
	if (row->kind == WATCH_GUARDRAIL)
		return g_strdup_printf("%.4g (limit %.4g)%s%s", shift->after.rate,
				       shift->before.rate, row->unit ? " " : "",
				       row->unit ? row->unit : "");
	if (row->kind == WATCH_INCIDENT)
		return g_strdup_printf("open for %.1f h (95 %%: %.1f h)",
				       shift->after.rate / 3600,
				       shift->before.rate / 3600);
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
