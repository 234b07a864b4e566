#pragma once

/*
 * A store (tests/store_rig.h) with goals, and numbers for them to judge. To be used in
 * tests only.
 */
#include "sinks/store_goals.h"
#include "tests/store_rig.h"

static struct rig rig;

static const char goals[] =
	"kpis:\n"
	"- {name: orders, title: Orders a week, unit: pcs, target: 5, aggregate: sum,"
	" time_zone: Europe/Berlin, csv: {file: /orders.csv}}\n"
	"- {name: weeks, csv: {file: /weeks.csv}}\n"
	"- {name: speed, target: 2d, grain: month, dora: {metric: change_lead_time,"
	" statistic: p75, team: red}}\n"
	"north_star: {vision: Same day., metric: change_lead_time, statistic: p50,"
	" team: red, grain: month, target: 1d, supporting: [orders, speed]}\n"
	"guardrails:\n"
	"- {name: slow, metric: change_lead_time, statistic: p90, team: red, at_most: 2d,"
	" minimum: 3}\n"
	"- {name: rare, metric: deployment_frequency, team: red, at_least: 4, over: 7d}\n"
	"- {name: mail, metric: deployment_frequency, service: mail, at_least: 4}\n";

static inline void sync_with(const char *from, const char *to)
{
	g_autoptr(GString) text = g_string_new(goals);
	struct config *config;

	if (from)
		ck_assert_uint_gt(g_string_replace(text, from, to, 0), 0);
	g_string_append(text, "orgs:\n");
	config = rig_config(&rig, NULL, "orgs:\n", text->str);
	rig_ok(store_sync_config(rig.store, config, &error));
	config_unref(config);
}

/* All sources were read at this instant. */
static inline void read_at(const char *at)
{
	g_autofree char *sql = g_strdup_printf(
		"UPDATE dorad.source SET ok_at = '%s', polled_at = '%s'", at, at);

	rig_run(&rig, sql);
}

static inline void set_up(void)
{
	rig_init(&rig);
	sync_with(NULL, NULL);
	read_at("2026-06-03T00:00:00Z");
}

static inline void tear_down(void)
{
	rig_clear(&rig);
}

static inline void month(const char *scope, const char *start, const char *end,
			 double p50, double p75)
{
	g_autofree char *sql = g_strdup_printf(
		"INSERT INTO dorad.series (scope_id, environment, grain, bucket_start,"
		" metric, bucket_end, n, value, p50, p75, definition_id, computed_at)"
		" SELECT scope_id, 'production', 'month', '%s', 'change_lead_time', '%s',"
		" 7, %f, %f, %f, 1, now() FROM dorad.scope WHERE name = '%s'",
		start, end, p50, p50, p75, scope);

	rig_run(&rig, sql);
}

/* A window to the last midnight, or to one so many days before. */
static inline void old_window(const char *scope, const char *metric, int days,
			      double value, double p90, int n, int age)
{
	g_autofree char *sql = g_strdup_printf(
		"INSERT INTO dorad.rolling (scope_id, environment, window_days, metric,"
		" bucket_start, bucket_end, n, value, p90, definition_id, computed_at)"
		" SELECT scope_id, 'production', %d, '%s',"
		" (midnight - interval '%d days') AT TIME ZONE time_zone,"
		" midnight AT TIME ZONE time_zone, %d, %f, %f, 1, now()"
		" FROM dorad.scope CROSS JOIN LATERAL (SELECT date_trunc('day',"
		" now() AT TIME ZONE time_zone) - interval '%d days') AS at (midnight)"
		" WHERE name = '%s' AND kind <> 'org'",
		days, metric, days, n, value, p90, age, scope);

	rig_run(&rig, sql);
}

static inline void window(const char *scope, const char *metric, int days, double value,
			  double p90, int n)
{
	old_window(scope, metric, days, value, p90, n, 0);
	read_at("now");
}
