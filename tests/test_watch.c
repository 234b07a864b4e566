#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/watch.h"

/*
 * Histories in a letter a day, from day 0 on, a number behind one repeats it:
 *   u  not enough to judge         .  nothing; the level is calm
 *   b  nothing; the level is bad   ?  nothing; no recent level is known
 *   e  nothing; the level eases
 *   !  the condition is true       v  the same with evidence of 31 : 1
 *   d  the same with twice the     ^  the condition is true and the level calm
 *      ratio                       x  late facts undo what fires
 *   m  masked                      s  silent
 *   h  masked and silent           _  nobody looks
 * Masked and silent days would be all of these, if anybody asked. The onset lies 20 days
 * before what is found. Events as "day:name".
 */
static const struct row {
	const char *what, *days, *events;
	enum watch_state state;
	const struct watch_rule *rule; /* NULL: watch_rule_shift */
} rows[] = {
	{ "nothing is known at first", "", "", WATCH_LEARNING },
	{ "without enough it learns", "uuu", "", WATCH_LEARNING },
	{ "with enough it has learned", "uu.", "2:learned", WATCH_OK },
	{ "it stays well", "u...", "1:learned", WATCH_OK },
	{ "it may have to learn again", ".u", "0:learned 1:unlearned", WATCH_LEARNING },
	{ "and again", ".u.", "0:learned 1:unlearned 2:learned", WATCH_OK },
	{ "the first true day is suspected", ".!", "0:learned 1:suspected",
	  WATCH_PENDING },
	{ "on the day it learns, too", "!", "0:learned 0:suspected", WATCH_PENDING },
	{ "the second is no news", ".!!", "0:learned 1:suspected", WATCH_PENDING },
	{ "any false day clears it", ".!!.", "0:learned 1:suspected 3:cleared",
	  WATCH_OK },
	{ "and it begins again", ".!!.!!", "0:learned 1:suspected 3:cleared 4:suspected",
	  WATCH_PENDING },
	{ "as does too little to judge", ".!!u",
	  "0:learned 1:suspected 3:cleared 3:unlearned", WATCH_LEARNING },
	{ "the third fires", ".!!!", "0:learned 1:suspected 3:fired", WATCH_FIRING },
	{ "further ones are no news", ".!!!!!!", "0:learned 1:suspected 3:fired",
	  WATCH_FIRING },

	{ "a bad level goes on", ".!!!b6", "0:learned 1:suspected 3:fired",
	  WATCH_FIRING },
	{ "six calm days are not enough", ".!!!.6", "0:learned 1:suspected 3:fired",
	  WATCH_FIRING },
	{ "the seventh resolves it", ".!!!.7",
	  "0:learned 1:suspected 3:fired 10:resolved", WATCH_OK },
	{ "a bad day begins them anew", ".!!!.6b.6", "0:learned 1:suspected 3:fired",
	  WATCH_FIRING },
	{ "and then it takes seven", ".!!!.6b.7",
	  "0:learned 1:suspected 3:fired 17:resolved", WATCH_OK },
	{ "one that eases is not calm", ".!!!.6e.6", "0:learned 1:suspected 3:fired",
	  WATCH_FIRING },
	{ "a day without a level neither counts nor ends them", ".!!!.6?.",
	  "0:learned 1:suspected 3:fired 11:resolved", WATCH_OK },
	{ "the level resolves it, not the condition", ".!!!^7",
	  "0:learned 1:suspected 3:fired 10:resolved", WATCH_OK },
	{ "too little to judge does not end it", ".!!!u6",
	  "0:learned 1:suspected 3:fired", WATCH_FIRING },

	{ "for 14 days nothing is suspected", ".!!!.7!14",
	  "0:learned 1:suspected 3:fired 10:resolved", WATCH_OK },
	{ "on the next it is", ".!!!.7!15",
	  "0:learned 1:suspected 3:fired 10:resolved 25:suspected", WATCH_PENDING },
	{ "and fires once more", ".!!!.7!17",
	  "0:learned 1:suspected 3:fired 10:resolved 25:suspected 27:fired",
	  WATCH_FIRING },
	{ "while it is quiet it may learn", ".!!!.7u14!",
	  "0:learned 1:suspected 3:fired 10:resolved 11:unlearned 25:learned "
	  "25:suspected",
	  WATCH_PENDING },

	{ "83 days after onset it still fires", ".!!!b63",
	  "0:learned 1:suspected 3:fired", WATCH_FIRING },
	{ "84 days after onset it is normal", ".!!!b64",
	  "0:learned 1:suspected 3:fired 67:accepted", WATCH_OK },
	{ "unless it is calm by now", ".!!!b63.6", "0:learned 1:suspected 3:fired",
	  WATCH_FIRING },
	{ "then it resolves", ".!!!b63.7", "0:learned 1:suspected 3:fired 73:resolved",
	  WATCH_OK },
	{ "or is bad once more", ".!!!b63.6b",
	  "0:learned 1:suspected 3:fired 73:accepted", WATCH_OK },
	{ "what eases is not", ".!!!b63e9", "0:learned 1:suspected 3:fired",
	  WATCH_FIRING },
	{ "until it is bad once more", ".!!!b63e9b",
	  "0:learned 1:suspected 3:fired 76:accepted", WATCH_OK },
	{ "or calm", ".!!!b63e9.7", "0:learned 1:suspected 3:fired 82:resolved",
	  WATCH_OK },
	{ "111 days after onset it still fires", ".!!!b60e31",
	  "0:learned 1:suspected 3:fired", WATCH_FIRING },
	{ "112 days after onset it is normal, too", ".!!!b60e32",
	  "0:learned 1:suspected 3:fired 95:accepted", WATCH_OK },
	{ "if it is not calm by then", ".!!!b60e30.6", "0:learned 1:suspected 3:fired",
	  WATCH_FIRING },
	{ "nobody knows is not bad", ".!!!b63?28", "0:learned 1:suspected 3:fired",
	  WATCH_FIRING },
	{ "but does not last for ever", ".!!!b63?29",
	  "0:learned 1:suspected 3:fired 95:accepted", WATCH_OK },
	{ "after that it is quiet, too", ".!!!b64!14",
	  "0:learned 1:suspected 3:fired 67:accepted", WATCH_OK },

	{ "late facts undo it", ".!!!x", "0:learned 1:suspected 3:fired 4:withdrawn",
	  WATCH_OK },
	{ "rather than resolve it", ".!!!.6x",
	  "0:learned 1:suspected 3:fired 10:withdrawn", WATCH_OK },
	{ "rather than accept it", ".!!!b63x",
	  "0:learned 1:suspected 3:fired 67:withdrawn", WATCH_OK },
	{ "once", ".!!!xxx", "0:learned 1:suspected 3:fired 4:withdrawn", WATCH_OK },
	{ "and nothing that does not fire", ".x!!x", "0:learned 2:suspected 4:cleared",
	  WATCH_OK },
	{ "after that it is quiet, too, since facts may come and go", ".!!!x!14",
	  "0:learned 1:suspected 3:fired 4:withdrawn", WATCH_OK },

	{ "much more evidence is told", ".!!!v",
	  "0:learned 1:suspected 3:fired 4:worsened", WATCH_FIRING },
	{ "twice the ratio is told", ".!!!d", "0:learned 1:suspected 3:fired 4:worsened",
	  WATCH_FIRING },
	{ "of both one, and once", ".!!!vvd!v",
	  "0:learned 1:suspected 3:fired 4:worsened", WATCH_FIRING },
	{ "what fired with as much evidence has no more", ".!!vv",
	  "0:learned 1:suspected 3:fired", WATCH_FIRING },
	{ "what fired with twice the ratio has not got worse", ".!!dd",
	  "0:learned 1:suspected 3:fired", WATCH_FIRING },
	{ "in each alert", ".!!!v.7.14!!!v",
	  "0:learned 1:suspected 3:fired 4:worsened 11:resolved 26:suspected 28:fired "
	  "29:worsened",
	  WATCH_FIRING },

	{ "masked days are not seen", ".mm!mm!mm!", "0:learned 3:suspected 9:fired",
	  WATCH_FIRING },
	{ "before anything is known, too", "mm", "", WATCH_LEARNING },
	{ "nor do they end the calm", ".!!!...mm....",
	  "0:learned 1:suspected 3:fired 12:resolved", WATCH_OK },
	{ "or are quiet", ".!!!.7!7mmm!7", "0:learned 1:suspected 3:fired 10:resolved",
	  WATCH_OK },
	{ "or accept anything", ".!!!b63m9", "0:learned 1:suspected 3:fired",
	  WATCH_FIRING },
	{ "the day after them does", ".!!!b63m9b",
	  "0:learned 1:suspected 3:fired 76:accepted", WATCH_OK },

	{ "silence is told of, and its end", ".ss.", "0:learned 1:nodata 3:data",
	  WATCH_OK },
	{ "it suspects nothing", ".s5", "0:learned 1:nodata", WATCH_OK },
	{ "what was suspected goes on after it", ".!!ss!",
	  "0:learned 1:suspected 3:nodata 5:data 5:fired", WATCH_FIRING },
	{ "what fires goes on after it", ".!!!s9.7",
	  "0:learned 1:suspected 3:fired 4:nodata 13:data 19:resolved", WATCH_OK },
	{ "nothing is withdrawn in it", ".!!!s9x",
	  "0:learned 1:suspected 3:fired 4:nodata 13:data 13:withdrawn", WATCH_OK },
	{ "27 silent days leave it alone", ".!!!s27b",
	  "0:learned 1:suspected 3:fired 4:nodata 31:data", WATCH_FIRING },
	{ "with the 28th it is withdrawn", ".!!!s29",
	  "0:learned 1:suspected 3:fired 4:nodata 31:withdrawn", WATCH_OK },
	{ "holidays or not", ".!!!s14h14",
	  "0:learned 1:suspected 3:fired 4:nodata 31:withdrawn", WATCH_OK },
	{ "if they are in a row", ".!!!s20ms20",
	  "0:learned 1:suspected 3:fired 4:nodata 24:data 25:nodata", WATCH_FIRING },
	{ "after that it is quiet, too", ".!!!s28!14",
	  "0:learned 1:suspected 3:fired 4:nodata 31:withdrawn 32:data", WATCH_OK },
	{ "what does not fire only waits", ".!!s40!",
	  "0:learned 1:suspected 3:nodata 43:data 43:fired", WATCH_FIRING },
	{ "it may be silent on a holiday", ".shm.", "0:learned 1:nodata 3:data",
	  WATCH_OK },
	{ "three things may happen in a day", "s!",
	  "0:nodata 1:data 1:learned "
	  "1:suspected",
	  WATCH_PENDING },
	{ "or these three", ".!s", "0:learned 1:suspected 2:nodata", WATCH_PENDING },
	{ "it is heard, and there is too little", ".!su",
	  "0:learned 1:suspected 2:nodata 3:data 3:cleared 3:unlearned", WATCH_LEARNING },

	{ "what was suspected is not after days unseen", ".!!_!",
	  "0:learned 1:suspected 4:cleared 4:suspected", WATCH_PENDING },
	{ "however many", ".!!_50!!!",
	  "0:learned 1:suspected 53:cleared 53:suspected 55:fired", WATCH_FIRING },
	{ "whatever comes", ".!_m!", "0:learned 1:suspected 3:cleared 4:suspected",
	  WATCH_PENDING },
	{ "as if there were too little", ".!_u",
	  "0:learned 1:suspected 3:cleared "
	  "3:unlearned",
	  WATCH_LEARNING },
	{ "calm days are counted anew", ".!!!.6_.6", "0:learned 1:suspected 3:fired",
	  WATCH_FIRING },
	{ "and silent ones", ".!!!s20_s20", "0:learned 1:suspected 3:fired 4:nodata",
	  WATCH_FIRING },
	{ "quiet ones are not", ".!!!.7!7_!7!",
	  "0:learned 1:suspected 3:fired 10:resolved 26:suspected", WATCH_PENDING },
	{ "a guardrail fires on the third day", ".!!!", "0:learned 1:suspected 3:fired",
	  WATCH_FIRING, &watch_rule_guardrail },
	{ "ends with its silence", ".!!!s28",
	  "0:learned 1:suspected 3:fired 4:nodata 31:withdrawn", WATCH_OK,
	  &watch_rule_guardrail },
	{ "is never accepted", ".!!!b200", "0:learned 1:suspected 3:fired", WATCH_FIRING,
	  &watch_rule_guardrail },
	{ "and is not quiet after it", ".!!!.7!!!",
	  "0:learned 1:suspected 3:fired 10:resolved 11:suspected 13:fired", WATCH_FIRING,
	  &watch_rule_guardrail },
};

