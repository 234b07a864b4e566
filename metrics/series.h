#pragma once

/*
 * The published numbers per bucket and over rolling windows, computed from samples every
 * time (no median of medians, no mean of means). Pure.
 */
#include "metrics/bucket.h"
#include "metrics/rollout_state.h"

/* The version of what the numbers mean; raised whenever the same facts would give other
 * numbers. */
#define SERIES_MEANING 3

enum metric {
	METRIC_DEPLOYMENT_FREQUENCY,
	METRIC_CHANGE_LEAD_TIME,
	METRIC_CHANGE_FAIL_RATE,
	METRIC_RECOVERY_TIME, /* "failed_deployment_recovery_time" */
	METRIC_REWORK_RATE,   /* "deployment_rework_rate" */
	METRIC_TIME_TO_RESTORE,
	METRIC_LEAD_TIME_ALL, /* "change_lead_time_all": with what rules leave out */
	METRIC_STAGE_CODING,  /* "lead_time_coding", … */
	METRIC_STAGE_PICKUP,
	METRIC_STAGE_REVIEW,
	METRIC_STAGE_DEPLOY,
	N_METRICS,
};
#define N_STAGES 4
const char *metric_name(enum metric metric); /* "deployment_frequency", … */
bool metric_parse(const char *name, enum metric *metric);

/* Percentile q (0 … 1) of n ascending values by linear interpolation, as PostgreSQL's
 * percentile_cont: the same operations in the same order, so the same bits. (On machines
 * that can multiply and add in one rounding, we never do; so all of ours agree.) NAN if n
 * is 0. */
double percentile_sorted(const double *values, gsize n, double q);

/* A shipped commit that counts, or would but for a rule. */
struct lead_sample {
	gint64 finished; /* the rollout's finish */
	gint64 lead;	 /* µs */
	guint64 author;	 /* salted hash; 0: unknown, counts as no one */
	bool by_rule;	 /* left out by a rule: counts in change_lead_time_all alone */
};

/* A change that a rollout shipped. */
struct stage_sample {
	gint64 finished;
	gint64 spans[N_STAGES]; /* µs: coding, pickup, review, deploy; -1: not known */
	guint64 author;		/* of its first commit that is no merge; 0: unknown */
};

/* Something that began and perhaps ended: a failed rollout and its recovery (began: its
 * finish), or an incident and its resolve. */
struct span_sample {
	gint64 began;
	gint64 ended; /* >= began; INSTANT_NONE: still open */
	bool left;    /* it never ended, and counts as open no longer than until then */
};

/* A successful production rollout. service tells rollouts of different services apart in
 * teams and orgs; time between deployments is always between rollouts of the same
 * service. */
struct rollout_sample {
	gint64 finished;
	gint64 previous; /* finish of the same service's rollout before, INSTANT_NONE for
			    its first */
	enum change_state state;
	bool unplanned;
};

/* One service (or team, or org) and environment. Sample arrays are sorted by finish,
 * those of spans by end, the open ones last. A sample belongs to the bucket of the local
 * date of that (metrics/bucket.h).
 */
struct series_input {
	const struct zone *zone;
	gint64 born; /* first rollout's finish: no bucket before its own; INSTANT_NONE:
			none but of incidents */
	gint64 now;  /* no bucket after its own */
	const struct rollout_sample *rollouts;
	gsize n_rollouts;
	const struct lead_sample *samples;
	gsize n_samples;
	const struct stage_sample *stages;
	gsize n_stages;
	/* Of both: all that ended in the time asked for or later, or are open. Those that
	 * began after it, or ended before, do no harm. */
	const struct span_sample *recoveries; /* failed rollouts */
	gsize n_recoveries;
	const struct span_sample *restores; /* incidents */
	gsize n_restores;
	gint64 incidents_born; /* when the first incident began; INSTANT_NONE: none */
	guint minimum_authors; /* fewer distinct authors in the bucket or window: n only,
				  no distribution; 0: off. Costs a comparison each per
				  sample at worst, so keep it small */
};

/* One number with everything that belongs to it. NAN is NULL. Durations in seconds.
 *   deployment_frequency: n = value = rollouts; numerator = days with at least one;
 * denominator = days of the bucket inside the lifetime, those of born and now included
 * (local dates, however many hours they have); p50 … mean = time between deployments
 * (that end in the bucket); deployment_days = windows only: median over its whole weeks,
 * counted back from its end, of the days with a deployment; weeks that began before the
 * day of birth are left out, NAN if there is no other.
 *   change_lead_time, change_lead_time_all: n = samples; value = p50; numerator and
 * denominator are NULL, so that the number of authors is not published. _all has a row
 * only where a sample is by_rule.
 *   change_fail_rate: numerator = failed, n = denominator = failed or ok, value =
 * numerator / denominator, NAN without one; pending = rollouts whose state is not known.
 *   deployment_rework_rate: numerator = unplanned, n = denominator = rollouts, likewise.
 *   failed_deployment_recovery_time, time_to_restore: n = spans that ended in the bucket,
 * value = p50; open = those that had begun and not ended at its last instant (or now, if
 * that is earlier): what ends with the next bucket's first instant is open still;
 * oldest_open = the least of their beginnings; windows: km_median of those that ended in
 * the window and those open at its end, as long as they had lasted then. time_to_restore
 * has rows from the day of the earlier of born and incidents_born on; all others from
 * born on. lead_time_coding … deploy: n = spans that are known, value = p50; rows only
 * where n > 0; the smallest group of authors holds for them, too. */
struct series_row {
	enum metric metric;
	enum grain grain;  /* buckets; GRAIN_DAY for windows */
	guint window_days; /* windows; 0 for buckets */
	gint64 start, end;
	gint64 n;
	double numerator, denominator, value, p50, p75, p90, p95, mean, deployment_days;
	double km_median;   /* seconds; NAN but for windows of spans */
	gint64 pending;	    /* -1: NULL; change_fail_rate */
	gint64 open;	    /* -1: NULL; spans */
	gint64 oldest_open; /* instant; INSTANT_NONE: NULL */
};

/* Appends to rows (of struct series_row) every metric and grain for the buckets that
 * overlap the local days [from, to) and the lifetime: zeros where nothing was deployed, n
 * = 0 with NULLs where there is no lead time. By grain, then time, then metric. Samples
 * of other buckets do no harm; those of the buckets concerned have to be there to the
 * last one: series_reach() says which instants. */
void series_buckets(const struct series_input *input, gint32 from_day, gint32 to_day,
		    GArray *rows);
/* The instants [from, to) in which all samples are that series_buckets() needs: those of
 * the whole quarters and weeks that overlap the days, and a day more. Of spans all that
 * ended at from or later, or are open, and began before to; with fewer, too little would
 * be open. */
void series_reach(const struct zone *zone, gint32 from_day, gint32 to_day, gint64 *from,
		  gint64 *to);

/* Rolling windows of 7, 28 and 90 whole local days that end with the last local midnight
 * at or before now; none if the service is younger than its first midnight. A window may
 * begin before the service did: its denominator says how many of its days counted. The
 * caller passes samples from a day before the first window's start on, of spans all that
 * ended since then, or are open. */
void series_windows(const struct series_input *input, GArray *rows);
extern const guint series_window_days[3];
