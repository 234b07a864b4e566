#pragma once

/*
 * What the engines of metrics/shift.h share: weeks that are counted back from a day, the
 * evidence of windows, and how much is needed. Of no use elsewhere.
 */
#include "metrics/shift.h"

/* In weeks: the longest window, what every window is compared with, both. */
#define SHIFT_WINDOWS 8
#define SHIFT_BASELINE 40
#define SHIFT_WEEKS (SHIFT_WINDOWS + SHIFT_BASELINE)
#define SHIFT_DAYS (7 * SHIFT_WEEKS)

/* By how many days shares stay behind: younger deployments may yet turn out to have
 * failed. */
#define SHARE_MATURES 3

/* What is looked at while an alert lasts. It is over as soon as enough of this is of
 * after it, and looks over by chance the more often the less this is; durations say more
 * each than deployments that fail or do not. */
#define RECENT_DAYS 21
#define RECENT_SAMPLES 8
#define RECENT_DEPLOYMENTS 20
#define RECENT_SPANS 5

/* An engine. day and asof as in shift_evaluate(); shift was emptied before. */
struct shift_kind {
	const char *name;
	double gate;
	void (*evaluate)(const struct shift_series *series, gint32 day, gint64 asof,
			 struct shift *shift);
	double (*recent)(const struct shift_series *series,
			 const struct shift_frozen *frozen, gint32 day, gint64 asof);
	/* Which samples from onset on say something as of the day: their indices, an
	 * array of gsize that the caller unrefs. */
	GArray *(*told)(const struct shift_series *series, gint32 onset, gint32 day,
			gint64 asof);
};
extern const struct shift_kind shift_level, shift_count, shift_share, shift_spans;

/* 1, or -1 if better is looked for. */
double shift_sign(const struct shift_series *series);
/* The least ratio worth telling. */
double shift_least(const struct shift_series *series, const struct shift_kind *kind);

/* Samples of the days from first to last: indices from and up to, without, to. */
struct shift_range {
	gsize from, to;
};
struct shift_range shift_range(const struct shift_series *series, gint64 first,
			       gint64 last);
/* How many of the last 48 weeks count: week j has the days last - 7j - 6 to last - 7j,
 * and counts unless it begins before baseline_start. */
guint shift_weeks(const struct shift_series *series, gint32 last);

/* The evidence of each window. */
struct shift_evidence {
	double logs[18]; /* spans try as many */
	guint n;
	double most;
};
/* Of an effect that is z standard errors towards what is looked for; true: more than any
 * before it. */
bool shift_evidence_add(struct shift_evidence *evidence, double z, double variance);
/* The z that is as rare as a t of so many degrees of freedom. */
double shift_z_of_t(double t, double freedom);
/* How shift_evidence_add() fared, into score, usable and the range: effect, ratio and
 * gate are set. z is that of the window with the most evidence. */
void shift_conclude(struct shift *shift, const struct shift_evidence *evidence, double z);

/* Percentile q by percentile_sorted(); values need no order and change theirs. */
double shift_percentile(double *values, gsize n, double q);
/* Middle and scale of n > 0 values: median and 1.4826 times the median absolute
 * deviation; the standard deviation (divisor n) where that is 0, and never less than
 * 1e-9. Values are spoiled. */
struct shift_scale {
	double middle, scale;
};
struct shift_scale shift_scale_of(double *values, gsize n);
/* ln(hours), at least that of a minute. */
double shift_log_hours(double seconds);

/* A week of durations. */
struct shift_week {
	double weight, level; /* 0 without samples */
	double spread;	      /* sum of squared distances from the level */
	guint n;
};
/* Weeks from first up to, without, end. */
struct shift_group {
	guint first, end;
	guint n_weeks, oldest; /* that have samples */
	guint n;	       /* samples */
	double level;
	double precision; /* 1 / variance of the level */
};
/* Level and precision are left to shift_groups_pool(). */
struct shift_group shift_group_of(const struct shift_week *weeks, guint first, guint end);
/* Both levels with the variances of the weeks before, that have samples. scale: what
 * samples vary by, if too few are there to tell. */
void shift_groups_pool(const struct shift_week *weeks, double scale,
		       struct shift_group *after, struct shift_group *before);

/* What some window needs of weeks, newest first; 0: nothing. */
struct shift_need {
	double after, before; /* samples */
	double weeks;	      /* before, that have samples; count: exposure */
	double total, expected;
};
/* Weeks until there is enough if they go on as the last 8: n[] samples, seen[] those that
 * count. 1 to 25, or 52: not within half a year. */
guint shift_lacking(const struct shift_need *need, const double *n, const bool *seen);
guint shift_lacking_weeks(double weeks);
#define SHIFT_LACKING_MAX 52
