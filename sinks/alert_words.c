#include <math.h>
#include <string.h>

#include "metrics/bucket.h"
#include "sinks/alert_words.h"

/* GLib counts days from 1 January of the year 1, which is day 1. */
#define DAY_OF_1970 719163

/* clang-format off */
static const struct alert_metric metrics[] = {
	{ "deployment_frequency", "Deployment frequency", "deployment", "deployments", NULL, false },
	{ "change_lead_time", "Lead time for changes", "change", "changes", NULL, false },
	{ "change_lead_time_all", "Lead time for all changes", "change", "changes", NULL, false },
	{ "lead_time_coding", "Coding time of changes", "change", "changes", NULL, false },
	{ "lead_time_pickup", "Pickup time of changes", "change", "changes", NULL, false },
	{ "lead_time_review", "Review time of changes", "change", "changes", NULL, false },
	{ "lead_time_deploy", "Deploy time of changes", "change", "changes", NULL, false },
	{ "change_fail_rate", "Change fail rate", "deployment", "deployments", "failed", true },
	{ "deployment_rework_rate", "Deployment rework rate", "deployment", "deployments",
	  "were rework", true },
	{ "failed_deployment_recovery_time", "Failed deployment recovery time",
	  "failed deployment", "failed deployments", NULL, false },
	{ "time_to_restore", "Time to restore", "incident", "incidents", NULL, false },
	{ NULL, NULL, "sample", "samples", "counted", false },
};
/* clang-format on */

const struct alert_metric *alert_metric(const char *name)
{
	const struct alert_metric *metric = metrics;

	while (metric->metric && g_strcmp0(metric->metric, name) != 0)
		metric++;
	return metric;
}

char *alert_metric_label(const char *name, bool small)
{
	const struct alert_metric *metric = alert_metric(name);
	char *label = metric->label ? g_strdup(metric->label)
				    : g_strdelimit(alert_clean(name, 60), "_", ' ');

	if (*label)
		label[0] = small ? g_ascii_tolower(label[0]) : g_ascii_toupper(label[0]);
	return label;
}

/* ---- texts ---- */

/* Neither lines nor what turns the direction of those after it. */
static bool is_shown(gunichar c)
{
	GUnicodeType type = g_unichar_type(c);

	return g_unichar_isprint(c) && type != G_UNICODE_LINE_SEPARATOR &&
	       type != G_UNICODE_PARAGRAPH_SEPARATOR;
}

char *alert_clean(const char *text, glong chars)
{
	g_autofree char *valid = g_utf8_make_valid(text ? text : "", -1);
	GString *out = g_string_new(NULL);
	glong n = 0;

	for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		if (++n > chars) {
			g_string_truncate(
				out, (gsize)(g_utf8_find_prev_char(out->str,
								   out->str + out->len) -
					     out->str));
			g_string_append(out, "…");
			break;
		}
		g_string_append_unichar(out, is_shown(c) ? c : ' ');
	}
	return g_string_free(out, FALSE);
}

void alert_cut(GString *text, gsize bytes)
{
	const char *end;

	if (text->len <= bytes)
		return;
	end = g_utf8_find_prev_char(text->str, text->str + bytes - strlen("…") + 1);
	g_string_truncate(text, end ? (gsize)(end - text->str) : 0);
	g_string_append(text, "…");
}

char *alert_reason(const struct alert_row *row)
{
	bool over = row->kind == WATCH_SELF && g_strcmp0(row->state, "resolved") == 0;
	g_autofree char *line = alert_clean(over ? NULL : row->reason, REASON_BYTES);
	g_autoptr(GString) out = g_string_new(g_strstrip(line));

	alert_cut(out, REASON_BYTES);
	return g_strdup(out->str);
}

const char *alert_environment(const struct alert_row *row)
{
	return row->environment && *row->environment &&
			       strcmp(row->environment, "production") != 0
		       ? row->environment
		       : NULL;
}

char *alert_scope(const struct alert_row *row)
{
	const char *const names[] = {
		[SCOPE_ORG] = row->org,
		[SCOPE_TEAM] = row->team,
		[SCOPE_SERVICE] = row->service,
	};
	const char *name = row->kind == WATCH_SELF ? row->name : names[row->scope_kind];
	const char *environment = alert_environment(row);
	g_autofree char *shown = NULL;

	if (!environment)
		return alert_clean(name, 80);
	shown = g_strdup_printf("%s (%s)", name ? name : "", environment);
	return alert_clean(shown, 120);
}

/* ---- dates ---- */

static GTimeSpan offset_of(const struct alert_row *row, gint64 instant)
{
	_cleanup_(zone_unrefp) struct zone *zone =
		row->time_zone ? zone_open(row->time_zone, NULL) : NULL;

	return zone ? zone_offset(zone, instant, NULL) : 0;
}

static gint32 day_of(gint64 local)
{
	gint64 day = local / G_TIME_SPAN_DAY - (local % G_TIME_SPAN_DAY < 0);

	return (gint32)CLAMP(day, DAY_MIN, DAY_MAX);
}

/* Far from the ends of what it can hold, whatever is stored. */
static gint64 local_of(const struct alert_row *row, gint64 instant)
{
	instant = CLAMP(instant, INSTANT_MIN, INSTANT_MAX);
	return instant + offset_of(row, instant);
}

gint32 alert_day(const struct alert_row *row, gint64 instant)
{
	return day_of(local_of(row, instant));
}

gint32 alert_shown_day(const struct alert_row *row, gint64 instant)
{
	return alert_day(row, MAX(instant, INSTANT_MIN) - 1);
}

static void split(gint32 day, GDate *date)
{
	g_date_clear(date, 1);
	g_date_set_julian(date, (guint32)(CLAMP(day, DAY_MIN, DAY_MAX) + DAY_OF_1970));
}

char *alert_date(gint32 day, gint32 beside)
{
	static const char *const months[] = {
		"January", "February", "March",	    "April",   "May",	   "June",
		"July",	   "August",   "September", "October", "November", "December",
	};
	GDate date, other;

	split(day, &date);
	split(beside, &other);
	if (g_date_get_year(&date) == g_date_get_year(&other))
		return g_strdup_printf("%u %s", g_date_get_day(&date),
				       months[g_date_get_month(&date) - 1]);
	return g_strdup_printf("%u %s %u", g_date_get_day(&date),
			       months[g_date_get_month(&date) - 1],
			       g_date_get_year(&date));
}

char *alert_iso_date(gint32 day)
{
	GDate date;

	split(day, &date);
	return g_strdup_printf("%04u-%02u-%02u", g_date_get_year(&date),
			       (guint)g_date_get_month(&date), g_date_get_day(&date));
}

char *alert_clock(const struct alert_row *row, gint64 instant)
{
	gint64 local = local_of(row, instant);
	gint64 beside = row->fired_at == INSTANT_NONE ? instant : row->fired_at;
	g_autofree char *date = alert_date(day_of(local), alert_day(row, beside));
	gint64 minute = local / G_TIME_SPAN_MINUTE;

	return g_strdup_printf("%s %02d:%02d (%s)", date, (int)(minute / 60 % 24),
			       (int)(minute % 60),
			       row->time_zone ? row->time_zone : "UTC");
}
