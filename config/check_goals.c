#include "config/check_private.h"

#include <math.h>
#include <string.h>

#include "base/instant.h"
#include "config/fault.h"
#include "config/goal_metric.h"
#include "config/schema_private.h"

/* Samples of one answer of Prometheus cover at most the history. */
#define SAMPLES_MAX 100000

static void wrong(struct check *check, const char *prefix, const char *name,
		  const char *format, ...) G_GNUC_PRINTF(4, 5);

static void wrong(struct check *check, const char *prefix, const char *name,
		  const char *format, ...)
{
	g_autofree char *key = g_strdup_printf("%s.%s", prefix, name);
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	check_wrong(check, key, "%s", text);
}

/* ---- figures ---- */

static char *metric_names(void)
{
	g_autoptr(GString) names = g_string_new(NULL);

	for (const struct goal_metric *metric = goal_metrics; metric->name; metric++)
		g_string_append_printf(names, "%s%s", names->len ? ", " : "",
				       metric->name);
	return g_string_free(g_steal_pointer(&names), FALSE);
}

static void unknown_metric(struct check *check, const char *prefix, const char *key,
			   const char *name, bool or_kpi)
{
	g_autofree char *names = metric_names();
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	const char *nearest;

	for (const struct goal_metric *metric = goal_metrics; metric->name; metric++)
		g_ptr_array_add(words, (gpointer)metric->name);
	for (unsigned i = 0; or_kpi && i < check->config->n_kpis; i++)
		g_ptr_array_add(words, check->config->kpis[i].name);
	nearest = fault_nearest(name, (const char *const *)words->pdata, words->len);
	if (nearest)
		wrong(check, prefix, key, "\"%s\" is no metric%s, did you mean \"%s\"?",
		      name, or_kpi ? " and no KPI" : "", nearest);
	else
		wrong(check, prefix, key, "\"%s\" is no metric, expected %s%s", name,
		      or_kpi ? "the name of a KPI or one of " : "one of ", names);
}

void check_metric(struct check *check, const char *prefix, const char *key,
		  const char *name)
{
	if (!goal_metric(name))
		unknown_metric(check, prefix, key, name, false);
}

/* Whether a figure is of a service. */
static bool covers(const struct config *config, const struct config_figure *figure,
		   const struct config_service *service)
{
	const struct config_team *team = config_team(config, service->team);

	if (figure->service)
		return strcmp(figure->service, service->name) == 0;
	if (figure->team)
		return strcmp(figure->team, service->team) == 0;
	return team && g_strcmp0(figure->org, team->org) == 0;
}

static void check_environment(struct check *check, const struct config_figure *figure,
			      const char *prefix)
{
	g_autoptr(GString) groups = g_string_new(NULL);

	for (unsigned i = 0; i < check->config->n_services; i++) {
		const struct config_service *service = &check->config->services[i];

		for (unsigned k = 0; k < service->n_production; k++) {
			const char *group = service->production[k].name;

			if (!covers(check->config, figure, service))
				continue;
			if (strcmp(group, figure->environment) == 0)
				return;
			g_string_append_printf(groups, "%s\"%s\"",
					       groups->len ? ", " : "", group);
		}
	}
	if (groups->len) /* nothing at all is no mistake: services may come */
		wrong(check, prefix, "environment",
		      "\"%s\" is no rollout group there, expected %s",
		      figure->environment, groups->str);
}

static void check_figure(struct check *check, const struct config_figure *figure,
			 const char *prefix)
{
	const struct goal_metric *metric = goal_metric(figure->metric);
	int n = (figure->org != NULL) + (figure->team != NULL) +
		(figure->service != NULL);

	if (n != 1)
		check_wrong(check, prefix,
			    "is of %s, expected one of service, team and org",
			    n ? "several scopes" : "no scope");
	else
		check_environment(check, figure, prefix);
	if (!goal_has(metric, figure->statistic))
		wrong(check, prefix, "statistic",
		      "\"%s\" does not fit %s, expected value or n",
		      goal_statistic_name(figure->statistic), metric->name);
}

