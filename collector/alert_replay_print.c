#include <math.h>
#include <stdio.h>

#include "base/instant.h"
#include "collector/alert_replay_inside.h"
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

static void add_told(const struct replay_series *series, GArray *all)
{
	struct replay_told told = { .series = series };

	for (guint i = 0; i < series->events->len; i++) {
		const struct replay_event *event = &g_array_index(series->events,
								  struct replay_event, i);

		if (event->event == WATCH_FIRED) {
			told = (struct replay_told){ .series = series, .fired = event };
		} else if (event->event == WATCH_WORSENED) {
			told.worsened = true;
		} else if (is_end(event->event)) {
			told.ended = event;
			if (told.fired->day >= series->since)
				g_array_append_val(all, told);
			told.fired = NULL;
		}
	}
	if (told.fired && told.fired->day >= series->since)
		g_array_append_val(all, told);
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

struct replay_sum replay_sum_of(const GArray *series, const GArray *told,
				const struct config_alert_rule *rule,
				const struct config_guardrail *rail)
{
	struct replay_sum sum = { 0 };
	double years = 0;

	for (guint i = 0; i < series->len; i++) {
		const struct replay_series *one = &g_array_index(series,
								 struct replay_series, i);

		if (one->rule != rule || one->rail != rail ||
		    one->direction == SHIFT_BETTER)
			continue;
		sum.n_series++;
		years += MAX(one->until - one->since + 1, 0) / DAYS_A_YEAR;
	}
	for (guint i = 0; i < told->len; i++) {
		const struct replay_series *one =
			g_array_index(told, struct replay_told, i).series;

		sum.n_alerts += one->rule == rule && one->rail == rail &&
				one->direction == SHIFT_WORSE;
	}
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

/* What it was about, and since when. */
static void print_why(const struct replay_told *told, const char *onset)
{
	const struct replay_series *series = told->series;
	const struct config_guardrail *rail = series->rail;
	g_autofree char *value = NULL, *limit = NULL;

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

/* "change_lead_time, service search, production" */
static void print_series(const struct replay_series *series)
{
	const struct config_guardrail *rail = series->rail;

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
	print_series(told->series);
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
	print_series(series);
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
	printf("\nnot played: %s\n", words);
	for (unsigned i = 0; i < config->alerts->n_rules; i++) {
		const struct config_alert_rule *rule = &config->alerts->rules[i];
		const struct replay_sum sum = replay_sum_of(series, told, rule, NULL);

		print_sum("rule", rule->name, &sum);
	}
	for (unsigned i = 0; i < config->n_guardrails; i++) {
		const struct config_guardrail *rail = &config->guardrails[i];
		const struct replay_sum sum = replay_sum_of(series, told, NULL, rail);

		print_sum("guardrail", rail->name, &sum);
	}
}

void alert_replay_print(const struct config *config, const struct replay_query *query,
			const GArray *series, bool json)
{
	g_autoptr(GArray) told = told_of(series);

	(json ? replay_print_json : print_text)(config, query, series, told);
}
