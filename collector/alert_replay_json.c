#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>

#include "collector/alert_replay_inside.h"
#include "config/goal_metric.h"

static void add_day(cJSON *object, const char *key, gint32 day)
{
	char text[11];

	replay_day_text(day, text);
	cJSON_AddStringToObject(object, key, text);
}

static void add_text(cJSON *object, const char *key, const char *text)
{
	if (text)
		cJSON_AddStringToObject(object, key, text);
	else
		cJSON_AddNullToObject(object, key);
}

/* In the words of `dorad gate`. */
static cJSON *objective_of(const struct config_guardrail *rail)
{
	const struct config_figure *figure = &rail->figure;
	cJSON *object = cJSON_CreateObject();

	add_text(object, "statistic", goal_statistic_name(figure->statistic));
	add_text(object, "direction", rail->at_most ? "at most" : "at least");
	cJSON_AddNumberToObject(object, "limit", rail->limit);
	add_text(object, "unit",
		 goal_unit_name(
			 goal_unit(goal_metric(figure->metric), figure->statistic)));
	cJSON_AddNumberToObject(object, "window_days", goal_window_days(rail->over));
	cJSON_AddNumberToObject(object, "minimum_n", rail->minimum);
	return object;
}

/* kind tells guardrails and incidents from the rest, of which it has the kind of scope,
 * as ever. incident: NULL: all of them, or none. */
static void add_key(cJSON *object, const struct replay_series *series,
		    const char *incident)
{
	const struct config_guardrail *rail = series->rail;

	add_text(object, "metric", metric_name(series->metric));
	add_text(object, "kind",
		 rail		     ? "guardrail"
		 : series->incidents ? "incident"
				     : scope_kind_name(series->kind));
	add_text(object, "scope_kind", scope_kind_name(series->kind));
	add_text(object, "scope", series->scope);
	add_text(object, "environment", series->environment);
	add_text(object, "direction", shift_direction_name(series->direction));
	add_text(object, "rule", series->rule ? series->rule->name : NULL);
	add_text(object, "name", rail ? rail->name : incident);
	cJSON_AddItemToObject(object, "objective",
			      rail ? objective_of(rail) : cJSON_CreateNull());
}

static cJSON *told_json(const struct replay_told *told)
{
	cJSON *object = cJSON_CreateObject();

	add_key(object, told->series, told->fired->name);
	add_day(object, "onset", told->fired->onset);
	add_day(object, "fired", told->fired->day);
	add_text(object, "state",
		 told->ended ? watch_event_name(told->ended->event) : "firing");
	if (told->ended)
		add_day(object, "ended", told->ended->day);
	else
		cJSON_AddNullToObject(object, "ended");
	/* NAN is null */
	cJSON_AddNumberToObject(object, "ratio", told->fired->ratio);
	cJSON_AddNumberToObject(object, "evidence", exp(told->fired->score));
	cJSON_AddNumberToObject(object, "value", told->fired->value);
	cJSON_AddNumberToObject(object, "usual", told->fired->usual);
	if (told->series->rail || told->series->incidents)
		cJSON_AddNumberToObject(object, "n", (double)told->fired->n);
	else
		cJSON_AddNullToObject(object, "n");
	cJSON_AddBoolToObject(object, "worsened", told->worsened);
	return object;
}

static cJSON *series_json(const struct replay_series *series)
{
	cJSON *object = cJSON_CreateObject();

	add_key(object, series, NULL);
	add_day(object, "since", series->since);
	add_day(object, "until", series->until);
	if (series->known_from == WATCH_NEVER)
		cJSON_AddNullToObject(object, "known_from");
	else
		add_day(object, "known_from", series->known_from);
	add_text(object, "weeks", series->weeks->str);
	return object;
}

static void add_sum(cJSON *array, const char *what, const char *name,
		    const struct replay_sum *sum)
{
	cJSON *object;

	if (sum->n_series == 0)
		return;
	object = cJSON_CreateObject();
	add_text(object, what, name);
	cJSON_AddNumberToObject(object, "series", sum->n_series);
	cJSON_AddNumberToObject(object, "alerts", sum->n_alerts);
	cJSON_AddNumberToObject(object, "alerts_per_series_year", sum->a_year);
	cJSON_AddItemToArray(array, object);
}

static void add_sums(cJSON *object, const struct config *config, const GArray *series,
		     const GArray *told)
{
	cJSON *rules = cJSON_AddArrayToObject(object, "rules");
	cJSON *incidents = cJSON_AddArrayToObject(object, "incidents");
	cJSON *guardrails = cJSON_AddArrayToObject(object, "guardrails");

	for (unsigned i = 0; i < config->alerts->n_rules; i++) {
		struct replay_series one = { .rule = &config->alerts->rules[i] };
		struct replay_sum sum = replay_sum_of(series, told, &one);

		add_sum(rules, "rule", one.rule->name, &sum);
		one.incidents = true;
		sum = replay_sum_of(series, told, &one);
		add_sum(incidents, "rule", one.rule->name, &sum);
	}
	for (unsigned i = 0; i < config->n_guardrails; i++) {
		const struct replay_series one = { .rail = &config->guardrails[i] };
		const struct replay_sum sum = replay_sum_of(series, told, &one);

		add_sum(guardrails, "guardrail", one.rail->name, &sum);
	}
}

void replay_print_json(const struct config *config, const struct replay_query *query,
		       const GArray *series, const GArray *told)
{
	g_autofree const char **left_out = replay_left_out(query);
	cJSON *object = cJSON_CreateObject();
	cJSON *alerts = cJSON_AddArrayToObject(object, "alerts");
	cJSON *rows = cJSON_AddArrayToObject(object, "series");
	cJSON *others;
	char *text;

	for (guint i = 0; i < told->len; i++)
		cJSON_AddItemToArray(
			alerts, told_json(&g_array_index(told, struct replay_told, i)));
	for (guint i = 0; i < series->len; i++)
		cJSON_AddItemToArray(rows, series_json(&g_array_index(
						   series, struct replay_series, i)));
	add_sums(object, config, series, told);
	others = cJSON_AddArrayToObject(object, "not_played");
	for (guint i = 0; left_out[i]; i++)
		cJSON_AddItemToArray(others, cJSON_CreateString(left_out[i]));
	text = cJSON_Print(object);
	puts(text);
	cJSON_free(text);
	cJSON_Delete(object);
}