static struct watch_look look_of(char letter, gint32 day)
{
	bool hidden = strchr("msh", letter), strong = letter == 'v';
	bool condition = hidden || strchr("!vd^", letter);

	return (struct watch_look){
		.day = day,
		.masked = letter == 'm' || letter == 'h',
		.silent = letter == 's' || letter == 'h',
		.usable = letter != 'u',
		.condition = condition,
		.found = { .base = 1,
			   .low = 0,
			   .high = 2,
			   .effect = letter == 'd' ? 1.5 : 0.75,
			   .onset = day - 20 },
		.score = !condition ? SHIFT_NO_SCORE
			 : strong   ? log(31)
				    : 2,
		.ratio = letter == 'd' ? 4.5 : 2.1,
		.recent = strchr(".^", letter) ? RECENT_CALM
			  : letter == '?'      ? RECENT_UNKNOWN
			  : letter == 'e'      ? RECENT_EASING
					       : RECENT_BAD,
		.undone = hidden || letter == 'x',
	};
}

/* Lives through the days; what happened, as text. */
static char *live(struct watch *watch, const struct watch_rule *rule, const char *days)
{
	GString *text = g_string_new(NULL);
	gint32 day = 0;

	for (const char *at = days; *at;) {
		const char letter = *at++;
		char *end;
		gint64 n = g_ascii_strtoll(at, &end, 10);

		n = end == at ? 1 : n;
		for (at = end; n > 0; n--, day++) {
			struct watch_look look = look_of(letter, day);
			struct watch_events events;

			if (letter == '_')
				continue;
			watch_step(watch, rule, &look, &events);
			ck_assert_uint_le(events.n, WATCH_EVENTS_MAX);
			for (guint i = 0; i < events.n; i++)
				g_string_append_printf(
					text, "%s%d:%s", text->len ? " " : "", day,
					watch_event_name(events.events[i]));
		}
	}
	return g_string_free(text, FALSE);
}

