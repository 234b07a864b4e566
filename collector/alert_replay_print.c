#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>

#include "collector/alert_replay.h"

#define DAYS_A_YEAR 365.25
#define EPOCH_JULIAN 719163 /* 1970-01-01 as GDate counts */

static void day_text(gint32 day, char text[11])
{
	GDate calendar;

	g_date_clear(&calendar, 1);
	g_date_set_julian(&calendar, (guint32)(day + EPOCH_JULIAN));
	g_date_strftime(text, 11, "%Y-%m-%d", &calendar);
}

/* ---- what is shown ---- */

/* An alert that fired in the time asked for. */
struct told {
	const struct replay_series *series;
	const struct replay_event *fired;
	const struct replay_event *ended; /* NULL: it fires */
	bool worsened;
};

static bool is_end(enum watch_event event)
{
	return event == WATCH_RESOLVED || event == WATCH_ACCEPTED ||
	       event == WATCH_WITHDRAWN;
}

static void add_told(const struct replay_series *series, GArray *all)
{
	struct told told = { .series = series };

	for (guint i = 0; i < series->events->len; i++) {
		const struct replay_event *event = &g_array_index(series->events,
								  struct replay_event, i);

		if (event->event == WATCH_FIRED) {
			told = (struct told){ .series = series, .fired = event };
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
	const struct told *x = a, *y = b;

	return (x->fired->day > y->fired->day) - (x->fired->day < y->fired->day);
}

static GArray *told_of(const GArray *series)
{
	GArray *all = g_array_new(FALSE, FALSE, sizeof(struct told));

	for (guint i = 0; i < series->len; i++)
		add_told(&g_array_index(series, struct replay_series, i), all);
	g_array_sort(all, told_order);
	return all;
}

static const char *kind_name(enum scope_kind kind)
{
	return kind == SCOPE_ORG ? "org" : kind == SCOPE_TEAM ? "team" : "service";
}

/* What a rule came to. */
struct sum {
	guint n_series, n_alerts;
	double years;
};

static struct sum sum_of(const struct config_alert_rule *rule, const GArray *series,
			 const GArray *told)
{
	struct sum sum = { 0 };

	for (guint i = 0; i < series->len; i++) {
		const struct replay_series *one = &g_array_index(series,
								 struct replay_series, i);

		if (one->rule != rule)
			continue;
		sum.n_series++;
		sum.years += (one->until - one->since + 1) / DAYS_A_YEAR;
	}
	for (guint i = 0; i < told->len; i++)
		sum.n_alerts += g_array_index(told, struct told, i).series->rule == rule;
	return sum;
}

/* ---- text ---- */

static void print_told(const struct told *told)
{
	const struct replay_series *series = told->series;
	char onset[11], fired[11], ended[11] = "";

	day_text(told->fired->onset, onset);
	day_text(told->fired->day, fired);
	if (told->ended)
		day_text(told->ended->day, ended);
	printf("%s  %s, %s %s, %s: since %s, ratio %.2f, evidence %.0f : 1%s, %s%s%s\n",
	       fired, metric_name(series->metric), kind_name(series->kind), series->scope,
	       series->environment, onset, told->fired->ratio, exp(told->fired->score),
	       told->worsened ? ", got worse" : "",
	       told->ended ? watch_event_name(told->ended->event) : "still firing",
	       told->ended ? " " : "", ended);
}

static void print_text(const struct config *config, const GArray *series,
		       const GArray *told)
{
	for (guint i = 0; i < told->len; i++)
		print_told(&g_array_index(told, struct told, i));
	printf("%s%s\n", told->len ? "\n" : "", replay_legend);
	for (guint i = 0; i < series->len; i++) {
		const struct replay_series *one = &g_array_index(series,
								 struct replay_series, i);

		printf("%s  %s, %s %s, %s\n", one->weeks->str, metric_name(one->metric),
		       kind_name(one->kind), one->scope, one->environment);
	}
	puts("\nnot played: guardrails, improvements");
	for (unsigned i = 0; i < config->alerts->n_rules; i++) {
		const struct sum sum = sum_of(&config->alerts->rules[i], series, told);

		if (sum.n_series > 0)
			printf("rule %s: %u alerts of %u series, %.2f a year and "
			       "series\n",
			       config->alerts->rules[i].name, sum.n_alerts, sum.n_series,
			       sum.n_alerts / sum.years);
	}
}

/* ---- JSON ---- */

static void add_day(cJSON *object, const char *key, gint32 day)
{
	char text[11];

	day_text(day, text);
	cJSON_AddStringToObject(object, key, text);
}

static void add_key(cJSON *object, const struct replay_series *series)
{
	cJSON_AddStringToObject(object, "metric", metric_name(series->metric));
	cJSON_AddStringToObject(object, "kind", kind_name(series->kind));
	cJSON_AddStringToObject(object, "scope", series->scope);
	cJSON_AddStringToObject(object, "environment", series->environment);
	cJSON_AddStringToObject(object, "rule", series->rule->name);
}

static cJSON *told_json(const struct told *told)
{
	cJSON *object = cJSON_CreateObject();

	add_key(object, told->series);
	add_day(object, "onset", told->fired->onset);
	add_day(object, "fired", told->fired->day);
	cJSON_AddStringToObject(object, "state",
				told->ended ? watch_event_name(told->ended->event)
					    : "firing");
	if (told->ended)
		add_day(object, "ended", told->ended->day);
	else
		cJSON_AddNullToObject(object, "ended");
	cJSON_AddNumberToObject(object, "ratio", told->fired->ratio);
	cJSON_AddNumberToObject(object, "evidence", exp(told->fired->score));
	cJSON_AddBoolToObject(object, "worsened", told->worsened);
	return object;
}

static cJSON *sum_json(const struct config_alert_rule *rule, const struct sum *sum)
{
	cJSON *object = cJSON_CreateObject();

	cJSON_AddStringToObject(object, "rule", rule->name);
	cJSON_AddNumberToObject(object, "series", sum->n_series);
	cJSON_AddNumberToObject(object, "alerts", sum->n_alerts);
	cJSON_AddNumberToObject(object, "alerts_per_series_year",
				sum->n_alerts / sum->years);
	return object;
}

static const char *const not_played[] = { "guardrails", "improvements" };

static void print_json(const struct config *config, const GArray *series,
		       const GArray *told)
{
	cJSON *object = cJSON_CreateObject();
	cJSON *alerts = cJSON_AddArrayToObject(object, "alerts");
	cJSON *rows = cJSON_AddArrayToObject(object, "series");
	cJSON *rules = cJSON_AddArrayToObject(object, "rules");
	cJSON *others = cJSON_AddArrayToObject(object, "not_played");
	char *text;

	for (guint i = 0; i < told->len; i++)
		cJSON_AddItemToArray(alerts,
				     told_json(&g_array_index(told, struct told, i)));
	for (guint i = 0; i < series->len; i++) {
		const struct replay_series *one = &g_array_index(series,
								 struct replay_series, i);
		cJSON *row = cJSON_CreateObject();

		add_key(row, one);
		add_day(row, "since", one->since);
		add_day(row, "until", one->until);
		cJSON_AddStringToObject(row, "weeks", one->weeks->str);
		cJSON_AddItemToArray(rows, row);
	}
	for (unsigned i = 0; i < config->alerts->n_rules; i++) {
		const struct config_alert_rule *rule = &config->alerts->rules[i];
		const struct sum sum = sum_of(rule, series, told);

		if (sum.n_series > 0)
			cJSON_AddItemToArray(rules, sum_json(rule, &sum));
	}
	for (gsize i = 0; i < G_N_ELEMENTS(not_played); i++)
		cJSON_AddItemToArray(others, cJSON_CreateString(not_played[i]));
	text = cJSON_Print(object);
	puts(text);
	cJSON_free(text);
	cJSON_Delete(object);
}

void alert_replay_print(const struct config *config, const GArray *series, bool json)
{
	g_autoptr(GArray) told = told_of(series);

	(json ? print_json : print_text)(config, series, told);
}
