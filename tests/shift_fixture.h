#pragma once

/* Series for the engines of metrics/shift.h, a day or a week at a time. */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/instant.h"
#include "metrics/shift.h"

#define TODAY 20000
#define HOUR 3600.0

struct rig {
	GArray *samples; /* of struct shift_sample */
	struct shift_series series;
	struct calendar *calendar;
	GRand *rand;
};

static inline void rig_begin(struct rig *rig, enum shift_engine engine)
{
	*rig = (struct rig){
		.samples = g_array_new(FALSE, TRUE, sizeof(struct shift_sample)),
		.series = { .engine = engine, .baseline_start = SHIFT_NO_BOUND },
		.rand = g_rand_new_with_seed(7 + engine),
	};
}

static inline void rig_clear(struct rig *rig)
{
	g_array_unref(rig->samples);
	calendar_unref(rig->calendar);
	g_rand_free(rig->rand);
}

static inline gint64 end_of(gint32 day)
{
	return ((gint64)day + 1) * G_TIME_SPAN_DAY;
}

/* What there is of it: seconds of level, of spans (negative: still open); share: by when
 * it had failed, in days after (negative: never). */
static inline void add(struct rig *rig, gint32 day, double what)
{
	struct shift_sample sample = {
		.day = day,
		.known = SHIFT_NEVER,
		.began = end_of(day) - 12 * G_TIME_SPAN_HOUR,
		.ended = INSTANT_NONE,
		.seconds = what,
		.part = rig->samples->len % 3,
	};

	if (rig->series.engine == SHIFT_SHARE && what >= 0)
		sample.known = day + (gint32)what;
	if (what >= 0 && what < 1e12)
		sample.ended = sample.began + (gint64)(what * G_USEC_PER_SEC);
	g_array_append_val(rig->samples, sample);
}

static inline void add_many(struct rig *rig, gint32 day, double what, guint n)
{
	for (guint i = 0; i < n; i++)
		add(rig, day, what);
}

static inline const struct shift_series *series_of(struct rig *rig)
{
	rig->series.samples = (const struct shift_sample *)(gpointer)rig->samples->data;
	rig->series.n = rig->samples->len;
	rig->series.calendar = rig->calendar;
	return &rig->series;
}

static inline struct shift shift_at(struct rig *rig, gint32 day)
{
	struct shift shift;

	shift_evaluate(series_of(rig), day, end_of(day), &shift);
	return shift;
}

/* Nearly normal, sd 1. */
static inline double noise(struct rig *rig)
{
	double sum = -6;

	for (guint i = 0; i < 12; i++)
		sum += g_rand_double(rig->rand);
	return sum;
}

static inline double usual_of(struct rig *rig, double worse)
{
	switch (rig->series.engine) {
	case SHIFT_LEVEL:
	case SHIFT_SPANS:
		return 20 * HOUR * worse * exp(0.8 * noise(rig));
	case SHIFT_SHARE:
		return g_rand_double(rig->rand) < 0.15 * worse ? 1 : -1;
	case SHIFT_COUNT:
	case N_SHIFT_ENGINES:
		break;
	}
	return 0;
}

/* Days first to last of a series as there are many: five a working day (spans: one), so
 * many times worse than usual. */
static inline void add_usual(struct rig *rig, gint32 first, gint32 last, double worse)
{
	bool count = rig->series.engine == SHIFT_COUNT;
	double a_day = rig->series.engine == SHIFT_SPANS ? 0.4 : count ? 5 / worse : 5;

	for (gint32 day = first; day <= last; day++) {
		double n = a_day + g_rand_double(rig->rand) - 0.5;

		/* 20000 is a Thursday. */
		if (((day - TODAY) % 7 + 7) % 7 == 2 || ((day - TODAY) % 7 + 7) % 7 == 3)
			continue;
		for (guint i = 0; i < (guint)fmax(0, n + 0.5); i++)
			add(rig, day, usual_of(rig, worse));
	}
}

static inline void run(Suite *suite, int *failed)
{
	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_ENV);
	*failed = srunner_ntests_failed(runner);
	srunner_free(runner);
}