START_TEST(lives)
{
	const struct row *row = &rows[_i];
	struct watch watch;
	g_autofree char *events = NULL;

	watch_init(&watch, SHIFT_NO_BOUND);
	events = live(&watch, row->rule ? row->rule : &watch_rule_shift, row->days);
	ck_assert_msg(strcmp(events, row->events) == 0, "%s: %s", row->what, events);
	ck_assert_msg(watch.state == row->state, "%s: %s", row->what,
		      watch_state_name(watch.state));
}
END_TEST

START_TEST(beginning)
{
	struct watch watch;

	watch_init(&watch, 17);
	ck_assert_int_eq(watch.state, WATCH_LEARNING);
	ck_assert_int_eq(watch.judged, WATCH_NEVER);
	ck_assert_int_eq(watch.baseline_start, 17);
	ck_assert(!watch.silent && !watch.worsened);
	ck_assert(isnan(watch.score) && isnan(watch.ratio) && isnan(watch.frozen.base));
}
END_TEST

/* What an alert holds on to is what was found on the day that it fired. */
START_TEST(frozen)
{
	struct watch watch;
	g_autofree char *events = NULL;

	watch_init(&watch, SHIFT_NO_BOUND);
	events = live(&watch, &watch_rule_shift, ".!mm!!bbv");
	ck_assert_int_eq(watch.suspected, 1);
	ck_assert_int_eq(watch.fired, 5);
	ck_assert_int_eq(watch.since, 5);
	ck_assert_int_eq(watch.judged, 8);
	ck_assert_int_eq(watch.frozen.onset, -15);
	ck_assert(watch.frozen.base == 1 && watch.frozen.low == 0 &&
		  watch.frozen.high == 2 && watch.frozen.effect == 0.75);
	ck_assert(watch.score == 2 && watch.ratio == 2.1);
	ck_assert(watch.worsened);
}
END_TEST

