#pragma once

/*
 * What the parts of the series share: samples cut into runs of one local date, periods to
 * count them in, and room to work in. Private to metrics/series*.c.
 */
#include <math.h>

#include "metrics/crowd.h"
#include "metrics/percentile.h"
#include "metrics/series.h"

/* Samples that follow one another and have the same local date. */
struct run {
	gint32 day;
	gsize first, n;
};

/* Some of the runs: those of a bucket or window. */
struct runs {
	const struct run *runs;
	guint n;
};

/* Cuts n samples, each of size bytes with its instant at offset, into runs (of struct
 * run), by day. */
GArray *runs_find(const struct zone *zone, const void *samples, gsize n, gsize size,
		  gsize offset);
struct runs runs_between(const GArray *runs, gint32 first_day, gint32 end_day);
gsize runs_n_samples(struct runs runs);
guint runs_n_days(struct runs runs);

/* Where and when to count. */
struct period {
	enum grain grain;
	guint window_days;
	gint32 first_day, end_day;
	gint64 start, end;
};

/* The spans of one metric, so that what was open at an instant is found in the logarithm
 * of their number: what had begun less what had ended, both sorted. */
struct spans {
	const struct span_sample *samples;
	gsize n;
	gsize n_ended;	     /* they come first */
	GArray *runs;	     /* of those that ended, by the day of their end */
	gint64 *began;	     /* n, ascending */
	gint64 *first_since; /* n: the least beginning from each sample to the last */
};
void spans_init(struct spans *spans, const struct zone *zone,
		const struct span_sample *samples, gsize n);
void spans_clear(struct spans *spans);

/* What one computation carries from period to period. Days of birth are G_MAXINT32 where
 * there was none. */
struct work {
	const struct series_input *input;
	gint32 born_day;    /* of the service */
	gint32 restore_day; /* or of its first incident, if that is earlier */
	gint32 now_day;
	GArray *rollouts, *leads, *stages; /* of struct run, by day */
	struct spans recoveries, restores;
	gint64 *spans, *scratch; /* room for n_room */
	gsize n_room;
	guint64 *authors; /* room for as many as are asked for and there may be */
};
void work_make_room(struct work *work, gsize n);

static inline struct crowd crowd_of(const struct work *work)
{
	return (struct crowd){ work->authors, 0, work->input->minimum_authors };
}

/* A row in which all that may be NULL is, but for the spread of n values. */
struct series_row series_row_of(enum metric metric, const struct period *period, gsize n,
				const struct distribution *spread);

/* Rollouts of a period, by what became of them. */
struct tally {
	gsize n, states[N_CHANGE_STATES], unplanned;
};
struct tally tally_of(const struct work *work, const struct period *period);

/* Each appends what there is to say of a period to rows. */
void add_frequency(struct work *work, const struct period *period, GArray *rows);
void add_fail_rate(const struct tally *tally, const struct period *period, GArray *rows);
void add_rework_rate(const struct tally *tally, const struct period *period,
		     GArray *rows);
/* Says whether rules left samples out, so that the numbers of all differ. */
bool add_lead_time(struct work *work, const struct period *period, GArray *rows);
void add_lead_time_all(struct work *work, const struct period *period, GArray *rows);
void add_stages(struct work *work, const struct period *period, GArray *rows);
void add_spans(struct work *work, enum metric metric, const struct spans *spans,
	       const struct period *period, GArray *rows);
