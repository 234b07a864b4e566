#include "config/schema_private.h"

/* A target or limit. */
#define FIGURE_MAX_LENGTH 30

static const cyaml_strval_t statistic_words[] = {
	{ "value", STATISTIC_VALUE }, { "p50", STATISTIC_P50 },
	{ "p75", STATISTIC_P75 },     { "p90", STATISTIC_P90 },
	{ "p95", STATISTIC_P95 },     { "mean", STATISTIC_MEAN },
	{ "n", STATISTIC_N },
};
static const cyaml_strval_t grain_words[] = {
	{ "week", GOAL_WEEK },
	{ "month", GOAL_MONTH },
	{ "quarter", GOAL_QUARTER },
};
static const cyaml_strval_t better_words[] = {
	{ "higher", BETTER_HIGHER },
	{ "lower", BETTER_LOWER },
};
static const cyaml_strval_t aggregate_words[] = {
	{ "last", AGGREGATE_LAST }, { "sum", AGGREGATE_SUM },
	{ "mean", AGGREGATE_MEAN }, { "max", AGGREGATE_MAX },
	{ "min", AGGREGATE_MIN },   { "count", AGGREGATE_COUNT },
};
static const cyaml_strval_t over_words[] = {
	{ "28d", WINDOW_28D },
	{ "7d", WINDOW_7D },
	{ "90d", WINDOW_90D },
};
static const cyaml_strval_t times_words[] = {
	{ "rfc3339", TIME_RFC3339 },
	{ "epoch", TIME_EPOCH },
	{ "epoch_ms", TIME_EPOCH_MS },
};

/* What a figure is, in the middle of a mapping; at is "figure." or nothing. */
#define FIGURE_FIELDS(type, at)                                                          \
	STRING("metric", 0, type, at metric, 1, FORMAT_NAME_MAX),                        \
		CHOICE("statistic", OPTIONAL, type, at statistic, statistic_words),      \
		STRING("org", OPTIONAL, type, at org, 1, FORMAT_NAME_MAX),               \
		STRING("team", OPTIONAL, type, at team, 1, FORMAT_NAME_MAX),             \
		STRING("service", OPTIONAL, type, at service, 1, FORMAT_NAME_MAX),       \
		STRING("environment", OPTIONAL, type, at environment, 1,                 \
		       FORMAT_NAME_MAX)
#define FIGURE_ROWS(what)                                                                \
	{ "metric", what, FORMAT_NAME },                                                 \
		{ "statistic",                                                           \
		  "Which number of it; value is the count, the median or the ratio.",    \
		  FORMAT_ANY, "value" },                                                 \
		{ "org", "The org it is of; or team or service.", FORMAT_NAME },         \
		{ "team", "The team it is of.", FORMAT_NAME },                           \
		{ "service", "The service it is of.", FORMAT_NAME },                     \
	{                                                                                \
		"environment",                                                           \
			"The rollout group it is of, by the name in production. "        \
			"Default: production.",                                          \
			FORMAT_NAME                                                      \
	}
#define TARGET                                                                           \
	"a number; 2d and the like where it is a duration, 15% and the like where it "   \
	"is a ratio"

/* ---- the north star ---- */

const cyaml_schema_field_t schema_north_star_fields[] = {
	STRING("vision", 0, config_north_star, vision, 1, TEXT_MAX_LENGTH),
	FIGURE_FIELDS(config_north_star, figure.),
	CHOICE("grain", OPTIONAL, config_north_star, grain, grain_words),
	STRING("target", 0, config_north_star, target, 1, FIGURE_MAX_LENGTH),
	LIST("supporting", 0, config_north_star, supporting, n_supporting,
	     schema_name_entry, 2),
	CYAML_FIELD_END
};

const struct config_row schema_north_star_rows[] = {
	{ "vision", "What all of it is for, in one sentence.", FORMAT_LINE },
	FIGURE_ROWS("The metric that shows it: one of dora.series, or the name of a KPI, "
		    "which needs no more."),
	{ "grain", "The periods it is shown in.", FORMAT_ANY, "week" },
	{ "target", "What it should be in each: " TARGET ".", FORMAT_FIGURE },
	{ "supporting", "The two KPIs beside it.", FORMAT_NAME },
	{ NULL }
};

/* ---- KPIs ---- */

const cyaml_schema_field_t schema_kpi_sql_fields[] = {
	STRING("uri", 0, config_kpi_sql, uri, 1, TEXT_MAX_LENGTH),
	SECRET("password", config_kpi_sql, password),
	STRING("query", 0, config_kpi_sql, query, 1, LONG_MAX_LENGTH), CYAML_FIELD_END
};