/* What no number of a metric is: a limit there would always hold, or never. */
static void check_bounds(struct check *check, const char *metric, enum goal_unit unit,
			 const char *text, double value, const char *prefix,
			 const char *name)
{
	const bool percent = strchr(text, '%') != NULL;

	if (value < 0)
		wrong(check, prefix, name, "\"%s\" is below 0, which %s never is", text,
		      metric);
	else if (unit == GOAL_RATIO && value > 1 && value <= 100 && !percent)
		wrong(check, prefix, name,
		      "\"%s\" is more than the whole, did you mean \"%s%%\"?", text,
		      text);
	else if (unit == GOAL_RATIO && value > 1)
		wrong(check, prefix, name,
		      "\"%s\" is more than the whole, expected at most 1 or 100%%", text);
}

/* A target or limit that was given and is not what the figure is in. figure NULL: of
 * business samples. */
static void check_number(struct check *check, const struct config_figure *figure,
			 const char *text, double value, const char *prefix,
			 const char *name)
{
	static const char *const expected[] = {
		[GOAL_COUNT] = "a number",
		[GOAL_SECONDS] = "a duration such as 2d, or seconds",
		[GOAL_RATIO] = "a ratio such as 0.15 or 15%",
	};
	const struct goal_metric *metric = figure ? goal_metric(figure->metric) : NULL;
	enum goal_unit unit = metric ? goal_unit(metric, figure->statistic) : GOAL_COUNT;

	if (text && !isfinite(value))
		wrong(check, prefix, name, "\"%s\" does not fit %s, expected %s", text,
		      metric ? metric->name : "it", expected[unit]);
	else if (text && metric)
		check_bounds(check, metric->name, unit, text, value, prefix, name);
}

/* ---- KPIs ---- */

static void check_http(struct check *check, const struct config_rest_auth *auth,
		       const struct secret_ref *token, const char *prefix)
{
	check_secret(check, token, prefix, "token");
	if (auth && !token)
		wrong(check, prefix, "auth", "has no token beside it, expected both");
}

static void check_prometheus(struct check *check, const struct config_kpi *kpi,
			     const char *prefix)
{
	const struct config_kpi_prometheus *prometheus = kpi->prometheus;
	g_autofree char *inner = g_strdup_printf("%s.prometheus", prefix);
	g_autofree char *step = span_format(kpi->history_us / SAMPLES_MAX);

	check_http(check, prometheus->auth, prometheus->token, inner);
	if (kpi->history_us / prometheus->step_us > SAMPLES_MAX)
		wrong(check, inner, "step",
		      "gives more than %d samples in a history of %s, expected more than "
		      "%s",
		      SAMPLES_MAX, kpi->history, step);
}

