/*
 * What metrics/watch.h makes of what days show, by words from outside
 * (tests/alerts/player.h). For each order a line: what happened, and the watch.
 *
 *   watch RULE BASELINE_START                   "shift" or "guardrail"
 *   restart DAY                                it is measured differently
 *   look DAY MASKED SILENT USABLE CONDITION BASE LOW HIGH EFFECT ONSET SCORE RATIO RECENT
 *        UNDONE                                 RECENT: "unknown", "bad", "easing",
 * "calm" accept DAY calm EFFECT RECENT                          what watch_calm() says of
 * a number
 */
#include "metrics/watch.h"
#include "tests/alerts/player.h"

static const char *const recents[] = { "unknown", "bad", "easing", "calm" };

static void say(const struct watch *watch, const struct watch_events *events)
{
	printf("events=");
	for (guint i = 0; i < events->n; i++)
		printf("%s;", watch_event_name(events->events[i]));
	printf(" state=%s silent=%d silence=%u judged=%d since=%d streak=%u calm=%u "
	       "quiet=%u"
	       " baseline_start=%d suspected=%d fired=%d base=%.17g low=%.17g high=%.17g"
	       " effect=%.17g onset=%d score=%.17g ratio=%.17g worsened=%d\n",
	       watch_state_name(watch->state), watch->silent, watch->silence,
	       watch->judged, watch->since, watch->streak, watch->calm, watch->quiet,
	       watch->baseline_start, watch->suspected, watch->fired, watch->frozen.base,
	       watch->frozen.low, watch->frozen.high, watch->frozen.effect,
	       watch->frozen.onset, watch->score, watch->ratio, watch->worsened);
}

static enum watch_recent read_recent(void)
{
	char text[WORD_MAX];

	must_word(text);
	for (guint i = 0; i < G_N_ELEMENTS(recents); i++)
		if (strcmp(text, recents[i]) == 0)
			return (enum watch_recent)i;
	must_end(text, text);
	return RECENT_UNKNOWN;
}

static struct watch_look read_look(void)
{
	struct watch_look look = { .day = whole_day(0) };

	look.masked = whole(0) != 0;
	look.silent = whole(0) != 0;
	look.usable = whole(0) != 0;
	look.condition = whole(0) != 0;
	look.found.base = real();
	look.found.low = real();
	look.found.high = real();
	look.found.effect = real();
	look.found.onset = whole_day(0);
	look.score = real();
	look.ratio = real();
	look.recent = read_recent();
	look.undone = whole(0) != 0;
	return look;
}

int main(void)
{
	const struct watch_rule *rule = &watch_rule_shift;
	struct watch watch;
	char order[WORD_MAX], text[WORD_MAX];

	watch_init(&watch, SHIFT_NO_BOUND);
	while (word(order)) {
		struct watch_events events = { 0 };

		if (strcmp(order, "watch") == 0) {
			rule = strcmp(must_word(text), "guardrail") == 0
				       ? &watch_rule_guardrail
				       : &watch_rule_shift;
			watch_init(&watch, whole_day(SHIFT_NO_BOUND));
		} else if (strcmp(order, "look") == 0) {
			struct watch_look look = read_look();
			watch_step(&watch, rule, &look, &events);
		} else if (strcmp(order, "accept") == 0) {
			bool done = watch_accept(&watch, rule, whole_day(0), &events);
			printf("done=%d ", done);
		} else if (strcmp(order, "restart") == 0) {
			watch_restart(&watch, whole_day(0), &events);
		} else if (strcmp(order, "calm") == 0) {
			struct shift_frozen frozen = { .effect = real() };
			printf("calm=%s\n", recents[watch_calm(&frozen, real())]);
			continue;
		} else {
			must_end(order, order);
		}
		say(&watch, &events);
	}
	return 0;
}