static void assert_over(const struct watch *watch)
{
	ck_assert_int_eq(watch->state, WATCH_OK);
	ck_assert_int_eq(watch->suspected, WATCH_NEVER);
	ck_assert_int_eq(watch->fired, WATCH_NEVER);
	ck_assert_int_eq(watch->frozen.onset, WATCH_NEVER);
	ck_assert(isnan(watch->frozen.effect) && isnan(watch->score) &&
		  isnan(watch->ratio));
	ck_assert(!watch->worsened);
	ck_assert_uint_eq(watch->quiet, 14);
	ck_assert_uint_eq(watch->calm + watch->streak, 0);
}

/* A new normal is what weeks are compared with from then on; nothing else is. */
START_TEST(baselines)
{
	static const struct {
		const char *days;
		gint32 before, after;
	} ends[] = {
		{ ".!!!.7", SHIFT_NO_BOUND, SHIFT_NO_BOUND },
		{ ".!!!x", SHIFT_NO_BOUND, SHIFT_NO_BOUND },
		{ ".!!!b64", SHIFT_NO_BOUND, -17 },
		{ ".!!!b64", -100, -17 },
		{ ".!!!b64", -10, -10 },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
		struct watch watch;
		g_autofree char *events = NULL;

		watch_init(&watch, ends[i].before);
		events = live(&watch, &watch_rule_shift, ends[i].days);
		assert_over(&watch);
		ck_assert_int_eq(watch.baseline_start, ends[i].after);
	}
}
END_TEST

