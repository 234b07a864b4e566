#include "metrics/shift.h"

#include <math.h>
#include <string.h>

#include "metrics/shift_inside.h"

static const struct shift_kind *const kinds[N_SHIFT_ENGINES] = {
	[SHIFT_LEVEL] = &shift_level,
	[SHIFT_COUNT] = &shift_count,
	[SHIFT_SHARE] = &shift_share,
	[SHIFT_SPANS] = &shift_spans,
};

static const struct {
	const char *name;
	double factor;
} sensitivities[] = {
	[SENSITIVITY_DEFAULT] = { "default", 1 },
	[SENSITIVITY_HIGH] = { "high", 0.75 },
	[SENSITIVITY_LOW] = { "low", 1.4 },
};

/* Odds to 1. An order, not a probability. */
static const struct {
	double odds;
	const char *name;
} strengths[] = {
	{ 30, "very strong" },
	{ 10, "strong" },
	{ 5, "likely" },
};

/*
 * False alerts a year on simulated series with nothing but noise, as
 *   alerts_goals --series 450
 * of tests/bench prints them: lead times, deployments, the larger of change failures and
 * rework, restore times. Each is known to about 0.03.
 */
#define RATES_MAX 7
#define HIGH_DEFAULT_LOW(high, normal, low)                                              \
	{                                                                                \
		[SENSITIVITY_HIGH] = high, [SENSITIVITY_DEFAULT] = normal,               \
		[SENSITIVITY_LOW] = low,                                                 \
	}
/* clang-format off */
static const struct {
	double per_week, false_alerts[G_N_ELEMENTS(sensitivities)];
} measured[N_SHIFT_ENGINES][RATES_MAX] = {
	[SHIFT_LEVEL] = {
		{ 1.5, HIGH_DEFAULT_LOW(0.40, 0.18, 0.07) },
		{ 3, HIGH_DEFAULT_LOW(0.48, 0.26, 0.08) },
		{ 6, HIGH_DEFAULT_LOW(0.54, 0.32, 0.12) },
		{ 10, HIGH_DEFAULT_LOW(0.51, 0.29, 0.11) },
		{ 20, HIGH_DEFAULT_LOW(0.49, 0.28, 0.14) },
		{ 35, HIGH_DEFAULT_LOW(0.45, 0.27, 0.12) },
		{ 70, HIGH_DEFAULT_LOW(0.48, 0.28, 0.14) },
	},
	[SHIFT_COUNT] = {
		{ 3, HIGH_DEFAULT_LOW(0.25, 0.15, 0.05) },
		{ 10, HIGH_DEFAULT_LOW(0.27, 0.15, 0.05) },
		{ 20, HIGH_DEFAULT_LOW(0.29, 0.17, 0.07) },
		{ 35, HIGH_DEFAULT_LOW(0.26, 0.16, 0.07) },
		{ 70, HIGH_DEFAULT_LOW(0.26, 0.15, 0.08) },
	},
	[SHIFT_SHARE] = {
		{ 3, HIGH_DEFAULT_LOW(0.71, 0.41, 0.17) },
		{ 10, HIGH_DEFAULT_LOW(0.59, 0.34, 0.13) },
		{ 20, HIGH_DEFAULT_LOW(0.50, 0.31, 0.11) },
		{ 35, HIGH_DEFAULT_LOW(0.42, 0.23, 0.09) },
		{ 70, HIGH_DEFAULT_LOW(0.35, 0.19, 0.08) },
	},
	[SHIFT_SPANS] = {
		{ 0.3, HIGH_DEFAULT_LOW(0.27, 0.20, 0.08) },
		{ 1, HIGH_DEFAULT_LOW(0.47, 0.26, 0.11) },
		{ 2, HIGH_DEFAULT_LOW(0.55, 0.31, 0.12) },
		{ 4, HIGH_DEFAULT_LOW(0.61, 0.29, 0.10) },
		{ 8, HIGH_DEFAULT_LOW(0.59, 0.28, 0.06) },
	},
};
/* clang-format on */

const char *shift_engine_name(enum shift_engine engine)
{
	return kinds[engine]->name;
}

bool shift_engine_parse(const char *name, enum shift_engine *engine)
{
	for (guint i = 0; i < N_SHIFT_ENGINES; i++) {
		if (!g_str_equal(name, kinds[i]->name))
			continue;
		*engine = (enum shift_engine)i;
		return true;
	}
	return false;
}

const char *shift_direction_name(enum shift_direction direction)
{
	return direction == SHIFT_BETTER ? "better" : "worse";
}