/* What a number of our own cannot be told; what "config show" prints of one is taken. */
static void check_dora(struct check *check, const struct config_kpi *kpi,
		       const char *prefix)
{
	const struct goal_metric *metric = goal_metric(kpi->dora->metric);
	g_autofree char *inner = g_strdup_printf("%s.dora", prefix);
	g_autofree char *better = g_strdup_printf("%s.better", prefix);
	const struct node *given = node_at(check->tree->root, better, NULL);
	const struct {
		const char *key;
		bool wrong;
	} keys[] = {
		{ "unit", kpi->unit != NULL },
		{ "aggregate", kpi->aggregate != AGGREGATE_LAST },
		{ "time_zone", strcmp(kpi->time_zone, "UTC") != 0 },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
		if (keys[i].wrong)
			wrong(check, prefix, keys[i].key,
			      "does not fit dora, expected it with sql, http, prometheus "
			      "or csv");
	if (!metric) {
		unknown_metric(check, inner, "metric", kpi->dora->metric, false);
		return;
	}
	check_figure(check, kpi->dora, inner);
	if (given && strcmp(given->text, goal_better_name(kpi->better)) != 0)
		wrong(check, prefix, "better",
		      "does not fit %s, of which %s is better, expected no such key",
		      metric->name, goal_better_name(kpi->better));
}

static void check_kpi(struct check *check, const struct config_kpi *kpi, unsigned i)
{
	g_autofree char *prefix = g_strdup_printf("kpis[%u]", i);
	int n = (kpi->sql != NULL) + (kpi->http != NULL) + (kpi->prometheus != NULL) +
		(kpi->csv != NULL) + (kpi->dora != NULL);

	if (n != 1)
		check_wrong(check, prefix,
			    "has %s, expected one of sql, http, prometheus, csv and dora",
			    n ? "several sources" : "no source");
	if (goal_metric(kpi->name))
		wrong(check, prefix, "name",
		      "\"%s\" is the name of a metric, expected another", kpi->name);
	check_number(check, kpi->dora, kpi->target, kpi->target_value, prefix, "target");
	if (kpi->sql) {
		g_autofree char *sql = g_strdup_printf("%s.sql", prefix);

		check_secret(check, kpi->sql->password, sql, "password");
	}
	if (kpi->http) {
		g_autofree char *http = g_strdup_printf("%s.http", prefix);

		check_http(check, kpi->http->auth, kpi->http->token, http);
	}
	if (kpi->prometheus)
		check_prometheus(check, kpi, prefix);
	if (kpi->dora)
		check_dora(check, kpi, prefix);
}

/* ---- the north star and guardrails ---- */

static void check_star_kpi(struct check *check, const struct config_figure *figure)
{
	const struct {
		const char *key;
		bool wrong;
	} keys[] = {
		{ "statistic", figure->statistic != STATISTIC_VALUE },
		{ "org", figure->org != NULL },
		{ "team", figure->team != NULL },
		{ "service", figure->service != NULL },
		{ "environment", figure->environment != NULL },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
		if (keys[i].wrong)
			wrong(check, "north_star", keys[i].key,
			      "does not fit a KPI, expected it with a metric only");
}

static void check_north_star(struct check *check, const struct config_north_star *star)
{
	const struct config_kpi *kpi = config_kpi(check->config, star->figure.metric);
	const struct config_figure *figure = kpi ? kpi->dora : &star->figure;

	if (kpi)
		check_star_kpi(check, &star->figure);
	else if (goal_metric(star->figure.metric))
		check_figure(check, &star->figure, "north_star");
	else
		unknown_metric(check, "north_star", "metric", star->figure.metric, true);
	check_number(check, figure, star->target, star->target_value, "north_star",
		     "target");
	if (star->n_supporting != 2)
		check_wrong(check, "north_star.supporting",
			    "has one entry, expected two different KPIs");
	else if (strcmp(star->supporting[0], star->supporting[1]) == 0)
		check_wrong(check, "north_star.supporting[1]",
			    "\"%s\" is in the list already, expected another KPI",
			    star->supporting[1]);
	for (unsigned i = 0; kpi && i < star->n_supporting; i++) {
		g_autofree char *name = g_strdup_printf("supporting[%u]", i);

		if (strcmp(star->supporting[i], kpi->name) == 0)
			wrong(check, "north_star", name,
			      "\"%s\" is the north star itself, expected another KPI",
			      kpi->name);
	}
}

static void check_guardrail(struct check *check, const struct config_guardrail *rail,
			    unsigned i)
{
	g_autofree char *prefix = g_strdup_printf("guardrails[%u]", i);

	if (goal_metric(rail->figure.metric))
		check_figure(check, &rail->figure, prefix);
	else
		unknown_metric(check, prefix, "metric", rail->figure.metric, false);
	if ((rail->at_most != NULL) + (rail->at_least != NULL) != 1)
		check_wrong(check, prefix, "has %s, expected either at_most or at_least",
			    rail->at_most ? "two limits" : "no limit");
	else
		check_number(check, &rail->figure,
			     rail->at_most ? rail->at_most : rail->at_least, rail->limit,
			     prefix, rail->at_most ? "at_most" : "at_least");
}

void check_goals(struct check *check)
{
	const struct config *config = check->config;

	for (unsigned i = 0; i < config->n_kpis; i++)
		check_kpi(check, &config->kpis[i], i);
	if (config->north_star)
		check_north_star(check, config->north_star);
	for (unsigned i = 0; i < config->n_guardrails; i++)
		check_guardrail(check, &config->guardrails[i], i);
}