START_TEST(people_accept)
{
	struct watch watch;
	struct watch_events events = { .n = 3 };
	g_autofree char *text = NULL;

	watch_init(&watch, SHIFT_NO_BOUND);
	ck_assert(!watch_accept(&watch, &watch_rule_shift, 5, &events));
	ck_assert_uint_eq(events.n, 0);
	text = live(&watch, &watch_rule_shift, ".!!!");
	ck_assert(watch_accept(&watch, &watch_rule_shift, 5, &events));
	ck_assert_uint_eq(events.n, 1);
	ck_assert_int_eq(events.events[0], WATCH_ACCEPTED);
	assert_over(&watch);
	ck_assert_int_eq(watch.baseline_start, -17);
	ck_assert_int_eq(watch.judged, 3);
	ck_assert_int_eq(watch.since, 5);
	ck_assert(!watch_accept(&watch, &watch_rule_shift, 6, &events));
	ck_assert_uint_eq(events.n, 0);
}
END_TEST

/* What is frozen says nothing of what is measured in another way. */
START_TEST(measured_anew)
{
	static const struct {
		const char *days, *events;
	} histories[] = {
		{ ".!!!b", "withdrawn" }, { ".!", "cleared" }, { ".", "" }, { "u", "" }
	};

	for (gsize i = 0; i < G_N_ELEMENTS(histories); i++) {
		struct watch watch;
		struct watch_events events;
		g_autofree char *before = NULL;

		watch_init(&watch, -100);
		before = live(&watch, &watch_rule_shift, histories[i].days);
		watch_restart(&watch, watch.judged, &events);
		ck_assert_str_eq(events.n ? watch_event_name(events.events[0]) : "",
				 histories[i].events);
		ck_assert_uint_eq(watch.quiet + watch.streak, 0);
		ck_assert_int_eq(watch.baseline_start, -100);
		ck_assert_int_eq(watch.fired, WATCH_NEVER);
		ck_assert(watch.state == WATCH_OK || histories[i].days[0] == 'u');
	}
}
END_TEST