const struct config_row schema_kpi_sql_rows[] = {
	{ "uri",
	  "Where the PostgreSQL is: a URI or key=value string of libpq, without a "
	  "password.",
	  FORMAT_SQL_DATABASE },
	{ "password", "Where the password is. Leave it out for peer authentication." },
	{ "query",
	  "A SELECT with the columns time and value; $1 is the instant since which they "
	  "are wanted.",
	  FORMAT_QUERY },
	{ NULL }
};

const cyaml_schema_field_t schema_kpi_http_fields[] = {
	STRING("url", 0, config_kpi_http, url, 1, TEXT_MAX_LENGTH),
	SECRET("token", config_kpi_http, token),
	MAPPING("auth", OPTIONAL, config_kpi_http, auth, rest_auth),
	STRING("ca_file", OPTIONAL, config_kpi_http, ca_file, 1, TEXT_MAX_LENGTH),
	STRING("list", OPTIONAL, config_kpi_http, list, 0, GLOB_MAX_LENGTH),
	STRING("time", 0, config_kpi_http, time, 1, GLOB_MAX_LENGTH),
	CHOICE("times", OPTIONAL, config_kpi_http, times, times_words),
	STRING("value", 0, config_kpi_http, value, 1, GLOB_MAX_LENGTH),
	CYAML_FIELD_END
};

const struct config_row schema_kpi_http_rows[] = {
	{ "url",
	  "What is asked with GET: https://. {since} in it becomes the instant since "
	  "which samples are wanted, as 2026-03-01T12:00:00Z. No credentials in it.",
	  FORMAT_ENDPOINT },
	{ "token", "Where the token is." },
	{ "auth", "How the token is sent. Default: Authorization: Bearer." },
	{ "ca_file", "The certificates to trust instead of the system's.",
	  FORMAT_ABSOLUTE },
	{ "list", "A JSON Pointer to the list of samples; \"\" is the whole answer.",
	  FORMAT_POINTER, "" },
	{ "time", "A JSON Pointer to the time, in each of them.", FORMAT_POINTER },
	{ "times", "How it is written; with rfc3339 a date alone will do.", FORMAT_ANY,
	  "rfc3339" },
	{ "value", "A JSON Pointer to the value, in each of them.", FORMAT_POINTER },
	{ NULL }
};

const cyaml_schema_field_t schema_kpi_prometheus_fields[] = {
	STRING("url", 0, config_kpi_prometheus, url, 1, TEXT_MAX_LENGTH),
	SECRET("token", config_kpi_prometheus, token),
	MAPPING("auth", OPTIONAL, config_kpi_prometheus, auth, rest_auth),
	STRING("ca_file", OPTIONAL, config_kpi_prometheus, ca_file, 1, TEXT_MAX_LENGTH),
	STRING("query", 0, config_kpi_prometheus, query, 1, LONG_MAX_LENGTH),
	STRING("step", OPTIONAL, config_kpi_prometheus, step, 1, 20),
	CYAML_FIELD_END
};

const struct config_row schema_kpi_prometheus_rows[] = {
	{ "url", "Where Prometheus is, without /api/v1: https://. No credentials in it.",
	  FORMAT_API },
	{ "token", "Where the token is." },
	{ "auth", "How the token is sent. Default: Authorization: Bearer." },
	{ "ca_file", "The certificates to trust instead of the system's.",
	  FORMAT_ABSOLUTE },
	{ "query", "A PromQL query that gives one series, such as sum(…)." },
	{ "step", "The time between two samples, from 1m to 7d.", FORMAT_SPAN, "1h",
	  60 * SECOND, 7 * DAY },
	{ NULL }
};

const cyaml_schema_field_t schema_kpi_csv_fields[] = {
	STRING("file", 0, config_kpi_csv, file, 1, TEXT_MAX_LENGTH),
	STRING("time", OPTIONAL, config_kpi_csv, time, 1, FORMAT_NAME_MAX),
	STRING("value", OPTIONAL, config_kpi_csv, value, 1, FORMAT_NAME_MAX),
	CYAML_FIELD_END
};

const struct config_row schema_kpi_csv_rows[] = {
	{ "file", "A file of this machine: commas between columns, their names first.",
	  FORMAT_ABSOLUTE },
	{ "time", "The column of the time, or of the date.", FORMAT_LINE, "time" },
	{ "value", "The column of the value.", FORMAT_LINE, "value" },
	{ NULL }
};

const cyaml_schema_field_t schema_figure_fields[] = { FIGURE_FIELDS(config_figure, ),
						      CYAML_FIELD_END };

const struct config_row schema_figure_rows[] = {
	FIGURE_ROWS("The metric, one of dora.series."), { NULL }
};

