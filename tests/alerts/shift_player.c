/*
 * What metrics/shift.h says of series, by words from outside (tests/alerts/player.h).
 * What is to be said is said on a line of its own, as name=value.
 *
 *   series ENGINE DIRECTION BASELINE_START GATE
 *   sample DAY KNOWN BEGAN ENDED SECONDS     "-" as KNOWN or ENDED: never, still open
 *   mask FIRST LAST                          of the series, as the samples
 *   ask DAY ASOF
 *   recent DAY ASOF BASE LOW HIGH EFFECT ONSET
 *   parts ONSET DAY ASOF
 */
#include "base/cleanup.h"
#include "base/instant.h"
#include "metrics/shift.h"
#include "tests/alerts/player.h"

struct player {
	struct shift_series series;
	GArray *samples; /* of struct shift_sample */
	struct calendar *calendar;
};

static void read_series(struct player *player)
{
	char engine[WORD_MAX], direction[WORD_MAX];
	enum shift_engine parsed = SHIFT_LEVEL;

	must_word(engine);
	if (!shift_engine_parse(engine, &parsed))
		must_end(engine, engine);
	must_word(direction);
	player->series = (struct shift_series){
		.engine = parsed,
		.baseline_start = whole_day(SHIFT_NO_BOUND),
	};
	if (!shift_direction_parse(direction, &player->series.direction))
		must_end(direction, direction);
	player->series.gate = real();
	g_array_set_size(player->samples, 0);
	calendar_unref(player->calendar);
	player->calendar = NULL;
}

static void read_sample(struct player *player)
{
	struct shift_sample sample = { .day = whole_day(0) };

	sample.known = whole_day(SHIFT_NEVER);
	sample.began = whole(0);
	sample.ended = whole(INSTANT_NONE);
	sample.seconds = real();
	sample.part = player->samples->len % 3;
	g_array_append_val(player->samples, sample);
}

static void read_mask(struct player *player)
{
	gint32 first = whole_day(0), last = whole_day(0);

	if (!player->calendar)
		player->calendar = calendar_new();
	calendar_add(player->calendar, first, last, NULL);
}

/* Samples and masks may have moved while they were read. */
static const struct shift_series *series_of(struct player *player)
{
	player->series.samples = (const struct shift_sample *)player->samples->data;
	player->series.n = player->samples->len;
	player->series.calendar = player->calendar;
	return &player->series;
}

static void say_side(const char *name, const struct shift_side *side)
{
	printf(" %s_from=%d %s_to=%d %s_n=%" PRId64 " %s_median=%.17g %s_p85=%.17g"
	       " %s_rate=%.17g %s_failed=%" PRId64,
	       name, side->from, name, side->to, name, side->n, name, side->median, name,
	       side->p85, name, side->rate, name, side->failed);
}

static void ask(struct player *player)
{
	gint32 day = whole_day(0);
	gint64 asof = whole(0);
	struct shift shift;

	shift_evaluate(series_of(player), day, asof, &shift);
	printf("usable=%d lacking=%u gate=%d score=%.17g threshold=%.17g window=%u "
	       "onset=%d"
	       " effect=%.17g ratio=%.17g ratio_lo=%.17g ratio_hi=%.17g",
	       shift.usable, shift.lacking, shift.gate, shift.score, shift.threshold,
	       shift.window, shift.onset, shift.effect, shift.ratio, shift.ratio_lo,
	       shift.ratio_hi);
	say_side("before", &shift.before);
	say_side("after", &shift.after);
	printf(" base=%.17g low=%.17g high=%.17g", shift.base, shift.low, shift.high);
	printf(" holds=%d%d%d\n", shift_holds(&shift, SENSITIVITY_HIGH),
	       shift_holds(&shift, SENSITIVITY_DEFAULT),
	       shift_holds(&shift, SENSITIVITY_LOW));
}

static void recent(struct player *player)
{
	gint32 day = whole_day(0);
	gint64 asof = whole(0);
	struct shift_frozen frozen = { .base = real() };

	frozen.low = real();
	frozen.high = real();
	frozen.effect = real();
	frozen.onset = whole_day(0);
	printf("recent=%.17g\n", shift_recent(series_of(player), &frozen, day, asof));
}

static void parts(struct player *player)
{
	gint32 onset = whole_day(0), day = whole_day(0);
	gint64 asof = whole(0);
	g_autoptr(GArray) found = shift_parts(series_of(player), onset, day, asof);

	printf("parts=");
	for (guint i = 0; i < found->len; i++) {
		const struct shift_part *part = &g_array_index(found, struct shift_part,
							       i);
		printf("%u:%" PRId64 "/%" PRId64 ";", part->part, part->n, part->of);
	}
	printf("\n");
}

int main(void)
{
	static const struct {
		const char *word;
		void (*obey)(struct player *player);
	} orders[] = {
		{ "series", read_series }, { "sample", read_sample },
		{ "mask", read_mask },	   { "ask", ask },
		{ "recent", recent },	   { "parts", parts },
	};
	struct player player = {
		.samples = g_array_new(FALSE, FALSE, sizeof(struct shift_sample)),
	};
	char order[WORD_MAX];

	while (word(order)) {
		bool obeyed = false;

		for (gsize i = 0; i < G_N_ELEMENTS(orders); i++) {
			if (strcmp(orders[i].word, order) != 0)
				continue;
			orders[i].obey(&player);
			obeyed = true;
		}
		if (!obeyed)
			must_end(order, order);
	}
	calendar_unref(player.calendar);
	g_array_unref(player.samples);
	return 0;
}
