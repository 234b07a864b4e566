#pragma once

/*
 * The north star, KPIs and guardrails as the program uses them: part of struct config
 * (config/config.h), on the same terms.
 */
#include <glib.h>
#include <stdbool.h>

#include "base/secret.h"
#include "drivers/driver.h"

struct config_rest_auth;

enum config_statistic {
	STATISTIC_VALUE,
	STATISTIC_P50,
	STATISTIC_P75,
	STATISTIC_P90,
	STATISTIC_P95,
	STATISTIC_MEAN,
	STATISTIC_N,
};
enum config_grain { GOAL_WEEK, GOAL_MONTH, GOAL_QUARTER };
enum config_better { BETTER_HIGHER, BETTER_LOWER };
/* What a period makes of its samples. */
enum config_aggregate {
	AGGREGATE_LAST,
	AGGREGATE_SUM,
	AGGREGATE_MEAN,
	AGGREGATE_MAX,
	AGGREGATE_MIN,
	AGGREGATE_COUNT,
};
enum config_window { WINDOW_28D, WINDOW_7D, WINDOW_90D };

/* A number that dora.series or dora.current has: a metric of one scope. */
struct config_figure {
	char *metric;
	enum config_statistic statistic;
	char *org, *team, *service; /* exactly one */
	char *environment;	    /* a rollout group; default production */
};

struct config_kpi_sql {
	char *uri;
	struct secret_ref *password;
	char *query; /* columns time and value; $1 is the instant since which they are
			wanted */
};
/* A list of samples in the JSON that a GET answers. */
struct config_kpi_http {
	char *url;
	struct secret_ref *token;
	struct config_rest_auth *auth; /* NULL: Authorization: Bearer */
	char *ca_file;
	char *list;		/* where the list is; default "": the document */
	char *time;		/* in each of its items */
	enum time_format times; /* TIME_RFC3339 (or a date), _EPOCH or _EPOCH_MS */
	char *value;
};
struct config_kpi_prometheus {
	char *url; /* without /api/v1 */
	struct secret_ref *token;
	struct config_rest_auth *auth;
	char *ca_file;
	char *query;
	char *step; /* between samples; default 1h */
	gint64 step_us;
};
struct config_kpi_csv {
	char *file;
	char *time, *value; /* columns; default "time" and "value" */
};

/* A figure with a target. Exactly one of sql … dora says where it comes from. */
struct config_kpi {
	char *name;
	char *title, *unit;	   /* for people; unit may be NULL */
	enum config_better better; /* dora: the metric's */
	char *target;		   /* NULL: none */
	double target_value;	   /* NAN: none */
	enum config_grain grain;   /* that the target is for */
	enum config_aggregate aggregate;
	char *time_zone;
	char *every, *history, *overlap;
	gint64 every_us, history_us, overlap_us;
	struct config_kpi_sql *sql;
	struct config_kpi_http *http;
	struct config_kpi_prometheus *prometheus;
	struct config_kpi_csv *csv;
	struct config_figure *dora; /* is not polled */
};

struct config_north_star {
	char *vision;
	/* The metric's name or a KPI's; a KPI has neither scope nor environment. */
	struct config_figure figure;
	enum config_grain grain;
	char *target;
	double target_value;
	char **supporting; /* two KPIs */
	unsigned n_supporting;
};

/* What must hold of a figure over a rolling window. */
struct config_guardrail {
	char *name;
	struct config_figure figure;
	char *at_most, *at_least; /* exactly one */
	double limit;
	enum config_window over;
	unsigned minimum; /* fewer samples are no data; default 1 */
};