const cyaml_schema_field_t schema_kpi_fields[] = {
	STRING("name", 0, config_kpi, name, 1, FORMAT_NAME_MAX),
	STRING("title", OPTIONAL, config_kpi, title, 1, TEXT_MAX_LENGTH),
	STRING("unit", OPTIONAL, config_kpi, unit, 1, FORMAT_NAME_MAX),
	CHOICE("better", OPTIONAL, config_kpi, better, better_words),
	STRING("target", OPTIONAL, config_kpi, target, 1, FIGURE_MAX_LENGTH),
	CHOICE("grain", OPTIONAL, config_kpi, grain, grain_words),
	CHOICE("aggregate", OPTIONAL, config_kpi, aggregate, aggregate_words),
	STRING("time_zone", OPTIONAL, config_kpi, time_zone, 1, FORMAT_NAME_MAX),
	STRING("every", OPTIONAL, config_kpi, every, 1, 20),
	STRING("history", OPTIONAL, config_kpi, history, 1, 20),
	STRING("overlap", OPTIONAL, config_kpi, overlap, 1, 20),
	MAPPING("sql", OPTIONAL, config_kpi, sql, kpi_sql),
	MAPPING("http", OPTIONAL, config_kpi, http, kpi_http),
	MAPPING("prometheus", OPTIONAL, config_kpi, prometheus, kpi_prometheus),
	MAPPING("csv", OPTIONAL, config_kpi, csv, kpi_csv),
	MAPPING("dora", OPTIONAL, config_kpi, dora, figure),
	CYAML_FIELD_END
};

const struct config_row schema_kpi_rows[] = {
	{ "name", "What it is called here, in the views and among the sources.",
	  FORMAT_NAME },
	{ "title", "What people call it. Default: the name.", FORMAT_LINE },
	{ "unit", "What it is measured in, such as EUR or %.", FORMAT_LINE },
	{ "better", "Which direction is better. For dora the metric says it.", FORMAT_ANY,
	  "higher" },
	{ "target", "What it should be in each period of its grain: " TARGET ".",
	  FORMAT_FIGURE },
	{ "grain", "The periods that the target is for.", FORMAT_ANY, "week" },
	{ "aggregate", "What a period makes of its samples. Not for dora.", FORMAT_ANY,
	  "last" },
	{ "time_zone", "Where its weeks and months begin. For dora: the scope's.",
	  FORMAT_ZONE, "UTC" },
	{ "every", "How often it is asked for. Default: schedule.every.", FORMAT_SPAN,
	  NULL, 10 * SECOND, 24 * HOUR },
	{ "history", "How far back the first poll reads, from 1d to 3650d.", FORMAT_SPAN,
	  "365d", DAY, 3650 * DAY },
	{ "overlap",
	  "How much of what is there is read again by each poll, for samples that come "
	  "late or are corrected, from 1h to 3650d.",
	  FORMAT_SPAN, "30d", HOUR, 3650 * DAY },
	{ "sql", "Samples from a query on any PostgreSQL; or http, prometheus, csv or "
		 "dora." },
	{ "http", "Samples from JSON." },
	{ "prometheus", "Samples from a Prometheus." },
	{ "csv", "Samples from a file." },
	{ "dora", "A number that dorad itself publishes." },
	{ NULL }
};
ENTRY(kpi, config_kpi);

/* ---- guardrails ---- */

const cyaml_schema_field_t schema_guardrail_fields[] = {
	STRING("name", 0, config_guardrail, name, 1, FORMAT_NAME_MAX),
	FIGURE_FIELDS(config_guardrail, figure.),
	STRING("at_most", OPTIONAL, config_guardrail, at_most, 1, FIGURE_MAX_LENGTH),
	STRING("at_least", OPTIONAL, config_guardrail, at_least, 1, FIGURE_MAX_LENGTH),
	CHOICE("over", OPTIONAL, config_guardrail, over, over_words),
	NUMBER("minimum", config_guardrail, minimum),
	CYAML_FIELD_END
};

const struct config_row schema_guardrail_rows[] = {
	{ "name", "What it is called in the views and by dorad gate.", FORMAT_NAME },
	FIGURE_ROWS("The metric it is about, one of dora.current."),
	{ "at_most", "It holds while the number is not above: " TARGET ". Or at_least.",
	  FORMAT_FIGURE },
	{ "at_least", "It holds while the number is not below.", FORMAT_FIGURE },
	{ "over", "The rolling window of whole days that it looks at.", FORMAT_ANY,
	  "28d" },
	{ "minimum", "With fewer samples there is no data, and nothing is breached.",
	  FORMAT_ANY, "1", 1, 1000000 },
	{ NULL }
};
ENTRY(guardrail, config_guardrail);