/* Of few durations the window may have begun more than 84 days ago. */
START_TEST(far_onsets)
{
	struct watch watch;
	struct watch_events events;
	gint32 fired = WATCH_NEVER, accepted = WATCH_NEVER;

	watch_init(&watch, SHIFT_NO_BOUND);
	for (gint32 day = 0; day < 60 && accepted == WATCH_NEVER; day++) {
		struct watch_look look = look_of('!', day);

		look.found.onset = day - 300;
		watch_step(&watch, &watch_rule_shift, &look, &events);
		for (guint i = 0; i < events.n; i++) {
			if (events.events[i] == WATCH_FIRED)
				fired = day;
			if (events.events[i] == WATCH_ACCEPTED)
				accepted = day;
		}
	}
	ck_assert_int_eq(fired, 2);
	ck_assert_int_eq(accepted, 23);
}
END_TEST

START_TEST(calm_levels)
{
	static const struct {
		const char *what;
		double effect, recent;
		enum watch_recent is;
	} levels[] = {
		{ "nothing recent says nothing", 1, NAN, RECENT_UNKNOWN },
		{ "at the base it is calm", 1, 0, RECENT_CALM },
		{ "better than that, too", 1, -1, RECENT_CALM },
		{ "no failure at all is calm", 1, -G_MAXDOUBLE, RECENT_CALM },
		{ "no deployment at all is bad", 1, (double)INFINITY, RECENT_BAD },
		{ "below 15 % it is calm", 1, 0.139, RECENT_CALM },
		{ "from there on it eases", 1, 0.14, RECENT_EASING },
		{ "however large it was", 3, 0.14, RECENT_EASING },
		{ "below four fifths it does", 1, 0.79, RECENT_EASING },
		{ "with four fifths it is bad", 1, 0.8, RECENT_BAD },
		{ "a small effect has to come as low", 0.2, 0.139, RECENT_CALM },
		{ "which this has not", 0.2, 0.14, RECENT_EASING },
		{ "if there is room between", 0.15, 0.14, RECENT_BAD },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(levels); i++) {
		const struct shift_frozen held = { .effect = levels[i].effect };

		ck_assert_msg(watch_calm(&held, levels[i].recent) == levels[i].is, "%s",
			      levels[i].what);
	}
}
END_TEST

START_TEST(names)
{
	static const char *const told = "fired worsened resolved accepted withdrawn";

	for (int i = 0; i < N_WATCH_STATES; i++) {
		enum watch_state state;

		ck_assert(
			watch_state_parse(watch_state_name((enum watch_state)i), &state));
		ck_assert_int_eq(state, i);
	}
	for (int i = 0; i < N_WATCH_EVENTS; i++) {
		const char *name = watch_event_name((enum watch_event)i);
		enum watch_event event;

		ck_assert(watch_event_parse(name, &event));
		ck_assert_int_eq(event, i);
		ck_assert_int_eq(watch_event_is_told(event), strstr(told, name) != NULL);
	}
	ck_assert(!watch_state_parse("muted", &(enum watch_state){ 0 }));
	ck_assert(!watch_state_parse(NULL, &(enum watch_state){ 0 }));
	ck_assert(!watch_event_parse("", &(enum watch_event){ 0 }));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("watch");
	TCase *tests = tcase_create("watch");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tests, lives, 0, G_N_ELEMENTS(rows));
	tcase_add_test(tests, beginning);
	tcase_add_test(tests, frozen);
	tcase_add_test(tests, baselines);
	tcase_add_test(tests, people_accept);
	tcase_add_test(tests, measured_anew);
	tcase_add_test(tests, far_onsets);
	tcase_add_test(tests, calm_levels);
	tcase_add_test(tests, names);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
