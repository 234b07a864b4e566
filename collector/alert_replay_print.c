#include <math.h>
#include <stdio.h>

#include "base/instant.h"
#include "collector/alert_replay_inside.h"
#include "collector/rest/request.h"
#include "config/goal_metric.h"

#define DAYS_A_YEAR 365.25
#define EPOCH_JULIAN 719163 /* 1970-01-01 as GDate counts */

void replay_day_text(gint32 day, char text[11])
{
	GDate calendar;

	g_date_clear(&calendar, 1);
	g_date_set_julian(&calendar, (guint32)(day + EPOCH_JULIAN));
	g_date_strftime(text, 11, "%Y-%m-%d", &calendar);
}

/* ---- what is shown ---- */

static bool is_end(enum watch_event event)
{
	return event == WATCH_RESOLVED || event == WATCH_ACCEPTED ||
	       event == WATCH_WITHDRAWN;
}

/* What became of what fired: an incident may fire while others do. */
static struct replay_told told_from(const struct replay_series *series, guint fired)
{
	struct replay_told told = {
		.series = series,
		.fired = &g_array_index(series->events, struct replay_event, fired),
	};

	for (guint i = fired + 1; i < series->events->len && !told.ended; i++) {
		const struct replay_event *event = &g_array_index(series->events,
								  struct replay_event, i);

		if (g_strcmp0(event->name, told.fired->name) != 0)
			continue;
		told.worsened |= event->event == WATCH_WORSENED;
		if (is_end(event->event))
			told.ended = event;
	}
	return told;
}

static void add_told(const struct replay_series *series, GArray *all)
{
	for (guint i = 0; i < series->events->len; i++) {
		const struct replay_told told = told_from(series, i);

		if (told.fired->event == WATCH_FIRED && told.fired->day >= series->since)
			g_array_append_val(all, told);
	}
}

static int told_order(const void *a, const void *b)
{
	const struct replay_told *x = a, *y = b;

	return (x->fired->day > y->fired->day) - (x->fired->day < y->fired->day);
}

static GArray *told_of(const GArray *series)
{
	GArray *all = g_array_new(FALSE, FALSE, sizeof(struct replay_told));

	for (guint i = 0; i < series->len; i++)
		add_told(&g_array_index(series, struct replay_series, i), all);
	g_array_sort(all, told_order);
	return all;
}

static bool is_summed(const struct replay_series *series, const struct replay_series *one)
{
	return series->incidents == one->incidents && series->rule == one->rule &&
	       series->rail == one->rail && series->direction == SHIFT_WORSE;
}

struct replay_sum replay_sum_of(const GArray *series, const GArray *told,
				const struct replay_series *one)
{
	struct replay_sum sum = { 0 };
	double years = 0;

	for (guint i = 0; i < series->len; i++) {
		const struct replay_series *other = &g_array_index(
			series, struct replay_series, i);

		if (!is_summed(other, one))
			continue;
		sum.n_series++;
		years += MAX(other->until - other->since + 1, 0) / DAYS_A_YEAR;
	}
	for (guint i = 0; i < told->len; i++)
		sum.n_alerts += is_summed(
			g_array_index(told, struct replay_told, i).series, one);
	sum.a_year = years > 0 ? sum.n_alerts / years : (double)NAN;
	return sum;
}

const char **replay_left_out(const struct replay_query *query)
{
	const char **words = g_new0(const char *, 5);
	guint n = 0;

	if (query->guardrail)
		words[n++] = "regressions";
	if (query->rule)
		words[n++] = "guardrails";
	if (!query->improvements || query->guardrail)
		words[n++] = "improvements";
	if (query->guardrail)
		words[n++] = "open incidents";
	return words;
}

/* ---- text ---- */

/* "1d 4h", "16 %", "3"; the caller frees. */
static char *figure_text(const struct config_guardrail *rail, double value)
{
	const struct config_figure *figure = &rail->figure;

	switch (goal_unit(goal_metric(figure->metric), figure->statistic)) {
	case GOAL_SECONDS:
		return span_format((GTimeSpan)(value * G_USEC_PER_SEC));
	case GOAL_RATIO:
		return g_strdup_printf("%.3g %%", 100 * value);
	case GOAL_COUNT:
		break;
	}
	return g_strdup_printf("%.6g", value);
}

static void print_open(const struct replay_event *fired, const char *onset)
{
	g_autofree char *age = span_format((GTimeSpan)(fired->value * G_USEC_PER_SEC));
	g_autofree char *usual = span_format((GTimeSpan)(fired->usual * G_USEC_PER_SEC));

	printf("since %s, open for %s, 95 %% of %" G_GINT64_FORMAT " took at most %s",
	       onset, age, fired->n, usual);
}

