#pragma once

/* A service's story, told by its deployments, and the rows that come of it. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/series.h"

#define HOUR G_TIME_SPAN_HOUR
#define DAY G_TIME_SPAN_DAY
#define MAX_SAMPLES 40
#define N_ALWAYS 6 /* metrics that have a row in every bucket and window */

static inline gint64 instant_of(const char *text)
{
	gint64 instant = 0;

	ck_assert_msg(instant_parse(text, &instant), "%s", text);
	return instant;
}

/* One service: when it was deployed, what each deployment shipped and what became of it,
 * and its incidents. */
struct story {
	const char *zone;
	const char *now;
	guint minimum_authors;
	struct {
		const char *finished;
		struct {
			double hours;
			guint64 author;
			bool by_rule;
		} commits[4]; /* to the first of no hours */
		enum change_state state;
		const char *recovered; /* of a failed one; NULL: it has not */
		bool unplanned;
		struct {
			double hours[N_STAGES]; /* -1: not known */
			guint64 author;
		} changes[4];	 /* to the first without an author */
	} rollouts[MAX_SAMPLES]; /* to the first without a finish */
	struct {
		const char *began;
		const char *ended; /* NULL: open */
	} incidents[MAX_SAMPLES];  /* to the first without a beginning */
};

struct world {
	struct zone *zone;
	struct series_input input;
	struct rollout_sample rollouts[MAX_SAMPLES];
	struct lead_sample samples[MAX_SAMPLES * 4];
	struct stage_sample stages[MAX_SAMPLES * 4];
	struct span_sample recoveries[MAX_SAMPLES], restores[MAX_SAMPLES];
	GArray *rows;
};

/* By end, the open ones last. */
static inline int span_order(const void *left, const void *right)
{
	const struct span_sample *a = left, *b = right;
	gint64 x = a->ended == INSTANT_NONE ? G_MAXINT64 : a->ended;
	gint64 y = b->ended == INSTANT_NONE ? G_MAXINT64 : b->ended;

	return x < y ? -1 : x > y;
}

static inline struct span_sample span_of(const char *began, const char *ended)
{
	return (struct span_sample){ instant_of(began),
				     ended ? instant_of(ended) : INSTANT_NONE };
}

static inline void tell_incidents(struct world *world, const struct story *story)
{
	struct series_input *input = &world->input;

	for (guint i = 0; i < MAX_SAMPLES && story->incidents[i].began; i++) {
		struct span_sample span = span_of(story->incidents[i].began,
						  story->incidents[i].ended);

		world->restores[input->n_restores++] = span;
		if (input->incidents_born == INSTANT_NONE ||
		    span.began < input->incidents_born)
			input->incidents_born = span.began;
	}
	qsort(world->restores, input->n_restores, sizeof(*world->restores), span_order);
	qsort(world->recoveries, input->n_recoveries, sizeof(*world->recoveries),
	      span_order);
}

static inline void tell(struct world *world, const struct story *story)
{
	struct series_input *input = &world->input;

	*world = (struct world){ .zone = zone_open(story->zone, NULL),
				 .rows = g_array_new(FALSE, FALSE,
						     sizeof(struct series_row)) };
	ck_assert(world->zone);
	*input = (struct series_input){ .zone = world->zone,
					.born = INSTANT_NONE,
					.incidents_born = INSTANT_NONE,
					.now = instant_of(story->now),
					.minimum_authors = story->minimum_authors,
					.rollouts = world->rollouts,
					.samples = world->samples,
					.stages = world->stages,
					.recoveries = world->recoveries,
					.restores = world->restores };
	for (guint i = 0; i < MAX_SAMPLES && story->rollouts[i].finished; i++) {
		gint64 finished = instant_of(story->rollouts[i].finished);

		if (i == 0)
			input->born = finished;
		world->rollouts[input->n_rollouts++] = (struct rollout_sample){
			finished,
			i ? world->rollouts[i - 1].finished : INSTANT_NONE,
			story->rollouts[i].state,
			story->rollouts[i].unplanned,
		};
		if (story->rollouts[i].state == CHANGE_FAILED)
			world->recoveries[input->n_recoveries++] = span_of(
				story->rollouts[i].finished,
				story->rollouts[i].recovered);
		for (guint j = 0; j < 4 && story->rollouts[i].commits[j].hours > 0; j++)
			world->samples[input->n_samples++] = (struct lead_sample){
				finished,
				(gint64)(story->rollouts[i].commits[j].hours *
					 (double)HOUR),
				story->rollouts[i].commits[j].author,
				story->rollouts[i].commits[j].by_rule,
			};
		for (guint j = 0; j < 4 && story->rollouts[i].changes[j].author > 0;
		     j++) {
			struct stage_sample *stage = &world->stages[input->n_stages++];
			const double *hours = story->rollouts[i].changes[j].hours;

			stage->finished = finished;
			stage->author = story->rollouts[i].changes[j].author;
			for (guint k = 0; k < N_STAGES; k++)
				stage->spans[k] = hours[k] < 0 ? -1
							       : (gint64)(hours[k] *
									  (double)HOUR);
		}
	}
	tell_incidents(world, story);
}

static inline void world_clear(struct world *world)
{
	zone_unref(world->zone);
	if (world->rows)
		g_array_unref(world->rows);
}

/* Is it the row of a bucket that starts then, or of a window if window_days > 0? */
static inline bool is_row(const struct series_row *row, enum metric metric,
			  enum grain grain, guint window_days, const char *start)
{
	return row->metric == metric && row->window_days == window_days &&
	       (window_days > 0 ||
		(row->grain == grain && row->start == instant_of(start)));
}

static inline guint n_rows(const struct world *world, enum metric metric,
			   enum grain grain, guint window_days, const char *start)
{
	guint n = 0;

	for (guint i = 0; i < world->rows->len; i++)
		if (is_row(&g_array_index(world->rows, struct series_row, i), metric,
			   grain, window_days, start))
			n++;
	return n;
}

/* The only such row; it is a failure if there is none, or another. */
static inline const struct series_row *find_row(const struct world *world,
						enum metric metric, enum grain grain,
						guint window_days, const char *start)
{
	guint i = 0;

	ck_assert_uint_eq(n_rows(world, metric, grain, window_days, start), 1);
	while (!is_row(&g_array_index(world->rows, struct series_row, i), metric, grain,
		       window_days, start))
		i++;
	return &g_array_index(world->rows, struct series_row, i);
}

static inline const struct series_row *frequency(const struct world *world,
						 enum grain grain, const char *start)
{
	return find_row(world, METRIC_DEPLOYMENT_FREQUENCY, grain, 0, start);
}

static inline const struct series_row *lead_time(const struct world *world,
						 enum grain grain, const char *start)
{
	return find_row(world, METRIC_CHANGE_LEAD_TIME, grain, 0, start);
}

static inline void check_no_spread(const struct series_row *row)
{
	ck_assert(isnan(row->p50) && isnan(row->p75) && isnan(row->p90) &&
		  isnan(row->p95) && isnan(row->mean));
}
