#include <math.h>

#include "sinks/alert_words.h"

static const struct unit {
	const char *name;
	double seconds, from; /* of it, from so many of the unit before on */
} units[] = {
	{ "s", 1, 0 },
	{ "min", 60, 90 },
	{ "h", 3600, 90 },
	{ "d", 86400, 96 },
};
/* The larger of two is no longer read easily in the unit of the smaller. */
#define TOO_MANY 150

char *alert_number(double value)
{
	double size = fabs(value);

	if (size >= 9.95 || size == 0)
		return g_strdup_printf("%.0f", value);
	return g_strdup_printf(size >= 0.95 ? "%.1f" : "%.2g", value);
}

char *alert_percent(double share)
{
	g_autofree char *number = alert_number(share * 100);

	return g_strconcat(number, " %", NULL);
}

static const struct unit *unit_of(double seconds)
{
	gsize i = G_N_ELEMENTS(units) - 1;

	while (i > 0 && seconds < units[i].from * units[i - 1].seconds)
		i--;
	return &units[i];
}

static char *in_unit(double seconds, const struct unit *unit)
{
	g_autofree char *number = alert_number(seconds / unit->seconds);

	return g_strconcat(number, " ", unit->name, NULL);
}

char *alert_span(double seconds)
{
	return isnan(seconds) ? g_strdup("–") : in_unit(seconds, unit_of(seconds));
}

char *alert_spans(double before, double after)
{
	const struct unit *unit = unit_of(fmin(before, after));
	bool one = !isnan(before) && !isnan(after) &&
		   fmax(before, after) / unit->seconds < TOO_MANY;
	g_autofree char *first = one ? in_unit(before, unit) : alert_span(before);
	g_autofree char *second = one ? in_unit(after, unit) : alert_span(after);

	return g_strconcat(first, " → ", second, NULL);
}

char *alert_effect(const struct alert_row *row)
{
	static const struct {
		const char *up, *down;
	} words[N_SHIFT_ENGINES] = {
		[SHIFT_LEVEL] = { "longer", "shorter" },
		[SHIFT_COUNT] = { "more", "fewer" },
		[SHIFT_SHARE] = { "higher", "lower" },
		[SHIFT_SPANS] = { "longer", "shorter" },
	};
	const struct shift *shift = &row->shift;
	g_autofree char *times = NULL;

	if (row->engine == SHIFT_COUNT && shift->after.n == 0)
		return g_strdup("none");
	if (isnan(shift->ratio))
		return g_strdup("changed");
	if (shift->ratio < 1)
		return g_strdup_printf("%.0f %% %s", fmin(99, (1 - shift->ratio) * 100),
				       words[row->engine].down);
	times = alert_number(shift->ratio);
	return g_strdup_printf("%s× %s", times, words[row->engine].up);
}

const char *alert_surer(const struct alert_row *row)
{
	const struct shift *shift = &row->shift;
	/* both may be of a drop to nothing; digits get lost on the way */
	double grown = fabs(log(shift->ratio)) - fabs(log(row->fired_ratio));

	return shift->score >= log(30) && !(grown >= G_LN2 - 1e-9)
		       ? shift_strength(shift->score)
		       : NULL;
}

char *alert_range(const struct shift *shift)
{
	double low = fmin(shift->ratio_lo, shift->ratio_hi);
	double high = fmax(shift->ratio_lo, shift->ratio_hi);
	g_autofree char *from = NULL;
	g_autofree char *to = NULL;

	if (isnan(shift->ratio_lo) || isnan(shift->ratio_hi))
		return NULL;
	/* As the effect is told, unless the range has both sides of no change. */
	if (high < 1)
		return g_strdup_printf("90 %% range %.0f–%.0f %%", (1 - high) * 100,
				       fmin(99, (1 - low) * 100));
	from = alert_number(low);
	to = alert_number(high);
	return g_strdup_printf("90 %% range %s–%s×", from, to);
}

char *alert_expectation(double a_year)
{
	static const char *const words[] = {
		"two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
	};
	double years;

	if (!(a_year > 0) || isinf(a_year))
		return NULL;
	if (a_year >= 1.5)
		return g_strdup_printf(
			"Expect about %.0f false alerts a year of this series.", a_year);
	years = round(1 / a_year);
	if (years < 2)
		return g_strdup("Expect about one false alert a year of this series.");
	if (years > 10)
		return g_strdup("Expect less than one false alert in ten years of this "
				"series.");
	return g_strdup_printf("Expect about one false alert in %s years of this series.",
			       words[(int)years - 2]);
}

char *alert_figure(const struct alert_row *row)
{
	static const struct {
		const char *statistic, *words;
	} rows[] = {
		{ "p50", "median of " }, { "p75", "P75 of " },	 { "p90", "P90 of " },
		{ "p95", "P95 of " },	 { "mean", "mean of " }, { "n", "number of " },
	};
	const struct alert_metric *words = alert_metric(row->metric);
	bool count = g_strcmp0(row->statistic, "n") == 0 && words->metric;
	g_autofree char *label = count ? g_strdup(words->many)
				       : alert_metric_label(row->metric, true);

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		if (g_strcmp0(row->statistic, rows[i].statistic) == 0)
			return g_strconcat(rows[i].words, label, NULL);
	return g_steal_pointer(&label);
}

char *alert_guarded(const struct alert_row *row, double value)
{
	if (isnan(value))
		return g_strdup("–");
	if (g_strcmp0(row->unit, "seconds") == 0)
		return alert_span(value);
	/* The number of samples of a rate may be guarded, too. */
	if (alert_metric(row->metric)->ratio && g_strcmp0(row->statistic, "n") != 0)
		return g_strdup_printf("%.3g %%", value * 100);
	return g_strdup_printf("%.4g", value);
}

gint32 alert_guarded_days(const struct alert_row *row)
{
	const struct shift_side *side = &row->shift.after;

	return side->from > 0 && side->to >= side->from ? side->to - side->from + 1 : 0;
}
