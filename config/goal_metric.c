#include "config/goal_metric.h"

#include <math.h>
#include <string.h>

#include "base/instant.h"

/* clang-format off */
const struct goal_metric goal_metrics[] = {
	{ "deployment_frequency",           GOAL_COUNT,   true  },
	{ "change_lead_time",               GOAL_SECONDS, true  },
	{ "lead_time_coding",               GOAL_SECONDS, true  },
	{ "lead_time_pickup",               GOAL_SECONDS, true  },
	{ "lead_time_review",               GOAL_SECONDS, true  },
	{ "lead_time_deploy",               GOAL_SECONDS, true  },
	{ "change_fail_rate",               GOAL_RATIO,   true  },
	{ "failed_deployment_recovery_time", GOAL_SECONDS, false },
	{ "deployment_rework_rate",         GOAL_RATIO,   true  },
	{ "time_to_restore",                GOAL_SECONDS, false },
	{ 0 },
};
/* clang-format on */

const struct goal_metric *goal_metric(const char *name)
{
	for (const struct goal_metric *metric = goal_metrics; metric->name; metric++)
		if (strcmp(metric->name, name) == 0)
			return metric;
	return NULL;
}

enum goal_unit goal_unit(const struct goal_metric *metric,
			 enum config_statistic statistic)
{
	if (statistic == STATISTIC_VALUE)
		return metric->unit;
	/* the distribution of a count is that of the time between its events */
	return statistic == STATISTIC_N ? GOAL_COUNT : GOAL_SECONDS;
}

const char *goal_unit_name(enum goal_unit unit)
{
	return unit == GOAL_SECONDS ? "seconds" : NULL;
}

bool goal_has(const struct goal_metric *metric, enum config_statistic statistic)
{
	return metric->unit != GOAL_RATIO || statistic == STATISTIC_VALUE ||
	       statistic == STATISTIC_N;
}

enum config_better goal_better(const struct goal_metric *metric,
			       enum config_statistic statistic)
{
	bool higher = statistic == STATISTIC_N	     ? metric->more_samples
		      : statistic == STATISTIC_VALUE ? metric->unit == GOAL_COUNT
						     : false;

	return higher ? BETTER_HIGHER : BETTER_LOWER;
}

bool goal_number(const char *text, enum goal_unit unit, double *value)
{
	gsize n = strlen(text), digits = strspn(text, "+-0123456789.");
	bool percent = n > 0 && digits == n - 1 && text[digits] == '%';
	GTimeSpan span;
	double number;

	if (unit == GOAL_SECONDS && span_parse(text, &span)) {
		*value = (double)span / G_USEC_PER_SEC;
		return true;
	}
	if (digits != n && !(percent && unit == GOAL_RATIO))
		return false;
	number = g_ascii_strtod(text, NULL);
	*value = percent ? number / 100 : number;
	return isfinite(*value);
}

const char *goal_statistic_name(enum config_statistic statistic)
{
	static const char *const names[] = {
		"value", "p50", "p75", "p90", "p95", "mean", "n",
	};

	return names[statistic];
}

const char *goal_grain_name(enum config_grain grain)
{
	static const char *const names[] = { "week", "month", "quarter" };

	return names[grain];
}

const char *goal_better_name(enum config_better better)
{
	return better == BETTER_HIGHER ? "higher" : "lower";
}

const char *goal_aggregate_name(enum config_aggregate aggregate)
{
	static const char *const names[] = {
		"last", "sum", "mean", "max", "min", "count",
	};

	return names[aggregate];
}

unsigned goal_window_days(enum config_window window)
{
	static const unsigned days[] = {
		[WINDOW_28D] = 28, [WINDOW_7D] = 7, [WINDOW_90D] = 90
	};

	return days[window];
}
