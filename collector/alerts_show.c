#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "collector/alerts_inside.h"
#include "collector/rest/request.h"
#include "metrics/series.h"
#include "sinks/alert_words.h"

/* Of one alert, all that the database has. */
struct shown {
	GArray *rows, *history, *deliveries;
};

static void shown_clear(struct shown *shown)
{
	alert_rows_free(shown->rows);
	g_clear_pointer(&shown->history, g_array_unref);
	g_clear_pointer(&shown->deliveries, g_array_unref);
}

static bool read_shown(struct store *store, gint64 alert_id, struct shown *shown,
		       GError **error)
{
	const struct alert_query query = { .alert_id = alert_id, .since = INSTANT_NONE };

	return (shown->rows = store_alerts(store, &query, error)) &&
	       (shown->history = store_alert_history(store, alert_id, error)) &&
	       (shown->deliveries = store_alert_deliveries(store, alert_id, error));
}

/* A line with a name, and words that may hold anything. */
static void print_line(const char *name, const char *words)
{
	g_autofree char *safe = printable(words);

	printf("  %-13s %s\n", name, safe);
}

static char *day_text(gint32 day)
{
	return alerts_date((gint64)day * G_TIME_SPAN_DAY, "UTC");
}

static void print_side(const char *name, const struct alert_row *row,
		       const struct shift_side *side)
{
	GString *words = g_string_new(NULL);

	if (isnan(side->median) &&
	    (row->engine == SHIFT_LEVEL || row->engine == SHIFT_SPANS)) {
		/* of too few people to tell */
		g_string_printf(words, "n %" G_GINT64_FORMAT, side->n);
	} else if (row->engine == SHIFT_LEVEL || row->engine == SHIFT_SPANS) {
		g_autofree char *median = span_format(
			(GTimeSpan)(side->median * G_TIME_SPAN_SECOND));
		g_autofree char *p85 = span_format(
			(GTimeSpan)(side->p85 * G_TIME_SPAN_SECOND));

		g_string_printf(words, "median %s, P85 %s, n %" G_GINT64_FORMAT, median,
				p85, side->n);
	} else if (row->engine == SHIFT_COUNT) {
		g_string_printf(words, "%.3g in an ordinary week, n %" G_GINT64_FORMAT,
				side->rate, side->n);
	} else {
		g_string_printf(words,
				"%.1f %%, %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT,
				100 * side->rate, side->failed, side->n);
	}
	if (side->from != SHIFT_NO_BOUND) {
		g_autofree char *from = day_text(side->from);
		g_autofree char *to = day_text(side->to);

		g_string_append_printf(words, ", %s to %s", from, to);
	}
	print_line(name, words->str);
	g_string_free(words, TRUE);
}

static void print_regression(const struct alert_row *row)
{
	g_autofree char *change = alerts_change(row);
	g_autofree char *evidence = alerts_evidence(row);
	GString *words = g_string_new(change);

	if (!isnan(row->shift.ratio_lo) && !isnan(row->shift.ratio_hi))
		g_string_append_printf(words, ", 90 %% range %.2g to %.2g×",
				       row->shift.ratio_lo, row->shift.ratio_hi);
	if (row->worsened)
		g_string_append(words, ", got worse since it fired");
	print_line("change", words->str);
	print_side("before", row, &row->shift.before);
	print_side("after", row, &row->shift.after);
	g_string_printf(words, "%s (rule \"%s\", sensitivity %s)", evidence, row->rule,
			row->sensitivity);
	print_line("evidence", words->str);
	if (!isnan(row->false_alerts)) {
		g_string_printf(words,
				"about %.2g a year are to be expected of such a series",
				row->false_alerts);
		print_line("false alerts", words->str);
	}
	g_string_free(words, TRUE);
}

static void print_parts(const struct alert_row *row)
{
	GString *words = g_string_new(NULL);

	for (guint i = 0; i < row->n_parts; i++)
		g_string_append_printf(words,
				       "%s%s %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT,
				       i > 0 ? ", " : "", row->parts[i].name,
				       row->parts[i].n, row->parts[i].of);
	if (row->n_parts > 0)
		print_line("parts", words->str);
	g_string_free(words, TRUE);
}

static void print_people(const struct alert_row *row)
{
	g_autofree char *acked = alerts_date(row->acked_at, row->time_zone);
	g_autofree char *until = row->muted_until == INSTANT_NONE
					 ? NULL
					 : instant_format(row->muted_until);
	g_autofree char *known = g_strdup_printf("%s%s%s", acked, row->note ? ": " : "",
						 row->note ? row->note : "");

	if (row->acked_at != INSTANT_NONE)
		print_line("acknowledged", known);
	if (until)
		print_line("muted until", until);
}

static void print_alert(const struct alert_row *row)
{
	g_autofree char *scope = alerts_scope_words(row);
	g_autofree char *since = alerts_date(row->onset, row->time_zone);
	g_autofree char *seen = alerts_shown_date(row, row->first_seen);
	g_autofree char *fired = alerts_shown_date(row, row->fired_at);
	g_autofree char *ended = alerts_shown_date(row, row->ended_at);
	g_autofree char *dates = g_strdup_printf(
		"%s%s, seen %s, fired %s%s%s", since,
		row->began_before ? " or before" : "", seen, fired,
		row->ended_at != INSTANT_NONE ? ", ended " : "",
		row->ended_at != INSTANT_NONE ? ended : "");
	g_autofree char *safe = printable(scope);

	printf("alert %" G_GINT64_FORMAT ": %s, %s: %s\n", row->alert_id, row->metric,
	       safe, row->state);
	if (row->kind == WATCH_GUARDRAIL)
		print_line("guardrail", row->name);
	if (row->kind == WATCH_INCIDENT)
		print_line("incident", row->name);
	if (row->direction == SHIFT_BETTER)
		print_line("direction", "better: nobody is told");
	print_line("since", dates);
	if (row->reason)
		print_line("reason", row->reason);
	if (row->kind == WATCH_REGRESSION) {
		print_regression(row);
	} else if (row->kind != WATCH_SELF) {
		g_autofree char *change = alerts_change(row);
		g_autofree char *figure = row->kind == WATCH_GUARDRAIL ? alert_figure(row)
								       : NULL;
		g_autofree char *value = figure ? g_strconcat(figure, " ", change, NULL)
						: g_strdup(change);

		print_line("value", value);
	}
	print_parts(row);
	print_people(row);
}