/* What it was about, and since when. */
static void print_why(const struct replay_told *told, const char *onset)
{
	const struct replay_series *series = told->series;
	const struct config_guardrail *rail = series->rail;
	g_autofree char *value = NULL, *limit = NULL;

	if (series->incidents) {
		print_open(told->fired, onset);
		return;
	}
	if (!rail) {
		printf("since %s, ratio %.2f, evidence %.0f : 1", onset,
		       told->fired->ratio, exp(told->fired->score));
		return;
	}
	value = figure_text(rail, told->fired->value);
	limit = figure_text(rail, rail->limit);
	printf("since %s, %s over %u days, %s %s allowed, n %" G_GINT64_FORMAT, onset,
	       value, goal_window_days(rail->over),
	       rail->at_most ? "at most" : "at least", limit, told->fired->n);
}

/* "change_lead_time, service search, production"; incident: NULL: all of them. */
static void print_series(const struct replay_series *series, const char *incident)
{
	const struct config_guardrail *rail = series->rail;
	g_autofree char *safe = incident ? printable(incident) : NULL;

	if (safe)
		printf("incident %s: ", safe);
	else if (series->incidents)
		fputs("open incidents: ", stdout);
	if (rail)
		printf("guardrail %s: %s of ", rail->name,
		       goal_statistic_name(rail->figure.statistic));
	printf("%s, %s %s, %s%s", metric_name(series->metric),
	       scope_kind_name(series->kind), series->scope, series->environment,
	       series->direction == SHIFT_BETTER ? ", better" : "");
}

static void print_told(const struct replay_told *told)
{
	char onset[11], fired[11], ended[11] = "";

	replay_day_text(told->fired->onset, onset);
	replay_day_text(told->fired->day, fired);
	if (told->ended)
		replay_day_text(told->ended->day, ended);
	printf("%s  ", fired);
	print_series(told->series, told->fired->name);
	fputs(": ", stdout);
	print_why(told, onset);
	printf("%s, %s%s%s\n", told->worsened ? ", got worse" : "",
	       told->ended ? watch_event_name(told->ended->event) : "still firing",
	       told->ended ? " " : "", ended);
}

static void print_weeks(const struct replay_series *series)
{
	char text[11];

	printf("%s  ", series->weeks->str);
	print_series(series, NULL);
	if (series->known_from == series->since) {
		replay_day_text(series->since, text);
		printf(": known from %s on, what it rests on is deleted before", text);
	}
	putchar('\n');
}

static void print_sum(const char *what, const char *name, const struct replay_sum *sum)
{
	if (sum->n_series == 0)
		return;
	printf("%s %s: %u alerts of %u series", what, name, sum->n_alerts, sum->n_series);
	if (!isnan(sum->a_year))
		printf(", %.2f a year and series", sum->a_year);
	putchar('\n');
}

static void print_text(const struct config *config, const struct replay_query *query,
		       const GArray *series, const GArray *told)
{
	g_autofree const char **left_out = replay_left_out(query);
	g_autofree char *words = g_strjoinv(", ", (char **)(gpointer)left_out);

	for (guint i = 0; i < told->len; i++)
		print_told(&g_array_index(told, struct replay_told, i));
	printf("%s%s\n", told->len ? "\n" : "", replay_legend);
	for (guint i = 0; i < series->len; i++)
		print_weeks(&g_array_index(series, struct replay_series, i));
	putchar('\n');
	if (*words)
		printf("not played: %s\n", words);
	for (unsigned i = 0; i < config->alerts->n_rules; i++) {
		struct replay_series one = { .rule = &config->alerts->rules[i] };
		struct replay_sum sum = replay_sum_of(series, told, &one);

		print_sum("rule", one.rule->name, &sum);
		one.incidents = true;
		sum = replay_sum_of(series, told, &one);
		print_sum("open incidents of rule", one.rule->name, &sum);
	}
	for (unsigned i = 0; i < config->n_guardrails; i++) {
		const struct replay_series one = { .rail = &config->guardrails[i] };
		const struct replay_sum sum = replay_sum_of(series, told, &one);

		print_sum("guardrail", one.rail->name, &sum);
	}
}

void alert_replay_print(const struct config *config, const struct replay_query *query,
			const GArray *series, bool json)
{
	g_autoptr(GArray) told = told_of(series);

	(json ? replay_print_json : print_text)(config, query, series, told);
}