bool shift_direction_parse(const char *name, enum shift_direction *direction)
{
	for (int i = SHIFT_WORSE; i <= SHIFT_BETTER; i++) {
		if (g_strcmp0(name, shift_direction_name((enum shift_direction)i)) != 0)
			continue;
		*direction = (enum shift_direction)i;
		return true;
	}
	return false;
}

const char *shift_sensitivity_name(enum shift_sensitivity sensitivity)
{
	return sensitivities[sensitivity].name;
}

bool shift_sensitivity_parse(const char *name, enum shift_sensitivity *sensitivity)
{
	for (guint i = 0; i < G_N_ELEMENTS(sensitivities); i++) {
		if (g_strcmp0(name, sensitivities[i].name) != 0)
			continue;
		*sensitivity = (enum shift_sensitivity)i;
		return true;
	}
	return false;
}

double shift_factor(enum shift_sensitivity sensitivity)
{
	return sensitivities[sensitivity].factor;
}

void shift_evaluate(const struct shift_series *series, gint32 day, gint64 asof,
		    struct shift *shift)
{
	static const struct shift_side nothing = { .median = NAN,
						   .p85 = NAN,
						   .rate = NAN };

	/* Bytes between the members are 0, too: results may be compared as bytes. */
	memset(shift, 0, sizeof(*shift));
	shift->score = SHIFT_NO_SCORE;
	shift->onset = day + 1;
	shift->effect = shift->ratio = shift->ratio_lo = shift->ratio_hi = NAN;
	shift->base = shift->low = shift->high = NAN;
	shift->before = shift->after = nothing;
	kinds[series->engine]->evaluate(series, day, asof, shift);
}

double shift_gate(enum shift_engine engine)
{
	return kinds[engine]->gate;
}

bool shift_holds(const struct shift *shift, enum shift_sensitivity sensitivity)
{
	return shift->usable && shift->gate &&
	       shift->score >= shift_factor(sensitivity) * shift->threshold;
}

const char *shift_strength(double score)
{
	for (guint i = 0; i < G_N_ELEMENTS(strengths); i++)
		if (score >= log(strengths[i].odds))
			return strengths[i].name;
	return NULL;
}

double shift_recent(const struct shift_series *series, const struct shift_frozen *frozen,
		    gint32 day, gint64 asof)
{
	return kinds[series->engine]->recent(series, frozen, day, asof);
}

static gint larger_first(gconstpointer left, gconstpointer right)
{
	const struct shift_part *a = left, *b = right;

	if (a->n != b->n)
		return a->n > b->n ? -1 : 1;
	return (a->part > b->part) - (a->part < b->part);
}

GArray *shift_parts(const struct shift_series *series, gint32 onset, gint32 day,
		    gint64 asof)
{
	g_autoptr(GArray) told = kinds[series->engine]->told(series, onset, day, asof);
	g_autoptr(GHashTable) places = g_hash_table_new(NULL, NULL);
	GArray *parts = g_array_new(FALSE, FALSE, sizeof(struct shift_part));

	for (guint i = 0; i < told->len; i++) {
		guint part = series->samples[g_array_index(told, gsize, i)].part;
		gpointer place = g_hash_table_lookup(places, GUINT_TO_POINTER(part));

		if (!place) {
			struct shift_part new = { .part = part, .of = told->len };

			g_array_append_val(parts, new);
			place = GUINT_TO_POINTER(parts->len);
			g_hash_table_insert(places, GUINT_TO_POINTER(part), place);
		}
		g_array_index(parts, struct shift_part, GPOINTER_TO_UINT(place) - 1).n++;
	}
	g_array_sort(parts, larger_first);
	return parts;
}

double shift_false_alerts(enum shift_engine engine, double per_week,
			  enum shift_sensitivity sensitivity)
{
	guint i = 0;
	double along;

	while (i + 1 < RATES_MAX && measured[engine][i + 1].per_week > 0 &&
	       per_week > measured[engine][i + 1].per_week)
		i++;
	if (!(per_week > measured[engine][i].per_week) || i + 1 == RATES_MAX ||
	    measured[engine][i + 1].per_week <= 0)
		return measured[engine][i].false_alerts[sensitivity];
	along = log(per_week / measured[engine][i].per_week) /
		log(measured[engine][i + 1].per_week / measured[engine][i].per_week);
	return (1 - along) * measured[engine][i].false_alerts[sensitivity] +
	       along * measured[engine][i + 1].false_alerts[sensitivity];
}
