#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "tests/sim_sink.h"

/*
 * After any faults and restarts, what is stored equals what the source has, row for row.
 * A world goes on for three weeks before a failing API, polled by a program that is ended
 * now and then; then the faults stop, and ten days later everything must be there.
 */

#define MINUTE G_TIME_SPAN_MINUTE
#define HOUR G_TIME_SPAN_HOUR
#define DAY G_TIME_SPAN_DAY
#define START (G_GINT64_CONSTANT(1772366400) * G_USEC_PER_SEC) /* 2026-03-01 12:00 */
#define STORM (21 * DAY)
/* Of it a day and a half until lists show all, a week until the deep sweep, and some. */
#define CALM (10 * DAY)

#define SEEDS_FLAWED 8
#define ROWS_SHOWN 8
#define SEEDS 30 /* of each shape, unless DORAD_SEEDS says otherwise */

struct run {
	struct sim *sim;
	struct sink *sink;
	struct budgets *budgets;
	struct config_api api;
	GHashTable *met; /* numbers that a whole poll has seen (present state) */
	GString *wrong;	 /* the first rows that differ */
	guint n_wrong;
};

static bool is_wanted(const struct item *item, void *user)
{
	(void)user;
	return g_ascii_strtoull(item->id, NULL, 10) % 2 == 0;
}

static bool has_jobs(const struct run *run, const struct thing *thing)
{
	return run->sim->shape->driver.feeds->details && thing->number % 2 == 0;
}

/* ---- what must be stored ---- */