/* Days are judged as a whole, but the daemon itself is looked at every minute. */
static void print_history(const struct alert_row *alert, const GArray *rows)
{
	puts("History");
	for (guint i = 0; i < rows->len; i++) {
		const struct alert_history_row *row = &g_array_index(
			rows, struct alert_history_row, i);
		g_autofree char *at = alert->kind == WATCH_SELF
					      ? instant_format(row->at)
					      : alerts_shown_date(alert, row->at);
		g_autofree char *reason = printable(row->reason ? row->reason : "");

		printf("  %-21s %s", at, watch_event_name(row->event));
		if (!isnan(row->score))
			printf(", %.3g : 1", exp(row->score));
		if (!isnan(row->ratio))
			printf(", %.2g×", row->ratio);
		printf("%s%s\n", *reason ? ": " : "", reason);
	}
}

static void print_deliveries(const GArray *rows)
{
	if (rows->len > 0)
		puts("Told");
	for (guint i = 0; i < rows->len; i++) {
		const struct alert_delivery_row *row = &g_array_index(
			rows, struct alert_delivery_row, i);
		const gint64 when = row->delivered != INSTANT_NONE ? row->delivered
								   : row->due;
		g_autofree char *at = when == INSTANT_NONE ? g_strdup("-")
							   : instant_format(when);
		g_autofree char *failure = printable(row->failure ? row->failure : "");

		printf("  %-21s %s to %s: %s", at, row->event, row->channel, row->state);
		if (row->attempts > 0)
			printf(", failed %u times: %s", row->attempts, failure);
		putchar('\n');
	}
}

/* Rows are listed by bucket: the week in which it began. */
static void print_explain(const struct alert_row *row)
{
	const char *name = row->service ? row->service : row->team ? row->team : row->org;
	g_autofree char *since = alerts_date(row->onset, row->time_zone);
	int year, month, day;
	enum metric metric;
	GDate date;

	if (!name || !metric_parse(row->metric, &metric) ||
	    sscanf(since, "%d-%d-%d", &year, &month, &day) != 3)
		return;
	g_date_clear(&date, 1);
	g_date_set_dmy(&date, (GDateDay)day, (GDateMonth)month, (GDateYear)year);
	/* the year of its week is that of its Thursday */
	g_date_add_days(&date, 7);
	g_date_subtract_days(&date, (guint)g_date_get_weekday(&date) + 3);
	printf("The rows of its first week, and likewise of others\n"
	       "  dorad explain %s %s %04d-W%02u%s --environment %s\n",
	       name, row->metric, g_date_get_year(&date),
	       g_date_get_iso8601_week_of_year(&date),
	       row->service ? ""
	       : row->team  ? " --team"
			    : " --org",
	       row->environment);
}

static int show_text(struct store *store, gint64 alert_id)
{
	_cleanup_(shown_clear) struct shown shown = { 0 };
	g_autoptr(GError) error = NULL;
	const struct alert_row *row;

	if (!read_shown(store, alert_id, &shown, &error))
		return options_fail(&alerts_show, error);
	if (shown.rows->len == 0)
		return alerts_missing(&alerts_show, "alert", alert_id);
	row = &g_array_index(shown.rows, struct alert_row, 0);
	print_alert(row);
	print_history(row, shown.history);
	print_deliveries(shown.deliveries);
	print_explain(row);
	return options_written(&alerts_show) ? EXIT_OK : EXIT_FAILED;
}

static int show_json(struct store *store, gint64 alert_id)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	if (!store_alert_json(store, alert_id, &text, &error))
		return options_fail(&alerts_show, error);
	if (!text)
		return alerts_missing(&alerts_show, "alert", alert_id);
	puts(text);
	return options_written(&alerts_show) ? EXIT_OK : EXIT_FAILED;
}

static int run(int argc, char **argv)
{
	g_autofree char *path = NULL, *format = NULL;
	const GOptionEntry entries[] = {
		option_config(&path),
		option_format(&format),
		{ 0 },
	};
	_cleanup_(config_unrefp) struct config *config = NULL;
	_cleanup_(store_freep) struct store *store = NULL;
	gint64 alert_id;
	bool json;

	if (!options_parse(&alerts_show, entries, &argc, &argv) ||
	    !options_choose(&alerts_show, "format", format, "text", "json", &json) ||
	    !alerts_number(&alerts_show, argc, argv, false, &alert_id))
		return EXIT_USAGE;
	config = options_load_config(config_path(path));
	if (!config)
		return EXIT_CONFIG;
	store = store_new(config);
	return json ? show_json(store, alert_id) : show_text(store, alert_id);
}

const struct command alerts_show = {
	.name = "alerts show",
	.arguments = "ID [--format text|json]",
	.summary = "tell all that is known of one, and who was told",
	.run = run,
};