static void differ(struct run *run, const struct thing *thing, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
static void differ(struct run *run, const struct thing *thing, const char *format, ...)
{
	const struct version *truth = thing_truth(thing);
	g_autofree char *created = instant_format(thing->created);
	g_autofree char *updated = instant_format(truth->updated);
	g_autofree char *listed = instant_format(truth->listed);
	va_list args;

	if (++run->n_wrong > ROWS_SHOWN)
		return;
	g_string_append_printf(run->wrong,
			       "  thing %u (made %s, changed %s, listed %s): ",
			       thing->number, created, updated, listed);
	va_start(args, format);
	g_string_append_vprintf(run->wrong, format, args);
	va_end(args);
	g_string_append_c(run->wrong, '\n');
}

static void compare_text(struct run *run, const struct thing *thing, const char *member,
			 const char *stored, const char *real)
{
	if (g_strcmp0(stored, real))
		differ(run, thing, "%s is stored as %s, is %s", member, stored, real);
}

static void compare_time(struct run *run, const struct thing *thing, const char *member,
			 gint64 stored, gint64 real)
{
	g_autofree char *a = NULL, *b = NULL;

	if (stored == real)
		return;
	a = stored == INSTANT_NONE ? g_strdup("none") : instant_format(stored);
	b = real == INSTANT_NONE ? g_strdup("none") : instant_format(real);
	differ(run, thing, "%s is stored as %s, is %s", member, a, b);
}

static void compare_jobs(struct run *run, const struct thing *thing)
{
	const struct version *truth = thing_truth(thing);
	g_autofree char *id = g_strdup_printf("%u", thing->number);

	for (guint i = 0; i < sim_n_jobs(thing); i++) {
		g_autofree char *job_id = sim_job_id(thing, truth, i);
		const struct stored *job = sink_find(run->sink, ITEM_JOB, job_id,
						     truth->attempt);

		if (!job || job->gone) {
			differ(run, thing, "job %s is missing", job_id);
			continue;
		}
		compare_text(run, thing, "job's state", job->item->state, truth->state);
		compare_text(run, thing, "job's run", job->item->parent, id);
		compare_time(run, thing, "job's end", job->item->finished,
			     truth->finished);
	}
}

static void compare_row(struct run *run, const struct thing *thing,
			const struct item *item)
{
	const struct version *truth = thing_truth(thing);
	g_autofree char *title = sim_title(thing, truth);
	g_autofree char *sha = sim_sha(thing, truth);

	compare_text(run, thing, "state", item->state, truth->state);
	compare_text(run, thing, "title", item->name, title);
	compare_text(run, thing, "sha", item->sha, sha);
	compare_time(run, thing, "created", item->created, thing->created);
	compare_time(run, thing, "updated", item->updated, truth->updated);
	compare_time(run, thing, "finished", item->finished, truth->finished);
	if (item->done != (truth->finished != INSTANT_NONE))
		differ(run, thing, "stored as %s", item->done ? "done" : "not done");
	if ((item->outcome == OUTCOME_FAILURE) != (strcmp(truth->state, "failure") == 0))
		differ(run, thing, "stored as %s", outcome_name(item->outcome));
}

static void compare_thing(struct run *run, const struct thing *thing)
{
	const struct version *truth = thing_truth(thing);
	g_autofree char *id = g_strdup_printf("%u", thing->number);

	for (gint64 attempt = 1; attempt <= truth->attempt; attempt++) {
		const struct stored *stored = sink_find(run->sink, ITEM_RUN, id, attempt);
		bool there = stored && !stored->gone;

		if (truth->deleted && there)
			differ(run, thing, "is gone, but attempt %d is stored",
			       (int)attempt);
		else if (truth->deleted)
			continue;
		else if (attempt < truth->attempt && there && !stored->item->done)
			differ(run, thing, "attempt %d is not done", (int)attempt);
		else if (attempt == truth->attempt && !there)
			differ(run, thing, stored ? "is marked gone" : "is missing");
		else if (attempt == truth->attempt)
			compare_row(run, thing, stored->item);
	}
	if (!truth->deleted && has_jobs(run, thing))
		compare_jobs(run, thing);
}

/* Of the present state what a poll has seen, and nothing that is over as if it was not.
 */
static void compare_present(struct run *run, const struct thing *thing)
{
	g_autofree char *id = g_strdup_printf("%u", thing->number);
	const struct stored *stored = sink_find(run->sink, ITEM_RUN, id, 1);

	if (!stored && g_hash_table_contains(run->met, GUINT_TO_POINTER(thing->number)))
		differ(run, thing, "was seen, but is not stored");
	if (stored && !stored->gone && !stored->item->done)
		differ(run, thing, "is over, but stored as %s", stored->item->state);
}

static void compare(struct run *run)
{
	const struct world *world = run->sim->world;

	for (guint i = 0; i < world->things->len; i++)
		if (run->sim->shape->sort == SORT_PRESENT)
			compare_present(run, world->things->pdata[i]);
		else
			compare_thing(run, world->things->pdata[i]);
}

/* ---- polls ---- */

static void keep_met(struct run *run)
{
	GHashTableIter iter;
	gpointer number;

	g_hash_table_iter_init(&iter, run->sim->seen);
	while (g_hash_table_iter_next(&iter, &number, NULL))
		g_hash_table_add(run->met, number);
}

static bool poll_once(struct run *run, struct rest_result *result)
{
	const struct sim *sim = run->sim;
	const struct rest_source source = {
		.driver = &sim->shape->driver,
		.api = &run->api,
		.transport = &sim->transport,
		.sink = &run->sink->vtable,
		.budgets = run->budgets,
		.needed = 1u << ITEM_RUN,
		.wanted = is_wanted,
	};
	g_autoptr(GError) error = NULL;
	bool good = rest_poll(&source, result, &error);

	if (good)
		keep_met(run);
	else if (!error)
		sim_complain(run->sim, "a poll failed without an error");
	else if (!sim->dead && sim->trace)
		g_string_append_printf(run->sim->trace, "poll: %s\n", error->message);
	if (!good && !sim->dead && sim->faults == 0)
		sim_complain(run->sim, "a poll without faults failed: %s",
			     error ? error->message : "?");
	return good;
}

/* Another process: all that was in memory is lost. */
static void restart(struct run *run)
{
	budgets_free(run->budgets);
	run->budgets = budgets_new();
	run->sim->dead = false;
	run->sim->dies_in = -1;
	run->sim->forbidden = INSTANT_NONE;
	run->sink->dies_in = -1;
}

static void maybe_end(struct run *run)
{
	GRand *rand = run->sim->rand;

	if (!(run->sim->faults & FAULT_RESTARTS) || g_rand_int(rand) % 8)
		return;
	if (g_rand_boolean(rand)) {
		run->sim->dies_in = g_rand_int_range(rand, 0, 8);
	} else {
		run->sink->dies_in = g_rand_int_range(rand, 0, 5);
		run->sink->dies_late = g_rand_boolean(rand);
	}
}

static gint64 next_poll(const struct run *run, const struct rest_result *result,
			GTimeSpan pause)
{
	gint64 next = run->sim->now + pause;

	return result->not_before == INSTANT_NONE ? next : MAX(next, result->not_before);
}

static void storm(struct run *run)
{
	struct sim *sim = run->sim;

	while (sim->now < START + STORM && !sim->complaint) {
		struct rest_result result = { .not_before = INSTANT_NONE };
		bool absent = g_rand_int(sim->rand) % 12 == 0;
		int pause = absent ? g_rand_int_range(sim->rand, 5, 30 * 60) : 5;

		maybe_end(run);
		poll_once(run, &result);
		if (sim->dead)
			restart(run);
		sim_advance(sim, next_poll(run, &result, pause * MINUTE));
	}
}

/* Polls until then without faults. */
static void rest(struct run *run, GTimeSpan span)
{
	struct sim *sim = run->sim;
	gint64 end = sim->now + span;

	while (sim->now < end && !sim->complaint) {
		struct rest_result result = { .not_before = INSTANT_NONE };

		poll_once(run, &result);
		sim_advance(sim, next_poll(run, &result, 3 * HOUR));
	}
}

/* What still runs is finished, one after the other, and after days without anything one
 * more is made, so that all are not changed at once. */
static void calm(struct run *run)
{
	restart(run);
	run->sim->faults = 0;
	while (world_settle(run->sim->world))
		rest(run, 20 * MINUTE);
	rest(run, 3 * DAY);
	world_add(run->sim->world);
	rest(run, CALM);
}

/* One conditional request, answered 304, is all that an idle feed costs. Of a few polls,
 * as urls with a day in them change at midnight. */
static void idle(struct run *run)
{
	struct sim *sim = run->sim;
	guint least = G_MAXUINT;

	for (int i = 0; i < 6; i++) {
		struct rest_result result = { .not_before = INSTANT_NONE };
		guint before = sim->n_requests;

		poll_once(run, &result);
		if (sim->n_requests - before != result.n_requests)
			sim_complain(sim, "%u requests, counted as %u",
				     sim->n_requests - before, result.n_requests);
		if (result.n_not_modified == result.n_requests)
			least = MIN(least, result.n_requests);
		sim_advance(sim, sim->now + 5 * MINUTE);
	}
	if (least != 1)
		sim_complain(sim, "an idle poll costs %u requests", least);
}

/* ---- runs ---- */

static guint draw_mask(GRand *rand, guint all)
{
	/* Everything at once as often as any part of it. */
	return g_rand_boolean(rand) ? all : g_rand_int(rand) & all;
}

/* NULL if all is well, or what is not; the caller frees. */
static char *run_seed(const struct sim_shape *shape, guint32 seed, enum sink_flaw flaw)
{
	char *project = (char *)"acme/shop";
	GRand *rand = g_rand_new_with_seed(seed * 2654435761u);
	guint faults = draw_mask(rand, FAULT_ALL), traits = draw_mask(rand, WORLD_ALL);
	struct run run = { 0 };
	char *result = NULL;

	g_rand_free(rand);
	g_random_set_seed(seed); /* of the engine's pauses */
	/* Alerts are what they are, now: nothing of them is late or done again. */
	if (shape->sort == SORT_PRESENT)
		traits &= ~(guint)(WORLD_DELAYS | WORLD_RERUNS);
	run.sim = sim_new(shape, seed, faults, traits, START);
	run.sink = sink_new(run.sim);
	run.sink->flaw = flaw;
	run.sim->meant = flaw == FLAW_HASTE ? MINUTE : 0;
	run.budgets = budgets_new();
	run.met = g_hash_table_new(NULL, NULL);
	run.wrong = g_string_new(NULL);
	run.api = (struct config_api){ .name = (char *)"sim",
				       .url = (char *)"https://sim.example",
				       .projects = &project,
				       .n_projects = 1,
				       .history_us = 90 * DAY,
				       .every_us = 5 * MINUTE,
				       .driver = &shape->driver };
	if (g_getenv("DORAD_TRACE"))
		run.sim->trace = g_string_new(NULL);
	storm(&run);
	calm(&run);
	if (!run.sim->complaint)
		idle(&run);
	compare(&run);
	if (run.sim->complaint || run.wrong->len)
		result = g_strdup_printf(
			"%s, seed %u (faults 0x%x, traits 0x%x, %u things): "
			"%s\n%s",
			shape->name, seed, faults, traits, run.sim->world->things->len,
			run.sim->complaint ? run.sim->complaint : "", run.wrong->str);
	if (result && run.sim->trace)
		fputs(run.sim->trace->str, stderr);
	g_string_free(run.wrong, TRUE);
	g_hash_table_destroy(run.met);
	budgets_free(run.budgets);
	sink_free(run.sink);
	sim_free(run.sim);
	return result;
}

static guint env_number(const char *name, guint otherwise)
{
	const char *text = g_getenv(name);

	return text ? (guint)g_ascii_strtoull(text, NULL, 10) : otherwise;
}

/* DORAD_SEEDS: how many; DORAD_SEED and DORAD_SHAPE: that one alone, with DORAD_TRACE all
 * its requests. */
START_TEST(stores_what_the_source_has)
{
	const struct sim_shape *shape = &sim_shapes[_i];
	guint n = env_number("DORAD_SEEDS", SEEDS), only = env_number("DORAD_SEED", 0);
	guint n_failed = 0;

	if (env_number("DORAD_SHAPE", (guint)_i) != (guint)_i)
		return;
	for (guint seed = only ? only : 1; seed <= (only ? only : n); seed++) {
		g_autofree char *wrong = run_seed(shape, seed, FLAW_NONE);

		if (wrong && n_failed++ < 5)
			fprintf(stderr, "%s\n", wrong);
	}
	ck_assert_msg(n_failed == 0, "%s: %u of %u seeds", shape->name, n_failed, n);
}
END_TEST

/* What is wrong must be seen, whatever else goes on: each flaw by some seed of each shape
 * that it can harm. */
#define STATE (1u << 9)
static const struct {
	const char *what;
	enum sink_flaw flaw;
	guint spared; /* 1 << place in sim_shapes, of those that it cannot harm */
} flaws[] = {
	{ "an item that is never written", FLAW_DROPS, 0 },
	{ "states that are written once", FLAW_MUTE, STATE },
	{ "nothing is read anew", FLAW_NO_SWEEP, STATE },
	{ "nothing is ever gone", FLAW_NO_GONE, STATE },
	{ "pages that are left out", FLAW_HALF, 0 },
	{ "a cursor that is ahead", FLAW_AHEAD, STATE },
	{ "requests before the time", FLAW_HASTE, 0 },
};

START_TEST(notices_what_is_wrong)
{
	for (guint i = 0; i < n_sim_shapes; i++) {
		guint seed = 1;

		if (flaws[_i].spared & (1u << i))
			continue;
		for (; seed <= SEEDS_FLAWED; seed++) {
			g_autofree char *wrong = run_seed(&sim_shapes[i], seed,
							  flaws[_i].flaw);

			if (wrong)
				break;
		}
		ck_assert_msg(seed <= SEEDS_FLAWED, "%s: not seen: %s",
			      sim_shapes[i].name, flaws[_i].what);
	}
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("completeness");
	TCase *tests = tcase_create("completeness");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 0);
	if (argc > 1 && strcmp(argv[1], "--notices") == 0)
		tcase_add_loop_test(tests, notices_what_is_wrong, 0, G_N_ELEMENTS(flaws));
	else
		tcase_add_loop_test(tests, stores_what_the_source_has, 0,
				    (int)n_sim_shapes);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
